# SPDX-License-Identifier: MIT
"""What the gateway knows and must not tell, and what strangers write into its log (S7, S8)."""
from pathlib import Path

from broker import is_listening
from http_api import GatewayHttp
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
