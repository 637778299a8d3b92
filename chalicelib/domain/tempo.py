# SPDX-License-Identifier: Apache-2.0
"""How fast a campaign goes at this moment, and how long it still takes.

Guarantees that a pause of long ago slows no number of now: what counts is the last minute, as far
as anybody looked, and the average since the first mail only where nobody did. Who is skipped takes
time as well, so what is left is reckoned by people accounted for, not by mails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from chalicelib.domain.campaigns import Progress

WINDOW_MS: Final = 60_000
"""The present: so far back looks count."""
SPAN_MS: Final = 5_000
"""Two looks closer together than this say nothing: chunks are committed fifty people at a time."""
_SHORTEST_MS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of a campaign at one time: mails accepted, and people accounted for."""

    at_ms: int
    sent: int = 0
    accounted: int = 0

    @classmethod
    def of(cls, progress: Progress, at_ms: int) -> Self:
        """Return the look that a progress read at ``at_ms`` is."""
        return cls(at_ms=at_ms, sent=progress.sent, accounted=progress.accounted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How fast a campaign goes.

    Attributes:
        per_second: mails accepted a second, to one decimal.
        seconds_left: until everybody planned so far is accounted for, rounded up; None when
            nothing moves.

    """

    per_second: float
    seconds_left: int | None

    @property
    def minutes_left(self) -> int | None:
        """The same in minutes, rounded up."""
        return None if self.seconds_left is None else -(-self.seconds_left // 60)


def of_now(looks: Sequence[Look], now_ms: int) -> tuple[Look, ...]:
    """Return the looks that still count.

    Example:
        >>> of_now([Look(at_ms=0), Look(at_ms=1)], 60_001)
        (Look(at_ms=1, sent=0, accounted=0),)

    """
    return tuple(look for look in looks if now_ms - WINDOW_MS <= look.at_ms <= now_ms)


def tempo(progress: Progress, looks: Sequence[Look], now_ms: int) -> Tempo:
    """Return how fast a campaign goes.

    Args:
        progress: read at ``now_ms``, Unix milliseconds.
        looks: earlier ones, oldest first; those too old are passed over.

    Example:
        >>> seen = Progress(planned=100, sent=40, first_ms=0, last_ms=10_000)
        >>> tempo(seen, [], 10_000)
        Tempo(per_second=4.0, seconds_left=15)

    """
    now = Look.of(progress, now_ms)
    since = _since(progress, looks, now_ms)
    span_ms = max(now_ms - since.at_ms, _SHORTEST_MS)
    sent, settled = now.sent - since.sent, now.accounted - since.accounted
    still_open = progress.planned - progress.accounted
    return Tempo(
        per_second=max(0.0, round(sent * 1000 / span_ms, 1)),
        seconds_left=-(-still_open * span_ms // (settled * 1000)) if settled > 0 else None,
    )


def _since(progress: Progress, looks: Sequence[Look], now_ms: int) -> Look:
    """Return what the present is compared with."""
    start = Look(at_ms=now_ms if progress.first_ms is None else progress.first_ms)
    if now_ms - start.at_ms <= WINDOW_MS:
        return start
    counted = of_now(looks, now_ms)
    return counted[0] if counted and now_ms - counted[0].at_ms >= SPAN_MS else start


def tens(progress: Progress) -> int:
    """Return how much of a campaign is done in whole tens of per cent; 0 while nobody is planned.

    Example:
        >>> tens(Progress(planned=3, sent=2)), tens(Progress())
        (60, 0)

    """
    return progress.accounted * 10 // progress.planned * 10 if progress.planned else 0
