# SPDX-License-Identifier: MIT
"""A broker that listens on every transport, and connections to it."""
import signal
import socket
import ssl

from broker import Broker, free_port, is_listening
from packet import Wire
from wait import SLACK, wait_until
from websocket import WebSocket, request

TRANSPORTS = ("tcp", "tls", "ws", "wss", "unix")
SECURE = ("tls", "wss")


class Site:
    """
    For each of `blocks` (lines of configuration) one listener on each of `transports`; `common`
    are the lines for all of them. `pki` has issued "server", for the listeners with TLS.
    """

    def __init__(self, folder, pki, common=(), blocks=((),), transports=TRANSPORTS, which=None):
        self.pki = pki
        self.broker = Broker(folder, (), which)
        self.process = self.broker.process
        self._places = {}
        for block, lines in enumerate(blocks):
            for transport in transports:
                unix = folder / f"{block}.sock"
                self._places[transport, block] = unix if transport == "unix" else free_port()
        self.configure(common, blocks)

    def configure(self, common, blocks=((),)):
        """Write its configuration, anew before a reload."""
        lines = list(common)
        for (transport, block), place in self._places.items():
            address = f"0 {place}" if transport == "unix" else f"{place} 127.0.0.1"
            lines += [f"listener {address}", *blocks[block]]
            if transport in ("ws", "wss"):
                lines += ["protocol websockets"]
            if transport in SECURE:
                lines += [f"certfile {self.pki.path('server.crt')}",
                          f"keyfile {self.pki.path('server.key')}"]
        self.broker.config.write_text("\n".join([*lines, ""]))

    def port(self, transport, block=0):
        return self._places[transport, block]

    def start(self):
        self.process.start()
        wait_until(lambda: all(map(self._is_served, self._places)) or self.process.has_ended(), 10,
                   "all listeners")
        assert not self.process.has_ended(), "the broker ended: " + self.process.stderr()
        return self

    def end(self):
        assert self.broker.end() == 0, "the broker's exit status after SIGTERM"

    def reload(self):
        """SIGHUP; returns what the broker says to it."""
        before = len(self.process.stderr())
        self.process.signal(signal.SIGHUP)
        wait_until(lambda: any(self.process.says(words, since=before) for words in
                               ("is in effect", "stays as it was")), 10, "an answer to SIGHUP")
        return self.process.stderr()[before:]

    def _is_served(self, key):
        if key[0] != "unix":
            return is_listening(self._places[key])
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(str(self._places[key])) == 0

    def wire(self, transport, block=0, certificate=None):
        """
        A packet.Wire. An OSError is the other end's refusal, perhaps for want of a certificate
        (one that the site's authority has issued).
        """
        place = self._places[transport, block]
        if transport == "unix":
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(5 * SLACK)
            sock.connect(str(place))
        else:
            sock = socket.create_connection(("127.0.0.1", place), timeout=5 * SLACK)
        if transport in SECURE:
            sock = self._secured(sock, certificate)
        if transport in ("ws", "wss"):
            sock = WebSocket(sock)
            answer = sock.ask(request())
            assert answer.status == 101, answer
        return Wire(sock)

    def _secured(self, sock, certificate):
        context = ssl.create_default_context(cafile=self.pki.path("ca.crt"))
        if certificate:
            context.load_cert_chain(*(self.pki.path(f"{certificate}.{part}")
                                      for part in ("crt", "key")))
        return context.wrap_socket(sock, server_hostname="localhost")
