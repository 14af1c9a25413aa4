# SPDX-License-Identifier: MIT
"""The samples of outputs that nobody acknowledges are configurations that the gateway takes."""
from pathlib import Path

import pytest

from process import program, run
from relay import plugin_folder

EXAMPLES = Path(__file__).parents[2] / "contrib/examples"


@pytest.mark.parametrize("name", ["gelf", "graphite", "syslog"])
def test_a_sample_is_a_configuration(scratch, name):
    config = scratch.path / "gateway.conf"
    config.write_text(
        f"plugin_dir {plugin_folder(scratch.path, name)}\n"
        + (EXAMPLES / f"belfry-{name}.conf").read_text().replace(
            "/var/lib/belfry/gateway", str(scratch.folder("state"))))
    done = run([program("belfry-gateway", scratch.path), "-c", config, "--test-config"])
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("name, line, problem", [
    ("syslog", "framing newline\nurl udp://a", "a datagram is one message"),
    ("syslog", "url ftp://a", "take one of udp://HOST[:PORT] tcp://HOST[:PORT] tls://HOST[:PORT]"),
    ("gelf", "url tcp://me@a", "names a user"),
    ("graphite", "url udp://a", "take one of tcp://HOST[:PORT]"),
])
def test_what_is_wrong_is_said(scratch, name, line, problem):
    config = scratch.path / "gateway.conf"
    config.write_text(f"client_id g\nstate_dir {scratch.folder('state')}\nbroker mqtt://127.0.0.1\n"
                      f"plugin_dir {plugin_folder(scratch.path, name)}\n"
                      f"output out {name}\n{line}\nroute nagios/#\nto out\n")
    done = run([program("belfry-gateway", scratch.path), "-c", config, "--test-config"])
    assert done.returncode == 3
    assert problem in done.stderr.decode()
