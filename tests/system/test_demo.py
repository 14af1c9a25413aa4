# SPDX-License-Identifier: MIT
"""`belfry demo`: the first five minutes of somebody new."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from process import account, give_away, program
from wait import SLACK, wait_until


@pytest.fixture
def scratch():
    """A folder that programs of an ordinary user may write to, for the demo's own folder."""
    path = Path(tempfile.mkdtemp(prefix="belfry-test-demo-"))
    give_away(path)
    for name in ("belfry", "belfry-broker", "belfry-gateway"):
        program(name, path)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def demo(scratch, *options, **arguments):
    environment = dict(os.environ, TMPDIR=str(scratch))
    return subprocess.Popen([program("belfry", scratch), "demo", *options], env=environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, **account(), **arguments)


def left_behind(scratch):
    """Folders of the demo, and processes that still know it."""
    folders = [str(p) for p in scratch.iterdir() if p.is_dir()]
    programs = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if entry.name.isdigit() and str(scratch).encode() in line:
            programs.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return folders + programs


def test_oneshot_shows_every_result_applied_and_leaves_nothing(scratch):
    run = demo(scratch, "--oneshot")
    output = run.communicate(timeout=30 * SLACK)[0]
    assert run.returncode == 0, output
    assert len(re.findall(r" ms ", output)) >= 3
    for state in ("OK", "WARNING", "CRITICAL", "DOWN"):
        assert state in output
    wait_until(lambda: not left_behind(scratch), 5, "nothing left behind")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_it_says_what_to_type_next_and_leaves_nothing(scratch, ending):
    run = demo(scratch)
    try:
        seen = ""
        while "submit" not in seen:
            line = run.stdout.readline()
            assert line, seen
            seen += line
        run.send_signal(ending)
        seen += run.communicate(timeout=15 * SLACK)[0]
    finally:
        run.kill()
    assert run.returncode in (0, 128 + ending, -ending), seen
    wait_until(lambda: not left_behind(scratch), 5, "nothing left behind")


def test_a_result_that_is_not_applied_makes_it_fail(scratch):
    """Without a gateway that works nothing is applied, and the exit status says so."""
    gateway = scratch / "belfry-gateway"
    if not gateway.exists():
        pytest.skip("the programs stand in the build folder and are not to be touched")
    gateway.unlink()
    gateway.write_text("#!/bin/sh\nexit 7\n")
    gateway.chmod(0o755)
    run = demo(scratch, "--oneshot")
    output = run.communicate(timeout=40 * SLACK)[0]
    assert run.returncode == 1, output
    assert "gateway" in output
    wait_until(lambda: not left_behind(scratch), 5, "nothing left behind")
