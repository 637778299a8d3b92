# SPDX-License-Identifier: Apache-2.0
"""What somebody did in another system of the controller: the closed list of customer events.

Guarantees that each type says what purpose it needs, and that a stored event reads back as it was
written. Refuses to name the person: an event is kept under its subject's key, beside their id.
An account made or an order placed elsewhere is no consent and makes nobody a subscriber.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import orjson

from chalicelib.domain.ids import BrandId, CampaignId, PurposeId
from chalicelib.errors import FatalError

_VERSION = 1


class Kind(StrEnum):
    """Why an event may be kept; stored in the clear beside it, so that it can be forgotten."""

    ORDER = "order"
    SIGNUP = "signup"
    PROFILING = "profiling"
    MEASUREMENT = "measurement"

    @property
    def purpose(self) -> PurposeId | None:
        """The purpose somebody must have consented to; None: a transaction needs none."""
        needs = self in (Kind.PROFILING, Kind.MEASUREMENT)
        return PurposeId(self.value) if needs else None


class CustomerEventType(StrEnum):
    """Every type of `POST /events`."""

    ORDER_PLACED = "order.placed"
    ORDER_REFUNDED = "order.refunded"
    ORDER_CANCELLED = "order.cancelled"
    SIGNUP = "signup"
    CART_UPDATED = "cart.updated"
    PRODUCT_VIEWED = "product.viewed"
    PAGE_VISITED = "page.visited"
    DOCUMENT_REQUESTED = "document.requested"
    CUSTOM = "custom"

    @property
    def kind(self) -> Kind:
        """Why events of this type may be kept."""
        if self in _ORDER_TYPES:
            return Kind.ORDER
        return Kind.SIGNUP if self is CustomerEventType.SIGNUP else Kind.PROFILING


_ORDER_TYPES = (
    CustomerEventType.ORDER_PLACED,
    CustomerEventType.ORDER_REFUNDED,
    CustomerEventType.ORDER_CANCELLED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One product of an order or a cart. ``amount`` is of one piece, in minor units."""

    product: str
    name: str | None = None
    quantity: int = 1
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """An order; ``amount`` is the whole, shipping and tax included, in minor units."""

    order: str
    amount: int
    currency: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded:
    """Money of an order given back, all or part; it may be told before the order itself."""

    order: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled:
    """An order that will not be carried out."""

    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signup:
    """An account made in another system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CartUpdated:
    """What lies in the cart now; without items it was emptied and ``amount`` is 0."""

    amount: int
    currency: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductViewed:
    """A product looked at."""

    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVisited:
    """A page visited: origin and path alone."""

    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequested:
    """A document asked for."""

    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """Something the operator has a name for."""

    name: str
    properties: Mapping[str, str | int | bool] = field(default_factory=dict)


OrderAct = OrderPlaced | OrderRefunded | OrderCancelled
What = OrderAct | Signup | CartUpdated | ProductViewed | PageVisited | DocumentRequested | Custom

_TYPES: Mapping[type, CustomerEventType] = MappingProxyType(
    {
        OrderPlaced: CustomerEventType.ORDER_PLACED,
        OrderRefunded: CustomerEventType.ORDER_REFUNDED,
        OrderCancelled: CustomerEventType.ORDER_CANCELLED,
        Signup: CustomerEventType.SIGNUP,
        CartUpdated: CustomerEventType.CART_UPDATED,
        ProductViewed: CustomerEventType.PRODUCT_VIEWED,
        PageVisited: CustomerEventType.PAGE_VISITED,
        DocumentRequested: CustomerEventType.DOCUMENT_REQUESTED,
        Custom: CustomerEventType.CUSTOM,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvent:
    """One event.

    Attributes:
        id: the sender's own; the same id of the same brand is the same event.
        occurred_ms: when it happened, Unix milliseconds; not when it was told.
        campaign: the campaign whose link led to it, where a link of ours says so.
    """

    id: str
    brand: BrandId
    occurred_ms: int
    what: What
    campaign: CampaignId | None = None

    @property
    def type(self) -> CustomerEventType:
        """The type as the API says it."""
        return _TYPES[type(self.what)]


class Ignored(StrEnum):
    """Why nothing of an event was kept. Somebody erased is somebody unknown."""

    UNKNOWN_PERSON = "unknown-person"
    RESTRICTED = "restricted"
    OBJECTED = "objected"
    NO_CONSENT = "no-consent"
    ORDERS_OFF = "orders-off"


CURRENCY_DIFFERS = "currency-differs"
"""Said of an order that was kept: a refund of it is in another currency, and counts 0."""


def ignored(
    kind: Kind,
    *,
    restricted: bool,
    objected: bool,
    given: Collection[PurposeId],
    keeps_orders: bool = True,
) -> Ignored | None:
    """Return why an event of ``kind`` about somebody known must not be kept; None: it is kept.

    An objection to the brand stops orders, too: what is kept here serves marketing alone.
    Somebody suppressed or unsubscribed is no reason: a soft opt-in may rest on an order of theirs.

    Args:
        restricted: whether processing of the person's data is restricted.
        objected: whether they objected to the event's brand.
        given: purposes consented to on any list of the event's brand.
        keeps_orders: whether the operator keeps orders of that brand at all.

    Source: GDPR Art. 18(2), 21(3), 6(1)(a).

    Example:
        >>> ignored(Kind.PROFILING, restricted=False, objected=False, given=()).value
        'no-consent'
    """
    if restricted:
        return Ignored.RESTRICTED
    if objected:
        return Ignored.OBJECTED
    if kind is Kind.ORDER and not keeps_orders:
        return Ignored.ORDERS_OFF
    missing = kind.purpose is not None and kind.purpose not in given
    return Ignored.NO_CONSENT if missing else None


def dump_event(event: CustomerEvent) -> bytes:
    """Return the event as it is sealed and kept: JSON with the members of the request."""
    stored: dict[str, Any] = {
        "v": _VERSION,
        "id": event.id,
        "type": event.type.value,
        "brand": event.brand,
        "occurred_ms": event.occurred_ms,
        **_members(event.what),
    }
    if event.campaign is not None:
        stored["campaign"] = event.campaign
    return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)


def load_event(data: bytes) -> CustomerEvent:
    """Return the event that `dump_event` wrote.

    Raises:
        FatalError: it has a schema version this code does not know.
    """
    stored = orjson.loads(data)
    if stored.get("v") != _VERSION:
        raise FatalError("a stored customer event has a schema version this code does not know")
    return CustomerEvent(
        id=stored["id"],
        brand=stored["brand"],
        occurred_ms=stored["occurred_ms"],
        what=_what(CustomerEventType(stored["type"]), stored),
        campaign=stored.get("campaign"),
    )


def _members(what: What) -> dict[str, Any]:
    match what:
        case OrderPlaced():
            return {"order": {"id": what.order, **_worth(what)}}
        case OrderRefunded():
            return {"order": {"id": what.order, "amount": what.amount, "currency": what.currency}}
        case OrderCancelled():
            return {"order": {"id": what.order}}
        case CartUpdated():
            return {"cart": _worth(what)}
        case ProductViewed():
            return {"product": what.product}
        case PageVisited():
            return {"page": what.page}
        case DocumentRequested():
            return {"document": what.document}
        case Custom():
            return {"name": what.name, "properties": dict(what.properties)}
    return {}


def _worth(what: OrderPlaced | CartUpdated) -> dict[str, Any]:
    items = [
        {name: value for name in _ITEM if (value := getattr(item, name)) is not None}
        for item in what.items
    ]
    return {"amount": what.amount, "currency": what.currency, "items": items}


_ITEM = ("product", "name", "quantity", "amount")


def _what(kind: CustomerEventType, stored: Mapping[str, Any]) -> What:
    order = stored.get("order", {})
    match kind:
        case CustomerEventType.ORDER_PLACED:
            return OrderPlaced(order=order["id"], **_read_worth(order))
        case CustomerEventType.ORDER_REFUNDED:
            return OrderRefunded(
                order=order["id"], amount=order["amount"], currency=order["currency"]
            )
        case CustomerEventType.ORDER_CANCELLED:
            return OrderCancelled(order=order["id"])
        case CustomerEventType.CART_UPDATED:
            return CartUpdated(**_read_worth(stored["cart"]))
        case CustomerEventType.PRODUCT_VIEWED:
            return ProductViewed(product=stored["product"])
        case CustomerEventType.PAGE_VISITED:
            return PageVisited(page=stored["page"])
        case CustomerEventType.DOCUMENT_REQUESTED:
            return DocumentRequested(document=stored["document"])
        case CustomerEventType.CUSTOM:
            return Custom(name=stored["name"], properties=stored["properties"])
    return Signup()


def _read_worth(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "amount": stored["amount"],
        "currency": stored["currency"],
        "items": tuple(Item(**item) for item in stored["items"]),
    }
