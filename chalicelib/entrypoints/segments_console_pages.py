# SPDX-License-Identifier: Apache-2.0
"""Segments in the console: what each asks, what it warns of, how many it counted.

Guarantees that nothing here changes anything and that no person is shown. What acts is
`segments_console_acts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.segment_facts import facts
from chalicelib.domain.segment_terms import FactKind
from chalicelib.domain.segment_words import outline
from chalicelib.domain.segments import clauses
from chalicelib.entrypoints.console_access import Seat, inside, marketer
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.security import with_script
from chalicelib.entrypoints.segments_console_forms import Fault, text_of
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.segment_expressions import Expression
    from chalicelib.services.segment_counts import Count
    from chalicelib.services.segment_explain import Told
    from chalicelib.services.segments import Seen

HOME: Final = "/console/segments"
SCRIPT: Final = "console/segment.js"
ROWS: Final = 100
BRANDS: Final = 100
COUNTS: Final = 5
"""Of one segment, that its page shows."""
EXAMPLE: Final[Mapping[str, Any]] = {
    "all": [
        {"fact": "orders.count", "op": "gte", "value": 2},
        {"fact": "orders.last", "op": "gte", "value": {"ago": {"months": 12}}},
    ]
}
"""What stands in the field of a rule that is not written yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A segment as its form shows it: as stored, or as it was just written.

    Attributes:
        version: that it is a change of; 0 for a new one.
    """

    id: str = ""
    brand: str = ""
    name: str = ""
    rule: str = ""
    version: int = 0


def _show_segments(container: "Container", request: Request, seat: Seat) -> Answer:
    cursor = request.query.get("cursor") or None
    found = container.segments.page(cursor, ROWS)
    last: dict[str, Count] = {}
    for count in container.segment_counts.recent():
        last.setdefault(count.segment, count)
    data = {
        **seat.frame(),
        "segments": [each.segment for each in found.items],
        "last": last,
        "cursor": found.cursor,
        "is_first": cursor is None,
        "brands": container.setup.brands(None, BRANDS).items,
        "number": container.renderer.tongue(seat.language).number,
        "done": request.query.get("done", ""),
    }
    return html(container.renderer.page("console/segments.html", data))


def _show_segment(container: "Container", request: Request, seat: Seat) -> Answer:
    return segment_page(container, request, seat)


def segment_page(
    container: "Container",
    request: Request,
    seat: Seat,
    fault: Fault | None = None,
    told: "Told | None" = None,
    status: int = 200,
) -> Answer:
    """Return the page of the segment that the path names, or say that there is none.

    Args:
        fault: why what was just asked for was not done.
        told: why the person that was asked about is in it or not.

    """
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    segment = seen.segment
    tongue = container.renderer.tongue(seat.language)
    counts = [each for each in container.segment_counts.recent() if each.segment == segment.id]
    lines = outline(segment.where, tongue=tongue)
    brand = container.brands.get(segment.brand)
    data = {
        **seat.frame(),
        "segment": segment,
        "brand_name": brand.name if brand else segment.brand,
        "zone": brand.zone if brand else "UTC",
        "lines": lines,
        "kinds": _kinds(segment.where),
        "warnings": [(each.place, each.words(tongue)) for each in seen.warnings],
        "counts": counts[:COUNTS],
        "moves": any(each.status is JobStatus.PENDING for each in counts[:COUNTS]),
        "lists": container.lists.of_brand(segment.brand) if seat.is_marketer else (),
        "number": tongue.number,
        "told": told,
        "asks": {line.place: line.sentence for line in lines},
        "fault": fault,
        "given": {name: seat.fields.get(name, "").strip() for name in ("email", "list")},
        "done": request.query.get("done", "") if request.method == "GET" else "",
    }
    script = container.renderer.page(SCRIPT, {})
    text = container.renderer.page("console/segment.html", data)
    return html(text, status, with_script(script, live=True))


def _show_new(container: "Container", _request: Request, seat: Seat) -> Answer:
    return form_page(container, seat, Draft(rule=text_of(EXAMPLE)))


def _show_editing(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    return nothing(container, seat) if seen is None else form_page(container, seat, draft_of(seen))


def draft_of(seen: "Seen") -> Draft:
    """Return a stored segment as its form shows it."""
    segment = seen.segment
    return Draft(
        id=segment.id,
        brand=segment.brand,
        name=segment.name,
        rule=text_of(segment.source),
        version=segment.version,
    )


def form_page(
    container: "Container",
    seat: Seat,
    draft: Draft,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Answer:
    """Return the form in which a segment is written or changed."""
    data = {
        **seat.frame(),
        "draft": draft,
        "faults": faults,
        "brands": container.setup.brands(None, BRANDS).items,
        "specs": container.segments.facts(draft.brand).specs if draft.version else facts({}),
    }
    return html(container.renderer.page("console/segment_form.html", data), status)


def _show_deleting(container: "Container", request: Request, seat: Seat) -> Answer:
    return deleting_page(container, request, seat)


def deleting_page(
    container: "Container", request: Request, seat: Seat, status: int = 200
) -> Answer:
    """Ask once more whether a segment is to be deleted, or say what stands in the way."""
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    awaited = container.segment_rows.awaited_by(seen.segment.id)
    named = [container.campaign_rows.get(each) for each in awaited]
    data = {
        **seat.frame(),
        "segment": seen.segment,
        "campaigns": [each for each in named if each is not None],
        "was_refused": request.method == "POST",
    }
    return html(container.renderer.page("console/segment_delete.html", data), status)


show_segments = inside(_show_segments)
show_segment = inside(_show_segment)
show_new = marketer(_show_new)
show_editing = marketer(_show_editing)
show_deleting = marketer(_show_deleting)


def seen_in(container: "Container", request: Request) -> "Seen | None":
    """Return the segment that the path names as it is now; None when there is none."""
    try:
        return container.segments.get(path_word(request, "segment"))
    except (InputError, NotFound):
        return None


def nothing(container: "Container", seat: Seat, missing: str = "segment") -> Answer:
    """Say that there is no such segment, or brand."""
    data = {**seat.frame(), "missing": missing}
    return html(container.renderer.page("console/error.html", data), 404)


def _kinds(where: "Expression") -> Mapping[FactKind, tuple[str, ...]]:
    """The facts that a rule asks about, by their kinds."""
    asked = {clause.fact.name: clause.fact.kind for clause in clauses(where)}
    kinds = ((kind, tuple(name for name, of in asked.items() if of is kind)) for kind in FactKind)
    return {kind: names for kind, names in kinds if names}
