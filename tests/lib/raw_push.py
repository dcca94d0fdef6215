"""A push that git's own client would not make: one packet says what is asked for, word for word.

    raw_push.py [--host H:PORT] [--option TEXT]… PATH PACK OLD NEW REF [OLD NEW REF]…

PATH as git:// has it ("/demo.git"); PACK: a file, or "-" for none; REF with Python's escapes ("a\\nb").
Prints what the other side says (report and messages), exits 0 when every ref was taken.
"""
import socket
import sys

# Whoever refuses early may close before all was sent; what it said before that is still to be read.
CLOSED = (BrokenPipeError, ConnectionResetError)


def packet(data):
    return b"%04x" % (len(data) + 4) + data


def send(sock, data):
    try:
        sock.sendall(data)
    except CLOSED:
        pass


def read_packet(f):
    try:
        size = f.read(4)
    except CLOSED:
        size = b""
    if len(size) < 4:
        sys.exit("ended early")
    n = int(size, 16)
    return f.read(n - 4) if n else None


def packets(f):
    while (data := read_packet(f)) is not None:
        yield data


def main():
    args = sys.argv[1:]
    host, options = ("127.0.0.1", 9418), []
    while args[0].startswith("--"):
        if args[0] == "--host":
            name, _, port = args[1].partition(":")
            host = (name, int(port))
        else:
            options.append(args[1].encode())
        args = args[2:]
    path, pack, *rest = args
    sock = socket.create_connection(host)
    f = sock.makefile("rb")
    sock.sendall(packet(f"git-receive-pack {path}\0host=x\0".encode()))
    for line in packets(f):
        if line.startswith(b"ERR "):
            sys.exit(line.decode(errors="replace"))
    caps = b"\0 report-status side-band-64k" + (b" push-options" if options else b"")
    for i in range(0, len(rest), 3):
        old, new, ref = rest[i:i + 3]
        ref = ref.encode().decode("unicode_escape").encode("latin-1")
        send(sock, packet(f"{old} {new} ".encode() + ref + caps))
        caps = b""
    send(sock, b"0000")
    if options:
        send(sock, b"".join(packet(o) for o in options) + b"0000")
    if pack != "-":
        send(sock, open(pack, "rb").read())
    report = b""
    for data in packets(f):
        if data[:1] == b"\x01":
            report += data[1:]
        else:
            sys.stdout.write(data[1:].decode(errors="replace"))
    print(report.decode(errors="replace"))
    sys.exit(0 if b"ng " not in report and b"unpack ok" in report else 1)


main()
