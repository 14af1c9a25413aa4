# SPDX-License-Identifier: MIT
"""
What went wrong in Mosquitto, a test for each: here, or in the file and under the name that SHOWN
gives. The classes are those of the CVE.
"""
import os
import re
import resource
import socket
import stat
import struct
from pathlib import Path

import pytest

import packet
from broker import Broker, free_port
from packet import V5, V311, Wire
from process import program, run
from users import make_users
from wait import SLACK, wait_until

TESTS = Path(__file__).parent.parent
BAD_IDENTIFIER, NOT_AUTHORIZED = 2, 0x87
SERVER_KEEP_ALIVE, USER_PROPERTY = 0x13, 0x26

# A sanitizer keeps what was freed for a while; it finds leaks at the broker's end instead.
FLAT = 4 << 20 if SLACK == 1 else 600 << 20

ACL = "unit/broker/core/acl_test.c:"
CLIENT = "unit/broker/core/client_test.c:"
SHOWN = [
    ("CVE-2017-7650", "a name with a wildcard widens a pattern", [
        "conversations/acl_patterns_are_not_for_names_with_wildcards.mqtt",
        "system/test_matrix.py:test_no_name_widens_a_pattern"]),
    ("CVE-2017-7651, CVE-2023-0809", "memory before authentication", [
        "conversations/first_packet_of_a_stranger_is_refused_by_its_first_byte.mqtt",
        CLIENT + "a_first_packet_other_than_connect_is_refused_by_its_first_byte",
        CLIENT + "a_connect_has_at_most_100000_bytes"]),
    ("CVE-2017-7655", "a packet nobody expects", [
        CLIENT + "packets_of_a_server_and_the_reserved_type_end_it",
        "fuzz/fuzz_client.c:LLVMFuzzerTestOneInput", "conversations/malformed.py:"]),
    ("CVE-2018-12546", "a retained message outlives its publisher's right", [
        "conversations/acl_is_held_against_the_publisher_of_a_retained_message_again.mqtt",
        "system/test_matrix.py:test_retained_messages_of_a_revoked_publisher_are_gone"]),
    ("CVE-2018-12550", "empty rules allow everything", [
        ACL + "no_rule_allows_nothing", "conversations/acl_that_is_empty_denies_everything.mqtt"]),
    ("CVE-2018-12551", "a wrong line of a password file is a user", [
        "unit/broker/core/password_file_test.c:a_wrong_line_is_never_a_user",
        "system/test_passwords.py:test_a_wrong_line_is_told_before_anything_starts"]),
    ("CVE-2018-20145", "one listener skips a check", [
        "system/test_matrix.py:test_each_listener_may_have_its_own_rules"]),
    ("CVE-2019-11778", "a will that is delayed longer than its session lasts", [
        "unit/broker/core/lifecycle_test.c:a_will_is_published_when_its_session_ends_first",
        "conversations/will_delay_ends_with_the_session.mqtt"]),
    ("CVE-2021-28166", "a CONNACK to a broker", [
        CLIENT + "packets_of_a_server_and_the_reserved_type_end_it",
        "conversations/packets_that_only_a_server_sends_are_protocol_errors.mqtt"]),
    ("CVE-2021-34432", "a PUBLISH without a topic", [
        "conversations/topic_name_must_not_be_empty.mqtt",
        "conversations/topic_alias_that_was_not_set_is_a_protocol_error.mqtt"]),
    ("CVE-2021-34434", "a right that was revoked", [
        "conversations/acl_that_was_changed_holds_for_a_client_that_is_connected.mqtt",
        "conversations/acl_that_was_changed_holds_for_messages_that_wait.mqtt",
        "system/test_matrix.py:test_a_right_that_was_revoked_is_gone_at_once"]),
    ("2.0.19", "shared and ordinary subscriptions mixed up", [
        "conversations/shared_and_ordinary_subscriptions_stand_apart.mqtt",
        "unit/broker/core/topic_tree_test.c:"]),
    ("2.0.19-bridge", "the topic of a bridge that is mapped to nothing", [
        "unit/broker/core/bridge_topics_test.c:parent_of_a_whole_subtree_is_mapped_to_the_parent",
        "unit/broker/core/bridge_topics_test.c:names_that_become_too_long_are_not_passed"]),
    ("2.0.3", "mosquitto_passwd -b takes the user's name for the password", [
        "system/test_passwd.py:test_users_come_change_and_go"]),
]


@pytest.mark.parametrize("number, what, where", SHOWN, ids=[row[0] for row in SHOWN])
def test_it_is_shown_elsewhere(number, what, where):
    for place in where:
        path, _, name = place.partition(":")
        assert re.search(rf"\b{name}\(" if name else "", (TESTS / path).read_text()), place


@pytest.fixture
def alive(broker):
    """A client that nothing may happen to; at the end it is still served."""
    with Wire.to(broker.port) as wire:
        wire.connect("alive")
        yield wire
        ping(wire)


def ping(wire):
    wire.send(packet.packet(packet.PINGREQ, 0, b""))
    wire.expect(packet.PINGRESP)


def memory(broker):
    """Bytes that are resident."""
    pages = Path(f"/proc/{broker.process.pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def sent_away(port, data):
    """Send it; True once the broker has closed."""
    with Wire.to(port) as wire:
        try:
            wire.send(data)
            while wire.receive():
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        return True


# --- memory --------------------------------------------------------------------------------------

def test_a_stranger_takes_no_memory(broker, alive):
    """CVE-2017-7651, CVE-2023-0809: a first packet that announces 256 MB, and sends some of it."""
    before = memory(broker)
    heads = [bytes([kind << 4 | 2]) + b"\xff\xff\xff\x7f" for kind in
             (packet.CONNECT, packet.PUBLISH, packet.SUBSCRIBE, packet.AUTH)]
    heads.append(b"\x10\xff\xff\xff\x7f" + packet.string("MQTT"))
    for _ in range(20):
        assert all(sent_away(broker.port, head + b"x" * 90000) for head in heads)
    assert memory(broker) - before < FLAT


def crafted_connects():
    """With a will, its properties and names, and something wrong with them at the end."""
    text = packet.string("k" * 50)
    several = packet.properties([(USER_PROPERTY, text + text)] * 20
                                + [(0x03, text), (0x08, text), (0x09, text)])
    twice = packet.properties([(0x03, text), (0x03, text)])
    cut = packet.length(100) + b"\x03" + text
    names = packet.string("user") + packet.string("secret")

    def body(level, flags, will_properties, tail, own=b"\0"):
        head = packet.string("MQTT") + struct.pack(">BBH", level, flags, 60)
        head += own if level == V5 else b""
        will = (will_properties if level == V5 else b"") + packet.string("w") + packet.string("x")
        return packet.packet(packet.CONNECT, 0, head + packet.string("crafted") + will + tail)
    yield body(V5, 0xC6, several, names)
    yield body(V5, 0xC6, several, names + b"x")
    yield body(V5, 0xC6, several, packet.string("user"))
    yield body(V5, 0xC6, twice, names)
    yield body(V5, 0xC6, cut, names)
    yield body(V5, 0xDE, several, names)  # a will of QoS 3
    yield body(V5, 0xC6, several, packet.string(b"\xff") + packet.string("secret"))
    yield body(V5, 0xC6, several, names, own=packet.properties([(0x15, text), (0x16, text)]))
    yield body(V5, 0xC6, several, names, own=several)
    yield body(V5, 0xC6, several, names) + body(V5, 0xC6, several, names)
    yield body(V311, 0xC6, b"", names + b"x")
    yield body(V311, 0xC6, b"", names) + packet.packet(15, 0, b"")


def test_crafted_connects_leak_nothing(scratch):
    """CVE-2017-7654, CVE-2023-3592"""
    folder = scratch.folder("broker")
    broker = Broker(folder, ["allow_anonymous true", f"listener 0 {folder / 's'}",
                             "connection_messages false", "log_dest none"]).start()
    crafted = list(crafted_connects())

    def is_served():
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(folder / "s")) == 0
    wait_until(is_served, 10, "the socket, which has its name a moment before it listens")

    def send(rounds):
        for _ in range(rounds):
            for data in crafted:
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(10 * SLACK)
                    s.connect(str(folder / "s"))
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(4096):
                        pass
    send(500)
    before = memory(broker)
    send(int(100000 / len(crafted) / SLACK))
    assert memory(broker) - before < FLAT
    assert broker.end() == 0


@pytest.mark.parametrize("level", (V311, V5))
def test_identifiers_that_are_never_released_take_no_memory(broker, alive, level):
    """CVE-2023-28366: QoS 2, each identifier, several times, without a PUBREL."""
    before = memory(broker)
    burst = [packet.publish("t", "x" * 100, 2, i + 1, dup=i > 65535, level=level)
             for i in range(65535)]
    for _ in range(3):
        with Wire.to(broker.port) as wire:
            wire.connect("greedy", level=level)
            try:
                for i in range(0, len(burst), 500):
                    wire.send(b"".join(burst[i:i + 500]))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was sent away
    ping(alive)
    assert memory(broker) - before < FLAT


def test_subscribes_that_are_wrong_leak_nothing(broker, alive):
    """2.0.21"""
    good = b"".join(packet.string(f"level/{i}/+") + b"\1" for i in range(200))
    bad = packet.packet(packet.SUBSCRIBE, 2, b"\0\1\0" + good + packet.string("a/#/b") + b"\1")
    worse = packet.packet(packet.SUBSCRIBE, 2, b"\0\1\0" + good + packet.string("a") + b"\3")

    def send(rounds):
        for _ in range(rounds):
            for data in (bad, worse):
                assert sent_away(broker.port, packet.connect("s", V5) + data
                                 + packet.packet(packet.DISCONNECT, 0, b""))
    send(50)
    before = memory(broker)
    send(500)
    assert memory(broker) - before < FLAT


# --- what a packet may hold ----------------------------------------------------------------------

def test_a_topic_that_is_no_utf8_ends_its_sender_alone(broker, alive):
    """CVE-2017-7653"""
    alive.send(packet.subscribe(1, [("utf8/#", 0)]))
    alive.expect(packet.SUBACK)
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\0", b"\xf8\x88\x80\x80\x80"):
        assert sent_away(broker.port, packet.connect("bad") + packet.publish(b"utf8/" + bad, ""))
    with Wire.to(broker.port) as good:
        good.connect("good")
        good.send(packet.publish("utf8/good", ""))
        assert packet.published(alive.expect(packet.PUBLISH)).topic == "utf8/good"


@pytest.mark.parametrize("topic", ["$", "$x", "$/x", "$SYS", "$SYS/broker/x", "$share", "$share/g",
                                   "$share/g/", "$share//x", "$CONTROL", "$CONTROL/x", "$$"])
def test_topics_that_begin_with_a_dollar_end_nothing_else(broker, alive, topic):
    """CVE-2018-12543"""
    for level in (V311, V5):
        for data in (packet.publish(topic, "x", 1, 1, level=level),
                     packet.publish(topic, "x", 1, 1, retain=True, level=level),
                     packet.subscribe(1, [(topic, 1), (topic + "/#", 1)], level)):
            with Wire.to(broker.port) as wire:
                wire.connect("dollar", level=level, will=(topic, "gone", 1))
                wire.send(data)
                found = wire.receive()
                assert found is None or found.type in (packet.PUBACK, packet.SUBACK,
                                                       packet.PUBLISH, packet.DISCONNECT)
        ping(alive)


SLASHES = "/" * 65535


@pytest.mark.parametrize("level", (V311, V5))
@pytest.mark.parametrize("data", [
    lambda level: packet.publish(SLASHES, "", level=level),
    lambda level: packet.publish(SLASHES, "x", 1, 1, retain=True, level=level),
    lambda level: packet.subscribe(1, [(SLASHES, 0)], level),
    lambda level: packet.subscribe(1, [("+/" * 32767 + "+", 0)], level),
    lambda level: packet.subscribe(1, [("$share/g" + "/" * 65527, 0)], level),
    lambda level: packet.unsubscribe(1, [(SLASHES)], level),
], ids=["publish", "retain", "subscribe", "wildcards", "share", "unsubscribe"])
def test_a_topic_of_slashes_reaches_no_recursion(broker, alive, level, data):
    """CVE-2019-11779"""
    with Wire.to(broker.port) as wire:
        wire.connect("deep", level=level)
        wire.send(data(level))
        found = wire.receive()
        refused = found is None or found.type in (packet.DISCONNECT, packet.UNSUBACK) \
            or found.body[-1] >= 0x80
        assert refused, found


def test_user_properties_without_end_hold_nobody_up(broker, alive):
    """CVE-2021-41039: a hundred CONNECTs of 19,000 properties each, all at once."""
    full = packet.connect("full", V5, props=[(USER_PROPERTY, b"\0\0\0\0")] * 19000)
    assert len(full) < 100000
    wires = [Wire.to(broker.port) for _ in range(100)]
    for i, wire in enumerate(wires):
        wire.send(full)
        if i % 10 == 0:
            ping(alive)
    answers = [wire.receive() for wire in wires]
    assert all(a is None or a.type in (packet.CONNACK, packet.DISCONNECT) for a in answers)
    for wire in wires:
        wire.close()


# --- operation -----------------------------------------------------------------------------------

def reload(broker):
    before = len(broker.process.stderr())
    broker.process.signal(1)
    wait_until(lambda: any(broker.process.says(words, since=before) for words in
                           ("is in effect", "stays as it was")), 10, "an answer to SIGHUP")
    return broker.process.stderr()[before:]


def has_room(broker):
    """Whether it has the descriptors to let somebody in."""
    with Wire.to(broker.port) as wire:
        try:
            wire.send(packet.connect("knocks"))
            return wire.receive() is not None
        except (BrokenPipeError, ConnectionResetError):
            return False


def test_a_reload_without_descriptors_leaves_the_doors_shut(scratch):
    """CVE-2017-7652"""
    users = make_users(scratch.path / "users", alice="correct horse")
    acl = scratch.path / "acl"
    acl.write_text("user alice\ntopic read a\n")
    broker = Broker(scratch.folder("broker"), ["allow_anonymous false", f"password_file {users}",
                                               f"acl_file {acl}"])
    broker.process.argv[:0] = ["prlimit", "--nofile=48:48"]
    broker.start()

    def code(wire, user, password):
        wire.send(packet.connect("c-" + str(user), V5, user=user, password=password))
        return wire.expect(packet.CONNACK).body[1]

    def doors_are_shut():
        with Wire.to(broker.port) as wire:
            assert code(wire, None, None) == NOT_AUTHORIZED
        with Wire.to(broker.port) as wire:
            assert code(wire, "alice", "wrong") == NOT_AUTHORIZED
        with Wire.to(broker.port) as wire:
            assert code(wire, "alice", "correct horse") == 0
            wire.send(packet.subscribe(1, [("a", 0), ("b", 0)], V5))
            assert wire.expect(packet.SUBACK).body[-2:] == bytes([0, NOT_AUTHORIZED])

    doors_are_shut()
    wires = []
    while not broker.process.says("no file descriptor left"):
        assert len(wires) < 200
        wires.append(Wire.to(broker.port))
        wires[-1].send(packet.connect(str(len(wires)), V5, user="alice", password="correct horse"))
        wires[-1].receive()
    said = reload(broker)
    assert "stays as it was" in said and "Too many open files" in said, said
    ping(wires[0])
    for wire in wires:
        wire.close()
    wait_until(lambda: has_room(broker), 10, "room again")
    doors_are_shut()
    assert "is in effect" in reload(broker)
    doors_are_shut()


def test_nothing_it_writes_is_open_to_everybody(scratch):
    """CVE-2017-9868"""
    folder = scratch.folder("broker")
    log = folder / "broker.log"
    broker = Broker(folder, ["allow_anonymous true", f"log_dest file {log}",
                             f"listener 0 {folder / 's'}"])
    before = {path.name for path in folder.iterdir()}
    old = os.umask(0)
    try:
        broker.start()
    finally:
        os.umask(old)
    made = {path.name: path.stat() for path in folder.iterdir() if path.name not in before}
    assert log.name in made
    for name, status in made.items():
        if stat.S_ISREG(status.st_mode) and not name.endswith((".out", ".err")):
            assert status.st_mode & 0o007 == 0, f"{name} {status.st_mode:o}"


def test_a_keep_alive_may_be_limited(make_broker):
    """CVE-2020-13849: a client that is never found dead."""
    broker = make_broker("allow_anonymous true", "max_keepalive 30")
    for keepalive in (0, 31, 65535):
        with Wire.to(broker.port) as wire:
            answer = wire.connect("new", level=V5, keepalive=keepalive)
            assert answer.body[1] == 0
            assert bytes([SERVER_KEEP_ALIVE, 0, 30]) in answer.body
        with Wire.to(broker.port) as wire:
            assert wire.connect("old", level=V311, keepalive=keepalive).body[1] == BAD_IDENTIFIER
            assert wire.receive() is None
    for level in (V311, V5):
        with Wire.to(broker.port) as wire:
            answer = wire.connect("good", level=level, keepalive=30)
            assert answer.body[1] == 0 and bytes([SERVER_KEEP_ALIVE, 0, 30]) not in answer.body


def test_a_long_log_file_name_is_an_error(scratch):
    """log_dest overflowed in 1.4"""
    config = scratch.path / "broker.conf"
    config.write_text(f"listener {free_port()} 127.0.0.1\nlog_dest file /{'x' * 8000}\n")
    done = run([program("belfry-broker", scratch.path), "-c", config])
    assert done.returncode in (1, 3)
    assert b"error: log_dest file /xxx" in done.stderr
