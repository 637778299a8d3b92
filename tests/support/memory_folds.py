# SPDX-License-Identifier: Apache-2.0
"""Folded events in memory: the guarantees of the real ones, and the same contract suite."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.folding import Told
from chalicelib.domain.ids import CampaignId
from chalicelib.errors import FatalError
from chalicelib.ports.folds import Added, Unresolved
from tests.support.faults import Faults, Struck, no_faults


@dataclass(slots=True, kw_only=True)
class FoldRows:
    """Everything folded; outlives any store made over it. ``writes`` counts those of chunks."""

    chunks: dict[ChunkRef, Told] = field(default_factory=dict)
    watermark_ms: int | None = None
    unresolved: dict[CampaignId, tuple[int, int]] = field(default_factory=dict)
    writes: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)


class _Store:
    def __init__(self, rows: FoldRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else FoldRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[FoldRows]:
        return Struck(self.faults, name, self.rows)


class MemoryFolds(_Store):
    """`ports.folds.Folds` in memory."""

    def add(self, chunk: ChunkRef, told: Told) -> Added:
        before = self._add("Folds.add", chunk, told)
        return Added(before=before, known=before | told)

    def give_up(self, chunk: ChunkRef, places: Iterable[int]) -> Told:
        told = Told(given_up=frozenset(places))
        return self._add("Folds.give_up", chunk, told) | told

    def _add(self, call: str, chunk: ChunkRef, told: Told) -> Told:
        if told == Told():
            raise FatalError("nothing is told of a chunk; there is nothing to write")
        with self._call(call) as rows:
            rows.writes += 1
            before = rows.chunks.get(chunk, Told())
            rows.chunks[chunk] = before | told
            return before

    def of_chunk(self, chunk: ChunkRef) -> Told:
        with self._call("Folds.of_chunk") as rows:
            return rows.chunks.get(chunk, Told())

    def of_campaign(self, campaign: CampaignId) -> Iterator[Told]:
        with self._call("Folds.of_campaign") as rows:
            found = [told for chunk, told in rows.chunks.items() if chunk.campaign == campaign]
        yield from found


class MemoryWatermark(_Store):
    """`ports.folds.Watermark` in memory."""

    def note(self, at_ms: int) -> None:
        with self._call("Watermark.note") as rows:
            rows.watermark_ms = max(rows.watermark_ms or at_ms, at_ms)

    def latest_ms(self) -> int | None:
        with self._call("Watermark.latest_ms") as rows:
            return rows.watermark_ms


class MemoryUnresolvedCampaigns(_Store):
    """`ports.folds.UnresolvedCampaigns` in memory: next look and notes by campaign."""

    def note(self, campaign: CampaignId, now_ms: int, *, at_once: bool = False) -> None:
        with self._call("UnresolvedCampaigns.note") as rows:
            next_ms, notes = rows.unresolved.get(campaign, (now_ms, 0))
            rows.unresolved[campaign] = (now_ms if at_once else next_ms, notes + 1)

    def due(self, now_ms: int) -> tuple[Unresolved, ...]:
        with self._call("UnresolvedCampaigns.due") as rows:
            return tuple(
                Unresolved(campaign=campaign, notes=notes)
                for campaign, (next_ms, notes) in sorted(rows.unresolved.items())
                if next_ms <= now_ms
            )

    def postpone(self, seen: Unresolved, until_ms: int) -> None:
        with self._call("UnresolvedCampaigns.postpone") as rows:
            if rows.unresolved.get(seen.campaign, (0, -1))[1] == seen.notes:
                rows.unresolved[seen.campaign] = (until_ms, seen.notes)

    def drop(self, seen: Unresolved) -> None:
        with self._call("UnresolvedCampaigns.drop") as rows:
            if rows.unresolved.get(seen.campaign, (0, -1))[1] == seen.notes:
                del rows.unresolved[seen.campaign]
