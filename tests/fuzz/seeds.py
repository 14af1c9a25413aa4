#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the first seeds of fuzzers into tests/fuzz/corpus/. What a fuzzer finds
later is added there by hand; this script never removes a file."""

import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def text(s):
    b = s.encode() if isinstance(s, str) else s
    return struct.pack(">H", len(b)) + b


def varint(n):
    out = b""
    while True:
        n, low = n >> 7, n & 127
        out += bytes([low | (128 if n else 0)])
        if not n:
            return out


def packet(first, body=b""):
    return bytes([first]) + varint(len(body)) + body


def props(*ps):
    return varint(len(b"".join(ps))) + b"".join(ps)


def number(ident, value, size):
    return bytes([ident]) + value.to_bytes(size, "big")


def connect(version=5, client="a", flags=2, properties=(), will=b"", rest=b"", name="MQTT"):
    body = text(name) + bytes([version, flags]) + b"\0\x0a"
    if version == 5:
        body += props(*properties)
    return packet(0x10, body + text(client) + will + rest)


EXPIRY = number(0x11, 60, 4)
WILL5 = props(number(0x18, 3, 4), number(2, 9, 4)) + text("w") + text("gone")
USER = b"\x26" + text("name") + text("value")

PACKETS = {
    "connect_31": connect(3, name="MQIsdp"),
    "connect_311": connect(4),
    "connect_311_all": connect(4, flags=0xEE, will=text("w") + text("x"), rest=text("u") + text("p")),
    "connect_5": connect(),
    "connect_5_all": connect(5, "b", 0xEE, [EXPIRY, number(0x21, 5, 2), number(0x27, 999, 4), USER],
                             WILL5, text("u") + text("p")),
    "connect_5_auth": connect(properties=[b"\x15" + text("SCRAM"), b"\x16" + text("data")]),
    "connect_bridge": connect(0x84),
    "connect_unknown_version": connect(6),
    "publish_0": packet(0x30, text("a/b") + b"hello"),
    "publish_1_retain": packet(0x33, text("a/b") + b"\0\1hello"),
    "publish_2_dup": packet(0x3D, text("a/b") + b"\0\2\0hello"),
    "publish_5_alias": packet(0x32, text("a/b") + b"\0\3" + props(number(0x23, 1, 2)) + b"x"),
    "publish_5_alias_only": packet(0x30, text("") + props(number(0x23, 1, 2)) + b"x"),
    "publish_5_all": packet(0x34, text("a/b") + b"\0\4" + props(
        b"\1\1", number(2, 5, 4), b"\3" + text("text/plain"), b"\x08" + text("re"),
        b"\x09" + text(b"\xff"), USER, USER) + b"payload"),
    "publish_clear": packet(0x31, text("a/b")),
    "puback": packet(0x40, b"\0\1"),
    "puback_5": packet(0x40, b"\0\1\x10" + props(b"\x1f" + text("why"))),
    "pubrec": packet(0x50, b"\0\1"),
    "pubrec_error": packet(0x50, b"\0\1\x97"),
    "pubrel": packet(0x62, b"\0\2"),
    "pubcomp": packet(0x70, b"\0\1"),
    "subscribe": packet(0x82, b"\0\1" + text("a/+") + b"\1" + text("#") + b"\2"),
    "subscribe_5": packet(0x82, b"\0\1" + props(b"\x0b\x80\x01") + text("a/#") + b"\x2d"),
    "subscribe_share": packet(0x82, b"\0\1\0" + text("$share/g/a") + b"\1"),
    "unsubscribe": packet(0xA2, b"\0\1" + text("a/+") + text("#")),
    "unsubscribe_5": packet(0xA2, b"\0\1\0" + text("a/#")),
    "pingreq": packet(0xC0),
    "disconnect": packet(0xE0),
    "disconnect_will": packet(0xE0, b"\4"),
    "disconnect_expiry": packet(0xE0, b"\0" + props(number(0x11, 1, 4))),
    "auth": packet(0xF0, b"\x18" + props(b"\x15" + text("m"))),
    "length_of_five": b"\x30\xff\xff\xff\xff\x01",
    "length_that_lies": b"\x30\xff\xff\xff\x7fx",
}


def receive(data, peer=0):
    return b"".join(bytes([peer << 4, len(data[i:i + 255])]) + data[i:i + 255]
                    for i in range(0, len(data), 255))


def split(data, piece, peer=0):
    return bytes([1 | peer << 4, piece, len(data)]) + data


def sleep(quarters):
    return bytes([3, quarters])


P = PACKETS
DROP, TAKE, ALL = b"\2", b"\4\1", b"\5"
SUB = P["subscribe"]
SUB5 = packet(0x82, b"\0\1\0" + text("#") + b"\2")


def scenario(*steps, options=0):
    return bytes([options]) + b"".join(steps)


A311, B5 = receive(connect(4, "a")), receive(connect(5, "b"), 1)
STAY_A = receive(connect(5, "a", 0, [EXPIRY]))
ONE = packet(0x32, text("a/b") + b"\0\1x")
TWO = packet(0x34, text("a/b") + b"\0\2x")

CLIENT = {
    "fan_in": scenario(A311, receive(SUB), receive(P["publish_0"]), ALL),
    "across_versions": scenario(A311, B5, receive(SUB), receive(P["publish_5_all"], 1), ALL),
    "qos1": scenario(A311, receive(SUB), receive(ONE), ALL, receive(P["puback"]), ALL),
    "qos2": scenario(A311, receive(SUB), receive(TWO), ALL, receive(P["pubrel"]),
                     receive(P["pubrec"]), receive(P["pubcomp"]), ALL),
    "byte_by_byte": scenario(split(connect(5, "a"), 1), split(SUB5, 1), split(P["publish_5_alias"], 1), ALL),
    "resume": scenario(STAY_A, receive(SUB5), DROP, B5, receive(packet(0x32, text("q") + b"\0\1\0x"), 1),
                       STAY_A, ALL, receive(P["puback"]), ALL),
    "resume_window": scenario(STAY_A, receive(SUB5), *[receive(packet(0x32, text("q") + b"\0\1\0x"))] * 6,
                              DROP, receive(connect(5, "a", 0, [EXPIRY, number(0x21, 1, 2)])),
                              receive(P["puback"]), receive(packet(0x40, b"\0\2")), ALL, options=1),
    "take_over": scenario(STAY_A, receive(SUB5), receive(connect(5, "a", 0, [EXPIRY]), 1), ALL, DROP),
    "take_over_self": scenario(A311, receive(connect(4, "a"), 1), receive(connect(4, "a")), ALL),
    "will_delay": scenario(receive(connect(5, "a", 0x26, [EXPIRY], WILL5)), B5, receive(SUB5, 1),
                           DROP, sleep(4), sleep(20), b"\x15"),
    "will_take_over": scenario(receive(connect(5, "b", 6, [], WILL5)), B5, receive(SUB5, 1), ALL),
    "expiry": scenario(STAY_A, receive(SUB5), DROP, sleep(20), STAY_A, ALL),
    "keep_alive": scenario(A311, sleep(9), ALL),
    "never_connects": scenario(sleep(10), ALL),
    "retained": scenario(A311, receive(P["publish_1_retain"]), receive(SUB), receive(P["publish_clear"]), ALL),
    "retained_expires": scenario(receive(connect(5)), receive(packet(
        0x31, text("r") + props(number(2, 3, 4)) + b"x")), receive(SUB5), sleep(9), receive(SUB5), ALL),
    "slow_reader": scenario(A311, receive(SUB), *[receive(P["publish_0"]), TAKE] * 9, ALL, options=2),
    "queue_full": scenario(A311, receive(SUB), *[receive(ONE)] * 9, ALL, options=1),
    "queue_qos0": scenario(STAY_A, receive(SUB5), DROP, B5, receive(packet(0x30, text("q") + b"\0x"), 1),
                           STAY_A, ALL, options=8),
    "inflight_bytes": scenario(STAY_A, receive(SUB5), *[receive(ONE + b"")] * 3, DROP, STAY_A, ALL, options=16),
    "no_cache": scenario(A311, receive(SUB), receive(P["publish_0"]), receive(P["unsubscribe"]),
                         receive(P["publish_0"]), ALL, options=4),
    "identifiers": scenario(receive(connect(5)), receive(P["subscribe_5"]), receive(packet(
        0x82, b"\0\2" + props(b"\x0b\7") + text("a/b") + b"\1")), receive(P["publish_5_all"]), ALL),
    "connack_to_broker": scenario(A311, receive(b"\x20\2\0\0"), ALL),
    "second_connect": scenario(receive(connect(5)), receive(connect(5)), ALL),
    "not_mqtt": scenario(receive(b"GET / HTTP/1.1\r\n\r\n"), ALL),
    "large_length": scenario(receive(P["length_that_lies"]), ALL),
    "disconnect_expiry": scenario(STAY_A, receive(P["disconnect_expiry"]), DROP, sleep(3), STAY_A, ALL),
    "ready_made": scenario(b"\6\2", b"\6\x0c", b"\6\x15", b"\6\x18", b"\x16\3", b"\x16\x10", ALL, b"\x15"),
}

TOPICS = ["a\na", "a/b\na/b", "#\na", "#\n$SYS", "+\n$SYS", "+/#\na", "a/#\na", "a/#\nab", "a/+\na/",
          "/+\n/a", "+/+\n/", "$SYS/#\n$SYS/x", "$share/g/a\na", "$share/+/a\na", "a#\na", "a/#/b\na/x/b",
          "+a\nba", "//\n//", "a/+/c\na/b/c", "\u00e4/+\n\u00e4/\u20ac", "+\n", "\na", "$\n$", "/" * 199 + "\n/",
          "+/" * 199 + "+\n" + "a/" * 199 + "a"]

UTF8 = [b"plain", b"12345678 and more than eight", "\u00e4\u20ac\U0001f514".encode(), b"a\0b", b"\xc0\x80",
        b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbf\xbf", b"\xef\xb7\x90", b"\xc2\x80", b"\x7f", b"\xe2\x82",
        b"1234567\x7f", b"12345678\xff", b"\\ backslash", b"\xf0\x8f\xbf\xbf", b"\xef\xbb\xbfbom"]

PROPERTIES = {
    "none": b"\3\0",
    "publish_all": b"\3" + props(b"\1\1", number(2, 5, 4), b"\3" + text("t"), b"\x08" + text("r"),
                                 b"\x09" + text(b"\xff"), USER, USER, number(0x23, 7, 2)),
    "subscription_identifiers": b"\3" + props(b"\x0b\1", b"\x0b\x80\x01", b"\x0b\xff\xff\xff\x7f"),
    "identifier_0": b"\3" + props(b"\x0b\0"),
    "connect": b"\1" + props(EXPIRY, number(0x21, 5, 2), number(0x27, 99, 4), number(0x22, 3, 2), b"\x17\1",
                             b"\x19\0", b"\x15" + text("m"), b"\x16" + text("d")),
    "connack": b"\2" + props(b"\x12" + text("id"), number(0x13, 9, 2), b"\x24\1", b"\x25\0", b"\x28\1",
                             b"\x29\1", b"\x2a\0", b"\x1a" + text("i"), b"\x1c" + text("s")),
    "will": b"\x10" + props(number(0x18, 9, 4), number(2, 9, 4), USER),
    "will_delay_in_publish": b"\3" + props(number(0x18, 9, 4)),
    "reason_string": b"\4" + props(b"\x1f" + text("why")),
    "subscribe": b"\x08" + props(b"\x0b\7", USER),
    "subscribe_twice": b"\x08" + props(b"\x0b\7", b"\x0b\7"),
    "disconnect": b"\x0e" + props(EXPIRY, b"\x1c" + text("s")),
    "auth": b"\x0f" + props(b"\x15" + text("m"), b"\x16" + text("d")),
    "twice": b"\3" + props(b"\1\1", b"\1\1"),
    "unknown": b"\3" + props(b"\x04\0"),
    "long_identifier": b"\3" + props(b"\x81\x00\1"),
    "cut": b"\3\5\2\0\0",
    "bad_text": b"\3" + props(b"\3" + text(b"\xff")),
}

SETTINGS = ["flag yes", "number 15", "number 21", "bytes 1M", "bytes 17179869184G", "time 2w", "text hello # x",
            "text a\ntext b", "secret tooshort", "secret hush", "list #\nlist a/# # all", "choice two",
            "choice three", "flags one\nflags two", "numbre 12", "refused 1", "block a\nnumber 6\ntext xyz",
            "block", "block a b\nnumber 9", "# comment\n\n  \t\r\n", "text\t\0x", "block a\nblock b\nnumber 5",
            "\u00e4 1", "number\nflag\nbytes\ntime\ntext\nlist\nchoice\nflags"]

PBKDF2 = ("$7$101$Z5BjRQf+yXUT6ge5$qfti4d6vwZ7EVO7KMOZKWMYCqFaaWcOO2vCsoAIGSBVCMt2vUvDh5uJ2ba4FWMibkrRNkB+D7"
          "qScLDdl0lgHCQ==")
SHA512 = ("$6$cyF8dRmSWKdFFzxn$djTY1y4OfnDBkH3l6YMl57petKviGxiPtkifYSlJU26ZUDdU1qkdpACiuW+9EGJZvhRGExOBIIqMdTW"
          "QuwsUpw==")
SCRYPT = "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"

PASSWORD_FILE = ["", f"a:{PBKDF2}\n", f"# x\n\n a : {SHA512} \r\nb:{SCRYPT}\n", f"a:{SCRYPT}\na:{SHA512}\n", "a:plain",
                 "a", ":x", f":{SHA512}", f"a:{PBKDF2}:x", f"a\0:{SHA512}", "a:$7$1000001$aaaa$aaaa",
                 "a:$scrypt$ln=30,r=8,p=1$aaaa$aaaa", "a:$argon2id$v=19$m=1,t=1,p=1$aaaa$aaaa",
                 f"\u00e4:{PBKDF2[:-1]}\n", f"a:{SCRYPT}=="]

PSK_FILE = ["", "a:0123456789abcdefABCDEF\n", "# x\n\n a b : 00ff \r\nb:abc\n", "a:01\na:02\n", "a:", ":01", "a:0g",
            "a:01:02", "\1:01", "i" * 256 + ":" + "5a" * 512, "i" * 257 + ":01", "a:" + "5a" * 513]


ENDS = bytes([192, 0, 2, 5, 192, 0, 2, 1, 0xc0, 0, 7, 0x5b])


def tlv(kind, value):
    return bytes([kind]) + len(value).to_bytes(2, "big") + value


def proxy2(command, family, body=b""):
    return b"\2\r\n\r\n\0\r\nQUIT\n" + bytes([command, family]) + len(body).to_bytes(2, "big") + body


PROXY = {
    "tcp4": b"\1PROXY TCP4 192.0.2.5 192.0.2.1 49152 1883\r\n\x10\x0e",
    "tcp6": b"\1PROXY TCP6 2001:db8::7 ::1 49152 1883\r\n",
    "unknown": b"\1PROXY UNKNOWN\r\n",
    "unknown_words": b"\1PROXY UNKNOWN a b c\r\n",
    "no_cr": b"\1PROXY TCP4 192.0.2.5 192.0.2.1 49152 1883\n",
    "binary_tcp4": proxy2(0x21, 0x11, ENDS) + b"\x10\x0e",
    "binary_tcp6": proxy2(0x21, 0x21, bytes(32) + b"\1\2\3\4"),
    "binary_unix": proxy2(0x21, 0x31, b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")),
    "binary_local": proxy2(0x20, 0),
    "binary_unspec": proxy2(0x21, 0),
    "binary_tls": proxy2(0x21, 0x11, ENDS + tlv(4, b"..") + tlv(
        0x20, b"\7\0\0\0\0" + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"pump"))),
    "binary_unverified": proxy2(0x21, 0x11, ENDS + tlv(0x20, b"\7\0\0\0\1" + tlv(0x22, b"pump"))),
    "binary_tlv_lies": proxy2(0x21, 0x11, ENDS + b"\x20\0\xff\1"),
}


def frame(first, payload, masked=True):
    mask = b"\x37\xfa\x21\x3d"
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
    if not masked:
        return bytes([first]) + size + payload
    return (bytes([first, size[0] | 0x80]) + size[1:] + mask
            + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))


def pieces(data, size=127):
    return b"".join(bytes([len(data[i:i + size])]) + data[i:i + size] for i in range(0, len(data), size))


REQUEST = (b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, mqtt\r\n"
           b"Sec-WebSocket-Version: 13\r\nOrigin: http://a\r\n\r\n")

WEBSOCKET = {
    "request": b"\0" + pieces(REQUEST) + b"\xff" + pieces(frame(0x82, b"x")) + b"\xff\xff",
    "request_byte_by_byte": b"\0" + pieces(REQUEST, 1) + b"\xff",
    "request_version_8": b"\0" + pieces(REQUEST.replace(b"13", b"8")),
    "not_http": b"\0" + pieces(connect(4, "a")),
    "post": b"\0" + pieces(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"),
    "binary": b"\1\xff" + pieces(frame(0x82, connect(4, "a")) + frame(0x82, P["publish_0"])) + b"\xff\xff\xff",
    "long": b"\1\xff" + pieces(frame(0x82, bytes(300))) + b"\xff" * 9,
    "fragments": b"\1" + pieces(frame(2, b"a") + frame(0x89, b"ping") + frame(0, b"b")
                                + frame(0x80, b"c"), 3) + b"\xff" * 20,
    "ping_flood": b"\1" + pieces(frame(0x89, bytes(125)) * 9) + b"\x81\x83\xff\xff",
    "pong": b"\1" + pieces(frame(0x8a, b"x")),
    "close": b"\1" + pieces(frame(0x82, b"\xe0\0") + frame(0x88, b"\x03\xe8bye")),
    "close_code": b"\1" + pieces(frame(0x88, b"\x03\xed")),
    "close_text": b"\1" + pieces(frame(0x88, b"\x03\xe8\xff")),
    "text": b"\1" + pieces(frame(0x81, b"Hello")),
    "unmasked": b"\1" + pieces(frame(0x82, b"Hello", False)),
    "reserved": b"\1" + pieces(frame(0xc2, b"Hello")),
    "opcode": b"\1" + pieces(frame(0x83, b"Hello")),
    "long_ping": b"\1" + pieces(frame(0x89, bytes(126))),
    "fragmented_ping": b"\1" + pieces(frame(0x09, b"x")),
    "continuation": b"\1" + pieces(frame(0x80, b"x")),
    "huge": b"\1" + pieces(b"\x82\xff\x7f" + b"\xff" * 7 + b"\0\0\0\0ab"),
}


def answer(data):
    """A step of the bridge's fuzzer."""
    return bytes([0, len(data)]) + data


YES, GRANTED = answer(b"\x20\2\0\0"), b"\5\x09"
YES5, GRANTED5 = answer(b"\x20\3\0\0\0"), b"\5\x0a"
OUT, CUT, SENT, SUCCESSOR = b"\3\x51", b"\1", b"\4", b"\6\0"

BRIDGE = {
    "in": bytes([2]) + YES + GRANTED + answer(packet(0x34, text("in/x") + b"\0\1y")) + answer(
        packet(0x62, b"\0\1")) + SENT,
    "in_5": bytes([5]) + YES5 + GRANTED5 + answer(packet(0x32, text("r/x") + b"\0\1" + props(
        number(0x23, 1, 2), number(2, 9, 4)) + b"y")) + b"\5\x15" + SENT,
    "out": bytes([2]) + YES + GRANTED + OUT + SENT + answer(b"\x50\2\0\1") + answer(
        b"\x70\2\0\1") + SENT,
    "out_cut": bytes([2]) + OUT + YES + GRANTED + SENT + CUT + YES + OUT + GRANTED + SENT,
    "out_less": bytes([4]) + YES5 + GRANTED5 + OUT + CUT + b"\5\7" + GRANTED5 + SENT,
    "not_asked": bytes([0]) + YES + answer(packet(0x34, text("no") + b"\0\1y")) + SENT,
    "refused": bytes([4]) + answer(b"\x20\3\0\x9a\0") + CUT + answer(b"\x20\3\0\x9b\0") + CUT,
    "no_connack": bytes([0]) + answer(b"\x30\3\0\1a"),
    "pings": bytes([2]) + YES + GRANTED + b"\2\x0c" + SENT + answer(b"\xd0\0") + b"\2\x0c" * 3,
    "successor": bytes([1]) + OUT + SUCCESSOR + OUT + YES + GRANTED + SENT,
    "lazy": bytes([34]) + OUT * 9 + YES + GRANTED + SENT,
    "clean": bytes([24]) + YES + GRANTED + OUT + CUT + OUT + YES + SENT,
}


def record(table, key, value):
    return bytes([table]) + text(key) + value


KEY = (77).to_bytes(8, "big")
NEVER = b"\x7f" + b"\xff" * 7
MESSAGE = b"\0\7\0\3\0\0\0\x0a"
BOTH = text("user") + text("client") + text("1883")

STORE_FORMAT = {
    "message": record(1, KEY, b"\1" + NEVER + b"\0\0\0\3\0\0\0\0a/bpayload"),
    "message_all": record(1, KEY, b"\x3e" + NEVER + MESSAGE + BOTH + b"a/b\1\1\x26\0\1a\0\2bcpayload"),
    "message_anonymous": record(1, KEY, b"\x1d" + bytes(7) + b"\5" + MESSAGE
                                + text("") + text("client") + text("1883") + b"a/b" + bytes(10)),
    "message_short": record(1, KEY, b"\1" + NEVER + b"\0\0\0\xff\0\0\0\0a/b"),
    "delivery": record(2, KEY, b"\1" + KEY + KEY + bytes(6)),
    "delivery_sent": record(2, KEY, b"\x26" + KEY + KEY + b"\0\0\0\1\0\7\x0b\1\x0b\x80\x01"),
    "delivery_taken": record(2, KEY, b"\x32" + KEY + bytes(8) + b"\0\0\0\0\0\7"),
    "session": record(3, KEY, b"\7\0\0\0\x3c" + NEVER + text("user") + text("1883") + b"client"),
    "session_away": record(3, KEY, b"\0\xff\xff\xff\xff" + KEY + text("") + text("") + b"c"),
    "will": record(4, KEY, b"\0\0\0\x1e" + KEY + b"\x31" + NEVER + MESSAGE + BOTH + b"a/b" + bytes(10)),
    "received": record(5, KEY, b"\0\1\xff\xff"),
    "subscription": record(6, KEY + b"\0\0\0\1", b"\1" + bytes(8) + text("") + b"a/+/#"),
    "subscription_shared": record(6, KEY + b"\0\0\0\1", b"\x3e\0\0\0\2\0\0\0\3" + text("g") + b"#"),
    "log": b"\1\1\0\x08\0\0\0\5" + KEY + b"value" + b"\6\0\0\x0c\0\0\0\0" + KEY + b"\0\0\0\1",
}


def change(page, offset, *values):
    """A step of the fuzzer of LMDB's files."""
    at = page * 4096 + offset
    return b"".join((at + i).to_bytes(3, "big") + bytes([v]) for i, v in enumerate(values))


LMDB_CHECK = {
    "whole": b"",
    "magic": change(0, 16, 0),
    "transaction": change(0, 144, 9),
    "last_page": change(0, 136, 0xff, 0xff) + change(1, 136, 0xff, 0xff),
    "roots": change(0, 80, 7) + change(1, 128, 9),
    "page_number": change(2, 0, 3) + change(5, 0, 3),
    "flags": change(3, 10, 1) + change(6, 10, 1) + change(9, 10, 2),
    "bounds": change(4, 12, 0xff, 0xff) + change(7, 14, 1, 0),
    "nodes": change(3, 16, 0xff, 0xff, 0, 0) + change(8, 16, 0xff, 0xff),
    "numbers_of_pages": b"".join(change(p, 4084, *b"\2\0\0\0\0\0\0\0") for p in range(2, 20)),
    "sizes": b"".join(change(p, 4094, 0xff, 0xff) for p in range(2, 20)),
    "cut": b"\x80",
    "cut_and_changed": change(1, 128, 3) + b"\xf0",
}


# A standing: flags, ttl, wait, stamp, floor, own, received, result due, presence due, output, context.
NEVER = 2**63 - 1
NOW = 1795384096 * 10**9


def standing(key, flags=0x40, ttl=90, wait=0, stamp=NOW, due=NOW + 10**9, presence=NEVER, output=b"text", context=b""):
    value = struct.pack(">BIII6qB", 1, flags, ttl, wait, stamp, stamp, stamp, stamp, due, presence, len(output)) + output + text(context)
    return bytes([len(key), len(value)]) + key + value


def standing_id(number, name):
    value = struct.pack(">Bq", 1, NOW) + name.ljust(16, b"x")
    return b"\x09" + bytes([len(value)]) + b"\0" + struct.pack(">Q", number) + value


STANDINGS = {
    "service": standing(b"h\0s"),
    "context": standing(b"h\0s", context=b"nagios/h/s"),
    "host": standing(b"h\0", ttl=0, due=NEVER),
    "overdue": standing(b"h\0s", 0x41, due=NEVER),
    "gone": standing(b"h\0s", 0x52, due=NEVER),
    "back": standing(b"h\0s", 0x46, wait=60, due=NEVER, presence=NOW + 5),
    "back_without_heartbeat": standing(b"h\0", 0x46, due=NEVER),
    "will": standing(b"h\0", 0x10, 0, 10, 0, NEVER, NOW, b""),
    "ids": standing_id(7, b"a") + standing_id(8, b"b") + standing_id(20, b"c"),
    "id_twice": standing_id(7, b"a") + standing_id(8, b"a"),
    "all": standing(b"h\0") + standing(b"h\0t") + standing(b"i\0s", 0x41, due=NEVER) + standing_id(0, b"a"),
    "twice": standing(b"h\0s") + standing(b"h\0s"),
    "silent_and_waiting": standing(b"h\0s", 0x41),
    "times": standing(b"h\0s", stamp=NEVER, due=0) + standing(b"i\0s", due=NEVER - 1),
    "before_1970": standing(b"h\0s", stamp=-1),
}

PRESENCE = ["1online", "0OFFLINE", "1 up\n", "01", "00", "1true", "1gone", "1", "1 ", "1maybe",
            '1{"state":"online","ttl":90,"delay":10,"becomes":"DOWN","output":"a\\nb"}',
            '0{"state":"CRITICAL"}', '1{"state":"DOWN","becomes":"UNREACHABLE"}', '0{"state":1}',
            '0{"state":"UNKNOWN","ttl":"60.0"}', '1{"state":"online","State":"up"}', '1{"ttl":1}',
            '1["online"]', '1{"state":"online","ttl":-1}', '1{"state":"\\u006fnline"}']

# Records of the journal: layout, kind, flags, source and QoS, when it was received; then what the kind has.
def record(kind, rest, flags=0, topic=b"nagios/h/s", layout=3, source=0x10):
    return struct.pack(">BBBBQ", layout, kind, flags, source, NOW) + text(topic) + rest


def user_properties(*pairs):
    texts = b"".join(text(name) + text(value) for name, value in pairs)
    return struct.pack(">I", len(texts)) + texts


RECORDS = {
    "message": record(1, struct.pack(">I", 2) + b"{}" + text(b"user") + text(b"client") + text(b"1.2.3.4")
                      + text(b"answers/here") + text(b"7"), flags=48),
    "message_all": record(1, struct.pack(">I", 0) + b"\x0f" + text(b"text/plain") + struct.pack(">I", 60)
                          + user_properties((b"a", b"1"), (b"b", b""), (b"a", b"2"))
                          + text(b"answers/here") + text(b""), flags=40),
    "message_before": record(1, struct.pack(">I", 2) + b"{}", flags=1, layout=2, source=3),
    "result": record(2, struct.pack(">IIQBBQQQ", 0, 7, 90, 3, 2, NOW, NOW, 90) + text(b"h") + text(b"s")
                     + struct.pack(">II", 0, 0) + struct.pack(">I", 4) + b"full" + struct.pack(">II", 0, 0), flags=2),
    "refusal": record(3, struct.pack(">I", 0) + text(b"bad-state") + struct.pack(">III", 0, 0, 0)),
    "presence": record(4, struct.pack(">IQQB", 7, 0, 90, 2) + text(b"h") + text(b""), flags=64),
}

# Messages: flags, topic, NUL, payload, NUL.
MESSAGES = {
    "result": b'\2nagios/web1/disk\0{"state":2,"output":"full","ttl":90,"id":"a"}\0\0nagios/web1/disk\0{"state":0,"id":"a"}\0',
    "presence": b'\0nagios/web1/$state\0{"state":"down","delay":5}\0\1nagios/web1/$state\0online\0',
    "array": b'\2nagios/web1\0[{"service":"a","state":0},{"state":9},{"service":"b","state":1,"time":5}]\0',
    "passed": b'\2logs/web1\0any\xffthing\0\1logs\0\0\0belfry/reject/x\0{}\0\0other\0\0',
    "text": b'\0nagios/web1/disk%20space\0CRITICAL disk full | used=98%\0\1nagios//x\0001 up\0',
}

COMMANDS = [
    '1{"command":"downtime","author":"anna","comment":"new disk","start":1795384096,'
    '"end":"2027-01-01T00:00:00Z"}',
    '0{"command":"downtime","comment":"a;b\\n[0] SHUTDOWN_PROGRAM","fixed":false,"end":1795390000,'
    '"duration":600}',
    '0{"command":"downtime","comment":"x","duration":3600,"id":"7","time":1795384000}',
    '1{"command":"acknowledge","author":"a;b","comment":"on it;\\u0085\\\\","sticky":false,'
    '"notify":true,"persistent":true}',
    '0{"command":"acknowledge","comment":"on it","expire":1795399999}',
    '0{"command":"remove_acknowledgement"}',
    '1{"command":"comment","author":"x","comment":"a|b","persistent":false}',
    '1{"command":"SHUTDOWN_PROGRAM"}', '1[{"command":"comment"}]']

JSON_OBJECTS = [
    "{}", '{"a":1,"b":-0.5e+10,"c":[true,false,null,{}],"d":{"e":"\\u00e9\\n"}}', ' {"a":[[],[{}]]}\r\n',
    '{"a":1,}', '{"a":01}', '{"a":"\\ud800"}', '{"a":"b', '[{"a":1}]', '{} {}', '{"a"', b'{"a":"\xff"}',
    b'{"a":"\xf0\x9f\x94\x94"}', '{"a":' * 300, '{"a":' + "[" * 255 + "]" * 255 + "}",
    '{"n":' + "1" * 70 + "}", b'{"a":"\0"}']


# Records as relays see them: flags, then pieces parted by ff 00 (see fuzz_schema.c).
def relayed(flags, *pieces):
    return bytes([flags]) + b"\xff\0".join(p if isinstance(p, bytes) else p.encode() for p in pieces)


PUBLISHER = ["client", "user", "10.0.0.7:49152", "application/json", "answers/here", b"\0\1\xfe"]
CHECK = ["web1", "disk /var", 'disk "full"', "98% used\n2 inodes", "used=98%;80;90;0;100 'a.b'=.5;10:20 x=U", "7", "cron"]
NO_CHECK = [""] * 7

SCHEMA = {
    "service": relayed(71, "nagios/web1/disk", "", *CHECK, *PUBLISHER, "region", "north", "region", "south", "host", "x"),
    "host": relayed(33, "nagios/web1", "", "web1", "", "no answer"),
    "object": relayed(18, "logs/web1/app", ' { "@timestamp" : 1, "host": {"a\\"b" :[1 , "\\u0041"]}}\r\n', *NO_CHECK,
                      *PUBLISHER),
    "text": relayed(16, "logs/web%2E1/app", "a\u20ac\u0085\u2028\x7f\t"),
    "binary": relayed(0, "logs/web%2/app", b"\0\xfe\xff"),
    "array": relayed(0, "a", "[1,2]"),
    "twice": relayed(0, "a", '{"a":1,"\\u0061":2}'),
    "no_payload": relayed(136, "a", "{}"),
    "labels": relayed(1, "t", "", "h", "s", "o", "", "a.b=1 a_b=2 'it\'\'s'=3 ' '=4 \u0085=6 'x=1 \'\'\'\'=1e240;~:1;@2:3;-.5;+0"),
    "properties": relayed(2, b"t", b"", *[b""] * 7, b"\xfe", b"", b"[::1]:1", b"", b"", b"", b"\xfe", b"a", b"\xfd", b"\0",
                          b"\0", b"b", b"", b""),
    "template": relayed(71, "$$${topic[1..]|lower|json}${host|dots}${time:%F %T.%L%%%s%N%j%G%V}${output|url|json}${id}${user}",
                        "", *CHECK, *PUBLISHER),
    "template_wrong": relayed(0, "${hots|jsn}"),
}


# Answers of a Lumberjack server: a piece's size, the sizes of four windows less one; then sequences.
def acks(*sequences, behind=b""):
    return bytes([2, 0, 1, 9, 255]) + b"".join(b"2A" + struct.pack(">I", n) for n in sequences) + behind


LUMBERJACK_ACKS = {
    "whole": acks(1, 2, 10, 256), "parts": acks(1, 1, 2, 3, 7, 10, 100, 200, 256), "alive": acks(0, 1, 0, 0, 2, 2),
    "too_far": acks(1, 3), "back": acks(1, 2, 5, 4), "behind_all": acks(1, 2, 10, 256, 1), "largest": acks(0xffffffff),
    "cut": acks(1, behind=b"2A\0\0"), "http": acks(behind=b"HTTP/1.1 400 Bad Request\r\n"),
    "alert": acks(1, behind=b"\x15\3\1\0\2\2\x28"), "version_1": acks(behind=b"1A\0\0\0\1")}
# Records as plugins see them: flags, state, time, then texts behind a byte of length (relay_record.h).
def delivered(flags, state, *texts, text=b""):
    texts = [t if isinstance(t, bytes) else t.encode() for t in texts]
    return bytes([flags, state + 1]) + b"\x6b\x03\x9a\x01" + b"".join(bytes([len(t)]) + t for t in texts) + text


DELIVERED = {
    "service": delivered(0x31, 2, "gw-1", "web1", "disk /var", "nagios/web1/disk", "used=98%;80;90", "",
                         text=b"DISK CRITICAL\n98%"),
    "host": delivered(0x3d, 1, "gw-2", "web1", "", "nagios/web1", "", "", text=b"no answer"),
    "message": delivered(0x06, 0, "gw-3", "", "", "dns/all", "", "", text="\u00fc\u20ac\U0001f514 x".encode()),
    "escapes": delivered(0x01, 3, b']"\\', b"a b\0\n", b'"]\\', b"\xff\xfe", b"'a]b'=1\x1b\xc2\x9b", b"\n",
                         text=b"\x1b[0m\r\n\xff\0"),
    "long": delivered(0x07, 0, "i" * 255, "h" * 255, "]" * 255, '"' * 255, "\\" * 255, "\n" * 255, text=b"\xc3\xbc" * 700),
    "path": delivered(0x00, 0, "", "", "/var/log.1 %", "", "", "", text=b"..web1...disk;a=b\n."),
    "nothing": b"",
}


def numbered(seeds):
    return {f"{i:02}": s.encode() if isinstance(s, str) else s for i, s in enumerate(seeds)}


def main():
    corpora = {"framer_decode": PACKETS, "client": CLIENT, "topic": numbered(TOPICS),
               "utf8": numbered(UTF8), "property": PROPERTIES, "settings": numbered(SETTINGS),
               "password_file": numbered(PASSWORD_FILE), "psk_file": numbered(PSK_FILE),
               "proxy": PROXY, "websocket": WEBSOCKET, "bridge": BRIDGE,
               "store_format": STORE_FORMAT, "lmdb_check": LMDB_CHECK, "standing": STANDINGS,
               "presence": numbered(PRESENCE), "record": RECORDS, "admit": MESSAGES,
               "command": numbered(COMMANDS), "schema": SCHEMA,
               "json_object": numbered(JSON_OBJECTS), "lumberjack_acks": LUMBERJACK_ACKS,
               "syslog_message": DELIVERED, "gelf_message": DELIVERED, "graphite_metric": DELIVERED}
    for fuzzer, seeds in corpora.items():
        folder = CORPUS / fuzzer
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
