# SPDX-License-Identifier: MIT
"""
MQTT packets by hand, on a bare socket: for what a client library hides (withheld
acknowledgements, a silent client, the code in a DISCONNECT) and for load.
"""
import socket
import struct
from collections import namedtuple

from wait import SLACK

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)

V31, V311, V5 = 3, 4, 5

RECEIVE_MAXIMUM, MAXIMUM_PACKET_SIZE, SESSION_EXPIRY = 0x21, 0x27, 0x11
WILL_DELAY = 0x18

NO_LOCAL, RETAIN_AS_PUBLISHED = 4, 8  # with the QoS in a subscription's options

Packet = namedtuple("Packet", "type flags body")
Published = namedtuple("Published", "topic qos retain dup packet_id payload")


def length(n):
    out = bytearray()
    while True:
        n, low = n >> 7, n & 127
        out.append(low | (128 if n else 0))
        if not n:
            return bytes(out)


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + length(len(body)) + body


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">H", len(data)) + data


def properties(pairs=()):
    body = b"".join(bytes([key]) + value for key, value in pairs)
    return length(len(body)) + body


def connect(client_id, level=V311, clean=True, keepalive=60, props=(), will=None,
            user=None, password=None):
    """`will` is (topic, payload, qos) and, v5, properties."""
    flags = 2 if clean else 0
    payload = string(client_id)
    if will:
        topic, text, qos, *more = will
        flags |= 4 | qos << 3
        payload += (properties(*more) if level == V5 else b"") + string(topic) + string(text)
    if user is not None:
        flags |= 0x80
        payload += string(user)
    if password is not None:
        flags |= 0x40
        payload += string(password)
    head = string("MQIsdp" if level == V31 else "MQTT")
    head += struct.pack(">BBH", level, flags, keepalive)
    return packet(CONNECT, 0, head + (properties(props) if level == V5 else b"") + payload)


def publish(topic, payload, qos=0, packet_id=0, retain=False, dup=False, level=V311,
            props=()):
    if isinstance(payload, str):
        payload = payload.encode()
    body = string(topic) + (struct.pack(">H", packet_id) if qos else b"")
    body += (properties(props) if level == V5 else b"") + payload
    return packet(PUBLISH, dup << 3 | qos << 1 | retain, body)


def subscribe(packet_id, filters, level=V311, props=()):
    """`filters` is a list of (filter, qos), to which v5 adds options."""
    body = struct.pack(">H", packet_id) + (properties(props) if level == V5 else b"")
    body += b"".join(string(f) + bytes([qos]) for f, qos in filters)
    return packet(SUBSCRIBE, 2, body)


def unsubscribe(packet_id, filters, level=V311):
    body = struct.pack(">H", packet_id) + (properties() if level == V5 else b"")
    return packet(UNSUBSCRIBE, 2, body + b"".join(string(f) for f in filters))


def acknowledge(kind, packet_id):
    return packet(kind, 2 if kind == PUBREL else 0, struct.pack(">H", packet_id))


def read_length(data, at):
    """(value, next position) of a variable byte integer, or None when it is not complete."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 127) << shift
        at += 1
        if not data[at - 1] & 128:
            return value, at
        shift += 7
    return None


def take(buffer):
    """Remove the first whole packet from a bytearray; None when there is none yet."""
    size = read_length(buffer, 1)
    if size is None or len(buffer) < size[1] + size[0]:
        return None
    body = bytes(buffer[size[1]:size[1] + size[0]])
    found = Packet(buffer[0] >> 4, buffer[0] & 15, body)
    del buffer[:size[1] + size[0]]
    return found


def published(p, level=V311):
    qos = p.flags >> 1 & 3
    end = 2 + struct.unpack(">H", p.body[:2])[0]
    topic, at, packet_id = p.body[2:end].decode(), end, 0
    if qos:
        packet_id, at = struct.unpack(">H", p.body[at:at + 2])[0], at + 2
    if level == V5:
        size, at = read_length(p.body, at)
        at += size
    return Published(topic, qos, bool(p.flags & 1), bool(p.flags & 8), packet_id, p.body[at:])


def packet_id_of(p, level=V311):
    """Of a PUBLISH or of an acknowledgement."""
    if p.type == PUBLISH:
        return published(p, level).packet_id
    return struct.unpack(">H", p.body[:2])[0]


class Wire:
    """One end of a connection that does nothing by itself."""

    def __init__(self, sock):
        self.sock, self._buffer = sock, bytearray()

    @classmethod
    def to(cls, port):
        return cls(socket.create_connection(("127.0.0.1", port), timeout=5 * SLACK))

    def send(self, data):
        self.sock.sendall(data)

    def feed(self, data):
        self._buffer += data

    def take(self):
        """The next packet already here, None when there is none."""
        return take(self._buffer)

    def receive(self, timeout=5.0):
        """The next packet; None when the peer closed. TimeoutError when neither happens."""
        while True:
            found = take(self._buffer)
            if found:
                return found
            self.sock.settimeout(timeout * SLACK)
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._buffer += data

    def expect(self, kind, timeout=5.0):
        """The next packet, which must be of this type."""
        found = self.receive(timeout)
        assert found is not None, f"the peer closed where packet type {kind} was due"
        assert found.type == kind, f"packet type {found.type} where {kind} was due: {found.body!r}"
        return found

    def is_silent(self, seconds):
        """Nothing at all arrives for so long."""
        try:
            found = self.receive(seconds / SLACK)
        except TimeoutError:
            return True
        raise AssertionError(f"unexpected: {found}")

    def connect(self, client_id, **how):
        self.send(connect(client_id, **how))
        return self.expect(CONNACK)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
