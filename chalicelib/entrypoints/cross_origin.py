# SPDX-License-Identifier: Apache-2.0
"""Which other sites' scripts may read the answers of a form.

Guarantees that only the origins a form names, compared exactly, and our own may send JSON or read
an answer, never with cookies; and that a plain form is judged by nothing of this: a form-encoded
POST works from every page.

Source: Fetch Standard section 3.2 (CORS protocol); RFC 6454 section 6.2.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.entrypoints import _runtime, parts
from chalicelib.entrypoints._runtime import Served, page
from chalicelib.entrypoints.exchange import TEXT, Answer, Request
from chalicelib.entrypoints.refusals import ERROR_PREFIX, Refusal
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import KvittoError

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

PREFLIGHT_LASTS_S = 600
_VARY = {"Vary": "Origin"}


class ForeignOrigin(Refusal):
    """A script of a site that the form does not name sent JSON."""

    status = 403

    def __init__(self) -> None:
        """Say what the operator can do about it."""
        super().__init__(
            "foreign_origin",
            f"This form does not take sign-ups from scripts of this site. {ERROR_PREFIX} Whoever "
            "runs the form can add the site to its origins.",
        )


def cross_origin(served: Served) -> Served:
    """Serve scripts of the form's own sites, too; refuse JSON from scripts of any other."""

    @wraps(served)
    def serve(request: Request) -> Answer:
        origin = request.headers.get("origin")
        if origin is None:
            return _with(served(request), _VARY)
        readable = _readable(request, origin)
        if request.is_json and readable is not None and not readable:
            return _with(_runtime.refused(ForeignOrigin(), request), _VARY)
        return _with(served(request), readable or _VARY)

    return serve


def _preflight(_container: "Container", request: Request) -> Answer:
    readable = _readable(request, request.headers.get("origin", ""))
    asked = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": str(PREFLIGHT_LASTS_S),
    }
    headers = {**readable, **asked} if readable else _VARY
    return Answer(status=204, content_type=TEXT, headers=headers)


preflight = page(_preflight)


def _readable(request: Request, origin: str) -> Mapping[str, str] | None:
    """The headers that let ``origin`` read an answer: none of them for a foreign one.

    None when it cannot be told, for there is no such form; the answer itself says so.
    """
    try:
        container = parts.container()
        form, _ = container.signup.form(path_word(request, "form_id"))
    except KvittoError:
        return None
    own = urlsplit(container.settings.base_url)
    if origin not in (*form.origins, f"{own.scheme}://{own.netloc}"):
        return {}
    exposed = {"Access-Control-Expose-Headers": "Retry-After"}
    return {"Access-Control-Allow-Origin": origin, **exposed, **_VARY}


def _with(answer: Answer, headers: Mapping[str, str]) -> Answer:
    return replace(answer, headers={**answer.headers, **headers})
