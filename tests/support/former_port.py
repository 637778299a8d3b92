# SPDX-License-Identifier: Apache-2.0
"""What version 1 of sending asked of its store of chunks; old rows were written by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from chalicelib.domain.campaigns import ChunkRef, Progress
from chalicelib.domain.ids import CampaignId, DeliveryId
from chalicelib.ports.sending import DeliveryRow, DeliverySeen


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A chunk is this owner's to send.

    Attributes:
        unsettled: places in the chunk, from 0, of those no earlier attempt settled; None:
            everybody.

    """

    unsettled: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkResult:
    """What one attempt at a chunk settled.

    Attributes:
        message_ids: SES's id by place in the chunk; None who was not sent to in this attempt.
        unsettled: places of those SES surely did not take and who may still be sent to; with
            any, the chunk becomes ``partial`` and can be claimed again for them alone.

    """

    sent: int
    rejected: int
    unknown: int
    skipped: Mapping[str, int]
    message_ids: tuple[str | None, ...]
    at_ms: int
    unsettled: tuple[int, ...] = ()


class ChunkStore(Protocol):
    """Claims on chunks and the rows of deliveries.

    A chunk is claimed by at most one worker at a time; once `dispatch` returned, no other claim
    of it succeeds but after a `release`, or a `commit` that leaves somebody unsettled. What a
    commit settled stays settled. Errors: `Conflict` (somebody else has it, or it is done),
    `Throttled`, `Unavailable`.
    """

    def claim(self, chunk: ChunkRef, owner: str, now_ms: int, lease_ms: int) -> Claim | None:
        """Claim it. None when done or dispatched; `Conflict` while another lease lives.

        Args:
            owner: names this one attempt and is never used again; claiming twice is harmless.

        """
        ...

    def dispatch(
        self,
        chunk: ChunkRef,
        owner: str,
        rows: Sequence[DeliveryRow],
        now_ms: int,
        skipped: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Mark the chunk dispatched (conditionally on the claim), then write its rows.

        Args:
            skipped: people left out in this attempt, by reason; kept with the mark so that a
                chunk that becomes unknown still accounts for everybody in it.

        """
        ...

    def release(self, chunk: ChunkRef, owner: str) -> None:
        """Give back a chunk dispatched or claimed when this attempt surely sent nothing of it."""
        ...

    def commit(self, chunk: ChunkRef, owner: str, result: ChunkResult) -> None:
        """Add what this attempt settled; the chunk is ``done``, or ``partial`` (`ChunkResult`).

        An outcome that comes late replaces unknown; who is unsettled then stays unknown for good.
        """
        ...

    def expire(self, campaign: CampaignId, shard: str, before_ms: int) -> int:
        """Turn chunks dispatched before ``before_ms`` and never committed to unknown; count them.

        Their rows then count as unknown, people skipped before the dispatch as skipped; what an
        earlier attempt settled stays as it is.
        """
        ...

    def finished(self, campaign: CampaignId, shard: str) -> frozenset[int]:
        """Return the numbers of a shard's chunks that need no message any more.

        One finished a moment ago may be missing; none is in it that is not finished for good.
        """
        ...

    def planned(self, campaign: CampaignId, shard: str, people: int) -> None:
        """Record how many people a shard plans; repeating is harmless."""
        ...

    def progress(self, campaign: CampaignId) -> tuple[Progress, int]:
        """Return the campaign's progress and how many shards (0 to 16) are planned."""
        ...

    def delivery(self, delivery: DeliveryId) -> DeliverySeen | None:
        """Return a delivery's row, read strongly, or None."""
        ...

    def observe(
        self, delivery: DeliveryId, event: str, rank: int, at_ms: int, message_id: str
    ) -> bool:
        """Fold one SES event into the row: the higher rank stays. False when nothing changed."""
        ...
