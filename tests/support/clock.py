# SPDX-License-Identifier: Apache-2.0
"""A clock that stands still until told, and repeatable randomness."""

import hashlib
from collections.abc import Callable

START_MS = 1_795_435_200_000
"""2026-11-23T12:00:00Z, the time of the examples in docs/spec."""


class FakeClock:
    """Time moves only by `advance` and `sleep_ms`; sleeping returns at once."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.time_ms = now_ms
        self.slept_ms: list[int] = []
        self.on_sleep: Callable[[int], None] | None = None

    def now_ms(self) -> int:
        return self.time_ms

    def sleep_ms(self, duration_ms: int) -> None:
        self.slept_ms.append(duration_ms)
        self.time_ms += duration_ms
        if self.on_sleep is not None:
            self.on_sleep(duration_ms)

    def advance(self, duration_ms: int) -> None:
        """Let ``duration_ms`` pass; negative sets the clock back, as real clocks are."""
        self.time_ms += duration_ms


class SeededRandom:
    """The same bytes for the same seed, never the same twice. Only for tests."""

    def __init__(self, seed: int = 1) -> None:
        self._stream = hashlib.shake_256(seed.to_bytes(8, "big"))

    def __call__(self, length: int) -> bytes:
        self._stream.update(b"next")
        return self._stream.digest(length)
