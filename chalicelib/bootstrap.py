# SPDX-License-Identifier: Apache-2.0
"""The composition root: the one place where ports meet adapters.

Guarantees that nothing is read or connected until a handler needs it, and that a process makes
each part once. SDKs are slow to import, so adapters are imported inside the property that needs
them.
"""

from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from chalicelib.ports import audience, catalog, hygiene, keys, ledger, outside, sending, system


class Container:
    """Everything a handler may ask for, made at first use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # Adapters

    @cached_property
    def clock(self) -> "system.Clock":
        """The wall clock."""
        from chalicelib.adapters.system import SystemClock

        return SystemClock()

    @cached_property
    def random(self) -> "system.RandomBytes":
        """The operating system's randomness."""
        from chalicelib.adapters.system import SystemRandom

        return SystemRandom()

    @cached_property
    def store(self) -> "ledger.LedgerStore":
        """Subjects' chains."""
        from chalicelib.adapters.dynamo.ledger import DynamoLedgerStore

        return DynamoLedgerStore(
            ledger_table=self.settings.ledger_table,
            vault_table=self.settings.vault_table,
            audience_table=self.settings.audience_table,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def outbox(self) -> "ledger.Outbox":
        """Entries waiting for an index."""
        from chalicelib.adapters.dynamo.log import DynamoOutbox

        return DynamoOutbox(
            ledger_table=self.settings.ledger_table, clock=self.clock, random=self.random
        )

    @cached_property
    def heads(self) -> "ledger.HeadStore":
        """The log's head."""
        from chalicelib.adapters.dynamo.log import DynamoHeadStore

        return DynamoHeadStore(
            ledger_table=self.settings.ledger_table, origin=self.settings.ledger_origin
        )

    @cached_property
    def audience(self) -> "audience.AudienceStore":
        """Profiles and memberships."""
        from chalicelib.adapters.dynamo.audience import DynamoAudienceStore

        return DynamoAudienceStore(
            audience_table=self.settings.audience_table,
            vault_table=self.settings.vault_table,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def wrapper(self) -> "keys.KeyWrapper":
        """Wraps subject keys."""
        from chalicelib.adapters.vault import EpochKeyWrapper

        return EpochKeyWrapper(
            key_id=self.settings.vault_key,
            vault_table=self.settings.vault_table,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def address_mac(self) -> "keys.AddressMac":
        """Keyed MAC of addresses."""
        from chalicelib.adapters.kms import KmsAddressMac

        return KmsAddressMac(key_id=self.settings.address_key, controller=self.settings.controller)

    @cached_property
    def log_signer(self) -> "keys.LogSigner":
        """The log's key: KMS, or a file on one machine."""
        keeper, _, name = self.settings.log_key.partition(":")
        if keeper == "file":
            from chalicelib.adapters.signing import FileSigner

            return FileSigner(Path(name))
        from chalicelib.adapters.kms import KmsLogSigner

        return KmsLogSigner(key_id=name)

    @cached_property
    def link_keys(self) -> "keys.LinkKeys":
        """Master keys of links in mails."""
        from chalicelib.adapters.kms import KmsLinkKeys

        return KmsLinkKeys(
            key_id=self.settings.links_key,
            campaigns_table=self.settings.campaigns_table,
            clock=self.clock,
        )

    @cached_property
    def brands(self) -> "catalog.Brands":
        """Brands."""
        from chalicelib.adapters.dynamo.catalog import DynamoBrands

        return DynamoBrands(self.settings.campaigns_table)

    @cached_property
    def lists(self) -> "catalog.Lists":
        """Lists."""
        from chalicelib.adapters.dynamo.catalog import DynamoLists

        return DynamoLists(self.settings.campaigns_table)

    @cached_property
    def forms(self) -> "catalog.Forms":
        """Forms."""
        from chalicelib.adapters.dynamo.catalog import DynamoForms

        return DynamoForms(self.settings.campaigns_table)

    @cached_property
    def campaign_rows(self) -> "catalog.Campaigns":
        """Campaigns as stored."""
        from chalicelib.adapters.dynamo.catalog import DynamoCampaigns

        return DynamoCampaigns(self.settings.campaigns_table)

    @cached_property
    def jobs(self) -> "catalog.Jobs":
        """Jobs."""
        from chalicelib.adapters.dynamo.catalog import DynamoJobs

        return DynamoJobs(self.settings.campaigns_table)

    @cached_property
    def chunks(self) -> "sending.ChunkStore":
        """Chunk claims and delivery rows."""
        from chalicelib.adapters.dynamo.chunks import DynamoChunks

        return DynamoChunks(self.settings.campaigns_table, self.clock, self.random)

    @cached_property
    def rate(self) -> "sending.RateSlot":
        """The account's rate slot."""
        from chalicelib.adapters.dynamo.rate import DynamoRateSlot

        return DynamoRateSlot(self.settings.campaigns_table)

    @cached_property
    def activity(self) -> "outside.Activity":
        """What expires."""
        from chalicelib.adapters.dynamo.activity import DynamoActivity

        return DynamoActivity(self.settings.activity_table)

    @cached_property
    def health(self) -> "hygiene.HealthStore":
        """Health of addresses."""
        from chalicelib.adapters.dynamo.hygiene import DynamoHealthStore

        return DynamoHealthStore(self.settings.activity_table)

    @cached_property
    def suppression_index(self) -> "hygiene.SuppressionIndex":
        """The MACs ever suppressed, for paging."""
        from chalicelib.adapters.dynamo.hygiene import DynamoSuppressionIndex

        return DynamoSuppressionIndex(self.settings.ledger_table)

    @cached_property
    def blobs(self) -> "outside.Blobs":
        """Objects."""
        from chalicelib.adapters.s3 import S3Blobs

        return S3Blobs(self.settings.bucket)

    @cached_property
    def queues(self) -> "outside.Queues":
        """Queues."""
        from chalicelib.adapters.sqs import SqsQueues
        from chalicelib.ports.outside import Queue

        return SqsQueues(
            {
                Queue.CONFIRMATIONS: self.settings.confirmations_queue,
                Queue.PLANS: self.settings.plans_queue,
                Queue.CHUNKS: self.settings.chunks_queue,
                Queue.SEQUENCING: self.settings.sequencing_queue,
                Queue.PROOFS: self.settings.proofs_queue,
            }
        )

    @cached_property
    def sender(self) -> "sending.Sender":
        """SES."""
        from chalicelib.adapters.ses import SesSender

        return SesSender(configuration_set=self.settings.configuration_set, clock=self.clock)

    @cached_property
    def renderer(self) -> "sending.Renderer":
        """Templates."""
        from chalicelib.adapters.templates import TemplateRenderer

        return TemplateRenderer()

    # Services

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
        from chalicelib.adapters.dynamo.catalog import DynamoApiKeys

        return KeyRing(
            keys=DynamoApiKeys(self.settings.campaigns_table),
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
