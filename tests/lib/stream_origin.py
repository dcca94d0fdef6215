"""An origin of streams, in HTTP/1.1: ADDRESS CERT KEY SEEN, at 443 by TLS, at 80 in plain

GET /say/KIND/ID	four parts, "part-1" to "part-4", each a line, a thing of its own; the next one is sent when
			GET /heard/ID/K said that the one before has arrived, or else (in a minute) it says "late".
			KIND: events, gzip (the same, coded), ndjson, json (one list), close (until the end of the
			connection), length (with Content-Length)
POST /talk/…		reads its body's chunks, and answers each at once with a line "heard …"

What it reads of bodies is added to SEEN.
"""
import socket
import ssl
import sys
import threading
import zlib

SEEN = None
heard = {}
news = threading.Condition()
TYPES = {"events": "text/event-stream", "gzip": "text/event-stream", "ndjson": "application/x-ndjson",
         "json": "application/json", "close": "text/plain", "length": "text/plain"}
PARTS = 4


def is_heard(ident, k):
    with news:
        return news.wait_for(lambda: heard.get(ident, 0) >= k, 60)


def text_of(kind, k):
    if kind in ("events", "gzip"):
        return f"id: {k}\ndata: part-{k}\n\n".encode()
    if kind == "ndjson":
        return f'{{"n": "part-{k}"}}\n'.encode()
    if kind == "json":
        return f'{"[" if k == 1 else ","}"part-{k}"{"]" if k == PARTS else ""}\n'.encode()
    return f"part-{k} of four\n".encode()


def say(sock, kind, ident):
    chunked = kind not in ("close", "length")
    pack = zlib.compressobj(9, zlib.DEFLATED, 31) if kind == "gzip" else None
    head = ["HTTP/1.1 200 OK", f"Content-Type: {TYPES[kind]}", "Cache-Control: no-store"]
    if chunked:
        head.append("Transfer-Encoding: chunked")
    else:
        head.append("Connection: close")
    if kind == "length":
        head.append(f"Content-Length: {PARTS * len(text_of(kind, 1))}")
    if pack:
        head.append("Content-Encoding: gzip")
    sock.sendall("\r\n".join(head + ["", ""]).encode())
    for k in range(1, PARTS + 1):
        late = k > 1 and not is_heard(ident, k - 1)
        data = text_of(kind, k) if not late else b"late\n"
        if pack:
            data = pack.compress(data) + pack.flush(zlib.Z_SYNC_FLUSH if k < PARTS else zlib.Z_FINISH)
        sock.sendall(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        if late:
            break
    if chunked:
        sock.sendall(b"0\r\n\r\n")
    return chunked


def read_chunk(f):
    size = int(f.readline().split(b";")[0], 16)
    data = f.read(size)
    f.readline()
    return data


def talk(sock, f):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        data = read_chunk(f)
        if not data:
            break
        with open(SEEN, "ab") as seen:
            seen.write(data)
        answer = b"heard " + data
        sock.sendall(b"%x\r\n%s\r\n" % (len(answer), answer))
    sock.sendall(b"0\r\n\r\n")


def serve_one(sock, f):
    line = f.readline().split()
    if len(line) < 3:
        return False
    while f.readline().strip():
        pass
    parts = line[1].decode().split("/")[1:]
    if parts[0] == "say":
        return say(sock, parts[1], parts[2])
    if parts[0] == "talk":
        talk(sock, f)
        return True
    if parts[0] == "heard":
        with news:
            heard[parts[1]] = int(parts[2])
            news.notify_all()
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return True


def serve(sock, context):
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            sock = context.wrap_socket(sock, server_side=True)
        with sock, sock.makefile("rb") as f:
            while serve_one(sock, f):
                pass
    except (OSError, ValueError):
        pass


def listen(address, port, context):
    server = socket.create_server((address, port), backlog=64)
    while True:
        sock, _ = server.accept()
        threading.Thread(target=serve, args=(sock, context), daemon=True).start()


def main(address, cert, key, seen):
    global SEEN
    SEEN = seen
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    threading.Thread(target=listen, args=(address, 80, None), daemon=True).start()
    listen(address, 443, context)


main(*sys.argv[1:])
