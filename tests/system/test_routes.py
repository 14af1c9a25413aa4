# SPDX-License-Identifier: MIT
"""Routes: other topic plans, plain text, pipe delivery."""
import pytest

from wait import wait_until

ROUTES = ["route nagios/#", "to nagios",
          "route plain/#", "decode check text", "to nagios",
          "route site/+/+/result", "host ${topic[1]}", "service ${topic[2]}", "to nagios",
          "route bulk", "host ${json.host}", "service ${json.service}", "to nagios"]
RIG = {"routes": ROUTES}


def sent(rig, topic, payload, host="h0", service="s0"):
    before = len(rig.nagios.of(host, service))
    rig.publish(topic, payload)
    return rig.nagios.wait_for(host, service, before + 1)


@pytest.mark.parametrize("text, state, output, perfdata", [
    ("CRITICAL disk full | used=98%", 2, "disk full", "used=98%"),
    ("OK all is well", 0, "all is well", ""),
    ("WARNING: slow", 1, "slow", ""),
    ("UNKNOWN - no data", 3, "no data", ""),
    ("2 disk full", 2, "disk full", ""),
    ("1;half full|used=50%", 1, "half full", "used=50%"),
    ("0\tfine", 0, "fine", ""),
])
def test_plain_text_is_understood_where_the_route_allows_it(rig, text, state, output, perfdata):
    result = sent(rig, "plain/h0/s0", text)
    assert (result.state, result.perfdata) == (state, perfdata)
    # Whether the word of the state stays in the text is the decoder's taste.
    assert result.output.endswith(output)


def test_json_is_always_understood(rig):
    assert sent(rig, "plain/h0/s0", {"code": 2, "reason": "json"}).output == "json"


@pytest.mark.parametrize("text", [
    "mail server 001 is broke", "4 is no state", "OKAY", "22 x", "-1 x"])
def test_plain_text_without_a_state_is_rejected(rig, text):
    before, rejects = len(rig.nagios.results()), len(rig.observer.rejects("plain/h0/s1"))
    rig.publish("plain/h0/s1", text)
    sent(rig, "plain/h0/s0", "0 canary")
    assert len(rig.nagios.results()) == before + 1
    wait_until(lambda: len(rig.observer.rejects("plain/h0/s1")) == rejects + 1, 5, "one reject")


def test_host_and_service_may_come_from_any_level(rig):
    assert sent(rig, "site/h1/s2/result", {"code": 1, "reason": "x"}, "h1", "s2").state == 1


def test_host_and_service_may_come_from_the_payload(rig):
    result = sent(rig, "bulk", {"host": "h1", "service": "s3", "code": 2}, "h1", "s3")
    assert result.state == 2


def test_an_array_may_speak_of_many_hosts_where_the_route_says_so(rig):
    before = len(rig.nagios.results())
    rig.publish("bulk", [{"host": f"h{i % 2}", "service": f"s{i % 4}", "code": i % 4,
                          "reason": f"item {i}"} for i in range(100)])
    wait_until(lambda: len(rig.nagios.results()) >= before + 100, 10, "100 results")
    results = rig.nagios.results()[before:]
    assert [(r.host, r.service, r.state, r.output) for r in results] == [
        (f"h{i % 2}", f"s{i % 4}", i % 4, f"item {i}") for i in range(100)]


def test_a_payload_without_the_host_its_route_asks_for_is_rejected(rig):
    rejects = len(rig.observer.rejects("bulk"))
    rig.publish("bulk", {"service": "s0", "code": 2, "reason": "whose?"})
    sent(rig, "plain/h0/s0", "0 canary")
    wait_until(lambda: len(rig.observer.rejects("bulk")) == rejects + 1, 5, "one reject")


def test_pipe_delivery_applies_the_same(make_rig):
    rig = make_rig(output=["delivery pipe"])
    result = rig.applied("nagios/h0/s0", {"code": 2, "reason": "a\\b", "details": "one\ntwo",
                                          "perfdata": "x=1"})
    assert (result.state, result.output, result.long_output, result.perfdata) == (
        2, "a\\b", "one\ntwo", "x=1")
    rig.publish("nagios/h0/s1", [{"code": i % 4, "reason": f"{i} " + "x" * (i % 300)}
                                 for i in range(1000)])
    rig.nagios.wait_for("h0", "s1", 1000)
    assert [int(r.output.split()[0]) for r in rig.nagios.of("h0", "s1")] == list(range(1000))
    assert "PROCESS_FILE" not in {name for name, _ in rig.nagios.commands()}


def test_confirmed_delivery_is_the_default_and_leaves_no_file_behind(make_rig, scratch):
    rig = make_rig()
    rig.applied("nagios/h0/s0", {"code": 2, "reason": "x"})
    name, args = next(c for c in rig.nagios.commands())
    assert name == "PROCESS_FILE"
    path, delete = args.split(";")
    assert path.startswith(str(rig.gateway.state_dir)) and delete == "1"
    rig.end()
    assert not [p for p in scratch.path.rglob(path.rsplit("/", 1)[1])]


def test_batch_files_go_where_batch_dir_says(make_rig, scratch):
    batches = scratch.folder("batches")
    rig = make_rig(output=[f"batch_dir {batches}"])
    rig.applied("nagios/h0/s0", {"code": 2, "reason": "x"})
    assert rig.nagios.commands()[0][1].startswith(f"{batches}/")
