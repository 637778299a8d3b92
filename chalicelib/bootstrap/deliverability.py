# SPDX-License-Identifier: Apache-2.0
"""The doctor, and what it looks at.

Guarantees, as all of bootstrap, that each part is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.segments import SegmentServices

if TYPE_CHECKING:
    from chalicelib.ports.deliverability import OwnPage, SenderFacts
    from chalicelib.services.doctor import Doctor
    from chalicelib.services.stopped_domains import StoppedDomains

# ruff: noqa: PLC0415  # few requests ask for it


class DeliverabilityServices(SegmentServices):
    """What tells whether mails can arrive."""

    @cached_property
    def sender_facts(self) -> "SenderFacts":
        """What SES says of a sender."""
        from chalicelib.adapters.ses_sender_facts import SesSenderFacts

        return SesSenderFacts()

    @cached_property
    def own_page(self) -> "OwnPage":
        """A page of ours, asked for from outside."""
        from chalicelib.adapters.own_page import HttpOwnPage

        return HttpOwnPage()

    @cached_property
    def stopped_domains(self) -> "StoppedDomains":
        """Recipients' domains of which too much came back."""
        from chalicelib.services.stopped_domains import StoppedDomains

        return StoppedDomains(rows=self.breaker_rows, clock=self.clock)

    @cached_property
    def doctor(self) -> "Doctor":
        """Examines brands."""
        from chalicelib.services.doctor import Doctor, History, Place

        return Doctor(
            facts=self.sender_facts,
            page=self.own_page,
            dns=self.dns,
            domains=self.stopped_domains,
            brands=self.brands,
            history=History(
                lists=self.lists,
                campaigns=self.campaign_rows,
                accounts=self.chunk_accounts,
                watermark=self.watermark,
            ),
            activity=self.activity,
            clock=self.clock,
            place=Place(
                base_url=self.settings.base_url,
                origin=self.settings.ledger_origin,
                configuration_set=self.settings.configuration_set,
                region=self.settings.region,
            ),
        )
