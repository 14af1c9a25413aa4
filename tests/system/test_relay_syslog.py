# SPDX-License-Identifier: MIT
"""
The plugin syslog with rsyslog and syslog-ng, set up as contrib/relay shows: what arrives is what was
published. Nothing acknowledges, so after a fault the tests ask for what was published since.
"""
import signal
import socket

import pytest

from log_servers import Rsyslog, SyslogNg, fetch_syslog_ng
from pki import Pki
from relay_numbers import NumbersRig
from rig import Scratch
from wait import wait_until

CHECK = {"state": 2, "output": "DISK CRITICAL ]\"\\ Gr\u00fc\u00dfe", "time": 1795406706.789,
         "perfdata": "'a]b'=98%;90;95"}


@pytest.fixture(scope="module")
def packages():
    with Scratch() as scratch:
        yield fetch_syslog_ng(scratch.folder("packages"))


@pytest.fixture
def pki(scratch):
    pki = Pki(scratch.folder("pki"))
    pki.issue("logs")
    pki.issue("gateway")
    return pki


@pytest.fixture
def make_server(scratch, pki, request):
    def make(name):
        if name == "rsyslog":
            return Rsyslog(scratch.folder("rsyslog"), pki).start()
        return SyslogNg(scratch.folder("syslog-ng"), pki, request.getfixturevalue("packages")).start()
    return make


@pytest.fixture
def make_way(scratch, pki):
    """make_way(server, "tls", *lines) starts broker and gateway; a certificate unless lines say."""
    ways = []

    def make(server, kind, *lines):
        if kind == "tls" and not any(line.startswith("cafile") for line in lines):
            lines += (f"cafile {pki.path('ca.crt')}", f"certfile {pki.path('gateway.crt')}",
                      f"keyfile {pki.path('gateway.key')}")
        ways.append(NumbersRig(scratch, "syslog", [
            f"url {kind}://127.0.0.1:{server.ports[kind]}", "timeout 2s", *lines]).start())
        return ways[-1]

    yield make
    for way in ways:
        way.end()


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("name", ["rsyslog", "syslog-ng"])
def test_every_field_arrives(make_server, make_way, name, kind):
    server = make_server(name)
    way = make_way(server, kind, "facility local1", "severity info", "app_name ${topic[0]}")
    way.publish("nagios/web1/disk", CHECK)
    way.publish("logs/app", "a message\nof two lines")
    got = server.wait_for(lambda r: r["kind"] == "check")
    assert got["time"].startswith("2026-11-23T04:05:06")
    assert (got["host"], got["app"], got["facility"], got["severity"]) == (
        "web1", "nagios", "local1", "crit")
    assert got["service"] == "disk"
    assert got["state"] == "CRITICAL"
    assert got["perfdata"] == CHECK["perfdata"]
    assert got["message"].lstrip("\ufeff") == CHECK["output"]
    got = server.wait_for(lambda r: r["kind"] == "message")
    assert (got["host"], got["app"], got["severity"]) == (socket.gethostname(), "logs", "info")
    assert got["message"].replace("#012", "\n").lstrip("\ufeff") == "a message\nof two lines"


def test_a_message_is_of_the_host_that_its_topic_names(make_server, make_way):
    server = make_server("rsyslog")
    way = make_way(server, "tcp", "host ${topic[1]}")
    way.publish("logs/web7/app", "x")
    assert server.wait_for(lambda r: r["kind"] == "message")["host"] == "web7"


def test_line_feeds_part_messages_where_the_server_wants_that(make_server, make_way):
    server = make_server("rsyslog")  # the source syslog() of syslog-ng wants octets counted
    way = make_way(server, "tcp", "framing newline")
    way.publish("logs/app", "a message\nof two lines")
    way.publish_numbers(0, 50)
    wait_until(lambda: len(server.numbers()) == 50, 20, "all messages")
    assert server.records()[0]["message"].lstrip("\ufeff") == "a message of two lines"


@pytest.mark.parametrize("name, kind", [("rsyslog", "tcp"), ("rsyslog", "tls"), ("syslog-ng", "tcp"),
                                        ("syslog-ng", "tls")])
def test_many_arrive_in_order(make_server, make_way, name, kind):
    server = make_server(name)
    way = make_way(server, kind)
    way.publish_numbers(0, 3000)
    wait_until(lambda: len(server.numbers()) >= 3000, 30, "all messages")
    assert server.numbers() == list(range(3000))


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_what_is_published_while_it_is_stopped_arrives_later(make_server, make_way, kind):
    server = make_server("rsyslog")
    way = make_way(server, kind)
    way.publish_numbers(0, 10)
    wait_until(lambda: len(server.numbers()) == 10, 20, "the first messages")
    server.process.kill()
    # Of datagrams the socket of a server that does not read yet holds 160, and drops the others.
    later = 50 if kind == "udp" else 200
    way.publish_numbers(10, later)
    way.wait_for_problem("ICMP: port unreachable" if kind == "udp" else "refused")
    server.start()
    wait_until(lambda: set(server.numbers()) == set(range(10 + later)), 30, "all messages")
    way.wait_until_all_right()


def test_nothing_is_lost_while_it_is_paused(make_server, make_way):
    """Megabytes: more than the sockets hold, so that sending is given up and done again."""
    server = make_server("rsyslog")
    way = make_way(server, "tcp", "batch_records 100")
    way.publish_numbers(0, 10)
    wait_until(lambda: len(server.numbers()) == 10, 20, "the first messages")
    server.process.signal(signal.SIGSTOP)
    way.publish_numbers(10, 1490, "x" * 7000 + " ")
    wait_until(lambda: way.gateway.process.says("no answer in time"), 20, "the gateway giving up")
    server.process.signal(signal.SIGCONT)
    wait_until(lambda: set(server.numbers()) == set(range(1500)), 60, "all messages")


def test_a_restart_between_two_batches_loses_nothing(make_server, make_way):
    server = make_server("rsyslog")
    way = make_way(server, "tcp")
    for turn in range(5):
        way.publish_numbers(turn * 10, 10)
        wait_until(lambda: len(server.numbers()) == turn * 10 + 10, 20, "this turn's messages")
        server.process.kill()
        server.start()
    way.publish_numbers(50, 10)
    wait_until(lambda: len(server.numbers()) == 60, 20, "the last messages")
    assert server.numbers() == list(range(60))


def test_an_unknown_authority_is_refused(scratch, make_server, make_way):
    server = make_server("rsyslog")
    other = Pki(scratch.folder("other"))
    way = make_way(server, "tls", f"cafile {other.path('ca.crt')}")
    way.publish("logs/app", "secret")
    way.wait_for_problem("TLS", "certificate")
    assert server.records() == []


@pytest.mark.parametrize("name", ["rsyslog", "syslog-ng"])
def test_what_a_server_turns_away_is_not_lost(pki, make_server, make_way, name):
    """In TLS 1.3 a client is done with the handshake before its certificate is looked at."""
    server = make_server(name)
    server.process.kill()
    way = make_way(server, "tls", f"cafile {pki.path('ca.crt')}")
    way.publish_numbers(0, 10)
    way.wait_for_problem("refused")
    server.start()  # and the records are waiting for the connection
    way.wait_for_problem("closes the connection as soon as it is made")
    assert way.status().get("behind") == 10
    way.change([f"url tls://127.0.0.1:{server.ports['tls']}", f"cafile {pki.path('ca.crt')}",
                f"certfile {pki.path('gateway.crt')}", f"keyfile {pki.path('gateway.key')}"])
    wait_until(lambda: server.numbers() == list(range(10)), 20, "all messages")
