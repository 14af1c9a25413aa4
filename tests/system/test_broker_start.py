# SPDX-License-Identifier: MIT
"""belfry-broker from the command line: options, configuration errors, its end."""
import os
import signal
from pathlib import Path

import pytest

import packet
from broker import free_port, is_listening
from mqtt import mosquitto_pub
from packet import Wire
from process import Process, program, run
from wait import wait_until

BAD_CONFIGURATION = 3

LOOPBACK, LOOPBACK_6 = "0100007F", "00000000000000000000000001000000"  # as /proc/net has them


@pytest.fixture
def command(scratch):
    """command(*options) starts the broker with these options and nothing else."""
    def start(*options):
        return Process("broker", [program("belfry-broker", scratch.path), *options],
                       scratch.path).start()
    return start


@pytest.fixture
def tested(scratch):
    """tested(text) runs --test-config over a file of this text."""
    def test(text):
        path = scratch.path / "broker.conf"
        path.write_text(text)
        done = run([program("belfry-broker", scratch.path), "-c", path, "--test-config"])
        return done.returncode, (done.stdout + done.stderr).decode(), path
    return test


@pytest.mark.parametrize("lines, is_warned", [
    ("listener 1883", True),
    ("listener 1883\nlistener 9101\nprotocol http_api", True),
    ("listener 9101\nprotocol http_api", False),
    ("listener 1883\nallow_anonymous true", False),
    ("listener 1883\npassword_file /dev/null", False),
    ("allow_anonymous false", True),
    ("max_inflight_messages 7", False)])
def test_a_listener_that_lets_nobody_in_is_warned_of(tested, lines, is_warned):
    code, text, _ = tested(lines)
    assert code == 0 and text.count("nobody can log in there") == is_warned


def test_without_a_configuration_it_serves_everybody_on_loopback(command):
    port = free_port()
    broker = command("-p", port)
    wait_until(lambda: is_listening(port), 10, "the broker listening")
    assert mosquitto_pub(port, "t", "x") == 0
    assert _listens_on(port) <= {LOOPBACK, LOOPBACK_6}
    assert broker.end() == 0


def test_the_port_option_also_works_beside_a_configuration(command, scratch):
    port, config = free_port(), scratch.path / "broker.conf"
    config.write_text("allow_anonymous true\nmax_queued_messages 10\n")
    broker = command("-c", config, "-p", port)
    wait_until(lambda: is_listening(port), 10, "the broker listening")
    assert mosquitto_pub(port, "t", "x") == 0
    assert broker.end() == 0


def test_the_port_keyword_opens_the_default_listener(command, scratch):
    port, config = free_port(), scratch.path / "broker.conf"
    config.write_text(f"port {port}\nallow_anonymous true\n")
    broker = command("-c", config)
    wait_until(lambda: is_listening(port), 10, "the broker listening")
    assert mosquitto_pub(port, "t", "x") == 0
    assert broker.end() == 0


def test_two_listeners_serve_one_broker(command, scratch):
    first, second, config = free_port(), free_port(), scratch.path / "broker.conf"
    config.write_text(f"allow_anonymous true\nlistener {first} 127.0.0.1\n"
                      f"listener {second} 127.0.0.1\n")
    command("-c", config)
    wait_until(lambda: is_listening(first) and is_listening(second), 10, "both listening")
    with Wire.to(first) as wire:
        wire.connect("crossing")
        wire.send(packet.subscribe(1, [("crossing", 0)]))
        wire.expect(packet.SUBACK)
        assert mosquitto_pub(second, "crossing", "x") == 0
        assert packet.published(wire.expect(packet.PUBLISH)).payload == b"x"


def test_verbose_tells_more(command):
    said = {}
    for options in ((), ("-v",)):
        port = free_port()
        broker = command("-p", port, *options)
        wait_until(lambda: is_listening(port), 10, "the broker listening")
        before = len(broker.stderr())
        mosquitto_pub(port, "t", "x")
        mosquitto_pub(port, "t", "x")
        broker.end()
        said[options] = len(broker.stderr()[before:])
    assert said[("-v",)] > said[()]


def test_a_connection_is_logged_with_its_client_id(command):
    port = free_port()
    broker = command("-p", port, "-v")
    wait_until(lambda: is_listening(port), 10, "the broker listening")
    with Wire.to(port) as wire:
        wire.connect("pump-7")
        wait_until(lambda: broker.says("pump-7"), 5, "a log line about pump-7")


def test_as_a_daemon_it_leaves_the_terminal_and_goes_on(command, scratch):
    port, config = free_port(), scratch.path / "daemon.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    started = command("-c", config, "-d")
    try:
        wait_until(lambda: not started.is_running(), 10, "the first process gone")
        assert started.popen.returncode == 0
        wait_until(lambda: is_listening(port), 10, "the daemon listening")
        daemons = _processes_with(str(config))
        assert len(daemons) == 1
        assert mosquitto_pub(port, "t", "x") == 0
        os.kill(daemons[0], signal.SIGTERM)
        wait_until(lambda: not _processes_with(str(config)), 10, "the daemon's end")
    finally:
        for pid in _processes_with(str(config)):
            os.kill(pid, signal.SIGKILL)


def test_a_second_broker_on_the_same_port_says_so_and_fails(command, broker):
    second = command("-p", broker.port)
    wait_until(lambda: not second.is_running(), 10, "the second broker's end")
    assert second.popen.returncode != 0
    assert second.says(str(broker.port))


# --- configuration ----------------------------------------------------------------------------

def test_a_good_configuration_passes_the_test_without_opening_anything(tested):
    port = free_port()
    code, text, _ = tested(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                           "max_inflight_messages 100\nmax_queued_messages 5000\n"
                           "max_packet_size 100000\nlog_type all\n# a remark\n\n")
    assert code == 0, text
    assert not is_listening(port)


@pytest.mark.parametrize("line, words", [
    ("allow_anonymus true", ["allow_anonymus", "allow_anonymous"]),
    ("max_queued_mesages 10", ["max_queued_mesages", "max_queued_messages"]),
    ("listner 1883", ["listner", "listener"]),
    ("max_queued_messages many", ["max_queued_messages", "many"]),
    ("max_inflight_messages 70000", ["max_inflight_messages", "70000"]),
    ("max_queued_messages -1", ["max_queued_messages", "-1"]),
    ("listener 70000", ["listener", "70000"]),
    ("allow_anonymous perhaps", ["allow_anonymous", "perhaps"]),
    ("max_queued_messages", ["max_queued_messages"]),
])
def test_an_error_names_file_line_word_and_remedy(tested, line, words):
    code, text, path = tested(f"# remark\nallow_anonymous true\n{line}\n")
    assert code == BAD_CONFIGURATION, text
    named = [row for row in text.splitlines() if f"{path}:3" in row]
    assert named, text
    assert all(any(word in row for row in named) for word in words), text


def test_all_errors_are_told_at_once(tested):
    code, text, path = tested("allow_anonymus true\nmax_queued_messages many\n"
                              "allow_anonymous true\nmax_keepalive x\n")
    assert code == BAD_CONFIGURATION
    assert all(f"{path}:{line}" in text for line in (1, 2, 4)), text
    assert f"{path}:3" not in text


def test_a_bad_configuration_does_not_start(command, scratch):
    port, config = free_port(), scratch.path / "broker.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymus true\n")
    broker = command("-c", config)
    wait_until(lambda: not broker.is_running(), 10, "the broker's end")
    assert broker.popen.returncode == BAD_CONFIGURATION
    assert broker.says("allow_anonymus", "allow_anonymous")


def test_a_missing_configuration_file_is_named(command, scratch):
    broker = command("-c", scratch.path / "nowhere.conf")
    wait_until(lambda: not broker.is_running(), 10, "the broker's end")
    assert broker.popen.returncode == BAD_CONFIGURATION
    assert broker.says("nowhere.conf", "no such file")


def test_an_unknown_option_is_named(scratch):
    done = run([program("belfry-broker", scratch.path), "--test-confg"])
    assert done.returncode not in (0, -signal.SIGSEGV)
    assert b"--test-confg" in done.stderr


def test_help_names_the_options(scratch):
    done = run([program("belfry-broker", scratch.path), "--help"])
    assert done.returncode == 0
    assert all(o in done.stdout for o in (b"-c", b"-p", b"-v", b"-d", b"--test-config"))


def test_sigterm_under_load_ends_it_with_0(command):
    port = free_port()
    broker = command("-p", port)
    wait_until(lambda: is_listening(port), 10, "the broker listening")
    with Wire.to(port) as wire:
        wire.connect("busy")
        for i in range(1000):
            wire.send(packet.publish("busy", b"x" * 100, 1, i + 1))
        assert broker.end() == 0


def _listens_on(port):
    """The addresses something listens on at this port, as /proc/net writes them."""
    rows = [row.split() for table in ("tcp", "tcp6")
            for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    local = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {address for address, number in local if int(number, 16) == port}


def _processes_with(argument):
    """Processes with this word, unique to the test, on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if argument.encode() in words:
                found.append(int(entry.name))
    return found
