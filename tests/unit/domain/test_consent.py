# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.consent import acts_of_withdrawal, fold, may_confirm
from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.events import CONTROLLER_ONLY, EMAIL, Event, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import (
    ConsentKey,
    ConsentStatus,
    Grade,
    Scope,
    dump_state,
    load_state,
    memberships,
)
from chalicelib.errors import FatalError
from chalicelib.vocabulary import EventType

BRAND, OTHER = BrandId("demo"), BrandId("other")
WEEKLY, EVENTS = ListId("weekly"), ListId("events")
NEWS, MEASURED = PurposeId("newsletter"), PurposeId("measurement")
SCOPE = Scope(BRAND, EMAIL)
KEY = ConsentKey(*SCOPE, WEEKLY, NEWS)


def act(type_: EventType, **more) -> Event:
    named = {"at_ms": 1, "brand": BRAND, "channel": EMAIL, "lists": (WEEKLY,), "purposes": (NEWS,)}
    return Event(type=type_, **{**named, **more})


def everything(type_: EventType, **more) -> Event:
    return act(type_, lists=(), purposes=(), **more)


REQUESTED = act(EventType.CONSENT_REQUESTED, notice="n1")
CONFIRMED = act(EventType.CONSENT_CONFIRMED)
WITHDRAWN = everything(EventType.CONSENT_WITHDRAWN, via=Via.PAGE)
OBJECTED = everything(EventType.OBJECTION_RECORDED, via=Via.COMPLAINT)
IMPORTED = act(EventType.CONSENT_IMPORTED)
BOUGHT = act(EventType.BASIS_RECORDED, lists=())
EXPIRED = act(EventType.CONSENT_EXPIRED)
RENEWED = act(EventType.CONSENT_RENEWED)


def bounced(reason: str = "bounce", brand=None) -> Event:
    return Event(
        type=EventType.SUPPRESSION_ADDED, at_ms=1, brand=brand, channel=EMAIL, reason=reason
    )


ATTESTED = act(EventType.CONSENT_IMPORTED, via=Via.API, notice="n1")
BOUGHT_INTO = act(EventType.BASIS_RECORDED, via=Via.API)


def sendable(*events: Event, list_id: ListId = WEEKLY, brand: BrandId = BRAND) -> bool:
    return isinstance(decide(fold(events), Scope(brand, EMAIL), list_id, NEWS), Allowed)


AFTER = [
    ((REQUESTED,), ConsentStatus.REQUESTED),
    ((REQUESTED, CONFIRMED), ConsentStatus.GIVEN),
    ((REQUESTED, CONFIRMED, REQUESTED), ConsentStatus.GIVEN),
    ((REQUESTED, act(EventType.CONSENT_REFUSED)), ConsentStatus.REFUSED),
    ((CONFIRMED, WITHDRAWN), ConsentStatus.WITHDRAWN),
    ((CONFIRMED, act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE)), ConsentStatus.WITHDRAWN),
    ((CONFIRMED, everything(EventType.CONSENT_WITHDRAWN, via=Via.OPERATOR)), ConsentStatus.REVOKED),
    ((CONFIRMED, act(EventType.CONSENT_EXPIRED)), ConsentStatus.EXPIRED),
    ((CONFIRMED, act(EventType.CONSENT_INVALIDATED)), ConsentStatus.INVALIDATED),
    (
        (CONFIRMED, act(EventType.CONSENT_EXPIRED), act(EventType.CONSENT_RENEWED)),
        ConsentStatus.GIVEN,
    ),
    ((CONFIRMED, WITHDRAWN, act(EventType.CONSENT_RENEWED)), ConsentStatus.WITHDRAWN),
    ((CONFIRMED, WITHDRAWN, REQUESTED), ConsentStatus.REQUESTED),
    ((CONFIRMED, WITHDRAWN, REQUESTED, CONFIRMED), ConsentStatus.GIVEN),
    ((IMPORTED,), ConsentStatus.GIVEN),
    ((REQUESTED, IMPORTED), ConsentStatus.REQUESTED),
    ((CONFIRMED, OBJECTED), ConsentStatus.WITHDRAWN),
    ((CONFIRMED, act(EventType.CONSENT_CHANGED, purposes=(MEASURED,))), ConsentStatus.WITHDRAWN),
    ((act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE), IMPORTED), ConsentStatus.WITHDRAWN),
]


@pytest.mark.parametrize(("events", "status"), AFTER)
def test_a_history_folds_to_this_consent(events, status):
    assert fold(events).consents[KEY].status is status


@pytest.mark.parametrize(
    "stop", [WITHDRAWN, OBJECTED, act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE)]
)
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "later",
    [
        *((IMPORTED,), (ATTESTED,), (BOUGHT,), (BOUGHT_INTO,)),
        *((IMPORTED, BOUGHT), (ATTESTED, BOUGHT_INTO), (BOUGHT, IMPORTED, REQUESTED)),
    ],
)
def test_no_import_purchase_or_mere_request_resurrects(stop, before, later):
    """Promise 10: whether the consent stood before the stop or was never seen."""
    history = (CONFIRMED, BOUGHT, stop) if before else (stop,)
    assert not sendable(*history, *later)


def test_a_purchase_does_not_serve_the_list_somebody_left():
    left = act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE)
    assert not sendable(BOUGHT, CONFIRMED, left)
    assert sendable(BOUGHT, CONFIRMED, left, list_id=EVENTS)


@pytest.mark.parametrize("later", [IMPORTED, ATTESTED, BOUGHT, BOUGHT_INTO])
def test_a_list_left_whole_stays_left_for_a_purpose_never_seen(later):
    left = act(EventType.CONSENT_WITHDRAWN, purposes=(), via=Via.PAGE)
    assert not sendable(left, later)
    assert not sendable(BOUGHT, left)
    assert sendable(left, later, REQUESTED, CONFIRMED)
    state = fold([left, later])
    assert load_state(dump_state(state)) == state


def test_a_new_confirmation_after_an_objection_brings_back_only_what_it_names():
    other_list = act(EventType.CONSENT_CONFIRMED, lists=(EVENTS,))
    history = (CONFIRMED, other_list, OBJECTED, other_list)
    assert sendable(*history, list_id=EVENTS)
    assert not sendable(*history)
    assert not sendable(CONFIRMED, BOUGHT, OBJECTED, other_list)


@pytest.mark.parametrize("lifted", ["bounce", "complaint", "erased"])
def test_a_confirmation_lifts_a_bounce_complaint_or_erasure_and_a_bare_change_does_not(lifted):
    taken_away = act(EventType.CONSENT_CHANGED, purposes=())
    assert fold([CONFIRMED, bounced(lifted), taken_away]).suppressions
    assert fold([CONFIRMED, OBJECTED, taken_away]).objections
    assert not fold([CONFIRMED, bounced(lifted), CONFIRMED]).suppressions
    assert not fold([CONFIRMED, bounced(lifted, BRAND), CONFIRMED]).suppressions
    assert fold([CONFIRMED, bounced(lifted, OTHER), CONFIRMED]).suppressions


@pytest.mark.parametrize("kept", ["manual", "unsubscribed"])
def test_a_confirmation_lifts_nothing_the_operator_set(kept):
    assert not sendable(CONFIRMED, bounced(kept), CONFIRMED)


@pytest.mark.parametrize(
    "weak", [act(EventType.CONSENT_RENEWED), IMPORTED, ATTESTED, BOUGHT, BOUGHT_INTO, REQUESTED]
)
def test_nothing_but_a_confirmation_or_change_lifts_a_suppression_or_objection(weak):
    state = fold([CONFIRMED, bounced(), OBJECTED, weak])
    assert state.suppressions
    assert state.objections


def test_the_same_suppression_stands_once_and_other_reasons_beside_it():
    state = fold([bounced(), bounced(), bounced("manual"), bounced(brand=BRAND)])
    assert [(x.brand, x.reason) for x in state.suppressions] == [
        (None, "bounce"),
        (None, "manual"),
        (BRAND, "bounce"),
    ]


def test_brands_are_apart():
    assert sendable(CONFIRMED, everything(EventType.OBJECTION_RECORDED, brand=OTHER))
    assert sendable(CONFIRMED, everything(EventType.CONSENT_WITHDRAWN, brand=OTHER))
    assert not sendable(CONFIRMED, brand=OTHER)


def test_a_change_gives_what_it_names_and_withdraws_the_rest_of_those_lists_only():
    start = [
        act(EventType.CONSENT_CONFIRMED, purposes=(NEWS, MEASURED)),
        act(EventType.CONSENT_CONFIRMED, lists=(EVENTS,)),
    ]
    state = fold([*start, act(EventType.CONSENT_CHANGED, purposes=(NEWS,))])
    found = {(key.list, key.purpose): consent.status for key, consent in state.consents.items()}
    assert found == {
        (WEEKLY, NEWS): ConsentStatus.GIVEN,
        (WEEKLY, MEASURED): ConsentStatus.WITHDRAWN,
        (EVENTS, NEWS): ConsentStatus.GIVEN,
    }


def test_grades_say_how_strong_the_evidence_is():
    assert fold([CONFIRMED]).consents[KEY].grade is Grade.B
    assert fold([IMPORTED]).consents[KEY].grade is Grade.E
    assert fold([IMPORTED, CONFIRMED]).consents[KEY].grade is Grade.B


def test_the_notice_of_the_request_stays_with_the_consent():
    assert fold([REQUESTED, CONFIRMED]).consents[KEY].notice == "n1"


def test_confirmation_mails_are_remembered_three_deep():
    mails = [act(EventType.CONSENT_MAIL_SENT, at_ms=n) for n in range(1, 6)]
    state = fold([REQUESTED, *mails])
    assert (state.mails_ms, state.last_request, state.last_mail) == ((3, 4, 5), 0, 5)


def may(*events: Event, request: int = 0) -> bool:
    return may_confirm(fold(events), request, BRAND, EMAIL, (WEEKLY,), (NEWS,))


def test_a_link_confirms_until_something_it_asked_for_was_stopped():
    assert may(REQUESTED)
    assert may(REQUESTED, CONFIRMED)
    assert may(CONFIRMED, WITHDRAWN, REQUESTED, request=2)
    for stop in (
        WITHDRAWN,
        OBJECTED,
        act(EventType.CONSENT_REFUSED),
        act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE),
        Event(type=EventType.SUBJECT_RESTRICTED, at_ms=1, reason="objection"),
        Event(type=EventType.SUBJECT_ERASED, at_ms=1, reason="withdrawn"),
    ):
        assert not may(REQUESTED, stop)
    assert not may(REQUESTED, WITHDRAWN, REQUESTED)
    assert may(REQUESTED, WITHDRAWN, REQUESTED, request=2)
    assert may(REQUESTED, act(EventType.CONSENT_WITHDRAWN, lists=(EVENTS,), via=Via.PAGE))


WITHDRAWAL, OBJECTION = EventType.CONSENT_WITHDRAWN, EventType.OBJECTION_RECORDED


@pytest.mark.parametrize(
    ("live", "acts"),
    [
        ((REQUESTED,), (WITHDRAWAL,)),
        ((CONFIRMED,), (WITHDRAWAL,)),
        ((IMPORTED,), (WITHDRAWAL,)),
        ((BOUGHT,), (OBJECTION,)),
        ((CONFIRMED, BOUGHT), (WITHDRAWAL, OBJECTION)),
        ((CONFIRMED, EXPIRED), (WITHDRAWAL,)),
        ((CONFIRMED, everything(EventType.CONSENT_EXPIRED)), (WITHDRAWAL,)),
        ((CONFIRMED, act(WITHDRAWAL, via=Via.PAGE)), (WITHDRAWAL,)),
        ((), (WITHDRAWAL,)),
    ],
)
def test_stopping_all_mail_is_a_withdrawal_an_objection_or_both_and_then_nothing(live, acts):
    assert acts_of_withdrawal(fold(live), SCOPE) == acts
    after = [*live, *(everything(type_, via=Via.PAGE) for type_ in acts)]
    assert acts_of_withdrawal(fold(after), SCOPE) == ()
    assert not sendable(*after)


def test_stopping_all_mail_of_one_brand_is_no_word_about_another():
    assert acts_of_withdrawal(fold([CONFIRMED, WITHDRAWN]), Scope(OTHER, EMAIL)) == (WITHDRAWAL,)


def test_a_withdrawal_with_nothing_live_blocks_a_later_import_purchase_and_renewal():
    """Somebody who left their one list and then stops all of the brand's mail."""
    history = [CONFIRMED, act(WITHDRAWAL, via=Via.PAGE)]
    acts = acts_of_withdrawal(fold(history), SCOPE)
    history += [everything(type_, via=Via.PAGE) for type_ in acts]
    elsewhere = [act(EventType.CONSENT_IMPORTED, lists=(EVENTS,)), BOUGHT, RENEWED]
    assert not sendable(*history, *elsewhere)
    assert not sendable(*history, *elsewhere, list_id=EVENTS)


@pytest.mark.parametrize(
    "stop",
    [
        WITHDRAWN,
        OBJECTED,
        act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE),
        act(EventType.CONSENT_CHANGED, purposes=(MEASURED,)),
        act(EventType.CONSENT_INVALIDATED),
        everything(EventType.CONSENT_REFUSED, via=Via.PAGE),
    ],
)
@pytest.mark.parametrize("expired", [EXPIRED, everything(EventType.CONSENT_EXPIRED)])
def test_a_renewal_is_no_way_back_from_an_end_after_the_expiry(expired, stop):
    assert sendable(CONFIRMED, expired, RENEWED)
    assert not sendable(CONFIRMED, expired, stop, RENEWED)
    assert sendable(CONFIRMED, expired, stop, REQUESTED, CONFIRMED, RENEWED)


@pytest.mark.parametrize("weak", [IMPORTED, ATTESTED, BOUGHT])
@pytest.mark.parametrize("brand", [None, BRAND])
def test_nothing_claimed_after_a_complaint_lives_when_the_complaint_is_lifted(weak, brand):
    """The confirmation is for another list: it lifts the complaint and gives only what it names."""
    elsewhere = act(EventType.CONSENT_CONFIRMED, lists=(EVENTS,))
    assert not sendable(bounced("complaint", brand), weak, elsewhere)
    assert sendable(bounced("bounce", brand), weak, elsewhere)


def test_an_attested_consent_is_of_grade_c_and_replaces_a_bare_claim_alone():
    graded = [
        fold([*before, ATTESTED]).consents[KEY]
        for before in ((), (IMPORTED,), (CONFIRMED,), (ATTESTED,))
    ]
    assert [(x.grade, x.entry) for x in graded] == [("C", 0), ("C", 1), ("B", 0), ("C", 0)]
    assert fold([ATTESTED, IMPORTED]).consents[KEY].grade is Grade.C
    assert fold([ATTESTED, CONFIRMED]).consents[KEY].grade is Grade.B


def test_an_import_with_documents_is_of_grade_d_and_without_of_grade_e():
    documented = replace(IMPORTED, content="ab" * 32)
    assert fold([documented]).consents[KEY].grade is Grade.D
    assert fold([IMPORTED, documented]).consents[KEY].grade is Grade.D
    assert fold([documented, IMPORTED]).consents[KEY].grade is Grade.D
    assert fold([documented, ATTESTED]).consents[KEY].grade is Grade.C


@pytest.mark.parametrize("before", [(), (IMPORTED,), (REQUESTED,), (CONFIRMED,), (BOUGHT,)])
@pytest.mark.parametrize("content", [None, "ab" * 32])
def test_a_claim_that_waits_gives_nothing_and_stands_in_the_way_of_nothing(before, content):
    waits = replace(IMPORTED, via=Via.OPERATOR, content=content)
    without = fold(before)
    assert fold([*before, waits]) == replace(without, entries=without.entries + 1, last_ms=1)
    for after in (CONFIRMED, ATTESTED, IMPORTED, BOUGHT, REQUESTED):
        with_it, alone = (fold([*some, after]) for some in ([*before, waits], before))
        assert {k: x.status for k, x in with_it.consents.items()} == {
            k: x.status for k, x in alone.consents.items()
        }
        assert {k: x.grade for k, x in with_it.consents.items()} == {
            k: x.grade for k, x in alone.consents.items()
        }


def test_an_attested_consent_answers_no_request():
    """Whoever asked by a form confirms by their mailbox; nobody can say so for them."""
    assert fold([REQUESTED, ATTESTED]).consents[KEY].status is ConsentStatus.REQUESTED


@pytest.mark.parametrize("ended", [EXPIRED, act(EventType.CONSENT_INVALIDATED)])
def test_an_attested_consent_revives_nothing_that_ended(ended):
    assert not sendable(ATTESTED, ended, ATTESTED)
    assert not sendable(CONFIRMED, ended, ATTESTED)


def test_a_sale_that_names_a_list_joins_it_until_the_person_says_no():
    joined = ((WEEKLY, "soft-opt-in"),)
    assert memberships(fold([BOUGHT_INTO])) == joined
    assert memberships(fold([BOUGHT])) == ()
    assert memberships(fold([REQUESTED, BOUGHT_INTO])) == joined
    assert memberships(fold([CONFIRMED, BOUGHT_INTO])) == ((WEEKLY, "given"),)
    for no in (WITHDRAWN, OBJECTED):
        assert (WEEKLY, "soft-opt-in") not in memberships(fold([BOUGHT_INTO, no]))
        assert (WEEKLY, "soft-opt-in") not in memberships(fold([no, BOUGHT_INTO]))
    state = fold([BOUGHT_INTO])
    assert load_state(dump_state(state)) == state


@pytest.mark.parametrize("type_", sorted(CONTROLLER_ONLY))
def test_a_controllers_entry_cannot_stand_in_a_chain(type_):
    with pytest.raises(FatalError):
        fold([Event(type=type_, at_ms=1)])


def test_nothing_follows_an_erasure():
    erased = Event(type=EventType.SUBJECT_ERASED, at_ms=1, reason="withdrawn")
    assert fold([CONFIRMED, erased]).erased
    with pytest.raises(FatalError):
        fold([erased, CONFIRMED])


@pytest.mark.parametrize("type_", [EventType.CONSENT_CONFIRMED, EventType.OBJECTION_RECORDED])
def test_a_consent_entry_that_names_no_brand_is_refused(type_):
    with pytest.raises(FatalError):
        fold([act(type_, brand=None)])


SUBJECT_TYPES = sorted(set(EventType) - CONTROLLER_ONLY - {EventType.SUBJECT_ERASED})
events = st.builds(
    act,
    st.sampled_from(SUBJECT_TYPES),
    brand=st.sampled_from([BRAND, OTHER]),
    lists=st.sampled_from([(), (WEEKLY,), (EVENTS,), (WEEKLY, EVENTS)]),
    purposes=st.sampled_from([(), (NEWS,), (NEWS, MEASURED)]),
    via=st.sampled_from([None, *Via]),
    reason=st.sampled_from([None, "bounce", "complaint", "manual"]),
)


@given(st.lists(events, max_size=12), st.integers(0, 12))
def test_folding_a_prefix_and_then_the_rest_is_folding_all(history, cut):
    whole = fold(history)
    assert fold(history[cut:], fold(history[:cut])) == whole
    assert fold(history[cut:], load_state(dump_state(fold(history[:cut])))) == whole
    assert whole.entries == len(history)


@given(st.lists(events, max_size=12))
def test_a_state_points_only_at_entries_that_exist(history):
    state = fold(history)
    pointers = [x.entry for x in state.consents.values()] + [x.entry for x in state.suppressions]
    pointers += [x.stopped for x in state.consents.values() if x.stopped is not None]
    pointers += [*state.soft_opt_ins.values(), *state.stops.values(), *state.objections.values()]
    assert all(0 <= n < state.entries for n in pointers)


@given(st.lists(events, max_size=12))
def test_every_message_names_the_entry_that_allows_it(history):
    found = decide(fold(history), SCOPE, WEEKLY, NEWS)
    if isinstance(found, Allowed):
        assert history[found.entry].type in {
            EventType.CONSENT_CONFIRMED,
            EventType.CONSENT_RENEWED,
            EventType.CONSENT_CHANGED,
            EventType.CONSENT_IMPORTED,
            EventType.BASIS_RECORDED,
        }


def released(reason: str) -> Event:
    return Event(type=EventType.HOLD_RELEASED, at_ms=1, reason=reason)


RESTRICTED = Event(type=EventType.SUBJECT_RESTRICTED, at_ms=1, reason="accuracy-contested")


def test_the_end_of_a_restriction_brings_back_what_stood_and_nothing_that_was_ended():
    assert not sendable(CONFIRMED, RESTRICTED)
    assert sendable(CONFIRMED, RESTRICTED, released("ended"))
    for ended in (WITHDRAWN, OBJECTED, bounced("manual")):
        assert not sendable(CONFIRMED, ended, RESTRICTED, released("ended"))
        assert not sendable(CONFIRMED, RESTRICTED, ended, released("ended"))


@pytest.mark.parametrize("reason", ["legal-claim", "legal-duty"])
def test_the_end_of_a_hold_lifts_no_restriction(reason):
    assert not sendable(CONFIRMED, RESTRICTED, released(reason))


def test_a_restriction_after_the_end_of_one_stands():
    assert not sendable(CONFIRMED, RESTRICTED, released("ended"), RESTRICTED)
