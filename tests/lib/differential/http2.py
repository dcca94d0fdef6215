"""Hostile heads of HTTP/2, sent to an upstream that speaks HTTP/1.1 only: http2.py DIR HOST ORIGIN-ADDRESS CA CERT KEY SEED AMOUNT

Of each request that passes, all views must read in the bytes that were sent exactly one request, and that one is what the
head and the body said; and python's h2 must not have refused the head.
"""
import os
import random
import socket
import ssl
import struct
import sys

import corpus
import h2.config
import h2.connection
import h2.events
import h2.exceptions
import hpack
import origin
import views

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def base(method=b"GET"):
    return [(b":method", method), (b":scheme", b"https"), (b":authority", b"@H"), (b":path", b"/@M/x")]


PLAIN = [(b"x", b"y")]
# Fields behind the pseudo-headers, and the body.
FIELDS = [
    ([], b""), (PLAIN, b""), ([(b"content-length", b"3")], b"abc"), ([(b"content-length", b"2")], b"abc"),
    ([(b"content-length", b"4")], b"abc"), ([(b"content-length", b"0")], b"abc"), ([(b"content-length", b"+3")], b"abc"),
    ([(b"content-length", b"3"), (b"content-length", b"3")], b"abc"), ([(b"content-length", b"3, 3")], b"abc"),
    ([(b"content-length", b"3")], b""), ([(b"content-length", b"18446744073709551619")], b"abc"), ([], b"abc"),
    ([], corpus.SECOND), ([], b"0\r\n\r\n" + corpus.SECOND), ([(b"transfer-encoding", b"chunked")], b"0\r\n\r\n" + corpus.SECOND),
    ([(b"Transfer-Encoding", b"chunked")], b"0\r\n\r\n"), ([(b"transfer-encoding", b"")], b"abc"), ([(b"te", b"chunked")], b"abc"),
    ([(b"te", b"trailers")], b"abc"), ([(b"connection", b"close")], b""), ([(b"connection", b"x")] + PLAIN, b""),
    ([(b"keep-alive", b"1")], b""), ([(b"proxy-connection", b"close")], b""), ([(b"upgrade", b"websocket")], b""),
    ([(b"upgrade", b"h2c")], b""), ([(b"host", b"@H")], b""), ([(b"host", b"other.example.net")], b""), ([(b"host", b"")], b""),
    ([(b"expect", b"100-continue")], b"abc"), ([(b"X", b"y")], b""), ([(b"", b"y")], b""), ([(b"x y", b"z")], b""),
    ([(b"x:", b"z")], b""), ([(b":x", b"z")], b""), ([(b"x: y\r\nz", b"a")], b""), ([(b"x\r\n\r\nGET /", b"y")], b""),
    ([(b"x", b"y\r\nz: a")], b""), ([(b"x", b"y\nz: a")], b""), ([(b"x", b"y\rz")], b""), ([(b"x", b"y\0z")], b""),
    ([(b"x", b" y")], b""), ([(b"x", b"y ")], b""), ([(b"x", b"\xe9")], b""), ([(b"\xe9", b"y")], b""), ([(b"x", b"")], b""),
    ([(b"x", b"y\r\n\r\n" + corpus.SECOND)], b""), ([(b"cookie", b"a=b"), (b"cookie", b"c=d")], b""), ([(b"x", b"\x7f")], b""),
    ([(b":path", b"/@M/other")], b""), ([(b":method", b"PUT")], b""), ([(b":status", b"200")], b""), ([(b":protocol", b"websocket")], b""),
    ([(b"content-type", b"a"), (b"content-type", b"b")], b"abc"), ([(b"content_length", b"1")], b"abc"), ([(b"x", b"y" * 9000)], b""),
]
PSEUDO = [
    (b":method", b""), (b":method", b"G T"), (b":method", b"GET /x HTTP/1.1\r\nX: y\r\n\r\nGET"), (b":method", b"get"),
    (b":method", b"CONNECT"), (b":method", b"TRACE"), (b":method", b"HEAD"), (b":method", b"OPTIONS"), (b":method", b"G\0T"),
    (b":scheme", b"http"), (b":scheme", b""), (b":scheme", b"HTTPS"), (b":scheme", b"https://x"), (b":scheme", b"ftp"),
    (b":path", b""), (b":path", b"*"), (b":path", b"x"), (b":path", b"/@M/x y"), (b":path", b"/@M/x HTTP/1.1\r\nX: y\r\n\r\n"),
    (b":path", b"/@M/x\r\nx: y"), (b":path", b"/@M/x\0"), (b":path", b"https://@H/@M/x"), (b":path", b"https://other.example.net/x"),
    (b":path", b"//other.example.net/@M"), (b":path", b"/@M#x"), (b":path", b"/@M?a b"), (b":path", b"?@M"), (b":path", b"/@M/\xe9"),
]


def heads():
    for n, (fields, body) in enumerate(FIELDS):
        yield f"fields {n}", base(b"POST" if body else b"GET") + fields, body
        yield f"fields {n} in front", fields + base(b"POST" if body else b"GET"), body
    for n, (name, value) in enumerate(PSEUDO):
        yield f"pseudo-header {n}", [(k, value if k == name else v) for k, v in base()], b""
        yield f"pseudo-header {n} and a body", [(k, value if k == name else v) for k, v in base(b"POST")], b"abc"
    for name in (b":method", b":scheme", b":authority", b":path"):
        yield f"without {name}", [f for f in base() if f[0] != name], b""
        yield f"twice {name}", base() + [f for f in base() if f[0] == name], b""
    yield "Host in place of :authority", [f for f in base() if f[0] != b":authority"] + [(b"host", b"@H")], b""
    for n, authority in enumerate(corpus.AUTHORITIES):
        yield f"authority {n}", [(k, authority if k == b":authority" else v) for k, v in base()], b""
    for n, path in enumerate(corpus.PATHS):
        yield f"path {n}", [(k, path if k == b":path" else v) for k, v in base()], b""


def mutated(chance, head, body):
    head = list(head)
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(head))
        name, value = head[at]
        kind = chance.randrange(5)
        if kind == 0:
            head.insert(chance.randrange(len(head) + 1), head[at])
        elif kind == 1:
            head[at] = (name, corpus.mutated(chance, value))
        elif kind == 2:
            head[at] = (corpus.mutated(chance, name), value)
        elif kind == 3:
            head.insert(chance.randrange(len(head) + 1), chance.choice(chance.choice(FIELDS)[0] or PLAIN))
        else:
            body = corpus.mutated(chance, body)
    return head, body


def refused_by_h2(head, body):
    """Why python's h2, as a server, takes no such head; None: it does."""
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
    server.initiate_connection()
    try:
        events = server.receive_data(request_frames(head, body))
    except (h2.exceptions.ProtocolError, UnicodeError) as e:
        return repr(e)
    refused = [e for e in events if isinstance(e, h2.events.StreamReset)]
    return repr(refused) if refused else None


def request_frames(head, body):
    block = hpack.Encoder().encode(head)
    out = PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS | (0 if body else END_STREAM), 1, block)
    return out + (frame(DATA, END_STREAM, 1, body) if body else b"")


class Run:
    def __init__(self, directory, host, server, ca):
        self.views, self.server, self.host = views.Views(directory), server, host.encode()
        self.context = ssl.create_default_context(cafile=ca)
        self.context.set_alpn_protocols(["h2"])
        self.inputs = self.passed = self.marks = 0
        self.wrong = []

    def ask(self, data):
        """The status of the answer; None: there was none."""
        with socket.create_connection((self.host.decode(), 443), 60) as plain, \
                self.context.wrap_socket(plain, server_hostname=self.host.decode()) as s:
            s.sendall(data)
            decoder, reader = hpack.Decoder(), s.makefile("rb")
            status = None
            try:
                while len(head := reader.read(9)) == 9:
                    kind, flags, stream = head[3], head[4], struct.unpack(">I", head[5:])[0]
                    payload = reader.read(int.from_bytes(head[:3], "big"))
                    if kind == HEADERS:
                        status = dict(decoder.decode(payload)).get(":status")
                    if kind in (RST_STREAM, GOAWAY) or (stream == 1 and kind in (HEADERS, DATA) and flags & END_STREAM):
                        break
            except OSError:
                pass
            return status

    def fill(self, text):
        return text.replace(b"@H", self.host).replace(b"@M", b"%d" % self.marks).replace(b"@U", b"http://" + self.host)

    def disagree(self, name, what, *more):
        self.wrong.append(name)
        print(f"{name}: {what}")
        for item in more:
            print(f"    {item!r}")

    def request(self, name, head, body):
        self.inputs += 1
        self.marks += 1
        head, body = [(self.fill(k), self.fill(v)) for k, v in head], self.fill(body)
        status = self.ask(request_frames(head, body))
        sent = b"".join(c.messages() for c in self.server.take())
        if not sent:
            return
        self.passed += 1
        if why := refused_by_h2(head, body):
            self.disagree(name, f"python's h2 refuses it: {why}", head, sent)
        fields = dict(reversed(head))
        host = fields.get(b":authority", fields.get(b"host", b""))
        meant = (fields[b":method"], views.plain_target(fields[b":method"], fields[b":path"]), views.plain_host(host.replace(b":443", b""), b""), body)
        for view, read in self.views.requests().items():
            try:
                seen = read(sent + views.SENTINEL)
            except views.Refused as e:
                if meant[0] in origin.METHODS:
                    self.disagree(name, f"{view} refuses what was sent ({e})", head, body, sent, status)
                continue
            if seen[:-1] != [meant] or seen[-1][1] != b"/sentinel":
                self.disagree(name, f"{view} reads something else", head, body, sent, seen)


def main():
    directory, host, address, ca, cert, key, seed, amount = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["http/1.1"])
    origin.enter_network("internet")
    server = origin.Origin(address, 443, context)
    origin.enter_network("agent")
    run = Run(directory, host, server, ca)
    for name, head, body in heads():
        run.request(name, head, body)
    fixed, chance, all_heads = run.inputs, random.Random(int(seed)), list(heads())
    for _ in corpus.rounds(amount):
        _, head, body = chance.choice(all_heads)
        run.request("a mutation", *mutated(chance, head, body))
    print(f"figure: {fixed} heads of HTTP/2 and {run.inputs - fixed} mutations (seed {seed}): {run.passed} passed on in "
          f"HTTP/1.1, {len(run.wrong)} read in two ways")
    sys.stdout.flush()
    os._exit(1 if run.wrong or not run.passed else 0)


main()
