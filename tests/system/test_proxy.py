# SPDX-License-Identifier: MIT
"""Connections that come through a proxy, which says who the client is."""
import socket
import ssl
import struct

import pytest

import packet
from packet import Wire
from pki import Pki
from process import program, run
from wait import SLACK, wait_until
from websocket import WebSocket, request

LINE = b"PROXY TCP4 192.0.2.5 192.0.2.1 49152 1883\r\n"
ENDS = bytes([192, 0, 2, 7, 192, 0, 2, 1]) + struct.pack(">HH", 49153, 1883)
LOCAL, PROXY, TCP4 = 0x20, 0x21, 0x11
TLS, CERTIFICATE = 1, 4
CONFIGURATION_ERROR = 3


def tlv(kind, value):
    return bytes([kind]) + struct.pack(">H", len(value)) + value


def header(command=PROXY, family=TCP4, body=ENDS):
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, family]) + struct.pack(">H", len(body)) + body


def with_tls(client=TLS, verify=0, name=None):
    inner = bytes([client]) + struct.pack(">I", verify) + tlv(0x21, b"TLSv1.3")
    return header(body=ENDS + tlv(0x20, inner + (tlv(0x22, name) if name else b"")))


def let_in(broker, head, client_id):
    """Whether a client behind this header gets its CONNACK; the connection ends otherwise."""
    with Wire.to(broker.port) as wire:
        wire.send(head + packet.connect(client_id))
        found = wire.receive()
        return found is not None and found.type == packet.CONNACK


def is_logged(broker, *words):
    wait_until(lambda: broker.process.says(*words), 5, f"a line with {words}")


@pytest.mark.parametrize("version, head, address", [
    (1, LINE, "192.0.2.5:49152"),
    (1, b"PROXY TCP6 2001:db8::7 ::1 49152 1883\r\n", "[2001:db8::7]:49152"),
    (1, b"PROXY UNKNOWN\r\n", "127.0.0.1:"),
    (2, header(), "192.0.2.7:49153"),
    (2, header(LOCAL, 0, b""), "127.0.0.1:"),
])
def test_the_address_of_the_client_is_what_the_proxy_says(make_broker, version, head, address):
    broker = make_broker(f"enable_proxy_protocol {version}", "allow_anonymous true")
    assert let_in(broker, head, "client")
    is_logged(broker, f"connected from {address}", "client")


def test_a_header_may_come_byte_by_byte(make_broker):
    broker = make_broker("enable_proxy_protocol 1", "allow_anonymous true")
    with Wire.to(broker.port) as wire:
        for byte in LINE + packet.connect("drip"):
            wire.send(bytes([byte]))
        wire.expect(packet.CONNACK)
    is_logged(broker, "192.0.2.5:49152", "drip")


@pytest.mark.parametrize("version, head", [
    (1, b""),
    (1, b"PROXY TCP4 192.0.2.5 192.0.2.1 49152\r\n"),
    (1, header()),
    (2, b""),
    (2, LINE),
    (2, header(family=0x12)),
    (2, header(body=ENDS + b"\x20\xff\xff")),
])
def test_without_a_good_header_nobody_is_let_in(make_broker, version, head):
    broker = make_broker(f"enable_proxy_protocol {version}", "allow_anonymous true")
    assert not let_in(broker, head, "client")
    is_logged(broker, "PROXY", "header")
    assert let_in(broker, LINE if version == 1 else header(), "next")


@pytest.mark.parametrize("head", [LINE, header()])
def test_a_header_that_was_not_asked_for_is_not_believed(make_broker, head):
    broker = make_broker("allow_anonymous true")
    assert not let_in(broker, head, "client")
    assert not broker.process.says("192.0.2")


def test_tls_up_to_the_proxy_may_be_required(make_broker):
    broker = make_broker("enable_proxy_protocol 2", "proxy_protocol_v2_require_tls true",
                         "allow_anonymous true")
    assert not let_in(broker, header(), "plain")
    assert not let_in(broker, header(LOCAL, 0, b""), "itself")
    is_logged(broker, "proxy_protocol_v2_require_tls")
    assert let_in(broker, with_tls(), "secure")


def test_the_certificate_that_the_proxy_has_verified_is_the_client(make_broker):
    broker = make_broker("enable_proxy_protocol 2", "require_certificate true",
                         "use_identity_as_username true", "use_username_as_clientid true")
    assert not let_in(broker, with_tls(), "x")
    assert not let_in(broker, with_tls(TLS | CERTIFICATE, 1, b"pump-7"), "x")
    assert not let_in(broker, with_tls(TLS | CERTIFICATE), "x")
    assert let_in(broker, with_tls(TLS | CERTIFICATE, 0, b"pump-7"), "x")
    is_logged(broker, "connected from 192.0.2.7:49153 as pump-7")


def test_websockets_come_through_a_proxy_too(make_broker):
    broker = make_broker("protocol websockets", "enable_proxy_protocol 1", "allow_anonymous true")
    with WebSocket.to(broker.port) as connection:
        assert connection.ask(LINE + request()).status == 101
        Wire(connection).connect("framed")
    is_logged(broker, "192.0.2.5:49152", "framed")


def test_the_rate_of_connections_is_that_of_each_client_and_not_of_the_proxy(make_broker):
    broker = make_broker("enable_proxy_protocol 1", "allow_anonymous true", "max_connect_rate 1")
    line = "PROXY TCP4 192.0.2.{} 192.0.2.1 49152 1883\r\n"
    assert all(let_in(broker, line.format(i + 1).encode(), f"of-many-{i}") for i in range(20))
    assert not all(let_in(broker, line.format(99).encode(), f"of-one-{i}") for i in range(20))


def test_tls_may_come_through_a_proxy_unopened(make_broker, scratch):
    pki = Pki(scratch.folder("pki"))
    certificate, key = pki.issue("server", "/CN=localhost")
    broker = make_broker("enable_proxy_protocol 1", f"certfile {certificate}", f"keyfile {key}",
                         "allow_anonymous true")
    context = ssl.create_default_context(cafile=pki.path("ca.crt"))
    raw = socket.create_connection(("127.0.0.1", broker.port), timeout=5 * SLACK)
    raw.sendall(LINE)
    with Wire(context.wrap_socket(raw, server_hostname="localhost")) as wire:
        wire.connect("secure")
    is_logged(broker, "192.0.2.5:49152", "secure")


@pytest.mark.parametrize("lines, keyword, remedy", [
    ("proxy_protocol_v2_require_tls true", "proxy_protocol_v2_require_tls", "enable_proxy_protocol 2"),
    ("enable_proxy_protocol 1\nrequire_certificate true", "require_certificate", "enable_proxy_protocol 2"),
    ("enable_proxy_protocol 1\nuse_identity_as_username true", "use_identity_as_username",
     "enable_proxy_protocol 2"),
    ("enable_proxy_protocol 2\nuse_subject_as_username true", "use_subject_as_username",
     "use_identity_as_username"),
    ("enable_proxy_protocol 3", "enable_proxy_protocol", "2"),
])
def test_what_a_proxy_cannot_tell_is_refused(scratch, lines, keyword, remedy):
    config = scratch.path / "broker.conf"
    config.write_text(f"listener 1883\n{lines}\n")
    done = run([program("belfry-broker", scratch.path), "-c", config, "--test-config"])
    assert done.returncode == CONFIGURATION_ERROR
    assert keyword.encode() in done.stderr and remedy.encode() in done.stderr
