# SPDX-License-Identifier: MIT
"""Packets as bytes, and what version 5 allows in them: what malformed.py spoils.

Written from the specification; nothing here is shared with the broker or with the runner.
"""

V31, V311, V5 = "v3.1", "v3.1.1", "v5"
CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
NAMES = ["reserved", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp",
         "subscribe", "suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect",
         "auth"]
ACKS = [PUBACK, PUBREC, PUBREL, PUBCOMP]
WILL = "will"  # its properties are a list of their own


def varint(n):
    out = bytearray()
    while True:
        n, low = n >> 7, n & 127
        out.append(low | 128 if n else low)
        if not n:
            return bytes(out)


def u16(n):
    return n.to_bytes(2, "big")


def text(s):
    raw = s if isinstance(s, bytes) else s.encode()
    return u16(len(raw)) + raw


def block(properties):
    return varint(len(properties)) + properties


def flags_of(kind):
    return 2 if kind in (PUBREL, SUBSCRIBE, UNSUBSCRIBE) else 0


def packet(kind, body=b"", flags=None):
    return bytes([kind << 4 | (flags_of(kind) if flags is None else flags)]) + block(body)


# identifier: (name, a good value)
PROPERTIES = {
    0x01: ("payload_format", b"\1"), 0x02: ("message_expiry", b"\0\0\0\1"),
    0x03: ("content_type", text("t")), 0x08: ("response_topic", text("r")),
    0x09: ("correlation_data", text("c")), 0x0B: ("subscription_identifier", b"\1"),
    0x11: ("session_expiry", b"\0\0\0\1"), 0x12: ("assigned_client_identifier", text("a")),
    0x13: ("server_keep_alive", b"\0\1"), 0x15: ("authentication_method", text("m")),
    0x16: ("authentication_data", text("d")), 0x17: ("request_problem_information", b"\1"),
    0x18: ("will_delay", b"\0\0\0\1"), 0x19: ("request_response_information", b"\1"),
    0x1A: ("response_information", text("i")), 0x1C: ("server_reference", text("s")),
    0x1F: ("reason_string", text("r")), 0x21: ("receive_maximum", b"\0\1"),
    0x22: ("topic_alias_maximum", b"\0\1"), 0x23: ("topic_alias", b"\0\1"),
    0x24: ("maximum_qos", b"\1"), 0x25: ("retain_available", b"\1"),
    0x26: ("user_property", text("k") + text("v")), 0x27: ("maximum_packet_size", b"\0\0\1\0"),
    0x28: ("wildcard_subscription_available", b"\1"),
    0x29: ("subscription_identifier_available", b"\1"),
    0x2A: ("shared_subscription_available", b"\1"),
}
# Those that a packet from a client may have, v5 2.2.2.2. DISCONNECT has its server reference in the
# same table, though only a server sends one.
ALLOWED = {
    CONNECT: {0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27},
    WILL: {0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26},
    PUBLISH: {0x01, 0x02, 0x03, 0x08, 0x09, 0x23, 0x26},
    PUBACK: {0x1F, 0x26}, PUBREC: {0x1F, 0x26}, PUBREL: {0x1F, 0x26}, PUBCOMP: {0x1F, 0x26},
    SUBSCRIBE: {0x0B, 0x26}, UNSUBSCRIBE: {0x26}, DISCONNECT: {0x11, 0x1C, 0x1F, 0x26},
}
# The reasons that a packet from a client may have: v5 2.4, 3.4.2.1 and the like. DISCONNECT has
# those that only a server sends in the same table.
REASONS = {
    PUBACK: {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99},
    PUBREC: {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99},
    PUBREL: {0x00, 0x92}, PUBCOMP: {0x00, 0x92},
    DISCONNECT: {0x00, 0x04, *range(0x80, 0x84), 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90,
                 *range(0x93, 0xA3)},
    AUTH: {0x00, 0x18, 0x19},
}


def place(where):
    return where if where == WILL else NAMES[where]


def prop(number):
    return bytes([number]) + PROPERTIES[number][1]


def connect(version, *, identifier=text("a"), properties=b"", will=None, user=None, password=None,
            flags=None, raw_properties=None, will_properties=None):
    """CONNECT of a clean session. will: (properties, topic, payload), user, password: as sent."""
    wanted = 2 | (4 if will else 0) | (0x40 if password else 0) | (0x80 if user else 0)
    body = text("MQIsdp") + b"\3" if version == V31 else text("MQTT") + (
        b"\5" if version == V5 else b"\4")
    body += bytes([wanted if flags is None else flags]) + u16(0)
    if version == V5:
        body += block(properties) if raw_properties is None else raw_properties
    body += identifier
    if will and version == V5:
        body += block(will[0]) if will_properties is None else will_properties
    if will:
        body += will[1] + will[2]
    return packet(CONNECT, body + (user or b"") + (password or b""))


def with_properties(where, properties, raw=None):
    """A good packet of version 5 but for its properties; raw: their length as well."""
    block_of = block(properties) if raw is None else raw
    if where == CONNECT:
        return connect(V5, raw_properties=block_of)
    if where == WILL:
        return connect(V5, will=(b"", text("w"), text("x")), will_properties=block_of)
    before = {PUBLISH: text("x"), SUBSCRIBE: u16(1), UNSUBSCRIBE: u16(1), DISCONNECT: b"\0",
              AUTH: b"\x19"}
    after = {SUBSCRIBE: text("x") + b"\0", UNSUBSCRIBE: text("x")}
    return packet(where, before.get(where, u16(1) + b"\0") + block_of + after.get(where, b""))


def body_of(kind, version):
    """The shortest good body of a packet that a client sends."""
    none = block(b"") if version == V5 else b""
    return {
        PUBLISH: text("x") + none, SUBSCRIBE: u16(1) + none + text("x") + b"\0",
        UNSUBSCRIBE: u16(1) + none + text("x"), PINGREQ: b"", DISCONNECT: b"",
        AUTH: b"\x19" + block(prop(0x15)),
    }.get(kind, u16(1))


def same(versions, bytes_of):
    return {version: bytes_of(version) for version in versions}
