# SPDX-License-Identifier: Apache-2.0
"""The unsubscribe link (RFC 8058): GET and HEAD only show, a POST needs the token alone.

Guarantees that an unsubscribe POST is never refused for its body, type or sender.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from chalicelib.domain.events import Via
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import MAX_FIELDS, MULTIPART, read_form
from chalicelib.entrypoints.exchange import MAX_BODY_BYTES, Answer, Request, html
from chalicelib.entrypoints.receipt_pages import receipt_path
from chalicelib.entrypoints.refusals import Refusal
from chalicelib.entrypoints.visitors import language_of, path_word, session_of
from chalicelib.errors import BadToken, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

T = TypeVar("T")


def _show_unsubscribe(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    brand = _known(lambda: container.unsubscribe.look(token))
    data = {
        "language": language_of(request, {}, brand.default_language),
        "brand": brand,
        "token": token,
    }
    return html(container.renderer.page("pages/unsubscribe.html", data))


def _unsubscribe(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    fields = _one_click_fields(request)
    # Our own page sends the same member beside its language, so that both are one kind of POST.
    one_click = fields.get("List-Unsubscribe") == "One-Click" and "language" not in fields
    via = Via.LIST_UNSUB_POST if one_click else Via.PAGE
    session = session_of(
        request, f"{container.settings.base_url}/unsubscribe", language_of(request, fields, "en")
    )
    done = _known(lambda: container.unsubscribe.withdraw(token, session, via))
    language = language_of(request, fields, done.brand.default_language)
    receipt = receipt_path(container, done.sid, done.brand.id, done.entry)
    data = {"language": language, "brand": done.brand, "receipt_path": receipt}
    return html(container.renderer.page("pages/unsubscribed.html", data))


def _one_click_fields(request: Request) -> dict[str, str]:
    """The POST's fields, none when they cannot be read: the person's wish is the POST itself."""
    if len(request.body) > MAX_BODY_BYTES:
        return {}
    try:
        if request.media_type == MULTIPART:
            return read_form(request)
        text = request.body.decode("utf-8")
        return dict(reversed(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)))
    except (Refusal, ValueError):
        return {}


def _known(read: Callable[[], T]) -> T:
    try:
        return read()
    except BadToken:
        raise NotFound("This link is not known.") from None


show_unsubscribe = page(_show_unsubscribe)
unsubscribe = page(_unsubscribe)
