# SPDX-License-Identifier: MIT
"""Results in a real Icinga 2 over its REST API: what it shows, and what is said about trouble."""
import json
import time

import pytest

from icinga import Icinga, IcingaWay
from mqtt import Client
from pki import Pki
from process import program, run
from rig import Scratch
from wait import let_pass, wait_until

ODD = [("web 1", "Disk /var 95%"), ("büro", "Größe: 100 %"), ("a%2Fb", "x+y"), ("host", "a/b")]


@pytest.fixture(scope="module")
def place():
    with Scratch() as scratch:
        yield scratch


@pytest.fixture(scope="module")
def icinga(place):
    yield Icinga(place.folder("icinga"), extra=ODD, deaf=("deaf",)).start()


@pytest.fixture(scope="module")
def way(place, icinga):
    way = IcingaWay(place, icinga.port, icinga.ca).start()
    yield way
    way.end()


def stamp(ago=0.0):
    return round(time.time() - ago, 3)


@pytest.mark.parametrize("state", [0, 1, 2, 3])
def test_every_state_of_a_service(way, icinga, state):
    way.publish("nagios/h0/s0", {"state": state, "output": f"state {state}"})
    icinga.wait_for("h0", "s0", f"state {state}")
    assert icinga.shown("h0", "s0")["state"] == state


@pytest.mark.parametrize("word, state", [("UP", 0), ("DOWN", 1), ("UNREACHABLE", 1)])
def test_a_host_is_up_or_down(way, icinga, word, state):
    way.publish("nagios/h0", {"state": word, "output": f"is {word}"})
    icinga.wait_for("h0", None, f"is {word}")
    assert icinga.shown("h0")["state"] == state


def test_all_of_a_result_arrives(way, icinga):
    when = stamp(5) + 0.0005
    way.publish("nagios/h0/s1", {
        "state": 1, "output": 'a | b; "c" \\n ü', "long_output": "line 2\nline \\ 3", "time": when,
        "perfdata": "'disk /'=9%;8;9 b=1", "ttl": 60, "source": "probe 7"})
    result = icinga.wait_for("h0", "s1", 'a | b; "c" \\n ü\nline 2\nline \\ 3')
    assert result["performance_data"] == ["'disk /'=9%;8;9", "b=1"]
    assert result["execution_start"] == result["execution_end"] == pytest.approx(when, abs=1e-5)
    assert result["ttl"] == 60
    assert result["check_source"] == "probe 7"
    assert result["active"] is False


def test_output_that_is_too_long_is_cut(way, icinga):
    way.publish("nagios/h0/s1", {"state": 0, "output": "x" * 9000, "long_output": "y" * 50})
    icinga.wait_for("h0", "s1", "x" * 8192 + f" [cut, {9000 - 8192 + 50} bytes]")


@pytest.mark.parametrize("host, service", ODD)
def test_odd_names(way, icinga, host, service):
    levels = [name.replace("%", "%25").replace("+", "%2B") for name in (host, service)]
    topic = "/".join(["nagios", *levels])
    way.publish(topic, {"state": 2, "output": "odd"})
    icinga.wait_for(host, service, "odd")


def test_an_older_result_changes_nothing(way, icinga):
    way.publish("nagios/h0/s2", {"state": 2, "output": "newer", "time": stamp()})
    icinga.wait_for("h0", "s2", "newer")
    way.publish("nagios/h0/s2", {"state": 0, "output": "older", "time": stamp(60)})
    way.publish("nagios/h0/s3", {"state": 0, "output": "canary"})
    icinga.wait_for("h0", "s3", "canary")
    assert icinga.shown("h0", "s2")["last_check_result"]["output"] == "newer"


@pytest.mark.parametrize("topic, code, detail", [
    ("nagios/h0/none", "unknown-service", "h0!none"),
    ("nagios/none/none", "unknown-service", "none!none"),
    ("nagios/none", "unknown-host", "none"),
    ("nagios/h0!s0", "unknown-host", "h0!s0"),
    ("nagios/h0!x/s0", "unknown-service", "h0!x!s0"),
    ("nagios/deaf", "refused", None),
])
def test_what_icinga_does_not_take_is_answered(way, icinga, topic, code, detail):
    before = way.status()["problem"]
    way.publish(topic, {"state": 2, "output": "x"})
    wait_until(lambda: way.observer.rejects(topic), 10, "the answer")
    _, answer = way.observer.rejects(topic)[-1]
    assert answer["code"] == code
    assert detail is None or answer["detail"] == detail
    assert answer["host"] == topic.split("/")[1]
    way.publish("nagios/h1/s0", {"state": 0, "output": topic})
    icinga.wait_for("h1", "s0", topic)
    assert before is None and way.status()["problem"] is None


def test_what_icinga_does_not_have_is_pending(place, way):
    way.publish("nagios/soon/Disk", {"state": 2, "output": "x"})
    wait_until(lambda: way.observer.rejects("nagios/soon/Disk"), 10, "the answer")
    asked = run([program("belfry", place.folder("tool")), "hosts", "pending", "--json",
                 "--broker", f"mqtt://127.0.0.1:{way.broker.port}"])
    assert ("soon", "Disk") in {(o["host"], o["service"]) for o in json.loads(asked.stdout)}


def test_a_wrong_password_is_named_and_mended(place, icinga):
    way = IcingaWay(place, icinga.port, icinga.ca, name="password")
    way.set_password("wrong")
    way.start()
    way.publish("nagios/h1/s1", {"state": 1, "output": "after the password"})
    way.wait_for_problem("does not accept", "password_file")
    way.set_password("secret")
    icinga.wait_for("h1", "s1", "after the password")
    way.wait_until_all_right()
    way.end()


def test_missing_permissions_are_named(place, icinga):
    way = IcingaWay(place, icinga.port, icinga.ca, name="permissions")
    way.change("user gateway", "user watcher")
    way.start()
    way.publish("nagios/h1/s1", {"state": 1, "output": "not allowed"})
    way.wait_for_problem("permissions", "actions/process-check-result")
    wait_until(lambda: way.status()["behind"] > 0, 10, "a result that waits")
    assert not way.observer.rejects()
    way.end()


def test_a_certificate_instead_of_a_password(place, icinga):
    certificate, key = icinga.pki.issue("gateway")
    way = IcingaWay(place, icinga.port, icinga.ca, name="certificate")
    way.change(f"user gateway\npassword_file {way.secret}", f"certfile {certificate}\nkeyfile {key}")
    way.start()
    way.publish("nagios/h1/s1", {"state": 1, "output": "certified"})
    icinga.wait_for("h1", "s1", "certified")
    way.end()


def test_a_certificate_of_another_authority_is_refused(place, icinga):
    other = Pki(place.folder("other-pki"))
    way = IcingaWay(place, icinga.port, other.path("ca.crt"), name="ca").start()
    way.publish("nagios/h1/s1", {"state": 1, "output": "after the CA"})
    way.wait_for_problem("certificate is not trusted", "cafile")
    other.path("ca.crt").write_bytes(icinga.ca.read_bytes())
    icinga.wait_for("h1", "s1", "after the CA")
    way.wait_until_all_right()
    way.end()


def test_a_host_that_is_not_there_or_not_known_is_named(place, icinga):
    way = IcingaWay(place, icinga.port, icinga.ca, name="name")
    way.change("https://127.0.0.1:", "https://127.0.0.2:")
    way.start()
    way.wait_for_problem("cannot be reached")
    way.end()
    way = IcingaWay(place, icinga.port, icinga.ca, name="alias")
    way.change("https://127.0.0.1:", "https://ip6-localhost.invalid:")
    way.start()
    way.wait_for_problem("host of url is not known")
    way.end()


def test_a_file_that_everyone_may_read_is_refused(place, icinga):
    way = IcingaWay(place, icinga.port, icinga.ca, name="open")
    way.secret.chmod(0o644)
    way.gateway.start()
    wait_until(lambda: not way.gateway.process.is_running(), 10, "its end")
    assert way.gateway.process.popen.returncode == 3
    assert way.gateway.process.says("can be read by everyone")


class Numbers:
    """Result N goes to service N of 5,000, with N as its output."""

    def __init__(self, way, hosts=50, services=100):
        self.way, self.services, self.total = way, services, hosts * services
        self.client = Client(way.broker.port, "numbers", clean=True)
        self.client.connect()
        self.sent = 0

    def publish(self, count, rate):
        start, first = time.monotonic(), self.sent
        while self.sent < min(first + count, self.total):
            host, service = divmod(self.sent, self.services)
            self.client.paho.publish(f"nagios/h{host}/s{service}", json.dumps(
                {"state": self.sent % 4, "output": str(self.sent)}), 1)
            self.sent += 1
            let_pass(max(0, start + (self.sent - first) / rate - time.monotonic()))

    def missing(self, icinga):
        try:
            outputs = icinga.outputs()
        except OSError:
            return None
        return [n for n in range(self.sent)
                if outputs.get((f"h{n // self.services}", f"s{n % self.services}")) != str(n)]

    def wait_all(self, icinga, timeout=60.0):
        wait_until(lambda: self.missing(icinga) == [], timeout, "all results in Icinga", 0.5)
        wait_until(lambda: self.way.status()["behind"] == 0, 10, "nothing behind")
        assert self.missing(icinga) == []
        assert not self.way.observer.rejects()


@pytest.fixture
def large(place):
    icinga = Icinga(place.folder(f"large-{time.monotonic_ns()}"), hosts=50, services=100).start()
    yield icinga
    icinga.kill()


def test_nothing_is_lost_over_three_reloads(place, large):
    way = IcingaWay(place, large.port, large.ca, name="reloads").start()
    numbers = Numbers(way)
    for _ in range(3):
        numbers.publish(700, 500)
        large.reload(lambda: numbers.publish(700, 500))
    numbers.publish(5000, 500)
    assert numbers.sent == 5000
    numbers.wait_all(large)
    assert way.gateway.process.says("handing over again")
    way.end()


@pytest.mark.parametrize("how", ["ended", "killed", "reloaded"])
def test_what_icinga_forgets_while_the_gateway_restarts_comes_again(place, how):
    icinga = Icinga(place.folder(f"forgets-{how}")).start()
    way = IcingaWay(place, icinga.port, icinga.ca, name=f"forgets-{how}").start()
    way.publish("nagios/h0", [{"service": f"s{n}", "state": 1, "output": f"{n}"}
                              for n in range(4)])
    wait_until(lambda: way.status()["results"] == 4 and way.status()["behind"] == 0, 10,
               "all of it confirmed")
    if how == "ended":
        assert way.gateway.end() == 0
    elif how == "killed":
        way.gateway.kill()
    icinga.kill()
    if how == "reloaded":
        way.change("cafile", "timeout 20s\ncafile")
        way.gateway.reloaded()
    icinga.start()
    assert icinga.outputs() == {}
    if how != "reloaded":
        way.gateway.start()
    wait_until(lambda: set(icinga.outputs()) >= {("h0", f"s{n}") for n in range(4)}, 20, "all of it once more")
    assert way.gateway.process.says("handing over again the last")
    way.end()
    icinga.end()


def test_a_restart_of_the_gateway_alone_hands_nothing_over_again(place, icinga):
    way = IcingaWay(place, icinga.port, icinga.ca, name="alone").start()
    way.publish("nagios/h1/s2", {"state": 1, "output": "before"})
    icinga.wait_for("h1", "s2", "before")
    wait_until(lambda: way.status()["behind"] == 0, 10, "nothing behind")
    assert way.gateway.end() == 0
    way.gateway.start()
    way.publish("nagios/h1/s2", {"state": 0, "output": "after"})
    icinga.wait_for("h1", "s2", "after")
    wait_until(lambda: way.status()["results"] == 1 and way.status()["behind"] == 0, 10,
               "one result of its own")
    assert not way.gateway.process.says("handing over again")
    way.end()


def test_nothing_is_lost_while_icinga_is_away(place, large):
    way = IcingaWay(place, large.port, large.ca, name="away").start()
    numbers = Numbers(way)
    numbers.publish(1000, 500)
    large.end()
    numbers.publish(2500, 500)
    way.wait_for_problem("cannot be reached")
    large.start()
    numbers.publish(500, 500)
    numbers.wait_all(large)
    way.wait_until_all_right()
    way.end()
