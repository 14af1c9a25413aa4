# SPDX-License-Identifier: MIT
"""
What cannot be a check result never becomes one: it is answered on belfry/reject/TOPIC, and
Nagios sees nothing of it.
"""
import json
import random

import pytest

from wait import wait_until

# The broker must let two megabytes through, so that the gateway has to judge them.
RIG = {"broker_lines": ("allow_anonymous true", "max_packet_size 8000000"),
       "extra": [("h0", "disk")]}

TAKEN = {"PROCESS_FILE", "PROCESS_SERVICE_CHECK_RESULT", "PROCESS_HOST_CHECK_RESULT"}


def rejected(rig, topic, payload, answered_on=None):
    """
    Publish, then a canary behind it: exactly the canary is applied. Returns the reject message.
    """
    answered_on = answered_on or topic
    results, commands = len(rig.nagios.results()), len(rig.nagios.commands())
    answers = len(rig.observer.rejects(answered_on))
    canaries = len(rig.nagios.of("h1", "s3"))
    rig.publish(topic, payload)
    rig.publish("nagios/h1/s3", {"state": 0, "output": "canary"})
    rig.nagios.wait_for("h1", "s3", canaries + 1)
    wait_until(lambda: len(rig.observer.rejects(answered_on)) > answers, 5, "a reject message")
    applied = rig.nagios.results()[results:]
    assert [(r.host, r.service, r.output) for r in applied] == [("h1", "s3", "canary")]
    results_taken = [c for c in rig.nagios.commands()[commands:] if c[0] != "PROCESS_FILE"]
    assert [args.split(";")[:2] for _, args in results_taken] == [["h1", "s3"]]
    assert rig.nagios.is_running() and rig.gateway.process.is_running()
    _, answer = rig.observer.rejects(answered_on)[-1]
    for key in ("code", "reason", "remedy", "topic"):
        assert isinstance(answer[key], str) and answer[key], f"{key} of {answer}"
    assert answer["topic"] == topic
    return answer


@pytest.mark.parametrize("payload", [
    '{"output":"no state at all"}',
    '{"state":7,"output":"x"}',
    '{"state":"7","output":"x"}',
    '{"state":4,"output":"x"}',
    '{"state":-1,"output":"x"}',
    '{"state":1.5,"output":"x"}',
    '{"state":1e999,"output":"x"}',
    '{"state":4294967298,"output":"x"}',
    '{"state":"abc","output":"x"}',
    '{"state":"","output":"x"}',
    '{"state":"2x","output":"x"}',
    '{"state":"DOWN","output":"a host state for a service"}',
    '{"state":null,"output":"x"}',
    '{"state":true,"output":"x"}',
    '{"state":[2],"output":"x"}',
    '{"state":{},"output":"x"}',
])
def test_a_missing_or_unreadable_state(rig, payload):
    rejected(rig, "nagios/h0/s0", payload)


@pytest.mark.parametrize("payload", [
    '"abc"',
    'abc',
    'mail server 001 is broke',
    'CRITICAL disk full',
    '{',
    '{"state":2,"output":"x"',
    '{"state":2} trailing',
    '{"state":2}{"state":0}',
    "{'state':2}",
    '42',
    'null',
    '[2]',
    '[[{"state":2}]]',
    '[' * 100_000,
    '{"a":' * 100_000,
    b'\xff\xfe\x00\x01',
    b'{"state":2,"output":"\xc3\x28"}',
    b'{"state":2,"output":"\xc0\xaf"}',
    b'{"state":2,"output":"a\0b"}',
    '{"state":2,"state":0,"output":"twice"}',
], ids=lambda p: repr(p[:24]))
def test_what_is_not_a_json_result(rig, payload):
    rejected(rig, "nagios/h0/s0", payload)


@pytest.mark.parametrize("payload", [
    '{"host":"h1","state":2,"output":"x"}',
    '{"host_name":"h1","state":2,"output":"x"}',
    '{"hostname":"h1","service":"s0","state":2,"output":"x"}',
    '{"service":"s1","state":2,"output":"x"}',
    '{"host":"H0","state":2,"output":"x"}',
    '{"checkresults":[{"checkresult":{"type":"service"},"hostname":"h1","servicename":"s0",'
    '"state":"2","output":"x"}]}',
])
def test_a_payload_that_names_another_object_than_its_topic(rig, payload):
    rejected(rig, "nagios/h0/s0", payload)


def test_an_unkind_item_does_not_take_its_neighbours_along(rig):
    results = len(rig.nagios.results())
    rig.publish("nagios/h0/s0", [{"state": 1, "output": "first"},
                                 {"host": "h1", "state": 2, "output": "forged"},
                                 {"output": "stateless"},
                                 {"state": 2, "output": "last"}])
    wait_until(lambda: len(rig.nagios.results()) >= results + 2, 5, "the good items applied")
    assert [(r.host, r.output) for r in rig.nagios.results()[results:]] == [
        ("h0", "first"), ("h0", "last")]
    wait_until(lambda: rig.observer.rejects("nagios/h0/s0"), 5, "a reject message")


@pytest.mark.parametrize("topic", [
    "nagios/h0/disk;2;owned",
    "nagios/h0;s0;0;owned/x",
    "nagios/h0/disk%3B2",
    "nagios/h0/disk%0A[0] SHUTDOWN_PROGRAM",
    "nagios/h0/disk%0D",
    "nagios/h0/disk%00",
    "nagios/h0%0A/disk",
    "nagios/h0/%1B[31mdisk",
    "nagios/h0/disk%ZZ",
    "nagios/h0/disk%2",
    "nagios/h0/%C3%28",
    "nagios//disk",
    "nagios/h0/",
    "nagios",
])
def test_a_topic_that_cannot_name_an_object(rig, topic):
    rejected(rig, topic, '{"state":2,"output":"x"}')


@pytest.mark.parametrize("payload", [
    {"host": "h1", "service": "s0"},
    {"service": "disk;2;owned"},
    {"service": "disk\n[0] SHUTDOWN_PROGRAM"},
    {"service": "disk\r"},
    {"service": "disk\0"},
], ids=repr)
def test_a_payload_on_a_hosts_topic_that_cannot_name_a_service_of_it(rig, payload):
    rejected(rig, "nagios/h0", {**payload, "state": 2, "output": "x"})


def test_a_newline_in_the_topic_itself_reaches_nobody(rig):
    """A broker may already refuse it as malformed; nothing may come of it either way."""
    results = len(rig.nagios.results())
    try:
        rig.publish("nagios/h0/disk\n[0] SHUTDOWN_PROGRAM", '{"state":2,"output":"x"}')
    except AssertionError:
        pass
    rig.applied("nagios/h1/s3", {"state": 0, "output": "canary"})
    assert len(rig.nagios.results()) == results + 1
    assert rig.nagios.is_running()


def test_a_nul_in_the_output_is_cut_or_rejected(rig):
    """Never a shorter text that looks whole to whoever sent it, and nothing behind the NUL."""
    before, answers = len(rig.nagios.of("h0", "s1")), len(rig.observer.rejects("nagios/h0/s1"))
    rig.publish("nagios/h0/s1", '{"state":2,"output":"before\\u0000after"}')
    rig.applied("nagios/h1/s3", {"state": 0, "output": "canary"})
    applied = rig.nagios.of("h0", "s1")[before:]
    if applied:
        assert [(r.state, "before" in r.output, "after" in r.output) for r in applied] == [
            (2, True, True)]
    else:
        wait_until(lambda: len(rig.observer.rejects("nagios/h0/s1")) > answers)


@pytest.mark.parametrize("output", [
    "broke\n[0] SHUTDOWN_PROGRAM\n",
    "broke\r\n[0] SHUTDOWN_PROGRAM",
    "broke\\n[0] SHUTDOWN_PROGRAM",
    "broke\x1b]0;owned\x07",
    "broke\u2028[0] SHUTDOWN_PROGRAM",
    "broke\u0085[0] SHUTDOWN_PROGRAM",
    "broke\\",
    "broke;h1;s0;0;",
    "\n\n\n",
    " ",
], ids=repr)
def test_no_output_becomes_a_second_command(rig, output):
    commands = len(rig.nagios.commands())
    result = rig.applied("nagios/h0/s2", {"state": 2, "output": output})
    rig.applied("nagios/h1/s3", {"state": 0, "output": "canary"})
    assert result.state == 2
    assert not any(ord(c) < 32 for c in result.output if c != "\t")
    taken = [c for c in rig.nagios.commands()[commands:] if c[0] != "PROCESS_FILE"]
    assert [args.split(";")[:2] for _, args in taken] == [["h0", "s2"], ["h1", "s3"]]
    assert rig.nagios.is_running()


def test_a_thousand_hostile_texts_become_one_command_each_or_none(rig):
    chance = random.Random(2)
    pieces = ["\n", "\r\n", "\\n", "\\", ";", "|", "\0", "\x1b[2J", "\u2028", "\u0085", "\ud7ff", "%",
              "$HOSTNAME$", "[0] SHUTDOWN_PROGRAM", "[0] PROCESS_FILE;/etc/passwd;1", "x" * 4090,
              "é", " ", "\t"]
    commands, results = len(rig.nagios.commands()), len(rig.nagios.results())
    for n in range(1000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 6)))
        key = chance.choice(["output"] * 3 + ["long_output", "perfdata", "service", "host", "id"])
        payload = json.dumps({"state": n % 4, key: text})
        last = rig.observer.paho.publish("nagios/h0/s0", payload, 1)
    last.wait_for_publish(20)
    rig.applied("nagios/h1/s3", {"state": 0, "output": "canary"})
    taken = rig.nagios.commands()[commands:]
    assert {name for name, _ in taken} <= TAKEN
    for _, args in (c for c in taken if c[0] != "PROCESS_FILE"):
        host, service, state, *_ = args.split(";")
        assert (host, service) in [("h0", "s0"), ("h1", "s3")] and state in "0123"
    assert len(rig.nagios.results()) > results + 500
    assert rig.nagios.is_running() and rig.gateway.process.is_running()


def test_two_megabytes_of_output_are_cut_or_rejected(rig):
    before, answers = len(rig.nagios.of("h0", "s1")), len(rig.observer.rejects("nagios/h0/s1"))
    rig.publish("nagios/h0/s1", {"state": 2, "output": "x" * (2 << 20)})
    wait_until(lambda: len(rig.nagios.of("h0", "s1")) > before
               or len(rig.observer.rejects("nagios/h0/s1")) > answers, 10, "an outcome")
    rig.applied("nagios/h1/s3", {"state": 0, "output": "canary"})
    for result in rig.nagios.of("h0", "s1")[before:]:
        assert result.state == 2 and len(result.output) <= 64 << 10


def test_two_megabytes_of_long_output_are_cut_or_rejected(rig):
    before, answers = len(rig.nagios.of("h0", "s1")), len(rig.observer.rejects("nagios/h0/s1"))
    rig.publish("nagios/h0/s1", {"state": 2, "output": "short", "long_output": "line\n" * 400_000})
    wait_until(lambda: len(rig.nagios.of("h0", "s1")) > before
               or len(rig.observer.rejects("nagios/h0/s1")) > answers, 10, "an outcome")
    for result in rig.nagios.of("h0", "s1")[before:]:
        assert (result.state, result.output) == (2, "short")
        assert len(result.long_output) <= 64 << 10


def test_a_storm_of_rejections_holds_nobody_up(rig):
    before = len(rig.nagios.of("h1", "s2"))
    rig.publish("nagios/h0/disk", "[" + ",".join(["1"] * 2000000) + "]")
    rig.publish("nagios/h1/s2", {"state": 0, "output": "behind the storm"})
    rig.nagios.wait_for("h1", "s2", before + 1, timeout=8)


def test_different_faults_have_different_codes(rig):
    codes = [rejected(rig, "nagios/h0/s0", payload)["code"] for payload in (
        '{"output":"no state"}', "not json", '{"host":"h1","state":2}')]
    codes.append(rejected(rig, "nagios/h0/a;b", '{"state":2}')["code"])
    assert len(set(codes)) == 4
    again = rejected(rig, "nagios/h0/s0", '{"output":"again without a state"}')["code"]
    assert again == codes[0]


def test_a_result_for_an_object_nagios_does_not_know_harms_nobody(rig):
    rig.publish("nagios/stranger/s0", {"state": 2, "output": "x"})
    rig.publish("nagios/h0/stranger", {"state": 2, "output": "x"})
    rig.applied("nagios/h1/s3", {"state": 0, "output": "canary"})
    assert rig.nagios.is_running()


def test_nagios_took_only_check_results(rig):
    """The last of the file: of all the above, nothing else reached the core."""
    assert {name for name, _ in rig.nagios.commands()} <= TAKEN
    assert "Unrecognized" not in rig.nagios.log()
    assert rig.nagios.is_running()
