# SPDX-License-Identifier: Apache-2.0
"""An order is the join of what was told about it, and counts for what is left of it."""

import orjson
import pytest

from chalicelib.domain.customer_events import (
    CustomerEvent,
    Item,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    Signup,
    What,
)
from chalicelib.domain.ids import BrandId
from chalicelib.domain.orders import (
    MAX_REFUNDS,
    Contribution,
    Order,
    contribution,
    dump_order,
    load_order,
    with_order_event,
)
from chalicelib.errors import FatalError

DEMO = BrandId("demo")
PLACED = OrderPlaced(
    order="4711",
    amount=1_000,
    currency="SEK",
    items=(Item(product="pots"), Item(product="garden-tools"), Item(product="pots")),
)


def told(*whats: tuple[str, int, What]) -> Order:
    order = None
    for tag, at_ms, what in whats:
        event = CustomerEvent(id=tag, brand=DEMO, occurred_ms=at_ms, what=what)
        order = with_order_event(order, event, tag)
    return order


def refund(amount: int, currency: str = "SEK") -> OrderRefunded:
    return OrderRefunded(order="4711", amount=amount, currency=currency)


def test_an_order_counts_with_its_amount_its_second_and_each_product_once():
    assert contribution(told(("a", 5_999, PLACED))) == Contribution(
        at_s=5, currency="SEK", net=1_000, products=("garden-tools", "pots")
    )


def test_nothing_counts_before_the_order_itself_is_told():
    assert contribution(None) is None
    assert contribution(told(("a", 1, refund(10)))) is None
    assert contribution(told(("a", 1, OrderCancelled(order="4711")))) is None


def test_a_refund_told_before_its_order_is_taken_off_when_the_order_comes():
    early = told(("a", 9_000, refund(300)), ("b", 5_000, PLACED))
    assert contribution(early).net == 700
    assert early == told(("b", 5_000, PLACED), ("a", 9_000, refund(300)))


def test_a_refund_told_twice_is_taken_off_once():
    assert (
        contribution(told(("b", 5, PLACED), ("a", 9, refund(300)), ("a", 9, refund(300)))).net
        == 700
    )


@pytest.mark.parametrize("amounts", [(1_000,), (400, 600), (5_000,)])
def test_an_order_given_back_in_full_or_beyond_counts_for_nothing(amounts):
    refunds = [(f"r{number}", 9, refund(amount)) for number, amount in enumerate(amounts)]
    assert contribution(told(("a", 5, PLACED), *refunds)) is None


def test_an_order_that_cost_nothing_counts_until_something_is_given_back():
    free = OrderPlaced(order="4711", amount=0, currency="SEK")
    assert contribution(told(("a", 5_000, free))).net == 0
    assert contribution(told(("a", 5_000, free), ("b", 6_000, refund(1)))) is None


def test_a_cancelled_order_counts_for_nothing_whenever_it_was_cancelled():
    cancelled = OrderCancelled(order="4711")
    assert contribution(told(("a", 5, PLACED), ("b", 9, cancelled))) is None
    assert contribution(told(("b", 9, cancelled), ("a", 50, PLACED))) is None
    assert told(("b", 9, cancelled), ("c", 4, cancelled), ("d", 6, cancelled)).cancelled_ms == 4


def test_a_refund_in_another_currency_counts_nothing_and_is_told():
    order = told(("a", 5_000, PLACED), ("b", 6_000, refund(1_000, "EUR")))
    assert contribution(order).net == 1_000
    assert order.currency_differs
    assert not told(("b", 6_000, refund(1_000, "EUR"))).currency_differs
    assert not told(("a", 5_000, PLACED), ("b", 6_000, refund(1))).currency_differs


def test_of_an_order_told_twice_the_earliest_stands():
    later = OrderPlaced(order="4711", amount=7, currency="EUR")
    for way in ([("a", 5, PLACED), ("b", 6, later)], [("b", 6, later), ("a", 5, PLACED)]):
        assert told(*way).placed.amount == 1_000
    for way in ([("a", 5, PLACED), ("b", 5, later)], [("b", 5, later), ("a", 5, PLACED)]):
        assert told(*way).placed.event == "a"


def test_an_order_keeps_its_earliest_refunds_alone():
    way = [(f"r{number:03d}", number, refund(1)) for number in range(MAX_REFUNDS + 20)]
    order = told(*reversed(way))
    assert order == told(*way)
    assert list(order.refunds) == [tag for tag, _, _ in way[:MAX_REFUNDS]]
    assert len(dump_order(order)) < 6_000


def test_an_order_is_of_the_time_it_was_placed_once_that_is_told():
    assert told(("a", 9, refund(1)), ("b", 12, OrderCancelled(order="4711"))).at_ms == 12
    assert told(("a", 9, refund(1))).at_ms == 9
    assert told(("a", 9, refund(1)), ("b", 5, PLACED)).at_ms == 5


def test_an_event_of_another_order_is_never_folded_in():
    known = told(("a", 5, PLACED))
    other = OrderCancelled(order="4712")
    elsewhere = OrderCancelled(order="4711")
    for brand, what in ((DEMO, other), (BrandId("other"), elsewhere), (DEMO, Signup())):
        event = CustomerEvent(id="x", brand=brand, occurred_ms=1, what=what)
        with pytest.raises(FatalError):
            with_order_event(known, event, "x")


@pytest.mark.parametrize(
    "order",
    [
        told(("a", 5, PLACED), ("b", 9, refund(300)), ("c", 9, OrderCancelled(order="4711"))),
        told(("b", 9, refund(300))),
    ],
)
def test_an_order_is_read_back_as_written(order):
    assert load_order(dump_order(order)) == order


def test_an_order_of_an_unknown_version_stops():
    with pytest.raises(FatalError):
        load_order(orjson.dumps({"v": 2}))
