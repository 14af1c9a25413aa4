#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make bench: belfry-broker beside Mosquitto, in storms, with its store, then all the way into Nagios
and Icinga, what plugins carry, and what an outage behind one of them costs.

BENCH="quick broker storms store nagios icinga lumberjack relay outage" chooses: `quick` for the short form, the others for single parts.
"""

import os
import sys

import harness
import icinga_way
import lumberjack_way
import nagios_way
import outage_way
import relay_way
import report
import storms
import store_way

PARTS = {"broker", "storms", "store", "nagios", "icinga", "lumberjack", "relay", "outage"}


def main():
    words = set(sys.argv[1:])
    unknown = words - PARTS - {"quick"}
    if unknown:
        raise harness.Failure(f"no such part: {' '.join(sorted(unknown))}; "
                              f"take quick, {', '.join(sorted(PARTS))}")
    parts = words & PARTS or PARTS
    programs = os.environ.get("BELFRY_BIN", "build/bin")
    build = os.environ.get("BELFRY_BUILD", "build/release")
    shared = ["--loadgen", f"{build}/tests/bench/loadgen"] + (["--quick"] if "quick" in words else [])
    status = 0
    if "broker" in parts:
        status |= report.main([f"{programs}/belfry-broker", *shared])
    if "storms" in parts:
        status |= storms.main([f"{programs}/belfry-broker", *shared])
    if "store" in parts:
        status |= store_way.main([f"{programs}/belfry-broker", *shared])
    if "nagios" in parts:
        status |= nagios_way.main([f"{programs}/belfry-broker", f"{programs}/belfry-gateway",
                                   "--nebcount", f"{build}/tests/system/nebcount.so", *shared])
    if "icinga" in parts:
        status |= icinga_way.main([f"{programs}/belfry-gateway", *shared])
    if "lumberjack" in parts:
        status |= lumberjack_way.main([f"{programs}/belfry-broker", f"{programs}/belfry-gateway",
                                       "--peer", f"{build}/tests/bench/lumberjack_peer", *shared])
    if "relay" in parts:
        status |= relay_way.main([f"{programs}/belfry-broker", f"{programs}/belfry-gateway",
                                  *shared])
    if "outage" in parts:
        status |= outage_way.main([f"{programs}/belfry-broker", f"{programs}/belfry-gateway",
                                   "--nebcount", f"{build}/tests/system/nebcount.so", *shared])
    return status


if __name__ == "__main__":
    harness.main_guard(main)
