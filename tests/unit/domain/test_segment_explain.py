# SPDX-License-Identifier: Apache-2.0
"""Who is in no segment, how much of the others is opened, and why each clause holds or not."""

import pytest

from chalicelib.domain.segment_compile import Exclusion
from chalicelib.domain.segment_explain import Why, explain
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segment_terms import Section
from tests.support.segment_asking import (
    NOBODY,
    answered,
    bought,
    clause,
    compiled,
    ordered,
)


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        ({"r": True}, Exclusion.RESTRICTED),
        ({"x": ["demo"]}, Exclusion.OBJECTED),
        ({"x": ["demo"], "r": True}, Exclusion.RESTRICTED),
        ({"x": ["other"]}, None),
        ({}, None),
    ],
)
def test_whoever_is_restricted_or_objected_to_the_brand_is_in_no_segment(standing, reason):
    everybody = compiled(clause("orders.count", "gte", 0))
    who = NOBODY._replace(standing=standing)
    assert everybody.excluded(who) is reason
    assert everybody.test(who) is (reason is None)
    assert everybody.plain(who) is (reason is None)
    told = explain(everybody, who)
    assert (told.matches, told.excluded) == (reason is None, reason)
    assert bool(told.clauses) is (reason is None)


LISTED = clause("list", "eq", "given", list="news")
ORDERED = clause("orders.count", "gte", 1)
SPEAKS = clause("language", "eq", "sv")
OPENED = clause("mail.opened.count", "gte", 1)


@pytest.mark.parametrize(
    ("document", "needs", "purposes"),
    [
        (LISTED, set(), set()),
        ({"all": [LISTED, ORDERED]}, {Section.FACTS}, set()),
        ({"any": [SPEAKS, {"not": OPENED}]}, {Section.FACTS, Section.PROFILE}, {"measurement"}),
        (
            clause("lifecycle.stage", "exists"),
            {Section.FACTS},
            {"measurement", "profiling"},
        ),
    ],
)
def test_it_is_said_what_must_be_opened_and_which_consents_it_rests_on(document, needs, purposes):
    assert compiled(document).needs == needs
    assert compiled(document).purposes == purposes


def test_whoever_does_not_fit_by_what_is_in_the_clear_need_not_be_opened():
    both = compiled({"all": [ORDERED, {"not": {"any": [{"not": LISTED}, SPEAKS]}}]})
    assert not both.plain(NOBODY)
    assert both.plain(NOBODY._replace(lists={"news": "given"}))
    either = compiled({"any": [ORDERED, LISTED]})
    assert either.plain(NOBODY)
    assert not either.sealed(NOBODY)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"all": [ORDERED, ORDERED, ORDERED]}, 1),
        ({"all": [ORDERED, {"all": [LISTED, {"not": {"not": ORDERED}}]}]}, 2),
        ({"not": {"any": [ORDERED, {"any": [LISTED]}, {"not": SPEAKS}]}}, 3),
    ],
)
def test_what_is_asked_twice_is_answered_once(document, expected):
    """Counted by how often a person's parts are looked at."""
    looked = []

    class Watched(dict):
        def __getitem__(self, key):
            looked.append(key)
            return super().__getitem__(key)

        def get(self, key, default=None):
            looked.append(key)
            return super().get(key, default)

    facts = Watched(b={"demo": {"o": {"n": 0 if "not" in document else 1}}})
    who = Person(Watched(news="refused"), {}, {}, Watched(language="sv"), facts)
    if "all" in document:
        who.lists["news"] = "given"
    assert compiled(document).test(who) is True
    assert len(looked) == expected


def why(document, person):
    told = explain(compiled(document), person).clauses[0]
    return told.asked, told.found, told.holds, told.why


def test_explain_shows_what_was_asked_what_was_found_and_why_nobody_knows():
    asked = clause("orders.last", "gte", {"ago": {"days": 90}})
    assert why(asked, ordered(0)) == ("2026-08-24", "1970-01-01T00:00:00Z", False, None)
    assert why(asked, NOBODY) == ("2026-08-24", None, None, Why.UNKNOWN)
    seen = clause("site.products", "not_contains", "pots")
    assert why(seen, NOBODY) == ("pots", None, None, Why.NOT_ALLOWED)
    assert why(seen, bought("Tea", edge=True)) == ("pots", ["Tea"], None, Why.FULL_SET)
    assert why(seen, bought("Tea")) == ("pots", ["Tea"], True, None)
    average = clause("orders.average", "between", [1, 9], currency="SEK")
    assert why(average, ordered(0)) == ([1, 9], {"sum": 5, "orders": 1}, True, None)
    window = clause("person.birthday", "in_next", {"days": 3})
    assert why(window, answered(birth_date="1990-11-23")) == ({"days": 3}, "11-23", True, None)
    assert why(clause("documents", "missing"), NOBODY) == (None, None, True, None)


def test_explain_shows_each_clause_where_it_stands_and_as_it_is_written():
    document = {"all": [LISTED, {"not": {"any": [SPEAKS, ORDERED]}}]}
    told = explain(compiled(document), NOBODY._replace(lists={"news": "given"}))
    assert [(each.place, each.fact, each.op, each.holds) for each in told.clauses] == [
        ("where.all[0]", "list", "eq", True),
        ("where.all[1].not.any[0]", "language", "eq", None),
        ("where.all[1].not.any[1]", "orders.count", "gte", False),
    ]
    assert told.matches is False
