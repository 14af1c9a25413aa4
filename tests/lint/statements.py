#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which normative statements of MQTT have no test?

    statements.py            print what is wrong; nothing and exit status 0 when all is well
    statements.py --list     print every statement and the files that show it

tests/conversations/statements.tsv lists the statements. A test says which it shows by a tag in
brackets, [v5 MQTT-3.3.1-4] or [v5 MQTT-3.1.2-24, MQTT-3.1.2-25]; the version always stands before
the number, because the numbers of the two versions differ. Wrong is a statement that binds a
server and has neither a test nor a reason, a reason where there is a test, a tag that names no
statement, in a test or in the broker, and a conversation with a tag of a version that it does not
speak.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

LIST = Path("tests/conversations/statements.tsv")
TESTS = ["tests/conversations", "tests/unit", "tests/system"]
SOURCES = ["broker", "common"]
SUFFIXES = {".mqtt", ".py", ".c", ".h"}

TAG = re.compile(r"\[[^\[\]]*?\bMQTT-\d[^\[\]]*\]")
PART = re.compile(r"\b(v[35])\b|(?:\bMQTT-|\b)(\d+\.\d+\.\d+-\d+)\b")
NUMBER = re.compile(r"\bMQTT-\d[\d.-]*\d")
SPOKEN = re.compile(r"^versions .*|> CONNECT\b.*|> raw v[35]|> raw 10", re.M)


class Statement(NamedTuple):
    line: int
    binds: str
    demand: str
    reason: str  # why there is no test; empty when there must be one


def read_list(problems):
    statements = {}
    for at, line in enumerate(LIST.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) not in (4, 5) or fields[2] not in ("server", "client", "both"):
            problems.append(f"{LIST}:{at}: not VERSION, NUMBER, BINDS, DEMAND and a reason or none")
            continue
        version, number, binds, demand, *reason = fields
        if (version, number) in statements:
            problems.append(f"{LIST}:{at}: {version} {number} stands here twice")
        statements[version, number] = Statement(at, binds, demand, "".join(reason))
    return statements


def tags_of(text):
    """Yield (offset, version or None, number) of every statement that is named."""
    covered = []
    for tag in TAG.finditer(text):
        covered.append(tag.span())
        version = None
        for part in PART.finditer(tag[0]):
            if part[1]:
                version = part[1]
            else:
                yield tag.start() + part.start(), version, "MQTT-" + part[2]
    for number in NUMBER.finditer(text):
        if not any(start <= number.start() < end for start, end in covered):
            yield number.start(), None, number[0]


def spoken_versions(script):
    """Those of a conversation's clients; empty when none says CONNECT."""
    versions = set()
    for line in SPOKEN.findall(script):
        named = {word[:2] for word in re.findall(r"\bv[35][\d.]*(?![\d.:])", line)}
        versions |= named or ({"v3"} if "raw" in line else set())
    return versions


def files_below(folders):
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in SUFFIXES:
                yield path


def check_tags(folders, statements, problems, *, is_test):
    shown = {}
    for path in files_below(folders):
        text = path.read_text(errors="replace")
        spoken = spoken_versions(text) if path.suffix == ".mqtt" else set()
        for offset, version, number in tags_of(text):
            where = f"{path}:{text.count(chr(10), 0, offset) + 1}"
            if version is None and is_test:
                problems.append(f"{where}: write the version: [v5 {number}]")
            elif version is None:
                if not {("v3", number), ("v5", number)} & statements.keys():
                    problems.append(f"{where}: no version has a statement {number}")
            elif (version, number) not in statements:
                problems.append(f"{where}: {version} has no statement {number}; see {LIST}")
            elif spoken and version not in spoken:
                problems.append(f"{where}: no client of {path.name} speaks {version}")
            else:
                shown.setdefault((version, number), []).append(str(path))
    return shown


def check_statements(statements, shown, problems):
    for (version, number), s in statements.items():
        tests = shown.get((version, number))
        if s.reason and tests:
            problems.append(f"{LIST}:{s.line}: {version} {number} has a test, {tests[0]}: "
                            f"strike out \"{s.reason}\"")
        elif s.binds != "client" and not s.reason and not tests:
            problems.append(f"{LIST}:{s.line}: [{version} {number}] has no test: {s.demand}")


def print_list(statements, shown):
    for (version, number), s in statements.items():
        tests = sorted(set(shown.get((version, number), [])))
        print(f"{version} {number} ({s.binds}): {s.demand}")
        for test in tests:
            print(f"    {test}")
        if not tests:
            print(f"    no test: {s.reason or 'it binds the client'}")


def main():
    problems = []
    statements = read_list(problems)
    shown = check_tags(TESTS, statements, problems, is_test=True)
    check_tags(SOURCES, statements, problems, is_test=False)
    check_statements(statements, shown, problems)
    if sys.argv[1:] == ["--list"]:
        print_list(statements, shown)
    else:
        print("".join(f"{line}\n" for line in problems), end="")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
