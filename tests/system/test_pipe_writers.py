# SPDX-License-Identifier: MIT
"""
The gateway is not alone on a core's pipe, and a core may not want passive checks: what others
write whole, torn or as nonsense takes nothing of what the gateway writes, and the other way round.
"""
import json
import threading
import time

import pytest

from icinga_pipe import PipeWay
from test_core_faults import DELIVERIES
from wait import wait_until

COUNT = 2000
ATOMIC = 4096  # PIPE_BUF: what the kernel writes in one piece


class Others(threading.Thread):
    """Another writer: COUNT lines of `size` bytes each for services of its own, one a write()."""

    def __init__(self, fifo, service, size):
        super().__init__()
        self.fifo, self.service, self.lines = fifo, service, []
        head = f"[{int(time.time())}] PROCESS_SERVICE_CHECK_RESULT;h1;{service};1;"
        for n in range(COUNT):
            self.lines.append(f"{head}{n:>0{size - len(head) - 1}}\n".encode())

    def run(self):
        with open(self.fifo, "wb", buffering=0) as fifo:
            for line in self.lines:
                assert fifo.write(line) == len(line)


@DELIVERIES
def test_several_writers_tear_no_lines(make_rig, output):
    rig = make_rig(output=output)
    others = [Others(rig.nagios.fifo, "s0", 200), Others(rig.nagios.fifo, "s1", ATOMIC)]
    for other in others:
        other.start()
    texts = [f"{n} " + "x" * (1 + n % 3500) for n in range(COUNT)]
    for n, text in enumerate(texts):
        note = rig.observer.paho.publish(f"nagios/h0/s{n % 4}", json.dumps({"state": 2, "output": text}))
    note.wait_for_publish(30)
    for other in others:
        other.join()
    wait_until(lambda: len(rig.nagios.results()) >= 3 * COUNT, 60, "every result of all three")
    results = rig.nagios.results()
    assert len(results) == 3 * COUNT
    assert [r.output for r in results if r.host == "h0"] == texts
    for other in others:
        mine = [r.output for r in results if (r.host, r.service) == ("h1", other.service)]
        assert list(map(int, mine)) == list(range(COUNT))
    assert {name for name, _ in rig.nagios.commands()} <= {"PROCESS_FILE", "PROCESS_SERVICE_CHECK_RESULT"}


def left_behind(nagios, text):
    """Somebody wrote this to the pipe, and is gone; the core has read it."""
    with open(nagios.fifo, "wb", buffering=0) as fifo:
        fifo.write(text)


TORN = {"output": b"[1795384096] PROCESS_SERVICE_CHECK_RESULT;h1;s0;0;torn by de",
        "state": b"[1795384096] PROCESS_SERVICE_CHECK_RESULT;h1;s0",
        "name": b"[1795384096] PROCESS_SERVICE_CHE", "stamp": b"[17953",
        "junk": b"not a command at all", "blank": b"\n\n"}


@pytest.mark.parametrize("torn", TORN)
def test_what_another_writer_left_behind_takes_no_result(make_rig, torn):
    """It spoils the command that follows it in the pipe, which is then given again."""
    rig = make_rig()
    for n in range(3):
        rig.applied("nagios/h0/s0", {"state": 1, "output": f"before {n}"})
        left_behind(rig.nagios, TORN[torn])
        assert rig.applied("nagios/h0/s1", {"state": 2, "output": f"behind {n}"}).output == f"behind {n}"
    assert [r.output for r in rig.nagios.of("h0", "s0")] == [f"before {n}" for n in range(3)]
    assert [r.output for r in rig.nagios.of("h0", "s1")] == [f"behind {n}" for n in range(3)]


@pytest.mark.parametrize("torn", TORN)
def test_without_confirmation_it_takes_one_result_at_most(make_rig, torn):
    """
    A line end in front of each write would not save it: Nagios 4.4 reads an empty line together
    with those behind it, and then applies some of them twice and others never.
    """
    rig = make_rig(output=["delivery pipe"])
    left_behind(rig.nagios, TORN[torn])
    rig.publish("nagios/h0/s0", {"state": 1, "output": "the one"})
    for n in range(3):
        assert rig.applied("nagios/h0/s1", {"state": 2, "output": f"behind {n}"}).output == f"behind {n}"
    assert {r.output for r in rig.nagios.of("h0", "s0")} <= {"the one"}


# --- a core that does not want it, or knows it by another name ---------------------------------

def configure(nagios, file, old, new):
    """Change the configuration of a core that is not running."""
    path = nagios.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def start_again(rig, *changes):
    rig.nagios.end()
    for change in changes:
        configure(rig.nagios, *change)
    rig.nagios.start()


PASSIVE_SERVICE = ("objects.cfg", " use passive-service\n host_name h0\n service_description s0\n",
                   " use passive-service\n host_name h0\n service_description s0\n"
                   " passive_checks_enabled 0\n")
PASSIVE_HOST = ("objects.cfg", " use passive-host\n host_name h0\n",
                " use passive-host\n host_name h0\n passive_checks_enabled 0\n")


@DELIVERIES
@pytest.mark.parametrize("change, topic", [
    (PASSIVE_SERVICE, "nagios/h0/s0"),
    (PASSIVE_HOST, "nagios/h0"),
], ids=["service", "host"])
def test_where_passive_checks_are_off_for_an_object_others_get_theirs(make_rig, output, change, topic):
    rig = make_rig(output=output, lines=["status_interval 1"])
    start_again(rig, change)
    _, host, *service = topic.split("/")
    rig.publish(topic, {"state": 1, "output": "not wanted"})
    rig.publish("nagios/h0/s1", {"state": 1, "output": "behind it"})
    assert rig.nagios.wait_for("h0", "s1").output == "behind it"
    assert rig.nagios.of(host, *service) == []
    lag(rig, 0)


@DELIVERIES
@pytest.mark.parametrize("setting, dropped, taken", [
    # Nagios 4.4 asks this setting before it takes a host's result, too.
    ("accept_passive_service_checks", ["nagios/h0/s0", "nagios/h0"], []),
    ("accept_passive_host_checks", ["nagios/h0"], ["nagios/h0/s0"]),
], ids=["services", "hosts"])
def test_where_passive_checks_are_off_the_core_drops_and_nothing_waits(
        make_rig, output, setting, dropped, taken):
    """It says so in its log only: to a writer they are taken."""
    rig = make_rig(output=output, lines=["status_interval 1"])
    start_again(rig, ("nagios.cfg", f"{setting}=1", f"{setting}=0"))
    for topic in dropped + taken:
        rig.publish(topic, {"state": 1, "output": topic})
    wait_until(lambda: len([c for c in rig.nagios.commands() if c[0].endswith("_CHECK_RESULT")]) == 2,
               10, "both commands taken up")
    lag(rig, 0)
    assert [r.output for r in rig.nagios.results()] == taken
    start_again(rig, ("nagios.cfg", f"{setting}=0", f"{setting}=1"))
    for topic in dropped:
        assert rig.applied(topic, {"state": 1, "output": "again"}).output == "again"


def lag(rig, wanted):
    """The gateway has so many results in hand."""
    def behind():
        states = [m.payload for m in list(rig.observer.messages)
                  if m.topic == "belfry/gateway/belfry-gateway"]
        return json.loads(states[-1])["outputs"]["nagios"]["behind"] == wanted
    wait_until(behind, 15, f"{wanted} results in hand")


@DELIVERIES
def test_a_host_may_be_named_by_its_address(make_rig, output):
    rig = make_rig(output=output)
    start_again(rig, ("objects.cfg", " use passive-host\n host_name h0\n",
                      " use passive-host\n host_name h0\n address 192.0.2.7\n"))
    rig.publish("nagios/192.0.2.7/s0", {"state": 1, "output": "by address"})
    rig.publish("nagios/192.0.2.7", {"state": "DOWN", "output": "by address too"})
    assert rig.nagios.wait_for("h0", "s0").output == "by address"
    assert rig.nagios.wait_for("h0").output == "by address too"


@DELIVERIES
@pytest.mark.parametrize("sent, expected", [
    ({"output": "a|b", "perfdata": "c=1"}, ("a\u00a6b", "", "c=1")),
    ({"output": " blanks \t"}, ("blanks", "", "")),
    ({"output": "two\r\nlines"}, ("two", "lines", "")),
    ({"output": "one", "long_output": "a;b\nc;d"}, ("one", "a;b\nc;d", "")),
    ({"output": "one", "long_output": "a|b"}, ("one", "a\u00a6b", "")),
    ({"output": "ends in \\"}, ("ends in \\", "", "")),
    ({"output": "\\n \\\\n \\t"}, ("\\n \\\\n \\t", "", "")),
    ({"output": ""}, ("(No output returned from plugin)", "", "")),
], ids=["bar", "blanks", "crlf", "semicolons", "bar-below", "backslash", "escapes", "empty"])
def test_texts_that_nagios_would_read_otherwise(make_rig, output, sent, expected):
    result = make_rig(output=output).applied("nagios/h0/s0", {"state": 1, **sent})
    assert (result.output, result.long_output, result.perfdata) == expected


# --- Icinga ------------------------------------------------------------------------------------

BEHIND = """
object Dependency "behind-h0" {{
  parent_host_name = "h0"; child_host_name = "h1"; disable_checks = true
}}
object Dependency "service-behind-h0" {{
  parent_host_name = "h0"; child_host_name = "h1"; child_service_name = "s0"; disable_checks = true
}}
""".format()


def wait_for(way, host, service, output):
    wait_until(lambda: (way.icinga.of(host, service) or [None] * 2)[1] == output, 20,
               f"{output!r} shown")


@pytest.fixture
def make_way(scratch):
    ways = []

    def make(*args, **how):
        ways.append(PipeWay(scratch, *args, **how).start())
        return ways[-1]

    yield make
    for way in ways:
        way.observer.close()


@DELIVERIES
def test_icinga_drops_what_it_holds_for_unreachable_and_nothing_waits(make_way, output):
    way = make_way(output, more=BEHIND)
    way.publish("nagios/h1/s0", {"state": 1, "output": "reachable"})
    wait_for(way, "h1", "s0", "reachable")
    way.publish("nagios/h0", {"state": "DOWN", "output": "gone"})
    wait_for(way, "h0", None, "gone")
    way.publish("nagios/h1/s0", {"state": 2, "output": "unreachable"})
    way.publish("nagios/h1", {"state": "DOWN", "output": "unreachable"})
    way.publish("nagios/h1/s1", {"state": 2, "output": "behind it"})
    wait_for(way, "h1", "s1", "behind it")
    assert way.icinga.of("h1", "s0").output == "reachable"
    assert way.icinga.of("h1") is None
    lag(way, 0)
    way.publish("nagios/h0", {"state": "UP", "output": "back"})
    wait_for(way, "h0", None, "back")
    way.publish("nagios/h1/s0", {"state": 2, "output": "reachable again"})
    wait_for(way, "h1", "s0", "reachable again")


@pytest.mark.parametrize("torn", TORN)
def test_what_another_writer_left_behind_takes_no_result_at_icinga(make_way, torn):
    way = make_way()
    for n in range(3):
        left_behind(way.icinga, TORN[torn])
        way.publish("nagios/h0/s1", {"state": 2, "output": f"behind {n}"})
        wait_for(way, "h0", "s1", f"behind {n}")


# --- commands through a pipe of Icinga ---------------------------------------------------------

def command(word, **rest):
    return {"command": word, "author": "anna", "comment": "said; so", **rest}


def attributes(way, kind, text):
    """Those of the Downtime or Comment with this text."""
    def found():
        return [o["attrs"] for o in way.icinga.get(f"objects/{kind}") or []
                if o["attrs"]["comment" if kind == "downtimes" else "text"] == text]
    return wait_until(found, 20, f"{text!r} in {kind} of Icinga")[0]


def acknowledgement(way, path):
    return int(way.icinga.get(f"objects/{path}?attrs=acknowledgement")[0]["attrs"]["acknowledgement"])


@DELIVERIES
def test_commands_through_icingas_pipe(make_way, output):
    way = make_way(output, route=["commands downtime acknowledge remove_acknowledgement comment"])
    until = int(time.time()) + 600
    for topic, path, at in (("nagios/h0", "hosts/h0", ("h0", "")),
                            ("nagios/h0/s0", "services/h0!s0", ("h0", "s0"))):
        name = topic.replace("/", "-")

        def where(entry):
            return entry["host_name"], entry["service_name"], entry["author"]

        way.publish(f"{topic}/$command", command("downtime", end=until, comment=f"fixed {name}"))
        entry = attributes(way, "downtimes", f"fixed {name}")
        assert where(entry) == (*at, "anna") and (entry["end_time"], entry["fixed"]) == (until, True)
        way.publish(f"{topic}/$command", command("downtime", end=until, fixed=False, duration=60,
                                                 comment=f"flexible {name}"))
        entry = attributes(way, "downtimes", f"flexible {name}")
        assert where(entry) == (*at, "anna") and (entry["duration"], entry["fixed"]) == (60, False)
        way.publish(f"{topic}/$command", command("comment", comment=f"a | b \\c {name}"))
        assert where(attributes(way, "comments", f"a | b \\c {name}")) == (*at, "anna")
        way.publish(topic, {"state": 1, "output": "bad"})
        wait_for(way, at[0], at[1] or None, "bad")
        way.publish(f"{topic}/$command", command("acknowledge"))
        wait_until(lambda p=path: acknowledgement(way, p) == 2, 20, "the acknowledgement")
        way.publish(f"{topic}/$command", {"command": "remove_acknowledgement", "author": "anna"})
        wait_until(lambda p=path: acknowledgement(way, p) == 0, 20, "none any more")
    assert way.observer.rejects() == []
    # Icinga takes this one, and forgets its end.
    way.publish("nagios/h0/s1/$command", command("acknowledge", expire=until))
    wait_until(way.observer.rejects, 10, "an answer")
    [(_, answer)] = way.observer.rejects()
    assert answer["code"] == "bad-command" and "leave expire out" in answer["detail"]
