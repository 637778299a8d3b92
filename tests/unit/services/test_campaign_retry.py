# SPDX-License-Identifier: Apache-2.0
"""A campaign is retried once, for those whom it did not reach, with what it said."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import Act, CampaignStatus, ChunkStatus
from chalicelib.domain.events import Via
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import CampaignId, PurposeId
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.retries import retry_id, start_event
from chalicelib.errors import Conflict, DependencyError, IllegalTransition, NotFound
from chalicelib.ports.outside import Queue
from chalicelib.services.campaign_retry import NOBODY, NOT_NOTED
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.former_port import ChunkResult
from tests.support.memory_sending import ChunkRow
from tests.support.retrying import RetryWorld, refusing

LINK = '<p>Hello <a href="https://shop.example.org/">shop</a></p>'


@pytest.fixture
def world():
    return RetryWorld()


def retry(world, campaign, *, unsent=False):
    return world.campaign_retries.retry(campaign, unsent=unsent)


def commitments(world, campaign):
    """The campaign's ledger entries, as JSON, that of the plan last."""
    world.sequencer.run()
    tree = world.published_log.tree()
    found = [json.loads(tree.leaf(index)) for index in range(tree.checkpoint.size)]
    ours = [leaf for leaf in found if leaf.get("cmp") == campaign]
    return sorted(ours, key=lambda leaf: "man" in leaf)


def stored(world):
    """All that a refusal must leave as it is."""
    rows = world.catalog_rows
    return dict(rows.campaigns), dict(rows.contents), set(world.rows.located)


class TestWhoIsSentToAgain:
    def test_a_dry_run_tells_of_them_alone(self, world):
        child = retry(world, world.over(1, 4))
        world.dry_runs.ask(child.id)
        world.settle(Queue.PLANS)
        found = world.dry_runs.get(child.id).found
        assert (found.considered, found.planned, found.mailed) == (2, 2, 2)

    def test_those_it_did_not_reach_get_it_once_and_the_others_not_again(self, world):
        parent = world.over(1, 4)
        child = retry(world, parent)
        world.settle()
        assert world.mailed() == [1] * 6
        seen = world.campaigns.get(child.id)
        assert (seen.status, seen.progress.planned, seen.progress.sent) == ("sent", 2, 2)
        assert world.outcomes(child.id) == {world.sids[1]: Code.SENT, world.sids[4]: Code.SENT}
        assert world.campaigns.get(parent).progress.rejected == 2

    def test_each_outcome_is_a_reason_or_none(self, world):
        world.sids += [world.subscribe(f"reader{n}@example.org") for n in range(6, len(Code))]
        parent = world.over()
        world.mails.clear()
        not_over = {Code.OPEN, Code.DISPATCHED, Code.EARLIER, Code.UNKNOWN}
        for number, code in enumerate(code for code in Code if code not in not_over):
            world.become(parent, number, code)
        child = retry(world, parent, unsent=True)
        world.settle()
        before = world.outcomes(parent)
        assert {before[sid] for sid in world.outcomes(child.id)} == {
            Code.REJECTED,
            Code.FAILED,
            Code.RENDERING,
            Code.UNREADABLE,
            Code.NO_PROFILE,
            Code.DOMAIN_STOPPED,
            Code.UNSENT,
        }

    def test_the_unsent_are_in_it_only_where_that_was_asked_for(self, world):
        parent = world.over(1)
        world.become(parent, 2, Code.UNSENT)
        child = retry(world, parent)
        world.settle()
        assert set(world.outcomes(child.id)) == {world.sids[1]}
        with pytest.raises(Conflict, match="without those called unsent"):
            retry(world, parent, unsent=True)

    def test_who_is_unknown_is_never_sent_to_again(self, world):
        parent = world.over(1)
        world.become(parent, 2, Code.UNKNOWN)
        child = retry(world, parent)
        world.settle()
        assert set(world.outcomes(child.id)) == {world.sids[1]}

    def test_the_unsent_are_not_retried_while_somebody_may_yet_become_one(self, world):
        """It is made once: whoever became one after it would be reached by none."""
        parent = world.over(1)
        world.become(parent, 2, Code.UNKNOWN)
        before = stored(world)
        with pytest.raises(Conflict, match="Whether 1 have the mail is not known yet"):
            retry(world, parent, unsent=True)
        assert stored(world) == before
        world.become(parent, 2, Code.UNSENT)
        child = retry(world, parent, unsent=True)
        world.settle()
        assert set(world.outcomes(child.id)) == {world.sids[1], world.sids[2]}

    def test_where_only_the_unsent_are_left_it_is_said_how_to_reach_them(self, world):
        parent = world.over()
        world.become(parent, 2, Code.UNSENT)
        with pytest.raises(Conflict, match='"unsent": true'):
            retry(world, parent)

    def test_the_send_looks_at_consent_as_always(self, world):
        parent = world.over(1, 4)
        child = retry(world, parent)
        world.settle(Queue.PLANS)
        withdrawn = Draft(
            type=EventType.CONSENT_WITHDRAWN,
            brand=DEMO_BRAND.id,
            lists=(DEMO_LIST.id,),
            purposes=(PurposeId("newsletter"),),
            via=Via.PAGE,
        )
        world.ledger.retrying(world.sids[4], lambda _chain: [withdrawn])
        world.settle()
        assert world.mailed() == [1, 1, 1, 1, 0, 1]
        assert world.outcomes(child.id)[world.sids[4]] is Code.NO_CONSENT

    def test_a_mail_that_was_refused_takes_no_slot_of_the_week_from_its_retry(self, world):
        for sid in world.sids:
            world.frequency.put(sid, Frequency(max_per_week=1))
        parent = world.over(1)
        retry(world, parent)
        world.settle()
        assert world.mailed() == [1] * 6
        world.campaign("Another")
        world.settle()
        assert world.mailed() == [1] * 6


class TestTheRetry:
    def test_it_is_its_parent_frozen_with_deliveries_of_its_own(self, world):
        parent = world.campaign_rows.get(world.over(1, html=LINK))
        child = retry(world, parent.id)
        world.settle()
        stored = world.campaign_rows.get(child.id)
        assert (stored.id, stored.retry_of) == (retry_id(parent.id), parent.id)
        same = ("content_sha256", "list", "purpose", "segment", "minimum_grade", "brand", "name")
        assert [getattr(stored, name) for name in same] == [getattr(parent, name) for name in same]
        assert world.campaign_rows.content(child.id) == world.campaign_rows.content(parent.id)
        assert world.campaign_links.get(child.id) == world.campaign_links.get(parent.id)
        of = {seen.row.campaign for seen in world.sending_rows.deliveries.values()}
        assert of == {parent.id, child.id}
        (mail,) = [mail for mail in world.mails if mail.message.to == "reader1@example.org"]
        tags = dict(mail.message.tags)
        assert tags["c"] == child.id

    def test_the_ledger_tells_its_start_and_its_plan(self, world):
        parent = world.over(1)
        child = retry(world, parent)
        world.settle()
        start, plan = commitments(world, child.id)
        assert start["id"] == start_event(child.id)
        assert plan["id"] == child.plan_event
        assert "man" in plan
        of_parent = commitments(world, parent)
        assert {start["cnt"], plan["cnt"]} == {leaf["cnt"] for leaf in of_parent}
        row, root = world.campaign_rows.get(child.id), bytes.fromhex(plan["man"])
        assert world.plans.find(row, world.sids[1], root).size == 1
        assert world.plans.find(row, world.sids[2], root) is None
        assert child.id in {each.id for each in world.campaign_rows.planned(row.list, 0)}

    def test_it_pauses_resumes_and_is_cancelled_as_any(self, world):
        child = retry(world, world.over(1, 4))
        world.settle(Queue.PLANS)
        world.campaigns.act(child.id, Act.PAUSE)
        world.settle()
        assert sum(world.mailed()) == 4
        world.campaigns.act(child.id, Act.RESUME)
        world.campaigns.act(child.id, Act.CANCEL)
        world.settle()
        assert world.campaigns.get(child.id).progress.skipped == {"cancelled": 2}
        with pytest.raises(IllegalTransition, match="cancelled"):
            retry(world, child.id)

    def test_it_is_retried_in_its_turn_for_whom_it_did_not_reach_either(self, world):
        parent = world.over(1, 4)
        world.mailbox.answer = refusing(4)
        child = retry(world, parent)
        world.settle()
        world.mailbox.answer = refusing()
        grandchild = retry(world, child.id)
        world.settle()
        assert world.mailed() == [1] * 6
        assert grandchild.id == retry_id(child.id)
        assert set(world.outcomes(grandchild.id)) == {world.sids[4]}
        assert retry(world, parent).id == child.id

    def test_the_parent_tells_it_and_it_tells_the_parent(self, world):
        parent = world.over(1)
        tells = world.campaign_retries.retried_by
        assert tells(world.campaigns.get(parent)) is None
        child = retry(world, parent)
        assert tells(world.campaigns.get(parent)) == child.id
        assert tells(world.campaigns.get(child.id)) is None

    def test_the_clock_finishes_it(self, world):
        child = retry(world, world.over(1))
        world.settle()
        world.watch.advance()
        stored = world.campaign_rows.get(child.id)
        assert (stored.status, stored.planned) == (CampaignStatus.SENT, 1)
        assert stored.finished_ms


class TestOnce:
    def test_two_calls_make_one(self, world):
        parent = world.over(1)
        first, second = (retry(world, parent) for _ in range(2))
        world.settle()
        assert retry(world, parent).id == first.id == second.id
        assert world.mailed() == [1] * 6
        assert len(commitments(world, first.id)) == 2

    @pytest.mark.parametrize("step", ["Campaigns.create", "LedgerStore.append_controller_entry"])
    def test_two_at_once_make_one(self, world, step):
        parent = world.over(1)

        def meanwhile(call, moment):
            if (call, moment) == (step, Moment.BEFORE):
                world.faults = no_faults
                retry(world, parent)

        world.faults = meanwhile
        child = retry(world, parent)
        world.settle()
        assert world.mailed() == [1] * 6
        assert len(commitments(world, child.id)) == 2

    def test_a_failure_at_any_call_leads_to_one_all_the_same(self, world):
        calls = []
        parent = world.over(1)
        world.faults = lambda call, moment: calls.append((call, moment))
        retry(world, parent)
        assert ("Campaigns.create", Moment.AFTER) in calls
        for call, moment in dict.fromkeys(calls):
            other = RetryWorld(2)
            parent = other.over(1)
            other.faults = FailOnce(call, moment)
            with suppress(DependencyError):  # One that only wakes the sequencer fails unheard.
                retry(other, parent)
            other.faults = no_faults
            child = retry(other, parent)
            other.settle()
            assert other.mailed() == [1, 1], (call, moment)
            assert len(commitments(other, child.id)) == 2


class TestRefusals:
    def test_one_under_way_or_not_begun_is_not_retried(self, world):
        world.mailbox.answer = refusing(1)
        campaign = world.campaign()
        world.settle(Queue.PLANS)
        before = stored(world)
        with pytest.raises(IllegalTransition, match="once it is sent"):
            retry(world, campaign)
        assert stored(world) == before

    def test_one_that_was_cancelled_is_not_retried(self, world):
        campaign = world.campaign()
        world.settle(Queue.PLANS)
        world.campaigns.act(campaign, Act.CANCEL)
        world.settle()
        with pytest.raises(IllegalTransition, match="cancelled"):
            retry(world, campaign)

    def test_where_nobody_is_to_be_sent_to_again_nothing_is_stored(self, world):
        campaign = world.over()
        world.become(campaign, 1, Code.UNKNOWN)
        world.become(campaign, 3, Code.NO_CONSENT)
        before = stored(world)
        with pytest.raises(Conflict) as caught:
            retry(world, campaign)
        assert str(caught.value) == NOBODY
        assert stored(world) == before
        assert world.messages.take(Queue.PLANS) == []

    @pytest.mark.parametrize("is_taken_over", [False, True])
    def test_of_whom_an_earlier_version_noted_nothing_nobody_is(self, world, is_taken_over):
        campaign = world.over(1)
        for ref, view in list(world.run_rows.chunks.items()):
            result = ChunkResult(
                sent=view.codes.count(Code.SENT),
                rejected=view.codes.count(Code.REJECTED),
                unknown=0,
                skipped={},
                message_ids=(),
                at_ms=view.at_ms,
            )
            row = ChunkRow(status=ChunkStatus.DONE, owner=None, lease_ms=0, result=result)
            if is_taken_over:
                codes = bytes((Code.EARLIER,)) * len(view.codes)
                world.run_rows.chunks[ref] = replace(view, codes=codes)
                row = replace(row, status=ChunkStatus.DISPATCHED, result=None, rounds=(result,))
            else:
                del world.run_rows.chunks[ref]
            world.sending_rows.chunks[ref] = row
        assert world.campaigns.get(campaign).progress.rejected == 1
        with pytest.raises(Conflict) as caught:
            retry(world, campaign, unsent=True)
        assert str(caught.value) == NOT_NOTED

    def test_one_that_does_not_exist_is_not_found(self, world):
        with pytest.raises(NotFound):
            retry(world, CampaignId("A" * 22))
