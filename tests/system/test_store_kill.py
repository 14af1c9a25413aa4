# SPDX-License-Identifier: MIT
"""
kill -9 of a broker with `persistence true`: what it acknowledged is there afterwards, at QoS 2
once, in the order of its publisher. BELFRY_STORE_KILLS and BELFRY_STORE_SEED make the random test
longer, and repeat it.
"""
import os
import random
import subprocess

import pytest

from mqtt import mosquitto_pub
from numbered import Crowd, Publisher, Subscriber
from packet import V5, V311
from process import account
from store import LINES, Session, StoredBroker, numbers, rest, retained, text
from wait import SLACK, let_pass, wait_until

KILLS = int(os.environ.get("BELFRY_STORE_KILLS", "6"))
SEED = int(os.environ.get("BELFRY_STORE_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1

LEVELS = pytest.mark.parametrize("level", [V311, V5], ids=["3.1.1", "5"])
MESSAGES, RETAINED = 2000, 200


@pytest.fixture
def broker(scratch):
    return StoredBroker(scratch.folder("broker")).start()


def fill(broker, qos, level, messages=MESSAGES, kept=RETAINED):
    """Everything for a session that is away, and everything retained, acknowledged."""
    with Session(broker.port, "away", level) as away:
        assert not away.present
        away.subscribe("q/#", "end")
    with Session(broker.port, "sender", level, clean=True) as sender:
        queued = [(f"q/{n % 7}", text(f"q/{n % 7}", n)) for n in range(messages)]
        assert len(list(sender.publish_all(queued, qos))) == messages
        held = [(f"r/{n}", text(f"r/{n}", n)) for n in range(kept)]
        assert len(list(sender.publish_all(held, qos, retain=True))) == kept


def expect_all(broker, level, messages=MESSAGES, kept=RETAINED):
    assert sorted(numbers_of(retained(broker, "r/#", kept))) == list(range(kept))
    with Session(broker.port, "away", level) as away:
        assert away.present
        assert numbers(rest(broker, away)) == list(range(messages))


def numbers_of(by_topic):
    return [packet_number(topic, payload) for topic, payload in by_topic.items()]


def packet_number(topic, payload):
    assert payload == text(topic, int(topic.rpartition("/")[2])), payload
    return int(topic.rpartition("/")[2])


# --- the case that everybody else loses ----------------------------------------------------------

@LEVELS
@pytest.mark.parametrize("qos", [1, 2])
def test_all_of_2000_and_all_of_200_are_there_after_a_kill(broker, qos, level):
    fill(broker, qos, level)
    broker.restart()
    expect_all(broker, level)


def test_and_after_a_polite_end_and_a_kill_that_follows_it(broker):
    fill(broker, 1, V311, 500, 50)
    assert broker.end() == 0
    broker.start()
    broker.restart()
    expect_all(broker, V311, 500, 50)


def test_kills_while_it_starts_lose_nothing(broker):
    fill(broker, 2, V5, 1000)
    chance = random.Random(SEED)
    print(f"BELFRY_STORE_SEED={SEED}")
    broker.kill()
    for _ in range(10):
        broker.process.start()
        let_pass(chance.uniform(0, 0.06))
        broker.process.kill()
    broker.start()
    expect_all(broker, V5, 1000)


def test_what_was_received_to_the_end_does_not_come_again_after_many_kills(broker):
    """Ten messages, a kill, ten messages: each comes once, and the store does not pile them up."""
    with Session(broker.port, "reader") as reader:
        reader.subscribe("q/#", "end")
    for turn in range(5):
        with Session(broker.port, "sender", clean=True) as sender:
            batch = [("q/1", text("q/1", n)) for n in range(turn * 10, turn * 10 + 10)]
            list(sender.publish_all(batch, qos=2))
        broker.restart()
        with Session(broker.port, "reader") as reader:
            assert numbers(rest(broker, reader)) == list(range(turn * 10, turn * 10 + 10))


def test_the_programs_everybody_has_find_their_messages(broker):
    """mosquitto_sub -c, mosquitto_pub -l and -r, and a kill between them."""
    sub = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-i", "box", "-c",
           "-q", "1", "-t", "lines"]
    how = dict(timeout=20 * SLACK, capture_output=True, **account())
    assert subprocess.run([*sub, "-E"], **how).returncode == 0
    lines = b"".join(b"line %d\n" % n for n in range(100))
    assert subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1",
                           "-t", "lines", "-l"], input=lines, **how).returncode == 0
    assert mosquitto_pub(broker.port, "state", "kept", retain=True) == 0
    broker.restart()
    done = subprocess.run([*sub, "-C", "100", "-W", "10"], **how)
    assert (done.returncode, done.stdout) == (0, lines)
    done = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t",
                           "state", "-C", "1", "-W", "10"], **how)
    assert (done.returncode, done.stdout) == (0, b"kept\n")


# --- at any moment -------------------------------------------------------------------------------

def crowd_of(port):
    publishers = [Publisher(port, "one", 1), Publisher(port, "two", 2),
                  Publisher(port, "five-one", 1, V5), Publisher(port, "five-two", 2, V5),
                  Publisher(port, "state", 1, retain=True)]
    subscribers = [Subscriber(port, "steady"), Subscriber(port, "five", V5),
                   Subscriber(port, "shaky"), Subscriber(port, "shaky-five", V5),
                   Subscriber(port, "away")]
    return Crowd(publishers, subscribers).connect()


def play(broker, crowd, chance, kills):
    """
    Kills at random moments; in between the shaky subscribers and the publishers are cut off now
    and then, and one subscriber is away all the time.
    """
    state = crowd.publishers[-1]
    crowd.leave(crowd.subscribers[-1])
    for _ in range(kills):
        crowd.rate = chance.choice([300, 5000])  # a trickle, or windows that are always full
        for _ in range(chance.randrange(3)):
            crowd.run(chance.uniform(0.01, 0.1))
            chance.choice(crowd.subscribers[2:4] + crowd.publishers).cut()
        crowd.run(chance.uniform(0.02, 0.25))
        broker.kill()
        promised = state.acknowledged
        broker.process.start()
        if chance.random() < 0.3:
            let_pass(chance.uniform(0, 0.05))
            broker.process.kill()
            broker.process.start()
        wait_until(broker.is_up, 10, "the broker listening")
        newest = retained(broker, state.topic, int(promised >= 0))
        if promised >= 0:
            seen = int(newest[state.topic].split()[-2])
            assert promised <= seen < state.sent, f"retained is {seen}, {promised} was acknowledged"


def test_kills_at_random_moments_under_load(scratch):
    chance = random.Random(SEED)
    print(f"BELFRY_STORE_SEED={SEED} BELFRY_STORE_KILLS={KILLS}")
    broker = StoredBroker(scratch.folder("broker"), *LINES, "max_inflight_messages 50").start()
    crowd = crowd_of(broker.port)
    play(broker, crowd, chance, KILLS)
    crowd.finish()
    assert crowd.account() == []
    assert all(p.sent > 0 for p in crowd.publishers)
    assert all(p.connections > KILLS for p in crowd.publishers), "a kill went unnoticed"


def test_without_a_kill_the_same_load_is_in_order(scratch):
    """What the test above finds is the kill's doing: cuts alone lose and double nothing."""
    broker = StoredBroker(scratch.folder("broker")).start()
    crowd, chance = crowd_of(broker.port), random.Random(SEED)
    crowd.leave(crowd.subscribers[-1])
    for _ in range(10):
        crowd.run(chance.uniform(0.01, 0.1))
        chance.choice(crowd.subscribers[2:4] + crowd.publishers).cut()
    crowd.finish()
    assert crowd.account() == []
