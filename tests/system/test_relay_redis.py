# SPDX-License-Identifier: MIT
"""The plugin redis and a real redis-server: each way in, each mode, read back as others read it."""
import json

import pytest

from broker import is_listening
from pki import Pki
from redis_rig import RedisRig, account_of, start_redis
from redis_server import LogstashReader
from wait import wait_until

RESULT = {"code": 2, "reason": "disk full | used=98%;80;90"}

# What the manual says an ACL has to allow, and nothing else.
ACL = "user relay on >secret ~logstash &logstash +rpush +ping +select +client|setname"


@pytest.fixture
def server(scratch):
    return start_redis(scratch)


def test_a_check_result_comes_with_all_its_fields(scratch, server):
    rig = RedisRig(scratch, server).start()
    rig.publish("nagios/web1/disk%20root", RESULT)
    reader = LogstashReader(server.client())
    event = json.loads(reader.take_all(1)[0])
    assert event["host"] == event["host_name"] == "web1"
    assert event["service_description"] == "disk root"
    assert event["state"] == 2 and event["output"] == event["message"] == "disk full"
    assert event["topic"] == "nagios/web1/disk%20root" and event["@version"] == "1"
    assert event["event_id"] and event["@timestamp"].endswith("Z")
    assert server.length() == 0
    assert b"name=belfry:belfry-gateway:logstash " in server.call("CLIENT", "LIST")


@pytest.mark.parametrize("batch", [125, 1])
def test_logstash_gets_all_of_it_in_order(scratch, server, batch):
    """By its script, and by BLPOP."""
    rig = RedisRig(scratch, server).start()
    load = rig.start_load(1000)
    reader = LogstashReader(server.client(), batch=batch)
    taken = reader.take_all(500)
    load.stop()
    taken += reader.take_all(load.sent - len(taken))
    numbers = [int(json.loads(e)["message"].split()[1]) for e in taken]
    assert numbers == list(range(load.sent))


def test_an_acl_user_needs_no_more_than_the_manual_says(scratch):
    server = start_redis(scratch, ACL, "user admin on >root ~* &* +@all", "user default off")
    rig = RedisRig(scratch, None, {"url": f"redis://relay@127.0.0.1:{server.port}"})
    rig.gateway.configure(password_file=rig.gateway.secret("secret"))
    rig.start()
    rig.publish("nagios/h/s", RESULT)
    assert server.client(user="admin", password="root").call("BLPOP", "logstash", 10)
    assert not rig.gateway.process.says("NOPERM")


def test_over_tls_with_a_certificate_of_our_own(scratch):
    pki = Pki(scratch.folder("pki"))
    certificate, key = pki.issue("server")
    ours = pki.issue("relay")
    server = start_redis(scratch, f"tls-cert-file {certificate}", f"tls-key-file {key}",
                         f"tls-ca-cert-file {pki.path('ca.crt')}", "tls-auth-clients yes",
                         tls={"ca": pki.path("ca.crt"), "certificate": ours})
    rig = RedisRig(scratch, server, {
        "url": f"rediss://localhost:{server.port}", "cafile": pki.path("ca.crt"),
        "certfile": ours[0], "keyfile": ours[1]}).start()
    rig.start_load()
    rig.sent_more()
    assert rig.account() == 0


def test_tls_that_is_set_and_not_spoken_is_warned_of(scratch, server):
    pki = Pki(scratch.folder("pki"))
    rig = RedisRig(scratch, server, {"cafile": pki.path("ca.crt")}).start()
    rig.publish("nagios/h/s", RESULT)
    rig.wait_said("it connects without TLS, whatever cafile", "let url ask for TLS")
    rig.gateway.end()


def test_over_a_unix_socket_into_another_database(scratch):
    path = scratch.path / "redis.sock"
    server = start_redis(scratch, f"unixsocket {path}", "unixsocketperm 777")
    rig = RedisRig(scratch, None, {"url": f"unix:{path}", "database": 3}).start()
    rig.publish("nagios/h/s", RESULT)
    client = server.client(path=path)
    client.call("SELECT", 3)
    assert client.call("BLPOP", "logstash", 10)


def test_keys_are_templates_and_packs_are_arrays(scratch, server):
    rig = RedisRig(scratch, server, {"key": "logs-${topic[1]}", "pack": 10, "linger": 300}).start()
    for n in range(5):
        rig.publish("nagios/h/s", {"code": 0, "reason": f"number {n}"})
    rig.publish("nagios/other/s", RESULT)

    def events():
        packs = [json.loads(e) for e in server.call("LRANGE", "logs-h", 0, -1)]
        return [e["message"] for p in packs for e in (p if isinstance(p, list) else [p])]
    wait_until(lambda: len(events()) == 5, 10, "five records in packs")
    assert events() == [f"number {n}" for n in range(5)]
    wait_until(lambda: server.length("logs-other") == 1, 10, "the other host's list")
    assert all(e.startswith(b"[") for e in server.call("LRANGE", "logs-h", 0, -1))


def test_a_channel_is_for_those_who_listen(scratch, server):
    rig = RedisRig(scratch, server, {"mode": "channel"}).start()
    rig.publish("nagios/h/s", RESULT)
    listener = server.client()
    listener.call("SUBSCRIBE", "logstash")
    rig.publish("nagios/h/s", {"code": 1, "reason": "heard"})
    kind, channel, data = listener.answer()
    while json.loads(data)["message"] != "heard":  # the first may have come that late
        kind, channel, data = listener.answer()
    assert (kind, channel) == (b"message", b"logstash")


def entries(server, key="logstash"):
    found = server.call("XRANGE", key, "-", "+")
    return [(entry, dict(zip(fields[::2], fields[1::2]))) for entry, fields in found]


def data_of(server):
    return [fields[b"data"] for _, fields in entries(server)]


def test_a_stream_has_id_data_and_topic(scratch, server):
    rig = RedisRig(scratch, server, {"mode": "stream"}).start()
    rig.publish("nagios/h/s", RESULT)
    wait_until(lambda: server.call("XLEN", "logstash") == 1, 10, "an entry")
    entry, fields = entries(server)[0]
    event = json.loads(fields[b"data"])
    assert fields[b"id"].decode() == event["event_id"]
    assert fields[b"topic"] == b"nagios/h/s" and event["message"] == "disk full"
    assert abs(int(entry.split(b"-")[0]) / 1000 - int(server.call("TIME")[0])) < 60


@pytest.mark.parametrize("stream_id", ["sequence", "auto"])
def test_two_gateways_write_into_one_stream(scratch, server, stream_id):
    first = RedisRig(scratch, server, {"mode": "stream", "stream_id": stream_id},
                     route=("route nagios/h0/# nagios/h1/#",)).start()
    second = RedisRig(scratch, server, {"mode": "stream", "stream_id": stream_id}, name="2",
                      broker=first.broker, client_id="second",
                      route=("route nagios/h2/# nagios/h3/# nagios/h4/#",)).start()
    load = first.start_load(2000)
    first.sent_more(2000)
    load.stop()
    assert account_of(load.acknowledged, lambda: data_of(server)) == 0
    assert second.gateway.process.is_running()


def test_a_stream_is_cut_at_about_max_len(scratch, server):
    rig = RedisRig(scratch, server, {"mode": "stream", "max_len": 200}).start()
    rig.start_load(2000)
    rig.sent_more(1500)
    rig.load.stop()
    wait_until(lambda: f"number {rig.load.sent - 1}" in str(data_of(server)[-1]), 10, "the last entry")
    assert server.call("XLEN", "logstash") < 600


def test_a_full_list_blocks_until_somebody_reads(scratch, server):
    rig = RedisRig(scratch, server, {"max_len": 300, "batch_records": 50}, spool=True).start()
    load = rig.start_load(1000)
    rig.wait_said("max_len")
    assert 300 <= server.length() <= 350
    rig.sent_more(200)
    load.stop()
    wait_until(lambda: load.acknowledged <= rig.gateway.spooled(), 20, "the other output's results")
    assert 300 <= server.length() <= 350
    reader = LogstashReader(server.client())
    taken = reader.take_all(len(load.acknowledged), timeout=60)
    assert account_of(load.acknowledged, lambda: taken) == 0


def test_a_full_list_drops_what_is_oldest(scratch, server):
    rig = RedisRig(scratch, server, {"max_len": 100, "on_full": "drop_oldest",
                                     "batch_records": 50}).start()
    load = rig.start_load(1000)
    rig.sent_more(500)
    load.stop()
    wait_until(lambda: f"number {load.sent - 1}" in str(rig.elements()[-1:]), 10, "the last element")
    numbers = [int(json.loads(e)["message"].split()[1]) for e in rig.elements()]
    assert numbers == list(range(load.sent - len(numbers), load.sent)) and len(numbers) <= 100


def test_a_full_list_drops_what_is_newest(scratch, server):
    rig = RedisRig(scratch, server, {"max_len": 100, "on_full": "drop_newest",
                                     "batch_records": 50}).start()
    load = rig.start_load(1000)
    rig.sent_more(500)
    load.stop()
    numbers = [int(json.loads(e)["message"].split()[1]) for e in rig.elements()]
    assert numbers == list(range(len(numbers))) and 100 <= len(numbers) <= 150
    assert is_listening(server.port)
