# SPDX-License-Identifier: Apache-2.0
"""The services most others rest on, and those that read people out: ledger, links, finding.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property

from chalicelib.bootstrap.adapters import Adapters
from chalicelib.services.finding import Finder
from chalicelib.services.findings import Findings
from chalicelib.services.ledger import Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.published_log import PublishedLog
from chalicelib.services.subscribers import Subscribers
from chalicelib.services.timeline import Timelines
from chalicelib.services.unsealing import Unsealing


class Core(Adapters):
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
    def timelines(self) -> Timelines:
        """Chains in words."""
        return Timelines(ledger=self.ledger, store=self.store, unsealing=self.unsealing)

    @cached_property
    def finder(self) -> Finder:
        """Finds people by what they have."""
        return Finder(
            ledger=self.ledger,
            store=self.store,
            tokens=self.tokens,
            traces=self.traces,
            chunks=self.chunks,
            unsealing=self.unsealing,
            findings=Findings(
                ledger=self.ledger,
                store=self.store,
                audience=self.audience,
                campaigns=self.campaign_rows,
                chunks=self.chunks,
                mails=self.mail_records,
                traces=self.traces,
                erasures=self.erasure_records,
            ),
        )
