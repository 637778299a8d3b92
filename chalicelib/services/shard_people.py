# SPDX-License-Identifier: Apache-2.0
"""Whom a campaign is for in one shard: everybody on its list, or those its frozen segment chooses.

Guarantees ascending order, each person once, and a memory that does not grow with the shard. Who
cannot be asked is never chosen, and is counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from chalicelib.domain.frozen_segment import FrozenSegment
from chalicelib.domain.ids import ListId, SubjectId
from chalicelib.domain.segment_compile import Compiled
from chalicelib.domain.state import SOFT_OPT_IN, ConsentStatus
from chalicelib.ports.audience import AudienceStore
from chalicelib.services.segment_run import Judged, Verdict

PLANNED: Final = (ConsentStatus.GIVEN, SOFT_OPT_IN)
"""Who may be written to by their status on the list; the ledger has the last word at sending."""
_UNASKED: Final = (Verdict.UNREADABLE, Verdict.KEYLESS)


class SegmentPeople(Protocol):
    """What `services.segment_run.Evaluator` tells of everybody."""

    def people(
        self,
        compiled: Compiled,
        shard: str,
        list_id: ListId | None = None,
        statuses: Sequence[str] = (),
    ) -> Iterator[Judged]:
        """Yield everybody of a shard with their verdict, in ascending order of their ids."""
        ...


@dataclass(slots=True, kw_only=True)
class Asked:
    """How many were met so far; whole once the people are read to the end."""

    considered: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)

    @property
    def unreadable(self) -> int:
        """Whom the segment could not be asked about."""
        return sum(self.verdicts[verdict] for verdict in _UNASKED)


class ShardPeople:
    """Reads the people of shards."""

    def __init__(self, *, audience: AudienceStore, evaluator: SegmentPeople) -> None:
        self._audience = audience
        self._evaluator = evaluator

    def of(
        self, shard: str, list_id: ListId, segment: FrozenSegment | None, asked: Asked
    ) -> Iterator[SubjectId]:
        """Yield whom a campaign to a list, or to a segment of it, is for.

        Raises:
            DependencyError: what was yielded before is a part of the shard and nothing more.
        """
        if segment is None:
            for sid in self._audience.on_list(shard, list_id, *PLANNED):
                asked.considered += 1
                yield sid
            return
        for sid, verdict in self._evaluator.people(segment.compiled(), shard, list_id, PLANNED):
            asked.considered += 1
            asked.verdicts[verdict] += 1
            if verdict is Verdict.MATCHED:
                yield sid
