# SPDX-License-Identifier: MIT
"""The plugin exec: programs that do what they should, and programs that do not."""
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from lines import documents_of, lines_of
from process import give_away, has_ended
from relay import RelayRig
from wait import wait_until

EXAMPLE = Path(__file__).resolve().parents[2] / "contrib/relay/exec-example"
PYTHON = "#!/usr/bin/python3\nimport os, sys, time, signal\nout = open(OUT, 'a', buffering=1)\n"


@pytest.fixture
def folder(scratch):
    return scratch.folder("kept")


@pytest.fixture
def make_relay(scratch, folder):
    """make_relay(text, *lines): the output's program is a script of that text."""
    def make(text, *lines, schema="raw", **how):
        path = folder / "program"
        path.write_text(PYTHON.replace("OUT", repr(str(folder / "out"))) + text)
        give_away(path).chmod(0o755)
        rig = RelayRig(scratch, "exec", [f"command {path}", f"schema {schema}", "retry_most 1",
                                         *lines], **how)
        rig.out = folder / "out"
        return rig
    return make


def wait_for(path, *lines):
    wait_until(lambda: lines_of(path) == list(lines), 20, f"{lines} in {path}")


COPY = "for line in sys.stdin: out.write(line)\n"
ANSWER = "for line in sys.stdin:\n out.write(line)\n print('OK', flush=True)\n"


@pytest.mark.parametrize("text,acknowledge", [(COPY, "none"), (ANSWER, "lines")],
                         ids=["none", "lines"])
def test_records_are_lines_of_its_standard_input(make_relay, text, acknowledge):
    rig = make_relay(text, f"acknowledge {acknowledge}").start()
    texts = [f"text {n}" for n in range(200)]
    for text in texts[:20]:
        rig.publish("logs/a", text)
    rig.publish("logs/a", "two\nlines")
    wait_for(rig.out, *texts[:20], "two\\nlines")
    assert rig.status()["problem"] is None
    rig.end()


def test_the_example_keeps_and_refuses(scratch, folder):
    program = folder / "exec-example"
    shutil.copy(EXAMPLE, program)
    give_away(program)
    mine = scratch.folder("mine")
    rig = RelayRig(scratch, "exec", [f"command {program} {mine}", "acknowledge lines"]).start()
    rig.check("web1", "disk", 2, "full")
    rig.publish("logs/app", "no host in it")
    rig.check("web2", "disk", 0, "fine")
    wait_for(mine / "web1", "2 full")
    wait_for(mine / "web2", "0 fine")
    wait_until(lambda: len(rig.dead_letters()) == 1, 15, "a dead letter")
    assert rig.dead_letters()[0]["reason"] == "it names no host"
    rig.end()


def test_more_than_a_pipe_holds_waits_for_a_slow_reader(make_relay):
    rig = make_relay("time.sleep(1)\n" + ANSWER, "acknowledge lines").start()
    texts = [f"{n} " + "x" * 10000 for n in range(40)]
    for text in texts:
        rig.publish("logs/a", text)
    wait_for(rig.out, *texts)
    rig.end()


def test_answers_are_the_verdicts_of_their_lines(make_relay, folder):
    flag = folder / "flag"
    rig = make_relay(f"""
for line in sys.stdin:
    word = line.strip()
    if word == 'never':
        print('REJECT because', flush=True)
    elif word == 'later' and not os.path.exists({str(flag)!r}):
        print('RETRY busy', flush=True)
    else:
        out.write(line)
        print('OK', flush=True)
""", "acknowledge lines", "linger 500").start()
    for text in ("one", "never", "later", "two"):
        rig.publish("logs/a", text)
    rig.wait_for_problem("busy")
    wait_for(rig.out, "one", "two")
    flag.touch()
    wait_for(rig.out, "one", "two", "later")
    wait_until(lambda: rig.dead_letters(), 15, "a dead letter")
    assert [(d["record"], d["reason"]) for d in rig.dead_letters()] == [("never", "because")]
    rig.wait_until_all_right()
    rig.end()


def test_what_it_prints_does_not_flood_the_log(make_relay):
    rig = make_relay("""
for n in range(5000):
    print('complaint', n, file=sys.stderr)
for line in sys.stdin:
    out.write(line)
    print('OK', flush=True)
""", "acknowledge lines").start()
    rig.publish("logs/a", "one")
    wait_for(rig.out, "one")
    # What it printed is counted with the next delivery.
    wait_until(lambda: rig.publish("logs/a", "more")
               or rig.status()["plugin"]["error_lines"] == 5000, 20, "all that it printed")
    assert 1 <= rig.gateway.process.stderr().count("complaint") <= 60
    rig.end()


def test_one_that_failed_once_may_speak_when_it_is_started_again(make_relay, folder):
    """Nothing is to be delivered meanwhile; what the first one did is not the second one's fault."""
    flag = folder / "flag"
    rig = make_relay(f"""
print('hello', file=sys.stderr)
if not os.path.exists({str(flag)!r}):
    open({str(flag)!r}, 'w')
    sys.exit(3)
for line in sys.stdin:
    out.write(line)
""").start()
    rig.wait_for_problem("exited with status 3")
    rig.wait_until_all_right(timeout=25)
    rig.publish("logs/a", "one")
    wait_for(rig.out, "one")
    assert rig.status()["plugin"]["starts"] == 2
    rig.end()


# A program that fails until there is a file "mended": every record arrives after that.
FAILURES = {
    "dies": ("sys.stdin.readline(); print('oops', file=sys.stderr); sys.exit(3)",
             ("exited with status 3", "oops")),
    "crashes": ("sys.stdin.readline(); os.kill(os.getpid(), 11)", ("signal 11",)),
    "hangs": ("time.sleep(1000)", ("answered nothing for 1 s",)),
    "hangs for ever": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(1000)\n"
                       "time.sleep(1000)", ("answered nothing for 1 s",)),
    "garbage": ("sys.stdin.readline(); print('ok\\x1b[1m', flush=True); time.sleep(1000)",
                ('answered \\"ok', "an answer is OK, RETRY or REJECT")),
    "no end": ("sys.stdin.readline(); print('O' * 5000, end='', flush=True); time.sleep(1000)",
               ("without an end",)),
    "closes output": ("sys.stdin.readline(); os.close(1); time.sleep(1000)",
                      ("closed its standard output",)),
    "ends at once": ("", ("exited with status 0",)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_program_that_fails_gets_its_lines_again(make_relay, folder, name):
    failure, words = FAILURES[name]
    mended = folder / "mended"
    text = "\n ".join([f"if not os.path.exists({str(mended)!r}):", *failure.split("\n"),
                       "sys.exit(0)" if name != "hangs" else "pass"])
    rig = make_relay(text + "\n" + ANSWER, "acknowledge lines", "timeout 1").start()
    for n in range(3):
        rig.publish("logs/a", f"text {n}")
    problem = rig.wait_for_problem(*(word.replace('\\"', '"') for word in words))
    assert "\x1b" not in problem
    mended.touch()
    wait_until(lambda: set(lines_of(rig.out)) == {f"text {n}" for n in range(3)}, 30, "all lines")
    rig.wait_until_all_right(30)
    assert rig.dead_letters() == []
    rig.end()


def test_a_program_that_answers_too_much_is_started_again(make_relay):
    rig = make_relay("sys.stdin.readline(); print('OK\\nOK', flush=True); time.sleep(1000)",
                     "acknowledge lines").start()
    rig.publish("logs/a", "text")
    rig.wait_for_problem("has answered more lines than it was given")
    rig.end()


def test_a_program_that_closes_its_input_is_started_again(make_relay, folder):
    mended, text = folder / "mended", "x" * 300000  # more than a pipe holds
    rig = make_relay(f"if not os.path.exists({str(mended)!r}):\n os.close(0); time.sleep(1000)\n"
                     + COPY).start()
    rig.publish("logs/a", text)
    rig.wait_for_problem("closed its standard input")
    mended.touch()
    wait_for(rig.out, text)
    rig.end()


@pytest.mark.parametrize("obstacle,words", [
    ("missing", ("cannot be started", "No such file", "path right")),
    ("not executable", ("cannot be started", "chmod +x")),
    ("no interpreter", ("cannot be started", "interpreter")),
    ("no program", ("cannot be started", "begins with #!")),
])
def test_what_cannot_be_started_is_said_with_its_remedy(make_relay, folder, obstacle, words):
    rig = make_relay(COPY)
    path = folder / "program"
    good = path.read_text()
    if obstacle == "missing":
        path.unlink()
    elif obstacle == "not executable":
        path.chmod(0o644)
    else:
        path.write_text("#!/no/such\n" if obstacle == "no interpreter" else "text\n")
    rig.start()
    rig.publish("logs/a", "text")
    rig.wait_for_problem(*words)
    path.write_text(good)
    give_away(path).chmod(0o755)
    wait_for(rig.out, "text")
    rig.wait_until_all_right(30)
    rig.end()


@pytest.mark.parametrize("lines,word", [
    (("command program",), "absolute path"),
    (("command ./program",), "absolute path"),
    (("command /bin/cat", "acknowledge maybe"), "none"),
    ((), "is missing"),
], ids=["name", "relative", "acknowledge", "missing"])
def test_settings_that_cannot_be_are_refused(scratch, lines, word):
    rig = RelayRig(scratch, "exec", list(lines))
    rig.gateway.process.start()
    wait_until(lambda: not rig.gateway.process.is_running(), 10, "the gateway's end")
    assert rig.gateway.process.popen.returncode == 3
    assert word in rig.gateway.process.stderr()


def test_it_is_given_its_arguments_and_nothing_else(make_relay, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    rig = make_relay("out.write(repr((sys.argv[1:], sorted(os.environ), os.getcwd(),"
                     " sorted(os.listdir('/proc/self/fd'))[:3], os.getpid() == os.getsid(0)"
                     " == os.getpgid(0))) + '\\n')\nsys.stdin.read()\n",
                     "argument with a blank", "argument $HOME;`id`").start()
    wait_until(lambda: lines_of(rig.out), 15, "what it was given")
    arguments, names, folder, _, leads = eval(lines_of(rig.out)[0])  # our own repr()
    assert arguments == ["with a blank", "$HOME;`id`"]
    assert {"LANG", "PATH"} <= set(names) <= {"LANG", "PATH", "LC_CTYPE"}
    assert folder == "/" and leads
    rig.end()


def test_no_descriptor_is_passed_on(make_relay):
    rig = make_relay("out.write(' '.join(os.readlink(f'/proc/self/fd/{n}') for n in"
                     " sorted(os.listdir('/proc/self/fd'), key=int)"
                     " if os.path.lexists(f'/proc/self/fd/{n}')) + '\\n')\nsys.stdin.read()\n").start()
    wait_until(lambda: lines_of(rig.out), 15, "its descriptors")
    open_files = lines_of(rig.out)[0].split()
    assert open_files[0].startswith("pipe:") and open_files[1] == "/dev/null"
    assert open_files[2].startswith("pipe:")
    assert open_files[3:] == [str(rig.out)], open_files
    rig.end()


def test_what_it_says_stands_in_the_log(make_relay):
    rig = make_relay("print('one\\x1b thing', file=sys.stderr)\nprint('x' * 3000, file=sys.stderr)\n"
                     + COPY).start()
    wait_until(lambda: "one\\x1b thing" in rig.gateway.process.stderr(), 15, "its line in the log")
    wait_until(lambda: "x" * 100 in rig.gateway.process.stderr(), 15, "the long one")
    rig.publish("logs/a", "text")
    wait_for(rig.out, "text")
    rig.end()


@pytest.mark.parametrize("ending", ["leaves", "waits for SIGTERM", "never leaves"])
def test_it_ends_with_the_gateway(make_relay, ending):
    text = {"leaves": COPY,
            "waits for SIGTERM": COPY + "time.sleep(1000)\n",
            "never leaves": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + COPY
                            + "while True: time.sleep(1000)\n"}[ending]
    rig = make_relay("out.write(f'{os.getpid()}\\n')\nif os.fork() == 0: time.sleep(1000)\n" + text)
    rig.start()
    rig.publish("logs/a", "text")
    wait_until(lambda: len(lines_of(rig.out)) == 2, 15, "the line")
    pid = int(lines_of(rig.out)[0])
    rig.end()
    assert has_ended(pid)
    members = [p for p in os.listdir("/proc") if p.isdigit() and in_session(p, pid)]
    assert members == []


def in_session(pid, session):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return False
    return int(fields[3]) == session and fields[0] != "Z"


def test_a_restarted_program_that_speaks_at_once_is_left_alone(make_relay):
    rig = make_relay("out.write('start\\n')\nruns = len(open(out.name).readlines())\n"
                     "if runs < 3: sys.exit(runs)\n"
                     "print('awake', file=sys.stderr, flush=True)\n" + COPY).start()
    reason = rig.wait_for_problem("exited with status")
    assert reason.count("the program has ended") == 1
    wait_until(lambda: "awake" in rig.gateway.process.stderr(), 20, "its word")
    rig.publish("logs/a", "text")
    wait_for(rig.out, "start", "start", "start", "text")
    rig.end()
    for line in rig.gateway.process.stderr().splitlines():
        assert line.count("the program has ended") < 2


def test_it_ends_when_the_gateway_is_killed(make_relay):
    rig = make_relay("out.write(f'{os.getpid()}\\n')\nwhile True: time.sleep(1000)\n").start()
    wait_until(lambda: lines_of(rig.out), 15, "its start")
    pid = int(lines_of(rig.out)[0])
    rig.gateway.process.kill()
    wait_until(lambda: has_ended(pid), 15, "its end")


def test_a_stopped_program_holds_up_nobody_and_is_replaced(make_relay):
    rig = make_relay("out.write(f'{os.getpid()}\\n')\n" + ANSWER, "acknowledge lines",
                     "timeout 2").start()
    wait_until(lambda: lines_of(rig.out), 15, "its start")
    first = int(lines_of(rig.out)[0])
    os.kill(first, signal.SIGSTOP)
    rig.publish("logs/a", "text")
    wait_until(lambda: "text" in lines_of(rig.out), 20, "the line, from the next one")
    assert has_ended(first)
    rig.end()


def test_nothing_acknowledged_is_lost_when_both_are_killed(make_relay):
    rig = make_relay("import json\nfor line in sys.stdin:\n out.write(line)\n"
                     " print('OK', flush=True)\n if json.loads(line)['message'] in ('20', '60'):"
                     " os.kill(os.getpid(), 9)\n", "acknowledge lines", schema="logstash").start()
    for n in range(80):
        rig.publish("logs/a", str(n))
        if n == 40:
            rig.gateway.process.kill()
    rig.start_gateway()
    # 20 and 60 are answered before the program ends, and so do not come again.
    wanted = {str(n) for n in range(80)}
    wait_until(lambda: {record["message"] for record in documents_of(rig.out)} == wanted, 30, "all records")
    ids = {}
    for record in documents_of(rig.out):  # what the broker sends again is a message of its own
        assert ids.setdefault(record["event_id"], record["message"]) == record["message"]
    rig.end()
