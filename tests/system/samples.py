# SPDX-License-Identifier: MIT
"""Configurations that the manual and contrib/examples show, as a test may give them to the gateway."""
import re

import pytest

from pki import Pki
from process import binaries, give_away, program, run
from relay import plugin_folder


def own_files(text, folder):
    """The text with files of this test in the place of those below /etc/belfry."""
    pki = Pki(folder)
    certificate, key = pki.issue("gateway")
    secret = folder / "secret"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    kinds = {"ca.crt": pki.path("ca.crt"), ".crt": certificate, ".key": key, "": give_away(secret)}

    def own(match):
        return str(next(file for end, file in kinds.items() if match[0].endswith(end)))

    return re.sub(r"/etc/belfry/\S+", own, text)


def with_alternatives(text):
    """What the sample has as a comment, taken into use: of several lines with one keyword the last."""
    blocks = re.sub(r"^#(?=[a-z])", "", text, flags=re.M).split("\n\n")
    return "\n\n".join("\n".join(last_of_each(block.splitlines())) for block in blocks)


def last_of_each(lines):
    last = {line.split()[0]: number for number, line in enumerate(lines) if line.strip()}
    return [line for number, line in enumerate(lines) if not line or last[line.split()[0]] == number]


def check_config(scratch, text):
    """What belfry-gateway --test-config says of it: (status, text)."""
    names = set(re.findall(r"^output +\S+ +(\S+)", text, re.M))
    lacking = [n for n in names if not (binaries().parent / f"plugins/{n}.so").exists()]
    if lacking:
        pytest.skip(f"{lacking} were left out of the build")
    text = re.sub(r"^state_dir .*", "", text, flags=re.M)
    config = scratch.path / "gateway.conf"
    config.write_text(f"plugin_dir {plugin_folder(scratch.path, *names)}\nstate_dir {scratch.path}\n{text}")
    done = run([program("belfry-gateway", scratch.path), "-c", config, "--test-config"])
    return done.returncode, done.stderr.decode()
