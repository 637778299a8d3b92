# SPDX-License-Identifier: Apache-2.0
"""Between plan and mail: what stops everybody stops them, and what came first is obeyed."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import SHARDS, shard_of
from chalicelib.domain.plan_gate import RENDERING, Gate, resumed
from chalicelib.errors import Conflict, FatalError, NotFound
from chalicelib.ports.outside import Queue
from chalicelib.services.plans import plan_key
from tests.support.faults import FailAlways, Moment
from tests.support.planning import FAILS_FOR_BO, PlanWorld

NAMES = ("Anna", "Bo", "Cia")


@pytest.fixture
def world():
    made = PlanWorld()
    made.sids = [
        made.subscribe(f"reader{n}@example.org", first_name=name) for n, name in enumerate(NAMES)
    ]
    return made


def planned_but_for_the_gate(world, **changes):
    """A campaign all of whose shards are planned, changed before anybody comes to the gate."""
    campaign = world.started()
    bodies = world.messages.take(Queue.PLANS)
    for body in bodies[:-1]:
        world.plan_one(body)
    world.campaign_rows.replace(replace(world.now(campaign), **changes))
    world.plan_one(bodies[-1])
    return campaign


class TestRendering:
    def test_one_error_stops_the_campaign_for_everybody(self, world):
        campaign = world.started(FAILS_FOR_BO)
        world.plan()
        stopped = world.now(campaign)
        assert (stopped.status, stopped.problem) == (CampaignStatus.PAUSED, RENDERING)
        assert stopped.go_ms is None
        assert world.run_messages() == []
        assert plan_key(campaign.id) not in world.outside_rows.blobs
        assert world.totals.totals(campaign.id).render_errors[shard_of(world.sids[1])] == 1

    def test_it_is_not_stopped_twice_nor_moved_by_the_clock(self, world):
        campaign = world.started(FAILS_FOR_BO)
        world.plan()
        before = world.now(campaign)
        world.campaign_messages.plan(before)
        world.plan()
        world.time.advance(3_600_000)
        world.watch.advance()
        assert world.now(campaign) == before

    @pytest.mark.parametrize("skip", [True, False])
    def test_whoever_resumes_says_whether_they_are_left_out(self, world, skip):
        campaign = world.started(FAILS_FOR_BO)
        world.plan()
        stored = world.campaign_rows.replace(resumed(world.now(campaign), skip_rendering=skip))
        world.campaign_messages.again(stored)
        assert len(world.outside_rows.messages) == 1
        world.plan()
        now = world.now(campaign)
        status = CampaignStatus.SENDING if skip else CampaignStatus.PAUSED
        assert (now.status, now.problem) == (status, None if skip else RENDERING)
        assert bool(world.run_messages()) is skip
        assert sorted(world.planned(campaign)) == sorted(world.sids)

    def test_a_cancelled_campaign_goes_so_that_everybody_is_accounted_for(self, world):
        campaign = world.started(FAILS_FOR_BO)
        cancelled = replace(campaign, status=CampaignStatus.CANCELLED)
        world.campaign_rows.replace(cancelled)
        with world.counting() as calls:
            world.plan()
        assert world.now(campaign).go_ms is not None
        assert len(world.run_messages()) == len({shard_of(sid) for sid in world.sids})
        assert not calls["AudienceScan.people"]


class TestStops:
    def test_a_pause_that_came_first_keeps_everything_back(self, world):
        campaign = planned_but_for_the_gate(world, status=CampaignStatus.PAUSED)
        assert world.now(campaign).go_ms is None
        assert world.run_messages() == []
        stored = world.campaign_rows.replace(resumed(world.now(campaign), skip_rendering=False))
        world.campaign_messages.again(stored)
        world.plan()
        assert world.now(campaign).go_ms is not None
        assert world.run_messages()

    def test_a_pause_while_the_ledger_is_written_is_obeyed(self, world):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:-1]:
            world.plan_one(body)

        def pause(call, moment):
            if call == "Campaigns.note_planned" and moment is Moment.AFTER:
                row = world.now(campaign)
                world.catalog_rows.campaigns[campaign.id] = replace(
                    row, status=CampaignStatus.PAUSED, revision=row.revision + 1
                )

        world.faults = pause
        world.plan_one(bodies[-1])
        assert world.now(campaign).go_ms is None
        assert world.run_messages() == []

    def test_a_campaign_somebody_keeps_changing_is_come_to_again(self, world):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:-1]:
            world.plan_one(body)
        world.faults = FailAlways("Campaigns.replace", Moment.BEFORE, Conflict("changed"))
        with pytest.raises(Conflict, match="again and again"):
            world.planner_of_a_process().plan(campaign.id, bodies[-1]["shard"])
        assert world.run_messages() == []

    def test_a_campaign_that_is_gone_meanwhile_is_not_let_go(self, world):
        campaign = planned_but_for_the_gate(world, status=CampaignStatus.PAUSED)
        totals = world.totals.totals(campaign.id)
        del world.catalog_rows.campaigns[campaign.id]
        with pytest.raises(NotFound):
            world.plan_gate.arrive(campaign, totals)

    def test_coming_twice_at_once_lets_go_once(self, world):
        campaign = planned_but_for_the_gate(world, status=CampaignStatus.PAUSED)
        stale = world.campaign_rows.replace(resumed(world.now(campaign), skip_rendering=False))
        totals = world.totals.totals(campaign.id)
        assert world.plan_gate.arrive(stale, totals) is Gate.OPEN
        gone = world.now(campaign)
        assert world.plan_gate.arrive(stale, totals) is Gate.PASSED
        assert world.now(campaign) == gone


class TestMessages:
    def test_no_chunk_is_queued_of_a_campaign_that_was_not_let_go(self, world):
        campaign = world.started()
        with pytest.raises(FatalError):
            world.campaign_messages.send(campaign)
        with pytest.raises(Conflict):
            world.campaign_messages.send(replace(campaign, go_ms=1))
        assert world.run_messages() == []

    def test_what_goes_on_before_its_plan_is_whole_has_the_rest_planned(self, world):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:5]:
            world.plan_one(body)
        world.campaign_messages.again(campaign)
        queued = [body["shard"] for body in world.messages.take(Queue.PLANS)]
        assert queued == list(SHARDS[5:])
