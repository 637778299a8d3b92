# SPDX-License-Identifier: Apache-2.0
"""Facts: what each event adds, what may be known, and when all orders are folded anew."""

import pytest

from chalicelib.domain.customer_events import (
    CartUpdated,
    Custom,
    CustomerEvent,
    DocumentRequested,
    Item,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    PageVisited,
    ProductViewed,
    Signup,
    What,
)
from chalicelib.domain.facts import (
    CAMPAIGNS,
    MAX_CURRENCIES,
    MAX_CUSTOM_NAMES,
    NOTHING,
    ORDERED,
    Behaviour,
    BrandFacts,
    Cart,
    Facts,
    Measured,
    Part,
    Sum,
    Tally,
    allowed,
    fold,
    only,
    with_event,
    with_order,
    with_orders,
)
from chalicelib.domain.ids import BrandId, CampaignId, PurposeId
from chalicelib.domain.latest import Latest
from chalicelib.domain.orders import Order, with_order_event
from chalicelib.domain.state import MEASUREMENT
from chalicelib.errors import FatalError

DEMO, OTHER = BrandId("demo"), BrandId("other")
PROFILING = PurposeId("profiling")
CAMPAIGN = CampaignId("zFu3qpjTlOJ1GDL4x3Rz8g")


def event(at_s: int, what: What, brand: BrandId = DEMO) -> CustomerEvent:
    return CustomerEvent(id="x", brand=brand, occurred_ms=at_s * 1000, what=what)


def facts(*told: CustomerEvent | Behaviour) -> BrandFacts:
    return fold((f"t{number}", each) for number, each in enumerate(told)).of(DEMO)


def placed(order: str, amount: int, currency: str = "SEK", *products: str) -> OrderPlaced:
    items = tuple(Item(product=product) for product in products)
    return OrderPlaced(order=order, amount=amount, currency=currency, items=items)


def opened(at_s: int, measured: Measured = Measured.OPENED, campaign: str = CAMPAIGN) -> Behaviour:
    return Behaviour(
        measured=measured, brand=DEMO, campaign=CampaignId(campaign), occurred_ms=at_s * 1000
    )


def order(*whats: What) -> Order:
    known = None
    for number, what in enumerate(whats):
        known = with_order_event(known, event(10 + number, what), f"t{number}")
    return known


def test_of_somebody_nothing_was_told_of_nothing_is_known():
    assert Facts().of(DEMO) == NOTHING == facts()
    assert fold([]) == Facts()


def test_orders_are_counted_summed_by_currency_and_never_converted():
    known = facts(
        event(20, placed("1", 1_000, "SEK", "pots")),
        event(10, placed("2", 500, "SEK", "soil")),
        event(30, placed("3", 70, "EUR", "pots")),
    ).orders
    assert (known.count, known.first_s, known.last_s) == (3, 10, 30)
    assert known.sums == {"SEK": Sum(2, 1_500), "EUR": Sum(1, 70)}
    assert known.products.at_s == {"pots": 30, "soil": 10}


def test_a_product_of_a_cancelled_order_is_no_fact_any_more():
    known = facts(
        event(10, placed("1", 1_000, "SEK", "pots")),
        event(20, placed("2", 500, "SEK", "soil")),
        event(30, OrderCancelled(order="2")),
    ).orders
    assert (known.count, known.last_s) == (1, 10)
    assert known.products.at_s == {"pots": 10}


def test_who_has_only_orders_that_do_not_count_has_no_facts_of_orders():
    refunded = OrderRefunded(order="1", amount=1_000, currency="SEK")
    assert facts(event(10, placed("1", 1_000)), event(20, refunded)) == NOTHING


@pytest.mark.parametrize("first", [0, 1])
def test_a_part_refund_lowers_the_sum_alone_also_when_it_is_told_first(first):
    told = [
        event(10, placed("1", 1_000, "SEK", "pots")),
        event(20, OrderRefunded(order="1", amount=400, currency="SEK")),
    ]
    known = facts(told[first], told[1 - first]).orders
    assert (known.count, known.last_s, known.sums) == (1, 10, {"SEK": Sum(1, 600)})


def test_a_change_that_adds_needs_no_other_order():
    old, new = order(placed("1", 1_000)), order(placed("1", 1_000), refund("1", 400))
    known = with_order(Facts(), None, old)
    assert with_order(known, old, new).of(DEMO).orders.sums == {"SEK": Sum(1, 600)}
    assert with_order(known, old, old) == known
    waiting = order(refund("2", 1))
    assert with_order(known, None, waiting) == known


@pytest.mark.parametrize(
    "changed",
    [
        (OrderCancelled(order="1"), placed("1", 1_000, "SEK", "pots")),
        (placed("1", 1_000, "SEK", "soil"),),
        (placed("1", 1_000, "EUR", "pots"),),
        (Signup, placed("1", 1_000, "SEK", "pots")),
    ],
)
def test_an_order_that_ceases_to_count_or_becomes_another_needs_all_orders(changed):
    old = order(placed("1", 1_000, "SEK", "pots"))
    if changed[0] is Signup:
        earlier = event(5, changed[1])
        new = with_order_event(old, earlier, "early")
    else:
        new = order(*changed)
    known = with_order(Facts(), None, old)
    assert with_order(known, old, new) is None


def test_a_refund_of_an_order_that_was_forgotten_needs_all_orders_and_never_goes_below_zero():
    old, new = order(placed("1", 1_000)), order(placed("1", 1_000), refund("1", 400))
    assert with_order(Facts(), old, new) is None
    cheaper = with_order(Facts(), None, order(placed("2", 300)))
    assert with_order(cheaper, old, new) is None


def test_orders_folded_anew_are_exactly_those_of_the_brand():
    known = with_order(Facts(), None, order(placed("1", 1_000)))
    elsewhere = with_order_event(None, event(5, placed("1", 9, "SEK"), OTHER), "t")
    anew = with_orders(known, DEMO, [order(placed("2", 50)), elsewhere, order(refund("3", 1))])
    assert anew.of(DEMO).orders.sums == {"SEK": Sum(1, 50)}
    assert anew.of(OTHER) == NOTHING
    assert with_orders(anew, DEMO, []) == Facts()


def test_currencies_beyond_the_limit_are_counted_as_orders_and_in_no_sum():
    codes = ["AED", "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "SEK", "USD"]
    told = [event(10, placed(code, 100, code)) for code in codes]
    for way in (told, told[::-1]):
        known = facts(*way).orders
        assert known.count == 10
        assert sorted(known.sums) == codes[:MAX_CURRENCIES]
    full = fold([(str(number), each) for number, each in enumerate(told)])
    old = order(placed("USD", 100, "USD"))
    new = order(placed("USD", 100, "USD"), refund("USD", 40, "USD"))
    assert with_order(full, old, new) == full


def test_products_ordered_are_the_latest():
    told = [event(n, placed(str(n), 1, "SEK", f"product-{n:02d}")) for n in range(1, 31)]
    known = facts(*told).orders.products
    assert sorted(known.at_s.values()) == list(range(31 - len(known.at_s), 31))
    assert len(known.at_s) == ORDERED.members
    assert known.edge.name == "product-10"


def test_the_cart_is_the_latest_whenever_it_was_told():
    pots, soil = Item(product="pots"), Item(product="soil")
    cart = CartUpdated(amount=4_900, currency="SEK", items=(pots, soil, pots))
    emptied = CartUpdated(amount=0, currency="SEK")
    later, earlier = event(20, cart), event(10, emptied)
    for way in ((later, earlier), (earlier, later)):
        known = facts(*way).cart
        assert (known.at_s, known.currency, known.amount) == (20, "SEK", 4_900)
        assert known.products == ("pots", "soil")
    known = facts(later, event(30, emptied)).cart
    assert (known.at_s, known.amount, known.products) == (30, 0, ())


def test_of_carts_of_one_second_the_later_millisecond_and_then_the_tag_decide():
    def at(ms: int, tag: str) -> Cart:
        told = CustomerEvent(
            id="x", brand=DEMO, occurred_ms=ms, what=CartUpdated(amount=0, currency="SEK")
        )
        return with_event(Facts(), told, tag).of(DEMO).cart

    assert [at(7_009, "b").tie, at(7_100, "a").tie] == ["009b", "100a"]
    assert at(7_009, "b").at_s == 7


def test_a_cart_keeps_the_first_products_that_fit():
    items = tuple(Item(product=f"product-{n}") for n in range(50))
    known = facts(event(10, CartUpdated(amount=1, currency="SEK", items=items))).cart
    assert known.products == tuple(f"product-{n}" for n in range(10))


def test_visits_views_documents_and_named_events_are_kept_apart():
    page = PageVisited(page="https://www.example.org/")
    known = facts(
        event(20, page),
        event(10, page),
        event(30, ProductViewed(product="pots")),
        event(40, DocumentRequested(document="white-paper")),
        event(50, Custom(name="quiz.done")),
        event(45, Custom(name="quiz.done")),
    ).site
    assert known.visits == Tally(2, 20)
    assert known.products.at_s == {"pots": 30}
    assert known.documents.at_s == {"white-paper": 40}
    assert known.custom == {"quiz.done": Tally(2, 50)}


def test_named_events_beyond_the_limit_are_the_same_in_any_order_and_none_is_counted_short():
    names = [f"n{number:02d}" for number in range(MAX_CUSTOM_NAMES + 3)]
    told = [event(n, Custom(name=name)) for n, name in enumerate([*names, *names])]
    for way in (told, told[::-1]):
        known = facts(*way).site.custom
        assert sorted(known) == names[:MAX_CUSTOM_NAMES]
        assert {tally.times for tally in known.values()} == {2}


def test_the_earliest_account_is_kept():
    assert facts(event(20, Signup()), event(10, Signup()), event(30, Signup())).signup_s == 10


def test_a_mail_is_opened_once_however_often_and_its_time_rises():
    known = fold([("a", opened(10)), ("a", opened(30)), ("b", opened(20, campaign="other"))])
    mail = known.of(DEMO).mail
    assert mail.opened == Tally(2, 30)
    assert mail.opened_campaigns.at_s == {CAMPAIGN: 30, "other": 20}
    assert (mail.clicked, mail.clicked_campaigns) == (None, Latest())


def test_clicks_are_kept_apart_from_opens():
    mail = facts(opened(10, Measured.CLICKED)).mail
    assert (mail.opened, mail.clicked) == (None, Tally(1, 10))
    assert mail.clicked_campaigns.at_s == {CAMPAIGN: 10}


def test_campaigns_opened_are_the_latest():
    mail = facts(*(opened(n, campaign=f"{n:022d}") for n in range(40))).mail
    assert len(mail.opened_campaigns.at_s) == CAMPAIGNS.members
    assert mail.opened.times == 40


@pytest.mark.parametrize(
    ("given", "objected", "parts"),
    [
        ((), False, {Part.ORDERS, Part.SIGNUP}),
        ((MEASUREMENT,), False, {Part.ORDERS, Part.SIGNUP, Part.MAIL}),
        ((PROFILING,), False, {Part.ORDERS, Part.SIGNUP, Part.CART, Part.SITE}),
        ((PROFILING, MEASUREMENT), False, set(Part)),
        ((PROFILING, MEASUREMENT), True, set()),
    ],
)
def test_what_may_be_known_follows_from_purposes_and_objection(given, objected, parts):
    assert allowed(given, objected=objected) == parts
    assert allowed(given, objected=objected, keeps_orders=False) == parts - {Part.ORDERS}


def test_forgetting_touches_one_brand_and_leaves_no_empty_shell():
    told = [("a", event(10, Signup(), OTHER)), ("b", event(10, ProductViewed(product="pots")))]
    known = only(fold(told), DEMO, allowed((), objected=False))
    assert known == fold(told[:1])
    assert only(known, OTHER, ()) == Facts()


def test_an_order_is_never_folded_in_like_another_event():
    with pytest.raises(FatalError):
        with_event(Facts(), event(1, placed("1", 1)), "t")


def refund(number: str, amount: int, currency: str = "SEK") -> OrderRefunded:
    return OrderRefunded(order=number, amount=amount, currency=currency)
