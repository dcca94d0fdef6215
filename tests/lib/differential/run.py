"""The egress's parsers against others: run.py DIR PROXY HOST PREFIX-HOST ORIGIN-ADDRESS SEED AMOUNT

What the agent's or an upstream's hostile bytes become behind the proxy is read by others (views.py), who must all read
the same message, as many as were answered; and where one of them takes the agent's own bytes, it must read in them what
the proxy read. So must every server read a path that a rule let through as one below the rule's prefix. The corpus
comes first, then mutations of it (AMOUNT: corpus.rounds). DIR has the sockets of views.js and of an nginx.
"""
import os
import random
import re
import socket
import sys

import corpus
import origin
import views


def agree(ours, theirs, whole):
    """Whether the same requests were read, where either may have stopped early, and we, unless all of it (whole)
    passed, may have refused some."""
    if whole:
        n = min(len(ours), len(theirs))
        return ours[:n] == theirs[:n] and n > 0
    return all(r in theirs or not any(r[1] in body for *_, body in theirs) for r in ours)


class Run:
    def __init__(self, directory, proxy, host, prefix_host, server):
        self.views, self.proxy, self.origin = views.Views(directory), proxy, server
        self.host, self.prefix_host = host.encode(), prefix_host.encode()
        self.inputs = self.passed = self.marks = 0
        self.wrong = []

    def ask(self, data):
        with socket.create_connection((self.proxy, 9099), 60) as s:
            return views.talk(s, data)

    def fill(self, message, host):
        self.marks += 1
        return message.replace(b"@U", b"http://@H").replace(b"@H", host).replace(b"@M", b"%d" % self.marks)

    def disagree(self, name, what, *messages):
        self.wrong.append(name)
        print(f"{name}: {what}")
        for message in messages:
            print(f"    {message!r}")

    # ---- requests

    def request(self, name, message):
        self.inputs += 1
        message = self.fill(message, self.host)
        reply = self.ask(message)
        connections = self.origin.take()
        answered = reply.count(b"X-Origin: yes")
        ours = []
        for connection in connections:
            ours += self.forwarded(name, message, connection.messages())
            self.ended_early(name, message, connection)
        if len(ours) != answered:
            self.disagree(name, f"{answered} answers to {len(ours)} requests", message, reply)
        if ours:
            self.passed += 1
            self.as_the_agent_meant(name, message, ours, whole=b"HTTP/1.1 4" not in reply)

    def forwarded(self, name, message, data):
        """All views agree about what the proxy sent. Without the sentinel."""
        if not data:
            return []
        seen, refused = {}, {}
        for view, read in self.views.requests().items():
            try:
                seen[view] = read(data + views.SENTINEL)
            except views.Refused as e:
                refused[view] = str(e)
        first = seen.get("h11", [])
        # A method that they have never heard of is theirs to refuse, and nginx has no *.
        if refused and all(r[0] in origin.METHODS for r in first) and not data.startswith(b"OPTIONS * "):
            self.disagree(name, f"what was sent is refused: {refused}", message, data)
        for view, requests in seen.items():
            if requests != first or not requests or requests[-1][1] != b"/sentinel":
                self.disagree(name, f"{view} reads what was sent in another way", message, data, seen)
                return []
        return first[:-1]

    def ended_early(self, name, message, connection):
        """A message whose end did not come is none for anybody."""
        rest = bytes(connection.data[connection.whole:])
        for view, read in self.views.requests().items() if rest else ():
            try:
                if read(rest):
                    self.disagree(name, f"{view} takes for whole what is not", message, rest)
            except views.Refused:
                pass

    def as_the_agent_meant(self, name, message, ours, whole):
        for view, read in self.views.requests().items():
            try:
                theirs = read(message)
            except views.Refused:
                continue
            if not agree(ours, theirs, whole):
                self.disagree(name, f"{view} reads the agent in another way", message, theirs, ours)

    def authority(self, name, message):
        """The host of a URL is the one that WHATWG's URL reads."""
        reply = self.ask(self.fill(message, self.host))
        url = self.fill(message, self.host).split(b" ")[1]
        self.origin.take()
        if b"X-Origin: yes" in reply and self.views.url(url)[0].rstrip(".").encode() != self.host:
            self.disagree(name, "another host", url, self.views.url(url))

    # ---- paths below a prefix that a rule allows

    def path(self, path):
        self.inputs += 1
        reply = self.ask(b"GET http://%b%b HTTP/1.1\r\nHost: %b\r\n\r\n" % (self.prefix_host, path, self.prefix_host))
        connections = self.origin.take()
        if b"X-Origin: yes" not in reply:
            return
        self.passed += 1
        target = connections[0].messages().split(b" ")[1]
        for view, read in self.views.paths(target):
            if not (read + "/").startswith("/ok/"):
                self.disagree(f"path {path!r}", f"{view} reads {read!r}", target)

    # ---- answers

    def answer(self, name, message):
        self.inputs += 1
        self.origin.answer = message
        reply = self.ask(self.fill(corpus.GET + b"\r\n", self.host))
        self.origin.answer = None
        self.origin.take()
        if reply.startswith(b"HTTP/1.1 502 "):
            return
        self.passed += 1
        ours = self.read_answers(reply)
        values = set(ours.values())
        if len(values) != 1:
            self.disagree(name, "what was sent back is read in two ways", message, reply, ours)
            return
        ours = values.pop()
        for view, theirs in self.read_answers(message).items():
            if ours is not None and theirs is not None and theirs != ours:
                self.disagree(name, f"{view} reads the upstream in another way", message, theirs, ours)

    def read_answers(self, data):
        out = {}
        for view, read in self.views.answers().items():
            try:
                out[view] = read(data)
            except views.Refused:
                out[view] = None
        return out

    # ---- all

    def corpus(self):
        for name, message in corpus.requests():
            self.request(name, message)
            if "authority" in name:
                self.authority(name, message)
        for path in corpus.PATHS:
            self.path(path)
        for name, message in corpus.answers():
            self.answer(name, message)

    def mutations(self, chance, amount):
        requests = [m for _, m in corpus.requests()]
        answers = [m for _, m in corpus.answers()]
        for _ in corpus.rounds(amount):
            self.request("a mutation", corpus.mutated(chance, chance.choice(requests)))
            self.answer("a mutation", corpus.mutated(chance, chance.choice(answers)))
            path = b"/ok" + corpus.mutated(chance, chance.choice(corpus.PATHS)[3:])
            if not re.search(rb"[ \r\n]", path):
                self.path(path)


def main():
    directory, proxy, host, prefix_host, address, seed, amount = sys.argv[1:]
    origin.enter_network("internet")
    server = origin.Origin(address)
    origin.enter_network("agent")
    run = Run(directory, proxy, host, prefix_host, server)
    run.corpus()
    fixed = run.inputs
    run.mutations(random.Random(int(seed)), amount)
    print(f"figure: {fixed} inputs of the corpus and {run.inputs - fixed} mutations (seed {seed}): "
          f"{run.passed} passed on, {len(run.wrong)} read in two ways")
    sys.stdout.flush()
    os._exit(1 if run.wrong or not run.passed else 0)


main()
