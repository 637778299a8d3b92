# SPDX-License-Identifier: Apache-2.0
"""A whole ledger on fakes, and subscribers put into it through the product's own append."""

from dataclasses import dataclass, field

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, DeliveryId, ListId, PurposeId, SubjectId
from chalicelib.domain.state import SubjectState
from chalicelib.ports.sending import DeliveryRow, DeliverySeen
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.feedback import Feedback
from chalicelib.services.feedback_subject import FeedbackSubjects
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.suppressions import Suppressions, Suppressor
from chalicelib.vocabulary import EventType
from tests.support.catalog_examples import CAMPAIGN
from tests.support.clock import FakeClock, SeededRandom
from tests.support.faults import Faults, no_faults
from tests.support.memory_audience import MemoryAudienceStore
from tests.support.memory_catalog import (
    CatalogRows,
    MemoryBrands,
    MemoryCampaigns,
    MemoryLists,
)
from tests.support.memory_hygiene import (
    HygieneRows,
    MemoryHealthStore,
    MemoryRests,
    MemorySuppressionIndex,
)
from tests.support.memory_keys import MemoryAddressMac, MemoryKeyWrapper
from tests.support.memory_ledger import MemoryLedgerStore, MemoryRows
from tests.support.memory_mails import MemoryMailStore
from tests.support.memory_outside import MemoryActivity, MemoryQueues, OutsideRows
from tests.support.memory_runs import MemoryDeliveries, RunRows
from tests.support.memory_sending import SendingRows
from tests.support.memory_traces import MemoryTraces

NEWS = PurposeId("newsletter")


@dataclass(slots=True, kw_only=True)
class People:
    """Rows of every store, and the services over them; ``faults`` reaches every fake."""

    rows: MemoryRows = field(default_factory=MemoryRows)
    outside: OutsideRows = field(default_factory=OutsideRows)
    sending: SendingRows = field(default_factory=SendingRows)
    catalog: CatalogRows = field(default_factory=CatalogRows)
    hygiene: HygieneRows = field(default_factory=HygieneRows)
    clock: FakeClock = field(default_factory=FakeClock)
    random: SeededRandom = field(default_factory=SeededRandom)
    faults: Faults = no_faults

    def _strike(self, call: str, moment: object) -> None:
        self.faults(call, moment)  # type: ignore[arg-type]

    @property
    def ledger(self) -> Ledger:
        return Ledger(
            store=MemoryLedgerStore(self.rows, self._strike),
            wrapper=MemoryKeyWrapper(faults=self._strike),
            address_mac=MemoryAddressMac(faults=self._strike),
            queues=MemoryQueues(self.outside, self._strike),
            clock=self.clock,
            random=self.random,
            origin="example.org/log",
            controller="example",
        )

    @property
    def index(self) -> MemorySuppressionIndex:
        return MemorySuppressionIndex(self.hygiene, self._strike)

    @property
    def suppressor(self) -> Suppressor:
        return Suppressor(ledger=self.ledger, index=self.index, clock=self.clock)

    @property
    def suppressions(self) -> Suppressions:
        return Suppressions(
            ledger=self.ledger,
            suppressor=self.suppressor,
            index=self.index,
            brands=MemoryBrands(self.catalog, self._strike),
            lists=MemoryLists(self.catalog, self._strike),
        )

    @property
    def feedback(self) -> Feedback:
        return Feedback(
            subjects=FeedbackSubjects(
                ledger=self.ledger,
                store=MemoryLedgerStore(self.rows, self._strike),
                deliveries=MemoryDeliveries(RunRows(former=self.sending), self._strike),
                audience=MemoryAudienceStore(self.rows, self._strike),
            ),
            mails=MemoryMailStore(self.rows, self._strike),
            suppressor=self.suppressor,
            deliveries=MemoryDeliveries(RunRows(former=self.sending), self._strike),
            campaigns=MemoryCampaigns(self.catalog, self._strike),
            health=MemoryHealthStore(self.hygiene, self._strike),
            rests=MemoryRests(self.rows, self._strike),
            activity=MemoryActivity(self.outside, self._strike),
            traces=MemoryTraces(self.outside, self._strike),
            queues=MemoryQueues(self.outside, self._strike),
            clock=self.clock,
            random=self.random,
        )

    def mac(self, address: str) -> str:
        return self.ledger.mac(parse_address(address).normal)

    def confirmed(self, address: str, *lists: tuple[str, str]) -> SubjectId:
        """Add somebody who confirmed ``(brand, list)`` pairs, by default the demo newsletter."""
        chain = self.ledger.start(self.mac(address))
        drafts = [
            Draft(
                type=EventType.CONSENT_CONFIRMED,
                brand=BrandId(brand),
                lists=(ListId(list_id),),
                purposes=(NEWS,),
                notice="11" * 32,
                via=Via.PAGE,
            )
            for brand, list_id in lists or (("demo", "newsletter"),)
        ]
        profile: dict[str, JsonValue] = {"attributes": {}, "email": address, "language": "en"}
        return self.ledger.append(chain, drafts, profile=profile, signup=True).sid

    def asked(self, address: str) -> SubjectId:
        """Add somebody who asked for the demo newsletter and has not confirmed."""
        draft = Draft(
            type=EventType.CONSENT_REQUESTED,
            brand=BrandId("demo"),
            lists=(ListId("newsletter"),),
            purposes=(NEWS,),
            notice="11" * 32,
        )
        chain = self.ledger.start(self.mac(address))
        return self.ledger.append(chain, [draft], signup=True).sid

    def act(self, sid: SubjectId, draft: Draft) -> SubjectState:
        """Append one entry to somebody's chain."""
        return self.ledger.append(self.ledger.open(sid), [draft]).state

    def confirm_again(self, sid: SubjectId, brand: str = "demo") -> SubjectState:
        """Let somebody confirm the newsletter anew, a second later."""
        self.clock.advance(1000)
        draft = Draft(
            type=EventType.CONSENT_CONFIRMED,
            brand=BrandId(brand),
            lists=(ListId("newsletter"),),
            purposes=(NEWS,),
            notice="11" * 32,
            via=Via.PAGE,
        )
        return self.act(sid, draft)

    def state(self, sid: SubjectId) -> SubjectState:
        return self.ledger.open(sid).state

    def delivery(self, sid: SubjectId, delivery: str, campaign: Campaign = CAMPAIGN) -> None:
        """Store the row of a message about to be sent to somebody."""
        self.catalog.campaigns.setdefault(campaign.id, campaign)
        row = DeliveryRow(
            delivery=DeliveryId(delivery),
            campaign=campaign.id,
            sid=sid,
            chunk="0/0",
            basis="consent",
            entry=0,
            measured=False,
            at_ms=self.clock.now_ms(),
        )
        seen = DeliverySeen(row=row, event=None, event_ms=None, message_id=None)
        self.sending.deliveries[row.delivery] = seen

    def erase(self, sid: SubjectId) -> None:
        """Take away what an erasure takes: key, state, lookup."""
        macs = self.rows.states.pop(sid).macs
        del self.rows.vault[sid]
        for mac in macs:
            self.rows.lookups.pop(mac, None)
