#!/usr/bin/env python3
"""One client, one proxy, one measure (bench/egress): what a proxy's processor time and delay are.

    egress_load.py MEASURE --address IP:PORT --name HOST --cacert FILE --pids PID,… [--connect] [--count N]

MEASURE: post (1 KiB, one kept connection), h2post and h2get (the same over HTTP/2, eight at a time, by h2load),
connect (a new TLS connection for each request), upload, download (16 MiB), events (server-sent, one each few
milliseconds). --connect: the address is a
proxy that is asked by CONNECT (h2load cannot: it takes the name's own address, as a client without a proxy
does); else it is the peer itself. Prints "KEY VALUE" lines: microseconds of
the proxy's processors for each request (or event), milliseconds, MB for each processor second.
"""
import argparse
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
BODY = b"the quick brown fox jumps over the lazy dog, line after line of ordinary prose. " * 13


def cpu_ns(pids):
    """Of all threads and all children that are there now."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    return total


def context(options):
    c = ssl.create_default_context(cafile=options.cacert)
    c.set_alpn_protocols(["http/1.1"])
    return c


def read_head(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            sys.exit(f"the connection ended: {data[:200]!r}")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def dial(options, tls):
    host, port = options.address.rsplit(":", 1)
    sock = socket.create_connection((host, int(port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if options.connect:
        sock.sendall(f"CONNECT {options.name}:443 HTTP/1.1\r\nHost: {options.name}:443\r\n\r\n".encode())
        head, _ = read_head(sock)
        if b" 200" not in head.split(b"\r\n")[0]:
            sys.exit(f"CONNECT: {head!r}")
    return tls.wrap_socket(sock, server_hostname=options.name)


def length_of(head):
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    sys.exit(f"no length: {head!r}")


def answer(sock):
    head, rest = read_head(sock)
    if b" 200" not in head.split(b"\r\n")[0] and b" 20" not in head.split(b"\r\n")[0]:
        sys.exit(f"refused: {head!r} {rest[:300]!r}")
    left = length_of(head) - len(rest)
    while left > 0:
        left -= len(sock.recv(min(left, MIB)))


def request(options, method, path, length):
    return (f"{method} {path} HTTP/1.1\r\nHost: {options.name}\r\nUser-Agent: bench/1\r\nAccept: */*\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n").encode()


def quantiles(times):
    times.sort()
    print(f"p50_us {times[len(times) // 2] / 1000:.1f}")
    print(f"p99_us {times[len(times) * 99 // 100] / 1000:.1f}")


def post(options, tls):
    sock = dial(options, tls)
    whole = request(options, "POST", "/small", 1024) + BODY[:1024]
    times = []
    for i in range(options.count + 200):
        if i == 200:
            cpu, wall = cpu_ns(options.pids), time.perf_counter_ns()
        t0 = time.perf_counter_ns()
        sock.sendall(whole)
        answer(sock)
        times.append(time.perf_counter_ns() - t0)
    wall = time.perf_counter_ns() - wall
    print(f"cpu_us {(cpu_ns(options.pids) - cpu) / options.count / 1000:.2f}")
    print(f"rate {options.count / wall * 1e9:.0f}")
    quantiles(times[200:])


def http2(options, more):
    """h2load checks no certificate, and says how many requests had which status."""
    to = [] if options.connect else [f"--connect-to={options.address}"]
    command = ["h2load", "-n", str(options.count), "-c", "1", "-m", "8", *to, *more, f"https://{options.name}/small"]
    cpu = cpu_ns(options.pids)
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    cpu = cpu_ns(options.pids) - cpu
    if f"status codes: {options.count} 2xx" not in out or "Application protocol: h2" not in out:
        sys.exit(f"h2load: {out}")
    print(f"cpu_us {cpu / options.count / 1000:.2f}")
    print(f"rate {re.search(r', ([0-9.]+) req/s', out)[1]}")


def h2get(options, _tls):
    http2(options, [])


def h2post(options, _tls):
    with tempfile.NamedTemporaryFile() as body:
        body.write(BODY[:1024])
        body.flush()
        http2(options, ["-d", body.name, "-H", "content-type: text/plain"])


def connect(options, tls):
    whole = request(options, "POST", "/small", 1024) + BODY[:1024]
    times = []
    for i in range(options.count + 5):
        if i == 5:
            cpu = cpu_ns(options.pids)
        t0 = time.perf_counter_ns()
        sock = dial(options, tls)
        sock.sendall(whole)
        answer(sock)
        sock.close()
        times.append(time.perf_counter_ns() - t0)
    print(f"cpu_us {(cpu_ns(options.pids) - cpu) / options.count / 1000:.1f}")
    quantiles(times[5:])


def prose(size):
    """Text that no two lines of which are the same: nothing is found in it."""
    words = "alpha river stone window garden letter silver morning paper travel music".split()
    lines, n, i = [], 0, 0
    while n < size:
        line = " ".join(words[(i * 7 + k * k + i // 11) % len(words)] for k in range(12)) + f" {i}\n"
        lines.append(line)
        n += len(line)
        i += 1
    return "".join(lines).encode()[:size]


def upload(options, tls):
    body = prose(16 * MIB)
    sock = dial(options, tls)
    cpu, wall = cpu_ns(options.pids), time.perf_counter_ns()
    for _ in range(options.count):
        sock.sendall(request(options, "POST", "/up", len(body)))
        sock.sendall(body)
        answer(sock)
    report_bytes(options, cpu, wall, options.count * len(body))


def download(options, tls):
    sock = dial(options, tls)
    cpu, wall = cpu_ns(options.pids), time.perf_counter_ns()
    for _ in range(options.count):
        sock.sendall(request(options, "GET", "/big", 0))
        answer(sock)
    report_bytes(options, cpu, wall, options.count * 16 * MIB)


def report_bytes(options, cpu, wall, n):
    print(f"mb_per_cpu_s {n / max(cpu_ns(options.pids) - cpu, 1) * 1000:.0f}")
    print(f"mb_per_s {n / (time.perf_counter_ns() - wall) * 1000:.0f}")


def events(options, tls):
    """The origin writes the time into each event (one machine, one monotonic clock)."""
    sock = dial(options, tls)
    sock.sendall(request(options, "GET", f"/events?{options.count}", 0))
    _, data = read_head(sock)
    times = []
    cpu = cpu_ns(options.pids)
    while len(times) < options.count:
        while b"\n\n" in data:
            event, _, data = data.partition(b"\n\n")
            mark = event.rfind(b"data: ")
            times.append(time.monotonic_ns() - int(event[mark + 6:].split()[0]))
        if len(times) < options.count:
            more = sock.recv(65536)
            if not more:
                sys.exit("the events ended")
            data += more
    print(f"cpu_us {(cpu_ns(options.pids) - cpu) / options.count / 1000:.1f}")
    quantiles(times)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("measure", choices=["post", "h2post", "h2get", "connect", "upload", "download", "events"])
    p.add_argument("--address", required=True)
    p.add_argument("--name", required=True)
    p.add_argument("--cacert", required=True)
    p.add_argument("--pids", required=True, type=lambda s: [int(x) for x in s.split(",")])
    p.add_argument("--connect", action="store_true")
    p.add_argument("--count", type=int, default=1)
    options = p.parse_args()
    globals()[options.measure](options, context(options))


if __name__ == "__main__":
    main()
