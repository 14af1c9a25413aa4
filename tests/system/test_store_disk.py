# SPDX-License-Identifier: MIT
"""
The disk below the store is full, fails, or is slow: the broker never says that it has what it has
not, serves everything that needs no disk, says what is wrong, and goes on by itself.
"""
import os
import re
import shutil

import pytest

import packet
from http_api import HttpApi
from mqtt import Client
from mqtt import V311 as PAHO_V311
from packet import PUBACK, PUBREC, PUBREL, V5, V311
from store import (LINES, SYNCS, TRY, Session, SmallDisk, StoredBroker, number_in, rest, retained,
                   text)
from wait import wait_until

QUOTA_EXCEEDED = 0x97
FILE_WRITES = "pwrite64,pwritev,pwritev2,writev"  # sockets are written to with send()
LARGE = 16000  # bytes of padding: a few hundred such messages fill the small disk
LEVELS = pytest.mark.parametrize("level", [V311, V5], ids=["3.1.1", "5"])
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
REAL = pytest.mark.skipif(bool(TRY), reason="about the store")


def large(topic, number):
    return b"x" * LARGE + b" " + text(topic, number)


def large_number(message):
    padding, _, rest_of_it = message.payload.partition(b" ")
    assert padding == b"x" * LARGE, f"wrong bytes on {message.topic}"
    return number_in(message.topic, rest_of_it)


class Sender:
    """Publishes one message at a time and knows what became of each."""

    def __init__(self, broker, topic, level=V311, qos=1):
        self.broker, self.topic, self.level, self.qos = broker, topic, level, qos
        self.acknowledged, self.sent, self.session = [], 0, None

    def connect(self):
        self.session = Session(self.broker.port, "sender", self.level, clean=True)
        return self

    def one(self, make=large, timeout=1.0):
        """The reason code of the answer to one message more; None when there is no answer."""
        number, self.sent = self.sent, self.sent + 1
        try:
            if self.session is None:
                self.connect()
            mine = self.session.next_id()
            self.session.send(packet.publish(self.topic, make(self.topic, number), self.qos, mine,
                                             level=self.level))
            kind = PUBACK if self.qos == 1 else PUBREC
            code = self._code(self.session.await_answer(kind, mine, timeout))
            if self.qos == 2 and code < 0x80:
                # PUBREC is the promise; what follows only ends the handshake.
                self.acknowledged.append(number)
                self.session.send(packet.acknowledge(PUBREL, mine))
                self.session.await_answer(packet.PUBCOMP, mine, timeout)
            elif code < 0x80:
                self.acknowledged.append(number)
            return code
        except (OSError, AssertionError):
            if self.session:
                self.session.close()
            self.session = None
            return None

    @staticmethod
    def _code(p):
        return p.body[2] if len(p.body) > 2 else 0

    def until_refused(self, times=3, most=2000):
        """
        The last of so many answers in a row that are no success, None for silence or an end of
        the connection. One alone may be followed by a success: a failed commit can free room.
        """
        refused = 0
        for _ in range(most):
            code = self.one(timeout=0.5)
            refused = refused + 1 if code is None or code >= 0x80 else 0
            if refused == times:
                return code
        raise AssertionError(f"{most} messages of {LARGE} bytes were acknowledged")


def prepare(broker):
    """A session that is away with a little for it, one for much, and something retained."""
    for name in "away", "small":
        with Session(broker.port, name) as session:
            session.subscribe(f"{name}/#", "end")
    with Session(broker.port, "first", clean=True) as first:
        first.publish("small/q", text("small/q", 1), 1)
        first.publish("r/1", text("r/1", 1), 1, retain=True)


def expect_acknowledged(broker, sender, number=large_number):
    """All of it is there, in order, and at QoS 2 once."""
    with Session(broker.port, "away") as session:
        assert session.present
        found = [number(m) for m in rest(broker, session)]
    first = list(dict.fromkeys(found))
    assert set(sender.acknowledged) <= set(found), (
        f"lost: {sorted(set(sender.acknowledged) - set(found))[:10]}")
    assert first == sorted(first), "out of order"
    assert sender.qos == 1 or len(found) == len(first), "twice"


@pytest.fixture
def small_disk(scratch):
    disk = SmallDisk(scratch.path / "disk")
    yield disk
    disk.unmount()


@pytest.fixture
def on_small_disk(scratch, small_disk):
    """A broker on it; it is dead before the disk goes."""
    api = HttpApi()
    broker = StoredBroker(scratch.folder("broker"), *LINES, "sys_interval 1", *api.lines,
                          "allow_anonymous true", where=small_disk.path)
    broker.disk, broker.api = small_disk, api
    yield broker.start()
    broker.process.kill()


# --- full ----------------------------------------------------------------------------------------

@REAL
@ONLY_ROOT
@LEVELS
@pytest.mark.parametrize("qos", [1, 2])
def test_a_full_disk_ends_acknowledgements_and_nothing_else(on_small_disk, level, qos):
    broker = on_small_disk
    prepare(broker)
    broker.disk.fill(leave=3 << 20)
    sender = Sender(broker, "away/q", level, qos)
    code = sender.until_refused()
    assert len(sender.acknowledged) > 50
    assert code is None or level == V5 and code == QUOTA_EXCEEDED, f"reason {code}"
    with Session(broker.port, "small") as small, Client(broker.port, "", PAHO_V311) as quick:
        assert small_numbers([small.next_message()]) == [1], "what is stored goes on being served"
        quick.subscribe("quick/#", 0)
        for n in range(50):
            quick.publish("quick/q", str(n), 0)
        assert [m.payload for m in quick.wait_for(50)] == [b"%d" % n for n in range(50)]
    assert retained(broker, "r/#", 1) == {"r/1": text("r/1", 1)}
    assert broker.process.is_running()
    broker.kill()
    broker.disk.relieve()
    broker.start()
    expect_acknowledged(broker, sender)


def small_numbers(messages):
    return [number_in(m.topic, m.payload) for m in messages]


@REAL
@ONLY_ROOT
@LEVELS
def test_it_goes_on_by_itself_when_there_is_room_again(on_small_disk, level):
    """Three times full and free again, no restart; afterwards a kill, and everything is there."""
    broker, disk = on_small_disk, on_small_disk.disk
    prepare(broker)
    sender = Sender(broker, "away/q", level)
    for _ in range(3):
        assert sender.one() == 0
        disk.fill()
        sender.until_refused()
        disk.relieve()
        wait_until(lambda: sender.one(timeout=0.5) == 0, 3, "an acknowledgement", 0.05)
        assert sender.one() == 0
    broker.restart()
    expect_acknowledged(broker, sender)


@REAL
@ONLY_ROOT
def test_a_full_disk_is_told(on_small_disk):
    """On /metrics, in $SYS and in the log; and that it is over, too."""
    broker, disk = on_small_disk, on_small_disk.disk
    prepare(broker)

    def figures():
        return {name: value for name, value in broker.api.metrics().items() if "store" in name}

    def topics():
        return {m.topic: m.payload for m in list(watch.messages)
                if re.search("store(?!/messages)|persist", m.topic)}

    sender, said = Sender(broker, "away/q", V5), len(broker.process.stderr())
    assert sender.one() == 0
    with Client(broker.port, "watch", PAHO_V311) as watch:
        watch.subscribe("$SYS/#", 0)
        before = figures(), wait_until(topics, 5, "$SYS of the store")
        assert before[0], "there is no metric with `store` in its name"
        disk.fill()
        sender.until_refused()
        wait_until(lambda: broker.says("no space", since=said) or broker.says("full", since=said),
                   5, "a line in the log")
        full = wait_until(lambda: figures() != before[0] and figures(), 5, "a change on /metrics")
        wait_until(lambda: topics() != before[1], 5, "a change in $SYS")
        disk.relieve()
        wait_until(lambda: sender.one(timeout=0.5) == 0, 3, "an acknowledgement", 0.05)
        wait_until(lambda: figures() != full, 5, "another change on /metrics")
    lines = len(broker.process.stderr()[said:].splitlines())
    assert lines < 60, f"{lines} lines in the log about one full disk"


@REAL
@ONLY_ROOT
def test_started_on_a_full_disk_it_serves_what_is_there(on_small_disk):
    broker, disk = on_small_disk, on_small_disk.disk
    prepare(broker)
    sender = Sender(broker, "away/q")
    assert [sender.one() for _ in range(20)] == [0] * 20
    broker.kill()
    disk.fill()
    broker.start()
    with Session(broker.port, "small") as small:
        assert small_numbers([small.next_message()]) == [1]
    disk.relieve()
    wait_until(lambda: sender.one(timeout=0.5) == 0, 3, "an acknowledgement", 0.05)
    broker.restart()
    expect_acknowledged(broker, sender)


@REAL
def test_a_store_that_has_all_it_may_have_does_not_grow(scratch):
    """max_store_bytes: not by retained messages of QoS 0 either, which nobody was promised."""
    broker = StoredBroker(scratch.folder("broker"), *LINES, "max_store_bytes 1M").start()
    prepare(broker)
    sender = Sender(broker, "away/q", V5)
    assert sender.until_refused() == QUOTA_EXCEEDED
    with Session(broker.port, "another", V311, clean=True) as another:
        for n in range(200):
            another.send(packet.publish(f"n/{n}", bytes(LARGE), 0, retain=True))
        another.send(packet.publish("r/1", text("r/1", 2), 0, retain=True))
        another.send(packet.packet(packet.PINGREQ, 0, b""))
        another.expect(packet.PINGRESP)
    assert retained(broker, "n/#") == {}
    assert retained(broker, "r/#", 1) == {"r/1": text("r/1", 2)}
    assert broker.end() == 0
    broker.start()
    assert retained(broker, "n/#") == {}
    assert retained(broker, "r/#", 1) == {"r/1": text("r/1", 2)}


@REAL
@ONLY_ROOT
def test_a_first_start_on_a_full_disk_ends_with_the_reason(scratch):
    """However little is left; not by SIGBUS, because LMDB writes to a map of its lock file."""
    disk = SmallDisk(scratch.path / "disk", megabytes=1)
    try:
        for left in 0, 4, 8, 12, 24, 32:
            disk.fill(left << 10)
            broker = StoredBroker(scratch.folder(f"broker{left}"), where=disk.path)
            broker.process.start()
            wait_until(lambda b=broker: not b.process.is_running(), 10, "its end")
            assert broker.process.popen.returncode == 1, f"{left} kB left"
            assert broker.says("no space left"), broker.process.stderr()
            shutil.rmtree(disk.path / "belfry.store")
            disk.relieve()
    finally:
        disk.unmount()


# --- failing -------------------------------------------------------------------------------------

FAULTS = {
    "sync-fails-once": f"{SYNCS}:error=EIO:when=6",
    "sync-fails-from-now-on": f"{SYNCS}:error=EIO:when=6+",
    "sync-fails-every-third-time": f"{SYNCS}:error=EIO:when=4+3",
    "write-fails-once": f"{FILE_WRITES},write:error=EIO:when=9",
    "write-has-no-room-for-a-while": f"{FILE_WRITES},write:error=ENOSPC:when=9..19",
    "write-has-no-room": f"{FILE_WRITES},write:error=ENOSPC:when=9+",
    "write-is-short": f"{FILE_WRITES},write:retval=512:when=9+7",
    "read-only-file-system": f"{FILE_WRITES},write:error=EROFS:when=9+",
    "no-more-quota": f"{FILE_WRITES},write:error=EDQUOT:when=9+",
}


@REAL
@pytest.mark.parametrize("qos, fault", [(1 + n % 2, fault) for n, fault in enumerate(FAULTS)])
def test_nothing_is_acknowledged_that_a_failing_disk_loses(scratch, qos, fault):
    broker = StoredBroker(scratch.folder("broker")).start()
    prepare(broker)
    broker.kill()
    broker.strace(FAULTS[fault], paths=broker.files()).process.start()
    wait_until(lambda: broker.is_up() or not broker.process.is_running(), 10, "a decision")
    sender = Sender(broker, "away/q", V5, qos)
    refusals = 0
    for _ in range(60):
        code = sender.one(make=text, timeout=0.3)
        refusals += code is None or code >= 0x80
        if refusals > 2 or not broker.process.is_running():
            break
    # Or ended by itself, which is an honest answer as well; by a signal is not.
    process = broker.process
    assert process.is_running() or process.popen.returncode > 0, process.stderr()
    assert "(INJECTED)" in broker.trace.read_text(), "the fault never happened"
    if "once" not in fault:
        assert broker.says("store"), "the log says nothing about it"
    broker.kill()
    broker.no_strace().start()
    expect_acknowledged(broker, sender, lambda m: number_in(m.topic, m.payload))
    assert Sender(broker, "away/q").one(make=text) == 0


# --- killed at each call -------------------------------------------------------------------------

CALLS = f"{FILE_WRITES},ftruncate,fallocate,{SYNCS}"


class Talk:
    """All kinds of promises, until the broker falls; remembers which were made."""

    def __init__(self, broker, qos):
        self.broker, self.queued = broker, Sender(broker, "away/q", qos=qos)
        self.has_session, self.retained = False, 0
        try:
            with Session(broker.port, "away") as away:
                away.subscribe("away/#", "end")
            self.has_session = True
            for _ in range(25):
                if self.queued.one(make=text, timeout=5) is None:
                    break
                number = self.queued.sent
                self.queued.session.publish("r/1", text("r/1", number), 1, retain=True)
                self.retained = number
        except (OSError, AssertionError):
            pass

    def expect_kept(self):
        if self.has_session:
            expect_acknowledged(self.broker, self.queued, lambda m: number_in(m.topic, m.payload))
        if self.retained:
            assert number_in("r/1", retained(self.broker, "r/1", 1)["r/1"]) >= self.retained


@REAL
@pytest.mark.parametrize("first", range(1, 31, 10))
def test_killed_at_each_write_and_sync_it_has_what_it_acknowledged(scratch, first):
    """From the first call of a store that is not made yet; strace counts in each thread."""
    for turn in range(first, first + 10):
        broker = StoredBroker(scratch.folder(f"broker-{turn}"))
        broker.strace(f"{CALLS}:signal=KILL:when={turn}", calls=CALLS).process.start()
        wait_until(lambda: broker.is_up() or not broker.process.is_running(), 10, "a decision")
        talk = Talk(broker, 1 + turn % 2)
        wait_until(lambda: not broker.process.is_running(), 5, f"its end at call {turn}")
        print(f"killed at call {turn}: {len(talk.queued.acknowledged)} acknowledged")
        broker.kill()
        broker.no_strace().start()
        talk.expect_kept()
        broker.process.clear()


# --- slow ----------------------------------------------------------------------------------------

@REAL
def test_a_slow_disk_slows_only_those_who_wait_for_it(scratch):
    """A second for each sync; told by the order of events, not by the clock."""
    broker = StoredBroker(scratch.folder("broker")).start()
    prepare(broker)
    broker.kill()
    broker.strace(f"{SYNCS}:delay_enter=1000000", calls=SYNCS).start()
    patient = Session(broker.port, "patient", clean=True)
    with Client(broker.port, "", PAHO_V311) as quick:
        quick.subscribe("quick/#", 1)
        for n in range(2):
            patient.send(packet.publish("away/q", text("away/q", n), 1, n + 1))
            for qos in 0, 1:  # nobody durable waits for these: there is nothing to commit
                before = len(quick.messages)
                for i in range(10):
                    quick.publish("quick/q", f"{i}", qos)
                quick.wait_for(before + 10)
            assert len(retained(broker, "r/#", 1)) == 1
            assert patient.take() is None and patient.is_silent(0.001), "the disk was not slow"
            patient.await_answer(PUBACK, n + 1)
    broker.kill()


@REAL
def test_sigterm_ends_well_while_a_commit_takes_longer_than_it_waits(scratch):
    """The store's thread reads what it commits until it has done so, however long that takes."""
    broker = StoredBroker(scratch.folder("broker")).start()
    prepare(broker)
    broker.kill()
    broker.strace("fdatasync:delay_enter=3000000", calls="fdatasync").start()
    with Session(broker.port, "patient", clean=True) as patient:
        for n in 1, 2:  # a commit for each
            patient.send(packet.publish("away/q", text("away/q", n), 1, n))
            patient.send(packet.packet(packet.PINGREQ, 0, b""))
            patient.expect(packet.PINGRESP)
        status = broker.process.end(timeout=30)
    # The build that looks for leaks cannot under strace, and ends with another status.
    assert status == 0 or broker.says("LeakSanitizer does not work under ptrace"), status
    assert not broker.says("ERROR: AddressSanitizer")


@REAL
def test_a_ping_is_answered_while_the_disk_hangs(scratch):
    """On the very connection that waits for an acknowledgement."""
    broker = StoredBroker(scratch.folder("broker")).start()
    prepare(broker)
    broker.kill()
    broker.strace(f"{SYNCS}:delay_enter=1000000", calls=SYNCS).start()
    with Session(broker.port, "patient", clean=True) as patient:
        patient.send(packet.publish("away/q", text("away/q", 1), 1, 1))
        patient.send(packet.packet(packet.PINGREQ, 0, b""))
        patient.expect(packet.PINGRESP)
        patient.await_answer(PUBACK, 1)
    broker.kill()
