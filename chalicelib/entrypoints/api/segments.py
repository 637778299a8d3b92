# SPDX-License-Identifier: Apache-2.0
"""Segments over the API, the facts they can ask about, and the rules of a brand's life cycle.

Guarantees that a segment is stored only when all of it can be used, that a check stores nothing,
and that a change names the version it was made from.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.lifecycle import dump_rules
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer, rfc3339
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.domain.segment_findings import Finding
    from chalicelib.domain.segment_terms import FactSpec
    from chalicelib.services.segments import Seen, SeenRules


@operation("GET", "/segments", KeyScope.READ, gives="SegmentPage", queries=PAGED)
def list_segments(call: Call) -> Mapping[str, Any]:
    """List segments."""
    return page_answer(call.container.segments.page(*call.paging()), _shape)


@operation(
    "POST",
    "/segments",
    KeyScope.MARKETING,
    status=201,
    takes="NewSegment",
    gives="Segment",
    location="/segments/{id}",
    echoed=("name", "where"),
    conflicts=True,
)
def create_segment(call: Call) -> Mapping[str, Any]:
    """Write a segment; what it warns of is stored all the same."""
    body = call.body
    return _shape(
        call.container.segments.create(
            segment_id=body["id"], brand_id=body["brand"], name=body["name"], where=body["where"]
        )
    )


@operation(
    "POST",
    "/segments/check",
    KeyScope.MARKETING,
    takes="CheckedSegment",
    gives="SegmentFindings",
    looks=True,
)
def check_segment(call: Call) -> Mapping[str, Any]:
    """Say what is worth knowing of an expression; nothing is stored."""
    found = call.container.segments.check(call.body["brand"], call.body["where"])
    return {"findings": _findings(found)}


@operation("GET", "/segments/facts", KeyScope.READ, gives="SegmentFacts", queries=("brand",))
def list_segment_facts(call: Call) -> Mapping[str, Any]:
    """List what a brand's segments can ask about, the fields of its forms first."""
    brand = call.request.query.get("brand")
    if not brand:
        raise InputError(code="bad_brand", detail="Say whose facts: add ?brand= and a brand's id.")
    facts = call.container.segments.facts(brand)
    return {"items": [_fact(spec, facts.choices.get(spec.name, ())) for spec in facts.specs]}


@operation("GET", "/segments/{segment}", KeyScope.READ, gives="Segment")
def get_segment(call: Call) -> Mapping[str, Any]:
    """Get one segment."""
    return _shape(call.container.segments.get(call.word("segment")))


@operation(
    "PUT",
    "/segments/{segment}",
    KeyScope.MARKETING,
    takes="ChangedSegment",
    gives="Segment",
    conflicts=True,
)
def replace_segment(call: Call) -> Mapping[str, Any]:
    """Change a segment; its brand stays. A campaign that started keeps what it froze."""
    body = call.body
    return _shape(
        call.container.segments.replace(
            call.word("segment"), version=body["version"], name=body["name"], where=body["where"]
        )
    )


@operation("DELETE", "/segments/{segment}", KeyScope.MARKETING, status=204, conflicts=True)
def delete_segment(call: Call) -> None:
    """Delete a segment that no campaign waits to be sent to."""
    call.container.segments.delete(call.word("segment"))


@operation("GET", "/brands/{brand}/lifecycle", KeyScope.READ, gives="Lifecycle")
def get_lifecycle(call: Call) -> Mapping[str, Any]:
    """Get the rules of a brand's life cycle: its own, or the default."""
    return _rules(call.container.segments.lifecycle(call.word("brand")))


@operation(
    "PUT",
    "/brands/{brand}/lifecycle",
    KeyScope.MARKETING,
    takes="ChangedLifecycle",
    gives="Lifecycle",
    conflicts=True,
)
def replace_lifecycle(call: Call) -> Mapping[str, Any]:
    """Change the rules of a brand's life cycle."""
    return _rules(call.container.segments.change_lifecycle(call.word("brand"), call.body))


OPERATIONS = (
    list_segments,
    create_segment,
    check_segment,
    list_segment_facts,
    get_segment,
    replace_segment,
    delete_segment,
    get_lifecycle,
    replace_lifecycle,
)


def _shape(seen: "Seen") -> Mapping[str, Any]:
    segment = seen.segment
    return {
        "id": segment.id,
        "brand": segment.brand,
        "name": segment.name,
        "version": segment.version,
        "where": segment.source,
        "warnings": _findings(seen.warnings),
        "created_at": rfc3339(segment.created_ms),
        "changed_at": rfc3339(segment.changed_ms),
    }


def _rules(seen: "SeenRules") -> Mapping[str, Any]:
    return {**dump_rules(seen.rules), "warnings": _findings(seen.warnings)}


def _findings(found: Iterable["Finding"]) -> list[Mapping[str, str]]:
    return [
        {"place": each.place, "code": str(each.code), "sentence": each.sentence} for each in found
    ]


def _fact(spec: "FactSpec", choices: Iterable[str]) -> Mapping[str, Any]:
    return {
        "fact": spec.name,
        "kind": str(spec.kind),
        "type": str(spec.type),
        "ops": [str(op) for op in spec.ops],
        "qualifiers": [str(name) for name in spec.qualifiers],
        "purpose": spec.purpose,
        "words": [*spec.words, *choices],
        "sentence": spec.sentence,
    }
