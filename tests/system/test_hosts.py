# SPDX-License-Identifier: MIT
"""
belfry hosts: what is pending, asked of a gateway that the test plays, and the definitions of it,
which real cores take.
"""
import json
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from broker import MOSQUITTO, free_port
from mqtt import Client
from process import account, give_away, program, run

DONE, REFUSED, USAGE, UNREACHABLE = range(4)

PENDING = [
    {"host": "web9", "service": "Load", "missing": "host", "outputs": ["nagios"], "count": 2,
     "first": "2026-11-23T04:05:06.789Z", "last": "2026-11-23T04:06:06.789Z", "state": "OK",
     "output": "load 0.4", "publisher": "client agent-9"},
    {"host": "web9", "service": "", "missing": "host", "outputs": ["nagios"], "count": 1,
     "first": "2026-11-23T04:05:06.789Z", "last": "2026-11-23T04:05:06.789Z", "state": "UP",
     "output": "PING \x1b[31mok", "publisher": ""},
    {"host": "h0", "service": "Disk /var", "missing": "service", "outputs": ["nagios"], "count": 3,
     "first": "2026-11-23T04:05:06.789Z", "last": "2026-11-23T04:07:06.789Z",
     "state": "CRITICAL", "output": "disk full", "publisher": "client agent-9, user web"},
]

ICINGA = """\
include <itl>
const NodeName = "test"
object IcingaApplication "app" { }
template Host "generic-host" { }
template Service "generic-service" { }
object Host "h0" { check_command = "dummy" }
"""

NAGIOS_TEMPLATES = """\
define host {
    name generic-host
    register 0
    contacts nobody
}
define service {
    name generic-service
    register 0
    contacts nobody
    check_interval 5
    retry_interval 1
    check_period always
    notification_period always
}
define command {
    command_name return-unknown
    command_line /bin/false
}
"""


class Gateway:
    """Answers every question with these replies, of which only those that are objects are JSON."""

    def __init__(self, port, replies, client_id="gw", state="online"):
        self.replies, self.asked = replies, []
        self.client = Client(port, f"{client_id}-test")
        self.client.connect()
        self.client.paho.message_callback_add(f"belfry/gateway/{client_id}/ask", self.answer)
        self.client.subscribe(f"belfry/gateway/{client_id}/ask")
        self.client.publish(f"belfry/gateway/{client_id}", json.dumps({"state": state}), retain=True)

    def answer(self, client, owner, message):
        self.asked.append(json.loads(message.payload))
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = message.properties.CorrelationData
        for reply in self.replies:
            text = reply if isinstance(reply, str) else json.dumps(reply)
            client.publish(message.properties.ResponseTopic, text, 1, properties=properties)


def pages(objects):
    """One object a reply."""
    return [{"ask": "pending", "objects": [o], "end": o is objects[-1]} for o in objects]


@pytest.fixture
def hosts(scratch, broker):
    """hosts(*words) runs `belfry hosts` against the broker."""
    def call(*words, port=broker.port):
        done = run([program("belfry", scratch.path), "hosts", *words, "--broker",
                    f"mqtt://127.0.0.1:{port}"])
        return done.returncode, done.stdout.decode(), done.stderr.decode()
    return call


@pytest.fixture
def gateway(broker):
    """gateway(replies, ...) is one whose status is gone again after the test."""
    made = []

    def make(replies=(), client_id="gw", **how):
        made.append((Gateway(broker.port, list(replies), client_id, **how), client_id))
        return made[-1][0]

    yield make
    for one, client_id in made:
        one.client.publish(f"belfry/gateway/{client_id}", "", retain=True)
        one.client.close()


def test_pending_shows_what_the_gateway_tells(hosts, gateway):
    asked = gateway(pages(PENDING)).asked
    code, out, _ = hosts("pending")
    assert code == DONE and asked == [{"ask": "pending"}]
    rows = [line.split() for line in out.splitlines()]
    assert [row[:2] for row in rows] == [["host", "service"], ["h0", "Disk"], ["web9", "-"],
                                         ["web9", "Load"]]
    assert "CRITICAL" in rows[1] and out.splitlines()[1].endswith("disk full")
    assert "\x1b" not in out


def test_pending_as_json(hosts, gateway):
    gateway(pages(PENDING))
    code, out, _ = hosts("pending", "--json")
    objects = json.loads(out)
    assert code == DONE and [o["host"] for o in objects] == ["h0", "web9", "web9"]
    told = dict(PENDING[2])
    told.pop("outputs")
    assert objects[0] == told


def test_ten_thousand_pending_objects(hosts, gateway):
    many = [{**PENDING[0], "host": f"h{i}"} for i in range(10000)]
    parts = [many[i:i + 500] for i in range(0, len(many), 500)]
    gateway([{"ask": "pending", "objects": p, "end": p is parts[-1]} for p in parts])
    code, out, _ = hosts("pending", "--json")
    assert code == DONE and len(json.loads(out)) == 10000


def test_nothing_pending(hosts, gateway):
    gateway([{"ask": "pending", "objects": [], "end": True}])
    code, out, _ = hosts("pending")
    assert code == DONE and "no results" in out
    assert json.loads(hosts("pending", "--json")[1]) == []


def test_the_gateway_has_to_be_chosen_among_several(hosts, gateway):
    gateway(pages(PENDING), "east")
    west = gateway(pages(PENDING[:1]), "west")
    code, _, err = hosts("pending")
    assert code == REFUSED and "--gateway" in err and "east" in err and "west" in err
    code, out, _ = hosts("pending", "--json", "--gateway", "west")
    assert code == DONE and len(json.loads(out)) == 1 and len(west.asked) == 1


@pytest.mark.parametrize("words, sentence", [
    ((), "no gateway has published its status"),
    (("--gateway", "nowhere"), "does not listen"),
], ids=["any", "named"])
def test_without_a_gateway_it_says_so(hosts, words, sentence):
    code, out, err = hosts("pending", *words)
    assert (code, out) == (REFUSED, "") and sentence in err


def test_a_gateway_that_is_offline_is_not_waited_for(hosts, gateway):
    gateway(state="offline")
    code, _, err = hosts("pending")
    assert code == REFUSED and "offline" in err


def test_a_gateway_that_says_nothing_is_not_waited_for_forever(hosts, gateway):
    gateway()
    code, _, err = hosts("pending", "--timeout", "1s")
    assert code == UNREACHABLE and "no answer in time" in err


@pytest.mark.parametrize("reply, sentence", [
    ({"error": "I know no \x1b[31mpending", "end": True}, "I know no \\x1b[31mpending"),
    ("{", "no JSON object"),
    ("[]", "no JSON object"),
], ids=["error", "broken", "array"])
def test_an_answer_that_is_none_is_told(hosts, gateway, reply, sentence):
    gateway([reply])
    code, out, err = hosts("pending")
    assert (code, out) == (REFUSED, "") and sentence in err


def test_without_a_broker_it_says_so(hosts):
    code, _, err = hosts("pending", port=free_port())
    assert code == UNREACHABLE and "is the broker running there?" in err


def test_it_works_with_mosquitto_too(make_broker, hosts):
    broker = make_broker("allow_anonymous true", which=MOSQUITTO)
    one = Gateway(broker.port, pages(PENDING))
    code, out, err = hosts("pending", "--json", port=broker.port)
    one.client.close()
    assert code == DONE and len(json.loads(out)) == 3, err


@pytest.mark.parametrize("words", [(), ("aprove",), ("approve",), ("pending", "x"),
                                   ("approve", "x", "--json"), ("pending", "--file", "/x"),
                                   ("approve", "x", "--core", "zabbix"),
                                   ("approve", "x", "--host-template", "a b")])
def test_a_wrong_call_does_nothing(hosts, gateway, words):
    asked = gateway(pages(PENDING)).asked
    code, out, err = hosts(*words)
    assert (code, out, asked) == (USAGE, "", []) and "belfry help hosts" in err


def test_approve_prints_definitions(hosts, gateway):
    gateway(pages(PENDING))
    code, out, err = hosts("approve", "web9", "h0", "web9")
    assert code == DONE and "systemctl reload nagios4" in err
    assert out.count("define host {") == 1 and out.count("define service {") == 2


def test_approve_prints_what_icinga_takes(hosts, gateway, scratch):
    gateway(pages(PENDING))
    code, out, err = hosts("approve", "web9", "h0", "--core", "icinga2")
    assert code == DONE and "systemctl reload icinga2" in err
    folder = scratch.folder("icinga")
    config = folder / "icinga2.conf"
    config.write_text(ICINGA + out)
    who = account()
    names = ["-DConfiguration.RunAsUser=nobody", "-DConfiguration.RunAsGroup=nogroup"] if who else []
    names += [f"-DConfiguration.{name}={folder}" for name in
              ("DataDir", "LogDir", "CacheDir", "SpoolDir", "InitRunDir")]
    names += [f"-DConfiguration.{name}={folder}/{name}" for name in ("VarsPath", "ObjectsPath")]
    done = run(["icinga2", "daemon", "-C", "-c", config, *names])
    assert done.returncode == 0, done.stdout.decode()
    assert b"2 Services" in done.stdout and b"2 Hosts" in done.stdout


HOSTILE = [("a\n}\ndefine host {", ""), ("a", "b;c"), ("a", 'b"'), ("a}", ""), ("a", "b\\")]


@pytest.mark.parametrize("core, host, service", [
    *(("nagios", *names) for names in [*HOSTILE, ("*", "x"), ("a,b", "x")]),
    *(("icinga2", *names) for names in [*HOSTILE, ("a!b", "x")])])
def test_a_hostile_name_is_refused_with_a_sentence(hosts, gateway, scratch, core, host, service):
    gateway(pages([*PENDING, {**PENDING[0], "host": host, "service": service}]))
    path = scratch.path / "objects.cfg"
    code, out, err = hosts("approve", "web9", host, "--core", core, "--file", str(path))
    assert (code, out) == (REFUSED, "") and len(err.splitlines()) == 1 and "'" in err
    assert not path.exists(), "the good one neither: all or nothing"


def test_approve_of_what_is_not_pending_is_refused(hosts, gateway):
    gateway(pages(PENDING))
    code, out, err = hosts("approve", "web9", "web8")
    assert (code, out) == (REFUSED, "") and "'web8' is not pending" in err


def test_a_file_is_appended_to_and_nothing_twice(hosts, gateway, scratch):
    gateway(pages(PENDING))
    path = scratch.folder("core") / "belfry.cfg"
    code, out, err = hosts("approve", "h0", "--file", str(path))
    assert code == DONE and "1 definition added" in out and "reload" in err
    first = path.read_text()
    path.write_text("# kept\n" + first.rstrip("\n"))
    give_away(path)
    code, out, _ = hosts("approve", "h0", "web9", "--file", str(path))
    assert code == DONE and "2 definitions added" in out
    text = path.read_text()
    assert text.startswith("# kept\n" + first.rstrip("\n") + "\n")
    assert text.count("Disk /var") == 1 and text.count("define") == 3
    code, out, _ = hosts("approve", "h0", "web9", "--file", str(path))
    assert code == DONE and "0 definitions added" in out and path.read_text() == text


def test_a_file_that_cannot_be_written_is_named(hosts, gateway, scratch):
    gateway(pages(PENDING))
    path = scratch.path / "nowhere" / "belfry.cfg"
    code, _, err = hosts("approve", "h0", "--file", str(path))
    assert code == REFUSED and str(path.parent) in err


def test_results_go_through_once_the_core_has_what_was_approved(make_rig, hosts, gateway, scratch):
    """Nagios reads the definitions with the usual templates; the gateway lets them through."""
    rig = make_rig(output=[f"objects {scratch.path}/nagios/objects.cache"])
    gateway(pages(PENDING))
    objects = Path(rig.nagios.folder / "objects.cfg")
    objects.write_text(objects.read_text() + NAGIOS_TEMPLATES)
    give_away(objects)
    code, _, err = hosts("approve", "web9", "h0", "--file", str(objects))
    assert code == DONE, err
    rig.nagios.reload()
    assert rig.applied("nagios/h0/Disk /var", {"state": 2}).state == 2
    assert rig.applied("nagios/web9/Load", {"state": 1}).state == 1
    assert rig.applied("nagios/web9", {"state": 1}).state == 1
