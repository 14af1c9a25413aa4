# SPDX-License-Identifier: MIT
"""
What every relay has: filters, batches, retries, dead letters, what a crash leaves. The plugins are
the example of contrib/relay, built as a stranger would build it, and ones that misbehave.
"""
import json
import os

import pytest

from lines import lines_of
from wait import wait_until

EXAMPLE = "contrib/relay/lines.c"


@pytest.fixture
def path(scratch):
    folder = scratch.folder("lines")
    return folder / "lines"


def test_the_example_writes_what_comes(make_relay, path):
    rig = make_relay(EXAMPLE, [f"path {path}"]).start()
    rig.check("web1", "disk", 2, "full", perfdata="used=98%;80;90")
    rig.publish("logs/app", "a line\nof text")
    wait_until(lambda: len(lines_of(path)) == 2, 10, "two lines")
    result, message = map(json.loads, lines_of(path))
    assert result["host"] == "web1" and result["state"] == 2 and result["message"] == "full"
    assert message["topic"] == "logs/app" and message["message"] == "a line\nof text"
    assert result["event_id"] != message["event_id"]
    rig.end()


@pytest.mark.parametrize("route, decoded", [
    (["route logs/# dns/all"], False),
    (["route nagios/#"], True),
    (["route #"], False),
    (["route logs/#", "host ${topic[1]}"], True),
    (["route nagios/#", "decode none"], False),
    (["route logs/#", "decode check"], True)],
    ids=["logs", "nagios", "all", "named", "none", "check"])
def test_a_route_to_relays_decodes_what_is_about_checks(make_relay, path, route, decoded):
    """decode check is the default for outputs of checks, and for the topics that are theirs."""
    rig = make_relay(EXAMPLE, [f"path {path}"], routes=[*route, "to relay"]).start()
    topic = "nagios/web1/disk" if "nagios/#" in route[0] else "logs/web1/disk"
    rig.publish(topic, {"state": 1, "output": "odd"})
    wait_until(lambda: lines_of(path), 10, "a line")
    event = json.loads(lines_of(path)[0])
    assert ("host_name" in event) == decoded and ("payload" in event) != decoded
    rig.end()


def test_what_waits_is_delivered_after_a_kill(make_relay, path):
    rig = make_relay(EXAMPLE, [f"path {path}", "retry_most 1"])
    path.mkdir()
    rig.start()
    rig.check("web1", "disk", 1)
    rig.wait_for_problem("cannot be written")
    os.kill(rig.gateway.process.pid, 9)
    rig.gateway.process.kill()
    path.rmdir()
    rig.start_gateway()
    wait_until(lambda: lines_of(path), 10, "the line")
    rig.end()
