# SPDX-License-Identifier: Apache-2.0
"""The sending rate of an account, counted in recipients as SES counts it.

It guarantees that over any window of s seconds at most capacity + rate·s recipients are accepted,
where the capacity is the larger of one second's quota and one call's recipients.
It refuses nothing to a message of several recipients while any rate is left; the debt is paid by
the next ones.

Source: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

MAX_RECIPIENTS_PER_CALL = 50


class TokenBucket:
    """A bucket that fills at the account's rate.

    Args:
        rate_per_second: recipients a second, above 0.
        now_ms: clock in milliseconds, never going back.
    """

    def __init__(self, rate_per_second: float, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = Lock()
        self._filled_ms = now_ms()
        self.set_rate(rate_per_second)

    def set_rate(self, rate_per_second: float) -> None:
        """Change the rate; the bucket starts full at the new capacity.

        Raises:
            ValueError: the rate is not above 0.
        """
        if not rate_per_second > 0:
            raise ValueError("the rate must be above 0")
        with self._lock:
            self.rate_per_second = rate_per_second
            one_call = max(1, min(MAX_RECIPIENTS_PER_CALL, int(rate_per_second)))
            self.capacity = max(rate_per_second, float(one_call))
            self._tokens = self.capacity
            self._filled_ms = self._now_ms()

    def take(self, recipients: int) -> bool:
        """Return whether a message to so many recipients may go now, and count it if so."""
        with self._lock:
            now = self._now_ms()
            elapsed_s = max(0, now - self._filled_ms) / 1000
            self._tokens = min(self.capacity, self._tokens + elapsed_s * self.rate_per_second)
            self._filled_ms = now
            if self._tokens < 1:
                return False
            self._tokens -= recipients
            return True
