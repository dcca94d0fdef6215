"""An agent that speaks HTTP/2 by hand: h2_client.py CA SCENE HOST [ADDRESS] [SECRET]; prints what came of it.

Scenes are the functions below; those of section "frames" send what no honest client does.
"""
import json
import re
import socket
import ssl
import struct
import sys
import time

import h2.config
import h2.connection
import h2.events
import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, END_HEADERS = 1, 4
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)


def dial(ca, host, address):
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["h2"])
    s = context.wrap_socket(socket.create_connection((address, 443), timeout=60), server_hostname=host)
    assert s.selected_alpn_protocol() == "h2", s.selected_alpn_protocol()
    return s


class Client:
    """Many streams of one connection; lenient about what it sends."""

    def __init__(self, sock):
        self.sock = sock
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="latin-1"))
        self.h2.initiate_connection()
        self.answers, self.open = {}, set()
        self.flush()

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def ask(self, headers, body=None, trailers=None):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers, end_stream=body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=not trailers)
        if trailers:
            self.h2.send_headers(stream, trailers, end_stream=True)
        self.open.add(stream)
        self.answers[stream] = {"status": None, "body": b"", "trailers": {}}
        self.flush()
        return stream

    def settle(self):
        while self.open:
            data = self.sock.recv(65536)
            if not data:
                break
            for e in self.h2.receive_data(data):
                self.take(e)
            self.flush()
        return self.answers

    def take(self, e):
        a = self.answers.get(getattr(e, "stream_id", None))
        if isinstance(e, h2.events.ResponseReceived):
            a["status"] = int(dict(e.headers)[":status"])
        elif isinstance(e, h2.events.DataReceived):
            a["body"] += e.data
            self.h2.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
        elif isinstance(e, h2.events.TrailersReceived):
            a["trailers"] = dict(e.headers)
        elif isinstance(e, h2.events.StreamReset):
            a["status"] = a["status"] or f"reset {e.error_code}"
        if isinstance(e, (h2.events.StreamEnded, h2.events.StreamReset)):
            self.open.discard(e.stream_id)


def head(host, path="/", method="GET", *more):
    return [(":method", method), (":scheme", "https"), (":authority", host), (":path", path), *more]


def parallel(sock, host):
    c = Client(sock)
    for n in range(100):
        c.ask(head(host, f"/parallel-{n}"))
    got = c.settle()
    print(sum(a["status"] == 200 and f"/parallel-{n}\"".encode() in a["body"] for n, a in enumerate(got.values())))


def trailers(sock, host, *secret):
    c = Client(sock)
    c.ask(head(host, "/trailers", "POST"), b"a body",
          [("x-sum", secret[0] if secret else "7"), ("authorization", "Bearer of-the-agent")])
    a = list(c.settle().values())[0]
    print(a["status"], a["trailers"].get("x-sum"), a["trailers"].get("set-cookie"))


def trailer_names(sock, host, secret):
    c = Client(sock)
    pieces = [secret[at:at + 8].lower() for at in range(0, len(secret), 8)]
    c.ask(head(host, "/trailers", "POST"), b"a body", [(f"x-{piece}", "1") for piece in pieces])
    print(list(c.settle().values())[0]["status"])


def one(sock, host, headers):
    c = Client(sock)
    c.ask(headers)
    a = list(c.settle().values())[0]
    print(a["status"], a["body"].decode("latin-1").splitlines()[0] if a["body"] else "")


def other_authority(sock, host):
    one(sock, host, head("plain." + host))


def other_host(sock, host):
    one(sock, host, head(host, "/", "GET", ("host", "plain." + host)))


def upper_case(sock, host):
    one(sock, host, head(host, "/", "GET", ("X-Upper", "y")))


def of_connection(sock, host):
    one(sock, host, head(host, "/", "GET", ("connection", "close")))


def chunked(sock, host):
    one(sock, host, head(host, "/", "POST", ("transfer-encoding", "chunked")))


def split_value(sock, host):
    one(sock, host, head(host, "/", "GET", ("x-note", "a\r\nx-other: b")))


def blank_path(sock, host):
    one(sock, host, head(host, "/a b"))


def two_paths(sock, host):
    one(sock, host, head(host, "/", "GET", (":path", "/b")))


def other_scheme(sock, host):
    one(sock, host, [(k, "http" if k == ":scheme" else v) for k, v in head(host)])


def tunnel(sock, host):
    one(sock, host, [(":method", "CONNECT"), (":authority", host + ":443")])


def too_many(sock, host):
    one(sock, host, head(host, "/", "GET", *[(f"x-{n}", "y") for n in range(200)]))


def unfinished(sock, host):
    """Of a request that was refused nothing more comes, not even its end."""
    c = Client(sock)
    stream = c.h2.get_next_available_stream_id()
    c.h2.send_headers(stream, head("plain." + host, "/", "POST"))
    c.flush()
    status = None
    while True:
        for e in c.h2.receive_data(sock.recv(65536)):
            if isinstance(e, h2.events.ResponseReceived):
                status = int(dict(e.headers)[":status"])
            if isinstance(e, h2.events.StreamReset):
                print(status, "reset", int(e.error_code))
                return
        c.flush()


def wrong_length(sock, host):
    c = Client(sock)
    c.ask(head(host, "/short", "POST", ("content-length", "4")), b"hello")
    print(list(c.settle().values())[0]["status"])


# ---- frames

def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def flood(sock, frames):
    """How the connection ended, when they were sent until it did."""
    try:
        sock.sendall(PREFACE + frame(SETTINGS, 0, 0))
        for some in frames:
            sock.sendall(some)
    except (OSError, ssl.SSLError):
        pass
    data, code = b"", "no GOAWAY"
    try:
        while got := sock.recv(65536):
            data += got
    except (OSError, ssl.SSLError):
        pass
    while len(data) >= 9:
        n = int.from_bytes(data[:3], "big")
        if data[3] == GOAWAY:
            code = int.from_bytes(data[13:17], "big")
        data = data[9 + n:]
    print("GOAWAY", code)


def block(host):
    return hpack.Encoder().encode(head(host))


def resets(sock, host):
    b = block(host)
    flood(sock, (frame(HEADERS, END_STREAM | END_HEADERS, n, b) + frame(RST_STREAM, 0, n, bytes([0, 0, 0, 8]))
                 for n in range(1, 20000, 2)))


def continuations(sock, host):
    flood(sock, [frame(HEADERS, END_STREAM, 1, block(host))] + [frame(CONTINUATION, 0, 1, b"\0\1x\1y")] * 20000)


def pings(sock, host):
    flood(sock, [frame(PING, 0, 0, b"12345678")] * 20000)


def settings(sock, host):
    flood(sock, [frame(SETTINGS, 0, 0)] * 20000)


def bomb(sock, host):
    e = hpack.Encoder()
    first = e.encode(head(host, "/", "GET", ("x", "v" * 4000)))
    second = block(host) + b"\xbe" * 16000
    flood(sock, [frame(HEADERS, END_STREAM | END_HEADERS, 1, first)] +
          [frame(HEADERS, END_STREAM | END_HEADERS, n, second) for n in range(3, 200, 2)])


def slow_bodies(ca, host, word, *hosts):
    """5000 requests whose bodies pause, before or behind a word: how some must be refused, and are; what the other
    hosts are told meanwhile by HTTP/1."""
    wanted = "busy" if word else "refused stream"
    data = word.encode()
    post = hpack.Encoder().encode(head(host, "/up", "POST"))
    socks, told = [], set()
    for _ in range(50):
        socks.append(dial(ca, host, host))
        socks[-1].sendall(PREFACE + frame(SETTINGS, 0, 0) + b"".join(
            frame(HEADERS, END_HEADERS, n, post) + (frame(DATA, 0, n, data) if data else b"") for n in range(1, 200, 2)))
        socks[-1].settimeout(0.02)
    until = time.monotonic() + 60
    while wanted not in told and time.monotonic() < until:
        for sock in socks:
            try:
                got = sock.recv(65536)
            except TimeoutError:
                continue
            if re.search(rb"\x00\x00\x04\x03\x00....\x00\x00\x00\x07", got, re.DOTALL):
                told.add("refused stream")
            if b"too many" in got:
                told.add("busy")
    print(wanted if wanted in told else sorted(told), *(by_http1(ca, h) for h in hosts))


def by_http1(ca, host):
    """What a request of HTTP/1 is told meanwhile: status, error, and whether an id comes with it."""
    s = ssl.create_default_context(cafile=ca).wrap_socket(
        socket.create_connection((host, 443), timeout=60), server_hostname=host)
    s.sendall(f"GET /a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = b"".join(iter(lambda: s.recv(65536), b"")).partition(b"\r\n\r\n")
    said = json.loads(body)
    return head.split(b" ")[1].decode(), said["error"], said["reason"], len(said["id"])


# ---- gRPC, in both directions at once

def talk(ca, host, *secret):
    import grpc
    import queue
    with open(ca, "rb") as f:
        credentials = grpc.ssl_channel_credentials(f.read())
    said, heard = queue.Queue(), []
    with grpc.secure_channel(f"{host}:443", credentials) as channel:
        call = channel.stream_stream("/test.Echo/Talk")(iter(said.get, None), timeout=60)
        try:
            for word in (b"one", b"two", *(s.encode() for s in secret), None):
                said.put(word)
                if word is not None:
                    heard.append(next(call).decode())
            print(" ".join(heard), call.code().name)
        except grpc.RpcError as e:
            said.put(None)
            print(" ".join(heard), e.code().name, e.details().splitlines()[0])


def main():
    ca, scene, host, *rest = sys.argv[1:]
    if scene in ("talk", "slow_bodies"):
        globals()[scene](ca, host, *rest)
    else:
        globals()[scene](dial(ca, host, host), host, *rest)


main()
