# SPDX-License-Identifier: Apache-2.0
"""What an address's record tells of itself, in codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.health import (
    LIMITS,
    RECORDED,
    WINDOW_MS,
    EventKind,
    Health,
    HealthStatus,
    observe,
    rest_of,
    status,
)
from chalicelib.domain.health_story import Code, Said, story

NOW = 1_795_435_200_000
SOFT = LIMITS[EventKind.SOFT]
HAPPENED = st.tuples(st.sampled_from(EventKind), st.integers(0, 200 * DAY_MS))


def after(*events: tuple[EventKind, int]) -> Health:
    health = Health()
    for kind, at_ms in events:
        health = observe(health, kind, at_ms)
    return health


def failing(days: int, kind: EventKind = EventKind.SOFT) -> Health:
    """Failed on each of the last days, the last time now."""
    return after(*((kind, NOW - day * DAY_MS) for day in range(days)))


def codes(health: Health, renewed_ms: int | None = None) -> list[Code]:
    return [said.code for said in story(health, NOW, renewed_ms)]


def test_of_an_address_nobody_wrote_to_nothing_is_known():
    assert story(Health(), NOW, None) == (Said(code=Code.UNPROVEN),)


def test_a_delivery_says_that_mail_arrives():
    assert story(after((EventKind.DELIVERED, NOW - 1)), NOW, None) == (
        Said(code=Code.DELIVERED, at_ms=NOW - 1),
        Said(code=Code.GOOD),
    )


def test_a_rest_is_told_with_its_end_and_the_days_that_led_to_it():
    assert story(failing(SOFT.days), NOW, None) == (
        Said(code=Code.RESTING, until_ms=NOW + SOFT.rest_ms),
        Said(code=Code.SOFT_DAYS, at_ms=NOW, days=SOFT.days),
    )


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (EventKind.SOFT, Code.SOFT_DAYS),
        (EventKind.FULL, Code.FULL_DAYS),
        (EventKind.EXPIRED, Code.EXPIRED_DAYS),
    ],
)
def test_failing_days_are_told_by_their_kind_until_they_are_forgotten(kind, code):
    health = after((kind, NOW - DAY_MS))
    assert story(health, NOW, None) == (Said(code=code, at_ms=NOW - DAY_MS, days=1),)
    later = NOW - DAY_MS + WINDOW_MS
    assert [said.code for said in story(health, later, None)] == [Code.UNPROVEN]


def test_what_suppresses_comes_first():
    health = after(
        (EventKind.SOFT, NOW - 1), (EventKind.PERMANENT, NOW - 2), (EventKind.COMPLAINT, NOW - 3)
    )
    assert codes(health) == [Code.COMPLAINED, Code.REFUSED, Code.SOFT_DAYS]


def test_a_confirmation_is_told_instead_of_all_it_overtook():
    health = after((EventKind.COMPLAINT, NOW - 3), (EventKind.SOFT, NOW - 2))
    assert codes(health, NOW - 1) == [Code.RENEWED, Code.GOOD]


@given(st.lists(HAPPENED, max_size=12).flatmap(lambda x: st.tuples(st.just(x), st.permutations(x))))
def test_any_order_tells_the_same_story_and_the_same_rest(orders):
    one, other = (after(*events) for events in orders)
    assert story(one, NOW, None) == story(other, NOW, None)
    assert rest_of(one, None) == rest_of(other, None)


@given(st.lists(HAPPENED, max_size=12), st.none() | st.integers(0, 200 * DAY_MS))
def test_the_story_and_the_rest_say_what_the_status_says(events, renewed):
    health, now_ms = after(*events), 200 * DAY_MS
    stands = status(health, now_ms, renewed)
    told = {said.code for said in story(health, now_ms, renewed)}
    assert (Code.COMPLAINED in told) == (stands is HealthStatus.COMPLAINED)
    assert (Code.UNPROVEN in told) == (stands is HealthStatus.UNPROVEN)
    assert (Code.GOOD in told) == (stands is HealthStatus.GOOD)
    rests = (rest_of(health, renewed) or 0) > now_ms
    assert rests == (Code.RESTING in told)
    if stands is HealthStatus.RESTING:
        assert rests


def test_sending_is_told_of_a_failure_before_the_address_rests_and_of_nothing_else():
    assert rest_of(Health(), None) is None
    assert rest_of(after((EventKind.PERMANENT, NOW)), None) is None
    assert rest_of(failing(1), None) == 0
    assert rest_of(failing(SOFT.days), None) == NOW + SOFT.rest_ms
    assert rest_of(failing(SOFT.days), NOW) is None
    assert rest_of(observe(failing(SOFT.days), EventKind.DELIVERED, NOW), None) is None


@pytest.mark.parametrize("kind", EventKind)
def test_only_what_is_recorded_changes_a_record(kind):
    assert (observe(Health(), kind, NOW) != Health()) == (kind in RECORDED)
