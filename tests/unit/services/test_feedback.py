# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.health import Health, HealthStatus, load_health, status
from chalicelib.domain.ids import BrandId, CampaignId, DeliveryId, ListId
from chalicelib.domain.state import ConsentStatus, Scope
from chalicelib.errors import Conflict, InputError, KvittoError
from chalicelib.services.entries import event_of_leaf
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs
from tests.support.catalog_examples import CAMPAIGN
from tests.support.faults import FailOnce, Moment
from tests.support.people import NEWS, People

VISITOR = docs.RECIPIENT
SCOPE = Scope(BrandId("demo"), EMAIL)
DELIVERY = DeliveryId(docs.DELIVERY)
UNTAGGED: dict[str, list[str]] = {}
LATER = "2026-11-23T14:00:00Z"


def fresh() -> People:
    """One subscriber who confirmed an hour before the events, with one delivery; an hour later."""
    people = People()
    people.clock.advance(-3_600_000)
    people.delivery(people.confirmed(VISITOR), docs.DELIVERY)
    people.clock.advance(7_200_000)
    return people


@pytest.fixture
def people() -> People:
    return fresh()


def sid_of(people: People):
    return people.rows.lookups[people.mac(VISITOR)]


def tell(people: People, *documents) -> None:
    for document in documents:
        people.feedback.record(json.dumps(document))


def types(people: People) -> list[EventType]:
    return [event_of_leaf(x.leaf).type for x in people.ledger.history(sid_of(people))]


def sendable(people: People, brand: str = "demo"):
    state = people.state(sid_of(people))
    return decide(state, Scope(BrandId(brand), EMAIL), ListId("newsletter"), NEWS)


def health(people: People, key: str | None = None) -> Health:
    return load_health(people.hygiene.health[key or sid_of(people)][0])


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
        docs.subscription(),
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


def test_what_ses_remembers_as_a_complaint_is_one_here_too(people):
    """Else the next confirmation for one brand would bring back the mail of all."""
    for hour in (13, 14):
        listed = docs.complaint(subtype="OnAccountSuppressionList", at=f"2026-11-23T{hour}:00:00Z")
        tell(people, listed)
    state = people.state(sid_of(people))
    assert [x.reason for x in state.suppressions] == ["complaint"]
    assert list(state.objections) == [SCOPE]
    assert types(people)[1:] == [EventType.SUPPRESSION_ADDED, EventType.OBJECTION_RECORDED]


def test_passing_failures_are_counted_by_day_and_make_the_address_rest(people):
    for day in range(1, 6):
        for hour in (1, 2):
            at = f"2026-12-0{day}T0{hour}:00:00Z"
            tell(people, docs.bounce(kind="Transient", status="4.0.0", at=at))
    assert len(health(people).soft_ms) == 5
    now_ms = health(people).soft_ms[-1]
    assert status(health(people), now_ms) is HealthStatus.RESTING
    assert isinstance(sendable(people), Allowed)


# Who it is about.


def test_an_untagged_event_finds_the_subscriber_by_address(people):
    tell(people, docs.bounce(VISITOR.upper(), tags=UNTAGGED))
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)


@pytest.mark.parametrize("tag", ["AAECAwQFBgcICQoM", "not an id", ""])
def test_a_tag_of_no_delivery_of_ours_is_passed_over(people, tag):
    tell(people, docs.bounce(tags={"r": [tag]}))
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)


def test_the_tag_says_who_even_when_the_mailbox_forwards(people):
    """The final recipient of a delivery report is where the mail ended, not who was written to."""
    document = docs.bounce("elsewhere@example.net")
    document["mail"]["destination"] = [VISITOR]
    tell(people, document)
    assert sendable(people) == Skipped(reason=SkipReason.SUPPRESSED)
    assert not people.suppressions.find("elsewhere@example.net")


def test_a_tag_does_not_speak_for_several_recipients(people):
    people.confirmed("second@example.org")
    tell(people, docs.bounce("second@example.org", "third@example.org", at=LATER))
    assert isinstance(sendable(people), Allowed)
    for address in ("second@example.org", "third@example.org"):
        assert people.suppressions.find(address)


def test_an_untagged_complaint_objects_to_every_brand_the_person_knows(people):
    sid = people.confirmed("two@example.org", ("demo", "newsletter"), ("other", "newsletter"))
    tell(people, docs.complaint("two@example.org", at=LATER, tags=UNTAGGED))
    assert {scope.brand for scope in people.state(sid).objections} == {"demo", "other"}


def test_a_tagged_complaint_objects_to_the_brand_that_wrote_and_to_every_other(people):
    sid = people.confirmed("two@example.org", ("demo", "newsletter"), ("other", "newsletter"))
    third = replace(CAMPAIGN, id=CampaignId("DDDDDDDDDDDDDDDDDDDDDA"), brand=BrandId("third"))
    people.delivery(sid, "AAECAwQFBgcICQoM", third)
    tell(people, docs.complaint("two@example.org", at=LATER, tags={"r": ["AAECAwQFBgcICQoM"]}))
    assert {x.brand for x in people.state(sid).objections} == {"demo", "other", "third"}
    after = people.confirm_again(sid, "demo")
    assert {x.brand for x in after.objections} == {"other", "third"}
    assert not after.suppressions


@pytest.mark.parametrize(
    ("document", "reason"), [(docs.bounce, "bounce"), (docs.complaint, "complaint")]
)
def test_a_stranger_is_suppressed_by_mac_alone(people, document, reason):
    for _ in range(3):
        tell(people, document("stranger@example.net", tags=UNTAGGED))
    (row,) = people.suppressions.find("stranger@example.net")
    assert row.reason == reason
    (event,) = people.outside.events.values()
    assert (event.sid, event.mac, event.sealed) == (None, row.mac, None)
    leaves = [pending.leaf for pending in people.rows.outbox.values()]
    assert len([leaf for leaf in leaves if b"suppression.added" in leaf]) == 1


def test_after_an_erasure_a_late_complaint_is_honoured_by_mac_alone(people):
    people.erase(sid_of(people))
    tell(people, docs.complaint())
    assert people.suppressions.find(VISITOR)
    (event,) = people.outside.events.values()
    assert (event.sid, event.sealed) == (None, None)
    assert people.sending.deliveries[DELIVERY].event == "Complaint"


def test_a_recipient_that_is_no_address_is_recorded_and_acknowledged(people):
    tell(people, docs.bounce("postmaster", tags=UNTAGGED))
    (event,) = people.outside.events.values()
    assert (event.type, event.sid, event.mac) == ("Bounce", None, None)


# What is kept.


def test_the_event_is_sealed_under_the_subjects_key_and_named_nowhere_else(people):
    tell(people, docs.bounce(), docs.complaint("stranger@example.net", tags=UNTAGGED))
    kept = repr((people.outside, people.sending, people.hygiene, people.rows.outbox))
    assert "@example" not in kept
    assert "user unknown" not in kept
    event = next(x for x in people.outside.events.values() if x.sid)
    keys = people.ledger.open(sid_of(people)).keys
    assert json.loads(keys.open_event(event.key.encode(), event.sealed)) == docs.bounce()


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
    "Activity.record_event",
]


def ending(people: People) -> tuple[object, ...]:
    """Everything that must not depend on order or repetition."""
    state = people.state(sid_of(people))
    stranger = people.suppressions.find("stranger@example.net")
    return (
        sorted((str(x.brand), str(x.reason)) for x in state.suppressions),
        sorted(state.objections),
        sorted((key, consent.status) for key, consent in state.consents.items()),
        sorted(types(people)),
        sorted((str(x.brand), str(x.reason)) for x in people.suppressions.find(VISITOR)),
        sorted((str(x.brand), str(x.reason)) for x in stranger),
        {key: text for key, (text, _, _) in people.hygiene.health.items()},
        people.sending.deliveries[DELIVERY],
        sorted((x.key, x.type, x.at_ms, x.sid, x.mac) for x in people.outside.events.values()),
        sorted(people.hygiene.macs),
    )


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("call", FAULTS)
def test_a_crash_anywhere_is_healed_by_the_next_delivery_of_the_message(people, call, moment):
    whole = fresh()
    tell(whole, docs.complaint())
    broken = fresh()
    broken.faults = FailOnce(call, moment)
    with pytest.raises(KvittoError):
        tell(broken, docs.complaint())
    tell(broken, docs.complaint())
    assert ending(broken) == ending(whole)


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
