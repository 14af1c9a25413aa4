# SPDX-License-Identifier: MIT
"""The manual says what the programs say about themselves."""
import re
import subprocess
from pathlib import Path

import pytest

from process import binaries
from samples import check_config, own_files

TOP = Path(__file__).resolve().parents[2]
PLUGINS = {p.parent.name: p for p in sorted((TOP / "plugins").glob("*/belfry-*.5"))}
PAGES = sorted([*(p for folder in ("broker", "gateway", "cli", "plugins")
                  for p in (TOP / folder).glob("*.[1358]")), *PLUGINS.values()])
SCRIPT = TOP / "contrib/man.sh"


def output(*command):
    return subprocess.run([binaries() / command[0], *command[1:]], capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, check=True).stdout


def man_sh(*arguments):
    return subprocess.run(["sh", SCRIPT, *arguments], capture_output=True,
                          stdin=subprocess.DEVNULL, text=True)


def flags_of(page):
    """The options that the page's lists explain: {"c", "-test-config"}."""
    return {word for line in re.findall(r"^\.It Fl (.*)$", page.read_text(), re.M)
            for word in re.findall(r"(?:^|, )(\\-[\w=-]+|\w)", line)}


def options_in(text):
    """The options that a help text explains, at the beginning of a line."""
    return set(re.findall(r"^  -(-?[\w=-]+)", text, re.M))


@pytest.mark.parametrize("daemon", ["broker", "gateway"])
def test_what_it_says_about_keywords_is_what_the_daemon_prints(daemon):
    done = man_sh("--check", TOP / f"{daemon}/belfry-{daemon}.conf.5", binaries() / f"belfry-{daemon}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", PLUGINS)
def test_what_it_says_about_a_plugin_is_what_its_table_says(name):
    if not (binaries().parent / f"plugins/{name}.so").exists():
        pytest.skip(f"{name} was left out of the build")
    done = man_sh("--check", PLUGINS[name], binaries() / "belfry-gateway", name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ".It Ic " in PLUGINS[name].read_text()


def samples_in(page):
    """The literal blocks of the page that begin with an output."""
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page.read_text(), re.M | re.S)
    return [block for block in blocks if block.startswith("output ")]


@pytest.mark.parametrize("name", PLUGINS)
def test_samples_in_the_page_of_a_plugin_are_configurations(scratch, name):
    samples = samples_in(PLUGINS[name])
    assert samples
    for number, sample in enumerate(samples):
        if "\nroute" not in sample:
            sample += f"route nagios/#\nto {sample.split()[1]}\n"
        sample = own_files(sample, scratch.folder(f"files{number}"))
        status, said = check_config(scratch, f"client_id g\nbroker mqtt://127.0.0.1\n{sample}")
        assert status == 0, said


@pytest.mark.parametrize("template, words", [
    ("${qqqqqq}", r"\$\{\w+\}"), ("${host|qqqqqq}", r"\|(\w+)"), ("${time:%Q}", r"%\S")],
    ids=["fields", "filters", "conversions"])
def test_what_a_template_may_hold_is_told(scratch, template, words):
    """The gateway lists what there is when something is not."""
    status, said = check_config(scratch, "client_id g\nbroker mqtt://127.0.0.1\noutput x file\n"
                                f"path /x\nschema template\ntemplate {template}\n"
                                "route nagios/#\nto x\n")
    known = re.findall(words, said.split("; take", 1)[1].splitlines()[0])
    page = (TOP / "gateway/belfry-gateway.conf.5").read_text()
    section = page[page.index(".Ss Templates"):page.index(".Sh RELOAD")]
    assert status == 3 and known
    assert [word for word in known if word not in section] == []


def test_every_plugin_has_a_page_and_is_told_of():
    plugins = {p.parent.name for p in (TOP / "plugins").glob("*/*.c")}
    assert plugins == set(PLUGINS)
    text = output("belfry-gateway", "--help")
    folder = binaries().parent / "plugins"
    assert f"in {folder}:" in text
    for plugin in folder.glob("*.so"):
        assert re.search(rf"^  {plugin.stem}\n      [A-Z].*\.$", text, re.M), plugin.stem


def test_a_plugin_s_settings_are_told_without_its_page():
    text = output("belfry-gateway", "--help=redis")
    assert text.startswith("output NAME redis\n")
    for keyword in "max_len", "schema", "when_full", "cafile":
        assert re.search(rf"^  {keyword}  \(.*\)$", text, re.M), keyword
    assert re.search(r"^  batch_records  \(.*; default 1000\)$", text, re.M)
    assert "\n  pushed: " in text


def test_a_plugin_that_is_none_is_told_of():
    done = subprocess.run([binaries() / "belfry-gateway", "--print-settings=mdoc:none"],
                          capture_output=True, stdin=subprocess.DEVNULL, text=True)
    assert done.returncode == 1 and "there is no " in done.stderr and done.stdout == ""


def test_a_page_that_is_stale_is_found_and_renewed(tmp_path):
    page = tmp_path / "page.5"
    page.write_text((TOP / "broker/belfry-broker.conf.5").read_text())
    assert man_sh(page, binaries() / "belfry-broker").returncode == 0
    fresh = page.read_text()
    stale = fresh.replace(".It Ic max_queued_messages Ar number\n", "")
    assert stale != fresh
    page.write_text(stale)
    done = man_sh("--check", page, binaries() / "belfry-broker")
    assert done.returncode == 1 and "+.It Ic max_queued_messages" in done.stdout
    assert "run: make man" in done.stderr and page.read_text() == stale
    assert man_sh(page, binaries() / "belfry-broker").returncode == 0
    assert page.read_text() == fresh


def test_a_page_without_its_marks_is_left_alone(tmp_path):
    page = tmp_path / "page.5"
    page.write_text(".Sh NAME\n")
    done = man_sh(page, binaries() / "belfry-broker")
    assert done.returncode != 0 and "BEGIN and END" in done.stderr
    assert page.read_text() == ".Sh NAME\n"


@pytest.mark.parametrize("daemon", ["broker", "gateway"])
def test_the_page_of_a_daemon_has_its_options(daemon):
    wanted = {o.replace("-", r"\-", 1) if o.startswith("-") else o
              for o in options_in(output(f"belfry-{daemon}", "--help"))}
    found = flags_of(TOP / f"{daemon}/belfry-{daemon}.8")
    assert wanted <= found and found - wanted <= {"h", r"\-verbose", r"\-daemon"}


def test_the_page_of_belfry_passwd_has_its_options():
    wanted = options_in(output("belfry", "help", "passwd"))
    assert wanted and flags_of(TOP / "cli/belfry-passwd.1") == wanted


@pytest.mark.parametrize("verb", ["submit", "status", "watch", "check", "why", "replay", "hosts"])
def test_the_page_of_a_verb_has_its_options(verb):
    wanted = {o.replace("-", r"\-", 1) for o in options_in(output("belfry", "help", verb))}
    assert wanted and flags_of(TOP / f"cli/belfry-{verb}.1") - {"v"} == wanted


def test_the_page_of_belfry_has_its_verbs():
    wanted = re.findall(r"^  (\w+) {2,}", output("belfry", "help"), re.M)
    assert wanted
    assert re.findall(r"^\.It Cm (\w+)$", (TOP / "cli/belfry.1").read_text(), re.M) == wanted


def test_the_page_of_belfry_store_has_its_actions():
    wanted = re.findall(r"^  (\w+) +\w", output("belfry", "help", "store"), re.M)
    assert wanted
    assert re.findall(r"^\.It Cm (\w+)$", (TOP / "cli/belfry-store.1").read_text(), re.M) == wanted


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_refer_to_pages_that_there_are(page):
    known = {p.name for p in PAGES}
    ours = re.findall(r"^\.Xr (belfry\S*) (\d)", page.read_text(), re.M)
    assert ours and {f"{name}.{section}" for name, section in ours} <= known
