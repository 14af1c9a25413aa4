# SPDX-License-Identifier: MIT
"""
What waits for somebody, across a kill of its broker: retained messages, wills, messages with a
time to live, and who may have them afterwards.
"""
import struct
import time

import pytest

import packet
from broker import free_port
from mqtt import V311 as PAHO_V311
from mqtt import V5 as PAHO_V5
from mqtt import Client
from packet import V5, V311
from rig import Scratch
from store import LINES, Session, StoredBroker, numbers, rest, retained, settle, text
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
    return request.node.name


def keep(broker, topic, number, qos=1):
    """Retain text(topic, number), or clear the topic with None."""
    payload = b"" if number is None else text(topic, number)
    with Session(broker.port, "a-keeper", clean=True) as keeper:
        keeper.publish(topic, payload, qos, retain=True)


def expect_kept(broker, name, expected):
    """{level below `name`: number}, and nothing else below it."""
    found = retained(broker, f"{name}/#", len(expected))
    assert found == {f"{name}/{level}": text(f"{name}/{level}", number)
                     for level, number in expected.items()}


# --- retained messages ---------------------------------------------------------------------------

def test_the_newest_retained_message_is_the_one_that_is_kept(broker, name):
    for n in range(5):
        for qos in 0, 1, 2:
            keep(broker, f"{name}/{qos}", n, qos)
    settle(broker)
    broker.restart()
    expect_kept(broker, name, {"0": 4, "1": 4, "2": 4})
    keep(broker, f"{name}/1", 9)
    broker.restart()
    expect_kept(broker, name, {"0": 4, "1": 9, "2": 4})


def test_a_cleared_topic_stays_cleared(broker, name):
    for topic in "a", "b", "c":
        keep(broker, f"{name}/{topic}", 1)
    keep(broker, f"{name}/b", None)
    broker.restart()
    expect_kept(broker, name, {"a": 1, "c": 1})
    keep(broker, f"{name}/a", None)
    keep(broker, f"{name}/b", 2)
    broker.restart()
    expect_kept(broker, name, {"b": 2, "c": 1})


def test_a_topic_between_others_and_its_wildcards(broker, name):
    topics = ["a", "a/b", "a/b/c", "a/bb", "a//c", "b", "$not/a"]
    for n, topic in enumerate(topics):
        keep(broker, f"{name}/{topic}", n)
    broker.restart()
    assert set(retained(broker, f"{name}/+/b")) == {f"{name}/a/b"}
    assert set(retained(broker, f"{name}/a/+/c")) == {f"{name}/a/b/c", f"{name}/a//c"}
    expect_kept(broker, name, {topic: n for n, topic in enumerate(topics)})


def test_two_thousand_retained_messages_that_change(broker, name):
    """Thrice over two thousand topics, every seventh cleared at last; a kill after each round."""
    topics = [f"{name}/{n % 40}/{n // 40}" for n in range(2000)]
    for turn in range(3):
        with Session(broker.port, "a-keeper", clean=True) as keeper:
            list(keeper.publish_all([(topic, text(topic, turn)) for topic in topics], retain=True))
        broker.restart()
    with Session(broker.port, "a-keeper", clean=True) as keeper:
        list(keeper.publish_all([(topic, b"") for topic in topics[::7]], retain=True))
    broker.restart()
    left = [topic for n, topic in enumerate(topics) if n % 7]
    expect_kept(broker, name, {topic[len(name) + 1:]: 2 for topic in left})


# --- messages with a time to live ----------------------------------------------------------------

def test_a_messages_time_runs_on_while_the_broker_is_down(broker, name):
    """Queued and retained; what is left of its time is said with it."""
    me = Client(broker.port, name, PAHO_V5, clean=False, expiry=3600)
    me.connect()
    me.subscribe(f"{name}/#", 1)
    me.close()
    with Client(broker.port, "", PAHO_V5) as sender:
        for seconds in 1, 100:
            sender.publish(f"{name}/q/{seconds}", "x", 1, MessageExpiryInterval=seconds)
            sender.publish(f"{name}/r/{seconds}", "x", 1, retain=True,
                           MessageExpiryInterval=seconds)
        sender.publish(f"{name}/q/ever", "x", 1)
    sent = time.monotonic()
    broker.kill()
    let_pass(2.2)
    broker.start()
    assert me.connect() == (1, 0)
    with Client(broker.port, "", PAHO_V5) as reader:
        reader.subscribe(f"{name}/r/#", 1)
        new, = reader.wait_for(1)
        reader.publish(f"{name}/end", "x", 1)
        me.wait_for(4)
        took = time.monotonic() - sent
    got = {m.topic[len(name) + 1:]: m for m in me.messages}
    assert set(got) == {"q/100", "r/100", "q/ever", "end"}
    for message in got["q/100"], got["r/100"], new:
        left = message.properties.MessageExpiryInterval
        assert 100 - took - 1 <= left <= 98, left
    assert not hasattr(got["q/ever"].properties, "MessageExpiryInterval")
    me.close()


def test_a_messages_time_does_not_begin_anew_with_each_start(broker, name):
    with Session(broker.port, f"{name}-reader", V5) as me:
        me.subscribe(f"{name}/#", qos=1)
    with Client(broker.port, "", PAHO_V5) as sender:
        sender.publish(f"{name}/q", "x", 1, MessageExpiryInterval=3)
        sender.publish(f"{name}/r", "x", 1, retain=True, MessageExpiryInterval=3)
    for _ in range(3):
        broker.restart()
        let_pass(1.2)
    assert retained(broker, f"{name}/#") == {}
    with Session(broker.port, f"{name}-reader", V5) as me:
        assert me.present
        assert rest(broker, me, f"{name}/end") == []


# --- wills ---------------------------------------------------------------------------------------

def willing(broker, name, delay):
    """Connected, with a will that waits so many seconds."""
    will = f"wills/{name}", name, 1, [(packet.WILL_DELAY, struct.pack(">I", delay))]
    return Session(broker.port, name, V5, will=will)


def test_a_will_is_published_of_whoever_does_not_come_back(broker, name):
    """Connected at the kill, or gone a moment before it: after their delay, and once."""
    with Session(broker.port, "heir") as heir:
        heir.subscribe("wills/#", "end", qos=1)
    clients = [willing(broker, "gone", 2), willing(broker, "back", 2),
               willing(broker, "patient", 100)]
    willing(broker, "gone-before", 2).close()
    settle(broker)
    broker.kill()
    for client in clients:
        client.close()
    broker.start()
    back = willing(broker, "back", 2)
    assert back.present
    with Session(broker.port, "heir") as heir:
        found = heir.messages(2)
        let_pass(0.5)
        found += rest(broker, heir)
    assert sorted(m.payload for m in found) == [b"gone", b"gone-before"]
    broker.restart()
    with Session(broker.port, "heir") as heir:
        assert {m.payload for m in rest(broker, heir)} <= {b"back"}, "and once"


def test_a_will_that_was_taken_back_is_not_published(broker, name):
    """[v5 MQTT-3.1.2-10] a DISCONNECT takes it back; so does a connection without one."""
    with Session(broker.port, "other-heir") as heir:
        heir.subscribe("wills/#", "end", qos=1)
    polite, silent = willing(broker, "polite", 1), willing(broker, "silent", 1)
    polite.send(packet.packet(packet.DISCONNECT, 0, b""))
    assert polite.receive() is None
    silent.close()
    again = Session(broker.port, "silent", V5)
    again.send(packet.packet(packet.DISCONNECT, 0, b""))
    assert again.receive() is None
    settle(broker)
    broker.restart()
    let_pass(2)
    with Session(broker.port, "other-heir") as heir:
        names = [m.payload for m in rest(broker, heir)]
    assert b"polite" not in names and b"silent" not in names


# --- who may have it -----------------------------------------------------------------------------

def rules(broker, *lines):
    path = broker.folder / "acl"
    path.write_text("\n".join(["topic readwrite end/#", *lines, ""]))
    path.chmod(0o644)


def test_the_rules_of_today_hold_for_what_was_kept_yesterday(scratch):
    """[CVE-2021-34434, CVE-2018-12546] a reader's right, and that of whoever retained it."""
    folder = scratch.folder("own")
    broker = StoredBroker(folder, *LINES, f"acl_file {folder}/acl")
    writers = ["user one", "topic write #", "user two", "topic write #"]
    rules(broker, "user reader", "topic readwrite #", *writers)
    broker.start()
    with Session(broker.port, "reader", user="reader") as reader:
        reader.subscribe("open/#", "secret/#", "end")
    for user in "one", "two":
        with Session(broker.port, f"sender-{user}", clean=True, user=user) as sender:
            for topic in "open", "secret":
                sender.publish(f"{topic}/{user}", text(f"{topic}/{user}", 1), 1)
                sender.publish(f"{topic}/{user}/r", text(f"{topic}/{user}/r", 1), 1, retain=True)
    rules(broker, "user reader", "topic readwrite #", "topic deny secret/#", *writers[:2])
    broker.restart()
    with Session(broker.port, "reader", user="reader") as reader:
        assert reader.present
        topics = {m.topic for m in rest(broker, reader)}
    assert {t for t in topics if t.startswith("open")} >= {"open/one", "open/one/r"}
    assert not {t for t in topics if t.startswith("secret")}, "queued, and forbidden since"
    found = retained(broker, "#", 1, user="reader")
    assert set(found) == {"open/one/r"}, "two may no longer write what two retained"


def test_mount_points_stay_where_they_were(scratch):
    port = free_port()
    broker = StoredBroker(scratch.folder("own"), "mount_point site/", f"listener {port} 127.0.0.1",
                          *LINES).start()
    with Session(broker.port, "inside") as inside, Session(port, "outside") as outside:
        inside.subscribe("q/#")
        outside.subscribe("#")
    with Session(broker.port, "sender", clean=True) as sender:
        sender.publish("q/1", text("q/1", 1), 1)
        sender.publish("q/r", text("q/r", 2), 1, retain=True)
    broker.restart()
    with Session(broker.port, "inside") as inside, Session(port, "outside") as outside:
        assert numbers(inside.messages(2)) == [1, 2]
        assert [m.topic for m in outside.messages(2)] == ["site/q/1", "site/q/r"]
    with Client(broker.port, "", PAHO_V311) as near, Client(port, "", PAHO_V311) as far:
        near.subscribe("q/r")
        far.subscribe("site/q/r")
        assert near.wait_for(1)[0].payload == far.wait_for(1)[0].payload == text("q/r", 2)
