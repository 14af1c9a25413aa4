# SPDX-License-Identifier: MIT
"""
From a plugin's output to its two readers: `belfry submit`, a broker, the gateway, and then a real
Nagios Core and what Logstash takes out of a real Redis.
"""
import json

import pytest

from load import Load
from nagios import CRITICAL
from process import give_away, program, run
from redis_rig import account_of, start_redis
from redis_server import LogstashReader
from relay import plugin_folder
from wait import wait_until

BATCH = 1000  # records in a batch of a relay, unless it says another number
OUTPUT = ("DISK CRITICAL - 1% \N{LATIN SMALL LETTER U WITH DIAERESIS}brig | /var=98%;80;90;0;100\n"
          "first \"further\" line\nsecond | 'inodes used'=12\n")


@pytest.fixture
def server(scratch):
    return start_redis(scratch, "appendonly yes", "appendfsync always")


@pytest.fixture
def make(make_rig, scratch, server):
    """make(schema): results go to Nagios, and into the list as events of that schema."""
    def make(schema):
        plugins = plugin_folder(scratch.folder("relay"), "redis")
        return make_rig(hosts=5, services=5, lines=[f"plugin_dir {plugins}"], routes=[
            "output logstash redis", f"url redis://127.0.0.1:{server.port}", f"schema {schema}",
            "timeout 2s", "retry_most 1", "route nagios/#", "to nagios logstash"])
    return make


def plugin(scratch):
    """A check plugin of the usual kind: lines on standard output, and an exit code."""
    path = give_away(scratch.path) / "check_disk"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{OUTPUT}END\nexit 2\n")
    path.chmod(0o755)
    return path


def test_every_field_of_a_plugins_output_arrives(make, scratch, server):
    rig = make("ecs")
    done = run([program("belfry", scratch.path), "submit", "--broker",
                f"mqtt://127.0.0.1:{rig.broker.port}", "--host", "h1", "--service", "s2", "--",
                plugin(scratch)])
    assert done.returncode == 0, done.stderr
    applied = rig.nagios.wait_for("h1", "s2", 1)
    assert (applied.state, applied.output) == (CRITICAL, "DISK CRITICAL - 1% \u00fcbrig")

    event = json.loads(LogstashReader(server.client()).take_all(1)[0])
    assert event["message"] == event["nagios"]["output"] == "DISK CRITICAL - 1% \u00fcbrig"
    assert event["nagios"]["long_output"].splitlines() == ['first "further" line', "second"]
    assert event["host"] == {"name": "h1"}
    assert event["service"] == {"name": "s2", "state": "CRITICAL"}
    assert event["nagios"]["state"] == event["event"]["severity"] == 2
    assert event["nagios"]["perf"]["/var"] == {
        "value": 98, "unit": "%", "warn": 80, "crit": 90, "min": 0, "max": 100}
    assert event["nagios"]["perf"]["inodes used"]["value"] == 12
    assert event["mqtt"]["topic"] == "nagios/h1/s2" and event["mqtt"]["qos"] == 1
    assert event["event"]["kind"] == "state" and event["event"]["outcome"] == "failure"
    assert event["observer"]["name"] == "belfry-gateway" and event["ecs"]["version"]
    assert event["event"]["id"] and event["event"]["created"].endswith("Z")


def test_whoever_waits_waits_for_the_core_only(make, scratch, server):
    """A relay sends no receipts, so none may be promised, and what it does is nobody's answer."""
    rig = make("ecs")
    server.kill()
    done = run([program("belfry", scratch.path), "submit", "--wait", "--broker",
                f"mqtt://127.0.0.1:{rig.broker.port}", "--host", "h1", "--service", "s2",
                "--state", "1", "--output", "waits"])
    assert done.returncode == 0, done.stderr
    assert rig.nagios.of("h1", "s2")


def test_a_redis_that_is_away_does_not_keep_results_from_nagios(make, server):
    """And gets all of them when it is back."""
    rig = make("logstash")
    load = Load(rig.broker.port, 500, 5, 5).start()
    wait_until(lambda: server.length() > 100, 10, "a hundred in the list")
    server.kill()
    applied = len(rig.nagios.results())
    wait_until(lambda: len(rig.nagios.results()) > applied + 1000, 20, "a thousand more in Nagios")
    load.stop()
    server.start()
    twice = account_of(load.acknowledged, lambda: server.call("LRANGE", "logstash", 0, -1))
    assert twice <= BATCH
