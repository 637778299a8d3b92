# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the one shared rate: a table, and the law it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.rate import US_PER_MS, interval_us, reserve, start_ms
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
