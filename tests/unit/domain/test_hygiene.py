# SPDX-License-Identifier: Apache-2.0
import itertools
import re
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
    counted_as,
    has_confirmed,
    owed,
    react,
    renewed_ms,
    scopes_of,
    stranger_reason,
)
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import Scope
from chalicelib.errors import FatalError
from chalicelib.vocabulary import EventType

NOW = 1_795_435_200_000
SCOPE = Scope(BrandId("demo"), EMAIL)
FAILURES = (EventKind.SOFT, EventKind.FULL, EventKind.EXPIRED)


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


U, G, S = HealthStatus.UNPROVEN, HealthStatus.GOOD, HealthStatus.SHAKY
R, B, C = HealthStatus.RESTING, HealthStatus.BOUNCED, HealthStatus.COMPLAINED
NONE: frozenset[Action] = frozenset()
SUPPRESS = frozenset({Action.SUPPRESS_BOUNCE})
COMPLAIN = frozenset({Action.SUPPRESS_COMPLAINT, Action.OBJECT})
ASK = frozenset({Action.ASK_LIST})
WITHDRAW = frozenset({Action.WITHDRAW})

PAIRS = {
    EventKind.SENT: ((U, G, S, R, B, C), NONE),
    EventKind.DELIVERED: ((G, G, G, G, B, C), NONE),
    EventKind.DELAYED: ((U, G, S, R, B, C), NONE),
    EventKind.AUTOMATIC: ((U, G, S, R, B, C), NONE),
    EventKind.SOFT: ((S, S, S, R, B, C), NONE),
    EventKind.FULL: ((S, S, S, R, B, C), NONE),
    EventKind.EXPIRED: ((S, S, S, R, B, C), NONE),
    EventKind.CONTENT: ((U, G, S, R, B, C), NONE),
    EventKind.PERMANENT: ((B, B, B, B, B, C), SUPPRESS),
    EventKind.COMPLAINT: ((C, C, C, C, C, C), COMPLAIN),
    EventKind.HELD: ((U, G, S, R, B, C), ASK),
    EventKind.LISTED: ((U, G, S, R, B, C), ASK),
    EventKind.PRAISED: ((U, G, S, R, B, C), NONE),
    EventKind.LEFT: ((U, G, S, R, B, C), WITHDRAW),
    EventKind.NEUTRAL: ((U, G, S, R, B, C), NONE),
}
"""Every pair as it was decided: the health after an event, for each health before; the actions."""


def test_the_table_below_has_every_pair():
    assert set(PAIRS) == set(EventKind)
    assert [len(after) for after, _ in PAIRS.values()] == [len(HealthStatus)] * len(EventKind)


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize(("place", "health"), list(enumerate(HealthStatus)))
def test_every_pair_leads_to_this_health_and_asks_for_this(kind, place, health):
    after, actions = PAIRS[kind]
    reaction = react(HEALTHS[health], kind, NOW, NOW, None)
    assert (reaction.after, reaction.rule.actions) == (after[place], actions)


def test_a_code_names_one_sentence_and_a_sentence_has_one_code():
    rules = [*TABLE.values(), OVERTAKEN]
    pairs = {(rule.code, rule.sentence) for rule in rules}
    assert len(pairs) == len({code for code, _ in pairs}) == len({text for _, text in pairs})
    for code, _ in pairs:
        assert re.fullmatch("[a-z]+(-[a-z]+)*", code)


MEMORIES = {
    EventKind.HELD: EventKind.PERMANENT,
    EventKind.LISTED: EventKind.COMPLAINT,
}


@pytest.mark.parametrize("kind", EventKind)
def test_what_ses_remembers_counts_as_new_only_where_nobody_ever_confirmed(kind):
    assert counted_as(kind, confirmed=False) is MEMORIES.get(kind, kind)
    assert counted_as(kind, confirmed=True) is kind


@pytest.mark.parametrize("kind", MEMORIES)
def test_what_ses_remembers_of_somebody_who_confirmed_changes_nothing_by_itself(kind):
    state = state_after(CONFIRMED)
    assert observe(Health(), kind, NOW + 1) == Health()
    lacking = owed(state, kind, NOW + 1, scopes_of(state, EMAIL))
    assert (lacking.reason, lacking.objections) == (None, ())


def test_ses_list_may_be_asked_also_for_an_event_before_the_latest_confirmation():
    held = react(Health(), EventKind.HELD, NOW, NOW + 2, NOW + 1)
    assert held.rule.actions == {Action.ASK_LIST}
    left = react(Health(), EventKind.LEFT, NOW, NOW + 2, NOW + 1)
    assert left.rule == OVERTAKEN


def test_who_confirmed_and_then_complained_has_confirmed_and_who_was_imported_has_not():
    """A complaint that is read first must not change how SES's memory of it is read."""
    complained = (EventType.OBJECTION_RECORDED, NOW + 3, {"via": Via.COMPLAINT})
    assert has_confirmed(state_after(CONFIRMED))
    assert has_confirmed(state_after(CONFIRMED, complained))
    assert not has_confirmed(state_after((EventType.CONSENT_IMPORTED, NOW, NEWS)))
    assert not has_confirmed(state_after())


def test_who_withdrew_and_asked_anew_is_taken_for_somebody_who_confirmed():
    """Their request hides the grade of what they withdrew; SES's list, by its dates, decides."""
    withdrawn = (EventType.CONSENT_WITHDRAWN, NOW + 1, {"via": Via.PAGE})
    asked = (EventType.CONSENT_REQUESTED, NOW + 2, NEWS)
    assert has_confirmed(state_after(CONFIRMED, withdrawn, asked))
    assert not has_confirmed(state_after(asked))


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
    _, actions = PAIRS[counted_as(kind, confirmed=False)]
    suppresses = actions & {Action.SUPPRESS_BOUNCE, Action.SUPPRESS_COMPLAINT}
    assert (stranger_reason(kind) is not None) == bool(suppresses)


def test_of_a_stranger_ses_memory_is_all_there_is():
    assert stranger_reason(EventKind.HELD) is SuppressionReason.BOUNCE
    assert stranger_reason(EventKind.LISTED) is SuppressionReason.COMPLAINT
    assert stranger_reason(EventKind.LEFT) is None
