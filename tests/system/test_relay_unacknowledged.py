# SPDX-License-Identifier: MIT
"""
Protocols without answers, and a server that reads nothing and dies: what only the gateway's kernel
had is delivered to the next one. Each record is larger than what the dying one's kernel takes.
"""
import time

import pytest

from deaf import Deaf
from log_servers import Carbon, GelfServer, Rsyslog
from pki import Pki
from relay_numbers import CHECKS, NumbersRig
from wait import wait_until

COUNT = 20
VALUES = 10


@pytest.fixture
def pki(scratch):
    pki = Pki(scratch.folder("pki"))
    pki.issue("logs")
    pki.issue("gateway")
    return pki


@pytest.fixture
def make_way(scratch):
    ways = []

    def make(plugin, *lines, **how):
        ways.append(NumbersRig(scratch, plugin, lines, **how).start())
        return ways[-1]

    yield make
    for way in ways:
        way.end()


def dies_with(deaf, way, count):
    """What it was sent is not delivered, and it is gone."""
    wait_until(deaf.unread, 20, "something at the server that does not read")
    wait_until(lambda: way.status().get("behind") == count, 20, "all in the gateway's journal")
    deaf.die()
    way.wait_for_problem("refused")


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_syslog(scratch, pki, make_way, kind):
    server = Rsyslog(scratch.folder("rsyslog"), pki)
    deaf = Deaf(server.ports[kind], *(pki.path(f"logs.{end}") for end in ("crt", "key") if kind == "tls"))
    tls = [f"cafile {pki.path('ca.crt')}", f"certfile {pki.path('gateway.crt')}",
           f"keyfile {pki.path('gateway.key')}"] if kind == "tls" else []
    way = make_way("syslog", f"url {kind}://127.0.0.1:{server.ports[kind]}", *tls)
    way.publish_numbers(0, COUNT, "x" * 7000 + " ")
    dies_with(deaf, way, COUNT)
    server.start()
    wait_until(lambda: set(server.numbers()) == set(range(COUNT)), 30, "all messages")


def test_gelf(make_way):
    server = GelfServer()
    url = server.url("tcp")
    server.stop()
    deaf = Deaf(int(url.rpartition(":")[2]))
    way = make_way("gelf", f"url {url}")
    way.publish_numbers(0, COUNT, "x" * 7000 + " ")
    dies_with(deaf, way, COUNT)
    server.start()
    wait_until(lambda: {m["short_message"].split()[-1] for m in server.messages} ==
               {str(n) for n in range(COUNT)}, 30, "all messages")
    server.stop()


def test_graphite(scratch, make_way):
    carbon = Carbon(scratch.folder("carbon"))
    deaf, prefix = Deaf(carbon.port), ".".join("x" * 60 for _ in range(12))
    way = make_way("graphite", f"url tcp://127.0.0.1:{carbon.port}", f"path {prefix}.${{service}}",
                   routes=CHECKS)
    at = int(time.time()) - 60
    way.check("h", "s", time=at, perfdata=" ".join(f"v{n}={n}" for n in range(VALUES)))
    dies_with(deaf, way, 1)
    carbon.start()
    wait_until(lambda: all(carbon.value(f"{prefix}.s.v{n}", at) == n for n in range(VALUES)), 30,
               "all values")
