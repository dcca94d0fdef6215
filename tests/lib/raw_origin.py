"""An upstream that misbehaves: raw_origin.py ADDRESS PORT RECORD [CERT KEY [CLIENT_CA [TLS]]]

CLIENT_CA: a client without a certificate of that root is refused; TLS: "1.2" or "1.3", the newest version.

What it answers stands in the path: /raw/HEX sends those bytes and closes, /keep/HEX sends them and goes
on, /once answers the first request of a connection and closes at the second, /step/FILE sends the second half
when FILE is there, /silent says nothing, /drip/HEX sends byte by byte, /reset/HEX sends those bytes and resets,
/deaf/FILE reads no body until FILE is there, and then says how long it was.
Each request head is appended to RECORD, with TLS also whether its session was resumed, and whose the
client's certificate is.
"""
import os
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time


def wait_for(name):
    until = time.monotonic() + 60
    while not os.path.exists(name) and time.monotonic() < until:
        time.sleep(0.01)


def client(s):
    names = dict(field[0] for field in (s.getpeercert() or {}).get("subject", ()))
    return names.get("commonName", "-").encode()


class Handler(socketserver.StreamRequestHandler):
    timeout = 100

    def handle(self):
        served = 0
        while True:
            try:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = self.rfile.readline()
                    if not line:
                        return
                    head += line
            except OSError:
                return
            with open(self.server.record, "ab") as f:
                f.write(head)
                if self.server.context:
                    f.write(b"resumed: %s\n" % str(self.request.session_reused).encode())
                    f.write(b"client: %s %s\n" % (self.request.version().encode(), client(self.request)))
            path = head.split(b" ")[1].decode().split("/")
            if path[1] in ("raw", "keep"):
                self.wfile.write(bytes.fromhex(path[2]))
                if path[1] == "raw":
                    return
            elif path[1] == "once":
                if served:
                    return
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            elif path[1] == "step":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
                wait_for("/" + "/".join(path[2:]))
                self.wfile.write(b"3\r\ntwo\r\n0\r\n\r\n")
            elif path[1] == "drip":
                for byte in bytes.fromhex(path[2]):
                    self.wfile.write(bytes([byte]))
            elif path[1] == "reset":
                self.wfile.write(bytes.fromhex(path[2]))
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.request.close()
                return
            elif path[1] == "deaf":
                wait_for("/" + "/".join(path[2:]))
                length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                n = str(len(self.rfile.read(length))).encode()
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(n), n))
            elif path[1] == "silent":
                self.rfile.readline()
                return
            served += 1


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def finish_request(self, request, address):
        try:
            if self.context:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, address)
        except (ssl.SSLError, OSError):
            pass


def main():
    address, port, record, *pair = sys.argv[1:]
    Server.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = Server((address, int(port)), Handler)
    server.record = record
    server.context = None
    if pair:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(*pair[:2])
        if pair[2:]:
            server.context.verify_mode = ssl.CERT_REQUIRED
            server.context.load_verify_locations(pair[2])
        if pair[3:]:
            server.context.maximum_version = ssl.TLSVersion["TLSv" + pair[3].replace(".", "_")]
    print("listening", flush=True)
    threading.Thread(target=server.serve_forever).start()


main()
