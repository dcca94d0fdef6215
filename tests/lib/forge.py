"""A forge for tests, as far as deploy keys go: forge.py ADDRESS PORT CERT KEY DIR.

It speaks the three published APIs, each at its own place: Gitea's and Forgejo's (swagger of
/repos/{owner}/{repo}/keys), GitHub's (REST API endpoints for deploy keys) and GitLab's (Deploy keys
API), and refuses what they refuse, in their words. In DIR:

    repos       paths of repositories, a line each
    token       whom it lets in
    mode        how it misbehaves, read at each request: "slow SECONDS", "held" (as long as that
                stands there, nothing is answered), "lose METHOD" (does what is
                asked and hangs up), "status NUMBER [METHOD]", "limit SECONDS", "garbage", "endless"
    keys.json   the keys that it has
    authorized  the same, as sshd reads them
    log         "METHOD PATH STATUS" of each request, when it was worked on
    arrived     "METHOD", before
"""
import base64
import json
import os
import re
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

DIR = sys.argv[5]
lock = threading.Lock()


def read(name, default=""):
    try:
        with open(os.path.join(DIR, name)) as f:
            return f.read().strip()
    except FileNotFoundError:
        return default


def write(name, text):
    path = os.path.join(DIR, name)
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def load():
    return json.loads(read("keys.json", "[]"))


def save(keys):
    write("keys.json", json.dumps(keys))
    write("authorized", "".join(f"restrict {k['key']}\n" for k in keys))


class Refusal(Exception):
    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


def valid_key(key):
    """An ed25519 line of RFC 8709: the type again, and 32 bytes."""
    parts = key.split(" ") if isinstance(key, str) else []
    if len(parts) < 2 or parts[0] != "ssh-ed25519" or "\n" in key:
        return False
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except ValueError:
        return False
    return blob[:19] == b"\0\0\0\x0bssh-ed25519\0\0\0\x20" and len(blob) == 51


def same(a, b):
    return a.split(" ")[:2] == b.split(" ")[:2]


class Gitea:
    pattern = re.compile(r"^/api/v1/repos/([^/]+)/([^/]+)/keys(?:/(\d+))?$")
    page_size = ("limit", 50)

    def lets_in(self, headers):
        scheme, _, value = headers.get("Authorization", "").partition(" ")
        return scheme in ("token", "Bearer") and value == read("token")

    def not_in(self):
        return Refusal(401, {"message": "invalid username, password or token", "url": "https://x/api/swagger"})

    def no_repo(self):
        return Refusal(404, {"errors": [], "message": "The target couldn't be found.", "url": "https://x/api/swagger"})

    def refuse(self, text):
        return Refusal(422, {"message": text, "url": "https://x/api/swagger"})

    def check(self, form, keys, repo):
        for field in ("title", "key"):
            if not isinstance(form.get(field), str) or not form[field]:
                raise self.refuse(f"[{field.capitalize()}]: Required")
        if not valid_key(form["key"]):
            raise self.refuse("Invalid key content: ssh: no key found")
        for k in keys:
            if k["repo"] == repo and same(k["key"], form["key"]):
                raise self.refuse("This key has already been added to this repository")
            if k["repo"] == repo and k["title"] == form["title"]:
                raise self.refuse("A key with the same name already exists")
        return not form.get("read_only", False)

    def show(self, k):
        return {"id": k["id"], "key_id": k["id"] + 1000, "key": k["key"], "url": f"https://x/api/v1/{k['id']}",
                "title": k["title"], "fingerprint": "SHA256:x", "created_at": "2026-01-01T00:00:00Z",
                "read_only": not k["write"]}


class GitHub(Gitea):
    pattern = re.compile(r"^/repos/([^/]+)/([^/]+)/keys(?:/(\d+))?$")
    page_size = ("per_page", 100)
    docs = {"documentation_url": "https://docs.github.com/rest"}

    def lets_in(self, headers):
        if not headers.get("User-Agent"):
            raise Refusal(403, {"message": "Request forbidden by administrative rules."})
        return super().lets_in(headers)

    def not_in(self):
        return Refusal(401, {"message": "Bad credentials", **self.docs, "status": "401"})

    def no_repo(self):
        return Refusal(404, {"message": "Not Found", **self.docs, "status": "404"})

    def refuse(self, text):
        return Refusal(422, {"message": "Validation Failed", "errors": [
            {"resource": "PublicKey", "code": "custom", "field": "key", "message": text}], **self.docs})

    def check(self, form, keys, repo):
        if not isinstance(form.get("key"), str) or not valid_key(form["key"]):
            raise self.refuse("key is invalid. You must supply a key in OpenSSH public key format")
        if any(same(k["key"], form["key"]) for k in keys):
            raise self.refuse("key is already in use")
        return not form.get("read_only", False)

    def show(self, k):
        # It keeps no comment.
        return {"id": k["id"], "key": " ".join(k["key"].split(" ")[:2]), "url": "https://x", "title": k["title"],
                "verified": True, "created_at": "2026-01-01T00:00:00Z", "read_only": not k["write"],
                "added_by": "operator", "last_used": None, "enabled": True}


class GitLab(Gitea):
    pattern = re.compile(r"^/api/v4/projects/([^/]+)/()deploy_keys(?:/(\d+))?$")
    page_size = ("per_page", 100)

    def lets_in(self, headers):
        scheme, _, value = headers.get("Authorization", "").partition(" ")
        return headers.get("PRIVATE-TOKEN") == read("token") or (scheme == "Bearer" and value == read("token"))

    def not_in(self):
        return Refusal(401, {"message": "401 Unauthorized"})

    def no_repo(self):
        return Refusal(404, {"message": "404 Project Not Found"})

    def check(self, form, keys, repo):
        for field in ("title", "key"):
            if not form.get(field):
                raise Refusal(400, {"error": f"{field} is missing"})
        if not valid_key(form["key"]):
            raise Refusal(400, {"message": {"deploy_key.key": ["must be a supported SSH public key."]}})
        if any(same(k["key"], form["key"]) for k in keys):
            raise Refusal(400, {"message": {"deploy_key.fingerprint_sha256": ["has already been taken"]}})
        return form.get("can_push", False) is True

    def show(self, k):
        return {"id": k["id"], "title": k["title"], "created_at": "2026-01-01T00:00:00.000Z", "expires_at": None,
                "key": k["key"], "usage_type": "auth", "fingerprint": "x", "fingerprint_sha256": "SHA256:x",
                "can_push": k["write"]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def find(self):
        path = urlsplit(self.path).path
        for dialect in (Gitea(), GitLab(), GitHub()):
            found = dialect.pattern.match(path)
            if found:
                owner, name, number = found.groups()
                repo = unquote(owner) + ("/" + unquote(name) if name else "")
                return dialect, repo, number and int(number)
        raise Refusal(404, {"message": "no such endpoint"})

    def make(self, dialect, repo):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Type", "").split(";")[0] != "application/json":
            raise Refusal(415, {"message": "Unsupported Media Type"})
        try:
            form = json.loads(body)
        except ValueError:
            raise Refusal(400, {"message": "Problems parsing JSON"}) from None
        keys = load()
        may_write = dialect.check(form, keys, repo)
        number = int(read("last", "6")) + 1
        write("last", str(number))
        key = {"id": number, "repo": repo, "title": form.get("title", ""), "key": form["key"], "write": may_write}
        save(keys + [key])
        return 201, dialect.show(key)

    def listing(self, dialect, repo):
        query = parse_qs(urlsplit(self.path).query)
        name, most = dialect.page_size
        size = min(int(query.get(name, ["30"])[0]), most, int(read("page_most", "100")))
        first = (int(query.get("page", ["1"])[0]) - 1) * size
        keys = [k for k in load() if k["repo"] == repo]
        return 200, [dialect.show(k) for k in keys[first:first + size]]

    def delete(self, dialect, repo, number):
        keys = load()
        left = [k for k in keys if k["repo"] != repo or k["id"] != number]
        if len(left) == len(keys):
            raise dialect.no_repo()
        save(left)
        return 204, None

    def work(self):
        dialect, repo, number = self.find()
        if not dialect.lets_in(self.headers):
            raise dialect.not_in()
        if repo not in read("repos").split("\n"):
            raise dialect.no_repo()
        if self.command == "POST" and number is None:
            return self.make(dialect, repo)
        if self.command == "GET" and number is None:
            return self.listing(dialect, repo)
        if self.command == "DELETE" and number is not None:
            return self.delete(dialect, repo, number)
        raise Refusal(405, {"message": "Method Not Allowed"})

    def misbehave(self, mode):
        """True: there is nothing more to say."""
        if mode[:1] == ["slow"]:
            time.sleep(float(mode[1]))
        elif mode == ["held"]:
            while read("mode") == "held":
                time.sleep(0.02)
        elif mode[:1] == ["status"] and mode[2:] in ([], [self.command]):
            raise Refusal(int(mode[1]), {"message": "as the test has it " + read("token")})
        elif mode[:1] == ["limit"]:
            self.retry_after = mode[1]
            raise Refusal(429, {"message": "You have exceeded a secondary rate limit"})
        elif mode == ["garbage"]:
            self.reply(200 if self.command == "GET" else 201, b"<html>\0\xff")
            return True
        elif mode == ["endless"]:
            self.send_response(201)
            self.end_headers()
            while True:
                self.wfile.write(b"[" * 65536)
        return False

    def answer(self):
        self.retry_after = None
        mode = read("mode").split()
        with open(os.path.join(DIR, "arrived"), "a") as arrived:
            arrived.write(f"{self.command}\n")
        try:
            if self.misbehave(mode):
                return
            with lock:
                status, body = self.work()
        except Refusal as r:
            status, body = r.status, r.body
        with open(os.path.join(DIR, "log"), "a") as log:
            log.write(f"{self.command} {self.path} {status}\n")
        if mode == ["lose", self.command]:
            self.close_connection = True
            return
        self.reply(status, b"" if body is None else json.dumps(body).encode())

    def reply(self, status, body):
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "https://elsewhere.example.com/")
        if self.retry_after:
            self.send_header("Retry-After", self.retry_after)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
server.daemon_threads = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with lock:
    save(load())
print("ready", flush=True)
server.serve_forever()
