# SPDX-License-Identifier: MIT
"""
A store that is not what the broker left: bytes flipped, cut off, zeroed, replaced, gone. The broker
starts, serves nothing that was not sent, and says what it had to give up. BELFRY_STORE_FLIPS makes
it try more bytes than a few, BELFRY_STORE_SEED repeats a run.
"""
import os
import random
import shutil

import pytest

from packet import V5
from rig import Scratch
from store import (DATED, TRY, Session, StoredBroker, copy_tree, number_in, numbers, rest, retained,
                   text)
from wait import wait_until

pytestmark = pytest.mark.skipif(bool(TRY), reason="about the store")

FLIPS = int(os.environ.get("BELFRY_STORE_FLIPS", "40"))
SEED = int(os.environ.get("BELFRY_STORE_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1
GROUPS = 4   # tests the flips are spread over

QUEUED, RETAINED = 150, 100
DAMAGE = ("damaged", "corrupt", "set aside", "lost", "checksum", "unreadable", "not a store",
          "discarded", "invalid", "missing")


@pytest.fixture(scope="module")
def sample():
    """A store with something of everything, left by a kill."""
    with Scratch() as scratch:
        broker = StoredBroker(scratch.folder("broker")).start()
        with Session(broker.port, "away", V5) as away:
            away.subscribe("q/#", "end")
        with Session(broker.port, "sender", clean=True) as sender:
            for turn in range(3):  # pages that are written, replaced and free
                list(sender.publish_all([(f"r/{n}", text(f"r/{n}", n)) for n in range(RETAINED)],
                                        retain=True))
            list(sender.publish_all([("q/1", text("q/1", n)) for n in range(QUEUED)], qos=2))
        broker.kill()
        yield broker.where


class Patient:
    """A broker on a copy of the sample."""

    def __init__(self, folder, sample):
        self.broker = StoredBroker(folder)
        copy_tree(sample, self.broker.where)
        self.before = {path.relative_to(self.broker.where) for path in self.broker.where.rglob("*")}

    def files(self):
        return self.broker.files()

    def start(self):
        self.broker.process.start()
        wait_until(lambda: self.broker.is_up() or not self.broker.process.is_running(), 10,
                   "a decision")
        assert self.broker.process.is_running(), (
            f"it ended with {self.broker.process.popen.returncode}: {self.broker.process.stderr()}")
        return self

    def examine(self):
        """Nothing wrong is served; returns whether everything is there."""
        queue = []
        with Session(self.broker.port, "away", V5) as away:
            if away.present:
                # A subscription may be what was lost, and with it the end we wait for.
                away.subscribe("end", qos=1)
                queue = numbers(rest(self.broker, away))
        assert queue == sorted(set(queue)) and set(queue) <= set(range(QUEUED)), queue
        found = retained(self.broker, "r/#")
        for topic, payload in found.items():
            assert payload == text(topic, int(topic[2:])), f"{topic}: {payload!r}"
            assert number_in(topic, payload) < RETAINED
        assert self.broker.process.is_running(), "it fell while it served"
        return len(queue) == QUEUED and len(found) == RETAINED

    def expect_honesty(self, is_new_or_whole):
        """What is missing is said, and what was set aside has a date in its name."""
        said = self.broker.process.stderr()
        if not is_new_or_whole:
            assert any(word in said.lower() for word in DAMAGE), f"not a word of it:\n{said}"
        added = {path.relative_to(self.broker.where) for path in self.broker.where.rglob("*")}
        aside = [path for path in added - self.before if DATED.search(str(path))]
        if "set aside" in said.lower():
            assert aside, f"set aside, and where? {sorted(map(str, added))}"
        for path in aside:
            assert (self.broker.where / path).stat().st_mode & 0o077 == 0, path

    def expect_service(self):
        """It is a store again: what it acknowledges from now on is there after a kill."""
        with Session(self.broker.port, "later") as later:
            later.subscribe("later/#", "end")
        with Session(self.broker.port, "sender", clean=True) as sender:
            for n in range(5):
                sender.publish("later/q", text("later/q", n), 2)
                sender.publish("later/r", text("later/r", n), 1, retain=True)
        self.broker.restart()
        with Session(self.broker.port, "later") as later:
            found = rest(self.broker, later)
        assert later.present
        assert numbers(m for m in found if m.topic == "later/q") == list(range(5))
        assert retained(self.broker, "later/#", 1) == {"later/r": text("later/r", 4)}

    def survive(self, looks_new=False):
        """`looks_new`: nothing is left that could tell of a store."""
        is_whole = self.start().examine()
        self.expect_honesty(is_whole or looks_new)
        self.expect_service()
        self.broker.process.clear()
        return is_whole


@pytest.fixture
def patient(scratch, sample):
    return Patient(scratch.folder("patient"), sample)


def largest(patient):
    return max(patient.files(), key=lambda path: path.stat().st_size)


def test_the_sample_is_whole(patient):
    assert patient.survive(), "without damage everything is there"


# --- one byte ------------------------------------------------------------------------------------

def places(files, chance, count):
    """
    (file, offset, bits): half of them where something is written, the others anywhere. Small files
    are hit as often as large ones.
    """
    for _ in range(count):
        path = chance.choice(files)
        data = path.read_bytes()
        if not data:
            continue
        offset = chance.randrange(len(data))
        if chance.random() < 0.5:
            for at in range(offset, min(offset + 20000, len(data))):
                if data[at]:
                    offset = at
                    break
        yield path, offset, chance.choice([1 << chance.randrange(8), 255])


@pytest.mark.parametrize("group", range(GROUPS))
def test_any_byte_flipped(scratch, sample, group):
    chance = random.Random(f"{SEED}-{group}")
    print(f"BELFRY_STORE_SEED={SEED}")
    files = [path for path in sample.rglob("*") if path.is_file()]
    # Mostly the file that holds what is stored.
    files += [max(files, key=lambda path: path.stat().st_size)] * (3 * len(files))
    for turn, (path, offset, bits) in enumerate(places(files, chance, FLIPS // GROUPS)):
        folder = scratch.folder(f"patient-{turn}")
        patient = Patient(folder, sample)
        with open(patient.broker.where / path.relative_to(sample), "r+b") as f:
            f.seek(offset)
            byte = f.read(1)[0]
            f.seek(offset)
            f.write(bytes([byte ^ bits]))
        print(f"{path.name}: byte {offset} is {byte ^ bits:#04x} instead of {byte:#04x}")
        patient.survive()
        shutil.rmtree(folder)


# --- more than a byte ----------------------------------------------------------------------------

@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 8192, "half", "a page less", "a byte less"])
def test_cut_off(patient, size):
    path = largest(patient)
    whole = path.stat().st_size
    os.truncate(path, {"half": whole // 2, "a page less": whole - 4096,
                       "a byte less": whole - 1}.get(size, size))
    patient.survive(looks_new=size == 0)


@pytest.mark.parametrize("page", [0, 1, 2, "some", "all"])
def test_pages_of_zeros(patient, page):
    path, chance = largest(patient), random.Random(SEED)
    print(f"BELFRY_STORE_SEED={SEED}")
    count = path.stat().st_size // 4096
    several = chance.sample(range(count), min(count, 5))
    hit = {"some": several, "all": range(count)}.get(page, [page])
    with open(path, "r+b") as f:
        for number in hit:
            f.seek(number * 4096)
            f.write(bytes(4096))
    patient.survive()


@pytest.mark.parametrize("content", [b"not what it was\n", b"\xff" * 65536, os.urandom(100000)],
                         ids=["text", "ones", "noise"])
def test_another_file_in_its_place(patient, content):
    path = largest(patient)
    path.write_bytes(content)
    assert not patient.survive()


def test_two_pages_in_each_others_place(patient):
    """Every byte is one the broker wrote, only not there."""
    path, chance = largest(patient), random.Random(SEED)
    print(f"BELFRY_STORE_SEED={SEED}")
    data = bytearray(path.read_bytes())
    one, two = chance.sample(range(2, len(data) // 4096), 2)
    a, b = slice(one * 4096, one * 4096 + 4096), slice(two * 4096, two * 4096 + 4096)
    data[a], data[b] = data[b], data[a]
    path.write_bytes(data)
    patient.survive()


def test_each_file_gone(patient, scratch, sample):
    for number, path in enumerate(patient.files()):
        one = Patient(scratch.folder(f"gone-{number}"), sample)
        (one.broker.where / path.relative_to(patient.broker.where)).unlink()
        one.survive(looks_new=True)


def test_everything_gone(patient):
    shutil.rmtree(patient.broker.where)
    patient.broker.where.mkdir()
    shutil.chown(patient.broker.where, patient.broker.folder.stat().st_uid,
                 patient.broker.folder.stat().st_gid)
    patient.start()
    assert not patient.examine()
    patient.expect_service()


def test_what_others_left_there_is_left_alone(patient):
    """A mosquitto.db, a lost+found, somebody's notes."""
    mine = {patient.broker.where / "mosquitto.db": b"\0\0\0\0mosquitto db", }
    mine[patient.broker.where / "notes.txt"] = b"do not delete"
    for path, content in mine.items():
        path.write_bytes(content)
    (patient.broker.where / "lost+found").mkdir()
    assert patient.survive()
    assert {path: path.read_bytes() for path in mine} == mine
    assert (patient.broker.where / "lost+found").is_dir()


def test_damaged_again_and_again_it_sets_aside_under_new_names(patient):
    """Twice within one second, too: the second does not fall over the name of the first."""
    for _ in range(3):
        path = largest(patient)
        path.write_bytes(b"damaged" * 3000)
        patient.start()
        patient.examine()
        assert patient.broker.says("set aside") or patient.broker.says("damaged")
        patient.broker.kill()
    patient.start()
    patient.expect_service()
