# SPDX-License-Identifier: MIT
"""What make install puts where, and the samples that come with it."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pki import Pki
from process import binaries, give_away, program, run
from relay import plugin_folder

TOP = Path(__file__).resolve().parents[2]
CONFIGURATION = "etc/belfry/belfry-broker.conf"


@pytest.fixture
def install(tmp_path):
    """install(*variables) installs what was built below a folder, which it returns."""
    def make(*variables):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("MAKE") and name != "MFLAGS"}
        done = subprocess.run(
            ["make", "-s", "-o", "programs", "install", f"B={tmp_path / 'build'}",
             f"BIN={binaries()}", f"DESTDIR={tmp_path / 'root'}", *variables],
            cwd=TOP, env=environment, capture_output=True, stdin=subprocess.DEVNULL, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return tmp_path / "root"
    return make


def modes(root):
    """{path below root: mode} of every file."""
    return {str(p.relative_to(root)): p.stat().st_mode & 0o777
            for p in root.rglob("*") if not p.is_dir()}


def test_everything_has_its_place(install):
    files = modes(install("PREFIX=/usr"))
    for path in ("usr/bin/belfry", "usr/sbin/belfry-broker", "usr/sbin/belfry-gateway"):
        assert files.pop(path) == 0o755
    assert files.pop("usr/share/doc/belfry/relay/exec-example") == 0o755
    assert set(files.values()) == {0o644}
    assert {path for path in files if not path.startswith("usr/share/doc/belfry/")} >= {
        "usr/share/man/man1/belfry-passwd.1", "usr/share/man/man1/belfry-store.1",
        "usr/share/man/man5/belfry-broker.conf.5",
        "usr/share/man/man8/belfry-broker.8", "usr/lib/systemd/system/belfry-broker.service",
        "usr/lib/systemd/system/belfry-broker.socket",
        "usr/lib/systemd/system/belfry-gateway.service", "usr/lib/sysusers.d/belfry.conf",
        "usr/include/belfry/relay.h", "usr/lib/pkgconfig/belfry-relay.pc",
        "usr/lib/belfry/plugins/file.so", "usr/lib/belfry/plugins/exec.so",
        "usr/share/man/man3/belfry-relay.3", "usr/share/man/man5/belfry-file.5"}
    for path in ("examples/belfry-broker.conf", "grafana/dashboard.json", "vector/belfry.yaml",
                 "logstash/beats.conf", "relay/rsyslog.conf"):
        assert f"usr/share/doc/belfry/{path}" in files
    assert not any(path.startswith("etc/") for path in files)


def test_a_strangers_plugin_is_built_and_loaded(install, tmp_path, scratch):
    root = install("PREFIX=/usr")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(root / "usr/lib/pkgconfig"),
                   "PKG_CONFIG_SYSROOT_DIR": str(root), "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1"}

    def pkg_config(word):
        return subprocess.run(["pkg-config", word, "belfry-relay"], env=environment, check=True,
                              capture_output=True, text=True).stdout.split()

    assert pkg_config("--variable=plugindir")[-1].endswith("/usr/lib/belfry/plugins")
    assert (root / "usr/lib/belfry/plugins/file.so").is_file()
    plugins = scratch.folder("plugins")
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o",
                    plugins / "lines.so", root / "usr/share/doc/belfry/relay/lines.c",
                    *pkg_config("--cflags")], check=True)
    give_away(plugins / "lines.so")
    path = give_away_new(scratch.path / "gateway.conf")
    path.write_text(f"state_dir {scratch.path}\nplugin_dir {plugins}\nbroker mqtt://127.0.0.1\n"
                    f"output mine lines\npath {scratch.path}/lines\nroute nagios/#\nto mine\n")
    installed = shutil.copy(root / "usr/sbin/belfry-gateway", scratch.path)
    done = run([installed, "-c", path, "--test-config"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_relays_sample_is_good_as_it_stands(scratch):
    folder = plugin_folder(scratch.path, *(p.stem for p in (binaries().parent / "plugins").glob("*.so")))
    if not (folder / "redis.so").exists():
        pytest.skip("redis was left out of the build")
    path = give_away_new(scratch.path / "gateway.conf")
    sample = (TOP / "contrib/examples/belfry-relays.conf").read_text()
    path.write_text(f"plugin_dir {folder}\n" + as_used(sample, scratch.path).replace(
        "/var/lib/belfry/relays", str(scratch.path)))
    done = run([program("belfry-gateway", scratch.path), "-c", path, "--test-config"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_folders_may_be_chosen(install):
    root = install("MANDIR=/man", "UNITDIR=/units", "SYSUSERSDIR=/users", "SBINDIR=/daemons",
                   "SYSCONFDIR=/settings")
    assert {"man/man8/belfry-broker.8", "units/belfry-broker.service", "users/belfry.conf",
            "daemons/belfry-broker"} <= modes(root).keys()
    for name in ("belfry-broker", "belfry-gateway"):
        unit = (root / f"units/{name}.service").read_text()
        assert f"ExecStart=/daemons/{name} -c /settings/belfry/{name}.conf\n" in unit
        assert f"ExecReload=/daemons/{name} -c /settings/belfry/{name}.conf --test-config\n" in unit
        assert "\nType=notify\n" in unit and "\nWatchdogSec=" in unit
        assert not re.search("@[A-Z]+@", unit)


def test_a_configuration_is_never_touched(install, tmp_path):
    mine = tmp_path / "root" / CONFIGURATION
    mine.parent.mkdir(parents=True)
    mine.write_text("listener 1\n")
    install("PREFIX=/usr")
    assert mine.read_text() == "listener 1\n" and list(mine.parent.iterdir()) == [mine]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("name", ["belfry-broker", "belfry-gateway"])
def test_a_unit_gives_away_little(install, name):
    unit = install("PREFIX=/usr") / f"usr/lib/systemd/system/{name}.service"
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
                          capture_output=True, stdin=subprocess.DEVNULL, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("name", ["belfry-broker.service", "belfry-broker.socket",
                                  "belfry-gateway.service"])
def test_systemd_understands_every_line_of_the_units(install, name):
    unit = install("PREFIX=/usr") / "usr/lib/systemd/system" / name
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True,
                          stdin=subprocess.DEVNULL, text=True)
    assert not re.search(rf"{unit.name}:\d+:", done.stdout + done.stderr), done.stderr


def as_used(text, folder):
    """A sample with its examples taken into use and its files in `folder`."""
    return re.sub(r"^#(?=[a-z])", "", text, flags=re.M).replace("/etc/belfry/", f"{folder}/")


def checked(path):
    done = run([program("belfry-broker", path.parent), "-c", path, "--test-config"])
    return done.returncode, (done.stdout + done.stderr).decode()


def test_the_brokers_sample_is_good_as_it_stands(scratch):
    path = scratch.path / "broker.conf"
    path.write_text((TOP / "contrib/examples/belfry-broker.conf").read_text())
    status, said = checked(path)
    assert status == 0, said


def test_the_brokers_sample_is_good_with_all_examples(scratch):
    pki, path = Pki(scratch.folder("files")), scratch.path / "broker.conf"
    sample = (TOP / "contrib/examples/belfry-broker.conf").read_text()
    pki.issue("broker")
    for name in ("clients-ca.crt", "office-ca.crt"):
        shutil.copy(pki.path("ca.crt"), give_away_new(pki.path(name)))
    acl = re.findall(r"^#     ((?:pattern|user|topic) .*\n)", sample, re.M)
    assert acl
    give_away_new(pki.path("acl")).write_text("".join(acl))
    done = run([program("belfry", scratch.path), "passwd", "-c", pki.path("passwords"), "host1"],
               stdin=b"secret\n")
    assert done.returncode == 0, done.stderr
    path.write_text(as_used(sample, pki.folder))
    status, said = checked(path)
    assert status == 0, said
    text = path.read_text()
    assert text.count("\nlistener ") == 4
    assert all(f"\n{keyword} " in text for keyword in ("password_file", "acl_file", "connection"))


def give_away_new(path):
    path.touch()
    return give_away(path)
