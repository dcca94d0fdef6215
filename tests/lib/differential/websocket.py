"""Hostile frames of WebSocket: websocket.py PROXY HOST ORIGIN-ADDRESS SEED AMOUNT

An origin that takes frames as they come must have heard, of each connection, no other and no more messages than python's
wsproto, which is strict, reads in the agent's own bytes.
"""
import base64
import hashlib
import itertools
import os
import random
import re
import socket
import struct
import sys
import threading

import corpus
import origin
import wsproto
import wsproto.connection
import wsproto.events
import wsproto.utilities

REQUEST = (b"GET %bHTTP/1.1\r\nHost: %b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, form=None, length=None):
    """form: bytes of an extended length, where it is not the shortest; length: what is said, where that is a lie."""
    n = len(payload) if length is None else length
    form = (0 if n < 126 else 2 if n < 65536 else 8) if form is None else form
    out = bytes([fin << 7 | rsv << 4 | opcode, masked << 7 | (n if form == 0 else 126 if form == 2 else 127)])
    out += struct.pack(">H", n) if form == 2 else struct.pack(">Q", n) if form == 8 else b""
    if not masked:
        return out + payload
    key = b"\x11\x22\x33\x44"
    return out + key + bytes(c ^ key[i % 4] for i, c in enumerate(payload))


GOODBYE = frame(CLOSE, b"\x03\xe8")
FIXED = [
    frame(TEXT, b"one"), frame(TEXT, b"one") + frame(TEXT, b"two"), frame(BINARY, b"\0\xff"), frame(TEXT),
    frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b"), frame(TEXT, b"a", fin=False) + frame(PING, b"x") + frame(CONTINUATION, b"b"),
    frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), frame(CONTINUATION, b"b"), frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"", fin=False) + frame(CONTINUATION, b"c"),
    frame(PING, b"x", fin=False), frame(PING, b"x" * 126), frame(PONG, b"unasked"), frame(3, b"x"), frame(11, b"x"), frame(15, b"x"),
    frame(TEXT, b"x", rsv=4), frame(TEXT, b"x", rsv=2), frame(TEXT, b"x", rsv=1), frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b", rsv=4),
    frame(TEXT, b"x", masked=False), frame(TEXT, b"one") + frame(TEXT, b"x", masked=False), frame(TEXT, b"x", form=2), frame(TEXT, b"x", form=8),
    frame(TEXT, b"x" * 126), frame(TEXT, b"x" * 70000), frame(TEXT, b"x" * 126, form=8), frame(TEXT, b"x", length=1 << 63), frame(TEXT, b"x", length=1 << 40),
    frame(TEXT, b"\xff"), frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"\xa9"), frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"x"),
    frame(TEXT, b"\xed\xa0\x80"), frame(TEXT, b"\xc0\xae"), frame(TEXT, b"\xf4\x90\x80\x80"), frame(CLOSE, b"\x03"), frame(CLOSE, b"\x03\xed"), frame(CLOSE),
    frame(CLOSE, b"\x03\xe8\xff"), frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"late"), frame(TEXT, b"a", fin=False) + frame(CLOSE) + frame(CONTINUATION, b"b"),
]


def some_frames(chance):
    out = b""
    for _ in range(chance.randint(1, 5)):
        odd = chance.random() < 0.15
        opcode = chance.randrange(16) if odd else chance.choice((TEXT, TEXT, BINARY, CONTINUATION, PING, PONG))
        payload = bytes(chance.choice(b"ab\xc3\xa9") for _ in range(chance.choice((0, 1, 3, 130)))) if odd else b"ab" * chance.randrange(70)
        out += frame(opcode, payload, fin=chance.random() < 0.7, rsv=chance.randrange(8) if chance.random() < 0.1 else 0,
                     masked=chance.random() > 0.05, form=chance.choice((2, 8)) if chance.random() < 0.1 else None)
    if chance.random() < 0.2:
        at = chance.randrange(len(out))
        out = out[:at] + bytes([chance.randrange(256)]) + out[at + 1:]
    return out


def read_by_wsproto(data):
    """The messages in it, as far as it is right."""
    ws = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    ws.receive_data(REQUEST % (b"/ ", b"h"))
    list(ws.events())
    ws.send(wsproto.events.AcceptConnection())
    messages, parts = [], b""
    try:
        ws.receive_data(data)
        for e in ws.events():
            if isinstance(e, wsproto.events.Message):
                parts += e.data.encode() if isinstance(e.data, str) else bytes(e.data)
                if e.message_finished:
                    messages.append(parts.decode("latin-1"))
                    parts = b""
            elif isinstance(e, wsproto.events.CloseConnection):
                break
    except wsproto.utilities.RemoteProtocolError:
        pass
    return messages


def converse(proxy, host, path, data):
    with socket.create_connection((proxy, 9099), 60) as s:
        s.sendall(REQUEST % (b"http://%b%b " % (host, path), host))
        head = b""
        while b"\r\n\r\n" not in head:
            piece = s.recv(4096)
            if not piece:
                raise SystemExit(f"no WebSocket: {head!r}")
            head += piece
        if not head.startswith(b"HTTP/1.1 101 "):
            raise SystemExit(f"no WebSocket: {head!r}")
        try:
            s.sendall(data + GOODBYE)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except OSError:
            pass


class Lenient:
    """Neither UTF-8 nor a bit matters to it: what ends with FIN is a message, whatever it began with."""

    def __init__(self, address):
        self.listener, self.heard = socket.create_server((address, 80), backlog=64), {}
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        with s, s.makefile("rb") as reader:
            s.settimeout(60)
            try:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += reader.readline() or b"\r\n\r\n"
                key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)[1]
                accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
                s.sendall(b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n" % accept)
                self.listen(reader, self.heard.setdefault(head.split(b" ")[1].decode(), []))
                s.sendall(frame(CLOSE, b"\x03\xe8", masked=False))
            except (OSError, struct.error, IndexError):
                pass

    def listen(self, reader, messages):
        message = b""
        while True:
            first, second = reader.read(1)[0], reader.read(1)[0]
            length = second & 127
            if length >= 126:
                length, = struct.unpack(">H" if length == 126 else ">Q", reader.read(2 if length == 126 else 8))
            key = reader.read(4) if second & 128 else bytes(4)
            payload = reader.read(length)
            if len(payload) < length or first & 15 == CLOSE:
                return
            if first & 8:
                continue
            message += bytes(c ^ key[i % 4] for i, c in enumerate(payload))
            if first & 128:
                messages.append(message.decode("latin-1"))
                message = b""


def main():
    proxy, host, address, seed, amount = sys.argv[1:]
    origin.enter_network("internet")
    server = Lenient(address)
    origin.enter_network("agent")
    chance, meant, wrong = random.Random(int(seed)), {}, 0
    for data in itertools.chain(FIXED, (some_frames(chance) for _ in corpus.rounds(amount))):
        path = f"/socket/{len(meant)}"
        meant[path] = (data, read_by_wsproto(data + GOODBYE))
        converse(proxy, host.encode(), path.encode(), data)
    for path, messages in dict(server.heard).items():
        data, read = meant[path]
        if messages != read[:len(messages)]:
            wrong += 1
            print(f"{data!r}\n    the origin heard {messages}\n    wsproto reads {read}")
    count = sum(len(m) for m in server.heard.values())
    print(f"figure: {len(meant)} connections of WebSocket (seed {seed}): {count} messages passed on, {wrong} read in two ways")
    sys.stdout.flush()
    os._exit(1 if wrong or not count else 0)


main()
