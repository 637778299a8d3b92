# SPDX-License-Identifier: Apache-2.0
"""The unsubscribe link (RFC 8058): GET and HEAD only show, a POST needs the token alone.

Guarantees that an unsubscribe POST is never refused for its body, type or sender, and that its
answer sets no cookie, redirects nowhere and is the same for every reader of such a mail.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from chalicelib.domain.events import Via
from chalicelib.domain.leaving import LeavingReason
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import MAX_FIELDS, MULTIPART, read_form
from chalicelib.entrypoints.exchange import MAX_BODY_BYTES, Answer, Request, html
from chalicelib.entrypoints.receipt_pages import receipt_path
from chalicelib.entrypoints.refusals import Refusal
from chalicelib.entrypoints.visitors import language_of, path_word, session_of
from chalicelib.errors import BadToken, DependencyError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.unsubscribe import Leaving, Unsubscribed

T = TypeVar("T")
EVERYTHING = "everything"
"""Field of our own page's button that stops all of a brand, where a link stops one list."""


def _show_unsubscribe(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    leaving = _known(lambda: container.unsubscribe.look(token))
    data = {
        "language": language_of(request, {}, leaving.brand.default_language),
        "brand": leaving.brand,
        "list": leaving.mailing_list,
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
    everything = EVERYTHING in fields and not one_click
    done = _known(
        lambda: container.unsubscribe.withdraw(token, session, via, everything=everything)
    )
    data = {
        "language": language_of(request, fields, done.brand.default_language),
        "brand": done.brand,
        "token": token,
        "receipt_path": receipt_path(container, done.sid, done.brand.id, done.entry),
        **_extent(container, done, token),
    }
    return html(container.renderer.page("pages/unsubscribed.html", data))


def _tell_reason(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    fields = read_form(request)
    try:
        reason = LeavingReason(fields.get("reason", ""))
    except ValueError:
        return _ask_reason_again(container, request, fields, token)
    leaving = _known(lambda: container.unsubscribe.tell(token, reason))
    data = {
        "language": language_of(request, fields, leaving.brand.default_language),
        "brand": leaving.brand,
        "reason": reason,
    }
    return html(container.renderer.page("pages/unsubscribed_reason.html", data))


def _ask_reason_again(
    container: "Container", request: Request, fields: Mapping[str, str], token: str
) -> Answer:
    leaving = _known(lambda: container.unsubscribe.look(token))
    data = {
        "language": language_of(request, fields, leaving.brand.default_language),
        "brand": leaving.brand,
        "token": token,
    }
    return html(container.renderer.page("pages/unsubscribed_unanswered.html", data), 422)


def _extent(
    container: "Container", done: "Unsubscribed | Leaving", token: str
) -> Mapping[str, Any]:
    """What stopped and what goes on, in names.

    The act is done: a store that does not answer now must not make it look undone.
    """
    chosen = done.mailing_list
    known: dict[str, Any] = {"list": chosen, "extent": None, "choose_path": None}
    try:
        known["extent"] = container.unsubscribe.extent(done)
        if chosen is not None:
            known["choose_path"] = f"/preferences/{container.unsubscribe.choose_token(token)}"
    except DependencyError:
        pass
    return known


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
tell_reason = page(_tell_reason)
