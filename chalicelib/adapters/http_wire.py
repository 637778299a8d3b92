# SPDX-License-Identifier: Apache-2.0
"""HTTP requests as bytes, on connections that are kept: sent at one time, answered at another.

Guarantees that a request is written once, on a connection that was open until then, and never
again; that who answers is who the SDK would trust; and that what fails is the error the SDK's own
HTTP raises for it, so that its retries and our verdicts see no difference. It knows no proxies: who
needs one keeps the SDK's HTTP (`adapters.aws`).

The SDK's way, through three libraries, takes several times as long as the rest of a small call.
Source: RFC 9112, "HTTP/1.1"; botocore.httpsession, for which error is raised when.
"""

import select
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

# What else this needs is imported at the first request, with the SDK: a cold start is shorter so.
if TYPE_CHECKING:
    import http.client
    import ssl

CONNECT_TIMEOUT_S: Final = 2
POOLED_CONNECTIONS: Final = 25
AS_IT_IS: Final = "Accept-Encoding: identity"
"""The SDK's HTTP asks for bodies that are not compressed."""


@dataclass(slots=True, kw_only=True)
class UnderWay:
    """A request that was sent and not answered yet; ``until_s`` of the monotonic clock."""

    connection: "http.client.HTTPConnection"
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer, as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def stream(self) -> Iterable[bytes]:
        """Return the body as the SDK asks for it."""
        return (self.body,)


class Connections:
    """Connections to one service; threads may share them.

    Args:
        url: scheme and host, with the port if it is not that of the scheme.
        read_timeout_s: the longest silence of the service.
    """

    def __init__(self, url: str, read_timeout_s: float) -> None:
        self._url = url
        self._read_timeout_s = read_timeout_s
        self._idle: deque[http.client.HTTPConnection] = deque()

    def begin(self, request: bytes) -> UnderWay:
        """Send one request, and do not wait for the answer.

        Raises:
            BotoCoreError: of the class that the SDK's client would raise.
        """
        connection = self._open()
        # A service may answer and close before it has read it all; then there is an answer.
        with self._raising(connection), suppress(BrokenPipeError):
            connection.send(request)
        until_s = time.monotonic() + self._read_timeout_s
        return UnderWay(connection=connection, until_s=until_s)

    def finish(self, sent: UnderWay) -> Answer:
        """Read the answer to a request.

        Raises:
            BotoCoreError: there is none, or half of one; as of `begin`.
        """
        connection = sent.connection
        with self._raising(connection):
            if time.monotonic() >= sent.until_s and not _readable(connection):
                raise TimeoutError
            with closing(connection.response_class(connection.sock, method="POST")) as answer:
                answer.begin()
                body = answer.read()
        if answer.will_close or len(self._idle) >= POOLED_CONNECTIONS:
            connection.close()
        else:
            self._idle.append(connection)
        return Answer(status=answer.status, headers=tuple(answer.getheaders()), body=body)

    def close(self) -> None:
        """End all connections that wait for a request."""
        while self._idle:
            self._idle.pop().close()

    def _open(self) -> "http.client.HTTPConnection":
        """Return a connection that is open, as far as can be told.

        Raises:
            BotoCoreError: there is none; nothing was sent.
        """
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connected()
            # The service says nothing unasked, so what there is to read is the end.
            if not _readable(connection):
                return connection
            connection.close()

    def _connected(self) -> "http.client.HTTPConnection":
        import socket
        import ssl

        from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, SSLError

        parts = urlsplit(self._url)
        to = (parts.hostname or "", parts.port, CONNECT_TIMEOUT_S)
        made = _secure(*to) if parts.scheme == "https" else _plain(*to)
        try:
            made.connect()
            made.sock.settimeout(self._read_timeout_s)
            made.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            made.close()
            kind = EndpointConnectionError
            if isinstance(error, TimeoutError):
                kind = ConnectTimeoutError
            elif isinstance(error, ssl.SSLError):
                kind = SSLError
            raise kind(endpoint_url=self._url, error=error) from None
        return made

    @contextmanager
    def _raising(self, connection: "http.client.HTTPConnection") -> Iterator[None]:
        """End a connection on which something failed, and raise what the SDK raises then."""
        from http.client import HTTPException

        from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

        try:
            yield
        except (OSError, HTTPException) as error:
            connection.close()
            kind = ReadTimeoutError if isinstance(error, TimeoutError) else ConnectionClosedError
            raise kind(endpoint_url=self._url, error=error) from None


class Carrier:
    """Carries the requests of one SDK client, in the place of its `URLLib3Session`."""

    def __init__(self, read_timeout_s: float) -> None:
        self._read_timeout_s = read_timeout_s
        self._connections: dict[str, Connections] = {}

    def to(self, url: str) -> Connections:
        """Return the connections to the service at ``url``."""
        found = self._connections.get(url)
        if found is None:
            made = Connections(url, self._read_timeout_s)
            found = self._connections.setdefault(url, made)
        return found

    def send(self, request: Any) -> Any:
        """Return the SDK's form of the answer to a request that it wrote and signed.

        Raises:
            BotoCoreError: there is none, as of `Connections`.
        """
        from botocore.awsrequest import AWSResponse

        parts = urlsplit(request.url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        host = _host(parts)
        first = f"{request.method} {path} HTTP/1.1\r\nHost: {host}\r\n{AS_IT_IS}\r\n"
        lines = [first.encode("ascii")]
        for name, value in request.headers.items():
            text = value.encode("ascii") if isinstance(value, str) else value
            lines += (name.encode("ascii"), b": ", text, b"\r\n")
        lines += (b"\r\n", request.body or b"")
        connections = self.to(f"{parts.scheme}://{parts.netloc}")
        answer = connections.finish(connections.begin(b"".join(lines)))
        return AWSResponse(request.url, answer.status, answer.headers, answer)

    def close(self) -> None:
        """End all connections that wait for a request."""
        for connections in tuple(self._connections.values()):
            connections.close()


def answered(under_way: Mapping[int, UnderWay]) -> Sequence[int]:
    """Wait for an answer to any request; return the numbers of those that can be finished now.

    One whose time is over counts as well: finishing it raises.
    """
    poller, by_socket = select.poll(), {}
    for number, sent in under_way.items():
        poller.register(sent.connection.sock, select.POLLIN)
        by_socket[sent.connection.sock.fileno()] = number
    first = min(under_way, key=lambda number: under_way[number].until_s)
    left_s = max(0.0, under_way[first].until_s - time.monotonic())
    return [by_socket[found] for found, _ in poller.poll(left_s * 1000)] or [first]


def _host(parts: SplitResult) -> str:
    """Return the host as the SDK signs it: in small letters, without the scheme's own port."""
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(":443" if parts.scheme == "https" else ":80")


def _readable(connection: "http.client.HTTPConnection") -> bool:
    """Say whether there is anything to read now, the end included."""
    poller = select.poll()
    poller.register(connection.sock, select.POLLIN)
    return bool(poller.poll(0))


def _plain(host: str, port: int | None, timeout_s: float) -> "http.client.HTTPConnection":
    from http.client import HTTPConnection

    return HTTPConnection(host, port, timeout=timeout_s)


def _secure(host: str, port: int | None, timeout_s: float) -> "http.client.HTTPConnection":
    from http.client import HTTPSConnection

    from botocore.session import Session

    context = _tls(Session().get_config_variable("ca_bundle"))
    return HTTPSConnection(host, port, timeout=timeout_s, context=context)


@cache
def _tls(bundle: str | None) -> "ssl.SSLContext":
    """Return what trusts whom the SDK trusts: its own authorities, or those in ``bundle``."""
    import ssl

    from botocore.httpsession import get_cert_path

    context = ssl.create_default_context(cafile=get_cert_path(bundle or True))
    context.set_alpn_protocols(["http/1.1"])
    return context
