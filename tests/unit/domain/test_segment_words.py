# SPDX-License-Identifier: Apache-2.0
"""Every clause and every answer is one sentence, in every language."""

import pytest

from chalicelib.adapters.templates import SOURCE_LANGUAGE, TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.segment_explain import explain
from chalicelib.domain.segment_facts import CATALOGUE
from chalicelib.domain.segment_terms import LISTS, NO_VALUE, OPERATORS, FactType, Op
from chalicelib.domain.segment_words import SUBJECTS, WORDS, clause_words, outline
from chalicelib.domain.segments import parse
from tests.support.segment_asking import (
    FIELDS,
    NOBODY,
    answered,
    bought,
    clause,
    compiled,
    known,
    ordered,
)

VALUES = {
    FactType.TEXT: "x",
    FactType.NUMBER: 3,
    FactType.AMOUNT: 3,
    FactType.DATE: "2026-11-22",
    FactType.TIME: "2026-11-22",
    FactType.BIRTHDAY: {"days": 3},
    FactType.FLAG: True,
    FactType.SET: "x",
}
QUALIFIERS = {"list": "news", "purpose": "newsletter", "currency": "SEK", "name": "quiz.done"}


def test_every_fact_has_its_words():
    assert set(SUBJECTS) == set(CATALOGUE)


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.name)
def test_every_operator_of_every_fact_makes_a_sentence(spec):
    value = spec.words[0] if spec.words else VALUES[spec.type]
    for op in OPERATORS[spec.type]:
        said = [value, value] if op in LISTS or op is Op.BETWEEN else value
        asked = clause(spec.name, op, *([] if op in NO_VALUE else [said]))
        asked |= {str(name): QUALIFIERS[name] for name in spec.qualifiers}
        sentence = clause_words(parse(asked, {}))
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "None" not in sentence
        assert "{" not in sentence


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {SOURCE_LANGUAGE}))
@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.name)
def test_every_sentence_is_told_in_every_language(spec, language):
    tongue = TemplateRenderer().tongue(language)
    value = spec.words[-1] if spec.words else VALUES[spec.type]
    for op in OPERATORS[spec.type]:
        said = [value, value] if op in LISTS or op is Op.BETWEEN else value
        asked = clause(spec.name, op, *([] if op in NO_VALUE else [said]))
        asked |= {str(name): QUALIFIERS[name] for name in spec.qualifiers}
        read = parse(asked, {})
        told, english = clause_words(read, tongue), clause_words(read)
        assert told.split()[:3] != english.split()[:3]
        assert "{" not in told
        assert told.endswith(".")


def test_every_word_of_a_closed_list_is_marked_for_translation():
    closed = {word for spec in CATALOGUE.values() for word in spec.words} - {*LANGUAGES}
    assert {word.replace("_", " ") for word in closed} == set(WORDS)


SEK = {"currency": "SEK"}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("sv", "Summan av beställningarna i SEK är från 1\u00a0000,00 SEK till 2\u00a0000,00 SEK."),
        ("de", "Die Summe der Bestellungen in SEK ist von 1.000,00 SEK bis 2.000,00 SEK."),
        ("fr", "La somme des commandes en SEK va de 1\u202f000,00 SEK à 2\u202f000,00 SEK."),
    ],
)
def test_amounts_are_written_as_the_language_writes_them(language, sentence):
    asked = clause("orders.sum", "between", [100_000, 200_000], **SEK)
    assert clause_words(parse(asked, {}), TemplateRenderer().tongue(language)) == sentence


def test_days_and_relative_times_are_told_in_another_language():
    tongue = TemplateRenderer().tongue("de")
    born = parse(clause("person.birth_date", "lt", "1990-03-01"), {})
    bought_since = parse(clause("orders.last", "gte", {"ago": {"months": 3}}), {})
    agreed = parse({"not": clause("measured", "eq", True)}, {})
    assert clause_words(born, tongue) == "Das Geburtsdatum ist früher als: 1. März 1990."
    assert clause_words(bought_since, tongue) == (
        "Die Zeit der letzten Bestellung ist frühestens: vor 3 Monaten."
    )
    assert [line.sentence for line in outline(agreed, tongue=tongue)] == [
        "Das Gegenteil davon trifft zu:",
        "Die Einwilligung in die Messung ist erteilt.",
    ]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            clause("orders.sum", "gte", 100000, **SEK),
            "The sum of the orders in SEK is at least 1,000.00 SEK.",
        ),
        (
            clause("cart.amount", "lt", -5, currency="KWD"),
            "The worth of the basket in KWD is less than -0.005 KWD.",
        ),
        (
            clause("orders.average", "between", [1200, 3400], currency="JPY"),
            "The average of the orders in JPY is from 1,200 JPY to 3,400 JPY.",
        ),
        (clause("orders.count", "ne", 1234), "The number of orders is not 1,234."),
        (
            clause("orders.last", "gte", {"ago": {"months": 3}}),
            "The time of the last order is 3 months ago or later.",
        ),
        (
            clause("orders.first", "lt", {"ahead": {"days": 1}}),
            "The time of the first order is earlier than in 1 day.",
        ),
        (
            clause("cart.at", "on", {"ago": {"days": 0}}),
            "The time the basket last changed is on the day: today.",
        ),
        (
            clause("site.visits.last", "gt", "2026-11-22T09:00:00Z"),
            "The time of the last visit is later than 22 November 2026, 09:00:00 UTC.",
        ),
        (
            clause("field.wedding", "between", ["2026-01-31", {"ahead": {"weeks": 1}}]),
            "The answer in the field wedding is from 31 January 2026 to in 1 week.",
        ),
        (clause("field.terms", "eq", False), "The answer in the field terms is no."),
        (clause("measured", "eq", True), "Consent to measurement is given."),
        (clause("profiled", "eq", False), "Consent to profiling is not given."),
        (
            clause("place.city", "in", ["Göteborg", "Oslo", "Lund"]),
            'The city is "Göteborg", "Oslo" or "Lund".',
        ),
        (clause("place.city", "not_in", ["Oslo"]), 'The city is not "Oslo".'),
        (clause("place.country", "starts_with", "S"), 'The country begins with "S".'),
        (
            clause("consent", "eq", "not_given", list="news", purpose="newsletter"),
            "Consent to newsletter on the list news is not given.",
        ),
        (
            clause("documents", "contains_all", ["a", "b"]),
            'The documents asked for include "a" and "b".',
        ),
        (clause("documents", "missing"), "The documents asked for are none, or not known."),
        (
            clause("orders.products", "contains_any", [f"p{n}" for n in range(12)]),
            "The products bought include "
            + ", ".join(f'"p{n}"' for n in range(10))
            + " or 2 more.",
        ),
        (
            clause("person.birthday", "in_next", {"days": 7}),
            "The birthday is today or in the next 7 days.",
        ),
        (
            clause("person.birthday", "in_last", {"days": 1}),
            "The birthday is today or was in the last day.",
        ),
        (clause("person.birthday", "in_last", {"days": 0}), "The birthday is today."),
        (
            clause("event.count", "exists", name="quiz.done"),
            "The number of events quiz.done is known.",
        ),
    ],
)
def test_a_clause_is_one_sentence(asked, sentence):
    assert clause_words(parse(asked, FIELDS)) == sentence


def found(asked, person):
    return explain(compiled(asked), person).clauses[0].sentence


@pytest.mark.parametrize(
    ("asked", "person", "sentence"),
    [
        (clause("orders.count", "gte", 1), NOBODY, "The number of orders is 0."),
        (
            clause("orders.last", "exists"),
            ordered(0),
            "The time of the last order is 1 January 1970, 01:00 (Europe/Stockholm).",
        ),
        (clause("orders.last", "exists"), NOBODY, "The time of the last order is not known."),
        (
            clause("orders.average", "exists", **SEK),
            ordered(0),
            "The average of the orders in SEK is 0.05 SEK divided by 1.",
        ),
        (
            clause("orders.sum", "lt", 1, **SEK),
            ordered(0),
            "The sum of the orders in SEK is 0.05 SEK.",
        ),
        (
            clause("documents", "exists"),
            NOBODY,
            "No consent to profiling stands with the brand, so this may not be known.",
        ),
        (clause("documents", "exists"), known(), "The documents asked for: none."),
        (
            clause("site.products", "contains", "pots"),
            bought("Tea", "ham"),
            'The products looked at: "Tea" and "ham".',
        ),
        (
            clause("site.products", "contains", "pots"),
            bought("Tea", edge=True),
            'The products looked at: "Tea". Older ones were forgotten, so nobody knows.',
        ),
        (
            clause("person.birth_date", "exists"),
            answered(birth_date="1990-02-01"),
            "The date of birth is 1 February 1990.",
        ),
        (
            clause("person.birthday", "exists"),
            answered(birth_date="1990-02-01"),
            "The birthday is 1 February.",
        ),
        (clause("person.age", "lt", 99), answered(birth_date="1990-02-01"), "The age is 36."),
        (
            clause("field.terms", "eq", True),
            answered(terms="no"),
            "The answer in the field terms is no.",
        ),
        (clause("place.city", "eq", "x"), answered(city="Oslo"), 'The city is "Oslo".'),
        (clause("measured", "eq", True), NOBODY, "Consent to measurement is not given."),
    ],
)
def test_what_is_known_is_one_sentence(asked, person, sentence):
    assert found(asked, person) == sentence


def test_an_expression_is_told_line_by_line_each_at_its_place():
    speaks, aged = clause("language", "eq", "sv"), clause("person.age", "gte", 18)
    document = {"all": [aged, {"not": {"any": [speaks, clause("documents", "exists")]}}]}
    lines = outline(parse(document, {}))
    assert [tuple(line) for line in lines] == [
        (0, "where", "All of these hold:"),
        (1, "where.all[0]", "The age is at least 18."),
        (1, "where.all[1]", "The opposite of this holds:"),
        (2, "where.all[1].not", "At least one of these holds:"),
        (3, "where.all[1].not.any[0]", "The language of the sign-up is sv."),
        (3, "where.all[1].not.any[1]", "The documents asked for are one or more."),
    ]
    assert outline(parse(speaks, {}), "stage[0].where")[0].place == "stage[0].where"
