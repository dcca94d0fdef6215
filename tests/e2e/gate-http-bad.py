"""What git does not send, to 127.0.0.1:9420. Ends with a list of what was answered wrongly."""
import errno
import gzip
import socket
import sys
import time

FETCH, PUSH = b"POST /demo.git/git-upload-pack", b"POST /demo.git/git-receive-pack"
TYPE = {FETCH: b"application/x-git-upload-pack-request", PUSH: b"application/x-git-receive-pack-request"}
wrong = []


def connect():
    return socket.create_connection(("127.0.0.1", 9420), 60)


def read_all(s):
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def post(what, fields, body=b""):
    return (what + b" HTTP/1.1\r\nHost: git-gate\r\nContent-Type: " + TYPE[what] + b"\r\n" + fields +
            b"\r\n" + body)


def send_all(s, data):
    """As much as the gate takes before it refuses and closes: the rest meets a reset, what it said is still read."""
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except OSError as e:
        if e.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
            raise


def expect(name, request, status, part=b""):
    with connect() as s:
        send_all(s, request)
        got = read_all(s)
    if not got.startswith(b"HTTP/1.1 %d " % status) or part not in got:
        wrong.append(f"{name}: wanted {status} {part}, got {got[:300]}")


def refusals():
    get = b"GET /demo.git/info/refs?service=git-upload-pack HTTP/1.1\r\n"
    host, end = b"Host: git-gate\r\n", b"\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    cases = [
        ("two lengths", post(FETCH, b"Content-Length: 4\r\nContent-Length: 5\r\n", b"0000"), 400),
        ("length and chunks", post(FETCH, b"Content-Length: 4\r\n" + chunked, b"0\r\n\r\n"), 400),
        ("a list of codings", post(FETCH, b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 400),
        ("a signed length", post(FETCH, b"Content-Length: +4\r\n", b"0000"), 400),
        ("a bare newline", b"GET / HTTP/1.1\nHost: x\n\n", 400),
        ("a folded line", get + host + b"X: a\r\n b\r\n" + end, 400),
        ("a blank before the colon", get + b"Host : git-gate\r\n" + end, 400),
        ("no host", get + end, 400),
        ("two hosts", get + host + host + end, 400),
        ("a body behind GET", get + host + b"Content-Length: 3\r\n" + end + b"abc", 413),
        ("a bad chunk", post(FETCH, chunked, b"zz\r\n0000\r\n0\r\n\r\n"), 400),
        ("a chunk without its end", post(FETCH, chunked, b"4\r\n0000XX0\r\n\r\n"), 400),
        ("a chunk's extension", post(FETCH, chunked, b"4;a=b\r\n0000\r\n0\r\n\r\n"), 400),
        ("a huge head", get + host + b"X: " + b"a" * 60000 + b"\r\n" + end, 431),
        ("too many lines", get + host + b"X: a\r\n" * 200 + end, 431),
        ("HTTP/2's beginning", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("another method", b"DELETE /demo.git/info/refs HTTP/1.1\r\n" + host + end, 403),
        ("a method that it has not", b"DELETE /demo.git/git-upload-pack HTTP/1.1\r\n" + host + end, 405),
        ("GET of a service", b"GET /demo.git/git-upload-pack HTTP/1.1\r\n" + host + end, 405),
        ("CONNECT", b"CONNECT example.com:443 HTTP/1.1\r\n" + host + end, 400),
        ("another expectation", post(FETCH, b"Expect: gold\r\nContent-Length: 4\r\n", b"0000"), 417),
        ("another coding", post(FETCH, b"Content-Encoding: br\r\nContent-Length: 4\r\n", b"0000"), 415),
        ("broken gzip", post(FETCH, b"Content-Encoding: gzip\r\nContent-Length: 4\r\n", b"0000"), 400),
        ("cut gzip", post(FETCH, b"Content-Encoding: gzip\r\nContent-Length: 15\r\n",
                          gzip.compress(b"0000" * 99)[:15]), 400),
        ("another type", FETCH + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n0000", 415),
        ("a long fetch", post(FETCH, b"Content-Length: 99999999\r\n"), 413),
        ("a push beyond all", post(PUSH, b"Content-Length: 99999999999\r\n"), 413),
        ("an unknown repository", b"GET /no.git/info/refs?service=git-upload-pack HTTP/1.1\r\n" + host + end, 404),
        ("dots", b"GET /../demo.git/info/refs?service=git-upload-pack HTTP/1.1\r\n" + host + end, 404),
        ("coded dots", b"GET /%2e%2e%2fdemo.git/info/refs HTTP/1.1\r\n" + host + end, 400),
        ("a NUL", b"GET /demo%00.git/info/refs HTTP/1.1\r\n" + host + end, 400),
        ("a bad percent", b"GET /demo%zz.git/info/refs HTTP/1.1\r\n" + host + end, 400),
        ("the dumb protocol", b"GET /demo.git/info/refs HTTP/1.1\r\n" + host + end, 403),
        ("a file", b"GET /demo.git/config HTTP/1.1\r\n" + host + end, 403),
        ("an object", b"GET /demo.git/objects/info/packs HTTP/1.1\r\n" + host + end, 403),
        ("another service", b"GET /demo.git/info/refs?service=git-upload-archive HTTP/1.1\r\n" + host + end, 403),
        ("two services", get.replace(b" HTTP", b"&service=git-receive-pack HTTP") + host + end, 403),
        ("half a head", b"GET / HT", 400),
    ]
    for name, request, status in cases:
        expect(name, request, status)
    expect("the root tells what there is", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, b"there are: demo.git")
    expect("a sentence about the dumb protocol", cases[-6][1], 403, b"smart protocol")


def bombs():
    zeros = gzip.compress(b"\0" * (64 << 20), 9)
    expect("a gzip bomb to a fetch", post(FETCH, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(zeros),
                                          zeros), 413, b"times its size")
    expect("a gzip bomb to a push", post(PUSH, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(zeros),
                                         zeros), 413, b"times its size")


def smuggled():
    """What stands behind a refused body is no request."""
    inner = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with connect() as s:
        s.sendall(post(FETCH, b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + inner))
        got = read_all(s)
    if got.count(b"HTTP/1.1 ") != 1:
        wrong.append(f"smuggled: {got[:400]}")


def pipelined():
    """Requests that come together are answered in their order, the last one with the end."""
    one = b"GET /demo.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\n"
    with connect() as s:
        s.sendall(one + b"\r\n" + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + one.replace(b"GET", b"HEAD") +
                  b"Connection: close\r\n\r\n")
        got = read_all(s)
    parts = got.split(b"HTTP/1.1 ")[1:]
    if [p[:3] for p in parts] != [b"200", b"404", b"200"]:
        wrong.append(f"pipelined: {[p[:60] for p in parts]}")
    elif not parts[0].endswith(b"\r\n0\r\n\r\n"):
        wrong.append(f"pipelined: no end of chunks {parts[0][-40:]}")
    elif not parts[2].endswith(b"\r\n\r\n") or b"version 2" in parts[2]:
        wrong.append(f"HEAD has a body: {parts[2][-200:]}")
    elif not got.endswith(b"\r\n\r\n") or b"Connection: close" not in parts[2]:
        wrong.append("the last answer does not tell that it is the last")


def old():
    """HTTP/1.0 knows no chunks: the end is the connection's."""
    with connect() as s:
        s.sendall(b"GET /demo.git/info/refs?service=git-upload-pack HTTP/1.0\r\n\r\n")
        got = read_all(s)
    if b"Transfer-Encoding" in got or not got.endswith(b"0000"):
        wrong.append(f"HTTP/1.0: {got[:200]} … {got[-20:]}")


def expected():
    """The body is asked for only when it will be read."""
    with connect() as s:
        s.sendall(post(FETCH, b"Content-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n"))
        first = s.recv(65536)
        s.sendall(b"0000")
        got = first + read_all(s)
    if not got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"):
        wrong.append(f"100-continue: {got[:100]}")
    with connect() as s:
        s.sendall(post(FETCH, b"Content-Length: 99999999\r\nExpect: 100-continue\r\n"))
        got = s.recv(65536)
    if not got.startswith(b"HTTP/1.1 413"):
        wrong.append(f"100-continue of too much: {got[:100]}")


def middle():
    """Ends in the middle: a push whose commands are whole and whose pack is not, and one that is all but ended."""
    zero, new = b"0" * 40, b"1" * 40
    line = zero + b" " + new + b" refs/heads/half\0report-status side-band-64k\n"
    commands = b"%04x" % (len(line) + 4) + line + b"0000"
    for body in (commands, commands + b"PACK\0\0\0\2\0\0\0\1"):
        with connect() as s:
            s.sendall(post(PUSH, b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n" % (len(body), body)))
        with connect() as s:
            s.sendall(post(PUSH, b"Content-Length: 10000\r\n", body))
    with connect() as s:
        s.sendall(post(FETCH, b"Content-Length: 10000\r\n", b"0032want "))


def slow():
    """A head that comes too slowly is given up, however steadily it comes."""
    with connect() as s:
        s.settimeout(0.5)
        s.sendall(b"GET / HTTP/1.1\r\n")
        begun, got = time.monotonic(), b""
        while not got and time.monotonic() - begun < 120:
            try:
                s.sendall(b"X")
                got = s.recv(100)
            except socket.timeout:
                pass
            except (BrokenPipeError, ConnectionResetError):
                break
    if not got.startswith(b"HTTP/1.1 408"):
        wrong.append(f"a slow head: {got} after {time.monotonic() - begun:.0f} s")


for test in (refusals, bombs, smuggled, pipelined, old, expected, middle, slow):
    test()
sys.exit("\n".join(wrong) or 0)
