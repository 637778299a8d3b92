# SPDX-License-Identifier: Apache-2.0
"""Which operation campaign mail leaves by: one call for fifty people, or one for each.

Guarantees that a mode the operator chose stays, and that a choice left to us goes back from single
to bulk by itself unless SES said that the account may not use bulk at all. Refuses to read a limit
on recipients into an answer about calls: SES tells the former entry by entry.
"""

import logging
import threading
from collections import deque
from enum import StrEnum
from typing import Final

from chalicelib.domain.signals import Signal
from chalicelib.ports.sending import Limit, Sent
from chalicelib.ports.system import Clock

CALLS_LOOKED_AT: Final = 5
THROTTLED_CALLS: Final = 3
"""Of so many bulk calls so many throttled as a whole mean: this account takes too few of them."""
SINGLE_FOR_MS: Final = 10 * 60 * 1000
"""Then mails go one by one for so long."""

_SIGNAL: Final = {"signal": Signal.SINGLE_MODE}

log = logging.getLogger(__name__)


class SendMode(StrEnum):
    """Which operation carries campaign mail. Auto is bulk, and single where bulk does not work."""

    AUTO = "auto"
    BULK = "bulk"
    SINGLE = "single"


class ModeSwitch:
    """The mode of one process.

    Args:
        chosen: what the operator wants.
        clock: says when bulk may be tried again.
    """

    def __init__(self, chosen: SendMode, clock: Clock) -> None:
        self._chosen = chosen
        self._clock = clock
        self._refused = False
        self._single_since_ms: int | None = None
        self._throttled: deque[bool] = deque(maxlen=CALLS_LOOKED_AT)
        self._lock = threading.Lock()

    @property
    def now(self) -> SendMode:
        """Bulk or single."""
        if self._chosen is not SendMode.AUTO:
            return self._chosen
        since_ms = self._single_since_ms
        if self._refused or since_ms is None:
            return SendMode.SINGLE if self._refused else SendMode.BULK
        # A clock set back must not keep mails single for longer.
        held = 0 <= self._clock.now_ms() - since_ms < SINGLE_FOR_MS
        return SendMode.SINGLE if held else SendMode.BULK

    def refused(self) -> None:
        """Note that the account may not use bulk calls, or that SES does not know them."""
        if self._chosen is SendMode.AUTO and not self._refused:
            self._refused = True
            log.warning(
                "SES does not take bulk calls of this account; mails go one by one", extra=_SIGNAL
            )

    def heard(self, answer: Sent | None) -> None:
        """Note how SES answered one bulk call.

        Every call waits for a slot of the account's rate, so what a throttle of the whole call
        says again and again is that calls come too often, not recipients.

        Args:
            answer: what it said of the call as a whole; None: it answered entry by entry.
        """
        with self._lock:
            self._throttled.append(answer is not None and answer.limit is Limit.RATE)
            if self._chosen is not SendMode.AUTO or sum(self._throttled) < THROTTLED_CALLS:
                return
            self._throttled.clear()
            self._single_since_ms = self._clock.now_ms()
        log.warning("SES throttles bulk calls; mails go one by one for ten minutes", extra=_SIGNAL)
