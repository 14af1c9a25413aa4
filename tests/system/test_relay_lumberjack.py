# SPDX-License-Identifier: MIT
"""
The plugin lumberjack against a server that does as it is told: what was published arrives, what was
acknowledged does not come again, and what comes again has the same event_id.
"""
from pathlib import Path

import pytest

from broker import free_port
from lumberjack_server import CLOSE, RESET, LumberjackServer, ack
from lumberjack_way import LumberjackWay
from pki import Pki
from process import run
from rig import Scratch
from wait import let_pass, stays_true, wait_until

SAMPLE = Path(__file__).parents[2] / "contrib" / "examples" / "belfry-lumberjack.conf"
WINDOW, TOTAL = 10, 200
SMALL = (f"window {WINDOW}", "batch_records 40", "timeout 2s", "retry_first 10", "retry_most 1s")


@pytest.fixture
def server():
    server = LumberjackServer()
    yield server
    server.stop()


@pytest.fixture
def make_way():
    """make_way(servers, *lines, **how) starts broker and gateway."""
    ways = []

    def make(servers, *lines, **how):
        ways.append(LumberjackWay(servers, (*SMALL, *lines), **how))
        return ways[-1].start()

    yield make
    for way in ways:
        way.end()


def numbers(events):
    return [event["payload"]["n"] for event in events]


def arrived(*servers, total=TOTAL, timeout=30, sure=True):
    """
    All of it; what comes twice has the same id, and when it is `sure` that acknowledgements arrived, was
    not acknowledged.
    """
    def events():
        return [event for server in servers for event in server.events()]
    wait_until(lambda: set(numbers(events())) == set(range(total)), timeout, "all records")
    ids = {}
    for event in events():
        assert ids.setdefault(event["payload"]["n"], event["event_id"]) == event["event_id"]
    assert len(set(ids.values())) == total
    for server in servers:
        assert not server.faults
        if sure:
            only_what_was_not_acknowledged_again(server)


def only_what_was_not_acknowledged_again(server):
    done = set()
    for window in (w for w in list(server.windows) if not w.is_late):
        own = numbers(window.events)
        assert not done & set(own), f"window {window.number} repeats what was acknowledged"
        done |= set(own[:window.acknowledged])


# --- the plain way --------------------------------------------------------------------------------

@pytest.mark.parametrize("level", [0, 1, 3, 9])
def test_records_arrive_in_order_and_once(server, make_way, level):
    way = make_way([server], f"compression {level}")
    way.publish_numbers(TOTAL)
    arrived(server)
    assert numbers(server.events()) == list(range(TOTAL))
    assert all(window.compressed == (level > 0) for window in server.windows)
    assert all(window.size <= WINDOW for window in server.windows)
    assert server.connections == 1
    way.wait_delivered(TOTAL)


def test_an_event_says_what_it_comes_from(server, make_way):
    way = make_way([server])
    way.publish_numbers(1)
    arrived(server, total=1)
    event = server.events()[0]
    assert event["@metadata"]["beat"] == "belfry"
    assert event["@metadata"]["version"]
    assert event["topic"] == "logs/app"


def test_metadata_is_named_or_left_out(make_way):
    for line, beat in (("metadata none", None), ("metadata nagios", "nagios")):
        server = LumberjackServer()
        make_way([server], line).publish_numbers(1)
        arrived(server, total=1)
        assert server.events()[0].get("@metadata", {}).get("beat") == beat
        server.stop()


@pytest.mark.parametrize("schema", ["logstash", "ecs"])
def test_check_results_arrive_with_their_fields(server, make_way, schema):
    way = make_way([server], f"schema {schema}")
    way.publish("nagios/web1/disk", {"state": 2, "output": "full", "perfdata": "used=98%;80;90"})
    wait_until(server.events, 10, "the event")
    event = server.events()[0]
    assert event["message"] == "full"
    if schema == "ecs":
        assert event["host"]["name"] == "web1" and event["service"]["name"] == "disk"
        assert event["event"]["id"] and event["nagios"]["state"] == 2
    else:
        assert event["host_name"] == "web1" and event["service_description"] == "disk"
        assert event["event_id"] and event["state"] == 2


def test_the_sample_runs(server, make_way):
    way = make_way([server])
    assert way.gateway.end() == 0
    sample = SAMPLE.read_text()
    for old, new in (("127.0.0.1:1883", f"127.0.0.1:{way.broker.port}"), ("127.0.0.1:5044", f"127.0.0.1:{server.port}"),
                     ("/var/lib/belfry/logstash", str(way.gateway.state_dir)), ("belfry-logstash", "belfry-gateway")):
        assert sample.count(old) == 1
        sample = sample.replace(old, new)
    way.gateway.config.write_text(f"plugin_dir {way.gateway.plugins}\n{sample}")
    way.start_gateway()
    way.publish("nagios/web1/disk", {"state": 1, "output": "nearly full"})
    way.publish("logs/web1", "started")
    wait_until(lambda: len(server.events()) == 2, 10, "both events")
    assert [event["message"] for event in server.events()] == ["nearly full", "started"]


# --- a server that misbehaves ---------------------------------------------------------------------

MISBEHAVIOURS = {
    "the end": lambda size: [CLOSE],
    "a reset": lambda size: [RESET],
    "half, then the end": lambda size: [size // 2, 0.05, CLOSE],
    "one by one": lambda size: [*range(1, size + 1)],
    "parts with pauses": lambda size: [0, 0.1, size // 2, 0.1, 0, size],
    "busy, then the end": lambda size: [0, 0, CLOSE],
    "the same again": lambda size: [1, 1, size],
    "one too many": lambda size: [size + 1],
    "far too many": lambda size: [0xffffffff],
    "half of an answer": lambda size: [ack(size)[:3], 0.05, CLOSE],
    "an answer in pieces": lambda size: [*(piece for byte in ack(size) for piece in (bytes([byte]), 0.01))],
    "HTTP": lambda size: [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    "an older version": lambda size: [b"1" + ack(size)[1:]],
    "no answer at all": lambda size: [],
}


@pytest.mark.parametrize("what", MISBEHAVIOURS)
def test_what_now_and_then_goes_wrong_is_made_up_for(server, make_way, what):
    odd = {3, 9}
    server.behave = lambda n, size: MISBEHAVIOURS[what](size) if n in odd else [size]
    way = make_way([server])
    way.publish_numbers(TOTAL)
    arrived(server)
    way.wait_delivered(TOTAL)
    way.wait_until_all_right(20)


def test_half_a_window_that_was_acknowledged_does_not_come_again(server, make_way):
    server.behave = lambda n, size: [size // 2, 0.05, CLOSE] if n == 0 else [size]
    way = make_way([server], "in_flight 1", "linger 200")
    way.publish_numbers(WINDOW)
    way.wait_delivered(WINDOW)
    arrived(server, total=WINDOW)
    assert numbers(server.acknowledged()) == list(range(WINDOW))
    assert server.windows[1].events[0]["payload"]["n"] == server.windows[0].acknowledged


def test_a_busy_server_may_take_longer_than_the_timeout(server, make_way):
    server.behave = lambda n, size: [1.2, 0, 1.2, 0, 1.2, size]
    way = make_way([server])
    way.publish_numbers(WINDOW)
    arrived(server, total=WINDOW)
    way.wait_delivered(WINDOW)
    assert server.connections == 1
    assert len(server.events()) == WINDOW


def test_a_server_that_never_answers_is_named(server, make_way):
    server.behave = lambda n, size: []
    way = make_way([server])
    way.publish_numbers(1)
    way.wait_for_problem(f"127.0.0.1:{server.port}", "says nothing for 2 s")
    server.behave = None
    arrived(server, total=1)
    way.wait_until_all_right(20)


@pytest.mark.parametrize("compression", [0, 3])
def test_connections_cut_at_any_byte(server, make_way, compression):
    server.cuts = [1, 2, 5, 6, 7, 8, 11, 12, 13, 16, 17, 40, 200, 400, 900, 2000, 5000]
    way = make_way([server], f"compression {compression}", "in_flight 3", "batch_records 1000", "retry_most 1s")
    way.publish_numbers(TOTAL)
    arrived(server, sure=False)  # a reset takes acknowledgements with it
    way.wait_delivered(TOTAL)
    assert not server.cuts or server.cuts[0] > 900  # what is left of a batch may be shorter


def test_a_server_that_closes_idle_connections_is_no_problem(server, make_way):
    server.idle = 0.5
    way = make_way([server])
    way.publish_numbers(5)
    arrived(server, total=5)
    wait_until(lambda: server.open_connections() == 0, 10, "the end of the idle connection")
    connections = server.connections
    let_pass(1.5)  # it is not opened again for nothing
    assert server.connections == connections
    way.publish_numbers(5, first=5)
    arrived(server, total=10)
    way.wait_delivered(10)
    assert way.problems() == set()


# --- a server that is away ------------------------------------------------------------------------

def test_what_comes_while_the_server_is_away_waits(server, make_way):
    way = make_way([server])
    way.publish_numbers(50)
    arrived(server, total=50)
    server.stop()
    way.publish_numbers(TOTAL - 50, first=50)
    way.wait_for_problem(f"127.0.0.1:{server.port}", "refused")
    server.start()
    arrived(server)
    way.wait_delivered(TOTAL)
    way.wait_until_all_right(20)


def test_a_server_that_stands_still(server, make_way):
    way = make_way([server])
    way.publish_numbers(50)
    arrived(server, total=50)
    server.pause()
    way.publish_numbers(TOTAL - 50, first=50)
    way.wait_for_problem("says nothing for 2 s")
    server.resume()
    arrived(server, sure=False)
    way.wait_delivered(TOTAL)


def test_connections_that_break_all_the_time(server, make_way):
    server.behave = lambda n, size: [0.02, size]
    way = make_way([server])
    way.publish_numbers(TOTAL)
    for _ in range(20):
        let_pass(0.02)
        server.cut_all()
    arrived(server, sure=False)
    way.wait_delivered(TOTAL)


def test_a_gateway_that_is_killed_repeats_with_the_same_ids(server, make_way):
    server.behave = lambda n, size: [0.05, size]
    way = make_way([server])
    way.publish_numbers(TOTAL)
    for count in (20, 60, 120):
        wait_until(lambda: len(set(numbers(server.events()))) >= count, 20, f"{count} records")
        way.gateway.kill()
        way.start_gateway()
    wait_until(lambda: set(numbers(server.events())) == set(range(TOTAL)), 30, "all records")
    ids = {}
    for event in server.events():
        assert ids.setdefault(event["payload"]["n"], event["event_id"]) == event["event_id"]
    assert len(set(ids.values())) == TOTAL and not server.faults


def test_a_gateway_ends_while_a_server_says_nothing(server, make_way):
    server.behave = lambda n, size: []
    way = make_way([server], "timeout 60s")
    way.publish_numbers(1)
    wait_until(server.events, 10, "the event")
    assert way.gateway.end() == 0  # long before the timeout
    server.behave = None
    way.start_gateway()
    wait_until(lambda: len(server.events()) == 2, 10, "the event again")
    assert server.events()[0] == server.events()[1]


# --- several servers ------------------------------------------------------------------------------

@pytest.fixture
def servers():
    servers = [LumberjackServer() for _ in range(3)]
    yield servers
    for server in servers:
        server.stop()


def test_the_next_host_takes_over_and_keeps_it(servers, make_way):
    way = make_way(servers)
    way.publish_numbers(50)
    arrived(servers[0], total=50)
    servers[0].stop()
    servers[1].stop()
    way.publish_numbers(50, first=50)
    arrived(*servers, total=100)
    assert set(numbers(servers[2].events())) == set(range(50, 100))
    servers[0].start()
    servers[1].start()
    way.publish_numbers(50, first=100)
    arrived(*servers, total=150)
    assert set(numbers(servers[2].events())) == set(range(50, 150))
    way.wait_delivered(150)


def test_what_one_host_acknowledged_the_next_one_does_not_get(servers, make_way):
    servers[0].behave = lambda n, size: [size // 2, 0.05, CLOSE]
    way = make_way(servers, "in_flight 1", "linger 200")
    way.publish_numbers(WINDOW)
    way.wait_delivered(WINDOW)
    arrived(*servers, total=WINDOW)
    # The first one may be tried twice: a connection that was open already may have been too old.
    done = numbers(servers[0].acknowledged())
    assert done == list(range(len(done))) and 0 < len(done) < WINDOW
    assert numbers(servers[1].events()) == list(range(len(done), WINDOW))


def test_balance_spreads_batches_and_passes_over_who_is_away(servers, make_way):
    servers[1].stop()
    way = make_way(servers, "balance true", "batch_records 10")
    way.publish_numbers(TOTAL)
    arrived(*servers)
    assert len(servers[0].windows) > 3 and len(servers[2].windows) > 3
    assert servers[0].connections == servers[2].connections == 1
    way.wait_delivered(TOTAL)


def test_each_host_that_fails_is_told_of_once(servers, make_way):
    for server in servers[:2]:
        server.behave = lambda n, size: [CLOSE]
    way = make_way(servers[:2])
    way.publish_numbers(5)
    wait_until(lambda: all(server.connections > 4 for server in servers[:2]), 30, "many attempts")
    said = [line for line in way.gateway.process.stderr().splitlines() if "warning" not in line]
    for server in servers[:2]:
        assert sum(f"127.0.0.1:{server.port}: the server closed" in line for line in said) == 1
        server.behave = None
    wait_until(lambda: way.gateway.process.says("takes records again"), 20, "the good news")
    arrived(*servers, total=5)


# --- TLS ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def pki():
    with Scratch() as scratch:
        pki = Pki(scratch.folder("pki"))
        pki.server, pki.client, pki.other = pki.issue("server"), pki.issue("client"), None
        pki.other = Pki(scratch.folder("other")).path("ca.crt")
        yield pki


def test_tls(pki, make_way):
    server = LumberjackServer(*pki.server)
    way = make_way([server], f"cafile {pki.path('ca.crt')}")
    way.publish_numbers(TOTAL)
    arrived(server)
    way.wait_delivered(TOTAL)
    server.stop()


def test_a_server_of_an_authority_that_is_not_known_gets_nothing(pki, make_way):
    server = LumberjackServer(*pki.server)
    way = make_way([server], f"cafile {pki.other}")
    way.publish_numbers(5)
    way.wait_for_problem("no TLS with 127.0.0.1", "certificate")
    assert server.events() == []
    way.change([f"hosts 127.0.0.1:{server.port}", f"cafile {pki.path('ca.crt')}", *SMALL])
    arrived(server, total=5)
    server.stop()


def test_a_server_that_asks_for_a_certificate(pki, make_way):
    server = LumberjackServer(*pki.server, ca=pki.path("ca.crt"))
    bare = make_way([server], f"cafile {pki.path('ca.crt')}")
    bare.publish_numbers(5)
    bare.wait_for_problem("certificate")
    assert server.events() == []
    certificate, key = pki.client
    way = make_way([server], f"cafile {pki.path('ca.crt')}", f"certfile {certificate}", f"keyfile {key}")
    way.publish_numbers(TOTAL)
    wait_until(lambda: set(numbers(server.events())) == set(range(TOTAL)), 20, "all records")
    server.stop()


def test_a_server_that_speaks_tls_to_one_that_does_not(pki, make_way):
    server = LumberjackServer(*pki.server)
    way = make_way([server])
    way.publish_numbers(1)
    way.wait_for_problem("does it want TLS?")
    server.stop()


def test_a_server_that_does_not_speak_tls(server, make_way):
    way = make_way([server], "tls true")
    way.publish_numbers(1)
    way.wait_for_problem("no TLS with 127.0.0.1")
    assert server.events() == []


# --- what cannot be an event ----------------------------------------------------------------------

POISON = ["OK - fine", "[1]", '{"n":', "", '{"n":1} x', '{"n":"\\x"}', b'{"n":"\xff"}', '{"a":' * 300]


def test_what_the_server_cannot_read_is_a_dead_letter_and_the_others_arrive(server, make_way):
    way = make_way([server], "schema raw")
    for n, poison in enumerate(POISON):
        way.publish("logs/app", {"payload": {"n": n}})
        way.publish("logs/app", poison)
    way.publish("logs/app", {"payload": {"n": len(POISON)}})
    wait_until(lambda: len(server.events()) > len(POISON), 20, "the others")
    assert numbers(server.events()) == list(range(len(POISON) + 1))
    assert server.connections == 1 and not server.faults
    letters = wait_until(way.dead_letters, 10, "dead letters")
    assert len(letters) == len(POISON)
    assert all("schema logstash" in letter["reason"] for letter in letters)
    way.wait_until_all_right(20)


# Over these Logstash closes the connection, though they are JSON objects.
UNWELCOME = {
    '"event"': {"message": "door opened", "event": "open"}, '"beat"': {"line": "l", "beat": 72},
    '"id"': {"message": "m", "beat": {"id": 7}}, '"tags"': {"tags": {"room": "hall"}},
    '"disk[0]"': {"message": "m", "disk[0]": 7}, '"\\u005b"': '{"a":{"\\u005b":1}}'}


def test_an_object_that_logstash_throws_at_is_a_dead_letter_and_the_others_arrive(server, make_way):
    way = make_way([server], "schema raw")
    for n, poison in enumerate(UNWELCOME.values()):
        way.publish("logs/app", {"payload": {"n": n}, "event": "open"})
        way.publish("logs/app", poison)
    way.publish("logs/app", {"payload": {"n": len(UNWELCOME)}})
    wait_until(lambda: len(server.events()) > len(UNWELCOME), 20, "the others")
    assert numbers(server.events()) == list(range(len(UNWELCOME) + 1))
    assert server.connections == 1 and not server.faults
    letters = wait_until(way.dead_letters, 10, "dead letters")
    assert len(letters) == len(UNWELCOME)
    for letter, word in zip(letters, UNWELCOME):
        assert word in letter["reason"] and "schema logstash" in letter["reason"]
    way.wait_until_all_right(20)


@pytest.mark.parametrize("schema", ["logstash", "ecs"])
def test_a_schema_keeps_a_publishers_members_apart(server, make_way, schema):
    way = make_way([server], f"schema {schema}", "payload text")
    for poison in UNWELCOME.values():
        way.publish("logs/app", poison)
    wait_until(lambda: len(server.events()) == len(UNWELCOME), 20, "all of them")
    assert way.dead_letters() == []


def test_a_record_that_is_too_large_is_a_dead_letter(server, make_way):
    way = make_way([server], "max_record 10k")
    way.publish("logs/app", {"n": 0, "fill": "x" * 20000})
    way.publish_numbers(1)
    arrived(server, total=1)
    assert "max_record" in wait_until(way.dead_letters, 10, "a dead letter")[0]["reason"]


# --- settings -------------------------------------------------------------------------------------

@pytest.mark.parametrize("line, word", [
    ("hosts 127.0.0.1:0", "port"), ("hosts me@127.0.0.1", "user"), ("metadata Belfry", "metadata"),
    ("compression 10", "compression"), ("window 0", "window"), ("in_flight 9", "in_flight"),
    ("timeout 0", "timeout")])
def test_settings_that_cannot_be_are_named(line, word):
    way = LumberjackWay([], ("hosts 127.0.0.1", line) if "hosts" not in line else (line,))
    done = run([*way.gateway.process.argv, "--test-config"])
    way.end()
    assert done.returncode == 3
    assert word in done.stderr.decode() + done.stdout.decode()


def test_a_port_where_nobody_listens_is_known_before_there_is_something_to_send(make_way):
    port = free_port()
    way = make_way([], f"hosts 127.0.0.1:{port}")
    way.wait_for_problem(f"127.0.0.1:{port}", "refused")
    server = LumberjackServer(port=port)
    way.wait_until_all_right(20)
    stays_true(lambda: server.connections <= 1, 2, "one connection")
    server.stop()
