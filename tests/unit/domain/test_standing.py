# SPDX-License-Identifier: Apache-2.0
"""Where somebody stands follows from the folded chain alone, and is read back as it was written."""

import pytest

from chalicelib.domain.consent import fold
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.standing import (
    Standing,
    dump_standing,
    has_ended,
    load_standing,
    standing,
)
from chalicelib.domain.state import Consent, ConsentKey, ConsentStatus, SubjectState
from chalicelib.errors import FatalError
from chalicelib.vocabulary import EventType

DEMO, OTHER = BrandId("demo"), BrandId("other")
NEWS, EVENTS = ListId("news"), ListId("events")
MAIL, MEASUREMENT = PurposeId("newsletter"), PurposeId("measurement")


def act(type_, second, *purposes, lists=(NEWS,), brand=DEMO, **more):
    return Event(
        type=type_,
        at_ms=second * 1000 + 999,
        brand=brand,
        channel=EMAIL,
        lists=lists,
        purposes=purposes,
        **more,
    )


def confirmed(second, *purposes, **more):
    return act(EventType.CONSENT_CONFIRMED, second, *purposes, via=Via.PAGE, **more)


def withdrawn(second, *purposes, **more):
    return act(EventType.CONSENT_WITHDRAWN, second, *purposes, via=Via.PAGE, **more)


def after(*events):
    return standing(fold(events))


def test_of_nobody_nothing_stands():
    assert after() == Standing()
    assert dump_standing(Standing()) == '{"v":1}'
    assert load_standing('{"v":1}') == Standing()


def test_a_row_that_says_nothing_stands_for_no_purpose_and_no_restriction():
    assert load_standing(None) == Standing()


def test_purposes_stand_by_brand_and_list():
    held = after(
        confirmed(5, MAIL, MEASUREMENT),
        confirmed(7, MAIL, lists=(EVENTS,)),
        confirmed(9, MAIL, brand=OTHER),
    )
    assert held.given == {
        DEMO: {NEWS: {MAIL, MEASUREMENT}, EVENTS: {MAIL}},
        OTHER: {NEWS: {MAIL}},
    }
    assert held.since_s == {DEMO: {NEWS: 5, EVENTS: 7}, OTHER: {NEWS: 9}}
    assert held.purposes(DEMO) == {MAIL, MEASUREMENT}
    assert held.purposes(OTHER) == {MAIL}
    assert held.purposes(BrandId("third")) == frozenset()


def test_the_stored_text_is_compact_sorted_and_read_back():
    held = after(
        confirmed(7, MAIL, MEASUREMENT),
        act(EventType.OBJECTION_RECORDED, 8, lists=(), brand=OTHER, via=Via.PAGE),
        Event(type=EventType.SUBJECT_RESTRICTED, at_ms=9_000, reason="objection"),
    )
    text = dump_standing(held)
    assert text == (
        '{"g":{"demo":{"news":["measurement","newsletter"]}},"r":true,'
        '"s":{"demo":{"news":7}},"v":1,"x":["other"]}'
    )
    assert load_standing(text) == held


def test_a_withdrawn_purpose_no_longer_stands_and_the_list_keeps_its_date():
    held = after(confirmed(5, MAIL, MEASUREMENT), withdrawn(8, MEASUREMENT))
    assert held.given == {DEMO: {NEWS: {MAIL}}}
    assert held.since_s == {DEMO: {NEWS: 5}}


def test_a_list_that_was_left_has_the_date_of_leaving():
    held = after(confirmed(5, MAIL), withdrawn(8, MAIL))
    assert (held.given, held.since_s) == ({}, {DEMO: {NEWS: 8}})


def test_a_request_stands_for_nothing_but_has_a_date():
    held = after(act(EventType.CONSENT_REQUESTED, 4, MAIL))
    assert (held.given, held.since_s) == ({}, {DEMO: {NEWS: 4}})


def test_measurement_and_profiling_alone_date_no_list():
    held = after(confirmed(5, MEASUREMENT, PurposeId("profiling")))
    assert held.purposes(DEMO) == {MEASUREMENT, "profiling"}
    assert held.since_s == {}


@pytest.mark.parametrize("asks", [False, True])
def test_a_list_that_a_sale_brought_in_has_no_date(asks):
    events = [act(EventType.BASIS_RECORDED, 3)]
    if asks:
        events.append(act(EventType.CONSENT_REQUESTED, 4, MAIL))
    assert after(*events).since_s == {}


def test_of_several_purposes_of_a_list_that_which_lets_most_through_dates_it():
    other = PurposeId("offers")
    events = [confirmed(5, MAIL), confirmed(6, other), withdrawn(9, other)]
    assert after(*events).since_s == {DEMO: {NEWS: 5}}


def test_an_objection_ends_what_was_given_and_a_new_consent_ends_the_objection():
    objection = act(EventType.OBJECTION_RECORDED, 8, lists=(), via=Via.PAGE)
    held = after(confirmed(5, MAIL), objection)
    assert (held.objected, held.given) == ({DEMO}, {})
    assert after(confirmed(5, MAIL), objection, confirmed(9, MAIL)).objected == frozenset()


def test_another_channels_consent_is_none_to_mail():
    key = ConsentKey(DEMO, "post", NEWS, MEASUREMENT)
    consent = Consent(status=ConsentStatus.GIVEN, since_ms=1, entry=0)
    assert standing(SubjectState(consents={key: consent})) == Standing()


def test_of_somebody_erased_nothing_stands():
    erased = Event(type=EventType.SUBJECT_ERASED, at_ms=9_000, reason="withdrawn")
    assert after(confirmed(5, MAIL), erased) == Standing()


def test_a_standing_of_an_unknown_version_stops():
    with pytest.raises(FatalError):
        load_standing('{"v":2}')


PROFILING = PurposeId("profiling")
KNOWN = confirmed(1, MAIL, MEASUREMENT, PROFILING)


@pytest.mark.parametrize(
    ("events", "ended"),
    [
        ([withdrawn(2, MEASUREMENT)], True),
        ([withdrawn(2, PROFILING)], True),
        ([withdrawn(2)], True),
        ([act(EventType.OBJECTION_RECORDED, 2, lists=(), via=Via.PAGE)], True),
        ([withdrawn(2, MAIL)], False),
        ([withdrawn(2, MEASUREMENT, lists=(EVENTS,))], False),
        ([confirmed(2, MEASUREMENT, lists=(EVENTS,))], False),
        ([], False),
    ],
)
def test_what_ends_is_a_consent_to_know_more_or_all_of_it_with_an_objection(events, ended):
    before = after(KNOWN)
    now = after(KNOWN, *events)
    assert has_ended(before, now) is ended
    assert not has_ended(now, now)


def test_a_consent_on_one_of_two_lists_that_ends_is_an_end_of_what_that_list_allowed():
    both = confirmed(1, MEASUREMENT, lists=(NEWS, EVENTS))
    assert has_ended(after(both), after(both, withdrawn(2, MEASUREMENT)))


def test_the_end_of_a_restriction_is_an_end_and_its_beginning_is_none():
    free, bound = Standing(), Standing(restricted=True)
    assert has_ended(bound, free)
    assert not has_ended(free, bound)
    assert not has_ended(bound, bound)


def test_a_second_objection_is_an_end_and_its_lifting_is_none():
    one, two = Standing(objected=frozenset({DEMO})), Standing(objected=frozenset({DEMO, OTHER}))
    assert has_ended(one, two)
    assert not has_ended(two, one)
