# SPDX-License-Identifier: MIT
"""
Plugins that misbehave: what they were to deliver is delivered all the same, and nobody else notices.
The plugin is plugins/moody.c.
"""
import json
import re
import signal
from collections import Counter

import pytest

from http_api import GatewayHttp
from lines import documents_of
from moody import Moody
from process import KEEPS_MEMORY, give_away, own_memory, program, run
from relay import plugin_folder, relay_blocks
from wait import wait_until

EXAMPLE = "contrib/relay/lines.c"


@pytest.fixture
def make_moody(scratch, make_relay):
    return lambda *lines, **how: Moody(scratch, make_relay, lines, **how)


# --- the process, the thread ----------------------------------------------------------------------


def test_a_crash_of_the_plugin_loses_nothing(make_moody):
    moody = make_moody(mood="crash")
    rig = moody.rig.start()
    rig.publish("logs/app", "first")
    wait_until(lambda: not rig.gateway.process.is_running(), 10, "the crash")
    assert rig.gateway.process.popen.returncode == -signal.SIGABRT
    rig.gateway.process.kill()  # reaped: the test has expected it
    rig.publish("logs/app", "second")
    moody.set("ok")
    rig.start_gateway()
    rig.publish("logs/app", "third")
    # The crash may come before the acknowledgement of the first has left: the broker sends it again.
    wait_until(lambda: list(dict.fromkeys(moody.texts())) == ["first", "second", "third"], 15, "all of them")
    assert max(Counter(i for i, _ in moody.written()).values()) == 1
    rig.end()


@pytest.mark.parametrize("mood", ["hang", "unclosed"])
def test_one_that_hangs_stops_only_itself(make_moody, scratch, mood):
    other = scratch.folder("other") / "lines"
    moody = make_moody(also=[EXAMPLE])
    rig = moody.rig
    rig.gateway.configure(blocks=[
        *relay_blocks("moody", moody.lines, []), "output other lines", f"path {other}",
        "schema raw", "route logs/#", "to relay other", "decode none"])
    rig.start()
    moody.set(mood)
    for i in range(3):
        rig.publish("logs/app", str(i))
    wait_until(lambda: other.exists() and other.read_text() == "0\n1\n2\n", 10, "the other output's lines")
    if mood == "hang":
        wait_until(lambda: rig.status()["behind"] == 3, 10, "three that wait")
    assert rig.gateway.end() == 0
    assert rig.gateway.process.says('output "relay"', "does not end")
    moody.set("ok")
    rig.start_gateway()
    moody.wait_for("0", "1", "2")
    rig.end()


def test_several_that_hang_end_together(make_moody):
    moody = make_moody()
    rig = moody.rig
    names = [f"relay{i}" for i in range(6)]
    blocks = [line for name in names for line in [f"output {name} moody", *moody.lines]]
    rig.gateway.configure(blocks=[*blocks, "route logs/#", "to " + " ".join(names), "decode none"])
    rig.start()
    moody.set("hang")
    rig.publish("logs/app", "x")
    wait_until(lambda: len(moody.batches()) == len(names), 10, "all of them at work")
    assert rig.gateway.end() == 0  # within its ten seconds; one after the other would take twenty
    rig.observer.close()
    assert rig.broker.end() == 0


def test_the_end_does_not_wait_for_the_wall_clock(make_moody, clock):
    moody = make_moody(mood="hang")
    rig = moody.rig
    set_clock = clock(rig.gateway.process)
    rig.start()
    rig.publish("logs/app", "x")
    wait_until(moody.batches, 10, "a batch that hangs")
    set_clock(3600)
    assert rig.gateway.end() == 0
    assert rig.gateway.process.says('output "relay"', "does not end")
    rig.observer.close()
    assert rig.broker.end() == 0


def test_a_reload_leaves_one_that_hangs_behind(make_moody):
    moody = make_moody(mood="hang")
    rig = moody.rig.start()
    rig.publish("logs/app", "held")
    wait_until(moody.batches, 10, "a batch that hangs")
    moody.set("ok")
    rig.change([*moody.lines, "linger 1"])
    rig.publish("logs/app", "next")
    moody.wait_for("held", "next")
    rig.end()


def test_an_output_may_go_while_its_name_is_looked_up(scratch, make_relay, slow_name):
    """The thread that looks it up comes back when the plugin is nobody's any more."""
    other = scratch.folder("other") / "lines"
    blocks = ["output other lines", f"path {other}", "schema raw"]
    rig = make_relay(EXAMPLE, [])
    plugin_folder(rig.gateway.plugins.parent, "syslog")
    rig.gateway.configure(blocks=[*blocks, "output relay syslog", "url udp://slow.example:514",
                                  "timeout 1h", "route logs/#", "to relay other", "decode none"])
    slow = slow_name(rig.gateway.process)
    rig.start()
    rig.publish("logs/app", "one")
    wait_until(slow.exists, 10, "the name looked up")
    rig.gateway.configure(blocks=[*blocks, "route logs/#", "to other", "decode none"])
    rig.gateway.reloaded()
    slow.unlink()
    wait_until(slow.with_suffix(".over").exists, 10, "an end of that")
    rig.publish("logs/app", "two")
    wait_until(lambda: other.read_text() == "one\ntwo\n", 10, "what the other output gets")
    rig.end()


def test_one_that_cannot_begin_is_tried_again(make_moody):
    moody = make_moody(mood="closed")
    rig = moody.rig.start()
    rig.publish("logs/app", "x")
    rig.wait_for_problem("cannot begin")
    assert rig.gateway.process.says('output "relay"', "it does not open")
    moody.set("ok")
    moody.wait_for("x")
    rig.wait_until_all_right()
    rig.end()


# --- batches that are under way -------------------------------------------------------------------


def test_batches_arrive_one_after_the_other(make_moody):
    moody = make_moody("batch_records 1", mood="retry")
    rig = moody.rig.start()
    for text in "abcd":
        rig.publish("logs/app", text)
    wait_until(lambda: rig.status()["behind"] == 4 and len(moody.batches()) > 4, 10, "some attempts")
    attempts = [attempt for attempt, _ in moody.batches()]
    assert attempts == list(range(1, len(attempts) + 1))  # all of them with the first record
    moody.set("ok")
    moody.wait_for(*"abcd")
    wait_until(lambda: rig.status()["behind"] == 0, 10, "all of them confirmed")
    rig.end()


def test_what_is_not_for_the_output_does_not_overtake_what_waits(make_moody):
    moody = make_moody("exclude logs/other", mood="retry")
    rig = moody.rig.start()
    rig.publish("logs/app", "x")
    wait_until(moody.batches, 10, "an attempt")
    for _ in range(3):
        rig.publish("logs/other", "y")
    wait_until(lambda: rig.status()["held_back"] == 3, 10, "three that are not for it")
    rig.gateway.kill()
    moody.set("ok")
    rig.start_gateway()
    moody.wait_for("x")
    wait_until(lambda: rig.status()["behind"] == 0, 10, "all of them confirmed")
    rig.end()


# --- verdicts -------------------------------------------------------------------------------------


def test_a_retry_waits_as_long_as_it_is_told(make_moody):
    moody = make_moody(mood="retry 3600000")
    rig = moody.rig.start()
    rig.publish("logs/app", "x")
    assert rig.wait_for_problem("busy") == "the other side\\x0ais\\x09busy"
    assert [attempt for attempt, _ in moody.batches()] == [1]
    assert rig.status()["retries"] == 1 and not rig.status()["connected"]
    moody.set("ok")
    rig.change([*moody.lines, "linger 1"])  # an hour has not passed
    moody.wait_for("x")
    rig.wait_until_all_right()
    rig.end()


@pytest.mark.parametrize("lines, asked, waits", [
    ([], 4294967295, "is to wait 4294967 s; tries again after 600 s"),
    (["retry_most 20m"], 4294967295, "is to wait 4294967 s; tries again after 1200 s"),
    (["retry_most 20m"], 1200000, None),
    ([], 600000, None),
], ids=["bounded", "retry_most", "as-long-as-retry_most", "as-long-as-may-be"])
def test_what_a_plugin_may_put_off_has_a_bound(make_moody, lines, asked, waits):
    moody = make_moody(*lines, mood=f"retry {asked}")
    if lines:
        moody.lines.remove("retry_most 1")
        moody.rig.gateway.configure(blocks=relay_blocks("moody", moody.lines))
    rig = moody.rig.start()
    rig.publish("logs/app", "x")
    rig.wait_for_problem("busy")
    if waits:
        wait_until(lambda: rig.gateway.process.says(waits), 5, "the wait in the log")
    rig.end()
    said = [line for line in rig.gateway.process.stderr().splitlines() if "tries again after" in line]
    assert [line.split('"relay": ')[1] for line in said] == ([waits] if waits else [])


def test_a_retry_without_a_time_comes_again_soon(make_moody):
    moody = make_moody(mood="retry")
    rig = moody.rig.start()
    rig.publish("logs/app", "x")
    wait_until(lambda: len(moody.batches()) > 4, 10, "some attempts")
    assert [attempt for attempt, _ in moody.batches()][:4] == [1, 2, 3, 4]
    moody.set("ok")
    moody.wait_for("x")
    wait_until(lambda: rig.status()["retries"] >= 4, 10, "retries that are counted")
    said = [line for line in rig.gateway.process.stderr().splitlines() if "is\\x09busy" in line]
    assert len(said) == 1
    rig.end()


@pytest.mark.parametrize("mood, words", [("unknown", "a verdict that is none"), ("long", "xxxxxxxx")])
def test_what_a_plugin_must_not_do_is_a_retry(make_moody, mood, words):
    moody = make_moody(mood=mood)
    rig = moody.rig.start()
    rig.publish("logs/app", "x")
    assert len(rig.wait_for_problem(words)) < 256
    moody.set("ok")
    moody.wait_for("x")
    rig.end()


def test_marks_are_followed(make_moody):
    moody = make_moody("linger 300", mood="marks")
    rig = moody.rig.start()
    rig.publish_all("logs/app", ["a", "poison", "later", "b"])
    moody.wait_for("a", "b", "later")
    wait_until(lambda: rig.status()["dead_letters"] == 1, 10, "the dead letter counted")
    letter, = rig.dead_letters()
    assert letter["record"] == "poison" and letter["reason"] == "it is poison"
    assert letter["topic"] == "logs/app" and letter["output"] == "relay"
    assert letter["id"] not in [i for i, _ in moody.written()]
    rig.wait_until_all_right()
    rig.end()


def test_of_a_batch_that_is_refused_only_the_poison_is_dead(make_moody):
    moody = make_moody("linger 60000", "batch_records 50", mood="poison")
    rig = moody.rig.start()
    payloads = [str(i) for i in range(50)]
    payloads[31] = "poison"
    rig.publish_all("logs/app", payloads)
    moody.wait_for(*(p for p in payloads if p != "poison"))
    assert [letter["record"] for letter in rig.dead_letters()] == ["poison"]
    assert rig.dead_letters()[0]["reason"] == "something in it is poison"
    assert moody.batches()[0] == (1, 50) and len(moody.batches()) < 20
    rig.end()


@pytest.mark.parametrize("mood", ["marks", "poison"])
def test_many_dead_letters_are_a_few_lines_of_the_log(make_moody, mood):
    moody = make_moody("linger 300", mood=mood)
    rig = moody.rig.start()
    rig.publish_all("logs/app", ["poison"] * 200)
    rig.publish("logs/app", "good")
    moody.wait_for("good")
    wait_until(lambda: len(rig.dead_letters()) == 200, 10, "all dead letters")
    rig.end()
    said = [line for line in rig.gateway.process.stderr().splitlines() if "is a dead letter (" in line]
    assert all("it is poison" in line or "something in it is poison" in line for line in said)
    more = [re.search(r" \(and (\d+) more\)$", line) for line in said]
    assert sum(1 + int(found[1]) if found else 1 for found in more) == 200
    assert len(said) < 20  # one in ten seconds, and one at the end


def test_dead_letters_that_cannot_be_written_hold_the_output_up(make_moody, scratch):
    folder = scratch.folder("dead")
    moody = make_moody(f"dead_letters {folder}/there/dead", mood="poison")
    rig = moody.rig.start()
    rig.publish("logs/app", "poison")
    rig.publish("logs/app", "good")
    rig.wait_for_problem("dead_letters", "No such file")
    assert moody.texts() == []
    (folder / "there").mkdir()
    give_away(folder / "there")
    moody.wait_for("good")
    assert json.loads((folder / "there/dead").read_text())["record"] == "poison"
    rig.end()


# --- counters -------------------------------------------------------------------------------------


def test_what_a_plugin_counts_is_in_the_status(make_moody, monkeypatch):
    http = GatewayHttp()
    moody = make_moody(gateway_lines=http.lines)
    rig = moody.rig.start()
    rig.publish("logs/app", "x")
    rig.publish("logs/app", "y")
    wait_until(lambda: rig.status().get("plugin") == {"written": 2, "attempt": 1}, 10,
               "the plugin's counters")
    for name in ("held_back", "dropped", "retries", "dead_letters"):
        assert rig.status()[name] == 0
    monkeypatch.setenv("BELFRY_BROKER", f"mqtt://127.0.0.1:{rig.broker.port}")
    shown = run([program("belfry", rig.gateway.folder), "status"]).stdout.decode()
    assert "relay: written 2, attempt 1\n" in shown
    values = http.metrics()
    assert values['belfry_gateway_output_plugin{output="relay",counter="written"}'] == 2
    assert values['belfry_gateway_output_dead_letters_total{output="relay"}'] == 0
    rig.end()


# --- load -----------------------------------------------------------------------------------------


def test_a_killed_gateway_loses_nothing_under_load(make_relay, scratch):
    path = scratch.folder("lines") / "lines"
    rig = make_relay(EXAMPLE, [f"path {path}", "batch_records 50", "sync false"]).start()
    payloads = [str(i) for i in range(4000)]
    for part in range(4):
        rig.publish_all("logs/app", payloads[part * 1000:(part + 1) * 1000])
        rig.gateway.kill()
        rig.start_gateway()

    wait_until(lambda: len({r["message"] for r in documents_of(path)}) == len(payloads), 60, "all of them")
    ids = {}
    for r in documents_of(path):  # the broker hands over again what was not acknowledged, as new messages
        assert ids.setdefault(r["event_id"], r["message"]) == r["message"]
    rig.end()


@pytest.mark.skipif(KEEPS_MEMORY, reason="sanitizers keep memory")
def test_memory_stays_flat_while_the_other_side_is_away(make_moody):
    moody = make_moody("batch_records 100", mood="retry 1000")
    rig = moody.rig.start()
    rig.publish_all("logs/app", ["w" * 200] * 2000)
    wait_until(lambda: rig.status()["behind"] >= 2000, 20, "the first that wait")
    before = own_memory(rig.gateway.process.pid)
    rig.publish_all("logs/app", ["w" * 200] * 50000)
    wait_until(lambda: rig.status()["behind"] >= 52000, 60, "all that wait")
    after = own_memory(rig.gateway.process.pid)
    assert after - before < 8 << 20, (before, after)  # what one commit takes stays
    moody.set("ok")
    wait_until(lambda: len(moody.texts()) == 52000, 60, "all of them")
    assert Counter(Counter(i for i, _ in moody.written()).values()) == {1: 52000}
    rig.end()
