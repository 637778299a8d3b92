# SPDX-License-Identifier: Apache-2.0
"""What a campaign would do if it were sent now: the parts of sixteen shards, and their sum.

Guarantees that everybody considered is in exactly one place of the sum, and that nothing in it is
about a person but their random id beside a place in the template that fails for them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.domain.ids import SHARDS, SubjectId

MAX_SAMPLES: Final = 5
"""People named of those in a shard whose mail cannot be made."""
_PLACE: Final = re.compile(r"(?:Line (\d+) of the|The) (subject|HTML|MJML|text): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Somebody whose mail cannot be made, and where it fails; never what they wrote.

    Attributes:
        code: as in the refusal.
        part: ``subject``, ``HTML``, ``MJML`` or ``text``; None where it is the mail as a whole.
        line: of that part as it is sent, from 1.
    """

    sid: SubjectId
    code: str
    part: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, sid: SubjectId, code: str, detail: str) -> "Failing":
        """Return it from a refusal; of its detail nothing but the place is kept.

        Example:
            >>> about = "Line 3 of the HTML: 'dict object' has no attribute 'Anna'."
            >>> found = Failing.of("s", "bad_template", about)
            >>> (found.part, found.line)
            ('HTML', 3)
        """
        part, line, _ = place_of(detail)
        return cls(sid=sid, code=code, part=part, line=line)


def place_of(detail: str) -> tuple[str | None, int | None, str]:
    """Return part and line that the detail of a refusal names, and what it says of them."""
    place = _PLACE.match(detail)
    if place is None:
        return None, None, detail
    return place[2], int(place[1]) if place[1] else None, detail[place.end() :]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunPart:
    """What was found in one shard.

    Attributes:
        considered: on the list, with a status that allows mail.
        planned: those of them whom the segment chooses.
        unreadable: whom the segment could not be asked about.
        why_not: of those planned, who would not be mailed, by reason.
        failing: some of those who would not be for want of a mail that can be made.
    """

    shard: str
    considered: int
    planned: int
    unreadable: int = 0
    why_not: Mapping[str, int] = field(default_factory=dict)
    failing: tuple[Failing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunSum:
    """What all shards tell together; members are those of a part."""

    considered: int
    planned: int
    unreadable: int
    why_not: Mapping[str, int]
    failing: tuple[Failing, ...]

    @property
    def mailed(self) -> int:
        """Who would be mailed."""
        return self.planned - sum(self.why_not.values())


def summed(parts: Iterable[DryRunPart]) -> DryRunSum | None:
    """Return the sum once every shard has told its part; None before."""
    found = {part.shard: part for part in parts}
    if any(shard not in found for shard in SHARDS):
        return None
    why_not: Counter[str] = Counter()
    for part in found.values():
        why_not.update(part.why_not)
    return DryRunSum(
        considered=sum(part.considered for part in found.values()),
        planned=sum(part.planned for part in found.values()),
        unreadable=sum(part.unreadable for part in found.values()),
        why_not={reason: why_not[reason] for reason in sorted(why_not) if why_not[reason]},
        failing=tuple(each for shard in SHARDS for each in found[shard].failing)[:MAX_SAMPLES],
    )
