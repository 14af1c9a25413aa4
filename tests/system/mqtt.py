# SPDX-License-Identifier: MIT
"""Real MQTT clients: paho in a thread of its own, and mosquitto_pub."""
import json
import socket
import subprocess
import threading

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from wait import SLACK, wait_until

V31, V311, V5 = paho.MQTTv31, paho.MQTTv311, paho.MQTTv5


def mosquitto_pub(port, topic, payload, qos=1, retain=False, version=None, timeout=20):
    """Publish with the program every introduction uses; returns its exit status."""
    if isinstance(payload, str):
        payload = payload.encode()
    argv = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", str(qos), "-t", topic]
    argv += ["-r"] if retain else []
    argv += ["-V", version] if version else []
    # An argument can hold neither a NUL nor two megabytes; -s reads the payload from stdin.
    if len(payload) < 65536 and b"\0" not in payload:
        argv += ["-m", payload] if payload else ["-n"]
        payload = b""
    else:
        argv += ["-s"]
    return subprocess.run(argv, input=payload, timeout=timeout * SLACK,
                          capture_output=True).returncode


class Client:
    """
    A paho client whose callbacks only take notes. `will` is (topic, payload, qos, retain);
    v5: `expiry` is the seconds its session outlives the connection, `will_delay` those between
    its end and its will.
    """

    def __init__(self, port, client_id="", version=V5, clean=True, will=None, expiry=None,
                 keepalive=60, will_delay=None, transport="tcp"):
        self.port, self.version, self.clean, self.keepalive = port, version, clean, keepalive
        self.expiry = expiry
        session = {} if version == V5 else {"clean_session": clean}
        self.paho = paho.Client(client_id=client_id, protocol=version, transport=transport,
                                **session)
        self.messages, self.connections, self.closings = [], [], []
        self._acknowledged, self._lock = {}, threading.Condition()
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = lambda *a: self.closings.append(int(getattr(a[2], "value", a[2])))
        self.paho.on_message = lambda client, owner, message: self.messages.append(message)
        self.paho.on_subscribe = self._on_subscribe
        self.paho.on_unsubscribe = lambda *a: self._note(a[2], [])
        if will:
            properties = None
            if will_delay is not None:
                properties = Properties(PacketTypes.WILLMESSAGE)
                properties.WillDelayInterval = will_delay
            self.paho.will_set(*will, properties=properties)

    def _on_connect(self, client, owner, flags, code, properties=None):
        self.connected_with = properties
        self.connections.append((flags["session present"], int(getattr(code, "value", code))))

    def _on_subscribe(self, client, owner, mid, granted, properties=None):
        self._note(mid, [int(getattr(g, "value", g)) for g in granted])

    def _note(self, mid, outcome):
        with self._lock:
            self._acknowledged[mid] = outcome
            self._lock.notify_all()

    def _wait_acknowledged(self, mid, what):
        with self._lock:
            assert self._lock.wait_for(lambda: mid in self._acknowledged, 10 * SLACK), what
            return self._acknowledged[mid]

    def connect(self):
        """Returns (session present, code) of the CONNACK, whatever it says."""
        options = {}
        if self.version == V5:
            props = Properties(PacketTypes.CONNECT)
            if self.expiry is not None:
                props.SessionExpiryInterval = self.expiry
            options = {"clean_start": self.clean, "properties": props}
        before = len(self.connections)
        self.paho.connect("127.0.0.1", self.port, self.keepalive, **options)
        self.paho.loop_start()
        wait_until(lambda: len(self.connections) > before, 10, "a CONNACK")
        return self.connections[-1]

    def subscribe(self, topic_filter, qos=1, identifier=None, **options):
        """
        Returns the granted QoS, or the refusal (>= 128). v5: `options` are noLocal,
        retainAsPublished, retainHandling; `identifier` the Subscription Identifier.
        """
        how = {"qos": qos}
        if options or identifier:
            properties = Properties(PacketTypes.SUBSCRIBE)
            if identifier:
                properties.SubscriptionIdentifier = identifier
            how = {"options": SubscribeOptions(qos, **options), "properties": properties}
        code, mid = self.paho.subscribe(topic_filter, **how)
        assert code == 0, paho.error_string(code)
        return self._wait_acknowledged(mid, f"SUBACK for {topic_filter}")[0]

    def unsubscribe(self, topic_filter):
        self._wait_acknowledged(self.paho.unsubscribe(topic_filter)[1], "UNSUBACK")

    def publish(self, topic, payload, qos=1, retain=False, **v5):
        """Returns once the whole handshake of its QoS is done. `v5` are properties by name."""
        properties = None
        if v5:
            properties = Properties(PacketTypes.PUBLISH)
            for name, value in v5.items():
                setattr(properties, name, value)
        note = self.paho.publish(topic, payload, qos, retain, properties)
        note.wait_for_publish(20 * SLACK)
        assert note.is_published(), f"no acknowledgement for {topic}"

    def publish_all(self, topic, payloads, qos=1):
        """Returns once the handshakes of all are done; they overlap."""
        notes = [self.paho.publish(topic, payload, qos) for payload in payloads]
        for note in notes:
            note.wait_for_publish(60 * SLACK)
            assert note.is_published(), f"no acknowledgement for {topic}"

    def wait_for(self, count, timeout=10.0):
        """The messages received so far, once there are `count`."""
        wait_until(lambda: len(self.messages) >= count, timeout,
                   f"message {count} (there are {len(self.messages)})")
        return list(self.messages)

    def payloads(self):
        return [m.payload for m in self.messages]

    def on(self, topic):
        return [m for m in self.messages if m.topic == topic]

    def drop(self):
        """Vanish without DISCONNECT."""
        self.paho._thread_terminate = True
        self.paho.socket().shutdown(socket.SHUT_RDWR)
        self.paho.loop_stop()

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *exc):
        self.close()


class Observer(Client):
    """Sees what the gateway says about itself and about what it refused."""

    def __init__(self, port):
        super().__init__(port, "observer", V311)
        self.paho.reconnect_delay_set(1, 1)

    def connect(self):
        self.paho.on_connect = self._resubscribe
        super().connect()
        wait_until(lambda: self._acknowledged, 10, "the observer's subscription")
        return self

    def _resubscribe(self, client, owner, flags, code, properties=None):
        self._on_connect(client, owner, flags, code)
        client.subscribe("belfry/#", 1)

    def rejects(self, topic=None):
        """The reject messages as (topic, object), all or those about one original topic."""
        found = [(m.topic, json.loads(m.payload)) for m in list(self.messages)
                 if m.topic.startswith("belfry/reject/")]
        return [r for r in found if topic is None or r[0] == "belfry/reject/" + topic]

    def last_status(self, client_id="belfry-gateway"):
        """What the gateway said last of itself; None before it has said anything."""
        found = [m.payload for m in list(self.messages)
                 if m.topic == f"belfry/gateway/{client_id}"]
        return json.loads(found[-1]) if found else None

    def states(self, client_id="belfry-gateway"):
        """Every state the gateway has shown, oldest first."""
        return [json.loads(m.payload)["state"] for m in list(self.messages)
                if m.topic == f"belfry/gateway/{client_id}"]
