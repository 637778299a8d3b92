# SPDX-License-Identifier: Apache-2.0
"""SES on a bare socket, which can fail at any byte, for the adapter behind the real SDK.

It guarantees that a request is counted once its head has come, whatever becomes of the rest. It
checks nothing: what SES refuses is for infra/local's endpoint to say.
"""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import pytest

from chalicelib.adapters import aws

BULK = "/v2/email/outbound-bulk-emails"
ONE = "/v2/email/outbound-emails"
RETRYING = {"AWS_MAX_ATTEMPTS": "5", "AWS_RETRY_MODE": "adaptive"}
"""An environment that asks the SDK to try again."""


class Fault(StrEnum):
    """Where a connection fails."""

    AFTER_BODY = "dropped after the body was read"
    STALL = "no answer for longer than the client waits"
    HALF = "half an answer"
    NONSENSE = "an answer that is no JSON"
    CLOSED = "the whole answer, then the end of the connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server is to do with a request."""

    status: int = 200
    code: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    fault: Fault | None = None


def accepting(path: str, body: dict[str, Any]) -> Reply:
    """Take everything."""
    if path == BULK:
        results = [
            {"Status": "SUCCESS", "MessageId": f"id-{place}"}
            for place, _ in enumerate(body["BulkEmailEntries"])
        ]
        return Reply(body={"BulkEmailEntryResults": results})
    return Reply(body={"MessageId": "id-one"})


def refusing(status: int, code: str, *, path: str | None = None) -> "Answerer":
    """Refuse every request, or those of one operation."""

    def answer(asked: str, body: dict[str, Any]) -> Reply:
        if path in (None, asked):
            return Reply(status=status, code=code, body={"message": "visitor@example.org"})
        return accepting(asked, body)

    return answer


def failing(fault: Fault) -> "Answerer":
    """Take every request, and fail on the way."""

    def answer(path: str, body: dict[str, Any]) -> Reply:
        return replace(accepting(path, body), fault=fault)

    return answer


Answerer = Callable[[str, dict[str, Any]], Reply]


@dataclass(slots=True)
class Wire:
    """What came over the wire, and what it is answered.

    Attributes:
        requests: path and JSON of each request; {} when its body was not read.
        sizes: bytes of each body, as its head told.
        heads: headers of each request, by their names in small letters.
        bodies: the bytes of each body that was read, by the place of its request.
        at_once: the most requests that were under way together.
        connections: how many were made.
        drops_early: whether to drop every connection once a head came, its body unread.
        ended: set once a connection was closed by the server.
    """

    answer: Answerer = accepting
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: dict[int, bytes] = field(default_factory=dict)
    under_way: int = 0
    at_once: int = 0
    connections: int = 0
    drops_early: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def addresses(self) -> list[str]:
        """Return every address a request was for, in the order of the requests."""
        found = []
        for _, body in self.requests:
            for entry in body.get("BulkEmailEntries", [body]):
                found += entry["Destination"]["ToAddresses"]
        return found

    def entered(self, path: str, head: dict[str, str]) -> int:
        with self.lock:
            self.requests.append((path, {}))
            self.sizes.append(int(head.get("content-length", 0)))
            self.heads.append(head)
            self.under_way += 1
            self.at_once = max(self.at_once, self.under_way)
            return len(self.requests) - 1

    def left(self) -> None:
        with self.lock:
            self.under_way -= 1


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        super().__init__(("127.0.0.1", 0), _Handler)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.wire.ended.set()

    def handle_error(self, *_: object) -> None:
        """A client that went away is what half of the tests are about."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with self.server.wire.lock:
            self.server.wire.connections += 1
        while self._one():
            pass

    def _one(self) -> bool:
        """Answer one request; say whether the connection stays."""
        first = self.rfile.readline().decode("ascii")
        if not first:
            return False
        path, head = first.split(" ")[1], {}
        while (line := self.rfile.readline().decode("ascii").strip()) != "":
            name, _, value = line.partition(":")
            head[name.lower()] = value.strip()
        place = self.server.wire.entered(path, head)
        try:
            return self._reply(path, place, int(head.get("content-length", 0)))
        finally:
            self.server.wire.left()

    def _reply(self, path: str, place: int, length: int) -> bool:
        wire = self.server.wire
        if wire.drops_early:
            return self._drop()
        wire.bodies[place] = self.rfile.read(length)
        body = json.loads(wire.bodies[place] or b"{}")
        wire.requests[place] = (path, body)
        reply = wire.answer(path, body)
        if reply.fault is Fault.AFTER_BODY:
            return self._drop()
        if reply.fault is Fault.STALL:
            wire.released.wait(20)
            return False
        out = b"<html>" if reply.fault is Fault.NONSENSE else json.dumps(reply.body).encode()
        head = [f"HTTP/1.1 {reply.status} X", f"Content-Length: {len(out)}"]
        head += [f"x-amzn-ErrorType: {reply.code}"] if reply.code else []
        cut = out[: len(out) // 2] if reply.fault is Fault.HALF else out
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + cut)
        return reply.fault in (None, Fault.NONSENSE)

    def _drop(self) -> bool:
        self.connection.shutdown(socket.SHUT_RDWR)
        return False


@contextmanager
def ses_wire(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Iterator[Wire]:
    """Serve, with the SDK's clients made anew for this server and ``environment``."""
    wire = Wire()
    server = _Server(wire)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    own = {
        "AWS_ENDPOINT_URL_SESV2": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-north-1",
    }
    for name, value in (own | environment).items():
        monkeypatch.setenv(name, value)
    aws.forget_clients()
    try:
        yield wire
    finally:
        wire.released.set()
        aws.client("sesv2").close()
        aws.forget_clients()
        server.shutdown()
        thread.join()
        server.server_close()
