# SPDX-License-Identifier: MIT
"""Broker and gateway with one output of the plugin lumberjack, and a publisher of numbers."""
import json

from mqtt import V311, Client
from relay import GATEWAY, RelayRig
from rig import Scratch
from wait import wait_until


class LumberjackWay(RelayRig):
    """`servers` are what its hosts are, `lines` the further lines of its block."""

    def __init__(self, servers, lines=(), **how):
        self.own = Scratch().__enter__()  # a test may have several ways
        hosts = [f"hosts 127.0.0.1:{server.port}" for server in servers]
        super().__init__(self.own, "lumberjack", [*hosts, *lines], **how)
        self.publisher = None

    def start(self):
        super().start()
        self.publisher = Client(self.broker.port, "publisher", V311)
        self.publisher.connect()
        return self

    def end(self):
        try:
            if self.publisher:
                self.publisher.close()
            if self.gateway.process.is_running():
                super().end()
        finally:
            self.own.__exit__(None, None, None)

    def publish_numbers(self, count, first=0):
        """logs/app with {"n": number}; returns when the broker has all of them."""
        notes = [self.publisher.paho.publish("logs/app", json.dumps({"n": n}), 1)
                 for n in range(first, first + count)]
        for note in notes:
            note.wait_for_publish(20)

    def problems(self):
        """All that the gateway has told of."""
        told = [json.loads(m.payload) for m in list(self.observer.messages) if m.topic == GATEWAY]
        return {t.get("outputs", {}).get("relay", {}).get("problem") for t in told} - {None}

    def wait_delivered(self, count):
        def delivered():
            status = self.status()
            return status.get("results") == count and status.get("behind") == 0
        wait_until(delivered, 30, f"{count} records in the status")

    def wait_problem(self, *words):
        """Until status and log name a problem with these words."""
        self.wait_for_problem(*words, timeout=20)
        assert self.gateway.process.says(*words)
