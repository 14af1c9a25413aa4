#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the plugin lumberjack, fed from the gateway's journal, beside a bare client.

The journal is filled while nobody listens; then a server that only acknowledges takes all of it, as
it is and compressed. The bare client sends the same frames, one window over and over, to the same
server: what is between the two is reading the journal and writing records.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys

import harness

LEVELS = (0, 3)
TARGET = 80000
FILL = "DISK WARNING - free space: /var 3326 MB (16% inode=89%); /home 69357 MB (27% inode=92%)"

CONFIGURATION = """\
broker mqtt://127.0.0.1:{port}
client_id belfry-gateway
state_dir {dir}/state
plugin_dir {dir}/plugins

{outputs}

route nagios/#
to {names}
"""

OUTPUT = """\
output {name} lumberjack
hosts 127.0.0.1:{port}
compression {level}
retry_most 1s
{lines}
"""


def configuration(options, broker_port, folder, outputs):
    lines = "\n".join(options.set)
    return CONFIGURATION.format(
        port=broker_port, dir=folder, names=" ".join(name for name, _, _ in outputs),
        outputs="\n".join(OUTPUT.format(name=name, level=level, port=port, lines=lines)
                          for name, level, port in outputs))


@contextlib.contextmanager
def gateway(options, folder, broker_port, outputs):
    own = os.path.join(folder, "gateway")
    os.makedirs(os.path.join(own, "state"))
    shutil.copytree(options.plugins, os.path.join(own, "plugins"))
    for path in (own, os.path.join(own, "state")):
        harness.give_away(path)
    path = os.path.join(own, "gateway.conf")
    with open(path, "w") as out:
        out.write(configuration(options, broker_port, own, outputs))
    copy = shutil.copy(options.gateway, os.path.join(own, "belfry-gateway"))
    argv = harness.unprivileged([copy, "-c", path])
    with harness.daemon("belfry-gateway", argv, os.path.join(folder, "gateway.log")) as process:
        harness.wait_until(lambda: "connected with" in open(process.log_path).read(), 10, process,
                           "the gateway is connected")
        yield process


class Sink:
    """The server; it ends when it has acknowledged `events`."""

    def __init__(self, options, port, events, keep=None):
        argv = [options.peer, "sink", str(port), str(events), *([keep] if keep else [])]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.name, self.process.log_path = "lumberjack_peer", os.devnull

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()

    def result(self):
        line = self.process.stdout.readline()
        if not line:
            raise harness.Failure(self.process.stderr.read().strip() or "the sink has ended")
        return json.loads(line)


def whole_rate(options, process, port, keep):
    """One output's share of the journal. Returns the rate, bytes a record, and CPU us a record."""
    before = harness.family_cpu_ns(process.pid)
    with Sink(options, port, options.total, keep) as sink:
        result = sink.result()
    cpu = (harness.family_cpu_ns(process.pid) - before) / options.total / 1000
    return result["events"] / result["seconds"], result["bytes"] / result["events"], cpu


def bare_rate(options, window):
    port = harness.free_port()
    with Sink(options, port, options.total) as sink:
        harness.wait_until(lambda: listens(port), 5, sink.process, "the sink listens")
        done = subprocess.run([options.peer, "bare", str(port), str(options.total), window],
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise harness.Failure(done.stderr.strip())
        result = sink.result()
    return result["events"] / result["seconds"]


def listens(port):
    """Without connecting: the sink takes one connection only."""
    with open("/proc/net/tcp") as table:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
                   for line in table.readlines()[1:])


def fill(options, broker, process):
    harness.run_loadgen(options.loadgen, [
        "publish", "--port", broker.port, "--qos", 1, "--publishers", 20, "--rate", 40000,
        "--tick", 0.005, "--inflight", 2000, "--count", options.total, "--topics", 1000, "--topic", "nagios/h{item/10}/s{item%10}",
        "--payload", f'{{"code":{{state}},"output":"{{seq}} {FILL}"}}'])
    harness.await_quiet(process, 120)


def measure(options, folder):
    outputs = [(f"c{level}t{turn}", level, harness.free_port())
               for level in LEVELS for turn in range(options.turns)]
    fine = True
    with harness.broker(options.broker, folder) as broker, \
            gateway(options, folder, broker.port, outputs) as process:
        fill(options, broker, process)
        window = os.path.join(folder, "window")
        for level in LEVELS:
            taken = [whole_rate(options, process, port, window if level == 0 else None)
                     for _, l, port in outputs if l == level]
            fine = show(level, taken) and fine
        bare = [bare_rate(options, window) for _ in range(options.turns)]
        print(f"  bare client:   {statistics.median(bare):9,.0f}/s  of", ", ".join(f"{r:,.0f}" for r in bare))
    return fine


def show(level, taken):
    rates = [rate for rate, _, _ in taken]
    rate = statistics.median(rates)
    print(f"  compression {level}: {rate:9,.0f}/s  of", ", ".join(f"{r:,.0f}" for r in rates),
          f" ({taken[0][1]:.0f} bytes and {statistics.median(t[2] for t in taken):.1f} us of CPU a record)")
    print(f"    target >= {TARGET:,}/s: {'met' if rate >= TARGET else 'MISSED'}", flush=True)
    return rate >= TARGET


def parse_arguments(argv):
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("broker")
    parser.add_argument("gateway")
    parser.add_argument("--loadgen", default=os.path.join(build, "tests/bench/loadgen"))
    parser.add_argument("--peer", default=os.path.join(build, "tests/bench/lumberjack_peer"))
    parser.add_argument("--quick", action="store_true", help="one turn of 50,000 instead of three of 300,000")
    parser.add_argument("--set", action="append", default=[], metavar="LINE", help="a line for each output")
    options = parser.parse_args(argv)
    for name in ("broker", "gateway", "loadgen", "peer"):
        setattr(options, name, harness.program(getattr(options, name), "build it with make bench"))
    options.plugins = os.path.join(os.path.dirname(options.gateway), "..", "plugins")
    if not os.path.exists(os.path.join(options.plugins, "lumberjack.so")):
        raise harness.Failure("there is no plugin lumberjack: install zlib1g-dev and build again")
    options.turns, options.total = (1, 50000) if options.quick else (3, 300000)
    return options


def main(argv=None):
    options = parse_arguments(argv)
    print(f"\nThe plugin lumberjack, {options.total:,} check results from the journal, "
          f"{os.cpu_count()} CPUs for everything", flush=True)
    with harness.scratch_folder() as folder:
        return 0 if measure(options, folder) else 1


if __name__ == "__main__":
    harness.main_guard(main)
