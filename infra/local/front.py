# SPDX-License-Identifier: Apache-2.0
"""The local HTTP front: the product's Chalice app behind a gateway that behaves as API Gateway's.

It guarantees one port for a person: the product's pages and API, and under /local/ the mailbox of
the SES endpoint. The address of origin is the socket's own; what a client writes in a header stays
a header.
"""

from __future__ import annotations

import http.client
import socket
import threading
import traceback
from collections.abc import Mapping
from typing import Any

from chalice.local import CustomLocalChalice, LambdaContext, LocalChalice

from infra.local.gateway import MAX_REQUEST_BYTES, TIMEOUT_MS, Gateway, GatewayResponses, route
from infra.local.http_server import Answer, HttpServer, Request

_STRIPPED = (
    "connection",
    "content-length",
    "date",
    "transfer-encoding",
    "x-local-peer",
    "keep-alive",
)
_connections = threading.local()


def serve(
    app: Any,
    *,
    responses: GatewayResponses,
    ses_url: str | None,
    listening: socket.socket | None = None,
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> HttpServer:
    """Return a listening, not yet serving front of a Chalice app.

    Args:
        responses: the gateway's own refusals.
        ses_url: where /local/ is answered; None leaves it unknown.
        listening: a socket that already listens, else `address` is bound.
    """
    gateway = gateway_of(app, responses)

    def respond(request: Request) -> Answer:
        if ses_url and (request.target == "/local" or request.target.startswith("/local/")):
            return _forward(ses_url, request)
        return gateway.respond(request)

    return HttpServer(
        address,
        respond,
        max_body_bytes=MAX_REQUEST_BYTES,
        refuse=gateway.refuse,
        listening=listening,
    )


def gateway_of(app: Any, responses: GatewayResponses) -> Gateway:
    """Return the gateway before a Chalice app, its routes and binary types taken from the app."""
    if not isinstance(app, LocalChalice):
        # As chalice.local does it: the request in hand must belong to the thread that serves it.
        CustomLocalChalice.__bases__ = (LocalChalice, app.__class__)
        app.__class__ = CustomLocalChalice

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        context = LambdaContext("app", memory_size=512, max_runtime_ms=TIMEOUT_MS)
        try:
            result: dict[str, Any] = app(event, context)
        except Exception:  # noqa: BLE001 - what Lambda answers when a function raises
            traceback.print_exc()
            return {"statusCode": 502, "body": '{"message": "Internal server error"}'}
        return result

    routes = [
        route(path, frozenset(methods), _preflight(methods)) for path, methods in app.routes.items()
    ]
    return Gateway(
        routes=tuple(routes),
        responses=responses,
        binary_types=tuple(app.api.binary_types),
        invoke=invoke,
    )


def _preflight(methods: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the headers of the preflight answer Chalice declares for a path with CORS, or None."""
    with_cors = [name for name, entry in methods.items() if entry.cors is not None]
    if not with_cors:
        return None
    headers = dict(methods[with_cors[0]].cors.get_access_control_headers())
    headers["Access-Control-Allow-Methods"] = ",".join([*with_cors, "OPTIONS"])
    return {name: str(value) for name, value in headers.items()}


def _forward(ses_url: str, request: Request) -> Answer:
    """Answer from the SES endpoint, over a connection kept for this thread."""
    if request.too_large:
        return Answer(status=413)
    headers = {
        n: v for n, v in request.headers if n.lower() not in _STRIPPED and n.lower() != "host"
    }
    headers["X-Local-Peer"] = request.peer
    for last in (False, True):
        connection = getattr(_connections, "ses", None)
        if connection is None:
            connection = http.client.HTTPConnection(ses_url.removeprefix("http://"), timeout=30)
            _connections.ses = connection
        try:
            connection.request(
                request.method, request.target, body=request.body or None, headers=headers
            )
            response = connection.getresponse()
            body = response.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            _connections.ses = None
            if last:
                return Answer(
                    status=502,
                    headers=(("Content-Type", "text/plain"),),
                    body=b"The mailbox is gone.\n",
                )
            continue
        kept = tuple((n, v) for n, v in response.getheaders() if n.lower() not in _STRIPPED)
        return Answer(status=response.status, headers=kept, body=body)
    raise AssertionError("unreachable")
