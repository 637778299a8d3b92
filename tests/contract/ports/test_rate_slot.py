# SPDX-License-Identifier: Apache-2.0
"""`ports.sending.RateSlot` as promised, by the fake and by DynamoDB's adapter alike."""

from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.rate import HOLD_MS, SHARE, Quota, Terms
from chalicelib.errors import FatalError, InputError, Throttled
from chalicelib.ports.sending import RateSlot
from tests.support.clock import START_MS
from tests.support.memory_rate import MemoryRateSlot

TABLE = "kvitto-campaigns"
FIFTY = Quota(per_second=50.0 / SHARE)
"""A quota of which campaigns take 50 a second."""


def dynamo_slot() -> Any:
    from chalicelib.adapters.dynamo.rate import DynamoRateSlot

    return DynamoRateSlot(TABLE)


@pytest.fixture(params=["memory", "dynamo"])
def fresh(request: pytest.FixtureRequest) -> RateSlot:
    """A slot nobody used yet."""
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        made: RateSlot = dynamo_slot()
        return made
    return MemoryRateSlot()


@pytest.fixture
def slot(fresh: RateSlot) -> RateSlot:
    fresh.note(FIFTY, START_MS)
    return fresh


def other(slot: Any) -> Any:
    """Another worker at the same row."""
    return MemoryRateSlot(slot.row) if isinstance(slot, MemoryRateSlot) else dynamo_slot()


def start(slot: RateSlot, recipients: int, now_ms: int) -> int:
    """Reserve, and return the start in milliseconds after the tests' first moment."""
    reserved = slot.reserve(recipients, now_ms)
    assert reserved.start_ms is not None
    return reserved.start_ms - START_MS


def test_reservations_follow_each_other_at_the_rate(slot):
    starts = [start(slot, 50, START_MS + number) for number in range(4)]
    assert starts == pytest.approx([0, 1_000, 2_000, 3_000], abs=1)


def test_campaigns_leave_a_share_of_the_quota_to_service_mails(slot):
    slot.note(Quota(per_second=50.0), START_MS)
    slot.reserve(50, START_MS)
    assert start(slot, 50, START_MS) == 1_011


def test_after_a_pause_sending_starts_at_once_and_time_unused_is_lost(slot):
    slot.reserve(50, START_MS)
    assert start(slot, 50, START_MS + 10_000) == 10_000
    assert start(slot, 50, START_MS + 10_000) == pytest.approx(11_000, abs=1)


def test_a_reservation_at_the_very_end_of_the_last_one_does_not_wait(slot):
    slot.reserve(50, START_MS)
    free_ms = start(slot, 50, START_MS)
    assert start(slot, 50, START_MS + 2 * free_ms) <= 2 * free_ms + 1


def test_a_new_quota_holds_from_the_next_reservation_of_every_worker(slot):
    there = other(slot)
    there.reserve(50, START_MS)
    slot.note(Quota(per_second=500.0 / SHARE), START_MS)
    there.reserve(50, START_MS)
    assert start(there, 1, START_MS) == pytest.approx(1_100, abs=1)


def test_high_rates_are_not_rounded_to_milliseconds(slot):
    slot.note(Quota(per_second=5_000.0 / SHARE), START_MS)
    assert [start(slot, 1, START_MS) for _ in range(11)][-1] in (2, 3)


def test_a_worker_whose_clock_is_behind_queues_like_everybody(slot):
    slot.reserve(50, START_MS)
    assert start(slot, 50, START_MS - 300_000) == pytest.approx(1_000, abs=1)


def test_no_recipients_is_refused(slot):
    with pytest.raises(InputError):
        slot.reserve(0, START_MS)


def test_without_a_quota_nothing_is_reserved_or_charged(fresh):
    assert not fresh.charge(1, START_MS)
    assert fresh.reserve(1, START_MS).start_ms is None
    fresh.note(FIFTY, START_MS)
    assert start(fresh, 1, START_MS) == 0


def test_no_quota_at_all_reserves_nothing(slot):
    slot.note(Quota(per_second=0.0), START_MS)
    assert slot.reserve(1, START_MS).start_ms is None


def test_service_mails_never_wait_and_campaigns_start_so_much_later(slot):
    service = other(slot)
    service.charge(1, START_MS)
    assert start(slot, 50, START_MS) == pytest.approx(20, abs=1)
    for _ in range(10):
        service.charge(1, START_MS)
    assert start(slot, 50, START_MS) == pytest.approx(1_220, abs=1)


def test_nothing_is_moved_that_begins_too_late(slot):
    assert slot.charge(50, START_MS, START_MS)
    assert not slot.charge(50, START_MS, START_MS + 1_000)
    assert not other(slot).charge(50, START_MS + 500, START_MS + 1_000)
    assert start(slot, 1, START_MS) == pytest.approx(1_001, abs=1)
    assert slot.charge(50, START_MS, START_MS + 1_100)
    assert start(slot, 1, START_MS) == pytest.approx(2_021, abs=2)
    assert not slot.charge(50, START_MS + 60_000, START_MS + 59_999)
    assert slot.charge(50, START_MS + 60_000)


def test_what_somebody_reserved_meanwhile_is_seen_by_who_may_move_nothing(slot):
    slot.charge(1, START_MS)
    other(slot).reserve(50, START_MS)
    assert not slot.charge(1, START_MS, START_MS + 500)
    assert start(slot, 1, START_MS) == pytest.approx(1_020, abs=2)


def test_who_charged_before_there_was_a_quota_hears_of_it(fresh):
    service = other(fresh)
    service.charge(1, START_MS)
    fresh.note(FIFTY, START_MS)
    for _ in range(10):
        service.charge(1, START_MS)
    assert start(fresh, 1, START_MS) == pytest.approx(200, abs=1)


def test_a_service_mail_sent_long_ago_delays_nobody(slot):
    slot.charge(1, START_MS)
    assert start(slot, 50, START_MS + 60_000) == 60_000


def test_a_throttle_slows_every_worker_and_comes_back_with_time_alone(slot):
    there = other(slot)
    there.reserve(50, START_MS)
    slot.slow(START_MS)
    assert there.reserve(50, START_MS).terms.factor_ppm(START_MS) == 800_000
    assert start(there, 1, START_MS) == pytest.approx(2_250, abs=1)
    later = START_MS + 60_000
    there.reserve(50, later)
    assert start(slot, 1, later) == pytest.approx(61_000, abs=1)


def test_throttles_heard_within_a_second_are_one(slot):
    there = other(slot)
    for worker in (slot, there, slot):
        worker.slow(START_MS)
    assert slot.reserve(1, START_MS).terms.slow_ppm == 800_000
    there.slow(START_MS + 1_000)
    assert slot.reserve(1, START_MS).terms.slow_ppm == 656_000


def test_throttles_never_stop_sending_altogether(slot):
    for second in range(20):
        slot.slow(START_MS + second * 1_000)
    assert slot.reserve(1, START_MS + 19_000).terms.slow_ppm == 300_000


def test_a_hold_turns_every_worker_away_until_it_ends(slot):
    there = other(slot)
    there.reserve(50, START_MS)
    slot.hold(START_MS + HOLD_MS)
    refused = there.reserve(50, START_MS + HOLD_MS - 1)
    assert refused.start_ms is None
    assert refused.terms.held(START_MS + HOLD_MS - 1)
    assert start(there, 50, START_MS + HOLD_MS) == HOLD_MS


def test_a_longer_hold_stays(slot):
    slot.hold(START_MS + 2_000)
    slot.hold(START_MS + 1_000)
    assert slot.reserve(1, START_MS).terms.held_ms == START_MS + 2_000


def test_the_days_quota_is_spent_by_all_workers_and_not_passed(slot):
    there = other(slot)
    slot.note(Quota(per_second=50.0, daily_left=120), START_MS)
    assert slot.reserve(50, START_MS).terms.daily_left == 70
    assert there.reserve(50, START_MS).terms.daily_left == 20
    refused = slot.reserve(50, START_MS)
    assert (refused.start_ms, refused.terms.daily_left) == (None, 20)
    assert slot.reserve(20, START_MS).terms.daily_left == 0
    there.note(Quota(per_second=50.0), START_MS)
    assert slot.reserve(50, START_MS).terms.daily_left is None


def test_a_refused_reservation_takes_no_time(slot):
    slot.hold(START_MS + 10)
    slot.reserve(50, START_MS)
    assert start(slot, 50, START_MS + 10) == 10


def test_of_all_who_saw_when_ses_was_last_asked_one_asks(fresh):
    there = other(fresh)
    assert [worker.asks(None, START_MS) for worker in (fresh, there, fresh)] == [True, False, False]
    fresh.note(FIFTY, START_MS + 5)
    assert [worker.asks(START_MS, START_MS + 6) for worker in (fresh, there)] == [False, False]
    seen_ms = START_MS + 5
    assert [worker.asks(seen_ms, seen_ms + 1) for worker in (there, fresh)] == [True, False]


def test_who_asks_is_decided_whatever_the_clocks_say(fresh):
    there = other(fresh)
    ahead, behind = START_MS + 300_000, START_MS - 300_000
    assert fresh.asks(None, ahead)
    assert [worker.asks(ahead, behind) for worker in (there, fresh)] == [True, False]
    assert [worker.asks(behind, ahead) for worker in (fresh, there)] == [True, False]


def test_what_is_shared_comes_back_whole(slot):
    slot.note(Quota(per_second=14.5, daily_left=9), START_MS + 1)
    slot.slow(START_MS + 2)
    slot.hold(START_MS + 3)
    assert other(slot).reserve(1, START_MS).terms == Terms(
        quota_milli=14_500,
        daily_left=9,
        quota_ms=START_MS + 1,
        slow_ppm=800_000,
        slow_ms=START_MS + 2,
        held_ms=START_MS + 3,
    )


def test_who_only_watches_sees_what_is_shared_and_changes_nothing(fresh):
    watcher = other(fresh)
    assert watcher.terms() == Terms()
    fresh.note(FIFTY, START_MS)
    assert watcher.terms() == fresh.reserve(1, START_MS).terms
    fresh.hold(START_MS + HOLD_MS)
    assert watcher.terms().held(START_MS)
    assert start(fresh, 1, START_MS + HOLD_MS) == HOLD_MS


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


def set_row(real: Any, change: str, **values: int) -> None:
    real(
        TableName=TABLE,
        Key={"pk": {"S": "RATE"}, "sk": {"S": "SES"}},
        UpdateExpression=change,
        ExpressionAttributeValues={f":{name}": {"N": str(value)} for name, value in values.items()},
    )


@pytest.fixture
def steady(tables: None) -> Any:
    made = dynamo_slot()
    made.note(FIFTY, START_MS)
    made.reserve(50, START_MS)
    return made


def test_a_reservation_costs_one_update_also_after_a_pause(steady, monkeypatch):
    seen = calls(monkeypatch)
    for now_ms in (START_MS, START_MS, START_MS + 60_000):
        steady.reserve(50, now_ms)
    assert len(seen) == 3


def test_a_change_of_pace_costs_each_worker_one_more_update(steady, monkeypatch):
    dynamo_slot().slow(START_MS)
    seen = calls(monkeypatch)
    steady.reserve(50, START_MS)
    steady.reserve(50, START_MS)
    assert len(seen) == 3


def test_a_worker_overtaken_after_a_pause_starts_after_the_other(steady, monkeypatch):
    now_ms = START_MS + 60_000

    def overtake(call: int, real: Any) -> None:
        if call == 1:
            set_row(real, "SET free_us = :end", end=(now_ms + 700) * 1_000)

    seen = calls(monkeypatch, overtake)
    assert start(steady, 50, now_ms) == 60_700
    assert len(seen) == 2
    assert start(steady, 50, now_ms) == pytest.approx(61_700, abs=1)


def test_a_row_that_never_stands_still_is_a_throttle(steady, monkeypatch):
    calls(monkeypatch, lambda call, real: set_row(real, "SET slow_ms = :at", at=call))
    with pytest.raises(Throttled):
        steady.reserve(50, START_MS)


def test_a_charge_that_is_overtaken_again_and_again_is_a_throttle(steady, monkeypatch):
    def overtake(call: int, real: Any) -> None:
        set_row(real, "SET free_us = :end", end=(call % 2) * 2**52)

    calls(monkeypatch, overtake)
    with pytest.raises(Throttled):
        steady.charge(1, START_MS + 60_000)


def test_a_row_of_an_earlier_version_is_taken_on(tables):
    item = {"pk": {"S": "RATE"}, "sk": {"S": "SES"}, "v": {"N": "1"}}
    free = {"free_us": {"N": str((START_MS + 500) * 1_000)}}
    clients.client("dynamodb").put_item(TableName=TABLE, Item={**item, **free})
    slot = dynamo_slot()
    assert slot.reserve(1, START_MS).start_ms is None
    assert slot.asks(None, START_MS)
    slot.note(FIFTY, START_MS)
    assert start(slot, 50, START_MS) == 500


@pytest.mark.parametrize(
    "act",
    [
        lambda slot: slot.reserve(1, START_MS),
        lambda slot: slot.charge(1, START_MS),
        lambda slot: slot.slow(START_MS),
        lambda slot: slot.hold(START_MS),
        lambda slot: slot.asks(None, START_MS),
        lambda slot: slot.note(FIFTY, START_MS),
    ],
)
def test_a_rate_row_this_code_does_not_know_is_fatal(tables, act):
    item = {"pk": {"S": "RATE"}, "sk": {"S": "SES"}, "v": {"N": "2"}, "free_us": {"N": "1"}}
    clients.client("dynamodb").put_item(TableName=TABLE, Item=item)
    with pytest.raises(FatalError):
        act(dynamo_slot())
    (row,) = clients.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert row == item
