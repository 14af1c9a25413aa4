# SPDX-License-Identifier: MIT
"""What belfry-broker says about itself below $SYS."""
import json
import re
import signal

import pytest

from mqtt import V5, V311, Client, mosquitto_pub
from wait import stays_true, wait_until

PERIODS = ("1min", "5min", "15min")
LOADS = [f"load/{what}/{period}" for period in PERIODS for what in (
    "messages/received", "messages/sent", "publish/received", "publish/sent", "publish/dropped",
    "bytes/received", "bytes/sent", "sockets", "connections")]
NUMBERS = ["clients/total", "clients/maximum", "clients/connected", "clients/active",
           "clients/disconnected", "clients/inactive", "clients/expired",
           "messages/received", "messages/sent", "messages/stored",
           "store/messages/count", "store/messages/bytes", "subscriptions/count",
           "shared_subscriptions/count", "retained messages/count", "heap/current", "heap/maximum",
           "bytes/received", "bytes/sent", "publish/bytes/received", "publish/bytes/sent",
           "publish/messages/received", "publish/messages/sent", "publish/messages/dropped",
           "packet/out/count", "packet/out/bytes", "connections/socket/count"]


class Watcher(Client):
    """Subscribed to $SYS/broker/#."""

    def __enter__(self):
        super().__enter__()
        self.subscribe("$SYS/broker/#", 0)
        self.subscribe("barrier", 0)  # its SUBACK comes behind all that was retained
        return self

    def text(self, topic):
        found = self.on(f"$SYS/broker/{topic}")
        return found[-1].payload.decode() if found else None

    def number(self, topic):
        return float(self.text(topic))

    def wait_number(self, topic, value):
        wait_until(lambda: self.number(topic) == value, 10,
                   f"{topic} {value} (it is {self.text(topic)})")


@pytest.fixture
def broker(make_broker):
    return make_broker("allow_anonymous true", "sys_interval 1")


def test_every_topic_of_mosquitto_is_retained(broker):
    with Watcher(broker.port, "watch") as watcher:
        first = {}
        for m in list(watcher.messages):  # a round of the broker's may come behind what is retained
            first.setdefault(m.topic.removeprefix("$SYS/broker/"), m)
        assert all(m.topic.startswith("$SYS/broker/") for m in watcher.messages)
        wanted = ["version", "uptime", *NUMBERS, *LOADS]
        assert not set(wanted) - set(first)
        assert all(first[topic].retain for topic in wanted)
        for topic in NUMBERS:
            assert re.fullmatch(rb"[0-9]+", first[topic].payload), topic
        for topic in LOADS:
            assert re.fullmatch(rb"[0-9]+\.[0-9]{2}", first[topic].payload), topic
        assert re.fullmatch(rb"[0-9]+ seconds", first["uptime"].payload)
        assert re.fullmatch(rb"belfry-broker version \d+\.\d+\.\d+", first["version"].payload)


def test_figures_tell_what_happened(broker):
    with Watcher(broker.port, "watch") as watcher, Client(broker.port, "reader") as reader:
        reader.subscribe("data/#", 1)
        reader.subscribe("$share/g/other", 1)
        for i in range(7):
            assert mosquitto_pub(broker.port, f"data/{i}", "12345", retain=i < 3) == 0
        reader.wait_for(7)
        watcher.wait_number("publish/messages/received", 7)
        watcher.wait_number("publish/bytes/received", 35)
        watcher.wait_number("connections/socket/count", 9 + 1)  # the rig looked whether it listens
        watcher.wait_number("clients/connected", 2)
        assert watcher.text("clients/active") == "2"
        assert 2 <= watcher.number("clients/maximum") <= 3
        watcher.wait_number("subscriptions/count", 3)  # data/# and two of the watcher's
        watcher.wait_number("shared_subscriptions/count", 1)
        assert watcher.number("load/publish/received/1min") > 0
        assert watcher.number("publish/messages/sent") >= 7
        assert watcher.number("bytes/received") > 7 * 14
        assert watcher.number("heap/maximum") >= watcher.number("heap/current") > 100000
        retained = {m.topic for m in watcher.messages} | {"data/0", "data/1", "data/2"}
        watcher.wait_number("retained messages/count", len(retained))


def test_a_session_that_is_away_shows_as_backlog(broker):
    with Client(broker.port, "sleeper", V311, clean=False) as sleeper:
        sleeper.subscribe("queue", 1)
    for i in range(3):
        assert mosquitto_pub(broker.port, "queue", "x" * 100) == 0
    with Watcher(broker.port, "watch") as watcher:
        wait_until(lambda: watcher.text("belfry/backlog") != "[]", 10, "a backlog")
        worst, = [b for b in json.loads(watcher.text("belfry/backlog"))
                  if b["client"] == "sleeper"]
        assert (worst["connected"], worst["messages"]) == (False, 3)
        assert worst["bytes"] > 300
        watcher.wait_number("clients/disconnected", 1)
        watcher.wait_number("belfry/queued/messages", 3)


def test_only_what_changes_is_sent_again(broker):
    with Watcher(broker.port, "watch") as watcher:
        wait_until(lambda: len(watcher.on("$SYS/broker/uptime")) >= 4, 10, "four updates")
        seen = len(watcher.messages)
        assert len(watcher.on("$SYS/broker/version")) == 1
        assert len(watcher.on("$SYS/broker/clients/expired")) == 1
        assert len(watcher.on("$SYS/broker/subscriptions/count")) <= 2
        times = [m.timestamp for m in watcher.on("$SYS/broker/uptime")]
        assert not any(m.retain for m in watcher.messages[seen:])
        assert times == sorted(times)


def test_clients_do_not_publish_there(broker):
    with Watcher(broker.port, "watch", V5) as watcher:
        mosquitto_pub(broker.port, "$SYS/broker/version", "mine", retain=True)
        mosquitto_pub(broker.port, "$SYS/broker/mine", "mine", retain=True)
        uptimes = len(watcher.on("$SYS/broker/uptime"))
        wait_until(lambda: len(watcher.on("$SYS/broker/uptime")) >= uptimes + 2, 10, "an update")
        assert b"mine" not in watcher.payloads()


def test_wildcards_do_not_reach_it(broker):
    with Client(broker.port, "all") as everything, Watcher(broker.port, "watch") as watcher:
        everything.subscribe("#", 0)
        uptimes = len(watcher.on("$SYS/broker/uptime"))
        wait_until(lambda: len(watcher.on("$SYS/broker/uptime")) >= uptimes + 2, 10, "an update")
        assert everything.messages == []


def test_an_interval_of_0_publishes_nothing(make_broker):
    broker = make_broker("allow_anonymous true", "sys_interval 0")
    with Client(broker.port, "watch") as watcher:
        watcher.subscribe("$SYS/#", 0)
        watcher.subscribe("end", 1)
        watcher.publish("end", "x", 1)
        watcher.wait_for(1)
        stays_true(lambda: len(watcher.messages) == 1, 1.5, "silence below $SYS")


def test_a_reload_may_set_the_interval(make_broker):
    broker = make_broker("allow_anonymous true", "sys_interval 0")
    with Client(broker.port, "watch") as watcher:
        watcher.subscribe("$SYS/broker/uptime", 0)
        broker.config.write_text(broker.config.read_text().replace("interval 0", "interval 1"))
        broker.process.signal(signal.SIGHUP)
        watcher.wait_for(2)
        broker.config.write_text(broker.config.read_text().replace("interval 1", "interval 0"))
        broker.process.signal(signal.SIGHUP)
        wait_until(lambda: broker.process.stderr().count("reload: the new configuration") == 2)
        count = len(watcher.messages)
        stays_true(lambda: len(watcher.messages) <= count + 1, 2.5, "silence")


def test_the_log_goes_to_topics(make_broker):
    broker = make_broker("allow_anonymous true", "log_dest topic", "log_dest stderr",
                         "log_type all", "sys_interval 0")
    with Client(broker.port, "watch") as watcher:
        watcher.subscribe("$SYS/broker/log/#", 1)
        with Client(broker.port, "somebody") as somebody:
            somebody.subscribe("a/b", 1)
            somebody.unsubscribe("a/b")

        def said(letter, words):
            return any(words in m.payload for m in watcher.on(f"$SYS/broker/log/{letter}"))

        wait_until(lambda: said("N", b"somebody disconnected"), 10, "the end of somebody")
        assert said("N", b"New client connected")
        assert said("M/subscribe", b"somebody 1 a/b")
        assert said("M/unsubscribe", b"somebody a/b")
        assert not any(m.retain for m in watcher.messages)
        assert not watcher.on("$SYS/broker/log/D")
        count = len(watcher.messages)
        stays_true(lambda: len(watcher.messages) == count, 0.5, "silence: no line about a line")
