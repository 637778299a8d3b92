# SPDX-License-Identifier: Apache-2.0
"""The compliance pages of the console: find a person, read their timeline, make a proof.

Guarantees that a clue travels in the body of a POST and stands in no address, that a person is
shown only in the answer to a POST, because looking writes an entry, and that every page needs a
key with the scope ``compliance``.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.erasure import REQUESTABLE
from chalicelib.domain.erasure_consequences import COUNTRIES
from chalicelib.domain.event_tallies import SHOWN_DAYS, day_of, summed
from chalicelib.domain.ids import require_slug
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.leads import Miss, NobodyFound
from chalicelib.entrypoints.api.proofs import bundle_answer
from chalicelib.entrypoints.compliance_clues import clue_of
from chalicelib.entrypoints.compliance_erasures import (
    HOME,
    REFRESH,
    ask_erasure,
    decide_erasure,
    list_erasures,
    preview_erasure,
    show_certificate,
    show_erasure,
    waiting_erasures,
)
from chalicelib.entrypoints.compliance_rights import (
    decide_request,
    enter_request,
    list_requests,
    owed_requests,
    show_entering,
    show_request,
)
from chalicelib.entrypoints.console_access import Seat, officer
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import InputError, NotFound
from chalicelib.proof.event_types import RULES
from chalicelib.proof.words import TABLES
from chalicelib.services.health_sight import told
from chalicelib.vocabulary import EventType

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.proof.canonical import JsonValue
    from chalicelib.services.findings import Finding

ROWS = 20
READ = 100
"""Proofs come by their random ids: as many are read, and the newest of them are shown."""
MAX_LINE_CHARS = 200
REASONS = tuple(sorted(RULES[EventType.BUNDLE_EXPORTED].reasons))


def _home(container: "Container", _request: Request, seat: Seat) -> Answer:
    return _search_page(container, seat)


def _search_page(
    container: "Container",
    seat: Seat,
    *,
    status: int = 200,
    problem: str | None = None,
    said: str = "",
) -> Answer:
    proofs = container.proofs.page(None, READ).items
    first_day = day_of(container.clock.now_ms()) - SHOWN_DAYS + 1
    data = {
        **seat.frame(),
        "problem": problem,
        "said": said,
        "clue": seat.fields.get("clue", "") if problem else "",
        "waiting": waiting_erasures(container),
        **owed_requests(container),
        "proofs": sorted(proofs, key=lambda each: -each.created_ms)[:ROWS],
        "of_nobody": summed(container.activity.of_nobody(first_day, SHOWN_DAYS)),
        "of_nobody_days": SHOWN_DAYS,
        "number": container.renderer.tongue(seat.language).number,
    }
    return html(container.renderer.page("console/compliance.html", data), status)


def _search(container: "Container", _request: Request, seat: Seat) -> Answer:
    text = seat.fields.get("clue", "")
    if not text.strip():
        return _search_page(container, seat, status=422, problem="empty")
    try:
        found = container.finder.find(clue_of(text), seat.key.id)
    except NotFound as error:
        miss = error.miss if isinstance(error, NobodyFound) else Miss.NOBODY
        return _search_page(container, seat, status=404, problem=miss, said=str(error))
    except InputError as error:
        problem = "several" if error.code == "several_people" else "malformed"
        return _search_page(container, seat, status=422, problem=problem, said=error.detail)
    return _person_page(container, seat, found)


def _person_page(container: "Container", seat: Seat, found: "Finding") -> Answer:
    standing = found.standing
    brands = _brands(container, found)
    data = {
        **seat.frame(),
        "found": found,
        "standing": standing,
        "health": _health(container, found),
        "items": container.timelines.of_found(found.sid, seat.language),
        "brands": {brand.id: brand.name for brand in brands},
        "zone": brands[0].zone if brands else "UTC",
        "list_names": {
            each.key.list: _list_name(container, each.key.list) for each in standing.consents
        },
        "lists": _unique(each.key.list for each in standing.consents),
        "purposes": _unique(each.key.purpose for each in standing.consents),
        "reasons": REASONS,
        "grounds": REQUESTABLE,
        "countries": COUNTRIES,
        "words": TABLES[seat.language],
    }
    return html(container.renderer.page("console/person.html", data))


def _brands(container: "Container", found: "Finding") -> "tuple[Brand, ...]":
    named = _unique(each.key.brand for each in found.standing.consents)
    brands = (container.brands.get(each) for each in named)
    return tuple(each for each in brands if each is not None)


def _health(container: "Container", found: "Finding") -> list["JsonValue"]:
    """How well mail reaches who was found; nothing of who was erased."""
    seen = container.health_sight.of(found.sid)
    return [] if seen is None else told(seen)


def _list_name(container: "Container", list_id: str) -> str:
    found = container.lists.get(list_id)
    return found.name if found else list_id


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _ask_proof(container: "Container", _request: Request, seat: Seat) -> Answer:
    from chalicelib.services.proofs import Wish  # noqa: PLC0415  # loads cryptography

    fields = seat.fields
    wish = Wish(
        lists=_ticked(fields, "list-"),
        purposes=_ticked(fields, "purpose-"),
        recipient=_line(fields, "recipient"),
        reason=_line(fields, "reason"),
        language=fields["report"] if fields.get("report") in TABLES else seat.language,
        exporter=seat.key.name,
    )
    selector = {name: fields[name] for name in ("subscriber", "erasure") if fields.get(name)}
    job = container.proofs.request(selector, wish, seat.key.id)
    return redirect(f"{HOME}/proofs/{job.id}?language={seat.language}")


def _ticked(fields: Mapping[str, str], prefix: str) -> tuple[str, ...]:
    """The slugs whose boxes were ticked; a box is named by its prefix and its slug."""
    ticked = (name.removeprefix(prefix) for name in fields if name.startswith(prefix))
    return tuple(sorted(require_slug(slug, "box") for slug in ticked))


def _line(fields: Mapping[str, str], name: str) -> str | None:
    text = fields.get(name, "").strip()
    if len(text) > MAX_LINE_CHARS or not text.isprintable():
        raise InputError(code="bad_line", detail="Write one line of at most 200 characters.")
    return text or None


def _show_proof(container: "Container", request: Request, seat: Seat) -> Answer:
    job = container.proofs.get(path_word(request, "proof"))
    headers = REFRESH if job.status is JobStatus.PENDING else {}
    text = container.renderer.page("console/proof.html", {**seat.frame(), "job": job})
    return html(text, headers=headers)


def _download(container: "Container", request: Request, _seat: Seat) -> Answer:
    return bundle_answer(container, path_word(request, "proof"))


show_home = officer(_home)
search = officer(_search)
ask_proof = officer(_ask_proof)
show_proof = officer(_show_proof)
download = officer(_download)
show_erasures = officer(list_erasures)
ask_for_erasure = officer(ask_erasure)
show_preview = officer(preview_erasure)
show_one_erasure = officer(show_erasure)
decide_on_erasure = officer(decide_erasure)
show_erasure_certificate = officer(show_certificate)
show_requests = officer(list_requests)
enter_a_request = officer(enter_request)
show_entry = officer(show_entering)
show_one_request = officer(show_request)
decide_on_request = officer(decide_request)
