"""An LFS server over TLS for tests of the gate, as git-lfs' published API has it.

    python3 gate-lfs-server.py DIR CERT KEY PORT…

as git.test on 127.0.0.1; LFS_HOST and LFS_ADDRESS are others.

Objects lie in DIR/objects/OID; DIR/token holds what a request's Authorization must be ("RemoteAuth
…": what git-lfs-authenticate gave). DIR/log gets a line a request: port, method, path, and whether
it was authorized. DIR/mode, read at each request, is one word that makes it misbehave; see `hostile`.
Every port is served alike: the second plays a store of objects elsewhere.
"""
import hashlib
import http.server
import json
import os
import ssl
import sys
import threading
import time

DIR, CERT, KEY = sys.argv[1:4]
PORTS = [int(p) for p in sys.argv[4:]]
TYPE = "application/vnd.git-lfs+json"


def mode():
    with open(f"{DIR}/mode") as f:
        return f.read().strip()


def token():
    with open(f"{DIR}/token") as f:
        return f.read().strip()


def base(port=None):
    port = port or PORTS[0]
    return "https://" + os.environ.get("LFS_HOST", "git.test") + ("" if port == 443 else f":{port}")


def hostile(word, action, oid):
    """What a batch says of an object in this mode; None: what it ought to."""
    links = {
        "metadata": "https://169.254.169.254/latest/meta-data",
        "file": "file:///git-gate/creds/demo-key",
        "plain": "http://git.test/objects/x",
        "user": "https://somebody:else@git.test/objects/x",
        "elsewhere": "https://store.test/objects/x",
        "private": "https://inside.test/objects/x",
        "store": f"{base(PORTS[-1])}/store/{oid}?signature={token()[-12:]}",
    }
    if word in links:
        return {action: {"href": links[word]}}
    if word == "crlf":
        return {action: {"href": f"{base()}/store/{oid}", "header": {"X-A": "b\r\nX-C: d"}}}
    if word == "hostheader":
        return {action: {"href": f"{base()}/store/{oid}",
                         "header": {"Host": "elsewhere.test", "Content-Length": "7"}}}
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self, what=""):
        authorized = "authorized" if self.headers.get("Authorization") == token() else "anonymous"
        with open(f"{DIR}/log", "a") as f:
            f.write(f"{self.server.server_port} {self.command} {self.path.split('?')[0]} "
                    f"{authorized}{what}\n")

    def answer(self, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if body is data else TYPE)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def refuse(self, status, message):
        self.answer(status, {"message": message})

    def allowed(self):
        """The API wants its own right of entry, a store's address is its own."""
        if self.path.startswith("/store/") or self.headers.get("Authorization") == token():
            return True
        self.refuse(401, "Credentials needed")
        return False

    def entry(self, operation, item):
        oid, size = item["oid"], item["size"]
        path = f"{DIR}/objects/{oid}"
        out = {"oid": oid, "size": size, "authenticated": True}
        action = operation
        header = {"X-Right": token()}
        actions = hostile(mode(), action, oid)
        if actions:
            out["actions"] = actions
        elif operation == "download" and os.path.exists(path):
            out["actions"] = {"download": {"href": f"{base()}/store/{oid}", "header": header}}
        elif operation == "download":
            out["error"] = {"code": 404, "message": "Object does not\x1b[31m exist"}
        elif not os.path.exists(path):
            out["actions"] = {"upload": {"href": f"{base()}/store/{oid}", "header": header},
                              "verify": {"href": f"{base()}/lfs/verify", "header": {
                                  "Authorization": token()}}}
        return out

    def batch(self):
        asked = json.loads(self.body())
        word = mode()
        if word == "million":
            self.send_response(200)
            self.send_header("Content-Type", TYPE)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b'{"objects":[' + b",".join(
                b'{"oid":"%064x","size":1}' % i for i in range(1000000)) + b"]}")
            self.close_connection = True
        elif word == "nonsense":
            self.answer(200, b"<html>no LFS</html>")
        elif word == "echo":
            self.refuse(403, f"you said {self.headers.get('Authorization')}")
        elif word == "none":
            self.refuse(404, "no such page")
        else:
            self.answer(200, {"transfer": "basic", "objects": [
                self.entry(asked["operation"], o) for o in asked["objects"]]})

    def locks(self):
        path = f"{DIR}/locks"
        known = json.load(open(path)) if os.path.exists(path) else []
        sent = json.loads(self.body() or b"{}")
        if mode() == "nolocks":
            return self.refuse(404, "there are no locks here")
        if self.path.endswith("/verify"):
            return self.answer(200, {"ours": known, "theirs": []})
        if self.path.endswith("/unlock"):
            gone = [k for k in known if k["id"] == self.path.split("/")[-2]]
            json.dump([k for k in known if k not in gone], open(path, "w"))
            return self.answer(200, {"lock": gone[0]})
        if self.command == "GET":
            return self.answer(200, {"locks": known})
        if any(k["path"] == sent["path"] for k in known):
            return self.refuse(409, "already created lock")
        lock = {"id": f"lock-{len(known)}", "path": sent["path"],
                "locked_at": "2024-01-01T00:00:00Z", "owner": {"name": "somebody"}}
        json.dump(known + [lock], open(path, "w"))
        return self.answer(201, {"lock": lock})

    def do_POST(self):
        self.note()
        if not self.allowed():
            self.body()
        elif self.path == "/lfs/objects/batch":
            self.batch()
        elif self.path.startswith("/lfs/locks"):
            self.locks()
        elif self.path == "/lfs/verify":
            asked = json.loads(self.body())
            there = os.path.exists(f"{DIR}/objects/{asked['oid']}")
            self.answer(200 if there else 404, {})
        else:
            self.body()
            self.refuse(404, "no such page")

    def do_GET(self):
        self.note()
        word, oid = mode(), self.path.split("?")[0].split("/")[-1]
        if self.path.startswith("/lfs/locks"):
            return self.locks() if self.allowed() else None
        data = open(f"{DIR}/objects/{oid}", "rb").read()
        if word == "redirect" and self.server.server_port == PORTS[0]:
            self.send_response(302)
            self.send_header("Location", f"{base(PORTS[-1])}/store/{oid}?signed=1")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if word == "loop":
            self.send_response(302)
            self.send_header("Location", self.path)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if word == "wrong":
            data = b"x" * len(data)
        elif word == "short":
            data = data[:-1]
        elif word == "long":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            return self.wfile.write(data + b"more")
        elif word == "stall":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            time.sleep(600)
        self.note(" right" if self.headers.get("X-Right") else "")
        return self.answer(200, data)

    def do_PUT(self):
        oid, left = self.path.split("?")[0].split("/")[-1], int(self.headers["Content-Length"])
        self.note(" framed" if self.headers.get("Host") != "elsewhere.test" else " misled")
        if mode() == "full":
            self.body()
            self.close_connection = True
            return self.refuse(507, "no room\x07 left")
        name, seen = f"{DIR}/objects/.{oid}.{threading.get_ident()}", hashlib.sha256()
        with open(name, "wb") as f:
            while left > 0:
                piece = self.rfile.read(min(left, 1 << 20))
                if not piece:
                    break
                seen.update(piece)
                f.write(piece)
                left -= len(piece)
        if left > 0 or seen.hexdigest() != oid:
            os.unlink(name)
            return self.refuse(422, "not the object")
        os.rename(name, f"{DIR}/objects/{oid}")
        return self.answer(200, {})


def serve(port):
    server = http.server.ThreadingHTTPServer((os.environ.get("LFS_ADDRESS", "127.0.0.1"), port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERT, KEY)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


os.makedirs(f"{DIR}/objects", exist_ok=True)
for p in PORTS[1:]:
    threading.Thread(target=serve, args=(p,), daemon=True).start()
serve(PORTS[0])
