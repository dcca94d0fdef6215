#!/usr/bin/env python3
"""Writes harmless traffic of coding agents into a directory: conversations with models, tool results, package and code
host APIs. All of it was written for this purpose; documentation's example keys are put together here.

usage: conversations.py DIRECTORY SEED
"""
import base64, hashlib, json, os, random, sys, uuid

target, rng = sys.argv[1], random.Random(int(sys.argv[2]))
os.makedirs(target, exist_ok=True)


def write(name, text):
    with open(os.path.join(target, name), "w" if isinstance(text, str) else "wb") as f:
        f.write(text)


def random_bytes(n): return bytes(rng.randrange(256) for _ in range(n))
def some_uuid(): return str(uuid.UUID(int=rng.getrandbits(128), version=4))
def sha1(): return hashlib.sha1(random_bytes(20)).hexdigest()
def sha256(): return hashlib.sha256(random_bytes(20)).hexdigest()
def integrity(): return "sha512-" + base64.b64encode(hashlib.sha512(random_bytes(20)).digest()).decode()


# What documentation prints where a reader is to put his own; none of it is one.
PLACEHOLDERS = [
    "AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "sk-" + "x" * 40, "sk-ant-" + "..." , "ghp_" + "x" * 36, "ghp_" + "your_personal_access_token_here",
    "xoxb-" + "your-token-here", "<YOUR_API_KEY>", "${OPENAI_API_KEY}", "$ANTHROPIC_API_KEY", "{{ secrets.GITHUB_TOKEN }}",
    "your-api-key", "changeme", "REPLACE_ME_WITH_A_REAL_TOKEN", "********************", "sk_test_" + "..." ,
    "process.env.STRIPE_SECRET_KEY", "os.environ['SLACK_TOKEN']", "AIza" + "..." , "hunter2", "correct horse battery staple",
    "glpat-" + "XXXXXXXXXXXXXXXXXXXX", "0123456789abcdef0123456789abcdef", "deadbeefdeadbeefdeadbeefdeadbeef",
    "00000000-0000-0000-0000-000000000000", "eyJhbGciOi...", "-----BEGIN CERTIFICATE-----",
]

PROSE = """The parser first reads the header, then decides how long the body is. If the length is missing and the
connection is not going to be closed, the request is refused, because nobody could tell where the next one begins. I
would rename `token` to `lexeme` here: a token in this file is a piece of the grammar and has nothing to do with
authentication. The secret of a good test is that it fails when the feature is taken out. The key of the map is the
user's name, the value is the number of open connections; the password prompt is drawn by the terminal library.
""".replace("\n", " ")

CODE = '''import os
from dataclasses import dataclass

@dataclass
class Settings:
    api_key: str = os.environ.get("API_KEY", "")
    secret_key: str = "django-insecure-change-me"
    token_url: str = "https://auth.example.com/oauth/token"
    password_hash: str = hash_password(get_password())

def authenticate(password: str, token: Token | None = None) -> bool:
    if token is None:
        token = next_token(stream)
    return hmac.compare_digest(token.value, expected_token)
'''


def conversation(turns):
    messages = []
    for i in range(turns):
        messages.append({"role": "user", "content": f"In step {i}: " + PROSE[: rng.randrange(80, len(PROSE))]})
        messages.append({"role": "assistant", "content": [
            {"type": "text", "text": "Put your key there, for example `" + rng.choice(PLACEHOLDERS) + "`:\n\n```python\n" + CODE + "```\n"},
            {"type": "tool_use", "id": "toolu_" + f"{rng.getrandbits(120):030x}"[:24], "name": "bash",
             "input": {"command": f"git show {sha1()} --stat && export API_KEY={rng.choice(PLACEHOLDERS)}"}}]})
        messages.append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": some_uuid(), "content": f"commit {sha1()}\nindex {sha1()[:9]}..{sha1()[:9]} 100644\n"}]})
    return messages


write("messages-request.json", json.dumps({"model": "claude", "max_tokens": 4096, "metadata": {"user_id": sha256()},
      "messages": conversation(60)}))
write("chat-request.json", json.dumps({"model": "gpt", "messages": conversation(60), "stream": True}, indent=1))

image = base64.b64encode(random_bytes(150000)).decode()
write("image-request.json", json.dumps({"messages": [{"role": "user", "content": [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}}]}]}))
write("page.html", "<img src=\"data:image/png;base64," + image[:60000] + "\">\n<p>" + PROSE + "</p>\n")

events = []
for word in (PROSE + CODE).split(" "):
    events.append("event: content_block_delta\ndata: " + json.dumps(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word + " "}}) + "\n\n")
write("stream.sse", "".join(events))
write("chunks.sse", "".join("data: " + json.dumps({"id": "chatcmpl-" + sha1()[:29], "object": "chat.completion.chunk",
      "system_fingerprint": "fp_" + sha1()[:10], "choices": [{"delta": {"content": w + " "}}]}) + "\n\n"
      for w in PROSE.split(" ")) + "data: [DONE]\n\n")

packages = {f"node_modules/package-{i}": {"version": f"{i % 7}.{i % 13}.{i % 5}", "integrity": integrity(),
            "resolved": f"https://registry.npmjs.org/package-{i}/-/package-{i}-{i % 7}.0.0.tgz"} for i in range(3000)}
write("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": packages}, indent=2))
write("Cargo.lock", "".join(f'[[package]]\nname = "crate-{i}"\nversion = "0.{i % 9}.1"\nchecksum = "{sha256()}"\n\n' for i in range(2000)))
write("go.sum", "".join(f"example.com/mod{i} v1.{i % 20}.0 h1:{base64.b64encode(random_bytes(32)).decode()}\n" for i in range(2000)))
write("poetry.lock", "".join(f'    {{file = "p{i}.whl", hash = "sha256:{sha256()}"}},\n' for i in range(3000)))
write("uuids.csv", "".join(f"{some_uuid()},{some_uuid()},{rng.randrange(10**12)}\n" for _ in range(5000)))
write("git.log", "".join(f"commit {sha1()}\nAuthor: A. Developer <dev@example.com>\n\n    {PROSE[:60]}\n\n" for _ in range(3000)))
write("docs.md", "".join(f"Set `API_KEY={p}` or put `token: \"{p}\"` into the file.\n\n```sh\ncurl -H 'Authorization: Bearer {p}' "
                         f"https://api.example.com/v1/things?api_key={p}\n```\n\n" for p in PLACEHOLDERS))
names = [f"{a}{b}" for a in "abcdefghijklmnopqrstuvwxyz" for b in "ABCDEFGHIJ"]
write("min.js", "".join(f"function {rng.choice(names)}(e,t){{var n=e.token||t.key,r=\"{rng.choice(names)}\";return n===r?"
                        f"{rng.randrange(99)}:e.password&&t.secret({rng.choice(names)})}}" for _ in range(8000)))
write("access.log", "".join(f'10.0.0.{i % 250} - - [01/Jan/2026:00:00:{i % 60:02d} +0000] "GET /v1/items/{some_uuid()}?page_token='
      f'{i}&csrf={sha1()[:16]} HTTP/1.1" 200 {i}\n' for i in range(3000)))
write("api-answer.json", json.dumps([{"id": i, "node_id": base64.b64encode(b"05:Issue%d" % i).decode(), "etag": sha256(),
      "next_page_token": base64.urlsafe_b64encode(random_bytes(12)).decode(), "idempotency_key": some_uuid(),
      "session": {"expires": 3600, "token_type": "bearer"}} for i in range(1500)]))
write("multi.txt", "Ключ от двери лежит под ковром. 密码学是一门学问。 パスワードを入力してください。 Das Geheimnis des Schlüssels. "
                   "Ἐν ἀρχῇ ἦν ὁ λόγος. 🔑🔒 café naïve Ångström \u200d\u2764\ufe0f\n" * 4000)
write("random.bin", random_bytes(400000))
