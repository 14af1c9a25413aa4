# SPDX-License-Identifier: MIT
"""
A server that misbehaves in the place of Icinga: nothing is lost, the order of one service holds, and
the problem has a name.
"""
import json

import pytest

from icinga import IcingaWay
from odd_https import TAKEN, OddServer, answer, chunked, slowly
from pki import Pki
from process import program, run
from rig import Scratch
from wait import wait_until

TOTAL = 40


@pytest.fixture
def server():
    with Scratch() as scratch:
        pki = Pki(scratch.folder("pki"))
        server = OddServer(*pki.issue("server"))
        server.scratch, server.ca = scratch, pki.path("ca.crt")
        yield server
        server.close()


@pytest.fixture
def way(server):
    way = IcingaWay(server.scratch, server.port, server.ca, lines=("timeout 2s",)).start()
    yield way
    way.end()


def pending(way):
    asked = run([program("belfry", way.gateway.folder), "hosts", "pending", "--json",
                 "--broker", f"mqtt://127.0.0.1:{way.broker.port}"])
    return {(o["host"], o["service"]) for o in json.loads(asked.stdout)}


def publish(way, total=TOTAL):
    way.publish("nagios/h0", [{"service": f"s{n % 4}", "state": 0, "output": f"{n % 4} {n}"}
                              for n in range(total)])


def last_runs(results, total=TOTAL):
    """Every service's newest results, as they were sent last: none missing, in order."""
    for service in range(4):
        own = [int(r.split()[1]) for r in results if r.startswith(f"{service} ")]
        wanted = list(range(service, total, 4))
        assert set(own) == set(wanted)
        assert own[-1] == wanted[-1]
        for before, after in zip(own, own[1:]):
            # It goes on with the next one, or back to what was not answered.
            assert after == before + 4 or after <= before


def delivered(way, server):
    wait_until(lambda: way.status()["results"] == TOTAL and way.status()["behind"] == 0, 60,
               "all of it delivered")
    last_runs(server.results)


MISBEHAVIOURS = {
    "500": lambda: answer(500, {"error": 500, "status": "Internal"}),
    "503": lambda: answer(503, {"error": 503, "status": "Shutting down."}),
    "half an answer": lambda: (answer(200, TAKEN)[:-9], True),
    "half a head": lambda: (b"HTTP/1.1 200 OK\r\nContent-", True),
    "garbage": lambda: b"\0\1\2SSH-2.0-x\r\n\r\n",
    "no answer at all": lambda: b"",
    "the end": lambda: (b"", True),
    "a redirection": lambda: answer(302, {}, "Location: https://other/"),
    "login expired": lambda: answer(401, {"error": 401, "status": "Unauthorized."}),
}


@pytest.mark.parametrize("what", MISBEHAVIOURS)
def test_what_now_and_then_goes_wrong_is_made_up_for(server, way, what):
    server.behave = lambda n, body: MISBEHAVIOURS[what]() if n in (3, 17, 18) else answer(200, TAKEN)
    publish(way)
    delivered(way, server)
    way.wait_until_all_right()
    assert way.status()["reissued"] > 0
    assert not way.observer.rejects()


@pytest.mark.parametrize("what, words", [
    ("500", ["takes no results at the moment"]),
    ("503", ["takes no results at the moment"]),
    ("garbage", ["does not speak HTTP"]),
    ("no answer at all", ["does not answer in time"]),
    ("the end", ["was cut"]),
    ("a redirection", ["is not Icinga 2's API"]),
    ("login expired", ["does not accept who logs in"]),
])
def test_what_stays_wrong_has_a_name(server, way, what, words):
    server.behave = lambda n, body: MISBEHAVIOURS[what]()
    publish(way)
    way.wait_for_problem(*words)
    assert way.status()["behind"] > 0
    server.behave = lambda n, body: answer(200, TAKEN)
    delivered(way, server)
    way.wait_until_all_right()


@pytest.mark.parametrize("behave", [
    lambda n, body: chunked(TAKEN),
    lambda n, body: (answer(200, TAKEN), True),
    lambda n, body: (answer(200, TAKEN, "Connection: close"), True),
    lambda n, body: slowly(answer(200, TAKEN), 0.05),
    lambda n, body: (b"HTTP/1.1 200 OK\r\n\r\n{}", True),
    lambda n, body: b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, TAKEN),
    lambda n, body: answer(200, {"status": "x" * 200000}),
], ids=["chunked", "closes", "says that it closes", "slow", "no length", "continue", "large"])
def test_what_is_unusual_is_understood(server, way, behave):
    server.behave = behave
    publish(way)
    delivered(way, server)
    assert way.status()["problem"] is None


def test_requests_follow_by_a_quarter_of_the_pipeline(server):
    """Also when the answers come one by one; the last of a batch need no company."""
    way = IcingaWay(server.scratch, server.port, server.ca, ("connections 1", "pipeline 8")).start()
    server.behave = lambda n, body: slowly(answer(200, TAKEN), 0.01)
    publish(way)
    delivered(way, server)
    assert server.records[0] == 8 and sum(server.records) == TOTAL
    assert min(server.records[:-1]) >= 2
    way.end()


def test_a_newer_result_counts_as_delivered(server, way):
    server.behave = lambda n, body: answer(409, {"results": [{"code": 409, "status": "newer"}]})
    publish(way)
    delivered(way, server)
    assert way.status()["outdated"] == TOTAL
    assert not way.observer.rejects()


@pytest.mark.parametrize("status, code", [(400, "refused"), (403, "refused"), (404, "unknown-service")])
def test_what_is_refused_for_good_is_answered(server, way, status, code):
    server.behave = lambda n, body: answer(
        status if n == 0 else 200, {"results": [{"code": status, "status": "No, \"never\"."}]})
    way.publish("nagios/h0/s0", {"state": 0, "output": "a 1"})
    wait_until(lambda: way.observer.rejects("nagios/h0/s0"), 10, "the answer")
    told = way.observer.rejects("nagios/h0/s0")[0][1]
    assert (told["code"], told["host"], told["service"]) == (code, "h0", "s0")
    assert told["detail"] == ("h0!s0" if status == 404 else 'No, "never".')
    wait_until(lambda: way.status()["behind"] == 0, 10, "nothing behind")


def test_an_object_that_appears_is_no_longer_pending(server, way):
    server.behave = lambda n, body: answer(404, {"error": 404, "status": "No objects found."})
    way.publish("nagios/h0/s0", {"state": 0, "output": "too early"})
    way.publish("nagios/h0/s1", {"state": 0, "output": "too early"})
    wait_until(lambda: len(pending(way)) == 2, 10, "two that are pending")
    server.behave = lambda n, body: answer(200, TAKEN)
    way.publish("nagios/h0/s0", {"state": 0, "output": "there"})
    wait_until(lambda: pending(way) == {("h0", "s1")}, 10, "one that is pending")


def test_a_certificate_for_another_name_is_refused(server, way):
    other = server.scratch.folder("other")
    pki = Pki(other)
    pki._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", "x.key", "-out", "x.crt", "-days", "9", "-subj", "/CN=other",
                 "-addext", "subjectAltName=DNS:other.example")
    stranger = OddServer(pki.path("x.crt"), pki.path("x.key"))
    own = IcingaWay(server.scratch, stranger.port, pki.path("x.crt"), name="stranger").start()
    publish(own)
    own.wait_for_problem("certificate is not trusted")
    assert own.gateway.process.says("IP address mismatch")
    assert stranger.results == []
    own.end()
    stranger.close()
