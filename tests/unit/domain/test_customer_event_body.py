# SPDX-License-Identifier: Apache-2.0
"""An event is read as it was meant, or refused with every problem at its place."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.customer_event_body import MAX_PROBLEMS, EventError, read_event
from chalicelib.domain.customer_events import (
    CartUpdated,
    Custom,
    CustomerEventType,
    DocumentRequested,
    Item,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    PageVisited,
    ProductViewed,
    Signup,
)
from chalicelib.domain.durations import DAY_MS, MINUTE_MS

NOW_MS = round(datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp() * 1000)
ORDER = {"id": "4711", "amount": 129_900, "currency": "SEK"}
MONEY = {"amount": 4_900, "currency": "SEK"}


def body(kind: str = "signup", **members: object) -> dict[str, object]:
    told = {
        "id": "shop-1-4711",
        "type": kind,
        "brand": "demo",
        "email": "visitor@example.org",
        "occurred_at": "2026-11-22T09:00:00Z",
    }
    return {name: value for name, value in (told | members).items() if value is not ...}


def at(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat()


def problems(told: object, **more: object) -> dict[str, str]:
    with pytest.raises(EventError) as refused:
        read_event(told, NOW_MS, **more)
    assert refused.value.code == "bad_event"
    return refused.value.problems


@pytest.mark.parametrize(
    ("told", "what"),
    [
        (
            body(
                "order.placed",
                order={
                    **ORDER,
                    "items": [
                        {"product": " garden-tools ", "quantity": 2, "amount": 64_950},
                        {"product": "pots", "name": "Pots"},
                    ],
                },
            ),
            OrderPlaced(
                order="4711",
                amount=129_900,
                currency="SEK",
                items=(
                    Item(product="garden-tools", quantity=2, amount=64_950),
                    Item(product="pots", name="Pots"),
                ),
            ),
        ),
        (
            body("order.placed", order=ORDER),
            OrderPlaced(order="4711", **MONEY | {"amount": 129_900}),
        ),
        (
            body("order.refunded", order={"id": "4711", **MONEY}),
            OrderRefunded(order="4711", **MONEY),
        ),
        (body("order.cancelled", order={"id": "a b"}), OrderCancelled(order="a b")),
        (body("signup"), Signup()),
        (
            body("cart.updated", cart={**MONEY, "items": [{"product": "pots"}]}),
            CartUpdated(**MONEY, items=(Item(product="pots"),)),
        ),
        (
            body("cart.updated", cart={"amount": 0, "currency": "SEK", "items": []}),
            CartUpdated(amount=0, currency="SEK"),
        ),
        (body("product.viewed", product="Bla\u030a krukor"), ProductViewed(product="Blå krukor")),
        (
            body("page.visited", page="https://www.example.org/a?name=Kim#top"),
            PageVisited(page="https://www.example.org/a"),
        ),
        (
            body("document.requested", document="white-paper"),
            DocumentRequested(document="white-paper"),
        ),
        (
            body(
                "custom", name="quiz.done", properties={"score": -7, "passed": True, "track": "å"}
            ),
            Custom(name="quiz.done", properties={"score": -7, "passed": True, "track": "å"}),
        ),
        (body("custom", name="quiz.done"), Custom(name="quiz.done")),
    ],
)
def test_every_type_is_read(told, what):
    read = read_event(told, NOW_MS)
    assert read.event.what == what
    assert read.event.type == told["type"]
    assert (read.event.id, read.event.brand) == ("shop-1-4711", "demo")
    assert read.event.occurred_ms == NOW_MS - 60 * MINUTE_MS


def test_the_person_is_told_by_address_or_by_id_and_never_kept_in_the_event():
    by_address = read_event(body(email="Visitor@Example.org"), NOW_MS)
    assert by_address.email.typed == "Visitor@Example.org"
    assert by_address.subscriber is None
    by_id = read_event(body(email=..., subscriber="A" * 22), NOW_MS)
    assert (by_id.email, by_id.subscriber) == (None, "A" * 22)
    assert by_id.event == by_address.event


def test_a_campaign_token_is_carried_beside_the_event_and_means_nothing_yet():
    read = read_event(body(campaign="some-token"), NOW_MS)
    assert read.campaign_token == "some-token"
    assert read.event.campaign is None


@pytest.mark.parametrize(
    ("text", "late_ms"),
    [
        ("2026-11-22T09:00Z", 0),
        ("2026-11-22T10:00:00+01:00", 0),
        ("2026-11-22T09:00:00.250Z", 250),
        ("2026-11-22T09:00:00.250999999-00:00", 250),
    ],
)
def test_a_time_is_read_with_its_offset_to_the_millisecond(text, late_ms):
    event = read_event(body(occurred_at=text), NOW_MS).event
    assert event.occurred_ms == NOW_MS - 60 * MINUTE_MS + late_ms


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-22", "2026-11-22T09:00:00", "2026-02-30T09:00:00Z", "22/11/2026", "now",
     "2026-11-22 09:00:00Z", "2026-11-22T09:00:60Z", "٢٠٢٦-11-22T09:00:00Z"],
)  # fmt: skip
def test_what_is_no_time_with_its_offset_is_refused(text):
    assert problems(body(occurred_at=text)) == {"occurred_at": "not_a_time"}


@pytest.mark.parametrize(
    ("kind", "days"),
    [("order.cancelled", 1_095), ("signup", 365), ("document.requested", 365)],
)
def test_an_event_is_at_most_so_old_that_a_repeat_is_recognised(kind, days):
    more = {"order.cancelled": {"order": {"id": "1"}}, "document.requested": {"document": "d"}}
    oldest = NOW_MS - days * DAY_MS
    members = more.get(kind, {})
    assert read_event(body(kind, occurred_at=at(oldest), **members), NOW_MS)
    too_old = body(kind, occurred_at=at(oldest - 1_000), **members)
    assert problems(too_old) == {"occurred_at": "too_old"}


def test_how_long_orders_are_kept_can_be_chosen():
    told = body("order.cancelled", order={"id": "1"}, occurred_at=at(NOW_MS - 40 * DAY_MS))
    assert read_event(told, NOW_MS, order_days=40)
    assert problems(told, order_days=39) == {"occurred_at": "too_old"}


def test_an_event_is_at_most_five_minutes_ahead():
    ahead = NOW_MS + 5 * MINUTE_MS
    assert read_event(body(occurred_at=at(ahead)), NOW_MS)
    assert problems(body(occurred_at=at(ahead + 1_000))) == {"occurred_at": "in_future"}


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([], {"body": "wrong_type"}),
        (
            {},
            dict.fromkeys(("id", "brand", "type", "occurred_at"), "missing")
            | {"email": "exactly_one"},
        ),
        (body(id=""), {"id": "format"}),
        (body(id="x" * 129), {"id": "format"}),
        (body(id="é"), {"id": "format"}),
        (body(id=" x"), {"id": "format"}),
        (body(id=4711), {"id": "wrong_type"}),
        (body(brand="De Mo"), {"brand": "bad_id"}),
        (body("order.paid"), {"type": "unknown_type"}),
        (body(email="nobody"), {"email": "malformed_address"}),
        (body(subscriber="A" * 22), {"email": "exactly_one"}),
        (body(email=..., subscriber="short"), {"subscriber": "bad_id"}),
        (body(campaign="x" * 513), {"campaign": "too_long"}),
        (body(Kind=1), {"Kind": "unknown"}),
        (body(order=ORDER), {"order": "unknown"}),
        (body("order.placed"), {"order": "missing"}),
        (body("order.placed", order="4711"), {"order": "wrong_type"}),
        (body("order.placed", order={**ORDER, "amount": 12.5}), {"order.amount": "wrong_type"}),
        (body("order.placed", order={**ORDER, "amount": True}), {"order.amount": "wrong_type"}),
        (body("order.placed", order={**ORDER, "amount": -1}), {"order.amount": "out_of_range"}),
        (
            body("order.placed", order={**ORDER, "amount": 10**12 + 1}),
            {"order.amount": "out_of_range"},
        ),
        (
            body("order.placed", order={**ORDER, "currency": "sek"}),
            {"order.currency": "unknown_currency"},
        ),
        (body("order.placed", order={**ORDER, "vat": 1}), {"order.vat": "unknown"}),
        (
            body("order.placed", order={**ORDER, "items": [{"product": "x"}] * 51}),
            {"order.items": "too_many"},
        ),
        (
            body("order.placed", order={**ORDER, "items": [{"product": "x"}, {"quantity": 0}, 3]}),
            {
                "order.items[1].quantity": "out_of_range",
                "order.items[1].product": "missing",
                "order.items[2]": "wrong_type",
            },
        ),
        (
            body("order.refunded", order={**ORDER, "amount": 0, "items": []}),
            {"order.amount": "out_of_range", "order.items": "unknown"},
        ),
        (
            body("order.cancelled", order=ORDER),
            {"order.amount": "unknown", "order.currency": "unknown"},
        ),
        (body("cart.updated", cart=MONEY), {"cart.items": "missing"}),
        (body("cart.updated", cart={**MONEY, "items": []}), {"cart.amount": "out_of_range"}),
        (body("product.viewed", product=" "), {"product": "empty"}),
        (body("product.viewed", product="å" * 33), {"product": "too_long"}),
        (body("product.viewed", product="a\nb"), {"product": "format"}),
        (body("product.viewed", product="\ud800"), {"product": "format"}),
        (body("page.visited", page="/pots"), {"page": "format"}),
        (body("document.requested"), {"document": "missing"}),
        (body("custom", name="Quiz"), {"name": "format"}),
        (
            body(
                "custom", name="q", properties={"a": None, "b": 1.5, "C": 1, "d": 10**13, "e": []}
            ),
            {
                "properties.a": "wrong_type",
                "properties.b": "wrong_type",
                "properties.C": "format",
                "properties.d": "out_of_range",
                "properties.e": "wrong_type",
            },
        ),
        (
            body("custom", name="q", properties={f"p{n}": n for n in range(21)}),
            {"properties": "too_many"},
        ),
        (
            body("custom", name="q", properties={f"p{n}": "x" * 190 for n in range(11)}),
            {"properties": "too_long"},
        ),
    ],
)
def test_every_problem_is_told_at_its_place(told, found):
    assert problems(told) == found


def test_a_place_stands_where_the_event_stands_in_the_request():
    bad = body("order.placed", order={**ORDER, "amount": -1})
    assert problems(bad, place="events[3]") == {"events[3].order.amount": "out_of_range"}
    assert problems(None, place="events[3]") == {"events[3]": "wrong_type"}


def test_problems_told_are_few_enough_to_read():
    many = body(**{f"x{number}": 1 for number in range(50)})
    assert len(problems(many)) == MAX_PROBLEMS


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
MEMBERS = (
    "id", "brand", "type", "email", "subscriber", "occurred_at", "campaign", "order", "cart",
    "product", "page", "document", "name", "properties",
)  # fmt: skip


@given(
    st.sampled_from(CustomerEventType),
    st.dictionaries(st.sampled_from(MEMBERS), values, max_size=5),
    st.dictionaries(st.sampled_from(("id", "amount", "currency", "items")), values),
)
def test_whatever_is_sent_is_read_or_refused_with_places(kind, members, inner):
    told = {**body(kind.value, order=inner, cart=inner), **members}
    with suppress(EventError):
        assert read_event(told, NOW_MS).event.type
