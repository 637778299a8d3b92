# SPDX-License-Identifier: Apache-2.0
"""What the clock does to campaigns: starts those whose time has come, finishes, wakes what stalls.

Guarantees that a scheduled campaign is started once however often and by however many it is looked
at, that one whose test no longer holds is not sent, that whose outcome is unknown is looked after
until it is not, and that each minute is idempotent.
"""

from dataclasses import replace

from chalicelib.domain.campaigns import Act, Campaign, CampaignStatus, next_status
from chalicelib.domain.ids import SHARDS
from chalicelib.errors import Conflict, IllegalTransition, NotTested
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.sending import ChunkStore
from chalicelib.ports.system import Clock
from chalicelib.services.campaign_sight import NOT_TESTED, CampaignSight, Seen
from chalicelib.services.campaign_start import CampaignStart
from chalicelib.services.plans import Plans
from chalicelib.services.unknowns import Unknowns

STALLED_MS = 10 * 60 * 1000
"""A campaign without a commit for so long is planned again; then after twice as long, and so on."""
MAX_DOUBLINGS = 5
"""How often that span is doubled at most: 320 minutes."""
LEASE_MS = 120 * 1000
"""How long a chunk's claim lasts, and after how long one dispatched is unknown for good."""


class CampaignWatch:
    """Looks after every campaign that waits for its time or runs."""

    def __init__(
        self,
        *,
        sight: CampaignSight,
        start: CampaignStart,
        campaigns: Campaigns,
        chunks: ChunkStore,
        plans: Plans,
        unknowns: Unknowns,
        clock: Clock,
    ) -> None:
        self._sight = sight
        self._start = start
        self._campaigns = campaigns
        self._chunks = chunks
        self._plans = plans
        self._unknowns = unknowns
        self._clock = clock

    def advance(self) -> int:
        """Start what is due, then move every campaign not fully accounted for on.

        Return how many are unfinished. Idempotent; safe beside workers and beside itself: planning
        and claiming repeat without effect.
        """
        try:
            for campaign in self._campaigns.due(self._clock.now_ms()):
                self._begin(campaign)
        finally:  # Those that run do not wait for one that cannot start.
            unfinished = self._campaigns.unfinished()
            for campaign in unfinished:
                self._move(campaign)
            self._unknowns.look()
        return len(unfinished)

    def _begin(self, campaign: Campaign) -> None:
        try:
            self._start.start(campaign)
        except NotTested:
            self._put_back(campaign)
        except (Conflict, IllegalTransition):
            return  # Somebody else started or changed it meanwhile.

    def _put_back(self, campaign: Campaign) -> None:
        """Take a campaign off the clock whose test was of something else, and say why."""
        waiting = replace(
            campaign,
            status=next_status(campaign.status, Act.UNSCHEDULE),
            scheduled_ms=None,
            problem=NOT_TESTED,
        )
        try:
            self._campaigns.replace(waiting)
        except Conflict:
            return  # Changed meanwhile; it is somebody's again.

    def _move(self, campaign: Campaign) -> None:
        """Expire, finish, or wake one that runs."""
        now_ms = self._clock.now_ms()
        for shard in SHARDS:
            self._chunks.expire(campaign.id, shard, now_ms - LEASE_MS)
        seen = self._sight.seen(campaign)
        if seen.progress.unknown:
            # Before it is finished: from then on nobody comes back to it for another reason.
            self._unknowns.note(campaign.id)
        try:
            if seen.complete:
                self._plans.commit(campaign)
                self._finish(seen, now_ms)
            elif campaign.status is not CampaignStatus.PAUSED:
                self._wake(seen, now_ms)
        except Conflict:
            return  # Changed meanwhile; the next run looks again.

    def _finish(self, seen: Seen, now_ms: int) -> None:
        self._campaigns.replace(
            replace(
                seen.campaign,
                status=seen.status,
                planned=seen.progress.planned,
                finished_ms=now_ms,
            )
        )

    def _wake(self, seen: Seen, now_ms: int) -> None:
        """Plan again what stalled, each time after twice as long while nothing comes of it."""
        campaign = seen.campaign
        moved_ms = max(campaign.started_ms or 0, seen.progress.last_ms or 0)
        woken_ms = campaign.woken_ms or 0
        wakes = campaign.wakes if woken_ms >= moved_ms else 0
        patience_ms = STALLED_MS << min(wakes, MAX_DOUBLINGS)
        if now_ms - max(moved_ms, woken_ms) > patience_ms:
            # Written first: of two runs at once only one queues anything.
            self._campaigns.replace(replace(campaign, woken_ms=now_ms, wakes=wakes + 1))
            self._start.enqueue(campaign)
