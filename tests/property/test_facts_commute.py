# SPDX-License-Identifier: Apache-2.0
"""Facts are what the events of a person add up to, however the events came.

A person is kept here as a store keeps them: facts and orders as bytes, the tags of what was seen.
Events come in any order, again, in parts, and with attempts of which nothing was written. The caps
are small, so that every set drops members and every list of counts is full.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import facts as module
from chalicelib.domain.customer_events import (
    CartUpdated,
    Custom,
    CustomerEvent,
    DocumentRequested,
    Item,
    Kind,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    PageVisited,
    ProductViewed,
    Signup,
    What,
)
from chalicelib.domain.fact_document import dump_facts, load_facts
from chalicelib.domain.facts import (
    Behaviour,
    Facts,
    Measured,
    Part,
    fold,
    only,
    with_behaviour,
    with_event,
    with_order,
    with_orders,
)
from chalicelib.domain.ids import BrandId, CampaignId
from chalicelib.domain.latest import Cap
from chalicelib.domain.orders import dump_order, load_order, with_order_event

NAMES = ("a", "bb", "longer-by-far", "å")
PARTS = {Kind.ORDER: Part.ORDERS, Kind.SIGNUP: Part.SIGNUP}
Told = tuple[str, CustomerEvent | Behaviour]

brands = st.sampled_from([BrandId("demo")] * 5 + [BrandId("other")])
names = st.sampled_from(NAMES)
times = st.integers(0, 4).map(lambda n: n * 700)
"""Two of them lie in one second."""
money = {"amount": st.integers(0, 3), "currency": st.sampled_from(["EUR", "NOK", "SEK"])}
items = st.lists(st.builds(Item, product=names), max_size=4).map(tuple)
orders = st.sampled_from(["1", "2", "3"])
refunds = {**money, "amount": st.integers(1, 3)}
placed = st.builds(OrderPlaced, order=orders, items=items, **money)
focuses = [
    st.one_of(
        placed,
        placed,
        st.builds(OrderRefunded, order=orders, **refunds),
        st.builds(OrderCancelled, order=orders),
    ),
    placed,
    st.builds(CartUpdated, items=items, **money),
    st.builds(ProductViewed, product=names) | st.builds(DocumentRequested, document=names),
    st.builds(Custom, name=st.sampled_from(["x", "y", "z"])),
    st.builds(Signup) | st.builds(PageVisited, page=st.just("https://www.example.org/")),
]
"""Events that meet one another; a history holds some of one of these, and some of all."""


def _events(whats: st.SearchStrategy[What], few: int) -> st.SearchStrategy[list[CustomerEvent]]:
    built = st.builds(CustomerEvent, id=st.just("id"), brand=brands, occurred_ms=times, what=whats)
    return st.lists(built, min_size=few, max_size=10)


customer_events = st.tuples(
    st.sampled_from(focuses).flatmap(lambda whats: _events(whats, 4)),
    _events(st.one_of(focuses), 0),
).map(lambda both: [*both[0], *both[1]])
measured = st.builds(
    Behaviour,
    measured=st.sampled_from(Measured),
    brand=brands,
    campaign=st.sampled_from("klmn").map(CampaignId),
    occurred_ms=times,
)


@pytest.fixture(autouse=True, scope="module")
def _small_caps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ORDERED", "VIEWED", "DOCUMENTS", "CAMPAIGNS", "IN_CART"):
            patch.setattr(module, name, Cap(members=2, max_bytes=45))
        patch.setattr(module, "MAX_CURRENCIES", 2)
        patch.setattr(module, "MAX_CUSTOM_NAMES", 2)
        yield


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """Events with their tags; a mail may be opened again, which is the same tag later."""
    told: list[Told] = [(f"t{number}", event) for number, event in enumerate(draw(customer_events))]
    opened = draw(st.lists(measured, max_size=6))
    told.extend((f"{each.measured}{each.brand}{each.campaign}", each) for each in opened)
    return told


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Told], list[Told], set[int]]:
    """A history, a way it arrives (all of it, some of it again), and which attempts were lost."""
    history = draw(histories())
    again = draw(st.lists(st.sampled_from(history), max_size=5)) if history else []
    way = draw(st.permutations([*history, *again]))
    lost = draw(st.sets(st.integers(0, max(len(way) - 1, 0)), max_size=4))
    return history, way, lost


class Stored:
    """One person's rows."""

    def __init__(self) -> None:
        self.facts = dump_facts(Facts())
        self.orders: dict[tuple[str, str], bytes] = {}
        self.tags: set[str] = set()

    def take(self, tag: str, event: CustomerEvent | Behaviour, *, lost: bool = False) -> None:
        """What one transaction does; ``lost``: it is worked out, and nothing is written."""
        known = load_facts(self.facts)
        written = dict(self.orders)
        if isinstance(event, Behaviour):
            known = with_behaviour(known, event, repeated=tag in self.tags)
        elif tag in self.tags:
            return
        elif event.type.kind is Kind.ORDER:
            key = (event.brand, event.what.order)
            old = load_order(written[key]) if key in written else None
            new = with_order_event(old, event, tag)
            written[key] = dump_order(new)
            all_orders = map(load_order, written.values())
            known = with_order(known, old, new) or with_orders(known, event.brand, all_orders)
        else:
            known = with_event(known, event, tag)
        if not lost:
            self.facts, self.orders = dump_facts(known), written
            self.tags.add(tag)


def nothing_negative(data: bytes) -> bool:
    return b"-" not in data.replace(b"longer-by-far", b"")


@settings(max_examples=150, deadline=None)
@given(arrivals())
def test_however_events_arrive_the_same_bytes_come_of_them(arrival):
    history, way, lost = arrival
    stored = Stored()
    for place, (tag, event) in enumerate(way):
        stored.take(tag, event, lost=place in lost)
        assert nothing_negative(stored.facts)
    for place in lost & set(range(len(way))):
        stored.take(*way[place])
    assert stored.facts == dump_facts(fold(history)) == dump_facts(fold(way))
    in_order = Stored()
    for tag, event in history:
        in_order.take(tag, event)
    assert stored.orders == in_order.orders


@settings(max_examples=80, deadline=None)
@given(histories(), st.sets(st.sampled_from(Part)), brands)
def test_what_is_left_when_parts_are_forgotten_is_as_if_their_events_had_never_come(
    history, parts, brand
):
    left = [(tag, event) for tag, event in history if event.brand != brand or _part(event) in parts]
    assert only(fold(history), brand, parts) == fold(left)


@settings(max_examples=80, deadline=None)
@given(histories(), brands)
def test_no_brands_events_answer_for_another(history, brand):
    own = [(tag, event) for tag, event in history if event.brand == brand]
    assert fold(history).of(brand) == fold(own).of(brand)


@settings(max_examples=60, deadline=None)
@given(histories())
def test_facts_are_read_back_as_written(history):
    assert load_facts(dump_facts(fold(history))) == fold(history)


def _part(event: CustomerEvent | Behaviour) -> Part:
    if isinstance(event, Behaviour):
        return Part.MAIL
    cart = isinstance(event.what, CartUpdated)
    return PARTS.get(event.type.kind, Part.CART if cart else Part.SITE)
