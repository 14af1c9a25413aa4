# SPDX-License-Identifier: MIT
"""/healthz and /readyz of belfry-gateway: whether it lives, and whether results get through."""
import json

import pytest

from http_api import GatewayHttp
from wait import stays_true, wait_until


@pytest.fixture
def http():
    return GatewayHttp()


def ready(http):
    status, headers, body = http.get("/readyz")
    told = json.loads(body)
    assert headers["content-type"] == "application/json"
    assert (status == 200) == told["ready"] == (not told["reasons"]) and status in (200, 503)
    return told


def codes(http):
    return [reason["code"] for reason in ready(http)["reasons"]]


def test_ready_while_results_get_through(make_rig, http):
    rig = make_rig(lines=http.lines)
    wait_until(lambda: ready(http)["ready"], 10, "readiness")
    rig.nagios.kill()
    told = wait_until(lambda: not (r := ready(http))["ready"] and r, 10, "no readiness without Nagios")
    assert [(r["code"], r["subject"]) for r in told["reasons"]] == [("unreachable", "nagios")]
    assert "is the core running" in told["reasons"][0]["reason"]
    assert http.get("/healthz")[0] == 200
    rig.nagios.start()
    wait_until(lambda: ready(http)["ready"], 20, "readiness when Nagios is back")


def test_not_ready_while_the_pipe_is_missing(make_rig, http):
    rig = make_rig(lines=http.lines)
    rig.nagios.end()
    rig.nagios.fifo.unlink(missing_ok=True)
    told = wait_until(lambda: (r := ready(http))["reasons"] and "is not there" in r["reasons"][0]["reason"]
                      and r, 10, "a pipe that is not there")
    assert told["reasons"][0]["code"] == "unreachable"
    rig.nagios.start()
    wait_until(lambda: ready(http)["ready"], 20, "readiness with the pipe")


def test_not_ready_without_a_broker(make_rig, http):
    rig = make_rig(lines=http.lines)
    wait_until(lambda: ready(http)["ready"], 10, "readiness")
    rig.broker.kill()
    told = wait_until(lambda: codes(http) == ["no-broker"] and ready(http), 10, "no broker")
    assert f"mqtt://127.0.0.1:{rig.broker.port}: " in told["reasons"][0]["reason"]
    assert http.get("/healthz")[0] == 200
    rig.broker.start()
    wait_until(lambda: ready(http)["ready"], 20, "readiness with the broker")


def test_ready_lag_gives_time(make_rig, http):
    rig = make_rig(lines=[*http.lines, "ready_lag 1h"])
    wait_until(lambda: ready(http)["ready"], 10, "readiness")
    rig.nagios.kill()
    rig.publish("nagios/h1/s1", {"state": 0, "output": "waits"})
    stays_true(lambda: ready(http)["ready"], 1, "readiness within ready_lag")


def test_ready_lag_ends(make_rig, http):
    rig = make_rig(lines=[*http.lines, "ready_lag 1s"])
    rig.nagios.kill()
    rig.publish("nagios/h1/s1", {"state": 0, "output": "waits"})
    wait_until(lambda: codes(http) == ["unreachable"], 10, "the end of ready_lag")
    values = http.metrics()
    assert values['belfry_gateway_output_lag_seconds{output="nagios"}'] > 1
    assert values['belfry_gateway_output_lag_records{output="nagios"}'] >= 1
    assert values['belfry_gateway_output_connected{output="nagios"}'] == 0
    assert values["belfry_gateway_journal_oldest_seconds"] > 1
