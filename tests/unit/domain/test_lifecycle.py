# SPDX-License-Identifier: Apache-2.0
"""Life-cycle rules: read or refused by their places, and twelve people under those by default."""

from datetime import UTC, datetime

import pytest

from chalicelib.domain.forms import FieldType
from chalicelib.domain.lifecycle import (
    DEFAULT_RULES,
    MAX_RULES,
    dump_rules,
    fields_of_rules,
    parse_rules,
)
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_compile import compile_expression, compile_lifecycle
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segment_terms import Section
from chalicelib.domain.segments import SegmentError, parse

NOW = Moment(now_ms=1_795_348_800_000, zone="Europe/Stockholm")  # 2026-11-22T12:00:00Z
GIVEN = ["measurement", "newsletter", "profiling"]


def at(day):
    return round(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC).timestamp())


def person(since, purposes, **brand):
    return Person(
        lists={"news": "given"},
        standing={"g": {"demo": {"news": purposes}}, "s": {"demo": {"news": at(since)}}},
        rhythm={},
        profile={},
        facts={"v": 1, "b": {"demo": brand} if brand else {}},
    )


def orders(count, first, last):
    return {"n": count, "f": at(first), "l": at(last), "c": {"SEK": [count, 100 * count]}}


PEOPLE = {
    "signed up last week": (person("2026-11-15", GIVEN), "discovery", "new"),
    "signed up last week, without measurement": (person("2026-11-15", []), "discovery", "new"),
    "signed up two months ago, silent since": (
        person("2026-09-20", GIVEN),
        "discovery",
        "active",
    ),
    "silent for half a year": (person("2026-05-20", GIVEN), "discovery", "at-risk"),
    "silent for half a year, or nobody may know": (
        person("2026-05-20", ["newsletter"]),
        "discovery",
        None,
    ),
    "silent for two years": (person("2024-05-20", GIVEN), "discovery", "dormant"),
    "clicked last month": (
        person("2024-05-20", GIVEN, m={"o": [9, at("2026-10-20")], "k": [2, at("2026-10-20")]}),
        "interest",
        "active",
    ),
    "clicked last month, consent withdrawn since": (
        person("2024-05-20", ["newsletter"], m={"k": [2, at("2026-10-20")]}),
        "discovery",
        None,
    ),
    "asked for a document a year and a half ago": (
        person("2024-05-20", GIVEN, w={"d": [["white-paper", at("2025-05-20")]]}),
        "interest",
        "dormant",
    ),
    "has a basket": (
        person("2024-05-20", GIVEN, k={"t": at("2026-11-20"), "e": "", "c": "SEK", "a": 1}),
        "decision",
        "active",
    ),
    "bought twice, last this spring": (
        person("2024-05-20", GIVEN, o=orders(2, "2025-01-10", "2026-04-10")),
        "loyalty",
        "at-risk",
    ),
    "bought twice, long ago, and may not be measured": (
        person("2023-05-20", [], o=orders(2, "2023-01-10", "2024-04-10")),
        "decision",
        None,
    ),
}


@pytest.mark.parametrize("story", PEOPLE)
def test_twelve_people_have_the_words_of_their_stories(story):
    who, stage, activity = PEOPLE[story]
    told = compile_lifecycle("demo", NOW)
    assert (told.stage(who), told.activity(who)) == (stage, activity)


def test_whoever_is_excluded_has_no_word():
    who, _, _ = PEOPLE["has a basket"]
    restricted = who._replace(standing={**who.standing, "r": True})
    told = compile_lifecycle("demo", NOW)
    assert (told.stage(restricted), told.activity(restricted)) == (None, None)


def test_it_is_told_what_must_be_opened_for_a_word():
    assert compile_lifecycle("demo", NOW).needs == {Section.FACTS}
    of_lists = rules(stage=[{"is": "loyalty", "where": listed("given")}])
    assert compile_lifecycle("demo", NOW, of_lists).needs == set()
    of_place = rules(stage=[{"is": "loyalty", "where": {"fact": "place.city", "op": "exists"}}])
    assert compile_lifecycle("demo", NOW, of_place).needs == {Section.PROFILE}


def listed(status):
    return {"fact": "list", "op": "eq", "value": status, "list": "news"}


def document(**changed):
    return {"version": 3, "facts": {}, "stage": [], "activity": [], **changed}


def rules(**changed):
    return parse_rules(document(**changed), {})


def test_a_segment_asks_by_the_brands_own_rules_and_the_first_that_holds_decides():
    own = rules(
        stage=[
            {"is": "interest", "where": listed("requested")},
            {"is": "loyalty", "where": listed("given")},
            {"is": "decision"},
        ]
    )
    asked = parse({"fact": "lifecycle.stage", "op": "eq", "value": "loyalty"}, {})
    compiled = compile_expression(asked, "demo", NOW, own)
    for status, expected in (("given", True), ("requested", False), ("withdrawn", False)):
        who = person("2026-01-01", [])._replace(lists={"news": status})
        assert compiled.test(who) is expected
    assert compiled.needs == set()


def test_without_a_rule_that_holds_nobody_has_a_word_and_nothing_is_known():
    who = person("2026-01-01", GIVEN)
    for op, expected in (("exists", False), ("missing", True)):
        asked = parse({"fact": "lifecycle.activity", "op": op}, {})
        assert compile_expression(asked, "demo", NOW, rules()).test(who) is expected
    asked = parse({"fact": "lifecycle.activity", "op": "ne", "value": "new"}, {})
    assert not compile_expression(asked, "demo", NOW, rules()).test(who)


def test_rules_write_themselves_back_and_keep_what_they_were_read_with():
    declared = {"beds": FieldType.NUMBER}
    said = document(
        facts={"city": "town"},
        stage=[
            {"is": "interest", "where": {"fact": "field.beds", "op": "gte", "value": 2}},
            {"is": "discovery"},
        ],
    )
    read = parse_rules(said, declared)
    assert read.names["city"] == "town"
    assert read.names["country"] == "country"
    written = dump_rules(read)
    assert written == {**said, "facts": dict(read.names)}
    assert fields_of_rules(read) == declared
    assert parse_rules(written, fields_of_rules(read)) == read
    assert parse_rules(dump_rules(DEFAULT_RULES), {}) == DEFAULT_RULES


def test_the_brands_own_field_tells_the_place():
    asked = parse({"fact": "place.city", "op": "eq", "value": "Oslo"}, {})
    compiled = compile_expression(asked, "demo", NOW, rules(facts={"city": "town"}))
    who = person("2026-01-01", [])
    assert compiled.test(who._replace(profile={"attributes": {"town": "Oslo"}}))
    assert not compiled.test(who._replace(profile={"attributes": {"city": "Oslo"}}))


WORD = {"fact": "lifecycle.stage", "op": "exists"}
COUNTED = {"fact": "orders.count", "op": "gte", "value": 1}


def loyal(where):
    return {"is": "loyalty", "where": where}


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ([], {"rules": "wrong_type"}),
        ({}, {"version": "missing", "stage": "missing", "activity": "missing"}),
        (document(version="1"), {"version": "wrong_type"}),
        (document(version=True), {"version": "wrong_type"}),
        (document(version=-1), {"version": "out_of_range"}),
        (document(words=[]), {"words": "unknown"}),
        ({**document(), 7: 1}, {"rules": "unknown"}),
        (document(facts=[]), {"facts": "wrong_type"}),
        (document(facts={"age": "age"}), {"facts.age": "unknown"}),
        (document(facts={"city": 1}), {"facts.city": "wrong_type"}),
        (document(facts={"city": "My town"}), {"facts.city": "format"}),
        (document(stage={}), {"stage": "wrong_type"}),
        (
            document(stage=[{"is": "loyalty", "where": COUNTED}] * (MAX_RULES + 1)),
            {"stage": "too_many"},
        ),
        (
            document(stage=[{"is": "loyalty", "where": {"all": [COUNTED] * 26}}] * 2),
            {"stage": "too_many"},
        ),
        (document(stage=[7]), {"stage[0]": "wrong_type"}),
        (document(stage=[{}]), {"stage[0].is": "missing"}),
        (document(stage=[{"is": 1}]), {"stage[0].is": "wrong_type"}),
        (document(stage=[{"is": "new"}]), {"stage[0].is": "not_one_of"}),
        (document(activity=[{"is": "loyalty"}]), {"activity[0].is": "not_one_of"}),
        (document(stage=[{"is": "loyalty", "when": 1}]), {"stage[0].when": "unknown"}),
        (
            document(stage=[{"is": "loyalty"}, {"is": "interest"}]),
            {"stage[0].where": "missing"},
        ),
        (
            document(stage=[{"is": "loyalty", "where": {"all": [COUNTED, WORD]}}]),
            {"stage[0].where.all[1].fact": "recursive"},
        ),
        (
            document(activity=[{"is": "new", "where": {"fact": "orders.cuont", "op": "exists"}}]),
            {"activity[0].where.fact": "unknown_fact"},
        ),
    ],
)
def test_what_cannot_be_used_is_named_at_its_place(said, problems):
    with pytest.raises(SegmentError) as caught:
        parse_rules(said, {})
    assert caught.value.problems == problems


def test_an_unknown_fact_names_the_nearest():
    with pytest.raises(SegmentError) as caught:
        rules(stage=[{"is": "loyalty", "where": {"fact": "orders.cuont", "op": "exists"}}])
    assert caught.value.nearest == {"stage[0].where.fact": "orders.count"}


def test_twenty_problems_at_most_are_told():
    wrong = {"is": "loyalty", "where": {"all": [{"fact": "x.y", "op": "exists"}] * 5}}
    with pytest.raises(SegmentError) as caught:
        rules(stage=[wrong] * 10)
    assert len(caught.value.problems) == 20
