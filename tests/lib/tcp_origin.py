"""Servers of bytes: tcp_origin.py ADDRESS RECORD

5432 speaks first, sends back what it gets, and says goodbye at the end of it; 5433 resets when it has been
told something; 5434 sends as many bytes as the line that it is told says; 5435 reads nothing until RECORD.go
is there, and then says how much it was. How each connection ended is appended to RECORD.
"""
import os
import socket
import socketserver
import struct
import sys
import threading
import time


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.request.settimeout(60)

    def first(self):
        self.request.sendall(b"220 ready\n")
        while got := self.request.recv(65536):
            self.request.sendall(got)
        self.request.sendall(b"bye\n")

    def reset(self):
        self.request.recv(100)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def source(self):
        self.request.sendall(b"x" * int(self.request.recv(100)))
        while self.request.recv(100):
            pass

    def sink(self):
        until = time.monotonic() + 60
        while not os.path.exists(RECORD + ".go") and time.monotonic() < until:
            time.sleep(0.01)
        n = 0
        while got := self.request.recv(1 << 20):
            n += len(got)
        self.request.sendall(b"%d\n" % n)

    def handle(self):
        port = self.server.server_address[1]
        try:
            {5432: self.first, 5433: self.reset, 5434: self.source, 5435: self.sink}[port]()
            end = "ended"
        except ConnectionError:
            end = "reset"
        with open(RECORD, "a") as f:
            f.write(f"{port} {end}\n")
        if port == 5433:
            self.request.close()

    def finish(self):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def shutdown_request(self, request):
        self.close_request(request)  # without a FIN of its own before: a reset stays one


ADDRESS, RECORD = sys.argv[1:]
for p in (5432, 5433, 5434, 5435):
    threading.Thread(target=Server((ADDRESS, p), Handler).serve_forever, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
