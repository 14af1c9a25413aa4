# SPDX-License-Identifier: MIT
"""
The plugin http and databases: stand-ins for Elasticsearch and Loki, the distribution's InfluxDB and
VictoriaMetrics.
"""
import json
import re
import signal
import time
from pathlib import Path

import pytest

from http_rig import HttpRig, Influx, VictoriaMetrics, numbers
from http_sink import CUT, Bulk, Loki, Webhook, answer
from wait import stays_true, wait_until

NOW = int(time.time()) - 60   # the gateway takes neither what is old nor what is to come
EXAMPLES = Path(__file__).parents[2] / "contrib/examples"
PERFDATA = {"perfdata": "'C:\\ Used'=25.5%;80;90;0;100 time=0.25s users=3;;5"}


@pytest.fixture
def make_rig(scratch):
    rigs = []

    def make(*lines):
        rigs.append(HttpRig(scratch, *lines))
        return rigs[-1].start()

    yield make
    for rig in rigs:
        rig.end()


@pytest.fixture
def bulk():
    sink = Bulk()
    yield sink
    sink.close()
    sink.was_sent_nothing_wrong()


@pytest.fixture
def loki():
    sink = Loki()
    yield sink
    sink.close()
    sink.was_sent_nothing_wrong()


def to_bulk(make_rig, sink, *lines):
    return make_rig("format elasticsearch", f"url http://127.0.0.1:{sink.port}",
                    "index belfry-${time:%Y.%m.%d}", "batch_records 10", *lines)


def documents(sink):
    return [document for _, document in list(sink.documents.values())]


@pytest.mark.parametrize("compression", ["off", "gzip"])
def test_documents_by_day(make_rig, bulk, compression):
    rig = to_bulk(make_rig, bulk, "schema ecs", f"compression {compression}")
    for n in range(25):
        rig.number(n, time=NOW)
    wait_until(lambda: len(bulk.documents) == 25, 20, "all documents")
    assert {index for index, _ in bulk.documents.values()} == {time.strftime("belfry-%Y.%m.%d", time.gmtime(NOW))}
    assert all(document["event"]["id"] == ident for ident, (_, document) in bulk.documents.items())


@pytest.mark.parametrize("fault", [CUT, answer(200, b"<html>"), answer(200, b"x" * 9000000),
                                   answer(200, {"errors": True, "items": []})],
                         ids=["cut", "no_json", "long", "no_items"])
def test_a_repeated_request_stores_nothing_twice(make_rig, bulk, fault):
    bulk.stores_first = True
    bulk.behave = lambda n, request: fault if n == 0 else None
    rig = to_bulk(make_rig, bulk)
    rig.numbers(30)
    wait_until(lambda: len(bulk.documents) == 30, 30, "all documents")
    assert sorted(numbers(documents(bulk))) == list(range(30))
    assert not rig.dead_letters()


def test_each_document_has_its_own_verdict(make_rig, bulk):
    busy = {5, 6}

    def refuse(document):
        number = numbers([document])[0]
        if number == 3:
            return 400, "mapper_parsing_exception", "failed to parse field [x]"
        if number in busy:
            busy.discard(number)
            return 429, "es_rejected_execution_exception", "queue full"
        return None
    bulk.refuse = refuse
    rig = to_bulk(make_rig, bulk)
    rig.numbers(10)
    wait_until(lambda: len(bulk.documents) == 9 and rig.dead_letters(), 20, "all but one")
    assert sorted(numbers(documents(bulk))) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    (letter,) = rig.dead_letters()
    assert "failed to parse field [x]" in json.dumps(letter) and "number 3" in json.dumps(letter)


def test_a_closed_index_is_waited_for(make_rig, bulk):
    closed = [True]
    bulk.refuse = lambda document: (400, "index_closed_exception", "closed") if closed else None
    rig = to_bulk(make_rig, bulk)
    rig.numbers(5)
    rig.says("index_closed_exception")
    closed.clear()
    wait_until(lambda: len(bulk.documents) == 5, 20, "all documents")
    assert not rig.dead_letters()


def to_loki(make_rig, sink, *lines):
    return make_rig("format loki", f"url http://127.0.0.1:{sink.port}", *lines)


def loki_numbers(sink):
    return [numbers([json.loads(line)])[0] for _, _, line in sink.lines]


def test_streams_of_loki(make_rig, loki):
    rig = to_loki(make_rig, loki, "label host", "label state", "label site=north")
    for n in range(20):
        rig.number(n, host=f"web{n % 2}", time=NOW + n // 4)
    wait_until(lambda: len(loki.lines) == 20, 20, "all lines")
    assert sorted(loki_numbers(loki)) == list(range(20))
    assert {labels for labels, _, _ in loki.lines} == {
        json.dumps({"host": host, "job": "belfry", "site": "north", "state": "WARNING"})
        for host in ("web0", "web1")}


def test_lines_that_are_too_old_are_dead_letters(make_rig, loki):
    loki.oldest = NOW * 10**9
    rig = to_loki(make_rig, loki, "batch_records 8")
    for n in range(16):
        rig.number(n, host=f"h{n}", time=NOW - 1 if n in (4, 11) else NOW)
    wait_until(lambda: len(loki.lines) == 14 and len(rig.dead_letters()) == 2, 20, "all but two")
    assert sorted(set(range(16)) - set(loki_numbers(loki))) == [4, 11]
    assert all("timestamp too old" in json.dumps(letter) for letter in rig.dead_letters())


def test_a_busy_loki_is_waited_for(make_rig, loki):
    loki.behave = lambda n, request: answer(429, b"Ingestion rate limit exceeded") if n < 3 else None
    rig = to_loki(make_rig, loki)
    rig.numbers(5)
    rig.says("429", "Ingestion rate limit exceeded")
    wait_until(lambda: len(loki.lines) == 5, 20, "all lines")


@pytest.fixture
def influx(scratch):
    peer = Influx(scratch.folder("influx")).start()
    peer.create()
    return peer


def to_influx(make_rig, peer, *lines):
    return make_rig("format influxdb", f"url http://127.0.0.1:{peer.port}/write?db=nagios", *lines)


@pytest.mark.parametrize("compression", ["off", "gzip"])
def test_influxdb_has_every_value(make_rig, influx, compression):
    rig = to_influx(make_rig, influx, f"compression {compression}")
    rig.number(0, time=NOW + 0.25, host="web%20one", service="disk%2Croot%3D1", **PERFDATA)
    rig.number(1, time=NOW + 1)
    wait_until(lambda: len(influx.points()) == 4, 20, "all points")
    points = {p["metric"]: p for p in influx.points()}
    assert points["C:/ Used"] == {
        "host": "web one", "service": "disk,root=1", "metric": "C:/ Used", "unit": "%",
        "time": NOW * 10**9 + 250000000, "value": 25.5, "warn": 80, "crit": 90, "min": 0, "max": 100,
        "state": 1}
    assert points["time"]["value"] == 0.25 and points["time"]["unit"] == "s"
    assert points["users"]["crit"] == 5 and points["users"]["warn"] is None
    assert points[""]["state"] == 1 and points[""]["time"] == (NOW + 1) * 10**9


def test_a_point_that_influxdb_refuses(make_rig, influx):
    """It writes the others of the request, which come again: the same points."""
    influx.get("/write", data=f'check,host=old warn="text" {NOW * 10**9}'.encode(), db="nagios")
    rig = to_influx(make_rig, influx, "batch_records 10")
    for n in range(10):
        rig.number(n, time=NOW + n, perfdata=f"n={n};5" if n == 4 else f"n={n}")

    def values():
        return sorted(p["value"] for p in influx.points() if p.get("value") is not None)
    wait_until(lambda: len(values()) == 9 and rig.dead_letters(), 30, "the others")
    assert values() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    (letter,) = rig.dead_letters()
    assert "field type conflict" in json.dumps(letter) and "number 4" in json.dumps(letter)


def test_a_database_that_comes_later(make_rig, scratch):
    peer = Influx(scratch.folder("influx")).start()
    rig = to_influx(make_rig, peer)
    rig.number(0, **PERFDATA)
    rig.says("404", "database not found")
    peer.create()
    wait_until(lambda: len(peer.points()) == 3, 30, "all points")


def test_influxdb_stopped_paused_and_killed(make_rig, influx):
    rig = to_influx(make_rig, influx, "timeout 1s")

    def send_and_see(first, act, undo):
        act()
        for n in range(first, first + 10):
            rig.number(n, time=NOW + n, perfdata=f"n={n}")
        rig.says('output "relay"', "waits in the journal")
        undo()
        wait_until(lambda: {p["value"] for p in influx.points()} == set(range(first + 10)), 60,
                   "all points")
    for n in range(10):
        rig.number(n, time=NOW + n, perfdata=f"n={n}")
    wait_until(lambda: len(influx.points()) == 10, 20, "the first points")
    send_and_see(10, lambda: influx.process.signal(signal.SIGSTOP),
                 lambda: influx.process.signal(signal.SIGCONT))
    send_and_see(20, influx.process.end, influx.start)
    send_and_see(30, influx.process.kill, influx.start)
    assert not rig.dead_letters()


def test_influxdb_with_a_password(make_rig, scratch):
    peer = Influx(scratch.folder("influx"), auth=True).start()
    peer.create()
    rig = to_influx(make_rig, peer)
    rig.number(0, **PERFDATA)
    rig.says("401", "password_file")
    rig.change("format influxdb", f"url http://127.0.0.1:{peer.port}/write?db=nagios", "user root",
               f"password_file {rig.secret('password', 'pass word')}")
    wait_until(lambda: len(peer.points()) == 3, 20, "all points")


def test_victoriametrics_has_every_value(make_rig, scratch):
    peer = VictoriaMetrics(scratch.folder("victoria")).start()
    rig = to_influx(make_rig, peer)
    rig.number(0, host="web%20one", service="disk%2Croot", **PERFDATA)
    wait_until(lambda: len(peer.series()) == 11, 30, "all series")
    found = {(s["metric"]["__name__"], s["metric"].get("metric")): s for s in peer.series()}
    used = found["check_value", "C:/ Used"]
    assert used["values"] == [25.5]
    assert used["metric"]["host"] == "web one" and used["metric"]["service"] == "disk,root"
    assert found["check_state", "time"]["values"] == [1]


def test_messages_are_dead_letters_to_influxdb(make_rig, influx):
    rig = make_rig("format influxdb", f"url http://127.0.0.1:{influx.port}/write?db=nagios")
    rig.publish_all("logs/x", ["hello"])
    rig.number(0, **PERFDATA)
    wait_until(lambda: len(influx.points()) == 3 and rig.dead_letters(), 20, "points and the letter")
    assert "no check result" in json.dumps(rig.dead_letters()[0])
    stays_true(lambda: len(rig.dead_letters()) == 1, 0.5, "one letter")


@pytest.mark.parametrize("name,make_sink,stored", [
    ("webhook", Webhook, lambda sink: sink.records),
    ("elasticsearch", Bulk, lambda sink: sink.documents),
    ("loki", Loki, lambda sink: sink.lines),
    ("influxdb", None, lambda peer: peer.points()),
])
def test_a_sample_runs(scratch, name, make_sink, stored):
    peer = make_sink() if make_sink else Influx(scratch.folder("influx")).start()
    if not make_sink:
        peer.create()
    rig = HttpRig(scratch)
    text = (EXAMPLES / f"belfry-{name}.conf").read_text()
    for pattern, by in ((r"mqtt://[^ \n]*", f"mqtt://127.0.0.1:{rig.broker.port}"),
                        (r"(?m)^client_id .*", f"client_id belfry-gateway\nplugin_dir {rig.gateway.plugins}"),
                        (r"(?m)^state_dir .*", f"state_dir {rig.gateway.state_dir}"),
                        (r"http://127.0.0.1:\d+", f"http://127.0.0.1:{peer.port}")):
        text = re.sub(pattern, by, text)
    rig.gateway.config.write_text(text)
    rig.start().number(0, **PERFDATA)
    wait_until(lambda: stored(peer), 20, "the result")
    rig.end()
    if make_sink:
        peer.close()
        peer.was_sent_nothing_wrong()
