# SPDX-License-Identifier: MIT
"""Broker and gateway with one output of the type http, and the real servers that it posts to."""
import json
import urllib.error
import urllib.parse
import urllib.request

from broker import free_port, is_listening
from process import Process, give_away
from relay import RelayRig
from wait import wait_until

QUICK = ("timeout 2s", "retry_first 20", "retry_most 1s")


class HttpRig(RelayRig):
    """`lines` are those of the output; checks are published on one connection."""

    def __init__(self, scratch, *lines):
        super().__init__(scratch, "http", [*QUICK, *lines])

    @property
    def process(self):
        return self.gateway.process

    def secret(self, name, text):
        path = self.gateway.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return give_away(path)

    def number(self, number, host="web1", service="HTTP", **more):
        """Publish a result whose output says the number."""
        self.publish_all(f"nagios/{host}/{service}",
                         [json.dumps({"state": 1, "output": f"number {number}", **more})])

    def numbers(self, count, first=0):
        for number in range(first, first + count):
            self.number(number)

    def says(self, *words, timeout=20):
        """Wait until one line of the log holds all words."""
        wait_until(lambda: self.process.says(*words) or self.process.has_ended(), timeout,
                   f"a line with {words}")
        assert not self.process.has_ended(), self.process.stderr()

    def change(self, *lines):
        return super().change([*QUICK, *lines])

    def end(self):
        if self.process.is_running() and self.observer:
            super().end()


def numbers(records):
    """Of the results in records of schema logstash."""
    return [int(r["output"].split()[1]) for r in records]


def identity(records):
    """event_id -> number; the same record has the same id however often it comes."""
    ids = {r["event_id"]: number for r, number in zip(records, numbers(records))}
    assert len(ids) == len(set(ids.values())), "one result has two ids"
    return ids


class Peer:
    """A server of the distribution's that takes the line protocol."""

    def __init__(self, folder, name, argv):
        self.process = Process(name, argv, folder)

    def start(self):
        self.process.start()
        wait_until(lambda: self.is_up() or self.process.has_ended(), 30, f"{self.process.name} up")
        assert self.process.is_running(), self.process.stderr()
        return self

    def is_up(self):
        return is_listening(self.port)

    def get(self, path, data=None, **query):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, data=data, timeout=20) as got:
            return got.read()


class Influx(Peer):
    """InfluxDB 1; with `auth` it wants user `root` and password `pass word`."""

    def __init__(self, folder, auth=False):
        self.port, self.auth = free_port(), auth
        config = folder / "influxdb.conf"
        config.write_text("\n".join([
            "reporting-disabled = true", f'bind-address = "127.0.0.1:{free_port()}"',
            "[meta]", f'dir = "{folder}/meta"', "[data]", f'dir = "{folder}/data"',
            f'wal-dir = "{folder}/wal"', "[monitor]", "store-enabled = false", "[http]",
            f'bind-address = "127.0.0.1:{self.port}"', f"auth-enabled = {str(auth).lower()}", ""]))
        super().__init__(folder, "influxd", ["/usr/bin/influxd", "-config", config])

    def is_up(self):
        try:
            self.get("/ping")
        except (OSError, urllib.error.URLError):
            return False
        return True

    def query(self, text, db="nagios"):
        """The rows of all series, as objects with their tags."""
        who = {"u": "root", "p": "pass word"} if self.auth else {}
        how = urllib.parse.urlencode({"db": db, "q": text, "epoch": "ns"}).encode()
        found = json.loads(self.get("/query", data=how, **who))
        return [{**series.get("tags", {}), **dict(zip(series["columns"], row))}
                for result in found["results"] for series in result.get("series", ())
                for row in series["values"]]

    def create(self, db="nagios"):
        if self.auth:
            self.query("CREATE USER root WITH PASSWORD 'pass word' WITH ALL PRIVILEGES")
        self.query(f"CREATE DATABASE {db}")

    def points(self):
        return self.query('SELECT * FROM "check" GROUP BY *')


class VictoriaMetrics(Peer):
    def __init__(self, folder):
        self.port = free_port()
        super().__init__(folder, "victoria", [
            "/usr/bin/victoria-metrics", f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={folder}/data", "-retentionPeriod=100y"])

    def series(self):
        self.get("/internal/force_flush")
        lines = self.get("/api/v1/export", **{"match[]": '{__name__!=""}'}).splitlines()
        return [json.loads(line) for line in lines]
