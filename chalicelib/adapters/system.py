# SPDX-License-Identifier: Apache-2.0
"""The machine's own clock and randomness, behind `ports/system.py`, and how a process keeps house.

The only place in the product that reads either; everything else is given them.
"""

import gc
import os
import time
from typing import Final

_ALLOCATIONS: Final = 50_000
"""Objects made before the collector looks at the youngest; Python's own default is 700."""
_YOUNG_TURNS: Final = 20
_OLD_TURNS: Final = 100


def collect_less_often() -> None:
    """Let this process look for cyclic garbage seldom: what it reads by the page has no cycles.

    A page of a thousand rows is several thousand dictionaries, freed by their reference counts when
    it is done with; looking through them, and through the SDK, took a quarter of a shard's reading.
    """
    gc.set_threshold(_ALLOCATIONS, _YOUNG_TURNS, _OLD_TURNS)


class SystemClock:
    """The wall clock of this machine."""

    def now_ms(self) -> int:
        """Return the time now, Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def sleep_ms(self, duration_ms: int) -> None:
        """Wait for ``duration_ms`` milliseconds, 0 or more."""
        time.sleep(duration_ms / 1000)


class SystemRandom:
    """The kernel's random number generator."""

    def __call__(self, length: int) -> bytes:
        """Return ``length`` bytes fit for keys. Source: getrandom(2)."""
        return os.urandom(length)  # noqa: TID251 -- this is the port's one implementation
