"""Hostile messages of HTTP/1: what has been read in two ways by somebody, somewhere.

Each entry is (name, bytes). @H stands for the host, @U for http://HOST, @M for the case's own mark, a path segment.
"""
import time

HOST = b"Host: @H\r\n"
GET = b"GET @U/@M/x HTTP/1.1\r\n" + HOST
POST = b"POST @U/@M/x HTTP/1.1\r\n" + HOST
SECOND = b"GET @U/@M/second HTTP/1.1\r\n" + HOST + b"\r\n"

# Fields that frame a body, and the body.
FRAMINGS = [
    (b"Content-Length: 3", b"abc"), (b"Content-Length: 0", b""), (b"Content-Length: 003", b"abc"),
    (b"Content-Length: +3", b"abc"), (b"Content-Length: -3", b"abc"), (b"Content-Length: 0x3", b"abc"),
    (b"Content-Length: 3 ", b"abc"), (b"Content-Length: \t3", b"abc"), (b"Content-Length: 3;a", b"abc"),
    (b"Content-Length: 3,3", b"abc"), (b"Content-Length: 3, 5", b"abcde"), (b"Content-Length: ", b"abc"),
    (b"Content-Length: 3_0", b"abc"), (b"Content-Length: 3.0", b"abc"), (b"Content-Length: \xb3", b"abc"),
    (b"Content-Length: 3\r\nContent-Length: 3", b"abc"), (b"Content-Length: 3\r\nContent-Length: 5", b"abcde"),
    (b"Content-Length: 18446744073709551619", b"abc"), (b"Content-Length: 4294967299", b"abc"),
    (b"content-length:3", b"abc"), (b"Content-Length : 3", b"abc"), (b"Content_Length: 3", b"abc"),
    (b"Content-Length: 3\r\nX: y\r\nCONTENT-LENGTH: 4", b"abcd"), (b" Content-Length: 3", b"abc"),
    (b"Content-Length: 3\r\n\tX: y", b"abc"), (b"Content-Length\t: 3", b"abc"), (b"\x0bContent-Length: 3", b"abc"),
]
CHUNKED = [b"Transfer-Encoding: chunked", b"transfer-encoding:chunked", b"Transfer-Encoding: Chunked",
           b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity",
           b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:\x0bchunked",
           b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: \"chunked\"",
           b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Transfer-Encoding : chunked",
           b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: ,chunked",
           b"Transfer-Encoding: chunked,", b"Transfer-Encoding: chunk", b"Transfer-Encoding\x00: chunked",
           b"Transfer-Encoding: chunked\x00", b"Transfer-Encoding: c\x68unked", b"Transfer_Encoding: chunked",
           b"X: y\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5",
           b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Content-Length: 0\r\nTransfer-Encoding: chunked",
           b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked", b"TE: chunked", b"\tTransfer-Encoding: chunked"]
CHUNKS = [b"3\r\nabc\r\n0\r\n\r\n", b"0\r\n\r\n", b"00\r\n\r\n", b"03\r\nabc\r\n0\r\n\r\n", b"3;a=b\r\nabc\r\n0\r\n\r\n",
          b"3;a=\"\r\nabc\r\n0\r\n\r\n", b"3 \r\nabc\r\n0\r\n\r\n", b" 3\r\nabc\r\n0\r\n\r\n", b"3\t;x\r\nabc\r\n0\r\n\r\n",
          b"+3\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"3\nabc\n0\n\n",
          b"3\r\nabc\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nab\r\n0\r\n\r\n", b"3\r\nabc0\r\n\r\n",
          b"3\r\rabc\r\n0\r\n\r\n", b"3\r\nabc\r\n0\r\nX: y\r\n\r\n", b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n",
          b"3\r\nabc\r\n0\r\n X: y\r\n\r\n", b"3\r\nabc\r\n0\r\nX\r\n\r\n", b"3\r\nabc\r\n0\r\n\n", b"3\r\nabc\r\n0\n\r\n",
          b"3\r\nabc\r\n0;x\r\n\r\n", b"fffffffffffffff3\r\nabc\r\n0\r\n\r\n", b"10000000000000003\r\nabc\r\n0\r\n\r\n",
          b"100000003\r\nabc\r\n0\r\n\r\n", b"\r\n3\r\nabc\r\n0\r\n\r\n", b"3\r\nabc\r\n\r\n", b"g\r\nabc\r\n0\r\n\r\n",
          b"A\r\n0123456789\r\n0\r\n\r\n", b"a\r\n0123456789\r\n0\r\n\r\n", b"3;\nabc\r\n0\r\n\r\n", b"3\x00\r\nabc\r\n0\r\n\r\n",
          b"3;a=\x00\r\nabc\r\n0\r\n\r\n", b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"3\r\nabc\r\n000000000000000000\r\n\r\n",
          b"3;a\rb\r\nabc\r\n0\r\n\r\n", b"3,3\r\nabc\r\n0\r\n\r\n"]
FIELDS = [b"X: y", b"X:y", b"X:", b"X:  y  ", b"X : y", b"X\t: y", b": y", b"X", b"X y", b"X: y\x00z", b"X\x00: y",
          b"X: y\rZ: z", b"X: y\nZ: z", b"X: y\r\n z", b"X: y\r\n\tz", b"X: y\r\r\nZ: z", b"\xe9: y", b"X: \xe9", b"X: \x7f",
          b"X: \x01", b"(X): y", b"X/: y", b"X: y\x0b", b"X@: y", b"[X]: y", b"X\xa0: y", b"\"X\": y", b"X: y\x0c",
          b"Host: other.example.net", b"Host: @H", b"host : @H", b"Host:", b"Host: @H, @H", b"Host: @H:80", b"X-Host: a",
          b"Connection: Host", b"Connection: close", b"Connection: X, keep-alive\r\nX: y", b"Connection: Content-Length",
          b"Proxy-Connection: keep-alive", b"Keep-Alive: max=1", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings",
          b"Expect: 100-continue", b"Expect: 100-continue, x", b"Expect: ", b"Trailer: X", b"TE: trailers",
          b"Content-Type: a\r\nContent-Type: b", b"Cookie: a\r\nCookie: b", b"X-HTTP-Method-Override: PUT"]
LINES = [b"GET @U/@M/x HTTP/1.1", b"GET  @U/@M/x HTTP/1.1", b"GET @U/@M/x  HTTP/1.1", b"GET\t@U/@M/x HTTP/1.1",
         b" GET @U/@M/x HTTP/1.1", b"GET @U/@M/x HTTP/1.1 ", b"GET @U/@M/x HTTP/1.0", b"GET @U/@M/x HTTP/0.9",
         b"GET @U/@M/x HTTP/1.2", b"GET @U/@M/x HTTP/2.0", b"GET @U/@M/x http/1.1", b"GET @U/@M/x HTTP/1.10",
         b"GET @U/@M/x HTTP/01.1", b"GET @U/@M/x HTTP/1.1x", b"GET @U/@M/x HTTP /1.1", b"GET @U/@M/x", b"GET",
         b"get @U/@M/x HTTP/1.1", b"G\x00T @U/@M/x HTTP/1.1", b"G-T @U/@M/x HTTP/1.1", b"G@T @U/@M/x HTTP/1.1",
         b"\r\nGET @U/@M/x HTTP/1.1", b"\nGET @U/@M/x HTTP/1.1", b"\r\n\r\nGET @U/@M/x HTTP/1.1", b"GET @U/@M/x y HTTP/1.1",
         b"GET @U/@M/x\x0bHTTP/1.1", b"GET @U/@M/x HTTP/1.1\r", b"GET /@M/x HTTP/1.1", b"GET //@H/@M/x HTTP/1.1",
         b"GET @H/@M/x HTTP/1.1", b"GET HTTP://@H/@M/x HTTP/1.1", b"GET http:/@H/@M/x HTTP/1.1", b"GET http:@H/@M/x HTTP/1.1",
         b"GET http:///@M/x HTTP/1.1", b"GET ftp://@H/@M/x HTTP/1.1", b"OPTIONS * HTTP/1.1", b"OPTIONS @U HTTP/1.1",
         b"GET @U?@M HTTP/1.1", b"GET @U#@M HTTP/1.1", b"HEAD @U/@M/x HTTP/1.1", b"DELETE @U/@M/x HTTP/1.1",
         b"PRI * HTTP/2.0", b"CONNECT @H:80 HTTP/1.1", b"TRACE @U/@M/x HTTP/1.1", b"M-SEARCH @U/@M/x HTTP/1.1"]
AUTHORITIES = [b"@H", b"@H:80", b"@H:", b"@H:0080", b"@H:+80", b"@H:80x", b"@H:81", b"@H.", b"@H..", b".@H", b"ALL.example.COM",
               b"user@@H", b"user:word@@H", b"@H@other.example.net", b"@H\\@other.example.net", b"@H:80@other.example.net",
               b"@H%00.other.example.net", b"@H\x00.other.example.net", b"all%2eexample.com", b"all.example.com%2eother.example.net",
               b"@H#.other.example.net", b"@H?.other.example.net", b"@H;.other.example.net", b"@H,other.example.net",
               b"[@H]", b"[::1]", b"[::ffff:11.22.33.40]", b"11.22.33.40", b"0xb.0x16.0x21.0x28", b"013.026.041.050",
               b"185999656", b"11.22.8488", b"all\xe3\x80\x82example.com", b"\xef\xbd\x81ll.example.com", b"xn--ll-example.com",
               b"all_example.com", b"al\tl.example.com", b"all.exam\xc2\xadple.com", b"@H/", b"@H:80:80", b"", b":80"]
PATHS = [b"/ok/x", b"/ok", b"/ok/", b"/ok/../no", b"/ok/./x", b"/ok/././/x", b"/ok/%2e%2e/no", b"/ok/.%2e/no", b"/ok/%2E./no",
         b"/ok/..%2fno", b"/ok%2f..%2fno", b"/ok/%2e%2e%2fno", b"/ok/..\\no", b"/ok/..%5cno", b"/ok/%252e%252e/no",
         b"/ok/%25%32%65%25%32%65/no", b"/ok/..;/no", b"/ok/..;x=y/no", b"/ok/..%3b/no", b"/ok/%2e%2e;/no", b"/ok;/../no",
         b"/ok/.../no", b"/ok/..", b"/ok/%2e%2e", b"/ok/..%00/no", b"/ok/x%00", b"/ok/x\x00y", b"/ok/x%0d%0aX:%20y",
         b"/ok/x#/../no", b"/ok/x?/../no", b"/ok/x%3f/../no", b"/ok/x%23/../no", b"//ok/x", b"/ok//x", b"///ok/../no",
         b"/OK/x", b"/no/../ok/x", b"/no/..%2fok/x", b"/%6fk/x", b"/o%6B/x", b"/ok%20/x", b"/ok /x", b"/ok\t/x", b"/ok/\xc3\xa9",
         b"/ok/%c0%ae%c0%ae/no", b"/ok/\xc0\xae\xc0\xae/no", b"/ok/%u002e%u002e/no", b"/ok/x%", b"/ok/x%2", b"/ok/%zz",
         b"/ok/%ef%bc%8e%ef%bc%8e/no", b"/ok/%e2%80%a5/no", b"/./ok/x", b"/.ok/x", b"/ok/.x", b"/ok/x/.", b"/ok/x/..", b"/ok/.;/x",
         b"/ok/..?x", b"/ok/..#x", b"/ok/~/x", b"/ok/%7e/x", b"/ok/%7Fx", b"/ok/x|y", b"/ok/x\"y", b"/ok/<x>", b"/ok/{x}", b"/ok/^x"]

# Answers of an upstream: heads and bodies, and what a client would make of them.
ANSWERS = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef",
           b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
           b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1 2000 OK\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 20 OK\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1  200 OK\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 +20 OK\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1 099 OK\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 600 OK\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/2 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
           b"http/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"ICY 200 OK\r\nContent-Length: 3\r\n\r\nabc",
           b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 200 O\x00K\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1 204 No\r\n\r\n", b"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n",
           b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           b"HTTP/1.1 205 Reset\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
           b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nabc"]


def requests():
    for n, (fields, body) in enumerate(FRAMINGS):
        yield f"framing {n}", POST + fields + b"\r\n\r\n" + body
        yield f"framing {n} and a second", POST + fields + b"\r\n\r\n" + body + SECOND
    for n, fields in enumerate(CHUNKED):
        for m in (0, 1):
            yield f"coding {n}, body {m}", POST + fields + b"\r\n\r\n" + CHUNKS[m] + SECOND
    for n, chunks in enumerate(CHUNKS):
        yield f"chunks {n}", POST + CHUNKED[0] + b"\r\n\r\n" + chunks
        yield f"chunks {n} and a second", POST + CHUNKED[0] + b"\r\n\r\n" + chunks + SECOND
    for n, field in enumerate(FIELDS):
        yield f"field {n}", GET + field + b"\r\n\r\n"
        yield f"field {n} in front of the Host", GET.replace(HOST, field + b"\r\n" + HOST) + b"\r\n" + SECOND
        yield f"field {n} and a body", POST + field + b"\r\nContent-Length: 3\r\n\r\nabc"
    for n, line in enumerate(LINES):
        yield f"line {n}", line + b"\r\n" + HOST + b"\r\n"
        yield f"line {n} and a body", line + b"\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"
    for n, authority in enumerate(AUTHORITIES):
        yield f"authority {n}", b"GET http://" + authority + b"/@M/x HTTP/1.1\r\nHost: @H\r\n\r\n"
        yield f"authority {n}, Host, too", b"GET http://" + authority + b"/@M/x HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n"
        yield f"Host {n}", b"GET @U/@M/x HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n"


def answers():
    for n, answer in enumerate(ANSWERS):
        yield f"answer {n}", answer
    head = b"HTTP/1.1 200 OK\r\n"
    for n, (fields, body) in enumerate(FRAMINGS):
        yield f"answer, framing {n}", head + fields + b"\r\n\r\n" + body
    for n, fields in enumerate(CHUNKED):
        yield f"answer, coding {n}", head + fields + b"\r\n\r\n" + CHUNKS[0]
    for n, chunks in enumerate(CHUNKS):
        yield f"answer, chunks {n}", head + CHUNKED[0] + b"\r\n\r\n" + chunks
    for n, field in enumerate(FIELDS):
        yield f"answer, field {n}", head + field + b"\r\nContent-Length: 3\r\n\r\nabc"


TOKENS = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"\x0b", b"\x85", b"\xa0", b"\xff", b"%2e", b"%2f",
          b"..", b"/", b"\\", b"#", b"?", b"@", b"0", b"1", b"+", b"-", b"0x", b"chunked", b"Content-Length: 1\r\n", b"\"",
          b"Transfer-Encoding: chunked\r\n", b"HTTP/1.1", b"x", b"0\r\n\r\n", b"\r\n\r\n", b"Host: a\r\n", b"Connection: close\r\n"]


def mutated(random, message):
    """One to three small changes, at places of its own choice."""
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(message) + 1)
        kind = random.randrange(5)
        if kind <= 1:
            message = message[:at] + random.choice(TOKENS) + message[at:]
        elif kind == 2:
            message = message[:at] + message[at + random.randint(1, 4):]
        else:
            lines = message.split(b"\r\n")
            n, m = random.randrange(len(lines)), random.randrange(len(lines))
            if kind == 3:
                lines.insert(n, lines[m])
            else:
                lines[n], lines[m] = lines[m], lines[n]
            message = b"\r\n".join(lines)
    return message


def rounds(amount):
    """As many as it says, on every machine the same; or, of "60s", as many as there is time for."""
    if not amount.endswith("s"):
        yield from range(int(amount))
        return
    until = time.monotonic() + float(amount[:-1])
    while time.monotonic() < until:
        yield None
