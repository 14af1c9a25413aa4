# SPDX-License-Identifier: MIT
"""
Stand-ins for servers that take records over HTTP, strict about what they are sent: Elasticsearch's
_bulk, Loki's push, and a webhook. They misbehave as they are told.
"""
import gzip
import json
import re
import socket
import ssl
import threading
from dataclasses import dataclass

from broker import free_port

CUT = object()      # the connection is closed in place of an answer
SILENT = object()   # no answer, for as long as the client has patience
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


def answer(status, body=b"", *headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers = ("Content-Type: application/json", *headers)
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(status, body):
    pieces = [body[i:i + 7] for i in range(0, len(body), 7)] + [b""]
    return (f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n".encode() +
            b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces))


def cut_before(data, what):
    """The beginning of an answer; the connection is closed behind it."""
    return data[:data.index(what)], True


class Refused(Exception):
    """The request is not one that the real server would take."""


@dataclass
class Request:
    target: str
    headers: dict   # names in lower case
    body: bytes     # unpacked

    def kind(self):
        return self.headers.get("content-type", "").partition(";")[0]


def unpacked(headers, body):
    coding = headers.get("content-encoding")
    if coding not in (None, "gzip"):
        raise Refused(f"Content-Encoding {coding}")
    return gzip.decompress(body) if coding else body


class Sink:
    """
    behave(n, request), n counted from 0, gives what is sent in place of the usual answer: None, the
    bytes, (bytes, True) to close behind them, CUT or SILENT. What was stored before that is the
    server's own affair: `stores_first` says whether it is.
    """

    def __init__(self, port=None, certificate=None, key=None, client_ca=None):
        self.port = port or free_port()
        self.requests, self.complaints, self.connections = [], [], 0
        self.behave = lambda n, request: None
        self.stores_first = False
        self.lock = threading.RLock()
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
            if client_ca:
                self._context.load_verify_locations(client_ca)
                self._context.verify_mode = ssl.CERT_REQUIRED
        self._sockets, self._listener = set(), None
        self.open()

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        """As when its process ends: nobody listens, open connections break."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self.lock:
            for one in list(self._sockets):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with self.lock:
                self._sockets.add(connection)
                self.connections += 1
            with connection:
                self._talk(connection)
        except OSError:
            pass
        finally:
            with self.lock:
                self._sockets.discard(connection)

    def _talk(self, stream):
        pending = b""
        while True:
            while b"\r\n\r\n" not in pending:
                came = stream.recv(65536)
                if not came:
                    return
                pending += came
            head, _, pending = pending.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
            length = int(headers["content-length"])
            while len(pending) < length:
                came = stream.recv(65536)
                if not came:
                    return
                pending += came
            body, pending = pending[:length], pending[length:]
            if not self._reply(stream, first, headers, body):
                return

    def _reply(self, stream, first, headers, body):
        """False when the connection is to be closed."""
        method, target, version = first.split(" ")
        reply, close = None, False
        with self.lock:
            try:
                if (method, version) != ("POST", "HTTP/1.1"):
                    raise Refused(first)
                request = Request(target, headers, unpacked(headers, body))
                number = len(self.requests)
                self.requests.append(request)
                reply = self.behave(number, request)
                if reply is None or self.stores_first:
                    usual = self.take(request)
                    reply = usual if reply is None else reply
            except (Refused, ValueError) as why:
                self.complaints.append(str(why))
                reply = answer(400, str(why).encode(), "Content-Type: text/plain")
        if reply is CUT:
            return False
        if reply is SILENT:
            stream.recv(1)
            return False
        if isinstance(reply, tuple):
            reply, close = reply
        stream.sendall(reply)
        return not close

    def take(self, request):
        """Store what is in it, or raise Refused; returns the answer."""
        raise NotImplementedError

    def was_sent_nothing_wrong(self):
        assert not self.complaints, self.complaints


class Webhook(Sink):
    """Stores `records`: what arrays, lines, or bodies hold."""

    def __init__(self, **how):
        self.records = []
        super().__init__(**how)

    def take(self, request):
        if request.kind() == "application/json":
            came = json.loads(request.body)
            self.records += came if isinstance(came, list) else [came]
        elif request.kind() == "application/x-ndjson":
            if not request.body.endswith(b"\n"):
                raise Refused("the last line does not end")
            self.records += [json.loads(line) for line in request.body[:-1].split(b"\n")]
        else:
            self.records.append(request.body.decode())
        return answer(200, b"ok")


class Bulk(Sink):
    """
    Elasticsearch's _bulk. `documents`: id -> (index, document). `refuse(document)` gives None or
    (status, type, reason) for the item.
    """

    def __init__(self, **how):
        self.documents, self.refuse = {}, lambda document: None
        super().__init__(**how)

    def take(self, request):
        if request.target.partition("?")[0] != "/_bulk":
            raise Refused(request.target)
        if request.kind() not in ("application/x-ndjson", "application/json"):
            raise Refused(f"Content-Type header [{request.kind()}] is not supported")
        if not request.body.endswith(b"\n"):
            raise Refused("The bulk request must be terminated by a newline [\\n]")
        lines = request.body[:-1].split(b"\n")
        if len(lines) % 2:
            raise Refused("an action without a document")
        items = [self._create(*pair) for pair in zip(lines[::2], lines[1::2])]
        errors = any("error" in item for item in items)
        return answer(200, {"errors": errors, "items": [{"create": item} for item in items]})

    def _create(self, action, document):
        action = json.loads(action)
        if list(action) != ["create"] or set(action["create"]) != {"_index", "_id"}:
            raise Refused(f"Malformed action {action}")
        index, ident = action["create"]["_index"], action["create"]["_id"]
        if index != index.lower() or not index or len(ident.encode()) > 512:
            return {"status": 400, "error": {"type": "invalid_index_name_exception", "reason": index}}
        document = json.loads(document)
        if not isinstance(document, dict):
            raise Refused(f"no object: {document}")
        refusal = self.refuse(document)
        if refusal:
            status, kind, reason = refusal
            return {"status": status, "error": {"type": kind, "reason": reason}}
        if ident in self.documents:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception",
                                             "reason": f"[{ident}]: document already exists"}}
        self.documents[ident] = index, document
        return {"status": 201}


class Loki(Sink):
    """
    `lines`: (labels as JSON, time in ns, line), each once. What is before `oldest` is refused, and
    the rest of the request taken, as Loki does.
    """

    def __init__(self, **how):
        self.lines, self.oldest = [], 0
        super().__init__(**how)

    def take(self, request):
        if request.target != "/loki/api/v1/push" or request.kind() != "application/json":
            raise Refused(f"{request.target} {request.kind()}")
        push = json.loads(request.body)
        if list(push) != ["streams"] or not push["streams"]:
            raise Refused(f"no streams: {push}")
        refused = [why for stream in push["streams"] for why in self._stream(**stream)]
        if refused:
            return answer(400, refused[-1].encode(), "Content-Type: text/plain; charset=utf-8")
        return answer(204)

    def _stream(self, stream, values):
        if not stream or any(not LABEL.match(k) or not isinstance(v, str) for k, v in stream.items()):
            raise Refused(f"labels {stream}")
        if len(stream) > 15:
            raise Refused("too many labels")
        labels, before, refused = json.dumps(stream, sort_keys=True), 0, []
        for time, line in values:
            if not time.isdigit() or not isinstance(line, str) or int(time) < before:
                raise Refused(f"[{time}, {line}] after {before}")
            before = int(time)
            if int(time) < self.oldest:
                refused.append(f"entry for stream '{stream}' has timestamp too old: {time}\n")
            elif (labels, int(time), line) not in self.lines:
                self.lines.append((labels, int(time), line))
        return refused
