# SPDX-License-Identifier: Apache-2.0
"""Erasures in the console: what it would mean, the request, the second key, the certificate.

Guarantees that what will no longer be provable is said before anything is asked for, and that the
key that asked is never offered to approve.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.erasure import REQUESTABLE, Erasure, Ground, Stage
from chalicelib.domain.erasure_consequences import COUNTRIES, consequences
from chalicelib.entrypoints.api.erasures import certificate_page
from chalicelib.entrypoints.console_access import Seat
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, IllegalTransition, InputError, NotFound
from chalicelib.proof.words import TABLES

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

HOME = "/console/compliance"
ROWS = 100
MAX_PAGES = 20
"""Records come by their random ids, so the newest are only known once all were read."""
REFRESH = {"Refresh": "3"}
"""A page that waits for a worker looks again by itself, without a script, after 3 seconds."""


def waiting_erasures(container: "Container") -> list[Erasure]:
    """Return the erasures that wait for a second key, the newest first."""
    records, _ = _newest(container)
    return [each for each in records if each.stage is Stage.REQUESTED]


def list_erasures(container: "Container", _request: Request, seat: Seat) -> Answer:
    """Show the newest 100 erasures."""
    records, is_all = _newest(container)
    data = {
        **seat.frame(),
        "erasures": records[:ROWS],
        "more": not is_all or len(records) > ROWS,
        "words": TABLES[seat.language],
    }
    return html(container.renderer.page("console/erasures.html", data))


def _newest(container: "Container") -> tuple[list[Erasure], bool]:
    """Up to 2,000 records, the newest first, and whether these are all."""
    found: list[Erasure] = []
    cursor = None
    for _ in range(MAX_PAGES):
        page = container.erasures.page(cursor, ROWS)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return sorted(found, key=lambda each: -each.requested_ms), cursor is None


def preview_erasure(container: "Container", _request: Request, seat: Seat) -> Answer:
    """Say what the erasure would mean; nothing is asked for yet."""
    wish = _wish(seat)
    data = {
        **seat.frame(),
        "ground": wish.ground,
        "suppress": wish.suppress,
        "country": wish.country,
        "subscriber": seat.fields.get("subscriber", ""),
        "consequences": consequences(wish.country, seat.language),
        "words": TABLES[seat.language],
    }
    return html(container.renderer.page("console/erasure_preview.html", data))


def ask_erasure(container: "Container", _request: Request, seat: Seat) -> Answer:
    """Ask for an erasure; all mail to the person stops."""
    wish = _wish(seat)
    made = container.erasures.request(
        {"subscriber": seat.fields.get("subscriber", "")},
        key_id=seat.key.id,
        ground=wish.ground,
        suppress=wish.suppress,
        country=wish.country,
        language=seat.language,
    )
    return _see(made.id, seat)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a form asks for."""

    ground: Ground
    suppress: bool
    country: str | None


def _wish(seat: Seat) -> _Wish:
    """Return ground, suppression and country of a form that was sent.

    Raises:
        InputError: no ground a person may give, or a country nothing is known about.
    """
    fields = seat.fields
    country = fields.get("country") or None
    if country not in (None, *COUNTRIES) or fields.get("ground") not in REQUESTABLE:
        raise InputError(code="bad_erasure", detail="Choose a ground, and a country of the list.")
    return _Wish(
        ground=Ground(fields["ground"]), suppress=fields.get("suppress") == "yes", country=country
    )


def show_erasure(container: "Container", request: Request, seat: Seat) -> Answer:
    """Show one erasure, and to another key than the asker's the button that approves it."""
    return _erasure_page(container, seat, path_word(request, "erasure"))


def decide_erasure(container: "Container", request: Request, seat: Seat) -> Answer:
    """Approve or cancel an erasure.

    Raises:
        InputError: the form asks for neither.
        NotFound: there is no such erasure.
    """
    erasure_id = path_word(request, "erasure")
    act = seat.fields.get("act")
    try:
        if act == "approve":
            container.erasures.approve(erasure_id, seat.key.id)
        elif act == "cancel":
            container.erasures.cancel(erasure_id)
        else:
            raise InputError(code="bad_act", detail="The act is approve or cancel.")
    except (IllegalTransition, Conflict):
        return _erasure_page(container, seat, erasure_id, status=409)
    return _see(erasure_id, seat)


def _see(erasure_id: str, seat: Seat) -> Answer:
    return redirect(f"{HOME}/erasures/{erasure_id}?language={seat.language}")


def _erasure_page(
    container: "Container", seat: Seat, erasure_id: str, *, status: int = 200
) -> Answer:
    erasure = container.erasures.get(erasure_id)
    data = {
        **seat.frame(),
        "erasure": erasure,
        "is_refused": status != 200,  # noqa: PLR2004  # the page was asked to do something
        "is_own": erasure.requested_by == seat.key.id,
        "asked_by": _name(container, erasure.requested_by),
        "approved_by": _name(container, erasure.approved_by),
        "consequences": consequences(erasure.country, seat.language),
        "words": TABLES[seat.language],
    }
    headers = REFRESH if erasure.stage is Stage.APPROVED else {}
    return html(container.renderer.page("console/erasure.html", data), status, headers)


def _name(container: "Container", key_id: str | None) -> str:
    if key_id is None:
        return ""
    try:
        return container.key_ring.get(key_id).name
    except NotFound:
        return key_id


def show_certificate(container: "Container", request: Request, seat: Seat) -> Answer:
    """Show the certificate for the erased person, in the erasure's language, to print."""
    erasure_id = path_word(request, "erasure")
    try:
        certificate = container.erasures.certificate(erasure_id)
    except Conflict:
        return _erasure_page(container, seat, erasure_id)
    language = request.query.get("language", "")
    chosen = language if language in TABLES else certificate.erasure.language
    return certificate_page(container, certificate, chosen)
