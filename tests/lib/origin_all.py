"""An origin that speaks all protocols: CERT KEY RECORD FILES GIT ADDRESS GRPC-ADDRESS

On ADDRESS HTTPS at 443 (HTTP/2 and HTTP/1.1 by ALPN) and the same in plain at 80 (HTTP/2 with prior knowledge); on
GRPC-ADDRESS gRPC at 443. Every request is a line of JSON in RECORD: {protocol, tls, method, path, headers, body}, and so
is every message of a WebSocket (protocol "WebSocket").

Paths: /files/… a file below FILES, /git/… git's smart HTTP of the repositories below GIT, /events three
server-sent events, /socket a WebSocket that says what it hears, anything else answers what was received.
gRPC: /test.Echo/Say… answers its message, /test.Echo/Count… three of them, /test.Echo/Talk each as it comes.
/trailers has trailers behind its answer.
"""
import asyncio
import functools
import json
import mimetypes
import os
import ssl
import sys
from concurrent import futures
from urllib.parse import unquote

import grpc
import h11
import h2.config
import h2.connection
import h2.events
import h2.exceptions
import wsproto
import wsproto.events
import wsproto.extensions

CHUNK = 16384


class Request:
    def __init__(self, protocol, tls, method, path, headers, body=b""):
        self.protocol, self.tls = protocol, tls
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.trailers = {}

    def seen(self):
        return {"protocol": self.protocol, "tls": self.tls, "method": self.method, "path": self.path,
                "headers": self.headers, "body": self.body.decode("latin-1"), "trailers": self.trailers}


def record(seen):
    with open(RECORD, "a") as f:
        f.write(json.dumps(seen) + "\n")


# ---- what is answered: status, headers, and pieces of a body

async def whole(body):
    for at in range(0, len(body), CHUNK):
        yield body[at:at + CHUNK]


async def events():
    for n in (1, 2, 3):
        yield f"id: {n}\ndata: event {n}\n\n".encode()


def file_answer(path):
    name = os.path.normpath(os.path.join(FILES, path))
    if os.path.isdir(name):
        name = os.path.join(name, "index.html")
    if not name.startswith(FILES) or not os.path.isfile(name):
        return 404, {"content-length": "0"}, whole(b"")
    with open(name, "rb") as f:
        body = f.read()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return 200, {"content-type": kind, "content-length": str(len(body))}, whole(body)


async def git_answer(r, path):
    path, _, query = path.partition("?")
    env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": GIT, "GIT_HTTP_EXPORT_ALL": "1",
           "REQUEST_METHOD": r.method, "PATH_INFO": "/" + path, "QUERY_STRING": query,
           "CONTENT_TYPE": r.headers.get("content-type", ""),
           "HTTP_CONTENT_ENCODING": r.headers.get("content-encoding", ""),
           "GIT_PROTOCOL": r.headers.get("git-protocol", ""), "REMOTE_USER": "test", "HOME": "/nonexistent",
           "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    backend = await asyncio.create_subprocess_exec(
        "git", "http-backend", env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    out, _ = await backend.communicate(r.body)
    head, _, body = out.partition(b"\r\n\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head.decode().split("\r\n") if line)}
    status = int(headers.pop("status", "200 OK").split()[0])
    headers["content-length"] = str(len(body))
    return status, headers, whole(body)


def trailers_of(r):
    """What stands behind the answer's body: one that may, and one that must not."""
    return [("x-sum", "8"), ("set-cookie", "a=b")] if r.path.startswith("/trailers") else []


async def answer(r):
    record(r.seen())
    path = unquote(r.path)
    if path.startswith("/files/"):
        return file_answer(path[len("/files/"):].partition("?")[0])
    if path.startswith("/git/"):
        return await git_answer(r, path[len("/git/"):])
    if path.startswith("/events"):
        return 200, {"content-type": "text/event-stream", "cache-control": "no-store"}, events()
    body = json.dumps(dict(r.seen(), said="hello from the origin")).encode() + b"\n"
    length = {} if trailers_of(r) else {"content-length": str(len(body))}
    return 200, {"content-type": "application/json", **length}, whole(body)


# ---- HTTP/1.1, and WebSocket over it

class Http1:
    def __init__(self, reader, writer, tls):
        self.reader, self.writer, self.tls = reader, writer, tls
        self.parser = h11.Connection(h11.SERVER)

    async def event(self):
        while True:
            e = self.parser.next_event()
            if e is not h11.NEED_DATA:
                return e
            if self.parser.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.parser.receive_data(await self.reader.read(65536))

    async def send(self, event):
        self.writer.write(self.parser.send(event) or b"")
        await self.writer.drain()

    async def serve(self, first):
        self.parser.receive_data(first)
        while True:
            head = await self.event()
            if not isinstance(head, h11.Request):
                return
            headers = {k.decode(): v.decode("latin-1") for k, v in head.headers}
            r = Request(f"HTTP/{head.http_version.decode()}", self.tls, head.method.decode(),
                        head.target.decode("latin-1"), headers)
            if r.path.startswith("/socket") and headers.get("upgrade", "").lower() == "websocket":
                record(r.seen())
                await self.websocket(head)
                return
            while not isinstance(e := await self.event(), h11.EndOfMessage):
                r.body += bytes(e.data)
            r.trailers = {k.decode(): v.decode("latin-1") for k, v in e.headers}
            await self.respond(r)
            if self.parser.our_state is h11.MUST_CLOSE:
                return
            self.parser.start_next_cycle()

    async def respond(self, r):
        status, headers, pieces = await answer(r)
        await self.send(h11.Response(status_code=status, headers=list(headers.items())))
        async for piece in pieces:
            if r.method != "HEAD":
                await self.send(h11.Data(data=piece))
        await self.send(h11.EndOfMessage(headers=trailers_of(r)))

    async def websocket(self, head):
        ws = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        lines = b"".join(k + b": " + v + b"\r\n" for k, v in head.headers)
        ws.receive_data(b"GET " + head.target + b" HTTP/1.1\r\n" + lines + b"\r\n" + self.parser.trailing_data[0])
        text = b""
        while True:
            for e in ws.events():
                if isinstance(e, wsproto.events.Request):
                    known = [wsproto.extensions.PerMessageDeflate()] if e.extensions else []
                    out = ws.send(wsproto.events.AcceptConnection(extensions=known))
                elif isinstance(e, wsproto.events.Message):
                    text += e.data.encode() if isinstance(e.data, str) else bytes(e.data)
                    if not e.message_finished:
                        continue
                    record({"protocol": "WebSocket", "tls": self.tls, "method": "", "path": head.target.decode(),
                            "headers": {}, "body": text.decode("latin-1")})
                    out = ws.send(wsproto.events.Message(data="heard " + text.decode("latin-1")))
                    text = b""
                elif isinstance(e, (wsproto.events.Ping, wsproto.events.CloseConnection)):
                    out = ws.send(e.response())
                else:
                    continue
                self.writer.write(out)
            await self.writer.drain()
            if ws.state in (wsproto.connection.ConnectionState.CLOSED,
                            wsproto.connection.ConnectionState.REJECTING):
                return
            data = await self.reader.read(65536)
            if not data:
                return
            ws.receive_data(data)


# ---- HTTP/2

class Http2:
    def __init__(self, reader, writer, tls):
        self.reader, self.writer, self.tls = reader, writer, tls
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
        self.requests, self.tasks, self.room = {}, set(), asyncio.Event()

    def flush(self):
        self.writer.write(self.h2.data_to_send())

    async def serve(self, data):
        self.h2.initiate_connection()
        while data:
            for e in self.h2.receive_data(data):
                self.take(e)
            self.flush()
            await self.writer.drain()
            data = await self.reader.read(65536)

    def take(self, e):
        if isinstance(e, h2.events.RequestReceived):
            fields = dict(e.headers)
            plain = {k: v for k, v in fields.items() if not k.startswith(":")}
            plain.setdefault("host", fields.get(":authority", ""))
            self.requests[e.stream_id] = Request(
                "HTTP/2", self.tls, fields[":method"], fields.get(":path", ""), plain)
        elif isinstance(e, h2.events.DataReceived):
            self.requests[e.stream_id].body += e.data
            self.h2.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
        elif isinstance(e, h2.events.TrailersReceived):
            self.requests[e.stream_id].trailers = dict(e.headers)
        elif isinstance(e, h2.events.StreamEnded):
            task = asyncio.ensure_future(self.respond(e.stream_id))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        self.room.set()

    async def respond(self, stream):
        r = self.requests.pop(stream)
        try:
            status, headers, pieces = await answer(r)
            self.h2.send_headers(stream, [(":status", str(status)), *headers.items()])
            async for piece in pieces:
                if r.method != "HEAD":
                    await self.send(stream, piece)
            if trailers_of(r):
                self.h2.send_headers(stream, trailers_of(r), end_stream=True)
            else:
                self.h2.end_stream(stream)
            self.flush()
        except (h2.exceptions.ProtocolError, OSError):
            pass  # it was taken back, or its connection is gone

    async def send(self, stream, piece):
        while piece:
            n = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(piece))
            if n == 0:
                self.room.clear()
                await self.room.wait()
                continue
            self.h2.send_data(stream, piece[:n])
            piece = piece[n:]
            self.flush()
            await self.writer.drain()


async def connection(reader, writer):
    tls = writer.get_extra_info("ssl_object")
    try:
        first = await reader.read(65536)
        two = (tls and tls.selected_alpn_protocol() == "h2") or first.startswith(b"PRI * HTTP/2")
        if first:
            await (Http2 if two else Http1)(reader, writer, tls is not None).serve(first)
    except (OSError, h11.RemoteProtocolError, h2.exceptions.ProtocolError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


# ---- gRPC

class Echo(grpc.GenericRpcHandler):
    def service(self, call):
        if call.method.startswith("/test.Echo/Say"):
            return grpc.unary_unary_rpc_method_handler(functools.partial(self.say, call.method))
        if call.method.startswith("/test.Echo/Count"):
            return grpc.unary_stream_rpc_method_handler(functools.partial(self.count, call.method))
        if call.method.startswith("/test.Echo/Talk"):
            return grpc.stream_stream_rpc_method_handler(functools.partial(self.talk, call.method))
        return None

    def note(self, method, message, context):
        headers = {k: v for k, v in context.invocation_metadata() if isinstance(v, str)}
        record({"protocol": "gRPC", "tls": True, "method": "POST", "path": method, "headers": headers,
                "body": message.decode("latin-1")})
        context.set_trailing_metadata((("x-trailer", "came"),))

    def say(self, method, message, context):
        self.note(method, message, context)
        return b"heard " + message

    def talk(self, method, messages, context):
        for message in messages:
            record({"protocol": "gRPC", "tls": True, "method": "POST", "path": method, "headers": {},
                    "body": message.decode("latin-1")})
            yield b"heard " + message

    def count(self, method, message, context):
        self.note(method, message, context)
        for n in (b"1", b"2", b"3"):
            yield message + n


def serve_grpc(address, cert, key):
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Echo()])
    pair = tuple(open(name, "rb").read() for name in (key, cert))
    server.add_secure_port(f"{address}:443", grpc.ssl_server_credentials([pair]))
    server.start()
    return server


async def main(cert, key, address, grpc_address):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    await asyncio.start_server(connection, address, 443, ssl=context, backlog=128)
    await asyncio.start_server(connection, address, 80, backlog=128)
    server = serve_grpc(grpc_address, cert, key)
    print("listening", flush=True)
    await asyncio.Event().wait()
    server.stop(None)


CERT, KEY, RECORD, FILES, GIT, ADDRESS, GRPC_ADDRESS = sys.argv[1:]
asyncio.run(main(CERT, KEY, ADDRESS, GRPC_ADDRESS))
