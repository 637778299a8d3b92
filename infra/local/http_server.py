# SPDX-License-Identifier: Apache-2.0
"""A small threaded HTTP/1.1 server for the local stack.

It guarantees kept-alive connections without Nagle's delay, one buffered write per answer, bodies
read whole (sized or chunked) up to a limit, and an answer rather than a reset when a body is too
large.
It refuses to name itself: answers carry no Server header. Werkzeug's own server closes every
connection and holds each for 10 ms; on the local stack that was most of the time.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_DRAIN_BYTES = 64 * 1024 * 1024
_IDLE_SECONDS = 75
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came over the wire.

    Args:
        method: as sent, upper case.
        target: path and query, still percent-encoded.
        headers: in order, repeated names kept.
        body: empty when there was none or when it was refused.
        too_large: the body exceeded the server's limit and was thrown away.
        peer: address of the socket's other end.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    too_large: bool
    peer: str

    def header(self, name: str, default: str = "") -> str:
        """Return the last value of a header, names compared without case."""
        wanted = name.lower()
        for key, value in reversed(self.headers):
            if key.lower() == wanted:
                return value
        return default


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer.

    Args:
        status: HTTP status code.
        headers: in order; Content-Length and Date are the server's business.
        body: sent as it is, except to a HEAD request.
        length: what a HEAD answer says the body would be, bytes; None: as long as ``body``.
        drop: close the connection without sending anything.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    length: int | None = None
    drop: bool = False


Respond = Callable[[Request], Answer]


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, asks `respond`, writes each answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    rbufsize = 64 * 1024
    timeout = _IDLE_SECONDS
    server: HttpServer

    def _serve(self) -> None:
        try:
            body, too_large = self._read_body()
        except ValueError:
            self.close_connection = True
            self._write(Answer(status=HTTPStatus.BAD_REQUEST))
            return
        request = Request(
            method=self.command,
            target=self.path,
            headers=tuple(self.headers.items()),
            body=body,
            too_large=too_large,
            peer=str(self.client_address[0]),
        )
        answer = self.server.respond(request)
        if answer.drop:
            self.close_connection = True
            return
        self._write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = _serve  # noqa: N815

    def _read_body(self) -> tuple[bytes, bool]:
        """Return the body and whether it was too large to keep.

        Raises:
            ValueError: neither a length nor chunks that make sense, or a body cut short: who sent
                it is gone, and what they asked for must not be done by half.
        """
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return self._read_chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if length < 0:
            raise ValueError("negative length")
        if length <= self.server.max_body_bytes:
            return self._read(length), False
        self._drain(length)
        return b"", True

    def _read_chunks(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        total = 0
        while True:
            size = int(self.rfile.readline(1024).split(b";", 1)[0].strip() or b"x", 16)
            if size < 0:
                raise ValueError("negative chunk")
            if size == 0:
                while self.rfile.readline(65536).strip():
                    pass  # Trailers mean nothing here; they only have to be consumed.
                return (
                    (b"", True) if total > self.server.max_body_bytes else (b"".join(parts), False)
                )
            total += size
            if total > self.server.max_body_bytes:
                parts.clear()
                self._drain(size)
            else:
                parts.append(self._read(size))
            self.rfile.readline(8)

    def _read(self, length: int) -> bytes:
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            raise ValueError("a body cut short")
        return body

    def _drain(self, length: int) -> None:
        """Read and forget a refused body, so that the client reads an answer and not a reset."""
        if length > _DRAIN_BYTES:
            self.close_connection = True
            length = _DRAIN_BYTES
        while length > 0:
            read = len(self.rfile.read(min(length, 1024 * 1024)))
            if not read:
                return
            length -= read

    def _write(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            self.send_header(name, value.encode("utf-8", "surrogateescape").decode("latin-1"))
        if answer.status not in _BODILESS and answer.status >= HTTPStatus.OK:
            length = len(answer.body) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in _BODILESS:
            self.wfile.write(answer.body)
        self.wfile.flush()

    def send_error(self, code: int, *_: str | None) -> None:
        """Answer what the parser itself refuses in the server's own words, not in an HTML page."""
        self.close_connection = True
        if not getattr(self, "command", None):
            self.command = "GET"
        if not hasattr(self, "requestline"):
            self.requestline = ""
        if not getattr(self, "request_version", ""):
            self.request_version = "HTTP/1.1"
        self._write(self.server.refuse(int(code)))

    def handle_expect_100(self) -> bool:
        """Tell a waiting client to go on, at once: answers are buffered, this must not be."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def handle_one_request(self) -> None:
        """Serve one request; a client that goes away is not an error."""
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Write nothing: a request line may hold a token."""


class HttpServer(ThreadingHTTPServer):
    """A server that answers every request with `respond`.

    Args:
        address: host and port; port 0 picks a free one.
        respond: called in the connection's own thread.
        max_body_bytes: larger bodies are drained and reported as too large.
        refuse: answers what cannot be parsed as a request; given a status code.
        listening: an already listening socket to use instead of binding `address`.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self,
        address: tuple[str, int],
        respond: Respond,
        *,
        max_body_bytes: int,
        refuse: Callable[[int], Answer] | None = None,
        listening: socket.socket | None = None,
    ) -> None:
        self.respond = respond
        self.max_body_bytes = max_body_bytes
        self.refuse = refuse or (lambda code: Answer(status=code))
        super().__init__(address, _Handler, bind_and_activate=listening is None)
        if listening is not None:
            self.socket.close()
            self.socket = listening
            self.server_address = listening.getsockname()

    @property
    def port(self) -> int:
        """The port the server listens on."""
        return int(self.server_address[1])

    def serve_forever(self, poll_interval: float = 0.1) -> None:
        """Serve until `shutdown`, which then returns within the poll interval (seconds)."""
        super().serve_forever(poll_interval)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the standard library, which may ask a name server."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a failing handler be seen with its traceback; the connection is closed."""
        super().handle_error(request, client_address)
