"""Plays a bottle's monitor for one gate: base/component.h over a socket of sequenced packets.

    python3 gate-monitor.py GATE UID DIR CONFIG [NAME=FILE…]

Listens on 127.0.0.1:9418 and hands the listener over; NAME=FILE are secrets to scan for. Appends a
line to DIR/events for what the gate says: ready, failed TEXT, busy N, ended STATUS. SIGTERM: stop;
SIGHUP: no more is said (end of file).
"""
import array
import os
import signal
import socket
import struct
import sys

CONFIG, SECRET, LISTENER, BEGIN, _RELOAD, STOP = range(1, 7)
READY, FAILED, _RELOADED, BUSY = range(64, 68)


def send(sock, kind, body=b"", fds=()):
    packet = struct.pack("=IIII", kind, len(body), 0, 0) + body
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([packet], control)


def start(program, uid, directory, theirs):
    pid = os.fork()
    if pid:
        return pid
    log = os.open(f"{directory}/gate.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(theirs.fileno(), 100)
    for number, fd in ((0, null), (1, null), (2, log), (3, 100)):
        os.dup2(fd, number, inheritable=True)
    os.closerange(4, 256)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execve(program, [program, "--git-dir", f"{directory}/git", "--creds", f"{directory}/creds"],
              {})


def main():
    program, uid, directory, config, *secrets = sys.argv[1:]
    events = open(f"{directory}/events", "a", buffering=1)
    listener = socket.create_server(("127.0.0.1", 9418))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = start(program, int(uid), directory, theirs)
    theirs.close()
    open(f"{directory}/gate.pid", "w").write(f"{pid}\n")
    send(ours, CONFIG, open(config, "rb").read())
    for item in secrets:
        name, _, path = item.partition("=")
        send(ours, SECRET, name.encode() + b"\0" + open(path, "rb").read())
    send(ours, LISTENER, b"git", [listener.fileno()])
    listener.close()
    send(ours, BEGIN)
    signal.signal(signal.SIGTERM, lambda *_: send(ours, STOP))
    signal.signal(signal.SIGHUP, lambda *_: ours.shutdown(socket.SHUT_WR))
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
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=events)


main()
