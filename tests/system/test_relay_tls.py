# SPDX-License-Identifier: MIT
"""
TLS of every relay that connects, with stunnel as the other end: for each thing that is wrong nothing
is sent, the sentence says what to do, and when that is done all arrives.
"""
import json
import subprocess
import time

import pytest

from http_rig import numbers
from http_sink import Webhook
from log_servers import Carbon, GelfServer, Rsyslog
from lumberjack_server import LumberjackServer
from pki import Pki
from process import give_away
from redis_rig import start_redis
from relay_numbers import CHECKS, NumbersRig
from rig import Scratch
from tls_front import TlsFront
from wait import wait_until

KINDS = ("gelf", "graphite", "http", "lumberjack", "redis", "syslog")
COUNT = 3
ELSEWHERE = "DNS:elsewhere.example"


@pytest.fixture(scope="module")
def pki():
    """server and gateway are as they should be, odd has another name, old has expired."""
    with Scratch() as scratch:
        pki = Pki(scratch.folder("pki"))
        for name, how in (("server", {}), ("gateway", {}), ("logs", {}), ("revoked", {}),
                          ("odd", {"names": ELSEWHERE}), ("old", {"days": (-10, -1)})):
            pki.issue(name, **how)
        pki.revoke().rename(pki.path("nobody.crl"))
        pki.revoke("revoked")
        pki.capath = give_away(scratch.folder("authorities"))
        (pki.capath / "ca.pem").write_text(pki.path("ca.crt").read_text())
        subprocess.run(["openssl", "rehash", pki.capath], check=True)
        pki.other = Pki(scratch.folder("other")).path("ca.crt")
        yield pki


class Gelf:
    scheme = "tls"

    def __init__(self, scratch, pki):
        self.server = GelfServer()
        self.port = int(self.server.url("tcp").rpartition(":")[2])

    def numbers(self):
        return {int(m["short_message"].split()[1]) for m in self.server.messages}

    def end(self):
        self.server.stop()
        assert not self.server.faults


class Graphite:
    scheme = "tls"

    def __init__(self, scratch, pki):
        self.carbon = Carbon(scratch.folder("carbon")).start()
        self.port = self.carbon.port

    def numbers(self):
        return {int(path.split(".")[1]) for path in self.carbon.paths()}

    def end(self):
        pass


class Http:
    scheme = "https"

    def __init__(self, scratch, pki):
        self.sink = Webhook()
        self.port = self.sink.port

    def numbers(self):
        return set(numbers(self.sink.records))

    def end(self):
        self.sink.close()
        self.sink.was_sent_nothing_wrong()


class Lumberjack:
    scheme = None

    def __init__(self, scratch, pki):
        self.server = LumberjackServer()
        self.port = self.server.port

    def numbers(self):
        return set(numbers(self.server.events()))

    def end(self):
        self.server.stop()
        assert not self.server.faults


class Redis:
    scheme = "rediss"

    def __init__(self, scratch, pki):
        self.server = start_redis(scratch)
        self.port = self.server.port

    def numbers(self):
        return set(numbers(json.loads(text) for text in self.server.call("LRANGE", "belfry", 0, -1)))

    def end(self):
        pass


class Syslog:
    scheme = "tls"

    def __init__(self, scratch, pki):
        self.server = Rsyslog(scratch.folder("rsyslog"), pki).start()
        self.port = self.server.ports["tcp"]

    def numbers(self):
        return set(self.server.numbers())

    def end(self):
        pass


PEERS = {cls.__name__.lower(): cls for cls in (Gelf, Graphite, Http, Lumberjack, Redis, Syslog)}


class Way:
    """A relay of this kind to a peer behind stunnel."""

    def __init__(self, kind, scratch, pki):
        self.kind, self.scratch, self.pki = kind, scratch, pki
        self.peer = PEERS[kind](scratch, pki)
        self.front = self.rig = None

    def start(self, certificate, *lines, front=()):
        self.front = TlsFront(self.scratch.folder("stunnel"), self.pki, self.peer.port, certificate,
                              front)
        self.rig = NumbersRig(self.scratch, self.kind, self.block(lines), routes=CHECKS).start()
        for number in range(COUNT):
            self.rig.check("web1", str(number), output=f"number {number}", perfdata=f"n={number}",
                           time=int(time.time()) - 60)

    def block(self, lines):
        where = f"127.0.0.1:{self.front.port}"
        if self.kind == "lumberjack":
            return [f"hosts {where}", "tls true", *lines]
        key = ["key belfry"] if self.kind == "redis" else []
        return [f"url {self.peer.scheme}://{where}", "timeout 5s", *key, *lines]

    def is_refused(self, *words):
        self.rig.wait_for_problem(*words)
        assert self.peer.numbers() == set(), "something was sent all the same"

    def mend(self, *lines):
        self.rig.change(["retry_first 20", "retry_most 1s", *self.block(lines)])

    def all_arrives(self):
        wait_until(lambda: self.peer.numbers() == set(range(COUNT)), 30, "all results")
        self.rig.wait_until_all_right()

    def end(self):
        if self.rig:
            self.rig.end()
        self.peer.end()


@pytest.fixture(params=KINDS)
def way(request, scratch, pki):
    way = Way(request.param, scratch, pki)
    yield way
    way.end()


def test_a_certificate_of_another_name(way, pki):
    ca = f"cafile {pki.path('ca.crt')}"
    way.start("odd", ca)
    way.is_refused(*(("for another name", "mend url") if way.kind == "http" else
                     ("does not name 127.0.0.1", "connect by a name that it has")))
    way.mend(ca, "tls_insecure true")
    way.all_arrives()


def test_tls_insecure_forgives_no_more_than_the_name(way, pki):
    way.start("odd", f"cafile {pki.other}", "tls_insecure true")
    way.is_refused("cafile")
    way.mend(f"cafile {pki.path('ca.crt')}", "tls_insecure true")
    way.all_arrives()


def test_a_certificate_that_has_expired(way, pki):
    way.start("old", f"cafile {pki.path('ca.crt')}")
    way.is_refused("has expired", "renew it")
    way.front.show("server")
    way.all_arrives()


def test_an_authority_that_is_not_known(way, pki):
    way.start("server", f"cafile {pki.other}")
    way.is_refused("trust", "cafile")
    way.mend(f"capath {pki.capath}")
    way.all_arrives()


def test_a_certificate_that_is_revoked(way, pki):
    ca = f"cafile {pki.path('ca.crt')}"
    way.start("revoked", ca, f"crlfile {pki.path('ca.crl')}")
    way.is_refused("revoked", "crlfile")
    way.mend(ca, f"crlfile {pki.path('nobody.crl')}")
    way.all_arrives()


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_server_that_asks_for_a_certificate(way, pki, version):
    ca = f"cafile {pki.path('ca.crt')}"
    way.start("server", ca, front=["requireCert = yes", "verifyChain = yes", f"sslVersion = {version}",
                                   f"CAfile = {pki.path('ca.crt')}"])
    way.is_refused("certfile")
    way.mend(ca, f"certfile {pki.path('gateway.crt')}", f"keyfile {pki.path('gateway.key')}")
    way.all_arrives()


def test_a_server_with_an_older_tls(way, pki):
    ca = f"cafile {pki.path('ca.crt')}"
    way.start("server", ca, "tls_version tlsv1.3", front=["sslVersion = TLSv1.2"])
    way.is_refused("tls_version")
    way.mend(ca, "tls_version tlsv1.2")
    way.all_arrives()
