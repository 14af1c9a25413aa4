# SPDX-License-Identifier: MIT
"""A question to a gateway, as MQTT 5 and 3.1.1 carry it, and publishing with a receipt."""
import json

from mqtt import V5, Client
from wait import wait_until

REPLY = "belfry/reply/test"


class Asker(Client):
    """Listens to `topic` and below; `answers` are what came there, as objects."""

    def __init__(self, port, client_id="asker", version=V5, topic=REPLY):
        super().__init__(port, client_id, version)
        self.topic = topic

    def connect(self):
        super().connect()
        self.subscribe(self.topic + "/#")
        return self

    def answers(self):
        return [json.loads(m.payload) for m in list(self.messages)]

    def ask(self, body, client_id="belfry-gateway", **properties):
        """Returns the pages of the answer, the last of which has the end."""
        seen = len(self.messages)
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if self.version == V5:
            properties = {"ResponseTopic": self.topic, **properties}
        self.publish(f"belfry/gateway/{client_id}/ask", body, **properties)
        wait_until(lambda: any("end" in a for a in self.answers()[seen:]), 10, "an answer")
        return self.answers()[seen:]

    def submit(self, topic, payload, correlation=b"c", response=REPLY):
        """Publish with a wish for receipts. Returns how many messages came before."""
        seen = len(self.messages)
        self.publish(topic, json.dumps(payload), ResponseTopic=response,
                     CorrelationData=correlation)
        return seen

    def receipts(self, seen, count):
        """The receipts behind `seen`, once there are `count`."""
        self.wait_for(seen + count)
        return self.answers()[seen:]

