# SPDX-License-Identifier: Apache-2.0
"""A list as a file, in the console: asked for, and shown while it is made.

Guarantees that a file of addresses is asked for only by a form with the token of its own session,
and only with a key of the scope ``marketing``. `recipients_console_pages` hands the file out, as it
does those of campaigns.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from chalicelib.domain.audience_exports import AudienceWish, read_wish
from chalicelib.domain.export_rows import ExportStatus
from chalicelib.domain.ids import ListId
from chalicelib.domain.jobs import JobStatus
from chalicelib.entrypoints.compliance_erasures import REFRESH
from chalicelib.entrypoints.console_access import Seat, inside, marketer
from chalicelib.entrypoints.exchange import ZIP, Answer, Request, html, redirect
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import MailingList
    from chalicelib.services.export_jobs import Export

PEOPLE: Final[Mapping[str, frozenset[ExportStatus]]] = {
    "all": frozenset(),
    "mailed": frozenset({ExportStatus.SUBSCRIBED}),
    "waiting": frozenset({ExportStatus.WAITING}),
    "ended": frozenset({ExportStatus.OPTED_OUT, ExportStatus.BOUNCED, ExportStatus.COMPLAINED}),
}
"""Whom a file can be asked for here."""


def _show_asking(container: "Container", request: Request, seat: Seat) -> Answer:
    found = _list_in(container, request)
    if found is None:
        return _nothing(container, seat)
    data = {**seat.frame(), "list": found}
    return html(container.renderer.page("console/audience_export.html", data))


def _ask(container: "Container", request: Request, seat: Seat) -> Answer:
    found = _list_in(container, request)
    if found is None:
        return _nothing(container, seat)
    statuses = PEOPLE.get(seat.fields.get("people", "all"))
    if statuses is None:
        raise InputError(code="bad_status", detail="There are no such people.")
    wish = read_wish(seat.fields.get("format", ""), found.brand, found.id, statuses)
    export = container.exports.ask_audience(wish)
    return redirect(f"/console/exports/{export.id}?language={seat.language}")


def show_file(container: "Container", seat: Seat, export: "Export", why: str) -> Answer:
    """Return the page of an export of a brand's people.

    Args:
        why: why there is no file, as a word the page has a sentence for; "" when it has none.
    """
    wish = export.wish
    if wish is None:
        raise InputError(code="bad_id", detail="This export is of a campaign.")
    data = {
        **seat.frame(),
        "export": export,
        "why": why,
        "list": container.lists.get(wish.list) if wish.list else None,
        "people": _people_of(wish),
        "ending": "zip" if export.media_type == ZIP else "csv",
        "number": container.renderer.tongue(seat.language).number,
    }
    text = container.renderer.page("console/audience_file.html", data)
    return html(text, headers=REFRESH if export.status is JobStatus.PENDING else {})


show_asking = inside(_show_asking)
ask_audience = marketer(_ask)


def _people_of(wish: AudienceWish) -> str:
    """The page's word for whom it is of; "" when it has none: the API asked for it."""
    return next((word for word, of in PEOPLE.items() if of == wish.statuses), "")


def _list_in(container: "Container", request: Request) -> "MailingList | None":
    return container.lists.get(ListId(path_word(request, "list")))


def _nothing(container: "Container", seat: Seat) -> Answer:
    data = {**seat.frame(), "missing": "list"}
    return html(container.renderer.page("console/error.html", data), 404)
