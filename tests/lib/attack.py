"""Packets that try to leave, each with a mark by which a sniffer knows it.

	attack.py KIND…		sends; prints "sent KIND" or "refused KIND: reason"
	attack.py sniff DEVICE FILE	writes "MARK" or "frame TYPE [TO]" to FILE for what comes in

Run in the namespace to attack from. Raw kinds need CAP_NET_RAW there. ATTACK_WORLD names the victim.
"""
import errno
import os
import socket
import struct
import sys

MARK = b"ESCAPE-MARK-7f3a"
WORLD = os.environ.get("ATTACK_WORLD", "203.0.113.9")
SIDECAR = "198.19.255.1"
AGENT = "198.19.255.2"
SIDECAR_OUTSIDE = "192.0.2.2"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(src, dst, proto, payload, offset=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0x1234, offset, 64, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(sport, dport, payload=MARK):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def echo(payload=MARK):
    head = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
    return struct.pack("!BBHHH", 8, 0, checksum(head + payload), 7, 1) + payload


def syn(src, dst, sport, dport, flags=2, payload=MARK):
    head = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 5 << 4, flags, 1024, 0, 0)
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, 6, len(head + payload))
    total = checksum(pseudo + head + payload)
    return head[:16] + struct.pack("!H", total) + head[18:] + payload


def raw(data, dst):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    s.sendto(data, (dst, 0))


def datagram(dst, port, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.sendto(MARK, (dst, port))


def stream(dst, port, proto=0):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto)
    s.settimeout(float(os.environ.get("ATTACK_TIMEOUT", "2")))
    s.connect((dst, port))
    s.sendall(MARK)
    answer = s.recv(200)
    if b"tcp:" in answer:
        raise OSError(errno.EACCES, "the sidecar answered: " + answer.decode().strip())


def frames(ethertype, payload):
    """Straight on the wire, to whoever is at the other end."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind(("eth0", 0))
    s.send(b"\xff" * 6 + s.getsockname()[4] + struct.pack("!H", ethertype) + payload)


KINDS = {
    # what any process can do
    "tcp": lambda: stream(WORLD, 443),
    "tcp-dns": lambda: stream(WORLD, 53),
    "udp": lambda: datagram(WORLD, 443),
    "udp-dns": lambda: datagram(WORLD, 53),
    "sctp": lambda: stream(WORLD, 80, 132),
    "multicast": lambda: datagram("224.0.0.251", 5353),
    "broadcast": lambda: datagram("255.255.255.255", 68),
    "ipv6": lambda: datagram("2001:db8::9", 443, socket.AF_INET6),
    "tcp-gateway": lambda: stream("192.0.2.1", 22),
    "udp-gateway": lambda: datagram("192.0.2.1", 53),
    "udp-metadata": lambda: datagram("169.254.169.254", 80),
    # with raw sockets
    "icmp": lambda: raw(packet(AGENT, WORLD, 1, echo()), WORLD),
    "gre": lambda: raw(packet(AGENT, WORLD, 47, MARK), WORLD),
    "ipip": lambda: raw(packet(AGENT, WORLD, 4, packet(AGENT, WORLD, 17, udp(5, 53))), WORLD),
    "fragment": lambda: raw(packet(AGENT, WORLD, 17, MARK, 0x2001), WORLD),
    "broadcast-frame": lambda: frames(0x0800, packet(AGENT, WORLD, 17, udp(5, 53))),
    "ipv6-frame": lambda: frames(0x86DD, struct.pack("!IHBB", 6 << 28, 8 + len(MARK), 17, 64)
                                 + socket.inet_pton(socket.AF_INET6, "fe80::2")
                                 + socket.inet_pton(socket.AF_INET6, "2001:db8::9") + udp(5, 53)),
    # forged source: the answer, with our bytes in it, is to go to the world
    "forged-udp-closed": lambda: raw(packet(WORLD, SIDECAR, 17, udp(53, 9)), SIDECAR),
    "forged-udp-any": lambda: raw(packet(WORLD, "8.8.8.8", 17, udp(53, 9)), "8.8.8.8"),
    "forged-echo": lambda: raw(packet(WORLD, SIDECAR, 1, echo()), SIDECAR),
    "forged-echo-outside": lambda: raw(packet(WORLD, SIDECAR_OUTSIDE, 1, echo()), SIDECAR_OUTSIDE),
    "forged-proto": lambda: raw(packet(WORLD, SIDECAR, 99, MARK), SIDECAR),
    "forged-syn": lambda: raw(packet(WORLD, SIDECAR, 6, syn(WORLD, SIDECAR, 53, 9)), SIDECAR),
    "forged-syn-open": lambda: raw(packet(WORLD, SIDECAR, 6, syn(WORLD, SIDECAR, 53, 9099)), SIDECAR),
    "forged-ack": lambda: raw(packet(WORLD, SIDECAR, 6, syn(WORLD, SIDECAR, 53, 9, 16)), SIDECAR),
    "forged-neighbour": lambda: raw(packet("192.0.2.1", SIDECAR, 17, udp(53, 9)), SIDECAR),
    "forged-itself": lambda: raw(packet(SIDECAR_OUTSIDE, WORLD, 17, udp(53, 53)), WORLD),
    "forged-loopback": lambda: raw(packet("127.0.0.1", SIDECAR, 17, udp(53, 9)), SIDECAR),
}


def sniff(device, path):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((device, 0))
    with open(path, "w", buffering=1) as out:
        print("ready", flush=True)
        while True:
            try:
                frame, where = s.recvfrom(65535)
            except OSError:  # the device is gone
                return
            if where[2] == socket.PACKET_OUTGOING:
                continue
            ethertype = struct.unpack("!H", frame[12:14])[0]
            if MARK in frame:
                out.write("MARK\n")
            elif ethertype != 0x0806:
                to = socket.inet_ntoa(frame[30:34]) if ethertype == 0x0800 else ""
                out.write("frame %04x %s\n" % (ethertype, to))


def main():
    if sys.argv[1] == "sniff":
        return sniff(sys.argv[2], sys.argv[3])
    for kind in sys.argv[1:]:
        try:
            KINDS[kind]()
            print("sent", kind)
        except OSError as e:
            print("refused %s: %s" % (kind, e))


main()
