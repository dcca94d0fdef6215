"""A client that says each line of its standard input as a part of a request's body, and prints what is answered while
it goes on: URL PROTOCOL (http/1.1 or h2). $CA: whom to trust. Status 0: the answer ended well."""
import os
import selectors
import socket
import ssl
import sys
import urllib.parse

PROTOCOL = sys.argv[2]
if PROTOCOL == "h2":
    import h2.config
    import h2.connection
    import h2.events


def receive(sock):
    """What there is; of TLS there may be a ticket alone."""
    try:
        got = sock.recv(65536)
    except ssl.SSLWantReadError:
        return b""
    if not got:
        raise EOFError
    return got


class Http1:
    def __init__(self, sock, url):
        self.sock, self.data = sock, b""
        sock.sendall(f"POST {url.path} HTTP/1.1\r\nHost: {url.hostname}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())

    def say(self, line):
        self.sock.sendall(b"%x\r\n%s\r\n" % (len(line), line))

    def end(self):
        self.sock.sendall(b"0\r\n\r\n")

    def hear(self):
        """What is answered now, and whether that was all."""
        got = receive(self.sock)
        self.data += got
        return got, self.data.endswith(b"\r\n0\r\n\r\n")


class Http2:
    def __init__(self, sock, url):
        self.sock = sock
        self.conn = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.conn.initiate_connection()
        self.id = self.conn.get_next_available_stream_id()
        self.conn.send_headers(self.id, [(":method", "POST"), (":scheme", "https"), (":path", url.path),
                                         (":authority", url.hostname)])
        self.flush()

    def flush(self):
        self.sock.sendall(self.conn.data_to_send())

    def say(self, line):
        self.conn.send_data(self.id, line)
        self.flush()

    def end(self):
        self.conn.end_stream(self.id)
        self.flush()

    def hear(self):
        got = receive(self.sock)
        said, ended = b"", False
        for e in self.conn.receive_data(got):
            if isinstance(e, h2.events.DataReceived):
                said += e.data
                self.conn.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
            elif isinstance(e, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                raise EOFError
            elif isinstance(e, h2.events.StreamEnded):
                ended = True
        self.flush()
        return said, ended


def main():
    url = urllib.parse.urlsplit(sys.argv[1])
    context = ssl.create_default_context(cafile=os.environ["CA"])
    context.set_alpn_protocols([PROTOCOL])
    sock = context.wrap_socket(socket.create_connection((url.hostname, 443), 60), server_hostname=url.hostname)
    sock.setblocking(False)
    talk = (Http2 if PROTOCOL == "h2" else Http1)(sock, url)
    ready = selectors.DefaultSelector()
    ready.register(sock, selectors.EVENT_READ)
    ready.register(sys.stdin.buffer.raw, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select(0 if sock.pending() else None):
            if key.fileobj is not sock:
                line = os.read(0, 65536)
                if line:
                    talk.say(line)
                else:
                    ready.unregister(sys.stdin.buffer.raw)
                    talk.end()
                continue
            said, ended = talk.hear()
            sys.stdout.buffer.write(said)
            sys.stdout.buffer.flush()
            if ended:
                return 0


try:
    sys.exit(main())
except (EOFError, OSError):
    sys.exit(1)
