# SPDX-License-Identifier: MIT
"""Time and order, retained messages, last states, several cores, a core that cannot keep up."""
import json
import time

import pytest

from asking import Asker
from mqtt import Client
from nagios import Nagios
from wait import wait_until


def status(rig):
    return [json.loads(m.payload) for m in list(rig.observer.messages)
            if m.topic == "belfry/gateway/belfry-gateway"][-1]


def code_of(rig, topic, payload):
    """The code of the reject that this one gets."""
    before = len(rig.observer.rejects(topic))
    rig.publish(topic, payload)
    wait_until(lambda: len(rig.observer.rejects(topic)) > before, 10, "a reject")
    return rig.observer.rejects(topic)[-1][1]["code"]


# --- time -------------------------------------------------------------------------------------


def test_results_of_one_object_are_not_taken_out_of_order(rig):
    now = int(time.time())
    rig.applied("nagios/h0/s0", {"state": 0, "time": now - 60})
    assert code_of(rig, "nagios/h0/s0", {"state": 2, "time": now - 61}) == "out-of-order"
    assert rig.applied("nagios/h0/s1", {"state": 2, "time": now - 61}).state == 2, "another object"
    assert rig.applied("nagios/h0/s0", {"state": 1, "time": now - 59}).time == now - 59


def test_what_is_older_than_max_age_is_refused(rig):
    assert code_of(rig, "nagios/h1/s0", {"state": 0, "time": int(time.time()) - 8 * 86400}) \
        == "too-old"


def test_what_comes_from_the_future_gets_the_time_of_its_arrival(rig):
    before = int(time.time())
    result = rig.applied("nagios/h1/s1", {"state": 0, "time": before + 86400})
    assert before <= result.time <= time.time()


@pytest.mark.parametrize("lines, offset, code", [
    (["max_age 1h", "when_old keep"], -7200, None),
    (["max_age 1h", "when_old received"], -7200, None),
    (["max_age 0"], -86400 * 3650, None),
    (["max_skew 1m", "when_new reject"], 3600, "too-new"),
], ids=["keep-old", "restamp-old", "any-age", "reject-new"])
def test_what_becomes_of_a_stamp_is_the_configurations_to_say(make_rig, lines, offset, code):
    rig = make_rig(lines=lines)
    now = int(time.time())
    payload = {"state": 2, "time": now + offset}
    if code is not None:
        assert code_of(rig, "nagios/h0/s0", payload) == code
        return
    when = rig.applied("nagios/h0/s0", payload).time
    assert when >= now if "when_old received" in lines else when == now + offset


def test_an_id_counts_once_also_after_a_restart(make_rig):
    rig = make_rig()
    rig.applied("nagios/h0/s0", {"state": 1, "id": "one"})
    assert code_of(rig, "nagios/h0/s0", {"state": 2, "id": "one"}) == "duplicate"
    for end in (rig.gateway.end, rig.gateway.kill):
        end()
        rig.start_gateway()
        assert code_of(rig, "nagios/h0/s0", {"state": 2, "id": "one"}) == "duplicate"
    assert rig.applied("nagios/h0/s0", {"state": 0, "id": "two"}).state == 0
    assert [r.state for r in rig.nagios.of("h0", "s0")] == [1, 0]


# --- retained ---------------------------------------------------------------------------------


def test_a_retained_result_is_state_and_counts_once(make_rig):
    """It comes again with each new session; a known object has it, a new one takes it."""
    rig = make_rig()
    rig.publish("nagios/h0/s0", {"state": 2, "time": int(time.time())}, retain=True)
    rig.nagios.wait_for("h0", "s0")
    assert rig.gateway.end() == 0
    with Client(rig.broker.port, "belfry-gateway"):
        pass  # a clean start ends the gateway's session
    rig.publish("nagios/h0/s1", {"state": 1}, retain=True)
    rig.start_gateway()
    assert rig.nagios.wait_for("h0", "s1").state == 1, "unknown until now"
    rig.applied("nagios/h0/s2", {"state": 0})
    assert [r.state for r in rig.nagios.of("h0", "s0")] == [2]
    wait_until(lambda: status(rig)["results_known"] >= 1, 15, "it is counted")


def test_the_last_state_says_what_the_result_said(rig):
    rig.applied("nagios/h0/s3", {"state": 2, "output": "x" * 600, "perfdata": "a=1", "ttl": 60,
                                 "time": int(time.time())})
    topic = "belfry/state/h0/s3"
    wait_until(lambda: any(m.topic == topic for m in list(rig.observer.messages)), 10, topic)
    state = json.loads(rig.observer.on(topic)[-1].payload)
    assert state["host"] == "h0" and state["service"] == "s3"
    assert (state["state"], state["state_text"], state["perfdata"], state["ttl"]) == (
        2, "CRITICAL", "a=1", 60)
    assert state["output"] == "x" * 512 and state["silent"] is False
    assert state["gateway"] == "belfry-gateway" and state["time"] <= state["received"]


def test_the_newest_state_wins_where_the_rate_is_low(make_rig):
    rig = make_rig(lines=["state_rate 1"])
    with Client(rig.broker.port, "publisher") as publisher:
        for i in range(200):
            publisher.publish("nagios/h0/s0", json.dumps({"state": 0, "output": str(i)}))
    topic = "belfry/state/h0/s0"
    wait_until(lambda: [json.loads(m.payload)["output"] for m in rig.observer.on(topic)][-1:]
               == ["199"], 15, "the newest state")


def test_no_states_are_published_where_the_rate_is_0(make_rig):
    rig = make_rig(lines=["state_rate 0", "status_interval 1"])
    rig.applied("nagios/h0/s0", {"state": 0})
    with Asker(rig.broker.port) as asker:
        asker.ask({"ask": "pending"})  # what the gateway had to say before has been said
    assert not [m for m in rig.observer.messages if m.topic.startswith("belfry/state/")]


# --- several cores ----------------------------------------------------------------------------


@pytest.fixture
def two(make_rig, scratch, module):
    """two(WORDS) is a rig whose route goes `to nagios second WORDS`, and the second core."""
    def make(words):
        second = Nagios(scratch.folder("second"), module, hosts=20).start()
        rig = make_rig(hosts=20, routes=["output second command_file", f"path {second.fifo}", "",
                                         "route nagios/#", f"to nagios second {words}"])
        return rig, second
    return make


def publish_everywhere(rig):
    with Client(rig.broker.port, "publisher") as publisher:
        for i in range(400):
            publisher.publish(f"nagios/h{i % 20}/s{i % 4}",
                              json.dumps({"state": i % 4, "output": str(i)}))


def test_by_host_each_core_has_its_hosts(two):
    rig, second = two("by host")
    publish_everywhere(rig)
    wait_until(lambda: len(rig.nagios.results()) + len(second.results()) >= 400, 20, "all")
    hosts = [{r.host for r in core.results()} for core in (rig.nagios, second)]
    assert not hosts[0] & hosts[1] and len(hosts[0] | hosts[1]) == 20 and all(hosts)
    assert sorted(int(r.output) for core in (rig.nagios, second) for r in core.results()) == list(
        range(400))


def test_without_it_each_core_has_all(two):
    rig, second = two("")
    publish_everywhere(rig)
    for core in (rig.nagios, second):
        wait_until(lambda core=core: len(core.results()) >= 400, 20, "all")
        assert [int(r.output) for r in core.results()] == list(range(400))


def test_each_core_confirms_for_itself(two):
    rig, _ = two("")
    with Asker(rig.broker.port) as asker:
        seen = asker.submit("nagios/h0/s0", {"state": 0})
        journaled, *confirmed = asker.receipts(seen, 3)
        assert journaled["outputs"] == ["nagios", "second"]
        assert {c["output"] for c in confirmed} == {"nagios", "second"}
        seen = asker.submit("nagios/h1/s0", {"state": 0})
        asker.receipts(seen, 3)


# --- a core that cannot keep up ---------------------------------------------------------------


def test_with_coalesce_a_late_core_gets_the_newest_of_each_service(make_rig):
    rig = make_rig(services=5, hosts=1, output=["coalesce yes"], lines=["status_interval 1"])
    rig.nagios.end()
    with Client(rig.broker.port, "publisher") as publisher:
        for i in range(1000):
            publisher.publish(f"nagios/h0/s{i % 5}", json.dumps({"state": 1, "output": str(i)}))
    rig.nagios.start()
    wait_until(lambda: {r.output for r in rig.nagios.results()} >= {
        "995", "996", "997", "998", "999"}, 20, "the newest ones")
    wait_until(lambda: status(rig)["outputs"]["nagios"]["coalesced"] + len(rig.nagios.results())
               == 1000, 15, "a count of the others")
    assert len(rig.nagios.results()) <= 15, "what went before the core was seen to be away, too"
    for i in range(5):
        outputs = [int(r.output) for r in rig.nagios.of("h0", f"s{i}")]
        assert outputs == sorted(outputs) and outputs[-1] == 995 + i
