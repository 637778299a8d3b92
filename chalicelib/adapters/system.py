# SPDX-License-Identifier: Apache-2.0
"""The machine's own clock and randomness, behind `ports/system.py`.

The only place in the product that reads either; everything else is given them.
"""

import os
import time


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
