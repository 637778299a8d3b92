# SPDX-License-Identifier: Apache-2.0
"""Single mails to SES, several under way at once on one thread: each begun, its answer read later.

Guarantees that what leaves is what the SDK's client would send: its address, its headers and its
signature, learnt from a request that the SDK made and signed and that never left; that a mail is
in one HTTP request, on a connection that was open until then; and that what fails is raised as the
SDK raises it. Refuses proxies and other signatures than version 4: then there is no `Wire`.

The SDK answers a request before it begins the next, so that eight at a time take eight threads;
handing the interpreter from thread to thread costs more than the mails. It also goes the whole way
from parameters to headers for each mail, where two mails of one second differ in nothing but body,
its hash, and the signature.
Source: AWS IAM User Guide, "Create a signed AWS API request" (what a signature is over); Botocore,
"Events" (``before-send`` may answer in the place of the service).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from chalicelib.adapters import aws
from chalicelib.adapters.http_wire import AS_IT_IS, Answer, Carrier, UnderWay, answered

OPERATION: Final = "SendEmail"
_SIGNATURE: Final = "v4"
_UNTOLD: Final = "x-amzn-trace-id"
"""The SDK tells which invocation a request is of; what was learnt would be of another one."""
_NAME: Final = "sesv2 wire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the SDK sends mail: where to, with which headers, signed by whom and for what."""

    url: str
    headers: tuple[tuple[str, str], ...]
    signer: Any
    service: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    """All that the requests of one second share, written and signed for by the SDK."""

    time: str
    auth: Any
    request: Any
    canonical: str
    head: str


class Wire:
    """Requests of ``SendEmail``; threads may share it."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._stamp: _Stamp | None = None
        parts = urlsplit(way.url)
        self._carrier = Carrier(aws.SES_READ_TIMEOUT_S)
        self._connections = self._carrier.to(f"{parts.scheme}://{parts.netloc}")

    def exchange(
        self, bodies: Iterator[bytes], at_once: int
    ) -> Iterator[tuple[int, dict[str, Any] | Exception]]:
        """Make a request of each body; yield its number and what came of it, as answers come.

        The next body is not asked for before every answer that was waited for is yielded. What
        came is the answer, or the error that the SDK's client would raise.

        Args:
            at_once: the most requests that are under way together.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        waiting: Iterator[tuple[int, bytes]] = enumerate(bodies)
        under_way: dict[int, UnderWay] = {}
        try:
            while True:
                for number, body in islice(waiting, at_once - len(under_way)):
                    try:
                        under_way[number] = self._connections.begin(self._head(body) + body)
                    except BotoCoreError as error:
                        yield number, error
                if not under_way:
                    return
                for number in answered(under_way):
                    sent = under_way.pop(number)
                    try:
                        yield number, _read(self._connections.finish(sent))
                    except (BotoCoreError, ClientError) as error:
                        yield number, error
        finally:
            for sent in under_way.values():
                sent.connection.close()

    def close(self) -> None:
        """End all connections that wait for a request."""
        self._carrier.close()

    def _head(self, body: bytes) -> bytes:
        """Return the request's line and headers, signed."""
        stamp = self._stamp
        if stamp is None or stamp.time != _now():
            stamp = self._stamp = _stamped(self._way)
        canonical = f"{stamp.canonical}\n{hashlib.sha256(body).hexdigest()}"
        auth = stamp.auth
        signature = auth.signature(auth.string_to_sign(stamp.request, canonical), stamp.request)
        return f"{stamp.head}{signature}\r\nContent-Length: {len(body)}\r\n\r\n".encode("ascii")


def of_process() -> Wire | None:
    """Return this process's wire; None where the SDK has to send by itself."""
    made: Wire | None = aws.kept(_NAME, _make)
    return made


def _make() -> Wire | None:
    way = learnt()
    return None if way is None else Wire(way)


def learnt() -> Way | None:
    """Return how a new client of the SDK sends mail; nothing leaves this machine for it.

    Raises:
        BotoCoreError: it would not come to send, for want of a region or of credentials.
    """
    from botocore.awsrequest import AWSResponse

    found: list[Way] = []
    nothing = Answer(status=HTTPStatus.OK, headers=(), body=b"{}")

    def note(signature_version: str, **told: Any) -> None:
        if signature_version == _SIGNATURE:
            found.append(_way(**told))

    def answer(request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, nothing.status, nothing.headers, nothing)

    client = aws.new_client("sesv2")
    client.meta.events.register(f"before-sign.sesv2.{OPERATION}", note)
    client.meta.events.register(f"before-send.sesv2.{OPERATION}", answer)
    client.send_email(**{aws.JSON: b"{}"})
    if not found or aws.behind_proxy(client):
        return None
    return found[0]


def _way(request: Any, signing_name: str, region_name: str, request_signer: Any, **_: Any) -> Way:
    """Return what a request that is about to be signed tells.

    What the SDK adds after signing counts the tries of a request; there is one of each.
    """
    own = request.context.get("signing", {})
    return Way(
        url=request.url,
        headers=tuple(
            (name, value) for name, value in request.headers.items() if name.lower() != _UNTOLD
        ),
        signer=request_signer,
        service=own.get("signing_name", signing_name),
        region=own.get("region", region_name),
    )


def _stamped(way: Way) -> _Stamp:
    """Let the SDK sign a request of now, and take from it what does not depend on its body."""
    from botocore.awsrequest import AWSRequest

    auth = way.signer.get_auth_instance(way.service, way.region, _SIGNATURE)
    request = AWSRequest(method="POST", url=way.url, headers=dict(way.headers), data=b"")
    auth.add_auth(request)
    authorization = request.headers["Authorization"].rpartition("Signature=")[0]
    del request.headers["Authorization"]
    canonical = auth.canonical_request(request).rpartition("\n")[0]
    host = next(line for line in canonical.splitlines() if line.startswith("host:"))[5:]
    lines = [f"POST {urlsplit(way.url).path} HTTP/1.1", f"Host: {host}", AS_IT_IS]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    lines.append(f"Authorization: {authorization}Signature=")
    return _Stamp(
        time=request.context["timestamp"],
        auth=auth,
        request=request,
        canonical=canonical,
        head="\r\n".join(lines),
    )


def _now() -> str:
    """Return the time that the SDK would sign with."""
    from botocore.auth import SIGV4_TIMESTAMP
    from botocore.compat import get_current_datetime

    return str(get_current_datetime().strftime(SIGV4_TIMESTAMP))


def _read(answer: Answer) -> dict[str, Any]:
    """Return what an answer says; one that is no JSON says nothing, as to the SDK.

    Raises:
        ClientError: it is an error.
    """
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise _refusal(answer)
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(answer: Answer) -> Exception:
    """Return the error that the SDK makes of an answer."""
    from botocore.awsrequest import HeadersDict
    from botocore.exceptions import ClientError
    from botocore.parsers import create_parser

    parsed = create_parser("rest-json").parse(
        {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body},
        None,
    )
    refusal: Exception = ClientError(parsed, OPERATION)
    return refusal
