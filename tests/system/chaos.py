#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Faults under load, and the account afterwards: nothing acknowledged is lost.

    tests/system/chaos.py [--kills 50] [--rate 2000] [--seed N] [--list] [SCENARIO …]

A scenario is one row of SCENARIOS: a name, what it does to a running rig, and which shape of rig
it wants. To add one, write its function and its row. Between two faults the whole way has to
carry a result published after the first: the time until then is the recovery.
"""
import argparse
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from load import Account, Load
from nagios import build_module
from rig import Rig, Scratch
from wait import let_pass, wait_until

RATE = 2000


def kill_gateway(rig, chance):
    rig.gateway.kill()
    rig.gateway.start()


def restart_gateway(rig, chance):
    assert rig.gateway.end() == 0
    rig.gateway.start()


def reload_gateway(rig, chance):
    """With another configuration each time; the same one would leave everything running."""
    rig.gateway.configure(lines=[f"receive_maximum {chance.randrange(500, 60000)}"])
    rig.gateway.reloaded()


def kill_core(rig, chance):
    rig.nagios.kill()
    rig.nagios.start()


def orphan_core(rig, chance):
    rig.nagios.orphan()
    wait_until(lambda: not rig.nagios.is_reading(), 5, "the end of the orphan")
    rig.nagios.start()


def restart_core(rig, chance):
    rig.nagios.end()
    rig.nagios.start()


def reload_core(rig, chance):
    rig.nagios.reload()


def freeze_core(rig, chance):
    rig.nagios.freeze()
    let_pass(chance.uniform(0.05, 0.5))
    rig.nagios.thaw()


def kill_frozen_core(rig, chance):
    rig.nagios.freeze()
    let_pass(chance.uniform(0.05, 0.5))
    kill_core(rig, chance)


def kill_gateway_and_core(rig, chance):
    rig.gateway.kill()
    rig.nagios.kill()
    rig.nagios.start()
    rig.gateway.start()


def kill_broker(rig, chance):
    rig.broker.kill()
    rig.broker.start()


def kill_all_three(rig, chance):
    rig.broker.kill()
    kill_gateway_and_core(rig, chance)
    rig.broker.start()


def kill_one_or_the_other(rig, chance):
    chance.choice([kill_gateway, restart_gateway, reload_gateway, kill_core, orphan_core, restart_core,
                   reload_core, kill_frozen_core, freeze_core,
                   kill_gateway_and_core])(rig, chance)


@dataclass
class Scenario:
    name: str
    fault: Callable
    promise: str
    rig: dict = field(default_factory=dict)


SCENARIOS = [
    Scenario("gateway-kill", kill_gateway, "kill -9 of the gateway"),
    Scenario("gateway-restart", restart_gateway, "SIGTERM of the gateway"),
    Scenario("gateway-reload", reload_gateway, "SIGHUP of the gateway, with a change"),
    Scenario("core-kill", kill_core, "kill -9 of Nagios"),
    Scenario("core-orphan", orphan_core, "kill -9 of Nagios, its worker lives on for a moment"),
    Scenario("core-restart", restart_core, "SIGTERM of Nagios"),
    Scenario("core-reload", reload_core, "SIGHUP of Nagios"),
    Scenario("core-hang", kill_frozen_core, "Nagios stops answering and is killed for it"),
    Scenario("core-freeze", freeze_core, "Nagios stops answering"),
    Scenario("core-freeze-pipe", freeze_core, "the command file is full",
             {"output": ["delivery pipe"]}),
    Scenario("broker-kill", kill_broker, "kill -9 of the broker", {"stored": True}),
    Scenario("all-kill", kill_all_three, "kill -9 of all three", {"stored": True}),
    Scenario("both-kill", kill_gateway_and_core, "kill -9 of gateway and Nagios"),
    Scenario("any", kill_one_or_the_other, "any of these, at random"),
]


@dataclass
class Report:
    scenario: str
    faults: int
    acknowledged: int
    applied: int
    lost: int
    twice: int
    disordered: int
    slowest_recovery: float
    slowest_acknowledgement: float
    wreck: str = ""

    COLUMNS = ("scenario", "faults", "acknowledged", "applied", "lost", "twice", "out of order",
               "slowest recovery", "slowest acknowledgement")

    def row(self):
        return (self.scenario, self.faults, self.acknowledged, self.applied, self.lost, self.twice,
                self.disordered, f"{self.slowest_recovery:.3f} s",
                f"{self.slowest_acknowledgement:.3f} s")


def table(reports):
    rows = [Report.COLUMNS, *(tuple(map(str, r.row())) for r in reports)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths)))
                     for row in rows)


def play(scenario, module, kills, rate=RATE, seed=None, logs=None):
    """
    Run one scenario; the faults fall at random moments. When something went wrong, what every
    process wrote goes below `logs`.
    """
    chance = random.Random(seed)
    with Scratch() as scratch:
        rig = Rig(scratch, module, hosts=20, services=10, **scenario.rig).start()
        load = Load(rig.broker.port, rate, hosts=20, services=10).start()
        account, recoveries, wreck = Account(load, rig.nagios), [], ""
        try:
            for _ in range(kills):
                let_pass(chance.uniform(0.02, 0.4))
                scenario.fault(rig, chance)
                mark, since = load.sent, time.monotonic()
                wait_until(lambda: account.has_reached(mark), 30, "recovery")
                recoveries.append(time.monotonic() - since)
            load.stop()
            wait_until(account.is_complete, 30, "every acknowledged result applied", 0.02)
        except AssertionError as failure:
            wreck = f"{scenario.name}: {failure}\n"
        finally:
            load.abandon()
            rig.observer.close()
        wreck += first_lost(account)
        if wreck and logs:
            keep_logs(rig, logs / scenario.name)
        return Report(scenario.name, len(recoveries), len(load.acknowledged),
                      sum(account.applied.values()), len(account.lost()), account.twice(),
                      account.disordered, max(recoveries, default=0),
                      max(load.acknowledged_at.values(), default=0), wreck)


def first_lost(account):
    """Which numbers are lost, for whoever has to find out why."""
    lost = sorted(account.lost())[:10]
    return "".join(f"  lost: number {n} for {'/'.join(account.load.target(n))}\n" for n in lost)


def keep_logs(rig, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for process in (rig.broker.process, rig.gateway.process, rig.nagios.process):
        (folder / f"{process.name}.log").write_text(process.stderr())
    (folder / "nagios.log").write_text(rig.nagios.log())


def main():
    parser = argparse.ArgumentParser(description="Faults under load; nothing may be lost.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all")
    parser.add_argument("--kills", type=int, default=50, help="faults in each scenario")
    parser.add_argument("--rate", type=int, default=RATE, help="results a second")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's random moments")
    parser.add_argument("--logs", default="build/chaos", help="where the logs of a loss go")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    args = parser.parse_args()

    known = {s.name: s for s in SCENARIOS}
    if args.list:
        print("\n".join(f"{s.name:18} {s.promise}" for s in SCENARIOS))
        return 0
    unknown = [name for name in args.scenarios if name not in known]
    if unknown:
        parser.error(f"no scenario {unknown[0]}; there are {', '.join(known)}")
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"{args.rate} results/s at QoS 1, {args.kills} faults each, --seed {seed}\n", flush=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reports = []
    with Scratch() as scratch:
        module = build_module(scratch.path)
        for scenario in [known[n] for n in args.scenarios] or SCENARIOS:
            reports.append(play(scenario, module, args.kills, args.rate, seed, Path(args.logs)))
            print(f"{scenario.name}: {reports[-1].lost} lost", flush=True)
    print("\n" + table(reports))
    for report in reports:
        print(report.wreck, end="")
    return 1 if any(r.wreck for r in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
