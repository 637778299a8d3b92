# SPDX-License-Identifier: Apache-2.0
"""Customer events: what each type needs to be kept, and how it is kept."""

import orjson
import pytest

from chalicelib.domain.customer_events import (
    CartUpdated,
    Custom,
    CustomerEvent,
    CustomerEventType,
    DocumentRequested,
    Ignored,
    Item,
    Kind,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    PageVisited,
    ProductViewed,
    Signup,
    dump_event,
    ignored,
    load_event,
)
from chalicelib.domain.ids import BrandId, CampaignId, PurposeId
from chalicelib.domain.state import MEASUREMENT
from chalicelib.errors import FatalError

PROFILING = PurposeId("profiling")
ITEMS = (Item(product="pots", name="Pots, blue", quantity=2, amount=2_450), Item(product="soil"))
WHATS = [
    OrderPlaced(order="4711", amount=4_900, currency="SEK", items=ITEMS),
    OrderRefunded(order="4711", amount=100, currency="SEK"),
    OrderCancelled(order="4711"),
    Signup(),
    CartUpdated(amount=4_900, currency="SEK", items=ITEMS),
    CartUpdated(amount=0, currency="SEK"),
    ProductViewed(product="pots"),
    PageVisited(page="https://www.example.org/pots"),
    DocumentRequested(document="white-paper"),
    Custom(name="quiz.done", properties={"score": 7, "passed": True, "track": "roses"}),
]


@pytest.mark.parametrize("what", WHATS)
@pytest.mark.parametrize("campaign", [None, CampaignId("zFu3qpjTlOJ1GDL4x3Rz8g")])
def test_an_event_is_read_back_as_written(what, campaign):
    event = CustomerEvent(
        id="shop-1", brand=BrandId("demo"), occurred_ms=5, what=what, campaign=campaign
    )
    assert load_event(dump_event(event)) == event


def test_every_type_can_be_said():
    events = [CustomerEvent(id="x", brand=BrandId("b"), occurred_ms=1, what=w) for w in WHATS]
    assert {event.type for event in events} == set(CustomerEventType)


def test_an_event_of_an_unknown_version_stops():
    with pytest.raises(FatalError):
        load_event(orjson.dumps({"v": 2}))


def test_orders_and_accounts_need_no_purpose_and_all_else_needs_profiling():
    kinds = {event_type.value: event_type.kind for event_type in CustomerEventType}
    assert {name for name, kind in kinds.items() if kind is Kind.ORDER} == {
        "order.placed",
        "order.refunded",
        "order.cancelled",
    }
    assert kinds["signup"] is Kind.SIGNUP
    assert sum(kind is Kind.PROFILING for kind in kinds.values()) == 5
    assert (Kind.ORDER.purpose, Kind.SIGNUP.purpose) == (None, None)
    assert (Kind.PROFILING.purpose, Kind.MEASUREMENT.purpose) == (PROFILING, MEASUREMENT)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_restriction_and_an_objection_stop_every_kind_whatever_was_consented_to(kind):
    given = (PROFILING, MEASUREMENT)
    assert ignored(kind, restricted=True, objected=True, given=given) is Ignored.RESTRICTED
    assert ignored(kind, restricted=False, objected=True, given=given) is Ignored.OBJECTED
    assert ignored(kind, restricted=False, objected=False, given=given) is None


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        (Kind.ORDER, (), None),
        (Kind.SIGNUP, (), None),
        (Kind.PROFILING, (), Ignored.NO_CONSENT),
        (Kind.PROFILING, (MEASUREMENT, PurposeId("newsletter")), Ignored.NO_CONSENT),
        (Kind.PROFILING, (PROFILING,), None),
        (Kind.MEASUREMENT, (PROFILING,), Ignored.NO_CONSENT),
        (Kind.MEASUREMENT, (MEASUREMENT,), None),
    ],
)
def test_behaviour_is_kept_under_its_own_purpose_alone(kind, given, reason):
    assert ignored(kind, restricted=False, objected=False, given=given) is reason


@pytest.mark.parametrize("kind", Kind)
def test_an_operator_who_keeps_no_orders_stops_orders_alone(kind):
    free = {"restricted": False, "objected": False, "given": (PROFILING, MEASUREMENT)}
    expected = Ignored.ORDERS_OFF if kind is Kind.ORDER else None
    assert ignored(kind, **free, keeps_orders=False) is expected
    assert ignored(kind, **{**free, "objected": True}, keeps_orders=False) is Ignored.OBJECTED
