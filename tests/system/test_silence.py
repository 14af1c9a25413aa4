# SPDX-License-Identifier: MIT
"""Silence is an alarm: results that do not come, last wills, heartbeats."""
import json
import signal

import pytest

from gateway import configuration
from mqtt import Client
from nagios import CRITICAL, DOWN, OK, UNKNOWN, UP
from wait import wait_until

RIG = {"hosts": 4, "services": 12, "lines": ["grace 0"],
       "routes": ["route nagios/#", "to nagios", "will_delay 1s"]}


def states(rig, host, service=""):
    return [r.state for r in rig.nagios.of(host, service)]


def test_a_result_that_does_not_come_makes_the_service_unknown_once(rig):
    rig.publish("nagios/h0/s0", {"state": 0, "output": "fine", "ttl": 1})
    wait_until(lambda: states(rig, "h0", "s0") == [OK, UNKNOWN], 10, "UNKNOWN after the ttl")
    silent = rig.nagios.of("h0", "s0")[-1]
    assert "no result for 1 seconds" in silent.output and "fine" in silent.output
    rig.publish("nagios/h0/s1", {"state": 0, "ttl": 1})
    wait_until(lambda: states(rig, "h0", "s1") == [OK, UNKNOWN], 10, "the other one")
    assert states(rig, "h0", "s0") == [OK, UNKNOWN], "it was said again"


def test_the_next_result_clears_the_silence(rig):
    rig.publish("nagios/h0/s2", {"state": 1, "ttl": 1})
    wait_until(lambda: states(rig, "h0", "s2") == [1, UNKNOWN], 10, "UNKNOWN after the ttl")
    rig.publish("nagios/h0/s2", {"state": 0, "ttl": 0})
    wait_until(lambda: states(rig, "h0", "s2") == [1, UNKNOWN, OK], 5, "the new result")


def test_a_silent_host_is_down(rig):
    rig.publish("nagios/h1", {"state": "UP", "ttl": 1})
    wait_until(lambda: states(rig, "h1") == [UP, DOWN], 10, "DOWN after the ttl")


def test_results_in_time_keep_it_from_falling_silent(rig):
    for i in range(8):
        before = len(states(rig, "h0", "s3"))
        rig.publish("nagios/h0/s3", {"state": 0, "output": str(i), "ttl": 2})
        rig.publish("nagios/h0/s4", {"state": 0, "ttl": 1 if i == 0 else 0})
        wait_until(lambda before=before: len(states(rig, "h0", "s3")) > before, 5, "applied")
        done = len(rig.nagios.of("h0", "s5"))
        rig.publish("nagios/h0/s5", {"state": 0, "ttl": 1 if i % 2 else 0})
        wait_until(lambda done=done: len(rig.nagios.of("h0", "s5")) > done, 5, "applied")
    assert UNKNOWN not in states(rig, "h0", "s3")


def will_of(rig, topic, payload, **how):
    return Client(rig.broker.port, "agent", will=(topic, payload, 1, False), **how)


@pytest.mark.parametrize("host, payload", [("h2", "offline"), ("h3", '{"state":"offline"}')])
def test_a_last_will_makes_the_host_down_and_its_return_up(rig, host, payload):
    agent = will_of(rig, f"nagios/{host}/$state", payload)
    agent.connect()
    agent.publish(f"nagios/{host}/$state", "online")
    before = len(states(rig, host))
    agent.paho.socket().shutdown(2)
    agent.paho.loop_stop()
    wait_until(lambda: states(rig, host)[before:] == [DOWN], 10, "DOWN after the will's delay")
    back = Client(rig.broker.port, "agent")
    back.connect()
    back.publish(f"nagios/{host}/$state", "online")
    wait_until(lambda: states(rig, host)[before:] == [DOWN, UP], 10, "UP again")
    back.close()


def test_who_is_back_before_the_delay_was_never_gone(rig):
    client = Client(rig.broker.port, "quick")
    client.connect()
    client.publish("nagios/h0/s6/$state", '{"state":"offline","delay":2}')
    client.publish("nagios/h0/s6/$state", "online")
    client.publish("nagios/h0/s7/$state", '{"state":"offline","delay":2}')
    wait_until(lambda: states(rig, "h0", "s7") == [UNKNOWN], 10, "the one that stays away")
    assert states(rig, "h0", "s6") == []
    client.close()


def test_heartbeats_that_stop_are_an_alarm(rig):
    client = Client(rig.broker.port, "heart")
    client.connect()
    beat = '{"state":"online","ttl":1,"becomes":"CRITICAL"}'
    client.publish("nagios/h0/s8/$state", beat)
    wait_until(lambda: states(rig, "h0", "s8") == [CRITICAL], 10, "CRITICAL without a heartbeat")
    client.publish("nagios/h0/s8/$state", '{"state":"online","ttl":600}')
    wait_until(lambda: states(rig, "h0", "s8") == [CRITICAL, OK], 10, "OK with the next one")
    client.close()


def test_what_a_state_message_says_is_never_guessed(rig):
    rig.publish("nagios/h0/s9/$state", "perhaps")
    wait_until(lambda: rig.observer.rejects("nagios/h0/s9/$state"), 5, "a reject message")
    assert rig.observer.rejects("nagios/h0/s9/$state")[-1][1]["code"] == "bad-state"


def test_silence_survives_a_killed_gateway(make_rig):
    rig = make_rig(**RIG)
    rig.publish("nagios/h0/s0", {"state": 0, "ttl": 4})
    rig.nagios.wait_for("h0", "s0")
    rig.applied("nagios/h0/s2", {"state": 0})  # so the batch before is confirmed, and not repeated
    rig.gateway.kill()
    rig.start_gateway()
    wait_until(lambda: states(rig, "h0", "s0") == [OK, UNKNOWN], 15, "UNKNOWN after the ttl")
    rig.applied("nagios/h0/s2", {"state": 0})
    rig.gateway.kill()
    rig.start_gateway()
    rig.applied("nagios/h0/s1", {"state": 0})
    assert states(rig, "h0", "s0") == [OK, UNKNOWN], "it was said again by the next run"


def test_a_gateway_that_slept_gives_grace(make_rig):
    how = dict(RIG, lines=["grace 3600"])
    rig = make_rig(**how)
    rig.publish("nagios/h0/s0", {"state": 0, "ttl": 1})
    rig.nagios.wait_for("h0", "s0")
    rig.gateway.process.signal(signal.SIGSTOP)
    rig.gateway.process.signal(signal.SIGCONT)
    rig.applied("nagios/h0/s1", {"state": 0})
    assert states(rig, "h0", "s0") == [OK]


def test_a_last_state_is_retained_for_everybody(rig):
    rig.applied("nagios/h0/s10", {"state": 2, "output": "full"})
    late = Client(rig.broker.port, "late")
    late.connect()
    late.subscribe("belfry/state/h0/s10")
    wait_until(lambda: late.messages, 5, "the retained state")
    state = json.loads(late.messages[0].payload)
    assert (state["state"], state["state_text"], state["output"]) == (2, "CRITICAL", "full")
    late.close()


def test_on_silence_and_a_ttl_of_the_route(make_rig):
    rig = make_rig(**RIG)
    assert rig.gateway.end() == 0
    rig.gateway.config.write_text(configuration(
        rig.broker.port, rig.gateway.state_dir, rig.nagios.fifo, lines=["grace 0"],
        routes=["route nagios/#", "to nagios", "ttl 1s", "on_silence critical"]))
    rig.start_gateway()
    rig.publish("nagios/h0/s0", {"state": 0})
    rig.publish("nagios/h0/s1", {"state": 0, "ttl": 0})
    wait_until(lambda: states(rig, "h0", "s0") == [OK, CRITICAL], 10, "CRITICAL after the ttl")
    assert states(rig, "h0", "s1") == [OK]
