# SPDX-License-Identifier: Apache-2.0
"""What the pages of segments are filled with, for tests that look at them."""

from dataclasses import replace
from typing import Any

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.ids import JobId, SubjectId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.lifecycle import DEFAULT_RULES
from chalicelib.domain.segment_explain import Explained, Explanation, Why
from chalicelib.domain.segment_facts import PERSON_FIELDS, facts
from chalicelib.domain.segment_terms import FactKind
from chalicelib.domain.segment_words import outline
from chalicelib.domain.segments import Segment, SegmentId, parse
from chalicelib.entrypoints.segments_console_forms import Fault, text_of
from chalicelib.entrypoints.segments_console_pages import Draft
from chalicelib.services.segment_counts import Count
from chalicelib.services.segment_explain import Told
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.support.campaign_examples import campaign
from tests.support.segment_desk import WHERE

BROKEN = (
    Fault(code="taken", field="id"),
    Fault(code="unknown_fact", field="rule", place="where.all[0].fact", meant="orders.count"),
    Fault(code="not_json", field="rule", line=3, column=7),
    Fault(code="changed"),
)
COUNT = Count(
    id=JobId("A" * 22),
    segment="buyers",
    version=1,
    at_ms=0,
    list=None,
    status=JobStatus.READY,
    considered=12_345,
    matched=1_234,
    excluded=1,
    unreadable=0,
    keyless=0,
)


def segment() -> Segment:
    """A segment that asks of three kinds of facts."""
    return Segment(
        id=SegmentId("buyers"),
        brand=DEMO_BRAND.id,
        name="Buyers <of pots>",
        where=parse(WHERE, {}),
        source=WHERE,
        version=2,
        created_ms=0,
        changed_ms=0,
    )


def told() -> Told:
    """Somebody of whom one clause holds, one does not, and one is not known."""
    held = [("where.all[0]", True), ("where.all[1].any[0]", False), ("where.all[1].any[1]", None)]
    clauses = tuple(
        Explained(
            place=place,
            fact="orders.count",
            op="gte",
            asked=2,
            found=None,
            holds=holds,
            why=Why.UNKNOWN if holds is None else None,
            sentence="What is known.",
        )
        for place, holds in held
    )
    found = Explanation(matches=False, excluded=None, clauses=clauses)
    return Told(sid=SubjectId("A" * 22), explanation=found, stage=None, activity=None)


def segment_page_data(language: str, **changes: Any) -> dict[str, Any]:
    """What `console/segment.html` is filled with beside the frame."""
    tongue = TemplateRenderer().tongue(language)
    lines = outline(segment().where, tongue=tongue)
    values = {
        "segment": segment(),
        "brand_name": DEMO_BRAND.name,
        "zone": "Europe/Stockholm",
        "lines": lines,
        "kinds": dict.fromkeys(FactKind, ("orders.count", "orders.last")),
        "warnings": [("where.all[0]", "Nobody can fit this.")],
        "counts": [
            COUNT,
            replace(COUNT, matched=None, list=DEMO_LIST.id, status=JobStatus.PENDING),
        ],
        "moves": False,  # It has a script while it moves.
        "lists": [DEMO_LIST],
        "number": tongue.number,
        "told": told(),
        "asks": {line.place: line.sentence for line in lines},
        "fault": None,
        "given": {"email": "buyer@example.org", "list": DEMO_LIST.id},
        "done": "saved",
    }
    return values | changes


def segment_pages(language: str) -> dict[str, dict[str, Any]]:
    """Every page of segments, by the name of its template."""
    tongue = TemplateRenderer().tongue(language)
    rule = {"word": "new", "lines": outline(segment().where, tongue=tongue)}
    return {
        "segment": segment_page_data(language),
        "segments": {
            "segments": [segment()],
            "last": {"buyers": COUNT},
            "cursor": "next",
            "is_first": False,
            "brands": [DEMO_BRAND],
            "number": tongue.number,
            "done": "deleted",
        },
        "segment_form": {
            "draft": Draft(id="buyers", brand=DEMO_BRAND.id, name="Buyers", rule=text_of(WHERE)),
            "faults": BROKEN,
            "brands": [DEMO_BRAND],
            "specs": facts({}),
        },
        "segment_delete": {
            "segment": segment(),
            "campaigns": [campaign()],
            "was_refused": True,
        },
        "lifecycle": {
            "brand": DEMO_BRAND,
            "version": DEFAULT_RULES.version,
            "stages": [rule, {"word": "new", "lines": ()}],
            "activities": [rule],
            "names": PERSON_FIELDS,
            "warnings": [("stage[0].where", "Nobody can fit this.")],
            "text": "{",
            "faults": BROKEN[1:],
            "done": "",
        },
    }
