# SPDX-License-Identifier: MIT
"""
Something else stands where the command pipe should: not a byte is written to it, the status says
why, and the gateway goes on when it is mended.
"""
import json
import os
import socket

import pytest

from process import account, give_away
from test_core_faults import DELIVERIES, Story
from wait import wait_until


class Trap:
    """A pipe that somebody listens to: nothing may arrive there."""

    def __init__(self, path):
        os.mkfifo(path)
        os.chmod(path, 0o666)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def caught(self):
        try:
            return os.read(self.fd, 65536)
        except BlockingIOError:
            return b""


class FileTrap:
    def __init__(self, path):
        path.write_bytes(b"untouched\n")
        os.chmod(path, 0o666)
        self.path = path

    def caught(self):
        return self.path.read_bytes().replace(b"untouched\n", b"")


class Nothing:
    def caught(self):
        return b""


def regular_file(fifo, elsewhere):
    return FileTrap(fifo)


def link_to_a_file(fifo, elsewhere):
    fifo.symlink_to(elsewhere / "file")
    return FileTrap(elsewhere / "file")


def link_to_a_pipe(fifo, elsewhere):
    trap = Trap(elsewhere / "pipe")
    give_away(elsewhere / "pipe")
    fifo.symlink_to(elsewhere / "pipe")
    return trap


def pipe_of_a_stranger(fifo, elsewhere):
    trap = Trap(fifo)
    os.chown(fifo, 12345, 12345)
    return trap


def folder(fifo, elsewhere):
    fifo.mkdir()
    give_away(fifo)
    return Nothing()


class SocketTrap:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        self.socket.setblocking(False)

    def caught(self):
        try:
            return self.socket.recv(65536)
        except BlockingIOError:
            return b""


def a_socket(fifo, elsewhere):
    return SocketTrap(fifo)


def problem(observer):
    """What the status message says is in the way of the output."""
    states = [m.payload for m in list(observer.messages)
              if m.topic == "belfry/gateway/belfry-gateway"]
    return (json.loads(states[-1]).get("outputs", {}).get("nagios") or {}).get("problem")


@DELIVERIES
@pytest.mark.parametrize("replace, reason", [
    (regular_file, "is not a pipe"),
    (link_to_a_file, "is a symbolic link"),
    (link_to_a_pipe, "is a symbolic link"),
    (pipe_of_a_stranger, "belongs to a user"),
    (folder, "is not a pipe"),
    (a_socket, "is not a pipe"),
], ids=lambda v: getattr(v, "__name__", None))
def test_what_is_not_the_cores_pipe_gets_nothing(make_rig, scratch, output, replace, reason):
    if replace is pipe_of_a_stranger and not account():
        pytest.skip("only root can give a pipe to somebody else")
    story = Story(make_rig(output=output))
    story.tell()
    wait_until(story.is_heard, 5, "the first results applied")
    fifo, observer = story.rig.nagios.fifo, story.rig.observer
    story.rig.nagios.end()
    fifo.unlink()
    trap = replace(fifo, scratch.folder("elsewhere"))
    story.tell(100)
    wait_until(lambda: reason in (problem(observer) or ""), 10, f"a status with '{reason}'")
    assert story.rig.gateway.process.says(str(fifo), reason)
    assert trap.caught() == b""
    fifo.rmdir() if fifo.is_dir() and not fifo.is_symlink() else fifo.unlink()
    story.rig.nagios.start()
    wait_until(story.is_heard, 10, "everything applied once it was mended")
    wait_until(lambda: problem(observer) is None, 10, "a status without a problem")
