# SPDX-License-Identifier: Apache-2.0
"""Orders past their time leave the facts, with their rows, and nothing else does."""

from dataclasses import replace

import pytest

from chalicelib import bootstrap
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.latest import Latest
from chalicelib.entrypoints import schedules
from chalicelib.errors import Conflict, EvidenceError, FatalError, Unavailable
from chalicelib.ports import facts as facts_port
from chalicelib.services import refolding as module
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.shop import (
    BUYER,
    DEMO,
    OTHER,
    body,
    cancelled,
    consent,
    event,
    known,
    objection,
    placed,
    restriction,
)
from tests.support.world import World

KEPT_DAYS = 100 + facts_port.ORDER_SPARE_DAYS


@pytest.fixture
def world(monkeypatch):
    made = World(keep_orders_days=100)
    monkeypatch.setattr(bootstrap, "container", lambda: made)
    made.setup.add_brand(replace(DEMO_BRAND, id=OTHER, code="6f746872"))
    return made


@pytest.fixture
def sid(world):
    """Somebody who ordered long ago and lately, of two brands, and has an account."""
    made = world.subscribe(BUYER)
    consent(world, made, "profiling")
    for told in (
        placed("e1", "1", 700, ago_days=90),
        placed("e2", "2", 300, ago_days=10),
        placed("e3", "3", 50, ago_days=90, brand=OTHER),
        body("e4", "signup", 300),
    ):
        world.fact_folder.keep(made, event(told))
    return made


def at_day(world, day):
    """Let it be ``day`` days after the tests began."""
    world.time.advance(day * DAY_MS)


def orders(world, sid):
    person = world.fact_people.known(sid)
    return sorted(order.id for _, order in person.opened(world.facts.orders(sid)))


def test_nobody_is_due_while_every_order_is_within_its_time(world, sid):
    before = world.facts.read(sid)
    at_day(world, KEPT_DAYS - 91)
    assert world.refolding.run() == 0
    assert world.facts.read(sid) == before


def test_an_order_past_its_time_is_counted_no_more_and_its_row_is_gone(world, sid):
    at_day(world, KEPT_DAYS - 89)
    assert schedules.refold_orders() == 1
    left = known(world, sid)
    assert (left.orders.count, left.orders.sums["SEK"].net) == (1, 300)
    assert left.orders.products == Latest(at_s={"product of 2": left.orders.first_s})
    assert known(world, sid, OTHER).orders is None
    assert orders(world, sid) == ["2"]
    assert left.signup_s is not None
    assert world.refolding.run() == 0


def test_what_comes_after_the_store_removed_the_row_by_itself_is_the_same(world, sid):
    at_day(world, KEPT_DAYS - 89)
    now_ms = world.clock.now_ms()
    for name, kept in list(world.outside_rows.kept_orders.items()):
        if kept.until_ms <= now_ms:
            del world.outside_rows.kept_orders[name]
    assert world.refolding.run() == 1
    assert known(world, sid).orders.count == 1


def test_the_next_order_is_due_in_its_turn_and_then_nothing_is(world, sid):
    at_day(world, KEPT_DAYS - 89)
    world.refolding.run()
    at_day(world, 80)
    assert world.refolding.run() == 1
    assert known(world, sid).orders is None
    assert orders(world, sid) == []
    at_day(world, 400)
    assert world.refolding.run() == 0


def test_a_limit_that_was_shortened_holds_for_orders_told_before(world, sid):
    at_day(world, 1)
    world.fact_people._order_days = 20  # what a new deployment sets
    assert world.refolding.person(sid) == 2
    assert orders(world, sid) == ["2"]


def test_a_limit_that_was_lengthened_is_written_to_who_is_due(world, sid):
    at_day(world, KEPT_DAYS - 89)
    for name, kept in list(world.outside_rows.kept_orders.items()):
        lasting = replace(kept, until_ms=kept.until_ms + 900 * DAY_MS)
        world.outside_rows.kept_orders[name] = lasting
    world.fact_people._order_days = 1_000
    assert [world.refolding.run(), world.refolding.run()] == [1, 0]
    assert known(world, sid).orders.count == 2


def test_a_brand_that_keeps_no_orders_any_more_loses_them_with_their_events(world, sid):
    world.fact_folder.keep(sid, event(cancelled("e9", "9")))
    world.setup.change_brand(DEMO, {"keep_orders": False})
    assert world.refolding.run() == 1
    left = known(world, sid)
    assert left.orders is None
    assert left.signup_s is not None
    assert known(world, sid, OTHER).orders.count == 1
    assert orders(world, sid) == ["3"]
    assert len(world.facts.events(sid)) == 2


def test_during_a_restriction_nothing_is_touched(world, sid):
    restriction(world, sid)
    at_day(world, KEPT_DAYS)
    before = world.facts.read(sid), world.facts.orders(sid)
    assert world.refolding.run() == 1
    assert (world.facts.read(sid), world.facts.orders(sid)) == before


def test_many_rows_go_in_several_writes_and_who_stops_half_way_goes_on(world, sid, monkeypatch):
    monkeypatch.setattr(module, "MAX_FORGOTTEN", 1)
    at_day(world, KEPT_DAYS - 89)
    world.faults = FailOnce("FactStore.keep", Moment.AFTER, Unavailable("no answer"))
    with pytest.raises(Unavailable):
        world.refolding.person(sid)
    world.faults = no_faults
    assert world.refolding.run() == 1
    assert orders(world, sid) == ["2"]
    assert known(world, sid).orders.count == 1


def test_who_is_overtaken_reads_anew_and_who_always_is_comes_back_later(world, sid):
    at_day(world, KEPT_DAYS - 89)
    world.faults = FailOnce("FactStore.keep", Moment.BEFORE, Conflict("moved on"))
    assert world.refolding.person(sid) == 2
    at_day(world, 80)
    world.faults = FailAlways("FactStore.keep", Moment.BEFORE, Conflict("moved on"))
    with pytest.raises(Unavailable):
        world.refolding.person(sid)


def test_who_does_not_open_keeps_nobody_else_waiting_and_is_told(world, sid):
    other = world.subscribe("other@example.org")
    told = placed("e1", "1", ago_days=90, subscriber=other)
    world.fact_folder.keep(other, event(told))
    at_day(world, KEPT_DAYS - 89)
    row = world.rows.audience[sid]
    world.rows.audience[sid] = replace(row, facts=row.facts[:-1] + b"x")
    with pytest.raises(EvidenceError):
        world.refolding.run()
    assert known(world, other).orders is None
    with pytest.raises(FatalError):
        schedules.refold_orders()


def test_one_run_is_bounded_and_begins_elsewhere_each_day(world, sid, monkeypatch):
    monkeypatch.setattr(module, "MAX_PEOPLE", 1)
    other = world.subscribe("other@example.org")
    world.fact_folder.keep(other, event(placed("e1", "1", ago_days=90, subscriber=other)))
    at_day(world, KEPT_DAYS - 89)
    assert [world.refolding.run() for _ in range(3)] == [1, 1, 0]
    asked = []
    monkeypatch.setattr(world.fact_scan, "due", lambda shard, day: asked.append(shard) or ())
    world.refolding.run()
    at_day(world, 1)
    world.refolding.run()
    assert sorted(asked[:16]) == sorted(asked[16:]) == sorted(SHARDS)
    assert asked[1] == asked[16]


def test_a_run_that_took_its_time_begins_with_nobody_else(world, sid, monkeypatch):
    other = world.subscribe("other@example.org")
    world.fact_folder.keep(other, event(placed("e1", "1", ago_days=90, subscriber=other)))
    at_day(world, KEPT_DAYS - 89)
    real = world.refolding.person
    monkeypatch.setattr(
        world.refolding, "person", lambda each: (world.time.advance(module.MAX_RUN_MS), real(each))
    )
    assert world.refolding.run() == 1


def test_an_objection_leaves_nobody_due(world, sid):
    objection(world, sid)
    objection(world, sid, OTHER)
    world.forgetting.person(sid)
    at_day(world, 3_000)
    assert world.refolding.run() == 0
