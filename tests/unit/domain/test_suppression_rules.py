# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from chalicelib.domain.consent import fold, may_confirm
from chalicelib.domain.eligibility import Allowed, SkipReason, decide
from chalicelib.domain.enrolment import Blocked, consent_blocked, sale_blocked
from chalicelib.domain.events import EMAIL, Event, SuppressionReason, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.import_verdicts import Here, known_of
from chalicelib.domain.messages import MessageReason, barred
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.domain.signup import Mail, decide_mail
from chalicelib.domain.state import NO_MEMBERSHIP, ConsentKey, Membership, Scope
from chalicelib.domain.suppression_rules import in_the_way, is_barred
from chalicelib.domain.suppressions import (
    LISTS_LEFT,
    holds,
    kept_after_erasure,
    kept_after_leaving,
)
from chalicelib.vocabulary import EventType

DEMO, OTHER = BrandId("demo"), BrandId("other")
WEEKLY, DAILY = ListId("weekly"), ListId("daily")
NEWS = PurposeId("newsletter")
SCOPE = Scope(DEMO, EMAIL)
TO_WEEKLY, TO_DAILY = Reach(DEMO, EMAIL, WEEKLY), Reach(DEMO, EMAIL, DAILY)
NOW = 1_795_435_200_000


def act(kind, *lists, **more):
    more = {"brand": DEMO, "channel": EMAIL, "lists": lists, "purposes": (NEWS,), **more}
    return Event(type=kind, at_ms=NOW, notice="11" * 32, **more)


def confirmed(*lists):
    return act(EventType.CONSENT_CONFIRMED, *lists)


def suppression(reason, *lists, brand=DEMO):
    kind = EventType.SUPPRESSION_ADDED
    return Event(type=kind, at_ms=NOW, brand=brand, channel=EMAIL, lists=lists, reason=reason)


def verdict(state, list_id):
    decided = decide(state, SCOPE, list_id, NEWS)
    return True if isinstance(decided, Allowed) else decided.reason


def test_the_suppression_of_a_list_stops_its_mail_and_no_other():
    state = fold([confirmed(DAILY, WEEKLY), suppression("manual", WEEKLY)])
    assert verdict(state, WEEKLY) is SkipReason.SUPPRESSED
    assert verdict(state, DAILY) is True
    assert barred(state, DEMO) is None
    assert barred(fold([suppression("manual")]), DEMO) is MessageReason.SUPPRESSED


def test_an_entry_that_names_several_lists_suppresses_each():
    state = fold([suppression("bounce", DAILY, WEEKLY)])
    assert [x.reach for x in state.suppressions] == [TO_DAILY, TO_WEEKLY]
    again = fold([suppression("bounce", DAILY)], state)
    assert again.suppressions == state.suppressions
    assert again.entries == 2


def test_lists_without_a_brand_are_taken_for_everything():
    state = fold([suppression("manual", WEEKLY, brand=None)])
    assert [x.reach for x in state.suppressions] == [EVERYWHERE]


def test_an_entry_of_before_there_were_reaches_is_folded_as_it_was():
    event = Event(type=EventType.SUPPRESSION_ADDED, at_ms=NOW, brand=DEMO, reason="bounce")
    (held,) = fold([event]).suppressions
    assert (held.brand, held.reason, held.entry, held.reach) == (DEMO, "bounce", 0, Reach(DEMO))


@pytest.mark.parametrize("reason", ["bounce", "complaint", "erased"])
def test_a_confirmation_lifts_what_reaches_no_further_than_it_names(reason):
    held = [suppression(reason), suppression(reason, WEEKLY), suppression(reason, DAILY)]
    state = fold([*held, suppression(reason, WEEKLY, brand=OTHER), confirmed(DAILY)])
    assert [x.reach for x in state.suppressions] == [TO_WEEKLY, Reach(OTHER, EMAIL, WEEKLY)]


@pytest.mark.parametrize("reason", ["manual", "unsubscribed"])
def test_a_confirmation_lifts_no_operators_suppression_of_a_list(reason):
    state = fold([suppression(reason, DAILY), confirmed(DAILY)])
    assert [x.reach for x in state.suppressions] == [TO_DAILY]
    assert verdict(state, DAILY) is SkipReason.SUPPRESSED


def test_a_page_lifts_only_of_lists_where_something_was_given_anew():
    before = [confirmed(DAILY), suppression("bounce", DAILY), suppression("bounce", WEEKLY)]
    state = fold([*before, act(EventType.CONSENT_CHANGED, DAILY, WEEKLY, via=Via.PAGE)])
    assert [x.reach for x in state.suppressions] == [TO_DAILY]


@pytest.mark.parametrize("kind", [EventType.CONSENT_IMPORTED, EventType.BASIS_RECORDED])
def test_a_complaint_about_a_list_stands_in_the_way_of_a_claim_to_it_alone(kind):
    state = fold([suppression("complaint", WEEKLY), act(kind, DAILY, WEEKLY)])
    joined = {key.list for key in (*state.consents, *state.soft_lists)}
    assert joined == {DAILY}
    assert verdict(state, WEEKLY) is SkipReason.SUPPRESSED
    assert verdict(state, DAILY) is True


def asked(state, *lists):
    wanted = tuple(ConsentKey(*SCOPE, each, NEWS) for each in lists)
    return decide_mail(state, state.last_request, wanted, NOW + 1)


@pytest.mark.parametrize(
    ("reason", "lists", "mail"),
    [
        ("manual", (WEEKLY,), Mail.NONE),
        ("manual", (DAILY, WEEKLY), Mail.NONE),
        ("manual", (DAILY,), Mail.CONFIRM),
        ("bounce", (WEEKLY,), Mail.CONFIRM),
    ],
)
def test_who_asks_for_a_list_the_operator_suppressed_is_not_mailed(reason, lists, mail):
    state = fold([suppression(reason, WEEKLY), act(EventType.CONSENT_REQUESTED, *lists)])
    assert asked(state, *lists) is mail
    assert may_confirm(state, 1, DEMO, EMAIL, lists, (NEWS,)) is (mail is Mail.CONFIRM)


def test_who_has_one_list_is_told_so_though_another_is_suppressed():
    before = [confirmed(DAILY), suppression("bounce", WEEKLY)]
    state = fold([*before, act(EventType.CONSENT_REQUESTED, DAILY)])
    assert asked(state, DAILY) is Mail.ALREADY_SUBSCRIBED
    assert in_the_way(state, SCOPE, (DAILY,)) == ()


def test_what_an_import_finds_here_is_of_the_list_it_would_give():
    key = ConsentKey(*SCOPE, DAILY, NEWS)
    state = fold([act(EventType.CONSENT_REQUESTED, WEEKLY), suppression("manual", WEEKLY)])
    assert known_of(state, (), (key,), SCOPE).here is Here.NOTHING
    assert known_of(state, [(TO_DAILY, "manual")], (key,), SCOPE).here is Here.SUPPRESSED
    assert known_of(None, [(TO_WEEKLY, "manual")], (key,), SCOPE).here is Here.NOTHING
    assert known_of(None, [(TO_DAILY, "manual")], (key,), SCOPE).here is Here.SUPPRESSED
    assert known_of(None, [(EVERYWHERE, "erased")], (key,), SCOPE).here is Here.ERASED


def test_what_another_system_enrols_is_blocked_by_its_own_list_alone():
    state = fold([confirmed(DAILY, WEEKLY), suppression("manual", WEEKLY)])
    weekly, daily = (ConsentKey(*SCOPE, each, NEWS) for each in (WEEKLY, DAILY))
    assert consent_blocked(state, [weekly]) is Blocked.SUPPRESSED
    assert consent_blocked(state, [daily]) is None
    sold = replace(state, soft_opt_ins={SCOPE: 0}, soft_lists={Membership(*SCOPE, DAILY): 0})
    assert sale_blocked(sold, [daily], SCOPE) is None
    assert sale_blocked(sold, [weekly], SCOPE) is Blocked.SUPPRESSED


def test_only_what_no_confirmation_lifts_bars():
    state = fold([suppression("bounce"), suppression("manual", WEEKLY)])
    assert is_barred(state, SCOPE, (WEEKLY,))
    assert not is_barred(state, SCOPE, (DAILY,))
    assert not is_barred(state, SCOPE)


def test_an_erasure_keeps_the_operators_reaches_and_no_others():
    held = [(TO_WEEKLY, "manual"), (TO_DAILY, "bounce"), (Reach(DEMO), "complaint")]
    assert kept_after_erasure(held, suppress=True) == (
        (EVERYWHERE, SuppressionReason.ERASED),
        (TO_WEEKLY, SuppressionReason.MANUAL),
    )
    assert kept_after_erasure(held, suppress=False) == ()


def test_who_leaves_an_address_leaves_all_its_reaches_there():
    state = fold([confirmed(DAILY), act(EventType.CONSENT_WITHDRAWN, via=Via.PAGE)])
    assert kept_after_leaving(state, [(TO_WEEKLY, "bounce")]) == (
        (Reach(DEMO), SuppressionReason.COMPLAINT),
        (TO_WEEKLY, SuppressionReason.BOUNCE),
    )


COMPLAINT = SuppressionReason.COMPLAINT
ENDED = [
    [confirmed(DAILY, WEEKLY), act(EventType.CONSENT_WITHDRAWN, WEEKLY, via=Via.PAGE)],
    [act(EventType.CONSENT_WITHDRAWN, WEEKLY, purposes=(), via=Via.PAGE)],
    [act(EventType.CONSENT_REQUESTED, WEEKLY), act(EventType.CONSENT_REFUSED, WEEKLY)],
    [confirmed(WEEKLY), act(EventType.CONSENT_EXPIRED, WEEKLY)],
    [confirmed(WEEKLY), act(EventType.CONSENT_CHANGED, WEEKLY, purposes=(), via=Via.PAGE)],
]


@pytest.mark.parametrize("events", ENDED)
def test_a_list_that_was_ended_stays_ended_at_an_address_its_person_leaves(events):
    assert kept_after_leaving(fold(events), []) == ((TO_WEEKLY, COMPLAINT),)
    asked_again = fold([*events, act(EventType.CONSENT_REQUESTED, WEEKLY)])
    assert kept_after_leaving(asked_again, []) == ((TO_WEEKLY, COMPLAINT),)
    assert kept_after_leaving(fold([*events, confirmed(WEEKLY)]), []) == ()


def test_an_ended_list_adds_nothing_to_what_keeps_its_mail_away_already():
    state = fold(ENDED[0])
    for held in ([(EVERYWHERE, "manual")], [(Reach(DEMO), "complaint")], [(TO_WEEKLY, "erased")]):
        assert kept_after_leaving(state, held) == tuple(held)
    left = kept_after_leaving(state, [(Reach(DEMO), "bounce"), (TO_WEEKLY, "bounce")])
    assert left == ((Reach(DEMO), SuppressionReason.BOUNCE), (TO_WEEKLY, COMPLAINT))


def test_what_may_be_known_of_somebody_is_no_mail_to_end():
    for purpose in NO_MEMBERSHIP:
        ended = act(EventType.CONSENT_WITHDRAWN, WEEKLY, purposes=(purpose,), via=Via.PAGE)
        assert kept_after_leaving(fold([confirmed(WEEKLY), ended]), []) == ()


def test_more_ended_lists_than_one_transaction_holds_are_kept_as_their_brand():
    many = [ListId(f"l{n:02}") for n in range(LISTS_LEFT + 1)]
    ended = act(EventType.CONSENT_WITHDRAWN, *many[1:], via=Via.PAGE)
    elsewhere = replace(ended, brand=OTHER, lists=(WEEKLY,))
    assert len(kept_after_leaving(fold([ended, elsewhere]), [])) == 2
    assert len(kept_after_leaving(fold([ended]), [])) == LISTS_LEFT
    one_more = replace(ended, lists=tuple(many))
    assert kept_after_leaving(fold([one_more]), []) == ((Reach(DEMO), COMPLAINT),)


def test_a_lighter_reason_that_reaches_further_stands_beside_a_heavier_one():
    state = fold([suppression("manual", WEEKLY), suppression("bounce")])
    assert holds(state, "manual", TO_WEEKLY)
    assert holds(state, "bounce", DEMO)
    assert not holds(state, "bounce", TO_WEEKLY)
    assert not holds(state, "manual")
