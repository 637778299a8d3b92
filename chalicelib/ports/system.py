# SPDX-License-Identifier: Apache-2.0
"""Time and chance, the two things a decision must be given and never take."""

from typing import Protocol


class Clock(Protocol):
    """Wall-clock time. It may jump; nothing about safety may depend on it alone."""

    def now_ms(self) -> int:
        """Return the time now, Unix milliseconds."""
        ...

    def sleep_ms(self, duration_ms: int) -> None:
        """Wait for ``duration_ms`` milliseconds, 0 or more."""
        ...


class RandomBytes(Protocol):
    """Cryptographically strong random bytes."""

    def __call__(self, length: int) -> bytes:
        """Return ``length`` fresh bytes."""
        ...
