# SPDX-License-Identifier: Apache-2.0
"""How fast a campaign goes now, what is left of it, and what holds it up."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import tempo as module
from chalicelib.domain.campaigns import Progress
from chalicelib.domain.rate import HOLD_MS, Terms
from chalicelib.domain.tempo import WINDOW_MS, Commit, Held, Tempo, held, tempo, tens

HOUR_MS = 3_600_000


def at(sent, *, planned=1_000, first_ms=0, skipped=0):
    return Progress(
        planned=planned,
        sent=sent,
        skipped={"suppressed": skipped} if skipped else {},
        first_ms=first_ms,
        last_ms=first_ms,
    )


def told(at_ms, sent, accounted=None):
    return Commit(at_ms=at_ms, sent=sent, accounted=sent if accounted is None else accounted)


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0


def test_in_the_first_minute_it_is_the_average_since_the_first_mail():
    commits = [told(0, 150), told(29_000, 150)]
    assert tempo(at(300), commits, 30_000) == Tempo(per_second=10.0, seconds_left=70)


def test_later_it_is_what_was_committed_in_the_last_minute():
    commits = [
        told(HOUR_MS - WINDOW_MS, 500),
        told(HOUR_MS - WINDOW_MS + 1, 100),
        told(HOUR_MS - 2_000, 50),
    ]
    assert tempo(at(700), commits, HOUR_MS) == Tempo(per_second=2.5, seconds_left=120)


def test_who_is_skipped_takes_time_too():
    seen = tempo(at(0, skipped=500), [told(9_000, 0, 500)], 10_000)
    assert seen == Tempo(per_second=0.0, seconds_left=10)


@pytest.mark.parametrize(
    ("pace", "seconds"), [(None, 20), (0, 20), (1_000.0, 20), (13.86, 73), (0.3, 3_334)]
)
def test_nothing_is_promised_beyond_the_pace_the_account_allows(pace, seconds):
    assert tempo(at(0), [told(1, 50)], 1_000, pace).seconds_left == seconds


def test_where_nothing_moves_no_end_is_promised():
    still = Tempo(per_second=0.0, seconds_left=None)
    assert tempo(at(500), [told(HOUR_MS - WINDOW_MS, 500)], HOUR_MS, 14.0) == still
    assert tempo(Progress(planned=5), [], HOUR_MS) == still
    assert still.minutes_left is None


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (3_600, 60)])
def test_minutes_are_rounded_up(seconds, minutes):
    assert Tempo(per_second=1.0, seconds_left=seconds).minutes_left == minutes


USED_UP = {"quota_milli": 14_000, "daily_left": 49}
LONG_MS = HOLD_MS + 60_000


@pytest.mark.parametrize(
    ("terms", "people", "why"),
    [
        (Terms(), 50, None),
        (Terms(held_ms=HOUR_MS), 50, None),
        (Terms(held_ms=HOUR_MS + 1), 50, Held.DAILY_QUOTA),
        (Terms(**USED_UP, quota_ms=HOUR_MS), 50, Held.DAILY_QUOTA),
        (Terms(**USED_UP, quota_ms=HOUR_MS), 49, None),
        (Terms(**USED_UP, quota_ms=HOUR_MS - LONG_MS), 50, Held.DAILY_QUOTA),
        (Terms(**USED_UP, quota_ms=HOUR_MS - LONG_MS - 1), 50, None),
        (Terms(quota_milli=14_000, quota_ms=HOUR_MS), 50, None),
    ],
)
def test_a_used_up_day_holds_while_anybody_heard_of_it_lately(terms, people, why):
    assert held(terms, people, HOUR_MS) is why


@given(
    planned=st.integers(0, 10**6),
    part=st.integers(0, 100),
    first_ms=st.integers(0, 10**7),
    now_ms=st.integers(0, 10**7),
    commits=st.lists(
        st.builds(told, st.integers(0, 10**7), st.integers(0, 50), st.integers(0, 50)), max_size=4
    ),
    pace=st.none() | st.floats(0, 1_000),
)
def test_no_number_is_below_zero_whatever_was_seen(planned, part, first_ms, now_ms, commits, pace):
    seen = at(planned * part // 100, planned=planned, first_ms=first_ms)
    found = tempo(seen, commits, now_ms, pace)
    assert found.per_second >= 0
    assert found.seconds_left is None or found.seconds_left >= 0
    assert 0 <= tens(seen) <= 100
