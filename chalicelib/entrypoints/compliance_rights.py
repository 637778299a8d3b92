# SPDX-License-Identifier: Apache-2.0
"""Rights requests in the console: what is owed and until when, entering one, answering it.

Guarantees that a deadline that passed is said in words, that a request which takes effect at once
has done so when the page comes back, and that a note is shown only in the answer to a POST.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from chalicelib.domain.erasure import REQUESTABLE, Ground
from chalicelib.domain.rights import (
    MAX_NOTE_CHARS,
    MAX_RECEIVER_CHARS,
    REFUSABLE,
    ExtensionReason,
    Medium,
    Received,
    RefusalGround,
    RestrictionGround,
    Right,
    RightsRequest,
    article,
)
from chalicelib.domain.telling import to_tell
from chalicelib.entrypoints.compliance_entering import (
    ENTERED,
    Wrong,
    note_of,
    received_ms,
    selector,
    wrong_fields,
)
from chalicelib.entrypoints.console_access import Seat
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, IllegalTransition, InputError, NotFound
from chalicelib.proof.words import TABLES

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

RIGHTS = "/console/compliance/rights"
ROWS = 100
MAX_PAGES = 20
_FIELDS = (
    *("who", "subscriber", "right", "brand", "medium", "received_by"),
    *("restriction", "erasure", "note"),
)


def list_requests(container: "Container", request: Request, seat: Seat) -> Answer:
    """Show what is owed, by deadline; with ``all`` the newest 100 of everything."""
    is_all = "all" in request.query
    found, is_complete = _read(container, open_only=not is_all)
    if is_all:
        found.sort(key=lambda each: -each.entered_ms)
    now_ms = container.clock.now_ms()
    data = {
        **seat.frame(),
        "requests": found[:ROWS],
        "late": {each.id for each in found if each.is_open and each.is_late(now_ms)},
        "zones": _zones(container),
        "is_all": is_all,
        "more": not is_complete or len(found) > ROWS,
    }
    return html(container.renderer.page("console/rights.html", data))


def _read(container: "Container", *, open_only: bool) -> tuple[list[RightsRequest], bool]:
    """Up to 2,000 requests, and whether these are all."""
    found: list[RightsRequest] = []
    cursor = None
    for _ in range(MAX_PAGES):
        page = container.rights.page(cursor, ROWS, open_only=open_only)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return found, cursor is None


def owed_requests(container: "Container") -> dict[str, int]:
    """Return how many requests are ``owed``, and how many of them ``overdue``; up to 2,000."""
    found, _ = _read(container, open_only=True)
    now_ms = container.clock.now_ms()
    return {"owed": len(found), "overdue": sum(each.is_late(now_ms) for each in found)}


def _zones(container: "Container") -> dict[str, str]:
    return {brand.id: brand.zone for brand in container.brands.all()}


def show_entering(container: "Container", request: Request, seat: Seat) -> Answer:
    """Show the form for a request that came by letter, phone or reply."""
    return _entering_page(container, seat, {"subscriber": request.query.get("subscriber", "")})


def enter_request(container: "Container", _request: Request, seat: Seat) -> Answer:
    """Record a request; what takes effect at once has done so when the next page shows."""
    wrong = wrong_fields(container, seat.fields)
    if wrong:
        return _entering_page(container, seat, seat.fields, wrong=wrong, status=422)
    try:
        made = _entered(container, seat)
    except NotFound:
        return _entering_page(container, seat, seat.fields, wrong={"who": Wrong.NOBODY}, status=404)
    except InputError as error:
        is_note = error.code == "no_note"
        wrong = {"note": Wrong.NOTE_OF_STRANGER} if is_note else {"who": Wrong.UNREAD}
        return _entering_page(container, seat, seat.fields, wrong=wrong, status=422)
    return _see(made.id, seat)


def _entered(container: "Container", seat: Seat) -> RightsRequest:
    from chalicelib.services.rights import Erase  # noqa: PLC0415  # loads cryptography

    fields = seat.fields
    return container.rights.by_officer(
        selector(fields),
        Right(fields["right"]),
        fields["brand"],
        Received(
            medium=Medium(fields["medium"]),
            received_ms=received_ms(container, fields),
            received_by=fields["received_by"],
            entered_by=seat.key.id,
        ),
        note=note_of(fields),
        ground=RestrictionGround(fields.get("restriction") or RestrictionGround.OBJECTION),
        erase=Erase(
            ground=Ground(fields.get("erasure") or Ground.WITHDRAWN), language=seat.language
        ),
    )


def _entering_page(
    container: "Container",
    seat: Seat,
    fields: Mapping[str, str],
    *,
    wrong: Mapping[str, Wrong] | None = None,
    status: int = 200,
) -> Answer:
    brands = container.brands.all()
    zone = ZoneInfo(brands[0].zone if brands else "UTC")
    today = datetime.fromtimestamp(container.clock.now_ms() / 1000, zone).date().isoformat()
    data = {
        **seat.frame(),
        "wrong": wrong or {},
        "given": {**dict.fromkeys(_FIELDS, ""), "received_on": today, **fields},
        "today": today,
        "brands": brands,
        "rights_offered": list(Right),
        "media_offered": ENTERED,
        "restrictions": list(RestrictionGround),
        "erasure_grounds": REQUESTABLE,
        "max_receiver": MAX_RECEIVER_CHARS,
        "max_note": MAX_NOTE_CHARS,
        "words": TABLES[seat.language],
    }
    return html(container.renderer.page("console/rights_enter.html", data), status)


def show_request(container: "Container", request: Request, seat: Seat) -> Answer:
    """Show one request, with what can be done about it."""
    return _request_page(container, seat, path_word(request, "request"))


def decide_request(container: "Container", request: Request, seat: Seat) -> Answer:
    """Answer, extend, refuse or lift; or open the note, which is shown in the answer to this.

    Raises:
        InputError: the form asks for none of these.
        NotFound: there is no such request.
    """
    request_id, desk = path_word(request, "request"), container.right_answers
    fields, key_id = seat.fields, seat.key.id
    try:
        match fields.get("act"):
            case "answer":
                desk.answer(request_id, key_id)
            case "extend":
                desk.extend(request_id, _word(ExtensionReason, fields), key_id)
            case "refuse":
                desk.refuse(request_id, _word(RefusalGround, fields), key_id)
            case "lift":
                if fields.get("told") != "yes":
                    return _request_page(container, seat, request_id, problem="told", status=422)
                desk.lift(request_id, key_id)
            case "note":
                note = container.rights.note(request_id, key_id)
                return _request_page(container, seat, request_id, note=note or "")
            case _:
                raise InputError("bad_act", "The act is answer, extend, refuse, lift or note.")
    except (IllegalTransition, Conflict) as error:
        late = isinstance(error, IllegalTransition) and fields.get("act") == "extend"
        problem = "late" if late else "decided"
        return _request_page(container, seat, request_id, problem=problem, status=409)
    return _see(request_id, seat)


W = TypeVar("W", ExtensionReason, RefusalGround)


def _word(words: type[W], fields: Mapping[str, str]) -> W:
    try:
        return words(fields.get("why", ""))
    except ValueError:
        raise InputError("bad_reason", "Choose a reason of the list.") from None


def _see(request_id: str, seat: Seat) -> Answer:
    return redirect(f"{RIGHTS}/{request_id}?language={seat.language}")


def _request_page(
    container: "Container",
    seat: Seat,
    request_id: str,
    *,
    problem: str | None = None,
    note: str | None = None,
    status: int = 200,
) -> Answer:
    found = container.rights.get(request_id)
    now_ms = container.clock.now_ms()
    refusable = REFUSABLE[found.right]
    data = {
        **seat.frame(),
        "asked": found,
        "problem": problem,
        "note": note,
        "zone": _zones(container).get(found.brand, "UTC"),
        "told": to_tell(found),
        "is_first_month": now_ms <= found.due_ms,
        "is_late": found.is_open and found.is_late(now_ms),
        "was_late": not found.is_open and found.is_late(now_ms),
        "is_extendable": found.status == "open" and now_ms <= found.due_ms,
        "extensions": list(ExtensionReason),
        "refusals": refusable,
        "articles": {ground: article(found.right, ground) for ground in refusable},
        "entered_by": _name(container, found.entered_by),
    }
    return html(container.renderer.page("console/rights_request.html", data), status)


def _name(container: "Container", key_id: str) -> str:
    try:
        return container.key_ring.get(key_id).name if key_id else ""
    except NotFound:
        return key_id
