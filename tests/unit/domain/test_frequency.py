# SPDX-License-Identifier: Apache-2.0
"""A wish about rhythm holds mail back for every seven days in a row, and allows none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.frequency import (
    WEEK_MS,
    Frequency,
    Rhythm,
    dump_rhythm,
    give_back,
    load_rhythm,
    take,
)
from chalicelib.errors import FatalError, InputError

TIMES = st.lists(st.integers(0, 4 * WEEK_MS), max_size=40).map(sorted)


@pytest.mark.parametrize("cap", [0, 8, -1])
def test_a_cap_nobody_can_choose_is_refused(cap):
    with pytest.raises(InputError):
        Frequency(max_per_week=cap)


@given(cap=st.integers(1, 7), times=TIMES)
def test_no_seven_days_hold_more_than_the_cap(cap, times):
    rhythm, sent = Rhythm(frequency=Frequency(max_per_week=cap)), []
    for at_ms in times:
        taken = take(rhythm, at_ms)
        if taken is not None:
            rhythm, sent = taken, [*sent, at_ms]
        held = sum(at_ms - WEEK_MS < x <= at_ms for x in sent)
        assert held <= cap
        assert (taken is None) <= (held == cap)
    assert len(rhythm.sent_ms) <= cap


def test_a_pause_ends_at_its_time():
    assert Frequency(paused_until_ms=10).paused(9)
    assert not Frequency(paused_until_ms=10).paused(10)
    assert not Frequency().paused(0)
    assert take(Rhythm(frequency=Frequency(paused_until_ms=10)), 9) is None


@given(
    cap=st.none() | st.integers(1, 7),
    until=st.none() | st.integers(0, WEEK_MS),
    sent=st.lists(st.integers(0, WEEK_MS), max_size=7).map(lambda x: tuple(sorted(x))),
)
def test_a_rhythm_is_read_back_as_written(cap, until, sent):
    frequency = Frequency(max_per_week=cap, paused_until_ms=until)
    rhythm = Rhythm(frequency=frequency, sent_ms=sent)
    assert load_rhythm(dump_rhythm(rhythm)) == rhythm


def test_an_unknown_version_stops():
    with pytest.raises(FatalError):
        load_rhythm({**dump_rhythm(Rhythm()), "v": 2})


def test_giving_back_what_was_not_taken_changes_nothing():
    rhythm = Rhythm(frequency=Frequency(max_per_week=1), sent_ms=(5,))
    assert give_back(rhythm, 6) == rhythm
    assert give_back(rhythm, 5).sent_ms == ()
