# SPDX-License-Identifier: Apache-2.0
"""Ports meet adapters here.

Guarantees that nothing is read or connected until a handler needs it. SDKs are slow to import, so
adapters are imported inside the property that needs them.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.bootstrap.catalog import CatalogAdapters

if TYPE_CHECKING:
    from chalicelib.ports import (
        access,
        audience,
        audience_scan,
        audit,
        content,
        erasure,
        facts,
        gate,
        hygiene,
        keys,
        ledger,
        links,
        mails,
        messages,
        outside,
        rights,
        sending,
        templates,
        time,
        traces,
    )
    from chalicelib.ports.audience import FrequencyStore
    from chalicelib.ports.dns import Dns
    from chalicelib.ports.facts import FactScan


class Adapters(CatalogAdapters):
    """Every port's adapter, made at first use."""

    @cached_property
    def proof_of_work(self) -> "gate.ProofOfWork":
        """Challenges of sign-up forms."""
        from chalicelib.adapters.proof_of_work import AltchaProofOfWork

        return AltchaProofOfWork()

    @cached_property
    def disposable_domains(self) -> "gate.DisposableDomains":
        """Mail domains whose mailboxes are thrown away."""
        from chalicelib.adapters.disposable import ListedDisposableDomains

        return ListedDisposableDomains()

    @cached_property
    def dns(self) -> "Dns":
        """Questions to DNS."""
        from chalicelib.adapters.dns import SystemDns

        return SystemDns(self.settings.dns_address)

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
    def mail_records(self) -> "mails.MailStore":
        """Confirmation mails as they were sent."""
        from chalicelib.adapters.dynamo.mails import DynamoMailStore

        return DynamoMailStore(self.settings.ledger_table)

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
    def anchors(self) -> "time.Anchors":
        """The index of stamped checkpoints."""
        from chalicelib.adapters.dynamo.anchors import DynamoAnchors

        return DynamoAnchors(
            ledger_table=self.settings.ledger_table, origin=self.settings.ledger_origin
        )

    @cached_property
    def time_authority(self) -> "time.TimeAuthority":
        """Who stamps checkpoints."""
        from chalicelib.adapters.tsa import Rfc3161Authority

        return Rfc3161Authority(url=self.settings.tsa_url, certificates=self.settings.tsa_roots)

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
    def audience_scan(self) -> "audience_scan.AudienceScan":
        """Whole shards of the audience."""
        from chalicelib.adapters.dynamo.audience_scan import DynamoAudienceScan

        return DynamoAudienceScan(
            audience_table=self.settings.audience_table, vault_table=self.settings.vault_table
        )

    @cached_property
    def frequency(self) -> "FrequencyStore":
        """How often people want to be written to."""
        from chalicelib.adapters.dynamo.frequency import DynamoFrequencyStore

        return DynamoFrequencyStore(self.settings.audience_table)

    @cached_property
    def facts(self) -> "facts.FactStore":
        """What is known of people, and the events it was folded from."""
        from chalicelib.adapters.dynamo.facts import DynamoFactStore

        return DynamoFactStore(
            ledger_table=self.settings.ledger_table,
            audience_table=self.settings.audience_table,
            activity_table=self.settings.activity_table,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def fact_scan(self) -> "FactScan":
        """People by what is kept of them."""
        from chalicelib.adapters.dynamo.fact_scan import DynamoFactScan

        return DynamoFactScan(
            audience_table=self.settings.audience_table,
            activity_table=self.settings.activity_table,
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
    def hits(self) -> "links.Hits":
        """Clicks and opens."""
        from chalicelib.adapters.dynamo.links import DynamoHits

        return DynamoHits(
            activity_table=self.settings.activity_table,
            campaigns_table=self.settings.campaigns_table,
            random=self.random,
        )

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
    def access_rows(self) -> "access.AccessStore":
        """Fresh links to one's own data, by their hash."""
        from chalicelib.adapters.dynamo.access import DynamoAccessStore

        return DynamoAccessStore(self.settings.activity_table)

    @cached_property
    def address_wishes(self) -> "access.AddressWishes":
        """Wished changes of address, and their links."""
        from chalicelib.adapters.dynamo.access import DynamoAddressWishes

        return DynamoAddressWishes(self.settings.activity_table)

    @cached_property
    def traces(self) -> "traces.Traces":
        """Mails by their Message-ID, and a person's stored SES events."""
        from chalicelib.adapters.dynamo.traces import DynamoTraces

        return DynamoTraces(self.settings.activity_table)

    @cached_property
    def health(self) -> "hygiene.HealthStore":
        """Health of addresses."""
        from chalicelib.adapters.dynamo.hygiene import DynamoHealthStore

        return DynamoHealthStore(self.settings.activity_table)

    @cached_property
    def rests(self) -> "hygiene.Rests":
        """Which addresses rest."""
        from chalicelib.adapters.dynamo.hygiene import DynamoRests

        return DynamoRests(self.settings.audience_table)

    @cached_property
    def suppression_index(self) -> "hygiene.SuppressionIndex":
        """The MACs ever suppressed, for paging."""
        from chalicelib.adapters.dynamo.hygiene import DynamoSuppressionIndex

        return DynamoSuppressionIndex(self.settings.ledger_table)

    @cached_property
    def personal_data(self) -> "erasure.PersonalData":
        """Everything of a person, to be destroyed."""
        from chalicelib.adapters.dynamo.erasure import DynamoPersonalData

        return DynamoPersonalData(
            ledger_table=self.settings.ledger_table,
            vault_table=self.settings.vault_table,
            audience_table=self.settings.audience_table,
            activity_table=self.settings.activity_table,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def erasure_records(self) -> "erasure.Erasures":
        """Records of erasures."""
        from chalicelib.adapters.dynamo.erasures import DynamoErasures

        return DynamoErasures(self.settings.campaigns_table)

    @cached_property
    def rights_records(self) -> "rights.RightsRecords":
        """Records of rights requests."""
        from chalicelib.adapters.dynamo.rights import DynamoRightsRecords

        return DynamoRightsRecords(self.settings.campaigns_table, self.clock, self.random)

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
                Queue.ERASURES: self.settings.erasures_queue,
                Queue.ANCHORS: self.settings.anchors_queue,
                Queue.SEGMENTS: self.settings.segments_queue,
                Queue.SUPPRESSIONS: self.settings.suppressions_queue,
                Queue.IMPORTS: self.settings.imports_queue,
            }
        )

    @cached_property
    def sender(self) -> "sending.Sender":
        """SES."""
        from chalicelib.adapters.ses import SesSender
        from chalicelib.adapters.ses_mode import SendMode

        return SesSender(
            configuration_set=self.settings.configuration_set,
            answers_set=self.settings.answers_set,
            clock=self.clock,
            mode=SendMode(self.settings.send_mode),
        )

    @cached_property
    def renderer(self) -> "sending.Renderer":
        """Templates."""
        from chalicelib.adapters.templates import TemplateRenderer

        return TemplateRenderer()

    @cached_property
    def content_compiler(self) -> "content.ContentCompiler":
        """What campaigns are compiled with, before they are tested and sent."""
        from chalicelib.adapters.mail_compiler import MailCompiler

        return MailCompiler(self.renderer, self.settings.base_url)

    @cached_property
    def service_mails(self) -> "templates.ServiceMails":
        """What fills the mails of a service."""
        from chalicelib.adapters.service_mails import SandboxedServiceMails

        return SandboxedServiceMails(self.renderer)

    @cached_property
    def message_rows(self) -> "messages.MessageStore":
        """Messages of a service as stored."""
        from chalicelib.adapters.dynamo.messages import DynamoMessages

        return DynamoMessages(self.settings.activity_table)

    @cached_property
    def ledger_audit(self) -> "audit.LedgerAudit":
        """Every row of the ledger and the vault, for an operator's comparison."""
        from chalicelib.adapters.dynamo.audit import DynamoLedgerAudit

        return DynamoLedgerAudit(
            ledger_table=self.settings.ledger_table,
            vault_table=self.settings.vault_table,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def object_audit(self) -> "audit.ObjectAudit":
        """Names of stored objects, for an operator's comparison."""
        from chalicelib.adapters.s3_listing import S3Listing

        return S3Listing(self.settings.bucket)
