# SPDX-License-Identifier: Apache-2.0
"""Planning a campaign: who is to be mailed in each shard, written once, and the chunk messages.

Guarantees that a shard is planned once for good, whoever plans it and how often, that a chunk
whose outcome stands gets no message any more, and that the ledger commits to the whole plan.
"""

from collections.abc import Iterator

from chalicelib.domain.campaigns import (
    Campaign,
    CampaignStatus,
    Recipient,
    manifest_length,
    pack_manifest,
)
from chalicelib.domain.ids import DELIVERY_ID_BYTES, DeliveryId, encode_id
from chalicelib.domain.state import SOFT_OPT_IN, ConsentStatus
from chalicelib.errors import NotFound
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.sending import ChunkStore
from chalicelib.ports.system import RandomBytes
from chalicelib.services.plans import Plans, manifest_key

PLANNED = (ConsentStatus.GIVEN, SOFT_OPT_IN)
"""Who may be written to by their status on the list; the ledger has the last word at sending."""


class Planner:
    """Turns a started campaign into immutable manifests and chunk messages."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        audience: AudienceStore,
        blobs: Blobs,
        chunks: ChunkStore,
        queues: Queues,
        plans: Plans,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._audience = audience
        self._blobs = blobs
        self._chunks = chunks
        self._queues = queues
        self._plans = plans
        self._random = random

    def plan(self, campaign_id: str, shard: str) -> int:
        """Plan one shard and return how many people it holds.

        Idempotency key: campaign and shard. A repeat finds the manifest, plans nobody anew and
        makes messages for unfinished chunks alone.

        Raises:
            NotFound: there is no such campaign.
            DependencyError: try again.

        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        if campaign.status not in (CampaignStatus.SENDING, CampaignStatus.CANCELLED):
            return 0
        people = self._people(campaign, shard)
        self._chunks.planned(campaign.id, shard, people)
        chunks = range(-(-people // campaign.chunk_size))
        finished = self._chunks.finished(campaign.id, shard) if chunks else frozenset()
        messages: list[dict[str, object]] = [
            {"v": 1, "campaign": campaign.id, "shard": shard, "number": number}
            for number in chunks
            if number not in finished
        ]
        if messages:
            self._queues.send_all(Queue.CHUNKS, messages)
        # Mail does not wait for it; the plan message comes again until it is done.
        self._plans.commit(campaign)
        return people

    def _people(self, campaign: Campaign, shard: str) -> int:
        """How many people the shard's manifest names; it is written when there is none."""
        key = manifest_key(campaign.id, shard)
        size = self._blobs.size(key)
        if size is None:
            manifest = pack_manifest(self._recipients(campaign, shard))
            # Somebody else may have been first: theirs stands.
            self._blobs.put_new(key, manifest, "application/octet-stream")
            size = self._blobs.size(key)
        return manifest_length(size or 0)

    def _recipients(self, campaign: Campaign, shard: str) -> Iterator[Recipient]:
        for sid in self._audience.on_list(shard, campaign.list, *PLANNED):
            delivery = DeliveryId(encode_id(self._random(DELIVERY_ID_BYTES)))
            yield Recipient(sid=sid, delivery=delivery)
