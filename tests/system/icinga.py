# SPDX-License-Identifier: MIT
"""A private, fully passive Icinga 2 with its API, and what it shows over that."""
import base64
import grp
import json
import os
import pwd
import signal
import ssl
import urllib.error
import urllib.parse
import urllib.request

from broker import Broker, free_port, is_listening
from gateway import Gateway
from pki import Pki
from process import Process, account, give_away
from rig import GatewayRig
from wait import wait_until

ICINGA = "/usr/sbin/icinga2"
NODE = "icinga"

MAIN = """\
const NodeName = "{node}"
const ZoneName = NodeName
const TicketSalt = ""
include <itl>
object Endpoint NodeName {{ }}
object Zone ZoneName {{ endpoints = [ NodeName ] }}
object FileLogger "main-log" {{ severity = "information"; path = LogDir + "/icinga2.log" }}
object ApiListener "api" {{ bind_host = "127.0.0.1"; bind_port = {port} }}
object ApiUser "root" {{ password = "icinga"; permissions = [ "*" ] }}
object ApiUser "gateway" {{
  password = "secret"
  permissions = [ "status/query", "actions/process-check-result" ]
}}
object ApiUser "operator" {{ password = "secret"; permissions = [ "status/query", "actions/*" ] }}
object ApiUser "watcher" {{ password = "secret"; permissions = [ "status/query" ] }}
object ApiUser "certified" {{ client_cn = "gateway"; permissions = [ "status/*", "actions/*" ] }}
object IcingaApplication "app" {{
  enable_notifications = false; enable_event_handlers = false; enable_flapping = false
  enable_host_checks = false; enable_service_checks = false; enable_perfdata = false
}}
template Host "passive" {{
  check_command = "dummy"; enable_active_checks = false; max_check_attempts = 1
}}
template Service "passive" {{
  check_command = "dummy"; enable_active_checks = false; max_check_attempts = 1
}}
"""


def names():
    """User and group that Icinga runs as: those of account()."""
    who = account()
    uid, gid = who.get("user", os.getuid()), who.get("group", os.getgid())
    return pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name


class Icinga:
    """
    Hosts h0, h1, … with services s0, s1, … each, and `extra` (host, service) pairs; a host named
    in `deaf` takes no passive results; `more` are further lines of the configuration.
    """

    FOLDERS = ("etc", "data", "data/certs", "cache", "log", "run", "spool", "pki")

    def __init__(self, folder, hosts=2, services=4, extra=(), deaf=(), more=""):
        self.folder, self.port = give_away(folder), free_port()
        for sub in self.FOLDERS:
            (self.folder / sub).mkdir()
            give_away(self.folder / sub)
        self.pki = Pki(self.folder / "pki")
        self.ca = self.pki.path("ca.crt")
        certificate, key = self.pki.issue(NODE)
        for source, name in ((certificate, f"{NODE}.crt"), (key, f"{NODE}.key"), (self.ca, "ca.crt")):
            give_away(self._copy(source, self.folder / "data" / "certs" / name))
        (self.folder / "etc" / "icinga2.conf").write_text(
            MAIN.format(node=NODE, port=self.port) + more
            + self._objects(hosts, services, extra, deaf))
        self.process = Process("icinga", [ICINGA, "daemon", "-c", self.folder / "etc/icinga2.conf",
                                          *self._folders()], self.folder)
        self._tls = ssl.create_default_context(cafile=str(self.ca))

    @staticmethod
    def _copy(source, target):
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
        return target

    def _folders(self):
        user, group = names()
        places = {"RunAsUser": user, "RunAsGroup": group, "ConfigDir": "etc", "DataDir": "data",
                  "LogDir": "log", "CacheDir": "cache", "SpoolDir": "spool", "InitRunDir": "run",
                  "PidPath": "run/icinga2.pid", "ObjectsPath": "cache/objects", "VarsPath":
                  "cache/vars", "ModAttrPath": "data/modattr.conf", "StatePath": "data/state"}
        words = []
        for key, value in places.items():
            value = value if key.startswith("RunAs") else self.folder / value
            words += ["-D", f"Configuration.{key}={value}"]
        return words

    @staticmethod
    def _objects(hosts, services, extra, deaf):
        pairs = [(f"h{i}", f"s{j}") for i in range(hosts) for j in range(services)] + list(extra)
        hosts = dict.fromkeys([f"h{i}" for i in range(hosts)] + [h for h, _ in extra] + list(deaf))
        text = []
        for host in hosts:
            passive = "; enable_passive_checks = false" if host in deaf else ""
            text.append(f"object Host {json.dumps(host, ensure_ascii=False)} "
                        f"{{ import \"passive\"{passive} }}\n")
        for host, service in pairs:
            text.append(f"object Service {json.dumps(service, ensure_ascii=False)} {{ import \"passive\"; "
                        f"host_name = {json.dumps(host, ensure_ascii=False)} }}\n")
        return "".join(text)

    def start(self):
        if not os.path.exists(ICINGA):
            raise FileNotFoundError(f"{ICINGA} is missing: run make deps")
        self.process.start()
        wait_until(self.program_start, 60, "Icinga's API")
        return self

    def end(self):
        self.process.end(30)
        wait_until(lambda: not is_listening(self.port), 30, "the end of Icinga's API")

    def kill(self):
        self.process.kill_all()

    def reload(self, meanwhile=lambda: None):
        before = self.program_start()
        self.process.signal(signal.SIGHUP)
        meanwhile()
        wait_until(lambda: self.program_start() not in (None, before), 60, "the reload")

    def ask(self, path, **parameters):
        """The results of a GET, as root."""
        query = urllib.parse.urlencode(parameters, doseq=True, quote_via=urllib.parse.quote)
        path += f"?{query}" if query else ""
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}/v1/{path}", headers={
            "Accept": "application/json",
            "Authorization": "Basic " + base64.b64encode(b"root:icinga").decode()})
        with urllib.request.urlopen(request, context=self._tls, timeout=20) as answer:
            return json.load(answer)["results"]

    def program_start(self):
        """None while it does not answer."""
        try:
            status = self.ask("status/IcingaApplication")[0]["status"]
        except (OSError, ValueError):
            return None
        return status["icingaapplication"]["app"]["program_start"]

    def shown(self, host, service=None):
        """The attributes of an object."""
        if service is None:
            return self.ask("objects/hosts", host=host)[0]["attrs"]
        return self.ask("objects/services", service=f"{host}!{service}")[0]["attrs"]

    def outputs(self):
        """The output of every service that has one, by (host, service)."""
        objects = self.ask("objects/services", attrs=["host_name", "name", "last_check_result"])
        found = [o["attrs"] for o in objects]
        return {(a["host_name"], a["name"]): a["last_check_result"]["output"] for a in found
                if a["last_check_result"]}

    def wait_for(self, host, service, output, timeout=15.0):
        """The object's last result, once it has this output."""
        def newest():
            try:
                result = self.shown(host, service)["last_check_result"]
            except OSError:
                return None
            return result if result and result["output"] == output else None
        return wait_until(newest, timeout, f"{output!r} of {host}/{service} in Icinga", 0.02)


def configuration(broker, state_dir, port, ca, secret, lines=()):
    return "\n".join([f"broker mqtt://127.0.0.1:{broker}", "client_id belfry-gateway",
                      f"state_dir {state_dir}", "status_interval 1s", "",
                      "output icinga icinga2", f"url https://127.0.0.1:{port}", "user gateway",
                      f"password_file {secret}", f"cafile {ca}", *lines, "",
                      "route nagios/#", "to icinga", ""])


class IcingaWay(GatewayRig):
    """`port` and `ca` lead to Icinga or to what stands in for it."""

    output = "icinga"

    def __init__(self, scratch, port, ca, lines=(), name="way"):
        self.broker = Broker(scratch.folder(f"{name}-broker"),
                             ("allow_anonymous true", "max_queued_messages 100000"))
        self.gateway = Gateway(scratch.folder(f"{name}-gateway"), self.broker.port, "unused")
        self.secret = self.gateway.folder / "secret"
        self.set_password("secret")
        self.gateway.config.write_text(configuration(
            self.broker.port, self.gateway.state_dir, port, ca, self.secret, lines))

    def set_password(self, password):
        self.secret.write_text(password + "\n")
        self.secret.chmod(0o600)
        give_away(self.secret)

    def change(self, old, new):
        text = self.gateway.config.read_text()
        assert old in text
        self.gateway.config.write_text(text.replace(old, new))

    def wait_for_problem(self, *words, timeout=20.0):
        """It stands in the log, too."""
        super().wait_for_problem(*words, timeout=timeout)
        assert self.gateway.process.says(*words)
