# SPDX-License-Identifier: MIT
"""A private, fully passive Nagios Core 4, and what it has applied."""
import errno
import os
import shutil
import signal
import subprocess
from collections import namedtuple
from pathlib import Path

from process import Process, give_away
from wait import wait_until

NAGIOS = "/usr/sbin/nagios4"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
UP, DOWN, UNREACHABLE = range(3)

Result = namedtuple("Result", "host service state output long_output perfdata time")

MAIN = """\
log_file={folder}/nagios.log
cfg_file={folder}/objects.cfg
object_cache_file={folder}/objects.cache
precached_object_file={folder}/objects.precache
status_file={folder}/status.dat
state_retention_file={folder}/retention.dat
lock_file={folder}/nagios.lock
temp_file={folder}/nagios.tmp
temp_path={folder}
command_file={folder}/rw/nagios.cmd
query_socket={folder}/rw/nagios.qh
check_result_path={folder}/spool
log_archive_path={folder}
status_update_interval=1
check_result_reaper_frequency=1
check_external_commands=1
accept_passive_service_checks=1
accept_passive_host_checks=1
execute_service_checks=0
execute_host_checks=0
enable_notifications=0
enable_event_handlers=0
enable_flap_detection=0
check_service_freshness=0
check_host_freshness=0
check_for_updates=0
check_workers=1
process_performance_data=0
retain_state_information=0
use_syslog=0
log_external_commands=0
log_passive_checks=0
use_large_installation_tweaks=1
date_format=iso8601
event_broker_options=-1
broker_module={module} {folder}/neb.log
"""

TEMPLATES = """\
define timeperiod {
    timeperiod_name always
    alias always
    sunday 00:00-24:00
    monday 00:00-24:00
    tuesday 00:00-24:00
    wednesday 00:00-24:00
    thursday 00:00-24:00
    friday 00:00-24:00
    saturday 00:00-24:00
}
define command {
    command_name nothing
    command_line /bin/true
}
define contact {
    contact_name nobody
    host_notification_period always
    service_notification_period always
    host_notification_commands nothing
    service_notification_commands nothing
}
define host {
    name passive-host
    register 0
    check_command nothing
    max_check_attempts 1
    active_checks_enabled 0
    check_period always
    notification_period always
    contacts nobody
}
define service {
    name passive-service
    register 0
    check_command nothing
    max_check_attempts 1
    active_checks_enabled 0
    check_period always
    notification_period always
    contacts nobody
}
"""


def build_module(folder):
    """neblog.so: the one make built (BELFRY_NEBLOG), else compiled here."""
    module = Path(folder) / "neblog.so"
    if not module.exists():
        built = os.environ.get("BELFRY_NEBLOG")
        if built:
            shutil.copy2(built, module)
        else:
            source = Path(__file__).with_name("neblog.c")
            subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC",
                            "-o", module, source], check=True)
        module.chmod(0o755)
    return module


def _unescape(field):
    parts = field.split("\\\\")
    return "\\".join(p.replace("\\n", "\n").replace("\\t", "\t") for p in parts)


class Nagios:
    """
    Hosts h0, h1, … with services s0, s1, … each, and `extra` (host, service) pairs. Every result
    applied is in results(), in order, across restarts of the core.
    """

    def __init__(self, folder, module, hosts=2, services=4, extra=()):
        self.folder = give_away(folder)
        for sub in ("rw", "spool"):
            (self.folder / sub).mkdir()
            give_away(self.folder / sub)
        self.fifo = self.folder / "rw" / "nagios.cmd"
        self.query_socket = self.folder / "rw" / "nagios.qh"
        self.spool = self.folder / "spool"
        self.status = self.folder / "status.dat"
        (self.folder / "nagios.cfg").write_text(MAIN.format(folder=self.folder, module=module))
        (self.folder / "objects.cfg").write_text(self._objects(hosts, services, extra))
        self.process = Process("nagios", [NAGIOS, self.folder / "nagios.cfg"], self.folder)
        self.taken = self.folder / "neb.log"
        self._offset, self._rest, self._results, self._commands = 0, b"", [], []

    @staticmethod
    def _objects(hosts, services, extra):
        pairs = [(f"h{i}", f"s{j}") for i in range(hosts) for j in range(services)] + list(extra)
        names = dict.fromkeys([f"h{i}" for i in range(hosts)] + [host for host, _ in extra])
        text = [TEMPLATES]
        for host in names:
            text.append(f"define host {{\n use passive-host\n host_name {host}\n}}\n")
        for host, service in pairs:
            text.append(f"define service {{\n use passive-service\n host_name {host}\n"
                        f" service_description {service}\n}}\n")
        return "".join(text)

    def start(self):
        if not os.path.exists(NAGIOS):
            raise FileNotFoundError(f"{NAGIOS} is missing: run make deps")
        seen = len(self.log())
        self.process.start()
        # Both: an orphan of a killed core may still hold the command file.
        wait_until(lambda: "launched command file worker" in self.log()[seen:]
                   and self.is_reading(), 10, "Nagios reading its command file")
        return self

    def is_reading(self):
        """Somebody holds the command file open for reading."""
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as e:
            if e.errno in (errno.ENXIO, errno.ENOENT):
                return False
            raise
        return True

    def is_running(self):
        return self.process.is_running()

    def end(self):
        self.process.end()

    def kill(self):
        """Kill it and its workers, as the service manager does before it starts another."""
        self.process.kill_all()

    def orphan(self):
        """
        Kill the main process alone; its command file worker swallows commands until it notices.

        Never start another before that (is_reading() becomes false): of two workers on one
        command file one finds it empty, and a worker of Nagios 4.4 that finds it empty ends. The
        core would run on without ever reading a command.
        """
        self.process.kill()

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def reload(self, meanwhile=lambda: None):
        """Returns when it is back: Nagios takes a second before it even begins."""
        loops = self.log().count("name=Core Worker")
        self.process.signal(signal.SIGHUP)
        meanwhile()
        wait_until(lambda: self.log().count("name=Core Worker") > loops, 10, "the reload")

    def results(self):
        self._read()
        return self._results

    def commands(self):
        """(name, arguments) of every external command the core took up."""
        self._read()
        return self._commands

    def of(self, host, service=""):
        return [r for r in self.results() if (r.host, r.service) == (host, service)]

    def wait_for(self, host, service="", count=1, timeout=10.0):
        """The newest applied result of an object, once it has `count` of them."""
        wait_until(lambda: len(self.of(host, service)) >= count, timeout,
                   f"result {count} of {host}/{service} applied by Nagios")
        return self.of(host, service)[-1]

    def _read(self):
        if not self.taken.exists():
            return
        with open(self.taken, "rb") as f:
            f.seek(self._offset)
            data = f.read()
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for raw in lines:
            kind, *fields = map(_unescape, raw.decode("utf-8", "surrogateescape").split("\t"))
            if kind == "command":
                self._commands.append(tuple(fields))
            else:
                host, service, state, output, long_output, perfdata, when = fields
                # The core keeps long output in its own escaped form.
                self._results.append(Result(host, service, int(state), output,
                                            _unescape(long_output), perfdata, int(when)))

    def shown(self, host, service=None):
        """What status.dat shows of an object: a dict of its lines, {} when it has none yet."""
        try:
            text = self.status.read_text(errors="surrogateescape")
        except FileNotFoundError:
            return {}
        kind = "hoststatus" if service is None else "servicestatus"
        for block in text.split("\n\n"):
            head, *rows = block.strip().splitlines() or [""]
            if head.split(" {")[0] != kind:
                continue
            entry = dict(row.strip().split("=", 1) for row in rows if "=" in row)
            if (entry.get("host_name"), entry.get("service_description")) == (host, service):
                return entry
        return {}

    def log(self):
        path = self.folder / "nagios.log"
        return path.read_text(errors="backslashreplace") if path.exists() else ""
