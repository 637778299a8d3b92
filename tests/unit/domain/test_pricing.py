# SPDX-License-Identifier: Apache-2.0
"""What mails cost and how long they take, before they are sent."""

import pytest

from chalicelib.domain.pricing import Cost, Course, cost_of, course_of
from chalicelib.domain.rate import Quota
from chalicelib.errors import InputError


@pytest.mark.parametrize(
    ("mails", "ses", "own"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (100, 1, 1),
        (101, 2, 1),
        (10_000, 100, 4),
        (1_000_000, 10_000, 370),
    ],
)
def test_cost_is_told_in_cents_rounded_up(mails, ses, own):
    assert cost_of(mails) == Cost(ses_cents=ses, own_cents=own)
    assert cost_of(mails).cents == ses + own


@pytest.mark.parametrize(
    ("mails", "quota", "seconds", "days"),
    [
        (0, Quota(per_second=14.0), 0, 0),
        (1, Quota(per_second=14.0), 1, 1),
        (99, Quota(per_second=1.0), 100, 1),
        (49_500, Quota(per_second=500.0), 100, 1),
        (10, Quota(per_second=0.0), None, 1),
        (100, Quota(per_second=14.0, daily_left=100, daily=200), 8, 1),
        (101, Quota(per_second=14.0, daily_left=100, daily=200), 8, 2),
        (300, Quota(per_second=14.0, daily_left=100, daily=200), 22, 2),
        (301, Quota(per_second=14.0, daily_left=100, daily=200), 22, 3),
        (200, Quota(per_second=14.0, daily_left=0, daily=200), 15, 1),
        (201, Quota(per_second=14.0, daily_left=0, daily=200), 15, 2),
        (1, Quota(per_second=14.0, daily_left=0, daily=0), 1, None),
        (2, Quota(per_second=14.0, daily_left=1), 1, None),
    ],
)
def test_how_long_it_takes_is_told_by_the_quota(mails, quota, seconds, days):
    assert course_of(mails, quota) == Course(seconds=seconds, days=days)


def test_fewer_than_no_mails_are_refused():
    for told in (cost_of, lambda mails: course_of(mails, Quota(per_second=1.0))):
        with pytest.raises(InputError):
            told(-1)


def test_the_quota_of_a_day_keeps_a_share_for_service_mails():
    assert Quota.of(14.0, 50_000, 49_000) == Quota(per_second=14.0, daily_left=500, daily=49_500)
    assert Quota.of(14.0, -1, 7) == Quota(per_second=14.0)
