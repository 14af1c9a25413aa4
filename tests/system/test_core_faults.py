# SPDX-License-Identifier: MIT
"""
The monitoring core is away, or its command file is: nothing acknowledged is lost, the gateway
says what is wrong, and goes on within a second of the cause going away.
"""
import os
import select
import time

import pytest

from process import give_away, processor_time
from wait import SLACK, let_pass, wait_until

RECOVERY = 1.0  # seconds from the cause going away to the next result applied

CONFIRMED, PIPE = [], ["delivery pipe"]
DELIVERIES = pytest.mark.parametrize("output", [CONFIRMED, PIPE], ids=["confirmed", "pipe"])


class Story:
    """Numbered results before, during and after a fault."""

    def __init__(self, rig):
        self.rig, self.number = rig, 0

    def tell(self, count=50):
        """Publish `count` more results; returns when all are acknowledged."""
        client = self.rig.observer.paho
        notes = [client.publish(f"nagios/h{n % 2}/s{n % 4}",
                                '{"code":%d,"reason":"number %d"}' % (n % 4, n), 1)
                 for n in range(self.number, self.number + count)]
        self.number += count
        for note in notes:
            note.wait_for_publish(10 * SLACK)
            assert note.is_published()

    def heard(self):
        return {r.output for r in self.rig.nagios.results()}

    def is_heard(self):
        return {f"number {n}" for n in range(self.number)} <= self.heard()

    def expect_recovery(self, since, within=RECOVERY):
        """Everything told is applied `within` seconds of `since`, also what is told now."""
        try:
            wait_until(self.is_heard, within + 10, "every acknowledged result applied")
        finally:
            self.missing = sorted({f"number {n}" for n in range(self.number)} - self.heard())
        took = time.monotonic() - since
        assert took < within * SLACK, f"recovered only after {took:.2f} s"
        self.tell()
        wait_until(self.is_heard, 5, "results told after the recovery applied")

    def expect_complaint(self, *words, since):
        """The gateway names the command file and the trouble, in one line each."""
        process = self.rig.gateway.process
        wait_until(lambda: any(process.says(str(self.rig.nagios.fifo), word, since=since)
                               for word in words), 5,
                   f"a line naming the command file and one of {words}")
        assert process.is_running()


def said(rig):
    return len(rig.gateway.process.stderr())


@pytest.fixture
def story(make_rig, output):
    story = Story(make_rig(output=output))
    story.tell()
    wait_until(story.is_heard, 5, "the first results applied")
    return story


NO_READER = ("no reader", "not reading", "nobody", "no process", "not running",
             "no such device or address")
MISSING = ("no such file", "missing", "does not exist", "not there")
NOT_A_FIFO = ("not a fifo", "not a named pipe", "not a pipe", "regular file")
STUCK = ("full", "not reading", "does not read", "stuck", "not taken", "blocked", "busy",
         "not applied", "not confirmed", "unconfirmed")


@DELIVERIES
def test_nagios_is_stopped_for_a_while(story):
    before = said(story.rig)
    story.rig.nagios.end()
    story.tell(200)
    story.expect_complaint(*NO_READER, since=before)
    assert not story.is_heard()
    story.rig.nagios.start()
    story.expect_recovery(time.monotonic())


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_nagios_is_restarted_under_load(story):
    for _ in range(3):
        story.tell(100)
        story.rig.nagios.end()
        story.rig.nagios.start()
    story.expect_recovery(time.monotonic())


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_nagios_is_killed_under_load(story):
    for _ in range(3):
        story.tell(100)
        story.rig.nagios.kill()
        story.tell(20)
        story.rig.nagios.start()
    story.expect_recovery(time.monotonic())


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_what_an_orphan_of_the_core_swallowed_is_told_to_the_next_core(story):
    """The command file stays open all the time: no write fails, and nothing was applied."""
    nagios = story.rig.nagios
    nagios.orphan()
    story.tell(100)
    wait_until(lambda: not nagios.is_reading(), 5, "the end of the orphan")
    nagios.start()
    story.expect_recovery(time.monotonic())


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_nagios_reloads_under_load(story):
    for _ in range(2):
        story.rig.nagios.reload(meanwhile=story.tell)
    # Nagios sets its pipe aside while it reloads and looks at it again with its clock's next second.
    story.expect_recovery(time.monotonic(), within=RECOVERY + 1)


@DELIVERIES
def test_the_command_file_is_missing(story):
    before, nagios = said(story.rig), story.rig.nagios
    nagios.end()
    nagios.fifo.unlink()
    story.tell(100)
    story.expect_complaint(*MISSING, since=before)
    assert not nagios.fifo.exists(), "the gateway created the command file"
    nagios.start()
    story.expect_recovery(time.monotonic())


@DELIVERIES
def test_the_command_file_is_made_anew_behind_the_gateways_back(story):
    """As init scripts do: the old one is unlinked while the gateway may still hold it open."""
    nagios = story.rig.nagios
    nagios.end()
    nagios.fifo.unlink()
    nagios.start()
    story.tell(100)
    story.expect_recovery(time.monotonic())


@DELIVERIES
def test_a_regular_file_is_in_place_of_the_command_file(story):
    before, nagios = said(story.rig), story.rig.nagios
    nagios.end()
    nagios.fifo.unlink()
    nagios.fifo.write_text("left by a careless script\n")
    give_away(nagios.fifo)
    story.tell(100)
    story.expect_complaint(*NOT_A_FIFO, since=before)
    assert nagios.fifo.read_text() == "left by a careless script\n"
    nagios.fifo.unlink()
    nagios.start()
    story.expect_recovery(time.monotonic())


@DELIVERIES
def test_a_symbolic_link_to_a_file_is_not_written_through(story, scratch):
    nagios, treasure = story.rig.nagios, scratch.path / "treasure"
    treasure.write_text("untouched\n")
    give_away(treasure)
    nagios.end()
    nagios.fifo.unlink()
    nagios.fifo.symlink_to(treasure)
    before = said(story.rig)
    story.tell(50)
    wait_until(lambda: story.rig.gateway.process.says(str(nagios.fifo), since=before), 5)
    assert treasure.read_text() == "untouched\n"
    nagios.fifo.unlink()
    nagios.start()
    story.expect_recovery(time.monotonic())


@DELIVERIES
def test_nobody_reads_the_command_file_when_the_gateway_starts(make_rig, output):
    story = Story(make_rig(output=output))
    rig = story.rig
    rig.nagios.end()
    assert rig.gateway.end() == 0
    os.unlink(rig.nagios.fifo)
    os.mkfifo(rig.nagios.fifo, 0o660)
    give_away(rig.nagios.fifo)
    before = said(rig)
    rig.start_gateway()
    story.tell(100)
    story.expect_complaint(*NO_READER, since=before)
    rig.nagios.start()
    story.expect_recovery(time.monotonic())


@DELIVERIES
def test_a_core_that_is_away_costs_no_processor_time(story):
    story.rig.nagios.end()
    story.tell(20)
    pid = story.rig.gateway.process.pid
    used, begin = processor_time(pid), time.monotonic()
    let_pass(3)
    assert processor_time(pid) - used < 0.01 * SLACK * (time.monotonic() - begin)
    story.rig.nagios.start()
    story.expect_recovery(time.monotonic())


@DELIVERIES
def test_nagios_stops_answering_until_its_command_file_is_full(story):
    """SIGSTOP: 64 kB of pipe and a socket's worth behind it fill up, then nothing moves."""
    before, nagios = said(story.rig), story.rig.nagios
    nagios.freeze()
    try:
        story.tell(6000)
        if story.rig.gateway.config.read_text().count("delivery pipe"):
            wait_until(lambda: _is_full(nagios.fifo), 5, "the command file full")
            story.expect_complaint(*STUCK, since=before)
        assert not story.is_heard()
    finally:
        nagios.thaw()
    story.expect_recovery(time.monotonic())


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_the_gateway_restarts_while_nagios_is_away(story):
    """What was acknowledged waits in the journal, not in memory."""
    rig = story.rig
    rig.nagios.end()
    story.tell(200)
    rig.gateway.kill()
    rig.start_gateway()
    story.tell(50)
    assert rig.gateway.end() == 0
    rig.start_gateway()
    rig.nagios.start()
    story.expect_recovery(time.monotonic())


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_what_was_published_while_the_gateway_was_away_is_applied(story):
    rig = story.rig
    assert rig.gateway.end() == 0
    wait_until(lambda: rig.observer.states()[-1] == "offline", 5, "the gateway shown offline")
    story.tell(500)
    rig.start_gateway()
    story.expect_recovery(time.monotonic())


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_a_killed_gateway_is_shown_offline_by_its_will(story):
    rig = story.rig
    rig.gateway.kill()
    wait_until(lambda: rig.observer.states()[-1] == "offline", 5, "the gateway shown offline")
    rig.start_gateway()
    assert rig.observer.states()[-1] == "online"


@pytest.mark.parametrize("output", [CONFIRMED], ids=["confirmed"])
def test_the_result_that_a_dying_core_had_in_hand_is_applied_by_the_next(story):
    """Frozen, then killed: whatever was handed over but not applied is handed over again."""
    nagios = story.rig.nagios
    nagios.freeze()
    story.tell(500)
    nagios.kill()
    nagios.start()
    story.expect_recovery(time.monotonic())


def _is_full(fifo):
    """One more line would not fit: what a non-blocking writer finds."""
    fd = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    try:
        return not select.select([], [fd], [], 0)[1]
    finally:
        os.close(fd)
