# SPDX-License-Identifier: Apache-2.0
"""How fast a campaign goes at this moment, how long it still takes, and what holds it up.

Guarantees that a pause of long ago slows no number of now: what counts is what was committed in the
last minute. Who is skipped takes time as well, so what is left is reckoned by people accounted for,
not by mails, and never at more than the pace the account allows. Where it cannot be told, nothing
is promised.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.domain.campaigns import Progress
from chalicelib.domain.rate import HOLD_MS, QUOTA_LIFE_MS, Terms

WINDOW_MS: Final = 60_000
"""The present."""
_SHORTEST_MS: Final = 1_000
_HEARD_MS: Final = HOLD_MS + QUOTA_LIFE_MS
"""Whoever is held looks again within so long, and has SES asked: what is older holds nobody."""


class Held(StrEnum):
    """What keeps mails back that nobody has to do anything about."""

    DAILY_QUOTA = "daily_quota"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a worker wrote of a chunk last: mails accepted, and people accounted for."""

    at_ms: int
    sent: int
    accounted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How fast a campaign goes.

    Attributes:
        per_second: mails accepted a second, to one decimal.
        seconds_left: until everybody planned so far is accounted for, rounded up; None when
            nothing moves.
        held: what holds it up; no end is told then.

    """

    per_second: float
    seconds_left: int | None
    held: Held | None = None

    @property
    def minutes_left(self) -> int | None:
        """The same in minutes, rounded up."""
        return None if self.seconds_left is None else -(-self.seconds_left // 60)


def tempo(
    progress: Progress, commits: Sequence[Commit], now_ms: int, pace: float | None = None
) -> Tempo:
    """Return how fast a campaign goes that nothing holds up.

    Args:
        progress: read at ``now_ms``, Unix milliseconds.
        commits: of the last minute at least; older ones are passed over.
        pace: recipients a second that the account allows at most; None: not known.

    Example:
        >>> seen = Progress(planned=100, sent=40, first_ms=0, last_ms=10_000)
        >>> tempo(seen, [Commit(at_ms=9_000, sent=40, accounted=40)], 10_000)
        Tempo(per_second=4.0, seconds_left=15, held=None)

    """
    recent = [commit for commit in commits if commit.at_ms > now_ms - WINDOW_MS]
    sent = sum(commit.sent for commit in recent)
    settled = sum(commit.accounted for commit in recent)
    since_ms = now_ms - WINDOW_MS if progress.first_ms is None else progress.first_ms
    span_ms = min(max(now_ms - since_ms, _SHORTEST_MS), WINDOW_MS)
    return Tempo(
        per_second=round(sent * 1000 / span_ms, 1),
        seconds_left=_left(progress.open, settled, span_ms, pace),
    )


def _left(still_open: int, settled: int, span_ms: int, pace: float | None) -> int | None:
    if not settled:
        return None
    seconds = -(-still_open * span_ms // (settled * 1000))
    if not pace:
        return seconds
    at_pace = -(-still_open // pace)
    return max(seconds, int(at_pace)) if math.isfinite(at_pace) else None


def held(terms: Terms, people: int, now_ms: int) -> Held | None:
    """Return what keeps a call to ``people`` back.

    Example:
        >>> held(Terms(held_ms=5), 50, 4), held(Terms(held_ms=5), 50, 5)
        (<Held.DAILY_QUOTA: 'daily_quota'>, None)

    """
    heard = terms.quota_ms is not None and abs(now_ms - terms.quota_ms) <= _HEARD_MS
    used_up = terms.held(now_ms) or (heard and terms.lacks(people))
    return Held.DAILY_QUOTA if used_up else None


def tens(progress: Progress) -> int:
    """Return how much of a campaign is done in whole tens of per cent; 0 while nobody is planned.

    Example:
        >>> tens(Progress(planned=3, sent=2)), tens(Progress())
        (60, 0)

    """
    return progress.accounted * 10 // progress.planned * 10 if progress.planned else 0
