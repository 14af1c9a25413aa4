# SPDX-License-Identifier: MIT
"""belfry submit over TLS: whom it believes, and what it says when it does not."""
import pytest

from broker import Broker, free_port
from pki import Pki
from process import program, run

RESULT = ["--host", "h0", "--state", "up", "--output", "x"]
REFUSED, USAGE, UNREACHABLE = 1, 2, 3  # 1: nobody is subscribed, but the broker was reached


@pytest.fixture
def pki(scratch):
    return Pki(scratch.folder("pki"))


@pytest.fixture
def submit(scratch, pki):
    """submit(host, *options) gives (status, what it said) of a try over TLS."""
    certificate, key = pki.issue("broker")
    tls = free_port()

    def start(*lines):
        Broker(scratch.folder("broker"), ["allow_anonymous true", f"listener {tls} 127.0.0.1",
                                          f"certfile {certificate}", f"keyfile {key}",
                                          *lines]).start()

    def make(host, *options):
        done = run([program("belfry", scratch.path), "submit", "--broker", f"mqtts://{host}:{tls}",
                    *RESULT, *options])
        return done.returncode, done.stderr.decode()

    make.start, make.tls = start, tls
    return make


def test_a_broker_of_the_given_authority_is_believed(submit, pki):
    submit.start()
    assert "nobody" in submit("localhost", "--cafile", pki.path("ca.crt"))[1]
    code, text = submit("127.0.0.1", "--cafile", pki.path("ca.crt"))
    assert code == REFUSED and "certificate" not in text


def test_one_of_another_authority_is_not(submit, scratch):
    submit.start()
    other = Pki(scratch.folder("other"))
    for options in (["--cafile", other.path("ca.crt")], []):
        code, text = submit("localhost", *options)
        assert code == UNREACHABLE and "not signed by an authority that we trust" in text
        assert "--cafile" in text


def test_a_certificate_goes_with_the_authorities_of_the_system(submit, pki, monkeypatch):
    submit.start(f"cafile {pki.path('ca.crt')}", "require_certificate true")
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.path("ca.crt")))
    code, text = submit("localhost")
    assert code == UNREACHABLE and "wants a certificate of ours" in text and "--certfile" in text
    certificate, key = pki.issue("sender")
    assert submit("localhost", "--certfile", certificate, "--keyfile", key)[0] == REFUSED


def test_files_are_looked_at_before_anything_is_sent(submit, scratch):
    empty = scratch.path / "empty"
    empty.touch()
    for options, words in [(["--cafile", empty], ["--cafile", "no certificate in it"]),
                           (["--cafile", "/nowhere"], ["--cafile /nowhere", "No such file"])]:
        code, text = submit("localhost", *options)
        assert code == USAGE and all(word in text for word in words), text
