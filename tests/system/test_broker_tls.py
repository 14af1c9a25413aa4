# SPDX-License-Identifier: MIT
"""TLS listeners: certificates, pre-shared keys, versions, bad peers, reload; with real clients."""
import re
import signal
import socket
import ssl
import subprocess

import pytest

import packet
from mqtt import V311, V5, Client
from packet import Wire
from pki import Pki
from process import give_away, run
from rig import Scratch
from wait import SLACK, let_pass, wait_until

BAD_CONFIGURATION = 3
PSK = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def pki():
    with Scratch() as scratch:
        made = Pki(scratch.folder("pki"))
        made.issue("server", "/CN=localhost")
        for name in ("alice", "bob", "mallory"):
            made.issue(name)
        made.issue("nameless", "/O=test")
        made.issue("expired", days=(-10, -1))
        made.revoke("mallory")
        other = Pki(scratch.folder("other"))
        made.other_ca = other.path("ca.crt")
        yield made


@pytest.fixture
def start(make_broker, pki):
    """start(*lines) starts a broker whose listener has the server's certificate."""
    def make(*lines, certificate="server"):
        return make_broker(f"cafile {pki.path('ca.crt')}",
                           f"certfile {pki.path(certificate + '.crt')}",
                           f"keyfile {pki.path(certificate + '.key')}",
                           "allow_anonymous true", "log_type all", *lines)
    return make


def publish(broker, *options, topic="t", payload="x"):
    """mosquitto_pub; its exit status and what it said."""
    done = subprocess.run(["mosquitto_pub", "-h", "localhost", "-p", str(broker.port), "-q", "1",
                           "-t", topic, "-m", payload, *(str(o) for o in options)],
                          capture_output=True, timeout=20 * SLACK)
    return done.returncode, done.stderr.decode()


def as_client(pki, name, ca=None):
    options = ["--cafile", ca or pki.path("ca.crt")]
    if name:
        options += ["--cert", pki.path(f"{name}.crt"), "--key", pki.path(f"{name}.key")]
    return options


def context_of(pki, name=None):
    context = ssl.create_default_context(cafile=pki.path("ca.crt"))
    if name:
        context.load_cert_chain(pki.path(f"{name}.crt"), pki.path(f"{name}.key"))
    return context


def secured(broker, context, session=None):
    raw = socket.create_connection(("127.0.0.1", broker.port), timeout=5 * SLACK)
    return context.wrap_socket(raw, server_hostname="localhost", session=session)


def has_closed(sock):
    """The other end closes, politely or not; a TLS alert may come first."""
    sock.settimeout(10 * SLACK)
    try:
        while sock.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


def expect_log(broker, *words):
    wait_until(lambda: broker.process.says(*words), 10, f"a line with {words}")


def test_mosquitto_clients_meet_over_tls(start, pki):
    broker = start()
    options = [str(o) for o in as_client(pki, None)]
    listening = subprocess.Popen(
        ["mosquitto_sub", "-h", "localhost", "-p", str(broker.port), "-t", "a/b", "-C", "1",
         "-q", "1", "-i", "sub", *options], stdout=subprocess.PIPE)
    expect_log(broker, "sub 1 a/b")
    assert publish(broker, *options, topic="a/b", payload="hello") == (0, "")
    assert listening.communicate(timeout=10 * SLACK)[0] == b"hello\n"


def test_client_that_does_not_trust_the_server_stays_away(start, pki):
    broker = start()
    status, said = publish(broker, *as_client(pki, None, ca=pki.other_ca))
    assert status != 0 and "TLS" in said
    expect_log(broker, "TLS handshake of 127.0.0.1", "unknown ca")


def test_certificate_names_the_user(start, pki):
    broker = start("require_certificate true", "use_identity_as_username true")
    assert publish(broker, *as_client(pki, "alice"), "-u", "root")[0] == 0
    expect_log(broker, "New client connected", "u'alice'")
    assert publish(broker, *as_client(pki, None))[0] != 0
    expect_log(broker, "TLS handshake", "peer did not return a certificate")


def test_subject_names_the_user(start, pki):
    broker = start("require_certificate true", "use_subject_as_username true")
    assert publish(broker, *as_client(pki, "alice"))[0] == 0
    expect_log(broker, "New client connected", "u'CN=alice,O=test'")


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_certificate_without_a_name_is_refused_where_one_is_needed(start, pki, version):
    broker = start("require_certificate true", "use_identity_as_username true")
    status, said = publish(broker, *as_client(pki, "nameless"), "-V", version, "-u", "root")
    assert status != 0
    assert "bad user" in said.lower() or "not authorised" in said.lower()
    expect_log(broker, "refused", "bad user name or password")


def said_of_names(broker):
    return [line.partition(f"{broker.config}:")[2] for line in broker.process.stderr().splitlines()
            if "warning" in line and "_as_username" in line]


def test_name_of_a_certificate_that_nobody_is_asked_for_is_warned_of(start, make_broker, pki):
    broker = start("use_identity_as_username true")
    assert said_of_names(broker) == [
        "7: 'use_identity_as_username': lets nobody in, because no certificate is asked for; add a "
        "line: require_certificate true"]
    assert publish(broker, *as_client(pki, "alice"), "-u", "root")[0] != 0
    expect_log(broker, "refused", "bad user name or password")
    plain = make_broker("allow_anonymous true", "log_type all", "use_subject_as_username true")
    assert said_of_names(plain) == [
        "4: 'use_subject_as_username': has no effect without TLS, clients name themselves; add "
        "lines: certfile PATH and keyfile PATH"]
    assert publish(plain, "-u", "root")[0] == 0
    expect_log(plain, "New client connected", "u'root'")
    checked = run([*plain.process.argv, "--test-config"])
    assert checked.returncode == 0 and b"'use_subject_as_username': has no effect" in checked.stderr


def test_names_that_somebody_brings_are_not_warned_of(start, make_broker, keyed):
    # A certificate, a key's identity, what a proxy tells.
    named = "use_identity_as_username true"
    for broker in (start(named, "require_certificate true"), keyed[0], make_broker(
            "allow_anonymous true", named, "enable_proxy_protocol 2")):
        assert not said_of_names(broker)


def test_who_is_asked_for_no_certificate_brings_his_own_name(start, pki):
    broker = start()
    assert publish(broker, *as_client(pki, "alice"), "-u", "carol")[0] == 0
    expect_log(broker, "New client connected", "u'carol'")


def test_revoked_certificate_is_refused(start, pki):
    broker = start("require_certificate true", f"crlfile {pki.path('ca.crl')}")
    assert publish(broker, *as_client(pki, "alice"))[0] == 0
    assert publish(broker, *as_client(pki, "mallory"))[0] != 0
    expect_log(broker, "TLS handshake", "certificate revoked")


def test_expired_certificate_is_refused_unless_dates_do_not_count(start, pki):
    broker = start("require_certificate true")
    assert publish(broker, *as_client(pki, "expired"))[0] != 0
    expect_log(broker, "TLS handshake", "certificate has expired")
    lenient = start("require_certificate true", "disable_client_cert_date_checks true")
    assert publish(lenient, *as_client(pki, "expired"))[0] == 0


def s_client(broker, pki, *options):
    """Whether a handshake with these options succeeds."""
    done = run(["openssl", "s_client", "-connect", f"127.0.0.1:{broker.port}", "-CAfile",
                pki.path("ca.crt"), "-verify_return_error", *options])
    return done.returncode == 0


def test_versions(start, pki):
    broker = start()
    old = ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    assert s_client(broker, pki, "-tls1_3")
    assert s_client(broker, pki, "-tls1_2")
    assert not s_client(broker, pki, *old)
    expect_log(broker, "TLS handshake", "unsupported protocol")
    new = start("tls_version tlsv1.3", "ciphers_tls1.3 TLS_CHACHA20_POLY1305_SHA256")
    assert s_client(new, pki, "-tls1_3")
    assert not s_client(new, pki, "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256")
    assert not s_client(new, pki, "-tls1_2")
    narrow = start("ciphers ECDHE-ECDSA-AES256-GCM-SHA384")
    assert s_client(narrow, pki, "-tls1_2")
    assert not s_client(narrow, pki, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")


# --- pre-shared keys

@pytest.fixture
def keyed(make_broker, scratch):
    """A broker that takes keys, and the file they stand in."""
    keys = scratch.path / "keys"
    keys.write_text(f"pump-7:{PSK}\n")
    give_away(keys)
    return make_broker("allow_anonymous true", "log_type all", "psk_hint belfry", f"psk_file {keys}",
                       "use_identity_as_username true"), keys


def with_key(identity, key, version=None):
    options = ["--psk-identity", identity, "--psk", key]
    return options + (["--tls-version", version] if version else [])


@pytest.mark.parametrize("version", ["tlsv1.2", None])
def test_shared_key_lets_in_under_its_identity(keyed, version):
    broker, _ = keyed
    assert publish(broker, *with_key("pump-7", PSK, version)) == (0, "")
    expect_log(broker, "New client connected", "u'pump-7'")
    assert publish(broker, *with_key("pump-7", PSK[:-1] + "e", version))[0] != 0
    assert publish(broker, *with_key("pump-8", PSK, version))[0] != 0
    expect_log(broker, "TLS handshake of 127.0.0.1")


def test_key_that_was_taken_away_ends_its_connections(keyed):
    broker, keys = keyed
    alive = subprocess.Popen(["mosquitto_sub", "-h", "localhost", "-p", str(broker.port), "-t", "x",
                              "-i", "sub", *with_key("pump-7", PSK)], stderr=subprocess.DEVNULL)
    try:
        expect_log(broker, "sub 0 x")
        keys.write_text(f"pump-8:{PSK}\n")
        broker.process.signal(signal.SIGHUP)
        expect_log(broker, "is let go", "not accepted any more")
    finally:
        alive.kill()
        alive.wait()
    assert publish(broker, *with_key("pump-7", PSK))[0] != 0
    assert publish(broker, *with_key("pump-8", PSK))[0] == 0


# --- payloads

@pytest.mark.parametrize("version", [V311, V5])
def test_large_payload_goes_both_ways(start, pki, version):
    broker = start()
    payload = bytes(range(256)) * 4096  # 1 MiB
    reader, writer = Client(broker.port, "r", version), Client(broker.port, "w", version)
    for client in (reader, writer):
        client.paho.tls_set(ca_certs=str(pki.path("ca.crt")))
        client.connect()
    reader.subscribe("large/#", 1)
    for i in range(3):
        writer.publish(f"large/{i}", payload, 1)
    wait_until(lambda: len(reader.messages) == 3, 20, "three large messages")
    assert [m.payload == payload for m in reader.messages] == [True] * 3
    for client in (reader, writer):
        client.paho.disconnect()
        client.paho.loop_stop()


def test_slow_reader_gets_everything_in_order(start, pki):
    broker = start()
    with Wire(secured(broker, context_of(pki))) as reader, \
            Wire(secured(broker, context_of(pki))) as writer:
        for wire, name in ((reader, "slow"), (writer, "fast")):
            wire.connect(name)
        reader.send(packet.subscribe(1, [("q", 1)]))
        reader.expect(packet.SUBACK)
        for i in range(15):  # far more than the sockets hold, all in flight
            writer.send(packet.publish("q", bytes([i]) * 700_000, 1, i + 1))
            writer.expect(packet.PUBACK)
        for i in range(15):
            got = packet.published(reader.expect(packet.PUBLISH))
            assert got.payload == bytes([i]) * 700_000


def test_small_packets_in_many_records_are_all_dealt_with(start, pki):
    broker = start()
    with Wire(secured(broker, context_of(pki))) as wire:
        wire.connect("chatty")
        for i in range(500):
            wire.send(packet.publish("t", b"x", 1, i + 1))
        seen = [packet.packet_id_of(wire.expect(packet.PUBACK)) for _ in range(500)]
        assert seen == list(range(1, 501))


# --- resumption

def resumed(broker, pki, name=None):
    """Connect twice; was the second handshake a short one?"""
    context = context_of(pki, name)
    with Wire(secured(broker, context)) as wire:
        wire.connect("first")  # the answer comes behind the ticket
        session = wire.sock.session
    with Wire(secured(broker, context, session)) as wire:
        wire.connect("second")
        return wire.sock.session_reused


def test_sessions_are_resumed_where_there_is_nothing_to_verify(start, pki):
    assert resumed(start(), pki)
    assert not resumed(start("require_certificate true"), pki, "alice")


# --- bad peers

def test_stranger_who_does_not_speak_tls_is_sent_away(start, pki):
    broker = start()
    for words in (packet.connect("plain"), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff",
                  b"\x16\x03\x01\x00\x05abcde"):
        with socket.create_connection(("127.0.0.1", broker.port)) as sock:
            sock.sendall(words)
            assert has_closed(sock)
    expect_log(broker, "TLS handshake of 127.0.0.1", "this is not TLS")
    assert publish(broker, *as_client(pki, None))[0] == 0


def test_strangers_do_not_fill_the_log(start):
    broker = start()
    for _ in range(60):
        with socket.create_connection(("127.0.0.1", broker.port)) as sock:
            sock.sendall(b"x")
            assert has_closed(sock)
    assert len(re.findall("TLS handshake", broker.process.stderr())) == 20


def test_handshake_has_the_time_of_a_connect(start):
    broker = start("connect_timeout 1")
    with socket.create_connection(("127.0.0.1", broker.port)) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        for _ in range(200):  # one byte after the other buys no time
            let_pass(0.05)
            try:
                sock.sendall(b"\x01")
            except ConnectionError:
                break
        else:
            pytest.fail("still there after 10 s")
    expect_log(broker, "TLS handshake of 127.0.0.1", "timed out")


def test_peer_that_breaks_off_is_told_of(start, pki):
    broker = start()
    with secured(broker, context_of(pki)) as tls:
        Wire(tls).connect("gone")
    wait_until(lambda: broker.process.says("Client gone closed its connection"), 10, "its end")
    with socket.create_connection(("127.0.0.1", broker.port)) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
    expect_log(broker, "TLS handshake of", "the peer closed the connection")


# --- files

def test_new_certificate_takes_effect_with_sighup(make_broker, pki, scratch):
    folder = scratch.folder("certs")
    for name, source in (("c.crt", "server.crt"), ("c.key", "server.key")):
        (folder / name).write_bytes(pki.path(source).read_bytes())
        give_away(folder / name).chmod(0o600)
    broker = make_broker(f"cafile {pki.path('ca.crt')}", f"certfile {folder / 'c.crt'}",
                         f"keyfile {folder / 'c.key'}", "allow_anonymous true")

    def shown():
        with secured(broker, context_of(pki)) as tls:
            return dict(pair[0] for pair in tls.getpeercert()["subject"])["commonName"]

    assert shown() == "localhost"
    before = secured(broker, context_of(pki))
    with Wire(before) as wire:
        wire.connect("stays")
        (folder / "c.crt").write_bytes(pki.path("bob.crt").read_bytes())
        broker.process.signal(signal.SIGHUP)  # the key is still the old one
        expect_log(broker, "does not belong to the certificate")
        expect_log(broker, "everything stays as it was")
        assert shown() == "localhost"
        (folder / "c.key").write_bytes(pki.path("bob.key").read_bytes())
        broker.process.signal(signal.SIGHUP)
        expect_log(broker, "the new configuration is in effect")
        assert shown() == "bob"
        assert re.search(r"reload: listener \d+ 127.0.0.1: the certificate changes from CN=localhost "
                         r"\(serial 01, until .* UTC\) to CN=bob,O=test \(serial 03, until .* UTC\)$",
                         broker.process.stderr(), re.M)
        broker.process.signal(signal.SIGHUP)  # the same again is no change
        wait_until(lambda: broker.process.stderr().count("is in effect") == 2, 10, "the second")
        assert broker.process.stderr().count("the certificate changes") == 1
        wire.send(packet.packet(packet.PINGREQ, 0, b""))
        wire.expect(packet.PINGRESP)


def test_certificate_that_is_revoked_ends_its_connections(make_broker, pki, scratch):
    folder = scratch.folder("revocation")
    authority = Pki(folder)
    for name in ("server", "alice", "bob"):
        authority.issue(name)
    crl = give_away(authority.revoke())
    broker = make_broker(*(f"{key} {authority.path(name)}" for key, name in (
        ("cafile", "ca.crt"), ("certfile", "server.crt"), ("keyfile", "server.key"))),
        "require_certificate true", f"crlfile {crl}", "allow_anonymous true")
    with Wire(secured(broker, context_of(authority, "alice"))) as alice, \
            Wire(secured(broker, context_of(authority, "bob"))) as bob:
        alice.connect("alice", level=packet.V5)
        bob.connect("bob")
        authority.revoke("alice")
        broker.process.signal(signal.SIGHUP)
        assert alice.expect(packet.DISCONNECT).body[:1] == b"\x87"  # not authorized
        assert alice.receive() is None
        bob.send(packet.packet(packet.PINGREQ, 0, b""))
        bob.expect(packet.PINGRESP)
    assert publish(broker, *as_client(authority, "alice"))[0] != 0
    assert publish(broker, *as_client(authority, "bob"))[0] == 0


@pytest.mark.parametrize("lines, said", [
    (["certfile /nowhere.crt", "keyfile /nowhere.key"], "certfile /nowhere.crt: cannot be read"),
    (["certfile {pki}/server.crt", "keyfile {pki}/bob.key"], "does not belong to the certificate"),
    (["certfile {pki}/server.crt", "keyfile {pki}/server.key", "cafile /dev/null"],
     "cafile /dev/null: there is no certificate in it"),
    (["certfile {pki}/server.crt", "keyfile {pki}/server.key", "crlfile {pki}/ca.crt"],
     "there is no certificate revocation list in it"),
    (["cafile {pki}/ca.crt"], "needs a certfile and a keyfile"),
    (["psk_hint x"], "needs a psk_file"),
    (["psk_hint x", "psk_file /nowhere"], "psk_file /nowhere: cannot be read"),
])
def test_files_that_cannot_be_used_are_named_at_the_start(scratch, pki, lines, said):
    from process import program
    config = scratch.path / "broker.conf"
    config.write_text("\n".join(["listener 0 127.0.0.1", *lines, ""]).replace(
        "{pki}", str(pki.folder)))
    done = run([program("belfry-broker", scratch.path), "-c", config, "--test-config"])
    assert done.returncode == BAD_CONFIGURATION
    assert said in done.stderr.decode(), done.stderr.decode()
