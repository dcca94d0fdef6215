#!/usr/bin/env python3
"""The origin of bench/egress's events and uploads: egress_origin.py IP PORT CERT KEY; GET /events?N, POST /up."""
import socket
import ssl
import sys
import threading
import time


def events(s, count):
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(count):
        time.sleep(0.003)
        event = b"event: delta\ndata: %d some words of an answer\n\n" % time.monotonic_ns()
        s.sendall(b"%x\r\n%s\r\n" % (len(event), event))
    s.sendall(b"0\r\n\r\n")


def upload(s, length, room):
    while length > 0:
        n = s.recv_into(room, min(length, len(room)))
        if n == 0:
            return
        length -= n
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n")


def serve(sock, tls):
    room = bytearray(1 << 18)
    with tls.wrap_socket(sock, server_side=True) as s:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                more = s.recv(65536)
                if not more:
                    return
                head += more
            head, _, rest = head.partition(b"\r\n\r\n")
            target = head.split(b" ")[1]
            if target.startswith(b"/events?"):
                events(s, int(target.split(b"?")[1]))
                continue
            lengths = [x.split(b":")[1] for x in head.split(b"\r\n") if x.lower().startswith(b"content-length:")]
            upload(s, int(lengths[0]) - len(rest), room)


def main():
    address, port, cert, key = sys.argv[1:]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    listener = socket.create_server((address, int(port)))
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock, tls), daemon=True).start()


if __name__ == "__main__":
    main()
