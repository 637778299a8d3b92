# SPDX-License-Identifier: Apache-2.0
"""Starting a campaign: frozen, committed to the ledger, then planned.

Guarantees that nothing starts without a test that SES accepted and that still holds, and that what
a started campaign says, and whom it is for, is frozen and committed to the ledger before anybody is
planned. Refuses a campaign whose segment is gone, or is another than it was tested with.
"""

from dataclasses import replace

from chalicelib.domain.campaigns import (
    MAX_RECIPIENTS_PER_CALL,
    Act,
    Campaign,
    CampaignStatus,
    next_status,
)
from chalicelib.domain.events import EMAIL
from chalicelib.errors import NotTested
from chalicelib.ports.catalog import Brands, Campaigns
from chalicelib.ports.sending import Sender
from chalicelib.ports.system import Clock
from chalicelib.services.campaign_messages import CampaignMessages
from chalicelib.services.campaign_sight import CampaignSight
from chalicelib.services.freezing import Freezer
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.vocabulary import EventType

UNSTARTED = (CampaignStatus.DRAFT, CampaignStatus.TESTED, CampaignStatus.SCHEDULED)
"""Where only a test may be missing."""


def chunk_size(per_second: float) -> int:
    """Return the people of a chunk of a campaign that starts at a quota of so many a second."""
    return max(1, min(MAX_RECIPIENTS_PER_CALL, int(per_second)))


class CampaignStart:
    """Starts campaigns."""

    def __init__(
        self,
        *,
        sight: CampaignSight,
        campaigns: Campaigns,
        brands: Brands,
        ledger: Ledger,
        freezer: Freezer,
        messages: CampaignMessages,
        sender: Sender,
        clock: Clock,
    ) -> None:
        self._sight = sight
        self._campaigns = campaigns
        self._brands = brands
        self._ledger = ledger
        self._freezer = freezer
        self._messages = messages
        self._sender = sender
        self._clock = clock

    def start(self, campaign: Campaign) -> Campaign:
        """Start a campaign as it was read; of two who do so at once one succeeds.

        Raises:
            IllegalTransition: it cannot be started from where it is.
            NotTested: no accepted test of it as it is now.
            InputError: its content cannot be sent, by a rule that is newer than its test.
            Conflict: somebody else changed or started it first.
            DependencyError: nothing was started; try again.

        """
        if campaign.status in UNSTARTED:
            self.require_ready(campaign)
        status = next_status(campaign.status, Act.SEND)
        now_ms = self._clock.now_ms()
        frozen = self._freeze(campaign, now_ms)
        quota = self._sender.quota_per_second()
        stored = self._campaigns.replace(
            replace(
                campaign,
                status=status,
                scheduled_ms=None,
                problem=None,
                content_sha256=frozen,
                chunk_size=chunk_size(quota),
                started_ms=now_ms,
                plan_event=self._ledger.new_event_id(),
            )
        )
        self._messages.plan(stored)
        return stored

    def require_ready(self, campaign: Campaign) -> None:
        """Refuse a campaign as it was read whose test does not hold with the brand of now.

        Raises:
            NotTested: no accepted test of it as it is now.

        """
        if not self._sight.holds(campaign, self._brands.latest(campaign.brand)):
            raise NotTested

    def _freeze(self, campaign: Campaign, now_ms: int) -> str:
        """Store what it says and whom it is for by their hashes, and commit to them."""
        brand = self._brands.latest(campaign.brand)
        if brand is None:
            raise NotTested
        content = self._sight.content(campaign)
        sha256 = self._freezer.as_tested(campaign, content, brand, now_ms).sha256
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
