# SPDX-License-Identifier: MIT
"""belfry store, beside a real broker and on what it leaves."""
import json
import struct
import threading

import pytest

from broker import Broker
from mqtt import Client
from process import give_away, program, run
from wait import wait_until

REFUSED = 1


@pytest.fixture
def belfry(scratch):
    def call(*arguments):
        return run([program("belfry", scratch.path), "store", *arguments])
    return call


@pytest.fixture
def make_broker(scratch):
    """make_broker(location) is a broker that keeps its store there."""
    brokers = []

    def make(location):
        folder = scratch.path / f"broker-{len(brokers)}"
        folder.mkdir()
        lines = ["allow_anonymous true", "max_queued_messages 0", "persistence true",
                 f"persistence_location {location}/"]
        brokers.append(Broker(folder, lines).start())
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.kill()


@pytest.fixture
def location(scratch):
    folder = scratch.path / "location"
    folder.mkdir()
    return give_away(folder)


class Load(threading.Thread):
    """Publishes 0, 1, 2 ... until it is told to end; what was acknowledged is in `done`."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client, self.done, self.wanted = Client(port, "load"), 0, True
        self.client.connect()

    def run(self):
        while self.wanted:
            self.client.publish("load/x", str(self.done), qos=1)
            self.done += 1

    def end(self):
        self.wanted = False
        self.join(20)
        self.client.paho.disconnect()


def keep_session(port, filters):
    """A session that is away."""
    client = Client(port, "keeper", clean=False, expiry=3600)
    client.connect()
    for topic_filter in filters:
        client.subscribe(topic_filter)
    client.paho.disconnect()
    wait_until(lambda: client.closings, 10, "the end of the connection")
    client.paho.loop_stop()


def messages(belfry, store):
    done = belfry("dump", store)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return [int(r["payload"]) for r in records if r["table"] == "messages"]


def test_a_running_broker_is_copied_while_it_works(belfry, make_broker, location, scratch):
    broker = make_broker(location)
    keep_session(broker.port, ["load/#"])
    load = Load(broker.port)
    load.start()
    other = scratch.path / "other"
    other.mkdir()
    give_away(other)
    for i in range(4):
        wait_until(lambda: load.done > 200 * (i + 1), 30, "some messages")
        acknowledged, copy = load.done, other / f"copy-{i}.store"
        done = belfry("backup", location, copy)
        assert done.returncode == 0, done.stderr
        assert belfry("check", copy).returncode == 0
        found = messages(belfry, copy)
        assert found == list(range(len(found))) and len(found) >= acknowledged
    load.end()
    assert broker.end() == 0
    done = belfry("check", location)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(messages(belfry, location)) == load.done

    copy.rename(other / "belfry.store")
    broker = make_broker(other)
    client = Client(broker.port, "keeper", clean=False, expiry=3600)
    assert client.connect() == (True, 0)
    wait_until(lambda: len(client.messages) >= len(found), 30, "the messages of the copy")
    assert [int(m.payload) for m in client.messages] == found
    client.paho.disconnect()


def test_while_the_broker_runs_nothing_else_is_done(belfry, make_broker, location):
    broker = make_broker(location)
    for action in ("check", "dump", "repair", "compact"):
        done = belfry(action, location)
        assert done.returncode == REFUSED and b" has it; end that first" in done.stderr
    assert f"process {broker.process.pid} has it".encode() in done.stderr
    broker.kill()
    assert belfry("check", location).returncode == 0


def test_a_broker_goes_on_with_what_was_repaired_and_compacted(belfry, make_broker, location):
    broker = make_broker(location)
    keep_session(broker.port, ["load/#"])
    load = Load(broker.port)
    load.start()
    wait_until(lambda: load.done > 300, 30, "some messages")
    load.end()
    broker.kill()
    path = next(location.glob("*.store")) / "data.mdb"
    assert belfry("compact", location).returncode == 0
    data = bytearray(path.read_bytes())
    newest = max((0, 4096), key=lambda at: struct.unpack_from("=Q", data, at + 144))
    data[newest + 16] ^= 1  # what says that it is one of LMDB's
    path.write_bytes(data)
    assert belfry("check", location).returncode == REFUSED
    done = belfry("repair", location)
    assert done.returncode == 0 and b"lost" not in done.stdout
    assert belfry("check", location).returncode == 0
    broker = make_broker(location)
    client = Client(broker.port, "keeper", clean=False, expiry=3600)
    assert client.connect() == (True, 0)
    wait_until(lambda: len(client.messages) >= load.done, 30, "the messages")
    assert [int(m.payload) for m in client.messages[:load.done]] == list(range(load.done))
    client.paho.disconnect()
