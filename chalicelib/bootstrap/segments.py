# SPDX-License-Identifier: Apache-2.0
"""The services that keep what is known of people, for segments.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property

from chalicelib.bootstrap.evidence import EvidenceServices
from chalicelib.services.customer_events import CustomerEvents
from chalicelib.services.facts_folder import FactFolder
from chalicelib.services.forgetting import Forgetting
from chalicelib.services.sealed_facts import FactPeople


class SegmentServices(EvidenceServices):
    """Customer events and facts."""

    @cached_property
    def customer_events(self) -> CustomerEvents:
        """Takes events of other systems in."""
        return CustomerEvents(
            ledger=self.ledger,
            brands=self.brands,
            folder=self.fact_folder,
            clock=self.clock,
            order_days=self.settings.keep_orders_days,
        )

    @cached_property
    def fact_folder(self) -> FactFolder:
        """Adds what somebody did to what is known of them."""
        return FactFolder(
            people=self.fact_people,
            facts=self.facts,
            forgetting=self.forgetting,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def forgetting(self) -> Forgetting:
        """Drops what may no longer be known."""
        return Forgetting(
            people=self.fact_people, facts=self.facts, clock=self.clock, random=self.random
        )

    @cached_property
    def fact_people(self) -> FactPeople:
        """Reads people for their facts."""
        return FactPeople(
            ledger=self.ledger, random=self.random, order_days=self.settings.keep_orders_days
        )
