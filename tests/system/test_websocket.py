# SPDX-License-Identifier: MIT
"""MQTT inside WebSocket, between belfry-broker and real clients, and by hand."""
import os
import random
import shutil
import socket
import ssl

import pytest

import packet
from broker import Broker, free_port, is_listening
from mqtt import V5, V311, Client
from packet import Wire
from pki import Pki
from process import run
from rig import Scratch
from wait import SLACK, wait_until
from websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, WebSocket, frame, request

NODE_PATH = "/usr/share/nodejs"  # of the distribution's packages


@pytest.fixture(scope="module")
def web():
    """
    A broker with a WebSocket listener, another over TLS at `secure` with a certificate of the
    authority `ca`, and one without WebSocket at `bare`.
    """
    with Scratch() as scratch:
        pki = Pki(scratch.folder("pki"))
        certificate, key = pki.issue("server", "/CN=localhost")
        bare, secure = free_port(), free_port()
        broker = Broker(scratch.folder("broker"), [
            "protocol websockets", f"listener {bare} 127.0.0.1", f"listener {secure} 127.0.0.1",
            "protocol websockets", f"certfile {certificate}", f"keyfile {key}",
            "allow_anonymous true"]).start()
        wait_until(lambda: is_listening(bare) and is_listening(secure), 10, "all listeners")
        broker.bare, broker.secure, broker.ca = bare, secure, pki.path("ca.crt")
        yield broker
        assert broker.end() == 0, "the broker's exit status after SIGTERM"


def opened(port, **headers):
    """A connection whose handshake is done."""
    found = WebSocket.to(port)
    assert found.ask(request(**headers)).status == 101
    return found


# --- clients -------------------------------------------------------------------------------------

@pytest.mark.parametrize("version", [V311, V5])
def test_paho_works_over_websocket(web, version):
    topic = f"paho/{version}"
    with Client(web.port, version=version, transport="websockets") as client, \
            Client(web.bare, version=version) as other:
        assert client.subscribe(topic, 2) == 2
        assert other.subscribe(topic, 2) == 2
        for qos in (0, 1, 2):
            client.publish(topic, f"framed {qos}", qos)
            other.publish(topic, f"bare {qos}", qos)
        wanted = sorted(f"{way} {qos}".encode() for way in ("framed", "bare") for qos in (0, 1, 2))
        client.wait_for(6)
        other.wait_for(6)
        assert sorted(client.payloads()) == sorted(other.payloads()) == wanted


SCRIPT = """
const client = require('mqtt').connect(process.argv[1], { protocolVersion: +process.argv[2] });
client.on('message', (topic, payload) => { console.log(topic + ' ' + payload); client.end(); });
client.on('error', error => { console.log(error.message); process.exit(1); });
client.subscribe('js/#', { qos: 2 }, () => client.publish('js/a', 'hello', { qos: 2 }));
"""


def _node():
    node = shutil.which("node")
    if not node:
        pytest.skip("no node on this machine; install the package node-mqtt")
    if not os.path.isdir(f"{NODE_PATH}/mqtt"):
        pytest.skip("no MQTT.js on this machine; install the package node-mqtt")
    return node


def _mqtt_js(url, version, *environment):
    done = run(["env", f"NODE_PATH={NODE_PATH}", *environment, _node(), "-e", SCRIPT, url, version],
               timeout=30 * SLACK)
    assert (done.returncode, done.stdout) == (0, b"js/a hello\n"), done.stderr.decode()


@pytest.mark.parametrize("version", [4, 5])
def test_mqtt_js_works_over_websocket(web, version):
    _mqtt_js(f"ws://127.0.0.1:{web.port}/mqtt", version)


@pytest.mark.parametrize("version", [4, 5])
def test_mqtt_js_works_over_websocket_over_tls(web, version):
    _mqtt_js(f"wss://127.0.0.1:{web.secure}/mqtt", version, f"NODE_EXTRA_CA_CERTS={web.ca}")


@pytest.mark.parametrize("version", [V311, V5])
def test_paho_works_over_websocket_over_tls(web, version):
    with _over_tls(Client(web.secure, version=version, transport="websockets"), web) as client:
        client.subscribe("paho", 2)
        payload = os.urandom(300_000)
        client.publish("paho", payload, 2)
        assert client.wait_for(1)[0].payload == payload


def _over_tls(client, broker):
    client.paho.tls_set(ca_certs=str(broker.ca))
    return client


# --- frames --------------------------------------------------------------------------------------

def test_packets_and_frames_need_not_be_aligned(web):
    with opened(web.port) as connection:
        wire = Wire(connection)
        stream = packet.connect("unaligned") + packet.subscribe(1, [("unaligned", 0)]) + \
            packet.publish("unaligned", b"one") + packet.publish("unaligned", b"two")
        for byte in stream[:-30]:
            connection.sendall(bytes([byte]))
        connection.sendall(stream[-30:])
        wire.expect(packet.CONNACK)
        wire.expect(packet.SUBACK)
        payloads = [packet.published(wire.expect(packet.PUBLISH)).payload for _ in range(2)]
        assert payloads == [b"one", b"two"]


def test_a_megabyte_in_fragments_with_a_ping_between(web):
    payload, dice = os.urandom(1_000_000), random.Random(7)
    rest = packet.publish("megabyte", payload, 1, 1)
    with Client(web.bare) as subscriber, opened(web.port) as connection:
        subscriber.subscribe("megabyte")
        wire = Wire(connection)
        wire.connect("fragments")
        opcode, count = BINARY, 0
        while rest:
            size = dice.choice([0, 1, 125, 126, 4096, 65535, 65536, 90000])
            part, rest = rest[:size], rest[size:]
            connection.sock.sendall(frame(part, opcode, fin=not rest))
            opcode, count = CONTINUATION, count + 1
            if count == 5:
                connection.sock.sendall(frame(b"still there?", PING))
                assert connection.frame() == (True, PONG, b"still there?")
        wire.expect(packet.PUBACK)
        assert subscriber.wait_for(1)[0].payload == payload


def test_a_slow_reader_gets_every_byte(web):
    payloads = [os.urandom(60_000 + i * 1000) for i in range(60)]
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(20 * SLACK)
    slow.connect(("127.0.0.1", web.port))
    with WebSocket(slow) as connection, Client(web.bare) as publisher:
        assert connection.ask(request()).status == 101
        wire = Wire(connection)
        wire.connect("slow")
        wire.send(packet.subscribe(1, [("slow", 1)]))
        wire.expect(packet.SUBACK)
        for payload in payloads:
            publisher.publish("slow", payload)
        got = []
        while len(got) < len(payloads):
            found = packet.published(wire.expect(packet.PUBLISH, 20))
            got.append(found.payload)
            wire.send(packet.acknowledge(packet.PUBACK, found.packet_id))
            if len(got) % 10 == 0:
                connection.sock.sendall(frame(b"", PING))
        assert got == payloads
        assert connection.pongs > 0


def test_a_close_travels_inside_tls(web):
    context = ssl.create_default_context(cafile=web.ca)
    raw = socket.create_connection(("127.0.0.1", web.secure), timeout=5 * SLACK)
    with WebSocket(context.wrap_socket(raw, server_hostname="localhost")) as connection:
        assert connection.ask(request()).status == 101
        Wire(connection).connect("secure")
        connection.sock.sendall(frame(b"text", TEXT))
        assert connection.frame() == (True, CLOSE, b"\x03\xeb")
        assert connection.is_closed()  # recv() would raise without a close_notify


@pytest.mark.parametrize("bad, code", [
    (frame(b"text", TEXT), 1003),
    (frame(packet.connect("unmasked"), masked=False), 1002),
    (frame(b"x", BINARY, reserved=4), 1002),
    (frame(b"x", 11), 1002),
    (frame(b"x", PING, fin=False), 1002),
    (frame(b"x" * 126, PING), 1002),
    (frame(b"x", CONTINUATION), 1002),
    (frame(b"\x03\xe8\xff", CLOSE), 1007),
], ids=["text", "unmasked", "reserved bit", "no opcode", "parted ping", "long ping",
        "nothing to continue", "reason not UTF-8"])
def test_a_frame_that_may_not_be_ends_the_connection_with_its_code(web, bad, code):
    with opened(web.port) as connection:
        connection.sock.sendall(bad)
        assert connection.frame() == (True, CLOSE, code.to_bytes(2, "big"))
        assert connection.is_closed()


def test_a_frame_that_may_not_be_is_logged_with_its_reason(web):
    with opened(web.port) as connection:
        connection.sock.sendall(frame(b"text", TEXT))
        wait_until(lambda: web.process.says("WebSocket", "text"), 5, "a line about it")


# --- the end -------------------------------------------------------------------------------------

def test_a_client_that_leaves_properly_has_no_will_published(web):
    with Client(web.bare) as watcher:
        watcher.subscribe("will/#")
        for name, last in (("left", packet.packet(packet.DISCONNECT, 0, b"")), ("fell", b"")):
            with opened(web.port) as connection:
                wire = Wire(connection)
                wire.connect(name, will=(f"will/{name}", "gone", 1))
                connection.sock.sendall((frame(last) if last else b"") + frame(b"\x03\xe8", CLOSE))
                assert connection.frame() == (True, CLOSE, b"\x03\xe8")
                assert connection.is_closed()
        assert [m.topic for m in watcher.wait_for(1)] == ["will/fell"]


def test_a_client_that_the_broker_ends_gets_a_close(web):
    with opened(web.port) as first, opened(web.port) as second:
        Wire(first).connect("twice", level=packet.V5)
        Wire(second).connect("twice", level=packet.V5)
        assert packet.take(bytearray(first.frame().payload)).type == packet.DISCONNECT
        assert first.frame() == (True, CLOSE, b"\x03\xe8")
        assert first.is_closed()


# --- the request ---------------------------------------------------------------------------------

def test_the_subprotocol_is_told(web):
    for offered, told in (("mqtt", "mqtt"), ("chat, mqttv3.1", "mqttv3.1")):
        with WebSocket.to(web.port) as connection:
            answer = connection.ask(request(Sec_WebSocket_Protocol=offered))
            assert (answer.status, answer.headers["Sec-WebSocket-Protocol"]) == (101, told)


@pytest.mark.parametrize("data, status", [
    (request(Upgrade=None, Connection=None), 404),
    (request(method="POST"), 405),
    (request(Sec_WebSocket_Version="8"), 426),
    (request(Sec_WebSocket_Protocol=None), 400),
    (request(Sec_WebSocket_Key="x"), 400),
    (request(Cookie="c" * 5000), 431),
    (packet.connect("bare"), 400),
], ids=["no upgrade", "POST", "version 8", "no protocol", "bad key", "too long", "bare"])
def test_a_request_that_is_refused_is_told_why(web, data, status):
    with WebSocket.to(web.port) as connection:
        answer = connection.ask(data)
        assert answer.status == status
        assert len(answer.body.split()) > 3
        assert connection.is_closed()
    if status == 426:
        assert answer.headers["Sec-WebSocket-Version"] == "13"


def test_only_listed_origins_may_connect(make_broker):
    broker = make_broker("protocol websockets", "websockets_origin https://status.example:8443",
                         "websockets_origin http://other", "allow_anonymous true")
    with opened(broker.port, Origin="https://status.example:8443") as connection:
        Wire(connection).connect("origin")
    with WebSocket.to(broker.port) as connection:
        assert connection.ask(request(Origin="https://evil.example")).status == 403
        assert connection.is_closed()


def test_the_size_of_a_request_may_be_changed(make_broker):
    broker = make_broker("protocol websockets", "allow_anonymous true",
                         "websockets_headers_size 8192")
    with WebSocket.to(broker.port) as connection:
        assert connection.ask(request(Cookie="c" * 5000)).status == 101
