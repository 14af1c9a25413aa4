# SPDX-License-Identifier: MIT
"""A stand-in for Icinga's API that misbehaves as it is told, and notes what it was sent."""
import json
import re
import socket
import ssl
import threading

from broker import free_port
from wait import let_pass

START = "1795384096.25"
ANSWERS = {
    "/v1": {"results": [{"permissions": ["*"], "user": "gateway"}]},
    "/v1/status/IcingaApplication": {"results": [{"status": {"icingaapplication": {
        "app": {"pid": 7, "program_start": 1795384096.25}}}}]},
}
TAKEN = {"results": [{"code": 200, "status": "Successfully processed."}]}


def answer(status, body, *headers):
    body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(body):
    body = json.dumps(body).encode()
    pieces = [body[i:i + 7] for i in range(0, len(body), 7)] + [b""]
    return (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
            b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces))


class OddServer:
    """
    behave(n, body) gives what to send for the nth result it is sent (counted from 0): bytes, or
    (bytes, True) to close behind them. Without it every result is taken. `records` tells how many
    results each TLS record began.
    """

    def __init__(self, certificate, key):
        self.port, self.results, self.connections = free_port(), [], 0
        self.records = []
        self.behave = lambda n, body: answer(200, TAKEN)
        self._lock = threading.Lock()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self._open:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with self._context.wrap_socket(connection, server_side=True) as stream:
                self.connections += 1
                self._talk(stream)
        except OSError:
            pass

    def _talk(self, stream):
        pending = b""
        while self._open:
            while b"\r\n\r\n" not in pending:
                came = stream.recv(65536)
                if not came:
                    return
                pending += came
                if b"POST " in came:
                    self.records.append(came.count(b"POST "))
            head, _, pending = pending.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            length = int(length[1]) if length else 0
            while len(pending) < length:
                pending += stream.recv(65536)
            body, pending = pending[:length], pending[length:]
            data, close = self._reply(head.split()[1].decode(), body)
            stream.sendall(data)
            if close:
                return

    def _reply(self, path, body):
        if path in ANSWERS:
            return answer(200, ANSWERS[path]), False
        with self._lock:
            number = len(self.results)
            self.results.append(json.loads(body)["plugin_output"])
            reply = self.behave(number, body)
        return reply if isinstance(reply, tuple) else (reply, False)

    def close(self):
        self._open = False
        self._listener.close()


def slowly(data, seconds):
    """`data`, after a while."""
    let_pass(seconds)
    return data
