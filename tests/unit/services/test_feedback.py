# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.health import (
    LIMITS,
    EventKind,
    HealthStatus,
    status,
)
from chalicelib.domain.ids import BrandId
from chalicelib.domain.state import ConsentStatus, Scope
from chalicelib.errors import Conflict, InputError, KvittoError
from chalicelib.ports.outside import Queue
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import Draft
from chalicelib.services.stored_events import open_stored
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs
from tests.support.catalog_examples import CAMPAIGN
from tests.support.faults import FailOnce, Moment
from tests.support.memory_hygiene import MemoryRests
from tests.support.memory_outside import MemoryQueues
from tests.support.people import NEWS, People
from tests.support.told_people import (
    DELIVERY,
    LATER,
    SCOPE,
    UNTAGGED,
    VISITOR,
    fresh,
    health,
    rest,
    sendable,
    sid_of,
    tell,
    types,
)


@pytest.fixture
def people() -> People:
    return fresh()


def test_a_permanent_bounce_suppresses_the_address(people):
    tell(people, docs.bounce())
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)
    assert types(people) == [EventType.CONSENT_CONFIRMED, EventType.SUPPRESSION_ADDED]
    (row,) = people.suppressions.find(VISITOR)
    assert (row.brand, row.reason) == (None, "bounce")
    assert people.state(sid_of(people)).consents
    assert status(health(people), people.clock.now_ms()) is HealthStatus.BOUNCED


def test_a_complaint_suppresses_and_is_an_objection_in_one_transaction(people):
    tell(people, docs.complaint())
    state = people.state(sid_of(people))
    assert [(x.brand, x.reason) for x in state.suppressions] == [(None, "complaint")]
    assert list(state.objections) == [SCOPE]
    suppression, objection = people.ledger.history(sid_of(people), 1)
    assert event_of_leaf(objection.leaf).via is Via.COMPLAINT
    assert json.loads(suppression.leaf)["cmp"] == json.loads(objection.leaf)["cmp"] == CAMPAIGN.id


def test_a_complaint_ends_the_consents_it_objects_to(people):
    tell(people, docs.complaint())
    (consent,) = people.state(sid_of(people)).consents.values()
    assert consent.status is not ConsentStatus.GIVEN


@pytest.mark.parametrize(
    "document",
    [
        docs.send(),
        docs.delivery(),
        docs.delivery_delay(),
        docs.reject(),
        docs.rendering_failure(),
        docs.subscription(left_all=False),
        docs.automatic_reply(),
        {**docs.send(), "eventType": "Teleported"},
        docs.complaint(feedback="not-spam"),
        docs.bounce(subtype="ContentRejected"),
        docs.bounce(kind="Transient", subtype="MessageTooLarge"),
        docs.bounce(kind="Transient", subtype="MailboxFull"),
        docs.bounce(kind="Transient", status="4.4.7"),
        docs.bounce(kind="Undetermined", status=""),
    ],
)
def test_nothing_else_touches_the_ledger(people, document):
    tell(people, *[document] * 10)
    assert types(people) == [EventType.CONSENT_CONFIRMED]
    assert isinstance(sendable(people), Allowed)
    assert len(people.outside.events) == 1
    assert not people.outside.of_nobody


REMEMBERED = [
    docs.bounce(subtype="OnAccountSuppressionList", at="2026-11-23T13:00:00Z"),
    docs.complaint(subtype="OnAccountSuppressionList", at="2026-11-23T13:00:00Z"),
]


@pytest.mark.parametrize("document", REMEMBERED)
def test_what_ses_remembers_of_who_confirmed_is_left_to_the_date_on_its_list(people, document):
    tell(people, document, document)
    assert types(people) == [EventType.CONSENT_CONFIRMED]
    assert people.hygiene.health == {}
    asked = MemoryQueues(people.outside).take(Queue.SUPPRESSIONS)
    assert asked == [{"v": 1, "held": sid_of(people)}] * 2


@pytest.mark.parametrize(
    ("document", "reason"), [*zip(REMEMBERED, ["bounce", "complaint"], strict=True)]
)
def test_what_ses_remembers_of_an_address_nobody_confirmed_counts_at_once(document, reason):
    people = People()
    tell(people, document)
    rows = people.ledger.lookup(people.mac(VISITOR)).suppressions
    assert [row.reason for row in rows] == [reason]
    assert MemoryQueues(people.outside).take(Queue.SUPPRESSIONS) == []


def test_passing_failures_are_counted_by_day_and_make_the_address_rest(people):
    for day in range(1, 6):
        for hour in (1, 2):
            at = f"2026-12-0{day}T0{hour}:00:00Z"
            tell(people, docs.bounce(kind="Transient", status="4.0.0", at=at))
    assert len(health(people).soft_ms) == 5
    now_ms = health(people).soft_ms[-1]
    assert status(health(people), now_ms) is HealthStatus.RESTING
    assert rest(people) == now_ms + LIMITS[EventKind.SOFT].rest_ms
    assert isinstance(sendable(people), Allowed)


# Whether mail rests.


def soft(at: str):
    return docs.bounce(kind="Transient", status="4.0.0", at=at)


def heeded(document):
    """The event of a mail that went to an address that had failed."""
    tags = {**document["mail"]["tags"], "h": ["1"]}
    return {**document, "mail": {**document["mail"], "tags": tags}}


def test_of_an_address_that_never_failed_sending_is_told_nothing(people):
    calls: list[str] = []
    people.faults = lambda call, moment: calls.append(call)
    tell(people, docs.delivery(), docs.complaint(feedback="not-spam"))
    assert rest(people) is None
    assert "Rests.set" not in calls


def test_a_first_failure_is_watched_and_a_delivery_clears_it(people):
    tell(people, soft("2026-11-23T14:00:00Z"))
    assert rest(people) == 0
    tell(people, heeded(docs.delivery(at="2026-11-24T14:00:00Z")))
    assert rest(people) is None


def test_a_delivery_clears_a_watch_whose_record_is_gone(people):
    tell(people, soft("2026-11-23T14:00:00Z"))
    people.hygiene.health.clear()
    tell(people, heeded(docs.delivery(at="2028-11-24T14:00:00Z")))
    assert rest(people) is None


def test_replies_of_a_machine_never_make_an_address_rest(people):
    tell(people, *(docs.automatic_reply(f"2026-12-0{day}T14:00:00Z") for day in range(1, 9)))
    assert rest(people) is None


def test_a_confirmation_ends_a_rest_at_once(people):
    tell(people, *(soft(f"2026-11-2{day}T13:00:00Z") for day in range(3, 8)))
    people.clock.advance(5 * 24 * 3_600_000)
    assert rest(people)
    people.confirm_again(sid_of(people))
    assert rest(people) is None


def test_who_leaves_by_another_way_stays_as_they_are_for_sending(people):
    tell(people, soft("2026-11-23T14:00:00Z"))
    draft = Draft(type=EventType.CONSENT_WITHDRAWN, brand=BrandId("demo"), via=Via.PAGE)
    people.act(sid_of(people), draft)
    assert rest(people) == 0


# Who left by way of SES.


@pytest.mark.parametrize(
    "document", [docs.subscription(), docs.bounce(subtype="UnsubscribedRecipient")]
)
def test_who_left_by_way_of_ses_has_withdrawn_and_is_not_suppressed(people, document):
    tell(people, document, document)
    assert sendable(people) == Skipped(reason=SkipReason.NO_CONSENT)
    assert types(people) == [EventType.CONSENT_CONFIRMED, EventType.CONSENT_WITHDRAWN]
    (entry,) = people.ledger.history(sid_of(people), 1)
    assert json.loads(entry.leaf)["cmp"] == CAMPAIGN.id
    assert not people.suppressions.find(VISITOR)


def test_who_left_by_way_of_ses_has_left_the_brand_that_wrote_and_no_other(people):
    sid = people.confirmed("two@example.org", ("demo", "newsletter"), ("other", "newsletter"))
    people.delivery(sid, "AAECAwQFBgcICQoM")
    document = docs.subscription()
    document["mail"]["tags"]["r"] = ["AAECAwQFBgcICQoM"]
    document["subscription"]["timestamp"] = LATER
    tell(people, document)
    assert {scope.brand for scope in people.state(sid).stops} == {"demo"}


def test_of_a_mail_of_nobody_knows_which_brand_all_are_left(people):
    sid = people.confirmed("two@example.org", ("demo", "newsletter"), ("other", "newsletter"))
    document = docs.only_aws_tags(docs.bounce("two@example.org", subtype="UnsubscribedRecipient"))
    document["bounce"]["timestamp"] = LATER
    tell(people, document)
    assert {scope.brand for scope in people.state(sid).stops} == {"demo", "other"}


def test_who_lives_on_a_soft_opt_in_and_leaves_by_way_of_ses_objects(people):
    sid = people.confirmed("two@example.org")
    people.act(sid, Draft(type=EventType.CONSENT_WITHDRAWN, brand=SCOPE.brand, via=Via.PAGE))
    other = Scope(BrandId("other"), EMAIL)
    people.act(sid, Draft(type=EventType.BASIS_RECORDED, brand=other.brand, purposes=(NEWS,)))
    assert list(people.state(sid).soft_opt_ins) == [other]
    document = docs.only_aws_tags(docs.bounce("two@example.org", subtype="UnsubscribedRecipient"))
    document["bounce"]["timestamp"] = LATER
    tell(people, document)
    assert list(people.state(sid).objections) == [other]


def test_an_old_leave_by_way_of_ses_does_not_undo_a_later_confirmation(people):
    people.confirm_again(sid_of(people))
    tell(people, docs.subscription())
    assert isinstance(sendable(people), Allowed)


def test_a_stranger_who_left_by_way_of_ses_is_recorded_and_not_suppressed(people):
    tell(people, docs.bounce("stranger@example.net", subtype="UnsubscribedRecipient", tags={}))
    assert not people.suppressions.find("stranger@example.net")
    assert len(people.outside.events) == 1


# What is kept.


def test_the_event_is_sealed_under_the_subjects_key_and_named_nowhere_else(people):
    tell(people, docs.bounce(), docs.complaint("stranger@example.net", tags=UNTAGGED))
    kept = repr((people.outside, people.sending, people.hygiene, people.rows.outbox))
    assert "@example" not in kept
    assert "user unknown" not in kept
    event = next(x for x in people.outside.events.values() if x.sid)
    keys = people.ledger.open(sid_of(people)).keys
    assert json.loads(open_stored(keys, event.key, event.sealed)) == docs.bounce()


@pytest.mark.parametrize("document", [docs.opened(), docs.clicked()])
def test_sess_own_tracking_records_nothing_about_a_person(people, document):
    tell(people, document)
    (event,) = people.outside.events.values()
    assert (event.sid, event.mac, event.sealed) == (None, None, None)
    assert people.sending.deliveries[DELIVERY].event is None
    assert not people.hygiene.health


def test_the_strongest_word_stays_on_the_delivery(people):
    tell(
        people, docs.complaint(), docs.send(), docs.bounce(), docs.delivery(), docs.delivery_delay()
    )
    seen = people.sending.deliveries[DELIVERY]
    assert (seen.event, seen.message_id) == ("Complaint", docs.MESSAGE_ID)
    assert len(people.outside.events) == 5


def test_an_automatic_reply_leaves_the_delivery_delivered(people):
    away = docs.bounce(kind="Transient", status="", at="2026-11-23T12:00:20Z")
    tell(people, away, docs.delivery(), away)
    assert people.sending.deliveries[DELIVERY].event == "Delivery"


def test_half_a_character_in_an_event_is_kept_like_any_other(people):
    tell(people, {**docs.bounce(tags=UNTAGGED), "eventType": "\ud800"})
    assert len(people.outside.events) == 1


def test_what_is_no_event_is_refused_and_recorded_nowhere(people):
    with pytest.raises(InputError):
        people.feedback.record("{")
    assert not people.outside.events


# Fresh confirmations.


def test_a_fresh_confirmation_is_the_only_way_back_and_old_events_do_not_undo_it(people):
    tell(people, docs.complaint(), docs.bounce())
    people.confirm_again(sid_of(people))
    assert isinstance(sendable(people), Allowed)
    before = len(types(people))
    tell(people, docs.complaint(), docs.bounce(), docs.complaint(feedback="fraud"))
    assert len(types(people)) == before
    assert isinstance(sendable(people), Allowed)
    tell(people, docs.complaint(at="2026-11-23T14:00:00Z"))
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)


def test_a_complaint_that_arrives_after_the_confirmation_it_came_before_ends_the_same(people):
    late, early = people, fresh()
    tell(early, docs.complaint())
    early.confirm_again(sid_of(early))
    late.confirm_again(sid_of(late))
    tell(late, docs.complaint())
    assert sendable(early) == replace(sendable(late), entry=sendable(early).entry)


# Faults, repeats and any order.

FAULTS = [
    "Deliveries.delivery",
    "Deliveries.observe",
    "LedgerStore.load",
    "LedgerStore.commit",
    "SuppressionIndex.note",
    "HealthStore.read",
    "HealthStore.write",
    "Rests.set",
    "Activity.record_event",
]


def ending(people: People) -> tuple[object, ...]:
    """Everything that must not depend on order or repetition."""
    state = people.state(sid_of(people))
    stranger = people.suppressions.find("stranger@example.net")
    return (
        sorted((str(x.brand), str(x.reason)) for x in state.suppressions),
        sorted(state.objections),
        sorted(state.stops),
        sorted((key, consent.status) for key, consent in state.consents.items()),
        # Who complained first has nothing left to withdraw; where they stand is the same.
        sorted(each for each in types(people) if each is not EventType.CONSENT_WITHDRAWN),
        sorted((str(x.brand), str(x.reason)) for x in people.suppressions.find(VISITOR)),
        sorted((str(x.brand), str(x.reason)) for x in stranger),
        {key: text for key, (text, _, _) in people.hygiene.health.items()},
        {sid: row.rest for sid, row in people.rows.audience.items()},
        people.outside.of_nobody,
        people.sending.deliveries[DELIVERY],
        sorted((x.key, x.type, x.at_ms, x.sid, x.mac) for x in people.outside.events.values()),
        sorted(people.hygiene.macs),
    )


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("call", FAULTS)
def test_a_crash_anywhere_is_healed_by_the_next_delivery_of_the_message(people, call, moment):
    document = soft("2026-11-23T14:00:00Z") if call == "Rests.set" else docs.complaint()
    whole = fresh()
    tell(whole, document)
    broken = fresh()
    broken.faults = FailOnce(call, moment)
    with pytest.raises(KvittoError):
        tell(broken, document)
    tell(broken, document)
    assert ending(broken) == ending(whole)


def test_a_rest_told_late_does_not_undo_a_later_one(people):
    """Two workers: the slower one wrote its record first, and tells sending of it last."""
    tell(people, soft("2026-11-23T14:00:00Z"))
    rests = MemoryRests(people.rows)
    sid = sid_of(people)
    rests.set(sid, 9, 7)
    rests.set(sid, 0, 3)
    assert rest(people) == 9


def test_a_health_record_somebody_else_changed_is_read_again(people):
    people.faults = FailOnce("HealthStore.write", Moment.BEFORE, Conflict("changed"))
    tell(people, docs.bounce())
    assert health(people).bounced_ms is not None


def test_a_health_record_that_never_rests_keeps_the_message(people):
    def always(call: str, moment: Moment) -> None:
        if (call, moment) == ("HealthStore.write", Moment.BEFORE):
            raise Conflict("changed")

    people.faults = always
    with pytest.raises(Conflict):
        tell(people, docs.bounce())
    assert not people.outside.events


HISTORY = [
    docs.send(),
    docs.delivery(),
    docs.delivery_delay(),
    docs.complaint(),
    docs.complaint(feedback="not-spam"),
    docs.bounce(),
    *(
        docs.bounce(kind="Transient", status="4.0.0", at=f"2026-11-2{n}T01:00:00Z")
        for n in range(4, 9)
    ),
    docs.bounce(kind="Transient", subtype="MailboxFull", at="2026-11-25T00:00:00Z"),
    docs.delivery(at="2026-11-26T00:00:00Z"),
    docs.automatic_reply(),
    docs.subscription(),
    docs.bounce("stranger@example.net", tags=UNTAGGED),
    docs.complaint("stranger@example.net", tags=UNTAGGED),
    docs.opened(),
]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_order_repetition_and_delay_of_a_history_end_in_the_same_state(data):
    chosen = data.draw(st.lists(st.sampled_from(HISTORY), min_size=2, max_size=9))
    shuffled = data.draw(
        st.permutations(chosen + data.draw(st.lists(st.sampled_from(chosen), max_size=4)))
    )
    in_order, any_order = fresh(), fresh()
    tell(in_order, *chosen)
    for document in shuffled:
        any_order.clock.advance(data.draw(st.integers(0, 3 * 24 * 3_600_000)))
        tell(any_order, document)
    assert ending(in_order) == ending(any_order)
