# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from itertools import product

import pytest

from chalicelib.domain.country_names import CODES, GENERIC_DOMAINS, NAMES
from chalicelib.domain.country_rules import (
    ELSEWHERE,
    SHIPPED,
    CountryRule,
    country_code,
    domain_country,
    load_rules,
    loosens,
    own_rules,
    rule_for,
    rules_document,
    stated_rule,
    stricter,
)
from chalicelib.domain.state import Grade
from chalicelib.errors import FatalError, InputError

NORWAY = CountryRule(
    country="NO", consent_grade=Grade.C, soft_opt_in=True, why={"": "Our counsel, 2026"}
)


def test_the_shipped_table_is_the_one_of_the_specification():
    table = {
        code: (rule.consent_grade, rule.soft_opt_in, rule.silent_days)
        for code, rule in SHIPPED.items()
    }
    assert table == {
        "SE": ("C", True, None),
        "DE": ("B", True, None),
        "FR": ("C", True, 1_095),
        "*": ("B", False, None),
    }


@pytest.mark.parametrize(("code", "language"), [*product(SHIPPED, ("en", "sv", "de", "fr"))])
def test_every_shipped_rule_says_why_in_every_language(code, language):
    assert SHIPPED[code].reason(language).endswith(".")
    assert SHIPPED[code].reason("fi") == SHIPPED[code].reason("en")


def test_there_are_249_countries_and_every_name_is_of_one():
    assert len(CODES) == 249
    assert set(NAMES.values()) <= CODES
    assert {label.upper() for label in GENERIC_DOMAINS} - CODES == {"AC"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SE", "SE"),
        (" se ", "SE"),
        ("Sverige", "SE"),
        ("Suède", "SE"),
        ("DEUTSCHLAND", "DE"),
        ("United Kingdom", "GB"),
        ("uk", "GB"),
        ("", ""),
        ("XX", None),
        ("Atlantis", None),
    ],
)
def test_a_country_is_read_by_code_or_name(text, code):
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("example.de", "DE"),
        ("example.co.uk", "GB"),
        ("example.com", ""),
        ("example.nu", ""),
        ("example.io", ""),
        ("example.eu", ""),
        ("xn--exmple-cua.se", "SE"),
    ],
)
def test_a_domain_tells_a_country_only_where_it_is_one_s_own(domain, code):
    assert domain_country(domain) == code


@pytest.mark.parametrize(
    ("stated", "domain", "whole", "country", "grade"),
    [
        ("SE", "example.de", "DE", "SE", "C"),
        ("NO", "example.se", "SE", "NO", "B"),
        (None, "example.se", "SE", "*", "B"),
        ("", "example.se", "", "SE", "C"),
        ("", "example.com", "SE", "SE", "C"),
        ("", "example.de", "SE", "DE", "B"),
        ("", "example.se", "DE", "DE", "B"),
        ("", "example.no", "SE", "NO", "B"),
        ("", "example.com", "", "*", "B"),
    ],
)
def test_the_row_s_own_country_decides_else_the_stricter_guess(
    stated, domain, whole, country, grade
):
    found, rule = rule_for(SHIPPED, stated, domain, whole)
    assert (found, rule.consent_grade) == (country, grade)


@pytest.mark.parametrize(("one", "other"), [*product(SHIPPED.values(), repeat=2)])
def test_of_two_rules_the_stricter_lets_through_what_both_do(one, other):
    both = stricter(one, other)
    assert both == stricter(other, one)
    assert both.consent_grade <= min(one.consent_grade, other.consent_grade)
    assert both.soft_opt_in == (one.soft_opt_in and other.soft_opt_in)
    days = [x.silent_days for x in (one, other) if x.silent_days]
    assert both.silent_days == min(days, default=None)


def test_a_rule_that_is_not_comparable_takes_the_strict_part_of_each():
    mixed = stricter(SHIPPED["DE"], SHIPPED["FR"])
    assert (mixed.country, mixed.consent_grade, mixed.silent_days) == ("DE", "B", 1_095)


@pytest.mark.parametrize(
    "loose",
    [
        replace(SHIPPED["DE"], consent_grade=Grade.C),
        replace(SHIPPED["*"], soft_opt_in=True),
        replace(SHIPPED["FR"], silent_days=None),
        replace(SHIPPED["FR"], silent_days=2_000),
        replace(SHIPPED["SE"], consent_grade=Grade.E),
        NORWAY,
    ],
)
def test_whoever_lets_more_through_says_why(loose):
    with pytest.raises(InputError, match="bad_import_rules"):
        own_rules([replace(loose, why={})])
    table = own_rules([replace(loose, why={"": "Our counsel, 2026"})])
    assert table[loose.country].consent_grade is loose.consent_grade
    assert set(table) >= set(SHIPPED)


def test_a_stricter_rule_needs_no_reason_and_a_rule_stands_once():
    strict = replace(SHIPPED["SE"], consent_grade=Grade.A, why={})
    assert own_rules([strict])["SE"].consent_grade is Grade.A
    with pytest.raises(InputError, match="two rules"):
        own_rules([strict, strict])


@pytest.mark.parametrize(
    "bad",
    [
        {"country": "XX"},
        {"country": "se"},
        {"silent_days": 0},
        {"silent_days": 3_651},
        {"why": {"": "x" * 501}},
    ],
)
def test_a_rule_outside_its_bounds_is_refused(bad):
    with pytest.raises(InputError, match="bad_import_rules"):
        replace(NORWAY, **bad)


def test_a_table_is_kept_and_read_as_it_was():
    table = own_rules([NORWAY])
    assert load_rules(rules_document(table)) == table
    assert load_rules(None) == SHIPPED
    assert ELSEWHERE in load_rules({"v": 1, "rules": []})
    with pytest.raises(FatalError):
        load_rules({"v": 2, "rules": []})


def stated(rule, why=""):
    return stated_rule(
        rule.country,
        rule.consent_grade,
        soft=rule.soft_opt_in,
        silent=rule.silent_days,
        why=why,
    )


@pytest.mark.parametrize("language", ["", "en", "sv", "de", "fr"])
def test_a_rule_stated_as_it_ships_is_the_shipped_one_with_its_reason(language):
    for shipped in SHIPPED.values():
        assert stated(shipped, shipped.why.get(language, " ")) is shipped


def test_a_rule_stated_otherwise_or_with_a_reason_of_ones_own_is_ones_own():
    strict = replace(SHIPPED["SE"], consent_grade=Grade.A)
    assert stated(strict).why == {}
    assert stated(SHIPPED["SE"], " Ours. ").why == {"": "Ours."}
    assert stated(NORWAY, "Ours.").reason("sv") == "Ours."
    with pytest.raises(InputError, match="bad_import_rules"):
        stated_rule("XX", Grade.A, soft=False, silent=None)


def test_only_what_lets_more_through_loosens():
    assert not any(loosens(rule) for rule in SHIPPED.values())
    assert not loosens(replace(SHIPPED["FR"], silent_days=30))
    assert loosens(replace(SHIPPED["FR"], silent_days=None))
    assert loosens(replace(SHIPPED["*"], soft_opt_in=True))
