# SPDX-License-Identifier: Apache-2.0
"""What is known of somebody, what may not be known, and what nobody can tell any more."""

import pytest

from chalicelib.domain.segment_explain import explain
from tests.support.segment_asking import (
    GIVEN,
    NOBODY,
    NOW,
    clause,
    compiled,
    holds,
    known,
)


def test_a_count_of_nothing_is_zero_and_a_time_or_an_average_of_nothing_is_not_known():
    who = NOBODY._replace(standing=GIVEN)
    for fact, qualifiers in (
        ("orders.count", {}),
        ("orders.sum", {"currency": "SEK"}),
        ("mail.opened.count", {}),
        ("site.visits.count", {}),
        ("event.count", {"name": "quiz"}),
    ):
        assert holds(clause(fact, "eq", 0, **qualifiers), who) is True, fact
    for fact, qualifiers in (
        ("orders.last", {}),
        ("orders.average", {"currency": "SEK"}),
        ("mail.clicked.last", {}),
        ("event.last", {"name": "quiz"}),
        ("cart.at", {}),
        ("cart.amount", {"currency": "SEK"}),
    ):
        assert holds(clause(fact, "exists", **qualifiers), who) is False, fact


def test_without_its_consent_behaviour_is_not_known_whatever_is_stored():
    full = known(m={"o": [3, 9]}, w={"v": [3, 9]}, k={"t": 9, "c": "SEK", "a": 1})
    for purpose, fact in (
        ("measurement", "mail.opened.count"),
        ("profiling", "site.visits.count"),
        ("profiling", "cart.at"),
    ):
        asked = clause(fact, "exists")
        for purposes in ([], ["measurement"], ["profiling"], ["measurement", "profiling"]):
            held = {"g": {"demo": {"a": [], "b": purposes}, "other": {"a": [purpose]}}}
            assert holds(asked, full._replace(standing=held)) is (purpose in purposes)
        assert explain(compiled(asked), full._replace(standing={})).clauses[0].holds is False


def test_a_flag_says_whether_consent_stands_on_a_list_of_the_brand():
    for standing, expected in ((GIVEN, True), ({}, False), ({"g": {"other": {}}}, False)):
        who = NOBODY._replace(standing=standing)
        assert holds(clause("measured", "eq", True), who) is expected
        assert holds(clause("profiled", "eq", False), who) is not expected


def test_the_consent_of_a_list_is_that_of_its_purpose():
    for list_id, purpose, word in (
        ("news", "measurement", "given"),
        ("news", "newsletter", "not_given"),
        ("events", "measurement", "not_given"),
    ):
        asked = clause("consent", "eq", word, list=list_id, purpose=purpose)
        assert holds(asked, NOBODY._replace(standing=GIVEN)) is True


def test_the_status_and_its_start_are_those_of_the_list():
    who = NOBODY._replace(lists={"news": "given"}, standing={"s": {"demo": {"news": 9}}})
    assert holds(clause("list", "eq", "given", list="news"), who) is True
    assert holds(clause("list", "eq", "given", list="events"), who) is None
    assert holds(clause("since", "lt", "2026-11-22", list="news"), who) is True
    assert holds(clause("since", "lt", "2026-11-22", list="events"), who) is None


def test_a_pause_that_is_over_is_none():
    asked = clause("frequency.paused_until", "exists")
    for until, expected in ((None, False), (NOW.now_ms, False), (NOW.now_ms + 1, True)):
        who = NOBODY._replace(rhythm={"max_per_week": 2, "paused_until_ms": until})
        assert holds(asked, who) is expected
    assert holds(clause("frequency.max_per_week", "lte", 2), who) is True
    assert holds(clause("frequency.max_per_week", "lte", 2), NOBODY) is None


def test_a_currency_that_may_have_been_left_out_is_not_known():
    codes = ("AED", "AUD", "BRL", "CAD", "CHF", "CNY", "EUR", "NOK")
    who = known(o={"n": 8, "f": 1, "l": 1, "c": {code: [1, 5] for code in codes}})
    for currency, expected in (("NOK", False), ("DKK", True), ("SEK", None)):
        asked = clause("orders.sum", "eq", 0, currency=currency)
        assert holds(asked, who) is expected
        assert holds(clause("orders.average", "exists", currency=currency), who) is (
            currency == "NOK"
        )


def test_an_event_whose_name_may_have_been_left_out_is_not_known():
    who = known(w={"x": {f"e{n}": [2, 9] for n in range(8)}})
    for name, expected in (("e3", False), ("a", True), ("f", None)):
        assert holds(clause("event.count", "eq", 0, name=name), who) is expected


def test_a_basket_that_may_have_left_products_out_does_not_say_what_is_not_in_it():
    def carts(*names):
        return known(k={"t": 1, "c": "SEK", "a": 1, "p": list(names)})

    asked = clause("cart.products", "not_contains", "tea")
    assert holds(asked, carts("pots", "ham")) is True
    assert holds(asked, carts(*"abcdefghij")) is None
    assert holds(asked, carts("x" * 64, "y" * 64, "z" * 64)) is None
    assert holds(asked, carts("tea")) is False
    assert holds(asked, known(k={"t": 1, "c": "SEK", "a": 0})) is True
    assert holds(clause("cart.products", "exists"), known(k={"t": 1, "c": "SEK", "a": 0})) is False


def test_a_basket_in_another_currency_has_no_worth_in_this_one():
    who = known(k={"t": 1, "c": "EUR", "a": 5, "p": ["x"]})
    assert holds(clause("cart.amount", "lt", 9, currency="SEK"), who) is None


def test_the_latest_act_is_the_latest_of_those_that_may_be_known():
    parts = {
        "s": 20,
        "o": {"n": 1, "f": 10, "l": 30, "c": {}},
        "m": {"o": [1, 40], "k": [1, 50]},
        "w": {"v": [1, 60], "p": [["a", 70], ["b", 1]], "d": [["a", 80]], "x": {"q": [1, 90]}},
        "k": {"t": 100, "c": "SEK", "a": 0},
    }
    kept = dict(parts)
    standing = {**GIVEN, "s": {"demo": {"news": 25, "events": 200}}}

    def read(fact, standing=standing):
        question = compiled(clause(fact, "exists")).questions[0]
        return question.read(known(**kept)._replace(standing=standing))

    assert read("activity.first") == 10
    assert read("activity.last") == 100
    assert read("activity.last", {**standing, "g": {}}) == 30
    assert read("activity.last", {**standing, "g": {"demo": {"n": ["measurement"]}}}) == 50
    for part, member, expected in (
        ("k", None, 90),
        ("w", "x", 80),
        ("w", "d", 70),
        ("w", "p", 60),
        ("w", "v", 50),
        ("m", "k", 40),
        ("m", "o", 30),
        ("o", None, 25),
    ):
        rest = {name: value for name, value in kept.get(part, {}).items() if name != member}
        kept = {**kept, part: rest} if member else {n: v for n, v in kept.items() if n != part}
        assert read("activity.last") == expected, (part, member)
    assert read("activity.first") == 20
    assert read("activity.last", {}) == 20
    kept = {}
    assert read("activity.last", {}) is None


@pytest.mark.parametrize(
    "profile",
    [{}, {"attributes": None}, {"attributes": {"city": 5}}, {"attributes": {"city": " "}}],
)
def test_junk_is_absent_and_never_an_error(profile):
    who = NOBODY._replace(profile=profile)
    assert holds(clause("place.city", "exists"), who) is False
    assert holds(clause("language", "exists"), who) is False
    assert holds(clause("source.tag", "eq", "x"), who) is None


def test_the_sources_of_a_sign_up_are_read():
    who = NOBODY._replace(profile={"language": "sv", "source": {"tag": "Autumn", "form": "f"}})
    assert holds(clause("source.tag", "eq", "autumn"), who) is True
    assert holds(clause("source.page", "exists"), who) is False
    assert holds(clause("language", "in", ["sv", "de"]), who) is True
