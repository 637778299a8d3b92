# SPDX-License-Identifier: Apache-2.0
"""The services that keep what is known of people, and ask it of whole audiences.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.evidence import EvidenceServices
from chalicelib.services.customer_events import CustomerEvents
from chalicelib.services.facts_folder import FactFolder
from chalicelib.services.forgetting import Forgetting
from chalicelib.services.measured_facts import MeasuredFacts
from chalicelib.services.own_facts import OwnFacts
from chalicelib.services.refolding import Refolding

if TYPE_CHECKING:
    from chalicelib.services.segment_counts import SegmentCounts
    from chalicelib.services.segment_explain import Explaining
    from chalicelib.services.segment_run import Evaluator


class SegmentServices(EvidenceServices):
    """Customer events, facts, and segments asked of people."""

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
            people=self.fact_people,
            facts=self.facts,
            links=self.campaign_links,
            hits=self.hits,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def refolding(self) -> Refolding:
        """Takes orders past their time out of facts."""
        return Refolding(
            people=self.fact_people,
            facts=self.facts,
            scan=self.fact_scan,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def own_facts(self) -> OwnFacts:
        """What is known of a person, for that person."""
        return OwnFacts(
            people=self.fact_people,
            facts=self.facts,
            brands=self.brands,
            campaigns=self.campaign_rows,
            order_days=self.settings.keep_orders_days,
        )

    @cached_property
    def measured_facts(self) -> MeasuredFacts:
        """Adds what was measured of mails to what is known of people."""
        return MeasuredFacts(
            links=self.campaign_links, hits=self.hits, store=self.store, folder=self.fact_folder
        )

    # The language of segments is slow to load, and most handlers ask for none; so each of these is
    # imported where it is made.

    @cached_property
    def evaluator(self) -> "Evaluator":
        """Asks segments of the audience."""
        from chalicelib.services.segment_run import Evaluator  # noqa: PLC0415  # as said above

        return Evaluator(
            scan=self.audience_scan, wrapper=self.wrapper, origin=self.settings.ledger_origin
        )

    @cached_property
    def segment_counts(self) -> "SegmentCounts":
        """Counts of segments."""
        from chalicelib.services.segment_counts import SegmentCounts  # noqa: PLC0415  # likewise

        return SegmentCounts(
            segments=self.segments,
            subscribers=self.subscribers,
            evaluator=self.evaluator,
            jobs=self.jobs,
            parts=self.count_parts,
            activity=self.activity,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def explaining(self) -> "Explaining":
        """Explains segments to people."""
        from chalicelib.services.segment_explain import Explaining  # noqa: PLC0415  # likewise

        return Explaining(
            segments=self.segments,
            ledger=self.ledger,
            audience=self.audience,
            facts=self.facts,
            unsealing=self.unsealing,
        )
