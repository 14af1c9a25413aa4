# SPDX-License-Identifier: MIT
"""
Who may speak for whom (submit blocks): what a publisher may not say is answered as "not-allowed",
and Nagios sees nothing of it. Who it is, belfry-broker tells the gateway.
"""
import pytest

from mqtt import Client
from rig import Rig, Scratch
from users import make_users
from wait import wait_until

USERS = ("alice", "bob", "carol")
ROUTE = ["route nagios/#", "to nagios", ""]
RULES = ["submit web-team", "user alice", "hosts h0 h2", "",
         "submit databases", "user b*", "hosts h1", "services s0 s1", "",
         "submit carols-agent", "user carol", "client carol", "address 127.0.0.0/8",
         "hosts h2", "results service", "",
         "submit canary", "user canary", "hosts h0", "services s3"]


def make_rig(scratch, module, rules, properties=True):
    users = make_users(scratch.path / "users", **{name: name for name in (*USERS, "canary")})
    return Rig(scratch, module, hosts=3,
               broker_lines=("allow_anonymous true", f"password_file {users}",
                             f"publisher_properties {str(properties).lower()}"),
               routes=[*ROUTE, *rules]).start()


@pytest.fixture(scope="module")
def ruled(module):
    with Scratch() as scratch:
        rig = make_rig(scratch, module, RULES)
        yield rig
        rig.end()


def connected(rig, user, client_id=None):
    client = Client(rig.broker.port, client_id or user or "anonymous")
    if user:
        client.paho.username_pw_set(user, user)
    assert client.connect()[1] == 0
    return client


def outcome(rig, user, topic, payload, client_id=None, **v5):
    """
    Publish as `user`: the results that Nagios has applied, and the answers. The canary behind it
    shows that it is over.
    """
    results, answers = len(rig.nagios.results()), len(rig.observer.rejects())
    canaries = len(rig.nagios.of("h0", "s3"))
    client, canary = connected(rig, user, client_id), connected(rig, "canary")
    client.publish(topic, payload, **v5)
    canary.publish("nagios/h0/s3", '{"state":0,"output":"canary"}')
    rig.nagios.wait_for("h0", "s3", canaries + 1)
    client.close()
    canary.close()
    applied = [(r.host, r.service) for r in rig.nagios.results()[results:]]
    applied.remove(("h0", "s3"))
    if not applied:
        wait_until(lambda: len(rig.observer.rejects()) > answers, 5, "an answer")
    return applied, [answer for _, answer in rig.observer.rejects()[answers:]]


def refused(rig, *publish, **how):
    applied, answers = outcome(rig, *publish, **how)
    assert (applied, [a["code"] for a in answers]) == ([], ["not-allowed"])
    return answers[0]


@pytest.mark.parametrize("user, hosts", [("alice", {"h0", "h2"}), ("bob", {"h1"}),
                                         ("carol", {"h2"})])
@pytest.mark.parametrize("host", ["h0", "h1", "h2"])
def test_three_identities_and_three_hosts(ruled, user, hosts, host):
    topic = f"nagios/{host}/s0"
    if host in hosts:
        assert outcome(ruled, user, topic, '{"state":1}') == ([(host, "s0")], [])
        return
    answer = refused(ruled, user, topic, '{"state":1}')
    assert user in answer["detail"], "the detail names the publisher"
    assert (answer["topic"], answer["host"], answer["service"]) == (topic, host, "s0")


def test_nobody_in_particular_may_do_nothing(ruled):
    refused(ruled, None, "nagios/h0/s0", '{"state":1}')


def test_forged_properties_change_nothing(ruled):
    forged = [("belfry-user", "alice"), ("belfry-client", "alice"), ("belfry-address", "127.0.0.1:1")]
    answer = refused(ruled, "bob", "nagios/h0/s0", '{"state":1}', UserProperty=forged)
    assert "bob" in answer["detail"] and "alice" not in answer["detail"]


def test_a_payload_makes_nobody_another(ruled):
    applied, answers = outcome(ruled, "bob", "nagios/h1/s0",
                               '{"state":1,"host":"h0","user":"alice","client":"alice"}')
    assert applied == [] and [a["code"] for a in answers] == ["host-mismatch"]


def test_the_client_identifier_counts_where_it_is_named(ruled):
    refused(ruled, "carol", "nagios/h2/s0", '{"state":1}', client_id="another")


def test_services_are_allowed_one_by_one(ruled):
    refused(ruled, "bob", "nagios/h1/s2", '{"state":1}')
    refused(ruled, "bob", "nagios/h1", '{"state":1}')


def test_kinds_of_results_are_allowed_one_by_one(ruled):
    refused(ruled, "carol", "nagios/h2", '{"state":1}')
    assert outcome(ruled, "alice", "nagios/h2", '{"state":1}') == ([("h2", "")], [])


def test_each_result_of_an_array_is_judged_by_itself(ruled):
    applied, answers = outcome(ruled, "bob", "nagios/h1", '[{"service":"s0","state":0},'
                               '{"service":"s2","state":0},{"service":"s1","state":0}]')
    assert applied == [("h1", "s0"), ("h1", "s1")]
    assert [(a["code"], a["index"], a["service"]) for a in answers] == [("not-allowed", 1, "s2")]


def test_without_publisher_properties_no_block_that_names_somebody_matches(scratch, module):
    rig = make_rig(scratch, module, ["submit alice", "user alice", "",
                                     "submit canary", "hosts h0", "services s3"],
                   properties=False)
    answer = refused(rig, "alice", "nagios/h0/s0", '{"state":1}')
    assert "does not name" in answer["detail"]
    rig.end()
