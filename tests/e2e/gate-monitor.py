"""Plays a bottle's monitor for one gate and its scanner: base/component.h over sockets of sequenced
packets.

    python3 gate-monitor.py GATE UID DIR CONFIG [NAME=FILE…]

Listens on 127.0.0.1:9418 and :9420 and hands the listeners over; NAME=FILE are secrets to scan for, given to
bottle-scan beside GATE, with the rules DIR/rules.toml if there are such. Appends a line to DIR/events for what the gate says: ready (when both are),
failed TEXT, busy N, ended STATUS. DIR/gate.pid, DIR/scan.pid. SIGTERM: stop; SIGHUP: no more is said
(end of file); SIGUSR1: another scanner in the place of one that has ended. What the gate proposes
is appended to DIR/proposals; DIR/answer is what the operator says to it: "STATUS NOTES", "silent",
"die", or "raw TEXT", or as long as it is "held" nothing yet; without it, what a monitor says that has no operator.
"""
import array
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

CONFIG, SECRET, LISTENER, BEGIN, _RELOAD, STOP, RULES, ANSWER, PROGRAM = range(1, 10)
READY, FAILED, _RELOADED, BUSY, PROPOSE = range(64, 69)


def send(sock, kind, body=b"", fds=()):
    packet = struct.pack("=IIII", kind, len(body), 0, 0) + body
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([packet], control)


def start(argv, uid, log_path):
    """The component's pid and our end of its control socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(theirs.fileno(), 100)
    for number, fd in ((0, null), (1, null), (2, log), (3, 100)):
        os.dup2(fd, number, inheritable=True)
    os.closerange(4, 256)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execve(argv[0], argv, {})


def compiled_rules(program, directory):
    """The descriptor that bottle-rules answers with."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fd, own = theirs.fileno(), f"{directory}/rules.toml"
    argv = [program, f"{directory}/cache"] + ([own] if os.path.exists(own) else [])
    subprocess.run(argv, check=True, close_fds=False, preexec_fn=lambda: os.dup2(fd, 3),
                   stdin=open(own) if len(argv) > 2 else subprocess.DEVNULL)
    return socket.recv_fds(ours, 65536, 1)[1][0]


def start_scanner(program, uid, directory, secrets, rules, door):
    pid, sock = start([program], uid, f"{directory}/scan.log")
    send(sock, CONFIG, b'{"slug":"test"}')
    for item in secrets:
        name, _, path = item.partition("=")
        send(sock, SECRET, name.encode() + b"\0" + open(path, "rb").read())
    send(sock, RULES, b"", [rules])
    send(sock, LISTENER, b"texts", [door.fileno()])
    send(sock, BEGIN)
    kind = struct.unpack("=I", sock.recv(65536)[:4])[0]
    if kind != READY:
        sys.exit("the scanner is not ready")
    open(f"{directory}/scan.pid", "w").write(f"{pid}\n")
    return sock


def operators_answer(directory):
    if not os.path.exists(f"{directory}/answer"):
        return "rejected no operator"
    with open(f"{directory}/answer") as f:
        return f.read()


def answer_proposal(ours, directory, proposal):
    with open(f"{directory}/proposals", "a") as f:
        f.write(json.dumps(proposal) + "\n")
    answer = operators_answer(directory)
    while answer.strip() in ("held", ""):
        time.sleep(0.01)
        answer = operators_answer(directory)
    status, _, notes = answer.strip().partition(" ")
    if status == "die":
        os._exit(1)
    if status == "raw":
        send(ours, ANSWER, notes.replace("ID", str(proposal["id"])).encode())
    elif status != "silent":
        send(ours, ANSWER, json.dumps({"id": proposal["id"], "status": status, "notes": notes}).encode())


def main():
    program, uid, directory, config, *secrets = sys.argv[1:]
    events = open(f"{directory}/events", "a", buffering=1)
    listeners = {b"git": socket.create_server(("127.0.0.1", 9418)),
                 b"git-http": socket.create_server(("127.0.0.1", 9420))}
    inside, outside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    scanners = []
    rules = compiled_rules(f"{os.path.dirname(program)}/bottle-rules", directory)

    def another_scanner(*_):
        scanners.append(start_scanner(f"{os.path.dirname(program)}/bottle-scan", int(uid) + 1,
                                      directory, secrets, rules, inside))

    another_scanner()
    pid, ours = start([program, "--git-dir", f"{directory}/git", "--creds", f"{directory}/creds", "--etc", f"{directory}/etc"],
                      int(uid), f"{directory}/gate.log")
    open(f"{directory}/gate.pid", "w").write(f"{pid}\n")
    send(ours, CONFIG, open(config, "rb").read())
    for name, listener in listeners.items():
        send(ours, LISTENER, name, [listener.fileno()])
        listener.close()
    send(ours, LISTENER, b"scanner", [outside.fileno()])
    send(ours, PROGRAM, b"bottle-lfs", [os.open(f"{os.path.dirname(program)}/bottle-lfs", os.O_PATH)])
    send(ours, BEGIN)
    signal.signal(signal.SIGTERM, lambda *_: send(ours, STOP))
    signal.signal(signal.SIGHUP, lambda *_: ours.shutdown(socket.SHUT_WR))
    signal.signal(signal.SIGUSR1, another_scanner)
    while True:
        packet = ours.recv(65536)
        if not packet:
            break
        kind = struct.unpack("=I", packet[:4])[0]
        body = packet[16:]
        if kind == READY:
            print("ready", file=events)
        elif kind == FAILED:
            print("failed", body[4:].split(b"\0")[0].decode(), file=events)
        elif kind == BUSY:
            print("busy", struct.unpack("=I", body)[0], file=events)
        elif kind == PROPOSE:
            answer_proposal(ours, directory, json.loads(body))
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=events)


main()
