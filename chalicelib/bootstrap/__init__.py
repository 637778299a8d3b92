# SPDX-License-Identifier: Apache-2.0
"""The composition root: the one place where ports, adapters and services meet.

Guarantees that a process makes each part once, at first use.
"""

from functools import cache, cached_property

from chalicelib.bootstrap.log import LogServices
from chalicelib.config import Settings
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import SubjectId
from chalicelib.services.access_links import AccessLinks
from chalicelib.services.access_mail import AccessMail, AccessRequests
from chalicelib.services.api_keys import KeyRing
from chalicelib.services.campaigns import CampaignDesk
from chalicelib.services.confirmation import Confirmation
from chalicelib.services.confirmation_mail import ConfirmationMail
from chalicelib.services.delivery import Courier
from chalicelib.services.dispatches import Dispatches
from chalicelib.services.enrolment import Enrolment
from chalicelib.services.erasure import ErasureDesk
from chalicelib.services.evidence import Gatherer
from chalicelib.services.exhibits import Exhibits
from chalicelib.services.feedback import Feedback
from chalicelib.services.gate import Gate, Limits
from chalicelib.services.mailing import Composer
from chalicelib.services.own_data import OwnData
from chalicelib.services.planning import Planner
from chalicelib.services.plans import Plans
from chalicelib.services.preferences import Preferences
from chalicelib.services.proofs import Proofs
from chalicelib.services.receipts import Receipts
from chalicelib.services.replay import Replay
from chalicelib.services.rights import RightsDesk
from chalicelib.services.setup import Setup
from chalicelib.services.shredding import Shredder
from chalicelib.services.signup import Signup
from chalicelib.services.suppressions import Suppressions, Suppressor
from chalicelib.services.unconfirmed import Unconfirmed
from chalicelib.services.unsubscribe import Unsubscribe
from chalicelib.services.wishes import Wishes


class Container(LogServices):
    """Everything a handler may ask for, made at first use."""

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
    def signup(self) -> Signup:
        """Sign-up forms."""
        return Signup(
            ledger=self.ledger,
            forms=self.forms,
            brands=self.brands,
            queues=self.queues,
            gate=self.gate,
        )

    @cached_property
    def enrolment(self) -> Enrolment:
        """Takes people in for another system of the controller."""
        return Enrolment(
            signup=self.signup,
            ledger=self.ledger,
            suppressor=self.suppressor,
            forms=self.forms,
            brands=self.brands,
            lists=self.lists,
            clock=self.clock,
        )

    @cached_property
    def gate(self) -> Gate:
        """The abuse gate of sign-up forms."""
        return Gate(
            activity=self.activity,
            tokens=self.tokens,
            work=self.proof_of_work,
            disposable=self.disposable_domains,
            clock=self.clock,
            random=self.random,
            limits=Limits(
                network=self.settings.signups_per_hour,
                plain=self.settings.plain_signups_per_hour,
                form=self.settings.form_signups_per_hour,
            ),
        )

    @cached_property
    def confirmation(self) -> Confirmation:
        """Confirmation links."""
        return Confirmation(
            ledger=self.ledger,
            store=self.store,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            queues=self.queues,
            clock=self.clock,
        )

    @cached_property
    def confirmation_mail(self) -> ConfirmationMail:
        """Confirmation mails."""
        return ConfirmationMail(
            ledger=self.ledger,
            suppressor=self.suppressor,
            store=self.store,
            mails=self.mail_records,
            lines=self.checkpoint_lines,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            renderer=self.renderer,
            tokens=self.tokens,
            sender=self.sender,
            activity=self.activity,
            clock=self.clock,
            random=self.random,
            base_url=self.settings.base_url,
        )

    @cached_property
    def unsubscribe(self) -> Unsubscribe:
        """Unsubscribe links."""
        return Unsubscribe(
            ledger=self.ledger,
            brands=self.brands,
            lists=self.lists,
            campaigns=self.campaign_rows,
            chunks=self.chunks,
            reasons=self.reasons,
            activity=self.activity,
            tokens=self.tokens,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def access_links(self) -> AccessLinks:
        """Links to one's own data."""
        return AccessLinks(store=self.access_rows, clock=self.clock, random=self.random)

    @cached_property
    def access_requests(self) -> AccessRequests:
        """Asking for such a link."""
        return AccessRequests(
            ledger=self.ledger,
            brands=self.brands,
            tokens=self.tokens,
            activity=self.activity,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
            per_hour=self.settings.signups_per_hour,
        )

    @cached_property
    def access_mail(self) -> AccessMail:
        """The mail with such a link."""
        return AccessMail(
            ledger=self.ledger,
            audience=self.audience,
            links=self.access_links,
            lines=self.checkpoint_lines,
            brands=self.brands,
            renderer=self.renderer,
            sender=self.sender,
            activity=self.activity,
            clock=self.clock,
            random=self.random,
            base_url=self.settings.base_url,
        )

    @cached_property
    def preferences(self) -> Preferences:
        """The preference centre."""
        return Preferences(
            ledger=self.ledger,
            audience=self.audience,
            frequency=self.frequency,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            receipts=self.receipts,
            rights=self.rights,
        )

    @cached_property
    def own_data(self) -> OwnData:
        """Everything about a person, for that person."""
        return OwnData(
            ledger=self.ledger,
            store=self.store,
            audience=self.audience,
            frequency=self.frequency,
            traces=self.traces,
            health=self.health,
            brands=self.brands,
            lists=self.lists,
            campaigns=self.campaign_rows,
            clock=self.clock,
            storage=self.settings.storage,
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
            rate=self.rate,
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
    def proofs(self) -> Proofs:
        """Proof bundles."""
        return Proofs(
            ledger=self.ledger,
            published=self.published_log,
            gatherer=self.gatherer,
            wishes=Wishes(ledger=self.ledger, wrapper=self.wrapper, random=self.random),
            jobs=self.jobs,
            blobs=self.blobs,
            queues=self.queues,
            tokens=self.tokens,
            unsealing=self.unsealing,
            by_message=self.finder.by_message_id,
            by_erasure=self._erased_subject,
            clock=self.clock,
            random=self.random,
        )

    def _erased_subject(self, erasure_id: str) -> SubjectId | None:
        found = self.erasure_records.get(erasure_id)
        return found.sid if found else None

    @cached_property
    def receipts(self) -> Receipts:
        """People's own receipts."""
        return Receipts(
            ledger=self.ledger,
            store=self.store,
            published=self.published_log,
            tokens=self.tokens,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            blobs=self.blobs,
        )

    @cached_property
    def gatherer(self) -> Gatherer:
        """Everything a bundle shows."""
        return Gatherer(
            published=self.published_log,
            exhibits=Exhibits(blobs=self.blobs, published=self.published_log),
            dispatches=Dispatches(
                store=self.store,
                mails=self.mail_records,
                campaigns=self.campaign_rows,
                chunks=self.chunks,
                plans=self.plans,
                blobs=self.blobs,
                published=self.published_log,
                clock=self.clock,
            ),
            anchoring=self.anchoring,
            authority=self.time_authority,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            clock=self.clock,
            policy=self.policy,
            base_url=self.settings.base_url,
            storage=self.settings.storage,
        )

    @cached_property
    def shredder(self) -> Shredder:
        """Destroys a person's key and data."""
        return Shredder(
            ledger=self.ledger,
            store=self.store,
            data=self.personal_data,
            index=self.suppression_index,
            rights=self.rights_records,
            blobs=self.blobs,
            clock=self.clock,
            window_ms=self.settings.vault_recovery_days * DAY_MS,
        )

    @cached_property
    def erasures(self) -> ErasureDesk:
        """Erasures people ask for."""
        return ErasureDesk(
            ledger=self.ledger,
            records=self.erasure_records,
            shredder=self.shredder,
            tokens=self.tokens,
            published=self.published_log,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def rights(self) -> RightsDesk:
        """What people ask for about their data."""
        return RightsDesk(
            ledger=self.ledger,
            records=self.rights_records,
            audience=self.audience,
            erasures=self.erasures,
            suppressor=self.suppressor,
            unsealing=self.unsealing,
            brands=self.brands,
            tokens=self.tokens,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def unconfirmed(self) -> Unconfirmed:
        """Requests never confirmed."""
        return Unconfirmed(
            store=self.store,
            records=self.erasure_records,
            shredder=self.shredder,
            published=self.published_log,
            queues=self.queues,
            clock=self.clock,
            keep_days=self.settings.keep_unconfirmed_days,
        )

    @cached_property
    def replay(self) -> Replay:
        """Erasures after a restore."""
        return Replay(
            store=self.store,
            records=self.erasure_records,
            data=self.personal_data,
            shredder=self.shredder,
            published=self.published_log,
        )

    @cached_property
    def key_ring(self) -> KeyRing:
        """API keys."""
        return KeyRing(
            keys=self.api_keys,
            clock=self.clock,
            random=self.random,
        )


@cache
def container() -> Container:
    """Return this process's container, from the environment; the first call reads it.

    Raises:
        FatalError: a setting is missing or unusable.
    """
    return Container(Settings.from_env())
