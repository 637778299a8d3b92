# SPDX-License-Identifier: Apache-2.0
"""A segment as it was when its campaign started: one document, one hash, the same answers."""

import json
from dataclasses import replace

import pytest

from chalicelib.domain.forms import FieldType
from chalicelib.domain.frozen_segment import (
    FrozenSegment,
    SegmentReference,
    dump_frozen,
    load_frozen,
)
from chalicelib.domain.lifecycle import DEFAULT_RULES, parse_rules
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segments import Segment, SegmentId, dump, parse
from chalicelib.errors import FatalError
from infra.local.demo_data import DEMO_BRAND
from tests.support.clock import START_MS

FIELDS = {"beds": FieldType.NUMBER}
WHERE = {"all": [{"fact": "field.beds", "op": "gte", "value": 3},
                 {"fact": "lifecycle.stage", "op": "eq", "value": "loyalty"}]}  # fmt: skip
RULES = {
    "version": 0,
    "facts": {},
    "stage": [{"is": "loyalty", "where": {"fact": "field.beds", "op": "lt", "value": 9}}],
    "activity": [],
}


def segment():
    read = parse(WHERE, FIELDS)
    return Segment(
        id=SegmentId("families"),
        brand=DEMO_BRAND.id,
        name="Families",
        where=read,
        source=dump(read),
        version=4,
        created_ms=1,
        changed_ms=2,
    )


def frozen(rules=None, now_ms=START_MS):
    return FrozenSegment.of(segment(), rules or parse_rules(RULES, FIELDS), DEMO_BRAND, now_ms)


def somebody(beds):
    return Person({}, {}, {}, {"attributes": {"beds": beds}}, {})


def test_what_is_read_back_asks_the_same():
    again = load_frozen(dump_frozen(frozen()))
    assert again == frozen()
    for beds, matches in (("2", False), ("3", True), ("8", True), ("9", False)):
        assert again.compiled().test(somebody(beds)) is matches


def test_the_document_holds_all_that_decides_and_its_members_are_sorted():
    document = dump_frozen(frozen())
    stored = json.loads(document)
    assert stored["zone"] == DEMO_BRAND.zone
    assert (stored["now_ms"], stored["segment"]["version"]) == (START_MS, 4)
    assert stored["fields"] == stored["lifecycle_fields"] == {"beds": "number"}
    compact = json.dumps(stored, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert document == compact.encode()


@pytest.mark.parametrize("other", [frozen(DEFAULT_RULES), frozen(now_ms=START_MS + 1)])
def test_another_definition_has_another_hash(other):
    ours = SegmentReference.to(frozen(), dump_frozen(frozen()))
    theirs = SegmentReference.to(other, dump_frozen(other))
    assert ours.sha256 != theirs.sha256
    with pytest.raises(FatalError, match="not the one"):
        ours.require(dump_frozen(other))
    assert ours.require(dump_frozen(frozen())) == frozen()


def test_a_reference_is_read_as_it_was_written_and_nothing_else_is():
    reference = SegmentReference.to(frozen(), dump_frozen(frozen()))
    assert SegmentReference.read(reference.stored()) == reference
    for broken in ({}, {"id": "families"}, {**reference.stored(), "more": 1}, {"where": WHERE}):
        with pytest.raises(FatalError):
            SegmentReference.read(broken)


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"fields": {"beds": "x"}}, {"segment": {}}, {"lifecycle": 1}]
)
def test_a_document_of_another_form_is_not_guessed_at(change):
    stored = json.loads(dump_frozen(frozen()))
    for data in (json.dumps(stored | change).encode(), b"[]", b"{", b"{}"):
        with pytest.raises(FatalError):
            load_frozen(data)


def test_a_segment_keeps_the_types_its_fields_had():
    text = dump_frozen(frozen())
    assert load_frozen(text).where == parse(WHERE, FIELDS)
    assert replace(frozen(), version=5) != frozen()
