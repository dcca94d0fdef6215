"""Packages to be installed by tests: packages.py DIR URL. DIR is served at URL.

DIR/simple is an index for pip with the package bottle-test, DIR/npm a registry for npm with bottle-test.
"""
import base64
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile


def write(name, data):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as f:
        f.write(data)


def wheel():
    info = "bottle_test-1.0.dist-info"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("bottle_test.py", "said = 'hello'\n")
        z.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: bottle-test\nVersion: 1.0\n")
        z.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"{info}/RECORD", "".join(f"{n},,\n" for n in (
            "bottle_test.py", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD")))
    return out.getvalue()


def tarball():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in (("package.json", json.dumps({"name": "bottle-test", "version": "1.0.0"})),
                           ("index.js", "module.exports = 'hello';\n")):
            entry = tarfile.TarInfo("package/" + name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def main():
    directory, url = sys.argv[1:]
    data = wheel()
    name = "bottle_test-1.0-py3-none-any.whl"
    write(f"{directory}/simple/bottle-test/{name}", data)
    write(f"{directory}/simple/bottle-test/index.html", (
        f'<!DOCTYPE html><html><body><a href="{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>'
        "</body></html>").encode())
    data = tarball()
    sum_of = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    dist = {"tarball": f"{url}/npm/archives/bottle-test-1.0.0.tgz", "integrity": sum_of}
    write(f"{directory}/npm/archives/bottle-test-1.0.0.tgz", data)
    write(f"{directory}/npm/bottle-test/index.html", json.dumps({
        "name": "bottle-test", "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": {"name": "bottle-test", "version": "1.0.0", "dist": dist}}}).encode())


main()
