#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure what an outage of Redis costs everybody else: check results on their way into Nagios.

Every result goes to Nagios and, by the plugin redis, to a list. The same load three times: Redis is
there, Redis is away, Redis is back and gets what has waited. What counts is how long a result takes
into Nagios, what the gateway's memory does, and that the list has every result once in the end.
"""

import argparse
import contextlib
import json
import os
import shutil
from collections import Counter

import harness
import nagios_way
import relay_way

RATE, PUBLISHERS = 5000, 100
# What Nagios may notice of it: a little that any two runs differ by.
P99_SHARE, P99_MORE_MS = 1.25, 2
MEMORY_MB = 16

CONFIGURATION = nagios_way.GATEWAY_CONFIGURATION.replace("output nagios", """\
plugin_dir {dir}/../plugins

output logstash redis
url redis://127.0.0.1:REDIS
retry_most 1

output nagios""", 1).replace("to nagios", "to nagios logstash")


class Rig:
    """Redis comes and goes; the chain into Nagios stays."""

    def __init__(self, folder, port, running):
        self.folder, self.port, self.running = folder, port, running
        self.told = 0

    def load(self, options, title):
        outcome = nagios_way.Outcome(options, self.running, PUBLISHERS, RATE, options.seconds, [])
        outcome.print(title)
        self.told += outcome.load["acknowledged"]
        return outcome

    def memory_mb(self):
        return harness.memory(self.running.gateway.pid, "RssAnon") / 1e6

    def redis(self):
        return relay_way.redis_server(self.folder, self.port)


@contextlib.contextmanager
def rig(options, folder):
    plugins, port = os.path.join(folder, "plugins"), harness.free_port()
    os.makedirs(plugins)
    plugin = shutil.copy(options.plugin, plugins)
    os.chmod(plugin, 0o644)
    for path in (plugins, plugin):
        harness.give_away(path)
    configuration = CONFIGURATION.replace("REDIS", str(port))
    with nagios_way.chain(options, folder, configuration) as running:
        yield Rig(folder, port, running)


def fault_of(redis, told):
    """What is wrong with the list; empty when it has every result, and no event twice."""
    ids = Counter(json.loads(event)["event_id"]
                  for start in range(0, told + 10000, 10000)
                  for event in redis.client.call("LRANGE", "logstash", start, start + 9999))
    twice = sum(ids.values()) - len(ids)
    return f"{told - len(ids)} results are not in the list" if len(ids) < told else (
        f"{twice} came twice" if twice else "")


def measure(options, rig):
    with rig.redis():
        nagios_way.await_first_result(options, rig.running)
        there = rig.load(options, "Redis is there")
        harness.await_quiet(rig.running.gateway)
        before = rig.memory_mb()
    rig.told = 0  # its list went with it
    away = rig.load(options, "Redis is away")
    after = rig.memory_mb()
    with rig.redis() as redis:
        back = rig.load(options, "Redis is back, with what has waited")
        relay_way.await_length(redis, rig.told, rig.running.gateway)
        fault = fault_of(redis, rig.told)
    most = there.p99 * P99_SHARE + P99_MORE_MS
    fine = nagios_way.verdict(f"p99 <= {most:.1f} ms while Redis is away", away.p99 <= most,
                              there.fault() or away.fault())
    fine &= nagios_way.verdict(f"p99 <= {most:.1f} ms when it is back", back.p99 <= most, back.fault())
    print(f"memory of the gateway: {before:.1f} MB, after the outage {after:.1f} MB", flush=True)
    fine &= nagios_way.verdict(f"<= {MEMORY_MB} MB more", after - before <= MEMORY_MB, "")
    print(f"the list has {rig.told:,} results of the outage and after it", flush=True)
    return nagios_way.verdict("every one of them once", True, fault) and fine


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plugin", help="redis.so (beside the gateway)")
    parser.add_argument("--away", type=int, help="seconds of the outage (60)")
    more, rest = parser.parse_known_args(argv)
    options = nagios_way.parse_arguments(rest)
    options.seconds = more.away or (5 if options.quick else 60)
    options.plugin = more.plugin or relay_way.plugin_beside(options.gateway)
    harness.program(relay_way.REDIS, "apt-get install redis-server")
    return options


def main(argv=None):
    options = parse_arguments(argv)
    print(f"\nAn outage of Redis of {options.seconds} s under {RATE:,} results/s, which Nagios gets, too; "
          f"{os.cpu_count()} CPUs for everything")
    with harness.scratch_folder() as folder, rig(options, folder) as running:
        return 0 if measure(options, running) else 1


if __name__ == "__main__":
    harness.main_guard(main)
