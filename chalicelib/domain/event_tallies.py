# SPDX-License-Identifier: Apache-2.0
"""Events of nobody: why an event led to no subscriber, counted by day.

Guarantees that a count names nobody: a reason, a type and a day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chalicelib.domain.durations import DAY_MS

KEEP_DAYS: Final = 400
"""How long a count is kept after its day."""
SHOWN_DAYS: Final = 14
"""How many days are shown, today the last of them."""
MAX_DAYS: Final = 60
"""How many days are read at once, at most."""


class WhyNobody(StrEnum):
    """Why an event is nobody's.

    Attributes:
        UNMATCHED: the mail went to an address that no subscriber has.
        FORWARDED: a mail to several was forwarded, and a mailbox answers that none of them is.
        UNADDRESSED: the event names no address that could be looked up.
    """

    UNMATCHED = "unmatched"
    FORWARDED = "forwarded"
    UNADDRESSED = "unaddressed"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OfNobody:
    """How many events of one day led to nobody.

    Attributes:
        day: days since 1970-01-01, UTC, of when the events happened.
        type: as SES spells it, one of `SesType`.
    """

    day: int
    why: WhyNobody
    type: str
    count: int


def summed(found: Iterable[OfNobody]) -> tuple[OfNobody, ...]:
    """Return one sum over all days for each type and reason; its day is the first of them."""
    sums: dict[tuple[str, WhyNobody], OfNobody] = {}
    for each in sorted(found):
        known = sums.get((each.type, each.why))
        more = each.count + (known.count if known else 0)
        sums[each.type, each.why] = replace(known or each, count=more)
    return tuple(sums[name] for name in sorted(sums))


def day_of(at_ms: int) -> int:
    """Return the day of a time in Unix milliseconds: days since 1970-01-01, UTC."""
    return at_ms // DAY_MS
