#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""malformed.py FOLDER: write a conversation for every way to get a packet's bytes wrong.

A case is one packet, wrong in one way, and what the specification has a server say to it. It is
sent by a client of each version that it is wrong for, by one that has not said CONNECT, and by one
that has said DISCONNECT. Version 5 is answered by a DISCONNECT with a reason, or by a CONNACK when
the packet is CONNECT, and every version by the end of the connection, the older ones without a word
[v5 MQTT-4.13.1-1, MQTT-4.13.2-1, MQTT-3.14.0-1] [v3 MQTT-4.8.0-1, MQTT-3.1.4-1]. The packets that
are spoilt here are sent whole as well, and must be accepted in their time.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from packets import (ACKS, ALLOWED, AUTH, CONNACK, CONNECT, DISCONNECT, NAMES, PINGREQ, PINGRESP,
                     PROPERTIES, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, REASONS, SUBACK,
                     SUBSCRIBE, UNSUBACK, UNSUBSCRIBE, V31, V311, V5, WILL, block, body_of, connect,
                     flags_of, packet, place, prop, same, text, u16, varint, with_properties)

ALL = [V31, V311, V5]
MALFORMED, PROTOCOL_ERROR, EITHER = "0x81", "0x82", "0x81|0x82"


class Case(NamedTuple):
    name: str
    tags: str
    packets: dict  # version: bytes
    reason: str = MALFORMED  # for version 5


# --- what can be wrong --------------------------------------------------------------------------


def reserved_flags():
    """3.1 had flags in more packets and checked none of them."""
    for kind in [*ACKS, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT]:
        tags = "[v5 MQTT-2.1.3-1] [v3 MQTT-2.2.2-1, MQTT-2.2.2-2]" + {
            PUBREL: " [v5 MQTT-3.6.1-1] [v3 MQTT-3.6.1-1]",
            SUBSCRIBE: " [v5 MQTT-3.8.1-1] [v3 MQTT-3.8.1-1]",
            UNSUBSCRIBE: " [v5 MQTT-3.10.1-1] [v3 MQTT-3.10.1-1]",
            DISCONNECT: " [v5 MQTT-3.14.1-1] [v3 MQTT-3.14.1-1]"}.get(kind, "")
        for flags in set(range(16)) - {flags_of(kind)}:
            yield Case(f"{NAMES[kind]}_with_flags_{flags}", tags, same(
                [V311, V5], lambda v, k=kind, f=flags: packet(k, body_of(k, v), f)))
    for flags in range(1, 16):
        yield Case(f"auth_with_flags_{flags}", "[v5 MQTT-3.15.1-1]",
                   {V5: packet(AUTH, body_of(AUTH, V5), flags)})
        yield Case(f"connect_with_flags_{flags}", "[v5 MQTT-2.1.3-1] [v3 MQTT-2.2.2-2]", same(
            [V311], lambda v, f=flags: bytes([CONNECT << 4 | f]) + connect(v)[1:]))
    for flags in (8, 9):
        yield Case(f"publish_qos0_with_flags_{flags}", "[v5 MQTT-3.3.1-2] [v3 MQTT-3.3.1-2]", same(
            [V311, V5], lambda v, f=flags: packet(PUBLISH, body_of(PUBLISH, v), f)), EITHER)
    for flags in (6, 7, 14, 15):
        yield Case(f"publish_qos3_with_flags_{flags}", "[v5 MQTT-3.3.1-4] [v3 MQTT-3.3.1-4]", same(
            ALL, lambda v, f=flags: packet(
                PUBLISH, text("x") + u16(1) + (b"\0" if v == V5 else b""), f)))


def types():
    answer = {CONNACK: b"\0\0", SUBACK: u16(1) + b"\0", UNSUBACK: u16(1), PINGRESP: b""}
    for kind, body in answer.items():
        yield Case(f"{NAMES[kind]}_from_a_client", "[v5 MQTT-4.13.1-1] [v3 MQTT-4.8.0-1]", {
            V31: packet(kind, body), V311: packet(kind, body),
            V5: packet(kind, body[:2] + (b"\0" if body else b"") + body[2:])}, "0x82|0x81")
    for flags in range(16):
        yield Case(f"type_0_with_flags_{flags}", "[v5 MQTT-4.13.1-1] [v3 MQTT-4.8.0-1]",
                   same(ALL, lambda v, f=flags: packet(0, b"", f)))
    yield Case("auth_before_version_5", "[v3 MQTT-4.8.0-1]",
               same([V31, V311], lambda v: packet(AUTH)))


def remaining_length():
    for kind in [PUBLISH, *ACKS, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT]:
        first = bytes([kind << 4 | flags_of(kind)])
        yield Case(f"{NAMES[kind]}_with_five_bytes_of_length",
                   "[v5 MQTT-1.5.5-1] [v3 MQTT-4.8.0-1]",
                   same(ALL, lambda v, f=first: f + b"\xff\xff\xff\xff\x01"))
        yield Case(f"{NAMES[kind]}_of_256_megabytes", "[v5 MQTT-3.2.2-15] [v3 MQTT-4.8.0-1]", same(
            ALL, lambda v, f=first: f + b"\xff\xff\xff\x7f"), "0x95|0x81")
    for kind in [*ACKS, PINGREQ, DISCONNECT]:
        yield Case(f"{NAMES[kind]}_with_a_byte_too_many", "[v3 MQTT-4.8.0-1]", same(
            [V31, V311], lambda v, k=kind: packet(k, body_of(k, v) + b"\0")))
    for kind in [SUBSCRIBE, UNSUBSCRIBE]:
        yield Case(f"{NAMES[kind]}_with_a_byte_too_many", "[v5 MQTT-4.13.1-1] [v3 MQTT-4.8.0-1]",
                   same(ALL, lambda v, k=kind: packet(k, body_of(k, v) + b"\0")))
    yield Case("pingreq_with_a_body", "[v5 MQTT-4.13.1-1]", {V5: packet(PINGREQ, b"\0")})
    for kind in [*ACKS, DISCONNECT]:
        body = with_properties(kind, prop(0x26))[2:]
        yield Case(f"{NAMES[kind]}_with_a_byte_behind_its_properties", "[v5 MQTT-4.13.1-1]",
                   {V5: packet(kind, body + b"\0")})


def cut(kind, version, body, good=(), flags=None):
    """The packet with every shorter body than the whole one, but for the lengths in `good`."""
    tags = "[v5 MQTT-4.13.1-1]" if version == V5 else "[v3 MQTT-4.8.0-1]"
    for length in sorted(set(range(len(body))) - set(good)):
        yield Case(f"{NAMES[kind]}_of_{version}_cut_to_{length}_of_{len(body)}", tags,
                   {version: packet(kind, body[:length], flags)})


def truncated():
    for version in ALL:
        is_v5 = version == V5
        some = block(prop(0x26)) if is_v5 else b""
        yield from cut(PUBLISH, version, text("x/y") + u16(1) + some, flags=2)
        for kind in ACKS:
            yield from cut(kind, version, u16(1) + (b"\0" + some if is_v5 else b""),
                           [2, 3] if is_v5 else [])
        start = u16(1) + some
        yield from cut(SUBSCRIBE, version, start + text("x/y") + b"\1", [len(start)])
        yield from cut(UNSUBSCRIBE, version, start + text("x/y"), [len(start)])
        whole = connect(version, properties=prop(0x26), will=(prop(0x26), text("w"), text("x")),
                        user=text("u"), password=text("p"))
        yield from cut(CONNECT, version, whole[2:])
    yield from cut(DISCONNECT, V5, b"\0" + block(prop(0x26)), [0, 1])


def without_filters():
    for kind, tags in ((SUBSCRIBE, "[v5 MQTT-3.8.3-2] [v3 MQTT-3.8.3-3]"),
                       (UNSUBSCRIBE, "[v5 MQTT-3.10.3-2] [v3 MQTT-3.10.3-2]")):
        yield Case(f"{NAMES[kind]}_without_filters", tags, same(
            ALL, lambda v, k=kind: packet(k, u16(1) + (b"\0" if v == V5 else b""))), "0x82|0x81")


BAD_UTF8 = {
    "overlong_c080": b"\xc0\x80", "overlong_c1bf": b"\xc1\xbf", "overlong_e08080": b"\xe0\x80\x80",
    "overlong_e09fbf": b"\xe0\x9f\xbf", "overlong_f0808080": b"\xf0\x80\x80\x80",
    "overlong_f08fbfbf": b"\xf0\x8f\xbf\xbf", "surrogate_d800": b"\xed\xa0\x80",
    "surrogate_dfff": b"\xed\xbf\xbf", "surrogate_pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "above_10ffff": b"\xf4\x90\x80\x80", "byte_f5": b"\xf5\x80\x80\x80",
    "five_bytes": b"\xf8\x88\x80\x80\x80", "lone_continuation": b"\x80", "cut_of_2": b"\xc3",
    "cut_of_3": b"\xe2\x82", "cut_of_4": b"\xf0\x9f\x98", "latin_1": b"\xe9t\xe9",
    "byte_fe": b"\xfe", "byte_ff": b"\xff", "nul": b"\0",
}


def fields_of_text():
    """Yield (name, tags, versions, what makes a packet with that text, reason)."""
    def none(version):
        return b"\0" if version == V5 else b""

    yield ("client_identifier", "[v5 MQTT-3.1.3-4] [v3 MQTT-3.1.3-4]", ALL,
           lambda v, s: connect(v, identifier=s), "0x81|0x85")
    yield ("will_topic", "[v5 MQTT-3.1.3-11] [v3 MQTT-3.1.3-10]", ALL,
           lambda v, s: connect(v, will=(b"", s, text("x"))), "0x81|0x90")
    yield ("user_name", "[v5 MQTT-3.1.3-12] [v3 MQTT-3.1.3-11]", ALL,
           lambda v, s: connect(v, user=s), MALFORMED)
    yield ("topic_name", "[v5 MQTT-3.3.2-1] [v3 MQTT-3.3.2-1]", ALL,
           lambda v, s: packet(PUBLISH, s + none(v)), "0x81|0x90")
    yield ("filter_of_subscribe", "[v5 MQTT-3.8.3-1] [v3 MQTT-3.8.3-1]", ALL,
           lambda v, s: packet(SUBSCRIBE, u16(1) + none(v) + s + b"\0"), MALFORMED)
    yield ("filter_of_unsubscribe", "[v5 MQTT-3.10.3-1] [v3 MQTT-3.10.3-1]", ALL,
           lambda v, s: packet(UNSUBSCRIBE, u16(1) + none(v) + s), MALFORMED)
    for where, number, tag in [
            (CONNECT, 0x15, ""), (WILL, 0x03, ""), (WILL, 0x08, "[v5 MQTT-3.3.2-13]"),
            (PUBLISH, 0x03, "[v5 MQTT-3.3.2-19]"), (PUBLISH, 0x08, "[v5 MQTT-3.3.2-13]"),
            (PUBACK, 0x1F, ""), (PUBREC, 0x1F, ""), (PUBREL, 0x1F, ""), (PUBCOMP, 0x1F, ""),
            (DISCONNECT, 0x1F, "")]:
        yield (f"{PROPERTIES[number][0]}_of_{place(where)}", tag, [V5],
               lambda v, s, w=where, n=number: with_properties(w, bytes([n]) + s),
               "0x81|0x82|0x90" if number == 0x08 else MALFORMED)
    for where in ALLOWED:
        yield (f"user_property_name_of_{place(where)}", "[v5 MQTT-1.5.7-1]", [V5],
               lambda v, s, w=where: with_properties(w, b"\x26" + s + text("v")), MALFORMED)
        yield (f"user_property_value_of_{place(where)}", "[v5 MQTT-1.5.7-1]", [V5],
               lambda v, s, w=where: with_properties(w, b"\x26" + text("k") + s), MALFORMED)


def utf8():
    for field, tags, versions, packet_with, reason in fields_of_text():
        for name, bad in BAD_UTF8.items():
            new, old = (("[v5 MQTT-1.5.4-2]", "[v3 MQTT-1.5.3-2]") if name == "nul" else
                        ("[v5 MQTT-1.5.4-1]", "[v3 MQTT-1.5.3-1]"))
            yield Case(f"{field}_with_{name}", f"{tags} {new} {old if V311 in versions else ''}",
                       same(versions, lambda v, b=bad, f=packet_with: f(v, text(b"a" + b + b"b"))),
                       reason)


def property_identifiers():
    """v5 2.2.2.2: what does not belong to the packet makes it malformed."""
    for where, allowed in ALLOWED.items():
        for number in PROPERTIES.keys() - allowed:
            is_subscriptions = (where, number) == (PUBLISH, 0x0B)
            yield Case(f"{place(where)}_with_{PROPERTIES[number][0]}",
                       "[v5 MQTT-3.3.4-6]" if is_subscriptions else "[v5 MQTT-4.13.1-1]",
                       {V5: with_properties(where, prop(number))},
                       EITHER if is_subscriptions else MALFORMED)
        for name, number in (("0", b"\0"), ("4", b"\4"), ("127", b"\x7f"), ("128", b"\x80\1"),
                             ("of_five_bytes", b"\x80\x80\x80\x80\1")):
            yield Case(f"{place(where)}_with_property_{name}", "[v5 MQTT-4.13.1-1]",
                       {V5: with_properties(where, number + b"\0")})


def properties_given_twice():
    """v5 3.1.2.11 and the like: a protocol error, each property's own section says."""
    for where, allowed in ALLOWED.items():
        for number in sorted(allowed - {0x26}):
            first = prop(0x15) if number == 0x16 else b""
            yield Case(f"{place(where)}_with_{PROPERTIES[number][0]}_twice", "[v5 MQTT-4.13.1-1]",
                       {V5: with_properties(where, first + prop(number) * 2)}, PROTOCOL_ERROR)


def property_lengths():
    for where in ALLOWED:
        good = prop(0x26)
        bad = {
            "past_the_end": b"\x7f" + good,
            "of_256_megabytes": b"\xff\xff\xff\x7f" + good,
            "of_five_bytes": b"\xff\xff\xff\xff\1" + good,
            "within_a_property": varint(len(good) - 1) + good,
            "of_one_for_an_identifier": b"\1\x26",
        }
        if where not in (SUBSCRIBE, UNSUBSCRIBE):
            bad["longer_than_needed"] = bytes([0x80 | len(good), 0]) + good
        for name, raw in bad.items():
            yield Case(f"{place(where)}_with_a_property_length_{name}", "[v5 MQTT-4.13.1-1]" + (
                " [v5 MQTT-1.5.5-1]" if name in ("of_five_bytes", "longer_than_needed") else ""),
                {V5: with_properties(where, b"", raw)})
    for where, allowed in ALLOWED.items():
        for number in sorted(allowed):
            for length in range(1, len(prop(number))):
                yield Case(f"{place(where)}_with_{PROPERTIES[number][0]}_cut_to_{length}",
                           "[v5 MQTT-4.13.1-1]",
                           {V5: with_properties(where, prop(number)[:length])})


def property_values():
    def case(name, where, properties, reason, tags="[v5 MQTT-4.13.1-1]"):
        return Case(name, tags, {V5: with_properties(where, properties)}, reason)

    for number in (0x17, 0x19):
        for value in (2, 255):
            yield case(f"{PROPERTIES[number][0]}_{value}", CONNECT, bytes([number, value]),
                       PROTOCOL_ERROR)
    yield case("receive_maximum_0", CONNECT, b"\x21\0\0", PROTOCOL_ERROR)
    yield case("maximum_packet_size_0", CONNECT, b"\x27\0\0\0\0", PROTOCOL_ERROR)
    yield case("authentication_data_alone", CONNECT, prop(0x16), PROTOCOL_ERROR)
    for where in (WILL, PUBLISH):
        yield case(f"payload_format_2_of_{place(where)}", where, b"\1\2", "0x81|0x82|0x99")
        for topic in ("#", "+", "a/#", "a/+/b", "a+"):
            slug = topic.replace("/", "_").replace("#", "hash").replace("+", "plus")
            yield case(f"response_topic_{slug}_of_{place(where)}", where, b"\x08" + text(topic),
                       "0x81|0x82|0x90", "[v5 MQTT-3.3.2-14]")
    for alias in (0, 11, 65535):
        yield case(f"topic_alias_{alias}", PUBLISH, b"\x23" + u16(alias), "0x94",
                   "[v5 MQTT-3.3.2-8]" if alias == 0 else "[v5 MQTT-3.3.2-9, MQTT-3.2.2-17]")
    yield case("subscription_identifier_0", SUBSCRIBE, b"\x0b\0", PROTOCOL_ERROR)
    yield case("subscription_identifier_of_five_bytes", SUBSCRIBE, b"\x0b\x80\x80\x80\x80\1",
               MALFORMED, "[v5 MQTT-1.5.5-1]")


def packet_identifiers():
    """An acknowledgement of identifier 0 cannot be one of anything."""
    tags = "[v5 MQTT-2.2.1-3] [v3 MQTT-2.3.1-1]"
    for qos in (1, 2):
        yield Case(f"publish_qos{qos}_with_identifier_0", tags, same(
            ALL, lambda v, q=qos: packet(
                PUBLISH, text("x") + u16(0) + (b"\0" if v == V5 else b""), q << 1)), EITHER)
    for kind in (SUBSCRIBE, UNSUBSCRIBE):
        yield Case(f"{NAMES[kind]}_with_identifier_0", tags, same(
            ALL, lambda v, k=kind: packet(k, u16(0) + body_of(k, v)[2:])), EITHER)
    for kind in ACKS:
        yield Case(f"{NAMES[kind]}_with_identifier_0", "[v5 MQTT-2.2.1-5] [v3 MQTT-2.3.1-6]", same(
            ALL, lambda v, k=kind: packet(k, u16(0))), EITHER)


TAG_OF_REASON = {
    PUBACK: "[v5 MQTT-3.4.2-1]", PUBREC: "[v5 MQTT-3.5.2-1]", PUBREL: "[v5 MQTT-3.6.2-1]",
    PUBCOMP: "[v5 MQTT-3.7.2-1]", DISCONNECT: "[v5 MQTT-3.14.2-1]", AUTH: "[v5 MQTT-3.15.2-1]",
}


def reasons():
    """Every value that the packet does not have, of those that any packet has, and three more."""
    known = {0x01, 0x02, 0x11, 0x84, 0x85, 0x86, 0x88, 0x8A, 0x8C, 0x03, 0x7F, 0xFF}
    known = known.union(*REASONS.values())
    for kind, own in REASONS.items():
        for reason in sorted(known - own):
            body = (u16(1) if kind in ACKS else b"") + bytes([reason])
            if kind == AUTH:
                body += block(prop(0x15))
            yield Case(f"{NAMES[kind]}_with_reason_{reason:02x}", TAG_OF_REASON[kind],
                       {V5: packet(kind, body)}, EITHER)


def subscription_options():
    def subscribe(version, options, filter_=b"x"):
        return packet(SUBSCRIBE, u16(1) + (b"\0" if version == V5 else b"") + text(filter_) +
                      bytes([options]))

    for qos in (0, 1, 2):
        for bit in (0x40, 0x80, 0xC0):
            yield Case(f"subscribe_options_{bit | qos:02x}", "[v5 MQTT-3.8.3-5] [v3 MQTT-3.8.3-4]",
                       same([V311, V5], lambda v, o=bit | qos: subscribe(v, o)))
        for bit in (0x04, 0x08, 0x10, 0x20):
            yield Case(f"subscribe_options_{bit | qos:02x}_before_version_5", "[v3 MQTT-3.8.3-4]",
                       same([V311], lambda v, o=bit | qos: subscribe(v, o)))
        yield Case(f"subscribe_options_{0x30 | qos:02x}", "[v3 MQTT-3.8.3-4] [v5 MQTT-4.13.1-1]",
                   same([V311, V5], lambda v, o=0x30 | qos: subscribe(v, o)), PROTOCOL_ERROR)
        yield Case(f"subscribe_shared_with_no_local_and_qos{qos}", "[v5 MQTT-3.8.3-4]",
                   {V5: subscribe(V5, 4 | qos, b"$share/g/x")}, PROTOCOL_ERROR)
    yield Case("subscribe_qos3", "[v3 MQTT-3.8.3-4] [v5 MQTT-4.13.1-1]",
               same([V311, V5], lambda v: subscribe(v, 3)), EITHER)


def connect_flags():
    """A field that no flag announces, or the other way round; and flags that contradict."""
    def case(name, tags, versions, reason=MALFORMED, **fields):
        return Case("connect_" + name, tags, same(versions, lambda v: connect(v, **fields)), reason)

    both, will, user, password = [V311, V5], (b"", text("w"), text("x")), text("u"), text("p")
    yield case("with_the_reserved_flag", "[v5 MQTT-3.1.2-3] [v3 MQTT-3.1.2-3]", both, flags=3)
    for qos in (0x08, 0x10, 0x18):
        yield case(f"with_will_qos_flags_{qos:02x}_alone", "[v5 MQTT-3.1.2-11] [v3 MQTT-3.1.2-13, "
                   "MQTT-3.1.2-11]", both, flags=2 | qos)
    yield case("with_will_retain_alone", "[v5 MQTT-3.1.2-13] [v3 MQTT-3.1.2-15, MQTT-3.1.2-11]",
               both, flags=0x22)
    yield case("with_will_qos_3", "[v5 MQTT-3.1.2-12] [v3 MQTT-3.1.2-14]", both, will=will,
               flags=0x1E)
    yield case("with_a_will_flag_alone", "[v5 MQTT-3.1.2-9] [v3 MQTT-3.1.2-9]", both, flags=6)
    yield case("with_a_will_and_no_flag", "[v5 MQTT-3.1.4-1] [v3 MQTT-3.1.2-11]", both, will=will,
               flags=2)
    yield case("with_a_user_name_flag_alone", "[v5 MQTT-3.1.2-17] [v3 MQTT-3.1.2-19]", both,
               flags=0x82)
    yield case("with_a_user_name_and_no_flag", "[v5 MQTT-3.1.2-16] [v3 MQTT-3.1.2-18]", both,
               user=user, flags=2)
    yield case("with_a_password_flag_alone", "[v5 MQTT-3.1.2-19] [v3 MQTT-3.1.2-21]", both,
               user=user, flags=0xC2)
    yield case("with_a_password_and_no_flag", "[v5 MQTT-3.1.2-18] [v3 MQTT-3.1.2-20]", both,
               user=user, password=password, flags=0x82)
    yield case("with_a_password_and_no_user_name", "[v3 MQTT-3.1.2-22]", [V311], password=password)
    yield case("without_a_client_identifier", "[v5 MQTT-3.1.3-3] [v3 MQTT-3.1.3-3]", both,
               identifier=b"")
    for name, topic, tags in (("empty", "", "[v5 MQTT-4.7.3-1]"),
                              ("with_hash", "w/#", "[v5 MQTT-4.7.0-1]"),
                              ("with_plus", "+", "[v5 MQTT-4.7.0-1]")):
        yield case(f"with_a_will_topic_{name}", tags, [V5], "0x81|0x90",
                   will=(b"", text(topic), text("x")))


FAMILIES = [reserved_flags, types, remaining_length, truncated, without_filters, utf8,
            property_identifiers, properties_given_twice, property_lengths, property_values,
            packet_identifiers, reasons, subscription_options, connect_flags]


# --- what is right ------------------------------------------------------------------------------

ANSWERS = {CONNECT: "CONNACK reason=0", WILL: "CONNACK reason=0", PUBREC: "PUBREL id=1",
           PUBREL: "PUBCOMP id=1", SUBSCRIBE: "SUBACK id=1", UNSUBSCRIBE: "UNSUBACK id=1",
           PINGREQ: "PINGRESP"}
# Right by themselves, but not without something that came before.
DEPENDENT = {(CONNECT, 0x15), (CONNECT, 0x16), (DISCONNECT, 0x11)}


def good():
    """Yield (name, version, where, bytes) of what the cases above have spoilt: it is accepted."""
    for version in ALL:
        for kind in [PUBLISH, *ACKS, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT]:
            yield f"good_{NAMES[kind]}_of_{version}", version, kind, packet(
                kind, body_of(kind, version))
        yield f"good_connect_of_{version}", version, CONNECT, connect(
            version, will=(b"", text("w"), text("x")), user=text("u"), password=text("p"))
    for where, allowed in ALLOWED.items():
        for number in sorted(allowed):
            if (where, number) not in DEPENDENT:
                yield (f"good_{place(where)}_with_{PROPERTIES[number][0]}", V5, where,
                       with_properties(where, prop(number)))


# --- scripts ------------------------------------------------------------------------------------


def knows_version(data):
    """Is CONNECT whole as far as the protocol level? Before that nobody knows whom to answer."""
    return len(data) >= 9


def greeting(client, version):
    identifier = "old" if version == V31 else '""'
    return [f"client {client:9}> CONNECT {version} id={identifier}",
            "                < CONNACK reason=0"]


def connect_script(version, data, reason):
    lines = [f"client {version.replace('.', ''):9}> raw {version[:2]} {data.hex(' ')}"]
    if version == V5 and knows_version(data):
        lines.append(f"                < CONNACK reason={reason} session-present=no")
    return [*lines, "                < closed"]


def unheard(version, data):
    """No answer before CONNECT [v5 MQTT-3.1.0-1] [v3 MQTT-3.1.0-1] and after DISCONNECT."""
    return [f"client early    > raw {version[:2]} {data.hex(' ')}",
            "                < closed",
            *greeting("late", version),
            f"                > raw e0 00 {data.hex(' ')}",
            "                < closed"]


def packet_script(version, data, reason):
    answer = [f"                < DISCONNECT reason={reason}"] if version == V5 else []
    return [*greeting(version.replace(".", ""), version),
            f"                > raw {data.hex(' ')}",
            *answer,
            "                < closed",
            *unheard(version, data)]


def case_script(case):
    lines = [f"# {' '.join(case.tags.split())}"]
    for version, data in case.packets.items():
        of = connect_script if data[0] >> 4 == CONNECT else packet_script
        lines += of(version, data, case.reason)
    return lines


def good_script(version, where, data):
    answer = [f"                < {ANSWERS[where]}"] if where in ANSWERS else []
    lines = [] if where in (CONNECT, WILL) else greeting("a", version)
    lines += [f"client a        > raw {version[:2]} {data.hex(' ')}", *answer]
    if where != DISCONNECT:
        lines += ["                > PINGREQ", "                < PINGRESP",
                  "                > DISCONNECT"]
    lines.append("                < closed")
    return lines if where in (CONNECT, WILL) else [*lines, *unheard(version, data)]


def scripts():
    for family in FAMILIES:
        for case in family():
            yield case.name, case_script(case)
    for name, version, where, data in good():
        yield name, good_script(version, where, data)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.mqtt"):
        old.unlink()
    for name, lines in scripts():
        with open(folder / f"{name}.mqtt", "x") as script:  # no two of the same name
            script.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
