# SPDX-License-Identifier: MIT
"""A broker's listener of `protocol http_api` and a gateway's http_listen: asking them, and reading
what Prometheus reads."""
import re
import socket

from broker import free_port
from wait import SLACK, wait_until

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)'
                    r'(?P<labels>\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)+\})? (?P<value>\S+)')


class HttpApi:
    """Give `lines` to a broker's configuration."""
    host = "x"

    def __init__(self):
        self.port = free_port()
        self.lines = (f"listener {self.port} 127.0.0.1", "protocol http_api")

    def connect(self):
        """It opens last: a broker whose first listener answers may not be that far."""
        return wait_until(self._connect, 10, "the HTTP API listening")

    def _connect(self):
        try:
            return socket.create_connection(("127.0.0.1", self.port), timeout=20 * SLACK)
        except ConnectionRefusedError:
            return None

    def send(self, request):
        """The bytes of a request, then all that comes back."""
        with self.connect() as s:
            s.sendall(request)
            return read_to_end(s)

    def get(self, path, method="GET", headers="", host=None):
        """(status, headers by lower-case name, body)"""
        return parse(self.send(f"{method} {path} HTTP/1.1\r\nHost: {host or self.host}\r\n{headers}\r\n"
                               .encode()))

    def metrics(self):
        status, headers, body = self.get("/metrics")
        assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
        return check_exposition(body.decode())


class GatewayHttp(HttpApi):
    """Give `lines` to a gateway's configuration."""
    host = "localhost"

    def __init__(self):
        super().__init__()
        self.lines = (f"http_listen 127.0.0.1:{self.port}",)


def read_to_end(s):
    got = b""
    while chunk := s.recv(65536):
        got += chunk
    return got


def parse(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, f"{name} twice"
        headers[name.lower()] = value.strip()
    return int(status.split()[1]), headers, body


def check_exposition(text):
    """
    Hold every line against Prometheus' text format 0.0.4; returns the values by name. HELP and
    TYPE come once for each family and in front of its samples, families are not interleaved,
    counters end in _total, nothing is said twice.
    """
    assert text.endswith("\n") and "\r" not in text
    helped, types, values, family = set(), {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert NAME.fullmatch(name) and words.strip() and name not in helped, line
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in helped and name not in types and kind in ("counter", "gauge"), line
            types[name] = kind
            family = name
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            name = sample["name"]
            assert name == family and name + (sample["labels"] or "") not in values, line
            assert name.startswith("belfry_"), line
            assert (types[name] == "counter") == name.endswith("_total"), line
            values[name + (sample["labels"] or "")] = float(sample["value"])
    assert set(types) == helped
    return values
