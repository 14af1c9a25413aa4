# SPDX-License-Identifier: MIT
"""
Hosts and services that Nagios does not have: with `objects` the gateway finds them out, answers,
and Nagios hears nothing of them.
"""
import pytest

from wait import wait_until


@pytest.fixture
def knowing(make_rig, scratch):
    """A rig whose gateway has read what Nagios has."""
    rig = make_rig(output=[f"objects {scratch.path}/nagios/objects.cache"])
    wait_until(lambda: rig.gateway.process.says("the core has 2 hosts and 8 services"), 10,
               "the objects read")
    return rig


def codes(rig, topic):
    return [(a["code"], a["detail"], a["host"], a["service"])
            for _, a in rig.observer.rejects(topic)]


def canary(rig):
    """Everything that was published before has been dealt with."""
    rig.applied("nagios/h1/s3", {"state": 0, "output": "canary"})


def add_service(rig, host, service):
    path = rig.nagios.folder / "objects.cfg"
    path.write_text(path.read_text() + f"define service {{\n use passive-service\n"
                    f" host_name {host}\n service_description {service}\n}}\n")
    rig.nagios.reload()


def test_each_result_for_an_unknown_object_is_answered_once(knowing):
    rig = knowing
    for topic in ("nagios/stranger", "nagios/stranger/s0", "nagios/h0/stranger", "nagios/H0/s0"):
        rig.publish(topic, {"state": 2, "output": "x"})
    canary(rig)
    assert codes(rig, "nagios/stranger") == [("unknown-host", "stranger", "stranger", "")]
    assert codes(rig, "nagios/stranger/s0") == [("unknown-host", "stranger", "stranger", "s0")]
    assert codes(rig, "nagios/h0/stranger") == [("unknown-service", "stranger", "h0", "stranger")]
    assert codes(rig, "nagios/H0/s0") == [("unknown-host", "H0", "H0", "s0")]
    assert not [args for _, args in rig.nagios.commands() if "stranger" in args or "H0" in args]
    assert "could not be found" not in rig.nagios.log()


def test_known_neighbours_in_an_array_are_applied(knowing):
    rig = knowing
    rig.publish("nagios/h0", [{"service": "s0", "state": 1}, {"service": "no", "state": 1},
                              {"service": "s1", "state": 1}])
    canary(rig)
    assert [(r.host, r.service) for r in rig.nagios.results()] == [
        ("h0", "s0"), ("h0", "s1"), ("h1", "s3")]
    assert [c[0] for c in codes(rig, "nagios/h0")] == ["unknown-service"]


def test_what_was_added_to_the_core_goes_through(knowing):
    rig = knowing
    rig.publish("nagios/h0/new", {"state": 1, "output": "too early"})
    canary(rig)
    assert [c[0] for c in codes(rig, "nagios/h0/new")] == ["unknown-service"]
    add_service(rig, "h0", "new")
    assert rig.applied("nagios/h0/new", {"state": 1, "output": "there"}).output == "there"
    wait_until(lambda: rig.gateway.process.says("the core has 2 hosts and 9 services"), 10,
               "the new objects read")
    assert rig.applied("nagios/h0/new", {"state": 2, "output": "still"}).state == 2
    rig.publish("nagios/h0/newer", {"state": 1})
    canary(rig)
    assert [c[0] for c in codes(rig, "nagios/h0/newer")] == ["unknown-service"]


def test_a_file_that_is_not_whole_makes_nothing_unknown(knowing):
    """The core writes it in place: somebody looks at a part of it, or the core dies over it."""
    rig = knowing
    path = rig.nagios.folder / "objects.cache"
    text = path.read_text()
    with open(path, "r+") as f:
        f.truncate(text.index("host_name\th1"))
    assert rig.applied("nagios/h1/s0", {"state": 1}).state == 1
    wait_until(lambda: rig.gateway.process.says("not a whole object cache"), 10, "the complaint")
    assert rig.applied("nagios/h1/s0", {"state": 2}).state == 2
    rig.publish("nagios/h0/stranger", {"state": 1})
    canary(rig)
    assert codes(rig, "nagios/h0/stranger") == [], "only a whole file says what is unknown"
    path.write_text(text)
    reads = rig.gateway.process.stderr().count("the core has 2 hosts")
    wait_until(lambda: rig.gateway.process.stderr().count("the core has 2 hosts") > reads, 10,
               "the whole file read")
    rig.publish("nagios/h0/stranger", {"state": 1})
    canary(rig)
    assert [c[0] for c in codes(rig, "nagios/h0/stranger")] == ["unknown-service"]


def test_without_the_file_the_core_alone_knows(make_rig, scratch):
    rig = make_rig(output=[f"objects {scratch.path}/nowhere/objects.cache"])
    rig.publish("nagios/h0/stranger", {"state": 1})
    assert rig.applied("nagios/h0/s0", {"state": 1}).state == 1
    wait_until(lambda: rig.gateway.process.says("object_cache_file"), 10, "the complaint")
    assert codes(rig, "nagios/h0/stranger") == []


def test_unknown_objects_are_refused_after_the_gateway_was_killed_too(knowing):
    rig = knowing
    rig.gateway.kill()
    rig.start_gateway()
    wait_until(lambda: rig.gateway.process.stderr().count("the core has 2 hosts") == 2, 10,
               "the objects read again")
    rig.publish("nagios/h0/stranger", {"state": 1})
    canary(rig)
    assert [c[0] for c in codes(rig, "nagios/h0/stranger")] == ["unknown-service"]
