# SPDX-License-Identifier: MIT
"""
Numbered messages over connections that break: publishers and subscribers in bare packets that keep
their half of a session as MQTT demands, and the account of what arrived.

A library would hide what decides here: which packet identifiers are open, and what is said again
on the next connection. All clients share one thread, so that a run is one order of events.
"""
import select
import socket
import struct
import time

import packet
from packet import (CONNACK, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SESSION_EXPIRY, SUBACK, V5,
                    V311, Wire)
from store import FOR_EVER, number_in, text
from wait import SLACK

PACKET_IDENTIFIER_NOT_FOUND = 0x92
TURN = 0.005  # seconds that one wait for packets takes at most


class Peer:
    """A client whose session outlives its connections; the broker never forgets it."""

    def __init__(self, port, client_id, level=V311):
        self.port, self.client_id, self.level = port, client_id, level
        self.wire, self.is_known, self.connections = None, False, 0

    def connect(self):
        props = [(SESSION_EXPIRY, struct.pack(">I", FOR_EVER))] if self.level == V5 else []
        try:
            wire = Wire.to(self.port)
            wire.send(packet.connect(self.client_id, level=self.level, clean=False, props=props))
            answer = wire.receive(10)
        except OSError:
            answer = None
        if answer is None:
            return False
        assert answer.type == CONNACK and answer.body[1] == 0, answer
        present = bool(answer.body[0] & 1)
        assert present or not self.is_known, f"{self.client_id}: the session is gone"
        self.wire, self.is_known = wire, True
        self.connections += 1
        self.resume(present)
        self.handle_all()  # what came with the CONNACK
        return self.wire is not None

    def cut(self):
        """Be gone with a reset, whatever is still on its way."""
        if self.wire:
            self.wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.wire.close()
        self.wire = None

    def send(self, data):
        try:
            if self.wire and data:
                self.wire.send(data)
        except OSError:
            self.cut()

    def read(self):
        try:
            data = self.wire.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.cut()
            return
        self.wire.feed(data)
        self.handle_all()

    def handle_all(self):
        answers = b""
        while self.wire and (found := self.wire.take()):
            answers += self.handle(found)
        self.send(answers)


class Publisher(Peer):
    """Number 0, 1, 2 … on one topic, up to `window` of them without an acknowledgement."""

    def __init__(self, port, name, qos, level=V311, window=None, retain=False):
        super().__init__(port, f"publisher-{name}", level)
        self.topic, self.qos, self.retain = f"n/{name}", qos, retain
        self.window = window or (50 if (qos, level) == (1, V311) else 20)
        self.sent, self.acknowledged = 0, -1  # numbers below it; the highest
        self.open, self._id = {}, 0           # packet id -> [number, has PUBREC], in their order

    def publish(self, limit):
        """As many as the window and `limit`, a count from the beginning, allow."""
        batch = b""
        while self.wire and len(self.open) < self.window and self.sent < limit:
            self._id = self._id % 65535 + 1
            self.open[self._id] = [self.sent, False]
            batch += self._packet(self._id)
            self.sent += 1
        self.send(batch)

    def _packet(self, packet_id, dup=False):
        number, has_pubrec = self.open[packet_id]
        if has_pubrec:
            return packet.acknowledge(PUBREL, packet_id)
        return packet.publish(self.topic, text(self.topic, number), self.qos, packet_id,
                              self.retain, dup, self.level)

    def resume(self, present):
        self.send(b"".join(self._packet(mine, dup=present) for mine in self.open))

    def handle(self, p):
        mine = packet.packet_id_of(p)
        code = p.body[2] if len(p.body) > 2 else 0
        # Who has lost a PUBCOMP may hear that its identifier is free already.
        is_known = p.type == PUBCOMP and code == PACKET_IDENTIFIER_NOT_FOUND
        assert code < 0x80 or is_known, f"{self.client_id}: refused with {code:#x}"
        if p.type == PUBREC:
            if mine in self.open:
                self.open[mine][1] = True
            return packet.acknowledge(PUBREL, mine)
        assert p.type == (PUBACK if self.qos == 1 else PUBCOMP), p
        number, _ = self.open.pop(mine)
        self.acknowledged = max(self.acknowledged, number)
        return b""

    def is_done(self):
        return not self.open


class Subscriber(Peer):
    """
    Subscribed once, at QoS 2, to n/#; remembers over connections which QoS 2 messages it holds.
    """

    def __init__(self, port, name, level=V311, topic_filter="n/#"):
        super().__init__(port, f"subscriber-{name}", level)
        self.filter, self.is_subscribed = topic_filter, False
        self.seen = {}   # topic -> the numbers, as they came
        self.known = {}  # topic -> the same, each once
        self.held = {}   # packet id -> payload, between PUBLISH and PUBREL

    def resume(self, present):
        if not present:
            self.held.clear()
        if not self.is_subscribed:
            self.send(packet.subscribe(1, [(self.filter, 2)], self.level))

    def handle(self, p):
        if p.type == SUBACK:
            self.is_subscribed = True
            return b""
        if p.type == PUBREL:
            mine = packet.packet_id_of(p)
            self.held.pop(mine, None)
            return packet.acknowledge(PUBCOMP, mine)
        assert p.type == PUBLISH, p
        m = packet.published(p, self.level)
        if m.qos == 2 and m.packet_id in self.held:
            assert m.payload == self.held[m.packet_id], (
                f"{self.client_id}: identifier {m.packet_id} is open for "
                f"{self.held[m.packet_id]!r} and came with {m.payload!r}")
            assert m.dup, f"{self.client_id}: {m.payload!r} came again without DUP"
        else:
            number = number_in(m.topic, m.payload)
            self.seen.setdefault(m.topic, []).append(number)
            self.known.setdefault(m.topic, set()).add(number)
        if m.qos == 2:
            self.held[m.packet_id] = m.payload
        if m.qos == 0:
            return b""
        return packet.acknowledge(PUBACK if m.qos == 1 else PUBREC, m.packet_id)

    def count(self, topic):
        return len(self.known.get(topic, ()))


class Crowd:
    """Drives them all; `rate` is messages a second of each publisher."""

    def __init__(self, publishers, subscribers, rate=400):
        self.publishers, self.subscribers, self.rate = publishers, subscribers, rate
        self.peers = [*subscribers, *publishers]
        self.away = set()  # those that do not come back until they are told to

    def connect(self):
        for peer in self.peers:
            assert peer.connect(), f"{peer.client_id} is not let in"
        self.run_until(lambda: all(s.is_subscribed for s in self.subscribers), 10, "every SUBACK")
        return self

    def leave(self, peer):
        self.away.add(peer)
        peer.cut()

    def return_all(self):
        self.away.clear()

    def turn(self):
        for peer in self.peers:
            if peer.wire is None and peer not in self.away:
                peer.connect()
        by_socket = {p.wire.sock: p for p in self.peers if p.wire}
        for sock in select.select(list(by_socket), [], [], TURN)[0]:
            if by_socket[sock].wire:
                by_socket[sock].read()

    def run(self, seconds):
        """Publish for so long."""
        begin, first = time.monotonic(), [p.sent for p in self.publishers]
        while (passed := time.monotonic() - begin) < seconds:
            for publisher, start in zip(self.publishers, first):
                publisher.publish(start + 1 + int(passed * self.rate))
            self.turn()

    def run_until(self, condition, timeout, what):
        """Publish nothing new meanwhile."""
        limit = time.monotonic() + timeout * SLACK
        while not condition():
            assert time.monotonic() < limit, f"{what} did not come: {self.state()}"
            self.turn()

    def state(self):
        waiting = {p.client_id: f"{p.sent} sent, {len(p.open)} open" for p in self.publishers}
        for s in self.subscribers:
            waiting[s.client_id] = {topic: len(known) for topic, known in s.known.items()}
        return waiting

    def finish(self):
        """Everybody comes back; every message is acknowledged, and everyone has seen all."""
        self.return_all()
        self.run_until(lambda: all(p.is_done() for p in self.publishers), 20,
                       "every acknowledgement")
        try:
            # A backlog may take its time as long as some of it comes.
            missing = self.missing()
            while missing:
                before = missing
                self.run_until(lambda: self.missing() < before, 10, "every acknowledged message")
                missing = self.missing()
        finally:
            for line in self.account():
                print(line)

    def missing(self):
        """Messages and handshakes that are still to come."""
        return sum(p.sent - s.count(p.topic) for s in self.subscribers for p in self.publishers) + (
            sum(len(s.held) for s in self.subscribers))

    def account(self):
        """What is wrong, a line for each; nothing when all is well."""
        wrong = []
        for s in self.subscribers:
            for p in self.publishers:
                seen = s.seen.get(p.topic, [])
                first = list(dict.fromkeys(seen))
                missing = sorted(set(range(p.sent)) - set(first))
                twice = sorted({n for n in seen if seen.count(n) > 1}) if p.qos == 2 and len(
                    first) < len(seen) else []
                disordered = [n for before, n in zip(first, first[1:]) if n < before]
                for what, which in (("missing", missing), ("twice", twice),
                                    ("out of order", disordered)):
                    if which:
                        wrong.append(f"{s.client_id}, {p.topic} at QoS {p.qos}, {p.sent} sent: "
                                     f"{len(which)} {what}: {which[:10]}")
        return wrong
