# SPDX-License-Identifier: Apache-2.0
"""The plan of a campaign: committed to the ledger once, by whoever plans last, and found again."""

import json

import pytest

from chalicelib.domain.campaigns import Act
from chalicelib.domain.ids import SHARDS
from chalicelib.errors import BrokenProof, KvittoError, NotFound
from chalicelib.ports.outside import Queue
from chalicelib.proof import merkle
from chalicelib.services.plans import manifest_key, plan_key
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World


@pytest.fixture
def world():
    made = World()
    made.sids = [made.subscribe(f"reader{n}@example.org") for n in range(3)]
    return made


def commitments(world, campaign):
    """The campaign's ledger entries, as JSON, that of the plan last."""
    world.sequencer.run()
    leaves = [pending.leaf for pending in world.rows.outbox.values()]
    tree = world.published_log.tree()
    leaves += [tree.leaf(index) for index in range(tree.checkpoint.size)]
    found = [json.loads(leaf) for leaf in leaves]
    ours = [leaf for leaf in found if leaf.get("cmp") == campaign]
    return sorted(ours, key=lambda leaf: "man" in leaf)


def plans_only(world):
    """Hand over every plan message, each until it works."""
    for body in world.messages.take(Queue.PLANS):
        try:
            world.handle(Queue.PLANS, body)
        except KvittoError:
            world.faults = no_faults
            world.handle(Queue.PLANS, body)


def planned_root(world, campaign):
    manifests = [
        world.outside_rows.blobs[manifest_key(campaign, shard)].data[8:] for shard in SHARDS
    ]
    everybody = b"".join(manifests)
    records = [everybody[at : at + 28] for at in range(0, len(everybody), 28)]
    return merkle.root_of_hashes([merkle.leaf_hash(record) for record in records]).hex()


def test_the_ledger_commits_to_everybody_planned_once_every_shard_is(world):
    campaign = world.campaign()
    bodies = world.messages.take(Queue.PLANS)
    for body in bodies[:-1]:
        world.handle(Queue.PLANS, body)
    assert [leaf.get("man") for leaf in commitments(world, campaign)] == [None]
    world.handle(Queue.PLANS, bodies[-1])
    first, second = commitments(world, campaign)
    assert second["man"] == planned_root(world, campaign)
    assert second["id"] == world.campaign_rows.get(campaign).plan_event
    assert {first["cnt"]} == {second["cnt"]}


def test_planning_again_commits_to_nothing_anew(world):
    campaign = world.campaign()
    plans_only(world)
    world.campaigns.act(campaign, Act.PAUSE)
    world.campaigns.act(campaign, Act.RESUME)
    plans_only(world)
    assert len(commitments(world, campaign)) == 2


CALLS = ["CampaignLinks.put", "Blobs.get_range", "Blobs.put_new", "LedgerStore.locate"]
CALLS += ["LedgerStore.append_controller_entry", "Campaigns.note_planned"]


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("call", CALLS)
def test_a_failure_at_any_call_leads_to_one_commitment_all_the_same(world, call, moment):
    campaign = world.campaign()
    last = world.messages.take(Queue.PLANS)
    for body in last[:-1]:
        world.handle(Queue.PLANS, body)
    world.messages.send_all(Queue.PLANS, last[-1:])
    world.faults = FailOnce(call, moment)
    plans_only(world)
    world.faults = no_faults
    _, second = commitments(world, campaign)
    assert second["man"] == planned_root(world, campaign)


def test_what_a_lost_message_left_is_done_before_the_campaign_is_finished(world):
    campaign = world.campaign()
    bodies = world.messages.take(Queue.PLANS)
    for body in bodies[:-1]:
        world.handle(Queue.PLANS, body)
    world.faults = FailOnce("LedgerStore.append_controller_entry", Moment.BEFORE)
    with pytest.raises(KvittoError):
        world.handle(Queue.PLANS, bodies[-1])
    world.faults = no_faults
    world.watch.advance()
    world.settle(Queue.CHUNKS)
    world.watch.advance()
    assert world.campaign_rows.get(campaign).finished_ms
    assert len(commitments(world, campaign)) == 2


def test_a_campaign_of_an_older_version_has_no_plan_entry(world):
    campaign = world.campaign()
    row = world.catalog_rows.campaigns[campaign]
    object.__setattr__(row, "plan_event", None)
    plans_only(world)
    assert len(commitments(world, campaign)) == 1
    assert plan_key(campaign) not in world.outside_rows.blobs


def test_each_person_is_found_and_proven_and_a_stranger_is_not(world):
    campaign = world.campaign()
    plans_only(world)
    row = world.campaign_rows.get(campaign)
    root = bytes.fromhex(planned_root(world, campaign))
    assert {world.plans.find(row, sid, root).index for sid in world.sids} == set(range(3))
    assert world.plans.find(row, world.subscribe("too.late@example.org"), root) is None


def test_a_plan_that_was_changed_or_lost_is_not_shown(world):
    campaign = world.campaign()
    plans_only(world)
    row = world.campaign_rows.get(campaign)
    with pytest.raises(BrokenProof):
        world.plans.find(row, world.sids[0], bytes(32))
    del world.outside_rows.blobs[plan_key(campaign)]
    with pytest.raises(NotFound):
        world.plans.find(row, world.sids[0], bytes(32))
