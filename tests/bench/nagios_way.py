#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the whole way: published over MQTT until applied by a real Nagios Core.

Broker, gateway, Nagios and the load generator share the machine, unpinned. What counts is what a
module inside the core has seen applied, and when; not what anybody wrote.
"""

import argparse
import contextlib
import os
import shutil
import sys
import time

import harness
from nagios_core import nagios_core

NAGIOS = "/usr/sbin/nagios4"
HOSTS, SERVICES = 500, 10
TARGET_RATE, TARGET_P50_MS, TARGET_IDLE_MB = 45000, 3, 15
BACKLOG = 1000000
PAYLOAD = '{"code":{state},"output":"t={time} {seq} {fill}"}'

GATEWAY_CONFIGURATION = """\
broker mqtt://127.0.0.1:{port}
client_id belfry-gateway
state_dir {dir}/state

output nagios command_file
path {command_file}

route nagios/#
to nagios
"""


@contextlib.contextmanager
def gateway(path, folder, port, command_file, text):
    """The gateway as the user the core runs as, so that each can remove what the other wrote."""
    own = os.path.join(folder, "gateway")
    os.makedirs(os.path.join(own, "state"))
    harness.give_away(own)
    harness.give_away(os.path.join(own, "state"))
    configuration = os.path.join(own, "gateway.conf")
    with open(configuration, "w") as out:
        out.write(text.format(port=port, dir=own, command_file=command_file))
    copy = shutil.copy(path, os.path.join(own, "belfry-gateway"))  # others may not see our folder
    argv = harness.unprivileged([copy, "-c", configuration])
    with harness.daemon(path, argv, os.path.join(folder, "gateway.log")) as process:
        yield process


class Chain:
    """Everything that runs, and what it costs."""

    def __init__(self, broker, gateway_process, nagios):
        self.broker, self.gateway, self.nagios = broker, gateway_process, nagios
        self.counts = nagios.counts

    def cpu(self):
        return {"broker": harness.family_cpu_ns(self.broker.pid),
                "gateway": harness.family_cpu_ns(self.gateway.pid),
                "Nagios": harness.family_cpu_ns(self.nagios.pid)}

    def check_alive(self):
        for process in (self.broker, self.gateway, self.nagios):
            harness.check_alive(process)


@contextlib.contextmanager
def chain(options, folder, configuration=GATEWAY_CONFIGURATION):
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        broker = enter(harness.broker(options.broker, folder))
        nagios = enter(nagios_core(options.nagios, os.path.join(folder, "nagios"), options.nebcount,
                                   HOSTS, SERVICES))
        relay = enter(gateway(options.gateway, folder, broker.port, nagios.command_file,
                              configuration))
        yield Chain(broker, relay, nagios)


def publish(options, broker, publishers, rate, more):
    """Publishers that share the 5,000 services among them, each going round its own."""
    return harness.run_loadgen(options.loadgen, [
        "publish", "--port", broker.port, "--qos", 1, "--rate", rate, "--publishers", publishers,
        "--topics", HOSTS * SERVICES // publishers,
        "--topic", f"nagios/h{{item/{SERVICES}}}/s{{item%{SERVICES}}}",
        "--payload", PAYLOAD, "--size", 200, *more])


def await_first_result(options, running):
    """The gateway has no moment at which it is ready that others could see: so try."""
    end = time.monotonic() + 20
    while running.counts.services() == 0:
        running.check_alive()
        if time.monotonic() > end:
            raise harness.Failure("no result was applied within 20 s; the gateway says: " +
                                  harness.log_tail(running.gateway.log_path))
        publish(options, running.broker, 1, 1, ["--count", 1])
        time.sleep(0.2)
    await_applied(running, sys.maxsize, 0.5)


def await_applied(running, wanted, patience):
    """Until so many are applied, or none is for `patience` seconds."""
    seen, since = running.counts.services(), time.monotonic()
    while seen < wanted and time.monotonic() - since < patience:
        time.sleep(0.01)
        if running.counts.services() != seen:
            seen, since = running.counts.services(), time.monotonic()


class Outcome:
    """One load on the chain."""

    def __init__(self, options, running, publishers, rate, seconds, more):
        running.counts.reset()
        before = running.cpu()
        self.load = publish(options, running.broker, publishers, rate,
                            ["--duration", seconds, *more])
        self.behind = self.load["published"] - running.counts.services()
        await_applied(running, self.load["acknowledged"], 5)
        running.check_alive()
        self.cpu = {name: ns - before[name] for name, ns in running.cpu().items()}
        self.cpu["generator"] = self.load["own_cpu_seconds"] * 1e9
        self.applied = running.counts.services()
        self.rate = self.applied / running.counts.seconds() if self.applied > 1 else 0
        self.p50, self.p99, self.largest = map(running.counts.latency_ms, (0.5, 0.99, 1))
        self.states = running.counts.states()
        self.publishers = publishers

    def fault(self):
        """What is wrong with what was applied; empty when every result was, as it was sent."""
        acknowledged = self.load["acknowledged"]
        if self.load["failure"]:
            return self.load["failure"]
        if self.applied < acknowledged:
            return f"{acknowledged - self.applied} acknowledged results lost"
        if self.applied > acknowledged:
            return f"{self.applied - acknowledged} results applied twice"
        if acknowledged % (4 * self.publishers) == 0 and len(set(self.states)) != 1:
            return f"states changed on the way: {self.states}"
        return ""

    def print(self, title):
        each = ", ".join(f"{name} {ns / max(self.applied, 1) / 1000:.1f} us"
                         for name, ns in self.cpu.items())
        print(f"{title}: {self.load['published']:,} published at {self.load['rate']:,.0f}/s, "
              f"{self.applied:,} applied at {self.rate:,.0f}/s, "
              f"{self.behind:,} behind at the end of publishing\n"
              f"    published to applied: p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms, "
              f"max {self.largest:.2f} ms\n    CPU per result: {each}", flush=True)


def verdict(text, is_met, fault):
    print(f"    target {text}: {'met' if is_met and not fault else 'MISSED'}"
          f"{'; ' + fault if fault else ''}", flush=True)
    return bool(is_met and not fault)


def measure_idle(options, running):
    """After the first results, before any load."""
    pid, seconds = running.gateway.pid, options.seconds
    before = harness.family_cpu_ns(pid)
    time.sleep(seconds)
    share = (harness.family_cpu_ns(pid) - before) / (seconds * 1e9)
    whole, file_backed = (harness.memory(pid, name) / 1e6 for name in ("VmRSS", "RssFile"))
    print(f"idle: the gateway has {whole:.1f} MB, {file_backed:.1f} MB of it pages of files that "
          f"others share or the kernel may take back; {share:.2%} of a CPU", flush=True)
    return verdict(f"<= {TARGET_IDLE_MB} MB and no CPU", whole <= TARGET_IDLE_MB and share < 0.005, "")


def measure_backlog(options, running, rate):
    """The core stands still while a journal fills, and then goes on."""
    count = BACKLOG // 10 if options.quick else BACKLOG
    running.counts.reset()
    with harness.standstill(running.nagios):
        load = publish(options, running.broker, 20, options.rate,
                       ["--count", count, "--tick", 0.005, "--inflight", 2000])
        harness.await_quiet(running.gateway)  # the broker's queue is in the journal, too
        waiting = load["acknowledged"] - running.counts.services()
    before = running.cpu()
    started, seen = time.monotonic(), running.counts.services()
    await_applied(running, load["acknowledged"], 10)
    took, applied = time.monotonic() - started, running.counts.services()
    each = ", ".join(f"{name} {(ns - before[name]) / max(applied - seen, 1) / 1000:.1f} us"
                     for name, ns in running.cpu().items())
    drained = (applied - seen) / took
    print(f"backlog: {waiting:,} results waited in the journal, then {drained:,.0f}/s were applied\n"
          f"    CPU per result: {each}", flush=True)
    missing = load["acknowledged"] - applied
    # Nothing has to be taken meanwhile, so that it is faster rather.
    return verdict("the sustained rate", drained >= 0.9 * rate,
                   f"{missing} acknowledged results lost" if missing > 0 else "")


def measure(options, running):
    await_first_result(options, running)
    fine = measure_idle(options, running)
    # Few publishers with a tick, as relays would be: here the generator's CPU is the chain's too.
    full = Outcome(options, running, 20, options.rate, options.seconds,
                   ["--tick", 0.005, "--inflight", 2000])
    full.print("sustained")
    fine &= verdict(f">= {TARGET_RATE:,}/s", full.rate >= TARGET_RATE, full.fault())
    calm = Outcome(options, running, 100, 500, options.seconds, [])
    calm.print("500 results/s")
    fine &= verdict(f"p50 <= {TARGET_P50_MS} ms", calm.p50 <= TARGET_P50_MS, calm.fault())
    return measure_backlog(options, running, full.rate) and fine


def parse_arguments(argv):
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("broker", help="belfry-broker (or another broker that takes its options)")
    parser.add_argument("gateway", help="belfry-gateway")
    parser.add_argument("--loadgen", default=os.path.join(build, "tests/bench/loadgen"))
    parser.add_argument("--nebcount", default=os.path.join(build, "tests/system/nebcount.so"))
    parser.add_argument("--nagios", default=NAGIOS, help=f"the core ({NAGIOS})")
    parser.add_argument("--rate", type=int, default=60000, help="results a second to offer (60000)")
    parser.add_argument("--quick", action="store_true", help="3 s each instead of 8")
    options = parser.parse_args(argv)
    options.seconds = 3 if options.quick else 8
    options.broker = harness.program(options.broker, "build it with make")
    options.gateway = harness.program(options.gateway, "build it with make")
    options.loadgen = harness.program(options.loadgen, "build it with make bench")
    options.nagios = harness.program(options.nagios, "apt-get install nagios4-core")
    if not os.path.exists(options.nebcount):
        raise harness.Failure(f"{options.nebcount} is missing: build it with make bench")
    return options


def main(argv=None):
    options = parse_arguments(argv)
    print(f"\nThe whole way into Nagios Core, {HOSTS} hosts x {SERVICES} services, "
          f"{os.cpu_count()} CPUs for everything, 200-byte payloads, QoS 1")
    with harness.scratch_folder() as folder, chain(options, folder) as running:
        print(f"    before: load average {os.getloadavg()[0]:.1f}, "
              f"fdatasync {harness.sync_ms(folder):.1f} ms", flush=True)
        return 0 if measure(options, running) else 1


if __name__ == "__main__":
    harness.main_guard(main)
