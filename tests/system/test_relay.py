# SPDX-License-Identifier: MIT
"""
What every relay has: filters, batches, retries, dead letters, what a crash leaves. The plugins are
the example of contrib/relay, built as a stranger would build it, and ones that misbehave.
"""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from process import give_away
from relay import RelayRig
from wait import wait_until

SOURCES = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """built(source) is the folder with the plugin, made with nothing but the installed header."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "belfry").mkdir()
    shutil.copy(SOURCES / "plugins/relay.h", folder / "belfry")

    def build(source):
        into = folder / Path(source).stem
        target = into / f"{Path(source).stem}.so"
        if not target.exists():
            into.mkdir()
            subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", target,
                            SOURCES / source, f"-I{folder}"], check=True)
        return into

    return build


@pytest.fixture
def make_relay(scratch, built):
    """make_relay(source, lines, **how): a rig whose output is that plugin."""
    def make(source, lines, **how):
        plugins = scratch.folder("plugins")
        for file in built(source).iterdir():
            give_away(shutil.copy2(file, plugins))
        return RelayRig(scratch, Path(source).stem, lines, plugins, **how)
    return make


EXAMPLE = "contrib/relay/lines.c"


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def path(scratch):
    folder = scratch.folder("lines")
    return folder / "lines"


def test_the_example_writes_what_comes(make_relay, path):
    rig = make_relay(EXAMPLE, [f"path {path}"]).start()
    rig.check("web1", "disk", 2, "full", perfdata="used=98%;80;90")
    rig.publish("logs/app", "a line\nof text")
    wait_until(lambda: len(lines_of(path)) == 2, 10, "two lines")
    result, message = map(json.loads, lines_of(path))
    assert result["host"] == "web1" and result["state"] == 2 and result["message"] == "full"
    assert message["topic"] == "logs/app" and message["message"] == "a line\nof text"
    assert result["event_id"] != message["event_id"]
    rig.end()


def test_what_waits_is_delivered_after_a_kill(make_relay, path):
    rig = make_relay(EXAMPLE, [f"path {path}", "retry_most 1"])
    path.mkdir()
    rig.start()
    rig.check("web1", "disk", 1)
    rig.wait_for_problem("cannot be written")
    os.kill(rig.gateway.process.pid, 9)
    rig.gateway.process.kill()
    path.rmdir()
    rig.start_gateway()
    wait_until(lambda: len(lines_of(path)) == 1, 10, "the line")
    rig.end()
