# SPDX-License-Identifier: Apache-2.0
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.consent import fold
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import EMAIL, Event, SuppressionReason, Via
from chalicelib.domain.health import (
    LIMITS,
    EventKind,
    Health,
    HealthStatus,
    dump_health,
    load_health,
    observe,
    resting_until_ms,
    status,
)
from chalicelib.domain.hygiene import (
    OVERTAKEN,
    TABLE,
    Action,
    classify,
    owed,
    rank,
    react,
    renewed_ms,
    scopes_of,
    stranger_reason,
)
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.ses_events import SesEvent, SesType, parse
from chalicelib.domain.state import Scope
from chalicelib.errors import FatalError
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs

NOW = 1_795_435_200_000
SCOPE = Scope(BrandId("demo"), EMAIL)
FAILURES = (EventKind.SOFT, EventKind.FULL, EventKind.EXPIRED)


def read(document) -> SesEvent:
    (event,) = parse(json.dumps(document))
    return event


def failing(kind: EventKind, days: int, start_ms: int = NOW) -> Health:
    health = Health()
    for day in range(days):
        health = observe(health, kind, start_ms + day * DAY_MS)
    return health


HEALTHS = {
    HealthStatus.UNPROVEN: Health(),
    HealthStatus.GOOD: Health(delivered_ms=NOW - DAY_MS),
    HealthStatus.SHAKY: Health(soft_ms=(NOW - DAY_MS,)),
    HealthStatus.RESTING: failing(EventKind.SOFT, 5, NOW - 4 * DAY_MS),
    HealthStatus.BOUNCED: Health(bounced_ms=NOW - DAY_MS),
    HealthStatus.COMPLAINED: Health(complained_ms=NOW - DAY_MS),
}


def test_every_pair_of_health_and_event_is_defined_and_explained():
    assert set(TABLE) == set(itertools.product(HealthStatus, EventKind))
    for rule in TABLE.values():
        assert rule.sentence[0].isupper()
        assert rule.sentence.endswith(".")


@pytest.mark.parametrize("health", HealthStatus)
@pytest.mark.parametrize("kind", EventKind)
def test_a_reaction_follows_the_table_and_nothing_but_a_renewal_improves_the_worst(health, kind):
    assert status(HEALTHS[health], NOW) is health
    reaction = react(HEALTHS[health], kind, NOW, NOW, None)
    assert reaction.before is health
    assert reaction.rule == TABLE[health, kind]
    if health in (HealthStatus.BOUNCED, HealthStatus.COMPLAINED):
        assert reaction.after in (health, HealthStatus.COMPLAINED)


AFTER = {
    (HealthStatus.UNPROVEN, EventKind.DELIVERED): HealthStatus.GOOD,
    (HealthStatus.UNPROVEN, EventKind.SENT): HealthStatus.UNPROVEN,
    (HealthStatus.UNPROVEN, EventKind.CONTENT): HealthStatus.UNPROVEN,
    (HealthStatus.GOOD, EventKind.SOFT): HealthStatus.SHAKY,
    (HealthStatus.GOOD, EventKind.DELAYED): HealthStatus.GOOD,
    (HealthStatus.GOOD, EventKind.PERMANENT): HealthStatus.BOUNCED,
    (HealthStatus.SHAKY, EventKind.DELIVERED): HealthStatus.GOOD,
    (HealthStatus.RESTING, EventKind.DELIVERED): HealthStatus.GOOD,
    (HealthStatus.RESTING, EventKind.COMPLAINT): HealthStatus.COMPLAINED,
    (HealthStatus.BOUNCED, EventKind.COMPLAINT): HealthStatus.COMPLAINED,
    (HealthStatus.COMPLAINED, EventKind.PERMANENT): HealthStatus.COMPLAINED,
    (HealthStatus.COMPLAINED, EventKind.PRAISED): HealthStatus.COMPLAINED,
    (HealthStatus.GOOD, EventKind.LISTED): HealthStatus.COMPLAINED,
}


@pytest.mark.parametrize(("pair", "after"), AFTER.items(), ids=str)
def test_an_event_leads_to_this_health(pair, after):
    health, kind = pair
    assert react(HEALTHS[health], kind, NOW, NOW, None).after is after


def test_only_final_refusals_and_complaints_act():
    acting = {kind: rule.actions for (_, kind), rule in TABLE.items() if rule.actions}
    assert acting == {
        EventKind.PERMANENT: {Action.SUPPRESS_BOUNCE},
        EventKind.COMPLAINT: {Action.SUPPRESS_COMPLAINT, Action.OBJECT},
        EventKind.LISTED: {Action.SUPPRESS_COMPLAINT, Action.OBJECT},
    }


def test_only_the_pairs_that_differ_by_health_have_a_sentence_of_their_own():
    rest = {rule.sentence for (health, kind), rule in TABLE.items() if kind is EventKind.SOFT}
    assert len(rest) == 3


# Counting with decay.


@pytest.mark.parametrize("kind", FAILURES)
def test_an_address_rests_after_its_limit_of_failing_days_and_not_before(kind):
    limit = LIMITS[kind]
    assert resting_until_ms(failing(kind, limit.days - 1)) is None
    last = NOW + (limit.days - 1) * DAY_MS
    resting = failing(kind, limit.days)
    assert resting_until_ms(resting) == last + limit.rest_ms
    assert status(resting, last) is HealthStatus.RESTING
    assert status(resting, last + limit.rest_ms) is HealthStatus.SHAKY


def test_full_mailboxes_timeouts_and_other_failures_are_counted_apart():
    health = Health()
    for kind in FAILURES:
        for day in range(2):
            health = observe(health, kind, NOW + day * DAY_MS)
    assert resting_until_ms(health) is None
    assert [len(x) for x in (health.soft_ms, health.full_ms, health.expired_ms)] == [2, 2, 2]


def test_many_failures_of_one_day_count_once():
    health = Health()
    for minute in range(100):
        health = observe(health, EventKind.SOFT, NOW + minute * 60_000)
    assert health.soft_ms == (NOW + 99 * 60_000,)


def test_a_delivery_ends_the_run_and_time_forgets_it():
    run = failing(EventKind.SOFT, 4)
    cleared = observe(run, EventKind.DELIVERED, NOW + 10 * DAY_MS)
    assert cleared.soft_ms == ()
    late = observe(run, EventKind.SOFT, NOW + 100 * DAY_MS)
    assert late.soft_ms == (NOW + 100 * DAY_MS,)
    assert status(run, NOW + 200 * DAY_MS) is HealthStatus.UNPROVEN


def test_an_automatic_reply_after_every_delivery_never_makes_an_address_rest():
    health = Health()
    for week in range(30):
        at_ms = NOW + 7 * week * DAY_MS
        health = observe(health, EventKind.DELIVERED, at_ms)
        health = observe(health, EventKind.SOFT, at_ms + 5_000)
    assert len(health.soft_ms) == 1


def test_a_renewal_starts_afresh_and_what_happened_before_it_is_overtaken():
    health = observe(Health(complained_ms=NOW), EventKind.PERMANENT, NOW)
    assert status(health, NOW + 2, NOW + 1) is HealthStatus.GOOD
    assert react(health, EventKind.COMPLAINT, NOW, NOW + 2, NOW + 1).rule == OVERTAKEN
    again = react(health, EventKind.COMPLAINT, NOW + 1, NOW + 2, NOW + 1)
    assert again.after is HealthStatus.COMPLAINED
    assert Action.OBJECT in again.rule.actions


events = st.tuples(
    st.sampled_from(EventKind), st.integers(0, 200).map(lambda n: NOW + n * DAY_MS // 2)
)


@given(st.data())
def test_any_order_and_any_repetition_of_a_history_end_in_the_same_record(data):
    history = data.draw(st.lists(events, max_size=14))
    repeated = history + data.draw(
        st.lists(st.sampled_from(history), max_size=6) if history else st.just([])
    )
    shuffled = data.draw(st.permutations(repeated))
    one, other = Health(), Health()
    for kind, at_ms in history:
        one = observe(one, kind, at_ms)
    for kind, at_ms in shuffled:
        other = observe(other, kind, at_ms)
    assert one == other
    assert load_health(dump_health(one)) == one


def test_a_stored_record_of_another_version_is_not_guessed_at():
    assert load_health('{"v":1,"d":1,"s":[2],"f":[],"x":[3],"b":null,"c":4}') == Health(
        delivered_ms=1, soft_ms=(2,), expired_ms=(3,), complained_ms=4
    )
    with pytest.raises(FatalError):
        load_health('{"v":2}')


# What an event means.

KINDS = [
    (docs.send(), EventKind.SENT),
    (docs.delivery(), EventKind.DELIVERED),
    (docs.delivery_delay(), EventKind.DELAYED),
    (docs.delivery_delay("MailboxFull"), EventKind.DELAYED),
    (docs.reject(), EventKind.CONTENT),
    (docs.rendering_failure(), EventKind.CONTENT),
    (docs.opened(), EventKind.NEUTRAL),
    (docs.clicked(), EventKind.NEUTRAL),
    (docs.subscription(), EventKind.NEUTRAL),
    ({**docs.send(), "eventType": "Teleported"}, EventKind.NEUTRAL),
    (docs.bounce(), EventKind.PERMANENT),
    (docs.bounce(subtype="NoEmail"), EventKind.PERMANENT),
    (docs.bounce(subtype="Suppressed"), EventKind.PERMANENT),
    (docs.bounce(subtype="OnAccountSuppressionList"), EventKind.PERMANENT),
    (docs.bounce(subtype="UnsubscribedRecipient"), EventKind.PERMANENT),
    (docs.bounce(subtype="EmailValidationSuppressed"), EventKind.PERMANENT),
    (docs.bounce(subtype="SomethingNew"), EventKind.PERMANENT),
    (docs.bounce(subtype="ContentRejected"), EventKind.CONTENT),
    (docs.bounce(status="5.3.4"), EventKind.CONTENT),
    (docs.bounce(status="5.2.3"), EventKind.CONTENT),
    (docs.bounce(status="5.6.0"), EventKind.CONTENT),
    (docs.bounce(kind="Transient", subtype="MessageTooLarge", status=""), EventKind.CONTENT),
    (docs.bounce(kind="Transient", subtype="AttachmentRejected"), EventKind.CONTENT),
    (docs.bounce(kind="Transient", status="4.0.0"), EventKind.SOFT),
    (docs.bounce(kind="Transient", subtype="CustomTimeoutExceeded", status=""), EventKind.SOFT),
    (docs.bounce(kind="Transient", subtype="MailboxFull", status=""), EventKind.FULL),
    (docs.bounce(kind="Transient", status="4.2.2"), EventKind.FULL),
    (docs.bounce(kind="Transient", status="5.2.2"), EventKind.FULL),
    (docs.bounce(kind="Transient", status="4.4.7"), EventKind.EXPIRED),
    (docs.bounce(kind="Transient", status="5.4.4"), EventKind.PERMANENT),
    (docs.bounce(kind="Undetermined", subtype="Undetermined", status=""), EventKind.SOFT),
    (docs.bounce(kind="Peculiar", status=""), EventKind.SOFT),
    (docs.complaint(), EventKind.COMPLAINT),
    (docs.complaint(feedback=None), EventKind.COMPLAINT),
    (docs.complaint(feedback="fraud"), EventKind.COMPLAINT),
    (docs.complaint(feedback="sighing"), EventKind.COMPLAINT),
    (docs.complaint(feedback="not-spam"), EventKind.PRAISED),
    (docs.complaint(subtype="OnAccountSuppressionList"), EventKind.LISTED),
]


@pytest.mark.parametrize(("document", "kind"), KINDS)
def test_an_event_means_this_for_the_address(document, kind):
    assert classify(read(document)) is kind


def test_the_end_of_a_delivery_outranks_what_came_before():
    ladder = [
        docs.send(),
        docs.delivery_delay(),
        docs.bounce(kind="Transient"),
        docs.delivery(),
        docs.rendering_failure(),
        docs.reject(),
        docs.bounce(),
        docs.complaint(),
    ]
    ranks = [rank(read(document)) for document in ladder]
    assert ranks == sorted(set(ranks))
    silent = [
        docs.opened(),
        docs.clicked(),
        docs.subscription(),
        docs.complaint(feedback="not-spam"),
    ]
    assert {rank(read(document)) for document in silent} == {0}


@pytest.mark.parametrize("type_", SesType)
def test_every_type_of_event_has_a_meaning_and_a_rank(type_):
    event = SesEvent(
        type=type_,
        name=type_,
        message_id="m",
        at_ms=NOW,
        sent_ms=NOW,
        recipient=None,
        alone=True,
        raw="",
    )
    assert classify(event) in EventKind
    assert rank(event) >= 0


# What the ledger lacks.


def state_after(*acts: tuple[EventType, int, dict[str, Any]]):
    return fold(
        Event(type=kind, at_ms=at_ms, **{"brand": BrandId("demo"), "channel": EMAIL, **more})
        for kind, at_ms, more in acts
    )


NEWS = {"lists": (ListId("weekly"),), "purposes": (PurposeId("newsletter"),)}
CONFIRMED = (EventType.CONSENT_CONFIRMED, NOW, NEWS)


def test_a_complaint_owes_a_suppression_and_an_objection_once():
    state = state_after(CONFIRMED)
    lacking = owed(state, EventKind.COMPLAINT, NOW + 1, scopes_of(state, EMAIL))
    assert (lacking.reason, lacking.objections) == (SuppressionReason.COMPLAINT, (SCOPE,))
    state = state_after(
        CONFIRMED,
        (EventType.SUPPRESSION_ADDED, NOW + 2, {"brand": None, "reason": "complaint"}),
        (EventType.OBJECTION_RECORDED, NOW + 3, {"via": Via.COMPLAINT}),
    )
    lacking = owed(state, EventKind.COMPLAINT, NOW + 1, scopes_of(state, EMAIL))
    assert (lacking.reason, lacking.objections) == (None, ())


def test_nothing_is_owed_for_what_happened_before_the_latest_confirmation():
    state = state_after(CONFIRMED)
    lacking = owed(state, EventKind.COMPLAINT, NOW - 1, (SCOPE,))
    assert (lacking.reason, lacking.objections) == (None, ())
    other = owed(state, EventKind.COMPLAINT, NOW - 1, (Scope(BrandId("other"), EMAIL),))
    assert (other.reason, len(other.objections)) == (None, 1)


def test_an_import_is_no_confirmation():
    state = state_after((EventType.CONSENT_IMPORTED, NOW, NEWS))
    assert renewed_ms(state) is None
    assert owed(state, EventKind.PERMANENT, NOW - 1, ()).reason is SuppressionReason.BOUNCE


@pytest.mark.parametrize("kind", EventKind)
def test_a_stranger_is_suppressed_exactly_when_the_table_says_so(kind):
    acts = bool(TABLE[HealthStatus.UNPROVEN, kind].actions)
    assert (stranger_reason(kind) is not None) == acts
