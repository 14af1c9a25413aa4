# SPDX-License-Identifier: MIT
"""SIGHUP: a new configuration takes effect as a whole, or not at all."""
import signal

import pytest

import packet
from broker import Broker, free_port
from mqtt import Client
from packet import Wire
from wait import stays_true, wait_until

NOT_AUTHORIZED = 0x87
NEW = "is new in the configuration; it is opened at the next start"
GONE = "is gone from the configuration; it is closed at the next start"


@pytest.fixture
def broker(scratch):
    return Broker(scratch.folder("broker"), ["allow_anonymous true"]).start()


def _reload(broker, *lines):
    """Write a new configuration, have it read; returns what the broker says to that."""
    before = len(broker.process.stderr())
    broker.config.write_text("\n".join([f"listener {broker.port} 127.0.0.1", *lines, ""]))
    broker.process.signal(signal.SIGHUP)
    return wait_until(lambda: (said := broker.process.stderr()[before:]).endswith(
        ("is in effect\n", "everything stays as it was\n")) and said, 10, "an answer to SIGHUP")


def test_a_changed_limit_takes_effect_and_is_told(broker):
    said = _reload(broker, "allow_anonymous true", "max_inflight_messages 7", "retain_available false")
    assert "reload: max_inflight_messages changes from 20 to 7" in said
    assert "reload: retain_available changes from true to false" in said
    client = Client(broker.port)
    client.connect()
    properties = client.connected_with
    assert properties.ReceiveMaximum == 7 and properties.RetainAvailable == 0
    client.close()


def test_a_listener_takes_its_own_changes(broker):
    said = _reload(broker, "allow_anonymous true", "max_qos 1")
    assert f"reload: listener {broker.port} 127.0.0.1: max_qos changes from 2 to 1" in said
    client = Client(broker.port)
    client.connect()
    assert client.connected_with.MaximumQoS == 1
    client.close()


def test_an_error_leaves_everything_as_it_was(broker):
    said = _reload(broker, "allow_anonymous false", "max_inflight_massages 7")
    assert f"{broker.config}:3: 'max_inflight_massages': unknown keyword; did you mean " \
           "'max_inflight_messages'?" in said
    assert "1 error; everything stays as it was" in said
    assert Client(broker.port).connect() == (0, 0)


def test_a_file_that_is_gone_leaves_everything_as_it_was(broker):
    broker.config.unlink()
    before = len(broker.process.stderr())
    broker.process.signal(signal.SIGHUP)
    wait_until(lambda: "everything stays as it was" in broker.process.stderr()[before:], 10,
               "an answer to SIGHUP")
    assert Client(broker.port).connect() == (0, 0)


def test_who_is_no_longer_admitted_is_closed_and_told_why(broker):
    old = Client(broker.port, version=4)
    old.connect()
    with Wire.to(broker.port) as new:
        new.connect("new", level=packet.V5)
        _reload(broker, "allow_anonymous false")
        assert new.expect(packet.DISCONNECT).body[0] == NOT_AUTHORIZED
    wait_until(lambda: old.closings, 10, "the other to be disconnected")
    assert Client(broker.port).connect()[1] == NOT_AUTHORIZED


def test_who_is_still_admitted_notices_nothing(broker):
    client = Client(broker.port)
    client.connect()
    client.subscribe("t")
    _reload(broker, "allow_anonymous true", "max_queued_messages 5")
    client.publish("t", "after")
    assert client.wait_for(1)[0].payload == b"after"
    stays_true(lambda: not client.closings, 0.2, "the connection")
    client.close()


def test_what_only_a_start_can_change_is_told(broker):
    said = _reload(broker, "allow_anonymous true", "listener 18899 127.0.0.1")
    assert f"listener 18899 127.0.0.1 {NEW}" in said
    assert Client(broker.port).connect() == (0, 0)


def test_listeners_are_told_of_by_what_is_open(scratch):
    second = free_port()
    listener = f"listener {second} 127.0.0.1"
    broker = Broker(scratch.folder("broker"), [
        "allow_anonymous true", listener, "listener 0 localhost"]).start()
    other = "listener 18899 127.0.0.1"
    said = _reload(broker, "allow_anonymous true", listener, other)
    assert f"{other} {NEW}" in said and listener not in said
    # Each of the names once, however many sockets it has: localhost has two where there is IPv6.
    assert said.count(f"listener 0 localhost {GONE}") == 1
    said = _reload(broker, "allow_anonymous true", other, "max_qos 1")
    assert f"{listener} {GONE}" in said
    assert f"{other} {NEW}" in said and "max_qos" not in said  # it is not open
    said = _reload(broker, "allow_anonymous true", listener)
    assert f"{listener} is back in the configuration" in said
    assert other not in said  # it never was
    said = _reload(broker, "allow_anonymous true", listener, "max_qos 1")
    assert f"{listener}: max_qos changes from 2 to 1" in said
    assert Client(second).connect() == (0, 0)


@pytest.mark.parametrize("line", ["protocol websockets", "enable_proxy_protocol 2"])
def test_what_is_spoken_stays_until_the_next_start(broker, line):
    keyword, value = line.split()
    said = _reload(broker, "allow_anonymous true", line, "max_qos 1")
    assert f"{keyword} changes from" in said and f"to {value} at the next start" in said
    client = Client(broker.port)
    assert client.connect() == (0, 0)
    assert client.connected_with.MaximumQoS == 1  # the rest is not held back by that
    client.close()


def test_a_log_file_that_was_moved_away_is_made_anew(scratch):
    folder = scratch.folder("broker")
    log = folder / "broker.log"
    broker = Broker(folder, ["allow_anonymous true", f"log_dest file {log}"]).start()
    log.rename(folder / "broker.log.1")
    broker.process.signal(signal.SIGHUP)
    wait_until(lambda: log.exists() and "is in effect" in log.read_text(), 10, "a new log file")
    assert "running" in (folder / "broker.log.1").read_text()
