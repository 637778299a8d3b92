# SPDX-License-Identifier: Apache-2.0
"""The schemas of segments, the facts they ask about, and the rules of the life cycle.

Guarantees what `schemas` does. What an expression may say depends on the brand's forms, lists and
campaigns and is judged by `domain.segments`, which names every place that is wrong; here it is an
object.
"""

from typing import Final

from chalicelib.domain.segment_terms import FactKind, FactType, Op, Qualifier
from chalicelib.entrypoints.api.shapes import (
    MAYBE,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    page_of,
    ref,
    shown,
)

OWN_WORDS: Final = ("check", "facts")
"""Addresses of ours below ``/segments``, so no segment has these ids."""
_WHERE: Final[Schema] = {
    "type": "object",
    "description": "An expression over facts, as docs/spec/segments.md defines it; "
    "`GET /segments/facts` lists what it can ask about. What cannot be used is a 422 "
    "`bad_segment` whose `errors` name each place, such as `where.all[1].value`.",
    "examples": [
        {
            "all": [
                {"fact": "orders.count", "op": "gte", "value": 2},
                {"fact": "orders.last", "op": "gte", "value": {"ago": {"months": 12}}},
            ]
        }
    ],
}
_VERSION: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "description": "The current version; 409 when somebody else changed it meanwhile.",
}
_RULES: Final[Schema] = {
    "type": "array",
    "items": {"type": "object"},
    "description": 'Rules `{"is":word,"where":expression}`, tried in their order; the last may '
    "have no `where`.",
}
_NAMES: Final[Schema] = {
    "type": "object",
    "description": "Which field of the forms tells each fact of a person.",
}
_WARNINGS: Final[Schema] = {"type": "array", "items": ref("SegmentFinding")}
_WORDS: Final[Schema] = {"type": "array", "items": {"type": "string"}}

SEGMENT_SCHEMAS: Final[dict[str, Schema]] = {
    "NewSegment": closed(
        {
            "id": {**SLUG, "not": {"enum": list(OWN_WORDS)}},
            "brand": SLUG,
            "name": line(),
            "where": _WHERE,
        }
    ),
    "ChangedSegment": closed({"version": _VERSION, "name": line(), "where": _WHERE}),
    "CheckedSegment": closed({"brand": SLUG, "where": _WHERE}),
    "Segment": shown(
        {
            "id": SLUG,
            "brand": SLUG,
            "name": {"type": "string"},
            "version": _VERSION,
            "where": {"type": "object"},
            "warnings": _WARNINGS,
            "created_at": TIME,
            "changed_at": TIME,
        }
    ),
    "SegmentPage": page_of("Segment"),
    "SegmentFinding": shown(
        {
            "place": {"type": "string", "description": "Of the clause, as in errors."},
            "code": {"type": "string"},
            "sentence": {"type": "string"},
        }
    ),
    "SegmentFindings": shown({"findings": _WARNINGS}),
    "SegmentFact": shown(
        {
            "fact": {"type": "string"},
            "kind": {"type": "string", "enum": list(FactKind)},
            "type": {"type": "string", "enum": list(FactType)},
            "ops": {"type": "array", "items": {"type": "string", "enum": list(Op)}},
            "qualifiers": {
                "type": "array",
                "items": {"type": "string", "enum": list(Qualifier)},
                "description": "Members that a clause about it has.",
            },
            "purpose": {**MAYBE, "description": "Without this consent it is not known."},
            "words": {**_WORDS, "description": "What it can be; empty where that is open."},
            "sentence": {"type": "string"},
        }
    ),
    "SegmentFacts": shown({"items": {"type": "array", "items": ref("SegmentFact")}}),
    "ChangedLifecycle": closed(
        {
            "version": {**_VERSION, "minimum": 0},
            "facts": _NAMES,
            "stage": _RULES,
            "activity": _RULES,
        },
        "facts",
    ),
    "Lifecycle": shown(
        {
            "version": {
                "type": "integer",
                "minimum": 0,
                "description": "0: the brand made no rules of its own.",
            },
            "facts": _NAMES,
            "stage": _RULES,
            "activity": _RULES,
            "warnings": _WARNINGS,
        }
    ),
}
