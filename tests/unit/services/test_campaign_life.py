# SPDX-License-Identifier: Apache-2.0
"""A campaign's life: nothing is sent untested, and nothing starts twice or after a change."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import Act, CampaignStatus, Content
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.state import Grade
from chalicelib.errors import (
    Conflict,
    FatalError,
    IllegalTransition,
    InputError,
    NotFound,
    NotTested,
    Throttled,
)
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.campaigns import BY_HAND, FARTHEST_MS, Edit
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.world import World

READER, TESTER = "reader@example.org", "tester@example.org"
HOUR_MS = 3_600_000
CONTENT = Content(subject="Buy", html="<p>Buy</p>")
OTHER = Content(subject="Sell", html="<p>Sell</p>", text="Sell")


@pytest.fixture
def world():
    made = World()
    made.sid = made.subscribe(READER)
    made.mails.clear()
    return made


@pytest.fixture
def draft(world):
    return world.campaigns.create(
        name="Draft",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=CONTENT,
    ).campaign.id


@pytest.fixture
def tested(world, draft):
    world.test(draft)
    return draft


@pytest.fixture
def scheduled(world, tested):
    world.campaigns.schedule(tested, world.time.now_ms() + HOUR_MS)
    return tested


def status(world, campaign):
    return world.campaigns.get(campaign).status


def starts(world):
    """How many plan messages wait."""
    return len(world.messages.take(Queue.PLANS))


class TestTests:
    def test_a_campaign_is_not_sent_or_scheduled_before_one(self, world, draft):
        with pytest.raises(NotTested, match="Send a test"):
            world.campaigns.act(draft, Act.SEND)
        with pytest.raises(NotTested):
            world.campaigns.schedule(draft, world.time.now_ms() + HOUR_MS)
        assert status(world, draft) is CampaignStatus.DRAFT
        assert starts(world) == 0

    def test_one_that_ses_accepted_is_enough(self, world, draft):
        assert world.campaign_tests.send(draft, TESTER).status is CampaignStatus.TESTED
        seen = world.campaigns.get(draft)
        assert (seen.status, seen.tested, seen.problem) == (CampaignStatus.TESTED, True, None)
        world.campaigns.act(draft, Act.SEND)
        world.settle()
        assert [mail.message.to for mail in world.mails] == [TESTER, READER]
        assert world.campaigns.get(draft).tested is True

    @pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.UNKNOWN, Outcome.REJECTED])
    def test_one_that_ses_did_not_accept_does_not_count(self, world, draft, outcome):
        world.mailbox.answer = lambda _message: Sent(outcome=outcome)
        with pytest.raises(Exception, match="mail service"):
            world.campaign_tests.send(draft, TESTER)
        assert status(world, draft) is CampaignStatus.DRAFT

    def test_more_of_them_change_nothing(self, world, tested):
        before = world.campaigns.get(tested)
        world.campaign_tests.send(tested, "other@example.org")
        assert world.campaigns.get(tested) == before

    def test_one_sent_while_somebody_writes_does_not_count(self, world, draft):
        def edit(_message):
            world.campaigns.edit(draft, 0, Edit(content=OTHER))

        world.mailbox.answer = edit
        with pytest.raises(Conflict, match="does not count"):
            world.campaign_tests.send(draft, TESTER)
        assert status(world, draft) is CampaignStatus.DRAFT

    @pytest.mark.parametrize(
        "change", [{"from_address": "other@example.org"}, {"postal_address": "2 Example Street"}]
    )
    def test_one_holds_no_more_once_the_brand_is_another(self, world, tested, change):
        brand = world.brands.latest(DEMO_BRAND.id)
        world.brands.replace(replace(brand, **change))
        seen = world.campaigns.get(tested)
        assert (seen.status, seen.tested) == (CampaignStatus.DRAFT, False)
        (listed,) = world.campaigns.page(None, 10).items
        assert listed == seen
        with pytest.raises(NotTested):
            world.campaigns.act(tested, Act.SEND)
        world.test(tested)
        assert world.campaigns.act(tested, Act.SEND).status is CampaignStatus.SENDING

    def test_none_is_sent_of_what_is_scheduled_or_was_started(self, world, scheduled):
        with pytest.raises(IllegalTransition):
            world.campaign_tests.send(scheduled, TESTER)
        world.campaigns.act(scheduled, Act.SEND)
        with pytest.raises(IllegalTransition):
            world.campaign_tests.send(scheduled, TESTER)
        assert world.mails == []


class TestEdits:
    def test_a_change_makes_it_a_draft_again(self, world, tested):
        revision = world.campaigns.get(tested).campaign.revision
        change = Edit(name="New", content=OTHER, minimum_grade=Grade.B)
        edited = world.campaigns.edit(tested, revision, change).campaign
        assert (edited.status, edited.revision) == (CampaignStatus.DRAFT, revision + 1)
        assert (edited.name, edited.subject, edited.minimum_grade) == ("New", "Sell", Grade.B)
        assert world.campaigns.content(tested) == OTHER
        with pytest.raises(NotTested):
            world.campaigns.act(tested, Act.SEND)

    def test_what_is_not_named_stays(self, world, draft):
        before = world.campaigns.get(draft).campaign
        edited = world.campaigns.edit(draft, 0, Edit(purpose=before.purpose)).campaign
        assert edited == replace(before, revision=1)
        assert world.campaigns.content(draft) == CONTENT

    def test_a_change_of_what_somebody_else_changed_is_refused(self, world, draft):
        world.campaigns.edit(draft, 0, Edit(content=OTHER))
        with pytest.raises(Conflict, match="since it was read"):
            world.campaigns.edit(draft, 0, Edit(name="Late"))
        assert world.campaigns.content(draft) == OTHER

    def test_a_change_takes_it_off_the_clock(self, world, scheduled):
        revision = world.campaigns.get(scheduled).campaign.revision
        edited = world.campaigns.edit(scheduled, revision, Edit(name="x")).campaign
        assert edited.scheduled_ms is None
        world.time.advance(2 * HOUR_MS)
        world.watch.advance()
        assert status(world, scheduled) is CampaignStatus.DRAFT

    @pytest.mark.parametrize(
        "change",
        [
            Edit(content=Content(subject="x", html="{{ nobody_knows }}")),
            Edit(list_id=ListId("none")),
            Edit(purpose=PurposeId("never-asked")),
        ],
    )
    def test_a_change_is_judged_as_a_new_campaign_is(self, world, tested, change):
        before = world.campaigns.get(tested)
        with pytest.raises(InputError):
            world.campaigns.edit(tested, before.campaign.revision, change)
        assert world.campaigns.get(tested) == before

    @pytest.mark.parametrize("act", [Act.SEND, Act.CANCEL])
    def test_what_was_started_or_cancelled_is_not_changed(self, world, tested, act):
        revision = world.campaigns.act(tested, act).revision
        with pytest.raises(IllegalTransition):
            world.campaigns.edit(tested, revision, Edit(name="Late"))

    def test_what_does_not_exist_is_not_found(self, world):
        with pytest.raises(NotFound):
            world.campaigns.edit("A" * 22, 0, Edit(name="x"))


class TestSchedule:
    def test_it_starts_at_its_time_and_once(self, world, scheduled):
        world.time.advance(HOUR_MS - 1)
        world.watch.advance()
        assert (status(world, scheduled), starts(world)) == (CampaignStatus.SCHEDULED, 0)
        world.time.advance(1)
        for _ in range(3):
            world.watch.advance()
        assert (status(world, scheduled), starts(world)) == (CampaignStatus.SENDING, 16)
        assert world.campaigns.get(scheduled).campaign.scheduled_ms is None

    def test_of_two_who_find_it_due_one_starts_it(self, world, scheduled):
        world.time.advance(HOUR_MS)
        (due,) = world.campaign_rows.due(world.time.now_ms())
        world.campaign_start.start(due)
        with pytest.raises(Conflict):
            world.campaign_start.start(due)
        assert starts(world) == 16

    @pytest.mark.parametrize(
        "call", ["Blobs.put_new", "Sender.quota_per_second", "Campaigns.content"]
    )
    def test_a_service_that_fails_delays_it_by_a_minute(self, world, scheduled, call):
        running = world.campaign()
        starts(world)
        world.time.advance(HOUR_MS)
        world.faults = FailOnce(call, Moment.BEFORE, Throttled(call))
        with pytest.raises(Throttled):
            world.watch.advance()
        assert world.campaigns.get(running).campaign.wakes == 1  # It does not wait for the other.
        world.faults = no_faults
        starts(world)
        world.watch.advance()
        assert (status(world, scheduled), starts(world)) == (CampaignStatus.SENDING, 16)

    def test_a_test_that_holds_no_more_keeps_it_from_starting_and_says_so(self, world, scheduled):
        brand = world.brands.latest(DEMO_BRAND.id)
        world.brands.replace(replace(brand, name="Other"))
        seen = world.campaigns.get(scheduled)
        assert (seen.status, seen.problem) == (CampaignStatus.SCHEDULED, "not_tested")
        world.time.advance(HOUR_MS)
        world.watch.advance()
        seen = world.campaigns.get(scheduled)
        assert (seen.status, seen.problem) == (CampaignStatus.DRAFT, "not_tested")
        assert (seen.campaign.scheduled_ms, starts(world)) == (None, 0)
        world.test(scheduled)
        assert world.campaigns.get(scheduled).problem is None

    def test_off_the_clock_it_is_tested_again_and_does_not_start(self, world, scheduled):
        assert world.campaigns.act(scheduled, Act.UNSCHEDULE).status is CampaignStatus.TESTED
        world.time.advance(HOUR_MS)
        world.watch.advance()
        assert starts(world) == 0
        world.campaigns.schedule(scheduled, world.time.now_ms() + 1)

    def test_it_can_be_sent_at_once_or_cancelled(self, world, scheduled):
        world.campaigns.act(scheduled, Act.SEND)
        assert starts(world) == 16
        world.campaigns.act(scheduled, Act.CANCEL)
        starts(world)
        world.time.advance(HOUR_MS)
        world.watch.advance()
        assert status(world, scheduled) is CampaignStatus.CANCELLED

    def test_a_cancelled_one_never_starts(self, world, scheduled):
        world.campaigns.act(scheduled, Act.CANCEL)
        world.time.advance(HOUR_MS)
        assert world.watch.advance() == 0
        assert status(world, scheduled) is CampaignStatus.CANCELLED

    @pytest.mark.parametrize("ahead_ms", [0, -1, FARTHEST_MS + 1])
    def test_a_time_that_is_past_or_far_off_is_refused(self, world, tested, ahead_ms):
        with pytest.raises(InputError, match="later time"):
            world.campaigns.schedule(tested, world.time.now_ms() + ahead_ms)
        assert status(world, tested) is CampaignStatus.TESTED

    def test_twice_is_once_too_often(self, world, scheduled):
        with pytest.raises(IllegalTransition):
            world.campaigns.schedule(scheduled, world.time.now_ms() + 1)


def test_every_other_act_needs_more_than_a_campaign(world, tested):
    for act in set(Act) - BY_HAND:
        with pytest.raises(FatalError):
            world.campaigns.act(tested, act)


def test_weaker_evidence_than_asked_for_is_skipped_and_gets_no_test(world, draft):
    strict = Edit(minimum_grade=Grade.A)
    world.campaigns.edit(draft, 0, strict)
    with pytest.raises(InputError, match="weaker evidence"):
        world.campaign_tests.send(draft, READER)
    world.test(draft)
    world.campaigns.act(draft, Act.SEND)
    world.settle()
    assert world.campaigns.get(draft).progress.skipped == {"weak-evidence": 1}
    assert world.mails == []


def test_a_campaign_that_cannot_start_does_not_hold_up_those_that_run(world, scheduled):
    running = world.campaign()
    world.settle()
    world.time.advance(HOUR_MS)
    world.faults = FailAlways("Sender.quota_per_second", Moment.BEFORE, Throttled("quota"))
    with pytest.raises(Throttled):
        world.watch.advance()
    assert world.campaigns.get(running).campaign.finished_ms == world.time.now_ms()
