# SPDX-License-Identifier: MIT
"""
The gateway among faults of the machine: disk, clock, memory, descriptors, kills at chosen points.

Which fault is shown where:

    gateway killed at random         test_gateway_kill, test_loss; chaos.py gateway-kill
    gateway killed at a chosen call  here
    everybody restarted under load   test_loss; loss.py in full size
    disk full, failing, slow         here
    journal full                     here
    pipe missing, no reader, full    test_core_faults, also what waiting costs
    pipe made anew under load        here; test_core_faults once
    pipe is something else           test_pipe_replaced
    core reloads, hangs, is killed   test_core_faults, test_loss; chaos.py core-*
    Icinga's API fails or reloads    test_icinga2_faults, test_icinga2
    broker restarts                  test_gateway_broker, test_gateway_kill; here ten times under load
    clock jumps                      here
    gateway stopped for a while      here; its watchdog in test_gateway_service
    memory over an outage            here
    descriptors run out              here; at a reload in test_gateway_reload
"""
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

import chaos
from load import Account, Load
from nagios import OK
from process import KEEPS_MEMORY, give_away, own_memory, run
from rig import Rig
from store import SYNCS, SmallDisk
from test_core_faults import Story, said
from wait import SLACK, let_pass, stays_true, wait_until

ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
LMDB = "pwrite64,pwritev,fdatasync,msync,ftruncate"
FILES = "openat,unlinkat,write"


class Traced:
    """A rig whose gateway starts below strace with these faults injected."""

    def __init__(self, scratch, rig, calls, *faults):
        self.rig, self.process = rig, rig.gateway.process
        self.argv = self.process.argv
        self.trace = scratch.path / "strace"
        words = [word for fault in faults for word in ("-e", f"inject={fault}")]
        self.process.argv = ["strace", "-D", "-f", "-qq", "-s", "8", "-o", str(self.trace),
                             "-e", "signal=none", "-e", f"trace={calls}", *words, *self.argv]

    def heal(self):
        """Kill it, and start it without."""
        self.process.kill()
        self.process.argv = self.argv
        self.rig.start_gateway()

    def has_happened(self):
        return "(INJECTED)" in self.trace.read_text() or "+++ killed by SIGKILL" in self.trace.read_text()


# --- killed at a chosen call ---------------------------------------------------------------------

POINTS = [(LMDB, n) for n in (1, 3, 6, 9, 14, 20)] + [(FILES, n) for n in (40, 80, 120)]


@pytest.mark.parametrize("calls, when", POINTS, ids=[f"{c.split(',')[0]}-{n}" for c, n in POINTS])
def test_killed_before_a_call_it_loses_nothing(scratch, make_rig, calls, when):
    """strace counts in each thread; where none gets that far, the kill is ours."""
    story = Story(make_rig())
    story.tell(20)
    assert story.rig.gateway.end() == 0
    traced = Traced(scratch, story.rig, calls, f"{calls}:signal=KILL:when={when}")
    story.rig.gateway.start()
    for _ in range(20):
        story.tell(10)
        let_pass(0.01)  # or it would take all of it in one commit
    print("killed by strace" if not story.rig.gateway.process.is_running() else "lived on")
    traced.heal()
    story.expect_recovery(time.monotonic(), within=2)


# --- disk ----------------------------------------------------------------------------------------

@ONLY_ROOT
@pytest.mark.parametrize("elsewhere", [True, False], ids=["batches-elsewhere", "batches-there"])
def test_a_full_disk_ends_the_taking_and_not_the_giving(scratch, module, elsewhere):
    disk = SmallDisk(scratch.path / "disk", megabytes=12)
    batches = scratch.folder("batches")
    rig = Rig(scratch, module, output=[f"batch_dir {batches}"] if elsewhere else [])
    rig.gateway.state_dir = disk.path
    rig.gateway.configure()
    try:
        story = Story(rig.start())
        story.tell(20)
        wait_until(story.is_heard, 5, "the first results")
        rig.nagios.end()
        story.tell(300)
        wait_until(lambda: queue_of(rig) == 0, 5, "all of it in the journal")
        disk.fill()
        since, taken = said(rig), story.number
        story.tell(300)
        wait_until(lambda: rig.gateway.process.says("journal", "cannot be written", since=since), 10,
                   "a line that says so")
        assert rig.gateway.process.is_running()
        rig.nagios.start()
        if elsewhere:
            wait_until(lambda: {f"number {n}" for n in range(taken)} <= story.heard(), 10,
                       "what was taken before, applied")
        assert not story.is_heard()
        disk.relieve()
        story.expect_recovery(time.monotonic(), within=4)
        assert rig.gateway.process.stderr()[since:].count("cannot be written;") == 1
        rig.end()
    finally:
        rig.gateway.process.clear()
        disk.unmount()


def queue_of(rig):
    """What the gateway has not acknowledged: nothing, when a subscriber's later message is through."""
    before = len(rig.observer.rejects())
    rig.publish("nagios/h0/s0", "no state at all")
    wait_until(lambda: len(rig.observer.rejects()) > before, 10, "an answer")
    return 0


FAULTS = {
    "sync-fails-once": f"{SYNCS}:error=EIO:when=4",
    "sync-fails-from-now-on": f"{SYNCS}:error=EIO:when=4+",
    "sync-fails-every-third-time": f"{SYNCS}:error=EIO:when=4+3",
    "no-room-for-a-while": "pwrite64,pwritev:error=ENOSPC:when=12..21",
    "no-room": "pwrite64,pwritev:error=ENOSPC:when=12+",
    "write-is-short": "pwrite64,pwritev:retval=512:when=12+9",
    "read-only": "pwrite64,pwritev:error=EROFS:when=12+",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_taken_that_a_failing_disk_loses(scratch, make_rig, fault):
    story = Story(make_rig())
    rig = story.rig
    story.tell(20)
    assert rig.gateway.end() == 0
    traced = Traced(scratch, rig, LMDB, FAULTS[fault])
    rig.gateway.start()
    for _ in range(15):
        story.tell(10)
        let_pass(0.01)  # or it would take all of it in one commit
    if "once" not in fault:
        wait_until(lambda: rig.gateway.process.says("journal")
                   or not rig.gateway.process.is_running(), 10, "a line about it")
    assert rig.gateway.process.is_running() or rig.gateway.process.popen.returncode > 0
    wait_until(traced.has_happened, 5, "the fault")
    traced.heal()
    story.expect_recovery(time.monotonic(), within=2)


def test_a_slow_disk_slows_and_loses_nothing(scratch, make_rig):
    story = Story(make_rig())
    assert story.rig.gateway.end() == 0
    Traced(scratch, story.rig, LMDB, "fdatasync:delay_enter=300000")
    story.rig.start_gateway()
    story.tell(500)
    story.expect_recovery(time.monotonic(), within=10)


def test_a_full_journal_leaves_the_rest_to_the_broker(make_rig):
    """Nothing is dropped, the status says so, and it goes on when an output has caught up."""
    rig = make_rig(lines=["journal_max_size 1M"])
    rig.nagios.end()
    payload = json.dumps([{"service": f"s{n % 4}", "state": 0, "output": "x" * 900} for n in range(100)])
    for _ in range(30):
        rig.observer.publish("nagios/h0", payload)
    wait_until(lambda: rig.observer.states()[-1] == "full", 10, "the status of a full journal")
    assert rig.gateway.process.says("journal: full", "journal_max_size")
    rig.nagios.start()
    wait_until(lambda: len(rig.nagios.results()) == 3000, 30, "every result applied")
    wait_until(lambda: rig.observer.states()[-1] == "online", 10, "room again")
    rig.applied("nagios/h0/s0", {"state": 1, "output": "afterwards"})


# --- the command file made anew under load -------------------------------------------------------

class Reader(threading.Thread):
    """
    Reads commands as a core does and removes the files that it was told of; makes the command file
    anew again and again.
    """

    def __init__(self, fifo, times):
        super().__init__(daemon=True)
        self.fifo, self.times, self.lines, self.is_over = fifo, times, [], False

    def run(self):
        while not self.is_over:
            os.mkfifo(self.fifo, 0o660)
            give_away(self.fifo)
            fd = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK)
            until, rest = time.monotonic() + 0.03, b""
            while not self.is_over and (time.monotonic() < until or self.times == 0):
                try:
                    rest += os.read(fd, 65536)
                except BlockingIOError:
                    self._pause()
                *whole, rest = rest.split(b"\n")
                for line in whole:
                    self._take(line)
            self.times -= self.times > 0
            os.close(fd)
            os.unlink(self.fifo)

    @staticmethod
    def _pause():
        threading.Event().wait(0.001)

    def _take(self, line):
        path = Path(line.decode().split(";")[1])
        try:
            self.lines += path.read_text().splitlines()
            path.unlink()
        except FileNotFoundError:
            pass  # told twice

    def numbers(self):
        return [int(line.rsplit(" ", 1)[1]) for line in list(self.lines)]


def test_a_command_file_made_anew_a_hundred_times_under_load(make_rig):
    rig = make_rig()
    rig.nagios.end()
    rig.nagios.fifo.unlink(missing_ok=True)
    reader = Reader(rig.nagios.fifo, 100)
    reader.start()
    load = Load(rig.broker.port, 1000, 2, 4).start()
    try:
        wait_until(lambda: reader.times == 0, 60, "the last command file")
        load.stop()
        wait_until(lambda: load.acknowledged <= set(reader.numbers()), 10, "every result")
    finally:
        reader.is_over = True
        reader.join()
    first = list(dict.fromkeys(reader.numbers()))
    for target in range(8):
        own = [n for n in first if n % 8 == target]
        assert own == sorted(own), "out of order"


# --- broker --------------------------------------------------------------------------------------

def test_ten_restarts_of_the_broker_lose_nothing(module):
    def restart(rig, chance):
        assert rig.broker.end() == 0
        rig.broker.start()

    report = chaos.play(chaos.Scenario("broker-restart", restart, "", {"stored": True}), module, 10,
                        rate=1000)
    print(chaos.table([report]))
    assert not report.wreck and report.lost == 0, report.wreck
    assert report.disordered == 0 and report.faults == 10


# --- clock ---------------------------------------------------------------------------------------


def states(rig, host, service):
    return [r.state for r in rig.nagios.of(host, service)]


@pytest.mark.parametrize("jumps", [(3600, 0), (-3600, 0), (366 * 86400, -3600)],
                         ids=["forth-and-back", "back-and-forth", "a-year"])
def test_a_clock_that_jumps_makes_nobody_silent_and_holds_up_nothing(scratch, module, clock, jumps):
    rig = Rig(scratch, module, lines=["grace 0"], routes=["route nagios/#", "to nagios", "ttl 600s"])
    set_clock = clock(rig.gateway.process)
    rig.start()
    rig.publish("nagios/h0", [{"service": f"s{n}", "state": 0} for n in range(4)])
    rig.nagios.wait_for("h0", "s3")
    for n, jump in enumerate(jumps, 1):
        set_clock(jump)
        for service in range(4):
            # Without a time of its own it is of now, whatever the clock said before.
            result = rig.applied(f"nagios/h1/s{service}", {"state": 0, "output": f"after jump {n}"})
            assert abs(result.time - time.time() - jump) < 5 * SLACK
        stays_true(lambda: not [r for r in rig.nagios.results() if r.state != OK], 1.2,
                   "everybody heard of")
    assert not rig.observer.rejects()
    rig.gateway.kill()
    rig.start_gateway()
    rig.applied("nagios/h1/s0", {"state": 0, "output": "after a restart"})
    stays_true(lambda: not [r for r in rig.nagios.results() if r.state != OK], 1.2, "all well")
    rig.end()


def test_a_gateway_that_was_stopped_makes_nobody_silent(make_rig):
    """Longer than every ttl, and its agents went on publishing."""
    rig = make_rig(hosts=4, services=8, lines=["grace 10s"],
                   routes=["route nagios/#", "to nagios", "ttl 2s"])

    def tell(output):
        for host in range(4):
            items = [{"service": f"s{n}", "state": 0, "output": output} for n in range(8)]
            rig.publish(f"nagios/h{host}", [{"state": 0, "output": output}, *items])

    tell("before")
    rig.nagios.wait_for("h3", "s7")
    rig.gateway.process.signal(signal.SIGSTOP)
    let_pass(7)
    tell("meanwhile")
    rig.gateway.process.signal(signal.SIGCONT)
    wait_until(lambda: rig.gateway.process.says("was held up"), 5, "a line that says so")
    wait_until(lambda: rig.nagios.of("h3", "s7")[-1].output == "meanwhile", 5, "what came meanwhile")
    tell("after")
    wait_until(lambda: rig.nagios.of("h3", "s7")[-1].output == "after", 5, "what came after")
    assert not [r for r in rig.nagios.results() if r.state != OK]


# --- memory and descriptors ----------------------------------------------------------------------

@pytest.mark.skipif(KEEPS_MEMORY, reason="sanitizers keep memory")
def test_memory_stays_flat_over_an_outage(make_rig):
    """200,000 results wait, in the journal and not in memory."""
    rig = make_rig()
    rig.applied("nagios/h0/s0", {"state": 0, "output": "warm"})
    rig.nagios.end()
    pid = rig.gateway.process.pid
    items = [{"service": f"s{n % 4}", "state": 0, "output": "waits " + "x" * 100} for n in range(1000)]
    payload = json.dumps(items)
    for _ in range(40):
        rig.observer.publish("nagios/h0", payload)
    queue_of(rig)
    before = own_memory(pid)  # what one commit takes stays
    for _ in range(160):
        rig.observer.publish("nagios/h0", payload)
    queue_of(rig)
    waiting = own_memory(pid)
    print(f"RssAnon {before >> 10} kB with 40,000 waiting, {waiting >> 10} kB with 200,000")
    assert waiting < 40 << 20  # what waits are 200,000 results of more than 200 bytes
    rig.nagios.start()
    wait_until(lambda: rig.nagios.taken.read_bytes().count(b"\nservice") >= 200000, 60,
               "all of it applied", 0.2)
    assert own_memory(pid) < 40 << 20


def steadily_open(pid):
    """How many descriptors stay open: a file that is just being written is none of them."""
    counts = []

    def is_steady():
        counts.append(len(os.listdir(f"/proc/{pid}/fd")))
        return len(counts) >= 10 and len(set(counts[-10:])) == 1

    wait_until(is_steady, 5, "nothing opened or closed for a while")
    return counts[-1]


def test_without_descriptors_results_wait_and_nobody_is_let_down(make_rig):
    story = Story(make_rig(stored=True))
    story.tell(20)
    wait_until(story.is_heard, 5, "the first results")
    pid, process = story.rig.gateway.process.pid, story.rig.gateway.process
    taken = steadily_open(pid)
    limits = ["prlimit", "--pid", str(pid)]
    run([*limits, f"--nofile={taken}:"])
    since = said(story.rig)
    story.tell(100)
    wait_until(lambda: process.says("batches", since=since), 5, "a line about the folder")
    assert not story.is_heard()
    story.rig.broker.kill()  # which gives a descriptor back, to whoever is first to take it
    story.rig.broker.start()
    assert process.is_running()
    run([*limits, "--nofile=1024:"])
    wait_until(story.is_heard, 10, "every result applied")
    story.rig.applied("nagios/h0/s0", {"state": 1, "output": "afterwards"})
