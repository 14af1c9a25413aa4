# SPDX-License-Identifier: MIT
"""belfry-broker as a client sees it: real clients where they can show it, bare packets else."""
import struct
import time

import pytest

import packet
from mqtt import V5, V31, V311, Client, mosquitto_pub
from packet import Wire
from wait import SLACK, let_pass, stays_true, wait_until

VERSIONS = pytest.mark.parametrize("version", [V31, V311, V5], ids=["3.1", "3.1.1", "5"])
MODERN = pytest.mark.parametrize("version", [V311, V5], ids=["3.1.1", "5"])

REFUSED = 5  # the CONNACK code of 3.1.1
NOT_AUTHORIZED, PACKET_TOO_LARGE, TAKEN_OVER = 0x87, 0x95, 0x8E
SESSION_PRESENT = 1


def u16(n):
    return struct.pack(">H", n)


def u32(n):
    return struct.pack(">I", n)


# --- delivery ---------------------------------------------------------------------------------

@VERSIONS
@pytest.mark.parametrize("sent", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_a_message_arrives_once_with_the_lower_qos(broker, version, sent, granted):
    topic = f"qos/{int(version)}/{sent}/{granted}"
    with Client(broker.port, f"s{topic}"[:23], version) as subscriber, \
            Client(broker.port, f"p{topic}"[:23], version) as publisher:
        assert subscriber.subscribe(topic, granted) == granted
        for i in range(5):
            publisher.publish(topic, f"{i}", sent)
        publisher.publish(topic, "end", sent)
        messages = subscriber.wait_for(6)
    assert [m.payload for m in messages] == [b"0", b"1", b"2", b"3", b"4", b"end"]
    assert {m.qos for m in messages} == {min(sent, granted)}


@pytest.mark.parametrize("publisher, subscriber", [(V311, V5), (V5, V311), (V31, V5)])
def test_versions_understand_each_other(broker, publisher, subscriber):
    topic = f"mixed/{int(publisher)}/{int(subscriber)}"
    with Client(broker.port, "", subscriber) as s, Client(broker.port, "mixed", publisher) as p:
        s.subscribe(topic, 2)
        p.publish(topic, "hello", 2)
        assert [(m.payload, m.qos) for m in s.wait_for(1)] == [(b"hello", 2)]


@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_mosquitto_pub_is_served(broker, version, qos):
    topic = f"pub/{version}/{qos}"
    with Client(broker.port) as subscriber:
        subscriber.subscribe(topic, 2)
        assert mosquitto_pub(broker.port, topic, "text", qos, version=version) == 0
        assert [(m.payload, m.qos) for m in subscriber.wait_for(1)] == [(b"text", qos)]


@MODERN
def test_large_payloads_pass_unchanged(broker, version):
    payload = bytes(i * 7 & 255 for i in range(256)) * 7422  # 1.9 MB
    with Client(broker.port, "large-s", version) as subscriber, \
            Client(broker.port, "large-p", version) as publisher:
        subscriber.subscribe("large", 1)
        publisher.publish("large", payload, 1)
        publisher.publish("large", b"", 0)
        assert subscriber.wait_for(2)[0].payload == payload


def test_order_is_kept_over_a_thousand_messages_of_each_qos(broker):
    with Client(broker.port) as subscriber, Client(broker.port) as publisher:
        subscriber.subscribe("order/#", 2)
        for qos in (0, 1, 2):
            notes = [publisher.paho.publish(f"order/{qos}", str(i), qos) for i in range(1000)]
            notes[-1].wait_for_publish(20)
            wait_until(lambda: len(subscriber.on(f"order/{qos}")) >= 1000, 20)
            assert [int(m.payload) for m in subscriber.on(f"order/{qos}")] == list(range(1000))


# --- topics -----------------------------------------------------------------------------------

@pytest.mark.parametrize("topic_filter, topic, matches", [
    ("w/a/b", "w/a/b", True),
    ("w/+/b", "w/a/b", True),
    ("w/+/b", "w/a/c", False),
    ("w/+", "w/a/b", False),
    ("w/#", "w", True),
    ("w/#", "w/a/b/c", True),
    ("w/a/#", "w/b", False),
    ("+/a/+", "w/a/b", True),
    ("+/+", "w/", True),
    ("+", "/w", False),
    ("/+", "/w", True),
    ("w//b", "w//b", True),
    ("w/+/b", "w//b", True),
    ("#", "w/a", True),
    ("#", "$w/a", False),
    ("+/a", "$w/a", False),
    ("$w/#", "$w/a", True),
    ("w/A", "w/a", False),
])
def test_wildcards(broker, topic_filter, topic, matches):
    with Client(broker.port) as subscriber, Client(broker.port) as publisher:
        assert subscriber.subscribe(topic_filter, 0) == 0
        assert subscriber.subscribe("wildcards/end", 0) == 0
        publisher.publish(topic, "hit", 0)
        publisher.publish("wildcards/end", "end", 0)
        wait_until(lambda: subscriber.on("wildcards/end"))
        assert bool(subscriber.on(topic)) == matches


def test_overlapping_subscriptions_of_an_old_client_deliver_at_least_the_highest_qos(broker):
    with Client(broker.port, "overlap", V311) as subscriber, Client(broker.port) as publisher:
        subscriber.subscribe("overlap/#", 0)
        subscriber.subscribe("overlap/+", 1)
        publisher.publish("overlap/a", "x", 2)
        wait_until(lambda: 1 in [m.qos for m in subscriber.on("overlap/a")])


def test_an_unsubscribed_client_receives_no_more(broker):
    with Client(broker.port) as subscriber, Client(broker.port) as publisher:
        subscriber.subscribe("un/a", 1)
        subscriber.subscribe("un/b", 1)
        subscriber.unsubscribe("un/a")
        publisher.publish("un/a", "no")
        publisher.publish("un/b", "yes")
        assert [m.topic for m in subscriber.wait_for(1)] == ["un/b"]


# --- retained ---------------------------------------------------------------------------------

@MODERN
def test_a_retained_message_is_kept_replaced_and_cleared(broker, version):
    topic = f"retained/{int(version)}"

    def seen():
        with Client(broker.port, "", V5) as fresh:
            fresh.subscribe(topic, 1)
            fresh.subscribe("retained/end", 0)
            fresh.publish("retained/end", "end", 0)
            wait_until(lambda: fresh.on("retained/end"))
            return [(m.payload, m.retain) for m in fresh.on(topic)]

    with Client(broker.port, "retainer", version) as publisher:
        publisher.publish(topic, "one", 1, retain=True)
        assert seen() == [(b"one", 1)]
        publisher.publish(topic, "two", 1, retain=True)
        assert seen() == [(b"two", 1)]
        publisher.publish(topic, "live", 1)
        assert seen() == [(b"two", 1)]
        publisher.publish(topic, "", 1, retain=True)
        assert seen() == []


def test_a_live_subscriber_sees_a_retained_publish_as_an_ordinary_one(broker):
    with Client(broker.port) as subscriber, Client(broker.port) as publisher:
        subscriber.subscribe("retained-live", 1)
        publisher.publish("retained-live", "x", 1, retain=True)
        assert [m.retain for m in subscriber.wait_for(1)] == [0]


def test_a_wildcard_finds_all_retained_messages(broker):
    with Client(broker.port) as publisher, Client(broker.port) as subscriber:
        for i in range(50):
            publisher.publish(f"many/{i}/state", str(i), 1, retain=True)
        subscriber.subscribe("many/+/state", 1)
        assert {m.payload for m in subscriber.wait_for(50)} == {b"%d" % i for i in range(50)}


# --- wills ------------------------------------------------------------------------------------

@VERSIONS
def test_the_will_of_a_client_that_vanishes_is_published(broker, version):
    topic = f"will/{int(version)}"
    with Client(broker.port) as witness:
        witness.subscribe(topic, 1)
        dying = Client(broker.port, f"dying{int(version)}", version, will=(topic, "gone", 1, False))
        dying.connect()
        dying.drop()
        assert [m.payload for m in witness.wait_for(1)] == [b"gone"]


@VERSIONS
def test_the_will_of_a_client_that_says_goodbye_is_not(broker, version):
    topic = f"nowill/{int(version)}"
    with Client(broker.port) as witness:
        witness.subscribe("nowill/#", 1)
        with Client(broker.port, f"polite{int(version)}", version, will=(topic, "gone", 1, False)):
            pass
        witness.publish("nowill/end", "end")
        assert [m.topic for m in witness.wait_for(1)] == ["nowill/end"]


def test_a_retained_will_stays(broker):
    dying = Client(broker.port, "dying-retained", V311, will=("will/kept", "offline", 1, True))
    dying.connect()
    dying.drop()
    with Client(broker.port) as late:
        late.subscribe("will/kept", 1)
        assert [m.payload for m in late.wait_for(1)] == [b"offline"]


# --- sessions ---------------------------------------------------------------------------------

def keep_session(version):
    return {"version": version, "clean": False, "expiry": 3600 if version == V5 else None}


@MODERN
def test_a_persistent_session_collects_what_is_published_meanwhile(broker, version):
    topic, name = f"offline/{int(version)}", f"sleeper{int(version)}"
    with Client(broker.port, name, **keep_session(version)) as sleeper:
        assert sleeper.connections == [(0, 0)]
        sleeper.subscribe(topic, 1)
    with Client(broker.port) as publisher:
        for i in range(100):
            publisher.publish(topic, str(i))
    with Client(broker.port, name, **keep_session(version)) as awake:
        assert awake.connections == [(1, 0)]
        assert [int(m.payload) for m in awake.wait_for(100)] == list(range(100))


@MODERN
def test_a_clean_session_starts_from_nothing(broker, version):
    topic, name = f"clean/{int(version)}", f"cleaner{int(version)}"
    with Client(broker.port, name, **keep_session(version)) as first:
        first.subscribe(topic, 1)
    with Client(broker.port) as publisher:
        publisher.publish(topic, "lost")
    with Client(broker.port, name, version) as clean:
        assert clean.connections == [(0, 0)]
    with Client(broker.port, name, **keep_session(version)) as again:
        assert again.connections == [(0, 0)]
        again.subscribe("clean/end", 1)
        again.publish("clean/end", "end")
        assert [m.topic for m in again.wait_for(1)] == ["clean/end"]


def test_what_was_delivered_but_not_acknowledged_is_delivered_again(broker):
    with Wire.to(broker.port) as first:
        first.connect("unacked", clean=False)
        first.send(packet.subscribe(1, [("unacked", 1)]))
        first.expect(packet.SUBACK)
        assert mosquitto_pub(broker.port, "unacked", "x") == 0
        sent = packet.published(first.expect(packet.PUBLISH))
        assert (sent.payload, sent.dup) == (b"x", False)
    with Wire.to(broker.port) as second:
        assert second.connect("unacked", clean=False).body[0] == SESSION_PRESENT
        again = packet.published(second.expect(packet.PUBLISH))
        assert (again.payload, again.dup, again.packet_id) == (b"x", True, sent.packet_id)


def test_a_qos_2_message_sent_twice_is_delivered_once(broker):
    with Client(broker.port) as subscriber, Wire.to(broker.port) as publisher:
        subscriber.subscribe("once", 2)
        publisher.connect("twice")
        publisher.send(packet.publish("once", "x", 2, 7))
        publisher.expect(packet.PUBREC)
        publisher.send(packet.publish("once", "x", 2, 7, dup=True))
        publisher.expect(packet.PUBREC)
        publisher.send(packet.acknowledge(packet.PUBREL, 7))
        publisher.expect(packet.PUBCOMP)
        publisher.send(packet.publish("once", "end", 2, 8))
        publisher.expect(packet.PUBREC)
        publisher.send(packet.acknowledge(packet.PUBREL, 8))
        publisher.expect(packet.PUBCOMP)
        assert [m.payload for m in subscriber.wait_for(2)] == [b"x", b"end"]


def test_the_offline_queue_is_bounded_by_max_queued_messages(make_broker):
    broker = make_broker("allow_anonymous true", "max_queued_messages 10",
                         "max_inflight_messages 5")
    with Client(broker.port, "bounded", **keep_session(V311)) as sleeper:
        sleeper.subscribe("bounded", 1)
    with Client(broker.port) as publisher:
        for i in range(100):
            publisher.publish("bounded", str(i))
    with Client(broker.port, "bounded", **keep_session(V311)) as awake:
        awake.subscribe("bounded/end", 1)
        wait_until(lambda: len(awake.messages) >= 10)
        stays_true(lambda: len(awake.messages) <= 15, 0.2, "the bound of the queue")
        kept = [int(m.payload) for m in awake.messages]
    assert kept == sorted(kept)


@MODERN
def test_a_second_client_of_the_same_name_takes_over(broker, version):
    level = int(version)
    name = f"twin{level}"
    with Wire.to(broker.port) as old, Wire.to(broker.port) as new:
        old.connect(name, level=level, clean=False)
        new.connect(name, level=level, clean=False)
        if version == V5:
            assert old.expect(packet.DISCONNECT).body[0] == TAKEN_OVER
        assert old.receive() is None
        new.send(packet.packet(packet.PINGREQ, 0, b""))
        new.expect(packet.PINGRESP)


def test_a_session_ends_when_its_expiry_has_passed(broker):
    with Client(broker.port, "mayfly", V5, clean=False, expiry=1) as client:
        client.subscribe("mayfly", 1)
    let_pass(2.2)
    with Client(broker.port, "mayfly", V5, clean=False, expiry=1) as client:
        assert client.connections == [(0, 0)]


def test_a_v5_session_without_expiry_ends_with_its_connection(broker):
    with Client(broker.port, "momentary", V5, clean=False) as client:
        client.subscribe("momentary", 1)
    with Client(broker.port, "momentary", V5, clean=False) as client:
        assert client.connections == [(0, 0)]


def test_an_empty_client_id_is_assigned_one_and_told_so(broker):
    with Wire.to(broker.port) as wire:
        connack = wire.connect("", level=packet.V5)
        assert connack.body[1] == 0
        assert b"\x12" in connack.body[2:], "no Assigned Client Identifier"
    with Wire.to(broker.port) as wire:
        assert wire.connect("", level=packet.V311).body == b"\0\0"
    with Wire.to(broker.port) as wire:
        wire.send(packet.connect("", level=packet.V311, clean=False))
        assert wire.expect(packet.CONNACK).body == b"\0\2"
        assert wire.receive() is None


# --- limits -----------------------------------------------------------------------------------

@MODERN
def test_a_silent_client_is_closed_after_one_and_a_half_keep_alives(broker, version):
    with Wire.to(broker.port) as wire:
        wire.connect(f"silent{int(version)}", level=int(version), keepalive=2)
        start = time.monotonic()
        found = wire.receive(8)
        if found is not None:
            assert (version, found.type) == (V5, packet.DISCONNECT)
            assert wire.receive() is None
        assert 2.9 <= time.monotonic() - start <= 4.5 * SLACK


def test_a_pinging_client_stays(broker):
    with Wire.to(broker.port) as wire:
        wire.connect("pinging", keepalive=1)
        for _ in range(4):
            let_pass(0.8)
            wire.send(packet.packet(packet.PINGREQ, 0, b""))
            wire.expect(packet.PINGRESP)


def test_no_more_than_the_receive_maximum_is_in_flight(broker):
    with Wire.to(broker.port) as wire:
        wire.connect("narrow", level=packet.V5, props=[(packet.RECEIVE_MAXIMUM, u16(3))])
        wire.send(packet.subscribe(1, [("narrow", 1)], packet.V5))
        wire.expect(packet.SUBACK)
        with Client(broker.port) as publisher:
            for i in range(10):
                publisher.publish("narrow", str(i))
        ids = [packet.packet_id_of(wire.expect(packet.PUBLISH), packet.V5) for _ in range(3)]
        assert wire.is_silent(0.3)
        wire.send(packet.acknowledge(packet.PUBACK, ids[0]))
        wire.expect(packet.PUBLISH)
        assert wire.is_silent(0.3)


def test_max_inflight_messages_bounds_an_old_client(make_broker):
    broker = make_broker("allow_anonymous true", "max_inflight_messages 4")
    with Wire.to(broker.port) as wire, Client(broker.port) as publisher:
        wire.connect("old")
        wire.send(packet.subscribe(1, [("old", 1)]))
        wire.expect(packet.SUBACK)
        for i in range(10):
            publisher.publish("old", str(i))
        for _ in range(4):
            wire.expect(packet.PUBLISH)
        assert wire.is_silent(0.3)


def test_a_client_never_gets_a_packet_above_its_maximum_packet_size(broker):
    with Wire.to(broker.port) as wire, Client(broker.port) as publisher:
        wire.connect("small", level=packet.V5, props=[(packet.MAXIMUM_PACKET_SIZE, u32(200))])
        wire.send(packet.subscribe(1, [("small", 1)], packet.V5))
        wire.expect(packet.SUBACK)
        publisher.publish("small", b"x" * 1000)
        publisher.publish("small", b"fits")
        assert packet.published(wire.expect(packet.PUBLISH), packet.V5).payload == b"fits"


def test_a_packet_above_max_packet_size_ends_the_connection(make_broker):
    broker = make_broker("allow_anonymous true", "max_packet_size 2000")
    with Wire.to(broker.port) as wire:
        wire.connect("big", level=packet.V5)
        wire.send(packet.publish("big", b"x" * 3000, 1, 1, level=packet.V5))
        assert wire.expect(packet.DISCONNECT).body[0] == PACKET_TOO_LARGE
        assert wire.receive() is None
    with Wire.to(broker.port) as wire:
        wire.connect("big", level=packet.V311)
        wire.send(packet.publish("big", b"x" * 3000, 1, 1))
        assert wire.receive() is None
    assert mosquitto_pub(broker.port, "big", b"x" * 1500) == 0


def test_two_megabytes_are_above_the_default_max_packet_size(broker):
    with Wire.to(broker.port) as wire:
        wire.connect("too-big", level=packet.V5)
        try:
            wire.send(packet.publish("big", b"x" * 2_000_000, 1, 1, level=packet.V5))
        except OSError:
            pass
        found = wire.receive()
        assert found is None or (found.type, found.body[0]) == (packet.DISCONNECT, PACKET_TOO_LARGE)
    assert mosquitto_pub(broker.port, "big", b"x" * 1_900_000) == 0


def test_anonymous_clients_are_refused_when_they_are_not_allowed(make_broker):
    broker = make_broker("allow_anonymous false")
    with Wire.to(broker.port) as wire:
        assert wire.connect("nobody", level=packet.V311).body == bytes([0, REFUSED])
        assert wire.receive() is None
    with Wire.to(broker.port) as wire:
        assert wire.connect("nobody", level=packet.V5).body[1] == NOT_AUTHORIZED
        assert wire.receive() is None


def test_a_listener_in_the_file_refuses_anonymous_clients_by_default(make_broker):
    broker = make_broker("# nothing allowed")
    with Wire.to(broker.port) as wire:
        assert wire.connect("nobody", level=packet.V311).body == bytes([0, REFUSED])


def test_an_unknown_protocol_version_is_refused(broker):
    with Wire.to(broker.port) as wire:
        wire.send(packet.connect("future", level=9))
        found = wire.receive()
        if found is not None:
            assert (found.type, found.body[1]) in [(packet.CONNACK, 1), (packet.CONNACK, 0x84)]
            assert wire.receive() is None


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\n\r\n",
    packet.packet(packet.PUBLISH, 0, packet.string("t") + b"before connect"),
    packet.packet(packet.CONNACK, 0, b"\0\0"),
    b"\x10\xff\xff\xff\xff\xff",
    b"\x00\x00",
], ids=["http", "publish first", "connack", "endless length", "type 0"])
def test_what_is_not_mqtt_is_closed_and_nobody_else_notices(broker, garbage):
    with Wire.to(broker.port) as neighbour, Wire.to(broker.port) as wire:
        neighbour.connect("neighbour")
        wire.send(garbage)
        assert wire.receive() is None
        neighbour.send(packet.packet(packet.PINGREQ, 0, b""))
        neighbour.expect(packet.PINGRESP)
