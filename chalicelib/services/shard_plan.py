# SPDX-License-Identifier: Apache-2.0
"""Planning one shard of a campaign: who is to be mailed in it, written once.

Guarantees that a shard is planned once for good, whoever plans it and how often: the first manifest
stands, and what is told of it is told of that one. People are chosen as they were when the campaign
started, by what was frozen then; those of a retry are its parent's. Refuses to plan by a segment
that is not the frozen one, and to let the whole list stand in for it.
"""

import logging
from collections.abc import Iterator

from chalicelib.domain.campaigns import (
    Campaign,
    CampaignStatus,
    manifest_length,
    pack_people,
    read_sids,
    record_range,
)
from chalicelib.domain.content_document import FrozenContent
from chalicelib.domain.ids import DELIVERY_ID_BYTES, SubjectId
from chalicelib.domain.runs import Totals
from chalicelib.errors import NotFound
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.outside import Blobs
from chalicelib.ports.runs import PlanTotals
from chalicelib.ports.system import RandomBytes
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.plan_gate import PlanGate
from chalicelib.services.plans import BINARY, manifest_key
from chalicelib.services.rehearsal import Rehearsal, rehearses
from chalicelib.services.retried_people import RetriedPeople
from chalicelib.services.shard_people import Asked, ShardPeople

log = logging.getLogger(__name__)

PLANNABLE = (CampaignStatus.SENDING, CampaignStatus.PAUSED, CampaignStatus.CANCELLED)
"""A pause keeps the mail back, not the plan; who was cancelled is accounted for by the plan."""


class ShardPlanner:
    """Turns a shard of a started campaign into an immutable manifest."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        contents: FrozenContents,
        people: ShardPeople,
        retried: RetriedPeople,
        rehearsal: Rehearsal,
        blobs: Blobs,
        totals: PlanTotals,
        gate: PlanGate,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._contents = contents
        self._people = people
        self._retried = retried
        self._rehearsal = rehearsal
        self._blobs = blobs
        self._totals = totals
        self._gate = gate
        self._random = random

    def plan(self, campaign_id: str, shard: str) -> int:
        """Plan one shard and return how many people it holds; the last one comes to the gate.

        Idempotency key: campaign and shard. Of a campaign that was let go nothing is planned any
        more; messages of its unfinished chunks are made again.

        Raises:
            NotFound: there is no such campaign, or what it froze is gone.
            Conflict, DependencyError: come again.
            FatalError: what it froze is not what it started with.
        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        if campaign.status not in PLANNABLE or not campaign.unfinished:
            return 0
        if campaign.go_ms is not None:
            self._gate.arrive(campaign, Totals())
            return 0
        content = self._contents.of(campaign)
        tries = rehearses(content) and campaign.status is not CampaignStatus.CANCELLED
        data, size = self._manifest(campaign, content, shard, is_read=tries)
        people = manifest_length(size)
        errors = 0
        if tries and people:
            errors = self._rehearsal.shard(campaign, content, shard, _sids(data)).errors
        totals = self._totals.planned(campaign.id, shard, people, errors)
        if totals.whole:
            self._gate.arrive(campaign, totals)
        return people

    def _manifest(
        self, campaign: Campaign, content: FrozenContent, shard: str, *, is_read: bool
    ) -> tuple[bytes, int]:
        """Write the manifest where there is none; return the one that stands, and its length.

        Somebody else's is read only where ``is_read``.
        """
        key = manifest_key(campaign.id, shard)
        manifest = pack_people(
            (sid, self._random(DELIVERY_ID_BYTES)) for sid in self._chosen(campaign, content, shard)
        )
        if self._blobs.put_new(key, manifest, BINARY):
            return manifest, len(manifest)
        if not is_read:
            return b"", self._blobs.size(key) or 0
        stored = self._blobs.get(key)
        if stored is None:
            raise NotFound("a campaign's manifest is missing")
        return stored.data, len(stored.data)

    def _chosen(
        self, campaign: Campaign, content: FrozenContent, shard: str
    ) -> Iterator[SubjectId]:
        if campaign.retry_of is not None:
            yield from self._retried.of(campaign, shard)
            return
        segment, asked = self._contents.segment(content), Asked()
        yield from self._people.of(shard, campaign.list, segment, asked)
        if asked.unreadable:
            log.error(
                "campaign %s, shard %s: %d people could not be asked, and are not planned",
                campaign.id,
                shard,
                asked.unreadable,
            )


def _sids(manifest: bytes) -> Iterator[SubjectId]:
    first, _ = record_range(0, 0)
    return read_sids(manifest[first:])
