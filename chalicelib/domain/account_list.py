# SPDX-License-Identifier: Apache-2.0
"""SES's own list of suppressed addresses beside ours: which of the two is right, what is next.

Guarantees that the later act wins: SES's, by the date on its list, or the person's own last
confirmation; and that a part of the list counts as compared only when all of it was. Refuses to go
nearer to the present than a day: what happens now is told by events.

The list is compared in windows of its dates. One that is too large for a run is halved in the
next; SES's own token for the rest of it may hold an address, so it is not kept.
Source: Amazon SES API reference v2, ListSuppressedDestinations.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chalicelib.domain.consent import fold
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import Event, SuppressionReason
from chalicelib.domain.hygiene import renewed_ms
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.state import SubjectState
from chalicelib.domain.suppression_rules import LIFTED_BY_CONFIRMATION

LISTED_REASONS: Final = frozenset({SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT})
"""What SES keeps an address for; nothing else of ours is ever put on its list."""
FIRST_MS: Final = 1_546_300_800_000
"""2019-01-01. SES has had the list since November of that year."""
STEP_MS: Final = 30 * DAY_MS
MIN_STEP_MS: Final = 60_000
MAX_STEP_MS: Final = 512 * DAY_MS
BEHIND_MS: Final = DAY_MS


def held_message(sid: SubjectId) -> dict[str, object]:
    """Return the queue message that has one person compared."""
    return {"v": 1, "held": sid}


def has_come_back(before: SubjectState, after: SubjectState) -> bool:
    """Say whether what kept all mail away has just been lifted: SES may keep it away still."""
    gone = {*before.suppressions} - {*after.suppressions}
    return any(x.brand is None and x.reason in LIFTED_BY_CONFIRMATION for x in gone)


class Winner(StrEnum):
    """Whose word holds for an address that SES lists."""

    PERSON = "person"
    SES = "ses"


def winner(since_ms: int, confirmed_ms: int | None) -> Winner:
    """Say who is right about an address that SES has listed since ``since_ms``.

    Args:
        confirmed_ms: when its person last confirmed; None: nobody ever did.

    Example:
        >>> winner(5, 9), winner(9, 5), winner(5, None)
        (<Winner.PERSON: 'person'>, <Winner.SES: 'ses'>, <Winner.SES: 'ses'>)
    """
    came_back = confirmed_ms is not None and since_ms <= confirmed_ms
    return Winner.PERSON if came_back else Winner.SES


def confirmed_ms(events: Iterable[Event]) -> int | None:
    """Return when the person last confirmed by their own act, withdrawn since or not.

    Args:
        events: the whole chain, in order.
    """
    state, times = SubjectState(), []
    for event in events:
        state = fold([event], state)
        times.append(renewed_ms(state))
    return max((at_ms for at_ms in times if at_ms is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of the list by its dates, from ``since_ms`` up to ``until_ms``."""

    since_ms: int
    until_ms: int

    @property
    def width_ms(self) -> int:
        """How long it is; `MIN_STEP_MS` cannot be halved."""
        return self.until_ms - self.since_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How far the list was compared, and what came of it.

    Attributes:
        done_ms: everything dated before this was.
        step_ms: width of the next window.
        run_ms: when it was last worked on; None: never.
        seen: addresses looked at; one that was looked at twice counts twice.
        added: suppressions made here because of them.
        removed: addresses taken off SES's list.
    """

    done_ms: int = FIRST_MS
    step_ms: int = STEP_MS
    run_ms: int | None = None
    seen: int = 0
    added: int = 0
    removed: int = 0

    def window(self, now_ms: int) -> Window | None:
        """Return what to compare next; None when nothing is left."""
        until_ms = min(self.done_ms + self.step_ms, now_ms - BEHIND_MS)
        if until_ms <= self.done_ms:
            return None
        return Window(since_ms=self.done_ms, until_ms=until_ms)

    def finished(self, window: Window) -> "Comparison":
        """Return it once the whole window was compared; the next may be twice as wide."""
        wider = min(2 * self.step_ms, MAX_STEP_MS)
        return replace(self, done_ms=window.until_ms, step_ms=wider)

    def unfinished(self, window: Window) -> "Comparison":
        """Return it once a run ended within the window: the next one is half as wide."""
        return replace(self, step_ms=max(window.width_ms // 2, MIN_STEP_MS))
