# SPDX-License-Identifier: Apache-2.0
"""How fast a campaign goes now, and what is left of it."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import tempo as module
from chalicelib.domain.campaigns import Progress
from chalicelib.domain.tempo import SPAN_MS, WINDOW_MS, Look, Tempo, of_now, tempo, tens

HOUR_MS = 3_600_000


def at(sent, *, planned=1_000, first_ms=0, skipped=0):
    return Progress(
        planned=planned,
        sent=sent,
        skipped={"suppressed": skipped} if skipped else {},
        first_ms=first_ms,
        last_ms=first_ms,
    )


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0


def test_in_the_first_minute_it_is_the_average_since_the_first_mail_whatever_was_looked_at():
    looks = [Look(at_ms=29_000, sent=500, accounted=500)]
    assert tempo(at(300), looks, 30_000) == Tempo(per_second=10.0, seconds_left=70)


def test_later_it_is_what_happened_since_the_oldest_look_of_the_last_minute():
    looks = [
        Look(at_ms=HOUR_MS - WINDOW_MS - 1, sent=0),
        Look(at_ms=HOUR_MS - 20_000, sent=600, accounted=600),
        Look(at_ms=HOUR_MS - 2_000, sent=695, accounted=695),
    ]
    assert tempo(at(700), looks, HOUR_MS) == Tempo(per_second=5.0, seconds_left=60)


@pytest.mark.parametrize("looks", [[], [Look(at_ms=HOUR_MS - SPAN_MS + 1, sent=359)]])
def test_without_a_look_that_is_old_enough_it_is_the_average(looks):
    assert tempo(at(360), looks, HOUR_MS).per_second == 0.1


def test_who_is_skipped_takes_time_too():
    told = tempo(at(0, skipped=500), [], 10_000)
    assert told == Tempo(per_second=0.0, seconds_left=10)


def test_where_nothing_moves_no_end_is_promised():
    looks = [Look(at_ms=HOUR_MS - 30_000, sent=500, accounted=500)]
    assert tempo(at(500), looks, HOUR_MS) == Tempo(per_second=0.0, seconds_left=None)
    assert tempo(Progress(planned=5), [], HOUR_MS) == Tempo(per_second=0.0, seconds_left=None)
    assert Tempo(per_second=0.0, seconds_left=None).minutes_left is None


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (3_600, 60)])
def test_minutes_are_rounded_up(seconds, minutes):
    assert Tempo(per_second=1.0, seconds_left=seconds).minutes_left == minutes


@given(
    planned=st.integers(0, 10**6),
    part=st.integers(0, 100),
    first_ms=st.integers(0, 10**7),
    now_ms=st.integers(0, 10**7),
    looks=st.lists(
        st.builds(Look, at_ms=st.integers(0, 10**7), sent=st.integers(0, 10**6)), max_size=4
    ),
)
def test_no_number_is_below_zero_whatever_was_seen(planned, part, first_ms, now_ms, looks):
    seen = at(planned * part // 100, planned=planned, first_ms=first_ms)
    told = tempo(seen, looks, now_ms)
    assert told.per_second >= 0
    assert told.seconds_left is None or told.seconds_left >= 0
    assert 0 <= tens(seen) <= 100
    assert all(now_ms - WINDOW_MS <= look.at_ms <= now_ms for look in of_now(looks, now_ms))
