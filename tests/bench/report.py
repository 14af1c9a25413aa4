#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure belfry-broker beside the distribution's Mosquitto and say whether the targets are met.

Each broker runs alone, freshly started, on CPU 0; the load generator runs on CPU 1. Runs are paired,
A B A B, because a machine's speed drifts; figures are medians, ratios are medians over the pairs.
"""

import argparse
import json
import os
import statistics
import sys

import harness
from workloads import RETAINED, WORKLOADS

PEER = "/usr/sbin/mosquitto"
BROKER_CPU, LOADGEN_CPU = 0, 1

# What the peer alone gets: with Nagle's algorithm a quiet reader's delayed acknowledgements hold
# messages back for up to 15 ms. Under full load the algorithm helps it.
PEER_EXTRA = {"latency": "set_tcp_nodelay true"}

NOTES = """\
200-byte payloads, MQTT 3.1.1, one core for the broker, one for the generator. Both brokers: anonymous,
no persistence, no log, max_queued_messages 1000000, all else default, except for what Mosquitto does
better with: max_inflight_messages 100 for fan-in with QoS 1, 1000 for QoS 2 and for 2000 publishers
(both brokers; with 20 Mosquitto 2.0.11 leaves the end of its QoS 2 queue undelivered), and
set_tcp_nodelay true in open loop (Mosquitto), which takes up to 15 ms off its latency. Speed is
deliveries per second of broker CPU. Latency is p50 / p99, from when a message was meant to be sent.
TLS is 1.3 with a P-256 certificate. A retained message's memory is what it takes beyond its topic and
payload; it is measured once, as stores and replay are."""


class Measurement:
    """All runs of one workload on one broker."""

    def __init__(self, kind):
        self.kind = kind
        self.runs = []

    def add(self, run):
        self.runs.append(run)

    def figure(self, run):
        if self.kind == "speed":
            return run["per_cpu_second"]
        if self.kind == "latency":
            return run["latency_ms"]["p50"]
        if self.kind == "retained":
            grown = run["memory_after"] - run["memory_before"]
            return (grown - run["content"]) / run["published"]
        return run["memory_per_connection"]

    def figures(self):
        return [self.figure(run) for run in self.runs]

    def median(self):
        return statistics.median(self.figures())

    def faults(self):
        """What arrived wrongly in any of the runs, in words; empty when all was right."""
        sums = {word: sum(run[word] for run in self.runs)
                for word in ("lost", "duplicates", "disorder", "refused")}
        words = [f"{count} {word}" for word, count in sums.items() if count > 0]
        if not words:
            words = [run["failure"] for run in self.runs if run["failure"]][:1]
        return ", ".join(words)

    def own_ns(self):
        return statistics.median(run["own_ns_per_message"] for run in self.runs)

    def text(self):
        if self.kind == "speed":
            return f"{self.median():,.0f}/CPU-s"
        if self.kind in ("memory", "retained"):
            return f"{self.median():,.0f} B"
        p99 = statistics.median(run["latency_ms"]["p99"] for run in self.runs)
        return f"{self.median():.2f} / {p99:.2f} ms"


class Row:
    """One workload on both brokers."""

    def __init__(self, name, kind, target):
        self.name, self.kind, self.target = name, kind, target
        self.ours, self.peers = Measurement(kind), Measurement(kind)

    def ratio(self):
        """How many times the peer's speed; None where less is better."""
        if self.kind != "speed":
            return None
        pairs = [a / b for a, b in zip(self.ours.figures(), self.peers.figures()) if b > 0]
        return statistics.median(pairs) if pairs else None

    def is_met(self):
        if self.ours.faults():
            return False
        if self.target is None:
            return True
        ratio = self.ratio()
        if self.kind == "speed":
            return ratio is not None and ratio >= self.target
        return self.ours.median() <= self.target

    def target_text(self):
        if self.target is None:
            return "-"
        return {"speed": f">= {self.target:g}x", "latency": f"p50 <= {self.target:g} ms",
                "memory": f"<= {self.target:,} B",
                "retained": f"<= {self.target:,} B"}[self.kind]

    def verdict(self):
        words = [] if self.target is None else ["met" if self.is_met() else "MISSED"]
        if self.ours.faults():
            words.append(f"belfry: {self.ours.faults()}")
        if self.peers.faults():
            words.append(f"Mosquitto: {self.peers.faults()}")
        return "; ".join(words)

    def print(self):
        ratio = self.ratio()
        print(f"{self.name:<30}{self.ours.text():>20}{self.peers.text():>20}"
              f"{'-' if ratio is None else f'{ratio:.2f}x':>9}  {self.target_text():<14} "
              f"{self.verdict()}", flush=True)


def loadgen(broker, arguments, options):
    return harness.run_loadgen(options.loadgen, [
        *arguments, *broker.arguments, "--cpu", LOADGEN_CPU, "--timeout", 3])


def measure(path, workload, options, folder, *settings):
    arguments = workload.arguments
    if workload.kind != "memory":
        arguments = [*arguments, "--duration", options.seconds]
    with harness.broker(path, folder, BROKER_CPU, transport=workload.transport, settings="\n".join(
            [harness.LONG_QUEUES, *settings])) as broker:
        return loadgen(broker, arguments, options)


def measure_pairs(workload, options, folder):
    row = Row(workload.name, workload.kind, workload.target)
    for _ in range(options.runs):
        row.ours.add(measure(options.broker, workload, options, folder, workload.settings))
        row.peers.add(measure(options.peer, workload, options, folder, workload.settings,
                              PEER_EXTRA.get(workload.kind, "")))
    return row


def measure_retained(options, folder):
    """All rows about retained messages come from one pair of brokers that are filled once."""
    rows = [(Row(name, kind, target), step) for name, kind, target, step in RETAINED
            if options.only in name]
    topics = ["--publishers", 100, "--topics", options.topics // 100]
    for path, side in ((options.broker, "ours"), (options.peer, "peers")):
        if not rows:
            break
        with harness.broker(path, folder, BROKER_CPU) as broker:
            runs = {step: loadgen(broker, [step, *topics], options) for step in ("store", "replay")}
        for row, step in rows:
            getattr(row, side).add(runs[step])
    return [row for row, _ in rows]


def measure_all(options, folder):
    print(f"{'workload':<30}{'belfry-broker':>20}{'Mosquitto':>20}{'ratio':>9}  target")
    for workload in WORKLOADS:
        if options.only in workload.name:
            row = measure_pairs(workload, options, folder)
            row.print()
            yield row
    for row in measure_retained(options, folder):
        row.print()
        yield row


def print_generator(rows):
    """Where the generator costs more than the broker, the rate (not the speed) is its own."""
    costs = [f"{row.name} {row.ours.own_ns():,.0f} ns" for row in rows if row.kind == "speed"]
    if costs:
        print("\nGenerator's own CPU per message: " + "; ".join(costs))


def as_json(rows):
    return [{"workload": row.name, "kind": row.kind, "target": row.target, "ratio": row.ratio(),
             "met": row.is_met(), "belfry": row.ours.runs, "mosquitto": row.peers.runs}
            for row in rows]


def parse_arguments(argv):
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("broker", help="the belfry-broker to measure")
    parser.add_argument("--loadgen", default=os.path.join(build, "release/tests/bench/loadgen"))
    parser.add_argument("--peer", default=PEER, help=f"the other broker ({PEER})")
    parser.add_argument("--quick", action="store_true", help="one short run of each instead of three")
    parser.add_argument("--only", default="", help="only workloads with these words in their name")
    parser.add_argument("--json", help="write all runs to this file")
    options = parser.parse_args(argv)
    options.runs, options.seconds, options.topics = (1, 1, 100000) if options.quick else (3, 3, 1000000)
    options.broker = harness.program(options.broker, "build it with make")
    options.loadgen = harness.program(options.loadgen, "build it with make bench")
    options.peer = harness.program(options.peer, "apt-get install mosquitto")
    return options


def main(argv=None):
    options = parse_arguments(argv)
    with harness.scratch_folder() as folder:
        rows = list(measure_all(options, folder))
    print_generator(rows)
    print("\n" + NOTES)
    if options.json:
        with open(options.json, "w") as out:
            json.dump(as_json(rows), out, indent=1)
    missed = [row.name for row in rows if not row.is_met()]
    if missed:
        print("\nMISSED: " + "; ".join(missed), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    harness.main_guard(main)
