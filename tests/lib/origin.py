"""Origins of the test world: CERT KEY RECORD ADDRESS…

On each address HTTPS at 443 and 8443 and HTTP at 80. Every request is a line of JSON in RECORD.
Paths: /echo answers what was received, /bytes/N answers N bytes, /redirect?URL sends there, /mirror answers the
body as it came, /drip/FILE its first line at once and the rest when FILE is there, anything else a greeting.
"""
import json
import os
import socketserver
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

record_lock = threading.Lock()


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def answer(self):
        body = self.read_body()
        seen = {
            "origin": self.server.server_address[0],
            "port": self.server.server_address[1],
            "method": self.command,
            "path": self.path,
            "host": self.headers.get("Host", ""),
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "body": body.decode("latin-1"),
        }
        with record_lock, open(self.server.record, "a") as f:
            f.write(json.dumps(seen) + "\n")
        if self.path.startswith("/drip/"):
            self.drip(body, self.path[len("/drip"):])
        else:
            self.send(seen, body)

    def drip(self, body, name):
        first, _, rest = body.partition(b"\n")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\n\r\n" % (len(first) + 1, first))
        until = time.monotonic() + 60
        while not os.path.exists(name) and time.monotonic() < until:
            time.sleep(0.01)
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))

    def read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            out = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                out += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return out
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(self, seen, received):
        status, extra, body = 200, {}, b"hello from the origin\n"
        if self.path.startswith("/echo"):
            body = json.dumps(seen).encode()
        elif self.path.startswith("/mirror"):
            body = received
            extra = {k: self.headers[k] for k in ("Content-Type", "Content-Encoding") if k in self.headers}
        elif self.path.startswith("/bytes/"):
            body = b"x" * int(self.path.split("/")[2])
        elif self.path.startswith("/redirect?"):
            status, extra, body = 302, {"Location": self.path.split("?", 1)[1]}, b""
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # Without HTTPServer's look-up of the address's name.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], (ssl.SSLError, OSError)):
            super().handle_error(request, address)


def serve(address, port, context, record):
    server = Server((address, port), Origin)
    server.record = record
    if context:
        # The handshake is done in the connection's thread, not in accept.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    cert, key, record, *addresses = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    for address in addresses:
        serve(address, 80, None, record)
        serve(address, 443, context, record)
        serve(address, 8443, context, record)
    print("listening", flush=True)
    threading.Event().wait()


main()
