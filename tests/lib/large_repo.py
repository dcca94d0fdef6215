#!/usr/bin/env python3
"""A history for git fast-import: large_repo.py COMMITS FILES MEGABYTES >stream

COMMITS commits, each of which changes a few of FILES text files, and MEGABYTES of files that do not
compress, 4 MiB each, spread over them. The same arguments make the same objects.
"""
import random
import sys

WORDS = ["alpha", "beta", "gamma", "delta", "return", "value", "error", "string", "length", "buffer",
         "request", "answer", "number", "counter", "table", "index", "while", "until", "before", "after"]


def data(out, body):
    out.write(b"data %d\n" % len(body))
    out.write(body)
    out.write(b"\n")


def text(rng, lines):
    return "".join(" ".join(rng.choices(WORDS, k=8)) + "\n" for _ in range(lines)).encode()


def main():
    commits, files, megabytes = (int(a) for a in sys.argv[1:4])
    rng = random.Random(7)
    out = sys.stdout.buffer
    large = megabytes // 4
    bodies = {n: text(rng, 40) for n in range(files)}
    for i in range(commits):
        out.write(b"commit refs/heads/main\n")
        out.write(b"committer tester <tester@example.com> %d +0000\n" % (1000000000 + i))
        data(out, b"commit %d\n" % i)
        changed = range(files) if i == 0 else rng.sample(range(files), min(3, files))
        for n in changed:
            bodies[n] += text(rng, 1)
            out.write(b"M 100644 inline src/%d/file%d.c\n" % (n % 50, n))
            data(out, bodies[n])
        # The first of every so many commits brings one of the large files.
        if large and i % max(1, commits // large) == 0 and i // max(1, commits // large) < large:
            out.write(b"M 100644 inline assets/large%d.bin\n" % i)
            data(out, rng.randbytes(4 << 20))
    out.write(b"done\n")


main()
