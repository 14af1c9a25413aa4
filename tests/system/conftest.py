# SPDX-License-Identifier: MIT
"""Fixtures. A failing test's report carries what every process it ran has written to stderr."""
import pytest

from nagios import build_module
from process import alive
from rig import Rig, Scratch

TAIL = 200  # lines of each process' stderr in a report


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in alive():
            lines = process.stderr().splitlines()[-TAIL:]
            if lines:
                report.sections.append((f"stderr of {process.name}", "\n".join(lines)))


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
