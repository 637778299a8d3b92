# SPDX-License-Identifier: Apache-2.0
"""One order of one person as the join of what was told about it, in whatever order it came.

Guarantees that placing, refunding and cancelling commute and may be told twice: the order that
comes of them, and what it counts for, is the same. A refund or a cancellation told before the
order waits here until the order comes. Refuses to convert: a refund in another currency counts 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from chalicelib.domain.customer_events import (
    CustomerEvent,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
)
from chalicelib.domain.ids import BrandId
from chalicelib.errors import FatalError

MAX_REFUNDS = 100
"""Refunds kept of one order, the earliest; a row stays small whatever is sent."""
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The order as it was placed.

    Attributes:
        at_ms: when, Unix milliseconds.
        event: tag of the event that said so.
        amount: minor units of ``currency``.
        products: each once, sorted.
    """

    at_ms: int
    event: str
    amount: int
    currency: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back at ``at_ms`` (Unix milliseconds), in minor units of ``currency``."""

    at_ms: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is known of an order.

    Attributes:
        id: the shop's own number.
        placed: of several tellings the earliest, of two at one time the one with the lesser tag.
        cancelled_ms: the earliest cancellation, Unix milliseconds.
        refunds: by the tag of their event.
    """

    brand: BrandId
    id: str
    placed: Placed | None = None
    cancelled_ms: int | None = None
    refunds: Mapping[str, Refund] = field(default_factory=dict)

    @property
    def at_ms(self) -> int:
        """When it was placed; until that is told, the latest of what was. Unix milliseconds."""
        if self.placed is not None:
            return self.placed.at_ms
        told = [refund.at_ms for refund in self.refunds.values()]
        return max(told if self.cancelled_ms is None else [*told, self.cancelled_ms])

    @property
    def refunded(self) -> int:
        """What was given back in the order's own currency, minor units."""
        return sum(
            refund.amount
            for refund in self.refunds.values()
            if self.placed is not None and refund.currency == self.placed.currency
        )

    @property
    def currency_differs(self) -> bool:
        """Whether a refund is in another currency than the order, and so counts 0."""
        return self.placed is not None and any(
            refund.currency != self.placed.currency for refund in self.refunds.values()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one order adds to its person's facts; ``net`` is what was paid and not given back."""

    at_s: int
    currency: str
    net: int
    products: tuple[str, ...]


def with_order_event(order: Order | None, event: CustomerEvent, tag: str) -> Order:
    """Return the order with one more event told; telling it again changes nothing.

    Args:
        order: None before anything of it was told.
        tag: names the event among those of the person; the same event has the same tag.

    Raises:
        FatalError: the event is about another order, or about none.
    """
    what, at_ms = event.what, event.occurred_ms
    if not isinstance(what, OrderPlaced | OrderRefunded | OrderCancelled):
        raise FatalError("an event that is about no order was folded into one")
    known = order or Order(brand=event.brand, id=what.order)
    if (known.brand, known.id) != (event.brand, what.order):
        raise FatalError("an event of one order was folded into another")
    match what:
        case OrderPlaced():
            placed = Placed(
                at_ms=at_ms,
                event=tag,
                amount=what.amount,
                currency=what.currency,
                products=tuple(sorted({item.product for item in what.items})),
            )
            return replace(known, placed=min(known.placed or placed, placed, key=_earlier))
        case OrderRefunded():
            refund = Refund(at_ms=at_ms, amount=what.amount, currency=what.currency)
            refunds = sorted(
                {**known.refunds, tag: refund}.items(), key=lambda each: (each[1].at_ms, each[0])
            )
            return replace(known, refunds=dict(refunds[:MAX_REFUNDS]))
    first_ms = at_ms if known.cancelled_ms is None else min(at_ms, known.cancelled_ms)
    return replace(known, cancelled_ms=first_ms)


def _earlier(placed: Placed) -> tuple[int, str]:
    return placed.at_ms, placed.event


def contribution(order: Order | None) -> Contribution | None:
    """Return what an order counts for; None: nothing.

    An order counts once it is placed, unless it was cancelled or given back in full.
    """
    if order is None or order.placed is None or order.cancelled_ms is not None:
        return None
    placed, refunded = order.placed, order.refunded
    if refunded and refunded >= placed.amount:
        return None
    return Contribution(
        at_s=placed.at_ms // 1000,
        currency=placed.currency,
        net=placed.amount - refunded,
        products=placed.products,
    )


def dump_order(order: Order) -> bytes:
    """Return the order as it is sealed and kept: JSON with its schema version."""
    placed = order.placed
    stored: dict[str, Any] = {
        "v": _VERSION,
        "brand": order.brand,
        "id": order.id,
        "placed": placed
        and {
            "at_ms": placed.at_ms,
            "event": placed.event,
            "amount": placed.amount,
            "currency": placed.currency,
            "products": placed.products,
        },
        "cancelled_ms": order.cancelled_ms,
        "refunds": {
            tag: [refund.at_ms, refund.amount, refund.currency]
            for tag, refund in order.refunds.items()
        },
    }
    return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)


def load_order(data: bytes) -> Order:
    """Return the order that `dump_order` wrote.

    Raises:
        FatalError: it has a schema version this code does not know.
    """
    stored = orjson.loads(data)
    if stored.get("v") != _VERSION:
        raise FatalError("a stored order has a schema version this code does not know")
    placed = stored["placed"]
    return Order(
        brand=BrandId(stored["brand"]),
        id=stored["id"],
        placed=placed and Placed(**{**placed, "products": tuple(placed["products"])}),
        cancelled_ms=stored["cancelled_ms"],
        refunds={
            tag: Refund(at_ms=at_ms, amount=amount, currency=currency)
            for tag, (at_ms, amount, currency) in stored["refunds"].items()
        },
    )
