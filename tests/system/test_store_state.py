# SPDX-License-Identifier: MIT
"""
What a session is, across a kill of its broker: subscriptions with their options, packet
identifiers, half-done handshakes, queues, how long it has to live.
"""
import struct

import pytest

import packet
from mqtt import Client
from mqtt import V5 as PAHO_V5
from packet import NO_LOCAL, PUBCOMP, PUBLISH, PUBREC, PUBREL, RETAIN_AS_PUBLISHED, V5, V311
from rig import Scratch
from store import Session, StoredBroker, numbers, rest, settle, text
from wait import let_pass

LEVELS = pytest.mark.parametrize("level", [V311, V5], ids=["3.1.1", "5"])


@pytest.fixture(scope="module")
def broker():
    with Scratch() as scratch:
        broker = StoredBroker(scratch.folder("broker")).start()
        yield broker
        assert broker.end() == 0, "the broker's exit status after SIGTERM"


@pytest.fixture
def name(request, broker):
    """Client ids and topics of this test's own: the broker is one for all, and forgets nothing."""
    if not broker.process.is_running():
        broker.start()  # a test before this one has failed on its way
    return request.node.name.replace("/", "-").replace("#", "")


def send(broker, topic, count=1, first=0, qos=1, **how):
    with Session(broker.port, "a-sender", clean=True) as sender:
        for n in range(first, first + count):
            sender.publish(topic, text(topic, n), qos, **how)


def back(broker, client_id, level=V311, **how):
    """The session after a kill and a new start."""
    session = Session(broker.port, client_id, level, **how)
    assert session.present, f"the session of {client_id} is gone"
    return session


# --- subscriptions -------------------------------------------------------------------------------

def test_subscriptions_keep_their_options(broker, name):
    """Found in what arrives: QoS, No Local, Retain As Published, Subscription Identifier."""
    me = Client(broker.port, name, PAHO_V5, clean=False, expiry=3600)
    me.connect()
    me.subscribe(f"{name}/q0", 0)
    me.subscribe(f"{name}/q1", 1, identifier=268435455)
    me.subscribe(f"{name}/q2/#", 2, identifier=1)
    me.subscribe(f"{name}/q2/two", 1, identifier=2)
    me.subscribe(f"{name}/mine", 1, noLocal=True)
    me.subscribe(f"{name}/published", 1, retainAsPublished=True)
    me.subscribe(f"{name}/plain", 1)
    me.subscribe(f"{name}/end", 1)
    me.close()
    broker.restart()
    me = Client(broker.port, name, PAHO_V5, clean=False, expiry=3600)
    assert me.connect() == (1, 0)
    with Client(broker.port) as other:
        for level in "q0", "q1", "q2/x", "q2/two":
            other.publish(f"{name}/{level}", "x", 2)
        other.publish(f"{name}/published", "x", 1, retain=True)
        other.publish(f"{name}/plain", "x", 1, retain=True)
        me.publish(f"{name}/mine", "x", 1)
        other.publish(f"{name}/mine", "other", 1)
        other.publish(f"{name}/end", "x", 1)
    got = {m.topic[len(name) + 1:]: m for m in me.wait_for(8)}
    assert {topic: m.qos for topic, m in got.items()} == {
        "q0": 0, "q1": 1, "q2/x": 2, "q2/two": 2, "published": 1, "plain": 1, "mine": 1, "end": 1}
    assert got["mine"].payload == b"other" and len(me.messages) == 8
    assert (got["published"].retain, got["plain"].retain) == (True, False)
    identifiers = {topic: sorted(getattr(m.properties, "SubscriptionIdentifier", []))
                   for topic, m in got.items()}
    assert {t: i for t, i in identifiers.items() if i} == {
        "q1": [268435455], "q2/x": [1], "q2/two": [1, 2]}
    me.close()


def test_a_changed_subscription_is_the_one_that_is_kept(broker, name):
    with Session(broker.port, name, V5) as me:
        me.subscribe(name, qos=0 | RETAIN_AS_PUBLISHED | NO_LOCAL)
        me.subscribe(name, qos=2)
    broker.restart()
    send(broker, name, qos=2)
    with back(broker, name, V5) as me:
        assert [m.qos for m in me.messages(1)] == [2]


def test_unsubscribe_is_kept(broker, name):
    with Session(broker.port, name) as me:
        me.subscribe(f"{name}/a", f"{name}/b", f"{name}/end")
        me.unsubscribe(f"{name}/a")
    broker.restart()
    send(broker, f"{name}/a")
    send(broker, f"{name}/b")
    with back(broker, name) as me:
        assert [m.topic for m in rest(broker, me, f"{name}/end")] == [f"{name}/b"]


def test_a_shared_subscription_is_still_shared(broker, name):
    for member in "one", "two":
        with Session(broker.port, f"{name}-{member}", V5) as me:
            me.subscribe(f"$share/group/{name}/q", qos=1)
            me.subscribe(f"{name}/end", qos=1)
    send(broker, f"{name}/q", 10)
    broker.restart()
    send(broker, f"{name}/q", 10, first=10)
    got = []
    for member in "one", "two":
        with back(broker, f"{name}-{member}", V5) as me:
            got += numbers(rest(broker, me, f"{name}/end"))
    assert sorted(got) == list(range(20)), "each of the group's messages goes to one of them"


# --- which sessions there are --------------------------------------------------------------------

def test_a_clean_start_ends_a_session_for_good(broker, name):
    with Session(broker.port, name) as me:
        me.subscribe(name)
    send(broker, name, 3)
    Session(broker.port, name, clean=True).close()
    broker.restart()
    with Session(broker.port, name) as me:
        assert not me.present
        me.subscribe(f"{name}/end")
        send(broker, name)
        assert rest(broker, me, f"{name}/end") == []


@LEVELS
def test_a_session_that_ends_with_its_connection_leaves_nothing(broker, name, level):
    """Connected when the broker dies: it has no more business afterwards."""
    me = Session(broker.port, name, level, clean=True, expiry=0)
    me.subscribe(name, f"{name}/end")
    settle(broker)
    broker.restart()
    send(broker, name)
    with Session(broker.port, name, level) as me:
        assert not me.present
        me.subscribe(f"{name}/end")
        assert rest(broker, me, f"{name}/end") == []


@LEVELS
def test_a_session_that_was_connected_is_there_and_takes_messages_meanwhile(broker, name, level):
    me = Session(broker.port, name, level, expiry=3600)
    me.subscribe(f"{name}/#")
    broker.restart()
    send(broker, f"{name}/q", 5)
    with back(broker, name, level) as me:
        assert numbers(me.messages(5)) == list(range(5))


def test_a_sessions_time_runs_on_while_the_broker_is_down(broker, name):
    for expiry in 2, 3600:
        Session(broker.port, f"{name}-{expiry}", V5, expiry=expiry).close()
    settle(broker)
    broker.kill()
    let_pass(2.5)
    broker.start()
    for expiry in 2, 3600:
        with Session(broker.port, f"{name}-{expiry}", V5, expiry=expiry) as me:
            assert me.present == (expiry == 3600), f"a session of {expiry} s"


def test_a_sessions_time_does_not_begin_anew_with_each_start(broker, name):
    Session(broker.port, name, V5, expiry=3).close()
    settle(broker)
    for _ in range(3):
        broker.restart()
        let_pass(1.2)
    with Session(broker.port, name, V5, expiry=0) as me:
        assert not me.present


def test_what_disconnect_says_of_the_time_is_kept(broker, name):
    """[v5 3.14.2.2.2] a session of an hour that shall live for a second after all."""
    me = Session(broker.port, name, V5, expiry=3600)
    expiry = packet.properties([(packet.SESSION_EXPIRY, struct.pack(">I", 1))])
    me.send(packet.packet(packet.DISCONNECT, 0, b"\0" + expiry))
    assert me.receive() is None
    settle(broker)
    broker.restart()
    let_pass(1.5)
    with Session(broker.port, name, V5, expiry=0) as me:
        assert not me.present


# --- half-done handshakes, as a publisher --------------------------------------------------------

@LEVELS
def test_a_publish_between_pubrec_and_pubrel_is_delivered_once(broker, name, level):
    with Session(broker.port, f"{name}-reader") as reader:
        reader.subscribe(f"{name}/#")
    sender, topic = Session(broker.port, name, level), f"{name}/q"
    sender.send(packet.publish(topic, text(topic, 0), 2, 7, level=level))
    sender.await_answer(PUBREC, 7)
    broker.restart()
    with back(broker, name, level) as sender:
        # The publisher may not know either that its PUBREC came: first once more, then the rest.
        sender.send(packet.publish(topic, text(topic, 0), 2, 7, dup=True, level=level))
        sender.await_answer(PUBREC, 7)
        sender.send(packet.acknowledge(PUBREL, 7))
        sender.await_answer(PUBCOMP, 7)
    broker.restart()
    with back(broker, name, level) as sender:
        sender.send(packet.acknowledge(PUBREL, 7))
        sender.await_answer(PUBCOMP, 7)
        sender.send(packet.publish(topic, text(topic, 1), 2, 7, level=level))
        sender.await_answer(PUBREC, 7)
        sender.send(packet.acknowledge(PUBREL, 7))
        sender.await_answer(PUBCOMP, 7)
    with back(broker, f"{name}-reader") as reader:
        assert numbers(rest(broker, reader, f"{name}/end")) == [0, 1]


def test_twenty_publishes_between_pubrec_and_pubrel(broker, name):
    with Session(broker.port, f"{name}-reader") as reader:
        reader.subscribe(f"{name}/#")
    sender, topic = Session(broker.port, name), f"{name}/q"
    for n in range(20):
        sender.send(packet.publish(topic, text(topic, n), 2, 100 + n))
        sender.await_answer(PUBREC, 100 + n)
    broker.restart()
    with back(broker, name) as sender:
        for n in range(20):
            sender.send(packet.acknowledge(PUBREL, 100 + n))
            sender.await_answer(PUBCOMP, 100 + n)
    with back(broker, f"{name}-reader") as reader:
        assert numbers(rest(broker, reader, f"{name}/end")) == list(range(20))


# --- half-done handshakes, as a receiver ---------------------------------------------------------

def receive(session, count):
    return [session.next_message() for _ in range(count)]


@LEVELS
@pytest.mark.parametrize("qos", [1, 2])
def test_unacknowledged_messages_come_again_with_dup_and_their_identifiers(broker, name, qos,
                                                                           level):
    with Session(broker.port, name, level) as me:
        me.subscribe(f"{name}/#")
        send(broker, f"{name}/q", 8, qos=qos)
        before = receive(me, 8)
        if qos == 1:
            settle(broker)  # that an identifier was given may be committed after its delivery
        broker.kill()
    broker.start()
    with back(broker, name, level) as me:
        again = receive(me, 8)
        assert [(m.packet_id, m.payload) for m in again] == [
            (m.packet_id, m.payload) for m in before]
        assert all(m.dup and m.qos == qos for m in again)
        me.kept = again
        assert numbers(me.messages(8)) == list(range(8))
        assert rest(broker, me, f"{name}/end") == []


@LEVELS
def test_after_pubrec_only_pubrel_comes_again(broker, name, level):
    with Session(broker.port, name, level) as me:
        me.subscribe(f"{name}/#")
        send(broker, f"{name}/q", 3, qos=2)
        first, second, third = receive(me, 3)
        me.send(packet.acknowledge(PUBREC, first.packet_id))
        assert packet.packet_id_of(me.expect(PUBREL)) == first.packet_id
        broker.kill()
    broker.start()
    with back(broker, name, level) as me:
        found = [me.receive() for _ in range(3)]
        said = [(p.type, packet.packet_id_of(p, level)) for p in found]
        assert sorted(said) == sorted([(PUBREL, first.packet_id), (PUBLISH, second.packet_id),
                                       (PUBLISH, third.packet_id)])
        me.send(packet.acknowledge(PUBCOMP, first.packet_id))
        me.kept = [packet.published(p, level) for p in found if p.type == PUBLISH]
        assert numbers(me.messages(2)) == [1, 2]
        assert rest(broker, me, f"{name}/end") == []


def test_an_identifier_in_use_is_not_given_to_another_message(broker, name):
    """The reader remembers what it holds: a new message under that number would be swallowed."""
    with Session(broker.port, name) as me:
        me.subscribe(f"{name}/#")
        send(broker, f"{name}/q", 5, qos=2)
        held = {m.packet_id for m in receive(me, 5)}
    broker.restart()
    send(broker, f"{name}/q", 10, first=5, qos=2)
    with back(broker, name) as me:
        found = receive(me, 15)
    assert {m.packet_id for m in found if m.dup} == held
    assert not held & {m.packet_id for m in found if not m.dup}


# --- queues --------------------------------------------------------------------------------------

def test_one_message_for_fifty_sessions(broker, name):
    for n in range(50):
        with Session(broker.port, f"{name}-{n}") as me:
            me.subscribe(f"{name}/#", qos=1 + n % 2)
    send(broker, f"{name}/q", 5, qos=2)
    broker.restart()
    for n in range(50):
        with back(broker, f"{name}-{n}") as me:
            found = me.messages(5)
            assert numbers(found) == list(range(5)) and {m.qos for m in found} == {1 + n % 2}
        if n == 25:
            broker.restart()


def test_small_and_large_messages_are_unchanged(broker, name):
    payloads = [b"", b"\0", bytes(range(256)) * 16, bytes(range(256)) * 7400]
    topics = [f"{name}/{end}" for end in ("x" * 400, "grün/☃", "/", "/".join("a" * 90))]
    with Session(broker.port, name) as me:
        me.subscribe(f"{name}/#")
    with Session(broker.port, "a-sender", clean=True) as sender:
        for topic, payload in zip(topics, payloads):
            sender.publish(topic, payload, 1)
    broker.restart()
    with back(broker, name) as me:
        assert [(m.topic, m.payload) for m in me.messages(4)] == list(zip(topics, payloads))


def test_properties_of_a_message_are_kept(broker, name):
    properties = {"ContentType": "text/plain", "ResponseTopic": "answer/here",
                  "CorrelationData": b"\0\1\2", "PayloadFormatIndicator": 1,
                  "UserProperty": [("a", "1"), ("a", "2"), ("", "ü")]}
    me = Client(broker.port, name, PAHO_V5, clean=False, expiry=3600)
    me.connect()
    me.subscribe(name, 2)
    me.close()
    with Client(broker.port, "", PAHO_V5) as sender:
        sender.publish(name, "text", 2, retain=True, **properties)
    broker.restart()
    assert me.connect() == (1, 0)
    with Client(broker.port, "", PAHO_V5) as reader:
        reader.subscribe(name, 1)
        for found in me.wait_for(1) + reader.wait_for(1):
            for key, value in properties.items():
                assert getattr(found.properties, key) == value, key
    me.close()
