# SPDX-License-Identifier: Apache-2.0
"""The gate between a campaign's plan and its mail.

Guarantees that nobody is mailed before everybody is planned, tried for rendering where somebody's
mail could fail, and committed to in the ledger; that a large mailing stops where something is
known to keep it from arriving; that the gate opens once, whoever comes to it and however often;
and that a pause or a cancellation that came first is obeyed. Refuses nothing else: who may be
mailed is decided person by person at the send.
"""

import logging
from dataclasses import replace

from chalicelib.domain.campaigns import Act, Campaign, CampaignStatus, next_status
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.measurement import Targets
from chalicelib.domain.plan_gate import RENDERING, Gate, Ready, decide
from chalicelib.domain.runs import Totals
from chalicelib.domain.stops import Stop, StopWhy
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.links import CampaignLinks
from chalicelib.ports.system import Clock
from chalicelib.services.campaign_messages import CampaignMessages
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.plans import Plans
from chalicelib.services.readiness import Readiness

log = logging.getLogger(__name__)

TRIES = 3
"""How often a campaign that somebody changes in this moment is read again."""


class PlanGate:
    """Lets planned campaigns go."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        contents: FrozenContents,
        links: CampaignLinks,
        plans: Plans,
        messages: CampaignMessages,
        readiness: Readiness,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._contents = contents
        self._links = links
        self._plans = plans
        self._messages = messages
        self._readiness = readiness
        self._clock = clock

    def arrive(self, campaign: Campaign, totals: Totals) -> Gate:
        """Do what is to be done once ``totals`` are planned, and return what that was.

        Idempotency key: the campaign. A repeat commits to the same plan, and makes messages of
        chunks that are not finished.

        Args:
            campaign: as it was read at any time since its start.

        Raises:
            NotFound: the campaign, or what it froze, is gone.
            Conflict: somebody kept changing it; come again.
            DependencyError: come again.
        """
        ready: Ready | None = None
        for _ in range(TRIES):
            gate = decide(campaign, totals, ready)
            if gate is Gate.ASK:
                ready = self._readiness.of(campaign.brand, totals.planned)
                gate = decide(campaign, totals, ready)
            try:
                self._act(campaign, totals, gate, ready)
            except Conflict:
                campaign = self._read(campaign.id)
            else:
                return gate
        raise Conflict("the campaign was changed again and again while its plan was let go")

    def _act(self, campaign: Campaign, totals: Totals, gate: Gate, ready: Ready | None) -> None:
        if gate is Gate.STOP:
            self._stop(campaign, totals)
        elif gate is Gate.NOT_READY and ready is not None:
            self._stop_unready(campaign, ready)
        elif gate is Gate.OPEN:
            self._commit(campaign, totals)
            self._let_go(campaign, totals)
        elif gate is Gate.PASSED and campaign.status is not CampaignStatus.PAUSED:
            self._messages.send(campaign)

    def _stop(self, campaign: Campaign, totals: Totals) -> None:
        status = next_status(campaign.status, Act.PAUSE)
        self._campaigns.replace(replace(campaign, status=status, problem=RENDERING))
        failing = sum(totals.render_errors.values())
        log.warning("campaign %s is stopped: %d mails cannot be made", campaign.id, failing)

    def _stop_unready(self, campaign: Campaign, ready: Ready) -> None:
        status = next_status(campaign.status, Act.PAUSE)
        why = StopWhy.NOT_READY
        stop = Stop(why=why, at_ms=self._clock.now_ms(), checks=ready.blocking)
        self._campaigns.replace(replace(campaign, status=status, problem=str(why), stop=stop))
        log.warning("campaign %s is stopped: %s", campaign.id, ", ".join(ready.blocking))

    def _commit(self, campaign: Campaign, totals: Totals) -> None:
        content = self._contents.of(campaign)
        if content.list is not None:
            # Before the first mail: whoever has one may follow its links at once. Not before the
            # start, since what a campaign says may change until then, and targets never do.
            targets = Targets(brand=campaign.brand, list=content.list, urls=content.targets)
            self._links.put(campaign.id, targets)
        self._plans.commit(campaign, tuple(totals.people[shard] for shard in SHARDS))

    def _let_go(self, campaign: Campaign, totals: Totals) -> None:
        """Decide it in one conditional write, then make the messages.

        Whoever is lost between the two is found by the watch: it was let go, and nothing moves.
        """
        gone = self._campaigns.replace(
            replace(
                campaign,
                problem=None,
                go_ms=self._clock.now_ms(),
                planned=totals.planned,
            )
        )
        self._messages.send(gone, fresh=True)
        log.info("campaign %s goes to %d people", gone.id, totals.planned)

    def _read(self, campaign_id: str) -> Campaign:
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign
