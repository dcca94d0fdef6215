"""A client of tests/lib/tcp_origin.py: tcp_client.py WHAT HOST PORT [MORE]

echo N	sends N random bytes and reads them back at the same time: "same"
mute	says nothing, and how the connection ended
reset	sends a word and says how the connection ended: "end" or "reset"
ends H	sends the bytes H (in hexadecimal) and nothing more: how the connection ended
cut	sends a word, waits for it to come back, and resets
slow N	asks for N bytes, waits before it reads, and says how many came
hold F	sends a word when the file F is there, says what came back, and how it ended
"""
import fcntl
import os
import socket
import struct
import sys
import threading
import time


def read_all(s):
    got = bytearray()
    try:
        while piece := s.recv(1 << 16):
            got += piece
    except ConnectionError:
        return bytes(got), "reset"
    return bytes(got), "end"


def echo(s, n):
    sent = os.urandom(int(n))

    def send():
        s.sendall(sent)
        s.shutdown(socket.SHUT_WR)
    t = threading.Thread(target=send)
    t.start()
    got, _ = read_all(s)
    t.join()
    print("same" if got == b"220 ready\n" + sent + b"bye\n" else len(got))


def reset(s):
    try:
        s.sendall(b"x")
    except ConnectionError:
        pass
    print(read_all(s)[1])


def mute(s):
    print(read_all(s)[1])


def ends(s, data):
    s.settimeout(None)
    s.sendall(bytes.fromhex(data))
    print(read_all(s)[1])


def cut(s):
    s.sendall(b"word\n")
    got = b""
    while not got.endswith(b"word\n"):
        got += s.recv(100)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def slow(s, n):
    s.sendall(n.encode())
    s.recv(1)
    # Until nothing more comes in: all buffers on the way are full.
    had, now = -1, 0
    while now != had:
        had = now
        time.sleep(0.3)
        now = struct.unpack("i", fcntl.ioctl(s, 0x541B, b"\0" * 4))[0]
    s.shutdown(socket.SHUT_WR)
    print(len(read_all(s)[0]) + 1)


def hold(s, name):
    print(s.recv(100).decode(), end="", flush=True)
    s.settimeout(0.05)
    until = time.monotonic() + 60
    while not os.path.exists(name) and time.monotonic() < until:
        try:
            if not s.recv(1):
                return print("end")
        except TimeoutError:
            pass
        except ConnectionError:
            return print("reset")
    s.settimeout(60)
    s.sendall(b"after\n")
    s.shutdown(socket.SHUT_WR)
    print(read_all(s)[0].decode())


what, host, port, *more = sys.argv[1:]
try:
    globals()[what](socket.create_connection((host, int(port)), 60), *more)
except ConnectionError:
    print("reset")
