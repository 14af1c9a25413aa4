# SPDX-License-Identifier: MIT
"""Waiting for something to become true. The only module that sleeps."""
import os
import time

# Sanitizer builds and loaded machines are slower: every limit is stretched by this factor.
SLACK = float(os.environ.get("BELFRY_TEST_SLACK", "1"))


class NeverCameTrue(AssertionError):
    pass


def wait_until(condition, timeout=10.0, what="the condition", poll=0.005):
    """Return the first true value of condition(); fail, naming `what`, after `timeout` seconds."""
    limit = time.monotonic() + timeout * SLACK
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > limit:
            raise NeverCameTrue(f"{what} did not come true within {timeout * SLACK:g} s")
        time.sleep(poll)


def let_pass(seconds):
    """For rules about time itself (expiry, keep-alive): nothing happens, and that is the test."""
    time.sleep(seconds)


def stays_true(condition, seconds, what="the condition"):
    """condition() holds now and for all of `seconds`."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        assert condition(), f"{what} did not stay true for {seconds:g} s"
        time.sleep(0.02)
