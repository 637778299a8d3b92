# SPDX-License-Identifier: Apache-2.0
"""The services that set up, write and send campaigns, and learn what became of them.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property

from chalicelib.bootstrap.log import LogServices
from chalicelib.services.campaigns import CampaignDesk
from chalicelib.services.delivery import Courier
from chalicelib.services.feedback import Feedback
from chalicelib.services.mailing import Composer
from chalicelib.services.pacing import Pacer
from chalicelib.services.planning import Planner
from chalicelib.services.plans import Plans
from chalicelib.services.setup import Setup
from chalicelib.services.suppressions import Suppressions, Suppressor


class SendingServices(LogServices):
    """Campaigns and what they need."""

    @cached_property
    def composer(self) -> Composer:
        """Fills campaign mails."""
        return Composer(
            renderer=self.renderer,
            tokens=self.tokens,
            forms=self.forms,
            lines=self.checkpoint_lines,
            clock=self.clock,
            base_url=self.settings.base_url,
            inbound_domain=self.settings.inbound_domain,
        )

    @cached_property
    def setup(self) -> Setup:
        """Brands, lists and forms."""
        return Setup(
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            ledger=self.ledger,
            blobs=self.blobs,
            renderer=self.renderer,
            clock=self.clock,
            random=self.random,
            base_url=self.settings.base_url,
        )

    @cached_property
    def campaigns(self) -> CampaignDesk:
        """Campaigns."""
        return CampaignDesk(
            campaigns=self.campaign_rows,
            lists=self.lists,
            brands=self.brands,
            forms=self.forms,
            chunks=self.chunks,
            ledger=self.ledger,
            store=self.store,
            activity=self.activity,
            blobs=self.blobs,
            queues=self.queues,
            sender=self.sender,
            composer=self.composer,
            plans=self.plans,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def plans(self) -> Plans:
        """Whole plans of campaigns."""
        return Plans(
            ledger=self.ledger,
            store=self.store,
            campaigns=self.campaign_rows,
            blobs=self.blobs,
            clock=self.clock,
        )

    @cached_property
    def planner(self) -> Planner:
        """Plans campaigns."""
        return Planner(
            campaigns=self.campaign_rows,
            audience=self.audience,
            blobs=self.blobs,
            chunks=self.chunks,
            queues=self.queues,
            plans=self.plans,
            random=self.random,
        )

    @cached_property
    def pacer(self) -> Pacer:
        """Waits for the account's rate."""
        return Pacer(rate=self.rate, sender=self.sender, clock=self.clock)

    @cached_property
    def courier(self) -> Courier:
        """Sends chunks."""
        return Courier(
            campaigns=self.campaign_rows,
            brands=self.brands,
            lists=self.lists,
            audience=self.audience,
            frequency=self.frequency,
            store=self.store,
            ledger=self.ledger,
            blobs=self.blobs,
            chunks=self.chunks,
            pacer=self.pacer,
            sender=self.sender,
            composer=self.composer,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def suppressor(self) -> Suppressor:
        """The one way a suppression is written."""
        return Suppressor(ledger=self.ledger, index=self.suppression_index, clock=self.clock)

    @cached_property
    def suppressions(self) -> Suppressions:
        """Suppressions by the operator."""
        return Suppressions(
            ledger=self.ledger, suppressor=self.suppressor, index=self.suppression_index
        )

    @cached_property
    def feedback(self) -> Feedback:
        """SES events."""
        return Feedback(
            ledger=self.ledger,
            store=self.store,
            mails=self.mail_records,
            suppressor=self.suppressor,
            chunks=self.chunks,
            campaigns=self.campaign_rows,
            health=self.health,
            activity=self.activity,
            traces=self.traces,
            clock=self.clock,
            random=self.random,
        )
