# SPDX-License-Identifier: MIT
"""belfry passwd, in the place of mosquitto_passwd."""
import os
import pty
import signal
import subprocess
import termios

import pytest

from process import account, program, run
from wait import wait_until

REFUSED, USAGE = 1, 2


@pytest.fixture
def passwd(scratch):
    """passwd(*arguments, stdin=b"") runs it; arguments that name a Path stay as they are."""
    def call(*arguments, stdin=b""):
        return run([program("belfry", scratch.path), "passwd", *arguments], stdin=stdin)
    return call


@pytest.fixture
def path(scratch):
    return scratch.path / "passwords"


def fields(path):
    """{user: hash} of the file."""
    return dict(line.split(":", 1) for line in path.read_text().splitlines())


def test_a_new_file_is_for_its_owner_alone(passwd, path):
    assert passwd("-c", path, "alice", stdin=b"secret\n").returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(fields(path)) == ["alice"]
    assert fields(path)["alice"].startswith("$scrypt$ln=14,r=8,p=1$")


def test_a_file_that_is_not_there_wants_c(passwd, path):
    done = passwd("-b", path, "alice", "secret")
    assert done.returncode == REFUSED and not path.exists()
    assert f"{path}: No such file or directory; -c writes a new file".encode() in done.stderr
    done = passwd("-b", path.parent / "nowhere/passwords", "alice", "secret")
    assert done.returncode == REFUSED and b"; nor is its folder there\n" in done.stderr


def test_users_come_change_and_go(passwd, path):
    assert passwd("-b", "-c", path, "alice", "a").returncode == 0
    assert passwd("-b", path, "bob", "b").returncode == 0
    before = fields(path)
    assert passwd("-b", path, "alice", "new").returncode == 0
    after = fields(path)
    assert list(after) == ["alice", "bob"]
    assert after["alice"] != before["alice"] and after["bob"] == before["bob"]
    assert passwd("-D", path, "alice").returncode == 0
    assert list(fields(path)) == ["bob"]
    done = passwd("-D", path, "alice")
    assert done.returncode == REFUSED and b"has no user alice" in done.stderr


def test_c_writes_over_what_is_there(passwd, path):
    assert passwd("-b", "-c", path, "alice", "a").returncode == 0
    assert passwd("-c", "-b", path, "bob", "b").returncode == 0
    assert list(fields(path)) == ["bob"]


@pytest.mark.parametrize("option, beginning", [
    ("scrypt", "$scrypt$"), ("sha512-pbkdf2", "$7$25000$"), ("sha512", "$6$")])
def test_the_hash_can_be_chosen(passwd, path, option, beginning):
    assert passwd("-H", option, "-c", "-b", path, "alice", "a").returncode == 0
    assert fields(path)["alice"].startswith(beginning)


def test_iterations_can_be_chosen(passwd, path):
    assert passwd("-H", "sha512-pbkdf2", "-I", "101", "-c", "-b", path, "alice", "a").returncode == 0
    assert fields(path)["alice"].startswith("$7$101$")


def test_a_dash_is_standard_output(passwd):
    done = passwd("-c", "-b", "-", "alice", "a")
    assert done.returncode == 0 and done.stdout.startswith(b"alice:$scrypt$")


def test_a_script_may_repeat_the_password_as_for_mosquitto_passwd(passwd, path):
    assert passwd("-c", path, "alice", stdin=b"secret\nsecret\n").returncode == 0
    done = passwd("-c", path, "bob", stdin=b"secret\nsecrat\n")
    assert done.returncode == REFUSED and b"are not the same" in done.stderr
    assert list(fields(path)) == ["alice"]


@pytest.mark.parametrize("user, why", [
    ("", b"is empty"), ("a:b", b"':'"), ("a\tb", b"control characters"), ("#a", b"comments"),
    (" a", b"blank"), ("u" * 65536, b"65535")])
def test_names_that_cannot_be_are_refused(passwd, path, user, why):
    done = passwd("-c", "-b", path, user, "secret")
    assert done.returncode == REFUSED and why in done.stderr and not path.exists()


@pytest.mark.parametrize("password, why", [("", b"is empty"), ("p" * 65536, b"longer than 65535")])
def test_passwords_that_cannot_be_are_refused(passwd, path, password, why):
    done = passwd("-c", "-b", path, "alice", password)
    assert done.returncode == REFUSED and why in done.stderr and not path.exists()
    done = passwd("-c", path, "alice", stdin=password.encode() + b"\n")
    assert done.returncode == REFUSED and why in done.stderr and not path.exists()


@pytest.mark.parametrize("arguments", [
    [], ["-b"], ["-x"], ["f"], ["f", "u", "p"], ["-b", "f", "u"], ["-b", "f", "u", "p", "q"],
    ["-U"], ["-U", "f", "u"], ["-c", "-D", "f", "u"], ["-c", "-U", "f"], ["-D", "-U", "f"],
    ["-b", "-D", "f", "u", "p"], ["-H"], ["-H", "md5", "f", "u"], ["-I", "0", "f", "u"],
    ["-I", "9", "f", "u"]])
def test_a_wrong_command_line_is_told(passwd, arguments):
    done = passwd(*arguments)
    assert done.returncode == USAGE and b"see: belfry help passwd" in done.stderr


def test_help_comes_from_the_table_of_verbs(scratch):
    belfry = program("belfry", scratch.path)
    assert b"passwd" in run([belfry, "help"]).stdout
    assert run([belfry, "help", "passwd"]).stdout == run([belfry, "passwd", "--help"]).stdout


def test_u_hashes_what_is_not_hashed(passwd, path):
    path.write_text("# users\nalice:secret\n\nbob: two words \n")
    path.chmod(0o640)
    give = account()
    if give:
        os.chown(path, give["user"], give["group"])
    assert passwd("-H", "sha512", "-U", path).returncode == 0
    lines = path.read_text().splitlines()
    assert lines[0] == "# users" and lines[2] == ""
    assert lines[1].startswith("alice:$6$") and lines[3].startswith("bob:$6$")
    assert path.stat().st_mode & 0o777 == 0o640
    assert passwd("-U", path).returncode == 0
    assert path.read_text().splitlines() == lines  # what is hashed is not hashed again


def test_u_changes_nothing_when_a_line_is_wrong(passwd, path):
    path.write_text("alice:secret\nhunter2\n")
    done = passwd("-U", path)
    assert done.returncode == REFUSED and f"{path}:2: ".encode() in done.stderr
    assert b"hunter2" not in done.stderr
    assert path.read_text() == "alice:secret\nhunter2\n"


def test_each_tool_changes_the_others_file(passwd, path):
    assert run(["mosquitto_passwd", "-c", "-b", path, "alice", "a"]).returncode == 0
    assert passwd("-b", path, "bob", "b").returncode == 0
    assert run(["mosquitto_passwd", "-b", path, "carol", "c"]).returncode == 0
    assert passwd("-D", path, "alice").returncode == 0
    assert run(["mosquitto_passwd", "-D", path, "carol"]).returncode == 0
    assert list(fields(path)) == ["bob"] and fields(path)["bob"].startswith("$scrypt$")


def test_two_at_a_time_lose_nobody(passwd, path, scratch):
    assert passwd("-H", "sha512", "-c", "-b", path, "first", "x").returncode == 0
    belfry = program("belfry", scratch.path)
    users = [f"user{i}" for i in range(20)]
    running = [subprocess.Popen([belfry, "passwd", "-H", "sha512", "-b", path, user, "x"], **account())
               for user in users]
    assert [process.wait(60) for process in running] == [0] * len(users)
    assert sorted(fields(path)) == sorted(["first", *users])


def test_a_link_that_anybody_may_have_put_there_is_not_followed(passwd, path, scratch):
    assert passwd("-c", "-b", path, "alice", "a").returncode == 0
    shared = scratch.folder("shared")
    shared.chmod(0o1777)
    (shared / "link").symlink_to(path)
    before = path.read_text()
    done = passwd("-b", shared / "link", "bob", "b")
    assert done.returncode == REFUSED and b"symbolic link" in done.stderr
    assert path.read_text() == before


class Terminal:
    """belfry passwd at a terminal of its own."""

    def __init__(self, argv):
        self.ours, theirs = pty.openpty()
        self.said = b""
        self.process = subprocess.Popen([str(a) for a in argv], stdin=theirs, stdout=theirs,
                                        stderr=theirs, start_new_session=True, **account())
        self._theirs = theirs

    def expect(self, words):
        while words not in self.said:
            self.said += os.read(self.ours, 4096)

    def type(self, text):
        os.write(self.ours, text)

    def echoes(self):
        return bool(termios.tcgetattr(self._theirs)[3] & termios.ECHO)

    def end(self):
        code = self.process.wait(20)
        os.close(self._theirs)
        try:
            while more := os.read(self.ours, 4096):
                self.said += more
        except OSError:  # the other end is closed
            pass
        os.close(self.ours)
        return code


@pytest.fixture
def terminal(scratch, path):
    return Terminal([program("belfry", scratch.path), "passwd", "-c", path, "alice"])


def test_a_terminal_is_asked_twice_and_shows_nothing(terminal, path):
    terminal.expect(b"Password for alice: ")
    assert not terminal.echoes()
    terminal.type(b"s3cret\n")
    terminal.expect(b"The same again for alice: ")
    terminal.type(b"s3cret\n")
    wait_until(terminal.echoes, 10, "the terminal to show again what is typed")
    assert terminal.end() == 0
    assert b"s3cret" not in terminal.said
    assert list(fields(path)) == ["alice"]


def test_two_different_passwords_are_refused(terminal, path):
    terminal.expect(b"Password for alice: ")
    terminal.type(b"s3cret\n")
    terminal.expect(b"The same again for alice: ")
    terminal.type(b"s3cert\n")
    assert terminal.end() == REFUSED
    assert b"are not the same" in terminal.said and not path.exists()


def test_a_signal_leaves_the_terminal_as_it_was(terminal, path):
    terminal.expect(b"Password for alice: ")
    assert not terminal.echoes()
    terminal.process.send_signal(signal.SIGINT)
    wait_until(terminal.echoes, 10, "the terminal to show again what is typed")
    assert terminal.end() == -signal.SIGINT and not path.exists()
