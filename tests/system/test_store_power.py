# SPDX-License-Identifier: MIT
"""
The power goes: what a PUBACK promised is on the disk, not only in the page cache that a kill -9
leaves in peace. A broker under load is watched by strace; then disks as they would be found after a
cut at this moment or that are rebuilt, and a broker is started on each.
"""
import os
import random

import pytest

import packet
from packet import PUBACK
from powercut import CALLS, Disk, calls
from process import give_away
from store import SYNCS, TRY, Session, StoredBroker, numbers, rest, text

pytestmark = pytest.mark.skipif(bool(TRY), reason="about the store")

CUTS = int(os.environ.get("BELFRY_STORE_CUTS", "8"))
SEED = int(os.environ.get("BELFRY_STORE_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1


def publish(broker, count, window):
    """As many as it takes, and no matter whether they are acknowledged."""
    with Session(broker.port, "away") as away:
        away.subscribe("q", "end")
    with Session(broker.port, "sender", clean=True) as sender:
        waiting = 0
        for n in range(count):
            sender.send(packet.publish("q", text("q", n), 1, n + 1))
            waiting += 1
            while waiting >= window:
                try:
                    found = sender.receive(0.5)
                except TimeoutError:
                    return
                if found is None:
                    return
                waiting -= found.type == PUBACK


def record(scratch, count, window, *faults):
    """What strace saw of a broker from the making of its store to its end."""
    broker = StoredBroker(scratch.folder("recorded"))
    broker.strace(*faults, calls=CALLS)
    at = broker.process.argv.index("-s")
    broker.process.argv[at:at + 2] = ["-s", "1000000", "-xx"]
    broker.start()
    publish(broker, count, window)
    broker.kill()
    trace = list(calls(broker.trace.read_text().splitlines()))
    disk = Disk(broker.where)
    for call in trace:
        disk.follow(call)
    if not disk.writes:
        pytest.skip("the store is not written with write()")
    assert disk.acknowledged, "nothing was acknowledged, so nothing is shown"
    return broker, trace


def expect_promises_kept(scratch, broker, trace, chance):
    """At cuts spread over the run, most of them right behind a PUBACK."""
    moments = [i for i, call in enumerate(trace) if call[0] == "sendto" and "\\x40\\x02" in call[1]]
    chosen = chance.sample(moments, min(len(moments), CUTS - CUTS // 4))
    chosen += [chance.randrange(moments[0], len(trace)) for _ in range(CUTS // 4)]
    disk, done = Disk(broker.where), 0
    for turn, moment in enumerate(sorted(chosen)):
        for call in trace[done:moment + 1]:
            disk.follow(call)
        done = moment + 1
        after = StoredBroker(scratch.folder(f"cut-{turn}"))
        disk.rebuild(after.where, chance)
        for path in [after.where, *after.where.rglob("*")]:
            give_away(path)
        after.start()
        with Session(after.port, "away") as away:
            found = numbers(rest(after, away)) if away.present else []
        promised = {packet_id - 1 for packet_id in disk.acknowledged}
        lost = sorted(promised - set(found))
        assert not lost, f"cut after call {moment}, {len(promised)} promised: lost {lost[:10]}"
        assert found == sorted(set(found))
        assert not after.says("damaged") and not after.says("set aside"), after.process.stderr()
        after.process.clear()


@pytest.mark.parametrize("window", [1, 50])
def test_what_is_acknowledged_survives_a_power_cut(scratch, window):
    chance = random.Random(SEED)
    print(f"BELFRY_STORE_SEED={SEED} BELFRY_STORE_CUTS={CUTS}")
    broker, trace = record(scratch, 40 if window == 1 else 400, window)
    expect_promises_kept(scratch, broker, trace, chance)


@pytest.mark.parametrize("when", [12, 20, 31])
def test_a_sync_that_failed_is_not_tried_again_and_trusted(scratch, when):
    """After EIO the next fsync says 0 and has written nothing: the data has to be written anew."""
    chance = random.Random(SEED)
    print(f"BELFRY_STORE_SEED={SEED} BELFRY_STORE_CUTS={CUTS}")
    broker, trace = record(scratch, 60, 1, f"{SYNCS}:error=EIO:when={when}")
    assert any("INJECTED" in call[3] for call in trace), "the fault never happened"
    expect_promises_kept(scratch, broker, trace, chance)
