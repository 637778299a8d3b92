# SPDX-License-Identifier: Apache-2.0
"""The machine's clock, set ahead: leases end and silences pass without anybody waiting for them."""

from chalicelib.adapters.system import SystemClock


class MovedClock(SystemClock):
    """Time goes on as it does, so much ahead."""

    def __init__(self, ahead_ms: int = 0) -> None:
        self.ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    def advance(self, duration_ms: int) -> None:
        """Let ``duration_ms`` more pass at once."""
        self.ahead_ms += duration_ms
