# SPDX-License-Identifier: MIT
"""belfry-gateway from the command line: configuration errors and its end."""
import shutil

import pytest

from gateway import configuration
from process import Process, give_away, program, run
from wait import wait_until

BAD_CONFIGURATION = 3
GOOD = """\
broker mqtt://127.0.0.1:1
client_id belfry-gateway
state_dir {state}

output nagios command_file
path {state}/nagios.cmd

route nagios/#
to nagios
"""


@pytest.fixture
def tested(scratch):
    """tested(text) runs --test-config over a file of this text; {state} is its state_dir."""
    def test(text):
        path, state = scratch.path / "gateway.conf", scratch.path / "state"
        state.mkdir(exist_ok=True)
        give_away(state)
        path.write_text(text.format(state=state))
        done = run([program("belfry-gateway", scratch.path), "-c", path, "--test-config"])
        return done.returncode, (done.stdout + done.stderr).decode(), path
    return test


def test_the_configuration_of_the_introduction_is_good(tested):
    code, text, _ = tested(GOOD)
    assert code == 0, text


@pytest.mark.parametrize("old, new, words", [
    ("client_id", "clientid", ["clientid", "client_id"]),
    ("state_dir", "state_dri", ["state_dri", "state_dir"]),
    ("broker mqtt", "brokr mqtt", ["brokr", "broker"]),
    ("output nagios command_file", "outptu nagios command_file", ["outptu", "output"]),
    ("command_file", "command_fil", ["command_fil", "command_file"]),
    ("path ", "paht ", ["paht", "path"]),
    ("route nagios/#", "rout nagios/#", ["rout", "route"]),
    ("route nagios/#", "route nagios/#/x", ["nagios/#/x"]),
    ("to nagios", "to nagos", ["nagos", "nagios"]),
    ("to nagios", "to nagios\ndecode chekc", ["chekc", "check"]),
    ("path ", "delivery pip\npath ", ["pip", "pipe"]),
    ("mqtt://127.0.0.1:1", "http://127.0.0.1:1", ["http"]),
    ("mqtt://127.0.0.1:1", "mqtt://127.0.0.1:99999", ["99999"]),
])
def test_an_error_names_file_line_word_and_remedy(tested, old, new, words):
    bad = GOOD.replace(old, new, 1)
    line = 1 + next(i for i, row in enumerate(bad.splitlines()) if words[0] in row)
    code, text, path = tested(bad)
    assert code == BAD_CONFIGURATION, text
    named = [row for row in text.splitlines() if f"{path}:{line}" in row]
    assert named and all(any(word in row for row in named) for word in words), text


def test_all_errors_are_told_at_once(tested):
    code, text, path = tested(GOOD.replace("client_id", "clientid").replace("path ", "paht ")
                              .replace("to nagios", "to nobody"))
    assert code == BAD_CONFIGURATION
    assert all(word in text for word in (f"{path}:2", "clientid", f"{path}:6", "paht",
                                         f"{path}:9", "nobody")), text


@pytest.mark.parametrize("line, missing", [
    ("broker mqtt://127.0.0.1:1\n", "broker"),
    ("state_dir {state}\n", "state_dir"),
    ("path {state}/nagios.cmd\n", "path"),
    ("to nagios\n", "to"),
])
def test_a_missing_setting_is_named(tested, line, missing):
    code, text, path = tested(GOOD.replace(line, ""))
    assert code == BAD_CONFIGURATION, text
    assert str(path) in text and missing in text


@pytest.mark.parametrize("name", ["nagios", "other"])
def test_an_output_of_the_same_name_twice_is_an_error(tested, name):
    code, text, _ = tested(GOOD.rstrip() + f" {name}\n\noutput {name} command_file\npath {{state}}/x\n")
    assert code == (BAD_CONFIGURATION if name == "nagios" else 0), text


def test_a_missing_state_dir_is_named_with_its_remedy(scratch):
    path, state = scratch.path / "gateway.conf", scratch.path / "nowhere" / "state"
    path.write_text(configuration(1, state, scratch.path / "nagios.cmd"))
    gateway = Process("gateway", [program("belfry-gateway", scratch.path), "-c", path],
                      scratch.path).start()
    wait_until(lambda: not gateway.is_running(), 10, "the gateway's end")
    assert gateway.popen.returncode not in (0, -6, -11)
    assert gateway.says(str(state))


def test_a_missing_configuration_file_is_named(scratch):
    done = run([program("belfry-gateway", scratch.path), "-c", scratch.path / "nowhere.conf"])
    assert done.returncode == BAD_CONFIGURATION
    assert b"nowhere.conf" in done.stderr


def test_without_a_configuration_it_says_what_it_needs(scratch):
    done = run([program("belfry-gateway", scratch.path)])
    assert done.returncode not in (0, -6, -11)
    assert b"-c" in done.stderr


def test_help_names_the_options(scratch):
    done = run([program("belfry-gateway", scratch.path), "--help"])
    assert done.returncode == 0
    assert all(o in done.stdout for o in (b"-c", b"-v", b"--test-config"))


def test_only_one_gateway_uses_a_state_dir(make_rig):
    rig = make_rig()
    second = Process("second", rig.gateway.process.argv, rig.gateway.folder).start()
    wait_until(lambda: not second.is_running(), 10, "the second gateway's end")
    assert second.popen.returncode not in (0, -6, -11)
    assert second.says(str(rig.gateway.state_dir))
    assert rig.applied("nagios/h0/s0", {"state": 1, "output": "undisturbed"}).state == 1


def test_sigterm_ends_it_with_0_and_shows_it_offline(make_rig):
    rig = make_rig()
    rig.applied("nagios/h0/s0", {"state": 1, "output": "x"})
    assert rig.gateway.end() == 0
    wait_until(lambda: rig.observer.states()[-1] == "offline", 5, "the gateway shown offline")


def test_sigterm_ends_it_with_0_when_its_broker_is_away(make_rig):
    rig = make_rig()
    rig.broker.kill()
    assert rig.gateway.end() == 0


def test_an_unwritable_state_dir_is_named(scratch):
    state = scratch.folder("state")
    state.chmod(0o555)
    path = scratch.path / "gateway.conf"
    path.write_text(configuration(1, state, scratch.path / "nagios.cmd"))
    done = run([program("belfry-gateway", scratch.path), "-c", path], timeout=10)
    assert done.returncode not in (0, -6, -11)
    assert str(state) in done.stderr.decode()
    state.chmod(0o755)
    shutil.rmtree(state)


def test_results_whose_route_was_taken_away_are_answered(make_rig):
    rig = make_rig()
    rig.nagios.end()
    # The first waits in a batch for the core and is nobody's business any more; the second is read
    # from the journal by the next run.
    rig.publish("nagios/h1/s1", {"state": 1, "output": "on its way"})
    batches = rig.gateway.state_dir / "batches"
    wait_until(lambda: batches.is_dir() and any(batches.iterdir()), 5, "a batch file")
    rig.publish("nagios/h0/s0", {"state": 1, "output": "nobody's any more"})
    assert rig.gateway.end() == 0
    rig.gateway.config.write_text(configuration(
        rig.broker.port, rig.gateway.state_dir, rig.nagios.fifo,
        routes=["route other/#", "to nagios"]))
    rig.start_gateway()
    wait_until(lambda: rig.observer.rejects("nagios/h0/s0"), 5, "a reject message")
    assert rig.observer.rejects("nagios/h0/s0")[-1][1]["code"] == "no-route"
    assert rig.gateway.end() == 0


def test_a_journal_put_back_from_a_backup_loses_nothing_new(make_rig):
    rig = make_rig()
    journal, backup = rig.gateway.state_dir / "journal", rig.gateway.folder / "backup"
    rig.applied("nagios/h0/s0", {"state": 1, "output": "before"})
    assert rig.gateway.end() == 0
    shutil.copytree(journal, backup)
    rig.start_gateway()
    for n in range(4):
        rig.applied("nagios/h0/s0", {"state": 1, "output": f"{n}"})
    assert rig.gateway.end() == 0
    for path in backup.iterdir():
        (journal / path.name).write_bytes(path.read_bytes())
    rig.start_gateway()
    assert rig.applied("nagios/h0/s0", {"state": 2, "output": "after"}).state == 2
    assert rig.gateway.end() == 0
