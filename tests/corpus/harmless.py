#!/usr/bin/env python3
"""Chooses harmless material of the machine that the tests run on.

usage: harmless.py packages PACKAGE…
           prints, NUL-terminated and in order, the files below the directories of harmless.list that
           these Debian packages and those that they depend on brought: the same on each machine that
           has them, whatever else is installed there
       harmless.py history DIRECTORY
           writes there the commits and files that a push of this project's history would send, a file each,
           without its tests, which hold hostile inputs on purpose. Nothing where there is no history
"""
import os, re, stat, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))


def output(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, **more).stdout


def names(relations):
    """Of all packages in a dependency field: each alternative may be the one that is there."""
    return [word for word in (re.split(r"[ (:]", r.strip(), maxsplit=1)[0] for r in re.split("[,|]", relations)) if word]


def installed():
    """What each package needs, and who provides a name."""
    form = "${db:Status-Status}\t${Package}\t${Pre-Depends},${Depends}\t${Provides}\n"
    needs, providers = {}, {}
    for line in output("dpkg-query", "-W", "-f", form, text=True).splitlines():
        status, package, depends, provides = line.split("\t")
        if status != "installed":
            continue
        needs.setdefault(package, []).extend(names(depends))
        for name in names(provides):
            providers.setdefault(name, []).append(package)
    return needs, providers


def closure(wanted):
    needs, providers = installed()
    found, queue = set(), list(wanted)
    while queue:
        name = queue.pop()
        for package in [name] if name in needs else providers.get(name, []):
            if package not in found:
                found.add(package)
                queue += needs[package]
    return sorted(found)


def is_plain(path):
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False  # left out of an image to make it smaller


def packages(wanted):
    with open(os.path.join(here, "harmless.list"), encoding="utf-8") as f:
        below = tuple(line.rstrip("\n") + "/" for line in f if line.startswith("/"))
    listed = os.fsdecode(output("dpkg-query", "-L", *closure(wanted))).splitlines()
    for path in sorted({p for p in listed if p.startswith(below)}):
        if is_plain(path):
            sys.stdout.buffer.write(os.fsencode(path) + b"\0")


def git(*arguments, **more):
    # Also of a clone that is somebody else's.
    return output("git", "-c", "safe.directory=*", "-C", here, *arguments, **more)


def history(directory):
    os.makedirs(directory)
    try:
        git("rev-parse", "--verify", "--quiet", "HEAD", stderr=subprocess.DEVNULL)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return
    listed = git("rev-list", "--objects", "HEAD", "--", ":/", ":(top,exclude)tests")
    objects = git("cat-file", "--batch", input=b"".join(line.split(b" ")[0] + b"\n" for line in listed.splitlines()))
    at = 0
    while at < len(objects):
        end = objects.index(b"\n", at)
        name, kind, size = objects[at:end].decode().split()
        at = end + 1 + int(size)
        # A tree is nothing but names and hashes.
        if kind != "tree":
            with open(os.path.join(directory, f"{kind}-{name}"), "wb") as f:
                f.write(objects[end + 1 : at])
        at += 1


if sys.argv[1] == "packages":
    packages(sys.argv[2:])
else:
    history(sys.argv[2])
