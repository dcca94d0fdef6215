"""Reads a log whose lines hold on to one another (base/chain.h) with another program's eyes.

    python3 chain.py FILE	prints "whole LINES SEGMENTS", or what is wrong with which line

Independent of ours: Python's json and hashlib, and nothing of bottle's.
"""
import hashlib
import json
import re
import sys

TAIL = re.compile(rb',"chain":"([0-9a-f]{64})"\}$')


def main():
    link, seq, segments, torn = "", 0, 0, None
    for number, line in enumerate(open(sys.argv[1], "rb").read().split(b"\n")[:-1], 1):
        tail = TAIL.search(line)
        if not tail:
            torn = len(line)
            continue
        told = json.loads(line)
        if "seed" in told:
            segments += 1
            if told["after"] != link:
                return f"line {number}: the segment does not follow"
            if torn is not None and told.get("torn") != torn:
                return f"line {number - 1}: torn, and nobody said so"
            link, torn = told["seed"], None
        if torn is not None or told["seq"] != seq + 1:
            return f"line {number}: number {told['seq']} after {seq}"
        if hashlib.sha256(link.encode() + line[:tail.start()] + b"}").hexdigest() != tail[1].decode():
            return f"line {number}: changed"
        if not line.isascii() or any(c < 0x20 or c == 0x7f for c in line):
            return f"line {number}: not plain"
        link, seq = tail[1].decode(), seq + 1
    return f"whole {seq} {segments}"


print(main())
