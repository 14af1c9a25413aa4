# SPDX-License-Identifier: MIT
"""The whole way in one folder: broker, gateway, Nagios Core, and an observer beside them."""
import json
import shutil
import tempfile

from broker import Broker
from gateway import Gateway
from mqtt import Observer, mosquitto_pub
from nagios import Nagios
from process import alive, give_away
from wait import wait_until


class Scratch:
    """A folder an ordinary user can reach; leaving it ends every process started meanwhile."""

    def __enter__(self):
        self._before = alive()
        self.path = give_away(tempfile.mkdtemp(prefix="belfry-"))
        self.path.chmod(0o755)
        return self

    def folder(self, name):
        path = self.path / name
        path.mkdir()
        return give_away(path)

    def __exit__(self, *exc):
        for process in reversed(alive()):
            if process not in self._before:
                process.clear()
        shutil.rmtree(self.path, ignore_errors=True)


class GatewayRig:
    """
    A broker, a gateway behind it and an observer beside them. Who inherits makes `broker` and
    `gateway`; `output` is the one that status() is asked for.
    """

    output, client_id = "nagios", "belfry-gateway"
    observer = None

    def start(self):
        self.broker.start()
        self.observer = Observer(self.broker.port).connect()
        self.start_gateway()
        return self

    def start_gateway(self):
        """Start it and wait until it says that it is online."""
        before = self.observer.states(self.client_id).count("online")
        self.gateway.start()
        wait_until(lambda: self.observer.states(self.client_id).count("online") > before
                   or not self.gateway.process.is_running(), 10, "the gateway online")
        assert self.gateway.process.is_running(), self.gateway.process.stderr()

    def end(self):
        """In order and politely; whoever does not follow is the test's failure."""
        assert self.gateway.end() == 0, "the gateway's exit status after SIGTERM"
        self.observer.close()
        assert self.broker.end() == 0, "the broker's exit status after SIGTERM"

    def publish(self, topic, payload, qos=1, **how):
        """mosquitto_pub with text, bytes, or an object to be written as JSON."""
        if not isinstance(payload, (str, bytes)):
            payload = json.dumps(payload)
        code = mosquitto_pub(self.broker.port, topic, payload, qos, **how)
        assert code == 0, f"mosquitto_pub ended with {code}"

    def status(self, output=None):
        """How the output stands, as the gateway's status message says."""
        last = self.observer.last_status(self.client_id)
        return last["outputs"].get(output or self.output, {}) if last else {}

    def wait_for_problem(self, *words, timeout=20.0):
        """Until the output says that all of these words are in its way; returns the sentence."""
        def problem():
            text = self.status().get("problem") or ""
            return all(word in text for word in words) and text
        return wait_until(problem, timeout, f"a problem that says {words}")

    def wait_until_all_right(self, timeout=20.0):
        wait_until(lambda: self.status().get("problem", "?") is None, timeout, "no problem left")


class Rig(GatewayRig):
    """
    `broker_lines`, `which` (broker program), `stored` (with a store of its own) and the keywords
    of gateway.configuration() shape it; hosts, services and extra are Nagios', `way` is by what the
    results go into it: fifo, spool or query_socket.
    """

    def __init__(self, scratch, module, hosts=2, services=4, extra=(), which=None,
                 broker_lines=("allow_anonymous true", "max_queued_messages 100000"),
                 stored=False, way="fifo", **how):
        self.nagios = Nagios(scratch.folder("nagios"), module, hosts, services, extra)
        self.broker = Broker(scratch.folder("broker"), broker_lines, which,
                             scratch.folder("stored") if stored else None)
        self.gateway = Gateway(scratch.folder("gateway"), self.broker.port,
                               getattr(self.nagios, way), **how)

    def start(self):
        self.nagios.start()
        return super().start()

    def end(self):
        super().end()
        self.nagios.end()

    def publish(self, topic, payload, qos=1, **how):
        for process in (self.broker.process, self.gateway.process):
            assert not process.has_ended(), f"{process.name} has ended: {process.stderr()}"
        super().publish(topic, payload, qos, **how)

    def applied(self, topic, payload, count=1):
        """Publish to nagios/HOST/SERVICE, wait until Nagios has applied it, return the result."""
        _, host, *levels = topic.split("/")
        service = "/".join(levels)
        before = len(self.nagios.of(host, service))
        self.publish(topic, payload)
        return self.nagios.wait_for(host, service, before + count)
