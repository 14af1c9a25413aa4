#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
What a night of restarts costs, counted by the core: a steady stream of numbered results at QoS 1 to
Nagios while Nagios and the gateway are stopped, reloaded and killed.

    tests/system/loss.py [--count 100000] [--rate 5000] [--stops 5] [--reloads 5] [--kills 3]
                         [--gateway-kills 10] [--seed N]

The faults come in a random order, evenly spread over the stream; nobody waits for a recovery between
two of them. Every acknowledged number has to be applied, the first time in the order of its service.
One that was handed over twice, because nobody could know whether it had arrived, is counted.
"""
import argparse
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path

import chaos
from load import Account, Load
from nagios import build_module
from rig import Rig, Scratch
from wait import wait_until

HOSTS, SERVICES = 50, 10


def no_orphan(rig):
    """Of two workers on one command file Nagios 4.4 may lose the new one, see Nagios.orphan()."""
    wait_until(lambda: not rig.nagios.is_reading(), 5, "the end of the command file worker")


def stop_core(rig, chance):
    rig.nagios.end()
    no_orphan(rig)
    rig.nagios.start()


def kill_core(rig, chance):
    rig.nagios.kill()
    no_orphan(rig)
    rig.nagios.start()


@dataclass
class Plan:
    """How many faults of each kind."""
    stops: int = 5
    reloads: int = 5
    kills: int = 3
    gateway_kills: int = 10

    FAULTS = {"stops": stop_core, "reloads": chaos.reload_core, "kills": kill_core,
              "gateway_kills": chaos.kill_gateway}

    def shuffled(self, chance):
        faults = [self.FAULTS[f.name] for f in fields(self) for _ in range(getattr(self, f.name))]
        chance.shuffle(faults)
        return faults


@dataclass
class Report:
    plan: Plan
    acknowledged: int
    applied: int       # results, so that one that came twice counts twice
    missing: list
    twice: int
    disordered: int    # that came after a younger one of its service, or whose time went back
    not_newest: list   # services whose last applied result is not the last published
    published_in: float
    drained_in: float  # from the last acknowledgement to the last one applied

    def is_good(self):
        return not self.missing and not self.disordered and not self.not_newest

    def __str__(self):
        faults = ", ".join(f"{getattr(self.plan, f.name)} {f.name.replace('_', ' ')}"
                           for f in fields(self.plan))
        return (f"{self.acknowledged:,} results acknowledged in {self.published_in:.1f} s ({faults})\n"
                f"    {self.applied:,} applied, the last {self.drained_in:.1f} s later: "
                f"{len(self.missing)} missing, {self.disordered} out of order, "
                f"{self.twice} applied twice, "
                f"{len(self.not_newest)} services without their newest result\n"
                f"    missing: {self.missing[:10]}, not newest: {self.not_newest[:10]}")


def play(module, count, rate, plan, seed=None, logs=None):
    chance = random.Random(seed)
    faults = plan.shuffled(chance)
    with Scratch() as scratch:
        rig = Rig(scratch, module, HOSTS, SERVICES).start()
        begin = time.monotonic()
        load = Load(rig.broker.port, rate, HOSTS, SERVICES, count).start()
        account = Account(load, rig.nagios)
        try:
            for n, fault in enumerate(faults, 1):
                due = n * count // (len(faults) + 1)
                wait_until(lambda due=due: load.sent >= due, 2 * count / rate + 30, "the next fault")
                fault(rig, chance)
            load.finish()
            published = time.monotonic()
            wait_until(lambda: account.is_complete() and not account.not_newest(), 60,
                       "every acknowledged result applied", 0.02)
        except AssertionError as failure:
            print(failure, flush=True)
            published = time.monotonic()
        finally:
            load.abandon()
            rig.observer.close()
        report = Report(plan, len(load.acknowledged), sum(account.applied.values()),
                        sorted(account.lost()), account.twice(), account.disordered,
                        account.not_newest(), published - begin, time.monotonic() - published)
        if logs and not report.is_good():
            chaos.keep_logs(rig, Path(logs) / "loss")
        return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=100000, help="results")
    parser.add_argument("--rate", type=int, default=5000, help="results a second")
    for field in fields(Plan):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, default=field.default)
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's order of faults")
    parser.add_argument("--logs", default="build/chaos", help="where the logs of a loss go")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "big")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"\nloss: {args.count:,} results at {args.rate:,}/s, --seed {seed}", flush=True)
    plan = Plan(**{f.name: getattr(args, f.name) for f in fields(Plan)})
    with Scratch() as scratch:
        report = play(build_module(scratch.path), args.count, args.rate, plan, seed, args.logs)
    print(report)
    return 0 if report.is_good() and report.acknowledged == args.count else 1


if __name__ == "__main__":
    sys.exit(main())
