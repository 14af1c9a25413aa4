# SPDX-License-Identifier: MIT
"""
Who receives what nobody acknowledges: rsyslogd, syslog-ng and carbon-cache of the distribution, with
the configuration that contrib/relay shows, and a receiver of GELF, for which there is no package.
"""
import json
import re
import socket
import subprocess
import threading
import zlib
from pathlib import Path

import pytest

from broker import free_port, is_listening
from lines import documents_of
from process import Process, give_away
from wait import wait_until

SAMPLES = Path(__file__).parents[2] / "contrib/relay"
SYSLOG_NG = ("syslog-ng-core", "libivykis0", "libnet1")


class SyslogServer:
    """What both have in common: one port for each way, lines of JSON in a file."""

    def __init__(self, folder, name, argv, changes, pki):
        self.folder = give_away(folder)
        self.ports = {way: free_port() for way in ("udp", "tcp", "tls")}
        self.file = self.folder / "belfry.json"
        text = (SAMPLES / f"{name}.conf").read_text()
        changes = {"/var/log/belfry.json": self.file, "/etc/belfry/ca.crt": pki.path("ca.crt"),
                   "/etc/belfry/logs.crt": pki.path("logs.crt"),
                   "/etc/belfry/logs.key": pki.path("logs.key"), **changes}
        for old, new in changes.items():
            assert old in text, f"{name}.conf has no {old}"
            text = text.replace(old, str(new))
        self.config = self.folder / f"{name}.conf"
        self.config.write_text(self.head() + text)
        self.process = Process(name, argv + [self.config], folder)

    def head(self):
        return ""

    def start(self):
        self.process.start()
        wait_until(lambda: all(is_listening(self.ports[way]) for way in ("tcp", "tls"))
                   or not self.process.is_running(), 20, f"{self.process.name} listening")
        assert self.process.is_running(), self.process.stderr()
        return self

    def records(self):
        """What it has written."""
        return documents_of(self.file)

    def wait_for(self, what, timeout=20):
        """The first record of which what() is true."""
        return wait_until(lambda: next((r for r in self.records() if what(r)), None), timeout,
                          f"a record at {self.process.name}")

    def numbers(self):
        """Of NumbersRig.publish_numbers(), in the order of arrival."""
        found = (re.search(r"number (\d+)$", r["message"]) for r in self.records())
        return [int(m.group(1)) for m in found if m]


class Rsyslog(SyslogServer):
    def __init__(self, folder, pki):
        super().__init__(folder, "rsyslog", [], {}, pki)
        text = self.config.read_text()
        for port, way in ((514, "udp"), (601, "tcp"), (6514, "tls")):
            text = text.replace(f'port="{port}"', f'address="127.0.0.1" port="{self.ports[way]}"')
        self.config.write_text(text)
        self.process.argv = ["/usr/sbin/rsyslogd", "-n", "-i", str(folder / "pid"), "-f",
                             str(self.config)]


class SyslogNg(SyslogServer):
    def __init__(self, folder, pki, root):
        super().__init__(folder, "syslog-ng", [], {'"0.0.0.0"': '"127.0.0.1"'}, pki)
        text = self.config.read_text()
        for port, way in ((514, "udp"), (601, "tcp"), (6514, "tls")):
            text = text.replace(f"port({port})", f"port({self.ports[way]})")
        self.config.write_text(text)
        libraries = root / "usr/lib/syslog-ng"
        paths = f"{libraries}:{root / 'usr/lib/x86_64-linux-gnu'}:{libraries / '3.38'}"
        modules = next(libraries.glob("*/"), libraries)
        self.process.argv = ["env", f"LD_LIBRARY_PATH={paths}", str(root / "usr/sbin/syslog-ng"),
                             "-F", "--no-caps", "-f", str(self.config), "-p", str(folder / "pid"),
                             "-R", str(folder / "persist"), "-c", str(folder / "control"),
                             f"--module-path={modules}"]

    def head(self):
        return "@version: 3.38\n"


def fetch_syslog_ng(folder):
    """
    Its packages taken apart: it cannot be installed beside rsyslog. Skips where they cannot be had.
    """
    done = subprocess.run(["apt-get", "download", *SYSLOG_NG], cwd=folder, capture_output=True,
                          timeout=120, check=False)
    if done.returncode != 0:
        print("note: apt-get download", *SYSLOG_NG, "has failed; nothing is tried with syslog-ng")
        pytest.skip("the packages of syslog-ng cannot be had")
    for package in Path(folder).glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "root"], check=True)
    return folder / "root"


class Carbon:
    """carbon-cache; read back from the files it writes."""

    CONFIG = """[cache]
STORAGE_DIR = {folder}
LOCAL_DATA_DIR = {folder}/whisper
CONF_DIR = {folder}
LOG_DIR = {folder}
PID_DIR = {folder}
USER =
DATABASE = whisper
MAX_CACHE_SIZE = inf
MAX_UPDATES_PER_SECOND = 5000
MAX_CREATES_PER_MINUTE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {port}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
USE_FLOW_CONTROL = True
CACHE_WRITE_STRATEGY = sorted
"""

    def __init__(self, folder):
        self.folder, self.port = give_away(folder), free_port()
        (folder / "carbon.conf").write_text(self.CONFIG.format(
            folder=folder, port=self.port, pickle=free_port(), query=free_port()))
        (folder / "storage-schemas.conf").write_text(
            "[all]\npattern = .*\nretentions = 1s:1d\n")
        give_away(self.folder)
        self.process = Process("carbon-cache", [
            "/usr/bin/carbon-cache", f"--config={folder}/carbon.conf", "--nodaemon",
            f"--pidfile={folder}/pid", "start"], folder)

    def start(self):
        (self.folder / "pid").unlink(missing_ok=True)
        self.process.start()
        wait_until(lambda: is_listening(self.port) or not self.process.is_running(), 30,
                   "carbon listening")
        assert self.process.is_running(), self.process.stderr()
        return self

    def paths(self):
        top = self.folder / "whisper"
        files = (path.relative_to(top).with_suffix("") for path in top.rglob("*.wsp"))
        return {".".join(file.parts) for file in files if file.parts[0] != "carbon"}

    def value(self, path, time):
        """Of this second; None while there is none."""
        import whisper  # comes with carbon
        file = self.folder / "whisper" / (path.replace(".", "/") + ".wsp")
        if not file.exists():
            return None
        try:
            (start, _, step), values = whisper.fetch(str(file), time - 1, time + 1)
        except whisper.WhisperException:
            return None  # it is just being made
        index = (time - start) // step
        return values[index] if index < len(values) else None


class GelfServer:
    """Takes messages over UDP, chunks and zlib included, and over TCP."""

    def __init__(self):
        self.messages, self.faults = [], []
        self.compressed = self.chunked = 0
        self._chunks = {}
        self._connections, self._port = [], {"udp": 0, "tcp": 0}
        self.start()

    def start(self):
        """Again on the same ports."""
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.udp.bind(("127.0.0.1", self._port["udp"]))
        self.tcp = socket.create_server(("127.0.0.1", self._port["tcp"]))
        self._port = {"udp": self.udp.getsockname()[1], "tcp": self.tcp.getsockname()[1]}
        for work, source in ((self._datagrams, self.udp), (self._accept, self.tcp)):
            threading.Thread(target=work, args=[source], daemon=True).start()

    def stop(self):
        for one in (self.udp, self.tcp, *self._connections):
            try:
                one.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in it
            except OSError:
                pass
            one.close()
        self._connections.clear()

    def url(self, way):
        return f"{way}://127.0.0.1:{self._port[way]}"

    def _take(self, data):
        if data[:1] == b"\x78":
            self.compressed += 1
            data = zlib.decompress(data)
        try:
            self.messages.append(json.loads(data.decode()))
        except ValueError as e:
            self.faults.append((e, data))

    def _datagrams(self, source):
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                return
            if not data:
                return
            if data[:2] != b"\x1e\x0f":
                self._take(data)
                continue
            parts = self._chunks.setdefault(data[2:10], {})
            parts[data[10]] = data[12:]
            if len(parts) == data[11]:
                self.chunked += 1
                self._take(b"".join(parts[i] for i in range(data[11])))

    def _accept(self, source):
        while True:
            try:
                connection = source.accept()[0]
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._stream, args=[connection], daemon=True).start()

    def _stream(self, connection):
        rest = b""
        try:
            while data := connection.recv(65536):
                *whole, rest = (rest + data).split(b"\0")
                for message in whole:
                    self._take(message)
        except OSError:
            pass
