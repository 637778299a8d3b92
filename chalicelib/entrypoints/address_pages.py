# SPDX-License-Identifier: Apache-2.0
"""The link in a new mailbox: a page that only shows, and one button that makes the address theirs.

Guarantees that GET and HEAD change nothing, and that no page names the address that was before.
"""

from typing import TYPE_CHECKING, Any

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import read_form
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.visitors import path_word, session_of
from chalicelib.errors import BadToken, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.bootstrap import Container
    from chalicelib.services.address_change import AddressAnswer

STATUS = {"open": 200, "done": 200, "taken": 409, "expired": 410, "overtaken": 410}


def _show(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    try:
        answer = container.address_change.look(token)
    except BadToken:
        raise NotFound("This link is not known.") from None
    return _page(container, request, answer, {})


def _confirm(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    fields = read_form(request) if request.body else {}
    # The link itself is no part of what is sealed as the page.
    place = f"{container.settings.base_url}/address"
    session = session_of(request, place, choose_language([fields, request.query], "", "en"))
    try:
        answer = container.address_change.confirm(token, session)
    except BadToken:
        raise NotFound("This link is not known.") from None
    return _page(container, request, answer, fields)


def _page(
    container: "Container", request: Request, answer: "AddressAnswer", fields: "Mapping[str, str]"
) -> Answer:
    data: dict[str, Any] = {
        "language": choose_language([fields, request.query], "", answer.language),
        "languages": LANGUAGES,
        "brand": answer.brand,
        "path": f"/address/{path_word(request, 'token')}",
        "answer": answer,
    }
    return html(container.renderer.page("pages/address.html", data), STATUS[answer.status])


show_address = page(_show)
confirm_address = page(_confirm)
