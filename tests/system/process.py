# SPDX-License-Identifier: MIT
"""Processes a test starts: their output is kept for the report, their end is certain."""
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from wait import wait_until

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_alive = []


def account():
    """Popen arguments that make a program run as an ordinary user, whoever runs the tests."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(path):
    """Let the programs of account() own `path`."""
    who = account()
    if who:
        os.chown(path, who["user"], who["group"])
    return Path(path)


def binaries():
    return Path(os.environ.get("BELFRY_BIN", "build/bin")).resolve()


def program(name, folder):
    """
    The path of one of our programs, copied below `folder` when the tests run as root: the tree
    may stand where an ordinary user cannot look.
    """
    source = binaries() / name
    if not source.exists():
        raise FileNotFoundError(f"{source} is missing: run make, or set BELFRY_BIN")
    if not account():
        return str(source)
    copy = Path(folder) / name
    if not copy.exists():
        shutil.copy2(source, copy)
        copy.chmod(0o755)
    return str(copy)


def alive():
    """Every process not yet cleared, the newest last."""
    return list(_alive)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _running(pid):
    """Its fields of /proc from the state on; None when it has ended, also where nobody has waited for
    it: the first process of a container often does not do that for orphans."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return fields if fields[0] != "Z" else None


def has_ended(pid):
    return _running(pid) is None


def processor_time(pid):
    """Seconds that all threads of a process together have used."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0])
               for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


# Sanitizers keep what was freed: how much a program has says nothing then.
KEEPS_MEMORY = os.environ.get("MODE") in ("asan", "tsan")


def own_memory(pid):
    """Bytes that only it has: not pages of files, which the kernel takes back when it likes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")) * 1024


def _session_members(session):
    running = ((pid, _running(pid)) for pid in os.listdir("/proc") if pid.isdigit())
    return [int(pid) for pid, fields in running if fields and int(fields[3]) == session]


class Process:
    """One program, started again as often as a test likes; its output gathers in one file."""

    def __init__(self, name, argv, folder):
        self.name, self.argv, self.folder = name, [str(a) for a in argv], Path(folder)
        self.popen = None
        self._sessions, self._ended = [], False
        self.errors = self.folder / f"{name}.err"
        self.errors.touch()

    def start(self):
        assert not self.is_running(), f"{self.name} is running already"
        with open(self.folder / f"{self.name}.out", "ab") as out, open(self.errors, "ab") as err:
            self.popen = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.folder,
                start_new_session=True, preexec_fn=_die_with_parent, **account())
        self._ended = False
        self._sessions.append(self.popen.pid)
        if self not in _alive:
            _alive.append(self)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen is not None and self.popen.poll() is None

    def has_ended(self):
        """By itself, without the test's doing."""
        return self.popen is not None and self.popen.poll() is not None and not self._ended

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """End it at once, as a power cut would, and reap it. What it forked lives on."""
        self._ended = True
        if self.is_running():
            self.popen.kill()
        if self.popen is not None:
            self.popen.wait()

    def end(self, timeout=10.0):
        """Ask it to end and return its exit status; kill it and fail when it does not."""
        if self.is_running():
            self.popen.terminate()
        try:
            wait_until(lambda: not self.is_running(), timeout, f"{self.name}'s end after SIGTERM")
        finally:
            self.kill()
        return self.popen.returncode if self.popen else None

    def kill_all(self):
        """As kill(), with everything that came from it: what systemd does with a failed unit."""
        self.kill()
        for session in self._sessions:
            for pid in _session_members(session):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def clear(self):
        """End all of it, for good."""
        self.kill_all()
        if self in _alive:
            _alive.remove(self)

    def stderr(self):
        return self.errors.read_text(errors="backslashreplace")

    def says(self, *words, since=0):
        """Whether one line it wrote to stderr after `since` holds all words, in any case."""
        lines = self.stderr()[since:].lower().splitlines()
        return any(all(word.lower() in line for word in words) for line in lines)


def run(argv, timeout=30, stdin=b""):
    """Run a program to its end as the ordinary user; returns the CompletedProcess, bytes kept."""
    return subprocess.run([str(a) for a in argv], input=stdin, capture_output=True,
                          timeout=timeout, preexec_fn=_die_with_parent, **account())
