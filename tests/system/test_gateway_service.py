# SPDX-License-Identifier: MIT
"""The gateway as a service: what systemd is told, and what its unit says."""
import signal

import pytest

from broker import Broker, free_port
from gateway import Gateway
from mqtt import Observer
from wait import stays_true, wait_until

LIMIT = 400000  # µs that the watchdog waits


@pytest.fixture
def gateway(scratch):
    """Its broker and its core are away."""
    return Gateway(scratch.folder("gateway"), free_port(), scratch.path / "nagios.cmd")


def test_it_tells_when_it_is_ready_reloads_and_ends(gateway, systemd):
    gateway.start()
    assert systemd.told() == "READY=1"
    for lines in [], ["keepalive 30s"], ["keepalive never"]:
        gateway.configure(lines=lines)
        gateway.process.signal(signal.SIGHUP)
        assert systemd.told().startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert systemd.told() == "READY=1"
    assert gateway.end() == 0
    assert systemd.told() == "STOPPING=1"


def test_who_does_not_start_is_never_ready(gateway, systemd):
    gateway.state_dir.chmod(0o555)
    gateway.process.start()
    wait_until(lambda: not gateway.process.is_running(), 10, "the gateway's end")
    gateway.state_dir.chmod(0o755)
    assert "READY=1" not in systemd.told_already()


def test_the_watchdog_is_fed_while_broker_and_core_are_away(gateway, systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", str(LIMIT))
    gateway.start()
    for _ in range(8):
        systemd.wait_for("WATCHDOG=1")
    assert not gateway.process.says("standstill")


def test_it_is_fed_again_after_a_reload(gateway, systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", str(LIMIT))
    gateway.start()
    systemd.wait_for("WATCHDOG=1")
    gateway.configure(lines=["keepalive 30s"])
    gateway.reloaded()
    systemd.told_already()
    for _ in range(4):
        systemd.wait_for("WATCHDOG=1")


def test_a_process_that_slept_is_not_taken_for_one_that_stands_still(gateway, systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", str(LIMIT))
    gateway.start()
    systemd.wait_for("WATCHDOG=1")
    gateway.process.signal(signal.SIGSTOP)
    systemd.told_already()
    stays_true(lambda: not systemd.told_already(), 3 * LIMIT / 1e6, "the gateway asleep")
    gateway.process.signal(signal.SIGCONT)
    systemd.wait_for("WATCHDOG=1")
    assert not gateway.process.says("standstill")


def test_a_thread_that_stands_still_starves_it(scratch, systemd, monkeypatch):
    """The disk hangs within a commit of the journal, again and again."""
    monkeypatch.delenv("NOTIFY_SOCKET")  # the broker has a watchdog of its own
    broker = Broker(scratch.folder("broker")).start()
    monkeypatch.setenv("NOTIFY_SOCKET", str(systemd.path))
    monkeypatch.setenv("WATCHDOG_USEC", str(LIMIT))
    observer = Observer(broker.port).connect()
    gateway = Gateway(scratch.folder("gateway"), broker.port, scratch.path / "nagios.cmd")
    argv = gateway.process.argv
    gateway.start()
    wait_until(lambda: "online" in observer.states(), 10, "the gateway online")
    assert gateway.end() == 0
    gateway.process.argv = ["strace", "-D", "-f", "-qq", "-o", scratch.folder("trace") / "out", "-e",
                            "trace=fdatasync,msync", "-e",
                            "inject=fdatasync,msync:delay_enter=3000000", *map(str, argv)]
    gateway.configure(routes=["route nagios/# other/#", "to nagios"])
    gateway.start()
    wait_until(lambda: gateway.process.says("the thread of broker", "standstill"), 20,
               "a thread that stands still")
    systemd.told_already()
    stays_true(lambda: "WATCHDOG=1" not in systemd.told_already(), 2 * LIMIT / 1e6, "its hunger")
    gateway.kill()
    observer.close()
