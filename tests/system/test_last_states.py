# SPDX-License-Identifier: MIT
"""Last states that still wait for state_rate when the gateway ends or is reloaded."""
import json
import signal

import pytest

from mqtt import Client
from wait import wait_until

COUNT = 300
TOPICS = [f"belfry/state/h0/s{i}" for i in range(COUNT)]


@pytest.fixture
def waiting(make_rig):
    """A rig whose gateway has a state of each service to tell, and tells one in a second."""
    rig = make_rig(hosts=1, services=COUNT, lines=["state_rate 1"])
    with Client(rig.broker.port, "publisher") as publisher:
        for i in range(COUNT):
            publisher.publish(f"nagios/h0/s{i}", json.dumps({"state": 1, "output": f"of {i}"}))
    wait_until(lambda: len(rig.nagios.results()) == COUNT, 30, "all of them applied")
    assert len(told(rig)) < COUNT
    return rig


def told(rig):
    return {m.topic: json.loads(m.payload)["output"] for m in list(rig.observer.messages)
            if m.topic.startswith("belfry/state/")}


def test_they_are_told_before_it_ends(waiting):
    assert waiting.gateway.end() == 0
    wait_until(lambda: waiting.observer.states()[-1] == "offline", 10, "its last status")
    assert told(waiting) == {topic: f"of {i}" for i, topic in enumerate(TOPICS)}
    assert "not published" not in waiting.gateway.process.stderr()


def test_they_are_told_before_it_is_reloaded(waiting):
    waiting.gateway.configure(lines=["state_rate 1", "keepalive 30s"])
    waiting.gateway.reloaded()
    wait_until(lambda: "reloading" in waiting.observer.states(), 10, "its status")
    assert told(waiting) == {topic: f"of {i}" for i, topic in enumerate(TOPICS)}


def test_a_broker_that_takes_none_is_not_waited_for_for_long(waiting):
    waiting.broker.process.signal(signal.SIGSTOP)
    try:
        assert waiting.gateway.process.end(timeout=20) == 0
    finally:
        waiting.broker.process.signal(signal.SIGCONT)
    assert waiting.gateway.process.says("last states were not published any more")
