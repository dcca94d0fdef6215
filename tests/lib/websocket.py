"""Both ends of a WebSocket, frame by frame, with nothing that would mend what is wrong.

	websocket.py origin ADDRESS CERT KEY SEEN	at 443 by TLS, at 80 in plain
	websocket.py agent URL [HEADER: VALUE]… -- OPERATION…

An origin writes what it receives into SEEN, a line of JSON each: {"path", "protocol", "headers"} for a handshake,
{"op", "text", "frames", "masked", "rsv"} for a message, {"end": REASON}. By its path it answers: /echo what it hears,
/headers at first the headers of the request, /pieces?N&OP its credential in OPs of N bytes, /do?OPERATION&OPERATION… these, then as /echo; ?status=N a status of HTTP.

An agent carries out its operations, then waits for the end, and prints what it hears: "text hello", "close 1008 why",
"binary BYTES SHA256" (and text of more than 200 bytes so), "status 403 BODY" where there is no WebSocket, "end".
$PROXY: the address of an HTTP proxy, "" for none; $CA: whom to trust; $H2: by HTTP/2 (RFC 8441).

Operations:	text:T binary:T ping:T pong:T close:CODE:T	one frame each
		begin:T (of a text) more:T last:T		fragments
		deflate:T (one message; the context goes on)	raw:HEX
		spaces:MIB (a binary message, in frames of 64 KiB)	one:MIB (… in one frame)
		hear:N (N messages)	leave (without a word)
		keep:S (for that many seconds pings, and each one's pong; then "kept")
"""
import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import zlib

if "H2" in os.environ:
    import h2.config
    import h2.connection
    import h2.events

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
KIB64 = 65536


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def read_head(f):
    line = f.readline().decode("latin-1").rstrip("\r\n")
    fields = []
    while True:
        field = f.readline().decode("latin-1").rstrip("\r\n")
        if not field:
            return line, fields
        name, _, value = field.partition(":")
        fields.append((name.lower(), value.strip()))


class Peer:
    def __init__(self, sock, f, masks):
        self.sock, self.f, self.masks = sock, f, masks
        self.deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.inflate = zlib.decompressobj(-15)
        self.message = None
        self.lock = threading.Lock()

    # ---- sending

    def frame(self, first, payload):
        n = len(payload)
        head = bytes([first])
        mask_bit = 0x80 if self.masks else 0
        if n < 126:
            head += bytes([mask_bit | n])
        elif n < 65536:
            head += bytes([mask_bit | 126]) + struct.pack(">H", n)
        else:
            head += bytes([mask_bit | 127]) + struct.pack(">Q", n)
        if self.masks:
            mask = os.urandom(4)
            head += mask
            pad = mask * (n // 4 + 1)
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(pad[:n], "big")).to_bytes(n, "big") if n else b""
        with self.lock:
            self.sock.sendall(head + payload)

    def big(self, mib, one):
        total = mib << 20
        if one:
            mask = os.urandom(4) if self.masks else b""
            with self.lock:
                self.sock.sendall(bytes([0x82, (0x80 if self.masks else 0) | 127]) + struct.pack(">Q", total) + mask)
                block = bytes(b ^ mask[i % 4] for i, b in enumerate(b" " * KIB64)) if self.masks else b" " * KIB64
                for _ in range(total // KIB64):
                    self.sock.sendall(block)
            return
        for n in range(total // KIB64):
            self.frame((2 if n == 0 else 0) | (0x80 if (n + 1) * KIB64 == total else 0), b" " * KIB64)

    def do(self, operation):
        name, _, text = operation.partition(":")
        data = text.encode("latin-1")
        whole = {"text": 0x81, "binary": 0x82, "ping": 0x89, "pong": 0x8a, "begin": 0x01, "more": 0x00, "last": 0x80}
        if name in whole:
            self.frame(whole[name], data)
        elif name == "close":
            code, _, reason = text.partition(":")
            self.frame(0x88, struct.pack(">H", int(code)) + reason.encode() if code else b"")
        elif name == "deflate":
            self.frame(0xc1, (self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH))[:-4])
        elif name == "raw":
            with self.lock:
                self.sock.sendall(bytes.fromhex(text))
        elif name == "leave":
            raise EOFError
        elif name in ("spaces", "one"):
            self.big(int(text), name == "one")
        else:
            raise ValueError(operation)

    # ---- hearing

    def exactly(self, n):
        data = self.f.read(n)
        if len(data) < n:
            raise EOFError
        return data

    def hear_frame(self):
        a, b = self.exactly(2)
        n = b & 127
        if n >= 126:
            n = int.from_bytes(self.exactly(2 if n == 126 else 8), "big")
        mask = self.exactly(4) if b & 128 else None
        payload = self.exactly(n)
        if mask and n:
            pad = mask * (n // 4 + 1)
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(pad[:n], "big")).to_bytes(n, "big")
        return a, bool(mask), payload

    def hear(self):
        """The next message or control frame: {op, data, frames, masked, rsv}."""
        while True:
            a, masked, payload = self.hear_frame()
            op = a & 15
            if op >= 8:
                return {"op": NAMES[op], "data": payload, "frames": 1, "masked": masked, "rsv": a >> 4 & 7}
            if op:
                self.message = {"op": NAMES[op], "data": bytearray(), "frames": 0, "rsv": a >> 4 & 7, "masked": masked}
            self.message["data"] += payload
            self.message["frames"] += 1
            if a & 0x80:
                m, self.message = self.message, None
                if m["rsv"] & 4:
                    m["data"] = self.inflate.decompress(bytes(m["data"]) + b"\0\0\xff\xff")
                m["data"] = bytes(m["data"])
                return m


def shown(data):
    if len(data) > 200:
        return f"{len(data)} {hashlib.sha256(data).hexdigest()[:16]}"
    return data.decode("utf-8", "replace")


# ---- the origin

class Origin:
    def __init__(self, seen):
        self.seen, self.lock = seen, threading.Lock()

    def record(self, **what):
        with self.lock, open(self.seen, "a") as f:
            f.write(json.dumps(what) + "\n")

    def serve(self, sock, context):
        try:
            if context:
                sock = context.wrap_socket(sock, server_side=True)
            self.talk(sock)
        except (OSError, EOFError, ssl.SSLError, ValueError) as e:
            self.record(end=type(e).__name__)
        finally:
            sock.close()

    def talk(self, sock):
        f = sock.makefile("rb")
        line, fields = read_head(f)
        if not line:
            return
        path, _, query = line.split(" ")[1].partition("?")
        headers = dict(fields)
        self.record(path=path, headers=fields, protocol=line.split(" ")[2])
        parameters = [urllib.parse.unquote(p) for p in query.split("&") if p]
        if "sec-websocket-key" not in headers or path == "/status":
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno\n")
            return
        self.shake(sock, headers, parameters)
        peer = Peer(sock, f, False)
        if path == "/headers":
            text = json.dumps(headers)
            half = text.find("authorization") + 40
            for op in ("text:" + text, "begin:" + text[:half], "last:" + text[half:], "ping:" + headers.get("authorization", "")[:100]):
                peer.do(op)
        if path == "/pieces":
            said, n = headers["authorization"].split(" ")[-1], int(parameters[0])
            for at in range(0, len(said), n):
                peer.do(parameters[1] + ":" + said[at:at + n])
        if path == "/do":
            for op in parameters:
                peer.do(op)
        self.echo(peer)

    @staticmethod
    def shake(sock, headers, parameters):
        answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        chosen = [p for p in parameters if p.startswith("answer=")]
        accept = accept_of(headers["sec-websocket-key"])
        parameters[:] = [p for p in parameters if not p.startswith("answer=")]
        if "answer=accept" in chosen:
            accept = accept_of("another")
        answer.append("Sec-WebSocket-Accept: " + accept)
        if "permessage-deflate" in headers.get("sec-websocket-extensions", "") or "answer=extension" in chosen:
            answer.append("Sec-WebSocket-Extensions: permessage-deflate")
        if "answer=protocol" in chosen:
            answer.append("Sec-WebSocket-Protocol: chosen")
        sock.sendall("\r\n".join(answer + ["", ""]).encode())

    def echo(self, peer):
        while True:
            m = peer.hear()
            self.record(op=m["op"], text=shown(m["data"][2:] if m["op"] == "close" else m["data"]), frames=m["frames"],
                        masked=m["masked"], rsv=m["rsv"])
            if m["op"] == "close":
                peer.frame(0x88, m["data"])
                return
            if m["op"] == "ping":
                peer.frame(0x8a, m["data"])
            elif m["op"] in ("text", "binary"):
                peer.frame(0x80 | (1 if m["op"] == "text" else 2), m["data"])


def listen(origin, address, port, context):
    server = socket.create_server((address, port), backlog=64)
    while True:
        sock, _ = server.accept()
        sock.settimeout(100)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=origin.serve, args=(sock, context), daemon=True).start()


def run_origin(address, cert, key, seen):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    origin = Origin(seen)
    threading.Thread(target=listen, args=(origin, address, 80, None), daemon=True).start()
    listen(origin, address, 443, context)


# ---- the agent

class Stream:
    """A WebSocket's bytes in DATA frames (RFC 8441), with a socket's way to send and a file's to read."""

    def __init__(self, sock):
        self.sock, self.data, self.status, self.fields, self.ended = sock, bytearray(), None, {}, False
        self.conn = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.conn.initiate_connection()
        self.flush()
        while not self.conn.remote_settings.enable_connect_protocol:
            self.turn()

    def open(self, url, headers):
        path = (url.path or "/") + ("?" + url.query if url.query else "")
        self.id = self.conn.get_next_available_stream_id()
        self.conn.send_headers(self.id, [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"),
                                         (":path", path), (":authority", url.netloc), ("sec-websocket-version", "13")] +
                               [tuple(h.lower().split(": ", 1)) for h in headers])
        self.flush()
        while self.status is None:
            self.turn()

    def flush(self):
        self.sock.sendall(self.conn.data_to_send())

    def turn(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        for e in self.conn.receive_data(data):
            if isinstance(e, h2.events.ResponseReceived):
                self.status, self.fields = dict(e.headers)[":status"], dict(e.headers)
            elif isinstance(e, h2.events.DataReceived):
                self.data += e.data
                self.conn.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
            elif isinstance(e, (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)):
                self.ended = True
        self.flush()

    def read(self, n):
        while len(self.data) < n and not self.ended:
            self.turn()
        got, self.data = bytes(self.data[:n]), self.data[n:]
        return got

    def sendall(self, data):
        while data and not self.ended:
            n = min(self.conn.local_flow_control_window(self.id), self.conn.max_outbound_frame_size, len(data))
            if n == 0:
                self.turn()
                continue
            self.conn.send_data(self.id, data[:n])
            data = data[n:]
            self.flush()


def connect(url):
    proxy = os.environ.get("PROXY", "")
    port = url.port or (443 if url.scheme == "wss" else 80)
    host, at = (proxy, 9099) if proxy else (url.hostname, port)
    sock = socket.create_connection((host, at), timeout=100)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if proxy and url.scheme == "wss":
        sock.sendall(f"CONNECT {url.hostname}:{port} HTTP/1.1\r\nHost: {url.hostname}:{port}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit("status " + head.split(b"\r\n")[0].decode())
    if url.scheme == "wss":
        context = ssl.create_default_context(cafile=os.environ["CA"])
        if "H2" in os.environ:
            context.set_alpn_protocols(["h2"])
        sock = context.wrap_socket(sock, server_hostname=url.hostname)
    return sock


def say(m):
    if m["op"] == "close":
        code = int.from_bytes(m["data"][:2], "big") if m["data"] else ""
        print("close", code, m["data"][2:].decode(), flush=True)
    elif m["op"] == "binary":
        print("binary", len(m["data"]), hashlib.sha256(m["data"]).hexdigest()[:16], flush=True)
    else:
        print(m["op"], shown(m["data"]), flush=True)


def shake_http2(stream, url, headers):
    stream.open(url, headers)
    if stream.status != "200" or "content-length" in stream.fields:
        print("status", stream.status, stream.read(1 << 20).decode().strip())
        raise SystemExit(0)
    print("open", stream.fields.get("sec-websocket-protocol", "-"), stream.fields.get("sec-websocket-extensions", "-"),
          flush=True)
    if "sec-websocket-accept" in stream.fields:
        raise SystemExit("a Sec-WebSocket-Accept in HTTP/2")


def shake(sock, f, url, headers):
    key = base64.b64encode(os.urandom(16)).decode()
    path = (url.path or "/") + ("?" + url.query if url.query else "")
    if os.environ.get("PROXY") and url.scheme == "ws":
        path = f"http://{url.netloc}{path}"
    lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}"]
    named = {h.split(":")[0].lower() for h in headers}
    for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", key),
                        ("Sec-WebSocket-Version", "13")):
        if name.lower() not in named:
            lines.append(f"{name}: {value}")
    sock.sendall("\r\n".join(lines + [h for h in headers if not h.endswith(": -")] + ["", ""]).encode())
    line, fields = read_head(f)
    answer = dict(fields)
    if " 101 " not in line:
        body = f.read(int(answer.get("content-length", 0))).decode()
        print("status", line.split(" ")[1], body.strip())
        raise SystemExit(0)
    if answer.get("sec-websocket-accept") != accept_of(key):
        raise SystemExit("the accept is not that of the key")
    print("open", answer.get("sec-websocket-protocol", "-"), answer.get("sec-websocket-extensions", "-"), flush=True)


def keep(peer, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        peer.do("ping:x")
        m = peer.hear()
        if m["op"] != "pong":
            say(m)
            return
        time.sleep(0.1)
    print("kept", flush=True)


def run_agent(arguments):
    url = urllib.parse.urlsplit(arguments[0])
    at = arguments.index("--")
    sock = connect(url)
    if "H2" in os.environ:
        sock = f = Stream(sock)
        shake_http2(f, url, arguments[1:at])
    else:
        f = sock.makefile("rb")
        shake(sock, f, url, arguments[1:at])
    peer = Peer(sock, f, True)
    try:
        for op in arguments[at + 1:]:
            if op.startswith("hear:"):
                for _ in range(int(op[5:])):
                    say(peer.hear())
            elif op.startswith("keep:"):
                keep(peer, int(op[5:]))
            else:
                try:
                    peer.do(op)
                except OSError:
                    pass  # what was said before may be why; it is heard below
        while True:
            m = peer.hear()
            say(m)
            if m["op"] == "close":
                try:
                    peer.frame(0x88, m["data"][:2])
                except OSError:
                    pass
    except (EOFError, OSError, ssl.SSLError):
        print("end", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "origin":
        run_origin(*sys.argv[2:])
    else:
        run_agent(sys.argv[2:])
