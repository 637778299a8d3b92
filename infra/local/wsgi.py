# SPDX-License-Identifier: Apache-2.0
"""WSGI applications on the local stack's own server.

It guarantees that an application sees the request as PEP 3333 spells it and that its answer is
buffered whole, so that the connection can be kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from infra.local.http_server import Answer, Request, Respond


def wsgi_respond(application: Any) -> Respond:
    """Return a `Respond` that serves a WSGI application."""

    def respond(request: Request) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: Iterable[tuple[str, str]], _: Any = None) -> None:
            started[:] = [status, headers]

        body = b"".join(application(_environ(request), start_response))
        lengths = [value for name, value in started[1] if name.lower() == "content-length"]
        return Answer(
            status=int(started[0].split(" ", 1)[0]),
            headers=tuple((n, v) for n, v in started[1] if n.lower() != "content-length"),
            body=body,
            # A HEAD says how long the object is, although nothing follows.
            length=int(lengths[0]) if lengths and request.method == "HEAD" else None,
        )

    return respond


def _environ(request: Request) -> dict[str, Any]:
    """Return the environment of one request."""
    path, _, query = request.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(request.body)),
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ
