# SPDX-License-Identifier: MIT
"""
A steady stream of numbered results, and the account of it.

Every result carries its number in its output ("number 17"), so that what was acknowledged to the
publisher can be compared with what Nagios has applied, one by one.
"""
import json
import select
import sys
import threading
import time
from collections import Counter

import packet
from packet import Wire
from wait import wait_until

WINDOW = 2000  # unacknowledged messages before the stream holds back


class Load:
    """
    `rate` results a second at QoS 1 over hosts h0… and services s0…, from a thread: `count` of them,
    or until stop().
    """

    def __init__(self, port, rate, hosts, services, count=sys.maxsize):
        self.port, self.rate, self.hosts, self.services = port, rate, hosts, services
        self.count = count
        self.sent = 0                # numbers below this were published
        self.acknowledged = set()
        self.acknowledged_at = {}    # number -> seconds from publish to PUBACK
        self.connections = 0
        self._stop, self._abandoned = threading.Event(), False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._wire, self._open, self._failure = None, {}, None

    def start(self):
        self._thread.start()
        wait_until(lambda: self.acknowledged or self._failure, 10, "the first acknowledgement")
        return self

    def finish(self):
        """Return when all `count` are published and acknowledged."""
        wait_until(lambda: self.sent >= self.count or self._failure, 2 * self.count / self.rate + 30,
                   "the last result published")
        self.stop()

    def stop(self):
        """Publish no more; return when what is on its way has been acknowledged."""
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "acknowledgements are missing for a minute"
        if self._failure:
            raise self._failure

    def abandon(self):
        """End the thread, whatever is still on its way."""
        self._stop.set()
        self._abandoned = True
        self._thread.join()

    def target(self, number):
        return (f"h{number % self.hosts}",
                f"s{number // self.hosts % self.services}")

    def _message(self, number):
        host, service = self.target(number)
        payload = json.dumps({"code": number % 4, "reason": f"number {number}"})
        return packet.publish(f"nagios/{host}/{service}", payload, 1, self._packet_id(number))

    @staticmethod
    def _packet_id(number):
        return number % 65535 + 1

    def _run(self):
        try:
            self._publish_until_stopped()
        except Exception as failure:  # shown by stop()
            self._failure = failure

    def _publish_until_stopped(self):
        begin = time.monotonic()
        while not self._stop.is_set() or self._open and not self._abandoned:
            if self._wire is None and not self._reconnect():
                continue
            due = int((time.monotonic() - begin) * self.rate)
            count = min(due - self.sent, self.count - self.sent, WINDOW - len(self._open), 200)
            try:
                if count > 0 and not self._stop.is_set():
                    now = time.monotonic()
                    numbers = range(self.sent, self.sent + count)
                    self.sent += count
                    self._open.update((self._packet_id(n), (n, now)) for n in numbers)
                    self._wire.send(b"".join(map(self._message, numbers)))
                self._take_acknowledgements(0.002)
            except OSError:
                # Not acknowledged means not promised: what was on its way is nobody's.
                self._wire.close()
                self._wire, self._open = None, {}

    def _reconnect(self):
        try:
            self._wire = Wire.to(self.port)
            self._wire.connect(f"load-{self.port}")
            self.connections += 1
        except (OSError, AssertionError):
            self._wire = None
            self._stop.wait(0.02)
        return self._wire is not None

    def _take_acknowledgements(self, timeout):
        if not select.select([self._wire.sock], [], [], timeout)[0]:
            return
        data = self._wire.sock.recv(65536)
        if not data:
            raise ConnectionError("the broker closed")
        self._wire.feed(data)
        while found := self._wire.take():
            number, at = self._open.pop(packet.packet_id_of(found), (None, 0))
            if number is not None:
                self.acknowledged.add(number)
                self.acknowledged_at[number] = time.monotonic() - at


class Account:
    """What became of a load: `applied` counts every number Nagios has applied."""

    def __init__(self, load, nagios):
        self.load, self.nagios = load, nagios
        self.applied, self._read = Counter(), 0
        self._newest, self._newest_time, self._last, self.disordered = {}, {}, {}, 0

    def update(self):
        """Read what Nagios has applied since; returns how many numbers are known applied."""
        results = self.nagios.results()
        for result in results[self._read:]:
            if not result.output.startswith("number "):
                continue
            number = int(result.output[7:])
            target = (result.host, result.service)
            if target != self.load.target(number):
                raise AssertionError(f"number {number} was applied to {target}")
            if not self.applied[number]:
                # A number met first after a higher one of the same service came out of order.
                self.disordered += (number < self._newest.get(target, -1)
                                    or result.time < self._newest_time.get(target, 0))
                self._newest[target] = max(number, self._newest.get(target, -1))
                self._newest_time[target] = result.time
            self.applied[number] += 1
            self._last[target] = number
        self._read = len(results)
        return len(self.applied)

    def is_complete(self):
        self.update()
        return not self.lost()

    def has_reached(self, number):
        """A result published at `number` or later has been applied."""
        self.update()
        return any(newest >= number for newest in self._newest.values())

    def lost(self):
        return self.load.acknowledged - self.applied.keys()

    def not_newest(self):
        """Objects that show another result than the newest that was applied to them."""
        return sorted(t for t, number in self._last.items() if number != self._newest[t])

    def twice(self):
        return sum(1 for times in self.applied.values() if times > 1)
