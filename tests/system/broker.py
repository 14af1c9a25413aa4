# SPDX-License-Identifier: MIT
"""A broker on a port of its own: belfry-broker, or the distribution's Mosquitto."""
import itertools
import os
import random
import socket

from process import Process, give_away, program
from wait import wait_until

MOSQUITTO = "/usr/sbin/mosquitto"
_PORTS = itertools.count(random.randrange(20000))


def free_port():
    """Below those that the kernel gives to connections: none of them takes it before its broker."""
    for n in _PORTS:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", 10000 + n % 20000))
            except OSError:
                continue
            return s.getsockname()[1]
    return None


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Broker:
    """
    `lines` follow `listener` in its configuration file; `stored` is the folder below which it
    keeps what has to survive it.
    """

    def __init__(self, folder, lines=("allow_anonymous true",), which=None, stored=None):
        self.folder, self.port = give_away(folder), free_port()
        if stored:
            lines = [*lines, "persistence true", f"persistence_location {stored}/"]
        self.config = self.folder / "broker.conf"
        self.config.write_text("\n".join([f"listener {self.port} 127.0.0.1", *lines, ""]))
        which = which or os.environ.get("BELFRY_BROKER") or program("belfry-broker", self.folder)
        self.process = Process("broker", [which, "-c", self.config], self.folder)

    def start(self):
        self.process.start()
        wait_until(lambda: is_listening(self.port) or not self.process.is_running(), 10,
                   "the broker listening")
        assert self.process.is_running(), "the broker ended: " + self.process.stderr()
        return self

    def end(self):
        return self.process.end()

    def kill(self):
        self.process.kill()
