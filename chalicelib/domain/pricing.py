# SPDX-License-Identifier: Apache-2.0
"""What a campaign costs and how long it takes, told before it is sent.

Guarantees whole numbers, rounded up: a mail that is sent never costs more than was told by these
prices. They are list prices without free tier, discounts and taxes; the bill is AWS's.

Sources: aws.amazon.com/ses/pricing (November 2026), and docs/benchmarks.md for what the product
itself uses.
"""

import math
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.rate import SHARE, Quota
from chalicelib.errors import InputError

CURRENCY: Final = "USD"
SES_CENTS_PER_MILLION: Final = 10_000
"""SES asks 0.10 dollars for 1,000 mails."""
OWN_CENTS_PER_MILLION: Final = 150 + 220
"""Planning, sending and exceptional events; and the events SES sends of every mail."""
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What mails cost, in hundredths of a dollar.

    Attributes:
        ses_cents: what SES asks for.
        own_cents: everything else in AWS.
    """

    ses_cents: int
    own_cents: int

    @property
    def cents(self) -> int:
        """Both together."""
        return self.ses_cents + self.own_cents


def cost_of(mails: int) -> Cost:
    """Return what ``mails`` (0 or more) cost.

    Example:
        >>> cost_of(10_000), cost_of(10_000).cents, cost_of(1), cost_of(0).cents
        (Cost(ses_cents=100, own_cents=4), 104, Cost(ses_cents=1, own_cents=1), 0)

    Raises:
        InputError: fewer than none.
    """
    _require_count(mails)
    return Cost(
        ses_cents=_upwards(mails * SES_CENTS_PER_MILLION, _MILLION),
        own_cents=_upwards(mails * OWN_CENTS_PER_MILLION, _MILLION),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long mails take at a quota.

    Attributes:
        seconds: at the full pace of campaigns; None while the account may send nothing.
        days: on how many days some of them go: 1 when the day's quota is enough, None when it is
            not known to be.
    """

    seconds: int | None
    days: int | None


def course_of(mails: int, quota: Quota) -> Course:
    """Return how long ``mails`` (0 or more) take.

    Example:
        >>> course_of(990, Quota(per_second=10.0))
        Course(seconds=100, days=1)
        >>> course_of(500, Quota(per_second=10.0, daily_left=100, daily=200)).days
        3

    Raises:
        InputError: fewer than none.
    """
    _require_count(mails)
    if not mails:
        return Course(seconds=0, days=0)
    pace = quota.per_second * SHARE
    seconds = math.ceil(round(mails / pace, 6)) if pace > 0 else None
    return Course(seconds=seconds, days=_days(mails, quota))


def _days(mails: int, quota: Quota) -> int | None:
    """On how many days some of them go; what is left of today comes first."""
    if quota.daily_left is None:
        return 1
    later = mails - quota.daily_left
    if later <= 0:
        return 1
    if not quota.daily:
        return None
    return _upwards(later, quota.daily) + (1 if quota.daily_left else 0)


def _require_count(mails: int) -> None:
    if mails < 0:
        raise InputError(code="bad_count", detail="Nobody can be sent fewer than no mails.")


def _upwards(amount: int, parts: int) -> int:
    return -(-amount // parts)
