# SPDX-License-Identifier: MIT
"""Broker and gateway with an output of the type redis, and the account of what came of a load."""
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

from broker import Broker
from gateway import Gateway
from load import Load
from mqtt import Observer
from process import give_away
from redis_server import Redis
from relay import plugin_folder
from rig import GatewayRig
from wait import wait_until

NUMBER = re.compile(r"number (\d+)")


class RedisGateway(Gateway):
    """`output` maps the keywords of the output `logstash` to their values; configure() changes some."""

    def __init__(self, folder, port, output, **how):
        self.output, self.client_id = output, how.pop("client_id", GatewayRig.client_id)
        self.route = how.pop("route", ("route nagios/#",))
        self.spool, self._spooled = None, set()
        self.plugins = plugin_folder(folder, "redis")
        if how.pop("spool", False):
            self.spool = Path(folder) / "spool"
            self.spool.mkdir()
            give_away(self.spool)
        super().__init__(folder, port, None)

    def configure(self, **changes):
        self.output.update(changes)
        block = [f"{word} {value}" for word, values in self.output.items() if values is not None
                 for value in (values if isinstance(values, list) else [values])]
        spool = ["", "output spool check_results", f"path {self.spool}"] if self.spool else []
        self.config.write_text("\n".join([
            f"client_id {self.client_id}", f"state_dir {self.state_dir}",
            f"plugin_dir {self.plugins}", f"broker mqtt://127.0.0.1:{self.port}", "",
            "output logstash redis", "retry_first 100", "retry_most 1", *block, *spool, "",
            *self.route, "to logstash" + (" spool" if self.spool else ""), ""]))

    def secret(self, text, name="redis.secret"):
        """A password file of these words; reload for them to count."""
        path = give_away(self.folder) / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return give_away(path)

    def spooled(self):
        """The numbers that the other output has delivered: files are taken away as the core does it."""
        for mark in self.spool.glob("*.ok"):
            results = mark.with_suffix("")
            self._spooled |= {int(n) for n in NUMBER.findall(results.read_text())}
            results.unlink()
            mark.unlink()
        return self._spooled


class RedisRig(GatewayRig):
    """`server` is a Redis that runs already or None; the rest of RedisGateway's goes there."""

    output = "logstash"

    def __init__(self, scratch, server, output=(), name="", broker=None, **how):
        self.server = server
        self.broker = broker or Broker(scratch.folder(f"broker{name}"), [
            "allow_anonymous true", "max_queued_messages 1000000"]).start()
        output = {"timeout": "2s", **({"url": f"redis://127.0.0.1:{server.port}"} if server else {}),
                  **dict(output)}
        self.gateway = RedisGateway(scratch.folder(f"gateway{name}"), self.broker.port, output, **how)
        self.client_id = self.gateway.client_id
        self.load = None

    def start(self):
        self.observer = Observer(self.broker.port).connect()
        self.start_gateway()
        self.observer.close()  # a second rig at this broker has one of the same name
        return self

    def start_load(self, rate=500):
        self.load = Load(self.broker.port, rate, 5, 5).start()
        return self.load

    def wait_said(self, *words, since=0):
        wait_until(lambda: self.gateway.process.says(*words, since=since), 15,
                   f"the gateway saying {words}")

    def elements(self, key="logstash"):
        return self.server.call("LRANGE", key, 0, -1)

    def sent_more(self, count=300):
        """The load goes on, and so many more are acknowledged."""
        goal = len(self.load.acknowledged) + count
        wait_until(lambda: len(self.load.acknowledged) >= goal, 30, "more acknowledgements")

    def account(self, read=None):
        """
        End the load; every number that was acknowledged has to be in Redis. Returns how many came
        twice or more: always as the same event.
        """
        self.load.stop()
        return account_of(self.load.acknowledged, read or self.elements)


def account_of(wanted, read, timeout=40, same_event=True):
    def all_there():
        seen = defaultdict(list)
        for element in read():
            event = json.loads(element)
            seen[int(NUMBER.search(event["message"])[1])].append(event["event_id"])
        return seen if wanted <= set(seen) else None

    seen = wait_until(all_there, timeout, "the numbers acknowledged in Redis", poll=0.2)
    for number, ids in seen.items():
        assert len(set(ids)) == 1 or not same_event, f"number {number} came as several events: {ids}"
    owners = Counter(ids[0] for ids in seen.values())
    assert max(owners.values()) == 1, "two numbers share an event's id"
    return sum(len(ids) > 1 for ids in seen.values())


def start_redis(scratch, *lines, name="redis", **how):
    return Redis(scratch.folder(name), lines, name=name, **how).start()
