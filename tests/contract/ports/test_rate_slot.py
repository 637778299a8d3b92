# SPDX-License-Identifier: Apache-2.0
"""`ports.sending.RateSlot` as promised, by the fake and by DynamoDB's adapter alike."""

from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.sending import RateSlot
from tests.support.clock import START_MS
from tests.support.memory_sending import MemoryRateSlot

TABLE = "kvitto-campaigns"


def dynamo_slot() -> Any:
    from chalicelib.adapters.dynamo.rate import DynamoRateSlot

    return DynamoRateSlot(TABLE)


@pytest.fixture(params=["memory", "dynamo"])
def slot(request: pytest.FixtureRequest) -> RateSlot:
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        made: RateSlot = dynamo_slot()
        return made
    return MemoryRateSlot()


def test_reservations_follow_each_other_at_the_rate(slot):
    starts = [slot.reserve(50, 50.0, START_MS + number) for number in range(4)]
    assert [start - START_MS for start in starts] == [0, 1_000, 2_000, 3_000]


def test_after_a_pause_sending_starts_at_once_and_time_unused_is_lost(slot):
    slot.reserve(50, 50.0, START_MS)
    assert slot.reserve(50, 50.0, START_MS + 10_000) == START_MS + 10_000
    assert slot.reserve(50, 50.0, START_MS + 10_000) == START_MS + 11_000


def test_a_reservation_at_the_very_end_of_the_last_one_does_not_wait(slot):
    slot.reserve(50, 50.0, START_MS)
    assert slot.reserve(50, 50.0, START_MS + 1_000) == START_MS + 1_000


def test_a_new_quota_holds_from_the_next_reservation(slot):
    slot.reserve(50, 50.0, START_MS)
    slot.reserve(50, 500.0, START_MS)
    assert slot.reserve(1, 500.0, START_MS) == START_MS + 1_100


def test_high_rates_are_not_rounded_to_milliseconds(slot):
    starts = [slot.reserve(1, 5_000.0, START_MS) for _ in range(11)]
    assert starts[-1] == START_MS + 2


def test_a_worker_whose_clock_is_behind_queues_like_everybody(slot):
    slot.reserve(50, 50.0, START_MS)
    assert slot.reserve(50, 50.0, START_MS - 300_000) == START_MS + 1_000


def test_no_recipients_is_refused(slot):
    with pytest.raises(InputError):
        slot.reserve(0, 50.0, START_MS)


def calls(monkeypatch: pytest.MonkeyPatch, before: Any = None) -> list[str]:
    """Watch the updates; ``before`` plays another worker ahead of the nth of them."""
    client = clients.client("dynamodb")
    real, seen = client.update_item, []

    def update_item(**request: Any) -> Any:
        seen.append(request["UpdateExpression"])
        if before is not None:
            before(len(seen), real)
        return real(**request)

    monkeypatch.setattr(client, "update_item", update_item)
    return seen


def test_steady_sending_costs_one_update_a_call(tables, monkeypatch):
    slot = dynamo_slot()
    slot.reserve(50, 50.0, START_MS)
    seen = calls(monkeypatch)
    slot.reserve(50, 50.0, START_MS)
    assert len(seen) == 1
    slot.reserve(50, 50.0, START_MS + 60_000)
    assert len(seen) == 3


def test_a_worker_overtaken_after_a_pause_starts_after_the_other(tables, monkeypatch):
    slot = dynamo_slot()
    slot.reserve(50, 50.0, START_MS - 60_000)

    def overtake(call: int, real: Any) -> None:
        if call == 2:
            values = {":end": {"N": str((START_MS + 700) * 1_000)}}
            key = {"pk": {"S": "RATE"}, "sk": {"S": "SES"}}
            change = "SET free_us = :end"
            real(
                TableName=TABLE,
                Key=key,
                UpdateExpression=change,
                ExpressionAttributeValues=values,
            )

    seen = calls(monkeypatch, overtake)
    assert slot.reserve(50, 50.0, START_MS) == START_MS + 700
    assert len(seen) == 3
    assert slot.reserve(50, 50.0, START_MS) == START_MS + 1_700


def test_a_rate_row_this_code_does_not_know_is_fatal(tables):
    item = {"pk": {"S": "RATE"}, "sk": {"S": "SES"}, "v": {"N": "2"}, "free_us": {"N": "1"}}
    clients.client("dynamodb").put_item(TableName=TABLE, Item=item)
    with pytest.raises(FatalError):
        dynamo_slot().reserve(1, 1.0, START_MS)
