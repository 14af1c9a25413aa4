# SPDX-License-Identifier: MIT
"""The broker as a service: what systemd is told, and who it runs as."""
import os
import pwd
import signal
import subprocess

import pytest

from broker import Broker, free_port, is_listening
from mqtt import Client
from process import binaries
from wait import wait_until


def test_it_tells_when_it_is_ready_reloads_and_ends(scratch, systemd):
    broker = Broker(scratch.folder("broker")).start()
    assert systemd.told() == "READY=1"
    assert is_listening(broker.port)
    broker.process.signal(signal.SIGHUP)
    assert systemd.told().startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert systemd.told() == "READY=1"
    assert broker.end() == 0
    assert systemd.told() == "STOPPING=1"


def test_it_feeds_the_watchdog_while_its_loop_runs(scratch, systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    Broker(scratch.folder("broker")).start()
    for _ in range(3):
        systemd.wait_for("WATCHDOG=1")


def test_the_log_may_go_to_topics(scratch):
    broker = Broker(scratch.folder("broker"),
                    ["allow_anonymous true", "log_dest stderr", "log_dest topic"]).start()
    reader = Client(broker.port, "reader")
    reader.connect()
    reader.subscribe("$SYS/broker/log/N")
    other = Client(broker.port, "somebody")
    other.connect()
    wait_until(lambda: any(b"somebody" in p for p in reader.payloads()), 10, "the log line")
    reader.close()
    other.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("lines, user", [([], None), (["user daemon"], "daemon"),
                                         (["user root"], "root")])
def test_started_as_root_it_goes_on_as_an_ordinary_user(scratch, lines, user):
    port, log = free_port(), scratch.folder("log") / "broker.log"
    log.parent.chmod(0o777)
    config = scratch.path / "broker.conf"
    config.write_text("\n".join([f"listener {port} 127.0.0.1", "allow_anonymous true",
                                 f"log_dest file {log}", *lines, ""]))
    broker = subprocess.Popen([binaries() / "belfry-broker", "-c", config],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: log.exists() and "running" in log.read_text(), 10, "the broker running")
        wanted = pwd.getpwnam(user or _default())
        with open(f"/proc/{broker.pid}/status") as status:
            fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
        assert fields["Uid"].split() == [str(wanted.pw_uid)] * 4
        assert fields["Gid"].split() == [str(wanted.pw_gid)] * 4
        assert log.stat().st_uid == wanted.pw_uid
    finally:
        broker.terminate()
        assert broker.wait(20) == 0


def _default():
    try:
        return pwd.getpwnam("mosquitto").pw_name
    except KeyError:
        return "nobody"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_that_is_not_there_is_named(scratch):
    config = scratch.path / "broker.conf"
    config.write_text(f"listener {free_port()} 127.0.0.1\nuser nobody-of-this-name\n")
    for arguments, status in (([], 1), (["--test-config"], 3)):
        done = subprocess.run([binaries() / "belfry-broker", "-c", config, *arguments],
                              capture_output=True, timeout=20)
        assert done.returncode == status
        assert b"user nobody-of-this-name: there is no such user" in done.stderr
