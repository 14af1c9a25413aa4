# SPDX-License-Identifier: MIT
"""
The mosquitto.conf of a site, with its password, rule and key files: it starts unchanged in the
distribution's Mosquitto and in belfry-broker, and both answer the same clients alike.
"""
import os
import ssl
import subprocess

import pytest

import packet
import websocket
from broker import MOSQUITTO, Broker, free_port, is_listening
from packet import V5, V31, V311, Wire
from pki import Pki
from process import account, give_away, program, run
from rig import Scratch
from users import MAKERS, make_users
from wait import SLACK, wait_until

pytestmark = pytest.mark.skipif(not os.path.exists(MOSQUITTO),
                                reason="there is no Mosquitto to compare with")

KEY = "0123456789abcdef0123456789abcdef"

CONFIGURATION = """\
# Place your local configuration in {folder}/conf.d/
per_listener_settings false

pid_file {folder}/mosquitto.pid
connection_messages true
log_timestamp true
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information

allow_anonymous false
password_file {folder}/passwd
acl_file {folder}/acl
psk_file {folder}/psk

max_inflight_messages 40
max_queued_messages 5000
max_packet_size 100000
max_keepalive 600
persistent_client_expiration 14d
sys_interval 30
set_tcp_nodelay true
retain_available true
queue_qos0_messages false

# gateways and scripts of this machine
listener {plain} 127.0.0.1

# everybody else
listener {tls}
cafile {folder}/ca.crt
certfile {folder}/server.crt
keyfile {folder}/server.key
tls_version tlsv1.2
require_certificate false

include_dir {folder}/conf.d
"""

PSK_LISTENER = """\
# devices that are too small for certificates
listener {psk}
psk_hint site
use_identity_as_username true
ciphers PSK-AES128-CBC-SHA256:PSK-AES256-CBC-SHA384:DHE-PSK-AES128-GCM-SHA256
tls_version tlsv1.2
max_connections 200
"""

BRIDGE = """\
connection upstream
address 127.0.0.1:{upstream}
remote_clientid site
remote_username site
remote_password 5ite
start_type automatic
restart_timeout 1 5
keepalive_interval 30
cleansession false
notifications true
try_private true
topic nagios/# out 1 "" site/
topic config/# in 1
"""

WEB_LISTENER = """\
listener {web}
protocol websockets
"""

RULES = """\
# who has no name reads the state
topic read state/#

user nagios
topic readwrite nagios/#
topic read $SYS/#

user operator
topic read #
topic deny secret/#
topic write command/+/run

pattern write sensor/%u/#
pattern read config/%u/%c
"""

USERS = {"nagios": "n4gi0s", "operator": "0p: er", "sensor": "x"}


class House:
    """The folder of the site, its ports, and the Mosquitto that its bridge leads to."""

    def __init__(self, scratch, which):
        self.pki = Pki(scratch.folder("etc"))
        self.folder = self.pki.folder
        self.pki.issue("server", "/CN=localhost")
        make_users(self.folder / "passwd", MAKERS["mosquitto"], **USERS)
        (self.folder / "conf.d").mkdir()
        give_away(self.folder / "conf.d")
        self.upstream = Broker(scratch.folder("upstream"), which=MOSQUITTO)
        self.ports = {name: free_port() for name in ("plain", "tls", "psk", "web")}
        for name, text in (("acl", RULES), ("psk", f"meter-1:{KEY}\nmeter-2:{KEY[::-1]}\n"),
                           ("conf.d/10-psk.conf", PSK_LISTENER),
                           ("conf.d/20-web.conf", WEB_LISTENER), ("conf.d/30-bridge.conf", BRIDGE),
                           ("conf.d/ignored.txt", "this is no configuration\n"),
                           ("mosquitto.conf", CONFIGURATION)):
            path = self.folder / name
            path.write_text(text.format(folder=self.folder, upstream=self.upstream.port,
                                        **self.ports)
                            if name.endswith(".conf") else text)
        self.broker = Broker(scratch.folder("broker"), (), which)
        self.broker.process.argv[-1] = str(self.folder / "mosquitto.conf")
        self.process = self.broker.process

    def start(self):
        self.upstream.start()
        self.process.start()
        wait_until(lambda: all(map(is_listening, self.ports.values()))
                   or self.process.has_ended(), 10, "all listeners")
        assert not self.process.has_ended(), self.process.stderr()
        return self

    def plain(self):
        return Wire.to(self.ports["plain"])

    def tls(self):
        context = ssl.create_default_context(cafile=self.pki.path("ca.crt"))
        plain = Wire.to(self.ports["tls"])
        plain.sock = context.wrap_socket(plain.sock, server_hostname="localhost")
        return plain

    def web(self):
        return websocket.wire(self.ports["web"])

    def mosquitto_pub(self, *options):
        return subprocess.run(["mosquitto_pub", "-h", "localhost", "-m", "x", "-q", "1", *options],
                              capture_output=True, timeout=20 * SLACK, **account()).returncode


@pytest.fixture(scope="module")
def houses():
    """(Mosquitto's, ours)"""
    with Scratch() as one, Scratch() as other:
        yield House(one, MOSQUITTO).start(), House(other, None).start()


def alike(houses, ask):
    """Both answer alike, and this is what they say."""
    theirs, ours = (ask(house) for house in houses)
    assert ours == theirs
    return ours


WAYS = ("plain", "tls", "web")


@pytest.mark.parametrize("level", (V31, V311, V5))
@pytest.mark.parametrize("way", WAYS)
def test_the_same_clients_are_let_in(houses, way, level):
    def ask(house):
        codes = []
        for user, password in [*USERS.items(), ("nagios", "wrong"), ("nobody", "x"),
                               ("sensor", None), (None, None), ("Sensor", "x")]:
            with getattr(house, way)() as wire:
                codes.append(wire.connect("c", user=user, password=password, level=level).body[1])
        return codes
    assert alike(houses, ask)[:3] == [0, 0, 0]


TOPICS = ["state/x", "nagios/web/disk", "nagios", "secret/x", "command/a/run", "command/a/b/run",
          "sensor/sensor/t", "sensor/other/t", "config/sensor/c", "config/sensor/d",
          "config/operator/c", "else"]


def rights(wire, level):
    """Of this client, as far as answers to it tell of them."""
    codes = []
    for topic in TOPICS:
        wire.send(packet.publish(topic, "", 1, 1, level=level))
        codes.append(wire.expect(packet.PUBACK).body[2:3])
    return codes


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("way", WAYS)
def test_they_may_publish_the_same(houses, way, user):
    def ask(house):
        with getattr(house, way)() as wire:
            wire.connect("c", user=user, password=USERS[user], level=V5)
            return rights(wire, V5)
    assert b"\x87" in alike(houses, ask)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("way", WAYS)
def test_they_are_sent_the_same(houses, way, user):
    """Each topic is published by whoever may; what arrives is compared, not what was asked for."""
    def ask(house):
        got = set()
        with getattr(house, way)() as wire:
            wire.connect("c", user=user, password=USERS[user], level=V311)
            wire.send(packet.subscribe(1, [("#", 0)]))
            wire.expect(packet.SUBACK)
            for writer, password in USERS.items():
                with house.plain() as other:
                    other.connect("w-" + writer, user=writer, password=password, level=V5)
                    rights(other, V5)
            wire.send(packet.packet(packet.PINGREQ, 0, b""))
            while (found := wire.receive()).type == packet.PUBLISH:
                got.add(packet.published(found).topic)
        return got
    got = alike(houses, ask)
    assert user != "operator" or got == {"nagios/web/disk", "nagios", "command/a/run",
                                         "sensor/sensor/t"}


def test_limits_are_announced_alike(houses):
    def ask(house):
        with house.plain() as wire:
            body = wire.connect("c", user="nagios", password=USERS["nagios"], level=V5,
                                keepalive=5000).body
            return [name for name, value in (
                ("receive maximum 40", b"\x21\0\x28"), ("keep-alive 600", b"\x13\2\x58"),
                ("packet size", b"\x27\0\1\x86\xa0")) if value in body]
    assert len(alike(houses, ask)) == 3


def test_devices_with_a_key_are_let_in_under_their_identity(houses):
    def ask(house):
        def publish(identity, key, topic):
            return house.mosquitto_pub("-p", str(house.ports["psk"]), "--psk-identity", identity,
                                       "--psk", key, "--tls-version", "tlsv1.2", "-t", topic,
                                       "-V", "mqttv5")
        return [publish("meter-1", KEY, "sensor/meter-1/t"),
                publish("meter-1", KEY, "sensor/meter-2/t"),
                publish("meter-1", KEY[::-1], "t") == 0, publish("meter-3", KEY, "t") == 0]
    assert alike(houses, ask) == [0, 0, False, False]


def test_the_bridge_carries_the_same(houses):
    def ask(house):
        with Wire.to(house.upstream.port) as far, house.plain() as near:
            far.connect("far")
            far.send(packet.subscribe(1, [("$SYS/broker/connection/#", 0), ("#", 0)]))
            far.expect(packet.SUBACK)
            state = packet.published(far.expect(packet.PUBLISH, 20))
            near.connect("c", user="sensor", password=USERS["sensor"], level=V311)
            near.send(packet.subscribe(1, [("config/sensor/c", 0)]))
            near.expect(packet.SUBACK)
            far.send(packet.publish("config/other/c", "elsewhere"))
            far.send(packet.publish("config/sensor/c", "down"))
            down = packet.published(near.expect(packet.PUBLISH))
            with house.plain() as writer:
                writer.connect("w", user="nagios", password=USERS["nagios"])
                writer.send(packet.publish("nagios/web/disk", "up", 1, 1))
                writer.expect(packet.PUBACK)
            while (up := packet.published(far.expect(packet.PUBLISH))).payload != b"up":
                pass
            return state.topic, state.payload, down.topic, down.payload, up.topic, up.payload
    assert alike(houses, ask) == ("$SYS/broker/connection/site/state", b"1", "config/sensor/c",
                                  b"down", "site/nagios/web/disk", b"up")


@pytest.mark.parametrize("line, nearest", [
    ("max_queued_mesages 10", "max_queued_messages"), ("passwd_file /x", "password_file"),
    ("allow_anonymus true", "allow_anonymous"), ("cafiles /x", "cafile"),
])
def test_a_keyword_of_an_included_file_that_is_wrong_is_named(scratch, line, nearest):
    house = House(scratch, None)
    wrong = house.folder / "conf.d" / "40-more.conf"
    wrong.write_text(f"# added later\n\n{line}\n")
    for more in ([], ["--test-config"]):
        done = run([program("belfry-broker", scratch.path), "-c", house.folder / "mosquitto.conf",
                    *more])
        assert done.returncode == 3
        said = done.stderr.decode()
        assert f"{wrong}:3: '{line.split()[0]}': unknown keyword; did you mean '{nearest}'?" in said
