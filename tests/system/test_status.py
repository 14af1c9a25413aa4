# SPDX-License-Identifier: MIT
"""belfry status: the broker's figures and the gateways'."""
import json

import pytest

from broker import MOSQUITTO, free_port
from mqtt import V311, Client, mosquitto_pub
from process import program, run
from wait import wait_until

DONE, REFUSED, USAGE, UNREACHABLE = range(4)


@pytest.fixture
def status(scratch):
    """status(*options) runs `belfry status`."""
    def call(*options):
        return run([program("belfry", scratch.path), "status", *options])
    return call


def url(port):
    return f"mqtt://127.0.0.1:{port}"


def figures(status, port):
    done = status("--broker", url(port), "--json")
    assert done.returncode == DONE, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("which", [None, MOSQUITTO], ids=["belfry", "mosquitto"])
def test_a_broker_tells_its_figures(make_broker, status, which):
    broker = make_broker("allow_anonymous true", "sys_interval 1", which=which)
    with Client(broker.port, "sleeper", V311, clean=False) as sleeper:
        sleeper.subscribe("queue", 1)
    for i in range(3):
        assert mosquitto_pub(broker.port, "queue", f"{i}") == 0

    def told():  # Mosquitto's is one less while somebody has not sent his CONNECT yet
        seen = figures(status, broker.port)
        return seen["publish/messages/received"] == 3 and seen["clients/disconnected"] == 1 and seen

    seen = wait_until(told, 20, "three messages and one session in the figures", poll=0.3)
    assert isinstance(seen["load/messages/received/1min"], float)
    if which is None:
        assert seen["belfry/backlog"] == [
            {"client": "sleeper", "connected": False, "messages": 3,
             "bytes": seen["belfry/queued/bytes"]}]
    done = status("--broker", url(broker.port))
    assert done.returncode == DONE
    text = done.stdout.decode()
    assert text.startswith(f"{url(broker.port)}: {seen['version']}, up ")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "published to it 3" in lines and any(line.startswith("away, with a session ") for line in lines)
    assert any(line.startswith("packets received ") for line in lines)
    assert any(line.startswith("a minute, averaged over") for line in lines)
    assert which is not None or any(line.startswith("sleeper (away) 3 ") for line in lines)


def test_what_is_on_disk_is_among_them(make_broker, scratch, status):
    broker = make_broker("allow_anonymous true", "sys_interval 1", "user root", "persistence true",
                         f"persistence_location {scratch.folder('db')}")
    assert mosquitto_pub(broker.port, "kept", "x", retain=True) == 0
    wait_until(lambda: figures(status, broker.port)["belfry/store/commits"] > 0, 20, "a commit",
               poll=0.3)
    lines = [" ".join(line.split()) for line in
             status("--broker", url(broker.port)).stdout.decode().splitlines()]
    assert any(line.startswith("commits; on disk ") for line in lines), lines
    assert not any("CANNOT BE WRITTEN" in line for line in lines)


def test_without_a_broker_it_says_what_to_do(status):
    done = status("--broker", url(free_port()))
    assert done.returncode == UNREACHABLE and done.stdout == b""
    assert b"Connection refused; is the broker running there?" in done.stderr


def test_a_broker_that_tells_nothing_is_no_answer(make_broker, status):
    broker = make_broker("allow_anonymous true", "sys_interval 0")
    done = status("--broker", url(broker.port))
    assert done.returncode == REFUSED and b"sys_interval" in done.stderr


def test_one_who_is_not_let_in_is_told_so(make_broker, status):
    broker = make_broker("allow_anonymous false")
    done = status("--broker", url(broker.port))
    assert done.returncode == REFUSED and b"does not let us in" in done.stderr


@pytest.mark.parametrize("options", [("--brokre",), ("word",), ("--broker", "http://x"),
                                     ("--certfile", "/x"), ("--", "x")])
def test_wrong_options_are_wrong_usage(status, options):
    assert status(*options).returncode == USAGE


def test_gateways_tell_theirs(make_rig, status, monkeypatch):
    rig = make_rig(lines=["status_interval 1s"])
    monkeypatch.setenv("BELFRY_BROKER", url(rig.broker.port))
    rig.applied("nagios/h1/s1", {"state": 0, "output": "one"})

    def told():
        done = status()
        return (json.loads(status("--json").stdout)[0]["outputs"]["nagios"]["results"] == 1
                and done.returncode == DONE and done.stdout.decode())

    text = wait_until(told, 10, "a gateway that is well and has delivered", poll=0.2)
    assert text.startswith("belfry-gateway: online for ") and "\x1b" not in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert any(line.startswith(f"{url(rig.broker.port)} connected ") for line in lines)
    assert any(line.startswith("nagios connected 0 0 s ") for line in lines)
    assert any(line.startswith("journal: 0 waiting; ") for line in lines)
    gateway, = json.loads(status("--json").stdout)
    assert (gateway["client_id"], gateway["state"]) == ("belfry-gateway", "online")
    output = gateway["outputs"]["nagios"]
    assert output["connected"] and output["results"] == 1 and output["lag_seconds"] == 0
    assert output["last_confirmed"] and output["last_error"] is None
    broker = gateway["brokers"][url(rig.broker.port)]
    assert broker["connected"] and broker["protocol"] == "5" and broker["connections"] == 1
    assert wait_until(lambda: json.loads(status("--json").stdout)[0]["outputs"]["nagios"]["rate_60s"] > 0,
                      10, "a rate", poll=0.2)
    rig.gateway.end()
    done = wait_until(lambda: (d := status()).returncode == REFUSED and d, 10, "it is offline")
    assert b"offline" in done.stdout and b"CRITICAL" in done.stdout


def test_lag_is_told_in_records_and_seconds(make_rig, status, monkeypatch):
    rig = make_rig(lines=["status_interval 1s"])
    monkeypatch.setenv("BELFRY_BROKER", url(rig.broker.port))
    rig.nagios.kill()
    rig.publish("nagios/h1/s1", {"state": 0, "output": "waits"})

    def lags():
        done = status("--json")
        output = json.loads(done.stdout)[0]["outputs"]["nagios"]
        return done.returncode == REFUSED and output["behind"] == 1 and output["lag_seconds"] > 1

    wait_until(lags, 10, "one record that waits for more than a second", poll=0.2)
    done = status()
    first = done.stdout.decode().splitlines()[1]
    assert first.startswith("  CRITICAL output nagios: has no reader; is the core running")


def test_a_problem_is_told_when_it_comes_and_when_it_goes(make_rig):
    rig = make_rig(lines=["status_interval 0"])

    def outputs():
        return [json.loads(m.payload)["outputs"]["nagios"] for m in list(rig.observer.messages)
                if m.topic == "belfry/gateway/belfry-gateway"]

    def says(problem):
        return [o for o in outputs() if (o["problem"] or "").startswith(problem)]

    assert not says("has no reader")
    rig.nagios.kill()
    wait_until(lambda: says("has no reader"), 10, "the problem in the status")
    assert not outputs()[-1]["connected"]
    rig.nagios.start()
    last = wait_until(lambda: (o := outputs()[-1])["problem"] is None and o["connected"] and o, 10,
                      "the end of it there")
    assert last["last_error"].startswith("has no reader") and last["last_error_time"]  # kept


def test_no_gateway_is_no_answer(make_broker, status, monkeypatch):
    broker = make_broker()
    monkeypatch.setenv("BELFRY_BROKER", url(broker.port))
    done = status()
    assert done.returncode == UNREACHABLE and b"belfry-gateway" in done.stderr


def test_what_a_stranger_retains_does_no_harm(make_broker, status, monkeypatch):
    """S7: it reaches the terminal escaped, and no line is its own."""
    broker = make_broker("allow_anonymous true")
    monkeypatch.setenv("BELFRY_BROKER", url(broker.port))
    evil = "\x1b]0;owned\x07\nCRITICAL \x9b2J"
    assert mosquitto_pub(broker.port, "belfry/gateway/x", json.dumps(
        {"state": evil, "client_id": evil, "version": evil, evil: 7,
         "outputs": {evil: {"problem": evil, "behind": 1, evil: 3}}}, ensure_ascii=False), retain=True) == 0
    for options in ((), ("--json",)):
        text = status(*options).stdout.decode()
        assert not any(c in text for c in "\x1b\x07\x9b") and "\nCRITICAL" not in text
