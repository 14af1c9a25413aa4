# SPDX-License-Identifier: MIT
"""
A broker whose store is to survive it, sessions in bare packets that know what was acknowledged,
and faults below the store.
"""
import os
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import packet
from broker import Broker, is_listening
from packet import (CONNACK, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, UNSUBACK,
                    V5, V311, Wire)
from process import give_away
from wait import wait_until

LINES = ("allow_anonymous true", "max_queued_messages 0")
FOR_EVER = 0xFFFFFFFF
WINDOW = 20    # what a broker takes at a time unless it says something else

WRITES = "pwrite64,pwritev,pwritev2,write,writev,ftruncate,fallocate"
SYNCS = "fdatasync,fsync,msync,sync_file_range"

# To try the tests themselves: with "gentle" a kill is a SIGTERM, for a broker that saves when it
# ends; with "memory" nothing is stored and nobody is killed.
TRY = os.environ.get("BELFRY_STORE_TRY", "")


def text(topic, number):
    """A payload that shows whether it is the one sent, and to which topic."""
    body = f"{topic} {number}"
    return f"{body} {zlib.crc32(body.encode()):08x}".encode()


def number_in(topic, payload):
    """The number in a text(); fails when a byte of it, or the topic, is not what was sent."""
    body, _, check = payload.rpartition(b" ")
    assert check == b"%08x" % zlib.crc32(body), f"wrong bytes on {topic}: {payload!r}"
    said, _, number = body.decode().rpartition(" ")
    assert said == topic, f"what was sent to {said} came as {topic}"
    return int(number)


class StoredBroker(Broker):
    """`where` is its persistence_location; kill() and start() again as often as a test likes."""

    def __init__(self, folder, *lines, where=None, which=None):
        if where is None:
            where = Path(folder) / "var"
            where.mkdir(exist_ok=True)
            give_away(where)
        self.where = where
        super().__init__(folder, lines or LINES, which, stored=None if TRY == "memory" else where)
        self._argv = self.process.argv
        self.trace = self.folder / "strace"

    def start(self):
        return self if TRY == "memory" and self.process.is_running() else super().start()

    def kill(self):
        if TRY == "gentle":
            self.end()
        elif not TRY:
            super().kill()

    def restart(self):
        self.kill()
        return self.start()

    def is_up(self):
        return is_listening(self.port)

    def strace(self, *faults, calls=f"{WRITES},{SYNCS}", paths=()):
        """From the next start on strace looks on, with these -e inject=…, at these files only."""
        # -D: what we start, and kill, is the broker; strace stands beside it.
        argv = ["strace", "-D", "-f", "-y", "-qq", "-s", "8", "-o", self.trace,
                "-e", "signal=none", "-e", f"trace={calls}"]
        argv += [word for fault in faults for word in ("-e", f"inject={fault}")]
        argv += [word for path in paths for word in ("-P", path)]
        self.process.argv = [str(a) for a in argv + self._argv]
        return self

    def no_strace(self):
        self.process.argv = self._argv
        self.trace.unlink(missing_ok=True)
        return self

    def traced(self):
        """The lines strace has written about files of the store, and about nothing else."""
        lines = self.trace.read_text(errors="replace").splitlines() if self.trace.exists() else []
        return [line for line in lines if str(self.where) in line or "msync" in line]

    def files(self):
        return sorted(path for path in self.where.rglob("*") if path.is_file())

    def says(self, *words, since=0):
        return self.process.says(*words, since=since)


class Session(Wire):
    """A connection whose session outlives it; acknowledges what it is asked to, nothing else."""

    def __init__(self, port, client_id, level=V311, clean=False, expiry=FOR_EVER, **how):
        super().__init__(Wire.to(port).sock)
        self.level, self._id, self.kept = level, 0, []
        props = [(packet.SESSION_EXPIRY, struct.pack(">I", expiry))] if level == V5 else []
        self.send(packet.connect(client_id, level=level, clean=clean, props=props, **how))
        answer = self.expect(CONNACK, 10)
        assert answer.body[1] == 0, f"CONNACK {answer.body[1]:#x}"
        self.present = bool(answer.body[0] & 1)

    def next_id(self):
        self._id = self._id % 65535 + 1
        return self._id

    def await_answer(self, kind, packet_id, timeout=10):
        """The answer to what was sent; messages that come first are kept for messages()."""
        while True:
            found = self.receive(timeout)
            assert found is not None, f"the broker closed where packet type {kind} was due"
            if found.type == PUBLISH:
                self.kept.append(packet.published(found, self.level))
            elif found.type == kind and packet.packet_id_of(found, self.level) == packet_id:
                return found
            else:
                raise AssertionError(f"packet {found} where type {kind} was due")

    def subscribe(self, *filters, qos=2, props=()):
        mine = self.next_id()
        self.send(packet.subscribe(mine, [(f, qos) for f in filters], self.level, props))
        codes = self.await_answer(SUBACK, mine).body[-len(filters):]
        assert max(codes) < 0x80, f"SUBACK {list(codes)}"
        return self

    def unsubscribe(self, *filters):
        mine = self.next_id()
        self.send(packet.unsubscribe(mine, filters, self.level))
        self.await_answer(UNSUBACK, mine)

    def publish(self, topic, payload, qos=1, **how):
        """One message, its whole handshake."""
        mine = self.next_id()
        self.send(packet.publish(topic, payload, qos, mine, level=self.level, **how))
        if qos == 1:
            self.await_answer(PUBACK, mine)
        elif qos == 2:
            self.await_answer(PUBREC, mine)
            self.send(packet.acknowledge(PUBREL, mine))
            self.await_answer(PUBCOMP, mine)

    def publish_all(self, messages, qos=1, retain=False, window=None):
        """
        (topic, payload) after (topic, payload), many at a time; yields the place of each once it
        is acknowledged, in whatever order that happens.
        """
        window = window or (WINDOW if self.level == V5 or qos == 2 else 200)
        waiting, todo = {}, enumerate(messages)
        while True:
            batch = b""
            while len(waiting) < window and (following := next(todo, None)):
                place, (topic, payload) = following
                mine = self.next_id()
                waiting[mine] = place
                batch += packet.publish(topic, payload, qos, mine, retain, level=self.level)
            self.send(batch)
            if not waiting:
                return
            found = self.receive(10)
            assert found is not None, f"the broker closed, {len(waiting)} unacknowledged"
            mine = packet.packet_id_of(found, self.level)
            code = found.body[2] if len(found.body) > 2 else 0
            assert found.type in (PUBACK, PUBREC, PUBCOMP) and code < 0x80, found
            if found.type == PUBREC:
                self.send(packet.acknowledge(PUBREL, mine))
            else:
                yield waiting.pop(mine)

    def next_message(self, timeout=10):
        """The next message, nothing answered; None when the broker closed."""
        if self.kept:
            return self.kept.pop(0)
        found = self.receive(timeout)
        if found is None:
            return None
        assert found.type == PUBLISH, f"{found} where a message was due"
        return packet.published(found, self.level)

    def messages(self, count=None, until=None, timeout=10):
        """`count` messages, or all up to the one on topic `until`; QoS 1 and 2 done to the end."""
        found, held = [], set()
        waiting, self.kept = self.kept, []

        def is_complete():
            if until is None:
                return len(found) >= count
            return any(m.topic == until for m in found)

        while held or not is_complete():
            if waiting:
                m = waiting.pop(0)
            else:
                p = self.receive(timeout)
                assert p is not None, f"the broker closed after {len(found)} messages"
                if p.type == PUBREL:
                    held.discard(packet.packet_id_of(p))
                    self.send(packet.acknowledge(PUBCOMP, packet.packet_id_of(p)))
                    continue
                assert p.type == PUBLISH, f"{p} where a message was due"
                m = packet.published(p, self.level)
            if m.qos < 2 or m.packet_id not in held:
                found.append(m)
            if m.qos:
                self.send(packet.acknowledge(PUBACK if m.qos == 1 else PUBREC, m.packet_id))
            if m.qos == 2:
                held.add(m.packet_id)
        return [m for m in found if m.topic != until]


def rest(broker, session, topic="end", qos=1):
    """
    All that is on its way to a session: what comes in front of a message published now. The
    session has to have a subscription that `topic` matches.
    """
    with Session(broker.port, "publisher-of-the-end", clean=True) as publisher:
        publisher.publish(topic, b"end", qos)
    return session.messages(until=topic)


def settle(broker):
    """What the broker was told before is behind a commit now: one that came later has been."""
    with Session(broker.port, "settler") as session:
        session.subscribe("settled/#", qos=1)
    with Session(broker.port, "settler's publisher", clean=True) as publisher:
        publisher.publish("settled/x", b"x", 1)


def numbers(messages):
    return [number_in(m.topic, m.payload) for m in messages]


def retained(broker, topic_filter, count=0, client_id="reader", **how):
    """
    What a new subscriber is given, by topic; fails when there are fewer than `count`. Retained
    messages and new ones have no order among each other, so the end is asked for until it is one;
    nothing of this needs the disk.
    """
    with Session(broker.port, client_id, clean=True, **how) as reader:
        reader.subscribe(topic_filter, "end/0", qos=0)
        found = {m.topic: m.payload for m in reader.messages(count)}
        quiet = 0
        while quiet < 2:
            more = {m.topic: m.payload for m in rest(broker, reader, "end/0", qos=0) if m.retain}
            quiet = 0 if more else quiet + 1
            found.update(more)
        return found


class SmallDisk:
    """A file system of a few megabytes; only root can have one."""

    def __init__(self, path, megabytes=8):
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", path],
                       check=True, capture_output=True)
        give_away(path)
        self.ballast = path / "ballast"

    def fill(self, leave=0):
        """Leave so many bytes free, at most."""
        with open(self.ballast, "ab", buffering=0) as f:
            try:
                while (free := self.free() - leave) > 0:
                    f.write(bytes(min(free, 1 << 16)))
            except OSError:
                pass

    def free(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_bsize

    def relieve(self):
        self.ballast.unlink()

    def unmount(self):
        wait_until(lambda: subprocess.run(["umount", self.path], check=False,
                                          capture_output=True).returncode == 0, 10, "umount")


def copy_tree(source, target):
    """A store as it stands, with its owners and modes."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in [target, *target.rglob("*")]:
        original = (source / path.relative_to(target)).stat()
        os.chown(path, original.st_uid, original.st_gid)
        path.chmod(original.st_mode & 0o7777)


DATED = re.compile(r"20\d\d-?\d\d-?\d\d")
