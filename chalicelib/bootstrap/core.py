# SPDX-License-Identifier: Apache-2.0
"""The services most others rest on, and those that read people out: ledger, links, finding.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.runs import RunAdapters
from chalicelib.services.finding import Finder
from chalicelib.services.findings import Findings
from chalicelib.services.health_sight import HealthSight
from chalicelib.services.ledger import Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.mail_domains import MailDomains
from chalicelib.services.mail_sight import MailSight
from chalicelib.services.published_log import PublishedLog
from chalicelib.services.sealed_facts import FactPeople
from chalicelib.services.subscribers import Subscribers
from chalicelib.services.timeline import Timelines
from chalicelib.services.unsealing import Unsealing

if TYPE_CHECKING:
    from chalicelib.ports.mail_domains import MailDomainRows


class Core(RunAdapters):
    """Appending, reading and finding."""

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
    def mail_domain_rows(self) -> "MailDomainRows":
        """What DNS said of mail domains."""
        from chalicelib.adapters.dynamo.mail_domains import DynamoMailDomainRows  # noqa: PLC0415

        return DynamoMailDomainRows(self.settings.activity_table)

    @cached_property
    def mail_domains(self) -> MailDomains:
        """Whether mail arrives at a domain."""
        return MailDomains(
            rows=self.mail_domain_rows, dns=self.dns, tokens=self.tokens, clock=self.clock
        )

    @cached_property
    def published_log(self) -> PublishedLog:
        """The log as proofs read it."""
        return PublishedLog(store=self.store, blobs=self.blobs)

    @cached_property
    def unsealing(self) -> Unsealing:
        """Entries about who looked."""
        return Unsealing(ledger=self.ledger, store=self.store)

    @cached_property
    def subscribers(self) -> Subscribers:
        """Reads subscribers."""
        return Subscribers(
            ledger=self.ledger,
            store=self.store,
            audience=self.audience,
            unsealing=self.unsealing,
        )

    @cached_property
    def health_sight(self) -> HealthSight:
        """How well mail reaches subscribers."""
        return HealthSight(store=self.store, health=self.health, clock=self.clock)

    @cached_property
    def timelines(self) -> Timelines:
        """Chains in words."""
        return Timelines(ledger=self.ledger, store=self.store, unsealing=self.unsealing)

    @cached_property
    def mail_sight(self) -> MailSight:
        """What is known of mails of campaigns."""
        return MailSight(
            deliveries=self.deliveries,
            runs=self.runs,
            accounts=self.chunk_accounts,
            folds=self.folds,
            campaigns=self.campaign_rows,
            blobs=self.blobs,
            clock=self.clock,
        )

    @cached_property
    def finder(self) -> Finder:
        """Finds people by what they have."""
        return Finder(
            ledger=self.ledger,
            store=self.store,
            tokens=self.tokens,
            traces=self.traces,
            sight=self.mail_sight,
            unsealing=self.unsealing,
            findings=Findings(
                ledger=self.ledger,
                store=self.store,
                audience=self.audience,
                campaigns=self.campaign_rows,
                sight=self.mail_sight,
                mails=self.mail_records,
                traces=self.traces,
                erasures=self.erasure_records,
            ),
        )

    @cached_property
    def fact_people(self) -> FactPeople:
        """Reads people for their facts."""
        return FactPeople(
            ledger=self.ledger,
            brands=self.brands,
            random=self.random,
            order_days=self.settings.keep_orders_days,
        )
