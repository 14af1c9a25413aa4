# SPDX-License-Identifier: MIT
"""A check result published over MQTT is applied by a real Nagios Core."""
import json
import time

import pytest

from nagios import CRITICAL, DOWN, OK, UNKNOWN, UNREACHABLE, UP, WARNING
from wait import wait_until

RIG = {"services": 10, "extra": [("h0", "timed"), ("h0", "disk /var"), ("h0", "C++ #1"), ("h0", "50 percent+"),
                                 ("web.example.org", "http")]}


def shown(rig, host, service, **expected):
    """status.dat shows the object with these lines."""
    def is_shown():
        entry = rig.nagios.shown(host, service)
        return all(entry.get(key) == value for key, value in expected.items())
    try:
        wait_until(is_shown, 5)
    except AssertionError:
        entry = rig.nagios.shown(host, service)
        assert {key: entry.get(key) for key in expected} == expected


# --- the first minute -------------------------------------------------------------------------

def test_the_first_result_anybody_publishes_is_shown_critical(rig):
    rig.publish("nagios/h0/s0", '{"code":2,"reason":"mail server 001 is broke"}')
    shown(rig, "h0", "s0", has_been_checked="1", current_state="2", state_type="1",
          plugin_output="mail server 001 is broke")


def test_a_state_may_be_a_word(rig):
    rig.publish("nagios/h0/s1", '{"state":"WARNING","output":"mail server 001 is slow"}')
    shown(rig, "h0", "s1", current_state="1", plugin_output="mail server 001 is slow")


def test_a_return_code_may_be_a_string(rig):
    rig.publish("nagios/h0/s2", '{"return_code":"2","output":"as text"}')
    shown(rig, "h0", "s2", current_state="2", plugin_output="as text")


def test_nrdps_envelope_is_understood(rig):
    rig.publish("nagios/h0/s3", {"checkresults": [{
        "checkresult": {"type": "service"}, "hostname": "h0", "servicename": "s3", "state": "1",
        "output": "x|y=1"}]})
    shown(rig, "h0", "s3", current_state="1", plugin_output="x", performance_data="y=1")


def test_multi_line_output_with_perfdata(rig):
    rig.publish("nagios/h0/s4", {
        "state": 1, "output": "two disks are filling up",
        "long_output": "/var is at 91 %\n/srv is at 87 %", "perfdata": "var=91%;90;95 srv=87%"})
    shown(rig, "h0", "s4", current_state="1", plugin_output="two disks are filling up",
          long_plugin_output="/var is at 91 %\\n/srv is at 87 %",
          performance_data="var=91%;90;95 srv=87%")


@pytest.mark.parametrize("payload, state", [
    ({"state": "UP", "output": "alive"}, UP),
    ({"state": "DOWN", "output": "no answer"}, DOWN),
    ({"code": 1, "reason": "no answer at all"}, DOWN),
    ({"state": "UNREACHABLE", "output": "behind a dead router"}, UNREACHABLE),
    ({"state": "up", "output": "again"}, UP),
])
def test_a_topic_without_service_is_a_host_result(rig, payload, state):
    result = rig.applied("nagios/h1", payload)
    assert result.output == payload.get("output", payload.get("reason"))
    # Nagios itself turns UNREACHABLE into DOWN for a host without parents.
    assert result.state in ({state} if state != UNREACHABLE else {DOWN, UNREACHABLE})


def test_a_host_result_is_shown(rig):
    rig.publish("nagios/web.example.org", '{"state":"DOWN","output":"no answer from web"}')
    shown(rig, "web.example.org", None, current_state="1", plugin_output="no answer from web")


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_every_qos_is_welcome(rig, qos):
    before = len(rig.nagios.of("h1", "s0"))
    rig.publish("nagios/h1/s0", {"code": 1, "reason": f"by qos {qos}"}, qos)
    assert rig.nagios.wait_for("h1", "s0", before + 1).output == f"by qos {qos}"


# --- many at once -----------------------------------------------------------------------------

def test_an_array_of_a_thousand_results_is_applied_in_order(rig):
    before = len(rig.nagios.of("h1", "s1"))
    rig.publish("nagios/h1/s1", [{"code": i % 4, "reason": f"number {i}"} for i in range(1000)])
    rig.nagios.wait_for("h1", "s1", before + 1000, 20)
    results = rig.nagios.of("h1", "s1")[before:]
    assert [(r.state, r.output) for r in results] == [
        (i % 4, f"number {i}") for i in range(1000)]


def test_an_array_on_a_hosts_topic_may_name_its_services(rig):
    before = len(rig.nagios.results())
    rig.publish("nagios/h1", [{"service": f"s{i % 10}", "code": i % 4, "reason": f"item {i}"}
                              for i in range(1000)])
    wait_until(lambda: len(rig.nagios.results()) >= before + 1000, 20, "1,000 results")
    results = rig.nagios.results()[before:]
    for j in range(10):
        assert [r.output for r in results if (r.host, r.service) == ("h1", f"s{j}")] == [
            f"item {i}" for i in range(j, 1000, 10)]


@pytest.mark.parametrize("envelope", [
    lambda items: items,
    lambda items: {"results": items},
    lambda items: {"checkresults": items},
], ids=["array", "results", "checkresults"])
def test_envelopes(rig, envelope):
    before = len(rig.nagios.of("h1", "s2"))
    rig.publish("nagios/h1/s2", envelope([{"code": 1, "reason": "a"}, {"code": 2, "reason": "b"}]))
    rig.nagios.wait_for("h1", "s2", before + 2)
    assert [(r.state, r.output) for r in rig.nagios.of("h1", "s2")[before:]] == [(1, "a"), (2, "b")]


def test_a_stream_of_single_results_is_applied_completely_and_in_order(rig):
    before = len(rig.nagios.of("h1", "s3"))
    payloads = [json.dumps({"code": i % 4, "reason": f"{i}"}) for i in range(2000)]
    notes = [rig.observer.paho.publish("nagios/h1/s3", payload, 1) for payload in payloads]
    notes[-1].wait_for_publish(20)
    rig.nagios.wait_for("h1", "s3", before + 2000, 20)
    assert [int(r.output) for r in rig.nagios.of("h1", "s3")[before:]] == list(range(2000))


# --- keys -------------------------------------------------------------------------------------

@pytest.mark.parametrize("payload, state, output", [
    ({"code": 0, "reason": "a"}, OK, "a"),
    ({"code": "3", "message": "b"}, UNKNOWN, "b"),
    ({"return_code": 1, "msg": "c"}, WARNING, "c"),
    ({"returncode": 1, "plugin_output": "d"}, WARNING, "d"),
    ({"rc": 2, "text": "e"}, CRITICAL, "e"),
    ({"exit_status": 2, "plugin_output": "f"}, CRITICAL, "f"),
    ({"exitcode": 2, "summary": "g"}, CRITICAL, "g"),
    ({"exit_code": "2", "output": "h"}, CRITICAL, "h"),
    ({"status": "critical", "pluginoutput": "i"}, CRITICAL, "i"),
    ({"state": "CRIT", "output": "j"}, CRITICAL, "j"),
    ({"state": "warn", "output": "k"}, WARNING, "k"),
    ({"state": "Ok", "output": "l"}, OK, "l"),
    ({"state": "unknown", "output": "m"}, UNKNOWN, "m"),
    ({"state": 1.0, "output": "n"}, WARNING, "n"),
    ({"state_s": "WARNING", "output": "o"}, WARNING, "o"),
    ({"State": "Critical", "OUTPUT": "p"}, CRITICAL, "p"),
    ({"host": "h1", "service": "s4", "state": 2, "output": "q"}, CRITICAL, "q"),
    ({"host_name": "h1", "service_description": "s4", "state": 2, "output": "r"}, CRITICAL, "r"),
    ({"hostname": "h1", "servicename": "s4", "state": 2, "output": "s"}, CRITICAL, "s"),
    ({"state": 2, "output": "t", "colour": "red", "nested": {"a": [1, {}]}}, CRITICAL, "t"),
    ({"id": "7", "source": "cron", "ttl": 600, "state": 2, "output": "u"}, CRITICAL, "u"),
])
def test_key_and_state_aliases(rig, payload, state, output):
    result = rig.applied("nagios/h1/s4", payload)
    assert (result.state, result.output) == (state, output)


@pytest.mark.parametrize("perfdata, expected", [
    ("load=0.5;1;2", "load=0.5;1;2"),
    (["a=1", "b=2%"], "a=1 b=2%"),
    ({"load": 0.5, "users": 3}, "load=0.5 users=3"),
    ({"used": {"value": 98, "unit": "%", "warn": 80, "crit": 90, "min": 0, "max": 100}},
     "used=98%;80;90;0;100"),
    ({"rta": {"val": 1.25, "uom": "ms"}}, "rta=1.25ms"),
])
@pytest.mark.parametrize("key", ["perfdata", "perf_data", "performance_data"])
def test_perfdata_forms(rig, key, perfdata, expected):
    result = rig.applied("nagios/h1/s5", {"state": 0, "output": "fine", key: perfdata})
    assert (result.output, result.perfdata) == ("fine", expected)


@pytest.mark.parametrize("long_output", ["one\ntwo", ["one", "two"]], ids=["text", "lines"])
@pytest.mark.parametrize("key", ["long_output", "details", "long_plugin_output"])
def test_long_output_forms(rig, key, long_output):
    result = rig.applied("nagios/h1/s5", {"state": 0, "output": "short", key: long_output})
    assert (result.output, result.long_output) == ("short", "one\ntwo")


def test_output_in_the_plugins_own_form_is_taken_apart(rig):
    result = rig.applied("nagios/h1/s5", {"state": 0, "output": "short | a=1\nlong one\nlong two"})
    assert (result.output, result.long_output, result.perfdata) == (
        "short", "long one\nlong two", "a=1")


@pytest.mark.parametrize("text", [
    "back\\slash and \\n that is no newline",
    "Grüße, 東京, \U0001f514",
    "quotes \" ' and <b>angles</b> & $HOSTNAME$ `x`",
    "[1795384096] PROCESS_HOST_CHECK_RESULT",
    "x" * 4000,
])
def test_text_arrives_as_it_was_sent(rig, text):
    assert rig.applied("nagios/h1/s6", {"state": 1, "output": text}).output == text


def test_a_semicolon_in_the_output_stays_in_the_output(rig):
    result = rig.applied("nagios/h1/s6", {"state": 1, "output": "a;b;2;c"})
    # Nagios shows ; as : in the first line.
    assert (result.state, result.output.replace(":", ";")) == (1, "a;b;2;c")


def test_a_result_without_output_is_applied(rig):
    assert rig.applied("nagios/h1/s6", {"state": 2}).state == CRITICAL


@pytest.mark.parametrize("form", [lambda t: t, str, lambda t: t * 1000, lambda t: t + 0.25,
                                  lambda t: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))],
                         ids=["number", "string", "milliseconds", "fraction", "rfc3339"])
def test_the_time_of_the_check_is_kept(rig, form):
    checked = int(time.time()) - 30
    assert rig.applied("nagios/h0/timed", {"state": 0, "time": form(checked)}).time == checked


def test_without_a_time_the_result_is_of_now(rig):
    assert abs(rig.applied("nagios/h1/s8", {"state": 0}).time - time.time()) < 3


# --- topics -----------------------------------------------------------------------------------

@pytest.mark.parametrize("topic, service", [
    ("nagios/h0/disk /var", "disk /var"),
    ("nagios/h0/disk%20%2Fvar", "disk /var"),
    ("nagios/h0/disk%20%2fvar", "disk /var"),
    ("nagios/h0/disk /%76ar", "disk /var"),
    ("nagios/h0/C%2B%2B %231", "C++ #1"),
    ("nagios/%680/50 percent%2B", "50 percent+"),
])
def test_levels_are_decoded_and_joined(rig, topic, service):
    before = len(rig.nagios.of("h0", service))
    rig.publish(topic, {"state": 1, "output": topic})
    assert rig.nagios.wait_for("h0", service, before + 1).output == topic


def test_a_host_with_dots_is_one_level(rig):
    assert rig.applied("nagios/web.example.org/http", {"state": 2, "output": "503"}).state == 2


def test_the_gateway_shows_that_it_is_online(rig):
    assert rig.observer.states()[-1] == "online"


def test_nagios_took_only_check_results(rig):
    """The last of the file: whatever was published above became nothing else."""
    assert {name for name, _ in rig.nagios.commands()} <= {
        "PROCESS_FILE", "PROCESS_SERVICE_CHECK_RESULT", "PROCESS_HOST_CHECK_RESULT"}
    assert "Unrecognized" not in rig.nagios.log()
    assert "could not be found" not in rig.nagios.log()
    assert rig.observer.rejects() == []
