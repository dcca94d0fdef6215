"""The proxy of a network: connect_proxy.py ADDRESS RECORD CREDENTIAL CERT KEY NAME=ADDRESS…

CONNECT for the names that it knows, with Basic CREDENTIAL (base64). 3128: plain; 3129: over TLS; 3130: closes
without an answer; 3131: says something before the tunnel's other end does. A name that it does not know is
403, and one with the address "-" 504. The head of each request is appended to RECORD.
"""
import socket
import socketserver
import ssl
import sys
import threading


def pump(a, b):
    try:
        while got := a.recv(65536):
            b.sendall(got)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Handler(socketserver.StreamRequestHandler):
    timeout = 60
    rbufsize = 0

    def head(self):
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            byte = self.request.recv(1)
            if not byte:
                return None
            got += byte
        with open(RECORD, "ab") as f:
            f.write(got)
        return got.decode()

    def say(self, line, more=""):
        self.request.sendall(f"HTTP/1.1 {line}\r\nX-Own: words of the proxy\r\n{more}\r\n".encode())

    def handle(self):
        port = self.server.server_address[1]
        head = self.head()
        if not head or port == 3130:
            return
        host, _, to = head.split(" ")[1].partition(":")
        if f"\r\nProxy-Authorization: Basic {CREDENTIAL}\r\n" not in head:
            return self.say("407 Who are you", "Proxy-Authenticate: Basic\r\n")
        if host not in NAMES:
            return self.say("403 Never")
        if NAMES[host] == "-":
            return self.say("504 Late")
        up = socket.create_connection((NAMES[host], int(to)), 60)
        self.say("200 Connection established", "" if port != 3131 else "\r\nhello")
        t = threading.Thread(target=pump, args=(up, self.request))
        t.start()
        pump(self.request, up)
        t.join()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    context = None

    def get_request(self):
        s, a = super().get_request()
        return (self.context.wrap_socket(s, server_side=True, do_handshake_on_connect=False), a) \
            if self.context else (s, a)

    def handle_error(self, request, address):
        pass


ADDRESS, RECORD, CREDENTIAL, CERT, KEY, *names = sys.argv[1:]
NAMES = dict(n.split("=") for n in names)
for p in (3128, 3129, 3130, 3131):
    server = Server((ADDRESS, p), Handler)
    if p == 3129:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(CERT, KEY)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
