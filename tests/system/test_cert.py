# SPDX-License-Identifier: MIT
"""belfry cert: what it makes is what openssl, the broker and mosquitto_pub want."""
import re
import signal
import ssl
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

import packet
from packet import Wire
from pki import Pki
from process import give_away, program, run
from test_broker_tls import expect_log, publish, secured
from wait import SLACK

REFUSED, USAGE = 1, 2
STRICT = ("openssl", "verify", "-x509_strict", "-check_ss_sig")


class Authority:
    """A folder that is filled with `belfry cert`."""

    def __init__(self, folder):
        self.binary, self.path = program("belfry", folder), folder / "ca"

    def call(self, action, *arguments):
        """The CompletedProcess, with text."""
        done = run([self.binary, "cert", action, self.path, *arguments])
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def make(self, action, *arguments):
        """The same, and it works; returns what it says."""
        done = self.call(action, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def refuse(self, action, *arguments):
        """It does not work, and nothing changes; returns what it says."""
        before = self.contents()
        done = self.call(action, *arguments)
        assert (done.returncode, done.stdout) == (REFUSED, "")
        assert done.stderr.startswith("belfry cert: ") and done.stderr.endswith("\n")
        assert self.contents() == before
        return done.stderr

    def contents(self):
        if not self.path.exists():
            return None
        return {p.name: p.read_bytes() for p in self.path.iterdir()}

    def verify(self, name, *options):
        """Whether openssl accepts NAME.crt, and what it says."""
        done = run([*STRICT, "-CAfile", self.path / "ca.crt", *options, self.path / f"{name}.crt"])
        return done.returncode == 0, (done.stdout + done.stderr).decode()

    def as_client(self, name):
        return ["--cafile", self.path / "ca.crt", "--cert", self.path / f"{name}.crt", "--key",
                self.path / f"{name}.key"]

    def context(self, name):
        context = ssl.create_default_context(cafile=self.path / "ca.crt")
        context.load_cert_chain(self.path / f"{name}.crt", self.path / f"{name}.key")
        return context


@pytest.fixture
def empty(scratch):
    return Authority(scratch.path)


@pytest.fixture
def authority(empty):
    empty.make("ca")
    return empty


def openssl(*arguments):
    done = run(["openssl", *arguments])
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def text_of(path):
    return openssl("x509", "-noout", "-text", "-in", path)


def serial_of(path):
    return int(openssl("x509", "-noout", "-serial", "-in", path).split("=")[1], 16)


def dates_of(path, kind="x509", first="startdate", last="enddate"):
    """From and until, as datetimes."""
    said = openssl(kind, "-noout", "-" + first, "-" + last, "-in", path)
    return [datetime.strptime(line.split("=")[1], "%b %d %H:%M:%S %Y %Z").replace(
        tzinfo=timezone.utc) for line in said.splitlines()]


def days_until(moment):
    return (moment - datetime.now(timezone.utc)) / timedelta(days=1)


def mode_of(path):
    return path.stat().st_mode & 0o777


# --- what it makes

def test_authority(authority):
    folder = authority.path
    assert sorted(p.name for p in folder.iterdir()) == ["ca.crl", "ca.crt", "ca.key", "index"]
    assert mode_of(folder / "ca.key") == 0o600
    assert mode_of(folder / "ca.crt") == mode_of(folder / "ca.crl") == 0o644
    text = text_of(folder / "ca.crt")
    for part in ("ecdsa-with-SHA256", "prime256v1", "CA:TRUE, pathlen:0",
                 "X509v3 Basic Constraints: critical", "X509v3 Key Usage: critical",
                 "Certificate Sign, CRL Sign", "X509v3 Subject Key Identifier"):
        assert part in text
    start, end = dates_of(folder / "ca.crt")
    assert start < datetime.now(timezone.utc) and 3649 < days_until(end) <= 3650
    assert authority.verify("ca") == (True, f"{folder}/ca.crt: OK\n")


def test_authority_has_a_name_of_its_own_unless_given(scratch):
    subjects = set()
    for number, options in enumerate([(), (), ("--name", "Größe / 1", "--days=20")]):
        one = Authority(scratch.folder(f"{number}"))
        one.make("ca", *options)
        subjects.add(openssl("x509", "-noout", "-subject", "-nameopt", "RFC2253,utf8,-esc_msb",
                             "-in", one.path / "ca.crt").strip())
    assert len(subjects) == 3 and "subject=CN=Größe / 1" in subjects
    assert 19 < days_until(dates_of(one.path / "ca.crt")[1]) <= 20


def test_server(authority):
    said = authority.make("server", "broker.example.org", "192.0.2.7", "::1", "*.example.net")
    certificate = authority.path / "broker.example.org.crt"
    assert mode_of(authority.path / "broker.example.org.key") == 0o600
    text = text_of(certificate)
    for part in ("ecdsa-with-SHA256", "prime256v1", "CA:FALSE", "Digital Signature",
                 "TLS Web Server Authentication", "X509v3 Subject Key Identifier",
                 "X509v3 Authority Key Identifier",
                 "DNS:broker.example.org, IP Address:192.0.2.7, IP Address:0:0:0:0:0:0:0:1, "
                 "DNS:*.example.net"):
        assert part in text
    assert 824 < days_until(dates_of(certificate)[1]) <= 825
    for name, expected in (("-verify_hostname", "broker.example.org"), ("-verify_ip", "192.0.2.7"),
                           ("-verify_ip", "::1"), ("-verify_hostname", "x.example.net")):
        assert authority.verify("broker.example.org", "-purpose", "sslserver", name, expected)[0]
    assert not authority.verify("broker.example.org", "-verify_hostname", "example.net")[0]
    assert not authority.verify("broker.example.org", "-purpose", "sslclient")[0]
    assert f"certfile {certificate}\n" in said and "listener 8883\n" in said
    ca = certificate.with_name("ca.crt")
    assert f"  mosquitto_pub -h broker.example.org -p 8883 --cafile {ca} " in said


def test_client(authority):
    said = authority.make("client", "web 1's", "--days", "30")
    certificate = authority.path / "web 1's.crt"
    text = text_of(certificate)
    assert "TLS Web Client Authentication" in text and "CN = web 1's" in text
    assert "Subject Alternative Name" not in text
    assert 29 < days_until(dates_of(certificate)[1]) <= 30
    assert authority.verify("web 1's", "-purpose", "sslclient")[0]
    assert not authority.verify("web 1's", "-purpose", "sslserver")[0]
    assert mode_of(authority.path / "web 1's.key") == 0o600
    # What it says is fit for a shell as it stands.
    command = re.search(r"mosquitto_pub(.*?)\n\n", said, re.S)[1]
    words = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True,
                           check=True).stdout.decode().splitlines()
    assert words[words.index("--cert") + 1] == str(certificate)


def test_serials_are_long_and_random(authority):
    for name in "abcdef":
        authority.make("client", name)
    serials = [serial_of(authority.path / f"{name}.crt") for name in "abcdef"]
    assert len(set(serials)) == 6
    assert {serial.bit_length() for serial in serials} == {127}
    assert len({serial >> 100 for serial in serials}) > 1


def test_nothing_outlives_the_authority(empty):
    empty.make("ca", "--days", "10")
    assert "when the authority ends" in empty.make("client", "a")
    assert dates_of(empty.path / "a.crt")[1] == dates_of(empty.path / "ca.crt")[1]
    empty.make("crl", "--days", "20")
    assert dates_of(empty.path / "ca.crl", "crl", "lastupdate", "nextupdate")[1] == \
        dates_of(empty.path / "ca.crt")[1]


# --- renewing and revoking

def test_renewed_certificate_keeps_key_and_names(authority):
    authority.make("server", "broker", "192.0.2.7", "--days", "20")
    before = authority.contents()
    authority.make("server", "broker", "--renew")
    after = authority.contents()
    assert after["broker.key"] == before["broker.key"]
    assert "DNS:broker, IP Address:192.0.2.7" in text_of(authority.path / "broker.crt")
    assert days_until(dates_of(authority.path / "broker.crt")[1]) > 800
    authority.make("server", "broker", "localhost", "--renew")
    assert "DNS:broker, DNS:localhost\n" in text_of(authority.path / "broker.crt")
    assert authority.contents()["broker.key"] == before["broker.key"]
    assert authority.verify("broker", "-purpose", "sslserver")[0]


def crl_check(authority, name):
    return authority.verify(name, "-crl_check", "-CRLfile", authority.path / "ca.crl")


def test_revoked_certificates_stand_in_the_list(authority):
    for name in ("alice", "bob"):
        authority.make("client", name)
    assert crl_check(authority, "alice")[0]
    old = authority.path / "alice.old.crt"
    old.write_bytes((authority.path / "alice.crt").read_bytes())
    authority.make("client", "alice", "--renew")
    said = authority.make("revoke", "alice")
    assert "alice is revoked" in said and f"crlfile {authority.path}/ca.crl" in said
    for name in ("alice", "alice.old"):  # each of that name
        good, why = crl_check(authority, name)
        assert not good and "certificate revoked" in why
    assert crl_check(authority, "bob")[0]
    text = openssl("crl", "-noout", "-text", "-in", authority.path / "ca.crl", "-CAfile",
                   authority.path / "ca.crt")
    assert text.count("Serial Number:") == 2 and "X509v3 Authority Key Identifier" in text
    assert dates_of(authority.path / "ca.crl", "crl", "lastupdate", "nextupdate")[1] == \
        dates_of(authority.path / "ca.crt")[1]


def crl_number(authority):
    text = openssl("crl", "-noout", "-crlnumber", "-in", authority.path / "ca.crl")
    return int(text.split("=")[1], 16)


def test_list_is_written_again(authority):
    authority.make("client", "alice")
    authority.make("revoke", "alice")
    first = crl_number(authority)
    (authority.path / "ca.crl").unlink()
    done = authority.call("list")
    assert done.returncode == REFUSED and "belfry cert crl writes it again" in done.stderr
    authority.make("crl", "--days", "7")
    assert crl_number(authority) > first
    assert 6 < days_until(dates_of(authority.path / "ca.crl", "crl", "lastupdate",
                                   "nextupdate")[1]) <= 7
    assert not crl_check(authority, "alice")[0]
    assert "revoked on" in authority.refuse("revoke", "alice")


def test_revoked_name_gets_a_new_key(authority):
    authority.make("client", "alice")
    before = authority.contents()
    authority.make("revoke", "alice")
    assert "leave --renew away" in authority.refuse("client", "alice", "--renew")
    authority.make("client", "alice")
    assert authority.contents()["alice.key"] != before["alice.key"]
    assert crl_check(authority, "alice")[0]


def test_list_says_what_there_is_and_what_ends_soon(authority):
    authority.make("client", "lasting", "--days", "40")
    authority.make("client", "web 1", "--days", "20")
    authority.make("client", "again", "--days", "5")
    authority.make("client", "again", "--renew")
    authority.make("client", "gone", "--days", "5")
    authority.make("revoke", "gone")
    lines = authority.make("list").splitlines()

    def line_of(name, after=""):
        found = [line for line in lines if f"  {name}{after}" in line]
        assert len(found) == 1, lines
        return found[0]

    assert line_of("lasting").endswith("  lasting")
    assert f"{serial_of(authority.path / 'lasting.crt'):x}" in line_of("lasting")
    assert line_of("web 1").endswith(
        f"expires within 20 days: belfry cert client --renew {authority.path} 'web 1'")
    assert line_of("again", "  renewed") and line_of("gone", "  revoked on")
    assert any(line.startswith("ca.crl: next update by ") for line in lines)
    authority.make("crl", "--days", "9")
    assert f"expires within 9 days: belfry cert crl {authority.path}" in authority.make("list")


# --- what it refuses

def test_nothing_is_written_over(authority):
    assert "there is an authority in it already" in authority.refuse("ca")
    authority.make("client", "alice")
    assert "--renew" in authority.refuse("client", "alice")
    assert "--renew" in authority.refuse("server", "alice")
    assert "is a client: belfry cert client" in authority.refuse("server", "alice", "--renew")
    assert "no certificate to renew" in authority.refuse("client", "bob", "--renew")
    (authority.path / "carol.key").write_text("mine")
    assert "move them away" in authority.refuse("client", "carol")
    assert "has no certificate here" in authority.refuse("revoke", "carol")


@pytest.mark.parametrize("action, words, said", [
    ("client", ["../alice"], "has a '/' in it"),
    ("client", ["a\nb"], "name 'a\\x0ab' has control characters"),
    ("client", ["x" * 65], "longer than the 64 characters"),
    ("client", ["ca"], "is the authority's own"),
    ("server", ["broker", "10.0.0.300"], "name '10.0.0.300' is neither a host name nor"),
    ("server", ["*.example.org"], "is a wildcard"),
])
def test_names_that_cannot_be(authority, action, words, said):
    assert said in authority.refuse(action, *words)


def test_folder_that_is_no_authority(empty):
    assert f"{empty.path}: No such file or directory; belfry cert ca" in \
        empty.refuse("client", "alice")
    empty.path.mkdir()
    assert "there is no authority in it" in empty.refuse("list")


@pytest.mark.parametrize("name, contents, said", [
    ("ca.crt", "x", "ca.crt: there is no certificate in it"),
    ("ca.key", "x", "ca.key: there is no private key"),
    ("ca.key", None, "ca.key: No such file"),
    ("index", "x\n", "index:1: the line does not begin with a serial number"),
    ("index", None, "index: No such file"),
])
def test_files_that_are_damaged_are_named(authority, name, contents, said):
    (authority.path / name).unlink()
    if contents is not None:
        (authority.path / name).write_text(contents)
        give_away(authority.path / name)
    assert said in authority.refuse("client", "alice")


def test_key_of_another_authority(authority, scratch):
    other = Authority(scratch.folder("other"))
    other.make("ca")
    (authority.path / "ca.key").write_bytes((other.path / "ca.key").read_bytes())
    assert "is not the key of" in authority.refuse("client", "alice")


def test_authority_that_has_ended_issues_nothing(authority, scratch):
    ended = Pki(scratch.folder("pki")).issue("ended", days=(-10, -1))
    for source, name in zip(ended, ("ca.crt", "ca.key")):
        (authority.path / name).write_bytes(source.read_bytes())
    assert "has ended on" in authority.refuse("client", "alice")
    assert "has ended on" in authority.refuse("crl")
    assert authority.make("list").splitlines()[0].endswith(
        "has expired: make another authority in a new folder")


@pytest.mark.parametrize("words, said", [
    ([], "ca, server, client, revoke, crl or list is wanted"),
    (["sever"], "'sever': take ca, server"),
    (["ca"], "ca takes DIR"),
    (["client", "d"], "client takes DIR NAME"),
    (["client", "d", "a", "b"], "client takes DIR NAME"),
    (["list", "d", "a"], "list takes DIR"),
    (["client", "d", "a", "--name", "x"], "--name goes with ca alone"),
    (["list", "d", "--days", "1"], "list takes no --days"),
    (["ca", "d", "--renew"], "--renew goes with server and client"),
    (["ca", "d", "--days", "0"], "is not a number from 1 to 36500"),
])
def test_wrong_words(empty, words, said):
    done = run([empty.binary, "cert", *words])
    assert done.returncode == USAGE
    assert said in done.stderr.decode() and "see: belfry help cert" in done.stderr.decode()


def with_small_files(authority, *words):
    """Run it where no file gets larger than 512 bytes; a certificate is."""
    done = run(["sh", "-c", 'trap "" XFSZ; ulimit -f 1; exec "$@"', "sh", authority.binary, "cert",
                *words])
    assert done.returncode == REFUSED
    return done.stderr.decode()


def test_authority_that_cannot_be_written_leaves_nothing_behind(empty):
    assert f"{empty.path}/ca.crt: File too large" in with_small_files(empty, "ca", empty.path)
    assert empty.contents() == {}
    empty.make("ca")
    assert empty.verify("ca")[0]


def test_certificate_that_could_not_be_written_is_known(authority):
    assert f"{authority.path}/broker.crt: File too large" in with_small_files(
        authority, "server", authority.path, "broker")
    assert not (authority.path / "broker.crt").exists()
    assert "give the ALTNAMEs once more" in authority.refuse("server", "broker", "--renew")
    authority.make("server", "broker", "localhost", "--renew")
    assert authority.verify("broker", "-purpose", "sslserver")[0]


def test_many_at_a_time_lose_nothing(authority):
    names = [f"c{i}" for i in range(8)]
    running = [subprocess.Popen([authority.binary, "cert", "client", authority.path, name],
                                stdout=subprocess.DEVNULL) for name in names]
    assert [one.wait(30 * SLACK) for one in running] == [0] * 8
    index = (authority.path / "index").read_text()
    assert all(f" {name}\n" in index for name in names)


# --- the whole way

@pytest.fixture
def secure_broker(authority, make_broker):
    """A broker with the lines that `belfry cert server` prints, on a port of its own."""
    said = authority.make("server", "localhost", "127.0.0.1")
    for path in authority.path.iterdir():
        give_away(path)
    lines = [line for line in said.splitlines()
             if re.match(r"(certfile|keyfile|cafile|crlfile|require_|use_)", line)]
    assert len(lines) == 6
    return make_broker(*lines, "log_type all")


def test_client_comes_in_under_its_name(authority, secure_broker):
    authority.make("client", "pump 7")
    assert publish(secure_broker, *authority.as_client("pump 7")) == (0, "")
    expect_log(secure_broker, "New client connected", "u'pump 7'")
    assert publish(secure_broker, "--cafile", authority.path / "ca.crt")[0] != 0
    # A server's certificate is no client's.
    assert publish(secure_broker, *authority.as_client("localhost"))[0] != 0
    expect_log(secure_broker, "TLS handshake", "certificate verify failed")


@pytest.mark.parametrize("scheme, is_known, said", [
    ("mqtts", False, "is not signed by an authority that we trust"),
    ("mqtts", True, "does not name localhost"),
    ("mqtt", False, "closed the connection without an answer; if it wants TLS on this port, write "
                    "mqtts://"),
])
def test_who_does_not_get_in_is_told_why(authority, make_broker, scheme, is_known, said):
    authority.make("server", "broker.example.org")
    give_away(authority.path / "broker.example.org.key")
    broker = make_broker(f"certfile {authority.path}/broker.example.org.crt",
                         f"keyfile {authority.path}/broker.example.org.key")
    done = run([authority.binary, "status", "--broker", f"{scheme}://localhost:{broker.port}",
                *(["--cafile", authority.path / "ca.crt"] if is_known else [])])
    assert done.returncode == 3 and said in done.stderr.decode()


@pytest.mark.parametrize("kind, is_warned", [("server", False), ("client", True)])
def test_clients_certificate_for_a_listener_is_warned_of(authority, make_broker, kind, is_warned):
    authority.make(kind, "localhost")
    for name in ("localhost.crt", "localhost.key"):
        give_away(authority.path / name)
    broker = make_broker(f"certfile {authority.path}/localhost.crt",
                         f"keyfile {authority.path}/localhost.key", "allow_anonymous true")
    assert broker.process.says("certfile", "is not one for a server") == is_warned


def test_server_called_by_another_name_is_not_believed(authority, make_broker):
    authority.make("server", "broker.example.org")
    authority.make("client", "alice")
    broker = make_broker(f"certfile {authority.path}/broker.example.org.crt",
                         f"keyfile {authority.path}/broker.example.org.key", "log_type all",
                         "allow_anonymous true")
    assert publish(broker, *authority.as_client("alice"))[0] != 0
    assert publish(broker, *authority.as_client("alice"), "--insecure")[0] == 0


def test_revoked_client_is_let_go_and_refused(authority, secure_broker):
    for name in ("alice", "bob"):
        authority.make("client", name)
    with Wire(secured(secure_broker, authority.context("alice"))) as alice, \
            Wire(secured(secure_broker, authority.context("bob"))) as bob:
        alice.connect("alice", level=packet.V5)
        bob.connect("bob")
        authority.make("revoke", "alice")
        secure_broker.process.signal(signal.SIGHUP)
        assert alice.expect(packet.DISCONNECT).body[:1] == b"\x87"  # not authorized
        assert alice.receive() is None
        bob.send(packet.packet(packet.PINGREQ, 0, b""))
        bob.expect(packet.PINGRESP)
    assert publish(secure_broker, *authority.as_client("alice"))[0] != 0
    expect_log(secure_broker, "TLS handshake", "certificate revoked")
    assert publish(secure_broker, *authority.as_client("bob"))[0] == 0
    authority.make("client", "alice")  # with a new key
    assert publish(secure_broker, *authority.as_client("alice"))[0] == 0
