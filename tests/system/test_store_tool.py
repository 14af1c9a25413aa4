# SPDX-License-Identifier: MIT
"""belfry store, on stores that make_store has written."""
import base64
import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from process import account, give_away, program, run

REFUSED, USAGE = 1, 2
BUILD = Path(os.environ.get("BELFRY_BUILD", "build/release"))
SESSIONS, MESSAGES = 5, 60
TABLES = ["messages", "deliveries", "sessions", "wills", "received", "subscriptions"]


@pytest.fixture
def belfry(scratch):
    """belfry(*arguments) runs `belfry store`."""
    def call(*arguments):
        return run([program("belfry", scratch.path), "store", *arguments])
    return call


@pytest.fixture
def make_store(scratch):
    """make_store(name) is the folder of a new store, in a folder of its own."""
    tool = shutil.copy2(BUILD / "tests/system/make_store", scratch.path / "make_store")

    def make(name="belfry.store", *more):
        parent = scratch.path / "location"
        if not parent.exists():
            parent.mkdir()
            give_away(parent)
        done = run([tool, parent / name, SESSIONS, MESSAGES, *more])
        assert done.returncode == 0, done.stderr
        return parent / name
    return make


@pytest.fixture
def store(make_store):
    return make_store()


def dump(belfry, store):
    done = belfry("dump", store)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def counts(done):
    """{table: number} of what check has printed."""
    pairs = [line.split(b": ") for line in done.stdout.splitlines() if b": " in line]
    return {name.decode(): int(rest.split(b",")[0].split()[0]) for name, rest in pairs
            if name.decode() in TABLES}


def change(store, old, new, everywhere=False):
    data = (store / "data.mdb").read_bytes()
    assert len(old) == len(new) and old in data
    (store / "data.mdb").write_bytes(data.replace(old, new, -1 if everywhere else 1))


def siblings(store):
    return sorted(path.name for path in store.parent.iterdir())


def test_a_whole_store_is_counted(belfry, store):
    done = belfry("check", store)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b"whole\n")
    assert b"messages: 60, 6 of them retained\n" in done.stdout
    assert counts(done) == dict(zip(TABLES, [MESSAGES, MESSAGES] + 4 * [SESSIONS]))
    assert sorted(path.name for path in store.iterdir()) == ["data.mdb", "lock.mdb"]


def test_the_location_of_one_store_will_do(belfry, make_store):
    store = make_store("one.store")
    assert belfry("check", store.parent).returncode == 0
    make_store("two.store")
    done = belfry("check", store.parent)
    assert done.returncode == REFUSED
    assert b"there are several, take one:" in done.stderr and b"two.store" in done.stderr
    assert belfry("check", store).returncode == 0


def test_what_is_no_store_is_refused(belfry, scratch):
    for words, reason in [((scratch.path / "none",), b"No such file or directory"),
                          ((scratch.path,), b"is no store and there is none in it")]:
        done = belfry("check", *words)
        assert done.returncode == REFUSED and reason in done.stderr


@pytest.mark.parametrize("words", [(), ("mend", "x"), ("check",), ("check", "a", "b"),
                                   ("backup", "a"), ("check", "-f", "a")])
def test_a_wrong_command_line_does_nothing(belfry, words):
    assert belfry(*words).returncode == USAGE


def test_a_dump_has_every_record(belfry, store):
    records = dump(belfry, store)
    assert len(records) == 2 * MESSAGES + 4 * SESSIONS + 2
    by_table = {name: [r for r in records if r["table"] == name] for name in TABLES}
    message = by_table["messages"][0]
    assert message == {"table": "messages", "message": 1, "topic": "nagios/host-1/disk",
                       "payload": '{"code":1,"reason":"number 1"}', "qos": 2}
    assert [m["message"] for m in by_table["messages"] if m.get("is_retained")] == [
        10, 20, 30, 40, 50, 60]
    assert by_table["deliveries"][0] == {"table": "deliveries", "delivery": 1, "session": 2,
                                         "message": 1, "qos": 2, "state": "unsent"}
    assert by_table["sessions"][0]["client_id"] == "client-1"
    assert by_table["received"][0]["packet_ids"] == [7, 8]
    assert by_table["subscriptions"][0]["filter"] == "nagios/+/#"
    assert base64.b64decode(by_table["wills"][0]["payload_base64"]) == b"away\xff"


def test_a_record_that_has_changed_is_told_and_lost(belfry, store):
    change(store, b"client-3", b"CLIENT-3")
    done = belfry("check", store)
    assert done.returncode == REFUSED
    assert b"damaged: sessions: record 3 is not what was written\n" in done.stdout
    assert b"damaged: deliveries: record 2 is of session 3, which is not there" in done.stdout
    assert b"sessions: 4 and 1 damaged\n" in done.stdout
    assert belfry("dump", store).returncode == REFUSED
    assert belfry("compact", store).returncode == REFUSED
    assert siblings(store) == [store.name]


def test_a_page_that_has_changed_is_told(belfry, store):
    data = bytearray((store / "data.mdb").read_bytes())
    data[4096 + 128] ^= 1  # the root of the tables, on a meta page
    data[128] ^= 1
    (store / "data.mdb").write_bytes(data)
    done = belfry("check", store)
    assert done.returncode == REFUSED
    assert b"damaged: the list of tables: " in done.stdout


def test_repair_saves_what_can_be_read(belfry, store):
    change(store, b"number 31", b"NUMBER 31", everywhere=True)
    damaged = (store / "data.mdb").read_bytes()
    done = belfry("repair", store)
    assert done.returncode == 0, done.stderr
    assert b"messages: 59 and 1 lost\n" in done.stdout
    assert b"what belongs to records that are lost" in done.stdout
    names = siblings(store)
    assert len(names) == 2 and names[1].startswith("belfry.store.damaged-20")
    assert (store.parent / names[1] / "data.mdb").read_bytes() == damaged
    assert store.stat().st_mode & 0o777 == 0o700
    assert (store / "data.mdb").stat().st_mode & 0o777 == 0o600
    assert 31 not in [r.get("message") for r in dump(belfry, store) if r["table"] == "messages"]


def test_a_whole_store_is_not_repaired(belfry, store):
    done = belfry("repair", store)
    assert done.returncode == 0 and done.stdout.startswith(b"whole")
    assert siblings(store) == [store.name]


def test_a_store_that_is_something_else_is_repaired_into_an_empty_one(belfry, store):
    (store / "data.mdb").write_bytes(b"mosquitto" * 1000)
    assert belfry("check", store).returncode == REFUSED
    assert belfry("repair", store).returncode == 0
    done = belfry("check", store)
    assert done.returncode == 0 and counts(done)["messages"] == 0


def test_compact_makes_the_file_smaller_and_keeps_all(belfry, store):
    before, size = dump(belfry, store), (store / "data.mdb").stat().st_size
    done = belfry("compact", store)
    assert done.returncode == 0, done.stderr
    assert (store / "data.mdb").stat().st_size < size * 2 / 3
    assert dump(belfry, store) == before
    assert belfry("check", store).returncode == 0
    assert siblings(store) == [store.name]


def test_a_backup_is_a_store(belfry, store):
    copy = store.parent / "copy"
    done = belfry("backup", store, copy)
    assert done.returncode == 0, done.stderr
    assert belfry("check", copy).returncode == 0
    assert dump(belfry, copy) == dump(belfry, store)
    assert copy.stat().st_mode & 0o777 == 0o700
    assert (copy / "data.mdb").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in copy.iterdir()] == ["data.mdb"]


def test_a_backup_overwrites_nothing(belfry, store):
    copy = store.parent / "copy"
    assert belfry("backup", store, copy).returncode == 0
    done = belfry("backup", store, copy)
    assert done.returncode == REFUSED and f"{copy}: Directory not empty".encode() in done.stderr
    assert belfry("check", copy).returncode == 0


def test_a_damaged_store_makes_no_backup(belfry, store):
    size = (store / "data.mdb").stat().st_size
    os.truncate(store / "data.mdb", size - 3 * 4096)
    done = belfry("backup", store, store.parent / "copy")
    assert done.returncode == REFUSED
    assert siblings(store) == [store.name]


def test_while_a_broker_has_it_only_a_backup_is_made(belfry, store):
    with open(store / "broker.lock", "w", encoding="ascii") as lock:
        lock.write("4711\n")
        lock.flush()
        give_away(store / "broker.lock")
        fcntl.flock(lock, fcntl.LOCK_EX)
        for action in ("check", "dump", "repair", "compact"):
            done = belfry(action, store)
            assert done.returncode == REFUSED
            assert b"process 4711 has it" in done.stderr
        assert belfry("backup", store, store.parent / "copy").returncode == 0
    assert belfry("check", store).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a store to somebody else")
def test_root_acts_as_the_owner_of_the_store(store, scratch):
    """What root makes belongs to the store's user, and a link of his leads root nowhere."""
    who = account()["user"]
    tool = program("belfry", scratch.path)
    private = scratch.path / "private"
    private.mkdir(mode=0o700)

    def as_root(*arguments):
        return subprocess.run([tool, "store", *arguments], capture_output=True, timeout=30,
                              check=False)

    assert as_root("backup", store, private / "copy").returncode == 0
    assert as_root("compact", store).returncode == 0
    change(store, b"client-3", b"CLIENT-3")
    assert as_root("repair", store).returncode == 0
    for folder in (store, private / "copy"):
        for path in [folder, *folder.iterdir()]:
            assert path.stat().st_uid == who, path
    (private / "secret").write_text("root's")
    (private / "secret").chmod(0o600)
    (store / "data.mdb").unlink()
    (store / "data.mdb").symlink_to(private / "secret")
    done = as_root("check", store)
    assert done.returncode == REFUSED and b"Permission denied" in done.stderr
