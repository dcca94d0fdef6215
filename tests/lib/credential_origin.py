"""An upstream that says what it was sent: credential_origin.py ADDRESS RECORD CERT KEY

HTTPS at 443 and HTTP at 80. Each request is a line of JSON in RECORD: {tls, line, fields, body}; the answer is the same
JSON. Fields of the request choose how it is said: X-Spell FORM is a field whose value is the last word of the field that
X-Of names, in that form, and the body is then nothing else; X-Coding a content coding; X-Cut N chunks of N bytes;
X-Place head (Location, Set-Cookie, reason), trailer or both (one half in the body, one in a trailer). What is signed for AWS gets an empty answer.

credential_origin.py spell FORM   the text of its standard input in that form.
"""
import base64
import gzip
import html
import json
import socketserver
import ssl
import subprocess
import sys
import threading
import urllib.parse
import zlib

FORMS = {
    "plain": lambda v: v,
    "base64": lambda v: base64.b64encode(b"x" + v),
    "base64url": lambda v: base64.urlsafe_b64encode(b"xy" + v),
    "hex": lambda v: v.hex().encode(),
    "HEX": lambda v: v.hex().upper().encode(),
    "percent": lambda v: urllib.parse.quote(v, safe="").encode(),
    "path": lambda v: urllib.parse.quote(v).encode(),
    "json": lambda v: json.dumps(v.decode()).encode(),
    "html": lambda v: html.escape(v.decode()).encode(),
    "utf16": lambda v: v.decode().encode("utf-16"),
}


def brotli(data):
    sys.path.append("/usr/lib/python3/dist-packages")
    import brotli as module
    return module.compress(data)


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli,
    "zstd": lambda data: subprocess.run(["zstd", "-c", "-q"], input=data, capture_output=True, check=True).stdout,
    "compress": lambda data: data,
}


class Handler(socketserver.StreamRequestHandler):
    timeout = 60

    def handle(self):
        try:
            while self.serve():
                pass
        except OSError:
            pass

    def read_head(self):
        line = self.rfile.readline().decode("latin-1").rstrip("\r\n")
        fields = []
        while line:
            text = self.rfile.readline().decode("latin-1").rstrip("\r\n")
            if not text:
                return line, fields
            name, _, value = text.partition(": ")
            fields.append([name, value])
        return line, fields

    def read_body(self, of):
        if of("transfer-encoding") != "chunked":
            return self.rfile.read(int(of("content-length") or 0))
        body = b""
        while True:
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            while self.rfile.readline() != b"\r\n" and size == 0:
                pass
            if size == 0:
                return body

    def serve(self):
        line, fields = self.read_head()
        if not line:
            return False

        def of(name):
            return next((v for n, v in fields if n.lower() == name), "")

        body = self.read_body(of)
        seen = {"tls": self.server.tls, "line": line, "fields": fields, "body": body.decode("latin-1")}
        with lock, open(self.server.record, "a") as f:
            f.write(json.dumps(seen) + "\n")
        self.answer(of, json.dumps(seen).encode())
        return True

    def answer(self, of, body):
        reason, extra, trailer = "OK", [], b""
        if of("x-amz-date"):  # what its clients read as an answer
            body = b""
        if of("x-spell"):
            body = FORMS[of("x-spell")](of(of("x-of")).split(" ")[-1].encode("latin-1"))
            if of("x-place") == "head":
                text = body.decode("latin-1")
                reason, extra, body = f"OK {text}", [f"Location: /x?{text}", f"Set-Cookie: a={text}; Secure"], b"ok"
            elif of("x-place") == "trailer":
                trailer, body = b"X-Echo: " + body + b"\r\n", b"ok"
            elif of("x-place") == "both":
                half = len(body) // 2
                trailer, body = b"X-Echo: " + body[half:] + b"\r\n", body[:half]
        for coding in [c for c in of("x-coding").replace(" ", "").split(",") if c]:
            body = CODINGS[coding](body)
        if of("x-coding"):
            extra.append("Content-Encoding: " + of("x-coding"))
        cut = int(of("x-cut") or 0) or len(body) or 1
        head = [f"HTTP/1.1 200 {reason}", "Content-Type: text/plain", "Transfer-Encoding: chunked", *extra, "", ""]
        out = "\r\n".join(head).encode("latin-1")
        for at in range(0, len(body), cut):
            out += b"%x\r\n%s\r\n" % (len(body[at:at + cut]), body[at:at + cut])
        self.wfile.write(out + b"0\r\n" + trailer + b"\r\n")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def finish_request(self, request, address):
        try:
            if self.tls:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, address)
        except (ssl.SSLError, OSError):
            pass


def serve(address, port, record, context):
    server = Server((address, port), Handler)
    server.record, server.context, server.tls = record, context, context is not None
    threading.Thread(target=server.serve_forever).start()


def main():
    address, record, cert, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    serve(address, 80, record, None)
    serve(address, 443, record, context)
    print("listening", flush=True)


lock = threading.Lock()
if sys.argv[1] == "spell":
    sys.stdout.buffer.write(FORMS[sys.argv[2]](sys.stdin.buffer.read()))
else:
    main()
