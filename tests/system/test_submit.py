# SPDX-License-Identifier: MIT
"""belfry submit: from a shell, from send_nsca's input, from a plugin."""
import time

import pytest

from broker import free_port
from process import program, run

RIG = {"extra": [("h0", "disk /var"), ("h0", "C++ #1"), ("h0", "Grüße")]}
FAILURES = range(1, 126)  # an exit status that is no signal and no success


@pytest.fixture
def submit(rig, scratch):
    """submit(*options, stdin=…) runs `belfry submit` against the rig's broker."""
    def call(*options, stdin=b"", port=None):
        broker = f"mqtt://127.0.0.1:{port or rig.broker.port}"
        return run([program("belfry", scratch.path), "submit", "--broker", broker, *options],
                   stdin=stdin)
    return call


@pytest.fixture
def plugin(scratch):
    """plugin(text, code) writes a plugin that prints text and exits with code."""
    def write(text, code):
        path, output = scratch.path / "check_it", scratch.path / "check_it.txt"
        output.write_text(text)
        path.write_text(f'#!/bin/sh\ncat {output}\n[ -z "$1" ] || echo "$1"\nexit {code}\n')
        path.chmod(0o755)
        return path
    return write


def test_flags_name_everything(rig, submit):
    done = submit("--host", "h0", "--service", "s0", "--state", "critical", "--output", "disk full")
    assert done.returncode == 0, done.stderr
    result = rig.nagios.wait_for("h0", "s0")
    assert (result.state, result.output) == (2, "disk full")


@pytest.mark.parametrize("state, number", [
    ("ok", 0), ("warning", 1), ("WARNING", 1), ("critical", 2), ("unknown", 3), ("0", 0), ("2", 2)])
def test_states_are_words_or_numbers(rig, submit, state, number):
    before = len(rig.nagios.of("h0", "s1"))
    assert submit("--host", "h0", "--service", "s1", "--state", state,
                  "--output", f"is {state}").returncode == 0
    result = rig.nagios.wait_for("h0", "s1", before + 1)
    assert (result.state, result.output) == (number, f"is {state}")


@pytest.mark.parametrize("state, number", [("up", 0), ("down", 1)])
def test_without_service_it_is_a_host_result(rig, submit, state, number):
    before = len(rig.nagios.of("h0"))
    assert submit("--host", "h0", "--state", state, "--output", state).returncode == 0
    assert rig.nagios.wait_for("h0", "", before + 1).state == number


@pytest.mark.parametrize("service", ["disk /var", "C++ #1", "Grüße"])
def test_any_service_name_finds_its_way(rig, submit, service):
    assert submit("--host", "h0", "--service", service, "--state", "warning",
                  "--output", "x").returncode == 0
    assert rig.nagios.wait_for("h0", service).state == 1


@pytest.mark.parametrize("text", [
    'quotes " and \\ back', "a;b", "Grüße 東京", "-x", "{}", "100% | x"])
def test_text_arrives_as_typed(rig, submit, text):
    before = len(rig.nagios.of("h0", "s2"))
    assert submit("--host", "h0", "--service", "s2", "--state", "ok",
                  "--output", text).returncode == 0
    result = rig.nagios.wait_for("h0", "s2", before + 1)
    seen = " | ".join(filter(None, (result.output, result.perfdata)))
    # Nagios shows ; as : in the first line.
    assert seen.replace(":", ";") == text


def test_output_with_perfdata_and_more_lines(rig, submit):
    assert submit("--host", "h0", "--service", "s3", "--state", "ok",
                  "--output", "short | a=1\nlong one\nlong two").returncode == 0
    result = rig.nagios.wait_for("h0", "s3")
    assert (result.output, result.long_output, result.perfdata) == (
        "short", "long one\nlong two", "a=1")


def test_the_input_of_send_nsca_works_unchanged(rig, submit):
    lines = b"h1\ts0\t1\tslow | t=3s\nh1\t1\tno answer\nh1\ts1\t0\tfine\n"
    done = submit(stdin=lines)
    assert done.returncode == 0, done.stderr
    service, host = rig.nagios.wait_for("h1", "s0"), rig.nagios.wait_for("h1")
    assert (service.state, service.output, service.perfdata) == (1, "slow", "t=3s")
    assert (host.state, host.output) == (1, "no answer")
    assert rig.nagios.wait_for("h1", "s1").output == "fine"


def test_a_thousand_lines_are_submitted_quickly_and_in_order(rig, submit):
    before = len(rig.nagios.of("h1", "s2"))
    begin = time.monotonic()
    done = submit(stdin=b"".join(b"h1\ts2\t%d\tnumber %d\n" % (i % 4, i) for i in range(1000)))
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begin < 5
    rig.nagios.wait_for("h1", "s2", before + 1000)
    assert [r.output for r in rig.nagios.of("h1", "s2")[before:]] == [
        f"number {i}" for i in range(1000)]


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_a_plugin_is_run_and_its_result_submitted(rig, submit, plugin, code):
    before = len(rig.nagios.of("h1", "s3"))
    check = plugin(f"DISK {code} - /var|used={code}%;80;90\nmore on /var\n", code)
    done = submit("--host", "h1", "--service", "s3", "--", check)
    assert done.returncode == 0, done.stderr
    result = rig.nagios.wait_for("h1", "s3", before + 1)
    assert (result.state, result.output, result.perfdata, result.long_output) == (
        code, f"DISK {code} - /var", f"used={code}%;80;90", "more on /var")


def test_a_plugins_arguments_are_its_own(rig, submit, plugin):
    before = len(rig.nagios.of("h1", "s3"))
    assert submit("--host", "h1", "--service", "s3", "--", plugin("", 1),
                  "--host x --state ok").returncode == 0
    result = rig.nagios.wait_for("h1", "s3", before + 1)
    assert (result.state, result.output) == (1, "--host x --state ok")


def test_a_plugin_with_an_odd_exit_code_is_unknown(rig, submit, plugin):
    before = len(rig.nagios.of("h1", "s3"))
    submit("--host", "h1", "--service", "s3", "--", plugin("odd", 77))
    assert rig.nagios.wait_for("h1", "s3", before + 1).state == 3


def test_a_plugin_that_does_not_exist_is_unknown_or_an_error_but_never_ok(rig, submit, scratch):
    before = len(rig.nagios.of("h1", "s3"))
    done = submit("--host", "h1", "--service", "s3", "--", scratch.path / "no_such_plugin")
    if done.returncode == 0:
        assert rig.nagios.wait_for("h1", "s3", before + 1).state == 3
    else:
        assert b"no_such_plugin" in done.stderr


# --- when it does not work ----------------------------------------------------------------------

def refused(done, *words):
    assert done.returncode in FAILURES, done.returncode
    text = done.stderr.decode()
    assert all(word in text for word in words), text
    assert len(text.strip().splitlines()) <= 5, "a sentence, not a page"
    return text


def test_no_broker_is_an_error_that_names_it(submit):
    port = free_port()
    done = submit("--host", "h0", "--service", "s0", "--state", "ok", "--output", "x", port=port)
    refused(done, str(port))


@pytest.mark.parametrize("options, word", [
    (["--host", "h0", "--service", "s0", "--state", "fine", "--output", "x"], "fine"),
    (["--host", "h0", "--service", "s0", "--state", "7", "--output", "x"], "7"),
    (["--host", "h0", "--service", "s0", "--output", "x"], "state"),
    (["--service", "s0", "--state", "ok", "--output", "x"], "host"),
    (["--host", "h0", "--servce", "s0", "--state", "ok", "--output", "x"], "servce"),
], ids=lambda o: str(o)[-40:])
def test_a_wrong_call_is_refused_and_publishes_nothing(rig, submit, options, word):
    before = len(rig.nagios.results())
    refused(submit(*options), word)
    rig.applied("nagios/h1/s0", {"state": 0, "output": "canary"})
    assert len(rig.nagios.results()) == before + 1


@pytest.mark.parametrize("line", [
    b"h0\ts0\tfine\tx\n", b"h0\n", b"h0\ts0\t7\tx\n", b"\ts0\t0\tx\n"])
def test_a_bad_line_is_named_by_its_number(rig, submit, line):
    done = submit(stdin=b"h0\ts0\t0\tgood\n" + line)
    refused(done, "2")
    assert not rig.observer.rejects()


def test_help_shows_how(scratch):
    for argv in (["help"], ["--help"]):
        done = run([program("belfry", scratch.path), *argv])
        assert done.returncode == 0 and b"submit" in done.stdout
    done = run([program("belfry", scratch.path), "help", "submit"])
    assert done.returncode == 0
    assert all(word in done.stdout for word in (b"--host", b"--service", b"--state", b"--output"))


def test_an_unknown_verb_is_answered_with_the_nearest(scratch):
    done = run([program("belfry", scratch.path), "sumbit"])
    assert done.returncode in FAILURES
    assert b"submit" in done.stderr
