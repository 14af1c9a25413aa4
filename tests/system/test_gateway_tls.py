# SPDX-License-Identifier: MIT
"""The gateway and its broker over TLS: whom it believes, what it shows, what it says of failures."""
import subprocess

import pytest

from broker import MOSQUITTO, Broker, free_port
from gateway import Gateway
from mqtt import Observer
from pki import Pki
from process import give_away, program, run
from wait import stays_true, wait_until

BAD_CONFIGURATION = 3
KEY = "c0ffee" * 5
BROKERS = pytest.mark.parametrize("which", [None, MOSQUITTO], ids=["belfry", "mosquitto"])


@pytest.fixture
def pki(scratch):
    return Pki(scratch.folder("pki"))


class Way:
    """A broker with a TLS listener beside the one of the observer, and a gateway for it."""

    def __init__(self, scratch, listener, which=None, host="127.0.0.1", lines=()):
        self.tls, self.scratch = free_port(), scratch
        self.broker = Broker(scratch.folder("broker"),
                             ["allow_anonymous true", f"listener {self.tls} 127.0.0.1",
                              *listener], which).start()
        self.observer = Observer(self.broker.port).connect()
        self.url = f"mqtts://{host}:{self.tls}"
        self.gateway = Gateway(scratch.folder("gateway"), self.broker.port,
                               scratch.path / "nagios.cmd", brokers=[f"broker {self.url}", *lines])

    def comes_online(self):
        wait_until(lambda: "online" in self.observer.states(), 10, "the gateway online")
        assert self.gateway.process.says("connected with MQTT 5")

    def says(self, *words):
        """It says so, in one line, and does not get in."""
        wait_until(lambda: self.gateway.process.says(*words), 10, f"a line of {words}")
        assert self.observer.states() == []
        assert "OpenSSL" not in self.gateway.process.stderr()


@pytest.fixture
def make_way(scratch):
    ways = []

    def make(listener, lines, **how):
        ways.append(Way(scratch, listener, lines=lines, **how))
        ways[-1].gateway.start()
        return ways[-1]

    yield make
    for way in ways:
        way.observer.close()


def shown(pki, name="broker", **how):
    certificate, key = pki.issue(name, **how)
    return [f"certfile {certificate}", f"keyfile {key}"]


# --- who gets in

@BROKERS
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_of_the_authority_for_the_host_is_believed(make_way, pki, which, host):
    make_way(shown(pki), [f"cafile {pki.path('ca.crt')}"], which=which, host=host).comes_online()


def test_authorities_may_stand_in_a_folder(make_way, pki, scratch):
    folder = scratch.folder("authorities")
    (folder / "ca.pem").write_bytes(pki.path("ca.crt").read_bytes())
    subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
    make_way(shown(pki), [f"capath {folder}"]).comes_online()


def test_the_authorities_of_the_system_may_count(make_way, pki, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.path("ca.crt")))
    make_way(shown(pki), ["tls_use_os_certs true"]).comes_online()


@BROKERS
def test_it_shows_a_certificate_where_one_is_asked_for(make_way, pki, which):
    certificate, key = pki.issue("gateway")
    ca = pki.path("ca.crt")
    make_way(shown(pki) + [f"cafile {ca}", "require_certificate true"],
             [f"cafile {ca}", f"certfile {certificate}", f"keyfile {key}"],
             which=which).comes_online()


@BROKERS
@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
def test_a_key_that_both_know_takes_the_place_of_certificates(make_way, scratch, which, version):
    listener = ["psk_hint site", f"psk_file {keys(scratch, 'broker.psk', f'gate:{KEY}')}",
                "use_identity_as_username true"]
    if which == MOSQUITTO and version == "tlsv1.3":
        pytest.skip("the distribution's Mosquitto takes pre-shared keys up to TLS 1.2")
    way = make_way(listener, [f"psk_file {keys(scratch, 'gateway.psk', f'gate:{KEY}')}",
                              f"tls_version {version}"], which=which)
    way.comes_online()


def test_of_several_keys_the_named_one_is_taken(make_way, scratch):
    both = keys(scratch, "both.psk", f"other:{KEY[::-1]}\ngate:{KEY}")
    one = keys(scratch, "one.psk", f"gate:{KEY}")
    make_way(["psk_hint site", f"psk_file {one}"],
             [f"psk_file {both}", "psk_identity gate"]).comes_online()


def keys(scratch, name, text):
    path = scratch.path / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return give_away(path)


# --- who does not, and what is said of it

def test_an_unknown_authority(make_way, pki, scratch):
    other = Pki(scratch.folder("other"))
    way = make_way(shown(pki), [f"cafile {other.path('ca.crt')}"])
    way.says("not signed by an authority that we trust", "cafile")


def test_a_broker_of_another_name(make_way, pki):
    way = make_way(shown(pki), [f"cafile {pki.path('ca.crt')}"], host="127.0.0.2")
    way.broker.end()
    way.broker.config.write_text(way.broker.config.read_text().replace(
        f"listener {way.tls} 127.0.0.1", f"listener {way.tls} 127.0.0.2"))
    way.broker.start()
    way.says("certificate does not name 127.0.0.2")


def test_a_certificate_that_has_expired(make_way, pki):
    way = make_way(shown(pki, days=(-10, -1)), [f"cafile {pki.path('ca.crt')}"], which=MOSQUITTO)
    way.says("broker's certificate has expired", "renew")


def test_a_certificate_that_has_been_revoked(make_way, pki):
    listener = shown(pki)
    crl = pki.revoke("broker")
    way = make_way(listener, [f"cafile {pki.path('ca.crt')}", f"crlfile {crl}"])
    way.says("has been revoked", "crlfile")


@BROKERS
def test_a_broker_that_wants_a_certificate(make_way, pki, which):
    ca = pki.path("ca.crt")
    way = make_way(shown(pki) + [f"cafile {ca}", "require_certificate true"], [f"cafile {ca}"],
                   which=which)
    way.says("wants a certificate of ours", "certfile and keyfile")


@BROKERS
def test_a_certificate_that_the_broker_does_not_accept(make_way, pki, scratch, which):
    certificate, key = Pki(scratch.folder("other")).issue("gateway")
    ca = pki.path("ca.crt")
    way = make_way(shown(pki) + [f"cafile {ca}", "require_certificate true"],
                   [f"cafile {ca}", f"certfile {certificate}", f"keyfile {key}"], which=which)
    way.says("does not accept our certificate", "certfile")


@BROKERS
@pytest.mark.parametrize("line", [f"other:{KEY}", f"gate:{KEY[::-1]}"], ids=["identity", "key"])
def test_a_key_that_the_broker_does_not_know(make_way, scratch, which, line):
    way = make_way(["psk_hint site", f"psk_file {keys(scratch, 'broker.psk', f'gate:{KEY}')}"],
                   [f"psk_file {keys(scratch, 'gateway.psk', line)}"], which=which)
    way.says("does not take our pre-shared key", "psk_file")
    assert KEY not in way.gateway.process.stderr()


@BROKERS
def test_a_port_without_tls(make_way, pki, which):
    make_way([], [f"cafile {pki.path('ca.crt')}"], which=which).says("hung up", "TLS on this port")


def test_a_broker_that_shows_a_certificate_where_a_key_was_agreed_on(make_way, pki, scratch):
    way = make_way(shown(pki), [f"psk_file {keys(scratch, 'gateway.psk', f'gate:{KEY}')}"])
    wait_until(lambda: way.gateway.process.says("trying again"), 10, "a line about the broker")
    stays_true(lambda: way.observer.states() == [], 0.5, "the gateway outside")


# --- what the configuration is refused for

@pytest.fixture
def tested(scratch):
    """tested(*lines) runs --test-config with these below a mqtts:// broker: (status, text)."""
    gateway = Gateway(scratch.folder("gateway"), 1, scratch.path / "nagios.cmd")

    def test(*lines):
        gateway.configure(brokers=["broker mqtts://localhost:1", *lines])
        done = run([program("belfry-gateway", scratch.path), "-c", gateway.config, "--test-config"])
        return done.returncode, (done.stdout + done.stderr).decode()
    return test


def test_files_are_read_by_the_test_of_the_configuration(tested, pki, scratch):
    ca, empty, rubbish = pki.path("ca.crt"), scratch.path / "empty", scratch.path / "rubbish"
    certificate, key = pki.issue("gateway")
    _, other = pki.issue("other")
    empty.touch()
    rubbish.write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
    pair = [f"certfile {certificate}", f"keyfile {key}"]
    assert tested(f"cafile {ca}", *pair)[0] == 0
    for lines, words in [
            ([f"cafile {empty}"], ["empty", "no certificate in it"]),
            ([f"cafile {rubbish}"], ["rubbish", "cannot be read"]),
            ([f"cafile {ca}", f"crlfile {ca}"], ["ca.crt", "no certificate revocation list"]),
            ([f"cafile {ca}", f"certfile {certificate}", f"keyfile {other}"],
             ["other.key", "does not belong"]),
            ([f"cafile {ca}", f"certfile {empty}", f"keyfile {key}"], ["no certificate in it"]),
            ([], ["cafile", "is missing", "psk_file"])]:
        code, text = tested(*lines)
        assert code == BAD_CONFIGURATION and all(word in text for word in words), (lines, text)


def test_a_secret_that_everybody_can_read_is_refused(tested, scratch):
    secret = keys(scratch, "psk", f"gate:{KEY}")
    assert tested(f"psk_file {secret}")[0] == 0
    secret.chmod(0o644)
    code, text = tested(f"psk_file {secret}")
    assert code == BAD_CONFIGURATION and "chmod 640" in text and KEY not in text


def test_a_line_of_the_psk_file_that_is_wrong_shows_no_key(tested, scratch):
    code, text = tested(f"psk_file {keys(scratch, 'psk', f'gate {KEY}')}")
    assert code == BAD_CONFIGURATION and "IDENTITY:HEXKEY" in text and KEY not in text


def test_an_old_configuration_of_several_brokers_is_told_what_to_do(scratch, pki):
    gateway = Gateway(scratch.folder("gateway"), 1, scratch.path / "nagios.cmd", brokers=[
        "broker mqtts://localhost:1", "broker mqtt://localhost:2", f"cafile {pki.path('ca.crt')}"])
    done = run([program("belfry-gateway", scratch.path), "-c", gateway.config, "--test-config"])
    text = done.stderr.decode()
    assert done.returncode == BAD_CONFIGURATION
    assert "before the first broker" in text and f"{gateway.config}:6: 'cafile'" in text
