# SPDX-License-Identifier: Apache-2.0
"""API Gateway's part of a request: matching, the event a function gets, the answer a client gets.

It guarantees the behaviour of a REST API with a proxy integration behind a custom domain: path
parameters decoded once, repeated headers kept, bodies of binary media types in base64 both ways,
HEAD answered without a body, and the gateway's own refusals in the words of the template's gateway
responses.
It refuses what the gateway refuses before any function runs: unknown paths, undeclared methods,
bodies over 10 MB, answers over 6 MB.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from infra.local.http_server import Answer, Request
from infra.local.template import ACCOUNT

MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_ANSWER_BYTES = 6 * 1024 * 1024
TIMEOUT_MS = 29_000
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-connection",
    }
)
_NEVER_ANSWERED = _HOP_BY_HOP | {"content-length", "date", "server"}
_FALLBACK = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token"),
    "REQUEST_TOO_LARGE": (413, "Request too long"),
    "BAD_REQUEST_BODY": (400, "Invalid request body"),
    "DEFAULT_4XX": (400, "Bad Request"),
    "DEFAULT_5XX": (502, "Internal server error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayResponses:
    """The gateway's own refusals, as a template words them."""

    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_template(cls, template: Mapping[str, Any]) -> GatewayResponses:
        """Return the responses declared in an application template's API definition."""
        for resource in template.get("Resources", {}).values():
            body = resource.get("Properties", {}).get("DefinitionBody", {})
            declared = body.get("x-amazon-apigateway-gateway-responses")
            if declared:
                return cls(declared=declared)
        return cls()

    def answer(self, kind: str) -> Answer:
        """Return a refusal: as declared, else as the default of its class, else in AWS's words."""
        status, message = _FALLBACK.get(kind, _FALLBACK["DEFAULT_4XX"])
        default = "DEFAULT_5XX" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "DEFAULT_4XX"
        declared = self.declared.get(kind) or self.declared.get(default) or {}
        headers = [("Content-Type", "application/json")]
        for name, value in declared.get("responseParameters", {}).items():
            header = name.removeprefix("gatewayresponse.header.")
            headers = [kept for kept in headers if kept[0].lower() != header.lower()]
            headers.append((header, str(value).strip("'")))
        body = declared.get("responseTemplates", {}).get(
            "application/json", json.dumps({"message": message})
        )
        return Answer(
            status=int(declared.get("statusCode", status)),
            headers=tuple(headers),
            body=body.encode(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One declared path, such as `/confirm/{token}`, with its methods."""

    path: str
    segments: tuple[str, ...]
    methods: frozenset[str]
    preflight: Mapping[str, str] | None

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the decoded path parameters, or None when the path is another one."""
        if len(segments) != len(self.segments):
            return None
        found = {}
        for declared, given in zip(self.segments, segments, strict=True):
            if declared.startswith("{"):
                if not given:
                    return None
                found[declared[1:-1]] = unquote(given)
            elif declared != unquote(given):
                return None
        return found


def route(path: str, methods: frozenset[str], preflight: Mapping[str, str] | None = None) -> Route:
    """Return a route of a declared path."""
    return Route(
        path=path, segments=tuple(path.strip("/").split("/")), methods=methods, preflight=preflight
    )


@dataclass(slots=True, kw_only=True)
class Gateway:
    """The gateway before one function.

    Args:
        invoke: given an event, returns the function's proxy answer.
        binary_types: the API's binary media types.
    """

    routes: tuple[Route, ...]
    responses: GatewayResponses
    binary_types: tuple[str, ...]
    invoke: Callable[[dict[str, Any]], dict[str, Any]]

    def __post_init__(self) -> None:
        # A segment in words goes before a parameter, at every depth.
        self.routes = tuple(
            sorted(self.routes, key=lambda r: [(s.startswith("{"), s) for s in r.segments])
        )

    def respond(self, request: Request) -> Answer:
        """Answer one request."""
        if request.too_large:
            return self.responses.answer("REQUEST_TOO_LARGE")
        path, _, query = request.target.partition("?")
        if "://" in path:
            path = urlsplit(path).path
        inner = path.removeprefix("/")
        segments = tuple((inner if inner == "/" else inner.removesuffix("/")).split("/"))
        for candidate in self.routes:
            parameters = candidate.match(segments)
            if parameters is None:
                continue
            if request.method in candidate.methods:
                event = self._event(request, candidate, path, query, parameters)
                return self._answer(request, self.invoke(event))
            if request.method == "OPTIONS" and candidate.preflight is not None:
                return Answer(status=200, headers=tuple(candidate.preflight.items()))
        return self.responses.answer("MISSING_AUTHENTICATION_TOKEN")

    def refuse(self, status: int) -> Answer:
        """Answer what could not be parsed as a request, or whose method does not exist."""
        if status == HTTPStatus.NOT_IMPLEMENTED:
            return self.responses.answer("MISSING_AUTHENTICATION_TOKEN")
        return self.responses.answer(
            "REQUEST_TOO_LARGE" if status in (413, 414, 431) else "BAD_REQUEST_BODY"
        )

    def _is_binary(self, content_type: str) -> bool:
        kind = content_type.split(";", 1)[0].strip().lower()
        return any(
            (kind and fnmatchcase(kind, binary.lower())) or binary == "*/*"
            for binary in self.binary_types
        )

    def _event(
        self, request: Request, matched: Route, path: str, query: str, parameters: dict[str, str]
    ) -> dict[str, Any]:
        headers = [(n, v) for n, v in request.headers if n.lower() not in _HOP_BY_HOP]
        forwarded = request.header("X-Forwarded-For")
        replaced = {
            "X-Forwarded-For": f"{forwarded}, {request.peer}" if forwarded else request.peer,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Port": "443",
        }
        known = {name.lower() for name in replaced}
        headers = [(n, v) for n, v in headers if n.lower() not in known] + list(replaced.items())
        several: dict[str, list[str]] = {}
        for name, value in headers:
            several.setdefault(name, []).append(value)
        queries = parse_qs(query, keep_blank_values=True, errors="replace")
        body, encoded = None, False
        if request.body:
            encoded = self._is_binary(request.header("Content-Type"))
            body = (
                base64.b64encode(request.body).decode("ascii")
                if encoded
                else request.body.decode("utf-8", "replace")
            )
        return {
            "resource": matched.path,
            "path": path,
            "httpMethod": request.method,
            "headers": dict(headers),
            "multiValueHeaders": several,
            "queryStringParameters": {name: values[-1] for name, values in queries.items()} or None,
            "multiValueQueryStringParameters": queries or None,
            "pathParameters": parameters or None,
            "stageVariables": None,
            "requestContext": _context(request, matched, path),
            "body": body,
            "isBase64Encoded": encoded,
        }

    def _answer(self, request: Request, result: dict[str, Any]) -> Answer:
        """Return what the client gets of a function's answer."""
        text = result.get("body") or ""
        if len(text) > MAX_ANSWER_BYTES:
            return self.responses.answer("DEFAULT_5XX")
        body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        accepted = request.header("Accept").split(",", 1)[0]
        if result.get("isBase64Encoded") and self._is_binary(accepted):
            body = base64.b64decode(text)
        several = result.get("multiValueHeaders") or {}
        headers = [
            (n, str(v)) for n, v in (result.get("headers") or {}).items() if n not in several
        ]
        headers += [(name, str(value)) for name, values in several.items() for value in values]
        if not any(name.lower() == "content-type" for name, _ in headers) and body:
            headers.append(("Content-Type", "application/json"))
        kept = tuple(
            (name, value) for name, value in headers if name.lower() not in _NEVER_ANSWERED
        )
        return Answer(status=int(result["statusCode"]), headers=kept, body=body)


def _context(request: Request, matched: Route, path: str) -> dict[str, Any]:
    """Return the request context of an event."""
    now_ms = time.time_ns() // 1_000_000
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    request_id = str(uuid.uuid4())  # noqa: TID251 - the emulator makes its own ids
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": request.header("Host"),
        "extendedRequestId": request_id,
        "httpMethod": request.method,
        "identity": {"sourceIp": request.peer, "userAgent": request.header("User-Agent") or None},
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": now_ms,
        "resourceId": "local",
        "resourcePath": matched.path,
        "stage": "api",
    }
