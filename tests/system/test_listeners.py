# SPDX-License-Identifier: MIT
"""Where belfry-broker listens: Unix sockets, families, interfaces, sockets of systemd."""
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import packet
from broker import free_port, is_listening
from mqtt import Client
from packet import Wire
from process import Process, account, give_away, has_ended, program, run
from wait import SLACK, wait_until


@pytest.fixture
def start(scratch):
    """start(text, *before) runs the broker with this configuration, perhaps by another program."""
    count = 0

    def start(text, *before):
        nonlocal count
        count += 1
        config = scratch.path / f"broker-{count}.conf"
        config.write_text(text + "\nallow_anonymous true\n")
        broker = program("belfry-broker", scratch.path)
        return Process(f"broker-{count}", [*before, broker, "-c", config], scratch.path).start()
    return start


@pytest.fixture
def passer(scratch):
    """The program that passes sockets, where an ordinary user can read it."""
    return give_away(shutil.copy(Path(__file__).with_name("pass_sockets.py"), scratch.path))


@pytest.fixture
def path(scratch):
    return scratch.path / "mqtt.sock"


def unix_wire(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(5 * SLACK)
    sock.connect(str(path))
    return Wire(sock)


def is_served(path):
    try:
        unix_wire(path).close()
    except OSError:
        return False
    return True


def ended(broker):
    """Its exit status, once it has ended by itself."""
    wait_until(lambda: not broker.is_running(), 10, "the broker's end")
    return broker.popen.returncode


# --- Unix sockets --------------------------------------------------------------------------------

def test_mosquitto_clients_use_a_unix_socket(start, path):
    broker = start(f"listener 0 {path}")
    wait_until(lambda: is_served(path), 10, "the socket")
    reader = subprocess.Popen(["mosquitto_sub", "--unix", path, "-t", "unix/#", "-C", "1", "-v", "-q", "1"],
                              stdout=subprocess.PIPE, **account())
    try:
        with unix_wire(path) as wire:
            wire.connect("watcher")
            wait_until(lambda: broker.stderr().count("New client connected from unix") == 2, 10,
                       "mosquitto_sub connected")
            while reader.poll() is None:
                done = subprocess.run(["mosquitto_pub", "--unix", path, "-t", "unix/a", "-m", "hello"],
                                      timeout=20 * SLACK, **account())
                assert done.returncode == 0
        assert reader.stdout.read() == b"unix/a hello\n"
    finally:
        reader.kill()
        reader.wait()
    assert broker.end() == 0
    assert not path.exists()


def test_websockets_work_over_a_unix_socket(start, path):
    from websocket import WebSocket, request
    start(f"listener 0 {path}\nprotocol websockets")
    wait_until(lambda: is_served(path), 10, "the socket")
    with unix_wire(path) as wire:
        connection = WebSocket(wire.sock)
        assert connection.ask(request()).status == 101
        Wire(connection).connect("framed")


def test_a_socket_that_was_left_behind_is_replaced(start, path):
    killed = start(f"listener 0 {path}")
    wait_until(lambda: is_served(path), 10, "the socket")
    killed.kill()
    assert stat.S_ISSOCK(path.stat().st_mode)
    start(f"listener 0 {path}")
    wait_until(lambda: is_served(path), 10, "the socket again")


def test_a_socket_in_use_is_left_alone(start, path):
    start(f"listener 0 {path}")
    wait_until(lambda: is_served(path), 10, "the socket")
    second = start(f"listener 0 {path}")
    assert ended(second) == 1
    assert second.says(str(path), "another broker")
    assert is_served(path)


def test_a_file_that_is_no_socket_is_left_alone(start, path):
    path.write_text("precious")
    broker = start(f"listener 0 {path}")
    assert ended(broker) == 1
    assert broker.says(str(path), "not a socket")
    assert path.read_text() == "precious"


# --- families and interfaces ---------------------------------------------------------------------

def test_a_listener_may_be_of_one_family(start):
    four, six, both = free_port(), free_port(), free_port()
    start(f"listener {four}\nbind_interface lo\nsocket_domain ipv4\n"
          f"listener {six}\nbind_interface lo\nsocket_domain ipv6\n"
          f"listener {both}\nbind_interface lo")
    wait_until(lambda: is_listening(both) and _accepts("::1", both), 10, "the listener of both")
    assert _accepts("127.0.0.1", four) and not _accepts("::1", four)
    assert _accepts("::1", six) and not _accepts("127.0.0.1", six)


def test_an_interface_stands_for_its_addresses(start):
    port = free_port()
    broker = start(f"listener {port}\nbind_interface lo\nsocket_domain ipv4")
    wait_until(lambda: is_listening(port), 10, "the listener")
    assert broker.says("listen socket on 127.0.0.1:")
    assert not broker.says("0.0.0.0")


def test_an_interface_that_is_not_there_is_named(start):
    broker = start("listener 1883\nbind_interface nowhere7")
    assert ended(broker) == 1
    assert broker.says("nowhere7:1883", "no such interface")


def test_each_listener_has_its_own_limit_of_connections(start):
    narrow, wide = free_port(), free_port()
    start(f"listener {narrow} 127.0.0.1\nmax_connections 1\nlistener {wide} 127.0.0.1")
    wait_until(lambda: is_listening(narrow) and is_listening(wide), 10, "both listeners")
    with Client(wide, "a"), Client(wide, "b"):
        first = wait_until(lambda: _connected(narrow, "c"), 5, "room at the narrow one")
        with Wire.to(narrow) as second:
            assert second.receive() is None
        first.close()


def _accepts(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _connected(port, client_id):
    """A connection with its CONNACK; None when the listener had no room for it yet."""
    wire = Wire.to(port)
    try:
        wire.send(packet.connect(client_id))
        found = wire.receive()
    except (BrokenPipeError, ConnectionResetError):
        found = None
    return wire if found else wire.close()


# --- sockets of systemd --------------------------------------------------------------------------

def test_sockets_that_are_passed_are_taken_by_their_listeners(start, passer, path):
    port, own = free_port(), free_port()
    broker = start(f"listener {port}\nlistener 0 {path}\nlistener {own} 127.0.0.1",
                   sys.executable, passer, f"127.0.0.1:{port}", path, "--")
    wait_until(lambda: is_listening(own), 10, "the listener of its own")
    with Wire.to(port) as wire:
        wire.connect("passed")
    with unix_wire(path) as wire:
        wire.connect("passed-too")
    assert broker.says(f"127.0.0.1:{port}", "systemd") and broker.says(str(path), "systemd")
    assert broker.end() == 0
    assert path.exists()  # it is systemd's, and goes on


def test_a_passed_socket_without_a_listener_is_an_error(start, passer):
    port, stray = free_port(), free_port()
    broker = start(f"listener {port} 127.0.0.1", sys.executable, passer, f"127.0.0.1:{stray}", "--")
    assert ended(broker) == 1
    assert broker.says("systemd", f"socket-0 at 127.0.0.1:{stray}", "listener")


def test_passed_sockets_are_for_the_process_they_name_alone(start):
    port = free_port()
    broker = start(f"listener {port} 127.0.0.1", "env", "LISTEN_PID=1", "LISTEN_FDS=1")
    wait_until(lambda: is_listening(port), 10, "the listener")
    assert not broker.says("systemd")


def test_in_the_background_they_are_taken_as_well(scratch, passer):
    port, pid_file, config = free_port(), scratch.path / "pid", scratch.path / "broker.conf"
    config.write_text(f"listener {port}\nallow_anonymous true\npid_file {pid_file}\n"
                      f"log_dest file {scratch.path}/log\n")
    run([sys.executable, passer, f"127.0.0.1:{port}", "--", program("belfry-broker", scratch.path),
         "-c", config, "-d"])
    wait_until(lambda: pid_file.exists() and pid_file.read_text(), 10, "the daemon's pid")
    pid = int(pid_file.read_text())
    try:
        with Wire.to(port) as wire:
            wire.connect("passed")
        assert "systemd" in (scratch.path / "log").read_text()
    finally:
        os.kill(pid, 15)
    wait_until(lambda: has_ended(pid), 10, "the daemon's end")
