#!/usr/bin/env python3
"""A stand-in for criu(8) that speaks its RPC: says what it was asked, in $CRIU_SAID (JSON, a line a
request), and does what $CRIU_DOES tells: "work" (default), "fail", "die", "babble", "old", "lack".
It writes no images; a restore starts `sleep` in the place of the container's init."""
import ctypes, json, os, signal, socket, sys

DUMP, RESTORE, PRE_DUMP, NOTIFY, FEATURES, VERSION = 1, 2, 4, 6, 9, 10
OPTS = {1: "images_dir_fd", 2: "pid", 3: "leave_running", 4: "ext_unix_sk", 5: "tcp_established",
        7: "shell_job", 8: "file_locks", 10: "log_file", 11: "ps", 13: "root", 14: "parent_img",
        15: "track_mem", 16: "auto_dedup", 17: "work_dir_fd", 18: "link_remap", 23: "ext_mnt",
        25: "cg_root", 26: "rst_sibling", 27: "inherit_fd", 34: "manage_cgroups_mode", 37: "external",
        38: "empty_ns", 39: "join_ns", 44: "freeze_cgroup", 46: "tcp_skip_in_flight",
        48: "lazy_pages", 50: "orphan_pts_master", 51: "config_file", 53: "lsm_profile",
        63: "lsm_mount_context"}
PAIRS = {11, 23, 25, 27, 39}
LISTS = PAIRS - {11} | {37}


def varint(n):
    out = b""
    while n >= 0x80:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def parse(data):
    at = 0

    def take():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return n

    while at < len(data):
        key = take()
        if key & 7 == 2:
            length = take()
            yield key >> 3, data[at:at + length]
            at += length
        else:
            yield key >> 3, take()


def readable(opts):
    said = {}
    for number, value in parse(opts):
        name = OPTS.get(number, str(number))
        if number in PAIRS:
            value = [v.decode() if isinstance(v, bytes) else v for _, v in parse(value)]
        elif isinstance(value, bytes):
            value = value.decode()
        if number in LISTS:
            said.setdefault(name, []).append(value)
        else:
            said[name] = value
    return said


def answer(sock, kind, *more):
    sock.send(field(1, kind) + field(2, 1) + b"".join(more))


def notify(sock, script, pid=0):
    answer(sock, NOTIFY, field(5, field(1, script) + (field(2, pid) if pid else b"")))
    reply = dict(parse(sock.recv(4096)))
    if reply == {1: NOTIFY, 3: 0}:
        # criu thaws what it has frozen and lets it go on before it says that it has failed.
        with open(os.environ["CRIU_SAID"], "a") as said:
            said.write(json.dumps({"undone": script.decode()}) + "\n")
        sock.send(field(1, DUMP) + field(2, 0) + field(7, 5))
        sys.exit(1)
    assert reply == {1: NOTIFY, 3: 1}, reply


def sibling():
    """clone(2) with CLONE_PARENT: the child of whoever started us, as criu's rst_sibling."""
    pid = ctypes.CDLL(None, use_errno=True).syscall(56, 0x8000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os.closerange(3, 64)
        os.execlp("sleep", "sleep", os.environ.get("CRIU_SLEEPS", "1000"))
    return pid


def dump(sock, kind, opts):
    if opts.get("lazy_pages"):
        notify(sock, b"status-ready")
    if kind == DUMP:
        notify(sock, b"post-dump")
        if not opts.get("leave_running"):
            os.kill(opts["pid"], signal.SIGKILL)
    answer(sock, kind)


def restore(sock):
    pid = sibling()
    notify(sock, b"setup-namespaces", pid)
    notify(sock, b"post-restore", pid)
    answer(sock, RESTORE, field(4, field(1, pid)))


def work(sock, kind, opts, does):
    if does == "die":
        sys.exit(1)
    if does == "babble":
        sock.send(b"\x0b\xff\xff")
        return
    if does == "fail":
        peer = os.getppid()
        log = os.open(f"/proc/{peer}/fd/{opts.get('work_dir_fd', opts['images_dir_fd'])}/{opts['log_file']}",
                      os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(log, b"(00.1) fine\n(00.2) Error (made/up.c:1): the stand-in was told to fail\n")
        sock.send(field(1, kind) + field(2, 0) + field(7, 22) + field(9, b"no luck\n"))
        return
    restore(sock) if kind == RESTORE else dump(sock, kind, opts)


def main():
    does = os.environ.get("CRIU_DOES", "work")
    assert sys.argv[1:] == ["swrk", "3"], sys.argv
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=3)
    while True:
        data = sock.recv(65536)
        if not data:
            return
        request = dict(parse(data))
        if request[1] == VERSION:
            answer(sock, VERSION, field(10, field(1, 2 if does == "old" else 3) + field(2, 17)))
            continue
        if request[1] == FEATURES:
            answer(sock, FEATURES, field(8, b"" if does == "lack" else request[5]))
            continue
        opts = readable(request[2])
        with open(os.environ["CRIU_SAID"], "a") as said:
            groups = open("/proc/self/cgroup").read()
            said.write(json.dumps({"type": request[1], "opts": opts, "groups": groups,
                                   "own_session": os.getsid(0) == os.getpid(),
                                   "mounts": open("/proc/self/mountinfo").read()}) + "\n")
        work(sock, request[1], opts, does)
        if request[1] != PRE_DUMP:
            return


main()
