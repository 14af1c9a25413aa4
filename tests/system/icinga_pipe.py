# SPDX-License-Identifier: MIT
"""A private, fully passive Icinga 2 with a command pipe, and what it shows over its API."""
import grp
import json
import os
import pwd
import ssl
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections import namedtuple

from broker import free_port
from pki import Pki
from process import Process, account, give_away
from wait import wait_until

ICINGA = "/usr/sbin/icinga2"
USER, PASSWORD = "root", "icinga"

Shown = namedtuple("Shown", "state output perfdata time")

MAIN = """\
const NodeName = "localnode"
const ZoneName = NodeName
const TicketSalt = ""
include <itl>
object Endpoint NodeName {{ }}
object Zone ZoneName {{ endpoints = [ NodeName ] }}
object FileLogger "main-log" {{ severity = "information"; path = LogDir + "/icinga2.log" }}
object ApiListener "api" {{ bind_host = "127.0.0.1"; bind_port = {port} }}
object ApiUser "{user}" {{ password = "{password}"; permissions = [ "*" ] }}
object ExternalCommandListener "command" {{ command_path = "{fifo}" }}
object IcingaApplication "app" {{
  enable_notifications = false
  enable_event_handlers = false
  enable_flapping = false
  enable_host_checks = false
  enable_service_checks = false
  enable_perfdata = false
}}
template Host "passive" {{
  check_command = "dummy"
  enable_active_checks = false
  max_check_attempts = 1
  address = "127.0.0.1"
}}
template Service "passive" {{
  check_command = "dummy"
  enable_active_checks = false
  max_check_attempts = 1
}}
"""

FOLDERS = {"ConfigDir": "etc", "DataDir": "data", "LogDir": "log", "CacheDir": "cache",
           "SpoolDir": "spool", "InitRunDir": "run", "PidPath": "run/icinga2.pid",
           "ObjectsPath": "cache/objects.debug", "VarsPath": "cache/vars",
           "ModAttrPath": "data/modattr.conf", "StatePath": "data/icinga2.state"}


def _names():
    """User and group that the tests' programs run as, by name."""
    who = account()
    user, group = (who["user"], who["group"]) if who else (os.geteuid(), os.getegid())
    return pwd.getpwuid(user).pw_name, grp.getgrgid(group).gr_name


class Icinga:
    """Hosts h0, h1, … with services s0, s1, … each, and `extra` (host, service) pairs."""

    def __init__(self, folder, hosts=2, services=4, extra=(), pipe="icinga2.cmd"):
        self.folder = give_away(folder)
        for sub in ("pki", "etc", "data", "data/certs", "log", "cache", "spool", "spool/perfdata",
                    "spool/tmp", "run", "run/cmd"):
            (self.folder / sub).mkdir()
        self.fifo = self.folder / "run" / "cmd" / pipe
        self.port = free_port()
        text = [MAIN.format(port=self.port, user=USER, password=PASSWORD, fifo=self.fifo)]
        names = dict.fromkeys([f"h{i}" for i in range(hosts)] + [host for host, _ in extra])
        pairs = [(f"h{i}", f"s{j}") for i in range(hosts) for j in range(services)] + list(extra)
        text += [f'object Host {json.dumps(host)} {{ import "passive" }}\n' for host in names]
        text += [f'object Service {json.dumps(service)} {{ import "passive"; '
                 f'host_name = {json.dumps(host)} }}\n' for host, service in pairs]
        (self.folder / "etc" / "icinga2.conf").write_text("".join(text))
        self._certify(self.folder / "data" / "certs")
        for path in self.folder.rglob("*"):
            give_away(path)
        user, group = _names()
        options = [f"Configuration.RunAsUser={user}", f"Configuration.RunAsGroup={group}"]
        options += [f"Configuration.{name}={self.folder / sub}" for name, sub in FOLDERS.items()]
        self.process = Process("icinga", [
            ICINGA, "daemon", "-c", self.folder / "etc" / "icinga2.conf",
            *[word for option in options for word in ("-D", option)]], self.folder)

    def _certify(self, certs):
        pki = Pki(self.folder / "pki")
        pki.issue("localnode")
        for name in ("localnode.crt", "localnode.key", "ca.crt"):
            (certs / name).write_bytes(pki.path(name).read_bytes())

    def start(self):
        if not os.path.exists(ICINGA):
            raise FileNotFoundError(f"{ICINGA} is missing: run make deps")
        self.process.start()
        self.wait_ready()
        return self

    def wait_ready(self):
        wait_until(lambda: self.fifo.is_fifo() and self.is_reading() and self.status() is not None,
                   30, "Icinga ready")

    def is_reading(self):
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    def end(self):
        self.process.end(20)

    def kill(self):
        self.process.kill_all()

    def started(self):
        """When the process that answers was started."""
        status = self.status()
        return status and status["program_start"]

    def reload(self, meanwhile=lambda: None):
        """Returns when the next process answers."""
        before = self.started()
        self.process.signal(1)
        meanwhile()
        wait_until(lambda: self.started() not in (None, before), 30, "the reload")

    def get(self, path):
        """The results of an API query; None while it does not answer, [] for what is unknown."""
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}/v1/{path}")
        token = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        context = ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return json.load(answer)["results"]
        except urllib.error.HTTPError as error:
            return [] if error.code == 404 else None
        except (OSError, ValueError, KeyError):
            return None

    def status(self):
        answer = self.get("status/IcingaApplication")
        return answer and answer[0]["status"]["icingaapplication"]["app"]

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
