# SPDX-License-Identifier: MIT
"""What MQTT 5 adds, between a real client and belfry-broker."""
import struct

import pytest

import packet
from broker import Broker
from mqtt import V5, V311, Client, mosquitto_pub
from packet import Wire
from wait import let_pass, stays_true, wait_until

TOPIC_ALIAS, TOPIC_ALIAS_MAXIMUM = 0x23, 0x22
DISCONNECT_WITH_WILL = 0x04
MALFORMED, PROTOCOL_ERROR, ALIAS_INVALID = 0x81, 0x82, 0x94


def v5_publish(topic, payload, props=b""):
    body = packet.string(topic) + packet.length(len(props)) + props + payload
    return packet.packet(packet.PUBLISH, 0, body)


def test_properties_of_a_message_arrive_with_it(broker):
    with Client(broker.port) as subscriber, Client(broker.port) as publisher:
        subscriber.subscribe("properties", 1)
        publisher.publish("properties", "x", ContentType="text/plain", ResponseTopic="answers/7",
                          CorrelationData=b"\0\1\2", PayloadFormatIndicator=1,
                          UserProperty=[("a", "1"), ("b", "2"), ("a", "3")])
        seen = subscriber.wait_for(1)[0].properties
    assert (seen.ContentType, seen.ResponseTopic) == ("text/plain", "answers/7")
    assert (seen.CorrelationData, seen.PayloadFormatIndicator) == (b"\0\1\2", 1)
    assert seen.UserProperty == [("a", "1"), ("b", "2"), ("a", "3")]


def test_a_message_waits_no_longer_than_its_expiry(broker):
    with Client(broker.port, "expiry", clean=False, expiry=60) as sleeper:
        sleeper.subscribe("expiry/#", 1)
    with Client(broker.port) as publisher:
        publisher.publish("expiry/short", "x", MessageExpiryInterval=1)
        publisher.publish("expiry/long", "x", MessageExpiryInterval=100)
    let_pass(2.1)
    with Client(broker.port, "expiry", clean=False, expiry=60) as awake:
        message, = awake.wait_for(1)
        assert message.topic == "expiry/long"
        assert 90 <= message.properties.MessageExpiryInterval < 100
        stays_true(lambda: len(awake.messages) == 1, 0.2)


def test_a_retained_message_expires(broker):
    with Client(broker.port) as publisher:
        publisher.publish("expiring", "x", retain=True, MessageExpiryInterval=1)
    let_pass(2.1)
    with Client(broker.port) as late:
        late.subscribe("expiring")
        late.publish("expiring", "live")
        assert late.wait_for(1)[0].payload == b"live"


def test_a_client_may_name_a_topic_once_and_then_use_its_alias(broker):
    with Client(broker.port) as subscriber, Wire.to(broker.port) as publisher:
        subscriber.subscribe("alias/#", 0)
        publisher.connect("alias", level=packet.V5)
        alias = bytes([TOPIC_ALIAS]) + b"\0\1"
        publisher.send(v5_publish("alias/long/topic", b"1", alias) + v5_publish("", b"2", alias))
        assert [(m.topic, m.payload) for m in subscriber.wait_for(2)] == [
            ("alias/long/topic", b"1"), ("alias/long/topic", b"2")]


@pytest.mark.parametrize("number", [0, 11, 65535])
def test_an_alias_above_the_announced_maximum_ends_the_connection(broker, number):
    with Wire.to(broker.port) as publisher:
        connack = publisher.connect("alias-high", level=packet.V5)
        assert bytes([TOPIC_ALIAS_MAXIMUM]) + b"\0\x0a" in connack.body
        publisher.send(v5_publish("t", b"x", bytes([TOPIC_ALIAS]) + struct.pack(">H", number)))
        assert publisher.expect(packet.DISCONNECT).body[0] == ALIAS_INVALID
        assert publisher.receive() is None


def test_subscription_identifiers_come_back_with_each_message(broker):
    with Client(broker.port) as subscriber, Client(broker.port) as publisher:
        subscriber.subscribe("id/a", 1, identifier=7)
        subscriber.subscribe("id/b", 1, identifier=200_000)
        publisher.publish("id/a", "x")
        publisher.publish("id/b", "x")
        assert [m.properties.SubscriptionIdentifier for m in subscriber.wait_for(2)] == [
            [7], [200_000]]


def test_no_local_keeps_a_client_from_hearing_itself(broker):
    with Client(broker.port) as client, Client(broker.port) as other:
        client.subscribe("local", 1, noLocal=True)
        client.publish("local", "own")
        other.publish("local", "other's")
        assert client.wait_for(1)[0].payload == b"other's"
        stays_true(lambda: len(client.messages) == 1, 0.1)


@pytest.mark.parametrize("handling, again, expected", [(0, True, 2), (1, True, 1), (2, False, 0)])
def test_retain_handling(broker, handling, again, expected):
    topic = f"handling/{handling}"
    with Client(broker.port) as client:
        client.publish(topic, "kept", retain=True)
        client.subscribe(topic, 1, retainHandling=handling)
        if again:
            client.subscribe(topic, 1, retainHandling=handling)
        client.subscribe("handling/end", 1)
        client.publish("handling/end", "end")
        wait_until(lambda: client.on("handling/end"))
        assert len(client.on(topic)) == expected


def test_retain_as_published_keeps_the_flag(broker):
    with Client(broker.port) as subscriber, Client(broker.port) as publisher:
        subscriber.subscribe("as-published", 1, retainAsPublished=True)
        publisher.publish("as-published", "x", retain=True)
        publisher.publish("as-published", "y")
        assert [m.retain for m in subscriber.wait_for(2)] == [1, 0]


def test_shared_subscribers_take_turns(broker):
    with Client(broker.port) as one, Client(broker.port) as two, Client(broker.port) as publisher:
        for member in (one, two):
            member.subscribe("$share/group/work/#", 1)
        for number in range(20):
            publisher.publish("work/a", str(number), qos=1)
        assert len(one.wait_for(10)) == len(two.wait_for(10)) == 10


def test_a_will_waits_for_its_delay_and_is_forgotten_when_the_client_is_back(broker):
    with Client(broker.port) as witness:
        witness.subscribe("delayed/#", 1)
        for name in ("gone", "back"):
            client = Client(broker.port, f"delayed-{name}", clean=False, expiry=60, will_delay=1,
                            will=(f"delayed/{name}", "x", 1, False))
            client.connect()
            client.drop()
        with Client(broker.port, "delayed-back", clean=False, expiry=60):
            assert not witness.messages
            assert witness.wait_for(1, 5)[0].topic == "delayed/gone"
            stays_true(lambda: len(witness.messages) == 1, 0.3)


def test_a_client_may_ask_for_its_will_when_it_leaves(broker):
    with Client(broker.port) as witness, Wire.to(broker.port) as wire:
        witness.subscribe("asked", 1)
        wire.connect("asks", level=packet.V5, will=("asked", "x", 1))
        wire.send(packet.packet(packet.DISCONNECT, 0, bytes([DISCONNECT_WITH_WILL, 0])))
        assert witness.wait_for(1)[0].payload == b"x"


def test_a_message_nobody_subscribed_to_is_answered_so(broker):
    no_matching_subscribers = 0x10
    with Wire.to(broker.port) as wire:
        wire.connect("lonely", level=packet.V5)
        wire.send(packet.publish("nobody/listens", "x", 1, 9, level=packet.V5))
        answer = wire.expect(packet.PUBACK)
        assert packet.packet_id_of(answer) == 9
        assert answer.body[2:3] in (b"", b"\0", bytes([no_matching_subscribers]))


@pytest.mark.parametrize("bad, reasons", [
    (packet.publish("wild/+/card", "x", 0, level=packet.V5), {0x90, PROTOCOL_ERROR, MALFORMED}),
    (packet.publish("t", "x", 3, 1, level=packet.V5), {MALFORMED}),
    (packet.publish("t", "x", 1, 0, level=packet.V5), {MALFORMED, PROTOCOL_ERROR}),
    (packet.publish(b"\xc3\x28", "x", 0, level=packet.V5), {MALFORMED, 0x90}),
    (packet.packet(packet.SUBSCRIBE, 2, b"\0\1\0"), {MALFORMED, PROTOCOL_ERROR}),
    (packet.subscribe(1, [("a/#/b", 0)], packet.V5), {MALFORMED, 0x8F, PROTOCOL_ERROR, None}),
    (v5_publish("t", b"x", b"\x99\0"), {MALFORMED, PROTOCOL_ERROR}),
    (packet.connect("again", level=packet.V5), {PROTOCOL_ERROR}),
], ids=["wildcard", "qos 3", "packet id 0", "utf-8", "no filter", "bad filter", "property",
        "second connect"])
def test_a_malformed_packet_is_answered_with_its_reason(broker, bad, reasons):
    with Wire.to(broker.port) as wire:
        wire.connect("malformed", level=packet.V5)
        wire.send(bad)
        found = wire.receive()
        if found.type == packet.SUBACK:
            assert None in reasons and found.body[-1] == 0x8F
            return
        assert found.type == packet.DISCONNECT and found.body[0] in reasons
        assert wire.receive() is None


def test_old_and_new_clients_share_retained_messages_and_sessions(broker):
    assert mosquitto_pub(broker.port, "shared/state", "x", retain=True, version="mqttv311") == 0
    with Client(broker.port, "shared", V5, clean=False, expiry=60) as client:
        client.subscribe("shared/+", 1)
        assert client.wait_for(1)[0].payload == b"x"
    assert mosquitto_pub(broker.port, "shared/other", "y", version="mqttv31") == 0
    with Client(broker.port, "shared", V311, clean=False) as client:
        assert client.connections == [(1, 0)]
        assert client.wait_for(1)[0].payload == b"y"


def test_subscribers_may_learn_who_published(scratch):
    broker = Broker(scratch.folder("broker"),
                    ["allow_anonymous true", "publisher_properties true"]).start()
    reader, writer = Client(broker.port, "reader"), Client(broker.port, "writer")
    reader.connect()
    reader.subscribe("t")
    writer.connect()
    writer.publish("t", "x", UserProperty=[("belfry-client", "root"), ("a", "b")])
    told = reader.wait_for(1)[0].properties.UserProperty
    assert told[:2] == [("a", "b"), ("belfry-client", "writer")]
    name, address = told[2]
    assert name == "belfry-address" and address.startswith("127.0.0.1:") and len(told) == 3
    reader.close()
    writer.close()
