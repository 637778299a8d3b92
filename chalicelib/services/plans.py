# SPDX-License-Identifier: Apache-2.0
"""A campaign's plan as a whole: committed to the ledger once, then proven person by person.

Guarantees that the ledger holds one root over everybody planned, written when the last shard is,
whoever plans and however often; and that one person's place is found and proven from a few small
reads, however many were planned (docs/spec/proof-bundle.md section 1.2).
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.campaigns import (
    Campaign,
    find_place,
    record_range,
)
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SHARDS, SubjectId, shard_of
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.outside import Blobs
from chalicelib.ports.system import Clock
from chalicelib.proof.plans import BLOCK_RECORDS, PlanHasher, PlanIndex, prove_record
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.vocabulary import EventType

log = logging.getLogger(__name__)

PART_RECORDS = 128 * BLOCK_RECORDS
"""Records read at a time while a plan is hashed: under 1 MB."""
BINARY = "application/octet-stream"


def manifest_key(campaign: str, shard: str) -> str:
    """Return the blob key of a shard's manifest."""
    return f"manifests/v1/{campaign}/{shard}"


def plan_key(campaign: str) -> str:
    """Return the blob key of the index of a campaign's whole plan."""
    return f"manifests/v1/{campaign}/plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One person's place in a plan.

    Attributes:
        record: 28 bytes, subject id and delivery id.
        index, size: place in the whole plan, and how many it holds.
        path: audit path to the plan's root.

    """

    record: bytes
    index: int
    size: int
    path: tuple[bytes, ...]


class Plans:
    """Whole plans."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        campaigns: Campaigns,
        blobs: Blobs,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._campaigns = campaigns
        self._blobs = blobs
        self._clock = clock

    def commit(self, campaign: Campaign, counts: tuple[int, ...]) -> bool:
        """Commit to a whole plan of ``counts`` people in each shard; False when it was before.

        Idempotency key: the entry's id, which stands in the campaign from its start. Manifests
        never change, so two who come here at once compute one root, and one entry is written. A
        campaign started by a version that made no such promise has none.

        Raises:
            DependencyError: try again.

        """
        if campaign.plan_event is None or self._store.locate(campaign.plan_event) is not None:
            return False
        hasher = PlanHasher()
        for records in self._records(campaign, counts):
            hasher.add(records)
        # Both before the entry: whoever finds the entry finds them.
        self._campaigns.note_planned(campaign, self._clock.now_ms())
        self._blobs.put_new(plan_key(campaign.id), hasher.index(counts).encode(), BINARY)
        try:
            self._ledger.record(
                Draft(
                    type=EventType.CAMPAIGN_COMMITTED,
                    event=campaign.plan_event,
                    brand=campaign.brand,
                    channel=EMAIL,
                    lists=(campaign.list,),
                    purposes=(campaign.purpose,),
                    campaign=campaign.id,
                    content_sha256=campaign.content_sha256,
                    manifest_sha256=hasher.root().hex(),
                )
            )
        except Conflict:
            log.info("another planner committed to the plan first")
            return False
        return True

    def _records(self, campaign: Campaign, counts: tuple[int, ...]) -> Iterator[bytes]:
        for shard, count in zip(SHARDS, counts, strict=True):
            for first in range(0, count, PART_RECORDS):
                yield self._part(campaign.id, shard, first, min(first + PART_RECORDS, count))

    def _part(self, campaign: str, shard: str, first: int, last: int) -> bytes:
        if first >= last:
            return b""
        return self._blobs.get_range(manifest_key(campaign, shard), *record_range(first, last))

    def find(self, campaign: Campaign, sid: SubjectId, root: bytes) -> Place | None:
        """Return a person's place in the plan with this root; None when they were not planned.

        Raises:
            NotFound: the plan's index is gone.
            BrokenProof: what is stored is not the plan the ledger committed to.

        """
        blob = self._blobs.get(plan_key(campaign.id))
        if blob is None:
            raise NotFound("a campaign's plan is missing")
        plan = PlanIndex.decode(blob.data)
        shard = SHARDS.index(shard_of(sid))
        found = find_place(
            sid,
            plan.counts[shard],
            lambda first, last: self._part(campaign.id, SHARDS[shard], first, last),
        )
        if found is None:
            return None
        place, record = found
        index = plan.start(shard) + place
        path = prove_record(plan, index, root, lambda a, b: self._span(campaign.id, plan, a, b))
        return Place(record=record, index=index, size=plan.size, path=path)

    def _span(self, campaign: str, plan: PlanIndex, first: int, last: int) -> bytes:
        """The records from one place in the whole plan up to another, over as many shards."""
        parts = []
        for number, shard in enumerate(SHARDS):
            start = plan.start(number)
            begin, end = max(first, start), min(last, start + plan.counts[number])
            parts.append(self._part(campaign, shard, begin - start, end - start))
        return b"".join(parts)
