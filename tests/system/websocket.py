# SPDX-License-Identifier: MIT
"""
WebSocket by hand (RFC 6455), on a bare socket: for what a client library would not do, and as a
transport below packet.Wire.
"""
import base64
import os
import socket
import struct
from collections import namedtuple

from packet import Wire
from wait import SLACK

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

Frame = namedtuple("Frame", "fin opcode payload")
Answer = namedtuple("Answer", "status headers body")


def request(path="/mqtt", method="GET", **headers):
    """A good request; `headers` replaces or (None) leaves out some, with _ for -."""
    fields = {"Host": "broker", "Upgrade": "websocket", "Connection": "Upgrade",
              "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
              "Sec-WebSocket-Protocol": "mqtt", "Sec-WebSocket-Version": "13"}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frame(payload, opcode=BINARY, fin=True, masked=True, reserved=0):
    size = len(payload)
    head = bytes([fin << 7 | reserved << 4 | opcode])
    if size < 126:
        head += bytes([masked << 7 | size])
    elif size < 65536:
        head += bytes([masked << 7 | 126]) + struct.pack(">H", size)
    else:
        head += bytes([masked << 7 | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    key = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


class WebSocket:
    """
    A connection whose handshake is done with ask(). It looks like a socket to packet.Wire: what
    is sent is one binary frame, what is received the payload of the next one.
    """

    def __init__(self, sock):
        self.sock, self._buffer, self.pongs = sock, bytearray(), 0

    @classmethod
    def to(cls, port):
        return cls(socket.create_connection(("127.0.0.1", port), timeout=5 * SLACK))

    def ask(self, data):
        """Send a request and return what it is answered with."""
        self.sock.sendall(data)
        return self.answer()

    def answer(self):
        while b"\r\n\r\n" not in self._buffer:
            assert self._more(), "the peer closed before its answer"
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        first, *fields = head.decode().split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        size = int(headers.get("Content-Length", 0))
        self._buffer = bytearray(rest)
        while len(self._buffer) < size:
            assert self._more(), "the peer closed within its answer"
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return Answer(int(first.split()[1]), headers, body.decode())

    def _more(self):
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)

    def _need(self, size):
        while len(self._buffer) < size:
            if not self._more():
                return False
        return True

    def frame(self):
        """The next frame; None when the peer closed."""
        if not self._need(2):
            return None
        first, size, head = self._buffer[0], self._buffer[1], 2
        assert size < 128, "a server masks nothing"
        if size >= 126:
            head = 4 if size == 126 else 10
            self._need(head)
            size = int.from_bytes(self._buffer[2:head], "big")
        if not self._need(head + size):
            return None
        payload = bytes(self._buffer[head:head + size])
        del self._buffer[:head + size]
        return Frame(bool(first >> 7), first & 15, payload)

    def is_closed(self):
        """The peer has closed, politely and with nothing more to say."""
        return self.frame() is None

    # What packet.Wire asks of a socket.

    def sendall(self, data):
        self.sock.sendall(frame(data))

    def recv(self, size):
        while True:
            found = self.frame()
            if found is None or found.opcode == CLOSE:
                return b""
            if found.opcode == BINARY and found.payload:
                return found.payload
            self.pongs += found.opcode == PONG

    def settimeout(self, seconds):
        self.sock.settimeout(seconds)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def wire(port, before=b""):
    """A packet.Wire whose packets travel in frames. `before` goes in front of the request."""
    web = WebSocket.to(port)
    assert web.ask(before + request()).status == 101
    return Wire(web)
