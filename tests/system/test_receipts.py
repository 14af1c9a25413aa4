# SPDX-License-Identifier: MIT
"""Receipts: what a publisher hears who gives its results an MQTT 5 response topic."""
import json
import re

import pytest

from asking import Asker
from process import program, run
from rig import Rig, Scratch
from wait import wait_until

DONE, REFUSED, USAGE, UNREACHABLE, UNCONFIRMED = range(5)


@pytest.fixture
def asker(rig):
    with Asker(rig.broker.port) as asker:
        yield asker


@pytest.fixture(scope="module")
def rig(module):
    with Scratch() as scratch:
        rig = Rig(scratch, module, output=[f"objects {scratch.path}/nagios/objects.cache"],
                  lines=["status_interval 1"]).start()
        wait_until(lambda: rig.gateway.process.says("the core has"), 10, "the core's objects")
        yield rig
        rig.end()


def status(rig):
    told = [json.loads(m.payload) for m in list(rig.observer.messages)
            if m.topic == "belfry/gateway/belfry-gateway"]
    return told[-1]


def test_a_receipt_when_it_is_journaled_and_one_when_it_is_confirmed(rig, asker):
    seen = asker.submit("nagios/h0/s0", {"state": 2, "output": "full"}, b"\x00\xffmine")
    journaled, confirmed = asker.receipts(seen, 2)
    assert (journaled["receipt"], confirmed["receipt"]) == ("journaled", "confirmed")
    assert (journaled["accepted"], journaled["rejected"], journaled["rejects"]) == (1, 0, [])
    assert journaled["outputs"] == ["nagios"] and confirmed["output"] == "nagios"
    assert journaled["topic"] == confirmed["topic"] == "nagios/h0/s0"
    assert journaled["received"] == confirmed["received"]
    assert 0 <= journaled["accepted_ms"] <= journaled["journaled_ms"] <= confirmed["confirmed_ms"]
    for message in asker.messages[seen:]:
        assert message.properties.CorrelationData == b"\x00\xffmine"
    assert rig.nagios.of("h0", "s0"), "confirmed is what the core has applied"


def test_who_asks_for_none_gets_none(rig, asker):
    asker.publish("nagios/h0/s1", '{"state":0}')
    seen = asker.submit("nagios/h0/s1", {"state": 0}, b"2")
    assert len(asker.receipts(seen, 2)) == 2 and seen == 0


def test_what_is_refused_stands_in_the_receipt(rig, asker):
    seen = asker.submit("nagios/h0", [{"service": "s0", "state": 0}, {"service": "s1"},
                                      {"service": "s2", "state": 9}])
    journaled, confirmed = asker.receipts(seen, 2)
    assert (journaled["accepted"], journaled["rejected"]) == (1, 2)
    assert [(r["index"], r["code"]) for r in journaled["rejects"]] == [
        (1, "no-state"), (2, "bad-state")]
    assert all(r["reason"] and r["remedy"] for r in journaled["rejects"])
    assert confirmed["receipt"] == "confirmed", "although the last one was refused"


def test_nothing_taken_is_nothing_to_confirm(rig, asker):
    seen = asker.submit("nagios/h0/s0", {"output": "no state"})
    asker.receipts(seen, 1)
    seen = asker.submit("nagios/h0/s0", {"state": 0})
    assert [a["receipt"] for a in asker.receipts(seen, 2)] == ["journaled", "confirmed"]
    assert asker.answers()[0]["outputs"] == [] and len(asker.messages) == 3


def test_what_the_core_does_not_have_is_told_by_the_output(rig, asker):
    seen = asker.submit("nagios/nobody/s0", {"state": 0}, b"who")
    journaled, rejected = asker.receipts(seen, 2)
    assert (journaled["outputs"], rejected["receipt"]) == (["nagios"], "rejected")
    assert (rejected["output"], rejected["code"], rejected["index"]) == (
        "nagios", "unknown-host", 0)
    assert rejected["remedy"] and asker.messages[-1].properties.CorrelationData == b"who"


@pytest.mark.parametrize("response", [
    "nagios/h0/s1", "belfry/gateway/belfry-gateway", "belfry/reject/x", "belfry/state/h0"])
def test_a_response_topic_that_is_not_the_publishers_gets_nothing(rig, asker, response):
    """Not the broker, which forbids wildcards there, but the gateway decides."""
    with Asker(rig.broker.port, "spy", topic=response) as spy:
        before = len(spy.messages)
        refused = status(rig)["receipts_refused"]
        asker.submit("nagios/h0/s3", {"state": 0}, response=response)
        seen = asker.submit("nagios/h0/s3", {"state": 0})
        asker.receipts(seen, 2)
        told = [m for m in spy.messages[before:] if b'"receipt"' in m.payload]
        assert not told
        wait_until(lambda: status(rig)["receipts_refused"] == refused + 1, 10, "it is counted")


def test_a_receipt_that_is_due_survives_a_killed_gateway(make_rig):
    """Nagios stands still: the batch is handed over, or waits, when the gateway is killed."""
    rig = make_rig()
    with Asker(rig.broker.port) as asker:
        rig.nagios.freeze()
        for i in range(3):
            asker.submit("nagios/h0/s0", {"state": 0, "output": str(i)}, b"%d" % i)
        asker.wait_for(3)
        assert {a["receipt"] for a in asker.answers()} == {"journaled"}
        rig.gateway.kill()
        rig.start_gateway()
        rig.nagios.thaw()
        asker.wait_for(6, timeout=30)
        confirmed = [m for m in asker.messages if b'"confirmed"' in m.payload]
        assert [m.properties.CorrelationData for m in confirmed] == [b"0", b"1", b"2"]
        assert rig.nagios.of("h0", "s0")[-1].output == "2"


# --- belfry submit --wait ---------------------------------------------------------------------


def submit(rig, scratch, *options, stdin=b""):
    done = run([program("belfry", scratch.path), "submit", "--wait", "--broker",
                f"mqtt://127.0.0.1:{rig.broker.port}", *options], stdin=stdin)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_submit_waits_for_the_core(rig, scratch):
    before = len(rig.nagios.of("h1", "s0"))
    code, out, err = submit(rig, scratch, "--host", "h1", "--service", "s0", "--state", "ok")
    assert (code, err) == (DONE, "")
    assert re.fullmatch(r"h1/s0: journaled after [\d.]+ ms, nagios confirmed after [\d.]+ ms\n",
                        out)
    assert len(rig.nagios.of("h1", "s0")) == before + 1


def test_submit_waits_for_many(rig, scratch):
    lines = b"".join(b"h1\ts%d\t0\tline\n" % (i % 4) for i in range(300))
    code, out, err = submit(rig, scratch, stdin=lines)
    assert (code, err) == (DONE, "") and out.count("nagios confirmed after") == 300


def test_submit_says_what_was_refused_and_what_to_do(rig, scratch):
    code, out, err = submit(rig, scratch, "--host", "nobody", "--state", "up")
    assert code == REFUSED and "unknown-host" in err and "belfry hosts pending" in err
    assert "nagios refused it" in out
    code, _, err = submit(rig, scratch, "--host", "h1", "--state", "up", "--time", "1000000000")
    assert code == REFUSED and "too-old" in err and "max_age" in err


def test_submit_says_when_the_core_does_not_confirm(make_rig, scratch):
    rig = make_rig()
    rig.nagios.freeze()
    code, out, err = submit(rig, scratch, "--host", "h0", "--state", "up", "--timeout", "1s")
    assert (code, out) == (UNCONFIRMED, "")
    assert "journaled after" in err and "nagios has not confirmed" in err and "not lost" in err
    rig.nagios.thaw()
    rig.nagios.wait_for("h0", "", 1)
