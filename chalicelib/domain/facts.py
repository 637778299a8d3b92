# SPDX-License-Identifier: Apache-2.0
"""The facts about one person that their customer events add up to, brand by brand.

Guarantees that facts are a join: events may come late, out of order, in parts and again, and the
same facts come of them, to the byte (docs/spec/events.md §5). Every part is made of its own events
alone, so a part that is forgotten leaves the others as if its events had never come. Refuses to
let one brand's events answer for another, and knows no address.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from chalicelib.domain.customer_events import (
    CartUpdated,
    Custom,
    CustomerEvent,
    DocumentRequested,
    Kind,
    PageVisited,
    ProductViewed,
    Signup,
)
from chalicelib.domain.ids import BrandId, CampaignId, PurposeId
from chalicelib.domain.latest import Cap, Latest, fitting, seen
from chalicelib.domain.orders import Contribution, Order, contribution, with_order_event
from chalicelib.errors import FatalError

T = TypeVar("T")

MAX_CURRENCIES = 8
MAX_CUSTOM_NAMES = 8
ORDERED = Cap(members=20, max_bytes=600)
VIEWED = Cap(members=20, max_bytes=500)
DOCUMENTS = Cap(members=12, max_bytes=300)
IN_CART = Cap(members=10, max_bytes=300)
CAMPAIGNS = Cap(members=12, max_bytes=480)


class Part(StrEnum):
    """What can be kept or forgotten by itself, by its name in the stored form."""

    ORDERS = "o"
    CART = "k"
    MAIL = "m"
    SITE = "w"
    SIGNUP = "s"


class Tally(NamedTuple):
    """How often something happened, and when last, in Unix seconds."""

    times: int
    last_s: int


class Sum(NamedTuple):
    """Orders in one currency and what they are worth together, in its minor units."""

    orders: int
    net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """Orders that count, one at least; ``sums`` by currency; times in Unix seconds."""

    count: int
    first_s: int
    last_s: int
    sums: Mapping[str, Sum]
    products: Latest = field(default_factory=Latest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """The latest cart.

    Attributes:
        at_s: Unix seconds.
        tie: decides between carts of one second: three digits of milliseconds, the event's tag.
        products: the first of them, each once; none: it was emptied.
    """

    at_s: int
    tie: str
    currency: str
    amount: int
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFacts:
    """Mails opened and clicked, and the campaigns they were of."""

    opened: Tally | None = None
    clicked: Tally | None = None
    opened_campaigns: Latest = field(default_factory=Latest)
    clicked_campaigns: Latest = field(default_factory=Latest)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """Pages visited, products viewed, documents asked for, and what the operator named."""

    visits: Tally | None = None
    products: Latest = field(default_factory=Latest)
    documents: Latest = field(default_factory=Latest)
    custom: Mapping[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandFacts:
    """What is known under one brand; a part of which nothing is known is None."""

    orders: OrderFacts | None = None
    cart: Cart | None = None
    mail: MailFacts | None = None
    site: SiteFacts | None = None
    signup_s: int | None = None


NOTHING = BrandFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one person, by brand; a brand of which nothing is known is absent."""

    brands: Mapping[BrandId, BrandFacts] = field(default_factory=dict)

    def of(self, brand: BrandId) -> BrandFacts:
        """Return what is known under ``brand``."""
        return self.brands.get(brand, NOTHING)

    def having(self, brand: BrandId, part: BrandFacts) -> "Facts":
        """Return the facts with ``part`` in the place of what was known under ``brand``."""
        others = {name: each for name, each in self.brands.items() if name != brand}
        return Facts(brands=others if part == NOTHING else {**others, brand: part})


class Measured(StrEnum):
    """What is measured of a mail, under the purpose ``measurement`` alone."""

    OPENED = "opened"
    CLICKED = "clicked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Somebody opened a mail of a campaign, or followed a link in it; time in Unix ms."""

    measured: Measured
    brand: BrandId
    campaign: CampaignId
    occurred_ms: int


_FORGETS: Mapping[Kind, frozenset[Part]] = MappingProxyType(
    {
        Kind.MEASUREMENT: frozenset({Part.MAIL}),
        Kind.PROFILING: frozenset({Part.CART, Part.SITE}),
    }
)


def allowed(
    given: Collection[PurposeId], *, objected: bool, keeps_orders: bool = True
) -> frozenset[Part]:
    """Return the parts that may be known under a brand.

    Args:
        given: purposes consented to on any list of the brand.
        objected: whether the person objected to the brand; then nothing may be known.
        keeps_orders: whether the operator keeps orders of the brand at all.

    Source: GDPR Art. 6(1)(a), 7(3), 21(3).
    """
    if objected:
        return frozenset()
    parts = frozenset(Part)
    if not keeps_orders:
        parts -= {Part.ORDERS}
    for kind, needing in _FORGETS.items():
        if kind.purpose not in given:
            parts -= needing
    return parts


def only(facts: Facts, brand: BrandId, parts: Collection[Part]) -> Facts:
    """Return the facts with nothing left under ``brand`` but ``parts``."""
    known = facts.of(brand)
    kept = BrandFacts(
        orders=known.orders if Part.ORDERS in parts else None,
        cart=known.cart if Part.CART in parts else None,
        mail=known.mail if Part.MAIL in parts else None,
        site=known.site if Part.SITE in parts else None,
        signup_s=known.signup_s if Part.SIGNUP in parts else None,
    )
    return facts.having(brand, kept)


def with_event(facts: Facts, event: CustomerEvent, tag: str) -> Facts:
    """Return the facts with an event that is about no order.

    The caller makes sure that each event is counted once.

    Args:
        tag: names the event among those of the person.

    Raises:
        FatalError: it is about an order (`with_order`).
    """
    known, at_s = facts.of(event.brand), event.occurred_ms // 1000
    site = known.site or SiteFacts()
    match event.what:
        case Signup():
            first_s = at_s if known.signup_s is None else min(at_s, known.signup_s)
            return facts.having(event.brand, replace(known, signup_s=first_s))
        case CartUpdated() as cart:
            latest = _later(known.cart, _cart(cart, event.occurred_ms, tag))
            return facts.having(event.brand, replace(known, cart=latest))
        case PageVisited():
            site = replace(site, visits=_counted(site.visits, at_s))
        case ProductViewed(product=product):
            site = replace(site, products=seen(site.products, [product], at_s, VIEWED))
        case DocumentRequested(document=document):
            site = replace(site, documents=seen(site.documents, [document], at_s, DOCUMENTS))
        case Custom(name=name):
            custom = {**site.custom, name: _counted(site.custom.get(name), at_s)}
            site = replace(site, custom=_first(custom, MAX_CUSTOM_NAMES))
        case _:
            raise FatalError("an order is folded into the facts by what it contributes")
    return facts.having(event.brand, replace(known, site=site))


def with_behaviour(facts: Facts, behaviour: Behaviour, *, repeated: bool) -> Facts:
    """Return the facts with a mail opened or clicked.

    Args:
        repeated: whether this delivery was counted before; then only the times may rise.
    """
    known, at_s = facts.of(behaviour.brand), behaviour.occurred_ms // 1000
    mail = known.mail or MailFacts()
    adds = 0 if repeated else 1
    if behaviour.measured is Measured.OPENED:
        campaigns = seen(mail.opened_campaigns, [behaviour.campaign], at_s, CAMPAIGNS)
        tally = _counted(mail.opened, at_s, adds)
        mail = replace(mail, opened=tally, opened_campaigns=campaigns)
    else:
        campaigns = seen(mail.clicked_campaigns, [behaviour.campaign], at_s, CAMPAIGNS)
        tally = _counted(mail.clicked, at_s, adds)
        mail = replace(mail, clicked=tally, clicked_campaigns=campaigns)
    return facts.having(behaviour.brand, replace(known, mail=mail))


def with_order(facts: Facts, old: Order | None, new: Order) -> Facts | None:
    """Return the facts once an order became ``new``; None: fold all orders (`with_orders`).

    An order that is new, or that changed in what is left of it alone, is added. One that ceased to
    count, moved in time or turned out to be of other products cannot be taken out of a minimum, a
    maximum or a set: for those all orders of the brand are needed.
    """
    before, after = contribution(old), contribution(new)
    if before == after:
        return facts
    known = facts.of(new.brand)
    if before is None and after is not None:
        return facts.having(new.brand, replace(known, orders=_added(known.orders, after)))
    if before is None or after is None or replace(before, net=after.net) != after:
        return None
    corrected = _corrected(known.orders, after.currency, after.net - before.net)
    if corrected is None:
        return None
    return facts.having(new.brand, replace(known, orders=corrected))


def with_orders(facts: Facts, brand: BrandId, orders: Iterable[Order]) -> Facts:
    """Return the facts with exactly ``orders`` of the brand in them: all there are."""
    folded: OrderFacts | None = None
    for order in orders:
        adds = contribution(order)
        if order.brand == brand and adds is not None:
            folded = _added(folded, adds)
    return facts.having(brand, replace(facts.of(brand), orders=folded))


def fold(told: Iterable[tuple[str, CustomerEvent | Behaviour]]) -> Facts:
    """Return the facts of all events of a person, each with its tag: what facts are.

    Whatever way the stored facts were come by, they are these.
    """
    facts, orders, tags = Facts(), dict[tuple[BrandId, str], Order](), set[str]()
    for tag, event in told:
        repeated = tag in tags
        tags.add(tag)
        if isinstance(event, Behaviour):
            facts = with_behaviour(facts, event, repeated=repeated)
        elif event.type.kind is Kind.ORDER and not repeated:
            order = with_order_event(None, event, tag)
            key = (order.brand, order.id)
            orders[key] = with_order_event(orders.get(key), event, tag)
        elif not repeated:
            facts = with_event(facts, event, tag)
    for brand in {brand for brand, _ in orders}:
        facts = with_orders(facts, brand, orders.values())
    return facts


def _added(known: OrderFacts | None, adds: Contribution) -> OrderFacts:
    first_s, last_s, sums = adds.at_s, adds.at_s, dict[str, Sum]()
    count, products = 0, Latest()
    if known is not None:
        first_s, last_s = min(first_s, known.first_s), max(last_s, known.last_s)
        count, products, sums = known.count, known.products, dict(known.sums)
    held = sums.get(adds.currency, Sum(0, 0))
    sums[adds.currency] = Sum(held.orders + 1, held.net + adds.net)
    return OrderFacts(
        count=count + 1,
        first_s=first_s,
        last_s=last_s,
        sums=_first(sums, MAX_CURRENCIES),
        products=seen(products, adds.products, adds.at_s, ORDERED),
    )


def _corrected(known: OrderFacts | None, currency: str, by: int) -> OrderFacts | None:
    """The sums with one order worth ``by`` more or less; None when they do not hold that order."""
    if known is None:
        return None
    held = known.sums.get(currency)
    if held is not None and held.net + by >= 0:
        return replace(known, sums={**known.sums, currency: Sum(held.orders, held.net + by)})
    beyond = len(known.sums) == MAX_CURRENCIES and currency > max(known.sums)
    return known if beyond else None


def _first(named: Mapping[str, T], limit: int) -> dict[str, T]:
    """The first by name. Who is once beyond the limit stays beyond it, so no count is cut short."""
    return dict(sorted(named.items())[:limit])


def _counted(known: Tally | None, at_s: int, adds: int = 1) -> Tally:
    times, last_s = known or Tally(0, at_s)
    return Tally(times + adds, max(last_s, at_s))


def _cart(cart: CartUpdated, at_ms: int, tag: str) -> Cart:
    products = dict.fromkeys(item.product for item in cart.items)
    return Cart(
        at_s=at_ms // 1000,
        tie=f"{at_ms % 1000:03d}{tag}",
        currency=cart.currency,
        amount=cart.amount if products else 0,
        products=fitting(products, IN_CART),
    )


def _later(known: Cart | None, cart: Cart) -> Cart:
    if known is None:
        return cart
    return max(known, cart, key=lambda each: (each.at_s, each.tie))
