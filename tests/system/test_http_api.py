# SPDX-License-Identifier: MIT
"""/metrics and /healthz of belfry-broker, and that nobody can hurt MQTT clients through them."""
import os
import socket
import time
from pathlib import Path

import pytest

from broker import is_listening
from http_api import HttpApi, read_to_end
from mqtt import Client
from wait import SLACK, wait_until

HTTP_SECONDS = 10  # that a connection lasts at most
HTTP_CONNECTIONS = 16


@pytest.fixture
def http():
    return HttpApi()


@pytest.fixture
def start(make_broker, http):
    """start(*lines) starts a broker that serves `http` as well."""
    def call(*lines):
        broker = make_broker("allow_anonymous true", *lines, *http.lines)
        wait_until(lambda: is_listening(http.port), 10, "the http_api listener")
        return broker
    return call


@pytest.fixture
def broker(start):
    return start("sys_interval 1")


def test_metrics_are_what_prometheus_reads(broker, http):
    values = http.metrics()
    assert values["belfry_broker_clients_connected"] == 0
    assert len(values) > 40
    assert any(name.startswith('belfry_broker_info{version="') for name in values)


def test_metrics_agree_with_sys(broker, http):
    pairs = {"belfry_broker_publish_received_total": "publish/messages/received",
             "belfry_broker_publish_bytes_received_total": "publish/bytes/received",
             "belfry_broker_clients_connected": "clients/connected",
             "belfry_broker_subscriptions": "subscriptions/count",
             "belfry_broker_retained_messages": "retained messages/count"}
    with Client(broker.port, "watch") as client:
        client.subscribe("$SYS/broker/#", 0)
        for i in range(5):
            client.publish("data", "12345", 1, retain=True)

        def agree():
            values = http.metrics()
            assert not client.closings
            last = {m.topic.removeprefix("$SYS/broker/"): m.payload for m in client.messages}
            return values["belfry_broker_publish_received_total"] == 5 and all(
                values[name] == float(last.get(topic, "-1")) for name, topic in pairs.items())

        wait_until(agree, 10, "/metrics and $SYS say the same")


def test_answers_may_be_read_but_not_run(broker, http):
    for path, kind in (("/", "text/html"), ("/healthz", "text/plain"), ("/metrics", "text/plain"),
                       ("/nothing", "text/plain")):
        status, headers, body = http.get(path)
        assert status == (404 if path == "/nothing" else 200)
        assert headers["content-type"].startswith(kind)
        assert headers["content-security-policy"] == "default-src 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert int(headers["content-length"]) == len(body) > 0
        assert headers["connection"] == "close"
        assert "server" not in headers


def test_head_is_get_without_body(broker, http):
    for path in ("/", "/healthz", "/nothing"):
        got, asked = http.get(path), http.get(path, "HEAD")
        assert asked[0] == got[0] and asked[2] == b""
        assert asked[1]["content-length"] == got[1]["content-length"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "GE"])
def test_other_methods_are_refused(broker, http, method):
    status, headers, _ = http.get("/metrics", method, "Content-Length: 0\r\n")
    assert status == 405
    assert headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/metrics/", "//metrics", "/METRICS", "/../metrics", "/healthz%00",
                                  "/%2e%2e/etc/passwd", "/<script>alert(1)</script>"])
def test_other_paths_are_not_found_and_not_echoed(broker, http, path):
    status, _, body = http.get(path, headers="X-Forwarded-Host: <evil>\r\n")
    assert status == 404
    assert b"<" not in body and b"%" not in body


def test_the_host_header_is_not_looked_at(broker, http):
    answer = http.send(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200") and b"evil" not in answer


def test_healthz_says_when_no_more_clients_are_taken(start, http):
    broker = start("global_max_connections 2")
    with Client(broker.port, "a"):
        wait_until(lambda: http.get("/healthz")[0] == 200, 10, "health")
        assert http.get("/healthz")[2] == b"ok\n"
        with Client(broker.port, "b"):
            status, _, body = http.get("/healthz")
            assert status == 503 and b"global_max_connections" in body
        wait_until(lambda: http.get("/healthz")[0] == 200, 10, "health again")


def test_healthz_says_when_memory_limit_is_reached(start, http):
    broker = start("memory_limit 100k", "sys_interval 0")
    with Client(broker.port, "a") as client:
        assert http.get("/healthz")[0] == 200
        client.publish("large", b"x" * 150000, 1, retain=True)
        status, _, body = http.get("/healthz")
        assert status == 503 and b"memory_limit" in body


# --- abuse ------------------------------------------------------------------------------------

@pytest.mark.parametrize("request_", [
    b"\r\n\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x10\x0d\0\4MQTT",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: " + b"h" * 100000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 200000,
    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
], ids=range(11))
def test_what_is_no_request_hurts_nobody(broker, http, request_):
    with Client(broker.port, "victim") as victim:
        victim.subscribe("v", 1)
        with http.connect() as s:
            answer = b""
            try:
                s.sendall(request_)
                s.shutdown(socket.SHUT_WR)
                s.settimeout(1)  # not all are answered before HTTP_SECONDS
                answer = read_to_end(s)
            except OSError:
                pass
        assert not answer.startswith(b"HTTP/1.1 200") or request_.startswith(b"GET / HTTP/1.1")
        victim.publish("v", "x", 1)
        victim.wait_for(1)
        assert http.get("/healthz")[0] == 200


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_slow_requests_are_few_and_end(broker, http):
    """More connections than are taken, each with half a request that never ends."""
    before = cpu_seconds(broker.process.pid)
    began = time.monotonic()
    with Client(broker.port, "victim") as victim:
        victim.subscribe("v", 1)
        slow = [http.connect() for _ in range(HTTP_CONNECTIONS * 2)]
        for s in slow:
            s.sendall(b"GET /metrics HTTP/1.1\r\n")
        closed = set()

        def free_again():
            for s in set(slow) - closed:
                try:  # a byte now and then keeps no connection open
                    s.send(b"a")
                except OSError:
                    closed.add(s)
            victim.publish("v", "x", 1)
            return len(closed) == len(slow)

        wait_until(free_again, HTTP_SECONDS + 10, "the slow ones are closed", poll=0.2)
        assert not victim.closings and victim.on("v")
        for s in slow:
            s.close()
    assert http.get("/healthz")[0] == 200
    # Waiting for them was idle, whatever else happened.
    assert cpu_seconds(broker.process.pid) - before < 0.5 * SLACK * (time.monotonic() - began)


def test_nothing_is_left_open(broker, http):
    def descriptors():
        return len(os.listdir(f"/proc/{broker.process.pid}/fd"))

    http.metrics()
    before = descriptors()
    for _ in range(200):
        assert http.get("/healthz")[0] == 200
    wait_until(lambda: descriptors() <= before, 10, "as few descriptors as before")
