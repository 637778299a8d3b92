# SPDX-License-Identifier: Apache-2.0
"""What the clocks of a place show, and the moment that is."""

import doctest
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import wall_clock as module
from chalicelib.domain.wall_clock import day_in, moment_ms
from chalicelib.errors import InputError

STOCKHOLM = "Europe/Stockholm"


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("day", "minute", "code"),
    [
        ("", "18:00", "bad_day"),
        ("24/12/2026", "18:00", "bad_day"),
        ("2026-02-30", "18:00", "bad_day"),
        ("2026-12-24", "", "bad_minute"),
        ("2026-12-24", "25:00", "bad_minute"),
        ("2026-12-24", "6 pm", "bad_minute"),
        ("2027-03-28", "02:30", "no_such_time"),
        ("0001-01-01", "00:00", "bad_day"),
    ],
)
def test_what_is_on_no_clock_is_refused(day, minute, code):
    with pytest.raises(InputError) as caught:
        moment_ms(day, minute, STOCKHOLM)
    assert caught.value.code == code


def test_of_an_hour_shown_twice_the_first_is_meant():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment_ms("2026-10-25", "02:30", STOCKHOLM) == first.timestamp() * 1000


@given(
    minutes=st.integers(0, 60_000_000),
    zone=st.sampled_from([STOCKHOLM, "UTC", "America/St_Johns", "Pacific/Kiritimati"]),
)
def test_a_time_that_is_shown_is_read_back_on_its_day(minutes, zone):
    from zoneinfo import ZoneInfo

    shown = datetime.fromtimestamp(minutes * 60, ZoneInfo(zone))
    at_ms = moment_ms(f"{shown:%Y-%m-%d}", f"{shown:%H:%M}", zone)
    assert at_ms in (minutes * 60_000, (minutes - 60) * 60_000, (minutes - 30) * 60_000)
    assert day_in(at_ms, zone) == f"{shown:%Y-%m-%d}"
