# SPDX-License-Identifier: MIT
"""SIGHUP of the gateway: a new configuration takes effect as a whole, or not at all."""
import os

import pytest

import chaos
from broker import Broker, free_port, is_listening
from gateway import Gateway
from mqtt import Observer
from pki import Pki
from process import give_away, run
from wait import SLACK, stays_true, wait_until


def test_another_output_and_another_route_take_effect(make_rig):
    rig = make_rig()
    rig.gateway.configure(
        routes=["route site/+/nagios/#", "to nagios", "host ${topic[1]}", "service ${topic[3..]}"],
        output=["batch_results 7"], lines=["keepalive 30s"])
    said = rig.gateway.reloaded()
    assert "reload: keepalive changes from 60 to 30" in said
    assert 'reload: output "nagios": batch_results changes from 2000 to 7' in said
    assert "reload: route nagios/# is gone" in said and "reload: route site/+/nagios/# is new" in said
    assert "unsubscribing from nagios/#" in said
    wait_until(lambda: rig.observer.states()[-1] == "online", 10, "the gateway online again")
    rig.publish("site/h0/nagios/s0", {"state": 2, "output": "by the new route"})
    assert rig.nagios.wait_for("h0", "s0").output == "by the new route"


def test_who_may_submit_is_told(make_rig):
    rig = make_rig()
    good = rig.gateway.config.read_text()
    for rule, change in [("submit few\nhosts h1\n", "is new"),
                         ("submit few\nhosts h0\n", ": hosts changes from h1 to h0"),
                         ("", "is gone")]:
        rig.gateway.config.write_text(good + rule)
        said = rig.gateway.reloaded()
        assert 'reload: submit "few"' in said and change in said


def test_its_session_is_resumed_and_the_status_says_what_happens(make_rig):
    rig = make_rig()
    rig.gateway.configure(lines=["keepalive 30s"])
    said = rig.gateway.reloaded()
    wait_until(lambda: rig.observer.states()[-2:] == ["reloading", "online"], 10,
               "the gateway online again")
    assert "offline" not in rig.observer.states()
    wait_until(lambda: rig.gateway.process.says("resumed session"), 10, "the session resumed")
    assert "new session" not in said


def test_nothing_changed_is_nothing_done(make_rig):
    rig = make_rig()
    said = rig.gateway.reloaded("nothing has changed")
    assert "in effect" not in said and "connected" not in said
    assert rig.observer.states().count("online") == 1
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "undisturbed"}).state == 1


def test_every_error_is_told_and_everything_stays_as_it_was(make_rig):
    rig = make_rig()
    good = rig.gateway.config.read_text()
    rig.gateway.config.write_text(good.replace("state_dir", "keepalive 1\nstate_dir").replace(
        "to nagios", "to nobody\ndecode xml") + "password_file /nowhere\n")
    said = rig.gateway.reloaded("everything stays as it was")
    for words in ("'keepalive'", "'nobody': is no output", "'xml': is no way", "/nowhere"):
        assert words in said, said
    assert "errors; everything stays as it was" in said
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "as before"}).state == 1
    assert rig.observer.states().count("online") == 1
    rig.gateway.config.write_text(good)
    rig.gateway.reloaded("nothing has changed")


def test_a_file_that_is_gone_leaves_everything_as_it_was(make_rig):
    rig = make_rig()
    rig.gateway.config.unlink()
    rig.gateway.reloaded("everything stays as it was")
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "as before"}).state == 1


def limit_descriptors(pid, count):
    """As its own user: root may not in every container."""
    done = run(["prlimit", "--pid", str(pid), f"--nofile={count}:"])
    assert done.returncode == 0, done.stderr


def test_without_descriptors_left_everything_stays_as_it_was(make_rig, scratch):
    """CVE-2017-7652: who can read no file must not take that for an empty one."""
    secret = scratch.path / "secret"
    secret.write_text("it\n")
    secret.chmod(0o600)
    rig = make_rig(lines=[f"password_file {give_away(secret)}"])
    pid = rig.gateway.process.pid
    rig.gateway.configure(lines=[f"password_file {secret}", "keepalive 30s"])
    for spare in range(0, 30, 3):
        taken = len(os.listdir(f"/proc/{pid}/fd"))
        limit_descriptors(pid, taken + spare)
        rig.gateway.reloaded("everything stays as it was")
        assert len(os.listdir(f"/proc/{pid}/fd")) == taken
    assert rig.gateway.process.says("too few descriptors", "ulimit -n")
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "as before"}).state == 1
    assert rig.observer.states().count("online") == 1
    limit_descriptors(pid, 1024)
    rig.gateway.reloaded()


def test_what_does_not_start_gives_way_to_what_did(make_rig):
    """Nothing shows it before: the place of the new output cannot be opened."""
    rig = make_rig()
    (rig.gateway.state_dir / "second.progress").symlink_to("/nowhere")
    good = rig.gateway.config.read_text()
    rig.gateway.config.write_text(good.replace("to nagios", "to nagios second")
                                  + f"output second command_file\npath {rig.nagios.fifo}\n")
    said = rig.gateway.reloaded("going back to the one before")
    assert 'output "second"' in said and "is in effect" not in said
    wait_until(lambda: rig.observer.states()[-1] == "online", 10, "the gateway online again")
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "as before"}).state == 1
    assert rig.gateway.end() == 0


def test_what_only_a_start_can_change_is_told_and_kept(make_rig, scratch):
    rig = make_rig()
    other = scratch.folder("other")
    text = rig.gateway.config.read_text()
    rig.gateway.config.write_text(text.replace("client_id belfry-gateway", "client_id other").replace(
        f"state_dir {rig.gateway.state_dir}", f"state_dir {other}"))
    said = rig.gateway.reloaded()
    assert "reload: client_id changes from belfry-gateway to other at the next start" in said
    assert f"to {other} at the next start" in said
    wait_until(lambda: rig.observer.states()[-1] == "online", 10, "the gateway online again")
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "x"}).state == 1
    assert not any(other.iterdir()) and not rig.observer.states("other")


def test_what_does_not_start_takes_nothing_from_the_outputs_before(make_rig):
    """What waits for an output that the new configuration does not have still waits for it."""
    rig = make_rig()
    rig.nagios.end()
    (rig.gateway.state_dir / "second.progress").symlink_to("/nowhere")
    good = rig.gateway.config.read_text()
    rig.publish("nagios/h0/s0", {"state": 1, "output": "waits"})
    rig.publish("nagios/h0/s0", {"output": "no state"})
    wait_until(rig.observer.rejects, 10, "the second message refused, so the first one taken")
    rig.gateway.config.write_text(good.replace("to nagios", "to second")
                                  .replace("output nagios ", "output second "))
    assert 'output "nagios" is gone' in rig.gateway.reloaded("going back to the one before")
    rig.nagios.start()
    assert rig.nagios.wait_for("h0", "s0").output == "waits"


def test_an_output_may_come_and_go(make_rig):
    rig = make_rig()
    good = rig.gateway.config.read_text()
    second = good.replace("to nagios", "to nagios second") + (
        f"output second command_file\npath {rig.nagios.fifo}\n"
        f"batch_dir {rig.gateway.state_dir}/second\n")
    rig.gateway.config.write_text(second)
    assert 'output "second" is new' in rig.gateway.reloaded()
    wait_until(lambda: rig.observer.states()[-1] == "online", 10, "the gateway online again")
    rig.publish("nagios/h0/s0", {"state": 1, "output": "twice"})
    rig.nagios.wait_for("h0", "s0", 2)
    rig.gateway.config.write_text(good)
    assert 'output "second" is gone' in rig.gateway.reloaded()
    wait_until(lambda: rig.observer.states()[-1] == "online", 10, "the gateway online again")
    rig.publish("nagios/h0/s0", {"state": 1, "output": "once"})
    rig.nagios.wait_for("h0", "s0", 3)
    assert [r.output for r in rig.nagios.of("h0", "s0")] == ["twice", "twice", "once"]


def test_a_log_that_was_moved_away_is_begun_anew(make_rig, scratch):
    log, old = scratch.folder("log") / "gateway.log", scratch.path / "log" / "old.log"
    rig = make_rig(lines=[f"log_dest file {log}"])
    log.rename(old)
    end = rig.gateway.reload()
    wait_until(lambda: log.exists() and "nothing has changed" in log.read_text(), 10, "a new log")
    assert rig.gateway.process.stderr()[end:] == ""
    assert rig.observer.states().count("online") == 1


def test_certificates_are_read_anew(scratch):
    pki, other = Pki(scratch.folder("pki")), Pki(scratch.folder("other"))
    certificate, key = pki.issue("broker")
    ca, tls = scratch.path / "ca.crt", free_port()
    broker = Broker(scratch.folder("broker"), ["allow_anonymous true", f"listener {tls} 127.0.0.1",
                                               f"certfile {certificate}", f"keyfile {key}"]).start()
    observer = Observer(broker.port).connect()
    ca.write_bytes(other.path("ca.crt").read_bytes())
    gateway = Gateway(scratch.folder("gateway"), 1, scratch.path / "nagios.cmd", brokers=[
        f"broker mqtts://127.0.0.1:{tls}", f"cafile {ca}"]).start()
    wait_until(lambda: gateway.process.says("not signed by an authority"), 10, "the refusal")
    ca.write_bytes(b"")
    assert "no certificate in it" in gateway.reloaded("everything stays as it was")
    ca.write_bytes(pki.path("ca.crt").read_bytes())
    assert "password, key or certificates have changed" in gateway.reloaded()
    wait_until(lambda: "online" in observer.states(), 10, "the gateway online")
    gateway.reloaded("nothing has changed")
    observer.close()


def test_it_ends_when_it_is_told_to_while_it_reloads(make_rig):
    rig = make_rig()
    rig.gateway.configure(lines=["keepalive 30s"])
    rig.gateway.reload()
    assert rig.gateway.end() == 0
    wait_until(lambda: rig.observer.states()[-1] == "offline", 10, "the gateway shown offline")


@pytest.mark.parametrize("rate", [1000])
def test_reloads_under_load_lose_nothing(module, rate):
    scenario = next(s for s in chaos.SCENARIOS if s.name == "gateway-reload")
    report = chaos.play(scenario, module, kills=5, rate=rate)
    print(chaos.table([report]))
    assert not report.wreck and report.lost == 0, report.wreck
    assert report.disordered == 0 and report.acknowledged > 0
    assert report.slowest_recovery < 4 * SLACK


def test_many_signals_at_once_are_one_reload_more_at_most(make_rig):
    rig = make_rig()
    for number in range(30, 40):
        rig.gateway.configure(lines=[f"keepalive {number}s"])
        rig.gateway.reload()
    wait_until(lambda: rig.gateway.process.says("to 39"), 15, "the last configuration")
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "x"}).state == 1
    stays_true(rig.gateway.process.is_running, 0.1, "the gateway running")


def test_where_metrics_are_served_may_change(make_rig):
    first, second = free_port(), free_port()
    rig = make_rig(lines=[f"http_listen 127.0.0.1:{first}"])
    assert is_listening(first)
    rig.gateway.configure(lines=[f"http_listen 127.0.0.1:{second}"])
    rig.gateway.reloaded()
    wait_until(lambda: is_listening(second), 5, "the other port")
    assert not is_listening(first)
    rig.gateway.configure(lines=[f"http_listen 127.0.0.1:{rig.broker.port}"])
    rig.gateway.reloaded("going back to the one before")
    wait_until(lambda: is_listening(second), 5, "the port of the one before")
