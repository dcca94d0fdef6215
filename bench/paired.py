#!/usr/bin/env python3
"""Runtimes in turn, round by round: times, peak memory, system calls (bench/runtime).

The first of the peers is ours. For each measure: min, median and max of the rounds, and the ratio
ours / theirs of each round: the machine's noise hits both of a round alike, so ratios count.
"""
import argparse
import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import time


def spawn(argv):
    null = os.open("/dev/null", os.O_RDWR)
    try:
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)])
    finally:
        os.close(null)


def finish(argv):
    """Runs it to its end, which must be a success."""
    _, status = os.waitpid(spawn(argv), 0)
    if status:
        sys.exit("failed: " + " ".join(argv))


class Runtime:
    def __init__(self, name, path, options):
        self.name = name
        self.argv = [path, "--root", os.path.join(options.state, name.replace(" ", "-"))]
        self.bundle = os.path.join(options.state, "bundle-" + name.replace(" ", "-"))
        shutil.copytree(options.bundle, self.bundle, symlinks=True)
        for config in "config.json", "sleep.json":
            with open(os.path.join(self.bundle, config)) as f:
                parsed = json.load(f)
            parsed["linux"]["cgroupsPath"] = "%s/%s-%s" % (
                options.cgroup, config, os.path.basename(self.bundle))
            with open(os.path.join(self.bundle, config), "w") as f:
                json.dump(parsed, f)
        self.pid_file = os.path.join(self.bundle, "pid")

    def command(self, *words):
        return self.argv + list(words)

    def life(self):
        """create, start, the process's own end, delete."""
        finish(self.command("create", "--bundle", self.bundle, "--pid-file", self.pid_file, "bench"))
        with open(self.pid_file) as f:
            pid = int(f.read())
        pidfd = os.pidfd_open(pid)
        finish(self.command("start", "bench"))
        # An orphan, which this world's pid 1 (our parent) reaps; its end is enough.
        wait_readable(pidfd)
        os.close(pidfd)
        finish(self.command("delete", "bench"))

    def run(self):
        finish(self.command("run", "--bundle", self.bundle, "bench"))

    def exec(self):
        finish(self.command("exec", "bench-exec", "/bin/true"))

    def start_sleeper(self):
        os.rename(os.path.join(self.bundle, "sleep.json"), os.path.join(self.bundle, "config.json"))
        finish(self.command("run", "--detach", "--bundle", self.bundle, "bench-exec"))

    def stop_sleeper(self):
        finish(self.command("delete", "--force", "bench-exec"))

    def system_calls(self, *words):
        out = os.path.join(self.bundle, "strace")
        finish([shutil.which("strace"), "-f", "-c", "-o", out] + self.command(*words))
        with open(out) as f:
            total = f.read().splitlines()[-1].split()
        # "100.00 SECONDS USECS/CALL CALLS [ERRORS] total"
        return int(total[3])

    def peak_memory(self):
        """Of the largest process, in MiB. By a forker that is smaller than all of them."""
        out = os.path.join(self.bundle, "time")
        finish(["/bin/busybox", "time", "-f", "%M", "-o", out] +
               self.command("run", "--bundle", self.bundle, "bench"))
        with open(out) as f:
            # Busybox multiplies what getrusage(2) gives in KiB by a page.
            kib = int(f.read().split()[-1]) * 1024 // os.sysconf("SC_PAGE_SIZE")
        return kib / 1024


def wait_readable(fd):
    p = select.poll()
    p.register(fd, select.POLLIN)
    p.poll()


def line(text, values, form):
    print("  %-44s" % text + "".join((" " + form) % v for v in
                                     (min(values), statistics.median(values), max(values))))


def report(title, unit, series, form="%9.2f"):
    print("\n%s (%s)%sminimum    median   maximum" % (title, unit, " " * (40 - len(title) - len(unit))))
    ours = next(iter(series))
    for name, values in series.items():
        line(name, values, form)
    for name, values in series.items():
        if name != ours:
            line("%s / %s" % (ours, name), [a / b for a, b in zip(series[ours], values)], "%9.2f")


def timed(runtimes, rounds, act):
    series = {r.name: [] for r in runtimes}
    for n in range(rounds + 1):
        for r in runtimes:
            since = time.monotonic()
            act(r)
            # The first round fills caches: ours keeps compiled filters.
            if n:
                series[r.name].append((time.monotonic() - since) * 1000)
    return series


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    for option in "bundle", "state", "cgroup":
        parser.add_argument("--" + option, required=True)
    parser.add_argument("peers", nargs="+", metavar="NAME=PROGRAM")
    options = parser.parse_args()
    os.makedirs(options.state)
    runtimes = [Runtime(*peer.rsplit("=", 1), options) for peer in options.peers]

    report("create + start + delete", "ms", timed(runtimes, options.rounds, Runtime.life))
    report("run", "ms", timed(runtimes, options.rounds, Runtime.run))
    report("peak memory of run", "MiB",
           {r.name: [r.peak_memory() for _ in range(5)] for r in runtimes})
    if shutil.which("strace"):
        report("system calls of run", "strace -f -c", {r.name: [
            r.system_calls("run", "--bundle", r.bundle, "bench") for _ in range(3)]
            for r in runtimes}, "%9d")
    for r in runtimes:
        r.start_sleeper()
    try:
        report("exec", "ms", timed(runtimes, options.rounds, Runtime.exec))
        if shutil.which("strace"):
            report("system calls of exec", "strace -f -c", {r.name: [
                r.system_calls("exec", "bench-exec", "/bin/true") for _ in range(3)]
                for r in runtimes}, "%9d")
    finally:
        for r in runtimes:
            r.stop_sleeper()


main()
