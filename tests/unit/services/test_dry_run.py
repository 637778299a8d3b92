# SPDX-License-Identifier: Apache-2.0
"""Dry runs: they tell what a send would do, and do nothing."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaign_fingerprint import saying
from chalicelib.domain.campaigns import Act, CampaignStatus, Content
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.pricing import cost_of
from chalicelib.errors import IllegalTransition, InputError, NotFound
from chalicelib.ports.outside import Queue
from chalicelib.services.campaigns import Edit
from chalicelib.services.dry_run import PATIENCE_MS
from tests.support.faults import FailOnce, Moment
from tests.support.planning import FAILS_FOR_BO, PLAIN, PlanWorld

ANNA = {"fact": "field.first_name", "op": "eq", "value": "Anna"}
NAMES = ("Anna", "Bo", "Cia", "Anna")


@pytest.fixture
def world():
    made = PlanWorld()
    made.sids = [
        made.subscribe(f"reader{n}@example.org", first_name=name) for n, name in enumerate(NAMES)
    ]
    return made


def run(world, campaign_id):
    world.dry_runs.ask(campaign_id)
    world.plan()
    return world.dry_runs.get(campaign_id)


def test_it_tells_who_what_it_costs_and_how_long_it_takes(world):
    world.mailbox.per_second = 2.0
    told = run(world, world.draft())
    assert told.status is JobStatus.READY
    assert (told.found.considered, told.found.planned, told.found.mailed) == (4, 4, 4)
    assert told.found.why_not == {}
    assert told.cost == cost_of(4)
    assert (told.course.seconds, told.course.days) == (3, 1)


def test_it_plans_mails_and_commits_to_nothing(world):
    campaign_id = world.draft()
    mails, entries = len(world.mails), len(world.rows.located)
    run(world, campaign_id)
    assert (len(world.mails), len(world.rows.located)) == (mails, entries)
    assert world.run_messages() == []
    assert world.campaign_rows.get(campaign_id).status is CampaignStatus.DRAFT
    assert not [key for key in world.outside_rows.blobs if key.startswith("manifests/")]


def test_why_not_is_told_by_reason(world):
    anna, bo, cia, dan = world.sids
    world.frequency.put(anna, Frequency(paused_until_ms=world.time.now_ms() + 9_000_000))
    world.frequency.put(bo, Frequency(max_per_week=1))
    world.frequency.take(bo, world.time.now_ms())
    world.suppressions.add("reader2@example.org", "manual")
    told = run(world, world.draft())
    assert told.found.why_not == {"frequency": 1, "paused": 1, "suppressed": 1}
    assert told.found.mailed == 1
    world.rests.set(dan, world.time.now_ms() + 9_000_000, 1)
    assert run(world, world.draft()).found.why_not["resting"] == 1
    assert world.state(cia).suppressions


def test_only_those_a_segment_chooses_are_planned(world):
    told = run(world, world.draft(segment=world.segment(ANNA)))
    assert (told.found.considered, told.found.planned, told.found.mailed) == (4, 2, 2)


def test_mails_that_cannot_be_made_are_found_before_the_send(world):
    told = run(world, world.draft(FAILS_FOR_BO))
    assert told.found.why_not == {"rendering": 1}
    (failing,) = told.found.failing
    assert (failing.sid, failing.part, failing.line) == (world.sids[1], "HTML", 1)


def test_a_started_campaign_is_told_of_by_what_it_froze(world):
    campaign = world.started(FAILS_FOR_BO)
    world.plan()
    assert run(world, campaign.id).found.why_not == {"rendering": 1}


def test_what_is_written_after_it_was_asked_for_changes_nothing(world):
    campaign_id = world.draft(FAILS_FOR_BO)
    world.dry_runs.ask(campaign_id)
    world.campaigns.edit(campaign_id, 0, Edit(content=Content(subject="Other", html=PLAIN)))
    world.plan()
    assert world.dry_runs.get(campaign_id).found.why_not == {"rendering": 1}
    assert run(world, campaign_id).found.why_not == {}


def test_a_message_that_comes_after_the_start_has_no_part_in_what_is_sent(world):
    world.subscribe("nameless@example.org")
    campaign_id = world.draft(subject="{{ first_name }}")
    world.dry_runs.ask(campaign_id)
    late = world.messages.take(Queue.PLANS)
    said = Content(subject="Hello {{ first_name }}", html=PLAIN)
    world.campaigns.edit(campaign_id, 0, Edit(content=said))
    world.test(campaign_id)
    world.campaigns.act(campaign_id, Act.SEND)
    for body in late:
        world.plan_one(body)
    world.plan()
    sent = world.campaign_rows.get(campaign_id)
    assert (sent.status, sent.planned, sent.problem) == (CampaignStatus.SENDING, 5, None)


def test_one_under_way_is_told_instead_of_begun_again(world):
    campaign_id = world.draft()
    first = world.dry_runs.ask(campaign_id)
    assert first.status is JobStatus.PENDING
    assert world.dry_runs.ask(campaign_id) == first
    assert len(world.messages.take(Queue.PLANS)) == 16
    assert world.dry_runs.get(campaign_id) == first
    world.time.advance(PATIENCE_MS + 1)
    assert world.dry_runs.get(campaign_id).status is JobStatus.FAILED
    second = world.dry_runs.ask(campaign_id)
    assert second.run != first.run
    assert len(world.messages.take(Queue.PLANS)) == 16


def test_messages_of_an_earlier_run_do_nothing(world):
    campaign_id = world.draft()
    world.dry_runs.ask(campaign_id)
    old = world.messages.take(Queue.PLANS)
    world.time.advance(PATIENCE_MS + 1)
    world.dry_runs.ask(campaign_id)
    for body in old:
        world.plan_one(body)
    assert world.parts.rows == {}


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize(
    "call",
    [
        "Campaigns.get",
        "Jobs.get",
        "Blobs.get",
        "AudienceScan.people",
        "AudienceStore.on_list",
        "LedgerStore.states",
        "DryRunParts.put",
    ],
)
def test_a_failure_at_any_call_leaves_one_sum(world, call, moment):
    campaign_id = world.draft(FAILS_FOR_BO)
    world.dry_runs.ask(campaign_id)
    world.faults = FailOnce(call, moment)
    world.plan()
    told = world.dry_runs.get(campaign_id)
    assert (told.found.planned, told.found.mailed) == (4, 3)
    assert len(world.parts.rows) == len(SHARDS)


def test_what_cannot_be_sent_is_refused_at_once(world):
    campaign_id = world.draft()
    picture = Content(subject="Hello", html="<p><img src='https://example.org/a.png'></p>")
    stored = world.campaign_rows.get(campaign_id)
    world.campaign_rows.replace(saying(stored, picture), picture)
    with pytest.raises(InputError) as refused:
        world.dry_runs.ask(campaign_id)
    assert refused.value.code == "img_without_alt"
    segment = world.segment(ANNA)
    campaign_id = world.draft(segment=segment)
    del world.catalog_rows.segments[segment]
    with pytest.raises(InputError, match="segment of this campaign is gone"):
        world.dry_runs.ask(campaign_id)
    assert world.messages.take(Queue.PLANS) == []


def test_there_is_none_of_what_is_over_or_unknown(world):
    draft, campaign = world.draft(), world.started()
    world.campaign_rows.replace(replace(campaign, status=CampaignStatus.CANCELLED))
    with pytest.raises(IllegalTransition):
        world.dry_runs.ask(campaign.id)
    for ask in (world.dry_runs.ask, world.dry_runs.get):
        with pytest.raises(NotFound):
            ask("A" * 22)
    with pytest.raises(NotFound, match="7 days"):
        world.dry_runs.get(campaign.id)
    brand = world.catalog_rows.brands.pop(campaign.brand)
    with pytest.raises(NotFound):
        world.dry_runs.ask(world.campaign_rows.get(draft).id)
    world.catalog_rows.brands[brand.id] = brand


def test_a_shard_of_a_campaign_that_is_gone_is_not_worked_on(world):
    with pytest.raises(NotFound):
        world.dry_run_shards.work("A" * 22, "0", "run")


def test_who_has_mails_left_this_week_is_mailed(world):
    world.frequency.put(world.sids[0], Frequency(max_per_week=2))
    assert run(world, world.draft()).found.mailed == 4
