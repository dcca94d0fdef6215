"""Says bytes and prints what is answered: socks_say.py ADDRESS PORT HEX…

Each argument is sent when something has come back for the one before. All answers are printed in
hexadecimal, a word each, until the other side ends. SAY_SLOWLY: one byte a packet.
"""
import os
import socket
import sys


def send(s, data):
    if not os.environ.get("SAY_SLOWLY"):
        s.sendall(data)
        return
    for i in range(len(data)):
        s.sendall(data[i:i + 1])


def main():
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
    s.settimeout(60)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said = []
    try:
        for part in sys.argv[3:]:
            send(s, bytes.fromhex(part))
            got = s.recv(4096)
            if not got:
                break
            said.append(got.hex())
        else:
            while got := s.recv(4096):
                said.append(got.hex())
    except ConnectionError:
        pass
    print(*said)


main()
