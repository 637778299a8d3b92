# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked about whomever: the compiled answer is the plain one, and can be explained."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.consent import fold as fold_consents
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.facts import BrandFacts, Facts
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.latest import Latest
from chalicelib.domain.segment_compile import compile_expression
from chalicelib.domain.segment_explain import Explanation, explain
from chalicelib.domain.segment_facts import CATALOGUE, facts
from chalicelib.domain.segment_getters import quick_day
from chalicelib.domain.segment_person import Average, Held
from chalicelib.domain.segment_terms import LISTS, NO_VALUE, FactKind, FactSpec, FactType, Op
from chalicelib.domain.segment_values import stored_day
from chalicelib.domain.segments import clauses, parse
from chalicelib.domain.standing import Standing, standing
from chalicelib.domain.state import MEASUREMENT
from chalicelib.vocabulary import EventType
from tests.support.naive_segments import Naive, Somebody
from tests.support.segment_people import (
    BRAND,
    CAMPAIGNS,
    CURRENCIES,
    FIELDS,
    LISTS_OF,
    NOW,
    OTHER,
    PRODUCTS,
    PURPOSES,
    TEXTS,
    a_standing,
    brand_facts,
    somebody,
)

SPECS = facts(FIELDS)
NAIVE = Naive(brand=BRAND, moment=NOW, declared=FIELDS)

# Documents: few values each, near those that people have, so that answers differ

days = st.sampled_from(["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]) | st.builds(
    lambda way, unit, n: {way: {unit: n}},
    st.sampled_from(["ago", "ahead"]),
    st.sampled_from(["days", "weeks", "months", "years"]),
    st.integers(0, 2),
)
instants = st.sampled_from(
    ["2026-11-21T22:59:59Z", "2026-11-21T23:00:00Z", "2026-11-22T12:00:00Z", "2026-08-22T10:00:00Z"]
)
born = st.sampled_from(["2000-02-29", "1996-11-22", "1996-11-23", "2008-11-21"])


def scalars(spec: FactSpec, op: Op) -> st.SearchStrategy[Any]:
    if spec.name == "person.birth_date":
        return born
    if spec.name == "person.age":
        return st.integers(17, 31)
    if spec.type is FactType.TIME and op is not Op.ON:
        return days | instants
    return {
        FactType.NUMBER: st.integers(-1, 4),
        FactType.AMOUNT: st.integers(-1, 5).map(lambda n: n * 50),
        FactType.DATE: days,
        FactType.TIME: days,
        FactType.BIRTHDAY: st.builds(lambda n: {"days": n}, st.sampled_from([0, 1, 100, 366])),
        FactType.FLAG: st.booleans(),
        FactType.WORD: st.sampled_from(spec.words or ("pro", "free")),
        FactType.SET: st.sampled_from(CAMPAIGNS if spec.campaigns else PRODUCTS),
        FactType.TEXT: st.sampled_from(TEXTS),
    }[spec.type]


QUALIFIERS = {
    "list": st.sampled_from(LISTS_OF),
    "purpose": st.sampled_from(PURPOSES),
    "currency": st.sampled_from(CURRENCIES),
    "name": st.sampled_from(["quiz.done", "chat"]),
}


@st.composite
def asked(draw: Any) -> dict[str, Any]:
    spec = draw(st.sampled_from(SPECS))
    op = draw(st.sampled_from(spec.ops))
    clause: dict[str, Any] = {"fact": spec.name, "op": str(op)}
    if op in LISTS:
        clause["value"] = draw(st.lists(scalars(spec, op), min_size=1, max_size=3))
    elif op is Op.BETWEEN:
        clause["value"] = draw(st.lists(scalars(spec, op), min_size=2, max_size=2))
    elif op not in NO_VALUE:
        clause["value"] = draw(scalars(spec, op))
    return clause | {str(name): draw(QUALIFIERS[name]) for name in spec.qualifiers}


def joined(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(part, min_size=1, max_size=3)
    return (
        st.builds(lambda x: {"all": x}, parts)
        | st.builds(lambda x: {"any": x}, parts)
        | st.builds(lambda x: {"not": x}, part)
    )


documents = asked()
for _ in range(2):
    documents = asked() | joined(documents)

dices = st.randoms(use_true_random=True)


def compiled(document: Any) -> Any:
    return compile_expression(parse(document, FIELDS), BRAND, NOW)


@settings(max_examples=400, deadline=None)
@given(document=documents, dice=dices)
def test_the_compiled_verdict_is_that_of_the_plain_reading(document, dice):
    asked_of = compiled(document)
    for _ in range(5):
        who = somebody(dice)
        person = who.stored()
        verdict = asked_of.test(person)
        assert verdict is NAIVE.verdict(document, who), who
        assert verdict is (asked_of.plain(person) and asked_of.sealed(person))


QUALIFIED = {"list": "weekly", "purpose": "newsletter", "currency": "SEK", "name": "quiz.done"}


def existence(spec: FactSpec, op: str = "exists") -> dict[str, Any]:
    return {"fact": spec.name, "op": op} | {str(q): QUALIFIED[q] for q in spec.qualifiers}


def plain(value: Any, spec: FactSpec) -> Any:
    """What either reading says, in one form."""
    match value:
        case Held():
            return sorted(value.names), value.whole
        case Latest():
            return sorted(value.at_s), value.edge is None
        case Average():
            return Fraction(value.net, value.orders)
        case datetime():
            return round(value.timestamp())
        case date():
            return value.isoformat()[5:] if spec.type is FactType.BIRTHDAY else value.isoformat()
    return value


READERS = [(spec, compiled(existence(spec))) for spec in SPECS]


@settings(max_examples=80, deadline=None)
@given(dice=dices)
def test_every_fact_is_read_from_its_stored_form_as_it_is(dice):
    who = somebody(dice)
    person = who.stored()
    for spec, asked_of in READERS:
        read = asked_of.questions[0].read(person)
        assert plain(read, spec) == plain(NAIVE._value(existence(spec), who), spec), spec.name


@settings(max_examples=300, deadline=None)
@given(document=documents, dice=dices)
def test_an_expression_and_its_opposite_never_both_hold_and_one_does_where_all_is_known(
    document, dice
):
    one, other = compiled(document), compiled({"not": document})
    for _ in range(4):
        who = somebody(dice)
        person = who.stored()
        held = [each.test(person) for each in (one, other)]
        assert held.count(True) <= 1
        if NAIVE.answer(document, who) is not None and one.excluded(person) is None:
            assert held.count(True) == 1


def joined_answers(document: Any, answers: Any) -> bool | None:
    """What answers, in the order of their clauses, say together."""
    if "not" in document:
        inner = joined_answers(document["not"], answers)
        return None if inner is None else not inner
    for shape, decides in (("all", False), ("any", True)):
        if shape in document:
            parts = [joined_answers(part, answers) for part in document[shape]]
            return decides if decides in parts else None if None in parts else not decides
    return next(answers)


@settings(max_examples=300, deadline=None)
@given(document=documents, dice=dices)
def test_what_explain_shows_is_the_verdict(document, dice):
    asked_of = compiled(document)
    places = [clause.place for clause in clauses(asked_of.expression)]
    for _ in range(3):
        person = somebody(dice).stored()
        told = explain(asked_of, person)
        assert told.matches is asked_of.test(person)
        if told.excluded is not None:
            assert told == Explanation(matches=False, excluded=told.excluded, clauses=())
            continue
        assert [each.place for each in told.clauses] == places
        shown = joined_answers(document, iter(each.holds for each in told.clauses))
        assert told.matches is (shown is True)
        for each in told.clauses:
            assert (each.why is None) is (each.holds is not None)
            assert each.sentence.endswith((".", "knows."))
            assert "None" not in each.sentence


@settings(max_examples=300, deadline=None)
@given(document=documents, dice=dices)
def test_only_what_is_said_to_be_needed_is_looked_at(document, dice):
    asked_of = compiled(document)
    person = somebody(dice).stored()
    opened = {str(section): getattr(person, section) for section in asked_of.needs}
    closed = person._replace(profile={}, facts={})
    assert asked_of.test(closed._replace(**opened)) is asked_of.test(person)
    assert asked_of.plain(closed) is asked_of.plain(person)


# Behaviour is seen under its consent alone

acts = st.lists(
    st.tuples(
        st.sampled_from(["confirm", "change", "withdraw", "unsubscribe", "expire", "object"]),
        st.sampled_from([BRAND, OTHER]),
        st.sampled_from(LISTS_OF),
        st.sets(st.sampled_from(PURPOSES), min_size=1),
    ),
    max_size=8,
)
TYPES = {
    "confirm": EventType.CONSENT_CONFIRMED,
    "change": EventType.CONSENT_CHANGED,
    "withdraw": EventType.CONSENT_WITHDRAWN,
    "unsubscribe": EventType.CONSENT_WITHDRAWN,
    "expire": EventType.CONSENT_EXPIRED,
    "object": EventType.OBJECTION_RECORDED,
}


def told(number: int, act: str, brand: BrandId, list_id: str, purposes: set[str]) -> Event:
    whole = act in ("unsubscribe", "object")
    return Event(
        type=TYPES[act],
        at_ms=number,
        brand=brand,
        channel=EMAIL,
        lists=() if whole else (ListId(list_id),),
        purposes=() if whole else tuple(PurposeId(each) for each in sorted(purposes)),
        via=Via.PAGE,
    )


def consented(history: Any, purpose: str) -> bool:
    """By the plain list of acts: on some list of the brand the last word about it was yes."""
    stands: set[str] = set()
    for act, brand, list_id, purposes in history:
        if brand != BRAND:
            continue
        if act in ("unsubscribe", "object"):
            stands.clear()
        elif act == "change":
            stands -= {list_id}
            stands |= {list_id} if purpose in purposes else set()
        elif purpose in purposes:
            stands = stands | {list_id} if act == "confirm" else stands - {list_id}
    return bool(stands)


@settings(max_examples=150, deadline=None)
@given(history=acts, dice=dices)
def test_once_a_consent_ends_no_getter_sees_behaviour(history, dice):
    state = fold_consents(told(n, *act) for n, act in enumerate(history))
    who = somebody(dice)
    full = Facts(brands={BRAND: brand_facts(dice), OTHER: brand_facts(dice)})
    person = Somebody(standing=standing(state), facts=full, attributes=who.attributes).stored()
    for spec, asked_of in READERS:
        if spec.purpose is None:
            continue
        value = asked_of.questions[0].read(person)
        if not consented(history, str(spec.purpose)):
            assert value is None, spec.name
        elif spec.type is FactType.SET:
            assert isinstance(value, Held)
        elif spec.name.endswith("count"):
            assert isinstance(value, int)
    assert compiled({"fact": "measured", "op": "eq", "value": True}).questions[0].answer(
        person
    ) is consented(history, MEASUREMENT)


@settings(max_examples=100, deadline=None)
@given(dice=dices)
def test_without_consent_behaviour_changes_no_fact_at_all(dice):
    """Nor does it by way of the life cycle and of what is the latest known act."""
    held = a_standing(dice, everything=True)
    held = Standing(since_s=held.since_s)
    known = brand_facts(dice)
    bare = BrandFacts(orders=known.orders, signup_s=known.signup_s)
    seen, unseen = (
        Somebody(standing=held, facts=Facts(brands={BRAND: each})).stored()
        for each in (known, bare)
    )
    for spec in CATALOGUE.values():
        if spec.kind in (FactKind.BEHAVIOUR, FactKind.LIFECYCLE):
            read = compiled(existence(spec)).questions[0].read
            assert read(seen) == read(unseen), spec.name


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=11) | st.dates().map(str) | st.from_regex(r"[0-9W-]{9,11}"))
def test_the_quick_reading_of_a_day_is_that_of_the_slow_one(text):
    assert quick_day(text) == stored_day(text)
