# SPDX-License-Identifier: Apache-2.0
"""`ports.runs.Deliveries` as promised, by the fake and by DynamoDB's adapter alike."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.ports.runs import Deliveries
from chalicelib.ports.sending import DeliveryRow, DeliverySeen
from tests.support.clock import START_MS
from tests.support.memory_runs import MemoryDeliveries, RunRows

TABLE = "kvitto-campaigns"


def row(number: int = 0) -> DeliveryRow:
    return DeliveryRow(
        delivery=DeliveryId(f"delivery-{number:07d}"),
        campaign=CampaignId("AAAAAAAAAAAAAAAAAAAAAA"),
        sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
        chunk="3-0-0",
        basis="consent",
        entry=1,
        measured=number % 2 == 0,
        at_ms=START_MS,
    )


@pytest.fixture(params=["memory", "dynamo"])
def stored(request: pytest.FixtureRequest) -> tuple[Deliveries, Callable[[DeliveryRow], Any]]:
    """Return deliveries, and what writes a row as a mark does."""
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        from chalicelib.adapters.dynamo.deliveries import DynamoDeliveries, to_item

        return DynamoDeliveries(TABLE), lambda each: clients.client("dynamodb").put_item(
            TableName=TABLE, Item=to_item(each)
        )
    rows = RunRows()

    def put(each: DeliveryRow) -> None:
        rows.former.deliveries[each.delivery] = DeliverySeen(
            row=each, event=None, event_ms=None, message_id=None
        )

    return MemoryDeliveries(rows), put


def test_events_give_the_same_delivery_in_any_order_and_however_often(stored):
    deliveries, put = stored
    events = [
        ("send", 1, START_MS, "id-1"),
        ("delivery", 2, START_MS + 9, "id-1"),
        ("delivery", 2, START_MS + 5, "id-1"),
        ("complaint", 9, START_MS + 700, "id-1"),
    ]
    for number, order in enumerate(itertools.permutations([*events, events[1]])):
        if number % 6:  # 20 of the 120 orders are enough for a database.
            continue
        put(row(number))
        for event in order:
            deliveries.observe(row(number).delivery, *event)
        seen = deliveries.delivery(row(number).delivery)
        assert seen is not None
        assert (seen.row, seen.event, seen.event_ms) == (row(number), "complaint", START_MS + 700)


def test_of_equal_events_the_earliest_stays(stored):
    deliveries, put = stored
    put(row())
    delivery = row().delivery
    assert deliveries.observe(delivery, "delivery", 2, START_MS + 9, "id-1") is True
    assert deliveries.observe(delivery, "delivery", 2, START_MS + 9, "id-1") is False
    assert deliveries.observe(delivery, "delivery", 2, START_MS + 5, "id-1") is True
    assert deliveries.observe(delivery, "delivery", 2, START_MS + 7, "id-1") is False
    assert deliveries.observe(delivery, "send", 1, START_MS, "id-1") is False
    seen = deliveries.delivery(delivery)
    assert seen is not None
    assert (seen.event, seen.event_ms, seen.message_id) == ("delivery", START_MS + 5, "id-1")


def test_an_event_of_no_delivery_changes_nothing(stored):
    deliveries, _ = stored
    assert deliveries.observe(DeliveryId("none"), "bounce", 5, START_MS, "id-1") is False
    assert deliveries.delivery(DeliveryId("none")) is None
