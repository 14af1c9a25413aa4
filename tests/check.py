#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the whole test suite, or the steps named on the command line, and count.

    check.py [unit] [conversations] [fuzz] [lint] [system]

Each step prints what failed; the last line is "N passed, N failed". Exit status 1 when anything
failed. BELFRY_BIN and BELFRY_BUILD say where the programs and the test binaries are.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(os.environ.get("BELFRY_BUILD", "build/release"))
BIN = Path(os.environ.get("BELFRY_BIN", "build/bin"))
MODE = os.environ.get("MODE", "release")
SLACK = {"asan": "5", "tsan": "8"}.get(MODE, "1")  # sanitizers take their time
TIMEOUT = 600
WORKERS = 1 + (os.cpu_count() or 1)  # of the system tests
MALFORMED = BUILD / "tests/conversations/malformed"  # scripts that are written, not by hand


def run(command, **options):
    """Run a command; returns (exit status, everything it printed)."""
    if "/" in command[0] and not os.access(command[0], os.X_OK):
        return 1, f"{command[0]} was not built\n"
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True, errors="replace",
                              timeout=TIMEOUT, check=False, **options)
    except subprocess.TimeoutExpired as late:
        return 1, f"{late.stdout or ''}\nstill running after {TIMEOUT} s\n"
    return done.returncode, done.stdout


def counted(status, text, passed, failed):
    """A step that failed without naming a failure counts as one."""
    if status != 0 and failed == 0:
        failed = 1
    if failed:
        print(text)
    return passed, failed


def unit():
    passed = failed = 0
    for source in sorted(Path("tests/unit").rglob("*_test.c")):
        binary = BUILD / source.with_suffix("")
        status, text = run([str(binary)])
        good = len(re.findall(r"^\[       OK \]", text, re.M))
        bad = len(set(re.findall(r"^\[  FAILED  \] (\w+)$", text, re.M)))
        one = counted(status, f"{binary}:\n{text}", good, bad)
        passed, failed = passed + one[0], failed + one[1]
    return passed, failed


def converse(*options):
    scripts = sorted(str(p) for folder in (Path("tests/conversations"), MALFORMED)
                     for p in folder.glob("*.mqtt"))
    status, text = run([str(BUILD / "tests/conversations/converse"), *options, *scripts])
    match = re.search(r"^(\d+) passed, (\d+) failed", text, re.M)
    numbers = (int(match[1]), int(match[2])) if match else (0, 1)
    shown = "\n".join(line for line in text.splitlines() if line.startswith("not ok"))
    return counted(status, shown or text, *numbers)


def conversations():
    """In process, whole and byte by byte, and with the real broker over TCP, with a store and without."""
    status, text = run([sys.executable, "-B", "tests/conversations/malformed.py", str(MALFORMED)])
    passed, failed = counted(status, text, 0, 0)
    broker = str(BIN / "belfry-broker")
    for options in ([], ["--drip"], ["--binary", broker], ["--durable", broker]):
        one = converse(*options)
        passed, failed = passed + one[0], failed + one[1]
    return passed, failed


def fuzz():
    passed = failed = 0
    for target in sorted(Path("tests/fuzz").glob("fuzz_*.c")):
        name = target.stem
        corpus = f"tests/fuzz/corpus/{name.removeprefix('fuzz_')}"
        status, text = run([str(BUILD / "tests/fuzz" / name), corpus])
        one = counted(status, f"{name}:\n{text}", int(status == 0), int(status != 0))
        passed, failed = passed + one[0], failed + one[1]
    return passed, failed


def lint():
    status, text = run(["make", "-s", "lint"])
    return counted(status, text, int(status == 0), int(status != 0))


def system():
    neb = BUILD / "tests/system"
    environment = dict(os.environ, BELFRY_BIN=str(BIN.resolve()), BELFRY_BUILD=str(BUILD.resolve()),
                       BELFRY_NEBCOUNT=str((neb / "nebcount.so").resolve()),
                       BELFRY_NEBLOG=str((neb / "neblog.so").resolve()),
                       BELFRY_TEST_SLACK=os.environ.get("BELFRY_TEST_SLACK", SLACK),
                       PYTHONDONTWRITEBYTECODE="1")
    # They wait more than they work; a file's tests share what they have started.
    status, text = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                        "-n", str(WORKERS), "--dist", "loadfile", "tests/system"],
                       env=environment)
    tail = text.splitlines()[-1] if text else ""
    passed = sum(int(n) for n in re.findall(r"(\d+) passed", tail))
    failed = sum(int(n) for n in re.findall(r"(\d+) (?:failed|error)", tail))
    return counted(status, text, passed, failed)


STEPS = [unit, conversations, fuzz, lint, system]


def main():
    wanted = sys.argv[1:] or [step.__name__ for step in STEPS]
    unknown = set(wanted) - {step.__name__ for step in STEPS}
    if unknown:
        print(f"no such step: {', '.join(sorted(unknown))}\n{__doc__}")
        return 2
    passed = failed = 0
    for step in STEPS:
        if step.__name__ not in wanted:
            continue
        start = time.monotonic()
        good, bad = step()
        print(f"{step.__name__:14} {good:5} passed {bad:5} failed   "
              f"{time.monotonic() - start:6.1f} s", flush=True)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
