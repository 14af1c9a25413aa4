# SPDX-License-Identifier: MIT
"""
Who may connect and who may do what, on every transport: no listener skips a check that another
one makes (CVE-2018-20145).
"""
import ssl

import pytest

import packet
from mqtt import Client
from packet import V5, V31, V311, Wire
from pki import Pki
from rig import Scratch
from transports import SECURE, TRANSPORTS, Site
from users import make_users
from wait import stays_true, wait_until

BAD_USER, NOT_AUTHORIZED, TAKEN_OVER = 0x86, 0x87, 0x8E
REFUSED = {V31: 5, V311: 5, V5: NOT_AUTHORIZED}
WRONG_VERSION = {V31: 1, V311: 1, V5: 0x84}
SUBSCRIBE_REFUSED = {V311: 0x80, V5: NOT_AUTHORIZED}

PASSWORDS = {"root": "toor", "alice": "correct horse", "bob": "p@ss:word"}

RULES = """\
topic read anyone

user root
topic readwrite #

user alice
topic write in/#
topic deny in/secret/#
topic read out/#
topic deny out/secret/#

pattern readwrite own/%u/#
pattern read client/%c/#
"""


# --- what there is -------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def place():
    with Scratch() as scratch:
        yield scratch


@pytest.fixture(scope="module")
def pki(place):
    made = Pki(place.folder("pki"))
    for name in ("server", "alice", "bob", "mallory"):
        made.issue(name)
    made.issue("expired", days=(-10, -1))
    made.revoke("mallory")
    return made


@pytest.fixture(scope="module")
def passwords(place):
    return make_users(place.path / "passwords", **PASSWORDS)


@pytest.fixture(scope="module")
def rules(place):
    (place.path / "acl").write_text(RULES)
    return place.path / "acl"


@pytest.fixture(scope="module")
def build(place, pki):
    """build(name, common, *blocks, **how) starts a Site that serves all tests of the file."""
    sites = []

    def build(name, common, *blocks, **how):
        sites.append(Site(place.folder(name), pki, common, blocks or ((),), **how).start())
        return sites[-1]

    yield build
    for site in sites:
        site.end()


@pytest.fixture(scope="module")
def guarded(build, passwords, rules):
    """Nobody is let in without a password, and rules hold."""
    return build("guarded", ["allow_anonymous false", f"password_file {passwords}",
                             f"acl_file {rules}"])


@pytest.fixture(params=TRANSPORTS)
def transport(request):
    return request.param


@pytest.fixture(params=(V311, V5), ids=("v3.1.1", "v5"))
def level(request):
    return request.param


@pytest.fixture
def dial(transport):
    """dial(site, block=0, certificate=None) is a Wire over this test's transport."""
    wires = []

    def dial(site, block=0, certificate=None):
        wires.append(site.wire(transport, block, certificate))
        return wires[-1]

    yield dial
    for wire in wires:
        wire.close()


def answer(wire, client_id, user=None, password=None, level=V311, **how):
    """The code of the CONNACK. Who is refused is closed as well."""
    wire.send(packet.connect(client_id, level, user=user, password=password, **how))
    code = wire.expect(packet.CONNACK).body[1]
    assert code == 0 or wire.receive() is None
    return code


def logged_in(wire, user, client_id=None, level=V311, **how):
    assert answer(wire, client_id or user, user, PASSWORDS[user], level, **how) == 0
    return wire


def subscribe(wire, *filters, level=V311, qos=0):
    """The codes of the SUBACK."""
    wire.send(packet.subscribe(1, [(f, qos) for f in filters], level))
    return list(wire.expect(packet.SUBACK).body[-len(filters):])


def publish(wire, topic, payload="", level=V311, **how):
    """With QoS 1; the code of the PUBACK, as far as there is one."""
    wire.send(packet.publish(topic, payload, 1, 7, level=level, **how))
    return (wire.expect(packet.PUBACK).body[2:3] or b"\0")[0]


def next_topic(wire, level=V311):
    return packet.published(wire.expect(packet.PUBLISH), level).topic


# --- who may connect -----------------------------------------------------------------------------

def test_the_right_password_lets_in(guarded, dial, level):
    assert answer(dial(guarded), "c", "alice", "correct horse", level) == 0
    assert answer(dial(guarded), "d", "bob", "p@ss:word", level) == 0


@pytest.mark.parametrize("user, password", [
    ("alice", "correct hors"), ("alice", "p@ss:word"), ("alice", ""), ("alice", None),
    ("carol", "correct horse"), ("Alice", "correct horse"), ("", ""), (None, None),
])
def test_everybody_else_is_refused(guarded, dial, level, user, password):
    assert answer(dial(guarded), "c", user, password, level) == REFUSED[level]


def test_a_password_without_a_user_is_refused(guarded, dial):
    assert answer(dial(guarded), "c", None, "correct horse", V5) == NOT_AUTHORIZED


def test_who_was_refused_is_not_heard(guarded, dial, level):
    watch = logged_in(dial(guarded), "root", "watch")
    subscribe(watch, "in/#")
    refused = dial(guarded)
    refused.send(packet.connect("c", level, user="alice", password="wrong")
                 + packet.publish("in/a", "refused", level=level))
    assert refused.expect(packet.CONNACK).body[1] == REFUSED[level]
    assert refused.receive() is None
    publish(logged_in(dial(guarded), "alice"), "in/b")
    assert next_topic(watch) == "in/b"


@pytest.fixture(scope="module")
def mixed(build, passwords, rules):
    return build("mixed", ["allow_anonymous true", f"password_file {passwords}",
                           f"acl_file {rules}"])


def test_anonymous_clients_may_be_let_in_beside_others(mixed, dial, level):
    assert answer(dial(mixed), "c", level=level) == 0
    assert answer(dial(mixed), "d", "alice", "correct horse", level) == 0
    assert answer(dial(mixed), "e", "alice", "wrong", level) == REFUSED[level]
    assert answer(dial(mixed), "f", "carol", "wrong", level) == REFUSED[level]


def test_anonymous_clients_have_the_rules_before_any_user(mixed, dial):
    wire = dial(mixed)
    assert answer(wire, "c", level=V5) == 0
    assert subscribe(wire, "anyone", "out/x", level=V5) == [0, NOT_AUTHORIZED]
    assert publish(wire, "anyone", level=V5) == NOT_AUTHORIZED


@pytest.mark.parametrize("version", (V311, V5))
@pytest.mark.parametrize("transport", [t for t in TRANSPORTS if t != "unix"])
def test_paho_is_let_in_or_told(guarded, pki, transport, version):
    over = "websockets" if transport in ("ws", "wss") else "tcp"
    for password, code in (("correct horse", 0), ("wrong", REFUSED[version])):
        client = Client(guarded.port(transport), "paho", version, transport=over)
        client.paho.username_pw_set("alice", password)
        if transport in SECURE:
            client.paho.tls_set(ca_certs=str(pki.path("ca.crt")))
        assert client.connect() == (0, code)
        if code == 0:
            assert client.subscribe("own/alice/#") == 1
            assert client.subscribe("own/bob/#") == SUBSCRIBE_REFUSED[version]
            client.publish("own/alice/x", "hello", 2)
            assert client.wait_for(1)[0].payload == b"hello"
        client.close()


# --- who may do what -----------------------------------------------------------------------------

def test_a_publish_that_is_denied_goes_nowhere(guarded, dial, level):
    watch = logged_in(dial(guarded), "root", "watch")
    subscribe(watch, "in/#", qos=0)
    wire = logged_in(dial(guarded), "alice", level=level)
    denied = NOT_AUTHORIZED if level == V5 else 0
    wire.send(packet.publish("in/secret/0", "", level=level))
    assert publish(wire, "in/secret/1", level=level) == denied
    assert publish(wire, "out/x", level=level) == denied
    wire.send(packet.publish("in/secret/2", "", 2, 8, level=level))
    assert (wire.expect(packet.PUBREC).body[2:3] or b"\0")[0] == denied
    if level != V5:
        wire.send(packet.acknowledge(packet.PUBREL, 8))
        wire.expect(packet.PUBCOMP)
    assert publish(wire, "in/allowed", level=level) == 0
    assert next_topic(watch) == "in/allowed"


def test_a_subscription_that_is_denied_is_refused(guarded, dial, level):
    wire = logged_in(dial(guarded), "alice", level=level)
    no = SUBSCRIBE_REFUSED[level]
    assert subscribe(wire, "in/x", "out/x", "out/secret/x", "#", "$share/g/in/x",
                     level=level) == [no, 0, no, 0, no]


def test_what_is_read_is_filtered_under_a_wildcard(guarded, dial, level):
    wire = logged_in(dial(guarded), "alice", level=level)
    assert subscribe(wire, "#", level=level) == [0]
    root = logged_in(dial(guarded), "root")
    for topic in ("out/secret/1", "in/1", "out/secret", "elsewhere", "own/bob/x", "out/1"):
        publish(root, topic)
    assert next_topic(wire, level) == "out/1"


def test_retained_messages_are_filtered_as_well(guarded, dial, level):
    root = logged_in(dial(guarded), "root")
    topics = ("out/secret/kept", "out/kept")
    for topic in topics:
        publish(root, topic, "x", retain=True)
    wire = logged_in(dial(guarded), "alice", level=level)
    assert subscribe(wire, "out/#", level=level) == [0]
    assert next_topic(wire, level) == "out/kept"
    publish(root, "out/last")
    assert next_topic(wire, level) == "out/last"
    for topic in topics:
        publish(root, topic, retain=True)


def test_patterns_insert_user_and_client(guarded, dial, level):
    wire = logged_in(dial(guarded), "alice", "pump-7", level)
    no = SUBSCRIBE_REFUSED[level]
    assert subscribe(wire, "own/alice/#", "own/bob/#", "client/pump-7/x", "client/alice/x",
                     "own/%u/x", level=level) == [0, no, 0, no, no]
    bob = logged_in(dial(guarded), "bob", level=V5)
    assert publish(bob, "own/alice/x", level=V5) == NOT_AUTHORIZED
    assert publish(bob, "client/bob/x", level=V5) == NOT_AUTHORIZED
    assert publish(bob, "own/bob/x", level=V5) in (0, 0x10)
    root = logged_in(dial(guarded), "root")
    publish(root, "client/pump-7/x")
    assert next_topic(wire, level) == "client/pump-7/x"


@pytest.mark.parametrize("client_id", ["+", "#", "a/b"])
def test_no_name_widens_a_pattern(guarded, dial, client_id):
    wire = logged_in(dial(guarded), "bob", client_id, V5)
    assert subscribe(wire, "client/+/x", "client/pump-7/x", "client/a/b/x",
                     level=V5) == [NOT_AUTHORIZED] * 3


def test_a_will_that_is_denied_goes_nowhere(guarded, dial, level):
    watch = logged_in(dial(guarded), "root", "watch")
    subscribe(watch, "in/#")
    wire = dial(guarded)
    code = answer(wire, "alice", "alice", PASSWORDS["alice"], level, will=("in/secret/w", "", 0))
    assert code == (NOT_AUTHORIZED if level == V5 else 0)
    wire.close()
    logged_in(dial(guarded), "alice", "other", level, will=("in/w", "", 0)).close()
    assert next_topic(watch) == "in/w"


# --- identifiers, versions, connections ----------------------------------------------------------

@pytest.fixture(scope="module")
def prefixed(build):
    return build("prefixed", ["allow_anonymous true", "clientid_prefixes pump-",
                              "clientid_prefixes valve-"])


@pytest.mark.parametrize("client_id, is_let_in", [
    ("pump-7", True), ("valve-", True), ("pump", False), ("Pump-7", False), ("x-pump-7", False),
])
def test_only_some_client_identifiers_are_let_in(prefixed, dial, level, client_id, is_let_in):
    code = 0 if is_let_in else REFUSED[level]
    assert answer(dial(prefixed), client_id, level=level) == code


NAMED, ONE_VERSION, TWO_VERSIONS, NARROW = range(4)


@pytest.fixture(scope="module")
def special(build, passwords, rules):
    return build("special", ["allow_anonymous true", f"password_file {passwords}",
                             f"acl_file {rules}"],
                 ["use_username_as_clientid true"], ["accept_protocol_versions 4"],
                 ["accept_protocol_versions 3,5"], ["max_connections 1"])


def test_the_user_name_may_be_the_client_identifier(special, dial):
    first = logged_in(dial(special, NAMED), "alice", "x", V5)
    assert subscribe(first, "client/alice/x", "client/x/x", level=V5) == [0, NOT_AUTHORIZED]
    other = logged_in(dial(special, NAMED), "bob", "x", V5)
    logged_in(dial(special, NAMED), "alice", "y", V5)
    assert first.expect(packet.DISCONNECT).body[0] == TAKEN_OVER
    assert first.receive() is None
    assert publish(other, "own/bob/x", level=V5) in (0, 0x10)


def test_without_a_user_name_there_is_then_no_identifier(special, dial, level):
    assert answer(dial(special, NAMED), "x", level=level) == REFUSED[level]


def test_versions_may_be_left_out(special, dial):
    for level in (V31, V5):
        assert answer(dial(special, ONE_VERSION), "c", level=level) == WRONG_VERSION[level]
        assert answer(dial(special, TWO_VERSIONS), "c", level=level) == 0
    assert answer(dial(special, ONE_VERSION), "c", level=V311) == 0
    assert answer(dial(special, TWO_VERSIONS), "c", level=V311) == WRONG_VERSION[V311]


def test_connections_may_be_limited(special, dial):
    def connected():
        try:
            wire = dial(special, NARROW)
            wire.send(packet.connect("c"))
            return wire.receive() and wire
        except (OSError, AssertionError):  # closed before anything was said
            return None
    first = wait_until(connected, 10, "room for one")
    assert connected() is None
    first.send(packet.packet(packet.PINGREQ, 0, b""))
    first.expect(packet.PINGRESP)
    first.close()
    wait_until(connected, 10, "room for another one")


# --- settings of each listener -------------------------------------------------------------------

@pytest.fixture(scope="module")
def divided(build, place, passwords, rules):
    others = make_users(place.path / "others", carol="secret", alice="another")
    (place.path / "narrow").write_text("user carol\ntopic read out/#\ntopic read anyone\n")
    return build("divided", ["per_listener_settings true"],
                 [f"password_file {passwords}", f"acl_file {rules}", "allow_anonymous false"],
                 [f"password_file {others}", f"acl_file {place.path / 'narrow'}",
                  "allow_anonymous true"],
                 ["allow_anonymous true", "auto_id_prefix third-"],
                 ["allow_zero_length_clientid false", "allow_anonymous true"],
                 [])


def test_each_listener_may_have_its_own_users(divided, dial, level):
    def code(block, *credentials):
        return answer(dial(divided, block), "c", *credentials, level=level)
    no = REFUSED[level]
    assert code(0, "alice", "correct horse") == 0
    assert code(0, "alice", "another") == no
    assert code(0, "carol", "secret") == no
    assert code(0) == no
    assert code(1, "alice", "another") == 0
    assert code(1, "alice", "correct horse") == no
    assert code(1, "carol", "secret") == 0
    assert code(1, "bob", "p@ss:word") == no
    assert code(1) == 0
    assert code(2) == 0
    assert code(4) == no  # a listener without any of these settings is not open


def test_each_listener_may_have_its_own_rules(divided, dial):
    one, two, three = dial(divided), dial(divided, 1), dial(divided, 2)
    logged_in(one, "alice", "one", V5)
    assert answer(two, "two", "alice", "another", V5) == 0
    assert answer(three, "three", level=V5) == 0
    assert subscribe(one, "out/x", "in/x", level=V5) == [0, NOT_AUTHORIZED]
    assert subscribe(two, "out/x", "in/x", level=V5) == [NOT_AUTHORIZED] * 2
    assert subscribe(three, "out/x", "in/x", level=V5) == [0, 0]
    assert publish(one, "in/x", level=V5) in (0, 0x10)
    assert next_topic(three, V5) == "in/x"
    assert publish(two, "in/x", level=V5) == NOT_AUTHORIZED


def test_each_listener_may_give_identifiers_in_its_own_way(divided, dial):
    third = dial(divided, 2).connect("", level=V5)
    assert b"\x12" in third.body and b"third-" in third.body
    assert answer(dial(divided, 3), "", level=V5) != 0


# --- reload --------------------------------------------------------------------------------------

@pytest.fixture
def changing(scratch, pki, passwords, transport):
    """One listener, whose files `users` and `acl` a test may change before changing.reload()."""
    folder = scratch.folder("changing")
    users, acl = folder / "users", folder / "acl"
    users.write_bytes(passwords.read_bytes())
    acl.write_text(RULES)
    site = Site(folder, pki, ["allow_anonymous false", f"password_file {users}",
                              f"acl_file {acl}"], transports=[transport])
    site.users, site.acl = users, acl
    yield site.start()
    site.end()


def revoke(site, user):
    lines = site.users.read_text().splitlines(keepends=True)
    site.users.write_text("".join(line for line in lines if not line.startswith(f"{user}:")))


def test_a_user_that_was_revoked_is_closed(changing, dial):
    old = logged_in(dial(changing), "alice", "old", V311)
    new = logged_in(dial(changing), "alice", "new", V5)
    stays = logged_in(dial(changing), "bob", level=V5)
    revoke(changing, "alice")
    changing.reload()
    assert new.expect(packet.DISCONNECT).body[0] == NOT_AUTHORIZED
    assert new.receive() is None and old.receive() is None
    assert publish(stays, "own/bob/x", level=V5) in (0, 0x10)
    assert answer(dial(changing), "alice", "alice", PASSWORDS["alice"]) == REFUSED[V311]


def test_a_right_that_was_revoked_is_gone_at_once(changing, dial, level):
    """CVE-2021-34434: what was subscribed to when it was allowed."""
    alice = logged_in(dial(changing), "alice", level=level)
    root = logged_in(dial(changing), "root")
    assert subscribe(alice, "out/+", "own/alice/#", level=level) == [0, 0]
    publish(root, "out/1")
    assert next_topic(alice, level) == "out/1"
    changing.acl.write_text(RULES.replace("topic read out/#", "topic read out/2")
                            .replace("topic write in/#", "topic write in/2"))
    changing.reload()
    for topic in ("out/1", "out/2", "own/alice/x"):
        publish(root, topic)
    assert [next_topic(alice, level) for _ in range(2)] == ["out/2", "own/alice/x"]
    if level == V5:
        assert publish(alice, "in/1", level=V5) == NOT_AUTHORIZED
        assert publish(alice, "in/2", level=V5) in (0, 0x10)
    assert subscribe(alice, "out/1", level=level) == [SUBSCRIBE_REFUSED[level]]


def test_retained_messages_of_a_revoked_publisher_are_gone(changing, dial, level):
    """CVE-2018-12546"""
    alice = logged_in(dial(changing), "alice")
    for topic in ("in/1", "in/2"):
        publish(alice, topic, "kept", retain=True)
    watch = logged_in(dial(changing), "root", "before", level)
    subscribe(watch, "in/+", level=level)
    assert {next_topic(watch, level) for _ in range(2)} == {"in/1", "in/2"}
    changing.acl.write_text(RULES.replace("topic write in/#", "topic write in/2"))
    changing.reload()
    late = logged_in(dial(changing), "root", "after", level)
    subscribe(late, "in/+", level=level)
    assert next_topic(late, level) == "in/2"
    publish(alice, "in/2", "the last")
    assert packet.published(late.expect(packet.PUBLISH), level).payload == b"the last"


def test_a_reload_that_fails_changes_nothing(changing, dial):
    alice = logged_in(dial(changing), "alice", level=V5)
    revoke(changing, "alice")
    changing.acl.write_text("topic raed x\n" + RULES)
    said = changing.reload()
    assert f"{changing.acl}:1: 'raed'" in said and "stays as it was" in said
    stays_true(lambda: publish(alice, "in/1", level=V5) in (0, 0x10), 0.2, "alice's right")
    assert answer(dial(changing), "again", "alice", PASSWORDS["alice"]) == 0
    assert answer(dial(changing), "again", "alice", "wrong") == REFUSED[V311]


# --- certificates --------------------------------------------------------------------------------

IDENTITY, SUBJECT, BOTH, UNASKED = range(4)


@pytest.fixture(scope="module")
def certified(build, pki, passwords, rules):
    ca, must = f"cafile {pki.path('ca.crt')}", "require_certificate true"
    return build("certified", ["allow_anonymous false", f"password_file {passwords}",
                               f"acl_file {rules}"],
                 [ca, must, f"crlfile {pki.path('ca.crl')}", "use_identity_as_username true"],
                 [ca, must, "use_subject_as_username true"],
                 [ca, must], [ca, "use_identity_as_username true"], transports=SECURE)


secure = pytest.mark.parametrize("transport", SECURE)


def is_shut_out(dial, *where):
    """No handshake comes about. Under TLS 1.3 the client learns of it when it reads."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        wire = dial(*where)
        wire.send(packet.connect("c", user="alice", password=PASSWORDS["alice"]))
        wire.receive()
    return True


@secure
@pytest.mark.parametrize("certificate", [None, "mallory", "expired"])
def test_without_a_good_certificate_nobody_is_heard(certified, dial, certificate):
    assert is_shut_out(dial, certified, IDENTITY, certificate)


@secure
def test_a_certificate_of_another_authority_is_refused(certified, dial, scratch, pki):
    other = Pki(scratch.folder("other"))
    for path in other.issue("stranger"):
        pki.path(path.name).write_bytes(path.read_bytes())
    assert is_shut_out(dial, certified, BOTH, "stranger")


@secure
def test_a_certificate_names_the_user(certified, dial, level):
    wire = dial(certified, IDENTITY, "alice")
    assert answer(wire, "c", "root", "wrong", level) == 0
    assert subscribe(wire, "own/alice/x", "own/root/x",
                     level=level) == [0, SUBSCRIBE_REFUSED[level]]


@secure
def test_the_subject_of_a_certificate_names_the_user(certified, dial):
    wire = dial(certified, SUBJECT, "alice")
    assert answer(wire, "c", level=V5) == 0
    assert subscribe(wire, "own/CN=alice,O=test/x", "own/alice/x",
                     level=V5) == [0, NOT_AUTHORIZED]


@secure
def test_a_certificate_alone_is_no_password(certified, dial, level):
    assert answer(dial(certified, BOTH, "alice"), "c", level=level) == REFUSED[level]
    assert answer(dial(certified, BOTH, "alice"), "c", "bob", "wrong", level) == REFUSED[level]
    assert answer(dial(certified, BOTH, "alice"), "c", "bob", PASSWORDS["bob"], level) == 0


@secure
def test_who_has_no_name_is_refused_where_the_certificate_gives_it(certified, dial, level):
    """Without require_certificate none is asked for, so that one's own is never seen."""
    for certificate in (None, "alice"):
        wire = dial(certified, UNASKED, certificate)
        code = answer(wire, "c", "alice", PASSWORDS["alice"], level)
        assert code == (BAD_USER if level == V5 else 4)


@secure
def test_a_certificate_that_is_revoked_ends_its_connections(scratch, transport, dial):
    authority = Pki(scratch.folder("authority"))
    for name in ("server", "alice", "bob"):
        authority.issue(name)
    site = Site(scratch.folder("site"), authority, [], [[
        f"cafile {authority.path('ca.crt')}", f"crlfile {authority.revoke()}",
        "require_certificate true", "use_identity_as_username true"]], [transport]).start()
    alice, bob = dial(site, 0, "alice"), dial(site, 0, "bob")
    assert answer(alice, "a", level=V5) == 0 and answer(bob, "b", level=V5) == 0
    authority.revoke("alice")
    site.reload()
    assert alice.expect(packet.DISCONNECT).body[0] == NOT_AUTHORIZED
    assert alice.receive() is None
    assert publish(bob, "x", level=V5) in (0, 0x10)
    assert is_shut_out(dial, site, 0, "alice")
    site.end()
