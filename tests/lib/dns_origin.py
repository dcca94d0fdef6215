"""Name servers that behave in their own ways: dns_origin.py RECORD ADDRESS=MODE… -- NAME=ADDRESS…

good answers; fail says SERVFAIL; refuse says REFUSED; silent says nothing; old does not know EDNS; liar
says wrong things first; short says that it is too long for UDP, and answers over TCP; chain answers with an
alias; circle with an alias of itself; four answers for IPv4 only, and nothing to any other question.
Each question is appended to RECORD: mode, protocol, client's port, id, name, type.
"""
import ipaddress
import socket
import socketserver
import struct
import sys
import threading

A, CNAME, AAAA = 1, 5, 28


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def parse(q):
    at, labels = 12, []
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode())
        at += 1 + q[at]
    return ".".join(labels), struct.unpack(">H", q[at + 1:at + 3])[0], q[12:at + 5]


def record(name, kind, data):
    return wire(name) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def message(ident, question, records=(), rcode=0, flags=0x8180):
    return struct.pack(">6H", ident, flags | rcode, 1, len(records), 0, 0) + question + b"".join(records)


def addresses(name, kind):
    found = [ipaddress.ip_address(a) for n, a in NAMES if n == name]
    return [record(name, kind, a.packed) for a in found if (a.version == 4) == (kind == A)]


def answers(mode, q, tcp):
    ident, edns = struct.unpack(">H", q[:2])[0], q[11]
    name, kind, question = parse(q)
    good = message(ident, question, addresses(name, kind))
    if mode == "silent" or (mode == "four" and kind != A):
        return []
    if mode in ("fail", "refuse"):
        return [message(ident, question, rcode={"fail": 2, "refuse": 5}[mode])]
    if mode == "old" and edns:
        return [message(ident, b"", rcode=1)[:4] + b"\0" * 8, message(ident, question, rcode=1)]
    if mode == "liar":
        evil = [record(name, kind, bytes([11, 22, 33, 99]) * (1 if kind == A else 4))]
        other = wire("other.example.org") + question[-4:]
        return [message(ident ^ 1, question, evil), message(ident, other, evil),
                message(ident, question, evil, flags=0x0180), b"\0", q, good]
    if mode == "short" and not tcp:
        return [message(ident, question, flags=0x8380)]
    if mode == "chain":
        alias = "real." + name
        return [message(ident, question, [record(name, CNAME, wire(alias))] +
                        [wire(alias) + r[len(wire(name)):] for r in addresses(name, kind)])]
    if mode == "circle":
        return [message(ident, question, [record(name, CNAME, wire("x." + name)),
                                          record("x." + name, CNAME, wire(name))])]
    return [good]


def note(mode, tcp, port, q):
    name, kind, _ = parse(q)
    with open(RECORD, "a") as f:
        f.write(f"{mode} {'tcp' if tcp else 'udp'} {port} {struct.unpack('>H', q[:2])[0]} {name} {kind}\n")


def udp(address, mode, family):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        q, client = s.recvfrom(4096)
        note(mode, False, client[1], q)
        for a in answers(mode, q, False):
            s.sendto(a, client)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while len(head := self.rfile.read(2)) == 2:
            q = self.rfile.read(struct.unpack(">H", head)[0])
            note(self.server.mode, True, self.client_address[1], q)
            for a in answers(self.server.mode, q, True):
                for byte in struct.pack(">H", len(a)) + a:  # in the smallest pieces that there are
                    self.wfile.write(bytes([byte]))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


RECORD, *rest = sys.argv[1:]
NAMES = [tuple(n.split("=")) for n in rest[rest.index("--") + 1:]]
for pair in rest[:rest.index("--")]:
    address, _, mode = pair.partition("=")
    six = ":" in address
    server = type("S", (Server,), {"address_family": socket.AF_INET6 if six else socket.AF_INET,
                                   "mode": mode})((address, 53), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=udp, args=(address, mode, server.address_family), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
