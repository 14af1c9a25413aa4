# SPDX-License-Identifier: MIT
"""Questions to a gateway over MQTT, from clients that know how and from those that do not."""
import json

import pytest

from asking import Asker
from mqtt import V311, Client
from wait import wait_until

ASK = "belfry/gateway/belfry-gateway/ask"


@pytest.fixture
def asker(rig):
    with Asker(rig.broker.port) as asker:
        yield asker


def answered(asker):
    """The gateway has answered everything that was asked before, and lives."""
    [page] = asker.ask({"ask": "pending"})
    return page["objects"] == [] and page["end"]


def test_an_unknown_question_is_answered_with_the_known_ones(asker):
    [page] = asker.ask({"ask": "wyh", "host": "h0"})
    assert page["ask"] == "wyh" and page["end"] is True
    assert page["error"].startswith("there is no such question; known are:")
    assert {"why", "replay", "pending"} <= set(page["error"].split())


@pytest.mark.parametrize("body, sentence", [
    ({"ask": "why"}, "names no host"),
    ({"ask": "why", "host": ""}, "names no host"),
    ({"ask": "why", "host": 7}, "names no host"),
    ({"ask": "why", "host": "h0", "limit": 0}, "limit is a number from 1 to 1000"),
    ({"ask": "why", "host": "h0", "limit": 1e300}, "limit is a number from 1 to 1000"),
    ({"ask": "why", "host": "h0", "limit": "20"}, "limit is a number from 1 to 1000"),
    ({"ask": "replay"}, 'there is no output ""'),
    ({"ask": "replay", "output": "x\u001b[31m"}, "there is no output"),
    ({"ask": "replay", "output": "nagios"}, '"since" is missing'),
    ({"ask": "replay", "output": "nagios", "since": -1}, '"since" is missing'),
])
def test_a_question_that_cannot_be_answered_says_why(asker, body, sentence):
    [page] = asker.ask(body)
    assert sentence in page["error"] and "\x1b" not in page["error"] and page["end"] is True


@pytest.mark.parametrize("body", [
    "", "{", "[]", "null", "7", '"why"', "{}", '{"ask":7}', '{"ask":"why","ask":"replay"}',
    "[" * 4000, '{"ask":' * 500, '{"ask":"\\ud800"}', '{"ask":"why\\u0000"}',
    b"\xff\xfe", b'{"ask":"why"\x00}'],
    ids=range(15))
def test_a_hostile_question_gets_an_error_and_harms_nobody(asker, body):
    *_, page = asker.ask(body)
    assert page["error"] and page["end"] is True
    assert answered(asker)


def test_a_question_that_is_too_large_is_dropped(asker):
    asker.publish(ASK, json.dumps({"ask": "why", "host": "x" * 5000}), ResponseTopic=asker.topic)
    assert answered(asker) and len(asker.messages) == 1


def test_the_answer_carries_the_correlation_data(asker):
    asker.ask({"ask": "pending"}, CorrelationData=b"\x00\x01")
    assert asker.messages[-1].properties.CorrelationData == b"\x00\x01"


@pytest.mark.parametrize("reply", ["nagios/h0/s0", "belfry/gateway/belfry-gateway",
                                   "belfry/reply", "belfry/replies/x", "$SYS/x"])
def test_a_response_topic_elsewhere_gets_nothing(rig, asker, reply):
    with Client(rig.broker.port, "spy") as spy:
        spy.subscribe(reply)
        for how in ({"ResponseTopic": reply}, {}):
            asker.publish(ASK, json.dumps({"ask": "pending", "reply": reply}), **how)
        assert answered(asker)
        assert not [m for m in spy.messages if b'"ask"' in m.payload]


def test_a_question_without_a_response_topic_is_not_answered(rig, asker):
    asker.publish(ASK, '{"ask":"pending"}')
    assert answered(asker) and len(asker.messages) == 1
    assert rig.gateway.process.says("a question is not answered", "belfry/reply/")


def test_an_older_client_says_in_the_body_where_to_answer(rig):
    with Asker(rig.broker.port, "old", V311) as old:
        [page] = old.ask({"ask": "pending", "reply": old.topic + "/old"})
        assert page["objects"] == [] and old.messages[0].topic == old.topic + "/old"


def test_a_thousand_questions_at_once_hold_no_result_up(rig, asker):
    for _ in range(1000):
        asker.paho.publish(ASK, json.dumps({"ask": "pending", "reply": asker.topic}), 0)
    assert rig.applied("nagios/h0/s0", {"state": 1}).state == 1
    wait_until(lambda: asker.messages, 10, "an answer")
