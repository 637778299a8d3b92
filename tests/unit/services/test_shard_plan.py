# SPDX-License-Identifier: Apache-2.0
"""Planning: everybody once, the same people whoever plans, nothing before everybody is planned."""

import hashlib
import json
import math
from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import SHARDS, shard_of
from chalicelib.errors import FatalError, NotFound, NotTested
from chalicelib.ports.outside import Queue
from chalicelib.services.frozen_contents import content_key, segment_key
from chalicelib.services.plans import PART_RECORDS, manifest_key, plan_key
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.planning import FAILS_FOR_BO, PLAIN, PlanWorld

ANNA = {"fact": "field.first_name", "op": "eq", "value": "Anna"}
NAMES = ("Anna", "Bo", "Cia", "Anna", "Dag")


@pytest.fixture
def world():
    made = PlanWorld()
    made.sids = [
        made.subscribe(f"reader{n}@example.org", first_name=name) for n, name in enumerate(NAMES)
    ]
    return made


def annas(world):
    return {sid for sid, name in zip(world.sids, NAMES, strict=True) if name == "Anna"}


def commitments(world, campaign):
    return [each for each in world.rows.located if each == world.now(campaign).plan_event]


class TestPlans:
    def test_everybody_on_the_list_is_planned_once_and_then_the_campaign_goes(self, world):
        campaign = world.started()
        world.plan()
        assert sorted(world.planned(campaign)) == sorted(world.sids)
        gone = world.now(campaign)
        assert (gone.status, gone.planned, gone.problem) == (CampaignStatus.SENDING, 5, None)
        assert gone.go_ms == world.totals.totals(campaign.id).go_ms is not None
        assert len(commitments(world, campaign)) == 1

    def test_nothing_goes_before_the_last_shard_is_planned(self, world):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:-1]:
            world.plan_one(body)
        assert world.run_messages() == []
        assert world.now(campaign).go_ms is None
        assert plan_key(campaign.id) not in world.outside_rows.blobs
        world.plan_one(bodies[-1])
        runs = world.run_messages()
        assert {run["shard"] for run in runs} == {shard_of(sid) for sid in world.sids}
        assert all(
            run == {"v": 2, "campaign": campaign.id, "shard": run["shard"], "first": 0, "count": 1}
            for run in runs
        )

    def test_chunks_are_queued_in_runs_of_sixteen(self, world):
        campaign = world.started(chunk_size=1)
        world.plan()
        people = world.totals.totals(campaign.id).people
        runs = [(run["shard"], run["first"], run["count"]) for run in world.run_messages()]
        assert runs == [(shard, 0, people[shard]) for shard in SHARDS if people[shard]]

    def test_planning_again_plans_nobody_anew_and_writes_one_commitment(self, world):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:8] * 2:
            world.plan_one(body)
        keys = [manifest_key(campaign.id, body["shard"]) for body in bodies[:8]]
        before = [world.outside_rows.blobs[key] for key in keys]
        world.subscribe("late@example.org")
        for body in bodies:
            world.plan_one(body)
        assert [world.outside_rows.blobs[key] for key in keys] == before
        assert len(commitments(world, campaign)) == 1

    def test_a_plan_message_of_a_campaign_that_went_makes_its_runs_again(self, world):
        campaign = world.started()
        world.plan()
        first = world.run_messages()
        with world.counting() as calls:
            world.shard_planner.plan(campaign.id, "0")
        assert world.run_messages() == first
        assert not calls["AudienceStore.on_list"]

    @pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.SENT])
    def test_what_is_not_under_way_is_not_planned(self, world, status):
        campaign = world.started()
        world.campaign_rows.replace(replace(campaign, status=status))
        assert world.shard_planner.plan(campaign.id, "0") == 0
        assert manifest_key(campaign.id, "0") not in world.outside_rows.blobs
        with pytest.raises(NotFound):
            world.shard_planner.plan("A" * 22, "0")

    def test_a_manifest_that_vanishes_is_not_taken_for_an_empty_one(self, world, monkeypatch):
        campaign = world.started(FAILS_FOR_BO)
        monkeypatch.setattr(world.blobs, "put_new", lambda *_args: False)
        with pytest.raises(NotFound, match="manifest is missing"):
            world.shard_planner.plan(campaign.id, "0")
        assert world.totals.totals(campaign.id).people == {}

    def test_a_list_of_nobody_is_planned_and_goes_too(self):
        world = PlanWorld()
        campaign = world.started()
        world.plan()
        assert world.now(campaign).planned == 0
        assert world.now(campaign).go_ms is not None
        assert world.run_messages() == []


class TestSegments:
    def test_those_it_chooses_are_planned_and_nobody_else(self, world):
        campaign = world.started(segment=world.segment(ANNA))
        world.plan()
        assert set(world.planned(campaign)) == annas(world)

    def test_what_becomes_of_it_after_the_start_changes_nothing(self, world):
        segment = world.segment(ANNA)
        campaign = world.started(segment=segment)
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:8]:
            world.plan_one(body)
        world.segments.replace(segment, version=1, name="Bo", where={**ANNA, "value": "Bo"})
        for body in bodies[8:12]:
            world.plan_one(body)
        del world.catalog_rows.segments[segment]
        for body in bodies[12:]:
            world.plan_one(body)
        assert set(world.planned(campaign)) == annas(world)

    def test_days_are_those_of_the_start_however_late_it_is_planned(self, world):
        recent = {"fact": "since", "op": "gte", "value": {"ago": {"days": 1}}}
        campaign = world.started(segment=world.segment({**recent, "list": "newsletter"}))
        world.time.advance(40 * 86_400_000)
        brand = world.brands.latest(DEMO_BRAND.id)
        world.brands.replace(replace(brand, time_zone="Asia/Tokyo"))
        world.plan()
        assert sorted(world.planned(campaign)) == sorted(world.sids)

    def test_one_that_was_changed_or_deleted_after_the_test_is_not_started(self, world):
        segment = world.segment(ANNA)
        campaign_id = world.draft(segment=segment)
        world.test(campaign_id)
        campaign = world.campaign_rows.get(campaign_id)
        content = world.campaign_rows.content(campaign_id)
        brand = world.brands.latest(campaign.brand)
        world.segments.replace(segment, version=1, name="Bo", where={**ANNA, "value": "Bo"})
        with pytest.raises(NotTested):
            world.freezer.as_tested(campaign, content, brand, 1)
        del world.catalog_rows.segments[segment]
        with pytest.raises(NotTested):
            world.freezer.as_tested(campaign, content, brand, 1)

    def test_another_definition_than_the_frozen_one_plans_nobody(self, world):
        campaign = world.started(segment=world.segment(ANNA))
        reference = world.frozen_contents.of(campaign).segment
        key = segment_key(reference["sha256"])
        blob = world.outside_rows.blobs[key]
        world.outside_rows.blobs[key] = replace(blob, data=blob.data.replace(b"Anna", b"Dag "))
        with pytest.raises(FatalError, match="not the one its campaign started with"):
            world.shard_planner.plan(campaign.id, "0")
        del world.outside_rows.blobs[key]
        with pytest.raises(NotFound):
            world.shard_planner.plan(campaign.id, "0")
        assert manifest_key(campaign.id, "0") not in world.outside_rows.blobs

    def test_the_whole_list_never_stands_in_for_a_segment(self, world):
        campaign = world.started()
        world.campaign_rows.replace(replace(campaign, segment="some"))
        with pytest.raises(FatalError, match="not for those"):
            world.shard_planner.plan(campaign.id, "0")

    def test_who_cannot_be_asked_is_not_planned_and_it_is_said(self, world, caplog):
        campaign = world.started(segment=world.segment(ANNA))
        broken = min(annas(world))
        row = world.rows.audience[broken]
        world.rows.audience[broken] = replace(row, sealed=row.sealed[:-1] + b"x")
        world.plan()
        assert set(world.planned(campaign)) == annas(world) - {broken}
        assert "1 people could not be asked" in caplog.text
        assert broken not in caplog.text


class TestFrozenContent:
    def test_another_content_than_the_frozen_one_plans_nobody(self, world):
        campaign = world.started()
        key = content_key(campaign.content_sha256)
        blob = world.outside_rows.blobs[key]
        world.outside_rows.blobs[key] = replace(blob, data=blob.data.replace(b"Hello", b"Hallo"))
        with pytest.raises(FatalError, match="not what its hash says"):
            world.shard_planner.plan(campaign.id, "0")

    def test_a_campaign_started_by_version_1_is_planned_too_and_not_tried(self, world):
        campaign = world.started(PLAIN)
        document = {"html": FAILS_FOR_BO, "subject": "Hello", "text": None}
        data = json.dumps(document).encode()
        sha256 = hashlib.sha256(data).hexdigest()
        world.blobs.put_new(content_key(sha256), data, "application/json")
        world.campaign_rows.replace(replace(campaign, content_sha256=sha256))
        world.plan()
        campaign = world.now(campaign)
        assert sorted(world.planned(campaign)) == sorted(world.sids)
        assert campaign.go_ms is not None


class TestCrashes:
    """A crash at any call, and another process goes on: nobody twice, nobody lost."""

    CALLS = (
        "Campaigns.get",
        "Blobs.get",
        "AudienceStore.on_list",
        "AudienceScan.people",
        "KeyWrapper.kek",
        "Blobs.put_new",
        "Blobs.size",
        "Blobs.get_range",
        "PlanTotals.planned",
        "LedgerStore.locate",
        "Campaigns.note_planned",
        "LedgerStore.append_controller_entry",
        "Campaigns.replace",
        "PlanTotals.go",
        "Queues.send_all",
    )

    @pytest.mark.parametrize("moment", Moment)
    @pytest.mark.parametrize("call", CALLS)
    def test_a_crash_at_any_call_leaves_the_same_plan(self, world, call, moment):
        segment = world.segment(ANNA) if call.startswith(("AudienceScan", "Key")) else None
        campaign = world.started(segment=segment)
        often = call in ("Campaigns.get", "AudienceStore.on_list", "PlanTotals.planned")
        world.faults = FailOnce(call, moment, nth=2 if often else 1)
        world.plan()
        assert world.faults is no_faults or call == "Blobs.size"
        expected = world.sids if segment is None else annas(world)
        planned = world.planned(campaign)
        assert len(planned) == len(set(planned))
        assert set(planned) == set(expected)
        assert world.now(campaign).go_ms is not None
        assert world.now(campaign).planned == len(planned)
        assert len(commitments(world, campaign)) == 1
        runs = {(run["shard"], run["first"], run["count"]) for run in world.run_messages()}
        assert runs == {(shard_of(sid), 0, 1) for sid in planned}

    @pytest.mark.parametrize("moment", Moment)
    @pytest.mark.parametrize("call", ["PlanTotals.go", "Queues.send_all", "Campaigns.replace"])
    def test_a_last_message_that_is_lost_is_made_up_for_by_the_clock(self, world, call, moment):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:-1]:
            world.plan_one(body)
        world.faults = FailOnce(call, moment)
        with pytest.raises(Exception, match="fault"):
            world.planner_of_a_process().plan(campaign.id, bodies[-1]["shard"])
        for _ in range(12):
            world.time.advance(60_000)
            world.watch.advance()
        shards = {run["shard"] for run in world.run_messages()}
        assert shards == {shard_of(sid) for sid in world.sids}
        assert len(commitments(world, campaign)) == 1


class TestCalls:
    """What a plan asks of AWS; docs/spec/sending.md §11.10."""

    def test_a_shard_of_a_whole_list(self, world):
        campaign = world.started()
        with world.counting() as calls:
            world.planner_of_a_process().plan(campaign.id, "0")
        assert calls == {
            "Campaigns.get": 1,
            "Blobs.get": 1,  # what was frozen, once in the life of a process
            "AudienceStore.on_list": 1,
            "Blobs.put_new": 1,
            "PlanTotals.planned": 1,
        }

    def test_a_shard_of_a_segment(self, world):
        campaign = world.started(segment=world.segment(ANNA))
        with world.counting() as calls:
            world.planner_of_a_process().plan(campaign.id, shard_of(world.sids[0]))
        del calls["KeyWrapper.kek"]  # kept for minutes by the adapter
        assert calls == {
            "Campaigns.get": 1,
            "Blobs.get": 2,
            "AudienceScan.people": 1,  # one Query of the audience, one of the vault
            "Blobs.put_new": 1,
            "PlanTotals.planned": 1,
        }

    def test_a_shard_planned_before_is_asked_for_its_length_alone(self, world):
        campaign = world.started()
        world.shard_planner.plan(campaign.id, "0")
        with world.counting() as calls:
            world.shard_planner.plan(campaign.id, "0")
        assert calls["Blobs.size"] == 1
        assert not calls["Blobs.get"]

    def test_the_last_shard_also_commits_and_lets_go(self, world):
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:-1]:
            world.shard_planner.plan(campaign.id, body["shard"])
        with world.counting() as calls:
            world.shard_planner.plan(campaign.id, bodies[-1]["shard"])
        people = world.totals.totals(campaign.id).people
        parts = sum(1 for shard in SHARDS if people[shard])
        own = {"Campaigns.get": 1, "AudienceStore.on_list": 1, "PlanTotals.planned": 1}
        assert calls.pop("LedgerStore.append_controller_entry") == 1
        assert calls.pop("Queues.send", 0) <= 1  # the sequencer is woken
        assert calls == {
            **own,
            "Blobs.put_new": 2,  # the manifest, the index
            "Blobs.get_range": parts,
            "LedgerStore.locate": 1,
            "CampaignLinks.put": 1,
            "Campaigns.note_planned": 1,
            "Campaigns.replace": 1,
            "PlanTotals.go": 1,
            "Queues.send_all": 1,
        }

    @pytest.mark.parametrize(("people", "limit"), [(10_000, 140), (100_000, 230)])
    def test_a_plan_stays_within_its_share_of_the_calls(self, world, people, limit):
        """Counted on the fakes; with what grows with people, and receiving and deleting."""
        campaign = world.started()
        bodies = world.messages.take(Queue.PLANS)
        with world.counting() as calls:
            for body in bodies:
                world.planner_of_a_process().plan(campaign.id, body["shard"])
        runs = 16 * math.ceil(math.ceil(people / 16 / 50) / 16)
        held = {name for name in calls if name.startswith(("Queues", "Blobs.get_range"))}
        fixed = calls.total() - sum(calls[name] for name in held)
        ranges = 16 * math.ceil(people / 16 / PART_RECORDS)
        queries = math.ceil(people / 16 * 900 / 1_000_000) * 16  # pages of a MB, rows of 0.9 KB
        total = fixed - 16 + queries + ranges + math.ceil(runs / 10) + 16 * 2 + 1
        assert total <= limit
