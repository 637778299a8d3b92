# SPDX-License-Identifier: Apache-2.0
"""Where somebody stands follows from the folded chain alone, and is read back as it was written."""

import pytest

from chalicelib.domain.consent import fold
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.standing import Standing, dump_standing, load_standing, standing
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
