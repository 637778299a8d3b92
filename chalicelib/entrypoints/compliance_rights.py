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
    RefusalGround,
    RestrictionGround,
    Right,
    RightsRequest,
    article,
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
NOON_H = 12
"""A date without a time stands for its noon: the deadline asks for the day alone."""
ENTERED = tuple(medium for medium in Medium if medium is not Medium.PAGE)
_FIELDS = (
    *("who", "subscriber", "right", "brand", "medium", "received_by"),
    *("restriction", "erasure", "note"),
)
_PROBLEMS = frozenset({"bad_received_at", "bad_received_by", "bad_note", "no_note"})


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
    try:
        made = _entered(container, seat)
    except NotFound:
        return _entering_page(container, seat, seat.fields, problem="nobody", status=404)
    except InputError as error:
        problem = error.code if error.code in _PROBLEMS else "malformed"
        return _entering_page(container, seat, seat.fields, problem=problem, status=422)
    return _see(made.id, seat)


def _entered(container: "Container", seat: Seat) -> RightsRequest:
    from chalicelib.services.rights import Erase  # noqa: PLC0415  # loads cryptography

    fields = seat.fields
    try:
        right, medium = Right(fields.get("right", "")), Medium(fields.get("medium", ""))
        ground = RestrictionGround(fields.get("restriction", RestrictionGround.OBJECTION))
        erasure_ground = Ground(fields.get("erasure", Ground.WITHDRAWN))
    except ValueError:
        raise InputError("bad_request", "Choose a right and how it came.") from None
    brand = fields.get("brand", "")
    return container.rights.by_officer(
        _selector(fields),
        right,
        brand=brand,
        medium=medium,
        received_ms=_received(container, fields.get("received_on", ""), brand),
        received_by=fields.get("received_by", ""),
        entered_by=seat.key.id,
        note=fields.get("note", "").replace("\r\n", "\n") or None,
        ground=ground,
        erase=Erase(ground=erasure_ground, language=seat.language),
    )


def _selector(fields: Mapping[str, str]) -> dict[str, str]:
    who = fields.get("who", "").strip()
    if subscriber := fields.get("subscriber"):
        return {"subscriber": subscriber}
    return {"email" if "@" in who and "/" not in who else "token": who}


def _received(container: "Container", text: str, brand: str) -> int:
    """Noon of the day, where the brand's controller is; of today at the latest now.

    Raises:
        InputError: no date.
    """
    zone = ZoneInfo(_zones(container).get(brand, "UTC"))
    now_ms = container.clock.now_ms()
    try:
        day = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007  # the zone follows
    except ValueError:
        raise InputError("bad_received_at", "Say on which day it arrived.") from None
    noon_ms = round(day.replace(hour=NOON_H, tzinfo=zone).timestamp() * 1000)
    is_today = day.date() == datetime.fromtimestamp(now_ms / 1000, zone).date()
    return min(noon_ms, now_ms) if is_today else noon_ms


def _entering_page(
    container: "Container",
    seat: Seat,
    fields: Mapping[str, str],
    *,
    problem: str | None = None,
    status: int = 200,
) -> Answer:
    brands = container.brands.all()
    zone = ZoneInfo(brands[0].zone if brands else "UTC")
    today = datetime.fromtimestamp(container.clock.now_ms() / 1000, zone).date().isoformat()
    data = {
        **seat.frame(),
        "problem": problem,
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
    request_id, desk = path_word(request, "request"), container.rights
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
                note = desk.note(request_id, key_id)
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
