# SPDX-License-Identifier: MIT
"""
What goes wrong between the plugin redis and its server. Each time: nothing that was acknowledged is
missing, what came twice came as the same event, and check results to another output went on.
"""
import json
import os
import signal

import pytest

from broker import free_port
from cutting_proxy import CuttingProxy
from lines import documents_of
from pki import Pki
from process import KEEPS_MEMORY, own_memory
from redis_rig import RedisRig, account_of, start_redis
from redis_server import RedisError
from wait import let_pass, wait_until

BATCH = 100
DURABLE = ("appendonly yes", "appendfsync always", "enable-debug-command local")
# How long a server is away: 60 s is the full size, which this is a tenth of.
AWAY = float(os.environ.get("BELFRY_REDIS_AWAY", "6"))
RATE = 5000 if AWAY >= 60 else 1000


@pytest.fixture
def server(scratch):
    return start_redis(scratch, *DURABLE)


def rig_of(scratch, server, rate=1000, **output):
    rig = RedisRig(scratch, server, {"batch_records": BATCH, **output}, spool=True).start()
    rig.start_load(rate)
    rig.sent_more()
    wait_until(lambda: server.call("EXISTS", "logstash"), 10, "the first element")
    return rig


def others_go_on(rig, count=200):
    """What is acknowledged from now on gets to the other output."""
    before = len(rig.load.acknowledged)
    rig.sent_more(count)
    wanted = {n for n in set(rig.load.acknowledged) if n < before}
    wait_until(lambda: wanted <= rig.gateway.spooled(), 20, "check results of the other output")


def ends_well(rig, most_twice=0, read=None):
    """The load's end; at most so many came twice."""
    twice = rig.account(read)
    assert twice <= most_twice, f"{twice} came twice"
    wait_until(lambda: rig.load.acknowledged <= rig.gateway.spooled(), 20, "the other output's results")
    return twice


def test_stopped_for_a_while_and_started_again(scratch, server):
    rig = rig_of(scratch, server, RATE)
    server.end()
    rig.wait_said("logstash", "waits in the journal")
    others_go_on(rig)
    memory = own_memory(rig.gateway.process.pid)
    let_pass(AWAY)
    assert KEEPS_MEMORY or own_memory(rig.gateway.process.pid) < memory + 16 * 2 ** 20
    since = len(rig.gateway.process.stderr())
    server.start()
    rig.wait_said("delivers again", since=since)
    ends_well(rig, BATCH)


def test_killed_and_started_again(scratch, server):
    """With appendfsync always an answer means that it is on disk."""
    rig = rig_of(scratch, server)
    for _ in range(3):
        server.kill()
        others_go_on(rig)
        server.start()
        rig.sent_more()
    ends_well(rig, 3 * BATCH)


def test_gateway_killed(scratch, server):
    rig = rig_of(scratch, server)
    for _ in range(3):
        rig.gateway.kill()
        rig.gateway.start()
        rig.sent_more()
    # What was on its way to the gateway's journal may be in it twice.
    rig.load.stop()
    account_of(rig.load.acknowledged, rig.elements, same_event=False)


def test_paused_for_longer_than_the_timeout(scratch, server):
    rig = rig_of(scratch, server, timeout="1s")
    server.process.signal(signal.SIGSTOP)
    try:
        rig.wait_said("waits in the journal")
        others_go_on(rig)
    finally:
        server.process.signal(signal.SIGCONT)
    rig.sent_more()
    # Each attempt may have reached the server's socket.
    ends_well(rig, 20 * BATCH)


def test_a_server_that_is_slow_is_waited_for(scratch, server):
    rig = rig_of(scratch, server, timeout="10s")
    server.call("DEBUG", "SLEEP", 2)
    rig.sent_more()
    assert ends_well(rig) == 0


def test_a_server_that_sleeps_for_longer_than_the_timeout(scratch, server):
    rig = rig_of(scratch, server, timeout="1s")
    sleeper = server.client()
    sleeper.send("DEBUG", "SLEEP", 3)
    rig.wait_said("does not answer")
    others_go_on(rig)
    sleeper.answer()
    ends_well(rig, 20 * BATCH)


@pytest.mark.parametrize("mode", ["list", "stream"])
def test_cut_between_request_and_answer(scratch, server, mode):
    """A list has the batch twice then; a stream recognises it."""
    proxy = CuttingProxy(server.port)
    rig = rig_of(scratch, server, mode=mode, url=f"redis://127.0.0.1:{proxy.port}")
    for n in range(3):
        proxy.cut_next(b"RPUSH" if mode == "list" else b"XADD")
        wait_until(lambda: proxy.cuts == n + 1, 10, "a cut")
        rig.sent_more()
    proxy.close()

    def data():
        return [fields[fields.index(b"data") + 1]
                for _, fields in server.call("XRANGE", "logstash", "-", "+")]
    twice = ends_well(rig, 3 * BATCH, None if mode == "list" else data)
    assert twice > 0 if mode == "list" else twice == 0


def refused_and_mended(rig, refuse, words, mend, most_twice=0):
    since = len(rig.gateway.process.stderr())
    refuse()
    rig.wait_said(*words, since=since)
    others_go_on(rig)
    since = len(rig.gateway.process.stderr())
    mend()
    rig.wait_said("delivers again", since=since)
    rig.sent_more()
    return ends_well(rig, most_twice)


def test_out_of_memory(scratch, server):
    rig = rig_of(scratch, server)
    assert refused_and_mended(
        rig, lambda: server.call("CONFIG", "SET", "maxmemory", "1mb"),
        ["OOM", "raise maxmemory"], lambda: server.call("CONFIG", "SET", "maxmemory", "0")) == 0


def test_a_server_that_has_become_a_replica(scratch, server):
    rig = rig_of(scratch, server)
    nobody = free_port()
    assert refused_and_mended(
        rig, lambda: server.call("REPLICAOF", "127.0.0.1", nobody), ["READONLY", "it is a replica"],
        lambda: server.call("REPLICAOF", "NO", "ONE")) == 0


def test_too_few_replicas(scratch, server):
    rig = rig_of(scratch, server)
    assert refused_and_mended(
        rig, lambda: server.call("CONFIG", "SET", "min-replicas-to-write", "1"), ["NOREPLICAS"],
        lambda: server.call("CONFIG", "SET", "min-replicas-to-write", "0")) == 0


def test_a_key_of_another_type(scratch, server):
    server.call("SET", "logstash", "x")
    rig = RedisRig(scratch, server, {"batch_records": BATCH}, spool=True).start()
    rig.start_load(1000)
    assert refused_and_mended(rig, lambda: None, ["WRONGTYPE", "choose another key"],
                              lambda: server.call("DEL", "logstash")) == 0


def test_a_server_that_loads_its_data(scratch):
    server = start_redis(scratch, *DURABLE, "key-load-delay 1500",
                         "loading-process-events-interval-bytes 1024")
    rig = rig_of(scratch, server)
    client = server.client()
    for n in range(2000):
        client.send("SET", f"fill{n}", "x" * 100)
    for n in range(2000):
        client.answer()
    client.call("BGREWRITEAOF")
    wait_until(lambda: b"aof_rewrites:1" in client.call("INFO", "persistence") and
               b"aof_rewrite_in_progress:0" in client.call("INFO", "persistence"), 20, "a small file")

    def restart():
        server.kill()
        server.start()
    refused_and_mended(rig, restart, ["LOADING"], lambda: None, BATCH)


def test_a_wrong_password_is_mended_by_a_reload(scratch, server):
    rig = RedisRig(scratch, server, {"batch_records": BATCH}, spool=True)
    rig.gateway.configure(password_file=rig.gateway.secret("wrong"))
    server.call("CONFIG", "SET", "requirepass", "right")
    server.password = "right"
    rig.start().start_load(1000)

    def mend():
        rig.gateway.secret("right")
        rig.gateway.reload()
    since = len(rig.gateway.process.stderr())
    rig.wait_said("WRONGPASS", "password_file")
    others_go_on(rig)
    mend()
    rig.sent_more()
    assert ends_well(rig) == 0
    assert "right" not in rig.gateway.process.stderr()[since:]


def test_a_password_that_is_missing_is_asked_for(scratch, server):
    server.call("CONFIG", "SET", "requirepass", "right")
    rig = RedisRig(scratch, server).start()
    rig.wait_said("NOAUTH", "set password_file")


def test_a_certificate_of_an_unknown_authority(scratch):
    pki, other = Pki(scratch.folder("pki")), Pki(scratch.folder("other"))
    certificate, key = pki.issue("server")
    server = start_redis(scratch, f"tls-cert-file {certificate}", f"tls-key-file {key}",
                         f"tls-ca-cert-file {pki.path('ca.crt')}", "tls-auth-clients no",
                         tls={"ca": pki.path("ca.crt")})
    rig = RedisRig(scratch, server, {"url": f"rediss://localhost:{server.port}",
                                     "cafile": other.path("ca.crt")}, spool=True).start()
    rig.start_load(1000)
    rig.wait_said("no TLS with localhost")
    others_go_on(rig)
    rig.gateway.configure(cafile=pki.path("ca.crt"))
    rig.gateway.reload()
    rig.sent_more()
    assert ends_well(rig) == 0


def dead_letters(rig):
    found = list(rig.gateway.state_dir.glob("**/*dead*"))
    return [document for path in found for document in documents_of(path)]


def test_a_record_without_a_key_becomes_a_dead_letter_and_the_others_arrive(scratch, server):
    rig = RedisRig(scratch, server, {"key": "${topic[2]}"}, route=("route x/#", "decode none")).start()
    for topic in ("x/y/a", "x/y", "x/y/b"):
        rig.publish(topic, "text")
    wait_until(lambda: server.length("a") == 1 and server.length("b") == 1, 15, "the good ones")
    wait_until(lambda: len(dead_letters(rig)) == 1, 5, "a dead letter")


def test_a_key_that_a_publisher_chose_holds_up_nobody(scratch, server):
    server.call("SET", "theirs", "no list")
    rig = RedisRig(scratch, server, {"key": "${topic[2]}"}, route=("route x/#", "decode none")).start()
    for number in range(12):
        rig.publish("x/y/theirs" if number % 3 == 0 else "x/y/ours", str(number))
    wait_until(lambda: server.length("ours") == 8, 20, "what has a list")
    wait_until(lambda: len(dead_letters(rig)) == 4, 10, "the dead letters")
    assert all("WRONGTYPE" in letter["reason"] and letter["reason"].endswith("(theirs)")
               for letter in dead_letters(rig))


def test_a_record_that_is_too_long_becomes_a_dead_letter(scratch, server):
    server.call("CONFIG", "SET", "proto-max-bulk-len", "1mb")
    rig = RedisRig(scratch, server, {"linger": 300}, route=("route x/#", "decode none")).start()
    for text in ("one", "x" * 1500000, "two"):
        rig.publish("x/y", {"text": text})
    wait_until(lambda: server.length() == 2, 20, "the good ones")
    wait_until(lambda: len(dead_letters(rig)) == 1, 5, "a dead letter")


def test_a_node_of_a_cluster_that_has_other_keys_points_on(scratch):
    nodes = [start_redis(scratch, "cluster-enabled yes", f"cluster-port {free_port()}",
                         name=f"node{n}") for n in range(2)]
    nodes[0].call("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
    nodes[1].call("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
    nodes[0].call("CLUSTER", "MEET", "127.0.0.1", nodes[1].port,
                  nodes[1].call("CONFIG", "GET", "cluster-port")[1])
    wait_until(lambda: all(b"cluster_state:ok" in node.call("CLUSTER", "INFO") for node in nodes), 20,
               "a cluster")
    slot = nodes[0].call("CLUSTER", "KEYSLOT", "logstash")
    has, points = nodes if slot < 8192 else reversed(nodes)
    rig = RedisRig(scratch, points).start()
    rig.start_load()
    rig.wait_said("node of a cluster", str(has.port))
    rig.server = has
    rig.sent_more()
    assert rig.account() == 0


def is_replica(server):
    try:
        return server.call("ROLE")[0] == b"slave"
    except ConnectionError:  # it closes all of them while it becomes one
        return False


def test_sentinels_find_the_new_master(scratch):
    first = start_redis(scratch, *DURABLE, name="first")
    second = start_redis(scratch, *DURABLE, f"replicaof 127.0.0.1 {first.port}", name="second")
    sentinels = [start_redis(scratch, f"sentinel monitor main 127.0.0.1 {first.port} 2",
                             "sentinel down-after-milliseconds main 500",
                             "sentinel failover-timeout main 3000", name=f"sentinel{n}",
                             sentinel=True) for n in range(3)]

    def knows(sentinel):
        found = sentinel.call("SENTINEL", "master", "main")
        state = dict(zip(found[::2], found[1::2]))
        return state[b"num-slaves"] == b"1" and state[b"num-other-sentinels"] == b"2"
    wait_until(lambda: all(map(knows, sentinels)), 30, "sentinels that know of one another")
    rig = RedisRig(scratch, None, {
        "url": "redis://somewhere/0", "sentinel_master": "main", "batch_records": BATCH,
        "sentinel": [f"127.0.0.1:{s.port}" for s in sentinels]}, spool=True)
    rig.server = first
    rig.start().start_load(500)
    rig.wait_said("the master of main is", str(first.port))
    rig.sent_more()
    ends_well(rig)
    # What a master has not passed on is lost with it, so that it has to have passed on all.
    wait_until(lambda: second.length() == first.length(), 10, "the replica's copy")
    before = set(rig.load.acknowledged)
    sentinels[0].call("SENTINEL", "FAILOVER", "main")
    wait_until(lambda: is_replica(first), 20, "the fail-over")
    rig.wait_said("the master of main is", str(second.port))
    rig.server = second
    rig.start_load(500)
    rig.sent_more()
    rig.load.stop()
    account_of(before | rig.load.acknowledged, rig.elements, same_event=False)


def test_a_master_the_sentinels_do_not_know_is_told(scratch, server):
    sentinel = start_redis(scratch, f"sentinel monitor main 127.0.0.1 {server.port} 1",
                           name="sentinel", sentinel=True)
    rig = RedisRig(scratch, server, {"sentinel": f"127.0.0.1:{sentinel.port}",
                                     "sentinel_master": "other"}).start()
    rig.wait_said("knows no master other", "sentinel_master")
    with pytest.raises(RedisError):
        sentinel.call("SENTINEL", "master", "other")


def test_two_numbers_are_never_one_event(server):
    """The account itself notices what it is there for."""
    twice = [json.dumps({"message": f"number {n}", "event_id": i}).encode()
             for n, i in ((1, "a"), (1, "b"))]
    with pytest.raises(AssertionError, match="several events"):
        account_of({1}, lambda: twice)
    with pytest.raises(AssertionError, match="did not come true"):
        account_of({1, 2}, lambda: twice[:1], timeout=0.3)
    assert account_of({1}, lambda: twice[:1] * 2) == 1
