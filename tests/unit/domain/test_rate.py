# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the one shared rate: tables, and the laws they stand for."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import rate
from chalicelib.domain.rate import (
    LATE_MS,
    PPM,
    QUOTA_LIFE_MS,
    US_PER_MS,
    Quota,
    Slot,
    Terms,
    interval_us,
    reserve,
    start_ms,
)
from chalicelib.errors import InputError


@pytest.mark.parametrize(
    ("recipients", "per_second", "takes_us"),
    [
        (1, 1.0, 1_000_000),
        (50, 50.0, 1_000_000),
        (50, 14.0, 3_571_429),
        (14, 14.0, 1_000_000),
        (1, 3.0, 333_334),
        (50, 5_000.0, 10_000),
        (1, 0.5, 2_000_000),
    ],
)
def test_messages_take_the_time_the_rate_gives_them_rounded_up(recipients, per_second, takes_us):
    assert interval_us(recipients, per_second) == takes_us


@pytest.mark.parametrize(("recipients", "per_second"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, -2.0)])
def test_a_rate_without_messages_or_without_speed_is_refused(recipients, per_second):
    with pytest.raises(InputError):
        interval_us(recipients, per_second)


def test_a_rate_that_is_not_a_number_is_refused():
    with pytest.raises(InputError):
        interval_us(1, float("nan"))


@pytest.mark.parametrize(
    ("free_at", "now", "take", "start", "free_after"),
    [
        (None, 1_000, 20, 1_000, 1_020),
        (1_020, 1_005, 20, 1_020, 1_040),
        (1_040, 1_040, 20, 1_040, 1_060),
        (1_060, 9_000, 20, 9_000, 9_020),
        (9_020, 1_000, 20, 9_020, 9_040),
    ],
    ids=["first", "busy", "just-free", "idle", "a-clock-behind"],
)
def test_a_reservation_starts_when_the_slot_is_free(free_at, now, take, start, free_after):
    assert reserve(free_at, now, take) == (start, free_after)


def test_a_start_is_never_before_the_reserved_microsecond():
    assert [start_ms(us) for us in (0, 1, 999, 1_000, 1_001)] == [0, 1, 1, 1, 2]


@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.integers(-300_000, 300_000)), min_size=2, max_size=40
    ),
    st.floats(1.0, 5_000.0),
)
def test_no_clock_makes_reservations_overlap(calls, per_second):
    """Workers' clocks differ by up to five minutes either way."""
    noon_ms, free, ends = 1_795_435_200_000, None, 0
    for recipients, skew_ms in calls:
        take = interval_us(recipients, per_second)
        start, free = reserve(free, (noon_ms + skew_ms) * US_PER_MS, take)
        assert start >= ends
        assert free - start >= recipients * 1_000_000 / per_second - 1
        ends = free


def test_the_examples_in_the_documentation_are_true():
    assert doctest.testmod(rate).failed == 0


@pytest.mark.parametrize(
    ("per_day", "sent", "left"),
    [(50_000, 0, 49_500), (50_000, 49_500.2, 0), (200, 100, 98), (200, 250, 0), (-1, 9, None)],
)
def test_campaigns_leave_a_share_of_the_day_to_service_mails(per_day, sent, left):
    assert Quota.of(14.0, per_day, sent).daily_left == left


def test_the_pace_is_the_quota_less_the_share_less_what_a_throttle_took():
    terms = Terms().quoted(Quota(per_second=500.0), 0)
    assert terms.per_second(0) == pytest.approx(495.0)
    slowed = terms.slower(1_000)
    assert [slowed.per_second(ms) for ms in (1_000, 6_000, 11_000, 90_000)] == pytest.approx(
        [396.0, 445.5, 495.0, 495.0]
    )


def test_without_a_quota_there_is_no_pace():
    assert (Terms().per_second(0), Terms().refuses(1, 0), Terms().stale(0)) == (0.0, True, True)


def test_a_throttle_while_recovering_takes_from_what_is_left():
    slowed = Terms().slower(0).slower(5_000)
    assert slowed.slow_ppm == 720_000


@pytest.mark.parametrize("now_ms", [0, 999, -300_000])
def test_a_throttle_heard_of_already_changes_nothing(now_ms):
    assert Terms().slower(0).slower(now_ms) is None


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=40))
def test_no_throttles_take_more_than_may_be_taken_or_for_longer_than_it_takes(gaps_ms):
    terms, now_ms = Terms(), 0
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        terms = terms.slower(now_ms) or terms
        assert rate.SLOWEST_PPM <= terms.factor_ppm(now_ms) < PPM
    assert terms.factor_ppm(now_ms + 35_000) == PPM


@pytest.mark.parametrize(
    ("terms", "refused"),
    [
        (Terms(quota_milli=1), False),
        (Terms(), True),
        (Terms(quota_milli=0), True),
        (Terms(quota_milli=1, held_ms=101), True),
        (Terms(quota_milli=1, held_ms=100), False),
        (Terms(quota_milli=1, daily_left=1), True),
        (Terms(quota_milli=1, daily_left=2), False),
    ],
)
def test_what_turns_a_reservation_of_two_away(terms, refused):
    assert terms.refuses(2, 100) is refused


@pytest.mark.parametrize(
    ("age_ms", "stale"), [(0, False), (QUOTA_LIFE_MS - 1, False), (QUOTA_LIFE_MS, True)]
)
def test_a_quota_lives_a_minute_and_one_from_a_clock_far_ahead_is_not_trusted(age_ms, stale):
    for sign in (1, -1):
        assert Terms(quota_ms=1_000_000).stale(1_000_000 + sign * age_ms) is stale


@pytest.mark.parametrize("off_ms", [-300_000, -QUOTA_LIFE_MS, 0, QUOTA_LIFE_MS, 300_000])
@pytest.mark.parametrize(
    ("since_ms", "stale"), [(0, False), (QUOTA_LIFE_MS - 1, False), (QUOTA_LIFE_MS, True)]
)
def test_who_saw_the_quota_change_goes_by_its_own_clock(off_ms, since_ms, stale):
    """Whatever the clock of who asked said: ``off_ms`` more than the worker's own."""
    terms = Terms(quota_ms=1_000_000 + off_ms)
    assert terms.stale(1_000_000 + since_ms, 1_000_000) is stale
    # Set back since: nothing is known of how long ago it was.
    assert terms.stale(1_000_000 - since_ms, 1_000_000) is stale


def test_a_call_is_too_late_when_its_slot_has_passed():
    slot = Slot(terms=Terms(), start_ms=1_000)
    assert [slot.missed(ms) for ms in (0, 1_000 + LATE_MS, 1_001 + LATE_MS)] == [False, False, True]
    assert not Slot(terms=Terms()).missed(5_000)


@pytest.mark.parametrize(
    ("now_ms", "people"),
    [(900, 0), (1_000, 0), (1_001, 1), (1_020, 2), (1_021, 3), (1_500, 50), (99_000, 50)],
)
def test_those_behind_make_room_for_as_long_as_a_call_is_late_but_for_no_more_than_it_has(
    now_ms, people
):
    slot = Slot(terms=Terms(quota_milli=100_000), start_ms=1_000, recipients=50)
    assert slot.late(now_ms) == people


def test_nobody_makes_room_for_a_call_without_a_slot():
    assert Slot(terms=Terms(quota_milli=100_000)).late(1_000) == 0
