# SPDX-License-Identifier: Apache-2.0
"""Runs of chunks: leases, marks, what came of them, and the sums over a campaign.

The protocol that uses these is docs/spec/sending.md, version 2. Safety rests on `RunStore.dispatch`
alone; a lease only keeps two workers from doing the same work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.ids import CampaignId, DeliveryId
from chalicelib.domain.outcomes import Counted, OutcomeCode
from chalicelib.domain.runs import ChunkView, Mark, RunRef, Settled, Totals
from chalicelib.ports.sending import DeliveryRow, DeliverySeen


class RunStore(Protocol):
    """What a worker does with a run.

    Of all marks made from one view of a chunk at most one is ever written, whatever the clocks and
    however often the queue brings its run; only its owner learns so, and only the owner may call
    SES. Errors of every call: `Conflict` (somebody else was first), `Throttled`, `Unavailable`
    (whether it was written is not known).
    """

    def lease(self, run: RunRef, owner: str, now_ms: int, lease_ms: int) -> int:
        """Take a run and return how often it was taken without an end, this time included.

        Repeating it is harmless.

        Args:
            owner: names this one hold of the run and is never used again.

        Raises:
            Conflict: another worker's lease has not ended.

        """
        ...

    def close(self, run: RunRef, owner: str, *, counted: bool) -> None:
        """Give a run back before its lease ends; harmless when it is not ``owner``'s any more.

        Args:
            counted: whether this time counts among those without an end: False when a service
                failed, or the time was up, which says nothing of the run.

        """
        ...

    def view(self, run: RunRef) -> tuple[ChunkView, ...]:
        """Return every chunk of the run, in order, read strongly."""
        ...

    def dispatch(self, mark: Mark, rows: Sequence[DeliveryRow]) -> None:
        """Write the mark on condition that its view still holds, then every row.

        Repeating the very same is harmless. SES may be called only after this returned. After any
        error but `Conflict` the mark may be there: `release` it.

        Args:
            rows: one for each person dispatched.

        Raises:
            Conflict: the chunk was marked by another since the view, or this mark is past.
            Throttled: not every row was stored.
            FatalError: the rows are not one for each person dispatched.

        """
        ...

    def commit(self, mark: Mark, settled: Settled) -> None:
        """Write what came of a mark; repeating is harmless.

        Comes it after the chunk was called unknown, then what is told is merged with what SES's
        events told meanwhile, and who is told to be open is `UNSENT`.

        Raises:
            Conflict: the chunk is not held by this mark, or was given back by it.
            FatalError: the outcome cannot have come of this mark; nothing was written.

        """
        ...

    def release(self, mark: Mark) -> None:
        """Open everybody dispatched by a mark of which SES surely took nobody.

        Who was skipped stays skipped. Repeating is harmless, and so is a mark never written.

        Raises:
            Conflict: the mark was committed, or called unknown, before.

        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePlace:
    """Whose message an id of SES is: a chunk, and the place in it from 0."""

    chunk: ChunkRef
    place: int


class ChunkAccounts(Protocol):
    """What is known of everybody in a campaign, chunk by chunk, also of rows of version 1.

    Errors of every call: `Throttled`, `Unavailable`.
    """

    def expire(self, campaign: CampaignId, shard: str, before_ms: int) -> int:
        """Turn who was dispatched before ``before_ms`` and not committed to unknown; count chunks.

        A worker that was only slow may still commit.

        """
        ...

    def resolve(self, view: ChunkView, told: Mapping[int, OutcomeCode]) -> bool:
        """Tell of places whose answer is lost what SES's events say; False: the chunk changed.

        Args:
            told: `RESOLVED_SENT` or `UNSENT` by place.

        Raises:
            FatalError: something else is told, or the chunk has no codes (version 1: what is
                unknown there stays so).

        """
        ...

    def finished(self, campaign: CampaignId, shard: str) -> frozenset[int]:
        """Return the numbers of a shard's chunks that need no message any more.

        One finished a moment ago may be missing; none is in it that is not finished for good.

        """
        ...

    def chunks(self, campaign: CampaignId, shard: str) -> Iterator[ChunkView]:
        """Yield every chunk of a shard that has a row, by number, read strongly."""
        ...

    def find_message(self, campaign: CampaignId, message_id: str) -> MessagePlace | None:
        """Return whose message an id of SES is; None: nobody's in this campaign, as far as known.

        Reads every chunk of the campaign.

        """
        ...

    def progress(self, campaign: CampaignId) -> tuple[Counted, int]:
        """Return everybody by outcome, and how many shards (0 to 16) are planned.

        It may lag behind a commit, and never counts anybody twice.

        """
        ...


class PlanTotals(Protocol):
    """What a campaign's shards plan, in one row.

    Errors of every call: `Throttled`, `Unavailable`.
    """

    def planned(
        self, campaign: CampaignId, shard: str, people: int, render_errors: int = 0
    ) -> Totals:
        """Record what a shard plans and return all that is planned; repeating is harmless.

        Raises:
            Conflict: another number was recorded before; a plan never changes.

        """
        ...

    def go(self, campaign: CampaignId, now_ms: int) -> Totals:
        """Let the whole plan go, once; the first time stands.

        Raises:
            Conflict: a shard is not planned yet.

        """
        ...

    def totals(self, campaign: CampaignId) -> Totals:
        """Return what is planned, read strongly."""
        ...


class Deliveries(Protocol):
    """Delivery rows: who was about to be mailed, and what SES said since.

    Errors of every call: `Throttled`, `Unavailable`.
    """

    def delivery(self, delivery: DeliveryId) -> DeliverySeen | None:
        """Return a delivery's row, read strongly, or None."""
        ...

    def observe(
        self, delivery: DeliveryId, event: str, rank: int, at_ms: int, message_id: str
    ) -> bool:
        """Fold one SES event into the row: the higher rank stays. False when nothing changed."""
        ...
