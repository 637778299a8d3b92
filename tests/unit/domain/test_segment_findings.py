# SPDX-License-Identifier: Apache-2.0
"""A valid segment that leaves people out, or that nobody fits, says so at the clause's place."""

import pytest

from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_findings import FindingCode, findings
from chalicelib.domain.segments import parse

NOW = Moment(now_ms=1_795_348_800_000, zone="Europe/Stockholm")  # 2026-11-22T12:00:00Z
FIELDS = {
    "beds": FieldType.NUMBER,
    "birth_date": FieldType.DATE,
    "city": FieldType.TEXT,
    "name": FieldType.TEXT,
}


def fact(fact, op, *value, **qualifiers):
    told = {"value": value[0]} if value else {}
    return {"fact": fact, "op": op, **told, **qualifiers}


def found(document, declared=FIELDS, **how):
    read = parse(document, declared)
    return [(each.place, str(each.code)) for each in findings(read, declared, NOW, **how)]


def codes(document):
    return [code for _, code in found(document)]


def age(op, value):
    return fact("person.age", op, value)


def ago(days):
    return {"ago": {"days": days}}


def test_a_plain_segment_has_no_findings():
    assert found({"all": [age("gte", 30), fact("orders.count", "gte", 2)]}) == []


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        (fact("mail.opened.last", "gte", ago(90)), "needs_measurement"),
        (fact("mail.clicked.campaigns", "missing"), "needs_measurement"),
        (fact("cart.at", "gte", ago(3)), "needs_profiling"),
        (fact("event.count", "gte", 1, name="quiz"), "needs_profiling"),
    ],
)
def test_what_is_known_only_of_some_is_said(clause, code):
    assert found({"all": [age("gte", 30), {"not": clause}]}) == [("where.all[1].not", code)]


def test_a_field_that_no_form_asks_for_is_said():
    assert found(fact("field.shoe_size", "exists")) == [("where", "no_such_field")]
    assert found(fact("place.city", "exists")) == []
    assert found(fact("place.region", "exists")) == [("where", "no_such_field")]
    named = {"region": "beds", "city": "town"}
    assert found(fact("place.region", "exists"), person_fields=named) == []
    assert found(fact("place.city", "exists"), person_fields=named) == [("where", "no_such_field")]


def test_a_field_that_has_another_type_by_now_is_said():
    read = parse(fact("field.beds", "gte", 3), FIELDS)
    now = {**FIELDS, "beds": FieldType.TEXT}
    assert [each.code for each in findings(read, now, NOW)] == [FindingCode.MIXED_TYPES]
    read = parse(age("gte", 30), FIELDS)
    for kind in (FieldType.TEXT, FieldType.EMAIL):
        now = {**FIELDS, "birth_date": kind}
        assert [each.code for each in findings(read, now, NOW)] == [FindingCode.MIXED_TYPES]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (age("gte", 40), age("lt", 40)),
        (age("gt", 39), age("lt", 40)),
        (age("eq", 40), age("eq", 41)),
        (age("in", [30, 40]), age("gte", 41)),
        ({"not": age("lt", 40)}, age("lte", 39)),
        (age("gte", 40), {"not": fact("person.age", "exists")}),
        (age("gte", 40), fact("person.age", "missing")),
        (fact("orders.products", "missing"), fact("orders.products", "contains", "b")),
        (fact("person.birth_date", "on", "2000-01-01"), fact("person.birth_date", "gt", ago(99))),
        (fact("orders.last", "gte", ago(30)), fact("orders.last", "lt", ago(60))),
        (
            fact("orders.last", "on", "2026-11-22"),
            fact("orders.last", "lt", "2026-11-21T23:00:00Z"),
        ),
        (fact("place.city", "eq", "Oslo"), fact("place.city", "in", ["Lund", "Malmö"])),
        (fact("language", "eq", "sv"), fact("language", "eq", "de")),
        (fact("measured", "eq", True), fact("measured", "eq", False)),
    ],
)
def test_two_clauses_that_nobody_fits_at_once_are_said(one, other):
    place = "where.all[1]" + ".not" * ("not" in other)
    assert (place, "never_true") in found({"all": [one, other]})
    assert "never_true" not in codes({"any": [one, other]})
    flipped = {"not": {"any": [{"not": one}, {"any": [{"not": other}]}]}}
    assert "never_true" in codes(flipped)
    assert "never_true" not in codes({"not": {"all": [{"not": one}, {"not": other}]}})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (age("gte", 40), age("lte", 40)),
        (age("ne", 40), age("eq", 41)),
        (fact("orders.last", "gte", ago(60)), fact("orders.last", "lte", ago(60))),
        (
            fact("orders.sum", "gte", 9, currency="SEK"),
            fact("orders.sum", "lt", 9, currency="NOK"),
        ),
        # Between two whole amounts an average may lie.
        (
            fact("orders.average", "gt", 9, currency="SEK"),
            fact("orders.average", "lt", 10, currency="SEK"),
        ),
        (fact("place.city", "eq", "OSLO"), fact("place.city", "eq", "oslo")),
        (fact("documents", "contains", "a"), fact("documents", "contains", "b")),
        (fact("orders.products", "exists"), fact("orders.products", "contains", "b")),
        (fact("orders.products", "missing"), fact("orders.products", "not_contains", "b")),
        (fact("orders.products", "missing"), {"not": fact("orders.products", "contains", "b")}),
    ],
)
def test_two_clauses_that_somebody_may_fit_are_not(one, other):
    assert "never_true" not in codes({"all": [one, other]})


def test_a_clause_that_nobody_fits_is_said():
    clause = age("between", [40, 30])
    [finding] = findings(parse(clause, FIELDS), FIELDS, NOW)
    assert finding.sentence == "Nobody can fit this."
    [finding] = findings(parse({"all": [age("eq", 30), age("eq", 31)]}, FIELDS), FIELDS, NOW)
    assert finding.sentence == "Nobody can fit this and where.all[0] at once."
    assert found({"not": clause}) == []


def test_a_set_that_forgets_is_said_where_something_must_not_be_in_it():
    without = fact("orders.products", "not_contains", "pots")
    within = fact("orders.products", "contains_any", ["pots"])
    assert found(without) == [("where", "full_set")]
    assert found({"not": within}) == [("where.not", "full_set")]
    assert found(within) == found({"not": without}) == []
    assert found(fact("orders.products", "missing")) == []


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        (age("lt", 16), True),
        (age("lt", 17), False),
        (age("lte", 15), True),
        (age("lte", 16), False),
        (age("eq", 15), True),
        (age("eq", 16), False),
        (age("in", [20, 15]), True),
        (age("not_in", [15]), False),
        (age("between", [10, 15]), True),
        (age("between", [10, 99]), False),
        (age("gte", 15), False),
        ({"not": age("gte", 16)}, True),
        ({"not": age("lt", 16)}, False),
        ({"not": age("between", [10, 15])}, False),
        (fact("person.age", "exists"), False),
    ],
)
def test_a_segment_that_chooses_children_says_so_and_one_that_leaves_them_out_does_not(
    clause, said
):
    assert codes(clause) == (["minors"] if said else [])


def test_findings_come_in_the_order_of_the_clauses_and_once_each():
    document = {
        "any": [
            fact("site.products", "not_contains", "pots"),
            age("lt", 12),
            {"all": [fact("field.gone", "eq", "a"), fact("field.gone", "eq", "b")]},
        ]
    }
    assert found(document) == [
        ("where.any[0]", "needs_profiling"),
        ("where.any[0]", "full_set"),
        ("where.any[1]", "minors"),
        ("where.any[2].all[0]", "no_such_field"),
        ("where.any[2].all[1]", "no_such_field"),
        ("where.any[2].all[1]", "never_true"),
    ]
