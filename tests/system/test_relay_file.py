# SPDX-License-Identifier: MIT
"""The plugin file: what stands in which file, and what disks and publishers can do to it."""
import json
import os

import pytest

from lines import documents_of, lines_of
from process import give_away
from relay import RelayRig
from store import SmallDisk
from wait import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def folder(scratch):
    return scratch.folder("lines")


@pytest.fixture
def make_relay(scratch):
    def make(*lines, **how):
        return RelayRig(scratch, "file", ["retry_most 1", *lines], **how)
    return make


def wait_for(path, *lines):
    wait_until(lambda: lines_of(path) == list(lines), 15, f"{lines} in {path}")


def test_results_and_messages_become_lines_of_json(make_relay, folder):
    rig = make_relay(f"path {folder}/all.log").start()
    rig.check("web1", "disk", 2, "full")
    rig.publish("logs/app", "two\nlines")
    wait_until(lambda: len(lines_of(folder / "all.log")) == 2, 15, "two lines")
    result, message = map(json.loads, lines_of(folder / "all.log"))
    assert (result["host"], result["state"], result["message"]) == ("web1", 2, "full")
    assert (message["topic"], message["message"]) == ("logs/app", "two\nlines")
    assert (folder / "all.log").stat().st_mode & 0o777 == 0o640
    rig.end()


def test_one_batch_goes_into_several_files(make_relay, folder):
    rig = make_relay(f"path {folder}/${{topic[1]|dots}}/${{topic[2]}}-${{time:%Y}}.log",
                     "open_files 2", "schema raw", "linger 300", "mode 0600").start()
    for n in range(20):
        rig.publish(f"logs/h.{n % 4}/s", f"line {n}")
    for n in range(4):
        expected = [f"line {i}" for i in range(n, 20, 4)]
        wait_until(lambda n=n, e=expected: [line for f in folder.glob(f"h_{n}/s-*.log")
                                            for line in lines_of(f)] == e, 15, f"lines of h_{n}")
    assert {f.stat().st_mode & 0o777 for f in folder.glob("*/*.log")} == {0o600}
    assert rig.dead_letters() == []
    rig.end()


@pytest.mark.parametrize("level", ["%2e%2e", "..%2f..%2fetc", "%2f", ".ssh", "a%2fb", "a%0ab"])
def test_a_topic_never_leads_out_of_the_folder(make_relay, folder, level):
    inner = folder / "inner"
    inner.mkdir()
    give_away(inner)
    rig = make_relay(f"path {inner}/${{topic[1]}}", "schema raw").start()
    rig.publish(f"logs/{level}", "bad")
    rig.publish("logs/good", "good")
    wait_for(inner / "good", "good")
    wait_until(lambda: len(rig.dead_letters()) == 1, 15, "a dead letter")
    assert "path" in rig.dead_letters()[0]["reason"] and rig.dead_letters()[0]["record"] == "bad"
    assert [p for p in folder.rglob("*") if p.is_file()] == [inner / "good"]
    rig.end()


def test_no_topic_makes_a_file_that_cannot_be_renamed(make_relay, folder):
    rig = make_relay(f"path {folder}/${{topic[1]}}.log", "schema raw", "max_size 1k", "keep 10").start()
    short, long = "s" * 248, "l" * 249
    for n in range(4):
        rig.publish(f"logs/{short}", f"{n}" * 500)
        rig.publish(f"logs/{long}", f"{n}" * 500)
    wait_until(lambda: len(rig.dead_letters()) == 4, 15, "dead letters")
    assert {letter["topic"] for letter in rig.dead_letters()} == {f"logs/{long}"}
    wait_until(lambda: sum(f.stat().st_size for f in folder.iterdir()) == 4 * 501, 15, "four lines")
    assert max(f.stat().st_size for f in folder.iterdir()) <= 1024
    rig.end()


@pytest.mark.parametrize("lines,word", [
    (("path lines",), "not absolute"),
    (("path /${topic[1]}/x",), "begin it with a folder"),
    (("path /log/x", "mode 0999"), "no octal number"),
    (("path /log/x", "mode 0400"), "owner read and write"),
    (("path /log/${topic[1]}", "max_size 1M"), "of its own"),
    (("path /log/${topc[1]}",), "did you mean"),
    ((), "is missing"),
], ids=["relative", "field", "mode", "unwritable", "suffix", "template", "missing"])
def test_settings_that_cannot_be_are_refused(make_relay, lines, word):
    rig = make_relay(*lines)
    rig.gateway.process.start()
    wait_until(lambda: not rig.gateway.process.is_running(), 10, "the gateway's end")
    assert rig.gateway.process.popen.returncode == 3
    assert word in rig.gateway.process.stderr()


@pytest.mark.parametrize("way,line", [("escape", ["a\\nb"]), ("keep", ["a", "b"])])
def test_newlines_are_written_as_they_were_asked_for(make_relay, folder, way, line):
    rig = make_relay(f"path {folder}/x.log", "schema raw", f"newlines {way}").start()
    rig.publish("logs/a", "a\nb")
    wait_for(folder / "x.log", *line)
    rig.end()


def test_files_that_are_full_are_renamed(make_relay, folder):
    rig = make_relay(f"path {folder}/x.log", "schema raw", "max_size 10", "keep 2").start()
    for text in ("first", "second", "third", "fourth"):
        rig.publish("logs/a", text)
        wait_for(folder / "x.log", text)
    assert lines_of(folder / "x.log.1") == ["third"] and lines_of(folder / "x.log.2") == ["second"]
    assert not (folder / "x.log.3").exists()
    rig.end()


def test_a_file_that_logrotate_moves_is_begun_anew(make_relay, folder):
    rig = make_relay(f"path {folder}/x.log", "schema raw").start()
    rig.publish("logs/a", "one")
    wait_for(folder / "x.log", "one")
    (folder / "x.log").rename(folder / "x.log.old")
    rig.publish("logs/a", "two")
    wait_for(folder / "x.log", "two")
    assert lines_of(folder / "x.log.old") == ["one"]
    held = [os.readlink(fd) for fd in
            (f"/proc/{rig.gateway.process.pid}/fd/{n}" for n in
             os.listdir(f"/proc/{rig.gateway.process.pid}/fd")) if os.path.lexists(fd)]
    assert not any("x.log.old" in path for path in held)
    rig.end()


@as_root
def test_a_full_disk_leaves_no_half_lines(make_relay, scratch):
    disk = SmallDisk(scratch.path / "disk")
    try:
        rig = make_relay(f"path {disk.path}/x.log", "schema raw", "batch_records 50").start()
        rig.publish("logs/a", "first")
        wait_for(disk.path / "x.log", "first")
        disk.fill()
        texts = [f"{n} " + "x" * 3000 for n in range(20)]
        for text in texts:
            rig.publish("logs/a", text)
        rig.wait_for_problem("x.log cannot be written", "make room")
        assert set(lines_of(disk.path / "x.log")) <= {"first", *texts}
        disk.relieve()
        wait_for(disk.path / "x.log", "first", *texts)
        rig.wait_until_all_right()
        rig.end()
    finally:
        disk.unmount()


def test_a_file_in_the_way_holds_up_its_own_records_only(make_relay, folder):
    (folder / "bad.log").mkdir()
    rig = make_relay(f"path {folder}/${{topic[1]}}.log", "schema raw", "linger 300").start()
    for host in ("good", "bad", "fine"):
        rig.publish(f"logs/{host}", host)
    rig.wait_for_problem("bad.log cannot be written", "is a folder")
    wait_for(folder / "good.log", "good")
    wait_for(folder / "fine.log", "fine")
    (folder / "bad.log").rmdir()
    wait_for(folder / "bad.log", "bad")
    rig.wait_until_all_right()
    assert lines_of(folder / "good.log") == ["good"] and lines_of(folder / "fine.log") == ["fine"]
    rig.end()


@pytest.mark.parametrize("obstacle,words", [
    ("gone", ("make",)), ("denied", ("Permission denied",)), ("link", ("symbolic link",)),
    ("fifo", ("no plain file",))])
def test_what_is_in_the_way_is_said_with_its_remedy(make_relay, folder, obstacle, words):
    target, path = folder / "deep", folder / "deep/x.log"
    target.mkdir()
    give_away(target)
    if obstacle == "gone":
        target.rmdir()
    elif obstacle == "denied":
        target.chmod(0o500)
    elif obstacle == "link":
        path.symlink_to(folder / "elsewhere")
    else:
        os.mkfifo(path)
        give_away(path)
    rig = make_relay(f"path {path}", "schema raw").start()
    rig.publish("logs/a", "text")
    rig.wait_for_problem(*words)
    if obstacle == "gone":
        target.mkdir()
        give_away(target)
    elif obstacle == "denied":
        target.chmod(0o700)
    else:
        path.unlink()
    wait_for(path, "text")
    rig.wait_until_all_right()
    rig.end()


def test_a_kill_loses_nothing(make_relay, folder):
    rig = make_relay(f"path {folder}/x.log", "batch_records 10").start()
    for n in range(50):
        rig.publish("logs/a", f"before {n}")
        if n == 25:
            rig.gateway.process.kill()
    rig.start_gateway()
    wanted = {f"before {n}" for n in range(50)}
    wait_until(lambda: {line["message"] for line in documents_of(folder / "x.log")} == wanted, 15, "all lines")
    ids = {}
    for line in documents_of(folder / "x.log"):  # what the broker sends again is a message of its own
        assert ids.setdefault(line["event_id"], line["message"]) == line["message"]
    rig.end()
