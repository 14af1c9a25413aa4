# SPDX-License-Identifier: MIT
"""What an output lets through, in which form, in what batches, and what it drops."""
import json
import subprocess
from pathlib import Path

import pytest

from lines import lines_of
from moody import Moody
from mqtt import Client
from process import program, run
from relay import ROUTES, relay_blocks
from wait import let_pass, wait_until

EXAMPLE = "contrib/relay/lines.c"


@pytest.fixture
def path(scratch):
    return scratch.folder("lines") / "lines"


@pytest.fixture
def make_lines(make_relay, path):
    """make_lines(*lines): a rig that is started, whose output is the example."""
    return lambda *lines, **how: make_relay(EXAMPLE, [f"path {path}", *lines], **how).start()


def wait_for_lines(path, *wanted):
    wait_until(lambda: lines_of(path) == list(wanted), 10, f"{wanted} (there is {lines_of(path)})")


def held_back(rig, count):
    wait_until(lambda: rig.status()["held_back"] == count, 10, f"{count} records held back")


# --- filters --------------------------------------------------------------------------------------


def test_topics_and_exclude(make_lines, path):
    rig = make_lines("schema raw", "topics logs/a/# logs/b", "topics logs/+/x", "exclude logs/a/secret/#")
    for topic in ("logs/a/1", "logs/b", "logs/b/2", "logs/c/x", "logs/a/secret/1", "logs/end/x"):
        rig.publish(topic, topic)
    wait_for_lines(path, "logs/a/1", "logs/b", "logs/c/x", "logs/end/x")
    held_back(rig, 2)
    rig.end()


def test_min_state(make_lines, path):
    rig = make_lines("schema raw", "min_state critical")
    for state, output in enumerate(("fine", "warm", "hot", "lost")):
        rig.check("h", "s", state, output)
    rig.publish("nagios/h", {"state": 1, "output": "down"})
    rig.publish("logs/a", "a message has no state")
    wait_for_lines(path, "hot", "lost", "down", "a message has no state")
    held_back(rig, 2)
    rig.end()


def test_changes_only(make_lines, path):
    rig = make_lines("schema raw", "changes_only true")
    for number, state in enumerate((0, 0, 1, 1, 0)):
        rig.check("h", "s", state, str(number))
    rig.check("h", "other", 0, "other")
    wait_for_lines(path, "0", "2", "4", "other")
    held_back(rig, 2)
    rig.end()


def test_max_rate(make_lines, path):
    rig = make_lines("schema raw", "max_rate 1")
    rig.publish_all("logs/app", [str(i) for i in range(20)])
    wait_until(lambda: lines_of(path) and rig.status()["held_back"] > 0, 10, "some that are held back")
    wait_until(lambda: len(lines_of(path)) + rig.status()["held_back"] == 20, 10, "all of them")
    assert lines_of(path)[0] == "0"
    rig.end()


def test_max_rate_counts_what_came_not_what_goes_out(scratch, make_relay):
    moody = Moody(scratch, make_relay, ["max_rate 20", "batch_records 10"], mood="retry")
    rig = moody.rig.start()
    for second in range(3):
        rig.publish_all("logs/app", [f"{second} {i}" for i in range(15)])
        wait_until(lambda: rig.status()["behind"] == 15 * (second + 1), 10, "all of them in the journal")
        let_pass(1.1)
    moody.set("ok")
    wait_until(lambda: len(moody.texts()) == 45, 10, "all of them")
    assert rig.status()["held_back"] == 0
    rig.end()


def test_skip_retained(make_relay, path):
    rig = make_relay(EXAMPLE, [f"path {path}", "schema raw", "skip_retained true"])
    rig.broker.start()
    rig.publish("logs/a", "as it was", retain=True)
    rig.broker.end()
    rig.start()
    rig.publish("logs/a", "as it is")
    wait_for_lines(path, "as it is")
    held_back(rig, 1)
    rig.end()


# --- forms ----------------------------------------------------------------------------------------


def test_schema_template(make_lines, path):
    rig = make_lines("schema template", "template ${host}/${service} ${state_text} ${output|json}")
    rig.check("web", "disk", 2, 'the "disk" is full')
    wait_for_lines(path, 'web/disk CRITICAL the \\"disk\\" is full')
    rig.end()


def test_schema_ecs(make_lines, path):
    rig = make_lines("schema ecs", "tag production")
    rig.check("web", "disk", 2, "full")
    line = json.loads(wait_until(lambda: lines_of(path), 10, "a line")[0])
    assert line["ecs"]["version"].startswith("8.") and line["host"]["name"] == "web"
    assert line["tags"] == ["production"] and line["event"]["id"]
    rig.end()


def test_messages_pass_as_they_came(make_lines, path):
    rig = make_lines()
    with Client(rig.broker.port, "sensor-1") as client:
        client.publish("logs/a", b"\x00\xff\x01", ContentType="application/x-odd",
                       UserProperty=[("site", "north"), ("site", "south")])
        client.publish("logs/empty", b"")
        client.publish("logs/json", b'{"level":"warn","@timestamp":"1999"}', qos=2)
    wait_until(lambda: len(lines_of(path)) == 3, 10, "three lines")
    binary, empty, parsed = map(json.loads, lines_of(path))
    assert (binary["message"], binary["payload_encoding"]) == ("AP8B", "base64")
    assert "north" in json.dumps(binary["user_properties"]) and "south" in json.dumps(binary["user_properties"])
    assert empty["topic"] == "logs/empty" and empty.get("message", "") == ""
    assert parsed["payload"]["level"] == "warn" and not parsed["@timestamp"].startswith("1999")
    assert len({binary["event_id"], empty["event_id"], parsed["event_id"]}) == 3
    rig.end()


@pytest.mark.parametrize("lines, hosts", [
    (["schema logstash"], lambda line: json.loads(line).get("host")),
    (["schema ecs"], lambda line: json.loads(line).get("host", {}).get("name")),
    (["schema template", "template ${host}"], lambda line: line or None),
], ids=["logstash", "ecs", "template"])
def test_the_host_of_a_message_is_made_of_its_topic(make_lines, path, lines, hosts):
    rig = make_lines(*lines, "host ${topic[1]}")
    for topic in ("logs/web%201/app", "logs/web2", "logs"):
        rig.publish(topic, "x")
    rig.check("web3", "disk")
    wait_until(lambda: len(lines_of(path)) == 4, 10, "four lines")
    assert [hosts(line) for line in lines_of(path)] == ["web 1", "web2", None, "web3"]
    rig.change([f"path {path}", *lines])  # without the line, as before
    rig.publish("logs/web2", "x")
    wait_until(lambda: len(lines_of(path)) == 5, 10, "five lines")
    assert hosts(lines_of(path)[-1]) is None
    rig.end()


# --- batches --------------------------------------------------------------------------------------


def test_linger_and_batch_records(make_relay, scratch):
    moody = Moody(scratch, make_relay, ["linger 60000", "batch_records 10"])
    rig = moody.rig.start()
    rig.publish_all("logs/app", [str(i) for i in range(30)])
    wait_until(lambda: len(moody.texts()) == 30, 10, "three full batches")
    assert moody.batches() == [(1, 10)] * 3
    assert moody.texts() == [str(i) for i in range(30)]
    rig.publish("logs/app", "one that waits for more")
    assert rig.gateway.end() == 0
    rig.start_gateway()
    rig.change([*moody.lines[:-2], "linger 1"])
    wait_until(lambda: moody.texts()[-1] == "one that waits for more", 10, "what had waited")
    rig.end()


def test_slow_is_slow_and_nothing_more(make_relay, scratch):
    moody = Moody(scratch, make_relay, ["batch_records 5"], mood="slow 100")
    rig = moody.rig.start()
    rig.publish_all("logs/app", [str(i) for i in range(40)])
    wait_until(lambda: len(moody.texts()) == 40, 20, "all of them")
    assert moody.texts() == [str(i) for i in range(40)]
    assert all(attempt == 1 and count <= 5 for attempt, count in moody.batches())
    rig.end()


# --- when too much waits --------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_when_full(make_relay, scratch, policy):
    moody = Moody(scratch, make_relay, [f"when_full {policy}", "queue_records 10", "batch_records 5"],
                  mood="retry")
    rig = moody.rig.start()
    for i in range(50):
        rig.publish("logs/app", str(i))
    moody.set("ok")
    wait_until(lambda: rig.status()["dropped"] + len(moody.texts()) == 50, 15,
               "each one delivered, or counted as dropped")
    texts = moody.texts()
    assert 10 <= len(texts) <= 25 and len(set(texts)) == len(texts)
    assert texts == sorted(texts, key=int)
    assert texts[-10:] == [str(i) for i in range(40, 50)] if policy == "drop_oldest" else "49" not in texts
    rig.end()


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_an_output_that_drops_never_fills_the_journal(make_relay, scratch, path, policy):
    """Its batch is out for ever, and the others get all that comes behind it."""
    routes = ("output other lines", f"path {path}", "schema raw",
              "route logs/#", "to relay other", "decode none")
    moody = Moody(scratch, make_relay, [f"when_full {policy}", "queue_records 10", "batch_records 5"],
                  mood="retry", also=[EXAMPLE], routes=routes,
                  gateway_lines=["journal_max_size 2M", "receive_maximum 20"])
    rig = moody.rig.start()
    rig.publish_all("logs/app", [f"{i} " + "x" * 10000 for i in range(400)])
    wait_until(lambda: len(lines_of(path)) == 400, 30, "all at the other output")
    moody.set("ok")
    wait_until(lambda: rig.status()["dropped"] + len(moody.texts()) == 400, 15,
               "each one delivered, or counted as dropped")
    assert len(moody.texts()) <= 25
    rig.end()


def test_what_is_for_others_is_not_counted_as_dropped(make_relay, scratch, path):
    moody = Moody(scratch, make_relay, ["when_full drop_oldest", "queue_records 10", "batch_records 5"],
                  mood="retry", also=[EXAMPLE], routes=(
                      "output other lines", f"path {path}", "schema raw",
                      "route logs/both", "to relay other", "decode none",
                      "route logs/other", "to other", "decode none"))
    rig = moody.rig.start()
    rig.publish_all("logs/both", [str(i) for i in range(30)])
    rig.publish_all("logs/other", ["x"] * 100)
    wait_until(lambda: len(lines_of(path)) == 130, 15, "what is for the other output")
    moody.set("ok")
    rig.publish("logs/both", "end")
    wait_until(lambda: moody.texts()[-1:] == ["end"], 15, "the last one")
    wait_until(lambda: rig.status()["dropped"] == 31 - len(moody.texts()) > 0, 15,
               "as many dropped as were not delivered")
    rig.end()


# --- what is refused ------------------------------------------------------------------------------


@pytest.fixture
def refused(make_relay, path):
    """refused(blocks) is what --test-config says, which refuses them."""
    rig = make_relay(EXAMPLE, [f"path {path}"])

    def refused(*blocks, lines=(), break_it=lambda plugins: None):
        rig.gateway.configure(blocks=blocks, lines=lines)
        break_it(rig.gateway.plugins)
        result = run([rig.gateway.process.argv[0], "-c", rig.gateway.config, "--test-config"])
        assert result.returncode == 3, result.stderr
        return result.stderr.decode()

    return refused


@pytest.mark.parametrize("lines, words", [
    (["when_full drop_oldest"], "queue_records"),
    (["schema template"], "template"),
    (["template x"], "schema template"),
    (["schema template", "template ${nothing}"], "nothing"),
    (["topics a/#/b"], "a/#/b is no topic filter"),
    (["exclude a+"], "a+ is no topic filter"),
    (["host ${json.host}"], "host: a relay makes it of the topic only"),
    (["host ${topic[x]}"], "host: there is no ${topic[x]}"),
    (["linger soon"], "soon"),
    (["dead_letters letters"], "is not absolute"),
    (["sync maybe"], "true or false"),
], ids=lambda value: value[-1] if isinstance(value, list) else "")
def test_a_wrong_block_is_refused(refused, path, lines, words):
    assert words in refused("output relay lines", f"path {path}", *lines, *ROUTES)


def test_no_two_outputs_have_one_file_of_dead_letters(refused, path):
    assert "is the file of the output relay already" in refused(
        "output relay lines", f"path {path}", "dead_letters /tmp/dead",
        "output other lines", f"path {path}", "dead_letters /tmp/dead",
        "route logs/#", "to relay other", "decode none")


def test_settings_of_the_plugin_are_checked(refused):
    assert "'path': is missing from this output" in refused("output relay lines", *ROUTES)
    assert "has no value" in refused("output relay lines", "path", *ROUTES)
    assert "path here is not absolute" in refused("output relay lines", "path here", *ROUTES)
    said = refused("output relay lines", "path /x", "sinc true", *ROUTES)
    assert "did you mean 'sync'" in said


def test_a_plugin_that_is_not_there_is_named(refused, path):
    said = refused("output relay nothing", *ROUTES)
    assert "is no type of output; built in are: command_file" in said and "nothing.so" in said


def test_a_mistyped_plugin_is_guessed_and_nothing_else_is_wrong(refused):
    said = refused("output relay line", "path /x", "sync true", *ROUTES)
    assert "'line': is no type of output; did you mean 'lines'?" in said
    assert "1 error" in said, said


def test_what_others_may_change_is_not_loaded(refused, path):
    blocks = relay_blocks("lines", [f"path {path}"])
    assert "lines.so may be written to by everybody; chmod o-w" in refused(
        *blocks, break_it=lambda plugins: (plugins / "lines.so").chmod(0o666))
    said = refused(
        *blocks, break_it=lambda plugins: ((plugins / "lines.so").chmod(0o644), plugins.chmod(0o777)))
    assert "'lines': is a plugin that is refused: " in said
    assert "plugins may be written to by everybody; chmod o-w" in said and "1 error" in said


def test_plugin_dir_stands_before_the_outputs(refused, path):
    said = refused(*relay_blocks("lines", [f"path {path}"]), "plugin_dir /nowhere")
    assert "plugin_dir" in said


# --- reload, replay -------------------------------------------------------------------------------


def test_a_reload_adds_changes_and_removes_relays(make_lines, path):
    rig = make_lines("schema raw")
    rig.publish("logs/app", "1")
    wait_for_lines(path, "1")
    rig.change([f"path {path}", "schema template", "template <${payload}>"])
    rig.publish("logs/app", "2")
    wait_for_lines(path, "1", "<2>")
    second = path.with_name("second")
    rig.gateway.configure(blocks=[
        *relay_blocks("lines", [f"path {path}", "schema raw"], []), "output second lines",
        f"path {second}", "schema raw", "route logs/#", "to relay second", "decode none"])
    rig.gateway.reloaded()
    rig.publish("logs/app", "3")
    wait_for_lines(path, "1", "<2>", "3")
    wait_for_lines(second, "3")
    rig.gateway.configure(blocks=["output second lines", f"path {second}", "schema raw",
                                  "route logs/#", "to second", "decode none"])
    rig.gateway.reloaded()
    rig.publish("logs/app", "4")
    wait_for_lines(second, "3", "4")
    assert lines_of(path) == ["1", "<2>", "3"]
    rig.end()


def test_a_reload_takes_a_plugin_that_was_replaced(make_lines, path, tmp_path):
    """Its settings are others now, of which one has the place of another."""
    source = (Path(__file__).parents[2] / EXAMPLE).read_text()
    source = source.replace("<belfry/relay.h>", '"plugins/relay.h"').replace(
        "lines[len++] = '\\n'", "lines[len - 1] = '!', lines[len++] = '\\n'")
    source = source.replace('{ "path", RELAY_TEXT', '{ "more", RELAY_NUMBER, offsetof(struct config, more), '
                            '0, 9, "7", 0, "More.", NULL },\n{ "path", RELAY_TEXT').replace(
        "bool sync;", "bool sync;\nuint64_t more;")
    (tmp_path / "lines.c").write_text(source)
    rig = make_lines("schema raw")
    rig.publish("logs/app", "1.")
    wait_for_lines(path, "1.")
    made = rig.gateway.plugins / "made"
    subprocess.run(["cc", "-shared", "-fPIC", "-I.", "-o", made, tmp_path / "lines.c"], check=True,
                   cwd=Path(__file__).parents[2])
    made.rename(rig.gateway.plugins / "lines.so")
    rig.gateway.reloaded()
    rig.publish("logs/app", "2.")
    wait_for_lines(path, "1.", "2!")
    rig.end()


def replay(rig):
    result = run([program("belfry", rig.gateway.folder), "replay", "--broker",
                  f"mqtt://127.0.0.1:{rig.broker.port}", "--output", "relay", "--since", "1h"])
    assert result.returncode == 0, result.stderr


def test_a_replay_has_the_same_ids(make_lines, path):
    rig = make_lines()
    for i in range(5):
        rig.publish("logs/app", str(i))
    wait_until(lambda: len(lines_of(path)) == 5, 10, "five lines")
    replay(rig)
    wait_until(lambda: len(lines_of(path)) == 10, 10, "ten lines")
    ids = [json.loads(line)["event_id"] for line in lines_of(path)]
    assert ids[:5] == ids[5:]
    rig.end()


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_what_is_replayed_does_not_count_as_waiting(make_lines, path, policy):
    rig = make_lines("schema raw", f"when_full {policy}", "queue_records 50", "batch_records 5")
    old = [str(i) for i in range(300)]
    for i in range(0, 300, 25):
        rig.publish_all("logs/app", old[i:i + 25])
        wait_until(lambda: len(lines_of(path)) == i + 25, 10, "what was published")
    replay(rig)
    rig.publish_all("logs/app", ["new"] * 20)
    wait_for_lines(path, *old, *old, *["new"] * 20)
    assert rig.status()["dropped"] == 0
    rig.end()
