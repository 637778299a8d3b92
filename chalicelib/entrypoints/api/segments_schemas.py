# SPDX-License-Identifier: Apache-2.0
"""The schemas of segments, the facts they ask about, and the rules of the life cycle.

Guarantees what `schemas` does. What an expression may say depends on the brand's forms, lists and
campaigns and is judged by `domain.segments`, which names every place that is wrong; here it is an
object.
"""

from typing import Final

from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.segment_compile import Exclusion
from chalicelib.domain.segment_explain import Why
from chalicelib.domain.segment_terms import FactKind, FactType, Op, Qualifier
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    ID,
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
_NUMBER: Final[Schema] = {"type": ["integer", "null"], "minimum": 0}
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
    "AskedCount": closed({"list": SLUG}, "list"),
    "SegmentCount": shown(
        {
            "id": ID,
            "segment": SLUG,
            "version": _VERSION,
            "list": {**MAYBE, "description": "Null: everybody was asked."},
            "status": {"type": "string", "enum": [JobStatus.PENDING, JobStatus.READY]},
            "at": {**TIME, "description": "The moment for which relative times are taken."},
            "considered": {**_NUMBER, "description": "Null, as all of these, until it is ready."},
            "matched": _NUMBER,
            "excluded": {**_NUMBER, "description": "Restricted, or objected to the brand."},
            "unreadable": {**_NUMBER, "description": "What is stored of them does not open."},
            "without_key": {**_NUMBER, "description": "Erased meanwhile, or just made."},
            "sample": {
                "type": ["array", "null"],
                "items": shown({"id": ID, "email": {"type": "string"}}),
                "description": "Some who match, drawn by lot; null unless asked for.",
            },
        }
    ),
    "AskedExplanation": {
        **closed({"email": ADDRESS, "subscriber": ID, "at": TIME}, "email", "subscriber", "at"),
        "oneOf": [{"required": ["email"]}, {"required": ["subscriber"]}],
    },
    "SegmentExplanation": shown(
        {
            "subscriber": ID,
            "matches": BOOLEAN,
            "excluded": {
                **MAYBE,
                "enum": [*Exclusion, None],
                "description": "Then nothing of the person was looked at.",
            },
            "clauses": {"type": "array", "items": ref("ExplainedClause")},
            "lifecycle": shown({"stage": MAYBE, "activity": MAYBE}),
        }
    ),
    "ExplainedClause": shown(
        {
            "place": {"type": "string"},
            "fact": {"type": "string"},
            "op": {"type": "string"},
            "asked": {"description": "Its value; relative times as the days they mean."},
            "found": {"description": "What is known; null: nothing."},
            "holds": {
                "type": ["boolean", "null"],
                "description": "Whether the clause, as it is written, holds; null: nobody knows.",
            },
            "why": {**MAYBE, "enum": [*Why, None]},
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
