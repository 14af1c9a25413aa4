#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure `persistence true`: what it costs, how much lasts how soon, how fast a broker is back.

The broker runs on CPU 0 with all its threads, the load generator on CPU 1. The store is below the
folder for temporary files ($TMPDIR): what a disk needs to make a small write last is told first.
"""

import argparse
import glob
import json
import os
import socket
import statistics
import sys
import time

import harness
from report import BROKER_CPU, LOADGEN_CPU, PEER
from storms import undisturbed

COST, OFFLINE_RATE, CHANGING_P99_MS, ALONE_P50_MS, START_SECONDS = 1.3, 100000, 20, 2, 5

NOTES = """\
200-byte payloads, QoS 1, MQTT 3.1.1. Online and offline: 100 publishers, one durable session, with
max_inflight_messages 100 and max_queued_messages 1000000; the cost is the broker's CPU per message
beside that of the same broker and the same session without persistence, a median over pairs.
Mosquitto keeps its defaults: it writes nothing before its end or half an hour. Latency is p50 / p99
from when a message was meant to be sent until it was acknowledged, or, of the witness, came back.
Back: from the start of the process to the answer to a CONNECT."""

FAN_IN = ["fan-in", "--qos", 1, "--durable"]
WINDOW = "max_inflight_messages 100"


class Report:
    """The rows, printed as they come."""

    def __init__(self):
        self.rows = []

    def add(self, name, text, is_met=None, target="", runs=(), faults=()):
        faults = list(faults) + [fault for run in runs for fault in faults_of(run)]
        if faults:
            is_met = False
        verdict = {None: "", True: "met", False: "MISSED"}[is_met]
        print(f"{name:<44}{text:<46}{target:<14}{'; '.join([verdict, *faults])}", flush=True)
        self.rows.append({"row": name, "text": text, "target": target, "met": is_met,
                          "runs": list(runs), "faults": faults})

    def missed(self):
        return [row["row"] for row in self.rows if row["met"] is False]


def faults_of(run):
    words = [f"{run[what]} {what}" for what in ("lost", "duplicates", "disorder", "refused")
             if run[what] > 0]
    return words or ([run["failure"]] if run["failure"] else [])


def arguments_of(broker, arguments):
    return [*arguments, *broker.arguments, "--cpu", LOADGEN_CPU, "--timeout", 10]


def run_once(path, options, folder, arguments, settings="", is_stored=True):
    """One run on a fresh broker with an empty store."""
    with harness.store_folder(folder) as store, harness.broker(
            path, folder, BROKER_CPU, f"{harness.LONG_QUEUES}\n{settings}",
            store=store if is_stored else None) as broker:
        return harness.run_loadgen(options.loadgen, arguments_of(broker, arguments))


def speed(runs):
    return statistics.median(run["per_cpu_second"] for run in runs)


def measure_online(options, folder, report):
    """A durable session that is connected: its messages pass on, and hardly meet the disk."""
    arguments = [*FAN_IN, "--duration", options.seconds]
    without, stored, peers = [], [], []
    for _ in range(options.runs):
        without.append(run_once(options.broker, options, folder, arguments, WINDOW, False))
        stored.append(run_once(options.broker, options, folder, arguments, WINDOW))
        peers.append(run_once(options.peer, options, folder, arguments, WINDOW))
    cost = statistics.median(a["per_cpu_second"] / b["per_cpu_second"] if b["per_cpu_second"]
                             else float("inf") for a, b in zip(without, stored))
    report.add("online session", f"{cost:.2f}x the CPU: {speed(stored):,.0f}/CPU-s, without "
               f"{speed(without):,.0f}", cost <= COST, f"<= {COST:g}x", without + stored)
    report.add("  Mosquitto", f"{speed(peers):,.0f}/CPU-s", runs=peers)


def measure_offline(options, folder, report):
    """A session whose client is away: everything is on disk before it is acknowledged."""
    arguments = [*FAN_IN, "--leave", "--count", options.queued]
    ours = [run_once(options.broker, options, folder, arguments) for _ in range(options.runs)]
    peers = [run_once(options.peer, options, folder, arguments) for _ in range(options.runs)]
    rate = statistics.median(run["rate"] for run in ours)
    report.add("offline session", f"{rate:,.0f}/s durable, {speed(ours):,.0f}/CPU-s",
               rate >= OFFLINE_RATE, f">= {OFFLINE_RATE:,}/s", ours)
    report.add("  Mosquitto", f"{statistics.median(run['rate'] for run in peers):,.0f}/s in memory, "
               f"{speed(peers):,.0f}/CPU-s", runs=peers)


def latency_text(latency):
    return f"{latency['p50']:.2f} / {latency['p99']:.2f} ms"


def measure_changing(options, folder, report):
    """Retained messages change at a steady pace, beside a witness that has no part in it."""
    topics = ["--publishers", 100, "--topics", options.changing // 100, "--topic",
              "nagios/h{publisher}/s{topic}"]
    with harness.store_folder(folder) as store, harness.broker(
            options.broker, folder, BROKER_CPU, store=store) as broker:
        filled = harness.run_loadgen(options.loadgen, arguments_of(broker, ["store", *topics]))
        with harness.SteppedLoadgen(options.loadgen, arguments_of(broker, ["witness"]),
                                    undisturbed()) as witness:
            witness.wait_ready()
            witness.go()
            run = harness.run_loadgen(options.loadgen, arguments_of(broker, [
                "publish", *topics, "--retain", "--rate", 2000, "--duration", options.seconds * 5]))
            seen = witness.end()
    report.add(f"2,000/s over {options.changing:,} retained", latency_text(run["acknowledged_ms"]),
               run["acknowledged_ms"]["p99"] <= CHANGING_P99_MS, f"p99 <= {CHANGING_P99_MS} ms",
               [filled, run])
    report.add("  a witness beside it", latency_text(seen["latency_ms"]),
               seen["latency_ms"]["p99"] <= CHANGING_P99_MS, f"p99 <= {CHANGING_P99_MS} ms", [seen])


def measure_alone(options, folder, report):
    """One message after another, each with the disk to itself."""
    run = run_once(options.broker, options, folder, [
        "publish", "--subscribers", 1, "--leave", "--publishers", 1, "--rate", 50,
        "--duration", options.seconds * 2])
    floor = 2 * harness.sync_ms(folder)  # LMDB syncs the pages, then what refers to them
    report.add("one message alone", f"{latency_text(run['acknowledged_ms'])}; the disk alone "
               f"{floor:.2f} ms",
               run["acknowledged_ms"]["p50"] <= ALONE_P50_MS, f"p50 <= {ALONE_P50_MS} ms", [run])


def expect_connack(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1x")
        if s.recv(4) != b"\x20\2\0\0":
            raise harness.Failure("the broker did not accept a connection after its start")


def measure_start(options, folder, report):
    """How long a broker takes that finds a full store."""
    topics = ["--publishers", 100, "--topics", options.retained // 100]
    with harness.store_folder(folder) as store:
        with harness.broker(options.broker, folder, BROKER_CPU, store=store) as broker:
            runs = [harness.run_loadgen(options.loadgen, arguments_of(broker, arguments))
                    for arguments in (["store", *topics],
                                      ["idle", "--subscribers", options.sessions, "--leave"])]
        size = sum(os.path.getsize(path) for path in glob.glob(f"{store}/*/data.mdb"))
        begun = time.monotonic()
        with harness.broker(options.broker, folder, BROKER_CPU, store=store,
                            patience=60) as broker:
            expect_connack(broker.port)
            taken = time.monotonic() - begun
    report.add(f"{options.retained:,} retained, {options.sessions:,} sessions",
               f"{taken:.2f} s until it is back, {size / 2 ** 20:,.0f} MiB", taken <= START_SECONDS,
               f"<= {START_SECONDS} s", runs)


MEASUREMENTS = {"online": measure_online, "offline": measure_offline, "changing": measure_changing,
                "alone": measure_alone, "start": measure_start}


def parse_arguments(argv):
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("broker", help="the belfry-broker to measure")
    parser.add_argument("--loadgen", default=os.path.join(build, "release/tests/bench/loadgen"))
    parser.add_argument("--peer", default=PEER, help=f"the other broker ({PEER})")
    parser.add_argument("--quick", action="store_true", help="one short run of each, and less of it")
    parser.add_argument("--only", default="", help=f"one of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--json", help="write all runs to this file")
    options = parser.parse_args(argv)
    options.runs, options.seconds = (1, 1) if options.quick else (3, 3)
    options.queued, options.changing, options.retained, options.sessions = (
        (100000, 50000, 100000, 10000) if options.quick else (500000, 500000, 1000000, 100000))
    options.broker = harness.program(options.broker, "build it with make")
    options.loadgen = harness.program(options.loadgen, "build it with make bench")
    options.peer = harness.program(options.peer, "apt-get install mosquitto")
    return options


def main(argv=None):
    options, report = parse_arguments(argv), Report()
    with harness.scratch_folder() as folder:
        print(f"store: this disk makes 4 KiB last in {harness.sync_ms(folder):.2f} ms")
        for name, measure in MEASUREMENTS.items():
            if options.only in name:
                measure(options, folder, report)
    print("\n" + NOTES)
    if options.json:
        with open(options.json, "w") as out:
            json.dump(report.rows, out, indent=1)
    if report.missed():
        print("\nMISSED: " + "; ".join(report.missed()), file=sys.stderr)
    return 1 if report.missed() else 0


if __name__ == "__main__":
    harness.main_guard(main)
