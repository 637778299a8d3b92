# SPDX-License-Identifier: Apache-2.0
"""What is known of somebody from orders, visits and mails, for that person.

Guarantees that the facts are there with every event and order they were folded from, of every
brand: also what is no longer used and waits to be forgotten, since it is held. Amounts are in
minor units, as they were told; nothing is converted. Plain data: the page says it in words.

Source: GDPR Art. 15(1), Art. 20(1).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from chalicelib.domain.customer_events import CustomerEvent, dump_event
from chalicelib.domain.facts import BrandFacts, Cart, MailFacts, OrderFacts, SiteFacts, Tally
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.domain.kept_events import Kept, MeasuredMail
from chalicelib.domain.latest import Latest
from chalicelib.domain.orders import Order
from chalicelib.ports.catalog import Brands, Campaigns
from chalicelib.ports.facts import EVENT_DAYS, ORDER_SPARE_DAYS, FactStore
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.sealed_facts import FactPeople, KnownPerson

Document = dict[str, JsonValue]


class OwnFacts:
    """Reads out what was folded, and what it was folded from."""

    def __init__(
        self,
        *,
        people: FactPeople,
        facts: FactStore,
        brands: Brands,
        campaigns: Campaigns,
        order_days: int,
    ) -> None:
        self._people = people
        self._facts = facts
        self._brands = brands
        self._campaigns = campaigns
        self._order_days = order_days

    def of(self, sid: SubjectId) -> Document:
        """Return the members ``facts``, ``orders`` and ``customer_events``, oldest first.

        Raises:
            DependencyError: not everything could be read; nothing is told.
            EvidenceError: something kept of the person does not open.
        """
        person, held = self._people.known(sid), self._facts.read(sid)
        if person is None or held is None:
            return {"facts": [], "orders": [], "customer_events": []}
        known = person.open_facts(held.facts).brands
        return {
            "facts": [self._brand(brand, known[brand]) for brand in sorted(known)],
            "orders": self._orders(person),
            "customer_events": self._events(person),
        }

    @property
    def retention(self) -> tuple[tuple[str, str], ...]:
        """What of it is kept how long."""
        orders = f"{self._order_days + ORDER_SPARE_DAYS} days after the order, or until you object"
        return (
            ("orders", orders),
            ("customer_events", f"{EVENT_DAYS} days after they happened; about an order, as it"),
            ("facts", "until you object, or withdraw the purpose; orders in them, as those"),
        )

    def _brand(self, brand: BrandId, known: BrandFacts) -> JsonValue:
        row = self._brands.get(brand)
        mail, signup_s = known.mail, known.signup_s
        return {
            "brand": brand,
            "name": row.name if row else None,
            "orders": _orders(known.orders) if known.orders else None,
            "cart": _cart(known.cart) if known.cart else None,
            "mail": self._mail(mail) if mail else None,
            "site": _site(known.site) if known.site else None,
            "signup_at": None if signup_s is None else _time(signup_s),
        }

    def _mail(self, mail: MailFacts) -> JsonValue:
        return {
            "opened": _tally(mail.opened),
            "clicked": _tally(mail.clicked),
            "campaigns_opened": self._named(mail.opened_campaigns),
            "campaigns_clicked": self._named(mail.clicked_campaigns),
        }

    def _named(self, campaigns: Latest) -> list[JsonValue]:
        return [
            {"campaign": seen.name, "name": self._name(seen.name), "last_at": _time(seen.at_s)}
            for seen in _members(campaigns)
        ]

    def _name(self, campaign: str) -> str | None:
        found = self._campaigns.get(campaign)
        return found.name if found else None

    def _orders(self, person: KnownPerson) -> list[JsonValue]:
        found = [order for _, order in person.opened(self._facts.orders(person.sid))]
        return [_order(order) for order in sorted(found, key=lambda order: order.at_ms)]

    def _events(self, person: KnownPerson) -> list[JsonValue]:
        found: list[Kept] = [person.open_event(kept) for kept in self._facts.events(person.sid)]
        return [self._event(kept) for kept in sorted(found, key=_happened_ms)]

    def _event(self, kept: Kept) -> JsonValue:
        if isinstance(kept, MeasuredMail):
            campaign = kept.behaviour.campaign
            return {
                "type": f"mail.{kept.behaviour.measured.value}",
                "brand": kept.brand,
                "at": _time(kept.behaviour.occurred_ms // 1000),
                "campaign": campaign,
                "name": self._name(campaign),
                "delivery": kept.delivery,
            }
        # What the other system sent is what may be taken along: the same members, the same units.
        told: dict[str, Any] = orjson.loads(dump_event(kept))
        at = _time(told.pop("occurred_ms") // 1000)
        return {"type": told.pop("type"), "at": at, **{n: told[n] for n in told if n != "v"}}


def _happened_ms(kept: Kept) -> int:
    return kept.occurred_ms if isinstance(kept, CustomerEvent) else kept.behaviour.occurred_ms


def _orders(orders: OrderFacts) -> JsonValue:
    return {
        "count": orders.count,
        "first_at": _time(orders.first_s),
        "last_at": _time(orders.last_s),
        "sums": [
            {"currency": currency, "orders": held.orders, "amount": held.net}
            for currency, held in sorted(orders.sums.items())
        ],
        "products": _seen("product", orders.products),
    }


def _cart(cart: Cart) -> JsonValue:
    return {
        "at": _time(cart.at_s),
        "currency": cart.currency,
        "amount": cart.amount,
        "products": list(cart.products),
    }


def _site(site: SiteFacts) -> JsonValue:
    custom: list[JsonValue] = [
        {"name": name, "times": tally.times, "last_at": _time(tally.last_s)}
        for name, tally in sorted(site.custom.items())
    ]
    return {
        "visits": _tally(site.visits),
        "products": _seen("product", site.products),
        "documents": _seen("document", site.documents),
        "custom": custom,
    }


def _order(order: Order) -> JsonValue:
    placed, cancelled_ms = order.placed, order.cancelled_ms
    refunds: Iterable[Any] = sorted(order.refunds.values(), key=lambda refund: refund.at_ms)
    return {
        "id": order.id,
        "brand": order.brand,
        "placed_at": None if placed is None else _time(placed.at_ms // 1000),
        "amount": None if placed is None else placed.amount,
        "currency": None if placed is None else placed.currency,
        "products": [] if placed is None else list(placed.products),
        "cancelled_at": None if cancelled_ms is None else _time(cancelled_ms // 1000),
        "refunds": [
            {"at": _time(each.at_ms // 1000), "amount": each.amount, "currency": each.currency}
            for each in refunds
        ],
    }


def _tally(tally: Tally | None) -> JsonValue:
    return tally and {"times": tally.times, "last_at": _time(tally.last_s)}


def _seen(of: str, latest: Latest) -> list[JsonValue]:
    return [{of: seen.name, "last_at": _time(seen.at_s)} for seen in _members(latest)]


def _members(latest: Latest) -> Iterable[Any]:
    """Every member, and the one that was dropped last, which is held as the edge."""
    return [*latest.ranked(), *([latest.edge] if latest.edge else [])]


def _time(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")
