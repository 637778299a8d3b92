# SPDX-License-Identifier: Apache-2.0
"""The confirmation link: GET and HEAD only show, one plain button posts (promise 6).

Guarantees that a mail scanner which opens every link, and runs every script, confirms nothing,
and that a browser is led elsewhere only by a POST, only to the address its form was given.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import read_form
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.form_pages import busy_page, check_mail_page, form_page
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.receipt_pages import receipt_path
from chalicelib.entrypoints.security import with_target
from chalicelib.entrypoints.visitors import language_of, path_word, session_of
from chalicelib.errors import BadToken, InputError, NotFound, OverBudget

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.forms import Form
    from chalicelib.services.confirmation import Again, Link
    from chalicelib.services.signup import Session

ANSWER_NAMES = ("answer", "act")
"""Form parameters that say what a confirmation's button does; ours is ``answer``."""
CONFIRM, REFUSE, AGAIN = "confirm", "refuse", "again"
PAGES: Mapping[str, tuple[str, int]] = {
    "open": ("confirm", 200),
    "confirmed": ("already_confirmed", 200),
    "refused": ("refused", 200),
    "expired": ("confirm_expired", 410),
    "overtaken": ("confirm_overtaken", 410),
}
"""Template and status by what a link can still do."""


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
    chosen = _chosen(request, fields)
    session = session_of(
        request, f"{container.settings.base_url}/confirm", language_of(request, fields, "en")
    )
    try:
        if chosen == AGAIN:
            return _ask_again(container, request, token, session, fields)
        act = container.confirmation.confirm if chosen == CONFIRM else container.confirmation.refuse
        link = act(token, session)
    except (BadToken, NotFound):
        return _unknown_link(container, request)
    onward = _onward(_form_of(container, link)) if link.status == "confirmed" else None
    if onward is not None:
        return redirect(onward)
    return _link_page(container, request, link, token, fields)


def _onward(form: "Form | None") -> str | None:
    """Where the browser is led by itself; else a link on our page leads there."""
    # A promised gift is on our page, and what no policy can name a browser would not go to.
    if form is None or form.redirect_url is None or form.gift or not with_target(form.redirect_url):
        return None
    return form.redirect_url


def _chosen(request: Request, fields: Mapping[str, str]) -> str:
    """What the answer is: a button's word, or that of the mail's own refuse address."""
    told = {**request.query, **fields}
    chosen = next((told[name] for name in ANSWER_NAMES if name in told), CONFIRM)
    if chosen not in (CONFIRM, REFUSE, AGAIN):
        raise InputError(code="bad_answer", detail="The answer is confirm, refuse or again.")
    return chosen


def _link_page(
    container: "Container",
    request: Request,
    link: "Link",
    token: str,
    fields: Mapping[str, str],
) -> Answer:
    form = _form_of(container, link)
    language = _language(request, link, fields)
    name, status = PAGES[link.status]
    if link.status == "confirmed" and link.changed:
        name = "confirmed"
    current = container.forms.get(link.token.form)
    data: dict[str, Any] = {
        "language": language,
        "brand": link.brand,
        "form": form,
        "lists": [item.name for item in link.lists],
        "sentences": form.sentences(link.token.purposes, language) if form else (),
        "token": token,
        "refusing": REFUSE in (request.query.get(name) for name in ANSWER_NAMES),
        "receipt": link.token.request,
        "receipt_path": receipt_path(container, link.token.sid, link.token.brand, link.entry),
        "form_id": current.id if current else None,
        "gift": form.gift if form else None,
        "onward": form.redirect_url if form else None,
    }
    headers = with_target(form.redirect_url) if form and form.redirect_url else {}
    return html(container.renderer.page(f"pages/{name}.html", data), status, headers)


def _ask_again(
    container: "Container",
    request: Request,
    token: str,
    session: "Session",
    fields: Mapping[str, str],
) -> Answer:
    """A new mail is a sign-up like any other: it draws on the budget of its network."""
    try:
        container.gate.enter(session.network)
    except OverBudget:
        link = container.confirmation.look(token)
        return busy_page(container, link.brand, _language(request, link, fields))
    again = container.confirmation.again(token, session)
    return _again_page(container, request, again, token, fields)


def _again_page(
    container: "Container",
    request: Request,
    again: "Again",
    token: str,
    fields: Mapping[str, str],
) -> Answer:
    from chalicelib.services.signup import Accepted  # noqa: PLC0415  # loads cryptography

    link, form = again.link, again.form
    language = _language(request, link, fields)
    if form is not None and again.address is not None:
        accepted = Accepted(
            form=form,
            brand=link.brand,
            typed=again.address,
            language=language,
            notice=link.token.notice,
            suggestion=None,
        )
        # A mail came to this address before: there is nothing to correct.
        return check_mail_page(container, accepted, {})
    if form is not None and form.notices:
        offered = tuple(ref.language for ref in form.notices)
        language = choose_language([{"language": language}], "", offered[0], offered)
        return form_page(container, form, link.brand, language, values=again.known, changed=True)
    return _link_page(container, request, link, token, fields)


def _language(request: Request, link: "Link", fields: Mapping[str, str]) -> str:
    """The mail's language goes before the browser's: the visitor chose it on the form."""
    return choose_language([fields, request.query], "", link.token.language)


def _form_of(container: "Container", link: "Link") -> "Form | None":
    """The very version of the form the visitor saw."""
    return container.forms.get(link.token.form, link.token.form_version)


def _unknown_link(container: "Container", request: Request) -> Answer:
    data = {"language": language_of(request, {}, "en")}
    return html(container.renderer.page("pages/confirm_invalid.html", data), 404)


show_confirmation = page(_show_confirmation)
answer_confirmation = page(_answer_confirmation)
