# SPDX-License-Identifier: Apache-2.0
"""What links in mails open: confirmation and unsubscribe.

Guarantees that GET and HEAD only show (promise 6, docs/architecture.md), and that an unsubscribe
POST is never refused for its body, type or sender: it needs the token alone.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from chalicelib.domain.events import Via
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import MAX_FIELDS, MULTIPART, read_form
from chalicelib.entrypoints.exchange import MAX_BODY_BYTES, Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.receipt_pages import receipt_path
from chalicelib.entrypoints.refusals import Refusal
from chalicelib.entrypoints.visitors import path_word, session_of
from chalicelib.errors import BadToken, InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Form
    from chalicelib.services.confirmation import Link

T = TypeVar("T")

ANSWER_NAMES = ("answer", "act")
"""Form parameters that say what a confirmation's button does; ours is ``answer``."""
CONFIRM, REFUSE = "confirm", "refuse"


def _show_confirmation(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    try:
        link = container.confirmation.look(token)
    except (BadToken, NotFound):
        return _unknown_link(container, request)
    return _link_page(container, request, link, token, {})


def _answer_confirmation(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    # A bare POST is an answer too: the page's first button, for who asks without a browser.
    fields = read_form(request) if request.body else {}
    # The mail's own refuse address names its answer in the query; a button in the body.
    told = {**request.query, **fields}
    chosen = next((told[name] for name in ANSWER_NAMES if name in told), CONFIRM)
    if chosen not in (CONFIRM, REFUSE):
        raise InputError(code="bad_answer", detail="The answer is confirm or refuse.")
    session = session_of(
        request, f"{container.settings.base_url}/confirm", _language(request, fields, "en")
    )
    act = container.confirmation.confirm if chosen == CONFIRM else container.confirmation.refuse
    try:
        link = act(token, session)
    except (BadToken, NotFound):
        return _unknown_link(container, request)
    return _link_page(container, request, link, token, fields)


def _link_page(
    container: "Container",
    request: Request,
    link: "Link",
    token: str,
    fields: Mapping[str, str],
) -> Answer:
    form = _form_of(container, link)
    # The mail's language goes before the browser's: the visitor chose it on the form.
    language = choose_language([fields, request.query], "", link.token.language)
    name, status = {
        "open": ("confirm", 200),
        "confirmed": ("confirmed" if link.changed else "already_confirmed", 200),
        "refused": ("refused", 200),
        "expired": ("confirm_expired", 410),
        "overtaken": ("confirm_expired", 410),
    }[link.status]
    data = {
        "language": language,
        "brand": link.brand,
        "lists": [item.name for item in link.lists],
        "sentences": form.sentences(link.token.purposes, language) if form else (),
        "token": token,
        "receipt": link.token.request,
        "receipt_path": receipt_path(container, link.token.sid, link.token.brand, link.entry),
        "form_id": form.id if form else None,
    }
    return html(container.renderer.page(f"pages/{name}.html", data), status)


def _form_of(container: "Container", link: "Link") -> "Form | None":
    """The very version of the form the visitor saw."""
    return container.forms.get(link.token.form, link.token.form_version)


def _unknown_link(container: "Container", request: Request) -> Answer:
    data = {"language": _language(request, {}, "en")}
    return html(container.renderer.page("pages/confirm_invalid.html", data), 404)


def _show_unsubscribe(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    brand = _known(lambda: container.unsubscribe.look(token))
    data = {
        "language": _language(request, {}, brand.default_language),
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
        request, f"{container.settings.base_url}/unsubscribe", _language(request, fields, "en")
    )
    done = _known(lambda: container.unsubscribe.withdraw(token, session, via))
    language = _language(request, fields, done.brand.default_language)
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


def _language(request: Request, fields: Mapping[str, str], default: str) -> str:
    return choose_language(
        [fields, request.query], request.headers.get("accept-language", ""), default
    )


def _known(read: Callable[[], T]) -> T:
    try:
        return read()
    except BadToken:
        raise NotFound("This link is not known.") from None


show_confirmation = page(_show_confirmation)
answer_confirmation = page(_answer_confirmation)
show_unsubscribe = page(_show_unsubscribe)
unsubscribe = page(_unsubscribe)
