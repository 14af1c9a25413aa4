# SPDX-License-Identifier: MIT
"""
The folder of a store: whose it is, who may look into it, and one broker at a time. And what the
operator does around it: SIGTERM, SIGHUP, a bridge whose other end is away.
"""
import os
import shutil
import signal
import stat
import subprocess

import pytest

from broker import Broker
from packet import V5, V311
from process import Process
from store import LINES, TRY, Session, StoredBroker, numbers, rest, retained, settle, text
from wait import let_pass, wait_until

RESTARTS = pytest.mark.parametrize("how", ["kill", "end"])


@pytest.fixture
def broker(scratch):
    return StoredBroker(scratch.folder("broker")).start()


def fill(broker, count=100):
    with Session(broker.port, "away", V5) as away:
        away.subscribe("q/#", "end")
    with Session(broker.port, "sender", clean=True) as sender:
        list(sender.publish_all([("q/1", text("q/1", n)) for n in range(count)], qos=2))
        list(sender.publish_all([(f"r/{n}", text(f"r/{n}", n)) for n in range(count)], retain=True))


def expect_all(broker, count=100):
    assert len(retained(broker, "r/#", count)) == count
    with Session(broker.port, "away", V5) as away:
        assert away.present and numbers(rest(broker, away)) == list(range(count))


def expect_refusal(process, path, *words):
    """It ends, not with 0 and not by a signal; a line on stderr names the path and has a word."""
    process.start()
    wait_until(lambda: not process.is_running(), 10, "its end")
    assert process.popen.returncode > 0, process.popen.returncode
    assert any(process.says(str(path), word) for word in words), process.stderr()


# --- whose it is ---------------------------------------------------------------------------------

def test_only_its_user_can_read_it(broker):
    """CVE-2017-9868: others could read Mosquitto's."""
    fill(broker)
    assert broker.files()
    for path in broker.files():
        assert stat.S_IMODE(path.stat().st_mode) & 0o177 == 0, f"{path}: {path.stat().st_mode:o}"
    broker.restart()
    for path in broker.files():
        assert stat.S_IMODE(path.stat().st_mode) & 0o177 == 0, f"{path}: {path.stat().st_mode:o}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_started_as_root_it_belongs_to_the_user_it_becomes(scratch):
    """`user` is carried out before the store is made, or the next start could not open it."""
    broker = StoredBroker(scratch.folder("broker"), *LINES, "user daemon")
    shutil.chown(broker.where, "daemon", "daemon")
    for _ in range(2):
        root = subprocess.Popen(broker.process.argv, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            wait_until(lambda: broker.is_up() or root.poll() is not None, 10, "a decision")
            assert root.poll() is None, root.stderr.read()
            with Session(broker.port, "away", V5) as away:
                away.subscribe("q/#")
        finally:
            root.terminate()
            assert root.wait(20) == 0
            root.stderr.close()
    below = list(broker.where.rglob("*"))
    assert below and {path.stat().st_uid for path in below} == {broker.where.stat().st_uid}


def test_a_second_broker_on_the_same_folder_is_refused(broker, scratch):
    fill(broker)
    second = StoredBroker(scratch.folder("second"), where=broker.where)
    expect_refusal(second.process, broker.where, "another", "in use", "locked")
    with Session(broker.port, "sender", clean=True) as sender:
        sender.publish("q/1", text("q/1", 100), 2)
    broker.kill()
    broker.start()
    with Session(broker.port, "away", V5) as away:
        assert numbers(rest(broker, away)) == list(range(101))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take a folder away")
def test_a_folder_it_may_not_write_is_refused_by_name(broker):
    assert broker.end() == 0
    os.chown(broker.where, 0, 0)
    for path in broker.where.rglob("*"):
        os.chown(path, 0, 0)
    expect_refusal(broker.process, broker.where, "permission denied")


def test_a_folder_that_is_not_there_is_refused_by_name_or_made(scratch):
    """Either is right; to run without a store is not."""
    where = scratch.path / "missing"
    broker = StoredBroker(scratch.folder("broker"), where=where)
    broker.process.start()
    wait_until(lambda: broker.says("running") or not broker.process.is_running(), 10, "a decision")
    if broker.process.is_running():
        fill(broker)
        broker.restart()
        expect_all(broker)
    else:
        assert broker.process.popen.returncode > 0 and broker.says(str(where))


def test_the_configuration_can_be_tested_beside_the_running_broker(broker):
    """It opens nothing, locks nothing, and makes nothing."""
    before = broker.files()
    tester = Process("tester", [*broker.process.argv, "--test-config"], broker.folder).start()
    wait_until(lambda: not tester.is_running(), 10, "its end")
    assert tester.popen.returncode == 0, tester.stderr()
    assert broker.files() == before
    fill(broker)
    broker.restart()
    expect_all(broker)


def test_without_persistence_nothing_is_written(scratch):
    where = scratch.folder("var")
    broker = Broker(scratch.folder("broker"), (*LINES, f"persistence_location {where}/")).start()
    fill(broker)
    assert broker.end() == 0
    assert list(where.rglob("*")) == []


# --- ends and reloads ----------------------------------------------------------------------------

@RESTARTS
def test_what_is_there_stays_over_many_starts(broker, how):
    fill(broker)
    for _ in range(4):
        if how == "end":
            assert broker.end() == 0
        broker.restart()
    expect_all(broker)


def test_sigterm_keeps_what_is_on_its_way(broker):
    """A connection in the middle of everything; the broker says goodbye and forgets nothing."""
    away = Session(broker.port, "away", V5)
    away.subscribe("q/#", "end")
    sender = Session(broker.port, "sender", V311)
    acknowledged = list(sender.publish_all([("q/1", text("q/1", n)) for n in range(300)], qos=2))
    assert len(acknowledged) == 300
    assert broker.end() == 0
    broker.start()
    with Session(broker.port, "away", V5) as away:
        assert away.present and numbers(rest(broker, away)) == list(range(300))


def test_a_reload_leaves_the_store_alone(broker):
    fill(broker)
    for _ in range(3):
        said = len(broker.process.stderr())
        broker.process.signal(signal.SIGHUP)
        wait_until(lambda: "is in effect" in broker.process.stderr()[said:], 10, "the reload")
    broker.restart()
    expect_all(broker)


def test_idle_it_writes_nothing(broker):
    """No heartbeat on the disk: what does not change is not written."""
    fill(broker)
    settle(broker)
    if TRY:
        pytest.skip("about the store")
    let_pass(0.5)
    before = {path: path.stat().st_mtime_ns for path in broker.files()}
    let_pass(2.5)
    assert {path: path.stat().st_mtime_ns for path in broker.files()} == before


# --- bridges -------------------------------------------------------------------------------------

def test_what_waits_for_a_bridge_survives(scratch):
    """The far broker is away, the near one dies with two hundred messages for it."""
    far = Broker(scratch.folder("far"), LINES)
    near = StoredBroker(scratch.folder("near"), *LINES, "connection far",
                        f"address 127.0.0.1:{far.port}", "topic out/# out 2",
                        "cleansession false", "restart_timeout 1 1")
    far.start()
    near.start()
    with Session(far.port, "far-reader") as reader:
        reader.subscribe("out/#", "end")
        with Session(near.port, "sender", clean=True) as sender:
            sender.publish("out/q", text("out/q", 0), 2)
            assert numbers(reader.messages(1, timeout=20)) == [0]
            far.process.signal(signal.SIGSTOP)
            list(sender.publish_all([("out/q", text("out/q", n)) for n in range(1, 201)], qos=2))
        near.kill()
        far.process.signal(signal.SIGCONT)
        near.start()
        assert numbers(reader.messages(200, timeout=20)) == list(range(1, 201))
        assert rest(far, reader) == []
