# SPDX-License-Identifier: MIT
"""belfry check: the gateway as Nagios sees it, with every exit code of a plugin."""
import json
import re
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from broker import free_port
from mqtt import mosquitto_pub
from nagios import NAGIOS, Nagios
from process import program, run
from wait import wait_until

OK, WARNING, CRITICAL, UNKNOWN = range(4)
EXAMPLE = Path(__file__).parents[2] / "contrib/examples/nagios-belfry.cfg"
PERFDATA = re.compile(r"'[^']+'=-?[0-9.]+(s|%|c)?(;[0-9.]*){0,4}")


@pytest.fixture
def broker(make_broker):
    return make_broker("allow_anonymous true")


@pytest.fixture
def check(scratch):
    """check(port, *options): (exit code, the line)."""
    def call(port, *options):
        done = run([program("belfry", scratch.path), "check", "--broker", f"mqtt://127.0.0.1:{port}",
                    *options])
        line = done.stdout.decode()
        assert line.count("\n") == 1 and line.endswith("\n"), (line, done.stderr)
        return done.returncode, line.rstrip("\n")
    return call


def now(ago=0):
    return datetime.fromtimestamp(time.time() - ago, timezone.utc).isoformat().replace("+00:00", "Z")


def retain(broker, name="gw", ago=0, output=None, **changes):
    """What a gateway would retain, with changes."""
    status = {"state": "online", "client_id": name, "time": now(ago), "started": now(ago + 100),
              "interval": 10, "reject_rate": 0, "messages_received": 7, "results_rejected": 0,
              "journal": {"bytes": 100, "max_bytes": 1000},
              "brokers": {"mqtt://b": {"connected": True}},
              "outputs": {"nagios": {"connected": True, "problem": None, "behind": 0, "lag_seconds": 0,
                                     "results": 5, **(output or {})}}}
    assert mosquitto_pub(broker.port, f"belfry/gateway/{name}", json.dumps({**status, **changes}),
                         retain=True) == 0


def test_all_is_well(broker, check):
    retain(broker)
    code, line = check(broker.port)
    assert code == OK and line.startswith("BELFRY OK - gw: online | ")
    perfdata = line.partition(" | ")[2]
    assert all(PERFDATA.fullmatch(p) for p in re.findall(r"'[^']*'\S*", perfdata)), perfdata
    assert "'nagios lag'=0s;60;300" in perfdata and "'journal'=10%;80;95" in perfdata
    assert "'nagios results'=5c" in perfdata and "'received'=7c" in perfdata


@pytest.mark.parametrize("code, how, words, options", [
    (CRITICAL, {"state": "offline"}, "is offline", ()),
    (CRITICAL, {"state": "full"}, "journal is full", ()),
    (UNKNOWN, {"state": "dancing"}, "does not tell its state", ()),
    (CRITICAL, {"ago": 61}, "has said nothing for 1 min", ()),
    (OK, {"ago": 61}, "", ("--age", "120")),
    (CRITICAL, {"ago": 5}, "has said nothing", ("--age", "2")),
    (OK, {"ago": 61, "interval": 30}, "", ()),
    (OK, {"ago": 100000, "interval": 0}, "", ()),
    (CRITICAL, {"output": {"problem": "has no reader; is the core running?"}}, "has no reader", ()),
    (WARNING, {"output": {"connected": False}}, "not reached yet", ()),
    (WARNING, {"output": {"behind": 3, "lag_seconds": 60}}, "3 records behind", ()),
    (CRITICAL, {"output": {"behind": 3, "lag_seconds": 300}}, "for 5 min 0 s", ()),
    (OK, {"output": {"behind": 3, "lag_seconds": 59}}, "", ()),
    (CRITICAL, {"output": {"behind": 3, "lag_seconds": 3}}, "3 records", ("--lag-critical", "3")),
    (OK, {"output": {"behind": 3, "lag_seconds": 9999}}, "",
     ("--lag-critical", "0", "--lag-warning", "0")),
    (WARNING, {"journal": {"bytes": 80, "max_bytes": 100}}, "80 % full", ()),
    (CRITICAL, {"journal": {"bytes": 95, "max_bytes": 100}}, "95 % full", ()),
    (WARNING, {"brokers": {"mqtt://b": {"connected": False, "last_error": "refused"}}},
     "broker mqtt://b: not connected: refused", ()),
    (OK, {"reject_rate": 5}, "", ()),
    (WARNING, {"reject_rate": 5}, "300 results refused a minute", ("--rejects-warning", "10")),
    (CRITICAL, {"reject_rate": 5}, "300 results", ("--rejects-critical", "300")),
    (OK, {"output": {"dead_letters": 5}}, "'nagios dead letters'=5c", ()),
    (OK, {"output": {"dead_letters": 5}}, "=5c;6", ("--dead-letters-warning", "6")),
    (WARNING, {"output": {"dead_letters": 1}}, "output nagios: 1 dead letter since",
     ("--dead-letters-warning", "1")),
    (CRITICAL, {"output": {"dead_letters": 5}}, "5 dead letters since",
     ("--dead-letters-warning", "1", "--dead-letters-critical", "5"))])
def test_what_is_wrong_decides_the_code(broker, check, code, how, words, options):
    retain(broker, **how)
    got, line = check(broker.port, *options)
    assert got == code and words in line, line
    assert line.startswith(f"BELFRY {['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'][code]} - gw: ")


def test_the_worst_of_several_gateways_counts_and_one_may_be_chosen(broker, check):
    retain(broker, "gw1")
    retain(broker, "gw2", state="offline")
    code, line = check(broker.port)
    assert code == CRITICAL and "gw1: online" in line and "gw2: is offline" in line
    assert "'gw1 nagios lag'=" in line
    assert check(broker.port, "--gateway", "gw1")[0] == OK
    assert check(broker.port, "--gateway", "gw2")[0] == CRITICAL


def test_no_gateway_is_critical(broker, check):
    assert check(broker.port)[0] == CRITICAL
    code, line = check(broker.port, "--gateway", "gw")
    assert code == CRITICAL and "gw: has never published" in line


def test_no_broker_is_critical(check):
    code, line = check(free_port())
    assert code == CRITICAL and "Connection refused" in line


def test_a_broker_that_refuses_us_is_unknown(make_broker, check):
    code, line = check(make_broker("allow_anonymous false").port)
    assert code == UNKNOWN and line.startswith("BELFRY UNKNOWN - ")


def test_strange_status_is_unknown(broker, check):
    assert mosquitto_pub(broker.port, "belfry/gateway/x", "[[[", retain=True) == 0
    assert check(broker.port)[0] == UNKNOWN


@pytest.mark.parametrize("options", [("--lag-warnign", "1"), ("word",), ("--gateway", "a/b"), ("--age", "soon"),
                                     ("--journal-warning", "101")])
def test_wrong_usage_is_unknown(scratch, options):
    done = run([program("belfry", scratch.path), "check", *options])
    assert done.returncode == UNKNOWN and done.stderr and not done.stdout


def test_json(broker, check):
    retain(broker, state="offline")
    code, line = check(broker.port, "--json")
    told = json.loads(line)
    assert code == told["code"] == CRITICAL and told["state"] == "CRITICAL" and "offline" in told["text"]


def test_what_a_stranger_retains_stays_one_line(broker, check):
    """S7, and | would begin the performance data."""
    evil = "\x1b]0;owned\x07\nOK | 'x'=1"
    retain(broker, "gw", output={"problem": evil}, client_id=evil, brokers={evil: {"connected": False}})
    code, line = check(broker.port)
    assert code == CRITICAL and "\x1b" not in line and "\x07" not in line
    assert line.count(" | ") == 1
    assert check(broker.port, "--json")[0] == CRITICAL


def test_a_real_gateway(make_rig, check):
    rig = make_rig(lines=["status_interval 1s"])
    wait_until(lambda: check(rig.broker.port)[0] == OK, 10, "a gateway that is well", poll=0.2)
    rig.nagios.kill()
    wait_until(lambda: check(rig.broker.port)[0] == CRITICAL, 10, "an output with a problem", poll=0.2)
    rig.nagios.start()
    wait_until(lambda: check(rig.broker.port)[0] == OK, 20, "the end of it", poll=0.2)
    rig.gateway.kill()
    code, line = wait_until(lambda: (r := check(rig.broker.port))[0] == CRITICAL and r, 10, "a dead gateway",
                            poll=0.2)
    assert "offline" in line


def test_the_example_is_a_configuration_of_nagios(scratch, module):
    nagios = Nagios(scratch.folder("nagios"), module)
    config = nagios.folder / "nagios.cfg"
    (nagios.folder / "belfry.cfg").write_text(EXAMPLE.read_text().replace("generic-service", "passive-service"))
    config.write_text(config.read_text() + f"\ncfg_file={nagios.folder}/belfry.cfg\n")
    done = run([NAGIOS, "-v", config])
    assert done.returncode == 0, done.stdout.decode()
