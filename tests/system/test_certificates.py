# SPDX-License-Identifier: MIT
"""What belfry-broker tells of its listeners' own certificates: changes, and their end."""
import shutil
import signal
import ssl
import subprocess

import pytest

from broker import Broker, free_port
from http_api import HttpApi
from mqtt import Client
from pki import Pki
from process import give_away, run
from rig import Scratch
from wait import wait_until

GAUGE = "belfry_broker_certificate_expiry_timestamp_seconds"
TOPIC = "$SYS/broker/belfry/certificate/expiry"


class Served:
    """A broker with a TLS listener for each of the names; show() has one renewed."""

    def __init__(self, scratch, pki, *names):
        self.pki, self.http = pki, HttpApi()
        self.folder = scratch.folder("broker")
        self.ports = [free_port() for _ in names]
        lines = ["allow_anonymous true"]
        for port, name in zip(self.ports, names):
            self._copy(port, name)
            lines += [f"listener {port} 127.0.0.1", f"certfile {self.certfile(port)}",
                      f"keyfile {self.folder / f'{port}.key'}"]
        self.broker = Broker(self.folder, [*lines, *self.http.lines])

    def certfile(self, port):
        return self.folder / f"{port}.crt"

    def _copy(self, port, name):
        for suffix in ("crt", "key"):
            copy = self.folder / f"{port}.{suffix}"
            shutil.copy(self.pki.path(f"{name}.{suffix}"), copy)
            give_away(copy).chmod(0o600)

    def show(self, port, name):
        """Returns what the broker says to the reload."""
        before = len(self.broker.process.stderr())
        self._copy(port, name)
        self.broker.process.signal(signal.SIGHUP)
        return wait_until(lambda: (said := self.broker.process.stderr()[before:]).endswith(
            "is in effect\n") and said, 10, "an answer to SIGHUP")

    def wait_gauge(self, name):
        wait_until(lambda: self.http.metrics()[GAUGE] == ends(self.pki, name), 10,
                   f"the end of {name}")


def ends(pki, name):
    text = subprocess.check_output(
        ["openssl", "x509", "-in", pki.path(f"{name}.crt"), "-noout", "-enddate"], text=True)
    return ssl.cert_time_to_seconds(text.strip().removeprefix("notAfter="))


@pytest.fixture(scope="module")
def pki():
    with Scratch() as scratch:
        made = Pki(scratch.folder("pki"))
        made.issue("fresh", days=(-1, 90))
        made.issue("later", days=(-1, 120))
        made.issue("soon", days=(-1, 20))
        made.issue("expired", days=(-10, -1))
        yield made


def test_certificate_that_expires_soon_is_warned_of_and_measured(scratch, pki):
    served = Served(scratch, pki, "fresh", "soon")
    fresh, soon = served.ports
    broker = served.broker.start()
    said = broker.process.stderr()
    assert said.count("renew it") == 1
    assert f"warning: listener {soon} 127.0.0.1: certfile {served.certfile(soon)}: the certificate " \
           "expires on 20" in said
    assert served.http.metrics()[GAUGE] == ends(pki, "soon")
    with Client(broker.port) as client:
        client.subscribe(TOPIC)
        assert int(client.wait_for(1)[0].payload) == ends(pki, "soon")

    said = served.show(soon, "expired")
    assert f"listener {soon} 127.0.0.1: certfile {served.certfile(soon)}: the certificate has " \
           "expired on 20" in said
    served.wait_gauge("expired")
    said = served.show(soon, "later")
    assert "renew it" not in said
    served.wait_gauge("fresh")


def test_check_of_the_configuration_warns_of_it_too(scratch, pki):
    served = Served(scratch, pki, "expired")
    done = run([*served.broker.process.argv, "--test-config"])
    assert done.returncode == 0
    assert "the certificate has expired on 20" in done.stderr.decode()


def test_reload_tells_which_listener_shows_another_certificate(scratch, pki):
    served = Served(scratch, pki, "fresh", "fresh")
    one, other = served.ports
    served.broker.start()
    assert "the certificate changes" not in served.show(one, "fresh")
    said = served.show(other, "later")
    assert said.count("the certificate changes") == 1
    assert f"reload: listener {other} 127.0.0.1: the certificate changes from CN=fresh,O=test " \
           "(serial 01, until 20" in said
    assert " UTC) to CN=later,O=test (serial 02, until 20" in said


def test_broker_without_certificates_has_none_that_expires(make_broker):
    http = HttpApi()
    make_broker("allow_anonymous true", *http.lines)
    wait_until(lambda: http.metrics()[GAUGE] == 0, 10, "no certificate")
