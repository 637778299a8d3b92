# SPDX-License-Identifier: Apache-2.0
"""The services that set up brands, pace what is sent, and learn what became of it.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.log import LogServices
from chalicelib.services.account_list import AccountListSync
from chalicelib.services.breakers import Breakers
from chalicelib.services.domain_keys import DomainKeys
from chalicelib.services.feedback import Feedback
from chalicelib.services.feedback_subject import FeedbackSubjects
from chalicelib.services.folding import CampaignResults, Folding
from chalicelib.services.pacing import Pacer
from chalicelib.services.plans import Plans
from chalicelib.services.service_mail import ServiceSender
from chalicelib.services.setup import Setup
from chalicelib.services.suppressions import Suppressions, Suppressor
from chalicelib.services.unknowns import Unknowns

if TYPE_CHECKING:
    from chalicelib.services.segments import Segments
    from chalicelib.services.templates import Templates


class SendingServices(LogServices):
    """What campaigns and other mails need."""

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
    def pacer(self) -> Pacer:
        """Reserves the account's rate."""
        return Pacer(rate=self.rate, sender=self.sender, clock=self.clock)

    @cached_property
    def suppressor(self) -> Suppressor:
        """The one way a suppression is written."""
        return Suppressor(ledger=self.ledger, index=self.suppression_index, clock=self.clock)

    @cached_property
    def suppressions(self) -> Suppressions:
        """Suppressions by the operator."""
        return Suppressions(
            ledger=self.ledger,
            suppressor=self.suppressor,
            index=self.suppression_index,
            brands=self.brands,
            lists=self.lists,
        )

    @cached_property
    def account_list_sync(self) -> AccountListSync:
        """SES's own list of suppressed addresses beside ours."""
        return AccountListSync(
            account_list=self.account_list,
            comparisons=self.comparisons,
            ledger=self.ledger,
            suppressor=self.suppressor,
            audience=self.audience,
            health=self.health,
            queues=self.queues,
            clock=self.clock,
        )

    @cached_property
    def feedback(self) -> Feedback:
        """SES events."""
        return Feedback(
            subjects=FeedbackSubjects(
                ledger=self.ledger,
                store=self.store,
                deliveries=self.deliveries,
                audience=self.audience,
            ),
            mails=self.mail_records,
            suppressor=self.suppressor,
            deliveries=self.deliveries,
            campaigns=self.campaign_rows,
            health=self.health,
            rests=self.rests,
            activity=self.activity,
            traces=self.traces,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def domain_keys(self) -> DomainKeys:
        """What recipients' domains are counted under."""
        return DomainKeys(self.tokens.blind)

    @cached_property
    def breakers(self) -> Breakers:
        """Counts of what comes back, and stops."""
        return Breakers(rows=self.breaker_rows, keys=self.domain_keys, clock=self.clock)

    @cached_property
    def folding(self) -> Folding:
        """SES events, a batch at a time."""
        return Folding(
            feedback=self.feedback,
            breakers=self.breakers,
            folds=self.folds,
            watermark=self.watermark,
            unresolved=self.unresolved_campaigns,
            clock=self.clock,
        )

    @cached_property
    def campaign_results(self) -> CampaignResults:
        """What became of campaigns' mails."""
        return CampaignResults(self.folds)
