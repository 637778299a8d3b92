# SPDX-License-Identifier: Apache-2.0
"""One HTTP request as a handler sees it, and the answer it gives.

Guarantees that the network is the gateway's own source address and never a client-written
header, and that of several values of one name the first is used.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.entrypoints.refusals import TooLarge, Unreadable

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
PROBLEM = "application/problem+json"
ZIP = "application/zip"
OCTETS = "application/octet-stream"
MAX_BODY_BYTES = 64 * 1024
MAX_FILE_BYTES = 4 * 1024 * 1024
"""Of one file, or one part of it: what fits a Lambda event of 6 MB once it is base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request, read but not judged.

    Attributes:
        route: the declared path, such as ``/confirm/{token}``: safe to log, unlike the real one.
        parameters: of the path, percent-decoded by the gateway.
        query: of the URL, decoded; the first value of each name.
        headers: names in small letters.
        network: source address as the gateway saw it.
        id: the gateway's id of this request; doubles as the incident id of a failure.
    """

    method: str
    route: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    network: str = ""
    id: str = "unknown"

    @property
    def media_type(self) -> str:
        """The body's type in small letters without parameters; empty when none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the body says it is JSON."""
        return self.media_type == JSON

    def within(self, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """Return the body.

        Raises:
            TooLarge: it has more than ``max_bytes`` bytes.
        """
        if len(self.body) > max_bytes:
            raise TooLarge(max_bytes)
        return self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. ``headers`` win over the security headers that every answer gets."""

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)


def html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a page."""
    return Answer(status=status, body=text.encode("utf-8"), headers=headers or {})


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return ``value`` as JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Answer(status=status, body=body, content_type=JSON, headers=headers or {})


def redirect(location: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a 303 to an absolute path of ours, or to an address that a form was given."""
    return Answer(status=303, content_type=TEXT, headers={"Location": location, **(headers or {})})


def request_of_event(event: Mapping[str, Any]) -> Request:
    """Return the request in a REST proxy event.

    Raises:
        Unreadable: the gateway's own coding of the body is broken.

    Source: AWS Lambda developer guide, "Input format of a Lambda function for proxy integration".
    """
    context = event["requestContext"]
    queries = event.get("multiValueQueryStringParameters") or {}
    return Request(
        method=context["httpMethod"],
        route=context["resourcePath"],
        parameters=dict(event.get("pathParameters") or {}),
        query={name: values[0] for name, values in queries.items() if values},
        headers=_headers(event),
        body=_body(event),
        network=str((context.get("identity") or {}).get("sourceIp") or ""),
        id=str(context.get("requestId") or "unknown"),
    )


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    several = event.get("multiValueHeaders") or {}
    first = {name.lower(): str(values[0]) for name, values in several.items() if values}
    single = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    return single | first


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if not body:
        return b""
    if not event.get("isBase64Encoded"):
        return body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("The body could not be decoded.") from None
