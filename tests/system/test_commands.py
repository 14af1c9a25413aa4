# SPDX-License-Identifier: MIT
"""
Commands beside results: what real cores make of them, and who may not give them. Off by default,
allowed by name, and never another command than the one that was meant.
"""
import json
import time

import pytest

from icinga import Icinga, IcingaWay
from mqtt import Client, Observer, mosquitto_pub
from rig import Rig, Scratch
from users import make_users
from wait import wait_until

ALL = "commands downtime acknowledge remove_acknowledgement comment"
OBJECTS = [("h0", None), ("h0", "s0")]
HOSTILE = ["\n[0] SHUTDOWN_PROGRAM\n", "\r[0] SHUTDOWN_PROGRAM", "\\n[0] SHUTDOWN_PROGRAM", ";0;1;x",
           "a;b", "|", "\u2028x", "\x1b]0;x\x07", "$HOSTNAME$ `id`", "\u0085", "\\", "\t\t x", "%s%n"]


def topic_of(host, service):
    return f"nagios/{host}/{service}/$command" if service else f"nagios/{host}/$command"


def command(word, **rest):
    values = {"command": word, "author": "anna", **rest}
    if word != "remove_acknowledgement":
        values.setdefault("comment", "said so")
    return values


def answers(rig, send):
    """The answers to what `send` publishes, one of which is waited for."""
    before = len(rig.observer.rejects())
    send()
    wait_until(lambda: len(rig.observer.rejects()) > before, 10, "an answer")
    return [answer for _, answer in rig.observer.rejects()[before:]]


def refusal(rig, host, service, payload, **how):
    [answer] = answers(rig, lambda: rig.publish(topic_of(host, service), payload, **how))
    return answer


# --- Nagios ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def rig(module):
    with Scratch() as scratch:
        rig = Rig(scratch, module, routes=["route nagios/#", "to nagios", ALL]).start()
        yield rig
        rig.end()


def entries(nagios, kind, host, service):
    """Blocks of status.dat: hostcomment, servicedowntime, ... of the object."""
    found = []
    text = nagios.status.read_text(errors="surrogateescape") if nagios.status.exists() else ""
    for block in text.split("\n\n"):
        head, *rows = block.strip().splitlines() or [""]
        entry = dict(row.strip().split("=", 1) for row in rows if "=" in row)
        if head.split(" {")[0] == ("service" if service else "host") + kind and \
                (entry.get("host_name"), entry.get("service_description")) == (host, service):
            found.append(entry)
    return found


def wait_entry(nagios, kind, host, service, **wanted):
    def matching():
        return [e for e in entries(nagios, kind, host, service)
                if all(e.get(key) == value for key, value in wanted.items())]
    return wait_until(matching, 15, f"{kind} of {host}/{service} with {wanted}")[0]


@pytest.mark.parametrize("host, service", OBJECTS)
def test_nagios_schedules_a_downtime(rig, host, service):
    until = int(time.time()) + 600
    rig.publish(topic_of(host, service), command("downtime", end=until, comment="new disk; soon"))
    # Nagios ends a downtime's comment at a `;`.
    entry = wait_entry(rig.nagios, "downtime", host, service, comment="new disk, soon")
    assert (entry["author"], entry["end_time"], entry["fixed"]) == ("anna", str(until), "1")
    wait_until(lambda: rig.nagios.shown(host, service).get("scheduled_downtime_depth") == "1", 15,
               "the downtime in effect")


@pytest.mark.parametrize("host, service", OBJECTS)
def test_nagios_schedules_a_flexible_downtime(rig, host, service):
    begin = int(time.time()) + 600
    rig.publish(topic_of(host, service), command("downtime", start=begin, end=begin + 900, fixed=False,
                                                 duration=300, comment="flexible"))
    entry = wait_entry(rig.nagios, "downtime", host, service, comment="flexible")
    assert (entry["start_time"], entry["end_time"], entry["fixed"], entry["duration"]) == \
        (str(begin), str(begin + 900), "0", "300")


@pytest.mark.parametrize("host, service", OBJECTS)
def test_nagios_acknowledges_and_takes_it_back(rig, host, service):
    def acknowledged(value):
        wait_until(lambda: rig.nagios.shown(host, service).get("problem_has_been_acknowledged") ==
                   value, 15, f"problem_has_been_acknowledged={value}")

    rig.publish("/".join(filter(None, ("nagios", host, service))), {"state": 1, "output": "bad"})
    rig.publish(topic_of(host, service), command("acknowledge", comment="on it"))
    acknowledged("1")
    assert rig.nagios.shown(host, service)["acknowledgement_type"] == "2", "sticky"
    wait_entry(rig.nagios, "comment", host, service, comment_data="on it", author="anna")
    rig.publish(topic_of(host, service), command("remove_acknowledgement"))
    acknowledged("0")


@pytest.mark.parametrize("host, service", OBJECTS)
def test_nagios_keeps_a_comment(rig, host, service):
    rig.publish(topic_of(host, service), command("comment", comment="a | b; \\c"))
    entry = wait_entry(rig.nagios, "comment", host, service, comment_data="a | b; \\c")
    assert (entry["author"], entry["persistent"]) == ("anna", "1")


def test_nagios_takes_no_other_command_whatever_the_texts(rig):
    before = len(rig.nagios.commands())
    for n, text in enumerate(HOSTILE):
        rig.publish(topic_of("h1", "s1"), command("comment", author="x" + text + "y",
                                                  comment=f"{n}" + text + "end"))
    rig.publish(topic_of("h1", None), command("comment", comment="canary"))
    wait_entry(rig.nagios, "comment", "h1", None, comment_data="canary")
    taken = [c for c in rig.nagios.commands()[before:] if c[0] != "PROCESS_FILE"]
    assert [c[0] for c in taken] == ["ADD_SVC_COMMENT"] * len(HOSTILE) + ["ADD_HOST_COMMENT"]
    assert all(c[1].startswith("h1;s1;1;x") for c in taken[:-1])
    assert len(entries(rig.nagios, "comment", "h1", "s1")) == len(HOSTILE)


def test_an_acknowledgement_that_nagios_cannot_let_expire_is_refused(rig):
    answer = refusal(rig, "h0", "s1", command("acknowledge", expire=int(time.time()) + 60))
    assert (answer["code"], answer["host"], answer["service"]) == ("bad-command", "h0", "s1")
    assert "leave expire out" in answer["detail"]


@pytest.mark.parametrize("payload, code", [
    ("", None), ("on it", "not-json"), ("[]", "not-an-object"), ({"author": "x"}, "bad-command"),
    (command("SHUTDOWN_PROGRAM"), "bad-command"), (command("comment", comment=None), "bad-command"),
    (command("comment", author=None), "bad-command"), (command("comment", sticky=True), "bad-value"),
    (command("comment", comment="x" * 1025), "bad-value"),
    (command("comment", author="x" * 129), "bad-value"),
    (command("downtime", end="soon"), "bad-time"), (command("downtime", end=1000000000), "bad-time"),
    (command("comment", time=1000000000), "too-old")])
def test_what_is_wrong_is_answered_and_not_carried_out(rig, payload, code):
    before = len(rig.nagios.commands())
    if code is None:
        rig.publish(topic_of("h0", "s2"), payload)
        payload, code = "{}", "bad-command"
    assert refusal(rig, "h0", "s2", payload)["code"] == code
    assert [c for c in rig.nagios.commands()[before:] if c[0] != "PROCESS_FILE"] == []


def test_bad_names_are_answered(rig):
    assert refusal(rig, "h0%3B", None, command("comment"))["code"] == "bad-host"
    assert refusal(rig, "h0", "s0%0A", command("comment"))["code"] == "bad-service"


def test_a_retained_command_is_none(module):
    with Scratch() as scratch:
        rig = Rig(scratch, module, hosts=1, services=1,
                  routes=["route nagios/#", "to nagios", ALL])
        rig.nagios.start()
        rig.broker.start()
        rig.observer = Observer(rig.broker.port).connect()
        mosquitto_pub(rig.broker.port, topic_of("h0", "s0"), json.dumps(command("comment")),
                      retain=True)
        [answer] = answers(rig, rig.start_gateway)
        assert answer["code"] == "bad-command" and "retained" in answer["detail"]
        rig.publish(topic_of("h0", "s0"), "", retain=True)
        rig.publish(topic_of("h0", "s0"), command("comment", comment="live"))
        wait_entry(rig.nagios, "comment", "h0", "s0", comment_data="live")
        assert len(entries(rig.nagios, "comment", "h0", "s0")) == 1
        rig.end()


def test_an_id_counts_once_also_after_a_restart(rig):
    rig.publish(topic_of("h1", "s3"), command("comment", id="7", comment="once"))
    assert refusal(rig, "h1", "s3", command("comment", id="7"))["code"] == "duplicate"
    rig.gateway.kill()
    rig.start_gateway()
    assert refusal(rig, "h1", "s3", command("comment", id="7"))["code"] == "duplicate"
    rig.publish(topic_of("h1", "s3"), command("comment", id="8", comment="another"))
    wait_entry(rig.nagios, "comment", "h1", "s3", comment_data="another")
    assert len(entries(rig.nagios, "comment", "h1", "s3")) == 2


def test_a_replay_repeats_no_command(rig):
    rig.publish(topic_of("h1", "s2"), command("comment", comment="once"))
    rig.publish("nagios/h1/s2", {"state": 0, "output": "again"})
    wait_entry(rig.nagios, "comment", "h1", "s2", comment_data="once")
    rig.nagios.wait_for("h1", "s2")
    rig.publish("belfry/gateway/belfry-gateway/ask",
                {"ask": "replay", "output": "nagios", "since": 600, "reply": "belfry/reply/test"})
    rig.nagios.wait_for("h1", "s2", 2)
    rig.publish(topic_of("h1", "s2"), command("comment", comment="canary"))
    wait_entry(rig.nagios, "comment", "h1", "s2", comment_data="canary")
    assert len(entries(rig.nagios, "comment", "h1", "s2")) == 2


# --- who may -----------------------------------------------------------------------------------

@pytest.mark.parametrize("lines, word, code", [
    ([], "comment", "not-allowed"), ([], "no command", "not-allowed"),
    (["commands comment"], "acknowledge", "not-allowed")])
def test_only_what_is_named_is_allowed(module, lines, word, code):
    with Scratch() as scratch:
        rig = Rig(scratch, module, hosts=1, services=1,
                  routes=["route nagios/#", "to nagios", *lines]).start()
        answer = refusal(rig, "h0", "s0", command(word))
        assert answer["code"] == code and "commands" in answer["detail"]
        rig.publish("nagios/h0/s0", {"state": 0})
        rig.nagios.wait_for("h0", "s0")
        assert [c for c in rig.nagios.commands() if "COMMENT" in c[0] or "ACK" in c[0]] == []
        rig.end()


def connected(rig, user):
    client = Client(rig.broker.port, f"{user}-client")
    if user != "nobody":
        client.paho.username_pw_set(user, user)
    assert client.connect()[1] == 0
    return client


def test_who_may_and_under_whose_name(module):
    rules = ["", "submit team", "user alice", "hosts h0", "results service command", "",
             "submit agents", "user bob", "", "submit strangers", "client nobody-*", "hosts h1",
             "results command"]
    with Scratch() as scratch:
        users = make_users(scratch.path / "users", alice="alice", bob="bob")
        rig = Rig(scratch, module, broker_lines=("allow_anonymous true", f"password_file {users}",
                                                 "publisher_properties true"),
                  routes=["route nagios/#", "to nagios", ALL, *rules]).start()

        def give(user, host):
            client = connected(rig, user)
            client.publish(topic_of(host, "s0"), json.dumps(command("comment", author="root")))
            client.close()

        for user, host in (("alice", "h1"), ("bob", "h0"), ("nobody", "h0")):
            [answer] = answers(rig, lambda u=user, h=host: give(u, h))
            assert answer["code"] == "not-allowed" and user in answer["detail"]
        give("alice", "h0")
        assert wait_entry(rig.nagios, "comment", "h0", "s0")["author"] == "alice"
        give("nobody", "h1")
        assert wait_entry(rig.nagios, "comment", "h1", "s0")["author"] == "client nobody-client"
        assert len(entries(rig.nagios, "comment", "h0", "s0")) == 1
        rig.end()


# --- Icinga ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def place():
    with Scratch() as scratch:
        yield scratch


@pytest.fixture(scope="module")
def icinga(place):
    yield Icinga(place.folder("icinga")).start()


def make_way(place, icinga, user):
    way = IcingaWay(place, icinga.port, icinga.ca, name=user)
    way.change("user gateway", f"user {user}")
    way.change("to icinga", f"to icinga\n{ALL}")
    return way.start()


@pytest.fixture(scope="module")
def way(place, icinga):
    way = make_way(place, icinga, "operator")
    yield way
    way.end()


def wait_object(icinga, kind, host, service, comment):
    """The attributes of the Downtime or Comment with this text."""
    key = "comment" if kind == "downtimes" else "text"

    def found():
        return [o["attrs"] for o in icinga.ask(f"objects/{kind}") if
                (o["attrs"]["host_name"], o["attrs"]["service_name"], o["attrs"][key]) ==
                (host, service or "", comment)]
    return wait_until(found, 20, f"{comment!r} in {kind} of Icinga")[0]


@pytest.mark.parametrize("host, service", OBJECTS)
def test_icinga_schedules_downtimes(way, icinga, host, service):
    until = int(time.time()) + 600
    way.publish(topic_of(host, service), command("downtime", end=until, comment="fixed"))
    entry = wait_object(icinga, "downtimes", host, service, "fixed")
    assert (entry["author"], entry["end_time"], entry["fixed"]) == ("anna", until, True)
    wait_until(lambda: icinga.shown(host, service)["downtime_depth"] == 1, 20, "its effect")
    way.publish(topic_of(host, service), command("downtime", end=until + 300, fixed=False,
                                                 duration=60, comment="flexible"))
    entry = wait_object(icinga, "downtimes", host, service, "flexible")
    assert (entry["end_time"], entry["fixed"], entry["duration"]) == (until + 300, False, 60)


@pytest.mark.parametrize("host, service", OBJECTS)
def test_icinga_acknowledges_and_takes_it_back(way, icinga, host, service):
    def acknowledged(value):
        wait_until(lambda: icinga.shown(host, service)["acknowledgement"] == value, 20,
                   f"acknowledgement {value}")

    until = int(time.time()) + 900
    way.publish("/".join(filter(None, ("nagios", host, service))), {"state": 1, "output": "bad"})
    icinga.wait_for(host, service, "bad")
    way.publish(topic_of(host, service), command("acknowledge", comment="on it", expire=until))
    acknowledged(2)
    assert icinga.shown(host, service)["acknowledgement_expiry"] == until
    assert wait_object(icinga, "comments", host, service, "on it")["author"] == "anna"
    assert refusal(way, host, service, command("acknowledge"))["code"] == "bad-command"
    way.publish(topic_of(host, service), command("remove_acknowledgement"))
    acknowledged(0)


@pytest.mark.parametrize("host, service", OBJECTS)
def test_icinga_keeps_comments_with_all_their_characters(way, icinga, host, service):
    for text in HOSTILE:
        way.publish(topic_of(host, service), command("comment", author="an" + text + "na",
                                                     comment="so" + text + "!"))
        entry = wait_object(icinga, "comments", host, service, "so" + text + "!")
        assert entry["author"] == "an" + text + "na"


def test_icinga_has_no_such_object(way):
    assert refusal(way, "h9", None, command("comment"))["code"] == "unknown-host"
    assert refusal(way, "h0", "s9", command("comment"))["code"] == "unknown-service"


def test_a_reload_of_icinga_repeats_no_comment(way, icinga):
    way.publish(topic_of("h1", "s0"), command("comment", comment="once"))
    wait_object(icinga, "comments", "h1", "s0", "once")
    icinga.reload()
    way.publish("nagios/h1/s0", {"state": 0, "output": "after the reload"})
    icinga.wait_for("h1", "s0", "after the reload", timeout=40)
    assert way.gateway.process.says("handing over again")
    assert [o["attrs"]["text"] for o in icinga.ask("objects/comments")
            if o["attrs"]["host_name"] == "h1"] == ["once"]


def test_what_the_api_user_may_not_do_is_said(place, icinga):
    way = make_way(place, icinga, "gateway")
    answer = refusal(way, "h0", "s0", command("comment"))
    assert answer["code"] == "bad-command" and "actions/add-comment" in answer["detail"]
    way.publish("nagios/h0/s3", {"state": 0, "output": "results are taken"})
    icinga.wait_for("h0", "s3", "results are taken")
    way.end()
