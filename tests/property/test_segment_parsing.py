# SPDX-License-Identifier: Apache-2.0
"""Any document is read whole or refused by its places; what was read writes itself back."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_facts import facts
from chalicelib.domain.segment_findings import findings
from chalicelib.domain.segment_terms import LISTS, NO_VALUE, FactSpec, FactType, Op
from chalicelib.domain.segment_values import SegmentCode, Unit, Way
from chalicelib.domain.segments import SegmentError, clauses, dump, fields_of, parse

FIELDS = {f"a_{kind}": kind for kind in FieldType}
SPECS = facts(FIELDS)
NOW = Moment(now_ms=1_795_348_800_000, zone="Europe/Stockholm")
CODES = {str(code) for code in SegmentCode}
QUALIFIERS = {
    "list": st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True),
    "purpose": st.sampled_from(["newsletter", "measurement"]),
    "currency": st.sampled_from(["SEK", "EUR", "JPY"]),
    "name": st.from_regex(r"[a-z][a-z0-9_.]{0,31}", fullmatch=True),
}
lines = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20
).filter(str.strip)
days = st.dates().map(str)
counted = st.builds(
    lambda way, unit, n: {str(way): {str(unit): n}},
    st.sampled_from(Way),
    st.sampled_from(Unit),
    st.integers(0, 10_000),
)
instants = st.datetimes().map(lambda at: at.isoformat(timespec="seconds") + "Z")
flags = st.booleans()


def scalars(spec: FactSpec, op: Op) -> st.SearchStrategy[Any]:
    if spec.type in (FactType.NUMBER, FactType.AMOUNT):
        return st.integers(spec.least, spec.most)
    if spec.type is FactType.DATE or op is Op.ON:
        return days | counted
    return {
        FactType.TIME: days | counted | instants,
        FactType.BIRTHDAY: st.builds(lambda n: {"days": n}, st.integers(0, 366)),
        FactType.FLAG: flags,
        FactType.WORD: st.sampled_from(spec.words) if spec.words else lines,
    }.get(spec.type, lines)


@st.composite
def valid_clauses(draw: Any) -> dict[str, Any]:
    spec = draw(st.sampled_from(SPECS))
    op = draw(st.sampled_from(spec.ops))
    clause: dict[str, Any] = {"fact": spec.name, "op": str(op)}
    one = scalars(spec, op)
    if op in LISTS:
        clause["value"] = draw(st.lists(one, min_size=1, max_size=4))
    elif op is Op.BETWEEN:
        clause["value"] = draw(st.lists(one, min_size=2, max_size=2))
    elif op not in NO_VALUE:
        clause["value"] = draw(one)
    return clause | {str(name): draw(QUALIFIERS[name]) for name in spec.qualifiers}


def joined(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(part, min_size=1, max_size=3)
    return (
        st.builds(lambda x: {"all": x}, parts)
        | st.builds(lambda x: {"any": x}, parts)
        | st.builds(lambda x: {"not": x}, part)
    )


# Three times joined and no more: eight deep is a rule, and no document here is to break one.
valid = valid_clauses()
for _ in range(3):
    valid = valid_clauses() | joined(valid)

words = st.sampled_from(
    [
        *("all", "any", "not", "fact", "op", "value", "list", "purpose", "currency", "name"),
        *("ago", "ahead", "days", "months", "SEK", "2026-02-29", "2026-01-01T00:00:00Z"),
        *(spec.name for spec in SPECS),
        *map(str, Op),
    ]
)
anything = st.recursive(
    st.none() | flags | st.integers() | st.floats() | words | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(), inner),
    max_leaves=12,
)


def spots(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(document, Mapping):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document))
    return [path, *(spot for key, value in inner for spot in spots(value, (*path, key)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(document) if isinstance(document, Mapping) else list(document)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


def leads_somewhere(document: Any, place: str) -> bool:
    """Whether a place is one of the document, or the one thing missing there."""
    steps = re.findall(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]", place.removeprefix("where"))
    assert "where" + "".join(f".{m}" if m else f"[{n}]" for m, n in steps) == place
    for step, (member, index) in enumerate(steps):
        key: Any = member or int(index)
        if isinstance(document, Mapping) and member in document:
            document = document[member]
        elif isinstance(document, list) and index and key < len(document):
            document = document[key]
        else:
            return step == len(steps) - 1
    return True


def check(document: Any) -> None:
    """Read whole, or refused with one to twenty places of the document."""
    problems: Mapping[str, str] = {}
    try:
        read = parse(document, FIELDS)
    except SegmentError as error:
        problems = error.problems
    if not problems:
        assert dump(read) == document
        return
    assert len(problems) <= 20
    assert {str(code) for code in problems.values()} <= CODES
    assert [place for place in problems if not leads_somewhere(document, place)] == []


@settings(max_examples=150, deadline=None)
@given(document=valid)
def test_a_valid_document_is_read_and_written_back(document):
    read = parse(document, FIELDS)
    assert dump(read) == document
    assert parse(dump(read), FIELDS) == read
    assert parse(dump(read), fields_of(read)) == read
    assert parse(json.loads(json.dumps(document)), FIELDS) == read
    places = [clause.place for clause in clauses(read)]
    assert len(places) == len(set(places))
    assert all(leads_somewhere(document, place) for place in places)
    for finding in findings(read, FIELDS, NOW):
        assert finding.place in places
        assert "{" not in finding.sentence


@settings(max_examples=250, deadline=None)
@given(document=anything)
def test_whatever_it_is_it_is_read_or_refused_by_its_places(document):
    check(document)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_document_with_one_thing_replaced_is_read_or_refused_by_its_places(data):
    document = data.draw(valid)
    spot = data.draw(st.sampled_from(spots(document)))
    check(replaced(document, spot, data.draw(anything)))


@pytest.mark.parametrize("depth", [9, 500])
def test_a_document_too_deep_to_read_is_refused_by_its_place(depth):
    document: Any = {"fact": "documents", "op": "exists"}
    for _ in range(depth):
        document = {"all": [document]}
    check(document)
