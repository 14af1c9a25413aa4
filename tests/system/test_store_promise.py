# SPDX-License-Identifier: MIT
"""
An answer comes after the commit that holds what it promises. The disk is slow here, every sync
takes a tenth of a second and every write a little, and the broker is killed in the instant its
answer is here: what it said too early is gone then, every time.
"""
import re

import pytest

import packet
from packet import PUBACK, PUBCOMP, PUBREC, PUBREL, V5, V311
from store import SYNCS, TRY, WRITES, Session, StoredBroker, numbers, rest, retained, text
from wait import wait_until

SLOW_SYNC = f"{SYNCS}:delay_enter=120000"
FILE_WRITES = "pwrite64,pwritev,pwritev2,writev"  # sockets are written to with send()
SLOW = SLOW_SYNC, f"{FILE_WRITES}:delay_enter=10000"
LEVELS = pytest.mark.parametrize("level", [V311, V5], ids=["3.1.1", "5"])


class SlowDisk:
    """A disk as others until slow(), and again once the broker on it has been killed()."""

    def __init__(self, folder):
        self.broker = StoredBroker(folder).start()
        self.port = self.broker.port

    def slow(self, how=SLOW, calls=f"{SYNCS},{FILE_WRITES}"):
        self.broker.kill()
        self.broker.strace(*how, calls=calls).start()

    def killed(self):
        self.broker.kill()
        self.broker.no_strace().start()
        return self.broker


@pytest.fixture
def disk(scratch):
    return SlowDisk(scratch.folder("broker"))


def away(disk, level=V311, *filters):
    with Session(disk.port, "away", level) as session:
        session.subscribe("q", "end", *filters)


def expect_away(disk, *expected, level=V311):
    with Session(disk.port, "away", level) as session:
        assert session.present
        assert numbers(rest(disk.broker, session)) == list(expected)


# --- to a publisher ------------------------------------------------------------------------------

@LEVELS
def test_puback_of_a_queued_message(disk, level):
    away(disk, level)
    disk.slow()
    Session(disk.port, "sender", level, clean=True).publish("q", text("q", 1), 1)
    disk.killed()
    expect_away(disk, 1, level=level)


def test_puback_of_a_retained_message_and_of_its_end(disk):
    with Session(disk.port, "sender", clean=True) as sender:
        sender.publish("r/old", text("r/old", 1), 1, retain=True)
    disk.slow()
    sender = Session(disk.port, "sender", clean=True)
    sender.publish("r/new", text("r/new", 1), 1, retain=True)
    sender.publish("r/old", b"", 1, retain=True)
    assert retained(disk.killed(), "r/#", 1) == {"r/new": text("r/new", 1)}


@LEVELS
def test_pubrec(disk, level):
    away(disk, level)
    disk.slow()
    sender = Session(disk.port, "sender", level)
    sender.send(packet.publish("q", text("q", 1), 2, 7, level=level))
    sender.await_answer(PUBREC, 7)
    disk.killed()
    with Session(disk.port, "sender", level) as sender:
        assert sender.present
        sender.send(packet.acknowledge(PUBREL, 7))
        sender.await_answer(PUBCOMP, 7)
    expect_away(disk, 1, level=level)


@LEVELS
def test_pubcomp_frees_the_identifier_for_good(disk, level):
    """Else the next message under it would be taken for the last one, and be lost."""
    away(disk, level)
    disk.slow()
    sender = Session(disk.port, "sender", level)
    sender.publish("q", text("q", 1), 2)
    disk.killed()
    with Session(disk.port, "sender", level) as sender:
        assert sender.present
        sender.publish("q", text("q", 2), 2)  # under the same identifier
    expect_away(disk, 1, 2, level=level)


def test_puback_of_the_last_of_many(disk):
    away(disk)
    disk.slow()
    sender = Session(disk.port, "sender", clean=True)
    messages = [("q", text("q", n)) for n in range(500)]
    acknowledged = []
    for place in sender.publish_all(messages, qos=1):
        acknowledged.append(place)
        if len(acknowledged) == 250:
            break
    disk.killed()
    with Session(disk.port, "away") as session:
        found = numbers(rest(disk.broker, session))
    assert found == list(range(len(found))) and set(acknowledged) <= set(found)


# --- to whoever subscribes or connects -----------------------------------------------------------

@LEVELS
def test_connack_of_a_new_session(disk, level):
    disk.slow()
    Session(disk.port, "new", level)
    disk.killed()
    assert Session(disk.port, "new", level).present


@LEVELS
def test_connack_that_ends_a_session(disk, level):
    away(disk, level)
    disk.slow()
    Session(disk.port, "away", level, clean=True, expiry=0)
    disk.killed()
    assert not Session(disk.port, "away", level).present


def test_suback(disk):
    Session(disk.port, "away").close()
    disk.slow()
    Session(disk.port, "away").subscribe("q", "end")
    disk.killed()
    with Session(disk.port, "sender", clean=True) as sender:
        sender.publish("q", text("q", 1), 1)
    expect_away(disk, 1)


def test_unsuback(disk):
    away(disk)
    disk.slow()
    Session(disk.port, "away").unsubscribe("q")
    disk.killed()
    with Session(disk.port, "sender", clean=True) as sender:
        sender.publish("q", text("q", 1), 1)
    expect_away(disk)


# --- to a receiver -------------------------------------------------------------------------------

@LEVELS
def test_pubrel(disk, level):
    """Who has PUBREL forgets the identifier; a PUBLISH under it would be a second message then."""
    away(disk, level)
    with Session(disk.port, "sender", clean=True) as sender:
        sender.publish("q", text("q", 1), 2)
    disk.slow()
    reader = Session(disk.port, "away", level)
    message = reader.next_message()
    assert numbers([message]) == [1]
    reader.send(packet.acknowledge(PUBREC, message.packet_id))
    assert packet.packet_id_of(reader.expect(PUBREL)) == message.packet_id
    disk.killed()
    with Session(disk.port, "away", level) as reader:
        again = reader.expect(PUBREL)
        assert packet.packet_id_of(again) == message.packet_id
        reader.send(packet.acknowledge(PUBCOMP, message.packet_id))
        assert rest(disk.broker, reader) == []


@LEVELS
def test_a_qos_2_message_that_is_here_is_here_once(disk, level):
    """
    The publisher has no PUBREC yet and says it again: its reader knows it only if it comes under
    the identifier it had.
    """
    away(disk, level)
    Session(disk.port, "sender", level).close()
    disk.slow()
    reader, sender = Session(disk.port, "away", level), Session(disk.port, "sender", level)
    sender.send(packet.publish("q", text("q", 1), 2, 7, level=level))
    message = reader.next_message()
    disk.killed()
    with Session(disk.port, "sender", level) as sender:
        sender.send(packet.publish("q", text("q", 1), 2, 7, dup=True, level=level))
        sender.await_answer(PUBREC, 7)
        sender.send(packet.acknowledge(PUBREL, 7))
        sender.await_answer(PUBCOMP, 7)
    with Session(disk.port, "away", level) as reader:
        again = reader.next_message()
        assert (again.packet_id, again.payload, again.dup) == (message.packet_id, message.payload,
                                                               True)
        reader.kept = [again]
        assert numbers(rest(disk.broker, reader)) == [1]


# --- what is behind it ---------------------------------------------------------------------------

SYNC_DONE = re.compile(r"\b(?:fdatasync|fsync|msync)(?:\(| resumed).*= 0(?: \(DELAYED\))?$")
IS_PUBACK = re.compile(r'"@\\2\\0')


@pytest.mark.skipif(bool(TRY), reason="about the store")
def test_between_two_pubacks_there_is_a_sync(scratch):
    """A kill forgives what a power cut does not: data that is only in the page cache."""
    broker = StoredBroker(scratch.folder("broker"))
    broker.strace(calls=f"{SYNCS},sendto,sendmsg,write,writev").start()
    with Session(broker.port, "away") as session:
        session.subscribe("q", "end")
    with Session(broker.port, "sender", clean=True) as sender:
        for n in range(20):
            sender.publish("q", text("q", n), 1)
    broker.kill()
    pubacks, synced = 0, False
    for line in broker.trace.read_text().splitlines():
        if SYNC_DONE.search(line):
            synced = True
        elif IS_PUBACK.search(line):
            pubacks += 1
            assert synced, f"PUBACK {pubacks} without a sync since the one before it"
            synced = False
    assert pubacks == 20


@pytest.mark.skipif(bool(TRY), reason="about the store")
def test_while_one_commit_runs_the_next_gathers(disk):
    """Two thousand messages on a disk where every sync takes long: few commits, large ones."""
    away(disk)
    disk.slow([SLOW_SYNC])
    with Session(disk.port, "sender", clean=True) as sender:
        messages = [("q", text("q", n)) for n in range(2000)]
        assert len(list(sender.publish_all(messages, qos=1, window=1000))) == 2000
    syncs = sum(1 for line in disk.broker.trace.read_text().splitlines() if SYNC_DONE.search(line))
    assert 0 < syncs < 40, f"{syncs} syncs for 2000 messages"
    disk.killed()
    expect_away(disk, *range(2000))


@pytest.mark.skipif(bool(TRY), reason="about the store")
def test_a_disk_that_hangs_is_like_one_that_fails(disk):
    away(disk)
    disk.slow([f"{SYNCS}:delay_enter=7000000:when=12"])
    with Session(disk.port, "sender", V5, clean=True) as sender:

        def answer(n):
            sender.send(packet.publish("q", text("q", n), 1, n, level=V5))
            return (*sender.await_answer(PUBACK, n).body, 0)[2]

        # Until the slow one has its turn.
        n, refused = next((n, code) for n in range(1, 100) if (code := answer(n)) >= 0x80)
        assert refused == 0x97 and "has not answered for" in disk.broker.process.stderr()
        with Session(disk.port, "other", clean=True) as other:
            other.subscribe("live", qos=0)
            other.send(packet.publish("live", b"x", 0))
            other.messages(1)
        wait_until(lambda: "can be written again" in disk.broker.process.stderr(), 20, "recovery")
        assert answer(n) < 0x80


@pytest.mark.skipif(bool(TRY), reason="about the store")
def test_what_flows_is_not_written(disk):
    """
    Everything that is acknowledged by its reader before its commit begins costs no byte: here it
    all comes and goes while the commit of one other message runs.
    """
    with Session(disk.port, "reader") as reader:
        reader.subscribe("flow", qos=1)
    away(disk)
    disk.slow([SLOW_SYNC], f"{SYNCS},{WRITES}")
    reader, sender = Session(disk.port, "reader"), Session(disk.port, "sender", clean=True)
    other = Session(disk.port, "other", clean=True)
    written = len(disk.broker.traced())
    for turn in range(3):
        other.send(packet.publish("q", text("q", turn), 1, turn + 1))
        for n in range(20):
            sender.send(packet.publish("flow", b"x" * 20000, 1, 1 + n + 20 * turn))
        reader.messages(20)
        other.await_answer(PUBACK, turn + 1)
        for n in range(20):
            sender.await_answer(PUBACK, 1 + n + 20 * turn)
    size = sum(int(line.rpartition("= ")[2].split()[0]) for line in disk.broker.traced()[written:]
               if re.search(r"\b(pwrite64|pwritev2?|write|writev)\b.*= \d+$", line))
    assert 0 < size < 600000, f"{size} bytes written for 1,200,000 that came and went"
