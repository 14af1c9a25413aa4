# SPDX-License-Identifier: MIT
"""
Results through the query handler: to a stand-in that keeps to Naemon's rules, and to a real
Nagios, which has such a socket and no handler for commands.
"""
import json
import signal
import sys
import time
from pathlib import Path

import pytest

from broker import Broker
from gateway import Gateway
from lines import documents_of
from mqtt import Observer
from process import Process, account, give_away
from wait import wait_until

OBJECTS = [f"h{h}!s{s}" for h in range(2) for s in range(4)] + ["refused!s0", "command"]


class Naemon:
    def __init__(self, folder, objects=OBJECTS):
        self.folder = give_away(folder)
        self.query_socket, self.taken = self.folder / "naemon.qh", self.folder / "taken"
        script = self.folder / "fake_naemon.py"
        script.write_text(Path(__file__).with_name("fake_naemon.py").read_text())
        self.process = Process("naemon", [sys.executable if not account() else "/usr/bin/python3",
                                          script, self.query_socket, self.taken, *objects],
                               self.folder)

    def start(self):
        self.process.start()
        wait_until(self.query_socket.exists, 10, "the query handler's socket")
        return self

    def results(self):
        """[host, service, state, output, time] of all that was applied, in order."""
        return [entry for entry in self._entries() if isinstance(entry, list)]

    def commands(self):
        """(name, arguments) of what was carried out beside results."""
        return [(e["command"], e["arguments"]) for e in self._entries() if isinstance(e, dict)]

    def _entries(self):
        return documents_of(self.taken)


class Way:
    def __init__(self, scratch, route=(), **how):
        self.naemon = Naemon(scratch.folder("naemon"), **how)
        self.broker = Broker(scratch.folder("broker"), ("allow_anonymous true",))
        self.gateway = Gateway(scratch.folder("gateway"), self.broker.port,
                               self.naemon.query_socket, kind="query_handler",
                               routes=["route nagios/#", "to nagios", *route])
        self.told = 0

    def start(self):
        self.broker.start()
        self.observer = Observer(self.broker.port).connect()
        self.naemon.start()
        self.gateway.start()
        wait_until(lambda: "online" in self.observer.states(), 10, "the gateway online")
        return self

    def tell(self, count):
        for n in range(self.told, self.told + count):
            note = self.observer.paho.publish(
                f"nagios/h{n % 2}/s{n % 4}", json.dumps({"state": n % 4, "output": f"number {n}"}))
        note.wait_for_publish(10)
        self.told += count

    def is_heard(self):
        return {f"number {n}" for n in range(self.told)} <= {r[3] for r in self.naemon.results()}


@pytest.fixture
def way(scratch):
    way = Way(scratch).start()
    yield way
    way.observer.close()


def test_each_result_is_answered(way):
    way.observer.publish("nagios/h0/s0", '{"state":2,"output":"a;b\\\\n","long_output":"more"}')
    way.observer.publish("nagios/h1", '{"state":"DOWN","output":"gone","perfdata":"a=1"}')
    way.observer.publish("nagios/h0/s1", '{"state":1,"output":""}')
    wait_until(lambda: len(way.naemon.results()) == 3, 10, "three results")
    assert [r[:4] for r in way.naemon.results()] == [
        ["h0", "s0", 2, "a;b\\n\nmore"], ["h1", "", 1, "gone|a=1"], ["h0", "s1", 1, "WARNING"]]
    assert abs(way.naemon.results()[0][4] - time.time()) < 60
    assert way.observer.rejects() == []


def test_what_the_core_refuses_is_answered_to_its_publisher(way):
    way.tell(3)
    for topic, code in (("nagios/nobody/s0", "unknown-service"), ("nagios/h0/none", "unknown-service"),
                        ("nagios/nobody", "unknown-host"), ("nagios/refused/s0", "refused")):
        way.observer.publish(topic, '{"state":1,"output":"x"}')
        wait_until(lambda: way.observer.rejects(topic), 10, f"a reject for {topic}")
        answer = way.observer.rejects(topic)[0][1]
        assert answer["code"] == code
        assert answer["host"] == topic.split("/")[1]
    way.tell(3)
    wait_until(way.is_heard, 10, "the results around the refused ones")


def test_many_results_in_order(way):
    way.tell(3000)
    wait_until(way.is_heard, 20, "3,000 results")
    assert [r[3] for r in way.naemon.results()] == [f"number {n}" for n in range(3000)]


def test_a_core_that_is_killed_and_started_gets_the_rest_in_order(way):
    for _ in range(3):
        way.tell(200)
        way.naemon.process.kill()
        way.tell(50)
        way.naemon.start()
    wait_until(way.is_heard, 10, "every result")
    assert way.gateway.process.says("naemon.qh", "running")
    seen = [int(r[3].split()[1]) for r in way.naemon.results()]
    # One at most is repeated at each kill: the one whose answer was lost.
    assert len(seen) <= way.told + 3 and seen == sorted(seen)


def test_a_core_that_hangs_is_named_and_waited_for(way):
    way.tell(10)
    wait_until(way.is_heard, 10)
    way.naemon.process.signal(signal.SIGSTOP)
    way.tell(10)
    wait_until(lambda: way.gateway.process.says("naemon.qh", "not answered"), 15)
    way.naemon.process.signal(signal.SIGCONT)
    wait_until(way.is_heard, 10, "every result")
    assert [r[3] for r in way.naemon.results()] == [f"number {n}" for n in range(20)]


COMMANDS = "commands downtime acknowledge remove_acknowledgement comment"


@pytest.mark.parametrize("topic, names, kind", [
    ("nagios/h0", ["h0"], "HOST"), ("nagios/h0/s0", ["h0", "s0"], "SVC")], ids=["host", "service"])
def test_commands_are_carried_out_and_answered(scratch, topic, names, kind):
    way = Way(scratch, route=[COMMANDS]).start()
    begin = int(time.time()) + 60
    for more in ({"command": "downtime", "start": begin, "end": begin + 600},
                 {"command": "downtime", "start": begin, "end": begin + 600, "fixed": False,
                  "duration": 30},
                 {"command": "acknowledge", "notify": True}, {"command": "comment"}):
        way.observer.publish(f"{topic}/$command",
                             json.dumps({"author": "an;na", "comment": "so;it\\is", **more}))
    way.observer.publish(f"{topic}/$command", '{"command":"remove_acknowledgement","author":"x"}')
    wait_until(lambda: len(way.naemon.commands()) == 5, 10, "five commands")
    # Only at the end of the line is a `;` none that ends an argument; Nagios ends a downtime's there.
    assert way.naemon.commands() == [
        (f"SCHEDULE_{kind}_DOWNTIME", [*names, str(begin), str(begin + 600), "1", "0", "600",
                                       "an,na", "so,it\\is"]),
        (f"SCHEDULE_{kind}_DOWNTIME", [*names, str(begin), str(begin + 600), "0", "0", "30",
                                       "an,na", "so,it\\is"]),
        (f"ACKNOWLEDGE_{kind}_PROBLEM", [*names, "2", "1", "0", "an,na", "so;it\\is"]),
        (f"ADD_{kind}_COMMENT", [*names, "1", "an,na", "so;it\\is"]),
        (f"REMOVE_{kind}_ACKNOWLEDGEMENT", names)]
    assert way.observer.rejects() == []
    way.observer.publish("nagios/nobody/$command",
                         '{"command":"comment","author":"x","comment":"y"}')
    wait_until(way.observer.rejects, 10, "an answer for a host that is not there")
    assert way.observer.rejects()[0][1]["code"] == "unknown-host"
    assert way.gateway.end() == 0
    way.observer.close()


def test_nagios_has_no_such_handler_and_the_gateway_says_what_to_take(make_rig):
    rig = make_rig(kind="query_handler", way="query_socket",
                   routes=["route nagios/#", "to nagios", COMMANDS])
    rig.publish("nagios/h0/s0/$command", {"command": "comment", "author": "x", "comment": "y"})
    rig.publish("nagios/h0/s0", {"state": 1, "output": "x"})
    wait_until(lambda: rig.gateway.process.says("nagios.qh", "takes no commands", "command_file"), 10)
    assert rig.nagios.is_running() and rig.nagios.results() == rig.nagios.commands() == []
    assert rig.gateway.end() == 0
