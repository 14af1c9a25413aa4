#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the relays: records out of the journal into a Redis list, and the whole way there.

Broker, gateway, redis-server and the load generator share the machine, unpinned. What counts is
the length of the list. A bare pipelined client (redis/main.c: hiredis, the values in its memory,
nothing else to do) then pushes the very same values, as many in a command and as many on their way:
both are told side by side, and what the server takes of bytes that were all prepared before.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import time

import harness

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

REDIS = "/usr/bin/redis-server"
ALONE_RATE, ALONE_SHARE, WHOLE_RATE = 300000, 0.8, 60000
OFFERED_RATE = 150000
PUSH_VALUES, BATCH = 128, 1000  # the plugin's defaults
# As the sample tells operators: so that many messages share one write of the journal.
SETTINGS = f"{harness.LONG_QUEUES}\nmax_inflight_messages 10000"
PAYLOAD = '{"code":{state},"output":"t={time} {seq} {fill}"}'

GATEWAY_CONFIGURATION = """\
broker mqtt://127.0.0.1:{port}
client_id belfry-gateway
state_dir {dir}/state
plugin_dir {dir}
receive_maximum 10000

output logstash redis
url redis://127.0.0.1:{redis}
retry_most 1
schema {schema}

route nagios/#
decode none
to logstash
"""

NOTES = """\
200-byte payloads, QoS 1, mode list, a Redis without persistence. Alone: the records
wait in the gateway's journal before Redis starts; from the first one in the list to the last. Whole:
from the first publish to the last record in the list, each in the journal on disk on its way, through
one connection to the broker, whose speed is libmosquitto's."""


@contextlib.contextmanager
def redis_server(folder, port):
    from redis_server import Client
    argv = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with harness.daemon("redis-server", argv, os.path.join(folder, "redis.log")) as process:
        harness.wait_until(lambda: harness.accepts_connections(port), 5, process, "Redis listens")
        process.client = Client(port)
        yield process
        process.client.close()


@contextlib.contextmanager
def gateway(options, folder, port, redis_port, schema="logstash"):
    own = os.path.join(folder, "gateway")
    shutil.rmtree(own, ignore_errors=True)
    os.makedirs(os.path.join(own, "state"))
    configuration = os.path.join(own, "gateway.conf")
    with open(configuration, "w") as out:
        out.write(GATEWAY_CONFIGURATION.format(port=port, dir=own, redis=redis_port,
                                               schema=schema))
    copy = shutil.copy(options.gateway, os.path.join(own, "belfry-gateway"))
    plugin = shutil.copy(options.plugin, os.path.join(own, "redis.so"))
    os.chmod(plugin, 0o644)
    for path in (own, os.path.join(own, "state"), plugin):
        harness.give_away(path)
    argv = harness.unprivileged([copy, "-c", configuration])
    with harness.daemon("belfry-gateway", argv, os.path.join(own, "gateway.log")) as process:
        harness.wait_until(lambda: "connected with" in open(process.log_path).read(), 10, process,
                           "the gateway is connected")
        yield process


def publish(options, broker, count):
    return harness.run_loadgen(options.loadgen, [
        "publish", "--port", broker.port, "--qos", 1, "--publishers", 4, "--count", count,
        "--rate", OFFERED_RATE, "--tick", 0.005, "--inflight", 2000,
        "--topics", 1000, "--topic", "nagios/h{publisher}/s{topic}", "--payload", PAYLOAD,
        "--size", 200, "--timeout", 30])


def await_length(redis, wanted, process, seconds=120):
    """When the list had its first element, and when as many as wanted."""
    end, first, length, progress = time.monotonic() + seconds, None, 0, 0
    while length < wanted:
        length = redis.client.call("LLEN", "logstash")
        now = time.monotonic()
        if length and first is None:
            first, progress = now, length
        harness.check_alive(process)
        if now > end:
            raise harness.Failure(f"{wanted - length} of {wanted} records did not arrive: "
                                  f"{harness.log_tail(process.log_path)}")
        time.sleep(0.002)
    if length != wanted:
        raise harness.Failure(f"{length - wanted} records came twice")
    return first, now, wanted - progress


def bare_rate(options, port):
    """The values that are there, pushed once more by a client of a few lines."""
    done = subprocess.run([options.bare, str(port), "logstash", str(PUSH_VALUES), str(BATCH)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise harness.Failure(f"the bare client: {done.stderr}")
    return float(done.stdout)


def prepared_rate(redis):
    """The same by who has made every byte before and only sends: it is the server's own speed."""
    values, length = [], redis.client.call("LLEN", "logstash")
    for start in range(0, length, 10000):
        values += redis.client.call("LRANGE", "logstash", start, start + 9999)
    batches = []
    for start in range(0, length, BATCH):
        batch = values[start:start + BATCH]
        commands = [redis.client.encode("RPUSH", "logstash", *batch[i:i + PUSH_VALUES])
                    for i in range(0, len(batch), PUSH_VALUES)]
        batches.append((b"".join(commands), len(commands)))
    redis.client.call("DEL", "logstash")
    begun = time.monotonic()
    for data, answers in batches:
        redis.client.socket.sendall(data)
        for _ in range(answers):
            redis.client.answer()
    return length / (time.monotonic() - begun)


def alone(options, folder, broker, schema):
    """The rates of plugin, bare client and server with what has gathered while there was no Redis."""
    port = harness.free_port()
    with gateway(options, folder, broker.port, port, schema) as process:
        result = publish(options, broker, options.waiting)
        if result["failure"]:
            raise harness.Failure(result["failure"])
        harness.await_quiet(process)
        with redis_server(folder, port) as redis:
            first, last, count = await_length(redis, options.waiting, process)
            return count / (last - first), bare_rate(options, port), prepared_rate(redis)


def whole(options, folder, broker):
    port = harness.free_port()
    with redis_server(folder, port) as redis, gateway(options, folder, broker.port, port) as process:
        begun = time.monotonic()
        result = publish(options, broker, options.published)
        if result["failure"]:
            raise harness.Failure(result["failure"])
        _, last, _ = await_length(redis, options.published, process)
        return options.published / (last - begun)


class Rows:
    """Printed as they come."""

    def __init__(self):
        self.missed = []

    def add(self, name, text, is_met=None, target=""):
        verdict = {None: "", True: "met", False: "MISSED"}[is_met]
        print(f"{name:<44}{text:<46}{target:<16}{verdict}", flush=True)
        if is_met is False:
            self.missed.append(name)


def measure_alone(options, folder, rows):
    """With schema raw it is journal and plugin; any other schema costs what it writes."""
    for schema, has_target in (("raw", True), ("logstash", False)):
        with harness.broker(options.broker, folder, settings=SETTINGS) as broker:
            runs = [alone(options, folder, broker, schema) for _ in range(options.runs)]
        rate, bare, prepared = (statistics.median(column) for column in zip(*runs))
        share = statistics.median(ours / theirs for ours, theirs, _ in runs)
        rows.add(f"redis alone, out of the journal, {schema}", f"{rate:,.0f}/s",
                 rate >= ALONE_RATE if has_target else None,
                 f">= {ALONE_RATE:,}/s" if has_target else "")
        rows.add("  beside a bare pipelined client", f"{share:.0%} of {bare:,.0f}/s",
                 share >= ALONE_SHARE if has_target else None,
                 f">= {ALONE_SHARE:.0%}" if has_target else "")
        rows.add("  beside bytes prepared before", f"{rate / prepared:.0%} of {prepared:,.0f}/s")


def measure_whole(options, folder, rows):
    with harness.broker(options.broker, folder, settings=SETTINGS) as broker:
        rates = [whole(options, folder, broker) for _ in range(options.runs)]
    rate = statistics.median(rates)
    rows.add("broker, gateway, Redis list", f"{rate:,.0f}/s durable, one connection",
             rate >= WHOLE_RATE, f">= {WHOLE_RATE:,}/s")


def plugin_beside(gateway_program):
    path = os.path.join(os.path.dirname(gateway_program), "..", "plugins", "redis.so")
    if not os.path.exists(path):
        raise harness.Failure(f"{path} is missing: install libhiredis-dev, then make")
    return path


def parse_arguments(argv):
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("broker", help="the belfry-broker to use")
    parser.add_argument("gateway", help="the belfry-gateway to measure")
    parser.add_argument("--plugin", help="redis.so (beside the gateway)")
    parser.add_argument("--loadgen", default=os.path.join(build, "release/tests/bench/loadgen"))
    parser.add_argument("--bare", default=os.path.join(build, "release/tests/bench/redis_bare"))
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    options = parser.parse_args(argv)
    options.runs, options.waiting, options.published = (
        (1, 200000, 100000) if options.quick else (3, 500000, 300000))
    options.broker = harness.program(options.broker, "build it with make")
    options.gateway = harness.program(options.gateway, "build it with make")
    options.loadgen = harness.program(options.loadgen, "build it with make bench")
    options.bare = harness.program(options.bare, "install libhiredis-dev, then make bench")
    options.plugin = options.plugin or plugin_beside(options.gateway)
    harness.program(REDIS, "apt-get install redis-server")
    return options


def main(argv=None):
    options, rows = parse_arguments(argv), Rows()
    with harness.scratch_folder() as folder:
        print(f"\nRelays, {os.cpu_count()} CPUs for everything")
        measure_alone(options, folder, rows)
        measure_whole(options, folder, rows)
    print("\n" + NOTES)
    if rows.missed:
        print("\nMISSED: " + "; ".join(rows.missed), file=sys.stderr)
    return 1 if rows.missed else 0


if __name__ == "__main__":
    harness.main_guard(main)
