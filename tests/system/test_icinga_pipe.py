# SPDX-License-Identifier: MIT
"""A real Icinga 2 reads the command pipe: what it takes otherwise than Nagios, and what it loses."""
import json
import threading
import time

import pytest

from icinga_pipe import PipeWay
from process import give_away
from rig import Scratch
from wait import wait_until

CONFIRMED, PIPE = [], ["delivery pipe"]


@pytest.fixture(scope="module", params=[CONFIRMED, PIPE], ids=["confirmed", "pipe"])
def way(request):
    with Scratch() as scratch:
        way = PipeWay(scratch, request.param, hosts=3).start()
        yield way
        way.end()


@pytest.fixture
def make_way(scratch):
    ways = []

    def make(*args, **how):
        ways.append(PipeWay(scratch, *args, **how).start())
        return ways[-1]

    yield make
    for way in ways:
        way.observer.close()


def test_the_core_is_recognised_and_said(way):
    assert way.gateway.process.says("taken for icinga", "icinga2.cmd", "core icinga")


@pytest.mark.parametrize("state", range(4))
def test_states_of_a_service(way, state):
    shown = way.applied("nagios/h0/s0", {"state": state, "output": f"state {state}"})
    assert (shown.state, shown.output) == (state, f"state {state}")


@pytest.mark.parametrize("word, state", [("UP", 0), ("DOWN", 1), ("UNREACHABLE", 1)])
def test_a_host_is_up_or_down(way, word, state):
    shown = way.applied("nagios/h0", {"state": word, "output": f"it is {word}"})
    assert (shown.state, shown.output) == (state, f"it is {word}")


@pytest.mark.parametrize("text, expected", [
    ("C:\\temp is full", "C:\\temp is full"),
    ("C:\\new is full", "C:\u2216new is full"),
    ("ends in \\", "ends in \\"),
    ("a;b;c", "a;b;c"),
    ("a|b", "a\u00a6b"),
    ("a|b=1 is no perfdata", "a\u00a6b=1 is no perfdata"),
    ("[0] SHUTDOWN_PROCESS", "[0] SHUTDOWN_PROCESS"),
    ("umlauts \u00e4 \u20ac \U0001f600", "umlauts \u00e4 \u20ac \U0001f600"),
    ("x" * 3000, "x" * 3000),
])
def test_text_arrives_as_it_was_sent(way, text, expected):
    sent = {"state": 1, "output": text, "perfdata": "used=1"}
    assert way.applied("nagios/h0/s1", dict(sent)).output == expected
    if "\u2216" not in expected:
        assert way.applied("nagios/h1", {**sent, "state": "DOWN"}).output == expected


def test_a_backslash_before_an_n_stays_in_a_hosts_text(way):
    assert way.applied("nagios/h1", {"state": "UP", "output": "C:\\new"}).output == "C:\\new"


def test_lines_and_perfdata_of_a_service(way):
    shown = way.applied("nagios/h0/s2", {"state": 1, "output": "one", "long_output": "two\nthree",
                                         "perfdata": "a=1;2;3 b=4"})
    assert (shown.output, shown.perfdata) == ("one\ntwo\nthree", ["a=1;2;3", "b=4"])


def test_lines_of_a_host_become_one(way):
    shown = way.applied("nagios/h0", {"state": "UP", "output": "one", "long_output": "two\nthree",
                                      "perfdata": "a=1"})
    assert (shown.output, shown.perfdata) == ("one two three", ["a=1"])


def test_an_empty_output_is_still_a_result(way):
    assert way.applied("nagios/h0/s3", {"state": 2, "output": ""}).state == 2


def test_the_fraction_of_the_time_is_kept_and_an_older_result_is_passed_over(way):
    """Icinga's part in handing over again: whatever comes twice does no harm."""
    now = time.time() - 5
    newer, older = round(now + 0.75, 3), round(now + 0.25, 3)
    assert way.applied("nagios/h1/s0", {"state": 1, "output": "newer", "time": newer})
    with open(way.icinga.fifo, "w") as fifo:
        fifo.write(f"[{older}] PROCESS_SERVICE_CHECK_RESULT;h1;s0;2;older\n")
    way.applied("nagios/h1/s1", {"state": 0, "output": "behind it"})
    shown = way.icinga.of("h1", "s0")
    assert (shown.state, shown.output, shown.time) == (1, "newer", newer)


def test_a_result_from_before_1970_and_one_for_a_stranger_stop_nothing(way):
    way.publish("nagios/h1/s2", {"state": 1, "output": "x", "time": 1})
    way.publish("nagios/nobody/s2", {"state": 1, "output": "x"})
    assert way.applied("nagios/h1/s2", {"state": 2, "output": "after it"}).state == 2
    assert "Invalid timestamp" not in way.icinga.log()


def test_many_results_are_applied_in_order(way):
    base = time.time() - 100
    way.publish("nagios/h2", [{"service": f"s{n % 4}", "state": n % 4, "output": f"number {n}",
                               "time": base + n / 1000} for n in range(2000)])

    def shown():
        return [s and s.output for s in (way.icinga.of("h2", f"s{n}") for n in range(4))]
    wait_until(lambda: shown() == [f"number {n}" for n in range(1996, 2000)], 20,
               "the last of 2,000 results shown")


# --- what is confirmed, and what a restart forgets ----------------------------------------------

def test_the_file_goes_when_every_line_of_it_was_applied(make_way):
    """The unlink is the acknowledgement: looked for as soon as it is seen, nothing is missing."""
    way = make_way(hosts=40, services=25)
    icinga, folder = way.icinga, way.gateway.folder / "batch"
    assert way.gateway.end() == 0
    folder.mkdir()
    give_away(folder)
    for turn in range(3):
        path, when = folder / f"batch-{turn}", time.time()
        path.write_text("".join(
            f"[{when:.6f}] PROCESS_SERVICE_CHECK_RESULT;h{h};s{s};1;turn {turn}\n"
            for s in range(25) for h in range(40)))
        give_away(path)
        with open(icinga.fifo, "w") as fifo:
            fifo.write(f"[{int(when)}] PROCESS_FILE;{path};1\n")
        wait_until(lambda: not path.exists(), 10, "the file removed", poll=0)
        missing = [name for name, shown in icinga.all().items()
                   if shown.output != f"turn {turn}"]
        assert len(icinga.all()) == 1000 and missing == []


def tell(way, count, rate, numbers, disturb):
    """Publish one result per service, `rate` a second; disturb() is run in the midst of them."""
    begin, helper = time.monotonic(), None
    for n in range(count):
        wait_until(lambda: time.monotonic() >= begin + n / rate, 60, poll=0.0005)
        if n == count // 2:
            helper = threading.Thread(target=disturb)
            helper.start()
        host, service = divmod(n, 10)
        numbers.append((f"h{host}", f"s{service}"))
        way.observer.paho.publish(f"nagios/h{host}/s{service}",
                                  json.dumps({"state": 1, "output": f"number {n}"}), 1)
    helper.join()


@pytest.mark.parametrize("output", [CONFIRMED, PIPE], ids=["confirmed", "pipe"])
@pytest.mark.parametrize("event", ["reload", "restart"])
def test_what_icinga_forgets_at_a_restart_is_handed_over_again(make_way, output, event):
    """Each of 3,000 services gets one result: every one of them is shown in the end."""
    way = make_way(output, hosts=300, services=10)
    icinga = way.icinga

    def restart():
        icinga.end()
        icinga.start()
    numbers = []
    tell(way, 3000, 600, numbers, icinga.reload if event == "reload" else restart)
    wait_until(lambda: icinga.all().keys() >= set(numbers), 30, "every result shown", poll=0.2)
    assert way.gateway.process.says("handing over again", "forgotten")


def test_without_a_window_nothing_is_handed_over_again(make_way):
    way = make_way(["replay_window 0"])
    way.applied("nagios/h0/s0", {"state": 1, "output": "once"})
    way.icinga.reload()
    way.applied("nagios/h0/s1", {"state": 1, "output": "after it"})
    assert not way.gateway.process.says("handing over again")
