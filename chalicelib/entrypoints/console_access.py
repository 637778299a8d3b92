# SPDX-License-Identifier: Apache-2.0
"""Who may see a page of the console, and whether a form of it was filled in there.

Guarantees that no page is shown to a session without a live key, that a compliance page is shown
only to a key with that scope, that a campaign or a segment is acted on only with one for marketing,
and that no form acts without the token of its own session: a page of another site can neither read
that token nor send the session's cookie (SameSite=Strict).
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.api_keys import ApiKey, KeyScope
from chalicelib.entrypoints import console_session
from chalicelib.entrypoints._runtime import Served, page
from chalicelib.entrypoints.bodies import MULTIPART, Upload, read_form, read_upload
from chalicelib.entrypoints.exchange import (
    MAX_FILE_BYTES,
    OCTETS,
    Answer,
    Request,
    html,
    redirect,
)
from chalicelib.entrypoints.languages import choose_language, in_chosen
from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

LOGIN = "/console/login"
FORM_TOKEN = "form_token"
TOKEN_HEADER = "x-form-token"
"""Where a script of ours names the token beside a body that is no form."""
MAX_FORM_BYTES = 4 * 1024 * 1024
"""A pasted mail of 1 MiB, each of its bytes written as three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Somebody at the console.

    Attributes:
        language: of the page.
        form_token: goes with every form that acts.
        fields: of the form that was sent; empty for a GET.
        file: that came with the form, or was sent alone.

    """

    key: ApiKey
    language: str = "en"
    form_token: str = ""
    fields: Mapping[str, str]
    file: bytes | None = None

    @property
    def is_officer(self) -> bool:
        """Whether the key may see compliance pages."""
        return self.key.allows(KeyScope.COMPLIANCE)

    @property
    def is_marketer(self) -> bool:
        """Whether the key may test, send and stop campaigns."""
        return self.key.allows(KeyScope.MARKETING)

    def frame(self) -> dict[str, object]:
        """Return what every page's frame is filled with."""
        return {
            "language": self.language,
            "is_officer": self.is_officer,
            "is_marketer": self.is_marketer,
            "form_token": self.form_token,
        }


Seated = Callable[["Container", Request, Seat], Answer]


def key_of(container: "Container", request: Request) -> ApiKey | None:
    """Return the live key that the request's session was opened with, or None."""
    value = console_session.cookie_of(request.headers.get("cookie", ""))
    if not value:
        return None
    now_ms = container.clock.now_ms()
    session = console_session.read(container.link_keys.masters(), value, now_ms)
    if session is None:
        return None
    try:
        key = container.key_ring.get(session.key_id)
    except NotFound:
        return None
    return key if key.allows(KeyScope.READ) else None


def ended(container: "Container") -> dict[str, str]:
    """Return the header that takes the session's cookie away."""
    return {"Set-Cookie": console_session.set_cookie("", secure=container.settings.is_secure)}


def inside(handler: Seated) -> Served:
    """Serve a page only to a session whose key is live; others are led to the log-in page."""

    def guarded(container: "Container", request: Request) -> Answer:
        key = key_of(container, request)
        if key is None:
            return redirect(in_chosen(LOGIN, request.query), ended(container))
        accepted = request.headers.get("accept-language", "")
        language = choose_language([request.query], accepted, "en")
        token = _form_token(container, request)
        seat = Seat(key=key, language=language, form_token=token, fields={})
        return handler(container, request, seat)

    return page(guarded)


def officer(handler: Seated) -> Served:
    """Serve a page, or the answer to a form, only to a key with the scope ``compliance``."""
    return _scoped(handler, KeyScope.COMPLIANCE)


def marketer(handler: Seated) -> Served:
    """Serve the answer to a form only to a key with the scope ``marketing``."""
    return _scoped(handler, KeyScope.MARKETING)


def uploader(handler: Seated, scope: KeyScope = KeyScope.MARKETING) -> Served:
    """Serve a file sent in a form, or alone with the form's token in a header, to such a key."""
    return _scoped(handler, scope, _upload_in)


Reader = Callable[[Request], Upload]


def _form_in(request: Request) -> Upload:
    return Upload(fields=read_form(request, MAX_FORM_BYTES))


def _upload_in(request: Request) -> Upload:
    if request.media_type == MULTIPART:
        return read_upload(request)
    if request.media_type != OCTETS:
        return _form_in(request)
    token = request.headers.get(TOKEN_HEADER, "")
    return Upload(fields={FORM_TOKEN: token}, file=request.within(MAX_FILE_BYTES))


def _scoped(handler: Seated, scope: KeyScope, read: Reader = _form_in) -> Served:
    def guarded(container: "Container", request: Request) -> Answer:
        key = key_of(container, request)
        if key is None:
            return redirect(in_chosen(LOGIN, request.query), ended(container))
        acts = request.method in ("POST", "PUT")
        sent = read(request) if acts else Upload(fields={})
        accepted = request.headers.get("accept-language", "")
        seat = Seat(
            key=key,
            language=choose_language([sent.fields, request.query], accepted, "en"),
            form_token=_form_token(container, request),
            fields=sent.fields,
            file=sent.file,
        )
        if not key.allows(scope):
            return _refused(container, seat, scope)
        if acts and not hmac.compare_digest(
            sent.fields.get(FORM_TOKEN, "").encode(), seat.form_token.encode()
        ):
            return _refused(container, seat, "form")
        return handler(container, request, seat)

    return page(guarded)


def _form_token(container: "Container", request: Request) -> str:
    value = console_session.cookie_of(request.headers.get("cookie", "")) or ""
    return console_session.form_token(container.link_keys.masters(), value)


def _refused(container: "Container", seat: Seat, why: str) -> Answer:
    data = {**seat.frame(), "why": why}
    return html(container.renderer.page("console/forbidden.html", data), 403)
