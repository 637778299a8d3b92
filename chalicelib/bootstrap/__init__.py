# SPDX-License-Identifier: Apache-2.0
"""The composition root: the one place where ports, adapters and services meet.

Guarantees that a process makes each part once, at first use.
"""

from functools import cache, cached_property

from chalicelib.bootstrap.adapters import Adapters
from chalicelib.config import Settings
from chalicelib.proof.policy import Log, Policy
from chalicelib.services.api_keys import KeyRing
from chalicelib.services.campaigns import CampaignDesk
from chalicelib.services.confirmation import Confirmation
from chalicelib.services.confirmation_mail import ConfirmationMail
from chalicelib.services.delivery import Courier
from chalicelib.services.feedback import Feedback
from chalicelib.services.ledger import Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.mailing import Composer
from chalicelib.services.planning import Planner
from chalicelib.services.proofs import Proofs
from chalicelib.services.sequencing import Sequencer
from chalicelib.services.setup import Setup
from chalicelib.services.signup import Signup
from chalicelib.services.subscribers import Subscribers
from chalicelib.services.suppressions import Suppressions, Suppressor
from chalicelib.services.unsubscribe import Unsubscribe


class Container(Adapters):
    """Everything a handler may ask for, made at first use."""

    @cached_property
    def ledger(self) -> Ledger:
        """Appends to chains."""
        return Ledger(
            store=self.store,
            wrapper=self.wrapper,
            address_mac=self.address_mac,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
            origin=self.settings.ledger_origin,
            controller=self.settings.controller,
        )

    @cached_property
    def tokens(self) -> LinkTokens:
        """Links in mails."""
        return LinkTokens(self.link_keys)

    @cached_property
    def composer(self) -> Composer:
        """Fills campaign mails."""
        return Composer(
            renderer=self.renderer,
            tokens=self.tokens,
            forms=self.forms,
            clock=self.clock,
            base_url=self.settings.base_url,
        )

    @cached_property
    def signup(self) -> Signup:
        """Sign-up forms."""
        return Signup(
            ledger=self.ledger,
            forms=self.forms,
            brands=self.brands,
            activity=self.activity,
            queues=self.queues,
            tokens=self.tokens,
            clock=self.clock,
            per_hour=self.settings.signups_per_hour,
        )

    @cached_property
    def confirmation(self) -> Confirmation:
        """Confirmation links."""
        return Confirmation(
            ledger=self.ledger,
            store=self.store,
            audience=self.audience,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            clock=self.clock,
        )

    @cached_property
    def confirmation_mail(self) -> ConfirmationMail:
        """Confirmation mails."""
        return ConfirmationMail(
            ledger=self.ledger,
            suppressor=self.suppressor,
            store=self.store,
            heads=self.heads,
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
            origin=self.settings.ledger_origin,
        )

    @cached_property
    def unsubscribe(self) -> Unsubscribe:
        """Unsubscribe links."""
        return Unsubscribe(ledger=self.ledger, brands=self.brands, tokens=self.tokens)

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
            clock=self.clock,
            random=self.random,
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
    def sequencer(self) -> Sequencer:
        """Turns entries into a log."""
        return Sequencer(
            heads=self.heads,
            outbox=self.outbox,
            blobs=self.blobs,
            signer=self.log_signer,
            origin=self.settings.ledger_origin,
        )

    @cached_property
    def policy(self) -> bytes:
        """The C2SP policy a verifier needs: the log's key. Public."""
        return Policy(logs=(Log(key=self.sequencer.log_key),)).encode()

    @cached_property
    def subscribers(self) -> Subscribers:
        """Reads subscribers."""
        return Subscribers(ledger=self.ledger, store=self.store, audience=self.audience)

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
            suppressor=self.suppressor,
            chunks=self.chunks,
            campaigns=self.campaign_rows,
            health=self.health,
            activity=self.activity,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def proofs(self) -> Proofs:
        """Proof bundles."""
        return Proofs(
            ledger=self.ledger,
            store=self.store,
            jobs=self.jobs,
            brands=self.brands,
            blobs=self.blobs,
            queues=self.queues,
            tokens=self.tokens,
            clock=self.clock,
            random=self.random,
            policy=self.policy,
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
