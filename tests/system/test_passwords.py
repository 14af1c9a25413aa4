# SPDX-License-Identifier: MIT
"""password_file: who is let in, however the password was hashed and whatever else goes on."""
import signal
import socket
import struct
import subprocess

import pytest

import packet
from broker import MOSQUITTO, Broker, free_port
from mqtt import V5, V311, Client
from process import program, run
from users import MAKERS, make_users
from wait import SLACK, stays_true, wait_until

BUSY, NOT_AUTHORIZED = 0x89, 0x87
REFUSED = {V311: 5, V5: NOT_AUTHORIZED}

@pytest.fixture
def users(scratch):
    return make_users(scratch.path / "passwords", alice="correct horse", bob="p@ss:word$")


@pytest.fixture
def broker(scratch, users):
    return Broker(scratch.folder("broker"), [f"password_file {users}", "allow_anonymous false",
                                             "log_type all"]).start()


def hashes(broker):
    return broker.process.stderr().count("a password was hashed")


class Login:
    """A CONNECT by hand, whose answer may be long in coming."""

    def __init__(self, port, user=None, password=None, version=V311):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60 * SLACK)
        given = [text for text in (user, password) if text is not None]
        flags = 2 | (user is not None) << 7 | (password is not None) << 6
        head = packet.string("MQTT") + struct.pack(">BBH", version, flags, 60)
        head += packet.properties() if version == V5 else b""
        payload = b"".join(packet.string(text) for text in ("", *given))
        self.socket.sendall(packet.packet(packet.CONNECT, 0, head + payload))

    def is_answered(self):
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is not None
        except BlockingIOError:
            return False
        finally:
            self.socket.settimeout(60 * SLACK)

    def code(self):
        """Of the CONNACK; None when the connection was closed without one."""
        data = b""
        while len(data) < 4:
            more = self.socket.recv(4 - len(data))
            if not more:
                return None
            data += more
        assert data[0] == packet.CONNACK << 4
        return data[3]

    def close(self):
        self.socket.close()


def code_of(port, user=None, password=None, version=V311):
    """What the CONNACK says to these credentials."""
    login = Login(port, user, password, version)
    try:
        return login.code()
    finally:
        login.close()


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize("maker", MAKERS)
def test_only_the_right_password_lets_in(scratch, maker, version):
    path = make_users(scratch.path / "passwords", MAKERS[maker], alice="correct horse", bob="Grüße:1")
    broker = Broker(scratch.folder("broker"), [f"password_file {path}"]).start()
    assert code_of(broker.port, "alice", "correct horse", version) == 0
    assert code_of(broker.port, "bob", "Grüße:1", version) == 0
    for user, password in [("alice", "correct hors"), ("alice", "Grüße:1"), ("Alice", "correct horse"),
                           ("carol", "correct horse"), ("alice", ""), ("alice", None)]:
        assert code_of(broker.port, user, password, version) == REFUSED[version]
    assert code_of(broker.port, version=version) == REFUSED[version]


@pytest.mark.parametrize("version", [V311, V5])
def test_paho_is_told(broker, version):
    client = Client(broker.port, version=version)
    client.paho.username_pw_set("alice", "correct horse")
    assert client.connect() == (0, 0)
    client.close()
    client = Client(broker.port, version=version)
    client.paho.username_pw_set("alice", "wrong")
    assert client.connect() == (0, REFUSED[version])
    client.close()


@pytest.mark.parametrize("maker", ["belfry-pbkdf2", "belfry-sha512"])
def test_mosquitto_reads_what_belfry_writes(scratch, maker):
    path = make_users(scratch.path / "passwords", MAKERS[maker], alice="correct horse")
    mosquitto = Broker(scratch.folder("mosquitto"), [f"password_file {path}"], MOSQUITTO).start()
    assert code_of(mosquitto.port, "alice", "correct horse") == 0
    assert code_of(mosquitto.port, "alice", "correct hors") == 5


def test_mosquitto_pub_with_user_and_password(broker):
    def publish(*credentials):
        return subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-t", "t", "-m", "x", "-q", "1",
                               *credentials], capture_output=True, timeout=20 * SLACK).returncode
    assert publish("-u", "alice", "-P", "correct horse") == 0
    assert publish("-u", "bob", "-P", "p@ss:word$", "-V", "mqttv5") == 0
    assert publish("-u", "alice", "-P", "wrong") == 5
    assert publish("-u", "alice") != 0
    assert publish() == 5


def test_a_user_name_must_be_right_where_none_is_needed(scratch, users):
    broker = Broker(scratch.folder("broker"), [f"password_file {users}",
                                               "allow_anonymous true"]).start()
    assert code_of(broker.port) == 0
    assert code_of(broker.port, "alice", "correct horse") == 0
    assert code_of(broker.port, "alice", "wrong") == 5
    assert code_of(broker.port, "carol", "x") == 5


def test_each_listener_may_have_its_own_users(scratch, users):
    others = make_users(scratch.path / "others", carol="x")
    second = free_port()
    broker = Broker(scratch.folder("broker"), [])
    broker.config.write_text("\n".join([
        "per_listener_settings true", f"listener {broker.port} 127.0.0.1", f"password_file {users}",
        f"listener {second} 127.0.0.1", f"password_file {others}", "allow_anonymous true", ""]))
    broker.start()
    assert code_of(broker.port, "alice", "correct horse") == 0
    assert code_of(broker.port, "carol", "x") == 5
    assert code_of(broker.port) == 5
    assert code_of(second, "carol", "x") == 0
    assert code_of(second, "alice", "correct horse") == 5
    assert code_of(second) == 0


def test_a_storm_with_one_credential_costs_one_hash(scratch):
    path = make_users(scratch.path / "passwords", MAKERS["belfry"], alice="x")
    broker = Broker(scratch.folder("broker"), [f"password_file {path}", "log_type all"]).start()
    logins = [Login(broker.port, "alice", "x") for i in range(500)]
    assert [login.code() for login in logins] == [0] * 500
    assert hashes(broker) == 1
    for login in logins:
        login.close()
    assert code_of(broker.port, "alice", "x") == 0
    assert hashes(broker) == 1
    assert code_of(broker.port, "alice", "y") == 5
    assert hashes(broker) == 2


def test_wrong_passwords_hold_nobody_up(scratch):
    path = make_users(scratch.path / "passwords", MAKERS["belfry"], alice="x")
    broker = Broker(scratch.folder("broker"), [f"password_file {path}", "log_type all"]).start()
    working = Client(broker.port, "working")
    working.paho.username_pw_set("alice", "x")
    assert working.connect() == (0, 0)
    working.subscribe("t")
    guesses = [Login(broker.port, "alice", f"guess{i}") for i in range(200)]
    working.publish("t", "still there")
    assert working.wait_for(1)[0].payload == b"still there"
    assert code_of(broker.port, "alice", "x") == 0
    # all that happened while passwords waited to be hashed
    assert not all(guess.is_answered() for guess in guesses)
    for guess in guesses:
        guess.close()
    working.close()


def test_more_passwords_than_can_wait_find_the_server_busy(scratch):
    path = make_users(scratch.path / "passwords", MAKERS["belfry"], alice="x")
    broker = Broker(scratch.folder("broker"), [f"password_file {path}"]).start()
    guesses = [Login(broker.port, "alice", f"guess{i}", V5) for i in range(200)]
    wait_until(lambda: any(g.is_answered() and g.code() == BUSY for g in guesses), 10, "a server busy")
    for guess in guesses:
        guess.close()


def test_it_ends_politely_while_passwords_are_hashed(scratch):
    path = make_users(scratch.path / "passwords", MAKERS["belfry"], alice="x")
    broker = Broker(scratch.folder("broker"), [f"password_file {path}"]).start()
    guesses = [Login(broker.port, "alice", f"guess{i}") for i in range(50)]
    assert broker.end() == 0
    for guess in guesses:
        guess.close()


def test_no_password_reaches_the_log(broker):
    assert code_of(broker.port, "alice", "canary-1", V5) == NOT_AUTHORIZED
    assert code_of(broker.port, "canary", "canary-2") == 5
    assert code_of(broker.port, "alice", "correct horse") == 0
    said = broker.process.stderr()
    assert "address 127.0.0.1: wrong password for user alice\n" in said
    assert "canary-" not in said and "correct horse" not in said and "$6$" not in said


def reload(broker, effect="is in effect"):
    before = len(broker.process.stderr())
    broker.process.signal(signal.SIGHUP)
    wait_until(lambda: effect in broker.process.stderr()[before:], 10, "an answer to SIGHUP")


def test_a_reload_lets_go_of_whose_password_was_changed(broker, users):
    clients = {}
    for user, password in [("alice", "correct horse"), ("bob", "p@ss:word$")]:
        clients[user] = Client(broker.port, user)
        clients[user].paho.username_pw_set(user, password)
        assert clients[user].connect() == (0, 0)
        clients[user].subscribe("t")
    make_users(users, alice="another", carol="x")
    reload(broker)
    wait_until(lambda: clients["alice"].closings, 10, "alice to be disconnected")
    assert broker.process.says("Client alice disconnected: not authorized")
    clients["bob"].publish("t", "still there")
    stays_true(lambda: not clients["bob"].closings, 0.2, "bob's connection")
    assert code_of(broker.port, "alice", "correct horse") == 5  # known until a moment ago
    assert code_of(broker.port, "alice", "another") == 0
    assert code_of(broker.port, "carol", "x") == 0
    clients["bob"].close()


def test_a_reload_with_a_wrong_line_leaves_everything_as_it_was(broker, users):
    with users.open("a") as file:
        file.write("carol:hunter2\n")
    reload(broker, "everything stays as it was")
    said = broker.process.stderr()
    assert f"{users}:3: 'carol': has a plain-text password; run: belfry passwd -U {users}" in said
    assert "hunter2" not in said
    assert code_of(broker.port, "alice", "correct horse") == 0
    assert code_of(broker.port, "carol", "hunter2") == 5


@pytest.mark.parametrize("line, error", [
    ("carol", "this line is not of the form USER:HASH"),
    ("alice:$6$AAAA$AAAA", "'alice': is a user on line 1 already"),
    ("carol:plain", "'carol': has a plain-text password"),
    ("carol:$7$2000000000$AAAA$AAAA", "'carol': asks for 2000000000 iterations"),
])
def test_a_wrong_line_is_told_before_anything_starts(scratch, users, line, error):
    with users.open("a") as file:
        file.write(f"{line}\n")
    config = scratch.path / "broker.conf"
    config.write_text(f"listener {free_port()} 127.0.0.1\npassword_file {users}\n")
    for option in ([], ["--test-config"]):
        done = run([program("belfry-broker", scratch.path), "-c", config, *option])
        assert done.returncode == 3
        assert f"{users}:3: {error}".encode() in done.stderr


def test_a_file_that_is_not_there_is_told_with_its_line(scratch):
    config = scratch.path / "broker.conf"
    config.write_text(f"listener {free_port()} 127.0.0.1\npassword_file /nowhere/at/all\n")
    done = run([program("belfry-broker", scratch.path), "-c", config])
    assert done.returncode == 3
    assert f"{config}:2: 'password_file': /nowhere/at/all cannot be read: ".encode() in done.stderr


def test_a_file_that_everybody_can_read_is_warned_of(scratch, users):
    users.chmod(0o644)
    broker = Broker(scratch.folder("broker"), [f"password_file {users}"]).start()
    assert broker.process.says("password_file", str(users), "open to everybody", "chmod o-rw")
    assert code_of(broker.port, "alice", "correct horse") == 0


def test_too_many_wrong_passwords_from_an_address(scratch, users):
    broker = Broker(scratch.folder("broker"), [f"password_file {users}", "max_auth_failures 3"]).start()
    for guess in ("a", "b", "c"):
        assert code_of(broker.port, "alice", guess, V5) == NOT_AUTHORIZED
    assert code_of(broker.port, "alice", "correct horse", V5) == BUSY
    assert code_of(broker.port, "alice", "correct horse", V311) == 3  # server unavailable
    assert broker.process.says("address 127.0.0.1: log-in refused: more than 3 failures in a minute")


def test_too_many_connections_from_an_address(scratch):
    broker = Broker(scratch.folder("broker"), ["allow_anonymous true", "max_connect_rate 1"]).start()

    def is_refused():
        with socket.create_connection(("127.0.0.1", broker.port), timeout=10 * SLACK) as s:
            try:
                s.sendall(packet.connect("c"))
                return s.recv(4) == b""
            except ConnectionError:
                return True
    wait_until(is_refused, 10, "a connection that is refused")
    assert broker.process.says("address 127.0.0.1: connection refused: more than 1 in a second")
    wait_until(lambda: not is_refused(), 10, "one that is let in")
