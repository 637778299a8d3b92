# SPDX-License-Identifier: Apache-2.0
"""Counts of events that led to nobody."""

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.event_tallies import OfNobody, WhyNobody, day_of, summed


def counted(day, why, name, count):
    return OfNobody(day=day, why=why, type=name, count=count)


def test_a_day_begins_at_midnight_in_utc():
    assert [day_of(at_ms) for at_ms in (0, DAY_MS - 1, DAY_MS)] == [0, 0, 1]


def test_days_are_summed_by_type_and_reason():
    found = [
        counted(9, WhyNobody.UNMATCHED, "Bounce", 2),
        counted(8, WhyNobody.UNMATCHED, "Bounce", 3),
        counted(8, WhyNobody.FORWARDED, "Bounce", 1),
        counted(9, WhyNobody.UNADDRESSED, "Complaint", 4),
    ]
    assert summed(found) == (
        counted(8, WhyNobody.FORWARDED, "Bounce", 1),
        counted(8, WhyNobody.UNMATCHED, "Bounce", 5),
        counted(9, WhyNobody.UNADDRESSED, "Complaint", 4),
    )
    assert summed([]) == ()
