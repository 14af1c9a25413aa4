# SPDX-License-Identifier: MIT
"""Several brokers of one gateway, and several gateways of one broker."""

import signal

import pytest

from broker import MOSQUITTO, Broker, free_port
from gateway import Gateway
from mqtt import Client, Observer, mosquitto_pub
from nagios import Nagios
from oldbroker import OldBroker
from pki import Pki
from process import give_away
from wait import stays_true, wait_until

BROKERS = pytest.mark.parametrize("which", [None, MOSQUITTO], ids=["belfry", "mosquitto"])
OPEN = ("allow_anonymous true", "max_queued_messages 100000")


class Two:
    """Two brokers, each with its observer; one gateway and Nagios behind it."""

    def __init__(self, scratch, module, which=(None, None), urls=None):
        self.nagios = Nagios(scratch.folder("nagios"), module).start()
        self.brokers = [Broker(scratch.folder(f"broker-{i}"), OPEN, w) for i, w in enumerate(which)]
        urls = urls or [f"mqtt://127.0.0.1:{b.port}" for b in self.brokers]
        self.gateway = Gateway(scratch.folder("gateway"), 1, self.nagios.fifo,
                               brokers=[f"broker {url}" for url in urls])
        self.observers = {}

    def start(self, *which):
        for i in which:
            self.brokers[i].start()
            self.observers[i] = Observer(self.brokers[i].port).connect()
        self.gateway.start()
        for i in which:
            self.is_online(i)
        return self

    def is_online(self, i):
        wait_until(lambda: "online" in self.observers[i].states(), 10, f"broker {i} in use")

    def publish(self, i, topic, payload):
        assert mosquitto_pub(self.brokers[i].port, topic, payload) == 0

    def end(self):
        assert self.gateway.end() == 0
        for observer in self.observers.values():
            observer.close()


@pytest.mark.parametrize("which", [(None, None), (None, MOSQUITTO)], ids=["belfry", "mixed"])
def test_results_of_both_arrive_and_are_answered_where_they_came_from(scratch, module, which):
    two = Two(scratch, module, which).start(0, 1)
    for i in (0, 1):
        two.publish(i, f"nagios/h{i}/s0", '{"state":1,"output":"from %d"}' % i)
        assert two.nagios.wait_for(f"h{i}", "s0").output == f"from {i}"
        two.publish(i, f"nagios/h{i}/s1", "no state")
        wait_until(lambda: two.observers[i].rejects(f"nagios/h{i}/s1"), 5, "the answer")
        assert not two.observers[1 - i].rejects(f"nagios/h{i}/s1")
    two.end()


def test_one_that_is_away_does_not_hold_up_the_other(scratch, module):
    two = Two(scratch, module).start(0)
    two.publish(0, "nagios/h0/s0", '{"state":1,"output":"alone"}')
    assert two.nagios.wait_for("h0", "s0").output == "alone"
    two.brokers[1].start()
    two.observers[1] = Observer(two.brokers[1].port).connect()
    two.is_online(1)
    two.publish(1, "nagios/h1/s0", '{"state":1,"output":"later"}')
    assert two.nagios.wait_for("h1", "s0").output == "later"
    two.brokers[0].process.kill()
    two.publish(1, "nagios/h1/s0", '{"state":2,"output":"the other one"}')
    assert two.nagios.wait_for("h1", "s0", 2).output == "the other one"
    two.end()


def test_one_that_never_answers_does_not_hold_up_the_other(scratch, module):
    """TCP connects, and then nothing comes."""
    two = Two(scratch, module)
    two.brokers[1].start()
    two.brokers[1].process.signal(signal.SIGSTOP)
    try:
        two.start(0)
        two.publish(0, "nagios/h0/s0", '{"state":1,"output":"alone"}')
        assert two.nagios.wait_for("h0", "s0").output == "alone"
    finally:
        two.brokers[1].process.signal(signal.SIGCONT)
    two.end()


def test_each_has_its_own_way_to_be_believed(scratch, module):
    """One by certificate, with a password; one by a key; one on a Unix socket."""
    pki, key = Pki(scratch.folder("pki")), "c0ffee" * 5
    certificate, own_key = pki.issue("broker")
    ports, socket = [free_port(), free_port()], scratch.folder("socket") / "broker"
    psk = give_away(_secret(scratch.path / "psk", f"gate:{key}\n"))
    listeners = [[f"listener {ports[0]} 127.0.0.1", f"certfile {certificate}", f"keyfile {own_key}"],
                 [f"listener {ports[1]} 127.0.0.1", "psk_hint site", f"psk_file {psk}"],
                 [f"listener 0 {socket}"]]
    brokers = [Broker(scratch.folder(f"broker-{i}"), [*OPEN, *lines]).start()
               for i, lines in enumerate(listeners)]
    observers = [Observer(b.port).connect() for b in brokers]
    gateway = Gateway(scratch.folder("gateway"), 1, scratch.path / "nagios.cmd", lines=[
        f"cafile {pki.path('ca.crt')}"], brokers=[
        f"broker mqtts://127.0.0.1:{ports[0]}", f"broker mqtts://127.0.0.1:{ports[1]}",
        f"psk_file {psk}", f"broker unix:{socket}"]).start()
    for observer in observers:
        wait_until(lambda: "online" in observer.states(), 10, "the gateway online")
    assert gateway.end() == 0
    for observer in observers:
        observer.close()


def _secret(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


class Side:
    """Gateways side by side at one broker, each with a core of its own."""

    def __init__(self, scratch, module, broker, count=2):
        self.broker, self.ids = broker, [f"gateway-{i}" for i in range(count)]
        self.observer = Observer(broker.port).connect()
        self.nagios = [Nagios(scratch.folder(f"nagios-{i}"), module).start() for i in range(count)]
        self.gateways = [Gateway(scratch.folder(name), broker.port, nagios.fifo, client_id=name,
                                 lines=["share monitoring"])
                         for name, nagios in zip(self.ids, self.nagios)]

    def start(self, i):
        before = self.observer.states(self.ids[i]).count("online")
        self.gateways[i].start()
        wait_until(lambda: self.observer.states(self.ids[i]).count("online") > before, 10,
                   f"{self.ids[i]} online")

    def outputs(self):
        return [[r.output for r in nagios.results()] for nagios in self.nagios]


@BROKERS
def test_gateways_side_by_side_share_the_messages(scratch, module, which):
    side = Side(scratch, module, Broker(scratch.folder("broker"), OPEN, which).start())
    side.start(0)
    side.start(1)
    sender = Client(side.broker.port, "sender")
    sender.connect()
    for n in range(100):
        sender.publish(f"nagios/h0/s{n % 4}", '{"state":1,"output":"number %d"}' % n)
    wait_until(lambda: sum(map(len, side.outputs())) >= 100, 10, "all of them applied")
    assert all(side.outputs()), "one gateway got everything"
    assert side.gateways[1].end() == 0
    # What belongs to the session of one that is away waits for it; the rest is the other's.
    for n in range(100, 120):
        sender.publish(f"nagios/h0/s{n % 4}", '{"state":1,"output":"number %d"}' % n)
    side.start(1)
    wanted = sorted(f"number {n}" for n in range(120))
    wait_until(lambda: sum(map(len, side.outputs())) >= 120, 10, "all of them applied")
    assert sorted(sum(side.outputs(), [])) == wanted
    for gateway in side.gateways:
        assert gateway.end() == 0
    sender.close()
    side.observer.close()


def test_to_share_and_no_longer_to_share_leaves_no_subscription_behind(make_rig):
    rig = make_rig(lines=["share monitoring"])
    rig.gateway.configure(lines=[])
    said = rig.gateway.reloaded()
    assert "reload: share changes from monitoring to not given" in said
    wait_until(lambda: rig.gateway.process.says("unsubscribing from $share/monitoring/nagios/#"), 10,
               "the old subscription gone")
    wait_until(lambda: rig.observer.states()[-1] == "online", 10, "the gateway online")
    rig.publish("nagios/h0/s0", {"state": 1, "output": "once"})
    rig.publish("nagios/h0/s1", {"state": 1, "output": "behind it"})
    rig.nagios.wait_for("h0", "s1")
    assert len(rig.nagios.of("h0", "s0")) == 1


def test_a_broker_without_shared_subscriptions_is_told_with_a_remedy(scratch, module):
    with OldBroker(refuse_share=True) as broker:
        gateway = Gateway(scratch.folder("gateway"), broker.port, scratch.path / "nagios.cmd",
                          lines=["share monitoring"]).start()
        wait_until(lambda: "$share/monitoring/nagios/#" in broker.filters, 15, "the subscription")
        wait_until(lambda: gateway.process.says("refuses the subscription", "remove `share`"), 10,
                   "a line about it")
        stays_true(gateway.process.is_running, 0.1, "the gateway running")
        assert gateway.end() == 0
