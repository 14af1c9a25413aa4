#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the whole way into a real Icinga 2, beside what its API takes from a bare client.

The bare client keeps as many requests on the way as the gateway does, over as many connections,
and does nothing else. Both take turns on the same Icinga; what counts is until the last result is
applied.
"""

import argparse
import base64
import json
import os
import socket
import ssl
import statistics
import sys
import threading
import time

import harness

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

HOSTS, SERVICES = 50, 100
CONNECTIONS, PIPELINE = 2, 16  # the gateway's defaults
TARGET = 0.9
FILL = "x" * 150


class Bare:
    """One connection of the bare client, at work on its share of the results."""

    def __init__(self, icinga, numbers):
        context = ssl.create_default_context(cafile=str(icinga.ca))
        self.stream = context.wrap_socket(socket.create_connection(("127.0.0.1", icinga.port)),
                                          server_hostname="localhost")
        self.requests = [self._request(number) for number in numbers]
        self.pending, self.fault = b"", None

    @staticmethod
    def _request(number):
        host, service = divmod(number % (HOSTS * SERVICES), SERVICES)
        now = time.time()
        body = json.dumps({"type": "Service", "service": f"h{host}!s{service}",
                           "exit_status": number % 4, "plugin_output": f"{number} {FILL}",
                           "execution_start": now, "execution_end": now}).encode()
        login = base64.b64encode(b"gateway:secret").decode()
        return (f"POST /v1/actions/process-check-result HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Basic {login}\r\nAccept: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def _take_answers(self):
        """How many came; waits for one."""
        count = 0
        while count == 0:
            came = self.stream.recv(65536)
            if not came:
                raise harness.Failure("Icinga has closed the connection of the bare client")
            self.pending += came
            *answers, self.pending = self.pending.split(b'}]}')
            count = len(answers)
            if any(b"HTTP/1.1 200" not in answer for answer in answers):
                raise harness.Failure(f"Icinga has answered {answers[0]!r}")
        return count

    def run(self):
        sent = answered = 0
        try:
            while answered < len(self.requests):
                more = self.requests[sent:answered + PIPELINE]
                if more:
                    self.stream.sendall(b"".join(more))
                sent += len(more)
                answered += self._take_answers()
        except (OSError, harness.Failure) as e:
            self.fault = e


def bare_rate(icinga, total):
    clients = [Bare(icinga, range(n, total, CONNECTIONS)) for n in range(CONNECTIONS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        if client.fault:
            raise harness.Failure(f"the bare client: {client.fault}")
    return total / (time.monotonic() - start)


def gateway_rate(options, icinga, way, total, mark):
    """Published as fast as the broker takes it; `mark` tells this turn's results from others."""
    start = time.monotonic()
    harness.run_loadgen(options.loadgen, [
        "publish", "--port", way.broker.port, "--qos", 1, "--publishers", 1, "--rate", 50000,
        "--count", total,
        "--topics", HOSTS * SERVICES, "--topic", f"nagios/h{{item/{SERVICES}}}/s{{item%{SERVICES}}}",
        "--payload", f'{{"code":{{state}},"output":"{mark} {{seq}} {FILL}"}}'])
    last = f"{mark} {total - 1:010} {FILL}"

    def applied():
        result = icinga.shown(f"h{HOSTS - 1}", f"s{SERVICES - 1}")["last_check_result"]
        return result and result["output"] == last
    end = time.monotonic() + 120
    while not applied():
        if time.monotonic() > end:
            raise harness.Failure("the last result was not applied within 120 s; the gateway says: " +
                                  way.gateway.process.stderr()[-2000:])
        time.sleep(0.05)
    rate = total / (time.monotonic() - start)
    missing = sum(not output.startswith(f"{mark} ") for output in icinga.outputs().values())
    if missing > CONNECTIONS * PIPELINE:
        raise harness.Failure(f"{missing} services do not show a result of this turn")
    return rate


def measure(options, icinga, way):
    bare, whole = [], []
    bare_rate(icinga, 1000)
    gateway_rate(options, icinga, way, HOSTS * SERVICES, "warm")
    for turn in range(options.turns):
        bare.append(bare_rate(icinga, options.total))
        whole.append(gateway_rate(options, icinga, way, options.total, f"t{turn}"))
    for name, rates in (("bare client", bare), ("whole way", whole)):
        print(f"  {name:12} {statistics.median(rates):7,.0f}/s  of",
              ", ".join(f"{rate:,.0f}" for rate in rates), flush=True)
    ratio = statistics.median(whole) / statistics.median(bare)
    print(f"    target >= {TARGET:.0%} of the bare client: {ratio:.0%}, "
          f"{'met' if ratio >= TARGET else 'MISSED'}", flush=True)
    return ratio >= TARGET


def parse_arguments(argv):
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gateway", help="belfry-gateway, beside belfry-broker")
    parser.add_argument("--loadgen", default=os.path.join(build, "tests/bench/loadgen"))
    parser.add_argument("--quick", action="store_true", help="one turn of 5,000 instead of three of 15,000")
    options = parser.parse_args(argv)
    options.gateway = harness.program(options.gateway, "build it with make")
    options.loadgen = harness.program(options.loadgen, "build it with make bench")
    options.turns, options.total = (1, 5000) if options.quick else (3, 15000)
    return options


def main(argv=None):
    options = parse_arguments(argv)
    os.environ["BELFRY_BIN"] = os.path.dirname(options.gateway)
    from icinga import Icinga, IcingaWay
    from rig import Scratch
    print(f"\nThe whole way into Icinga 2's API, {HOSTS} hosts x {SERVICES} services, "
          f"{os.cpu_count()} CPUs for everything")
    with Scratch() as scratch:
        icinga = Icinga(scratch.folder("icinga"), HOSTS, SERVICES).start()
        way = IcingaWay(scratch, icinga.port, icinga.ca).start()
        fine = measure(options, icinga, way)
        way.end()
        icinga.end()
    return 0 if fine else 1


if __name__ == "__main__":
    harness.main_guard(main)
