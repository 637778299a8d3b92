# SPDX-License-Identifier: Apache-2.0
"""Declaring an address with every method, so that all refusals are in our own words.

Guarantees that HEAD answers as GET does, without a body; that a method an address does not have
is a 405 with Allow; and that Chalice judges neither types nor methods: it would answer in its own
JSON. Every answer leaves as bytes, because ``*/*`` is a binary type (docs/adr/0004).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalice.app import Blueprint, CaseInsensitiveMapping, Response

from chalicelib.entrypoints import _runtime
from chalicelib.entrypoints._runtime import Served
from chalicelib.entrypoints.exchange import TEXT, Answer, Request, request_of_event
from chalicelib.entrypoints.refusals import Unreadable, WrongMethod

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ANY_TYPE = "*/*"


Door = Callable[[], "Served"]
"""Gives what serves a request, importing it if need be."""


def route(blueprint: Blueprint, path: str, handlers: Mapping[str, Door]) -> None:
    """Declare ``path`` with all methods of `METHODS`; those without a handler are refused.

    Args:
        handlers: door to what serves, by method; HEAD and OPTIONS come by themselves.
    """
    allowed = _allowed(handlers)

    def view(**_parameters: str) -> Response:
        asked = blueprint.current_request
        # A mail provider's one-click POST may lack Accept; Chalice would answer 400 to bytes then.
        asked.headers = CaseInsensitiveMapping({"accept": ANY_TYPE, **asked.headers})
        return _response(dispatch(handlers, allowed, asked.to_original_event()))

    view.handlers = handlers  # type: ignore[attr-defined]  # read by the OpenAPI comparison
    blueprint.route(path, methods=list(METHODS), content_types=[ANY_TYPE], name=path)(view)


def dispatch(handlers: Mapping[str, Door], allowed: str, event: Mapping[str, Any]) -> Answer:
    """Return the answer to one REST proxy event."""
    try:
        request = request_of_event(event)
    except Unreadable as error:
        return _runtime.refused(error, request_of_event({**event, "body": None}))
    door = handlers.get("GET" if request.method == "HEAD" else request.method)
    if door is None:
        return _without_handler(request, allowed)
    answer = door()(request)
    if request.method == "OPTIONS":
        return replace(answer, headers={"Allow": allowed, **answer.headers})
    return replace(answer, body=b"") if request.method == "HEAD" else answer


def _without_handler(request: Request, allowed: str) -> Answer:
    if request.method == "OPTIONS":
        return Answer(status=204, content_type=TEXT, headers={"Allow": allowed})
    return _runtime.refused(WrongMethod(allowed), request)


def _allowed(handlers: Mapping[str, Door]) -> str:
    own = {*handlers, "OPTIONS", *(("HEAD",) if "GET" in handlers else ())}
    return ", ".join(method for method in METHODS if method in own)


def _response(answer: Answer) -> Response:
    headers: dict[str, str | list[str]] = dict(answer.headers)
    headers["Content-Type"] = answer.content_type
    return Response(body=answer.body, status_code=answer.status, headers=headers)
