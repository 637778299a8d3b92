# SPDX-License-Identifier: Apache-2.0
"""Keeping campaigns to what the account may send, together with every other worker.

Guarantees that a call waits for its slot, that SES is asked for the quota once a minute by all
workers together, that a throttle slows all of them, and that a day's quota that is used up holds
all of them. Refuses nothing for want of a fresh quota while an older one is known.
"""

import logging
from collections.abc import Sequence

from chalicelib.domain.campaigns import MAX_RECIPIENTS_PER_CALL
from chalicelib.domain.rate import HOLD_MS, Slot
from chalicelib.errors import DependencyError
from chalicelib.ports.sending import Limit, RateSlot, Sender, Sent
from chalicelib.ports.system import Clock

log = logging.getLogger(__name__)


class Pacer:
    """Waits for slots, and passes on what SES says of its limits."""

    def __init__(self, *, rate: RateSlot, sender: Sender, clock: Clock) -> None:
        self._rate = rate
        self._sender = sender
        self._clock = clock
        self._quota_milli: int | None = None

    @property
    def call_size(self) -> int:
        """How many one call may carry: 50, or what the account last seen may send in a second."""
        if self._quota_milli is None:
            return MAX_RECIPIENTS_PER_CALL
        return max(1, min(MAX_RECIPIENTS_PER_CALL, self._quota_milli // 1000))

    def wait(self, recipients: int) -> bool:
        """Wait until ``recipients`` may be mailed; False when nobody may be for a while.

        Raises:
            DependencyError: no slot can be had, or no quota is known and SES does not tell it.
        """
        slot = self.reserve(recipients)
        now_ms = self._clock.now_ms()
        if slot.start_ms is None:
            return False
        if slot.start_ms > now_ms:
            self._clock.sleep_ms(slot.start_ms - now_ms)
        return True

    def heard(self, answers: Sequence[Sent]) -> None:
        """Tell all workers of the limits that SES named in these answers."""
        limits = {answer.limit for answer in answers}
        now_ms = self._clock.now_ms()
        try:
            if Limit.DAY in limits:
                self._rate.hold(now_ms + HOLD_MS)
            elif Limit.RATE in limits:
                self._rate.slow(now_ms)
        except DependencyError:
            # The answers are worth more than the pace: the next throttle tells it again.
            log.warning("the other workers were not told of a limit that SES named")

    def reserve(self, recipients: int, ahead_ms: int = 0) -> Slot:
        """Reserve a slot that starts in ``ahead_ms`` or later, and do not wait for it.

        Raises:
            DependencyError: no slot can be had, or no quota is known and SES does not tell it.
        """
        now_ms = self._clock.now_ms()
        slot = self._rate.reserve(recipients, now_ms + ahead_ms)
        if self._asks(slot, now_ms) and slot.start_ms is None:
            slot = self._rate.reserve(recipients, now_ms + ahead_ms)
        self._quota_milli = slot.terms.quota_milli
        return slot

    def _asks(self, slot: Slot, now_ms: int) -> bool:
        """Ask SES for the quota if it is this worker's turn; say whether anything may be new."""
        unknown = slot.terms.quota_milli is None
        if not unknown and not (slot.terms.stale(now_ms) and self._rate.asks(now_ms)):
            return False
        try:
            self._rate.note(self._sender.quota(), now_ms)
        except DependencyError:
            if unknown:
                raise
            log.warning("SES did not tell its quota; the one known goes on")
        return True
