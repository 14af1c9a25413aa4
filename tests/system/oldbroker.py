# SPDX-License-Identifier: MIT
"""A broker that speaks MQTT 3.1.1 only and serves one client: what the gateway may meet."""
import socket
import threading

import packet
from packet import Wire

REFUSED_VERSION = 1


class OldBroker:
    """
    Refuses CONNECT of level 5 as 3.1.1 brokers do, accepts level 4, grants every subscription
    (with `refuse_share` none that is shared), and sends what publish() was given.
    """

    def __init__(self, refuse_share=False):
        self._refuse_share = refuse_share
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.levels, self.filters, self.received, self.acknowledged = [], [], [], []
        self.closed = 0  # connections that have ended
        self._wire = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        # shutdown() wakes a thread inside accept() or recv(); close() alone would not.
        for sock in (self._listener, self._wire and self._wire.sock):
            if sock:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self._thread.join(5)
        self._listener.close()

    def publish(self, topic, payload, packet_id):
        """Send a message at QoS 1 to the subscribed client."""
        self._wire.send(packet.publish(topic, payload, 1, packet_id))

    def _serve(self):
        while True:
            try:
                sock = self._listener.accept()[0]
            except OSError:
                return
            with Wire(sock) as self._wire:
                try:
                    self._converse()
                except OSError:
                    pass
                self.closed += 1

    def _converse(self):
        connect = self._wire.receive(60)
        if connect is None:
            return
        name_length = int.from_bytes(connect.body[:2], "big")
        self.levels.append(connect.body[2 + name_length])
        if self.levels[-1] != packet.V311:
            self._wire.send(packet.packet(packet.CONNACK, 0, bytes([0, REFUSED_VERSION])))
            return
        self._wire.send(packet.packet(packet.CONNACK, 0, b"\0\0"))
        while (found := self._wire.receive(60)) is not None:
            self._answer(found)

    def _answer(self, found):
        if found.type == packet.SUBSCRIBE:
            filters, at = [], 2
            while at < len(found.body):
                end = at + 2 + int.from_bytes(found.body[at:at + 2], "big")
                filters.append(found.body[at + 2:end].decode())
                at = end + 1
            refused = [self._refuse_share and f.startswith("$share/") for f in filters]
            self._wire.send(packet.packet(packet.SUBACK, 0, found.body[:2] + bytes(
                0x80 if r else 1 for r in refused)))
            self.filters += filters
        elif found.type == packet.PUBLISH:
            message = packet.published(found)
            self.received.append(message)
            if message.qos == 1:
                self._wire.send(packet.acknowledge(packet.PUBACK, message.packet_id))
        elif found.type == packet.PUBACK:
            self.acknowledged.append(packet.packet_id_of(found))
        elif found.type == packet.PINGREQ:
            self._wire.send(packet.packet(packet.PINGRESP, 0, b""))
