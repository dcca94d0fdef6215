"""Keeps a connection to a proxy: hold_idle.py ADDRESS PORT URL FILE

Asks for URL, then, when FILE is there, once more over the same connection. Prints both status lines.
"""
import os
import socket
import sys
import time

address, port, url, name = sys.argv[1:]
s = socket.create_connection((address, int(port)), 60)
f = s.makefile("rb")
for turn in (1, 2):
    s.sendall(f"GET {url} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\n\r\n".encode())
    print(f.readline().decode().strip(), flush=True)
    length = 0
    while (line := f.readline().strip()):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split()[1])
    f.read(length)
    until = time.monotonic() + 60
    while turn == 1 and not os.path.exists(name) and time.monotonic() < until:
        time.sleep(0.01)
