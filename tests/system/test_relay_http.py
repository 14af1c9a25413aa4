# SPDX-License-Identifier: MIT
"""The plugin http and webhooks: every body, every fault; nothing acknowledged is lost."""
import json

import pytest

from http_rig import HttpRig, identity, numbers
from http_sink import CUT, SILENT, Webhook, answer, chunked, cut_before
from pki import Pki
from process import give_away
from wait import let_pass, stays_true, wait_until

BODIES = ["array", "lines", "each"]


@pytest.fixture
def sink():
    sink = Webhook()
    yield sink
    sink.close()
    sink.was_sent_nothing_wrong()


@pytest.fixture
def make_rig(scratch):
    rigs = []

    def make(sink, *lines, scheme="http"):
        rigs.append(HttpRig(scratch, f"url {scheme}://127.0.0.1:{sink.port}/in", *lines))
        return rigs[-1].start()

    yield make
    for rig in rigs:
        rig.end()


def arrived(sink, count):
    wait_until(lambda: set(numbers(sink.records)) >= set(range(count)), 30, "all results")
    identity(sink.records)


@pytest.mark.parametrize("compression", ["off", "gzip"])
@pytest.mark.parametrize("body", BODIES)
def test_everything_arrives_once_and_in_order(make_rig, sink, body, compression):
    rig = make_rig(sink, f"body {body}", f"compression {compression}", "header X-Site: north")
    rig.numbers(60)
    arrived(sink, 60)
    assert numbers(sink.records) == list(range(60))
    assert all(r.headers["x-site"] == "north" and r.target == "/in" for r in sink.requests)
    assert sink.connections == 1, "the connection is kept"
    assert (len(sink.requests) == 60) == (body == "each")


FAULTS = {
    "cut": CUT,
    "half_head": cut_before(answer(200, b"taken"), b"-Length"),
    "half_body": cut_before(answer(200, b"taken"), b"ken"),
    "silent": SILENT,
    "503": answer(503, b"not now", "Retry-After: 1"),
    "429": answer(429, b"", "Retry-After: 0"),
    "408": answer(408),
    "broken_chunk": (chunked(200, b"taken")[:-7], True),
    "no_http": (b"220 mail.example ESMTP\r\n", True),
}


@pytest.mark.parametrize("stores_first", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("body", ["array", "each"])
def test_a_fault_in_place_of_an_answer_loses_nothing(make_rig, sink, body, fault, stores_first):
    sink.stores_first = stores_first
    sink.behave = lambda n, request: FAULTS[fault] if n in (1, 2) else None
    rig = make_rig(sink, f"body {body}", "batch_records 5")
    rig.numbers(20)
    arrived(sink, 20)
    again = len(sink.records) - 20
    assert again == 0 if not stores_first else 1 <= again <= 2 * 5


@pytest.mark.parametrize("reply", [chunked(200, b"taken"), answer(202), answer(204),
                                   answer(200, b"x" * 3000000)], ids=["chunked", "202", "204", "long"])
def test_any_success_is_one(make_rig, sink, reply):
    sink.stores_first, sink.behave = True, lambda n, request: reply
    rig = make_rig(sink, "max_response 4k")
    rig.numbers(5)
    arrived(sink, 5)
    stays_true(lambda: len(sink.records) == 5, 0.5, "each once")


def test_a_server_that_stops_and_comes_back(make_rig, sink):
    rig = make_rig(sink)
    rig.numbers(10)
    arrived(sink, 10)
    sink.close()
    rig.numbers(30, first=10)
    rig.says('output "relay"', "waits in the journal")
    sink.open()
    arrived(sink, 40)
    assert numbers(sink.records) == list(range(40))
    rig.says('output "relay"', "delivers again")


def test_the_gateway_killed_loses_nothing(make_rig, sink):
    sink.behave = lambda n, request: SILENT
    rig = make_rig(sink, "timeout 60s")
    rig.numbers(20)
    wait_until(lambda: sink.requests, 10, "a request")
    rig.gateway.kill()
    sink.behave = lambda n, request: None
    rig.start_gateway()
    arrived(sink, 20)


def test_the_gateway_ends_at_once_though_nobody_answers(make_rig, sink):
    sink.behave = lambda n, request: SILENT
    rig = make_rig(sink, "timeout 10m")
    rig.numbers(1)
    wait_until(lambda: sink.requests, 10, "a request")
    assert rig.process.end(timeout=10) == 0


@pytest.mark.parametrize("body", BODIES)
def test_a_poison_record_becomes_a_dead_letter(make_rig, sink, body):
    def behave(n, request):
        return answer(422, {"message": "13 is unlucky"}) if b"number 13" in request.body else None
    sink.behave = behave
    rig = make_rig(sink, f"body {body}", "batch_records 16")
    rig.numbers(30)
    wait_until(lambda: len(set(numbers(sink.records))) == 29 and rig.dead_letters(), 30, "the others")
    identity(sink.records)
    assert sorted(numbers(sink.records)) == [n for n in range(30) if n != 13]
    (letter,) = rig.dead_letters()
    assert "13 is unlucky" in json.dumps(letter) and "number 13" in json.dumps(letter)


def test_credentials(make_rig, sink, scratch):
    def behave(n, request):
        good = request.headers.get("authorization") == "Basic cmVsYXk6YTpi"
        return None if good else answer(401, b"who are you?")
    sink.behave = behave
    rig = make_rig(sink)
    rig.numbers(3)
    rig.says("401: who are you?; set user and password_file, or token_file")
    rig.change(f"url http://127.0.0.1:{sink.port}/in", "user relay",
               f"password_file {rig.secret('password', 'a:b')}")
    arrived(sink, 3)
    assert "a:b" not in rig.process.stderr()


@pytest.mark.parametrize("auth,word", [("bearer", "Bearer"), ("token", "Token"), ("apikey", "ApiKey")])
def test_a_token(scratch, sink, auth, word):
    token = scratch.path / "token"
    token.write_text("t0ken\n")
    token.chmod(0o600)
    give_away(token)
    rig = HttpRig(scratch, f"url http://127.0.0.1:{sink.port}/in", f"auth {auth}",
                  f"token_file {token}").start()
    rig.numbers(1)
    arrived(sink, 1)
    assert sink.requests[0].headers["authorization"] == f"{word} t0ken"
    rig.end()


@pytest.mark.parametrize("status", [400, 401, 503])
def test_a_token_that_the_server_repeats_is_not_told(make_rig, sink, status):
    sink.behave = lambda n, request: answer(status, b"what is t0ken?") if n == 0 else None
    rig = make_rig(sink)
    rig.change(f"url http://127.0.0.1:{sink.port}/in", f"token_file {rig.secret('token', 't0ken')}")
    rig.numbers(1)
    rig.says("the password or token is in it")
    assert "t0ken" not in rig.process.stderr()
    if status != 400:
        arrived(sink, 1)


def test_a_redirect_is_not_followed(make_rig, sink):
    other = Webhook()
    sink.behave = lambda n, request: answer(307, b"", f"Location: http://127.0.0.1:{other.port}/in")
    rig = make_rig(sink)
    rig.numbers(1)
    rig.says("307", f"127.0.0.1:{other.port}/in", "redirects are not followed")
    assert not other.requests
    other.close()


def test_proxies_of_the_environment_are_not_asked(make_rig, sink, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    make_rig(sink).numbers(1)
    arrived(sink, 1)


@pytest.mark.parametrize("lines,words", [
    ((), ("not trusted", "cafile")),
    (("cafile {other}/ca.crt",), ("not trusted", "cafile")),
], ids=["no_cafile", "another_ca"])
def test_an_authority_that_is_not_known(make_rig, scratch, lines, words):
    own, other = Pki(scratch.folder("own")), Pki(scratch.folder("other"))
    sink = Webhook(certificate=own.issue("server")[0], key=own.path("server.key"))
    lines = [line.format(other=other.folder) for line in lines]
    rig = make_rig(sink, *lines, scheme="https")
    rig.numbers(1)
    rig.says(*words)
    assert not sink.requests
    rig.change(f"url https://127.0.0.1:{sink.port}/in", f"cafile {own.path('ca.crt')}")
    arrived(sink, 1)
    sink.close()


def test_a_client_certificate_and_a_name(make_rig, scratch):
    pki = Pki(scratch.folder("pki"))
    certificate, key = pki.issue("server")
    sink = Webhook(certificate=certificate, key=key, client_ca=pki.path("ca.crt"))
    mine, my_key = pki.issue("relay")
    rig = make_rig(sink, f"cafile {pki.path('ca.crt')}", f"certfile {mine}", f"keyfile {my_key}",
                   "tls_version tlsv1.3", scheme="https")
    rig.numbers(3)
    arrived(sink, 3)
    sink.close()


def test_messages_of_any_kind(make_rig, sink):
    rig = make_rig(sink, "schema raw")
    for payload in ('{"a":1}', "plain \"text\"", '{"a":1},{"b":2}'):
        rig.publish_all("logs/x", [payload])
    wait_until(lambda: len(sink.records) == 3, 20, "all messages")
    assert sink.records == [{"a": 1}, "plain \"text\"", '{"a":1},{"b":2}']


def test_a_slow_server_gets_bigger_batches(make_rig, sink):
    def behave(n, request):
        let_pass(0.2)
        return None
    sink.behave = behave
    rig = make_rig(sink)
    rig.numbers(300)
    arrived(sink, 300)
    assert numbers(sink.records) == list(range(300))
    assert len(sink.requests) < 100


def test_tls_that_is_set_and_not_spoken_is_warned_of(make_rig, sink, scratch):
    rig = make_rig(sink, f"cafile {Pki(scratch.folder('authority')).path('ca.crt')}")
    rig.numbers(1)
    arrived(sink, 1)
    assert rig.process.says("it connects without TLS", "write https:// in url")


@pytest.mark.parametrize("lines,words", [
    (("url ftp://127.0.0.1/",), ("http://", "https://")),
    (("url http://u:p@127.0.0.1/",), ("password_file",)),
    (("url http://127.0.0.1/", "user u"), ("password_file",)),
    (("url http://127.0.0.1/", "header Authorization: x"), ("token_file",)),
    (("url http://127.0.0.1/", "format elasticsearch"), ("index",)),
    (("url http://127.0.0.1/", "format influxdb"), ("/write?db=",)),
    (("url http://127.0.0.1/", "format loki", "label a-b=c"), ("a-b=c",)),
], ids=["scheme", "password", "user", "header", "index", "influxdb", "label"])
def test_settings_that_do_not_fit(scratch, lines, words):
    rig = HttpRig(scratch, *lines)
    rig.gateway.start()
    wait_until(lambda: not rig.process.is_running(), 10, "the end")
    assert rig.process.popen.returncode == 3
    assert rig.process.says(*words)
