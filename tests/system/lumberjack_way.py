# SPDX-License-Identifier: MIT
"""Broker and gateway with one output of the plugin lumberjack, and a publisher of numbers."""
import json

from relay import GATEWAY, RelayRig
from rig import Scratch
from wait import wait_until


class LumberjackWay(RelayRig):
    """`servers` are what its hosts are, `lines` the further lines of its block."""

    def __init__(self, servers, lines=(), **how):
        self.own = Scratch().__enter__()  # a test may have several ways
        hosts = [f"hosts 127.0.0.1:{server.port}" for server in servers]
        super().__init__(self.own, "lumberjack", [*hosts, *lines], **how)

    def end(self):
        try:
            if self.gateway.process.is_running():
                super().end()
        finally:
            self.own.__exit__(None, None, None)

    def publish_numbers(self, count, first=0):
        """logs/app with {"n": number}; returns when the broker has all of them."""
        self.publish_all("logs/app", [json.dumps({"n": n}) for n in range(first, first + count)])

    def problems(self):
        """All that the gateway has told of."""
        told = [json.loads(m.payload) for m in list(self.observer.messages) if m.topic == GATEWAY]
        return {t.get("outputs", {}).get("relay", {}).get("problem") for t in told} - {None}

    def wait_delivered(self, count):
        def delivered():
            status = self.status()
            return status.get("results") == count and status.get("behind") == 0
        wait_until(delivered, 30, f"{count} records in the status")

    def wait_for_problem(self, *words, timeout=20.0):
        """It stands in the log, too."""
        super().wait_for_problem(*words, timeout=timeout)
        assert self.gateway.process.says(*words)
