# SPDX-License-Identifier: Apache-2.0
"""Starting a campaign: frozen, committed to the ledger, then planned.

Guarantees that nothing starts without a test that SES accepted and that still holds, and that what
a started campaign says is frozen and committed to the ledger before anybody is planned.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.campaigns import (
    MAX_RECIPIENTS_PER_CALL,
    Act,
    Campaign,
    CampaignStatus,
    Content,
    next_status,
)
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SHARDS
from chalicelib.errors import IllegalTransition, NotTested
from chalicelib.ports.catalog import Brands, Campaigns
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.sending import Sender
from chalicelib.ports.system import Clock
from chalicelib.proof import canonical
from chalicelib.services.campaign_sight import CampaignSight
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.vocabulary import EventType

UNSTARTED = (CampaignStatus.DRAFT, CampaignStatus.TESTED, CampaignStatus.SCHEDULED)
"""Where only a test may be missing."""


class CampaignStart:
    """Starts campaigns and wakes them."""

    def __init__(
        self,
        *,
        sight: CampaignSight,
        campaigns: Campaigns,
        brands: Brands,
        ledger: Ledger,
        blobs: Blobs,
        queues: Queues,
        sender: Sender,
        clock: Clock,
    ) -> None:
        self._sight = sight
        self._campaigns = campaigns
        self._brands = brands
        self._ledger = ledger
        self._blobs = blobs
        self._queues = queues
        self._sender = sender
        self._clock = clock

    def start(self, campaign: Campaign) -> Campaign:
        """Start a campaign as it was read; of two who do so at once one succeeds.

        Raises:
            IllegalTransition: it cannot be started from where it is, or goes to a segment.
            NotTested: no accepted test of it as it is now.
            Conflict: somebody else changed or started it first.
            DependencyError: nothing was started; try again.

        """
        if campaign.status in UNSTARTED:
            self.require_ready(campaign)
        status = next_status(campaign.status, Act.SEND)
        frozen = self._freeze(campaign)
        quota = self._sender.quota_per_second()
        stored = self._campaigns.replace(
            replace(
                campaign,
                status=status,
                scheduled_ms=None,
                problem=None,
                content_sha256=frozen,
                chunk_size=max(1, min(MAX_RECIPIENTS_PER_CALL, int(quota))),
                started_ms=self._clock.now_ms(),
                plan_event=self._ledger.new_event_id(),
            )
        )
        self.enqueue(stored)
        return stored

    def require_ready(self, campaign: Campaign) -> None:
        """Refuse a campaign as it was read whose test does not hold with the brand of now.

        Raises:
            IllegalTransition: it goes to a segment.
            NotTested: no accepted test of it as it is now.

        """
        if campaign.segment is not None:
            # A plan holds the whole list: everybody on it would be mailed.
            raise IllegalTransition(
                "A campaign to a segment cannot be started yet. Nothing was changed."
            )
        if not self._sight.holds(campaign, self._brands.latest(campaign.brand)):
            raise NotTested

    def _freeze(self, campaign: Campaign) -> str:
        """Store the content by its hash and commit to it in the ledger."""
        document = canonical.encode(_frozen(self._sight.content(campaign)))
        sha256 = hashlib.sha256(document).hexdigest()
        self._blobs.put_new(f"content/{sha256}", document, "application/json")
        self._ledger.record(
            Draft(
                type=EventType.CAMPAIGN_COMMITTED,
                brand=campaign.brand,
                channel=EMAIL,
                lists=(campaign.list,),
                purposes=(campaign.purpose,),
                campaign=campaign.id,
                content_sha256=sha256,
            )
        )
        return sha256

    def enqueue(self, campaign: Campaign) -> None:
        """Queue its plan messages; repeating is harmless."""
        self._queues.send_all(
            Queue.PLANS, [{"v": 1, "campaign": campaign.id, "shard": shard} for shard in SHARDS]
        )


def _frozen(content: Content) -> Mapping[str, str | None]:
    return {"html": content.html, "subject": content.subject, "text": content.text}
