#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Storms: what thousands of misbehaving clients do to one that behaves.

A witness publishes 200 messages a second at QoS 1 and reads them back; its round trips count from
when each was meant to be sent. It is heard from when the storm breaks until a second after its end.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Optional

import harness

MIB = 1024 * 1024
USERS = 100
CREDENTIALS = ["--username", f"user{{item%{USERS}}}", "--password", f"secret{{item%{USERS}}}"]
WITNESS_CREDENTIALS = ["--username", "user0", "--password", "secret0"]
AFTERWARDS = 1  # seconds: cleaning up after the storm's clients is part of it


@dataclass
class Storm:
    """`p99` in ms, `memory` in MiB, `within` in seconds: targets, None where there is none."""
    name: str
    arguments: list
    p99: Optional[float] = 50
    memory: Optional[float] = None
    within: Optional[float] = None
    transport: str = "tcp"
    has_passwords: bool = False
    quick: list = field(default_factory=list)


STORMS = [
    Storm("10,000 reconnect in 5 s, TLS, passwords",
          ["reconnect", "--timeout", 60, *CREDENTIALS], 250, None, 60, "tls", True,
          ["--subscribers", 1000, "--over", 0.5]),
    Storm("5,000 send a byte a second", ["drip"], 50, 64, quick=["--duration", 3]),
    Storm("5,000 send a byte a second, TLS", ["drip"], 50, transport="tls",
          quick=["--duration", 3]),
    Storm("10,000 vanish and leave wills", ["wills"], 50, 64, quick=["--subscribers", 1000]),
    Storm("100,000 filters from one client", ["filters"], 50, 64, quick=["--count", 10000]),
    Storm("100,000 retained from one client",
          ["store", "--publishers", 1, "--topics", 100000, "--inflight", 1000], 50, 96,
          quick=["--topics", 10000]),
    Storm("a reader that never reads, QoS 0", ["deaf"], 50, 64, quick=["--duration", 1]),
    Storm("a reader that never reads, QoS 1", ["deaf", "--qos", 1], 50, 64,
          quick=["--duration", 1]),
]


def password_file(options, folder):
    """USERS names with passwords, hashed as the broker's own tool does."""
    path = os.path.join(folder, "passwords")
    if not os.path.exists(path):
        with open(path, "w") as out:
            out.writelines(f"user{n}:secret{n}\n" for n in range(USERS))
        done = subprocess.run([*options.passwd, "-U", path], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            raise harness.Failure(f"{' '.join(options.passwd)} -U: {done.stdout.strip()}")
        os.chmod(path, 0o644)  # brokers give up their privileges
    return path


def undisturbed():
    """What lets the witness run when its time comes, as it would on a machine of its own."""
    prefix = ["chrt", "-f", "10"]
    with contextlib.suppress(OSError):
        if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return prefix
    return []


@dataclass
class Outcome:
    storm: Storm
    run: dict
    witness: dict
    peak: int

    def checks(self):
        """(what, value, target, unit) of everything that has a figure."""
        return [("p99", self.witness["latency_ms"]["p99"], self.storm.p99, "ms"),
                ("memory", self.peak / MIB, self.storm.memory, "MiB"),
                ("within", self.run["seconds"], self.storm.within, "s")]

    def faults(self):
        """What went wrong, in words; empty when all was right."""
        words = [f"{what} {value:.1f} {unit}" for what, value, target, unit in self.checks()
                 if target is not None and value > target]
        for name, run in (("", self.run), ("witness: ", self.witness)):
            if run["failure"]:
                words.append(name + run["failure"])
            words += [f"{name}{run[what]} {what}" for what in ("lost", "duplicates", "disorder")
                      if run[what] > 0]
        return words

    def print(self):
        cells = [f"{value:.1f} {unit}" + (f" (<= {target:g})" if target is not None else "")
                 for _, value, target, unit in self.checks()]
        faults = self.faults()
        print(f"{self.storm.name:<42}" + "".join(f"{cell:>22}" for cell in cells) +
              "  " + ("MISSED: " + "; ".join(faults) if faults else "met") +
              (f"; {self.run['broken']:,} connections ended by the broker"
               if self.run["broken"] else "") +
              (f"; {self.run['refused']:,} refused" if self.run["refused"] else ""), flush=True)


def play(storm, options, folder):
    quick = storm.quick if options.quick else []
    passwords = password_file(options, folder) if storm.has_passwords else None
    enter = contextlib.ExitStack()
    with enter:
        broker = enter.enter_context(harness.broker(
            options.broker, folder, settings="", transport=storm.transport,
            password_file=passwords))
        clients = enter.enter_context(harness.SteppedLoadgen(
            options.loadgen, [*storm.arguments, *quick, *broker.arguments]))
        clients.wait_ready()
        witness = enter.enter_context(harness.SteppedLoadgen(
            options.loadgen, ["witness", *broker.arguments,
                              *(WITNESS_CREDENTIALS if passwords else [])], undisturbed()))
        witness.wait_ready()
        witness.go()
        clients.go()
        run = clients.result()
        time.sleep(AFTERWARDS)
        harness.check_alive(broker)
        return Outcome(storm, run, witness.end(), harness.peak_memory(broker.pid))


def parse_arguments(argv):
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("broker", help="the broker to trouble")
    parser.add_argument("--loadgen", default=os.path.join(build, "release/tests/bench/loadgen"))
    parser.add_argument("--passwd", help="what hashes the passwords (belfry passwd, beside the broker)")
    parser.add_argument("--quick", action="store_true", help="a tenth of each")
    parser.add_argument("--only", default="", help="only storms with these words in their name")
    parser.add_argument("--json", help="write all figures to this file")
    options = parser.parse_args(argv)
    options.broker = harness.program(options.broker, "build it with make")
    options.loadgen = harness.program(options.loadgen, "build it with make bench")
    options.passwd = (options.passwd.split() if options.passwd else
                      [os.path.join(os.path.dirname(options.broker), "belfry"), "passwd"])
    return options


def main(argv=None):
    options = parse_arguments(argv)
    print(f"{'storm':<42}{'p99 of a witness':>22}{'most memory':>22}{'time':>22}")
    outcomes, missed = [], []
    with harness.scratch_folder() as folder:
        for storm in STORMS:
            if options.only not in storm.name:
                continue
            try:
                outcomes.append(play(storm, options, folder))
            except harness.Failure as failure:
                print(f"{storm.name:<42}  MISSED: {failure}", flush=True)
                missed.append(storm.name)
            else:
                outcomes[-1].print()
    if options.json:
        with open(options.json, "w") as out:
            json.dump([{"storm": o.storm.name, "run": o.run, "witness": o.witness,
                        "peak": o.peak, "faults": o.faults()} for o in outcomes], out, indent=1)
    missed += [o.storm.name for o in outcomes if o.faults()]
    if missed:
        print("\nMISSED: " + "; ".join(missed), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    harness.main_guard(main)
