# SPDX-License-Identifier: Apache-2.0
"""The services that set up, write and send campaigns, and learn what became of them.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.log import LogServices
from chalicelib.services.campaign_sight import CampaignSight
from chalicelib.services.campaign_start import CampaignStart
from chalicelib.services.campaign_tempo import CampaignTempo
from chalicelib.services.campaign_tests import CampaignTests
from chalicelib.services.campaign_watch import CampaignWatch
from chalicelib.services.campaigns import CampaignDesk
from chalicelib.services.delivery import Courier
from chalicelib.services.feedback import Feedback
from chalicelib.services.folding import CampaignResults, Folding
from chalicelib.services.mailing import Composer
from chalicelib.services.pacing import Pacer
from chalicelib.services.planning import Planner
from chalicelib.services.plans import Plans
from chalicelib.services.service_mail import ServiceSender
from chalicelib.services.setup import Setup
from chalicelib.services.suppressions import Suppressions, Suppressor
from chalicelib.services.unknowns import Unknowns

if TYPE_CHECKING:
    from chalicelib.services.segments import Segments
    from chalicelib.services.templates import Templates


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
    def segments(self) -> "Segments":
        """Segments, and rules of the life cycle."""
        # Imported here: the language is slow to load, and most requests ask for no segment.
        from chalicelib.services.segments import Segments  # noqa: PLC0415

        return Segments(
            segments=self.segment_rows,
            lifecycles=self.lifecycle_rows,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            campaigns=self.campaign_rows,
            clock=self.clock,
        )

    @cached_property
    def templates(self) -> "Templates":
        """Templates."""
        from chalicelib.services.templates import Templates  # noqa: PLC0415  # as segments are

        return Templates(
            templates=self.template_rows,
            compiler=self.content_compiler,
            mails=self.service_mails,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            clock=self.clock,
        )

    @cached_property
    def service_sender(self) -> ServiceSender:
        """Mails that wait for nobody."""
        return ServiceSender(sender=self.sender, rate=self.rate, clock=self.clock)

    @cached_property
    def campaigns(self) -> CampaignDesk:
        """Campaigns."""
        return CampaignDesk(
            sight=self.campaign_sight,
            start=self.campaign_start,
            campaigns=self.campaign_rows,
            lists=self.lists,
            brands=self.brands,
            forms=self.forms,
            composer=self.composer,
            clock=self.clock,
            random=self.random,
            segments=self.segments,
        )

    @cached_property
    def campaign_sight(self) -> CampaignSight:
        """Campaigns as they are now."""
        return CampaignSight(
            campaigns=self.campaign_rows,
            brands=self.brands,
            segments=self.segment_rows,
            chunks=self.chunks,
        )

    @cached_property
    def campaign_tempo(self) -> CampaignTempo:
        """How fast campaigns go."""
        return CampaignTempo(clock=self.clock)

    @cached_property
    def campaign_start(self) -> CampaignStart:
        """The start of campaigns."""
        return CampaignStart(
            sight=self.campaign_sight,
            campaigns=self.campaign_rows,
            brands=self.brands,
            ledger=self.ledger,
            blobs=self.blobs,
            queues=self.queues,
            sender=self.sender,
            clock=self.clock,
        )

    @cached_property
    def campaign_tests(self) -> CampaignTests:
        """Test mails."""
        return CampaignTests(
            sight=self.campaign_sight,
            campaigns=self.campaign_rows,
            brands=self.brands,
            lists=self.lists,
            ledger=self.ledger,
            store=self.store,
            activity=self.activity,
            sender=self.service_sender,
            composer=self.composer,
            clock=self.clock,
        )

    @cached_property
    def campaign_watch(self) -> CampaignWatch:
        """What the clock does to campaigns."""
        return CampaignWatch(
            sight=self.campaign_sight,
            start=self.campaign_start,
            campaigns=self.campaign_rows,
            chunks=self.chunks,
            plans=self.plans,
            unknowns=self.unknowns,
            clock=self.clock,
        )

    @cached_property
    def unknowns(self) -> Unknowns:
        """People whose outcome is unknown."""
        return Unknowns(
            accounts=self.chunk_accounts,
            folds=self.folds,
            unresolved=self.unresolved_campaigns,
            watermark=self.watermark,
            campaigns=self.campaign_rows,
            clock=self.clock,
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

    @cached_property
    def folding(self) -> Folding:
        """SES events, a batch at a time."""
        return Folding(
            feedback=self.feedback,
            folds=self.folds,
            watermark=self.watermark,
            unresolved=self.unresolved_campaigns,
            clock=self.clock,
        )

    @cached_property
    def campaign_results(self) -> CampaignResults:
        """What became of campaigns' mails."""
        return CampaignResults(self.folds)
