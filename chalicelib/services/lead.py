# SPDX-License-Identifier: Apache-2.0
"""How long before its slot a call's last steps have to begin: the last look, the mark, its rows.

Guarantees a span between none and `LONGEST_MS`, learnt from how long those steps took lately and
how much that varied, so that few calls miss their slot and what was looked at is never old.
"""

import math
from typing import Final

LONGEST_MS: Final = 250
"""What allows a mail is no older than about this when it goes."""
FIRST_MS: Final = 80
"""Before anything was learnt."""
WEIGHT: Final = 0.2
"""Of the latest span, in the mean and in the variance."""
SIGMAS: Final = 3.0
MARGIN_MS: Final = 80
"""Now and then a step takes longer than any before it; a slot that is missed is lost for a call."""


class Lead:
    """The span of one worker. An exponentially weighted mean and variance."""

    def __init__(self) -> None:
        self._mean_ms: float | None = None
        self._variance = 0.0

    @property
    def span_ms(self) -> int:
        """How long before the slot to begin, milliseconds."""
        if self._mean_ms is None:
            return FIRST_MS
        span_ms = self._mean_ms + SIGMAS * math.sqrt(self._variance) + MARGIN_MS
        return min(LONGEST_MS, math.ceil(span_ms))

    def took(self, span_ms: int) -> None:
        """Learn from one call; a clock that was set back tells nothing."""
        if span_ms < 0:
            return
        if self._mean_ms is None:
            self._mean_ms = float(span_ms)
            self._variance = (span_ms / 2.0) ** 2
            return
        off_ms = span_ms - self._mean_ms
        self._mean_ms += WEIGHT * off_ms
        self._variance = (1.0 - WEIGHT) * (self._variance + WEIGHT * off_ms * off_ms)
