# SPDX-License-Identifier: MIT
"""
A server of Lumberjack, version 2, that acknowledges and misbehaves as it is told, and notes what it
was sent. What it cannot read it answers as Logstash does: it closes the connection.
"""
import json
import socket
import ssl
import struct
import threading
import zlib

from broker import free_port
from wait import let_pass

CLOSE, RESET = "close", "reset"


def ack(sequence):
    return b"2A" + struct.pack(">I", sequence)


class Fault(Exception):
    """The client has not kept to the protocol."""


class Window:
    """
    Events in their order, and how many of them the server has acknowledged. What it says behind
    something odd does not count: the client has turned away, and what it had sent before is late.
    """

    def __init__(self, number, size):
        self.number, self.size, self.events, self.acknowledged = number, size, [], 0
        self.compressed = self.is_late = False

    def add(self, sequence, text):
        if sequence != len(self.events) + 1 or sequence > self.size:
            raise Fault(f"event {sequence} behind {len(self.events)} of a window of {self.size}")
        event = json.loads(text.decode())
        if not isinstance(event, dict):
            raise Fault(f"no object: {text[:80]!r}")
        self.events.append(event)

    def is_whole(self):
        return len(self.events) == self.size


class Frames:
    """Bytes into windows; `begin` makes one of its size."""

    def __init__(self, begin):
        self.begin, self.window = begin, None

    def feed(self, data, compressed=False):
        """Take whole frames off the front; yields the windows they complete, returns the rest."""
        while len(data) >= 6:
            version, kind, number = data[:1], data[1:2], struct.unpack(">I", data[2:6])[0]
            if version != b"2":
                raise Fault(f"version {version!r}")
            if kind == b"W" and not compressed:
                if self.window and not self.window.is_whole():
                    raise Fault("a window begins within another one")
                self.window, data = self.begin(number), data[6:]
                continue
            length = number if kind == b"C" else struct.unpack(">I", data[6:10])[0] if len(data) >= 10 else None
            start = 6 if kind == b"C" else 10
            if kind not in (b"C", b"J") or (compressed and kind == b"C"):
                raise Fault(f"frame of the kind {kind!r}")
            if length is None or len(data) < start + length:
                break
            body, data = data[start:start + length], data[start + length:]
            if kind == b"C":
                self.window.compressed = True
                if (yield from self.feed(zlib.decompress(body), True)):
                    raise Fault("half a frame is compressed")
                continue
            self.window.add(number, body)
            if self.window.is_whole():
                yield self.window
        return data


class LumberjackServer:
    """
    behave(n, size) says what becomes of the nth window (counted from 0, over all connections): a list
    of numbers (acknowledgements), bytes (sent as they are), floats (seconds that pass), and CLOSE or
    RESET. Without it each is acknowledged once, as a whole. `cuts` are counts of bytes: the next
    connection ends when it has received the first of them, and so on. `idle` closes a connection
    that is silent for so many seconds.
    """

    def __init__(self, certificate=None, key=None, ca=None, port=None):
        self.port = port or free_port()
        self.windows, self.faults, self.cuts, self.connections = [], [], [], 0
        self.behave, self.idle, self.handshakes_failed = None, None, 0
        self._lock, self._reading, self._open = threading.Lock(), threading.Event(), set()
        self._odd = threading.local()  # of each connection, which has a thread of its own
        self._reading.set()
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
        if ca:
            self._context.load_verify_locations(ca)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = None
        self.start()

    # --- what a test does -------------------------------------------------------------------------

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=16)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self):
        """No more connections, and an end to those that there are."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut_all()

    def cut_all(self):
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def pause(self):
        """As SIGSTOP would: what comes stays with the kernel, which takes new connections, too."""
        self._reading.clear()

    def resume(self):
        self._reading.set()

    def open_connections(self):
        return len(self._open)

    def events(self):
        """All that came in whole windows, or in part, as they came; what came twice is there twice."""
        return [event for window in self.windows for event in window.events]

    def acknowledged(self):
        return [event for window in self.windows for event in window.events[:window.acknowledged]]

    # --- connections --------------------------------------------------------------------------------

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._reading.wait()
            if self._context:
                try:
                    connection.settimeout(30)
                    connection = self._context.wrap_socket(connection, server_side=True)
                except OSError:
                    self.handshakes_failed += 1
                    return
            with self._lock:
                self.connections += 1
                cut = self.cuts.pop(0) if self.cuts else None
            self._open.add(connection)
            connection.settimeout(self.idle)
            self._talk(connection, cut)
        except (Fault, ValueError, zlib.error) as fault:
            self.faults.append(str(fault))
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()

    def _begin(self, size):
        with self._lock:
            self.windows.append(Window(len(self.windows), size))
            return self.windows[-1]

    def _talk(self, connection, cut):
        frames, pending, received, self._odd.is_odd = Frames(self._begin), b"", 0, False
        while True:
            self._reading.wait()
            data = connection.recv(min(65536, cut - received) if cut else 65536)
            received += len(data)
            if not data:
                return
            whole = frames.feed(pending + data)
            while True:
                try:
                    window = next(whole)
                except StopIteration as end:
                    pending = end.value
                    break
                if not self._answer(connection, window):
                    return
            if received == cut:
                return

    def _answer(self, connection, window):
        """False: the connection is to end."""
        window.is_late = self._odd.is_odd
        steps = self.behave(window.number, window.size) if self.behave else [window.size]
        self._odd.is_odd |= not steps
        for step in steps:
            self._reading.wait()
            if isinstance(step, bytes):
                self._odd.is_odd = True
                connection.sendall(step)
            elif isinstance(step, float):
                let_pass(step)
            elif step == CLOSE:
                return False
            elif step == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            else:
                self._odd.is_odd |= step > window.size
                if not self._odd.is_odd:
                    window.acknowledged = max(window.acknowledged, step)
                connection.sendall(ack(step))
        return True
