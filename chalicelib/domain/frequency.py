# SPDX-License-Identifier: Apache-2.0
"""How often somebody wants to be written to: at most n campaign mails a week, none until a date.

Guarantees that a cap holds for every seven days in a row, not for calendar weeks. Refuses caps
outside 1 to 7. It is a wish about rhythm and no consent: it can hold a mail back, never allow one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.domain.durations import DAY_MS
from chalicelib.errors import FatalError, InputError

WEEK_MS = 7 * DAY_MS
MAX_PER_WEEK = 7
"""The loosest cap: whoever takes more has none."""
RHYTHM_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """What the person chose; the default is no cap and no pause.

    Attributes:
        max_per_week: 1 to 7 campaign mails in any seven days; None for no cap.
        paused_until_ms: no campaign mail before this time, Unix milliseconds; None for no pause.

    Raises:
        InputError: the cap is out of range.
    """

    max_per_week: int | None = None
    paused_until_ms: int | None = None

    def __post_init__(self) -> None:
        """Refuse a cap that nobody can have chosen."""
        if self.max_per_week is not None and not 1 <= self.max_per_week <= MAX_PER_WEEK:
            raise InputError(
                code="bad_frequency",
                detail=f"Choose at most 1 to {MAX_PER_WEEK} mails a week, or no limit.",
            )

    def paused(self, at_ms: int) -> bool:
        """Say whether the person paused mail beyond ``at_ms``."""
        return self.paused_until_ms is not None and at_ms < self.paused_until_ms


NO_LIMIT = Frequency()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What is kept: the wish, and when the mails of the last seven days took their slots.

    Attributes:
        sent_ms: Unix milliseconds, oldest first; counted only while there is a cap.
    """

    frequency: Frequency = field(default=NO_LIMIT)
    sent_ms: tuple[int, ...] = ()


def take(rhythm: Rhythm, at_ms: int) -> Rhythm | None:
    """Return the rhythm with one more slot taken at ``at_ms``; None when none is free.

    None is free during a pause, or when the cap is reached by the seven days that end at
    ``at_ms``. Without a cap nothing is counted.
    """
    if rhythm.frequency.paused(at_ms):
        return None
    cap = rhythm.frequency.max_per_week
    if cap is None:
        return rhythm
    recent = tuple(sent for sent in rhythm.sent_ms if at_ms - sent < WEEK_MS)
    if len(recent) >= cap:
        return None
    return replace(rhythm, sent_ms=tuple(sorted((*recent, at_ms))))


def give_back(rhythm: Rhythm, at_ms: int) -> Rhythm:
    """Return the rhythm without one slot taken at ``at_ms``; unchanged when there is none."""
    if at_ms not in rhythm.sent_ms:
        return rhythm
    at = rhythm.sent_ms.index(at_ms)
    return replace(rhythm, sent_ms=rhythm.sent_ms[:at] + rhythm.sent_ms[at + 1 :])


def dump_rhythm(rhythm: Rhythm) -> dict[str, Any]:
    """Return the rhythm as plain data with its schema version."""
    return {
        "v": RHYTHM_VERSION,
        "max_per_week": rhythm.frequency.max_per_week,
        "paused_until_ms": rhythm.frequency.paused_until_ms,
        "sent_ms": list(rhythm.sent_ms),
    }


def load_rhythm(stored: Mapping[str, Any]) -> Rhythm:
    """Return the rhythm that `dump_rhythm` wrote.

    Raises:
        FatalError: it has a schema version this code does not know.
    """
    if stored.get("v") != RHYTHM_VERSION:
        raise FatalError("a stored rhythm has a schema version this code does not know")
    return Rhythm(
        frequency=Frequency(
            max_per_week=stored["max_per_week"], paused_until_ms=stored["paused_until_ms"]
        ),
        sent_ms=tuple(stored["sent_ms"]),
    )
