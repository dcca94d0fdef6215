"""An authorization server and the resource that it guards: CERT KEY DIR ADDRESS…

HTTPS at 443 of each address. Token endpoints, by path:
    /token            form; client-1 with the secret of DIR/client by Basic (RFC 6749, 2.3.1)
    /token-post       the same, with the secret in the body; Basic is invalid_client
    /v1/oauth/token, /oauth/token    JSON, a public client: the logins of two providers
Refresh tokens are those of DIR/refresh, a line each; each is good for one use and followed by a new one.
Anything else is the resource: it answers what it saw to who brings a token that is good, else 401.
DIR/mode (a word, read at each request of a token) makes it fail: invalid_grant, later, slow, huge,
redirect, garbage, echo; "short": a life of two seconds. DIR/revoked: access tokens that are good no
more. DIR/log: a line of JSON for each request; DIR/issued: all tokens, a line each.
"""
import base64
import json
import os
import secrets
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CERT, KEY, DIR = sys.argv[1:4]
lock = threading.Lock()


def lines(name):
    try:
        return open(f"{DIR}/{name}").read().split()
    except FileNotFoundError:
        return []


def issue(kind):
    token = f"{kind}-{secrets.token_urlsafe(40)}"
    with open(f"{DIR}/issued", "a") as f:
        f.write(token + "\n")
    return token


def issue_jwt():
    part = lambda o: base64.urlsafe_b64encode(json.dumps(o).encode()).rstrip(b"=").decode()
    token = f"{part({'alg': 'RS256'})}.{part({'exp': int(time.time()) + 900})}.{secrets.token_urlsafe(40)}"
    with open(f"{DIR}/issued", "a") as f:
        f.write(token + "\n")
    return token


class Refused(Exception):
    pass


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def answer(self, status, body, **fields):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with lock:
            with open(f"{DIR}/log", "a") as f:
                f.write(json.dumps({"host": self.headers["Host"], "path": self.path, "method": self.command,
                                    "headers": {k.lower(): v for k, v in self.headers.items()},
                                    "body": body.decode("latin-1")}) + "\n")
        if self.path.split("?")[0] in ("/token", "/token-post", "/v1/oauth/token", "/oauth/token"):
            self.token(body)
        else:
            self.resource(body)

    do_GET = do_POST = do_PUT = serve

    # ---- the resource

    def resource(self, body):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in lines("issued") or token in lines("revoked") or \
                token in lines("refresh"):
            self.answer(401, {"error": "not authorized"}, WWW_Authenticate="Bearer")
            return
        self.answer(200, {"resource": self.path, "got": len(body), "echo": token,
                          "account": self.headers.get("ChatGPT-Account-ID", "")},
                    X_Echo=token)

    # ---- tokens

    def token(self, body):
        mode = (lines("mode") or ["ok"])[0]
        if mode == "later":
            self.answer(503, b"come back")
        elif mode == "huge":
            self.answer(200, b'{"access_token": "' + b"x" * 100000 + b'"}')
        elif mode == "redirect":
            self.answer(302, b"", Location="https://evil.example.net/token")
        elif mode == "garbage":
            self.answer(200, b"<html>hello</html>")
        elif mode == "echo":
            self.answer(400, {"error": "invalid_" + body.decode("latin-1"), "error_description": body.decode("latin-1")})
        else:
            if mode == "slow":
                time.sleep(1)
            try:
                with lock:
                    given = self.grant(body, mode)
            except Refused as why:
                self.answer(400 if str(why) != "invalid_client" else 401, {"error": str(why)})
                return
            self.answer(200, given, Cache_Control="no-store")

    def grant(self, body, mode):
        if mode == "invalid_grant":
            raise Refused("invalid_grant")
        is_json = self.path in ("/v1/oauth/token", "/oauth/token")
        kind = "application/json" if is_json else "application/x-www-form-urlencoded"
        if self.command != "POST" or self.headers.get("Content-Type") != kind:
            raise Refused("invalid_request")
        q = json.loads(body) if is_json else dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        if not is_json:
            self.check_client(q)
        given = {"access_token": issue_jwt() if self.path == "/oauth/token" else issue("access"), "token_type": "Bearer"}
        if self.path != "/oauth/token":
            given["expires_in"] = 2 if mode == "short" else 3600
        if q.get("grant_type") == "client_credentials":
            if q.get("scope") != "read write" or q.get("audience") != "https://api.example.com/?a&b":
                raise Refused("invalid_scope")
            return given
        if q.get("grant_type") != "refresh_token":
            raise Refused("unsupported_grant_type")
        return self.rotate(q, given)

    def rotate(self, q, given):
        good = lines("refresh")
        if q.get("refresh_token") not in good:
            raise Refused("invalid_grant")
        good.remove(q["refresh_token"])
        given["refresh_token"] = issue("refresh")
        if self.path == "/oauth/token":
            given["id_token"] = issue_jwt()
        with open(f"{DIR}/refresh", "w") as f:
            f.write("\n".join(good + [given["refresh_token"]]) + "\n")
        return given

    def check_client(self, q):
        client, want = "client 1&", open(f"{DIR}/client").read()
        if self.path == "/token-post":
            if "Authorization" in self.headers or (q.get("client_id"), q.get("client_secret")) != (client, want):
                raise Refused("invalid_client")
            return
        scheme, _, coded = self.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(coded).decode().partition(":")
        except ValueError:
            raise Refused("invalid_client") from None
        if (scheme, urllib.parse.unquote(user), urllib.parse.unquote(password)) != ("Basic", client, want) or \
                "client_secret" in q:
            raise Refused("invalid_client")

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERT, KEY)
for address in sys.argv[4:]:
    server = ThreadingHTTPServer((address, 443), Server)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()
os.write(1, b"ready\n")
