# SPDX-License-Identifier: Apache-2.0
"""Days begin at midnight of the brand, months go by the calendar, birthdays come yearly."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.segment_calendar import (
    Moment,
    birthdays,
    day_of,
    latest_birth,
    shift,
    span,
)
from chalicelib.domain.segment_terms import Op
from chalicelib.domain.segment_values import Relative, Unit, Way, Window
from tests.support.naive_segments import age_of

STOCKHOLM = "Europe/Stockholm"


def at(text, zone="UTC"):
    """The moment at which clocks of the zone show ``text``."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return Moment(now_ms=round(local.timestamp() * 1000), zone=zone)


def utc(second):
    return datetime.fromtimestamp(second, UTC).isoformat()


@pytest.mark.parametrize(
    ("day", "unit", "count", "then"),
    [
        ("2026-03-31", Unit.MONTHS, -1, "2026-02-28"),
        ("2024-03-31", Unit.MONTHS, -1, "2024-02-29"),
        ("2026-01-31", Unit.MONTHS, 1, "2026-02-28"),
        ("2026-01-31", Unit.MONTHS, -2, "2025-11-30"),
        ("2026-11-22", Unit.MONTHS, -12, "2025-11-22"),
        ("2026-12-31", Unit.MONTHS, 2, "2027-02-28"),
        ("2024-02-29", Unit.YEARS, -1, "2023-02-28"),
        ("2024-02-29", Unit.YEARS, 4, "2028-02-29"),
        ("2026-03-01", Unit.DAYS, -1, "2026-02-28"),
        ("2026-11-22", Unit.WEEKS, 2, "2026-12-06"),
        ("2026-11-22", Unit.DAYS, 0, "2026-11-22"),
        ("2026-11-22", Unit.YEARS, 10_000, "9999-12-31"),
        ("2026-11-22", Unit.YEARS, -10_000, "0001-01-01"),
        ("9999-11-22", Unit.WEEKS, 10_000, "9999-12-31"),
        ("0001-11-22", Unit.DAYS, -10_000, "0001-01-01"),
        ("9999-12-31", Unit.MONTHS, 1, "9999-12-31"),
    ],
)
def test_days_are_counted_by_the_calendar(day, unit, count, then):
    assert shift(date.fromisoformat(day), unit, count).isoformat() == then


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        ("UTC", "2026-11-22", "2026-11-22T00:00:00", "2026-11-22T23:59:59"),
        (STOCKHOLM, "2026-11-22", "2026-11-21T23:00:00", "2026-11-22T22:59:59"),
        # Clocks go forward, then back: 23 and 25 hours.
        (STOCKHOLM, "2026-03-29", "2026-03-28T23:00:00", "2026-03-29T21:59:59"),
        (STOCKHOLM, "2026-10-25", "2026-10-24T22:00:00", "2026-10-25T22:59:59"),
        # Clocks skip midnight: the day begins at one o'clock.
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00", "2026-04-24T20:59:59"),
        # Midnight comes twice: the day begins with the first.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00", "2026-11-02T04:59:59"),
        ("Pacific/Kiritimati", "2026-11-22", "2026-11-21T10:00:00", "2026-11-22T09:59:59"),
    ],
)
def test_a_day_begins_at_midnight_of_the_brands_zone(zone, day, first, last):
    seconds = span(date.fromisoformat(day), Moment(now_ms=0, zone=zone))
    assert tuple(utc(second) for second in seconds) == (f"{first}+00:00", f"{last}+00:00")


@settings(max_examples=200, deadline=None)
@given(
    day=st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    zone=st.sampled_from([STOCKHOLM, "America/Havana", "Pacific/Apia", "Asia/Beirut", "UTC"]),
)
def test_every_second_is_in_one_day(day, zone):
    moment = Moment(now_ms=0, zone=zone)
    last = span(day, moment)[1]
    assert span(day + timedelta(days=1), moment)[0] == last + 1


def test_an_instant_is_one_second_and_is_in_the_day_the_brand_has():
    moment = at("2026-11-22T12:00", STOCKHOLM)
    instant = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    first, last = span(instant, moment)
    assert first == last == round(instant.timestamp())
    assert day_of(instant, moment) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("now", "value", "day"),
    [
        ("2026-11-22T00:00", Relative(way=Way.AGO, unit=Unit.DAYS, count=0), "2026-11-22"),
        ("2026-11-22T23:59", Relative(way=Way.AGO, unit=Unit.DAYS, count=0), "2026-11-22"),
        ("2026-11-22T23:59", Relative(way=Way.AGO, unit=Unit.MONTHS, count=3), "2026-08-22"),
        ("2026-11-22T00:00", Relative(way=Way.AHEAD, unit=Unit.WEEKS, count=1), "2026-11-29"),
    ],
)
def test_today_is_the_day_of_the_brand(now, value, day):
    moment = at(now, STOCKHOLM)
    assert day_of(value, moment).isoformat() == day
    assert span(value, moment) == span(date.fromisoformat(day), moment)


@pytest.mark.parametrize(
    ("now", "age", "day"),
    [
        ("2026-11-22T12:00", 30, "1996-11-22"),
        ("2026-02-28T12:00", 18, "2008-02-28"),
        ("2026-03-01T12:00", 18, "2008-03-01"),
        ("2028-02-29T12:00", 18, "2010-02-28"),
        ("2026-11-22T12:00", 0, "2026-11-22"),
    ],
)
def test_somebody_is_so_old_who_was_born_by_that_day(now, age, day):
    assert latest_birth(age, at(now)) == day


def test_somebody_born_on_a_leap_day_is_a_year_older_on_the_first_of_march():
    born = date(2008, 2, 29)
    assert age_of(born, at("2026-02-28T23:59")) == 17
    assert age_of(born, at("2026-03-01T00:00")) == 18
    assert age_of(born, at("2028-02-29T00:00")) == 20


days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@settings(max_examples=300, deadline=None)
@given(born=days, today=days, age=st.integers(0, 150))
def test_age_and_birth_day_say_the_same(born, today, age):
    moment = at(f"{today}T12:00")
    assert (age_of(born, moment) >= age) is (born.isoformat() <= latest_birth(age, moment))


@settings(max_examples=300, deadline=None)
@given(born=days, today=days)
def test_the_age_changes_on_the_birthday(born, today):
    moment = at(f"{today}T12:00")
    before = at(f"{today - timedelta(days=1)}T12:00")
    older = age_of(born, moment) == age_of(born, before) + 1
    assert older is (born.isoformat()[5:] in birthdays(Op.IN_NEXT, Window(days=0), moment))


@pytest.mark.parametrize(
    ("now", "op", "count", "found"),
    [
        ("2026-12-30T12:00", Op.IN_NEXT, 3, "12-30 12-31 01-01 01-02"),
        ("2026-01-01T12:00", Op.IN_LAST, 2, "12-30 12-31 01-01"),
        ("2026-02-27T12:00", Op.IN_NEXT, 2, "02-27 02-28 02-29 03-01"),
        ("2026-02-27T12:00", Op.IN_NEXT, 1, "02-27 02-28"),
        ("2028-02-28T12:00", Op.IN_NEXT, 1, "02-28 02-29"),
        ("2028-03-01T12:00", Op.IN_NEXT, 0, "03-01"),
        ("2026-03-01T12:00", Op.IN_LAST, 0, "02-29 03-01"),
        ("2026-11-22T12:00", Op.IN_NEXT, 0, "11-22"),
    ],
)
def test_birthdays_come_every_year(now, op, count, found):
    assert birthdays(op, Window(days=count), at(now)) == frozenset(found.split())


def test_a_year_of_birthdays_is_everybodys():
    assert len(birthdays(Op.IN_NEXT, Window(days=366), at("2026-11-22T12:00"))) == 366
