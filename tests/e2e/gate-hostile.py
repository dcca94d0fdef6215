"""An agent's git that does what git never does, on 127.0.0.1:9418.

    python3 gate-hostile.py request TEXT        a request in a well-formed packet; TEXT with Python's escapes
    python3 gate-hostile.py raw TEXT            the same bytes without a packet around them
    python3 gate-hostile.py push REPO REF KIND  makes REF with a pack of that kind (the functions pack_* below)
    python3 gate-hostile.py cut REPO REF BYTES  goes away after so many bytes of a good pack
    python3 gate-hostile.py thin WAY REPO REF OID SIZE HOW
                                                a pack whose one difference is to an object that is not in it; WAY: git
                                                or http; HOW: names it in its tree, or keeps what it holds, or twice
    python3 gate-hostile.py unended REPO REF    a push by HTTP with all of its pack, but without the body's last chunk
    python3 gate-hostile.py deaf WAY REPO REF   a good push that reads nothing of the answer until its standard input ends;
                                                "sent" when all is on its way; WAY: git or http
    python3 gate-hostile.py hold REPO N         N pushes, which say nothing once they were let in; a line when all are

Prints what the gate says: the text of packets and sidebands, in one line each.

A pack is the same, byte for byte, whenever and wherever it is made for one REF: what git says of a broken one may
depend on any of its bytes, its checksum's too.
"""
import errno
import hashlib
import random
import select
import socket
import struct
import sys
import zlib

COMMIT, TREE, BLOB, OFS_DELTA, REF_DELTA = 1, 2, 3, 6, 7
KINDS = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob"}


def packet(body):
    return b"%04x" % (len(body) + 4) + body


def connect(port=9418, window=None):
    """window: bytes that the other side may send unread, about."""
    sock = socket.socket()
    if window:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    sock.settimeout(180)
    sock.connect(("127.0.0.1", port))
    return sock


def read_exactly(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def packets(sock):
    """Up to the next flush, or the end."""
    try:
        while (size := int(read_exactly(sock, 4), 16)) != 0:
            yield read_exactly(sock, size - 4)
    except (EOFError, ConnectionResetError):
        return


def say(sock):
    for body in packets(sock):
        for line in body.lstrip(b"\1\2").split(b"\n"):
            if line.strip():
                print(line.decode(errors="replace").replace("\0", " "))


# ---- packs

# Smaller bodies are stored, not compressed: zlibs differ in what they make of them.
BOMB = 1_000_000


class Pack:
    def __init__(self, ref):
        self.data, self.n, self.ref = b"", 0, ref.encode()

    @staticmethod
    def varint(n):
        out = bytearray()
        while n >= 0x80:
            out.append(n & 0x7F | 0x80)
            n >>= 7
        out.append(n)
        return bytes(out)

    def entry(self, kind, size, body, base=b""):
        """The offset of the new one. `body` is not yet compressed; size is what the entry claims."""
        at = 12 + len(self.data)
        first, rest = kind << 4 | size & 15, size >> 4
        head = bytes([first | 0x80]) + self.varint(rest) if rest else bytes([first])
        self.data += head + base + zlib.compress(body, 9 if len(body) > BOMB else 0)
        self.n += 1
        return at

    def add(self, kind, body):
        """The name of the object."""
        self.entry(kind, len(body), body)
        return hashlib.sha1(KINDS[kind] + b" %d\0" % len(body) + body).digest()

    def delta(self, base_at, body):
        distance = 12 + len(self.data) - base_at
        base = [distance & 0x7F]
        while distance := distance >> 7:
            distance -= 1
            base.insert(0, 0x80 | distance & 0x7F)
        return self.entry(OFS_DELTA, len(body), body, bytes(base))

    def commit(self, tree, message=b"made by hand\n"):
        who = b"t <t@example.com> 1700000000 +0000"
        body = b"tree %s\nauthor %s\ncommitter %s\n\n%s" % (tree.hex().encode(), who, who, message)
        return self.add(COMMIT, body)

    def history(self, *entries):
        """A commit of a tree with these (name, object) and one good file."""
        good = self.add(BLOB, b"good " + self.ref)
        tree = b"".join(b"100644 %s\0%s" % e for e in sorted([*entries, (b"good", good)]))
        return self.commit(self.add(TREE, tree))

    def bytes(self):
        body = b"PACK" + struct.pack(">II", 2, self.n) + self.data
        return body + hashlib.sha1(body).digest()


def named(name):
    """A tree with a file of that name."""
    def make(p):
        return p.history((name, p.add(BLOB, b"x")))
    return make


def pack_good(p):
    return p.history()


def pack_fewer(p):
    """With SPOIL's count git reads the checksum as one more object: let that be of type 0, which is none."""
    data, n, tries = p.data, p.n, 0
    while True:
        p.data, p.n = data, n
        p.add(BLOB, b"try %d" % tries)
        tip = p.history()
        if p.bytes()[-20] < 0x10:
            return tip
        tries += 1


def pack_chain(p):
    """Ten thousand differences, each to the one before."""
    tip, at = p.history(), p.entry(BLOB, 100, b"x" * 100)
    for i in range(10000):
        body = p.varint(100) * 2 + b"\x08%08d" % i + bytes([0x91, 8, 92])
        at = p.delta(at, body)
    return tip


def pack_expands(p):
    """A difference of 200 bytes to an object of a GiB, which is 64 times the one before."""
    size = 16 << 20
    tip, at = p.history(), p.entry(BLOB, size, b"\0" * size)
    p.delta(at, p.varint(size) + p.varint(64 * 0xFFFFFF) + bytes([0xF0, 255, 255, 255]) * 64)
    return tip


def pack_claims(p):
    """A difference that claims to make a TiB."""
    tip, at = p.history(), p.entry(BLOB, 10, b"x" * 10)
    p.delta(at, p.varint(10) + p.varint(1 << 40) + b"\1A")
    return tip


def pack_lies(p):
    """An object that claims to have a TiB."""
    tip = p.history()
    p.entry(BLOB, 1 << 40, b"x" * 10)
    return tip


def pack_zeros(p):
    """17 MB, packed into a few KiB."""
    return p.history((b"zeros", p.add(BLOB, b"\0" * 17_000_000)))


def pack_baseless(p):
    """A difference to an object that nobody has."""
    tip = p.history()
    p.entry(REF_DELTA, 4, b"\5\5\1A", b"\x11" * 20)
    return tip


def pack_hollow(p):
    """A tree whose file is nowhere."""
    return p.history((b"missing", b"\x22" * 20))


def pack_untyped(p):
    tip = p.history()
    p.entry(5, 1, b"x")
    return tip


def pack_unauthored(p):
    return p.add(COMMIT, b"tree %s\n\nno author\n" % p.add(TREE, b"").hex().encode())


def pack_twice(p):
    """A tree that has a name two times."""
    return p.history((b"a", p.add(BLOB, b"1")), (b"a", p.add(BLOB, b"2")))


pack_dotgit, pack_dotdot, pack_dot = named(b".git"), named(b".."), named(b".")
pack_upper, pack_short, pack_hfs = named(b".GIT"), named(b"git~1"), named(".g\u200cit".encode())
pack_slash, pack_stream, pack_empty = named(b"a/b"), named(b".git::$INDEX_ALLOCATION"), named(b"")


def count_99(pack):
    return pack[:8] + struct.pack(">I", 99) + pack[12:]


# Of good packs, where there is no pack_* of the name.
SPOIL = {
    "checksum": lambda b: b[:-1] + bytes([b[-1] ^ 1]),
    "version": lambda b: b[:4] + struct.pack(">I", 9) + b[8:],
    "fewer": count_99,
    "ends": lambda b: count_99(b)[:-20],
    "garbage": lambda b: random.Random(1).randbytes(len(b)),
    "nothing": lambda b: b"",
    "flipped": lambda b: b[:40] + bytes([b[40] ^ 0x55]) + b[41:],
}


def send_all(sock, data):
    """To the end of `data`, or to where the gate has refused it, left the rest unread and closed (RFC 9293, 3.6.1:
    the connection is reset then). What it said before that is still to be read."""
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError as e:
        if e.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
            raise


def begin_push(repo, sock=None):
    sock = sock or connect()
    sock.sendall(packet(b"git-receive-pack /%s\0host=x\0" % repo.encode()))
    refused = [body for body in packets(sock) if body.startswith(b"ERR ")]
    for body in refused:
        print(body.decode(errors="replace"))
    return None if refused else sock


def creation(tip, ref):
    """The commands of a push that makes this ref."""
    line = b"%s %s %s\0report-status side-band-64k" % (b"0" * 40, tip.hex().encode(), ref.encode())
    return packet(line) + b"0000"


def send_push(repo, ref, tip, data):
    sock = begin_push(repo)
    if not sock:
        return
    send_all(sock, creation(tip, ref) + data)
    say(sock)


def push(repo, ref, kind):
    p = Pack(ref)
    tip = globals().get(f"pack_{kind}", pack_good)(p)
    send_push(repo, ref, tip, SPOIL.get(kind, lambda b: b)(p.bytes()))


def cut(repo, ref, length):
    p = Pack(ref)
    tip = p.history((b"big", p.add(BLOB, random.Random(2).randbytes(300_000))))
    sock = begin_push(repo)
    line = b"%s %s %s\0report-status" % (b"0" * 40, tip.hex().encode(), ref.encode())
    sock.sendall((packet(line) + b"0000" + p.bytes())[:int(length)])
    sock.close()


def post_push(repo, body):
    sock = begin_post(repo, f"Content-Length: {len(body)}", connect(9420))
    sock.sendall(body)
    answer = b"".join(iter(lambda: sock.recv(65536), b""))
    print(answer.decode(errors="replace").replace("\0", " "))


def begin_post(repo, framing, sock):
    head = f"POST /{repo}.git/git-receive-pack HTTP/1.1\r\nHost: git-gate:9420\r\nConnection: close\r\n" \
        f"Content-Type: application/x-git-receive-pack-request\r\n{framing}\r\n\r\n"
    sock.sendall(head.encode())
    return sock


def unended(repo, ref):
    p = Pack(ref)
    body = creation(p.history(), ref) + p.bytes()
    sock = begin_post(repo, "Transfer-Encoding: chunked", connect(9420))
    sock.sendall(b"%x\r\n%s\r\n" % (len(body), body))
    # A gate that takes this for all has the time to act on it, and to answer; the answer's head may come at once.
    answer = b""
    while select.select([sock], [], [], 2)[0] and (more := sock.recv(65536)):
        answer += more
    sock.shutdown(socket.SHUT_WR)
    answer += b"".join(iter(lambda: sock.recv(65536), b""))
    print(answer.decode(errors="replace").replace("\0", " "))


def deaf(way, repo, ref):
    p = Pack(ref)
    body = creation(p.history(), ref) + p.bytes()
    if way == "git":
        sock = begin_push(repo, connect(window=4096))
    else:
        sock = begin_post(repo, f"Content-Length: {len(body)}", connect(9420, 4096))
    sock.sendall(body)
    print("sent", flush=True)
    sys.stdin.read()


def thin(way, repo, ref, oid, size, how):
    p, base, size = Pack(ref), bytes.fromhex(oid), int(size)
    copy = p.varint(size) + p.varint(size - 1) + bytes([0x90, size - 1])
    cut_off = p.varint(size) + p.varint(1) + b"\1A"
    entries = [(b"named", base)] if how == "names" else []
    body = copy if how == "keeps" else cut_off
    p.entry(REF_DELTA, len(body), body, base)
    if how == "twice":
        entries = [(b"named", base)]
        for _ in range(2):
            p.add(BLOB, b"the same\n")
    tip = p.history(*entries)
    if way == "git":
        send_push(repo, ref, tip, p.bytes())
    else:
        post_push(repo, creation(tip, ref) + p.bytes())


def hold(repo, count):
    held = [begin_push(repo) for _ in range(int(count))]
    print("held", sum(s is not None for s in held), flush=True)
    sys.stdin.read()


def raw(text):
    sock = connect()
    send_all(sock, text.encode("latin-1").decode("unicode_escape").encode("latin-1"))
    say(sock)


def request(text):
    body = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
    sock = connect()
    sock.sendall(packet(body))
    say(sock)


globals()[sys.argv[1]](*sys.argv[2:])
