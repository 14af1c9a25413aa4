# SPDX-License-Identifier: MIT
"""Fixtures. A failing test's report carries what every process it ran has written to stderr."""
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from broker import Broker
from nagios import build_module
from process import alive, give_away
from relay import RelayRig
from rig import Rig, Scratch
from systemd import Systemd

SOURCES = Path(__file__).resolve().parents[2]
TAIL = 60  # lines of each process' stderr in a report


def pytest_configure(config):
    # A test run that is told to end still ends what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What a script starts with & ignores SIGINT, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.said_before = {process: len(process.stderr()) for process in alive()}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in alive():
            said = process.stderr()[item.said_before.get(process, 0):].splitlines()[-TAIL:]
            if said:
                report.sections.append((f"stderr of {process.name}", "\n".join(said)))


@pytest.fixture(scope="session")
def module():
    """The event broker module Nagios loads, built once."""
    with Scratch() as scratch:
        yield build_module(scratch.path)


@pytest.fixture
def scratch():
    with Scratch() as scratch:
        yield scratch


@pytest.fixture
def systemd(scratch, monkeypatch):
    """Who every process that this test starts believes to be systemd."""
    systemd = Systemd(scratch.path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(systemd.path))
    yield systemd
    systemd.socket.close()


@pytest.fixture
def make_rig(scratch, module):
    """make_rig(**how) starts a whole way of its own for this test."""
    rigs = []

    def make(**how):
        rigs.append(Rig(scratch, module, **how).start())
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.observer.close()


@pytest.fixture(scope="module")
def rig(module, request):
    """
    One whole way for all tests of a file, which may say how in RIG = dict(…). At its end all
    three have to leave politely.
    """
    with Scratch() as scratch:
        rig = Rig(scratch, module, **getattr(request.module, "RIG", {})).start()
        yield rig
        rig.end()


@pytest.fixture
def make_broker(scratch):
    """make_broker(*lines, which=None) starts a broker with these lines of configuration."""
    count = 0

    def make(*lines, which=None):
        nonlocal count
        count += 1
        lines = lines or ("allow_anonymous true",)
        return Broker(scratch.folder(f"broker-{count}"), lines, which).start()

    return make


@pytest.fixture(scope="module")
def broker():
    """One broker for all tests of a file: each uses topics and client ids of its own."""
    with Scratch() as scratch:
        broker = Broker(scratch.folder("broker")).start()
        yield broker
        assert broker.end() == 0, "the broker's exit status after SIGTERM"


def preload(scratch, name, process, **variables):
    """The process runs with name.so of this folder."""
    module = Path(os.environ.get("BELFRY_NEBLOG", "build/release/tests/system/neblog.so")).with_name(
        f"{name}.so")
    copy = scratch.path / f"{name}.so"
    copy.write_bytes(module.read_bytes())
    copy.chmod(0o755)
    how = {**variables, "LD_PRELOAD": str(copy),
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    process.argv = ["env", *(f"{k}={v}" for k, v in how.items()), *process.argv]


@pytest.fixture
def clock(scratch):
    """clock(process)(seconds): how far its wall clock is off from now on."""
    file = scratch.path / "shift"

    def set_clock(seconds):
        new = file.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(file)

    def wrap(process):
        set_clock(0)
        preload(scratch, "clockshift", process, CLOCKSHIFT=file)
        return set_clock

    return wrap


@pytest.fixture
def slow_name(scratch):
    """slow_name(process): the file that is there while it looks up slow.example, see slowname.c."""
    def wrap(process):
        file = give_away(scratch.folder("names")) / "slow"
        preload(scratch, "slowname", process, SLOWNAME=file)
        return file

    return wrap


@pytest.fixture(scope="session")
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
    """make_relay(source, lines, also=(), **how): a rig whose output is that plugin."""
    def make(source, lines, also=(), **how):
        plugins = scratch.folder("plugins")
        for name in (source, *also):
            for file in built(name).iterdir():
                give_away(shutil.copy2(file, plugins))
        return RelayRig(scratch, Path(source).stem, lines, plugins, **how)
    return make
