"""An upstream that speaks HTTP/2 as none should: h2_upstream.py CERT KEY ADDRESS PORT

Paths: /ok answers; /reset breaks off with CANCEL; /refused is not processed on the connection's first try, /goaway
neither, with a GOAWAY; /first refuses even that of a new connection, once; /old wants HTTP/1.1 by RST_STREAM, /older by GOAWAY;
/always refuses each; /short says more than comes, /long less; /upper, /crlf, /pseudo, /interims, /switch have heads that are none;
/bomb has one that never ends; /call?N is a call of gRPC that says the credential again, N bytes a message,
with ?N,trailer the last ones in a trailer; /headless and /within end within a frame, /flags and /packed have flags; /pings floods; /push pushes. A line for each request is written: CONNECTION PATH.
"""
import socket
import ssl
import struct
import sys
import threading

import hpack

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
tried = set()


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Connection:
    def __init__(self, sock, number):
        self.sock, self.number = sock, number
        self.decoder, self.encoder = hpack.Decoder(), hpack.Encoder()

    def send(self, *frames):
        self.sock.sendall(b"".join(frames))

    def head(self, stream, fields, flags=END_HEADERS):
        return frame(HEADERS, flags, stream, self.encoder.encode(fields))

    def read(self, n):
        data = b""
        while len(data) < n:
            got = self.sock.recv(n - len(data))
            if not got:
                raise EOFError
            data += got
        return data

    def serve(self):
        self.read(24)
        self.send(frame(SETTINGS, 0, 0))
        while True:
            head = self.read(9)
            payload = self.read(int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & 1:
                self.send(frame(SETTINGS, 1, 0))
            elif kind == HEADERS:
                self.fields, self.ended = dict(self.decoder.decode(payload)), flags & END_STREAM
                self.path, _, self.query = self.fields[":path"].partition("?")
                path = self.fields[":path"]
                print(self.number, path, flush=True)
                getattr(self, "do_" + self.path.strip("/"))(stream)

    def do_ok(self, stream, status="200"):
        self.send(self.head(stream, [(":status", status), ("content-length", "2")]),
                  frame(DATA, END_STREAM, stream, b"ok"))

    def do_reset(self, stream):
        self.send(self.head(stream, [(":status", "200")]), frame(DATA, 0, stream, b"so far"))
        self.heard()
        self.send(frame(RST_STREAM, 0, stream, bytes([0, 0, 0, 8])))

    def heard(self):
        """Waits until what was sent has been read, and a round more."""
        for _ in range(2):
            self.send(frame(PING, 0, 0, b"12345678"))
            while self.skip() != PING:
                pass

    def skip(self):
        head = self.read(9)
        self.read(int.from_bytes(head[:3], "big"))
        return head[3]

    def do_refused(self, stream):
        if "refused" in tried:
            self.do_ok(stream)
            return
        tried.add("refused")
        self.send(frame(RST_STREAM, 0, stream, bytes([0, 0, 0, 7])))

    def do_first(self, stream):
        if "first" in tried:
            self.do_ok(stream)
            return
        tried.add("first")
        self.do_always(stream)

    def do_always(self, stream):
        self.send(frame(RST_STREAM, 0, stream, bytes([0, 0, 0, 7])))

    def do_old(self, stream):
        self.send(frame(RST_STREAM, 0, stream, bytes([0, 0, 0, 13])))

    def do_older(self, stream):
        self.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream - 2 if stream > 1 else 0, 13)))
        raise EOFError

    def do_goaway(self, stream):
        if "goaway" in tried:
            self.do_ok(stream)
            return
        tried.add("goaway")
        self.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream - 2, 0)))
        raise EOFError

    def do_short(self, stream):
        self.send(self.head(stream, [(":status", "200"), ("content-length", "9")]),
                  frame(DATA, END_STREAM, stream, b"ok"))

    def do_long(self, stream):
        self.send(self.head(stream, [(":status", "200"), ("content-length", "1")]),
                  frame(DATA, END_STREAM, stream, b"okay"))

    def do_upper(self, stream):
        self.send(self.head(stream, [(":status", "200"), ("X-Upper", "y")], END_HEADERS | END_STREAM))

    def do_crlf(self, stream):
        self.send(self.head(stream, [(":status", "200"), ("x", "y\r\nset-cookie: a=b")], END_HEADERS | END_STREAM))

    def do_pseudo(self, stream):
        self.send(self.head(stream, [(":status", "200"), (":path", "/")], END_HEADERS | END_STREAM))

    def do_switch(self, stream):
        self.send(self.head(stream, [(":status", "101")]))

    def do_interims(self, stream):
        self.send(*(self.head(stream, [(":status", "103")]) for _ in range(50)))

    def do_bomb(self, stream):
        self.send(self.head(stream, [(":status", "200"), ("x", "v" * 4000)]),
                  *(frame(HEADERS, END_HEADERS, stream, b"\xbe" * 16000) for _ in range(100)))

    def do_call(self, stream):
        n, _, trailer = self.query.partition(",")
        said = self.fields["authorization"].split(" ")[-1].encode()
        pieces = [said[at:at + int(n)] for at in range(0, len(said), int(n))]
        last = [("x-last", pieces.pop())] if trailer else []
        self.call(stream, b"".join(struct.pack(">BI", 0, len(p)) + p for p in pieces), last)

    def is_whole(self):
        """The request's body, however it is sent; false: it was taken back."""
        while not self.ended:
            head = self.read(9)
            self.read(int.from_bytes(head[:3], "big"))
            if head[3] == SETTINGS and not head[4] & 1:
                self.send(frame(SETTINGS, 1, 0))
            if head[3] == RST_STREAM:
                return False
            self.ended = head[3] in (DATA, HEADERS) and head[4] & END_STREAM
        return True

    def call(self, stream, data, trailers=()):
        if not self.is_whole():
            return
        self.send(self.head(stream, [(":status", "200"), ("content-type", "application/grpc")]),
                  frame(DATA, 0, stream, data),
                  self.head(stream, [("grpc-status", "0"), *trailers], END_HEADERS | END_STREAM))

    def do_headless(self, stream):
        self.call(stream, b"\0\0\0\0\1a\0\0\0")

    def do_within(self, stream):
        self.call(stream, b"\0\0\0\0\5a")

    def do_flags(self, stream):
        self.call(stream, b"k\0\0\0\1a")

    def do_packed(self, stream):
        self.call(stream, b"\1\0\0\0\1a")

    def do_pings(self, stream):
        self.send(*[frame(PING, 0, 0, b"12345678")] * 20000)

    def do_push(self, stream):
        self.send(frame(PUSH, END_HEADERS, stream, struct.pack(">I", 2) + self.encoder.encode(
            [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")])))


def serve_http1(tls, number):
    """Each request is answered with its body."""
    f = tls.makefile("rb")
    while line := f.readline():
        length = 0
        while (field := f.readline().strip()):
            if field.lower().startswith(b"content-length:"):
                length = int(field.split(b":")[1])
        print(number, line.decode().split(" ")[1], "HTTP/1.1", flush=True)
        body = f.read(length)
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def serve_http2(tls, number):
    try:
        Connection(tls, number).serve()
    except EOFError:
        # A close with input that is unread is a reset, and takes back what still waits to be sent.
        tls.shutdown(socket.SHUT_WR)
        while tls.recv(65536):
            pass


def serve(sock, number, context):
    try:
        with context.wrap_socket(sock, server_side=True) as tls:
            if tls.selected_alpn_protocol() == "h2":
                serve_http2(tls, number)
            else:
                serve_http1(tls, number)
    except (OSError, ssl.SSLError):
        pass


def main(cert, key, address, port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    listener = socket.create_server((address, int(port)))
    print("listening", flush=True)
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        threading.Thread(target=serve, args=(sock, number, context), daemon=True).start()


main(*sys.argv[1:])
