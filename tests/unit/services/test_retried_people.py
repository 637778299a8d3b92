# SPDX-License-Identifier: Apache-2.0
"""The people of a retry: those of its parent's account and plan, and no segment asked again."""

from dataclasses import replace

import pytest

from chalicelib.domain.ids import SHARDS, shard_of
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.errors import FatalError, NotFound
from chalicelib.services import retried_people
from tests.support.faults import Moment
from tests.support.memory_sending import accept
from tests.support.planning import PlanWorld
from tests.support.retrying import REFUSED, RetryWorld

ANNA = {"fact": "field.first_name", "op": "eq", "value": "Anna"}


def chosen(world, child):
    return [sid for shard in SHARDS for sid in world.retried_people.of(child, shard)]


def over_in_chunks(world, chunk_size):
    """A campaign that reached nobody."""
    world.mailbox.per_second = float(chunk_size)
    return world.over(*range(len(world.sids)))


@pytest.mark.parametrize("chunk_size", [1, 3, 50])
def test_they_come_in_the_plans_order_each_once(chunk_size):
    world = RetryWorld(40)
    parent = over_in_chunks(world, chunk_size)
    reached = [2, 3, 17]
    for number in reached:
        world.become(parent, number, Code.SENT)
    child = world.campaign_retries.retry(parent, unsent=False)
    found = chosen(world, child)
    expected = {sid for number, sid in enumerate(world.sids) if number not in reached}
    assert found == sorted(expected, key=lambda sid: (shard_of(sid), sid))


def test_a_run_is_one_read_of_the_plan_and_one_without_any_is_none(monkeypatch):
    monkeypatch.setattr(retried_people, "MAX_RUN_CHUNKS", 2)
    world = RetryWorld(24)
    parent = over_in_chunks(world, 1)
    largest = max(SHARDS, key=lambda shard: sum(shard_of(sid) == shard for sid in world.sids))
    people = sum(shard_of(sid) == largest for sid in world.sids)
    child = world.campaign_retries.retry(parent, unsent=False)
    reads = []
    world.faults = lambda call, moment: reads.append(call) if moment is Moment.BEFORE else None
    assert len(list(world.retried_people.of(child, largest))) == people
    assert reads.count("Blobs.get_range") == -(-people // 2) > 1
    for number, sid in enumerate(world.sids):
        if shard_of(sid) == largest:
            world.become(parent, number, Code.SENT)
    reads.clear()
    assert list(world.retried_people.of(child, largest)) == []
    assert "Blobs.get_range" not in reads


def test_a_plan_and_an_account_of_different_people_stop_it():
    world = RetryWorld(3)
    parent = world.over(0)
    child = world.campaign_retries.retry(parent, unsent=False)
    shard = shard_of(world.sids[0])
    for ref, view in list(world.run_rows.chunks.items()):
        if (ref.campaign, ref.shard) == (parent, shard):
            world.run_rows.chunks[ref] = replace(view, codes=view.codes + bytes((Code.FAILED,)))
    with pytest.raises(FatalError):
        list(world.retried_people.of(child, shard))


def test_a_retry_whose_parent_is_gone_stops():
    world = RetryWorld(1)
    child = world.campaign_retries.retry(world.over(0), unsent=False)
    with pytest.raises(NotFound):
        list(world.retried_people.of(replace(child, retry_of=None), "0"))


def test_a_segment_is_not_asked_again():
    """Whoever was planned by it is still owed the mail; whoever fits it by now is not."""
    world = PlanWorld()
    annas = {world.subscribe(f"reader{n}@example.org", first_name="Anna") for n in range(2)}
    world.mailbox.answer = lambda _message: REFUSED
    parent = world.started(segment=world.segment(ANNA))
    world.settle()
    world.mailbox.answer = accept
    world.subscribe("late@example.org", first_name="Anna")
    world.segments.replace("some", version=1, name="Bo", where={**ANNA, "value": "Bo"})
    child = world.campaign_retries.retry(parent.id, unsent=False)
    with world.counting() as calls:
        world.plan()
    assert set(world.planned(child)) == annas
    assert not [call for call in calls if call.startswith(("AudienceS", "KeyWrapper"))]
    world.mails.clear()
    world.settle()
    assert len(world.mails) == 2
