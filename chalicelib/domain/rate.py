# SPDX-License-Identifier: Apache-2.0
"""One sending rate shared by every worker: the arithmetic of GCRA, and how fast it may run.

Guarantees that reservations in a row start at least as far apart as the pace asks, whatever the
workers' clocks say: a reservation starts where the one before it ended, or now if that is past.
No burst is allowed beyond the recipients of one reservation. The pace is the account's quota, less
a share kept for service mails, less what a throttle took; that comes back with time alone. Refuses
rates and counts below one message.

Source: ITU-T I.371, annex A (generic cell rate algorithm, virtual scheduling).
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Self

from chalicelib.errors import InputError

US_PER_MS = 1_000
SHARE: Final = 0.99
"""Campaigns take so much of the account's quota; the rest is there for a confirmation mail."""
PPM: Final = 1_000_000
SLOWER_PPM: Final = 800_000
"""A throttle leaves so much of the pace."""
SLOWEST_PPM: Final = 300_000
"""Throttles leave at least so much of the quota."""
RECOVERY_PPM: Final = 20_000
"""So much of the quota comes back each second."""
SLOWER_EVERY_MS: Final = 1_000
"""All throttles of so long a time are one: many workers hear of the same."""
HOLD_MS: Final = 15 * 60 * 1000
"""Nobody sends for so long once the day's quota is used up; then one finds out anew."""
QUOTA_LIFE_MS: Final = 60_000
"""SES is asked for the quota so rarely: all workers together, GetAccount takes one a second."""
ON_THE_WAY_MS: Final = 4
"""What a call takes to reach SES varies by so much from one to the next."""
LATE_MS: Final = 5
"""A call may be made so long after its slot starts.

Later, and a window of one second could hold more than the quota and one call: there is room for
1,000 ms · (1 - SHARE) / SHARE, less the millisecond to which a start is rounded up, and less
`ON_THE_WAY_MS`.
"""

WINDOW_MS: Final = 1_000
"""The shortest window in which the quota is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What SES lets the account send.

    Attributes:
        per_second: recipients a second.
        daily_left: recipients that campaigns may still mail in these 24 hours, the share for
            service mails kept back; None: there is no daily quota.
        daily: recipients that campaigns may mail in any 24 hours; None: no quota, or not asked.

    """

    per_second: float
    daily_left: int | None = None
    daily: int | None = None

    @classmethod
    def of(cls, per_second: float, per_day: float, sent: float) -> Self:
        """Return the quota of an account that sent ``sent`` of ``per_day``; -1: unlimited.

        Example:
            >>> Quota.of(14.0, 50_000, 49_000).daily_left, Quota.of(14.0, -1, 0).daily_left
            (500, None)

        """
        if per_day < 0:
            return cls(per_second=per_second)
        daily = math.floor(per_day * SHARE)
        left = max(0, daily - math.ceil(sent))
        return cls(per_second=per_second, daily_left=left, daily=daily)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the workers share beside the slot itself; a row never written is the default.

    Attributes:
        quota_milli: thousandths of a recipient a second; None: SES was never asked.
        daily_left: as in `Quota`, less what was reserved since.
        quota_ms: when SES was last asked, Unix milliseconds.
        slow_ppm: the share of the pace that the last throttle left, millionths.
        slow_ms: when that was.
        held_ms: nobody sends before it.

    """

    quota_milli: int | None = None
    daily_left: int | None = None
    quota_ms: int | None = None
    slow_ppm: int = PPM
    slow_ms: int | None = None
    held_ms: int | None = None

    def factor_ppm(self, now_ms: int) -> int:
        """Return how much of the pace is left by throttles at ``now_ms``, millionths.

        Example:
            >>> slowed = Terms(slow_ppm=800_000, slow_ms=0)
            >>> [slowed.factor_ppm(ms) for ms in (-5, 0, 2_500, 10_000, 60_000)]
            [800000, 800000, 850000, 1000000, 1000000]

        """
        if self.slow_ms is None:
            return PPM
        passed_ms = max(0, now_ms - self.slow_ms)
        return min(PPM, self.slow_ppm + RECOVERY_PPM * passed_ms // 1000)

    def per_second(self, now_ms: int) -> float:
        """Return the pace at ``now_ms``, recipients a second; 0 while no quota is known."""
        return (self.quota_milli or 0) * SHARE * self.factor_ppm(now_ms) / (1000 * PPM)

    def held(self, now_ms: int) -> bool:
        """Say whether nobody may send now."""
        return self.held_ms is not None and now_ms < self.held_ms

    def lacks(self, recipients: int) -> bool:
        """Say whether the day's quota is too small for ``recipients``."""
        return self.daily_left is not None and self.daily_left < recipients

    def refuses(self, recipients: int, now_ms: int) -> bool:
        """Say whether a reservation is refused: held, used up for the day, no quota known, or 0."""
        return not self.quota_milli or self.held(now_ms) or self.lacks(recipients)

    def stale(self, now_ms: int, changed_ms: int | None = None) -> bool:
        """Say whether SES should be asked for the quota again.

        Args:
            changed_ms: when the worker saw ``quota_ms`` become what it is, by the clock that says
                ``now_ms``; None: it saw no other. The row's time is of whoever asked, and clocks
                that differ by more than the minute would have every worker ask at every turn.

        Example:
            >>> [Terms(quota_ms=300_000).stale(5_000, ms) for ms in (None, 0, -55_000)]
            [True, False, True]

        """
        if self.quota_ms is None:
            return True
        asked_ms = self.quota_ms if changed_ms is None else changed_ms
        return abs(now_ms - asked_ms) >= QUOTA_LIFE_MS

    def quoted(self, quota: Quota, now_ms: int) -> "Terms":
        """Return the terms once SES told its quota."""
        milli = math.floor(quota.per_second * 1000)
        return replace(self, quota_milli=milli, daily_left=quota.daily_left, quota_ms=now_ms)

    def slower(self, now_ms: int) -> "Terms | None":
        """Return the terms after a throttle; None when one was heard of a moment ago."""
        if self.slow_ms is not None and now_ms - self.slow_ms < SLOWER_EVERY_MS:
            return None
        slow_ppm = max(SLOWEST_PPM, self.factor_ppm(now_ms) * SLOWER_PPM // PPM)
        return replace(self, slow_ppm=slow_ppm, slow_ms=now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What became of a reservation.

    Attributes:
        start_ms: when the call may be made; None: nothing was reserved, and ``terms`` say why.
        terms: what is shared, as the reservation found or left it.
        recipients: how many it is for.

    """

    terms: Terms
    start_ms: int | None = None
    recipients: int = 0

    def missed(self, now_ms: int) -> bool:
        """Say whether it is too late for the call, so that another slot is needed."""
        return self.start_ms is not None and now_ms > self.start_ms + LATE_MS

    def late(self, now_ms: int) -> int:
        """Return for how many recipients those behind make room when the call goes at ``now_ms``.

        As many as go in the time it is late; no more than its own, since a late call adds no more
        than those to a window.
        """
        if self.start_ms is None or now_ms <= self.start_ms:
            return 0
        people = math.ceil((now_ms - self.start_ms) * self.terms.per_second(now_ms) / 1000)
        return min(people, self.recipients)


def interval_us(recipients: int, per_second: float) -> int:
    """Return how long ``recipients`` messages take at ``per_second``, microseconds, rounded up.

    Example:
        >>> interval_us(50, 14.0)
        3571429

    Raises:
        InputError: fewer than one recipient, or a rate that is not above zero.

    """
    if recipients < 1 or not per_second > 0:
        raise InputError(
            code="bad_rate", detail="A send rate is above zero and for at least one recipient."
        )
    # Rounded up: the account's quota must not be passed by many small roundings.
    return -int(-recipients * 1_000_000 // per_second)


def start_ms(start_us: int) -> int:
    """Return the first whole millisecond at or after ``start_us``.

    Example:
        >>> start_ms(1_500_001)
        1501

    """
    return -(-start_us // US_PER_MS)


def reserve(free_at_us: int | None, now_us: int, take_us: int) -> tuple[int, int]:
    """Return when a reservation of ``take_us`` starts and when the slot is free again.

    Args:
        free_at_us: when the reservations so far end, Unix microseconds; None: never reserved.

    Example:
        >>> reserve(None, 1_000, 20), reserve(1_020, 1_005, 20), reserve(1_040, 9_000, 20)
        ((1000, 1020), (1020, 1040), (9000, 9020))

    """
    start = now_us if free_at_us is None else max(free_at_us, now_us)
    return start, start + take_us
