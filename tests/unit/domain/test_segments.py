# SPDX-License-Identifier: Apache-2.0
"""A segment is read whole, or refused with every problem at its place."""

import json
from pathlib import Path

import pytest

from chalicelib.domain import segments
from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_facts import CATALOGUE
from chalicelib.domain.segment_terms import Op
from chalicelib.domain.segment_values import SegmentCode
from chalicelib.domain.segments import (
    AllOf,
    AnyOf,
    Clause,
    Known,
    Not,
    Segment,
    SegmentError,
    clauses,
    dump,
    fields_of,
    parse,
)
from chalicelib.errors import InputError

FIELDS = {
    "email": FieldType.EMAIL,
    "beds": FieldType.NUMBER,
    "since": FieldType.DATE,
    "zone": FieldType.CHOICE,
    "adult": FieldType.TICK,
    "name": FieldType.TEXT,
}
KNOWN = Known(lists={"newsletter"}, purposes={"newsletter"}, campaigns={"zFu3qpjTlOJ1GDL4x3Rz8g"})
AGE = {"fact": "person.age", "op": "gte", "value": 30}
SUM = {"fact": "orders.sum", "op": "gte", "value": 100_000, "currency": "SEK"}
CITY = {"fact": "place.city", "op": "in", "value": ["Göteborg", "Oslo"]}
GOOD = {
    "all": [
        AGE,
        {"any": [SUM, {"not": CITY}]},
        {"fact": "orders.last", "op": "gte", "value": {"ago": {"months": 12}}},
        {"fact": "consent", "op": "eq", "value": "given", "list": "newsletter", "purpose": "news"},
        {"fact": "field.beds", "op": "between", "value": [3, 9]},
        {"fact": "event.last", "op": "on", "value": "2026-11-22", "name": "quiz.done"},
        {"fact": "since", "op": "lt", "value": "2026-11-22T09:00:00Z", "list": "newsletter"},
        {"fact": "person.birthday", "op": "in_next", "value": {"days": 7}},
        {"fact": "profiled", "op": "eq", "value": True},
        {"fact": "documents", "op": "missing"},
    ]
}


def refused(document, known=KNOWN, **how):
    with pytest.raises(SegmentError) as caught:
        parse(document, FIELDS, known, **how)
    assert caught.value.code == "bad_segment"
    return caught.value.problems


def age(value, op="gte"):
    return {"fact": "person.age", "op": op, "value": value}


def last(value, op="gte"):
    return {"fact": "orders.last", "op": op, "value": value}


def test_a_good_segment_reads_and_writes_itself_back():
    read = parse(GOOD, FIELDS)
    assert dump(read) == GOOD
    assert parse(dump(read), FIELDS) == read
    assert isinstance(read, AllOf)
    places = [clause.place for clause in clauses(read)]
    assert places[:3] == ["where.all[0]", "where.all[1].any[0]", "where.all[1].any[1].not"]


def test_an_expression_is_what_was_written():
    age, city = CATALOGUE["person.age"], CATALOGUE["place.city"]
    assert parse({"any": [AGE, {"not": CITY}]}, {}) == AnyOf(
        parts=(
            Clause(fact=age, op=Op.GTE, value=30),
            Not(part=Clause(fact=city, op=Op.IN, value=("Göteborg", "Oslo"))),
        )
    )


def test_two_clauses_that_ask_the_same_are_one_wherever_they_stand():
    first, second = clauses(parse({"all": [SUM, dict(reversed(SUM.items()))]}, {}))
    assert first == second
    assert len({first, second}) == 1
    assert first.place != second.place


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        # shapes
        ([], "where", "wrong_type"),
        ("person.age", "where", "wrong_type"),
        ({}, "where", "exactly_one"),
        ({"or": [AGE]}, "where", "exactly_one"),
        ({"all": [AGE], "any": [AGE]}, "where", "exactly_one"),
        ({"not": AGE, **AGE}, "where", "exactly_one"),
        ({"all": [AGE], "value": 3}, "where.value", "unknown"),
        ({"all": AGE}, "where.all", "wrong_type"),
        ({"any": []}, "where.any", "empty"),
        ({"all": [AGE] * 51}, "where.all", "too_many"),
        ({"all": [AGE, {"not": {"any": [AGE, 3]}}]}, "where.all[1].not.any[1]", "wrong_type"),
        # members of a clause
        ({"op": "eq", "value": 3}, "where.fact", "missing"),
        ({"fact": "person.age", "value": 3}, "where.op", "missing"),
        ({"fact": "person.age", "op": "eq"}, "where.value", "missing"),
        ({**AGE, "note": "x"}, "where.note", "unknown"),
        ({**AGE, "Åsa Öberg": "x"}, "where", "unknown"),
        ({**AGE, "currency": "SEK"}, "where.currency", "unknown"),
        ({"fact": "documents", "op": "exists", "value": 1}, "where.value", "unknown"),
        ({**AGE, "fact": 3}, "where.fact", "wrong_type"),
        ({**AGE, "op": None}, "where.op", "wrong_type"),
        ({**AGE, "fact": "person.agee"}, "where.fact", "unknown_fact"),
        ({**AGE, "fact": "field.email"}, "where.fact", "unknown_fact"),
        ({**AGE, "fact": "field.E-mail"}, "where.fact", "unknown_fact"),
        ({**AGE, "op": "ge"}, "where.op", "unknown_op"),
        ({**AGE, "op": "starts_with"}, "where.op", "unknown_op"),
        ({"fact": "unheard", "op": "ge"}, "where.op", "unknown_op"),
        # qualifiers
        ({**SUM, "currency": "sek"}, "where.currency", "unknown_currency"),
        ({**SUM, "currency": "XAU"}, "where.currency", "unknown_currency"),
        ({**SUM, "currency": 752}, "where.currency", "wrong_type"),
        ({"fact": "orders.sum", "op": "exists"}, "where.currency", "missing"),
        ({"fact": "list", "op": "exists", "list": "other"}, "where.list", "unknown_list"),
        ({"fact": "list", "op": "exists", "list": "A b"}, "where.list", "unknown_list"),
        ({"fact": "list", "op": "exists", "list": ["x"]}, "where.list", "wrong_type"),
        (
            {"fact": "consent", "op": "exists", "list": "newsletter", "purpose": "other"},
            "where.purpose",
            "unknown_purpose",
        ),
        ({"fact": "event.count", "op": "exists", "name": "Quiz"}, "where.name", "format"),
        # numbers and flags
        (age("30"), "where.value", "wrong_type"),
        (age(30.0), "where.value", "wrong_type"),
        (age(float("nan")), "where.value", "wrong_type"),
        (age(True), "where.value", "wrong_type"),
        (age(None), "where.value", "wrong_type"),
        (age(-1), "where.value", "out_of_range"),
        (age(151), "where.value", "out_of_range"),
        ({**SUM, "value": 10**12 + 1}, "where.value", "out_of_range"),
        ({**SUM, "value": -(10**12) - 1}, "where.value", "out_of_range"),
        ({"fact": "measured", "op": "eq", "value": 1}, "where.value", "wrong_type"),
        ({"fact": "measured", "op": "eq", "value": "yes"}, "where.value", "wrong_type"),
        # lists
        (age(30, "in"), "where.value", "wrong_type"),
        (age([], "in"), "where.value", "empty"),
        (age([1] * 201, "in"), "where.value", "too_many"),
        (age([1, "2"], "in"), "where.value[1]", "wrong_type"),
        (age([], "between"), "where.value", "empty"),
        (age([1], "between"), "where.value[1]", "missing"),
        (age([1, 2, 3], "between"), "where.value", "too_many"),
        (age({"days": 3}, "between"), "where.value", "wrong_type"),
        # texts and words
        ({**CITY, "op": "eq"}, "where.value", "wrong_type"),
        ({**CITY, "value": ["Oslo", 3]}, "where.value[1]", "wrong_type"),
        ({**CITY, "value": ["Oslo", " "]}, "where.value[1]", "empty"),
        ({**CITY, "value": ["o" * 201]}, "where.value[0]", "too_long"),
        ({**CITY, "value": ["Os\nlo"]}, "where.value[0]", "format"),
        ({**CITY, "value": ["Os\ud800lo"]}, "where.value[0]", "format"),
        ({"fact": "language", "op": "eq", "value": "no"}, "where.value", "not_one_of"),
        ({"fact": "language", "op": "eq", "value": "SV"}, "where.value", "not_one_of"),
        ({"fact": "lifecycle.stage", "op": "in", "value": ["x"]}, "where.value[0]", "not_one_of"),
        (
            {"fact": "mail.opened.campaigns", "op": "contains", "value": "x"},
            "where.value",
            "unknown_campaign",
        ),
        # days, instants, counted days
        (last("2026-02-30"), "where.value", "not_a_time"),
        (last("yesterday"), "where.value", "not_a_time"),
        (last("2026-11-22T09:00:00"), "where.value", "not_a_time"),
        (last("2026-11-22T09:00:00+01:00"), "where.value", "not_a_time"),
        (last("2026-11-22T25:00:00Z"), "where.value", "not_a_time"),
        (last(1_790_000_000), "where.value", "wrong_type"),
        (last("2026-11-22T09:00:00Z", "on"), "where.value", "wrong_type"),
        (last({}), "where.value", "exactly_one"),
        (last({"ago": {"days": 1}, "ahead": {"days": 1}}), "where.value", "exactly_one"),
        (last({"before": {"days": 1}}), "where.value", "unknown"),
        (last({"ago": 3}), "where.value.ago", "wrong_type"),
        (last({"ago": {"days": 1, "weeks": 1}}), "where.value.ago", "exactly_one"),
        (last({"ago": {"hours": 1}}), "where.value.ago", "unknown"),
        (last({"ago": {"days": 1.5}}), "where.value.ago.days", "wrong_type"),
        (last({"ago": {"days": -1}}), "where.value.ago.days", "out_of_range"),
        (last({"ahead": {"years": 10_001}}), "where.value.ahead.years", "out_of_range"),
        (last(["2026-01-01", "x"], "between"), "where.value[1]", "not_a_time"),
        (
            {"fact": "person.birth_date", "op": "lt", "value": "2026-11-22T09:00:00Z"},
            "where.value",
            "wrong_type",
        ),
        ({"fact": "person.birthday", "op": "in_next", "value": 7}, "where.value", "wrong_type"),
        (
            {"fact": "person.birthday", "op": "in_last", "value": {"weeks": 1}},
            "where.value",
            "unknown",
        ),
        (
            {"fact": "person.birthday", "op": "in_last", "value": {"days": 367}},
            "where.value.days",
            "out_of_range",
        ),
    ],
)
def test_what_cannot_be_used_is_named_at_its_place(document, place, code):
    assert refused(document)[place] == code
    inside = {"all": [AGE, {"not": document}]}
    assert refused(inside)[place.replace("where", "where.all[1].not", 1)] == code


def test_every_code_has_a_place_that_shows_it():
    table = Path(__file__).read_text(encoding="utf-8")
    assert {code for code in SegmentCode if f'"{code}"' not in table} == set()


def test_all_problems_are_told_at_once_and_twenty_at_most():
    bad = {"fact": "orders.sum", "op": "in", "value": ["1", 2.5], "name": "x"}
    assert refused(bad) == {
        "where.currency": "missing",
        "where.name": "unknown",
        "where.value[0]": "wrong_type",
        "where.value[1]": "wrong_type",
    }
    assert len(refused({"all": [bad] * 50})) == segments.MAX_PROBLEMS == 20


def test_the_place_begins_as_the_caller_says():
    assert refused({"all": [3]}, at="stage[1].where") == {"stage[1].where.all[0]": "wrong_type"}


def test_a_life_cycle_rule_does_not_ask_for_the_life_cycle():
    stage = {"fact": "lifecycle.stage", "op": "eq", "value": "loyalty"}
    assert refused({"not": stage}, in_lifecycle=True) == {"where.not.fact": "recursive"}
    first = {"fact": "activity.first", "op": "gte", "value": {"ago": {"days": 30}}}
    assert dump(parse(first, {}, in_lifecycle=True)) == first


def nested(depth):
    document = AGE
    for _ in range(depth - 1):
        document = {"not": document}
    return document


def test_an_expression_is_eight_deep_at_most():
    assert parse(nested(8), {})
    assert refused(nested(9)) == {"where" + ".not" * 8: "too_deep"}
    assert refused(nested(900)) == {"where" + ".not" * 8: "too_deep"}


def test_an_expression_has_fifty_clauses_at_most():
    full = {"all": [{"any": [AGE] * 25}, {"any": [AGE] * 25}]}
    assert len(list(clauses(parse(full, {})))) == 50
    more = {"all": [{"any": [AGE] * 25}, {"any": [AGE] * 26}, {"any": [AGE] * 50}]}
    assert refused(more) == {"where.all[1].any[25]": "too_many"}


def test_an_expression_has_a_thousand_values_at_most():
    full = {"all": [age([30] * 200, "in")] * 5}
    assert parse(full, {})
    more = {"all": [*full["all"], AGE, AGE]}
    assert refused(more) == {"where.all[5].value": "too_many"}


def test_an_expression_has_sixteen_kibibytes_at_most():
    def of(chars):
        clause = {"fact": "place.city", "op": "eq", "value": "å" * 199}
        rest = {**clause, "value": "x" * chars}
        return {"all": [*[clause] * 37, rest]}

    empty = json.dumps(of(0), ensure_ascii=False, separators=(",", ":"))
    spare = 16_384 - len(empty.encode())
    assert 1 <= spare < 200
    assert parse(of(spare), {})
    assert refused(of(spare + 1)) == {"where": "too_long"}


def test_an_unknown_fact_names_the_nearest():
    with pytest.raises(SegmentError) as caught:
        parse({"all": [AGE, {"fact": "orders.cuont", "op": "exists"}]}, {})
    assert caught.value.nearest == {"where.all[1].fact": "orders.count"}
    assert "Did you mean orders.count at where.all[1].fact?" in caught.value.detail
    with pytest.raises(SegmentError) as caught:
        parse({"fact": "visitor@example.org" * 900, "op": "exists"}, {})
    assert "visitor" not in str(caught.value)
    assert caught.value.nearest == {}


def test_names_are_taken_as_existing_when_nobody_says_which_do():
    clause = {"fact": "consent", "op": "exists", "list": "any", "purpose": "some"}
    assert dump(parse(clause, {})) == clause


def test_a_stored_document_reads_as_before_after_a_field_changed():
    read = parse(GOOD, FIELDS)
    assert fields_of(read) == {"beds": FieldType.NUMBER}
    with pytest.raises(SegmentError):
        parse(GOOD, {**FIELDS, "beds": FieldType.TEXT})
    assert parse(dump(read), fields_of(read)) == read


@pytest.mark.parametrize("kind", [kind for kind in FieldType if kind is not FieldType.EMAIL])
def test_a_field_of_every_type_reads_again_from_what_is_kept_of_it(kind):
    read = parse({"fact": "field.x", "op": "exists"}, {"x": kind})
    assert parse(dump(read), fields_of(read)) == read


# A stored segment


def segment(**changes):
    members = {
        "id": "loyal",
        "brand": "demo",
        "name": "Loyal gardeners",
        "where": parse(AGE, {}),
        "source": AGE,
        "version": 1,
        "created_ms": 1,
        "changed_ms": 1,
    }
    return Segment(**{**members, **changes})


@pytest.mark.parametrize(
    "changes",
    [{"id": "Loyal"}, {"brand": ""}, {"name": " "}, {"name": "x" * 121}, {"name": "a\nb"}],
)
def test_a_segment_has_an_id_a_brand_and_a_name_on_one_line(changes):
    assert segment().name == "Loyal gardeners"
    with pytest.raises(InputError):
        segment(**changes)
