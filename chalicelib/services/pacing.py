# SPDX-License-Identifier: Apache-2.0
"""Keeping campaigns to what the account may send, together with every other worker.

Guarantees that SES is asked for the quota once a minute by all workers together, whatever their
clocks say, that a throttle slows all of them, and that a day's quota that is used up holds all of
them. Refuses nothing for want of a fresh quota while an older one is known.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.domain.campaigns import MAX_RECIPIENTS_PER_CALL
from chalicelib.domain.rate import HOLD_MS, QUOTA_LIFE_MS, WINDOW_MS, Slot, Terms
from chalicelib.errors import DependencyError
from chalicelib.ports.sending import Limit, RateSlot, Sender, Sent
from chalicelib.ports.system import Clock

log = logging.getLogger(__name__)

TELLING_MS: Final = 5
"""A late call is this much later once the others are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a worker saw of the last time SES was asked, by its own clock but for ``quota_ms``."""

    quota_ms: int | None
    changed_ms: int | None
    at_ms: int


class Pacer:
    """Reserves slots, and passes on what SES says of its limits."""

    def __init__(self, *, rate: RateSlot, sender: Sender, clock: Clock) -> None:
        self._rate = rate
        self._sender = sender
        self._clock = clock
        self._quota_milli: int | None = None
        self._look: _Look | None = None

    @property
    def call_size(self) -> int:
        """How many one call may carry: 50, or what the account last seen may send in a second."""
        if self._quota_milli is None:
            return MAX_RECIPIENTS_PER_CALL
        return max(1, min(MAX_RECIPIENTS_PER_CALL, self._quota_milli // 1000))

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

    def move(self, slot: Slot, *, must: bool) -> Slot | None:
        """Move whatever is not reserved yet back for a call that is late and goes now.

        Without it the calls behind would come too soon after this one. Where too much is reserved
        already, which nobody can move, a window would be passed all the same: then nothing is
        moved, unless it ``must`` be. Return the slot the call has now; None when it has none.
        """
        at_ms = self._clock.now_ms() + TELLING_MS
        people = slot.late(at_ms)
        if slot.start_ms is None or not people:
            return None
        latest_ms = None if must else slot.start_ms + WINDOW_MS
        try:
            is_moved = self._rate.charge(people, at_ms - TELLING_MS, latest_ms)
        except DependencyError:
            log.warning("the other workers were not told that a call is late")
            return None
        return replace(slot, start_ms=at_ms) if is_moved else None

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
        terms = slot.terms
        unknown = terms.quota_milli is None
        stale = terms.stale(now_ms, self._changed_ms(terms, now_ms))
        if not unknown and not (stale and self._rate.asks(terms.quota_ms, now_ms)):
            return False
        self._look = _Look(quota_ms=now_ms, changed_ms=now_ms, at_ms=now_ms)
        try:
            self._rate.note(self._sender.quota(), now_ms)
        except DependencyError:
            if unknown:
                raise
            log.warning("SES did not tell its quota; the one known goes on")
        return True

    def _changed_ms(self, terms: Terms, now_ms: int) -> int | None:
        """Return when this worker saw that SES was asked; None when it cannot say."""
        last, changed_ms = self._look, None
        if last is not None and last.quota_ms == terms.quota_ms:
            changed_ms = last.changed_ms
        elif last is not None and abs(now_ms - last.at_ms) < QUOTA_LIFE_MS:
            changed_ms = now_ms  # After a longer rest it may have been long ago.
        self._look = _Look(quota_ms=terms.quota_ms, changed_ms=changed_ms, at_ms=now_ms)
        return changed_ms
