# SPDX-License-Identifier: Apache-2.0
"""What the clock does each minute: it starts, wakes, expires and finishes, once each."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaign_steps import LOST_MS, STALLED_MS
from chalicelib.domain.campaigns import CampaignStatus, ChunkRef
from chalicelib.domain.ids import SHARDS, shard_of
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.plan_gate import PLANNING
from chalicelib.domain.runs import Mark, RunRef, Settled
from chalicelib.errors import Conflict, IllegalTransition, InputError, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import DeliveryRow
from chalicelib.services.unknowns import TERMINAL_MS
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.planning import PlanWorld

MINUTE_MS = 60_000
S = CampaignStatus


@pytest.fixture
def world():
    made = PlanWorld()
    made.sids = [made.subscribe(f"reader{n}@example.org") for n in range(3)]
    return made


@pytest.fixture
def gone(world):
    """A campaign that was let go, and whose messages are lost."""
    campaign = world.started()
    world.plan()
    world.run_messages()
    return campaign


def marked(world, campaign, shard, code=Code.DISPATCHED):
    """A chunk whose people are all of one code."""
    run = RunRef(campaign=campaign.id, shard=shard, first=0, count=1)
    (view,) = world.runs.view(run)
    people = world.totals.totals(campaign.id).people[shard]
    codes = bytes((code,)) * people
    mark = Mark(view=view, owner=f"{shard}-owner", codes=codes, at_ms=world.time.now_ms())
    rows = [
        DeliveryRow(
            delivery=f"{shard}-{n}",
            campaign=campaign.id,
            sid=world.sids[0],
            chunk=ChunkRef(campaign=campaign.id, shard=shard, number=0).name,
            basis="consent",
            entry=1,
            measured=False,
            at_ms=mark.at_ms,
        )
        for n in range(mark.people)
    ]
    world.runs.dispatch(mark, rows)
    return mark


def sent(world, mark):
    codes = bytes((Code.SENT,)) * len(mark.codes)
    now_ms = world.time.now_ms()
    world.runs.commit(mark, Settled(codes=codes, message_ids=(), at_ms=now_ms))


def shards(world):
    return sorted({shard_of(sid) for sid in world.sids})


def waits(world, ms=MINUTE_MS):
    world.time.advance(ms)
    return world.watch.advance()


class TestStarts:
    @pytest.fixture
    def due(self, world):
        campaign_id = world.draft()
        world.test(campaign_id)
        world.campaigns.schedule(campaign_id, world.time.now_ms() + MINUTE_MS)
        return campaign_id

    def test_what_is_due_is_started_once(self, world, due):
        assert world.watch.advance() == 0
        assert waits(world, 2 * MINUTE_MS) == 1
        assert len(world.messages.take(Queue.PLANS)) == 16
        assert waits(world) == 1
        assert world.messages.take(Queue.PLANS) == []
        assert world.campaign_rows.get(due).status is S.SENDING

    def test_what_cannot_start_is_taken_off_the_clock_and_says_why(self, world, due, monkeypatch):
        def refuse(_campaign):
            raise InputError("no_reply_sender", "No.")

        monkeypatch.setattr(world.campaign_start, "start", refuse)
        waits(world, 2 * MINUTE_MS)
        row = world.campaign_rows.get(due)
        assert (row.status, row.scheduled_ms, row.problem) == (S.TESTED, None, "no_reply_sender")

    def test_a_test_that_holds_no_more_says_so(self, world, due):
        brand = world.brands.latest("demo")
        world.brands.replace(replace(brand, from_address="other@example.org"))
        waits(world, 2 * MINUTE_MS)
        assert world.campaign_rows.get(due).problem == "not_tested"

    def test_of_two_who_find_it_due_one_starts_it(self, world, due, monkeypatch):
        monkeypatch.setattr(
            world.campaign_start, "start", lambda _campaign: (_ for _ in ()).throw(Conflict("x"))
        )
        waits(world, 2 * MINUTE_MS)
        assert world.campaign_rows.get(due).status is S.SCHEDULED

    def test_one_that_was_changed_meanwhile_is_left_to_whoever_did(self, world, due, monkeypatch):
        def refuse(_campaign):
            raise IllegalTransition("no")

        monkeypatch.setattr(world.campaign_start, "start", refuse)
        waits(world, 2 * MINUTE_MS)
        assert world.campaign_rows.get(due).status is S.SCHEDULED


class TestPlans:
    def test_shards_that_are_not_planned_get_their_messages_again(self, world):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:14]:
            world.plan_one(body)
        waits(world)
        assert world.messages.take(Queue.PLANS) == []
        waits(world, STALLED_MS)
        again = world.messages.take(Queue.PLANS)
        assert [body["shard"] for body in again] == list(SHARDS[14:])
        assert world.now(campaign).problem == PLANNING
        waits(world, STALLED_MS)
        assert world.messages.take(Queue.PLANS) == []
        for body in again:
            world.plan_one(body)
        assert world.now(campaign).problem is None
        assert world.run_messages()

    def test_a_paused_campaign_is_not_woken(self, world):
        campaign = world.started()
        world.messages.take(Queue.PLANS)
        world.campaign_rows.replace(replace(campaign, status=S.PAUSED))
        waits(world, 10 * STALLED_MS)
        assert world.messages.take(Queue.PLANS) == []


class TestRuns:
    def test_what_stalls_is_woken_with_growing_patience(self, world, gone):
        wakes = []
        for minute in range(1, 80):
            waits(world)
            if world.run_messages():
                wakes.append(minute)
        assert wakes == [11, 32, 73]

    def test_only_unfinished_runs_get_a_message(self, world, gone):
        first, *rest = shards(world)
        sent(world, marked(world, gone, first))
        waits(world, STALLED_MS + 1)
        assert [run["shard"] for run in world.run_messages()] == rest

    def test_a_chunk_lost_after_its_mark_is_called_unknown(self, world, gone):
        for shard in shards(world):
            marked(world, gone, shard)
        waits(world, LOST_MS)
        assert world.now(gone).status is S.SENDING
        waits(world)
        waits(world)
        assert world.now(gone).status is S.SENT
        progress = world.accounts.progress(gone.id)[0].progress
        assert (progress.unknown, progress.planned) == (3, 3)

    def test_who_is_unknown_is_looked_after_when_the_campaign_is_over(self, world, gone):
        for shard in shards(world):
            marked(world, gone, shard)
        for _ in range(4):
            waits(world)
        assert waits(world) == 0
        waits(world, TERMINAL_MS)
        progress = world.accounts.progress(gone.id)[0].progress
        assert (progress.unknown, progress.skipped) == (0, {"unsent": 3})

    def test_a_campaign_all_of_whose_people_are_settled_is_finished(self, world, gone):
        for shard in shards(world):
            sent(world, marked(world, gone, shard))
        assert waits(world) == 1
        row = world.now(gone)
        assert (row.status, row.planned) == (S.SENT, 3)
        assert row.finished_ms == world.time.now_ms()
        assert waits(world) == 0

    def test_a_cancelled_campaign_stays_so_and_is_finished(self, world, gone):
        world.campaign_rows.replace(replace(world.now(gone), status=S.CANCELLED))
        for shard in shards(world):
            marked(world, gone, shard, Code.CANCELLED)
        waits(world)
        row = world.now(gone)
        assert (row.status, row.finished_ms) == (S.CANCELLED, world.time.now_ms())

    def test_a_shard_in_which_nothing_can_change_is_read_no_more(self, world, gone):
        first, *rest = shards(world)
        sent(world, marked(world, gone, first))
        waits(world)
        with world.counting() as calls:
            waits(world)
        assert calls["ChunkAccounts.chunks"] == len(rest)
        assert not calls["ChunkAccounts.expire"]
        assert not calls["ChunkAccounts.finished"]
        assert not calls["ChunkAccounts.progress"]


class TestTroubles:
    def test_one_campaign_in_trouble_keeps_no_other_waiting(self, world, gone):
        other = world.started()
        world.plan()
        world.run_messages()
        world.faults = FailOnce("PlanTotals.totals", Moment.BEFORE)
        world.time.advance(STALLED_MS + MINUTE_MS)
        with pytest.raises(Unavailable):
            world.watch.advance()
        woken = {run["campaign"] for run in world.run_messages()}
        assert woken == {max(gone.id, other.id)}

    @pytest.mark.parametrize("moment", Moment)
    @pytest.mark.parametrize(
        "call",
        [
            "Campaigns.due",
            "Campaigns.unfinished",
            "PlanTotals.totals",
            "ChunkAccounts.chunks",
            "ChunkAccounts.expire",
            "Campaigns.replace",
        ],
    )
    def test_a_failure_at_any_call_is_made_up_for(self, world, gone, call, moment):
        for shard in shards(world):
            marked(world, gone, shard)
        world.time.advance(LOST_MS + 1)
        world.faults = FailOnce(call, moment)
        for _ in range(4):
            try:
                world.watch.advance()
            except Unavailable:
                world.faults = no_faults
            world.time.advance(MINUTE_MS)
        assert world.now(gone).status is S.SENT

    def test_what_is_known_of_a_campaign_is_forgotten_once_it_is_over(self, world, gone):
        for shard in shards(world):
            sent(world, marked(world, gone, shard))
        waits(world)
        waits(world)
        assert world.watch._settled == {}
