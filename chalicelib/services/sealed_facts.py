# SPDX-License-Identifier: Apache-2.0
"""Facts, events and orders of one person, opened and sealed with that person's keys.

Guarantees that what leaves here is sealed to its own row, and that rows are named by tags that
nobody can compute without the key: a shop's order numbers can be guessed. What may be known
follows from the chain as it was read (`domain.standing`), never from a copy of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.domain.customer_events import CustomerEvent, Ignored, Kind, dump_event, ignored
from chalicelib.domain.fact_document import dump_facts, load_facts
from chalicelib.domain.facts import Facts, Measured, allowed, only
from chalicelib.domain.ids import BrandId, DeliveryId, SubjectId, encode_id
from chalicelib.domain.kept_events import Kept, MeasuredMail, dump_measured, load_kept
from chalicelib.domain.orders import Order, dump_order, load_order
from chalicelib.domain.standing import Standing, standing
from chalicelib.errors import NotFound
from chalicelib.ports.catalog import Brands
from chalicelib.ports.facts import (
    KeptEvent,
    KeptOrder,
    due_day,
    event_row,
    kept_until_ms,
    order_row,
)
from chalicelib.ports.system import RandomBytes
from chalicelib.proof.sealing import NONCE_BYTES, SubjectKeys
from chalicelib.services.ledger import Ledger

NOTHING_KNOWN = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """Somebody whose chain was just read strongly.

    Attributes:
        entries: length of the chain: what is written on the strength of it holds for no other.
        order_days: how old an order may be when it is told.
        orders_off: brands of which the operator keeps no orders.
    """

    sid: SubjectId
    entries: int
    standing: Standing
    keys: SubjectKeys
    random: RandomBytes
    order_days: int
    orders_off: frozenset[BrandId] = frozenset()

    def ignored(self, kind: Kind, brand: BrandId) -> Ignored | None:
        """Return why nothing of ``kind`` may be kept under ``brand``; None: it may."""
        return ignored(
            kind,
            restricted=self.standing.restricted,
            objected=brand in self.standing.objected,
            given=self.standing.purposes(brand),
            keeps_orders=brand not in self.orders_off,
        )

    def permitted(self, facts: Facts) -> Facts:
        """Return of ``facts`` what may be known: for every brand the parts its consents allow."""
        for brand in facts.brands:
            parts = allowed(
                self.standing.purposes(brand),
                objected=brand in self.standing.objected,
                keeps_orders=brand not in self.orders_off,
            )
            facts = only(facts, brand, parts)
        return facts

    def open_facts(self, sealed: bytes | None) -> Facts:
        """Return the facts; none, where nothing is kept.

        Raises:
            EvidenceError: they are another person's, or were altered; so for all that open.
        """
        return NOTHING_KNOWN if sealed is None else load_facts(self.keys.open_facts(sealed))

    def seal_facts(self, facts: Facts) -> bytes | None:
        """Return the facts as they are stored; None: nothing is known."""
        if facts == NOTHING_KNOWN:
            return None
        return self.keys.seal_facts(dump_facts(facts), self.random(NONCE_BYTES))

    def due_day(self, facts: Facts) -> int | None:
        """Return the day on which the oldest order in ``facts`` is past its time."""
        first = [known.orders.first_s for known in facts.brands.values() if known.orders]
        return due_day(min(first), order_days=self.order_days) if first else None

    def event_tag(self, event: CustomerEvent) -> str:
        """Return what names an event among the person's: the same id is the same event."""
        return encode_id(self.keys.name("event", event.brand, event.id))

    def order_tag(self, brand: BrandId, order: str) -> str:
        """Return what names an order among the person's."""
        return encode_id(self.keys.name("order", brand, order))

    def mail_tag(self, measured: Measured, brand: BrandId, delivery: DeliveryId) -> str:
        """Return what names that a mail was opened, or clicked, among the person's events."""
        return encode_id(self.keys.name(measured.value, brand, delivery))

    def kept_event(self, tag: str, event: CustomerEvent) -> KeptEvent:
        """Return the row that says an event was counted, and what it was."""
        return self._row(tag, event.type.kind, event.occurred_ms, dump_event(event))

    def kept_mail(self, tag: str, mail: MeasuredMail) -> KeptEvent:
        """Return the row that says a mail was opened, or clicked."""
        return self._row(tag, Kind.MEASUREMENT, mail.behaviour.occurred_ms, dump_measured(mail))

    def kept_order(self, tag: str, order: Order) -> KeptOrder:
        """Return an order's row."""
        row, nonce = order_row(tag).encode(), self.random(NONCE_BYTES)
        return KeptOrder(
            tag=tag,
            sealed=self.keys.seal_event(row, dump_order(order), nonce),
            until_ms=kept_until_ms(Kind.ORDER, order.at_ms, order_days=self.order_days),
        )

    def open_event(self, kept: KeptEvent) -> Kept:
        """Return what a row says of an event."""
        return load_kept(kept.kind, self.keys.open_event(event_row(kept.tag).encode(), kept.sealed))

    def open_order(self, kept: KeptOrder) -> Order:
        """Return the order of a row."""
        return load_order(self.keys.open_event(order_row(kept.tag).encode(), kept.sealed))

    def opened(self, rows: Iterable[KeptOrder]) -> Iterator[tuple[str, Order]]:
        """Yield tag and order of each row."""
        return ((kept.tag, self.open_order(kept)) for kept in rows)

    def _row(self, tag: str, kind: Kind, at_ms: int, plaintext: bytes) -> KeptEvent:
        return KeptEvent(
            tag=tag,
            kind=kind,
            sealed=self.keys.seal_event(
                event_row(tag).encode(), plaintext, self.random(NONCE_BYTES)
            ),
            until_ms=kept_until_ms(kind, at_ms, order_days=self.order_days),
        )


class FactPeople:
    """Reads people by their chains; who is erased, or whose key is gone, is nobody."""

    def __init__(
        self, *, ledger: Ledger, brands: Brands, random: RandomBytes, order_days: int
    ) -> None:
        self._ledger = ledger
        self._brands = brands
        self._random = random
        self._order_days = order_days

    def known(self, sid: SubjectId) -> KnownPerson | None:
        """Return somebody as their chain stands, read strongly; None: there is nobody."""
        try:
            chain = self._ledger.open(sid)
        except NotFound:
            return None
        return KnownPerson(
            sid=sid,
            entries=chain.state.entries,
            standing=standing(chain.state),
            keys=chain.keys,
            random=self._random,
            order_days=self._order_days,
            orders_off=self.orders_off(),
        )

    def orders_off(self) -> frozenset[BrandId]:
        """Return the brands of which no orders are kept, as they were a moment ago."""
        return frozenset(brand.id for brand in self._brands.all() if not brand.keep_orders)
