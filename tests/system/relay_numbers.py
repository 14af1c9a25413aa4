# SPDX-License-Identifier: MIT
"""A relay that tries again quickly, and messages that count, for peers that acknowledge nothing."""
from relay import ROUTES, RelayRig

CHECKS = ROUTES[:2]
QUICK = ("retry_first 20", "retry_most 1s", "linger 5")


class NumbersRig(RelayRig):
    def __init__(self, scratch, plugin, lines, **how):
        super().__init__(scratch, plugin, (*QUICK, *lines), **how)

    def publish_numbers(self, first, count, filler=""):
        """logs/app with "number N" at its end; returns when the broker has all of them."""
        self.publish_all("logs/app", [f"{filler}number {n}" for n in range(first, first + count)])
