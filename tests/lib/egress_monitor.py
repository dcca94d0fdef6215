"""Plays a bottle's monitor for one egress: base/component.h over a socket of sequenced packets.

    python3 egress_monitor.py PROGRAM UID DIR DEVICE [NAME=FILE…]

DIR/config is the policy; DIR/cache keeps the compiled rules; DIR/limits, if there, has resource limits (NOFILE 24); NAME=FILE are secrets. Listeners are bound to DEVICE as the monitor binds
them. Appends to DIR/events what egress says: ready, failed TEXT, reloaded TEXT, ended STATUS; its
process id is in DIR/pid, its log in DIR/log; tokens that egress renews go into the files of their
secrets. SIGHUP: reload DIR/config. SIGTERM: stop. SIGUSR1:
hand everything to a new process (after the old one was killed). SIGUSR2: close the control socket.
"""
import array
import json
import os
import resource
import select
import signal
import socket
import struct
import sys

CONFIG, SECRET, LISTENER, BEGIN, RELOAD, STOP, RULES = range(1, 8)
TOKEN_NOW, LOG = 10, 11
READY, FAILED, RELOADED = range(64, 67)
TOKEN_ASK, TOKEN = 70, 71
INLINE_MAX = 32 << 10


def send(sock, kind, body=b"", fds=()):
    fds = list(fds)
    in_memfd = len(body) > INLINE_MAX
    if in_memfd:
        memfd = os.memfd_create("message", os.MFD_ALLOW_SEALING)
        os.write(memfd, body)
        fds.insert(0, memfd)
    packet = struct.pack("=IIII", kind, len(body), in_memfd, 0) + (b"" if in_memfd else body)
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([packet], control)


def listen(kind, port, device):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    s.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT
    s.bind(("0.0.0.0", port))
    if kind == socket.SOCK_STREAM:
        s.listen(4096)
    return s


def listen_for_figures(directory):
    path = f"{directory}/metrics.sock"
    if os.path.exists(path):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(path)
    s.listen(8)
    return s


def spawn(program, uid, directory, theirs):
    pid = os.fork()
    if pid:
        return pid
    log = os.open(f"{directory}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(theirs.fileno(), 100)
    for number, fd in ((0, null), (1, null), (2, log), (3, 100)):
        os.dup2(fd, number, inheritable=True)
    os.closerange(4, 256)
    if os.path.exists(f"{directory}/limits"):
        for line in open(f"{directory}/limits"):
            name, n = line.split()
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (int(n), int(n)))
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execve(program, [program], {})


def compiled_rules(program, directory):
    """As the monitor gets them: scan/rules_wire.h. None: DIR/no-rules is there."""
    if os.path.exists(f"{directory}/no-rules"):
        return None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        os.dup2(theirs.fileno(), 100)
        os.dup2(100, 3, inheritable=True)
        os.closerange(4, 256)
        os.execv(f"{os.path.dirname(program)}/bottle-rules", ["bottle-rules", f"{directory}/cache"])
    theirs.close()
    packet, fds, _, _ = socket.recv_fds(ours, 65536, 1)
    os.waitpid(pid, 0)
    return fds[0]


def end_of_log(directory):
    """Where DIR/log, a chain of lines (base/chain.h), ends."""
    path = f"{directory}/log"
    whole, _, torn = (open(path, "rb").read() if os.path.exists(path) else b"").rpartition(b"\n")
    lines = [line for line in whole.split(b"\n") if line.startswith(b'{"seq":')]
    last = json.loads(lines[-1]) if lines else {"seq": 0, "chain": ""}
    return json.dumps({"seq": last["seq"], "chain": last["chain"], "torn": len(torn)}).encode()


def hand_over(program, uid, directory, secrets, rules, proxy, dns, figures):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = spawn(program, uid, directory, theirs)
    theirs.close()
    with open(f"{directory}/pid", "w") as f:
        f.write(f"{pid}\n")
    send(ours, CONFIG, open(f"{directory}/config", "rb").read())
    send(ours, LOG, end_of_log(directory))
    for item in secrets:
        name, _, path = item.partition("=")
        send(ours, SECRET, name.encode() + b"\0" + open(path, "rb").read())
    if rules is not None:
        send(ours, RULES, b"", [rules])
    send(ours, LISTENER, b"proxy", [proxy.fileno()])
    send(ours, LISTENER, b"dns", [dns.fileno()])
    send(ours, LISTENER, b"metrics", [figures.fileno()])
    send(ours, BEGIN)
    return pid, ours


def text_of(packet):
    code, = struct.unpack_from("=i", packet, 16)
    return f"{code} {packet[20:].split(bytes(1))[0].decode()}"


def keep(path, value):
    """What was renewed, where it stood: a refresh token, or those of a login."""
    text = open(path, "rb").read()
    if not text.startswith(b"{"):
        new = value
    else:
        file, tokens = json.loads(text), json.loads(value)
        inner, names = (("claudeAiOauth", ("accessToken", "refreshToken", None, "expiresAt"))
                        if "claudeAiOauth" in file else
                        ("tokens", ("access_token", "refresh_token", "id_token", None)))
        for name, key in zip(names, ("access_token", "refresh_token", "id_token", "expires_at")):
            if name and key in tokens:
                file[inner][name] = tokens[key]
        new = json.dumps(file).encode()
    with open(path, "wb") as f:
        f.write(new)


def renewal(sock, kind, body, secrets, events):
    slot, _, value = body.partition(b"\0")
    path = next(s.partition("=")[2] for s in secrets if s.startswith(slot.decode() + "="))
    if kind == TOKEN_ASK:
        events.write(f"asked {slot.decode()}\n")
        send(sock, TOKEN_NOW, slot + b"\0" + open(path, "rb").read())
    else:
        if value:
            keep(path, value)
        events.write(f"{'renewed' if value else 'kept'} {slot.decode()}\n")


def listen_to(sock, events, secrets):
    try:
        packet = sock.recv(65536)
    except ConnectionResetError:  # killed with something that it had not read
        packet = b""
    if not packet:
        return False
    kind = struct.unpack_from("=I", packet)[0]
    if kind in (TOKEN_ASK, TOKEN):
        renewal(sock, kind, packet[16:], secrets, events)
    if kind == READY:
        events.write("ready\n")
    elif kind == FAILED:
        events.write(f"failed {text_of(packet)}\n")
    elif kind == RELOADED:
        events.write(f"reloaded {text_of(packet)}\n")
    return True


def main():
    program, uid, directory, device, *secrets = sys.argv[1:]
    events = open(f"{directory}/events", "a", buffering=1)
    rules = compiled_rules(program, directory)
    proxy = listen(socket.SOCK_STREAM, 9099, device)
    dns = listen(socket.SOCK_DGRAM, 53, device)
    figures = listen_for_figures(directory)
    wake_r, wake_w = os.pipe()
    os.set_blocking(wake_w, False)
    for s in (signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(s, lambda *_: None)
    signal.set_wakeup_fd(wake_w)
    again = True
    while again:
        again = False
        pid, sock = hand_over(program, int(uid), directory, secrets, rules, proxy, dns, figures)
        alive = True
        while alive:
            for fd in select.select([sock, wake_r], [], [])[0]:
                if fd is sock:
                    alive = listen_to(sock, events, secrets)
                    continue
                for number in os.read(wake_r, 16):
                    if number == signal.SIGHUP:
                        send(sock, RELOAD, open(f"{directory}/config", "rb").read())
                    elif number == signal.SIGTERM:
                        send(sock, STOP)
                    elif number == signal.SIGUSR1:
                        os.kill(pid, signal.SIGKILL)
                        again = True
                    elif number == signal.SIGUSR2:
                        sock.shutdown(socket.SHUT_RDWR)
        status = os.waitpid(pid, 0)[1]
        events.write(f"ended {status}\n")
        sock.close()


main()
