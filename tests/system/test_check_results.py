# SPDX-License-Identifier: MIT
"""Results through check_result_path into a real Nagios Core: nothing lost, nothing twice."""
import os
import time

import pytest

from process import give_away
from wait import stays_true, wait_until

HOW = {"kind": "check_results", "way": "spool"}


@pytest.fixture
def spooled(make_rig):
    return lambda **how: make_rig(**HOW, **how)


def tell(rig, first, last):
    for n in range(first, last):
        note = rig.observer.paho.publish(f"nagios/h{n % 2}/s{n % 4}",
                                         '{"state":%d,"output":"number %d"}' % (n % 4, n), 1)
    note.wait_for_publish(20)
    assert note.is_published()


def numbers(rig):
    return [int(r.output.split()[1]) for r in rig.nagios.results()]


def files(rig):
    return sorted(name for name in os.listdir(rig.nagios.spool))


@pytest.mark.parametrize("sent, output, long_output, perfdata", [
    ({"output": "plain"}, "plain", "", ""),
    ({"output": "C:\\new \\\\ ends in \\"}, "C:\\new \\\\ ends in \\", "", ""),
    ({"output": "= and # and a=b"}, "= and # and a=b", "", ""),
    ({"output": "one", "long_output": "two\n\nhost_name=h1\n# no comment", "perfdata": "a=1;2"},
     "one", "two\n\nhost_name=h1\n# no comment", "a=1;2"),
    ({"output": ""}, "WARNING", "", ""),
    ({"output": "x" * 9000}, "x" * 8192 + " [cut, 808 bytes]", "", ""),
], ids=lambda v: str(v)[:12])
def test_text_arrives_as_it_was_sent(spooled, sent, output, long_output, perfdata):
    rig = spooled()
    checked = int(time.time()) - 30
    result = rig.applied("nagios/h0/s0", {"state": 1, "time": checked, **sent})
    assert (result.state, result.output, result.long_output, result.perfdata, result.time) == (
        1, output, long_output, perfdata, checked)


def test_states_of_services_and_hosts(spooled):
    rig = spooled()
    for state in (3, 2, 1, 0):
        assert rig.applied("nagios/h0/s0", {"state": state}).state == state
    assert rig.applied("nagios/h1", {"state": "DOWN", "output": "gone"}).state == 1
    assert rig.applied("nagios/h1", {"state": "UP", "output": "here"}).state == 0
    assert "timed out" not in rig.nagios.log()


def test_more_than_a_file_holds_in_order(spooled):
    rig = spooled(output=["batch_results 700"])
    tell(rig, 0, 3000)
    wait_until(lambda: len(rig.nagios.results()) >= 3000, 30, "3,000 results")
    assert numbers(rig) == list(range(3000))
    wait_until(lambda: files(rig) == [], 5, "an empty folder")


def test_results_wait_in_the_folder_for_a_core_that_is_away(spooled):
    rig = spooled()
    rig.nagios.end()
    tell(rig, 0, 500)
    wait_until(lambda: files(rig), 5, "a file in the folder")
    rig.gateway.kill()
    rig.start_gateway()
    tell(rig, 500, 800)
    assert rig.gateway.end() == 0
    assert len(files(rig)) == 2  # one file, and what offers it
    rig.nagios.start()
    wait_until(lambda: files(rig) == [], 10, "the file taken without the gateway")
    rig.start_gateway()
    wait_until(lambda: 799 in numbers(rig), 10, "every result")
    # What the broker had no acknowledgement of when the gateway was killed came twice.
    assert list(dict.fromkeys(numbers(rig))) == list(range(800)), "all, in order"


def test_a_core_that_is_killed_in_between(spooled):
    rig = spooled()
    for turn in range(3):
        tell(rig, turn * 300, turn * 300 + 300)
        rig.nagios.kill()
        rig.nagios.start()
    wait_until(lambda: set(numbers(rig)) == set(range(900)), 20, "every result")


def test_files_of_others_are_left_alone_and_stop_nothing(spooled):
    rig = spooled()
    rig.nagios.end()
    other = rig.nagios.spool / "cABCDEF"  # not offered: its writer has not finished
    other.write_text("# theirs\n")
    give_away(other)
    tell(rig, 0, 10)
    wait_until(lambda: len(files(rig)) == 3, 5)
    rig.gateway.kill()
    rig.start_gateway()
    rig.nagios.start()
    wait_until(lambda: numbers(rig) == list(range(10)), 10)
    assert other.read_text() == "# theirs\n"


def test_a_folder_that_is_missing_is_named_and_never_made(spooled):
    rig = spooled()
    rig.nagios.end()
    rig.nagios.spool.rmdir()
    tell(rig, 0, 10)
    wait_until(lambda: rig.gateway.process.says(str(rig.nagios.spool), "check_result_path"), 10)
    stays_true(lambda: not rig.nagios.spool.exists(), 0.5)
    rig.nagios.spool.mkdir()
    give_away(rig.nagios.spool)
    rig.nagios.start()
    wait_until(lambda: numbers(rig) == list(range(10)), 10)


def test_a_file_that_grew_old_while_the_gateway_was_away_is_young_again(spooled):
    """The core removes an old file unread, which would look like a confirmation."""
    rig = spooled()
    rig.nagios.end()
    tell(rig, 0, 10)
    name = wait_until(lambda: next((f for f in files(rig) if len(f) == 7), None), 5, "a file")
    wait_until(lambda: name + ".ok" in files(rig), 5, "what offers it")
    assert rig.gateway.end() == 0
    path = rig.nagios.spool / name
    head, _, rest = path.read_text().partition("file_time=")
    path.write_text(f"{head}file_time=1000000000{rest[10:]}")
    os.utime(path, (1000000000, 1000000000))
    rig.start_gateway()
    wait_until(lambda: path.stat().st_mtime > 1000000000, 5, "the file young again")
    rig.nagios.start()
    wait_until(lambda: numbers(rig) == list(range(10)), 10)
