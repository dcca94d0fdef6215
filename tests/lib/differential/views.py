"""How others read HTTP/1: each view gives what it sees, in one form, or Refused.

A request is (method, target, host, body), an answer (status, body).
"""
import http.client
import io
import json
import posixpath
import re
import socket
from urllib.parse import unquote

import h11

SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: sentinel\r\nConnection: close\r\n\r\n"
UNRESERVED = re.compile(rb"%([0-9A-Fa-f]{2})")


class Refused(Exception):
    pass


def talk(s, data):
    """All that a connection answers to these bytes."""
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it has refused already
    out = b""
    try:
        while piece := s.recv(65536):
            out += piece
    except ConnectionResetError:
        pass
    return out


def converse(path, data):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(path)
        return talk(s, data)


def plain_target(method, target):
    """Without scheme and host, in the form in which rules are matched (egress/target.h). OPTIONS of a URL without a
    path is for the server as a whole, * (RFC 9112, 3.2.4); nginx takes that for /, and so it stands for both here."""
    if method == b"OPTIONS" and target == b"*":
        return b"/"
    target = re.sub(rb"^[A-Za-z]+://[^/?#]*", b"", target)
    path, mark, query = target.partition(b"?")

    def escape(m):
        c = bytes([int(m[1], 16)])
        return c if re.match(rb"[A-Za-z0-9._~-]", c) else b"%" + m[1].upper()
    path = UNRESERVED.sub(escape, path)
    while b"/./" in path:
        path = path.replace(b"/./", b"/")
    return (path or b"/") + mark + query


def plain_host(host, target):
    """Without the port; of HTTP/1.0, which need not say it, the target's."""
    url = re.match(rb"[A-Za-z]+://([^/?#]*)", target)
    return re.sub(rb"(:80)?$", b"", (host or (url and url[1]) or b"").lower()).rstrip(b".")


def by_h11(data):
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(data)
    parser.receive_data(b"")
    seen, head, body = [], None, b""
    try:
        while True:
            e = parser.next_event()
            if isinstance(e, h11.Request):
                head, body = e, b""
            elif isinstance(e, h11.Data):
                body += bytes(e.data)
            elif isinstance(e, h11.EndOfMessage):
                host = [v for k, v in head.headers if k == b"host"]
                seen.append((head.method, plain_target(head.method, head.target), plain_host(b"".join(host), head.target), body))
                parser.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                parser.send(h11.EndOfMessage())
                if parser.our_state is h11.MUST_CLOSE:
                    return seen
                parser.start_next_cycle()
            else:
                return seen
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as e:
        raise Refused(str(e)) from None


def chunks_of(reader):
    out = b""
    while size := int(reader.readline().partition(b";")[0], 16):
        out += reader.read(size)
        reader.readline()
    while reader.readline().strip():
        pass
    return out


def by_handler(data, which):
    """As a handler of python's http.server reads, which takes what it can: of two lengths the first (0) or last (-1)."""
    reader, seen = io.BytesIO(data), []
    while line := reader.readline():
        try:
            method, target, version = line.split()
            headers = http.client.parse_headers(reader)
            length = (headers.get_all("Content-Length") or ["0"])[which]
            coding = (headers.get_all("Transfer-Encoding") or [""])[which]
            body = chunks_of(reader) if "chunked" in coding.lower() else reader.read(max(int(length), 0))
            if len(body) < int(length) and not coding:
                raise Refused("it is not whole")
        except (ValueError, OverflowError, http.client.HTTPException) as e:
            raise Refused(repr(e)) from None
        host = headers.get("Host", "").strip().encode("latin-1")
        seen.append((method, plain_target(method, target), plain_host(host, target), body))
        if version == b"HTTP/1.0" or "close" in headers.get("Connection", ""):
            break
    return seen


def seen_in(out):
    if re.search(rb"^HTTP/1\.1 [45]\d\d ", out, re.M):
        raise Refused(out.split(b"\r\n")[0].decode("latin-1"))
    seen = []
    for field in re.findall(rb"^X-Seen: ([0-9a-f]*)\r$", out, re.M):
        r = json.loads(bytes.fromhex(field.decode()))
        method, target, host = (r[k].encode("latin-1") for k in "mth")
        seen.append((method, plain_target(method, target), plain_host(host, target), bytes.fromhex(r["b"])))
    return seen


class Views:
    def __init__(self, directory):
        self.directory = directory

    def by_node(self, data):
        return seen_in(converse(f"{self.directory}/node.sock", data))

    def by_nginx(self, data):
        return seen_in(converse(f"{self.directory}/nginx.sock", data))

    def requests(self):
        return {"h11": by_h11, "node": self.by_node, "nginx in front of node": self.by_nginx,
                "the first of python's fields": lambda data: by_handler(data, 0),
                "the last of python's fields": lambda data: by_handler(data, -1)}

    # ---- answers

    def answer_by_node(self, data):
        r = json.loads(converse(f"{self.directory}/answer.sock", data))
        if "e" in r:
            raise Refused(r["e"])
        return r["s"], bytes.fromhex(r["b"])

    def answers(self):
        return {"h11": answer_by_h11, "node": self.answer_by_node, "python": answer_by_python}

    # ---- URLs

    def url(self, text):
        """Host and path as WHATWG's URL reads them; ("", "") for no URL."""
        read = converse(f"{self.directory}/url.sock", text).decode("latin-1").rstrip("\n")
        host, _, path = read.partition(" ")
        return host, path

    def paths(self, target):
        """The path of a target as different servers would read it."""
        path = target.partition(b"?")[0].decode("latin-1")
        twice = unquote(unquote(path))
        yield "WHATWG", self.url(b"http://host" + target)[1]
        yield "python", normal(unquote(path))
        yield "decoded twice", normal(twice)
        yield "parameters dropped", normal(unquote(re.sub(r";[^/]*", "", path)))
        yield "parameters dropped at last", normal(re.sub(r";[^/]*", "", twice))
        yield "backslashes", normal(twice.replace("\\", "/"))
        yield "ended by NUL", normal(unquote(path).partition("\0")[0])
        out = converse(f"{self.directory}/nginx.sock", b"GET " + target +
                       b" HTTP/1.1\r\nHost: prefix\r\nConnection: close\r\n\r\n")
        yield "nginx", out.rpartition(b"\n")[2].decode("latin-1") if b" 200 " in out else "/ok/ refused"


def normal(path):
    out = posixpath.normpath(path)
    return "/" + out.lstrip("/") + ("/" if path.endswith("/") else "")


def answer_by_h11(data):
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data)
    parser.receive_data(b"")
    status, body = None, b""
    try:
        while True:
            e = parser.next_event()
            if isinstance(e, h11.Response):
                status = e.status_code
            elif isinstance(e, h11.Data):
                body += bytes(e.data)
            elif isinstance(e, h11.EndOfMessage):
                return status, body
            elif not isinstance(e, h11.InformationalResponse):
                raise Refused(str(e))
    except h11.RemoteProtocolError as e:
        raise Refused(str(e)) from None


class Pipe:
    def __init__(self, data):
        self.file = io.BytesIO(data)

    def makefile(self, _mode):
        return self.file


def answer_by_python(data):
    if re.match(rb"HTTP/1\.1 10[1-9]", data):
        raise Refused("it knows 100 only")
    # Blanks behind a value are none of it (RFC 9112 section 5.1), which it does not know.
    head, end, rest = data.partition(b"\r\n\r\n")
    data = re.sub(rb"[ \t]+(?=\r\n)", b"", head + b"\r\n")[:-2] + end + rest
    response = http.client.HTTPResponse(Pipe(data), method="GET")
    try:
        response.begin()
        return response.status, response.read()
    except (http.client.HTTPException, ValueError, OSError, OverflowError) as e:
        raise Refused(repr(e)) from None
