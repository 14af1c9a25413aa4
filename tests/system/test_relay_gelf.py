# SPDX-License-Identifier: MIT
"""The plugin gelf with a receiver of its own: there is no server in the distribution."""
import socket

import pytest

from log_servers import GelfServer
from relay_numbers import NumbersRig
from wait import wait_until


@pytest.fixture
def server():
    server = GelfServer()
    yield server
    server.stop()
    assert not server.faults


@pytest.fixture
def make_way(scratch, server):
    ways = []

    def make(kind, *lines):
        ways.append(NumbersRig(scratch, "gelf", [f"url {server.url(kind)}", *lines]).start())
        return ways[-1]

    yield make
    for way in ways:
        way.end()


@pytest.mark.parametrize("kind, compression", [("udp", "none"), ("udp", "zlib"), ("tcp", "zlib")])
def test_every_field_arrives(server, make_way, kind, compression):
    way = make_way(kind, f"compression {compression}")
    way.publish("nagios/web1/disk", {"state": 1, "output": "Gr\u00fc\u00dfe \"", "time": 1795406706.789,
                                     "long_output": "second\nthird", "perfdata": "a=1"})
    way.publish("logs/app", b"a message\nof two lines\xff")
    wait_until(lambda: len(server.messages) == 2, 20, "both messages")
    check = next(m for m in server.messages if "_state" in m)
    message = next(m for m in server.messages if "_state" not in m)
    assert check.pop("_event_id") != message.pop("_event_id")
    assert check == {
        "version": "1.1", "host": "web1", "short_message": "Gr\u00fc\u00dfe \"",
        "full_message": "Gr\u00fc\u00dfe \"\nsecond\nthird", "timestamp": 1795406706.789, "level": 4,
        "_gateway": "belfry-gateway", "_topic": "nagios/web1/disk", "_service": "disk",
        "_state": "WARNING", "_perfdata": "a=1"}
    assert message.pop("timestamp") > 1.7e9
    assert message == {
        "version": "1.1", "host": socket.gethostname(), "short_message": "a message",
        "full_message": "a message\nof two lines\ufffd", "level": 5, "_gateway": "belfry-gateway",
        "_topic": "logs/app"}
    assert server.compressed == (2 if (kind, compression) == ("udp", "zlib") else 0)


def test_a_message_is_of_the_host_that_its_topic_names(server, make_way):
    way = make_way("tcp", "host ${topic[1]}")
    way.publish("logs/web7/app", "x")
    way.publish("logs", "y")
    wait_until(lambda: len(server.messages) == 2, 20, "both messages")
    assert {m["short_message"]: m["host"] for m in server.messages} == {
        "x": "web7", "y": socket.gethostname()}


@pytest.mark.parametrize("compression", ["none", "zlib"])
def test_a_long_message_comes_in_chunks(server, make_way, compression):
    way = make_way("udp", f"compression {compression}")
    text = "".join(f"{n * 2654435761 % 2 ** 32:08x}" for n in range(12000))
    way.publish("logs/app", text)
    wait_until(lambda: server.messages, 20, "the message")
    assert server.messages[0]["short_message"] == text
    assert server.chunked == 1


def test_one_that_no_chunks_hold_is_a_dead_letter(server, make_way):
    way = make_way("udp", "compression none", "chunk_size 256")
    way.publish("logs/app", "before")
    way.publish("logs/app", "x" * 40000)
    way.publish("logs/app", "after")
    wait_until(lambda: len(server.messages) == 2, 20, "the others")
    assert [m["short_message"] for m in server.messages] == ["before", "after"]
    wait_until(way.dead_letters, 10, "a dead letter")
    assert "chunk_size" in str(way.dead_letters()[0])


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_what_is_published_while_nobody_is_there_arrives_later(server, make_way, kind):
    def numbers():
        return [int(m["short_message"].removeprefix("number ")) for m in server.messages]

    way = make_way(kind)
    way.publish_numbers(0, 10)
    wait_until(lambda: len(numbers()) == 10, 20, "the first messages")
    server.stop()
    way.publish_numbers(10, 200)
    way.wait_for_problem("ICMP: port unreachable" if kind == "udp" else "refused")
    server.start()
    wait_until(lambda: set(numbers()) == set(range(210)), 30, "all messages")
    same = {}
    for message in server.messages:
        assert same.setdefault(message["short_message"], message["_event_id"]) == message["_event_id"]
    assert len(set(same.values())) == 210
