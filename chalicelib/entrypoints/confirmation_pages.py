# SPDX-License-Identifier: Apache-2.0
"""The confirmation link: GET and HEAD only show, one plain button posts (promise 6).

Guarantees that a mail scanner which opens every link, and runs every script, confirms nothing.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import read_form
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.receipt_pages import receipt_path
from chalicelib.entrypoints.visitors import language_of, path_word, session_of
from chalicelib.errors import BadToken, InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.forms import Form
    from chalicelib.services.confirmation import Link

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
        request, f"{container.settings.base_url}/confirm", language_of(request, fields, "en")
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
    data = {"language": language_of(request, {}, "en")}
    return html(container.renderer.page("pages/confirm_invalid.html", data), 404)


show_confirmation = page(_show_confirmation)
answer_confirmation = page(_answer_confirmation)
