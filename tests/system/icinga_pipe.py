# SPDX-License-Identifier: MIT
"""Icinga 2 with a command pipe, what it shows over its API, and the way of results into it."""
import json
import os
import time
import urllib.error
import urllib.parse
from collections import namedtuple

import icinga
from broker import Broker
from gateway import Gateway
from rig import GatewayRig
from wait import wait_until

Shown = namedtuple("Shown", "state output perfdata time")


class Icinga(icinga.Icinga):
    """`pipe` is the name of its command pipe, the rest as there."""

    FOLDERS = (*icinga.Icinga.FOLDERS, "run/cmd", "spool/perfdata", "spool/tmp")

    def __init__(self, folder, *args, pipe="icinga2.cmd", more="", **how):
        self.fifo = folder / "run" / "cmd" / pipe
        super().__init__(folder, *args, **how, more=more + (
            f'object ExternalCommandListener "command" {{ command_path = "{self.fifo}" }}\n'))

    def start(self):
        super().start()
        wait_until(lambda: self.fifo.is_fifo() and self.is_reading(), 30, "Icinga reading its pipe")
        return self

    def is_reading(self):
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    def get(self, path):
        """As ask(); None while it does not answer, [] for what is unknown."""
        try:
            return self.ask(path)
        except urllib.error.HTTPError as error:
            return [] if error.code == 404 else None
        except (OSError, ValueError, KeyError):
            return None

    def _shown(self, attrs):
        result = attrs["last_check_result"]
        if not result:
            return None
        perfdata = [p if isinstance(p, str) else p.get("label") for p in
                    result["performance_data"] or []]
        return Shown(int(attrs["state"]), result["output"], perfdata, result["execution_start"])

    def all(self):
        """(host, service) -> Shown of every service that has a result."""
        answer = self.get("objects/services?attrs=last_check_result&attrs=state&attrs=host_name"
                          "&attrs=name")
        found = {(o["attrs"]["host_name"], o["attrs"]["name"]): self._shown(o["attrs"])
                 for o in answer or []}
        return {key: shown for key, shown in found.items() if shown}

    def of(self, host, service=None):
        """The current result of an object; None: none yet."""
        kind, name = ("hosts", host) if service is None else ("services", f"{host}!{service}")
        answer = self.get(f"objects/{kind}/{urllib.parse.quote(name, safe='')}"
                          "?attrs=last_check_result&attrs=state")
        return self._shown(answer[0]["attrs"]) if answer else None

    def log(self):
        path = self.folder / "log" / "icinga2.log"
        return path.read_text(errors="backslashreplace") if path.exists() else ""


class PipeWay(GatewayRig):
    """`output` are lines of its block, `route` of its route; `shape` and `more` are Icinga's."""

    def __init__(self, scratch, output=(), route=(), **shape):
        self.icinga = Icinga(scratch.folder("icinga"), **shape)
        self.broker = Broker(scratch.folder("broker"), ("allow_anonymous true",
                                                        "max_queued_messages 100000"))
        self.gateway = Gateway(scratch.folder("gateway"), self.broker.port, self.icinga.fifo,
                               output=output, routes=["route nagios/#", "to nagios", *route],
                               lines=["status_interval 1"])

    def start(self):
        self.icinga.start()
        return super().start()

    def end(self):
        super().end()
        self.icinga.end()

    def publish(self, topic, payload):
        """On the observer's connection: a result takes no process of its own."""
        self.observer.publish(topic, json.dumps(payload))

    def applied(self, topic, payload):
        """Publish and return what Icinga then shows; the payload's time makes it recognisable."""
        _, host, *service = topic.split("/")
        when = payload.setdefault("time", round(time.time(), 6))
        self.publish(topic, payload)

        def is_there():
            shown = self.icinga.of(host, *service)
            return shown if shown and abs(shown.time - when) < 1e-5 else None
        return wait_until(is_there, 10, f"{topic} of {when} shown by Icinga")
