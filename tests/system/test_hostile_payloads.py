# SPDX-License-Identifier: MIT
"""Payloads that are to cost much, and old ones that somebody has kept and sends again (S4, S16)."""
import json
import os
import time

import pytest

from process import KEEPS_MEMORY, own_memory, processor_time
from wait import SLACK, wait_until

LARGE = 7 * 1000 * 1000  # max_packet_size is 8M: what is larger does not come
RIG = {"broker_lines": ("allow_anonymous true", "max_packet_size 20000000",
                        "max_queued_messages 100000")}

BOMBS = {
    "a million brackets": b"[" * 1000000,
    "a million objects": b'{"a":' * 1000000,
    "closed a million times": b"[" * 500000 + b"]" * 500000,
    "seven megabytes of text": b'{"state":0,"output":"' + b"x" * LARGE + b'"}',
    "seven megabytes of escapes": b'{"state":0,"output":"' + b"\\u0041" * (LARGE // 6) + b'"}',
    "seven megabytes of blanks": b" " * LARGE + b'{"state":0}',
    "a hundred thousand keys": b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(100000)) + b"}",
    "one key a hundred thousand times": b"{" + b",".join([b'"state":0'] * 100000) + b"}",
    "two states": b'{"state":0,"state":2}',
    "out of every range": b'{"state":1e999}',
    "a number of a megabyte": b'{"state":' + b"1" * 1000000 + b"}",
    "half a pair": b'{"state":0,"output":"\\ud800"}',
    "a nul": b'{"state":0,"output":"a\\u0000b"}',
    "never closed": b'{"state":0,"output":"' + b"\\" * 1000001,
}
# What may be shortened or mended, as it is a result for all that.
MAY_BE_APPLIED = {"seven megabytes of text", "seven megabytes of escapes", "seven megabytes of blanks"}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_and_is_answered(rig, name):
    """A fifth of a second for seven megabytes is what reading them takes; small ones are nothing."""
    pid, payload = rig.gateway.process.pid, BOMBS[name]
    before = processor_time(pid)
    seen = len(rig.observer.rejects("nagios/h0/s0")), len(rig.nagios.of("h0", "s0"))
    rig.observer.publish("nagios/h0/s0", payload)
    wait_until(lambda: len(rig.observer.rejects("nagios/h0/s0")) > seen[0]
               or len(rig.nagios.of("h0", "s0")) > seen[1], 10, "an answer or a result")
    took = processor_time(pid) - before
    print(f"{name}: {len(payload)} bytes, {took * 1000:.1f} ms")
    assert took < (0.02 + len(payload) * 25e-9) * SLACK
    if name not in MAY_BE_APPLIED:
        assert len(rig.nagios.of("h0", "s0")) == seen[1]


@pytest.mark.skipif(KEEPS_MEMORY, reason="sanitizers keep memory")
def test_bombs_leave_no_memory_behind(rig):
    pid = rig.gateway.process.pid

    def throw():
        for payload in BOMBS.values():
            rig.observer.publish("nagios/h0/s1", payload)
        rig.applied("nagios/h0/s2", {"state": 0, "output": "afterwards"})

    throw()
    before = own_memory(pid)
    for _ in range(3):
        throw()
    print(f"RssAnon {before >> 10} kB, then {own_memory(pid) >> 10} kB")
    assert own_memory(pid) - before < 8 << 20
    assert own_memory(pid) < 128 << 20


# --- sent again (S16) ----------------------------------------------------------------------------

def capture(rig, host, key):
    """Ten results of one minute, published and applied; what went over the wire."""
    now = int(time.time()) - 60
    sent = [(f"nagios/{host}/s0", json.dumps({"state": n % 4, "output": f"{n}", **key(n, now + 6 * n)}))
            for n in range(10)]
    for topic, payload in sent:
        rig.publish(topic, payload)
    rig.nagios.wait_for(host, "s0", 10)
    return sent


def send_again(rig, sent):
    """Returns the codes of the answers."""
    before = len(rig.observer.rejects(sent[0][0]))
    for topic, payload in sent:
        rig.publish(topic, payload)
    wait_until(lambda: len(rig.observer.rejects(sent[0][0])) >= before + len(sent), 10, "the answers")
    return [answer["code"] for _, answer in rig.observer.rejects(sent[0][0])[before:]]


def test_a_replay_of_old_results_applies_none_of_them(make_rig):
    """By their ids, and by their own times: also after a restart, and after a kill."""
    rig = make_rig()
    with_ids = capture(rig, "h0", lambda n, when: {"id": f"check-{n}"})
    with_times = capture(rig, "h1", lambda n, when: {"time": when})[:-1]  # the last one is the state
    assert send_again(rig, with_ids) == ["duplicate"] * 10
    assert send_again(rig, with_times) == ["out-of-order"] * 9
    assert rig.gateway.end() == 0
    rig.start_gateway()
    assert send_again(rig, with_ids) == ["duplicate"] * 10
    rig.gateway.kill()
    rig.start_gateway()
    assert send_again(rig, with_ids) == ["duplicate"] * 10
    assert send_again(rig, with_times) == ["out-of-order"] * 9
    for host in ("h0", "h1"):
        assert [r.output for r in rig.nagios.of(host, "s0")] == [str(n) for n in range(10)]


def test_results_of_last_year_are_refused_for_an_object_that_is_new(make_rig):
    """No result is known to compare them with: then max_age decides."""
    rig = make_rig(lines=["max_age 1d", "when_old reject"])
    old = [("nagios/h0/s1", json.dumps({"state": 0, "time": int(time.time()) - 400 * 86400 + n}))
           for n in range(3)]
    assert send_again(rig, old) == ["too-old"] * 3
    assert not rig.nagios.of("h0", "s1")
