# SPDX-License-Identifier: MIT
"""
acl_file: the same file and the same questions to belfry-broker and to the distribution's
Mosquitto, and what an operator sees of it.
"""
import os
import signal
import subprocess

import pytest

import packet
from broker import MOSQUITTO, Broker, free_port
from packet import V5, V31, V311, Wire
from process import program
from wait import wait_until

NOT_AUTHORIZED = 0x87

RULES = """\
# the way the manual of mosquitto.conf shows it
topic read anyone/r
topic write anyone/w
topic shared/+/x
topic deny shared/secret/x
topic read

user alice
topic readwrite a/#
topic deny a/secret/#
topic write x/+/y
topic read x/1/y
topic %u/literal
user bob smith
topic read with blanks/in it
topic deny #
user root
topic readwrite #
topic readwrite $other/#
topic readwrite $SYS/broker/connection/#
user nothing
user alice
topic read later
topic read $other/#
topic +/+/plus

pattern readwrite own/%u/#
pattern write id/%c
pattern read both/%u/%c/end
pattern read mid/x-%u-x/y
pattern deny own/%u/never
pattern deny a/1
pattern everyone
pattern read +/%c/#
pattern $SYS/broker/connection/%c/state
pattern %c/top/#
"""

USERS = [None, "", "alice", "bob smith", "root", "nothing", "stranger", "a/b", "a+b", "#"]
CLIENTS = ["one", "two/three", "+", "$other"]
TOPICS = [
    "anyone/r", "anyone/w", "anyone", "shared/1/x", "shared/secret/x", "shared/1/2/x", "read",
    "a", "a/1", "a/b/c", "a/secret", "a/secret/deep", "a/secrets", "x/1/y", "x/2/y", "x/1/2/y",
    "%u/literal", "alice/literal", "with blanks/in it", "later", "q/q/plus",
    "own/alice", "own/alice/z", "own/alice/never", "own/stranger/z", "own//z", "own/a/b/z",
    "id/one", "id/two/three", "both/alice/one/end", "both/stranger/one/end", "both/alice/one",
    "mid/x-alice-x/y", "mid/x-stranger-x/y", "mid/x--x/y", "everyone",
    "z/one", "z/one/z", "one/top/1", "two/three/top/1", "$other/top/1", "$other/z",
    "$SYS/broker/connection/one/state", "$SYS/broker/connection/other/state", "$SYS/broker/z",
]

# A name of several levels is inserted into no pattern that allows something; nor does a name lend
# a pattern the `$` that it does not begin with.
STRICTER = {
    ("two/three", "id/two/three", "write"), ("two/three", "id/two/three", "read"),
    ("two/three", "two/three/top/1", "read"), ("two/three", "two/three/top/1", "write"),
    ("a/b", "own/a/b/z", "read"), ("a/b", "own/a/b/z", "write"),
    ("$other", "$other/top/1", "read"), ("$other", "$other/top/1", "write"),
}


def connected(port, client_id, user=None, level=V5, **how):
    wire = Wire.to(port)
    how["user"] = user
    answer = wire.connect(client_id, level=level, **how)
    assert answer.body[1] == 0
    return wire


def may_write(wire, topics):
    allowed = set()
    for topic in topics:
        wire.send(packet.publish(topic, "x", 1, 1, level=V5))
        if wire.expect(packet.PUBACK).body[2:3] != bytes([NOT_AUTHORIZED]):
            allowed.add(topic)
    return allowed


def publish_all(root):
    """As somebody who may; back when all of it has been routed."""
    refused = set(TOPICS) - may_write(root, TOPICS)
    assert refused == {"$SYS/broker/z"}


def received(wire):
    """The topics of what has come so far."""
    wire.send(packet.packet(packet.PINGREQ, 0, b""))
    topics = set()
    while (found := wire.receive()).type != packet.PINGRESP:
        assert found.type == packet.PUBLISH
        topics.add(packet.published(found, V5).topic)
    return topics


def may_read(wire, root):
    """Of what comes by a filter of its own and by wildcards, which must be the same."""
    filters = [(topic, 0) for topic in TOPICS]
    seen = []
    for subscribed in (filters, [("#", 0), ("$other/#", 0), ("$SYS/broker/connection/#", 0)]):
        wire.send(packet.subscribe(1, subscribed, V5))
        wire.expect(packet.SUBACK)
        publish_all(root)
        seen.append(received(wire))
        wire.send(packet.unsubscribe(2, [f for f, _ in subscribed], V5))
        wire.expect(packet.UNSUBACK)
    assert seen[0] == seen[1]
    return seen[0]


def answers(broker):
    """(user, client, topic, "read" or "write") of everything that is allowed."""
    found = set()
    with connected(broker.port, "questioner", "root") as root:
        for user in USERS:
            for client in CLIENTS:
                with connected(broker.port, client, user) as wire:
                    found |= {(user, client, t, "write") for t in may_write(wire, TOPICS)}
                    found |= {(user, client, t, "read") for t in may_read(wire, root)}
    return found


def start(scratch, name, rules, *lines, which=None):
    folder = scratch.folder(name)
    acl = folder / "acl"
    acl.write_text(rules)
    return Broker(folder, ["allow_anonymous true", f"acl_file {acl}", *lines], which=which).start()


@pytest.mark.skipif(not os.path.exists(MOSQUITTO), reason="there is no Mosquitto to compare with")
def test_rights_are_those_that_mosquitto_gives(scratch):
    ours = start(scratch, "ours", RULES)
    theirs = start(scratch, "theirs", RULES, which=MOSQUITTO)
    given, expected = answers(ours), answers(theirs)
    assert given - expected == set(), "belfry allows more"
    lost = {(name, topic, access) for user, client, topic, access in expected - given
            for name in (user, client)}
    assert {row for row in expected - given
            if not {(row[0], *row[2:]), row[1:]} & STRICTER} == set(), "belfry allows less"
    assert STRICTER <= lost, "belfry is not as strict as it says"
    assert len(given) > 100


@pytest.mark.parametrize("level", (V31, V311, V5))
def test_a_publish_that_is_denied_is_answered_as_by_mosquitto(scratch, level):
    seen = []
    for name, which in (("ours", None), ("theirs", MOSQUITTO)):
        broker = start(scratch, name, "topic read #\n", which=which)
        with connected(broker.port, "c", level=level) as wire:
            wire.send(packet.publish("x", "0", level=level))
            wire.send(packet.publish("x", "1", 1, 1, level=level))
            wire.send(packet.publish("x", "2", 2, 2, level=level))
            answer = [wire.expect(packet.PUBACK).body, wire.expect(packet.PUBREC).body]
            if level != V5:
                wire.send(packet.acknowledge(packet.PUBREL, 2))
                answer.append(wire.expect(packet.PUBCOMP).body)
            seen.append([body[:3] for body in answer])
    assert seen[0] == seen[1]


def test_a_will_that_is_denied_goes_nowhere(scratch):
    broker = start(scratch, "broker", "topic read #\nuser u\ntopic write w\n")
    with connected(broker.port, "watch") as watch:
        watch.send(packet.subscribe(1, [("#", 0)], V5))
        watch.expect(packet.SUBACK)
        for user in ("stranger", "u"):
            connected(broker.port, user, user, V311, will=("w", user, 0)).close()
        assert packet.published(watch.expect(packet.PUBLISH), V5).payload == b"u"


def test_the_operator_reads_once_who_may_not_do_what(scratch):
    broker = start(scratch, "broker", "topic read #\n")
    with connected(broker.port, "c") as wire:
        for i in range(3):
            wire.send(packet.publish(f"x/{i}", "", 1, 1, level=V5))
            wire.expect(packet.PUBACK)
    said = broker.process.stderr()
    assert "Client c may not publish to x/0;" in said
    assert "x/1" not in said


@pytest.mark.parametrize("rules, error", (
    ("topics a\n", "acl:1: 'topics': unknown keyword; did you mean 'topic'?"),
    (None, "'acl_file': {acl} cannot be read: No such file or directory"),
))
def test_a_broker_does_not_start_with_wrong_rules(scratch, rules, error):
    folder = scratch.folder("broker")
    acl = folder / "acl"
    if rules is not None:
        acl.write_text(rules)
    config = folder / "broker.conf"
    config.write_text(f"listener 0 127.0.0.1\nacl_file {acl}\n")
    for more in ([], ["--test-config"]):
        ran = subprocess.run([program("belfry-broker", folder), "-c", config, *more],
                             capture_output=True, text=True, timeout=20)
        assert ran.returncode == 3
        assert error.format(acl=acl) in ran.stderr


def test_each_listener_may_have_rules_of_its_own(scratch):
    folder = scratch.folder("broker")
    (folder / "one").write_text("topic a\n")
    (folder / "two").write_text("topic b\n")
    ports = free_port(), free_port()
    lines = ["per_listener_settings true"]
    for port, name in zip(ports, ("one", "two")):
        lines += [f"listener {port} 127.0.0.1", "allow_anonymous true",
                  f"acl_file {folder / name}"]
    lines += [f"listener {free_port()} 127.0.0.1", "allow_anonymous true"]
    broker = Broker(folder, lines)
    broker.config.write_text("\n".join([*lines, ""]))
    broker.port = ports[0]
    broker.start()
    for port, allowed in zip(ports, ("a", "b")):
        with connected(port, "c") as wire:
            assert may_write(wire, ["a", "b"]) == {allowed}


def test_a_reload_takes_the_new_rules_or_leaves_the_old_ones(scratch):
    broker = start(scratch, "broker", "topic write a\n")
    acl = broker.folder / "acl"

    def reload(rules):
        before = len(broker.process.stderr())
        acl.write_text(rules)
        broker.process.signal(signal.SIGHUP)
        wait_until(lambda: broker.process.stderr()[before:].endswith(
            ("is in effect\n", "stays as it was\n")), 10, "an answer to SIGHUP")
        return broker.process.stderr()[before:]

    with connected(broker.port, "c") as wire:
        assert may_write(wire, ["a", "b"]) == {"a"}
        said = reload("topic write b\ntopic raed c\n")
        assert f"{acl}:2: 'raed': unknown access; did you mean 'read'?" in said
        assert may_write(wire, ["a", "b"]) == {"a"}
        reload("topic write b\n")
        assert may_write(wire, ["a", "b"]) == {"b"}


def test_who_leaves_at_a_reload_is_heard_by_the_new_rules_of_every_listener(scratch):
    """There is one before that of the reader and one behind it."""
    folder = scratch.folder("broker")
    acl, ports = folder / "acl", [free_port() for _ in range(3)]
    broker = Broker(folder, [])

    def configure(rules, admits):
        acl.write_text(rules)
        lines = ["per_listener_settings true"]
        for port, is_open in zip(ports, (admits, "true", admits)):
            lines += [f"listener {port} 127.0.0.1", f"allow_anonymous {is_open}",
                      f"acl_file {acl}"]
        broker.config.write_text("\n".join([*lines, ""]))

    configure("topic #\n", "true")
    broker.port = ports[1]
    broker.start()
    with connected(ports[0], "one", will=("w", "1", 0)) as one, \
            connected(ports[1], "reader") as reader, \
            connected(ports[2], "two", will=("w", "2", 0)) as two:
        reader.send(packet.subscribe(1, [("#", 0)], V5))
        reader.expect(packet.SUBACK)
        configure("topic write w\n", "false")
        broker.process.signal(signal.SIGHUP)
        for wire in (one, two):
            assert wire.expect(packet.DISCONNECT).body[0] == NOT_AUTHORIZED
        assert received(reader) == set()


@pytest.mark.skipif(not os.path.exists(MOSQUITTO), reason="there is no Mosquitto to compare with")
def test_a_mount_point_does_what_mosquittos_does(scratch):
    """The rules see whole topics; who is outside sees the prefix, who is inside does not."""
    seen = []
    for name, which in (("ours", None), ("theirs", MOSQUITTO)):
        outside = free_port()
        broker = start(scratch, name, "topic site/#\ntopic read x\ntopic deny site/secret\n",
                       "mount_point site/", f"listener {outside} 127.0.0.1", which=which)
        with connected(broker.port, "in") as inner, connected(outside, "out") as outer:
            allowed = may_write(inner, ["x", "secret", "site/x"])
            for wire in (inner, outer):
                wire.send(packet.subscribe(1, [("#", 0)], V5))
                wire.expect(packet.SUBACK)
            inner.send(packet.publish("x", "", level=V5))
            received(inner)
            outer.send(packet.publish("site/y", "", level=V5))
            outer.send(packet.publish("y", "", level=V5))
            from_outside = received(outer)
            inner.send(packet.publish("z", "1", level=V5, retain=True))
            inside = received(inner)
            seen.append((allowed, from_outside, received(outer)))
            # Mosquitto 2.0.11 forgets to take it off again, against its manual.
            assert inside == {"y", "z"} or which and inside == {"site/y", "site/z"}
            with connected(outside, "late") as late:
                late.send(packet.subscribe(1, [("site/z", 0)], V5))
                late.expect(packet.SUBACK)
                assert received(late) == {"site/z"}
    assert seen[0] == seen[1]
    assert seen[0] == ({"x", "site/x"}, {"site/x", "site/y"}, {"site/z"})
