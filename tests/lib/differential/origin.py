"""The upstream behind the egress, which keeps the bytes that come."""
import ctypes
import re
import select
import socket
import threading

METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS")
OK = b"HTTP/1.1 200 OK\r\nX-Origin: yes\r\nContent-Length: 2\r\n\r\n"


def enter_network(name):
    with open(f"/run/netns/{name}") as f:
        if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), f"enter the network {name}")


class Connection:
    def __init__(self):
        self.data, self.whole = bytearray(), 0  # whole: bytes of messages that ended

    def messages(self):
        return bytes(self.data[:self.whole])


class Origin:
    """Keeps what comes, and answers each request; `answer`, where it is set, instead. context: for TLS."""

    def __init__(self, address, port=80, context=None):
        self.listener, self.context = socket.create_server((address, port), backlog=64), context
        self.connections, self.threads, self.answer = [], [], None
        self.accepting = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            select.select([self.listener], [], [])
            with self.accepting:
                s, _ = self.listener.accept()
                connection = Connection()
                self.connections.append(connection)
                thread = threading.Thread(target=self.serve, args=(s, connection), daemon=True)
                thread.start()
                self.threads.append(thread)

    def serve(self, s, c):
        s.settimeout(60)
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
        except OSError:
            s.close()
            return
        with s:
            try:
                while piece := s.recv(65536):
                    c.data += piece
                    while (end := message_end(c.data, c.whole)) > 0:
                        head = c.data[c.whole:c.whole + 5] == b"HEAD "
                        c.whole = end
                        if self.answer is not None:
                            s.sendall(self.answer)
                            s.shutdown(socket.SHUT_WR)
                            continue
                        s.sendall(OK + (b"" if head else b"ok"))
            except OSError:
                pass

    def take(self):
        """The connections that came; all of them have ended."""
        waiting = True
        while waiting:
            with self.accepting:
                waiting = select.select([self.listener], [], [], 0)[0]
        for thread in self.threads:
            thread.join(60)
        seen = list(self.connections)
        self.connections.clear()
        self.threads.clear()
        return seen


def message_end(data, start):
    """Where the proxy's message ends, which it writes in one way only; 0: not here yet."""
    end = data.find(b"\r\n\r\n", start)
    if end < 0:
        return 0
    head = bytes(data[start:end + 2])
    end += 4
    if b"\r\nTransfer-Encoding: chunked\r\n" not in head:
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
        end += int(length[1]) if length else 0
        return end if end <= len(data) else 0
    while True:
        line = data.find(b"\r\n", end)
        if line < 0:
            return 0
        size = int(bytes(data[end:line]), 16)
        end = line + 2 + size + 2
        if end > len(data):
            return 0
        if size == 0:
            return end
