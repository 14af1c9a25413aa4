# SPDX-License-Identifier: MIT
"""
The load generator, which judges brokers: what it says of right ones, and that it notices each way
of being wrong.
"""
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import packet
from broker import MOSQUITTO
from packet import Wire
from store import Session
from wait import SLACK

sys.path.append(str(Path(__file__).parent.parent / "bench"))
import harness  # noqa: E402

LOADGEN = Path(os.environ.get("BELFRY_BUILD", "build/release")) / "tests/bench/loadgen"
# Mosquitto 2.0.11 forgets the end of a queue of QoS 2: there shall be none.
ROOMY, WINDOW = "max_inflight_messages 1000", 500
ALL_RIGHT, WRONG_COUNT, USAGE, BROKER_FAILED = range(4)


def start(*arguments):
    return subprocess.Popen([str(LOADGEN), *map(str, arguments), "--json"], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def play(*arguments, status=ALL_RIGHT):
    """The result of a run that has to end with `status`."""
    process = start(arguments[0], "--timeout", 10 * SLACK, *arguments[1:])
    out, err = process.communicate(timeout=60 * SLACK)
    assert process.returncode == status, err or out
    return json.loads(out) if out else err


class Reached:
    """A broker, and how the load generator gets to it."""

    def __init__(self, broker, arguments):
        self.broker = broker
        self.way = ["--port", broker.port, "--broker-pid", broker.process.pid, *arguments]

    def play(self, *arguments, status=ALL_RIGHT):
        return play(*arguments, *self.way, status=status)


@pytest.fixture
def reach(make_broker, scratch):
    """reach(which, transport) starts a broker; `which` is None for ours."""
    folder = scratch.folder("certificates")

    def make(which, transport):
        lines, arguments = harness.transport_lines(transport, str(folder))
        return Reached(make_broker(*lines, "allow_anonymous true", ROOMY, which=which), arguments)

    return make


BROKERS = [pytest.param(which, transport, id=f"{name}-{transport}")
           for name, which, transports in (("mosquitto", MOSQUITTO, ("tcp", "tls", "ws", "wss")),
                                           ("belfry", None, ("tcp", "tls", "ws", "wss")))
           for transport in transports]


@pytest.mark.parametrize("which, transport", BROKERS)
def test_every_message_is_accounted_for(reach, which, transport):
    reached = reach(which, transport)
    for qos, version in ((0, 4), (1, 5), (2, 4)):
        result = reached.play("fan-in", "--qos", qos, "--version", version, "--publishers", 5,
                              "--count", 2000, "--window", WINDOW)
        assert result["received"] == result["expected"] == 2000
        assert result["transport"] == transport
    result = reached.play("fan-out", "--subscribers", 7, "--count", 300, "--size", 3000,
                          "--window", 50)
    assert result["received"] == 2100
    shared = reached.play("share", "--publishers", 5, "--count", 1000, "--window", WINDOW)
    assert shared["received"] == 1000


@pytest.mark.parametrize("transport", ["tcp", "tls", "ws", "wss"])
def test_messages_larger_than_any_record_or_frame(reach, transport):
    """A TLS record holds 16 kB, our WebSocket frames 128 kB."""
    result = reach(None, transport).play("fan-in", "--publishers", 2, "--count", 20, "--size",
                                         1000000, "--window", 4)
    assert result["received"] == 20


def test_retained_messages_are_replayed(reach):
    reached = reach(None, "tcp")
    topics = ["--publishers", 5, "--topics", 200]
    stored = reached.play("store", *topics, "--size", 100)
    assert (stored["published"], stored["acknowledged"]) == (1000, 1000)
    assert stored["content"] == sum(len(f"nagios/h{p}/s{t}") + 100
                                    for p in range(5) for t in range(200))
    replayed = reached.play("replay", *topics, "--size", 100, "--subscribers", 2)
    assert (replayed["received"], replayed["lost"], replayed["duplicates"]) == (2000, 0, 0)


def test_retained_messages_that_are_missing_or_strange_are_noticed(reach):
    reached = reach(None, "tcp")
    reached.play("store", "--publishers", 2, "--topics", 10)
    more = reached.play("replay", "--publishers", 2, "--topics", 11, "--timeout", 0.5,
                        status=WRONG_COUNT)
    assert more["lost"] == 2
    fewer = reached.play("replay", "--publishers", 2, "--topics", 9, status=BROKER_FAILED)
    assert "never retained" in fewer["failure"]


def test_storms_are_counted(reach):
    reached = reach(None, "tcp")
    back = reached.play("reconnect", "--subscribers", 50, "--over", 0.1)
    assert (back["connections"], back["latency_ms"]["n"]) == (50, 50)
    wills = reached.play("wills", "--subscribers", 50)
    assert (wills["received"], wills["lost"], wills["duplicates"]) == (50, 0, 0)
    filters = reached.play("filters", "--count", 300)
    assert (filters["subscriptions"], filters["refused"]) == (300, 0)
    assert reached.play("drip", "--subscribers", 20, "--duration", 0.2)["connections"] == 20
    deaf = reached.play("deaf", "--qos", 1, "--duration", 0.2)
    assert deaf["acknowledged"] == deaf["published"] > 0


@pytest.mark.parametrize("version", [packet.V311, packet.V5])
def test_subscribers_that_leave_are_waited_for_by_their_messages(reach, version):
    reached = reach(None, "tcp")
    process = start("publish", "--subscribers", 2, "--leave", "--version", version, "--publishers",
                    1, "--count", 10, "--rate", 1000, *reached.way)
    out, err = process.communicate(timeout=60 * SLACK)
    result = json.loads(out)
    assert (result["acknowledged"], result["received"], result["failure"]) == (10, 0, ""), err
    assert result["acknowledged_ms"]["n"] == 10
    for index in range(2):
        with Session(reached.broker.port, f"loadgen-{process.pid}-subscriber-{index}",
                     version) as subscriber:
            assert subscriber.present
            assert [m.topic for m in subscriber.messages(10)] == ["nagios/h0/load"] * 10


def test_a_durable_session_is_left_behind_and_others_are_not(reach):
    reached = reach(None, "tcp")
    process = start("fan-in", "--durable", "--qos", 1, "--publishers", 1, "--count", 10,
                    *reached.way)
    out, err = process.communicate(timeout=60 * SLACK)
    assert json.loads(out)["received"] == 10, err
    presence = {}
    for role in ("subscriber", "publisher"):
        with Session(reached.broker.port, f"loadgen-{process.pid}-{role}-0") as session:
            presence[role] = session.present
    assert presence == {"subscriber": True, "publisher": False}


@pytest.mark.parametrize("transport", ["tls", "wss"])
def test_leaving_over_every_transport(reach, transport):
    result = reach(None, transport).play("idle", "--subscribers", 20, "--leave")
    assert result["connections"] == 20


def test_an_acknowledgement_counts_from_when_its_message_was_due(reach):
    """In a closed loop nothing is due at a certain time."""
    reached = reach(None, "tcp")
    few = ["publish", "--publishers", 3, "--count", 30]
    paced = reached.play(*few, "--rate", 1000, "--qos", 2)["acknowledged_ms"]
    assert paced["n"] == 30 and paced["max"] > 0
    assert reached.play("fan-in", "--publishers", 3, "--count", 30, "--qos", 1)[
        "acknowledged_ms"]["n"] == 0


def test_a_witness_starts_and_ends_when_told(reach):
    reached = reach(None, "tcp")
    with harness.SteppedLoadgen(str(LOADGEN), ["witness", *reached.way]) as witness, \
            Wire.to(reached.broker.port) as listener:
        witness.wait_ready()
        listener.connect("listener")
        listener.send(packet.subscribe(1, [("witness/#", 0)]))
        listener.expect(packet.SUBACK)
        assert listener.is_silent(0.2)
        witness.go()
        for _ in range(5):
            listener.expect(packet.PUBLISH)
        result = witness.end()
    assert result["received"] == result["published"] >= 5


def test_a_certificate_of_another_authority_is_refused(reach, scratch):
    reached = reach(MOSQUITTO, "tls")
    other = harness.certificates(str(scratch.folder("another")))
    way = ["--port", reached.broker.port, "--cafile", other]
    result = play("fan-in", "--count", 10, *way, status=BROKER_FAILED)
    assert "certificate verify failed" in result["failure"]


def test_a_wrong_password_is_told(make_broker, scratch):
    passwords = scratch.folder("passwords") / "passwords"
    passwords.write_text("")
    subprocess.run(["mosquitto_passwd", "-b", passwords, "user1", "right"], check=True)
    passwords.chmod(0o644)
    broker = make_broker(f"password_file {passwords}", "allow_anonymous false", which=MOSQUITTO)
    way = ["fan-in", "--publishers", 2, "--count", 10, "--port", broker.port]
    assert play(*way, "--username", "user1", "--password", "right")["received"] == 10
    result = play(*way, "--username", "user{item}", "--password", "wrong", status=BROKER_FAILED)
    assert "refused the connection" in result["failure"]


def test_what_is_wrong_on_the_command_line_is_told():
    assert "no scenario" in play("fan-up", status=USAGE)
    assert "no option" in play("fan-in", "--tls", status=USAGE)
    assert "cannot use" in play("fan-in", "--cafile", "/nowhere", status=USAGE)


class Forger:
    """
    A broker for one subscriber and one publisher that changes what it passes on: tamper() gets
    the list of all publications and returns what the subscriber is to see.
    """

    def __init__(self, n, tamper):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._n, self._tamper = n, tamper
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._thread.join(5)
        self._listener.close()

    def _greet(self):
        wire = Wire(self._listener.accept()[0])
        assert wire.receive(10).type == packet.CONNECT
        wire.send(packet.packet(packet.CONNACK, 0, b"\0\0"))
        return wire

    def _serve(self):
        with self._greet() as subscriber:
            asked = subscriber.receive(10)
            subscriber.send(packet.packet(packet.SUBACK, 0, asked.body[:2] + b"\0"))
            with self._greet() as publisher:
                sent = [publisher.receive(10) for _ in range(self._n)]
                for seen in self._tamper(sent):
                    subscriber.send(packet.packet(packet.PUBLISH, 0, seen.body))
                while publisher.receive(10) is not None:
                    pass


@pytest.mark.parametrize("tamper, wrong", [
    (lambda m: m, {}),
    (lambda m: m[:4] + m[5:], {"lost": 1}),
    (lambda m: m[:4] + m[3:], {"duplicates": 1}),
    (lambda m: m[:4] + [m[5], m[4]] + m[6:], {"disorder": 1}),
    (lambda m: m[1:] + [m[0], m[0]], {"disorder": 1, "duplicates": 1}),
], ids=["right", "loss", "duplicate", "disorder", "late-and-twice"])
def test_a_broker_that_is_wrong_is_found_out(tamper, wrong):
    with Forger(10, tamper) as forger:
        process = start("fan-in", "--publishers", 1, "--count", 10, "--port", forger.port,
                        "--timeout", 0.5 * SLACK)
        out, err = process.communicate(timeout=30 * SLACK)
    assert process.returncode == (WRONG_COUNT if wrong else ALL_RIGHT), err
    result = json.loads(out)
    assert {w: result[w] for w in ("lost", "duplicates", "disorder") if result[w]} == wrong


def test_a_message_that_nobody_sent_is_found_out():
    def forge(sent):
        topic_len = int.from_bytes(sent[0].body[:2], "big")
        body = sent[0].body[:2 + topic_len] + b"\xff" * 200
        return [sent[0]._replace(body=body)]

    with Forger(10, forge) as forger:
        result = play("fan-in", "--publishers", 1, "--count", 10, "--port", forger.port,
                      status=BROKER_FAILED)
    assert "nobody sent" in result["failure"]
