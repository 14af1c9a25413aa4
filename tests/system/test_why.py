# SPDX-License-Identifier: MIT
"""belfry why and belfry replay, asked of a real gateway in front of a real Nagios."""
import json

import pytest

from broker import free_port
from process import program, run
from rig import Rig, Scratch
from wait import wait_until

DONE, REFUSED, USAGE, UNREACHABLE = range(4)
SLASHED = [("h0", "Disk /var/log")]


@pytest.fixture(scope="module")
def rig(module):
    with Scratch() as scratch:
        rig = Rig(scratch, module, extra=SLASHED,
                  output=[f"objects {scratch.path}/nagios/objects.cache"]).start()
        wait_until(lambda: rig.gateway.process.says("the core has"), 10, "the core's objects")
        yield rig
        rig.end()


@pytest.fixture
def belfry(rig, scratch):
    """belfry(verb, *words) runs the tool against the rig's broker."""
    def call(verb, *words, port=rig.broker.port):
        done = run([program("belfry", scratch.path), verb, *words, "--broker",
                    f"mqtt://127.0.0.1:{port}"])
        return done.returncode, done.stdout.decode(), done.stderr.decode()
    return call


def test_why_tells_state_and_stage(rig, belfry):
    rig.applied("nagios/h0/s0", {"state": 2, "output": "disk \x1b[31mfull"})
    code, out, err = belfry("why", "h0/s0")
    assert code == DONE, err
    came, output = out.splitlines()
    assert "h0 s0" in came and "CRITICAL" in came and "\x1b" not in came
    assert output.startswith("    nagios: confirmed after ") and output.endswith(" ms")


def test_why_tells_what_is_not_confirmed_yet(rig, belfry):
    rig.nagios.freeze()
    try:
        rig.publish("nagios/h1/s3", {"state": 0})
        stages = [e["outputs"]["nagios"]["stage"]
                  for e in json.loads(belfry("why", "h1/s3", "--json")[1])["events"]]
        assert stages[-1] in ("waiting", "handed over")
    finally:
        rig.nagios.thaw()


def test_why_knows_services_with_slashes_and_hosts_alone(rig, belfry):
    rig.applied("nagios/h0/Disk /var/log", {"state": 1})
    rig.applied("nagios/h1", {"state": 0})
    code, out, _ = belfry("why", "h0/Disk /var/log")
    assert code == DONE and "h0 Disk /var/log  WARNING" in out
    code, out, _ = belfry("why", "h1")
    assert code == DONE and "  UP" in out


def test_why_all_has_the_services_too(rig, belfry):
    rig.applied("nagios/h1", {"state": 0})
    rig.applied("nagios/h1/s1", {"state": 0})
    services = {e["service"] for e in json.loads(belfry("why", "h1", "--all", "--json")[1])
                ["events"]}
    assert {"", "s1"} <= services
    services = {e["service"] for e in json.loads(belfry("why", "h1", "--json")[1])["events"]}
    assert services == {""}


def test_why_tells_what_was_refused_and_the_remedy(rig, belfry):
    rig.publish("nagios/h0/s1", {"output": "no state"})
    rig.applied("nagios/h0/s1", {"state": 0})
    code, out, _ = belfry("why", "h0/s1")
    refused = out.splitlines()[0]
    assert code == DONE and "REFUSED no-state: " in refused
    event = json.loads(belfry("why", "h0/s1", "--json")[1])["events"][0]
    assert event["event"] == "rejected" and event["remedy"] and event["remedy"] in refused


def test_why_tells_that_the_core_does_not_have_it(rig, belfry):
    rig.publish("nagios/nobody/s1", {"state": 0})
    rig.applied("nagios/h0/s2", {"state": 0})
    code, out, _ = belfry("why", "nobody/s1")
    assert code == DONE and "    nagios: REFUSED unknown-host: " in out


def test_why_tells_what_publishers_say_of_themselves(rig, belfry):
    rig.publish("nagios/h1/$state", "online")
    rig.applied("nagios/h0/s2", {"state": 0})
    assert "its publisher says that it is there" in belfry("why", "h1")[1]


def test_why_has_limits(rig, belfry):
    for i in range(5):
        rig.applied("nagios/h0/s3", {"state": 0, "output": f"result {i}"})
    told = json.loads(belfry("why", "h0/s3", "--limit", "2", "--json")[1])
    assert [e["output"] for e in told["events"]] == ["result 3", "result 4"]
    assert told["found"] == 5
    assert "the last 2 of 5" in belfry("why", "h0/s3", "--limit", "2")[2]


def test_why_with_many_long_events_comes_in_pages(rig, belfry):
    rig.publish("nagios/h1/s2", [{"state": 0, "output": f"{i} " + "x" * 600}
                                 for i in range(1000)])
    events = json.loads(belfry("why", "h1/s2", "--limit", "1000", "--json")[1])["events"]
    assert [int(e["output"].split()[0]) for e in events[-1000:]] == list(range(1000))


def test_why_says_how_far_back_it_looked(rig, belfry):
    rig.applied("nagios/h0/s0", {"state": 0})
    code, out, err = belfry("why", "H0/s0")
    assert (code, out) == (REFUSED, "")
    assert "about H0/s0" in err and "reaches back to 2" in err
    assert "journal_keep 1 h" in err and "upper and lower case" in err


def test_why_knows_the_last_state_when_the_journal_has_forgotten(rig, belfry):
    rig.publish("belfry/state/old/s0", {"state_text": "CRITICAL", "output": "long ago",
                                        "received": "2026-11-01T04:05:06.789Z"}, retain=True)
    code, _, err = belfry("why", "old/s0")
    assert code == REFUSED and "last state on the broker: CRITICAL long ago, of 2026-" in err


@pytest.mark.parametrize("words", [(), ("h0", "h1"), ("/s0",), ("h0/",), ("h0/s0", "--all"),
                                   ("h0", "--limit", "0"), ("h0", "--limit", "1001")])
def test_a_wrong_why_is_not_asked(belfry, words):
    code, out, err = belfry("why", *words)
    assert (code, out) == (USAGE, "") and "belfry help why" in err


# --- replay -----------------------------------------------------------------------------------


def test_replay_hands_over_again_in_order_with_the_old_times(rig, belfry):
    before = len(rig.nagios.results())
    for i in range(20):
        rig.publish("nagios/h0/s0", {"state": i % 4, "output": f"again {i}"})
    rig.nagios.wait_for("h0", "s0")
    rig.applied("nagios/h1/s0", {"state": 0, "output": "the last"})
    first = rig.nagios.results()[before:]
    code, out, err = belfry("replay", "--output", "nagios", "--since", "1h", "--json")
    assert code == DONE, err
    told = json.loads(out)
    assert told["output"] == "nagios" and told["records"] >= 21
    wait_until(lambda: sum(r.output == "the last" for r in rig.nagios.results()) == 2, 10,
               "the replay")
    again = rig.nagios.results()[before + len(first):]
    assert again[-len(first):] == first, "the same results with the same times, in order"
    rig.applied("nagios/h1/s0", {"state": 2, "output": "news"})
    assert sum(r.output == "the last" for r in rig.nagios.results()) == 2


def test_replay_takes_a_time(rig, belfry):
    rig.applied("nagios/h0/s0", {"state": 0})
    code, out, err = belfry("replay", "--output", "nagios", "--since", "2020-01-01T00:00:00Z")
    assert code == DONE and "output nagios hands over again" in out, err


def test_replay_of_an_output_that_is_none_names_those_that_are(belfry):
    code, out, err = belfry("replay", "--output", "nagois", "--since", "1h")
    assert (code, out) == (REFUSED, "")
    assert 'there is no output "nagois"; known are: nagios' in err


@pytest.mark.parametrize("words", [
    (), ("--output", "nagios"), ("--since", "1h"), ("--output", "nagios", "--since", "soon"),
    ("--output", "nagios", "--since", "2999-01-01T00:00:00Z"),
    ("--output", "nagios", "--since", "1h", "--", "x")])
def test_a_wrong_replay_is_not_asked(belfry, words):
    code, out, err = belfry("replay", *words)
    assert (code, out) == (USAGE, "") and "belfry help replay" in err


@pytest.mark.parametrize("words", [("why", "h0"), ("replay", "--output", "x", "--since", "1h")])
def test_without_a_broker_it_says_so(belfry, words):
    code, _, err = belfry(*words, port=free_port())
    assert code == UNREACHABLE and "is the broker running there?" in err
