# SPDX-License-Identifier: Apache-2.0
"""What a marketer does with a segment in the console: write, change, count, explain, delete.

Guarantees that nothing is done without a key of the scope ``marketing`` and the token of its own
session, that what changes something is answered by a redirect, that a refused form comes back as it
was filled in, and that an address travels in the body of a POST and stands in no address of ours.
"""

from typing import TYPE_CHECKING

from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.console_access import Seat, marketer
from chalicelib.entrypoints.exchange import Answer, Request, redirect
from chalicelib.entrypoints.segments_console_forms import Fault, faults_of, rule_of
from chalicelib.entrypoints.segments_console_pages import (
    HOME,
    Draft,
    deleting_page,
    form_page,
    nothing,
    seen_in,
    segment_page,
)
from chalicelib.errors import Conflict, InputError, NotFound, Throttled

MAX_DIGITS = 9

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


def _create(container: "Container", _request: Request, seat: Seat) -> Answer:
    draft = _written(seat)
    try:
        made = container.segments.create(
            segment_id=draft.id, brand_id=draft.brand, name=draft.name, where=rule_of(draft.rule)
        )
    except (InputError, Conflict) as error:
        faults = faults_of(error, Fault(code="taken", field="id"))
        return form_page(container, seat, draft, faults, status_of(error))
    return redirect(f"{HOME}/{made.segment.id}?language={seat.language}&done=made")


def _save(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    segment = seen.segment
    # The form that comes back is a change of what stands now, whoever wrote that.
    draft = _written(seat, id=segment.id, brand=segment.brand, version=segment.version)
    try:
        container.segments.replace(
            segment.id,
            version=version_of(seat),
            name=draft.name,
            where=rule_of(draft.rule),
        )
    except (InputError, Conflict) as error:
        faults = faults_of(error, Fault(code="changed"))
        return form_page(container, seat, draft, faults, status_of(error))
    return redirect(f"{HOME}/{segment.id}?language={seat.language}&done=saved")


def _count(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    try:
        container.segment_counts.start(seen.segment.id, seat.fields.get("list") or None)
    except InputError as error:
        fault = Fault(code="unknown_list", field="list")
        return segment_page(container, request, seat, fault, status=status_of(error))
    except Throttled as error:
        fault = Fault(code="busy", field="list")
        return segment_page(container, request, seat, fault, status=status_of(error))
    return redirect(f"{HOME}/{seen.segment.id}?language={seat.language}&done=counting")


def _explain(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    explaining = container.explaining
    try:
        told = explaining.tell(
            seen.segment.id,
            explaining.by_address(seat.fields.get("email", "").strip()),
            seat.key.id,
            tongue=container.renderer.tongue(seat.language),
        )
    except (InputError, NotFound) as error:
        code = "nobody" if isinstance(error, NotFound) else "malformed_address"
        fault = Fault(code=code, field="email")
        return segment_page(container, request, seat, fault, status=status_of(error))
    return segment_page(container, request, seat, told=told)


def _delete(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    try:
        container.segments.delete(seen.segment.id)
    except Conflict as error:
        return deleting_page(container, request, seat, status_of(error))
    return redirect(f"{HOME}?language={seat.language}&done=deleted")


create_segment = marketer(_create)
save_segment = marketer(_save)
count_segment = marketer(_count)
explain_person = marketer(_explain)
delete_segment = marketer(_delete)


def version_of(seat: Seat) -> int:
    """Return the version that a form was a change of."""
    told = seat.fields.get("version", "")
    if not (told.isascii() and told.isdigit() and len(told) <= MAX_DIGITS):
        raise InputError(code="bad_version", detail="The form does not say what it changes.")
    return int(told)


def _written(seat: Seat, **known: str | int) -> Draft:
    told: dict[str, str | int] = {
        name: seat.fields.get(name, "").strip() for name in ("id", "brand", "name")
    }
    told["rule"] = seat.fields.get("rule", "")
    return Draft(**(told | known))  # type: ignore[arg-type]  # Each name has its own type.
