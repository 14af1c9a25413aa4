# SPDX-License-Identifier: MIT
"""The plugin graphite with carbon-cache, read back from its files."""
import signal
import time

import pytest

from log_servers import Carbon
from relay_numbers import CHECKS, NumbersRig
from wait import wait_until


@pytest.fixture
def carbon(scratch):
    return Carbon(scratch.folder("carbon")).start()


@pytest.fixture
def make_way(scratch, carbon):
    ways = []

    def make(*lines):
        ways.append(NumbersRig(scratch, "graphite", [
            f"url tcp://127.0.0.1:{carbon.port}", "timeout 2s", *lines], routes=CHECKS).start())
        return ways[-1]

    yield make
    for way in ways:
        way.end()


def now():
    """A second that is over."""
    return int(time.time()) - 60


def result(at, perfdata, output="fine"):
    return {"state": 0, "output": output, "perfdata": perfdata, "time": at}


def test_values_arrive(carbon, make_way):
    way, at = make_way(), now()
    way.publish("nagios/web1.example/disk", result(at, "/var=98.25%;90;95;0;100 'free space'=1e3MB x=U"))
    way.publish("nagios/web1.example", result(at, "rta=0.5ms"))
    wait_until(lambda: carbon.value("web1_example.rta", at) == 0.5, 30, "the host's value")
    wait_until(lambda: carbon.value("web1_example.disk._var", at) == 98.25, 30, "a value")
    wait_until(lambda: carbon.value("web1_example.disk.free_space", at) == 1000, 30, "a value")
    assert carbon.paths() == {"web1_example.rta", "web1_example.disk._var",
                              "web1_example.disk.free_space"}


def test_no_name_leads_out_of_the_folder(carbon, make_way):
    way, at = make_way("path north.${host}.${service}"), now()
    way.publish("nagios/..%2F..%2Fx/a%3Db%20c", result(at, "'../../e'=1"))
    way.publish("nagios/last/one", result(at, "n=1"))
    wait_until(lambda: carbon.value("north.last.one.n", at) == 1, 30, "the last value")
    wait_until(lambda: carbon.paths() == {"north.last.one.n", "north._._x.a_b_c.______e"}, 30,
               "both files")


def test_what_is_published_while_it_is_stopped_arrives_later(carbon, make_way):
    way, at = make_way(), now()
    way.publish("nagios/h/s", result(at, "n=1"))
    wait_until(lambda: carbon.value("h.s.n", at) == 1, 30, "the first value")
    carbon.process.kill()
    way.publish("nagios/h/s", result(at + 1, "n=2"))
    way.wait_for_problem("refused")
    carbon.start()
    wait_until(lambda: carbon.value("h.s.n", at + 1) == 2, 30, "the value of the time between")


def test_nothing_is_lost_while_it_is_paused(carbon, make_way):
    way, at = make_way(), now()
    way.publish("nagios/h/s", result(at, "n=1"))
    wait_until(lambda: carbon.value("h.s.n", at) == 1, 30, "the first value")
    carbon.process.signal(signal.SIGSTOP)
    for n in range(1, 20):
        way.publish("nagios/h/s", result(at + n, f"n={n + 1}"))
    carbon.process.signal(signal.SIGCONT)
    wait_until(lambda: all(carbon.value("h.s.n", at + n) == n + 1 for n in range(20)), 30,
               "all values")
