"""A git forge over HTTPS, for tests: `git http-backend` behind basic authentication.

    python3 gate-https-server.py DIR [ADDRESS]

DIR holds: upstreams/NAME.git; token and user (who may come in); key.pem and certificates for it. Listens on
ADDRESS (127.0.0.1 and ::1): 8443 with git.pem, 8444 with other.pem, 8446 with system.pem, as far as these are there; 8445
without TLS; 8447 without a word. Every request is a line in DIR/requests: PORT METHOD PATH, "with" or "without"
credentials. By the path's first part:

    public/     no credentials wanted
    forbidden/  403 for everybody
    moved/      302 to other.test
    slow/       as usual, once DIR/go is there; DIR/held tells that somebody waits
    silent/     nothing is ever answered
    dumb/       302 only of a pack's request: the first answer is git.test's own
    echo/       403, with the credentials that came, in plain text
"""
import base64
import gzip
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DIR, ADDRESS = sys.argv[1], (sys.argv[2:] or ["127.0.0.1"])[0]
LOG = open(f"{DIR}/requests", "a", buffering=1)


def expected():
    pair = open(f"{DIR}/user").read().strip() + ":" + open(f"{DIR}/token").read().strip()
    return "Basic " + base64.b64encode(pair.encode()).decode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def plain(self, status, text=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        out = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            out += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return out

    def wait(self, what):
        open(f"{DIR}/held", "w").close()
        while what == "silent" or not os.path.exists(f"{DIR}/go"):
            time.sleep(0.02)

    def backend(self, path, query, body):
        env = {"GIT_PROJECT_ROOT": f"{DIR}/upstreams", "GIT_HTTP_EXPORT_ALL": "1", "PATH": os.environ["PATH"],
               "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
               "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
               "REMOTE_USER": "tester", "REMOTE_ADDR": "127.0.0.1", "HOME": "/nonexistent",
               "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
               "GIT_CONFIG_KEY_1": "http.receivepack", "GIT_CONFIG_VALUE_1": "true"}
        if self.headers.get("Git-Protocol"):
            env["GIT_PROTOCOL"] = self.headers["Git-Protocol"]
        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in lines if name == "Status"), 200)
        self.send_response(status)
        for name, value in lines:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)

    def do_GET(self):
        url = urlsplit(self.path)
        auth, port = self.headers.get("Authorization"), self.server.server_port
        LOG.write(f"{port} {self.command} {self.path} {'with' if auth else 'without'}\n")
        body = self.body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        what = url.path.split("/")[1]
        path = url.path[len(what) + 1:] if what.isalpha() else url.path
        if what == "moved" or (what == "dumb" and self.command == "POST"):
            return self.plain(302, headers=[("Location", f"https://other.test:8444{path}?{url.query}")])
        if what == "silent":
            self.wait(what)
        if what == "forbidden":
            return self.plain(403, b"not for you\n")
        if what != "public" and auth != expected():
            return self.plain(401, headers=[("WWW-Authenticate", 'Basic realm="forge"')])
        if what == "echo":
            return self.plain(403, base64.b64decode(auth.split()[1]))
        if what == "slow":
            self.wait(what)
        if what == "public" and "receive-pack" in self.path:
            return self.plain(403, b"read only\n")
        return self.backend(path, url.query, body)

    do_POST = do_GET


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, port):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Handler)


def serve(address, port, cert):
    server = Server(address, port)
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{DIR}/{cert}", f"{DIR}/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


for number, name in ((8443, "git.pem"), (8444, "other.pem"), (8445, None), (8446, "system.pem")):
    if not name or os.path.exists(f"{DIR}/{name}"):
        serve(ADDRESS, number, name)
if ADDRESS == "127.0.0.1":
    serve("::1", 8443, "git.pem")
mute = socket.create_server((ADDRESS, 8447))
open(f"{DIR}/ready", "w").close()
threading.Event().wait()
