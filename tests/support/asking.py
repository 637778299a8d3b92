# SPDX-License-Identifier: Apache-2.0
"""Asking the app over HTTP without a socket: the local gateway before it, the world behind it.

Every answer below /api/v1 is checked against the OpenAPI document: status, type, headers, body.
"""

import json as json_module
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from jsonschema import Draft202012Validator

import app as app_module
from chalicelib.entrypoints.api.openapi import document
from chalicelib.entrypoints.api.routes import OPERATIONS
from infra.local.front import gateway_of
from infra.local.gateway import GatewayResponses
from infra.local.http_server import Request

FORM = "application/x-www-form-urlencoded"
VISITOR_NETWORK = "192.0.2.7"
DOCUMENT = document(OPERATIONS, "https://mail.example.org")
_PATHS = {
    path: re.compile(re.sub(r"{\w+}", "[^/]+", path.replace(".", r"\.")))
    for path in DOCUMENT["paths"]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; header names in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json_module.loads(self.body)

    @property
    def heading(self) -> str:
        """The page's first heading."""
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.DOTALL)
        assert found, self.text[:200]
        return found[1]


class Asker:
    """Asks; an API key, once set, goes with every request."""

    def __init__(self) -> None:
        self._gateway = gateway_of(app_module.app, GatewayResponses())
        self.key: str | None = None

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        form: dict[str, str] | None = None,
        json: Any = None,
        headers: dict[str, str] | None = None,
        peer: str = VISITOR_NETWORK,
    ) -> Reply:
        sent = dict(headers or {})
        if form is not None:
            body = urlencode(form).encode()
            sent.setdefault("Content-Type", FORM)
        if json is not None:
            body = json_module.dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        if self.key is not None:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        answer = self._gateway.respond(
            Request(
                method=method,
                target=target,
                headers=tuple(sent.items()),
                body=body or b"",
                too_large=False,
                peer=peer,
            )
        )
        found = {name.lower(): value for name, value in answer.headers}
        reply = Reply(status=answer.status, headers=found, body=answer.body)
        require_described(method, target.partition("?")[0], reply)
        return reply

    def get(self, target: str, **asked: Any) -> Reply:
        return self.ask("GET", target, **asked)

    def post(self, target: str, body: bytes | None = None, **asked: Any) -> Reply:
        return self.ask("POST", target, body, **asked)


def require_described(method: str, path: str, reply: Reply) -> None:
    """Fail unless the document describes this answer to an operation of the API."""
    found = [known for known, pattern in _PATHS.items() if pattern.fullmatch(path)]
    operation = DOCUMENT["paths"][found[0]].get(method.lower()) if found else None
    if operation is None:
        return
    responses = operation["responses"]
    assert str(reply.status) in responses, f"{method} {path} answers {reply.status}: {reply.body!r}"
    described = _resolved(responses[str(reply.status)])
    for name in described.get("headers", {}):
        optional = name == "Idempotency-Replayed"
        assert optional or name.lower() in reply.headers, f"{name} is missing"
    if "content" not in described:
        assert reply.body == b""
        return
    kind = reply.headers["content-type"].partition(";")[0]
    schema = described["content"][kind].get("schema")
    if schema:
        whole = {**schema, "components": DOCUMENT["components"]}
        Draft202012Validator(whole).validate(reply.json)


def _resolved(described: dict[str, Any]) -> dict[str, Any]:
    name = described.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["responses"][name] if name else described
