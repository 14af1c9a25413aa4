#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make bench: belfry-broker beside Mosquitto, then the whole way into a real Nagios.

BENCH="quick broker nagios" chooses: `quick` for the short form, `broker` or `nagios` for one part.
"""

import os
import sys

import harness
import nagios_way
import report


def main():
    words = set(sys.argv[1:])
    unknown = words - {"quick", "broker", "nagios"}
    if unknown:
        raise harness.Failure(f"no such part: {' '.join(sorted(unknown))}; take quick, broker, nagios")
    programs = os.environ.get("BELFRY_BIN", "build/bin")
    build = os.environ.get("BELFRY_BUILD", "build/release")
    shared = ["--loadgen", f"{build}/tests/bench/loadgen"] + (["--quick"] if "quick" in words else [])
    status = 0
    if "broker" in words or "nagios" not in words:
        status |= report.main([f"{programs}/belfry-broker", *shared])
    if "nagios" in words or "broker" not in words:
        status |= nagios_way.main([f"{programs}/belfry-broker", f"{programs}/belfry-gateway",
                                   "--nebcount", f"{build}/tests/system/nebcount.so", *shared])
    return status


if __name__ == "__main__":
    harness.main_guard(main)
