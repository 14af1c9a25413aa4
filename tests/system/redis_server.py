# SPDX-License-Identifier: MIT
"""redis-server and its sentinel, a small client for both, and who reads a list as Logstash does."""
import socket
import ssl

from broker import free_port, is_listening
from process import Process, give_away
from wait import wait_until

REDIS = "/usr/bin/redis-server"

# What Logstash's input redis does with batch_count > 1: one script that takes from the head.
LOGSTASH_SCRIPT = """
local taken = redis.call('lrange', KEYS[1], 0, ARGV[1])
redis.call('ltrim', KEYS[1], ARGV[1] + 1, -1)
return taken
"""


class RedisError(Exception):
    """What the server has said with a "-" in front."""


class Client:
    """Speaks RESP2 over a socket; an answer is bytes, an int, None or a list of these."""

    def __init__(self, port=None, path=None, password=None, user=None, tls=None, timeout=10):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(str(path))
        else:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self._pending = self.socket.makefile("rb")
        if password:
            self.call("AUTH", *([user] if user else []), password)

    @staticmethod
    def encode(*words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)

    def send(self, *words):
        self.socket.sendall(self.encode(*words))

    def answer(self):
        line = self._pending.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server has closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._pending.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.answer() for _ in range(int(rest))]
        return rest

    def call(self, *words):
        self.send(*words)
        return self.answer()

    def close(self):
        self._pending.close()
        self.socket.close()


class LogstashReader:
    """Takes the elements of a list off its head, by script (batch > 1) or one by one with BLPOP."""

    def __init__(self, client, key="logstash", batch=125):
        self.client, self.key, self.batch = client, key, batch
        self._script = client.call("SCRIPT", "LOAD", LOGSTASH_SCRIPT)

    def take(self):
        """What is there now, at most a batch."""
        if self.batch == 1:
            taken = self.client.call("BLPOP", self.key, 1)
            return [taken[1]] if taken else []
        return self.client.call("EVALSHA", self._script, 1, self.key, self.batch - 1)

    def take_all(self, count, timeout=30):
        """Until there are so many."""
        taken = []

        def enough():
            while len(taken) < count and (more := self.take()):
                taken.extend(more)
            return len(taken) >= count
        wait_until(enough, timeout, f"{count} elements in the list {self.key}")
        return taken


class Redis:
    """`lines` go into its configuration file; `sentinel` makes it one. It listens on `port`."""

    def __init__(self, folder, lines=(), port=None, tls=None, sentinel=False, name="redis"):
        self.folder, self.port, self.tls = give_away(folder), port or free_port(), tls
        self.config = self.folder / "redis.conf"
        self.password = None
        listen = [f"port {self.port}"] if not tls else ["port 0", f"tls-port {self.port}"]
        common = [] if sentinel else ["save \"\"", "appendonly no"]
        self.config.write_text("\n".join(["bind 127.0.0.1", "daemonize no", f"dir {self.folder}",
                                          *listen, *common, *lines, ""]))
        give_away(self.config)  # a sentinel rewrites it
        self.process = Process(name, [REDIS, self.config, *(["--sentinel"] if sentinel else [])],
                               self.folder)

    def _context(self):
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=str(self.tls["ca"]))
        if self.tls.get("certificate"):
            context.load_cert_chain(*map(str, self.tls["certificate"]))
        return context

    def client(self, **how):
        return Client(self.port, tls=self._context(), **{"password": self.password, **how})

    def call(self, *words):
        """The answer, once the server has read its file back (until then it says LOADING)."""
        def answer():
            client = self.client()
            try:
                return (client.call(*words),)
            except RedisError as error:
                if not str(error).startswith("LOADING"):
                    raise
                return None
            finally:
                client.close()
        return wait_until(answer, 10, "redis-server to have read its file")[0]

    def start(self):
        self.process.start()
        return self.wait_listening()

    def wait_listening(self):
        wait_until(lambda: is_listening(self.port) or not self.process.is_running(), 10,
                   "redis-server listening")
        assert self.process.is_running(), "redis-server ended"
        return self

    def is_loaded(self):
        try:
            return self.call("PING") == b"PONG"
        except (RedisError, OSError):
            return False

    def length(self, key="logstash"):
        return self.call("LLEN", key)

    def end(self):
        return self.process.end()

    def kill(self):
        self.process.kill()
