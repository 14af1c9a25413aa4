# SPDX-License-Identifier: MIT
"""belfry watch: results and refusals as they come."""
import json
import signal
import time

import pytest

from broker import MOSQUITTO, free_port
from mqtt import mosquitto_pub
from process import Process, program, run
from wait import wait_until

DONE, REFUSED, USAGE, UNREACHABLE = range(4)


class Watch(Process):
    def __init__(self, scratch, port, *options):
        super().__init__("watch", [program("belfry", scratch.path), "watch", "--broker",
                                   f"mqtt://127.0.0.1:{port}", *options], scratch.folder("watch"))

    def stdout(self):
        return (self.folder / "watch.out").read_text()

    def lines(self):
        return self.stdout().splitlines()

    def wait_for(self, count):
        return wait_until(lambda: len(got := self.lines()) >= count and got, 10, f"{count} lines")


@pytest.fixture
def broker(make_broker):
    return make_broker("allow_anonymous true")


@pytest.fixture
def watch(scratch):
    """watch(port, *options) watches, and has subscribed."""
    def call(port, *options):
        w = Watch(scratch, port, *options).start()
        wait_until(lambda: w.says("watching"), 10, "the subscription")
        return w
    return call


def publish(broker, topic, payload, **how):
    if not isinstance(payload, (str, bytes)):
        payload = json.dumps(payload)
    assert mosquitto_pub(broker.port, topic, payload, **how) == 0


@pytest.mark.parametrize("which", [None, MOSQUITTO], ids=["belfry", "mosquitto"])
def test_results_are_shown_as_they_come(make_broker, watch, which):
    broker = make_broker("allow_anonymous true", which=which)
    publish(broker, "nagios/web1/Old", {"state": 0, "output": "retained"}, retain=True)
    w = watch(broker.port)
    publish(broker, "nagios/web1/Disk", {"state": 2, "output": "disk full", "time": time.time() - 90})
    publish(broker, "nagios/web1", {"rc": 0, "msg": "alive"})
    publish(broker, "nagios/web1/a%2Fb", "WARNING plain text")
    publish(broker, "nagios/web1", [{"service": "x", "code": "ok"}, {"service": "y", "code": 3}])
    lines = [" ".join(line.split()[1:]) for line in w.wait_for(5)]
    assert lines[0].startswith("web1 Disk CRITICAL disk full (1 min 3")
    assert lines[1:] == ["web1 UP alive", "web1 a/b WARNING plain text", "web1 x OK", "web1 y UNKNOWN"]
    assert "\x1b" not in w.stdout()
    w.signal(signal.SIGINT)
    wait_until(lambda: not w.is_running(), 10, "the end")
    assert w.popen.returncode == DONE


def test_refusals_have_code_and_remedy(make_rig, watch):
    rig = make_rig()
    w = watch(rig.broker.port)
    rig.publish("nagios/h1/s1", "{}")
    line = next(line for line in w.wait_for(2) if "REFUSED" in line)
    assert "REFUSED no-state nagios/h1/s1: The result has no state. Add " in line


def test_json_and_count(broker, watch):
    w = watch(broker.port, "--json", "--count", "2")
    publish(broker, "nagios/web1/Disk", {"state": 1, "output": "disk", "time": time.time()})
    publish(broker, "belfry/reject/nagios/x", {"code": "no-state", "reason": "r"})
    publish(broker, "nagios/web1/Disk", {"state": 1, "output": "one too many"})
    wait_until(lambda: not w.is_running(), 10, "the end after two lines")
    assert w.popen.returncode == DONE
    result, reject = map(json.loads, w.lines())
    assert (result["host"], result["service"], result["state"], result["output"]) == (
        "web1", "Disk", "WARNING", "disk") and 0 <= result["age"] < 60
    assert reject["topic"] == "belfry/reject/nagios/x" and reject["reject"]["code"] == "no-state"


@pytest.mark.parametrize("word, seen", [
    ("web1", ["web1 a OK", "web1 OK", "belfry"]), ("web1/a", ["web1 a OK"]), ("nagios/+/a", ["web1 a OK", "web2 a OK"]),
    ("other/#", ["other/topic OK"])])
def test_a_filter_or_a_name_may_be_given(broker, watch, word, seen):
    w = watch(broker.port, "--count", str(len(seen)), word)
    for topic in ("other/topic", "nagios/web2/b", "nagios/web1/a", "nagios/web2/a", "nagios/web1"):
        publish(broker, topic, {"state": 0})
    publish(broker, "belfry/reject/nagios/web2/a", {"code": "x"})
    publish(broker, "belfry/reject/nagios/web1/a", {"code": "x"})
    lines = [" ".join(line.split()[1:]) for line in w.wait_for(len(seen))]
    for line, wanted in zip(lines, seen):
        if wanted == "belfry":
            assert line.startswith("REFUSED x nagios/web1/a")
        elif "+" in word or word == "web1/a":
            assert line in (wanted, wanted.replace(" OK", " UP"))
        else:
            assert line.rpartition(" ")[0] == wanted.rpartition(" ")[0]


HOSTILE = "\x1b]0;owned\x07\nCRITICAL \x9b2J\x7f"


def test_hostile_text_reaches_no_terminal(broker, watch):
    """S7"""
    text = watch(broker.port)
    publish(broker, "nagios/web1/Disk", {"state": 0, "output": HOSTILE, "service": HOSTILE})
    publish(broker, "nagios/web1/Disk", HOSTILE.encode() + b"\xff")
    publish(broker, "nagios/web%1B1/Disk%0A", {"state": HOSTILE, "output": HOSTILE})
    publish(broker, "belfry/reject/nagios/web1", json.dumps({"code": HOSTILE, "reason": HOSTILE}, ensure_ascii=False))
    text.wait_for(4)
    assert len(text.lines()) == 4
    assert not any(c in text.stdout() for c in "\x1b\x07\x9b\x7f")


def test_hostile_text_in_json(broker, watch):
    w = watch(broker.port, "--json", "--count", "2")
    publish(broker, "nagios/web1/Disk", {"state": 0, "output": HOSTILE})
    publish(broker, "belfry/reject/nagios/web1", json.dumps({"code": HOSTILE}, ensure_ascii=False))
    result, reject = map(json.loads, w.wait_for(2))
    assert result["output"] == HOSTILE and reject["reject"]["code"] == HOSTILE
    assert not any(c in w.stdout() for c in "\x1b\x07\x9b\x7f")


@pytest.mark.parametrize("words", [("a", "b"), ("a/#b",), (";",), ("--count", "x")])
def test_wrong_usage(scratch, words):
    assert run([program("belfry", scratch.path), "watch", *words]).returncode == USAGE


def test_no_broker(scratch):
    done = run([program("belfry", scratch.path), "watch", "--broker", f"mqtt://127.0.0.1:{free_port()}"])
    assert done.returncode == UNREACHABLE and b"Connection refused" in done.stderr


def test_a_broker_that_ends(broker, watch):
    w = watch(broker.port)
    broker.end()
    wait_until(lambda: not w.is_running(), 10, "the end")
    assert w.popen.returncode == UNREACHABLE and w.stderr().count("\n") >= 2
