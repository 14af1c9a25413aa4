# SPDX-License-Identifier: MIT
"""The gateway and its broker: any broker, away or restarted, new or old."""
import time

from broker import MOSQUITTO, Broker
from gateway import Gateway
from mqtt import mosquitto_pub
from nagios import Nagios
from oldbroker import OldBroker
from wait import SLACK, wait_until


def test_the_distributions_mosquitto_serves_as_well(make_rig):
    rig = make_rig(which=MOSQUITTO)
    rig.publish("nagios/h0/s0", [{"code": i % 4, "reason": f"number {i}"} for i in range(500)])
    rig.publish("nagios/h0/s1", "no state")
    rig.nagios.wait_for("h0", "s0", 500)
    assert [r.output for r in rig.nagios.of("h0", "s0")] == [f"number {i}" for i in range(500)]
    wait_until(lambda: rig.observer.rejects("nagios/h0/s1"), 5, "a reject message")
    rig.gateway.kill()
    for i in range(50):
        rig.publish("nagios/h1/s0", {"code": 2, "reason": f"meanwhile {i}"})
    rig.start_gateway()
    rig.nagios.wait_for("h1", "s0", 50)


def test_it_waits_for_a_broker_that_comes_later(scratch, module):
    nagios = Nagios(scratch.folder("nagios"), module).start()
    broker = Broker(scratch.folder("broker"))
    gateway = Gateway(scratch.folder("gateway"), broker.port, nagios.fifo).start()
    wait_until(lambda: gateway.process.says("127.0.0.1", "refused"), 5, "a line about the broker")
    assert gateway.process.is_running()
    broker.start()
    # Published until one is carried: what came before its subscription is nobody's.
    wait_until(lambda: mosquitto_pub(broker.port, "nagios/h0/s0", '{"code":1,"reason":"x"}') == 0
               and nagios.of("h0", "s0"), 10, "a result applied")


def test_a_broker_that_does_not_let_it_in_is_told_once_and_with_a_remedy(scratch, module):
    nagios = Nagios(scratch.folder("nagios"), module)
    broker = Broker(scratch.folder("broker"), ["allow_anonymous false"]).start()
    gateway = Gateway(scratch.folder("gateway"), broker.port, nagios.fifo).start()
    # MQTT 5 is tried twice and 3.1.1 then, with a code of its own.
    wait_until(lambda: broker.process.stderr().count("refused: not authorized") > 3, 15, "four tries")
    assert gateway.process.stderr().count("does not let us in; check the user in `broker` and") == 1
    assert gateway.process.stderr().count("not authori") == 0


def test_it_comes_back_after_its_broker_restarted(make_rig):
    rig = make_rig()
    for _ in range(2):
        before = rig.observer.states().count("online")
        assert rig.broker.end() == 0
        wait_until(lambda: not rig.broker.process.is_running())
        rig.broker.start()
        begin = time.monotonic()
        wait_until(lambda: rig.observer.states().count("online") > before, 15, "online again")
        assert time.monotonic() - begin < 5 * SLACK
        result = rig.applied("nagios/h0/s0", {"code": 1, "reason": "again"})
        assert result.output == "again"


def test_tries_become_rarer_while_the_broker_stays_away(scratch, module):
    nagios = Nagios(scratch.folder("nagios"), module).start()
    broker = Broker(scratch.folder("broker"))
    gateway = Gateway(scratch.folder("gateway"), broker.port, nagios.fifo).start()
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 3)
    assert gateway.process.stderr().lower().count("refused") < 30, "it hammers its broker"
    assert gateway.end() == 0


def test_a_broker_of_3_1_1_is_spoken_to_in_3_1_1(scratch, module):
    nagios = Nagios(scratch.folder("nagios"), module).start()
    with OldBroker() as broker:
        gateway = Gateway(scratch.folder("gateway"), broker.port, nagios.fifo).start()
        wait_until(lambda: "nagios/#" in broker.filters, 15, "the subscription")
        assert broker.levels[0] == 5 and broker.levels[-1] == 4
        broker.publish("nagios/h0/s0", '{"code":2,"reason":"from an old broker"}', 11)
        assert nagios.wait_for("h0", "s0").output == "from an old broker"
        wait_until(lambda: broker.acknowledged == [11], 5, "its PUBACK")
        broker.publish("nagios/h0/s1", "no state", 12)
        wait_until(lambda: [m for m in broker.received if m.topic == "belfry/reject/nagios/h0/s1"],
                   5, "a reject message")
        assert gateway.end() == 0


def test_an_acknowledgement_means_on_disk(scratch, module):
    """Each PUBACK the broker has seen belongs to a result that survives kill -9 right after."""
    nagios = Nagios(scratch.folder("nagios"), module)
    with OldBroker() as broker:
        gateway = Gateway(scratch.folder("gateway"), broker.port, nagios.fifo).start()
        wait_until(lambda: "nagios/#" in broker.filters, 15, "the subscription")
        for i in range(1, 501):
            broker.publish(f"nagios/h0/s{i % 4}", '{"code":1,"reason":"number %d"}' % i, i)
        wait_until(lambda: broker.acknowledged, 5, "the first PUBACK")
        closed = broker.closed
        gateway.kill()
        wait_until(lambda: broker.closed > closed, 5, "the last PUBACK read")
        acknowledged = {f"number {i}" for i in broker.acknowledged}
        nagios.start()
        gateway.start()
        wait_until(lambda: acknowledged <= {r.output for r in nagios.results()}, 10,
                   "every acknowledged result applied")


def test_acknowledgements_go_out_in_the_order_of_the_messages(scratch, module):
    nagios = Nagios(scratch.folder("nagios"), module).start()
    with OldBroker() as broker:
        Gateway(scratch.folder("gateway"), broker.port, nagios.fifo).start()
        wait_until(lambda: "nagios/#" in broker.filters, 15, "the subscription")
        for i in range(1, 1001):
            broker.publish(f"nagios/h0/s{i % 4}", '{"code":1,"reason":"x"}', i)
        wait_until(lambda: len(broker.acknowledged) >= 1000, 10, "1,000 acknowledgements")
        assert broker.acknowledged == list(range(1, 1001))
