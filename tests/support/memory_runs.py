# SPDX-License-Identifier: Apache-2.0
"""Runs, marks and accounts in memory: the guarantees of the real ones, and the same contract suite.

Chunks of version 1 are those of `tests.support.memory_sending`, over the same rows: what is marked
here can no longer be claimed or dispatched there.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.campaigns import ChunkRef, ChunkStatus
from chalicelib.domain.ids import SHARDS, CampaignId, DeliveryId
from chalicelib.domain.outcomes import (
    Counted,
    OutcomeCode,
    Tally,
    expired,
    given_back,
    resolve,
    status_of,
    tell,
)
from chalicelib.domain.runs import ChunkView, Mark, RunRef, Settled, Totals, joined
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.runs import MessagePlace
from chalicelib.ports.sending import DeliveryRow, DeliverySeen
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_sending import ChunkRow, MemoryChunks, SendingRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A run as leased."""

    owner: str
    until_ms: int
    tries: int


@dataclass(slots=True, kw_only=True)
class RunRows:
    """Everything stored of runs and chunks; outlives any store made over it."""

    former: SendingRows = field(default_factory=SendingRows)
    chunks: dict[ChunkRef, ChunkView] = field(default_factory=dict)
    leases: dict[tuple[CampaignId, str, int], Lease] = field(default_factory=dict)
    totals: dict[CampaignId, Totals] = field(default_factory=dict)

    @property
    def lock(self) -> threading.RLock:
        """One lock with the rows of version 1."""
        return self.former.lock

    def view(self, chunk: ChunkRef) -> ChunkView:
        """A chunk as it is now, whichever version wrote it."""
        if chunk in self.chunks:
            return self.chunks[chunk]
        row = self.former.chunks.get(chunk)
        return ChunkView(chunk=chunk) if row is None else _former_view(chunk, row)

    def mark(self, mark: Mark) -> None:
        """Put a mark's row in the place of what its view saw, closed to version 1 for good."""
        old = self.former.chunks.get(mark.chunk)
        self.former.chunks[mark.chunk] = ChunkRow(
            status=ChunkStatus.DISPATCHED,
            owner=None,
            lease_ms=0,
            rounds=() if old is None else old.rounds,
        )
        self.chunks[mark.chunk] = ChunkView(
            chunk=mark.chunk,
            version=2,
            status=status_of(mark.codes),
            owner=mark.owner,
            round=mark.round,
            codes=mark.codes,
            message_ids=mark.view.message_ids,
            dispatched_ms=mark.at_ms,
            at_ms=mark.view.at_ms if mark.people else mark.at_ms,
        )

    def of_shard(self, campaign: CampaignId, shard: str) -> list[ChunkView]:
        """Every chunk of a shard that has a row, by number."""
        refs = {*self.chunks, *self.former.chunks}
        found = [ref for ref in refs if (ref.campaign, ref.shard) == (campaign, shard)]
        return [self.view(ref) for ref in sorted(found, key=lambda ref: ref.number)]


def _former_view(chunk: ChunkRef, row: ChunkRow) -> ChunkView:
    ids: tuple[str | None, ...] = ()
    for result in (*row.rounds, *((row.result,) if row.result else ())):
        ids = joined(ids, result.message_ids)
    return ChunkView(
        chunk=chunk,
        version=1,
        status=row.status,
        owner=row.owner,
        unsettled=row.unsettled,
        message_ids=ids,
        dispatched_ms=row.dispatched_ms,
        lease_ms=row.lease_ms,
    )


class _Store:
    def __init__(self, rows: RunRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else RunRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[RunRows]:
        return Struck(self.faults, name, self.rows)


class MemoryRuns(_Store):
    """`ports.runs.RunStore` in memory.

    `dispatch` is two calls to a fault: ``RunStore.dispatch`` (the mark), then
    ``RunStore.dispatch_rows``.
    """

    def lease(self, run: RunRef, owner: str, now_ms: int, lease_ms: int) -> int:
        with self._call("RunStore.lease") as rows:
            place = (run.campaign, run.shard, run.first)
            old = rows.leases.get(place)
            if old is not None and old.until_ms >= now_ms:
                if old.owner != owner:
                    raise Conflict("the run is another worker's")
                return old.tries
            tries = 1 if old is None else old.tries + 1
            rows.leases[place] = Lease(owner=owner, until_ms=now_ms + lease_ms, tries=tries)
            return tries

    def close(self, run: RunRef, owner: str, *, counted: bool) -> None:
        with self._call("RunStore.close") as rows:
            place = (run.campaign, run.shard, run.first)
            old = rows.leases.get(place)
            if old is not None and old.owner == owner and old.until_ms:
                tries = old.tries if counted else old.tries - 1
                rows.leases[place] = replace(old, until_ms=0, tries=tries)

    def view(self, run: RunRef) -> tuple[ChunkView, ...]:
        with self._call("RunStore.view") as rows:
            return tuple(map(rows.view, run.chunks))

    def dispatch(self, mark: Mark, rows: Sequence[DeliveryRow]) -> None:
        if len(rows) != mark.people:
            raise FatalError("a mark has one delivery row for each person dispatched")
        with self._call("RunStore.dispatch") as stored:
            now = stored.view(mark.chunk)
            if not mark.begun(now):
                if not _unchanged(now, mark.view):
                    raise Conflict("the chunk is not this mark's")
                stored.mark(mark)
        with self._call("RunStore.dispatch_rows") as stored:
            for row in rows:
                stored.former.deliveries[row.delivery] = DeliverySeen(
                    row=row, event=None, event_ms=None, message_id=None
                )

    def commit(self, mark: Mark, settled: Settled) -> None:
        settled.require_of(mark)
        with self._call("RunStore.commit") as rows:
            now = rows.view(mark.chunk)
            if not mark.holds(now) or now.codes is None:
                raise Conflict("the chunk is not this mark's")
            codes = tell(now.codes, settled.codes)
            if codes == now.codes:
                return
            ids = joined(mark.view.message_ids, settled.message_ids)
            rows.chunks[mark.chunk] = replace(
                _with(now, codes), message_ids=ids, at_ms=settled.at_ms
            )

    def release(self, mark: Mark) -> None:
        with self._call("RunStore.release") as rows:
            now = rows.view(mark.chunk)
            if not mark.holds(now) or now.codes is None or mark.opened(now.codes):
                return
            if now.status is not ChunkStatus.DISPATCHED:
                raise Conflict("the mark was committed, or called unknown, before")
            rows.chunks[mark.chunk] = _with(now, given_back(now.codes))


def _unchanged(now: ChunkView, seen: ChunkView) -> bool:
    if now.version == seen.version == 2:
        return (now.codes, now.round) == (seen.codes, seen.round)
    return now == seen


def _with(view: ChunkView, codes: bytes) -> ChunkView:
    return replace(view, codes=codes, status=status_of(codes))


class MemoryChunkAccounts(_Store):
    """`ports.runs.ChunkAccounts` in memory."""

    def expire(self, campaign: CampaignId, shard: str, before_ms: int) -> int:
        with self._call("ChunkAccounts.expire") as rows:
            stale = [
                view
                for view in rows.of_shard(campaign, shard)
                if view.status is ChunkStatus.DISPATCHED and (view.dispatched_ms or 0) < before_ms
            ]
            for view in stale:
                if view.codes is None:
                    old = rows.former.chunks[view.chunk]
                    rows.former.chunks[view.chunk] = replace(old, status=ChunkStatus.UNKNOWN)
                else:
                    rows.chunks[view.chunk] = _with(view, expired(view.codes))
            return len(stale)

    def resolve(self, view: ChunkView, told: Mapping[int, OutcomeCode]) -> bool:
        if view.codes is None:
            raise FatalError("a chunk of version 1 does not say who is unknown")
        codes = resolve(view.codes, told)
        with self._call("ChunkAccounts.resolve") as rows:
            now = rows.view(view.chunk)
            if now.codes == view.codes:
                rows.chunks[view.chunk] = _with(now, codes)
            return now.codes in (view.codes, codes)

    def finished(self, campaign: CampaignId, shard: str) -> frozenset[int]:
        with self._call("ChunkAccounts.finished") as rows:
            views = rows.of_shard(campaign, shard)
            return frozenset(view.chunk.number for view in views if view.finished)

    def chunks(self, campaign: CampaignId, shard: str) -> Iterator[ChunkView]:
        with self._call("ChunkAccounts.chunks") as rows:
            views = rows.of_shard(campaign, shard)
        yield from views

    def find_message(self, campaign: CampaignId, message_id: str) -> MessagePlace | None:
        with self._call("ChunkAccounts.find_message") as rows:
            for shard in SHARDS:
                for view in rows.of_shard(campaign, shard):
                    if message_id in view.message_ids:
                        place = view.message_ids.index(message_id)
                        return MessagePlace(chunk=view.chunk, place=place)
            return None

    def progress(self, campaign: CampaignId) -> tuple[Counted, int]:
        with self._call("ChunkAccounts.progress") as rows:
            people = dict(rows.totals.get(campaign, Totals()).people)
            for (of, shard), planned in rows.former.totals.items():
                if of == campaign:
                    people.setdefault(shard, planned)
            tally = Tally()
            for shard in SHARDS:
                for view in rows.of_shard(campaign, shard):
                    if view.codes is not None:
                        tally.add(view.codes, view.at_ms)
            former, _ = MemoryChunks(rows.former).progress(campaign)
            return tally.counted(sum(people.values()), former), len(people)


class MemoryPlanTotals(_Store):
    """`ports.runs.PlanTotals` in memory."""

    def planned(
        self, campaign: CampaignId, shard: str, people: int, render_errors: int = 0
    ) -> Totals:
        with self._call("PlanTotals.planned") as rows:
            old = rows.totals.get(campaign, Totals())
            if old.people.get(shard, people) != people:
                raise Conflict("the shard planned another number of people before")
            rows.totals[campaign] = replace(
                old,
                people={shard: people, **old.people},
                render_errors={shard: render_errors, **old.render_errors},
            )
            return rows.totals[campaign]

    def go(self, campaign: CampaignId, now_ms: int) -> Totals:
        with self._call("PlanTotals.go") as rows:
            old = rows.totals.get(campaign, Totals())
            if not old.whole:
                raise Conflict("a shard of the campaign is not planned yet")
            rows.totals[campaign] = replace(old, go_ms=old.go_ms or now_ms)
            return rows.totals[campaign]

    def totals(self, campaign: CampaignId) -> Totals:
        with self._call("PlanTotals.totals") as rows:
            return rows.totals.get(campaign, Totals())


class MemoryDeliveries(_Store):
    """`ports.runs.Deliveries` in memory, over the rows every version writes alike."""

    def delivery(self, delivery: DeliveryId) -> DeliverySeen | None:
        with self._call("Deliveries.delivery") as rows:
            return MemoryChunks(rows.former).delivery(delivery)

    def observe(
        self, delivery: DeliveryId, event: str, rank: int, at_ms: int, message_id: str
    ) -> bool:
        with self._call("Deliveries.observe") as rows:
            return MemoryChunks(rows.former).observe(delivery, event, rank, at_ms, message_id)
