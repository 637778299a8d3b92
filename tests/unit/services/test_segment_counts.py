# SPDX-License-Identifier: Apache-2.0
"""Counts: sixteen parts in any order, any number of times, at once, and one count of them."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import SHARDS, BrandId
from chalicelib.domain.jobs import JobStatus
from chalicelib.errors import (
    DependencyError,
    InputError,
    KvittoError,
    NotFound,
    Throttled,
    Unavailable,
)
from chalicelib.ports.outside import Queue
from chalicelib.services.segment_counts import KEEP_MS, MAX_RUNNING, RUN_MS
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.shop import event, objection, placed
from tests.support.world import World

BUYERS = {"fact": "orders.count", "op": "gte", "value": 1}
PEOPLE = 40


@pytest.fixture(scope="module")
def everybody():
    made = World()
    people = [made.subscribe(f"person{n}@example.org") for n in range(PEOPLE)]
    for n, sid in enumerate(people[:30]):
        made.fact_folder.keep(sid, event(placed(f"e{n}", "1")))
    objection(made, people[0])
    made.segments.create(segment_id="buyers", brand_id="demo", name="Buyers", where=BUYERS)
    made.settle()
    return made


@pytest.fixture
def world(everybody):
    rows, catalog, outside = everybody.rows, everybody.catalog_rows, everybody.outside_rows
    kept = dict(rows.audience), dict(rows.vault), dict(catalog.segments)
    everybody.time.advance(RUN_MS)
    yield everybody
    everybody.faults = no_faults
    rows.audience, rows.vault, catalog.segments = kept
    catalog.jobs.clear()
    catalog.count_parts.clear()
    outside.messages.clear()


def count(world, count_id):
    return world.segment_counts.get("buyers", count_id)


def test_a_count_is_told_when_all_of_it_is_there_and_not_before(world):
    asked = world.segment_counts.start("buyers")
    assert (asked.status, asked.version, asked.matched) == (JobStatus.PENDING, 1, None)
    messages = world.messages.take(Queue.SEGMENTS)
    assert messages == [{"v": 1, "count": asked.id, "shard": shard} for shard in SHARDS]
    for message in messages[:-1]:
        world.handle(Queue.SEGMENTS, message)
    assert count(world, asked.id) == asked
    world.handle(Queue.SEGMENTS, messages[-1])
    found = count(world, asked.id)
    assert found.status is JobStatus.READY
    assert (found.considered, found.matched, found.excluded) == (PEOPLE, 29, 1)
    assert (found.unreadable, found.keyless) == (0, 0)


def test_recent_counts_come_newest_first_for_seven_days(world):
    first = world.segment_counts.start("buyers")
    world.time.advance(1_000)
    second = world.segment_counts.start("buyers")
    assert world.segment_counts.recent() == (second, first)
    world.time.advance(KEEP_MS - 1_000)
    assert world.segment_counts.recent() == (second,)


def test_repeats_and_sixteen_parts_at_once_give_one_count(world):
    asked = world.segment_counts.start("buyers")
    messages = world.messages.take(Queue.SEGMENTS) * 3
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: world.handle(Queue.SEGMENTS, each), messages))
    first = count(world, asked.id)
    assert (first.status, first.considered, first.matched) == (JobStatus.READY, PEOPLE, 29)
    world.rows.audience.clear()
    for message in messages:
        world.handle(Queue.SEGMENTS, message)
    assert count(world, asked.id) == first


def test_the_sample_is_the_twenty_smallest_of_the_lot_over_all_shards(world):
    asked = world.segment_counts.start("buyers")
    world.settle(Queue.SEGMENTS)
    found = count(world, asked.id)
    matching = [
        sid
        for sid, row in world.rows.audience.items()
        if row.facts is not None and '"x"' not in (row.standing or "")
    ]
    drawn = sorted(matching, key=lambda sid: hashlib.sha256(f"{asked.id}{sid}".encode()).digest())
    assert len(matching) == found.matched
    assert list(found.sample) == drawn[:20]


def test_of_a_sample_who_was_erased_since_is_left_out(world):
    asked = world.segment_counts.start("buyers")
    world.settle(Queue.SEGMENTS)
    found = count(world, asked.id)
    del world.rows.vault[found.sample[3]]
    del world.rows.audience[found.sample[5]]
    shown = [one.id for one in world.segment_counts.sample(found)]
    assert shown == [sid for n, sid in enumerate(found.sample) if n not in (3, 5)]


def test_nobody_is_shown_of_a_sample_when_the_entry_cannot_be_written(world):
    asked = world.segment_counts.start("buyers")
    world.settle(Queue.SEGMENTS)
    call = "LedgerStore.append_controller_entry"
    world.faults = FailAlways(call, Moment.BEFORE, Unavailable("no"))
    with pytest.raises(Unavailable):
        world.segment_counts.sample(count(world, asked.id))


def test_a_count_asks_what_the_segment_said_when_it_was_asked_for(world):
    asked = world.segment_counts.start("buyers")
    half = world.messages.take(Queue.SEGMENTS)
    for message in half[:8]:
        world.handle(Queue.SEGMENTS, message)
    everybody = {"fact": "orders.last", "op": "missing"}
    world.segments.replace("buyers", version=1, name="Others", where=everybody)
    world.time.advance(60_000)
    for message in half[8:]:
        world.handle(Queue.SEGMENTS, message)
    found = count(world, asked.id)
    assert (found.version, found.matched, found.at_ms) == (1, 29, asked.at_ms)


def test_of_a_list_only_who_may_be_written_to_is_asked(world):
    world.setup.add_list("quiet", "demo", "Quiet")
    for list_id, considered in (("newsletter", PEOPLE - 1), ("quiet", 0)):
        asked = world.segment_counts.start("buyers", list_id)
        world.settle(Queue.SEGMENTS)
        found = count(world, asked.id)
        assert (found.list, found.considered) == (list_id, considered)


def test_a_list_of_another_brand_is_refused_and_takes_no_place(world):
    world.setup.add_brand(replace(DEMO_BRAND, id=BrandId("far"), code="66617221"))
    world.setup.add_list("far-away", "far", "Far away")
    for name in ("far-away", "nowhere"):
        for _ in range(MAX_RUNNING + 1):
            with pytest.raises(InputError, match="no list"):
                world.segment_counts.start("buyers", name)
    with pytest.raises(NotFound):
        world.segment_counts.start("nobody")


def test_a_fifth_count_waits_until_one_of_four_is_ready_or_its_time_is_over(world):
    first, *_ = [world.segment_counts.start("buyers") for _ in range(MAX_RUNNING)]
    for _ in range(2):
        with pytest.raises(Throttled, match=r"^Four counts"):
            world.segment_counts.start("buyers")
    for shard in SHARDS:
        world.segment_counts.make_part(first.id, shard)
    world.segment_counts.start("buyers")
    with pytest.raises(Throttled):
        world.segment_counts.start("buyers")
    world.time.advance(RUN_MS)
    world.segment_counts.start("buyers")


def test_a_count_that_could_not_be_queued_gives_its_place_back(world):
    world.faults = FailAlways("Queues.send_all", Moment.BEFORE, Unavailable("no queue"))
    for _ in range(MAX_RUNNING + 1):
        with pytest.raises(Unavailable):
            world.segment_counts.start("buyers")
    world.faults = no_faults
    for _ in range(MAX_RUNNING):
        world.segment_counts.start("buyers")


CALLS = (
    "Jobs.get",
    "Jobs.replace",
    "CountParts.of",
    "CountParts.put",
    "AudienceScan.people",
    "Activity.unclaim",
)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", CALLS)
def test_a_part_that_failed_anywhere_is_made_again_and_the_count_is_the_same(world, call, moment):
    asked = world.segment_counts.start("buyers")
    world.messages.take(Queue.SEGMENTS)
    for nth, shard in enumerate(SHARDS, 1):
        world.faults = FailOnce(call, moment)
        try:
            world.segment_counts.make_part(asked.id, shard)
        except DependencyError:
            world.segment_counts.make_part(asked.id, shard)
        world.faults = no_faults
        assert (count(world, asked.id).matched is None) is (nth < len(SHARDS))
    found = count(world, asked.id)
    assert (found.considered, found.matched, found.excluded) == (PEOPLE, 29, 1)
    for _ in range(MAX_RUNNING):
        world.segment_counts.start("buyers")


def test_nothing_partial_is_told_of_a_shard_whose_reading_broke_off(world):
    asked = world.segment_counts.start("buyers")
    world.faults = FailAlways("KeyWrapper.kek", Moment.BEFORE, Unavailable("no key service"))
    failed = 0
    for message in world.messages.take(Queue.SEGMENTS):
        try:
            world.handle(Queue.SEGMENTS, message)
        except KvittoError:
            failed += 1
    assert failed
    assert len(world.count_parts.of(asked.id)) == len(SHARDS) - failed
    assert count(world, asked.id).status is JobStatus.PENDING


def test_after_seven_days_there_is_no_such_count_and_its_messages_do_nothing(world):
    asked = world.segment_counts.start("buyers")
    world.time.advance(KEEP_MS - 1)
    assert count(world, asked.id).id == asked.id
    world.time.advance(1)
    with pytest.raises(NotFound, match="seven days"):
        count(world, asked.id)
    world.settle(Queue.SEGMENTS)
    assert world.count_parts.of(asked.id) == ()
    assert KEEP_MS == 7 * DAY_MS


def test_a_count_is_found_under_its_own_segment_alone(world):
    asked = world.segment_counts.start("buyers")
    with pytest.raises(NotFound):
        world.segment_counts.get("others", asked.id)
    with pytest.raises(InputError):
        world.segment_counts.get("buyers", "no-id")


def test_of_an_unreadable_person_the_count_says_so(world):
    sid = next(sid for sid, row in world.rows.audience.items() if row.facts is not None)
    row = world.rows.audience[sid]
    world.rows.audience[sid] = replace(row, facts=b"\x02" + bytes(40), standing=None)
    asked = world.segment_counts.start("buyers")
    world.settle(Queue.SEGMENTS)
    found = count(world, asked.id)
    assert (found.considered, found.unreadable) == (PEOPLE, 1)
    assert sid not in found.sample


def test_no_address_stands_in_what_is_kept_of_a_count(world):
    world.segment_counts.start("buyers")
    world.settle(Queue.SEGMENTS)
    kept = f"{world.catalog_rows.jobs}{world.catalog_rows.count_parts}"
    assert "example.org" not in kept
