# SPDX-License-Identifier: MIT
"""What the gateway knows and must not tell, and what strangers write into its log (S7, S8, S19)."""
import base64
import os
from pathlib import Path

import pytest

from broker import is_listening
from http_api import GatewayHttp
from icinga import IcingaWay
from odd_https import TAKEN, OddServer, answer
from pki import Pki
from process import give_away, program, run
from wait import wait_until

CANARY = "canary-hunter2-broker-password"
HOSTILE = "\x1b]0;owned\x07\n2026-01-01T00:00:00.000Z: forged line \x9b2J"


def test_the_password_is_told_nowhere(make_rig, scratch, monkeypatch):
    """S8: not in the log at its most talkative, the pages, the status, the command line."""
    http = GatewayHttp()
    secrets = scratch.folder("secrets")
    passwords, secret = secrets / "passwords", secrets / "gateway.secret"
    rig = make_rig(lines=["log_type all", *http.lines])
    rig.gateway.end()
    rig.broker.end()
    passwords.write_text(f"gateway:{CANARY}\n")
    secret.write_text(CANARY + "\n")
    for file in (passwords, secret):
        give_away(file)
        file.chmod(0o600)
    assert run([program("belfry", scratch.path), "passwd", "-U", passwords]).returncode == 0
    config = rig.broker.config.read_text()
    rig.broker.config.write_text(config.replace("allow_anonymous true", "allow_anonymous true\n"
                                                f"password_file {passwords}"))
    text = rig.gateway.config.read_text()
    rig.gateway.config.write_text(text.replace("broker mqtt://", f"password_file {secret}\nbroker mqtt://gateway@"))
    rig.broker.start()
    rig.gateway.process.argv.append("-v")
    rig.gateway.start()
    wait_until(lambda: is_listening(http.port), 10, "http_listen")
    wait_until(lambda: http.get("/readyz")[0] == 200, 10, "readiness")
    rig.publish("nagios/h1/s1", "{}")
    wait_until(lambda: http.metrics()['belfry_gateway_rejects_total{code="no-state"}'] == 1, 10, "a reject")
    secret.write_text(CANARY + "-wrong\n")
    monkeypatch.setenv("BELFRY_BROKER", f"mqtt://127.0.0.1:{rig.broker.port}")
    belfry = program("belfry", scratch.path)
    told = [http.get(page)[2] for page in ("/", "/metrics", "/healthz", "/readyz")]
    told += [run([belfry, *words]).stdout for words in (("status",), ("status", "--json"), ("check",))]
    told.append(Path(f"/proc/{rig.gateway.process.pid}/cmdline").read_bytes())
    assert rig.gateway.end() == 0
    told.append(rig.gateway.process.stderr().encode())
    assert b"libmosquitto" in told[-1], "the log is not at its most talkative"
    assert all(len(text) > 2 for text in told)
    assert not [text for text in told if CANARY.encode() in text]


def test_the_password_for_icinga_is_told_nowhere(scratch):
    """S8: nor what HTTP makes of it; whether the server takes it or not."""
    pki = Pki(scratch.folder("pki"))
    server, http = OddServer(*pki.issue("server")), GatewayHttp()
    way = IcingaWay(scratch, server.port, pki.path("ca.crt"))
    way.set_password(CANARY)
    way.change("status_interval 1s", "\n".join(["status_interval 1s", "log_type all", *http.lines]))
    way.gateway.process.argv.append("-v")
    way.start()
    way.publish("nagios/h0/s0", {"state": 0, "output": "taken"})
    wait_until(lambda: way.status()["results"] == 1, 10, "a result taken")
    server.behave = lambda number, body: answer(401, {"error": 401, "status": "Unauthorized."})
    way.publish("nagios/h0/s0", {"state": 0, "output": "refused"})
    way.wait_for_problem("does not accept")
    way.change("keepalive 60s" if "keepalive" in way.gateway.config.read_text() else "log_type all",
               "log_type all\nkeepalive 30s")
    way.gateway.reloaded()
    told = [http.get(page)[2] for page in ("/", "/metrics", "/healthz", "/readyz")]
    told += [m.payload for m in list(way.observer.messages)]
    told.append(Path(f"/proc/{way.gateway.process.pid}/cmdline").read_bytes())
    told.append(Path(f"/proc/{way.gateway.process.pid}/environ").read_bytes())
    tested = run([*way.gateway.process.argv, "--test-config"])
    told += [tested.stdout, tested.stderr]
    server.behave = lambda number, body: answer(200, TAKEN)
    way.end()
    server.close()
    told.append(way.gateway.process.stderr().encode())
    secrets = [CANARY.encode(), base64.b64encode(b"gateway:" + CANARY.encode())]
    assert not [text for text in told for secret in secrets if secret in text]


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_nobody_else_can_read_what_it_writes(no_umask, make_rig):
    """S19: after a run with everything on, and a umask that hides nothing."""
    http = GatewayHttp()
    rig = make_rig(stored=True, lines=["log_type all", *http.lines])
    rig.applied("nagios/h0/s0", {"state": 0, "output": "x", "id": "1", "ttl": 600})
    rig.publish("nagios/h9/s9", {"state": 0, "output": "of nobody we know"})
    rig.publish("nagios/h0/s0", "no state")
    wait_until(lambda: rig.observer.rejects("nagios/h0/s0"), 10, "the answer")
    rig.nagios.end()
    rig.publish("nagios/h0/s1", {"state": 0})  # a batch that waits
    wait_until(lambda: list(rig.gateway.state_dir.glob("batches/*")), 5, "the batch file")
    paths = [p for p in rig.gateway.state_dir.rglob("*") if p.exists()]
    names = {p.relative_to(rig.gateway.state_dir).parts[0] for p in paths}
    assert {"nagios.progress", "batches"} <= names and len(names) > 2, names
    for path in paths:
        mode, folder = path.stat().st_mode & 0o7777, path.parent.stat().st_mode
        is_batch = path.parent.name == "batches"  # the core reads it, and nobody else enters
        assert not mode & 0o022 or path.name == "batches", f"{path} can be changed by others: {mode:o}"
        assert not mode & (0 if is_batch else 0o007), f"{path} can be read by everyone: {mode:o}"
        assert not is_batch or not folder & 0o007, f"{path.parent} can be entered: {folder:o}"
    assert rig.gateway.end() == 0


def test_what_strangers_write_stays_in_its_line(make_rig):
    """S7: the log, the status and the answers have no control character of theirs."""
    rig = make_rig(lines=["log_type all", "status_interval 1s"])
    rig.publish("nagios/h1/s1", {"state": HOSTILE, "output": HOSTILE})
    rig.publish("nagios/h1/s1", HOSTILE)
    rig.publish("nagios/h1/s%1B%0A", {"state": 0, "output": HOSTILE})
    rig.publish("nagios/h1/s2", {"state": 0, "output": HOSTILE})

    def rejects():
        return [m for m in list(rig.observer.messages) if m.topic.startswith("belfry/reject/")]

    wait_until(lambda: len(rejects()) >= 3, 10, "three refusals")
    rig.nagios.wait_for("h1", "s2", 1)
    for m in rejects():
        assert not any(c in m.payload.decode() for c in "\x1b\x07\x9b\n")
    log = rig.gateway.process.stderr()
    assert not any(c in log for c in "\x1b\x07\x9b")
    assert not any(line.startswith("2026-01-01") for line in log.splitlines())
