# SPDX-License-Identifier: MIT
"""What is measured on both brokers, and what is asked of ours."""

from dataclasses import dataclass
from typing import Optional


@dataclass
class Workload:
    """
    `kind` says what is measured and what `target` (None: told, not required) means:

        speed    messages per broker-CPU-second; target: how many times the peer's
        latency  target: p50 in ms
        memory   bytes per connection; target: bytes

    `settings` is for both brokers, and that with which Mosquitto does best (measured; where nothing
    stands, its default does).
    """
    name: str
    arguments: list
    kind: str
    target: Optional[float] = None
    settings: str = ""
    transport: str = "tcp"


WORKLOADS = [
    Workload("fan-in 100 -> 1, QoS 0", ["fan-in", "--qos", 0], "speed", 8),
    Workload("fan-in 100 -> 1, QoS 1", ["fan-in", "--qos", 1], "speed", 8,
             "max_inflight_messages 100"),
    Workload("fan-in 100 -> 1, QoS 2", ["fan-in", "--qos", 2], "speed", None,
             "max_inflight_messages 1000"),
    Workload("fan-out 1 -> 100, QoS 0", ["fan-out", "--qos", 0], "speed", 15),
    Workload("fan-out 1 -> 100, QoS 1", ["fan-out", "--qos", 1], "speed"),
    Workload("2000 publishers, 1 in flight", ["many"], "speed", 1.5, "max_inflight_messages 1000"),
    Workload("shared by 4, QoS 1", ["share"], "speed"),
    Workload("TLS fan-in 100 -> 1, QoS 0", ["fan-in", "--qos", 0], "speed", 4, transport="tls"),
    Workload("TLS fan-in 100 -> 1, QoS 1", ["fan-in", "--qos", 1], "speed", None,
             "max_inflight_messages 100", "tls"),
    Workload("TLS fan-out 1 -> 100, QoS 0", ["fan-out", "--qos", 0], "speed", transport="tls"),
    Workload("WebSocket fan-in, QoS 0", ["fan-in", "--qos", 0], "speed", transport="ws"),
    Workload("WebSocket fan-out, QoS 0", ["fan-out", "--qos", 0], "speed", transport="ws"),
    Workload("20,000/s open loop, QoS 0", ["steady", "--rate", 20000, "--qos", 0], "latency", 1.5),
    Workload("5,000/s open loop, QoS 1", ["steady", "--rate", 5000, "--qos", 1], "latency"),
    Workload("idle connections", ["idle"], "memory", 2048),
    Workload("idle TLS connections", ["idle"], "memory", 20480, transport="tls"),
    Workload("idle WebSocket connections", ["idle"], "memory", transport="ws"),
]

# name, kind, target, which of the two runs. `retained` is bytes per message beyond topic and payload.
RETAINED = [
    ("retained stores, QoS 1", "speed", None, "store"),
    ("retained replay, QoS 0", "speed", None, "replay"),
    ("retained message", "retained", 400, "store"),
]
