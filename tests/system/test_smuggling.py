# SPDX-License-Identifier: MIT
"""
Nothing that a stranger publishes becomes another command, and no result of another object: hostile
names and texts by every way into real cores, which still run afterwards and have applied exactly
what was meant.
"""
import itertools
import json
import random
import re
import time

import pytest

from icinga_pipe import PipeWay
from wait import wait_until

COMMAND = "[0] SHUTDOWN_PROGRAM"
PIECES = ["\n" + COMMAND + "\n", "\r\n" + COMMAND, "\r" + COMMAND, "\0" + COMMAND, "\\n" + COMMAND,
          "\\\\n" + COMMAND, "\\", ";", ";0;", "|", "|x=1", "\u2028" + COMMAND, "\u2029",
          "\u0085" + COMMAND, "\x9b2J", "\x1b]0;owned\x07", "\x7f", "\t", "#", "\n#\n", "\n\n",
          "\nhost_name=h1\n", "\nreturn_code=0\n", "output=", "=", "%", "$HOSTNAME$", "`id`",
          "[0] PROCESS_FILE;/etc/passwd;1", COMMAND, "'", '"', "<b>", "\ufeff", "\U0010ffff",
          "x" * 4090, "\u00e9" * 2048, " ", "{}", "\u202e"]
# As a payload or a topic they are bytes; none of them is text.
BROKEN = [b"\xc0\x8a" + COMMAND.encode(), b"\xc0\xaf", b"\xff", b"\xed\xa0\x80", b"\xe2\x28\xa1"]
NAMES = ["h0;s0;0;owned", "h0\n" + COMMAND, "h0\r", "h0\\", "\\", "h0\u2028", "h0\u0085", "h0 ", " h0",
         "[0] SHUTDOWN_PROGRAM", "h0|x", "#h0", "../../etc/passwd", "h0=", "$HOSTNAME$", "", "x" * 300,
         "h0\x1b[2J"]
RESULT = ("PROCESS_SERVICE_CHECK_RESULT", "PROCESS_HOST_CHECK_RESULT")


def texts(count):
    chance = random.Random(4)
    yield from PIECES
    yield from (a + b for a, b in itertools.islice(itertools.product(PIECES, PIECES), 0, None, 7))
    for _ in range(count):
        yield "".join(chance.choices(PIECES, k=chance.randint(1, 5)))


def attack(observer, since):
    """Publish all of it; returns how many results for h0/s0 and h0 were well-formed JSON."""
    paho, sent = observer.paho, {"s0": 0, "": 0}
    for n, text in enumerate(texts(300)):
        key = ("output", "long_output", "perfdata")[n % 3]
        topic = "nagios/h0" + ("/s0" if n % 5 else "")
        paho.publish(topic, json.dumps({"state": 1, key: text, "time": since + n / 1000}), 1)
        sent["s0" if n % 5 else ""] += 1
    for bad in NAMES:
        quoted = "".join(f"%{b:02X}" for b in bad.encode())
        paho.publish(f"nagios/{quoted}/s0", '{"state":2,"output":"owned"}', 1)
        paho.publish(f"nagios/h0/{quoted}", '{"state":2,"output":"owned"}', 1)
        paho.publish("nagios/h0", json.dumps({"service": bad + ";", "state": 2, "output": "owned"}), 1)
        paho.publish("nagios/h0/s0", json.dumps({"host": bad or "h1", "state": 2, "output": "owned"}),
                     1)
    for bad in BROKEN:
        paho.publish("nagios/h0/s0", b'{"state":2,"output":"owned' + bad + b'"}', 1)
        quoted = "".join(f"%{b:02X}" for b in bad)
        paho.publish(f"nagios/h0/s0{quoted}", '{"state":2,"output":"owned"}', 1)
    observer.publish("nagios/h1/s3", json.dumps({"state": 0, "output": "canary",
                                                 "time": since + 30}))
    return sent


@pytest.mark.parametrize("how", [{}, {"output": ["delivery pipe"]},
                                 {"kind": "check_results", "way": "spool"}],
                         ids=["confirmed", "pipe", "spool"])
def test_nagios_applies_what_was_meant_and_nothing_else(make_rig, how):
    rig = make_rig(**how)
    sent = attack(rig.observer, int(time.time()) - 60)
    rig.nagios.wait_for("h1", "s3", 1, 30)
    nul = sum("\0" in text for text in texts(300))
    results = rig.nagios.results()
    assert {(r.host, r.service) for r in results} == {("h0", "s0"), ("h0", ""), ("h1", "s3")}
    assert all(r.state in (0, 1) and "owned" not in r.output[:5] for r in results)
    # A NUL in the text is refused; everything else is a result.
    assert len(results) - 1 == sum(sent.values()) - nul
    assert {name for name, _ in rig.nagios.commands()} <= {"PROCESS_FILE", *RESULT}
    for name, arguments in rig.nagios.commands():
        if name in RESULT:
            assert re.match(r"(h0;(s0;)?1|h1;s3;0|h0\\;s0;2|\\;s0;2|h0;[^;]*;2|[^;]*;s0;2);", arguments)
    assert rig.nagios.is_running() and "Unrecognized" not in rig.nagios.log()
    assert rig.nagios.shown("h0", "s0").get("host_name") in ("h0", None)
    rig.applied("nagios/h0/s1", {"state": 2, "output": "still here"})


def test_icinga_executes_what_was_meant_and_nothing_else(scratch):
    way = PipeWay(scratch, ["delivery pipe"]).start()
    attack(way.observer, int(time.time()) - 60)
    wait_until(lambda: way.icinga.of("h1", "s3"), 20, "the canary")
    executed = re.findall(r"Executing external command: (.*)", way.icinga.log())
    assert len(executed) > 300
    for line in executed:
        assert re.match(r"\[\d+(\.\d+)?\] PROCESS_(SERVICE|HOST)_CHECK_RESULT;", line), line
    shown = {name for name in way.icinga.all()}
    assert shown == {("h0", "s0"), ("h1", "s3")}
    assert way.icinga.of("h0", "s0").state == 1
    way.end()
