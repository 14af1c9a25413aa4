# SPDX-License-Identifier: MIT
"""/metrics of belfry-gateway: Prometheus can read it, and it has every counter of the table."""
import contextlib
import json
import re
from pathlib import Path

import pytest

from http_api import GatewayHttp
from wait import wait_until

COUNTERS = Path(__file__).parents[2] / "gateway/rules/counters.h"
HTTP = GatewayHttp()
RIG = {"lines": [*HTTP.lines, "http_host monitor.example"]}


def test_every_counter_of_the_table_is_there(rig):
    text = COUNTERS.read_text()
    names = re.findall(r'COUNTER\([A-Z_]+,\s+"(\w+)"', text)
    names += [f"output_{name}" for name in re.findall(r'COUNTER\((\w+), "', text) if name.islower()]
    assert len(names) > 12 and "output_reissued" in names
    values = HTTP.metrics()
    for name in names:
        labels = '{output="nagios"}' if name.startswith("output_") else ""
        assert f"belfry_gateway_{name}_total{labels}" in values
    assert any(name.startswith('belfry_gateway_info{version="') for name in values)
    url = f"mqtt://127.0.0.1:{rig.broker.port}"
    assert values[f'belfry_gateway_broker_connected{{broker="{url}"}}'] == 1
    assert values[f'belfry_gateway_broker_connections_total{{broker="{url}"}}'] == 1
    assert values['belfry_gateway_output_lag_seconds{output="nagios"}'] >= 0
    assert values["belfry_gateway_start_time_seconds"] > 1.7e9
    assert 'belfry_gateway_rejects_total{code="bad-state"}' in values


def test_results_and_rejects_are_counted(rig):
    before = HTTP.metrics()

    def grown(name, by):
        return lambda: HTTP.metrics()[name] == before[name] + by

    rig.applied("nagios/h1/s1", {"state": 0, "output": "counted"})
    wait_until(grown('belfry_gateway_output_results_total{output="nagios"}', 1), 10, "one result")
    assert HTTP.metrics()['belfry_gateway_output_last_confirmed_timestamp_seconds{output="nagios"}'] > 1.7e9
    rig.publish("nagios/h1/s1", "{}")
    wait_until(grown('belfry_gateway_rejects_total{code="no-state"}', 1), 10, "one reject by its code")


def test_the_status_message_agrees(rig):
    """Both walk the same tables."""
    def message():
        told = [m for m in list(rig.observer.messages) if m.topic == "belfry/gateway/belfry-gateway"]
        return json.loads(told[-1].payload)

    status, values = message(), HTTP.metrics()
    for name, value in status.items():
        if isinstance(value, int) and f"belfry_gateway_{name}_total" in values:
            assert values[f"belfry_gateway_{name}_total"] >= value
    output = status["outputs"]["nagios"]
    for name in ("results", "batches", "reissued", "cut", "refused"):
        assert f'belfry_gateway_output_{name}_total{{output="nagios"}}' in values and name in output


def test_it_can_only_be_read(rig):
    assert HTTP.get("/metrics", "POST")[0] == 405
    assert HTTP.get("/nothing")[0] == 404
    status, headers, body = HTTP.get("/")
    assert status == 200 and headers["content-type"].startswith("text/html")
    for page in (b"/metrics", b"/healthz", b"/readyz"):
        assert b'<a href="' + page + b'">' in body
    assert headers["content-security-policy"] == "default-src 'none'"


@pytest.mark.parametrize("host", ["localhost", "localhost:9640", "127.0.0.1", "192.0.2.7:80", "[::1]:9640",
                                  "Monitor.Example:9640"])
def test_it_may_be_asked_under_addresses_and_its_names(rig, host):
    assert HTTP.get("/metrics", host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9640", "localhost.evil.example", "127.0.0.1.evil.example",
                                  "1.2.3.4evil", "[evil]", ""])
def test_it_may_not_be_asked_under_a_name_of_a_stranger(rig, host):
    """S17: a web page can let a name of its own point to us."""
    status, _, body = HTTP.get("/metrics", host=host or " ")
    assert status in (400, 421) and b"evil" not in body and b"belfry_gateway_" not in body


def test_a_request_without_host_is_no_browser(rig):
    assert HTTP.send(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.")


def test_slow_requests_hold_up_no_results(rig):
    def answers():
        with contextlib.suppress(OSError):  # closed at once when there are too many
            return b" 200 " in HTTP.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[:20]

    with contextlib.ExitStack() as slow:
        for _ in range(20):
            s = slow.enter_context(HTTP.connect())
            with contextlib.suppress(OSError):
                s.sendall(b"GET /healthz HTTP/1.1\r\n")
        rig.applied("nagios/h1/s2", {"state": 0, "output": "meanwhile"})
    wait_until(answers, 20, "an answer when they have gone")
