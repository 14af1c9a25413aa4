# SPDX-License-Identifier: MIT
"""A relay that tries again quickly, and a publisher that counts, for peers that acknowledge nothing."""
from mqtt import V311, Client
from relay import ROUTES, RelayRig

CHECKS = ROUTES[:2]
QUICK = ("retry_first 20", "retry_most 1s", "linger 5")


class NumbersRig(RelayRig):
    def __init__(self, scratch, plugin, lines, **how):
        super().__init__(scratch, plugin, (*QUICK, *lines), **how)
        self.publisher = Client(self.broker.port, "publisher", V311)

    def start(self):
        super().start()
        self.publisher.connect()
        return self

    def end(self):
        self.publisher.close()
        super().end()

    def publish_numbers(self, first, count, filler=""):
        """logs/app with "number N" at its end; returns when the broker has all of them."""
        notes = [self.publisher.paho.publish("logs/app", f"{filler}number {n}", 1)
                 for n in range(first, first + count)]
        for note in notes:
            note.wait_for_publish(20)
