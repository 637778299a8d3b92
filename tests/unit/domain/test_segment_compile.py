# SPDX-License-Identifier: Apache-2.0
"""What each operator says of each type: of nothing, of less, of the same and of more."""

from datetime import date, timedelta

import pytest

from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_terms import OPERATORS, FactType, Op
from tests.support.segment_asking import (
    NOBODY,
    answered,
    bought,
    clause,
    compiled,
    holds,
    known,
    ordered,
    second,
)

# By type: the fact, somebody below, at and above what is asked for, and answers to every operator.
# None stands first of each row: that nothing is known.
N, T, F = None, True, False
NUMBERS = {
    "eq": (5, (N, F, T, F)),
    "ne": (5, (N, T, F, T)),
    "in": ([5, 7], (N, F, T, F)),
    "not_in": ([5, 7], (N, T, F, T)),
    "lt": (5, (N, T, F, F)),
    "lte": (5, (N, T, T, F)),
    "gt": (5, (N, F, F, T)),
    "gte": (5, (N, F, T, T)),
    "between": ([5, 6], (N, F, T, T)),
    "exists": (N, (F, T, T, T)),
    "missing": (N, (T, F, F, F)),
}
TEXTS = {
    "eq": ("oslo", (N, F, T, F)),
    "ne": ("oslo", (N, T, F, T)),
    "in": (["Oslo", "Lund"], (N, F, T, F)),
    "not_in": (["Oslo", "Lund"], (N, T, F, T)),
    "starts_with": ("os", (N, F, T, F)),
    "exists": (N, (F, T, T, T)),
    "missing": (N, (T, F, F, F)),
}
DAYS = {
    "lt": ("2026-11-22", (N, T, F, F)),
    "lte": ({"ago": {"days": 0}}, (N, T, T, F)),
    "gt": ("2026-11-22", (N, F, F, T)),
    "gte": ({"ago": {"days": 0}}, (N, F, T, T)),
    "between": (["2026-11-22", {"ahead": {"days": 1}}], (N, F, T, T)),
    "on": ("2026-11-22", (N, F, T, F)),
    "exists": (N, (F, T, T, T)),
    "missing": (N, (T, F, F, F)),
}
WORDS = {name: row for name, row in TEXTS.items() if name != "starts_with"}
CASES = {
    FactType.NUMBER: ("field.beds", [answered(beds=n) for n in ("4", "5", "6")], NUMBERS),
    FactType.AMOUNT: (
        "cart.amount",
        [known(k={"t": 1, "c": "SEK", "a": n, "p": ["x"]}) for n in (4, 5, 6)],
        NUMBERS,
    ),
    FactType.TEXT: ("place.city", [answered(city=c) for c in ("Bo", " OSLO ", "Paris")], TEXTS),
    FactType.WORD: ("field.plan", [answered(plan=c) for c in ("bo", "oslo", "Oslo ")], WORDS),
    FactType.DATE: (
        "field.wedding",
        [answered(wedding=f"2026-11-{day}") for day in (21, 22, 23)],
        DAYS,
    ),
    FactType.TIME: (
        "orders.last",
        [
            ordered(second(at))
            for at in ("2026-11-21T22:59:59", "2026-11-22T22:59:59", "2026-11-22T23:00:00")
        ],
        DAYS,
    ),
    FactType.FLAG: (
        "field.terms",
        [answered(terms=word) for word in ("no", "YES", "off")],
        {"eq": (True, (N, F, T, F)), "exists": (N, (F, T, T, T)), "missing": (N, (T, F, F, F))},
    ),
    FactType.BIRTHDAY: (
        "person.birthday",
        [answered(birth_date=f"1990-{day}") for day in ("11-21", "11-22", "11-23")],
        {
            "in_next": ({"days": 1}, (N, F, T, T)),
            "in_last": ({"days": 1}, (N, T, T, F)),
            "exists": (N, (F, T, T, T)),
            "missing": (N, (T, F, F, F)),
        },
    ),
}


@pytest.mark.parametrize("kept", CASES)
def test_every_operator_says_what_it_means_of_each_type(kept):
    fact, people, rows = CASES[kept]
    assert set(rows) == set(OPERATORS[kept])
    qualifiers = {"currency": "SEK"} if kept is FactType.AMOUNT else {}
    for op, (value, answers) in rows.items():
        if kept is FactType.WORD and isinstance(value, list):
            value = ["oslo", "lund"]  # noqa: PLW2901  # words are compared exactly
        asked = clause(fact, op, *([] if value is None else [value]), **qualifiers)
        assert tuple(holds(asked, who) for who in (NOBODY, *people)) == answers, (fact, op)


@pytest.mark.parametrize(
    ("op", "value", "answers"),
    [
        # not allowed to know, known to be none, none but some forgotten, tea, tea and forgotten
        ("contains", "TEA", (N, F, N, T, T)),
        ("contains", "pots", (N, F, N, F, N)),
        ("not_contains", "tea ", (N, T, N, F, F)),
        ("not_contains", "pots", (N, T, N, T, N)),
        ("contains_any", ["pots", "Tea"], (N, F, N, T, T)),
        ("contains_any", ["pots", "ham"], (N, F, N, F, N)),
        ("contains_all", ["pots", "tea"], (N, F, N, F, N)),
        ("contains_all", ["Tea", "tea"], (N, F, N, T, T)),
        ("exists", N, (F, F, T, T, T)),
        ("missing", N, (T, T, F, F, F)),
    ],
)
def test_a_set_answers_for_its_members_and_not_for_those_it_forgot(op, value, answers):
    asked = clause("site.products", op, *([] if value is None else [value]))
    people = (NOBODY, bought(), bought(edge=True), bought("Tea"), bought("Tea", edge=True))
    assert tuple(holds(asked, who) for who in people) == answers


def test_campaigns_are_compared_exactly():
    who = known(m={"oc": [["abcdefghijklmnopqrstuv", 1]]})
    for value, expected in (("abcdefghijklmnopqrstuv", True), ("ABCDEFGHIJKLMNOPQRSTUV", False)):
        assert holds(clause("mail.opened.campaigns", "contains", value), who) is expected


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("eq", 33, False),
        ("ne", 33, True),
        ("in", [33, 34], False),
        ("not_in", [33, 34], True),
        ("lt", 34, True),
        ("lte", 33, False),
        ("gt", 33, True),
        ("gte", 34, False),
        ("between", [33, 34], True),
        ("between", [34, 33], False),
    ],
)
def test_an_average_is_compared_without_rounding(op, value, expected):
    who = known(o={"n": 3, "f": 1, "l": 1, "c": {"SEK": [3, 100]}})
    assert holds(clause("orders.average", op, value, currency="SEK"), who) is expected
    assert holds(clause("orders.average", op, value, currency="EUR"), who) is None


def test_an_age_changes_on_the_birthday_and_a_birth_to_come_is_none():
    for born, age in (("2000-11-22", 26), ("2000-11-23", 25), (" 2026-11-22 ", 0)):
        assert holds(clause("person.age", "eq", age), answered(birth_date=born)) is True
    for born in ("2026-11-23", "1875-11-22", "2000-02-30", "20001122", "2000-W01-1", ""):
        assert holds(clause("person.age", "exists"), answered(birth_date=born)) is False
    leap = Moment(now_ms=second("2027-02-28T12:00:00") * 1000, zone="UTC")
    assert holds(clause("person.age", "eq", 26), answered(birth_date="2000-02-29"), leap) is True


def test_months_ago_are_counted_by_the_calendar_from_the_zones_today():
    """Half past eleven on 30 March in UTC is the 31st in Stockholm; a month before is the 28th."""
    late = Moment(now_ms=second("2026-03-30T22:30:00") * 1000, zone="Europe/Stockholm")
    asked = clause("orders.last", "gte", {"ago": {"months": 1}})
    assert holds(asked, ordered(second("2026-02-27T23:00:00")), late) is True
    assert holds(asked, ordered(second("2026-02-27T22:59:59")), late) is False


def test_an_instant_is_compared_to_the_second():
    asked = clause("orders.last", "gt", "2026-11-22T09:00:00Z")
    assert holds(asked, ordered(second("2026-11-22T09:00:00"))) is False
    assert holds(asked, ordered(second("2026-11-22T09:00:01"))) is True


@pytest.mark.parametrize("now", ["2026-11-22", "2028-02-29", "2027-02-28", "2027-01-01"])
def test_an_age_is_that_of_the_calendar_on_every_day_of_birth(now):
    today = date.fromisoformat(now)
    moment = Moment(now_ms=second(now) * 1000 + 12 * 3_600_000, zone="UTC")
    (question,) = compiled(clause("person.age", "exists"), moment).questions
    read = question.read
    for back in range(4 * 366):
        born = date(2001, 1, 1) - timedelta(days=back)
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        assert read(answered(birth_date=born.isoformat())) == years
    for born in ("2001-02-29", "2001-13-01", "2001-1-01", "1850-01-01", "2001-01-01T00", 2001, {}):
        assert read(answered(birth_date=born)) is None


def test_every_operator_of_the_language_is_asked_above():
    asked = {op for _, _, rows in CASES.values() for op in rows}
    assert asked | {"contains", "not_contains", "contains_any", "contains_all"} == set(map(str, Op))
