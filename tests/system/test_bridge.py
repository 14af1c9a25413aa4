# SPDX-License-Identifier: MIT
"""Bridges between two brokers: belfry's to Mosquitto, Mosquitto's to belfry, and belfry's own."""
import os
import re
import signal
import socket
import ssl
import time
from contextlib import closing

import pytest

import packet
from broker import MOSQUITTO, Broker
from mqtt import V311, Client
from pki import Pki
from rig import Scratch
from wait import SLACK, stays_true, wait_until

BOTH_WAYS = pytest.mark.parametrize("near_is, far_is", [
    (None, MOSQUITTO), (MOSQUITTO, None)], ids=["to-mosquitto", "from-mosquitto"])
OPEN = "allow_anonymous true"
# Seconds for which the other broker is away while messages for it are published; as short as can be
# unless somebody asks for more.
OUTAGE = float(os.environ.get("BELFRY_OUTAGE", "0"))
STATE = "$SYS/broker/connection/far.id/state"


class Pair:
    """A broker with a bridge, `near`, and the one it leads to, `far`."""

    def __init__(self, scratch, topics, near_is=None, far_is=None, options=(), near=(), far=()):
        self.scratch, self.topics, self.near_lines = scratch, topics, near
        self.far = Broker(scratch.folder("far"), [OPEN, *far], far_is)
        self.near = Broker(scratch.folder("near"), self._lines(options), near_is)

    def _lines(self, options=()):
        return [OPEN, *self.near_lines, "connection far", f"address 127.0.0.1:{self.far.port}",
                "remote_clientid far.id", "restart_timeout 1 2",
                *[f"topic {t}" for t in self.topics], *options]

    def start(self):
        self.far.start()
        self.near.start()
        self.wait_up()
        return self

    def watch(self, *filters, **how):
        """A client of each broker."""
        clients = Client(self.near.port, **how), Client(self.far.port, **how)
        for client in clients:
            client.connect()
            for f in filters:
                client.subscribe(f, 2)
        return clients

    def state(self, broker):
        with Client(broker.port, version=V311) as client:
            client.subscribe(STATE)
            return client.wait_for(1)[0].payload

    def wait_up(self):
        wait_until(lambda: self.state(self.near) == b"1", 20, "the bridge up")

    def wait_down(self):
        wait_until(lambda: self.state(self.near) == b"0", 20, "the bridge down")

    def far_back(self):
        """The far broker again, with a client that has subscribed before the bridge is back."""
        self.near.process.signal(signal.SIGSTOP)
        self.far.start()
        far = Client(self.far.port)
        far.connect()
        far.subscribe("out/#", 2)
        self.near.process.signal(signal.SIGCONT)
        return closing(far)

    def reload(self, *options):
        before = len(self.near.process.stderr())
        self.near.config.write_text("\n".join([
            f"listener {self.near.port} 127.0.0.1", *self._lines(options), ""]))
        self.near.process.signal(signal.SIGHUP)
        return wait_until(lambda: (said := self.near.process.stderr()[before:]) and
                          "is in effect" in said and said, 10, "the reload")


@pytest.fixture(scope="module")
def pki():
    with Scratch() as scratch:
        made = Pki(scratch.folder("pki"))
        made.issue("server", "/CN=localhost")
        made.issue("bridge")
        other = Pki(scratch.folder("other"))
        made.other_ca = other.path("ca.crt")
        yield made


def tls_lines(pki):
    return [f"cafile {pki.path('ca.crt')}", f"certfile {pki.path('server.crt')}",
            f"keyfile {pki.path('server.key')}"]


@pytest.fixture
def pair(scratch):
    return lambda *topics, **how: Pair(scratch, topics, **how).start()


def _seen(client):
    return sorted((m.topic, m.payload, m.qos) for m in client.messages)


def _sees(client, wanted):
    """All of that, and nothing else."""
    client.wait_for(len(wanted))
    assert _seen(client) == sorted(wanted)


@BOTH_WAYS
def test_messages_pass_under_their_names(pair, near_is, far_is):
    """[v3 MQTT-7.0.0-1]: the broker is a client to Mosquitto here, and a server there."""
    p = pair("a/# out 2 l/ r/", "b/# in 2 l/ r/", "c/# both 1", '"" out 0 one other',
             near_is=near_is, far_is=far_is)
    near, far = p.watch("#")
    for qos in 0, 1, 2:
        near.publish(f"l/a/{qos}", "out", qos)
        far.publish(f"r/b/{qos}", "in", qos)
    near.publish("one", "single")
    near.publish("l/b/0", "not out")
    far.publish("r/a/0", "not in")
    near.publish("c/1", "there", 2)
    far.publish("c/2", "back", 2)
    there = [(f"r/a/{q}", b"out", q) for q in (0, 1, 2)] + [("other", b"single", 0)]
    here = [(f"l/b/{q}", b"in", q) for q in (0, 1, 2)]
    own_near = [(f"l/a/{q}", b"out", q) for q in (0, 1, 2)] + [
        ("one", b"single", 1), ("l/b/0", b"not out", 1), ("c/1", b"there", 2)]
    own_far = [(f"r/b/{q}", b"in", q) for q in (0, 1, 2)] + [
        ("r/a/0", b"not in", 1), ("c/2", b"back", 2)]
    _sees(near, own_near + here + [("c/2", b"back", 1)])
    _sees(far, own_far + there + [("c/1", b"there", 1)])


@BOTH_WAYS
@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv50"])
def test_everything_both_ways_passes_once(pair, near_is, far_is, version):
    """try_private: neither broker sends back what the bridge has brought."""
    p = pair("# both 1", near_is=near_is, far_is=far_is,
             options=[f"bridge_protocol_version {version}"])
    near, far = p.watch("#")
    for i in range(5):
        near.publish(f"near/{i}", "x")
        far.publish(f"far/{i}", "x")
    wait_until(lambda: len(near.messages) >= 10 and len(far.messages) >= 10, 10, "all of them")
    near.publish("end", "x")
    wait_until(lambda: far.on("end"), 10, "the last one")
    far.publish("end/2", "x")
    wait_until(lambda: near.on("end/2"), 10, "the very last one")
    for client in near, far:
        assert len(client.messages) == 12, _seen(client)


@BOTH_WAYS
def test_retained_messages_stay_retained(pair, near_is, far_is):
    p = pair("a/# both 1", near_is=near_is, far_is=far_is)
    near, far = p.watch("a/#")
    near.publish("a/1", "one", retain=True)
    far.publish("a/2", "two", retain=True)
    far.wait_for(2), near.wait_for(2)
    for broker in p.near, p.far:
        with Client(broker.port) as late:
            late.subscribe("a/#")
            assert sorted((m.topic, m.retain) for m in late.wait_for(2)) == [
                ("a/1", True), ("a/2", True)]


@BOTH_WAYS
def test_its_state_is_told_here_and_there(pair, near_is, far_is):
    p = pair("a out", near_is=near_is, far_is=far_is)
    wait_until(lambda: p.state(p.far) == b"1", 10, "its state there")
    p.near.kill()
    wait_until(lambda: p.state(p.far) == b"0", 10, "its will there")
    p.near.start()
    wait_until(lambda: p.state(p.far) == b"1", 20, "its state there")
    p.far.end()
    p.wait_down()


@BOTH_WAYS
def test_what_was_published_during_an_outage_arrives_once(pair, near_is, far_is):
    p = pair("out/# out 2", near_is=near_is, far_is=far_is)
    with Client(p.near.port) as near:
        p.far.end()
        p.wait_down()
        for i in range(50):
            near.publish(f"out/{i}", "x", 1 + i % 2)
            time.sleep(OUTAGE / 50)
        with p.far_back() as far:
            far.wait_for(50)
            near.publish("out/end", "x", 2)
            wait_until(lambda: far.on("out/end"), 20, "one more")
            assert sorted(m.topic for m in far.messages) == sorted(
                [*(f"out/{i}" for i in range(50)), "out/end"])


def test_its_queue_is_bounded(pair):
    p = pair("out/# out 1", far_is=MOSQUITTO, near=["max_queued_messages 20"])
    with Client(p.near.port) as near:
        p.far.end()
        p.wait_down()
        for i in range(100):
            near.publish(f"out/{i}", "x")
        assert p.near.process.says("messages are being dropped for client local.far.id")
        with p.far_back() as far:
            far.wait_for(20)
            near.publish("out/end", "x")
            wait_until(lambda: far.on("out/end"), 10, "one more")
            assert [m.topic for m in far.messages] == [
                *(f"out/{i}" for i in range(20)), "out/end"]


def test_what_waits_there_comes_in_once(scratch):
    p = Pair(scratch, ["in/# in 2", "out/# out 1"], far_is=MOSQUITTO, options=[
        "start_type lazy", "threshold 1", "idle_timeout 1"])
    p.far.start()
    p.near.start()
    with Client(p.near.port) as near, Client(p.far.port) as far:
        near.subscribe("in/#", 2)
        near.publish("out/1", "x")
        p.wait_up()
        p.wait_down()
        for i in range(30):
            far.publish(f"in/{i}", "x", 1 + i % 2)
        near.publish("out/2", "x")
        near.wait_for(30)
        far.publish("in/end", "x", 2)
        wait_until(lambda: near.on("in/end"), 10, "one more")
        assert sorted(m.topic for m in near.messages) == sorted(
            [*(f"in/{i}" for i in range(30)), "in/end"])


def test_lazy_bridge_connects_when_enough_waits(scratch):
    p = Pair(scratch, ["out/# out 1"], far_is=MOSQUITTO, options=[
        "start_type lazy", "threshold 3", "idle_timeout 1"])
    p.far.start()
    p.near.start()
    with Client(p.far.port) as far, Client(p.near.port) as near:
        far.subscribe("out/#")
        near.publish("out/1", "x", 0)
        near.publish("out/2", "x", 1)
        stays_true(lambda: not p.near.process.says("is up"), 0.5, "not wanted yet")
        near.publish("out/3", "x", 1)
        assert [m.topic for m in far.wait_for(3)] == ["out/1", "out/2", "out/3"]
        p.wait_down()
        assert p.near.process.says("bridge far is down", "closed", "by this broker")


def test_bridge_of_once_is_not_started_again(pair):
    p = pair("out/# out 1", far_is=MOSQUITTO, options=["start_type once"])
    p.far.end()
    wait_until(lambda: p.near.process.says("not started again"), 10, "its end")
    p.far.start()
    stays_true(lambda: p.state(p.near) == b"0", 2.5, "down")


def test_wrong_password_is_told_and_tried_less_and_less(scratch, make_broker):
    users = scratch.folder("users") / "users"
    users.write_text("bridge:$7$101$AAAAAAAAAAAAAAAA$" + "A" * 86 + "==\n")
    users.chmod(0o644)
    far = make_broker("allow_anonymous false", f"password_file {users}")
    near = make_broker(
        OPEN, "connection far", f"address localhost:{far.port}", "topic # out",
        "remote_username bridge", "remote_password wrong", "restart_timeout 1 3")
    line = f"bridge far: localhost:{far.port} refuses it: not authorized"
    wait_until(lambda: near.process.stderr().lower().count(line) >= 2, 20, "two refusals")
    assert near.process.says("next attempt is in")


def test_second_address_serves_while_the_first_is_away(scratch, make_broker):
    first, second = make_broker(which=MOSQUITTO), make_broker(which=MOSQUITTO)
    first.end()
    near = make_broker(
        OPEN, "connection far", f"addresses 127.0.0.1:{first.port} 127.0.0.1:{second.port}",
        "topic out/# out 1", "restart_timeout 1")
    with Client(second.port) as far, Client(near.port) as client:
        far.subscribe("out/#")
        wait_until(lambda: near.process.says("is up", str(second.port)), 10, "the second")
        client.publish("out/1", "x")
        far.wait_for(1)
    assert near.process.says("no connection to", str(first.port), "refused")
    first.start()
    second.end()
    wait_until(lambda: near.process.says("is up", str(first.port)), 10, "the first")


@pytest.mark.parametrize("round_robin", [True, False])
def test_addresses_take_turns_where_they_are_alike(make_broker, round_robin):
    one, other = make_broker(), make_broker()
    near = make_broker(
        OPEN, "connection far", f"addresses 127.0.0.1:{one.port} 127.0.0.1:{other.port}",
        "topic # out", "remote_clientid far.id", "restart_timeout 1",
        f"round_robin {str(round_robin).lower()}")

    def connected():
        return re.findall(r"Bridge far is up: connected to 127.0.0.1:(\d+) ",
                          near.process.stderr())

    serving = [one, other, one] if round_robin else [one, one, one]
    for n, broker in enumerate(serving):
        wait_until(lambda: len(connected()) > n, 10, "the bridge up")
        assert connected()[-1] == str(broker.port)
        with Client(broker.port, "far.id", V311):  # takes the place of the bridge
            wait_until(lambda: near.process.stderr().count("far is down") > n, 10, "it down")


def test_bridge_comes_from_the_address_it_is_told_to(make_broker):
    far = make_broker()
    near = make_broker(OPEN, "connection far", f"address 127.0.0.1:{far.port}", "topic # out",
                       "remote_clientid far.id", "bridge_bind_address 127.0.0.2")
    wait_until(lambda: near.process.says("is up"), 10, "the bridge up")
    assert far.process.says("from 127.0.0.2:", "far.id")
    near = make_broker(OPEN, "connection far", f"address 127.0.0.1:{far.port}", "topic # out",
                       "bridge_bind_address 192.0.2.1")
    wait_until(lambda: near.process.says("no connection to", f"{far.port}: Cannot assign"), 10,
               "why not")


def test_broker_that_stops_reading_is_given_up_in_the_time_set(make_broker):
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(10 * SLACK)
        near = make_broker(OPEN, "connection far",
                           f"address 127.0.0.1:{listening.getsockname()[1]}", "topic # out 0",
                           "notifications false", "bridge_attempt_unsubscribe false",
                           "bridge_tcp_user_timeout 500", "keepalive_interval 60")
        with listening.accept()[0] as far:
            far.recv(1024)  # CONNECT
            far.sendall(packet.packet(packet.CONNACK, 0, b"\0\0"))
            wait_until(lambda: near.process.says("is up"), 10, "the bridge up")
            with Client(near.port) as client:
                client.publish("t", "x" * 100_000, 1)
            # Long before its keep-alive would notice.
            wait_until(lambda: near.process.says("far is down", "lost"), 20, "the end")


def test_name_that_does_not_resolve_is_told(make_broker):
    near = make_broker(OPEN, "connection far", "address no.such.host.invalid",
                       "topic # out", "restart_timeout 1")
    wait_until(lambda: near.process.says("no.such.host.invalid", "cannot be resolved"), 20,
               "what is wrong")
    with Client(near.port) as client:
        client.publish("a", "x")


def test_silent_host_holds_nobody_up(make_broker):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        near = make_broker(OPEN, "connection far",
                           f"address 127.0.0.1:{silent.getsockname()[1]}", "topic # out")
        silent.accept()[0].close()
        wait_until(lambda: near.process.says("bridge far is down", "lost"), 10, "the end")
        assert near.end() == 0


def test_reload_leaves_what_has_not_changed_connected(pair):
    p = pair("out/# out 1", far_is=MOSQUITTO)
    p.reload()
    assert not p.near.process.says("bridge far is down")
    p.topics = ["other/# out 1"]
    said = p.reload("keepalive_interval 30")
    assert "connection far: keepalive_interval changes from 60 to 30" in said
    assert "connection far starts anew" in said
    p.wait_up()
    with Client(p.far.port) as far, Client(p.near.port) as near:
        far.subscribe("#")
        near.publish("out/1", "x")
        near.publish("other/1", "x")
        wait_until(lambda: far.on("other/1"), 10, "the new topic")
        assert not far.on("out/1")
    p.near.config.write_text(f"listener {p.near.port} 127.0.0.1\n{OPEN}\n")
    p.near.process.signal(signal.SIGHUP)
    wait_until(lambda: p.near.process.says("connection far is gone"), 10, "the reload")
    p.wait_down()


def test_local_username_gives_its_rights(scratch, pair):
    rules = scratch.folder("rules") / "rules"
    rules.write_text("topic readwrite #\ntopic read $SYS/#\nuser carrier\ntopic read out/#\ntopic write in/1\n")
    rules.chmod(0o644)
    p = pair("# both 1", far_is=MOSQUITTO, near=[f"acl_file {rules}", "check_retain_source true"],
             options=["local_username carrier"])
    near, far = p.watch("#")
    near.publish("no", "x")
    near.publish("out/1", "x")
    far.publish("in/2", "x")
    far.publish("in/1", "x")
    _sees(near, [("no", b"x", 1), ("out/1", b"x", 1), ("in/1", b"x", 1)])
    _sees(far, [("out/1", b"x", 1), ("in/1", b"x", 1), ("in/2", b"x", 1)])
    rules.write_text("topic readwrite #\ntopic read $SYS/#\nuser carrier\ntopic read no/#\n")
    p.reload("local_username carrier")
    near.publish("out/2", "x")
    near.publish("no/2", "x")
    wait_until(lambda: far.on("no/2"), 10, "what is allowed now")
    assert not far.on("out/2") and not p.near.process.says("bridge far is down")


def test_mistakes_are_named(scratch):
    broker = Broker(scratch.folder("near"), [
        OPEN, "connection far", "address host:99999", "topic a sideways", "topic b out 3",
        "restart_timeout soon", "connection next", "address x", 'topic "" out'])
    broker.process.start()
    wait_until(lambda: not broker.process.is_running(), 10, "its end")
    said = broker.process.stderr()
    assert broker.process.popen.returncode == 3
    for line, what in [(4, "'host:99999': is no address"), (5, "'sideways': is no direction"),
                       (6, "'3': is no QoS"), (7, "'soon': is no time"),
                       (10, "'topic': has an empty pattern")]:
        assert f"{broker.config}:{line}: {what}" in said, said


@BOTH_WAYS
def test_tls_with_certificates_on_both_sides(scratch, pki, near_is, far_is):
    p = Pair(scratch, ["# both 1"], near_is, far_is, far=[*tls_lines(pki), "require_certificate true"],
             options=[f"bridge_cafile {pki.path('ca.crt')}", f"bridge_certfile {pki.path('bridge.crt')}",
                      f"bridge_keyfile {pki.path('bridge.key')}"]).start()
    far = Client(p.far.port)
    far.paho.tls_set(pki.path("ca.crt"), pki.path("bridge.crt"), pki.path("bridge.key"),
                     tls_version=ssl.PROTOCOL_TLS_CLIENT)
    with Client(p.near.port) as near, far:
        near.subscribe("in")
        far.subscribe("out")
        near.publish("out", "x" * 300000)
        far.publish("in", "y" * 300000)
        assert [len(c.wait_for(1)[0].payload) for c in (near, far)] == [300000, 300000]


@BOTH_WAYS
def test_tls_with_a_shared_key(scratch, near_is, far_is):
    keys = scratch.folder("keys") / "keys"
    keys.write_text("bridge:0123456789abcdef\n")
    keys.chmod(0o644)
    p = Pair(scratch, ["# out 1"], near_is, far_is, far=["psk_hint far", f"psk_file {keys}"],
             options=["bridge_identity bridge", "bridge_psk 0123456789abcdef"])
    p.start()


@pytest.mark.parametrize("host, ca, options, said", [
    ("localhost", "other", [], "certificate"),
    ("127.1", "own", [], "certificate"),
    ("127.1", "own", ["bridge_insecure true"], None)], ids=["stranger", "name", "insecure"])
def test_tls_server_must_be_who_it_is_meant_to_be(make_broker, pki, host, ca, options, said):
    far = make_broker("allow_anonymous true", *tls_lines(pki), which=MOSQUITTO)
    trusted = pki.other_ca if ca == "other" else pki.path("ca.crt")
    near = make_broker(OPEN, "connection far", f"address {host}:{far.port}", "topic # out",
                       "restart_timeout 1", f"bridge_cafile {trusted}", *options)
    if said:
        wait_until(lambda: near.process.says("bridge far is down", said), 10, "why not")
        assert not near.process.says("is up")
    else:
        wait_until(lambda: near.process.says("is up"), 10, "the bridge up")


def test_tls_is_not_left_out_when_a_file_is_missing(scratch):
    broker = Broker(scratch.folder("near"), [
        OPEN, "connection far", "address x", "topic # out", "bridge_cafile /nowhere/ca.crt"])
    broker.process.start()
    wait_until(lambda: not broker.process.is_running(), 10, "its end")
    assert broker.process.popen.returncode == 3
    assert broker.process.says("/nowhere/ca.crt")
