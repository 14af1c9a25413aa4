# SPDX-License-Identifier: MIT
"""The samples of relays are configurations that the gateway takes, and so is what they comment out."""
from pathlib import Path

import pytest

from samples import check_config, own_files, with_alternatives

EXAMPLES = Path(__file__).parents[2] / "contrib/examples"
SAMPLES = ("gelf", "graphite", "syslog", "redis", "lumberjack", "elasticsearch", "influxdb", "loki",
           "webhook", "relays")


@pytest.mark.parametrize("change", [str, with_alternatives], ids=["as it stands", "alternatives"])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_a_configuration(scratch, name, change):
    text = change((EXAMPLES / f"belfry-{name}.conf").read_text())
    status, said = check_config(scratch, own_files(text, scratch.folder("files")))
    assert status == 0, said


@pytest.mark.parametrize("name, line, problem", [
    ("syslog", "framing newline\nurl udp://a", "a datagram is one message"),
    ("syslog", "url ftp://a", "take one of udp://HOST[:PORT] tcp://HOST[:PORT] tls://HOST[:PORT]"),
    ("gelf", "url tcp://me@a", "names a user"),
    ("graphite", "url udp://a", "take one of tcp://HOST[:PORT]"),
])
def test_what_is_wrong_is_said(scratch, name, line, problem):
    status, said = check_config(scratch, "client_id g\nbroker mqtt://127.0.0.1\n"
                                f"output out {name}\n{line}\nroute nagios/#\nto out\n")
    assert status == 3 and problem in said
