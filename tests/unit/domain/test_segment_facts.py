# SPDX-License-Identifier: Apache-2.0
"""Every fact says what it is, what may be asked of it and under which purpose it is known."""

import re
from pathlib import Path

import pytest

from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_facts import (
    CATALOGUE,
    FIELD_FACTS,
    PERSON_FIELDS,
    facts,
    nearest,
    resolve,
)
from chalicelib.domain.segment_terms import (
    LISTS,
    NO_VALUE,
    OPERATORS,
    OPPOSITES,
    FactKind,
    FactType,
    Op,
    Section,
)
from chalicelib.domain.state import MEASUREMENT, PROFILING

CHECKOUT = Path(__file__).resolve().parents[3]
FIELDS = {
    "email": FieldType.EMAIL,
    "beds": FieldType.NUMBER,
    "name": FieldType.TEXT,
}


def test_every_type_has_operators_that_mean_something_and_each_operator_a_type():
    assert set(OPERATORS) == set(FactType)
    assert {op for ops in OPERATORS.values() for op in ops} == set(Op)
    assert all(set(NO_VALUE) <= set(ops) for ops in OPERATORS.values())
    assert all(OPPOSITES[OPPOSITES[op]] is op for op in OPPOSITES)
    assert set(LISTS) & set(NO_VALUE) == set()


def test_all_five_kinds_of_facts_are_there_and_every_fact_says_what_it_is():
    assert {spec.kind for spec in CATALOGUE.values()} == set(FactKind)
    for name, spec in CATALOGUE.items():
        assert spec.name == name
        assert re.fullmatch(r"[A-Z].*\.", spec.sentence)
        assert bool(spec.words) == (spec.type is FactType.WORD)
        assert spec.type is FactType.SET or not spec.campaigns
        assert (spec.type is FactType.AMOUNT) == ("currency" in spec.qualifiers)


def test_behaviour_is_known_under_its_purpose_alone():
    for name, spec in CATALOGUE.items():
        if name.startswith("mail."):
            assert spec.purpose == MEASUREMENT
        elif spec.kind is FactKind.BEHAVIOUR and spec.section is Section.FACTS:
            assert spec.purpose == PROFILING
        else:
            assert spec.purpose is None


def test_place_is_what_the_person_declared_and_nothing_guesses_one_from_a_network():
    places = [spec for name, spec in CATALOGUE.items() if name.startswith("place.")]
    assert {spec.field for spec in places} == set(PERSON_FIELDS) - {"birth_date"}
    assert {spec.section for spec in places} == {Section.PROFILE}
    guess = re.compile(r"geo_?ip|geolite|maxmind|ip2location|ip_?country", re.IGNORECASE)
    shipped = [
        *(CHECKOUT / "chalicelib").rglob("*.py"),
        CHECKOUT / "app.py",
        CHECKOUT / "requirements.txt",
    ]
    assert [path for path in shipped if guess.search(path.read_text(encoding="utf-8"))] == []


def test_the_facts_of_a_brand_are_its_fields_and_the_catalogue():
    names = [spec.name for spec in facts(FIELDS)]
    assert names == ["field.beds", "field.name", *CATALOGUE]


def test_the_nearest_fact_is_told_and_none_where_nothing_is_near():
    assert nearest("orders.cuont", {}) == "orders.count"
    assert nearest("field.bed", FIELDS) == "field.beds"
    assert nearest("x" * 10_000, FIELDS) is None


@pytest.mark.parametrize("kind", FieldType)
def test_a_field_of_a_form_is_a_fact_of_its_type_and_the_address_is_none(kind):
    spec = resolve("field.x", {"x": kind})
    assert (spec and spec.type) is FIELD_FACTS.get(kind)
    assert (spec is None) is (kind is FieldType.EMAIL)


def test_a_field_that_no_form_has_is_text():
    spec = resolve("field.shoe_size", FIELDS)
    assert spec is not None
    assert (spec.type, spec.field, spec.section) == (FactType.TEXT, "shoe_size", Section.PROFILE)
