# SPDX-License-Identifier: Apache-2.0
"""The campaign desk: looked after to the end, and tested on nobody unwilling."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaign_steps import LOST_MS, STALLED_MS
from chalicelib.domain.campaigns import Act, CampaignStatus, Content
from chalicelib.domain.events import Via
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.errors import InputError, OverBudget, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.campaign_tests import TESTS_PER_DAY
from tests.support.faults import FailAlways, Moment, no_faults
from tests.support.world import VISITOR, World

READER = "reader@example.org"


@pytest.fixture
def world():
    made = World()
    made.sid = made.subscribe(READER)
    made.mails.clear()
    return made


def draft(world):
    return world.campaigns.create(
        name="Draft",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="Buy", html="<p>Buy</p>"),
    ).campaign.id


def unsubscribe(world):
    headers = dict(world.mails[-1].message.headers)
    token = headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    return world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)


@pytest.mark.parametrize(
    ("act", "status"),
    [(Act.PAUSE, CampaignStatus.SENT), (Act.CANCEL, CampaignStatus.CANCELLED)],
)
def test_a_chunk_lost_in_a_stopped_campaign_is_still_called_unknown(world, act, status):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.faults = FailAlways("RunStore.commit", Moment.BEFORE, Unavailable("commit"))
    (body,) = world.messages.take(Queue.CHUNKS)
    with pytest.raises(Exception, match="commit"):
        world.handle(Queue.CHUNKS, body)
    world.faults = no_faults
    world.campaigns.act(campaign, act)
    world.messages.take(Queue.PLANS)
    assert world.campaign_rows.unfinished() != ()
    world.time.advance(LOST_MS + 1)
    world.watch.advance()  # It is called unknown, and is over once that is seen.
    world.watch.advance()
    seen = world.campaigns.get(campaign)
    assert (seen.progress.unknown, seen.progress.planned) == (1, 1)
    assert (seen.status, seen.campaign.status) == (status, status)
    assert seen.campaign.finished_ms == world.time.now_ms()
    assert world.campaign_rows.unfinished() == ()


def test_what_is_sent_was_committed_to_the_ledger_first(world):
    calls = []
    campaign = draft(world)
    world.test(campaign)
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.AFTER else None
    world.campaigns.act(campaign, Act.SEND)
    steps = ["Blobs.put_new", "LedgerStore.append_controller_entry", "Campaigns.replace"]
    assert [call for call in calls if call in (*steps, "Queues.send_all")] == [
        *steps,
        "Queues.send_all",
    ]


def test_one_that_version_1_sent_is_over_only_once_it_was_let_go(world):
    campaign = world.campaign()
    world.settle()
    sent = world.campaign_rows.get(campaign)
    world.campaign_rows.replace(replace(sent, go_ms=None, status=CampaignStatus.PAUSED))
    assert world.campaigns.get(campaign).status is CampaignStatus.PAUSED
    world.campaigns.act(campaign, Act.RESUME)
    world.settle()
    world.watch.advance()
    assert world.campaign_rows.get(campaign).status is CampaignStatus.SENT


def test_cancelling_after_a_pause_accounts_for_everybody(world):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.campaigns.act(campaign, Act.PAUSE)
    world.settle()
    assert world.campaigns.get(campaign).progress.accounted == 0
    world.campaigns.act(campaign, Act.CANCEL)
    world.settle()
    assert world.campaigns.get(campaign).progress.skipped == {"cancelled": 1}
    assert world.mails == []


def test_a_cancelled_campaign_whose_messages_were_lost_is_told_of_again(world):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.campaigns.act(campaign, Act.CANCEL)
    world.messages.take(Queue.PLANS)
    world.messages.take(Queue.CHUNKS)
    world.time.advance(STALLED_MS + 1)
    world.watch.advance()
    world.settle()
    assert world.campaigns.get(campaign).progress.skipped == {"cancelled": 1}
    assert world.mails == []


def test_a_draft_that_is_cancelled_leaves_nothing_to_look_after(world):
    campaign = draft(world)
    world.campaigns.act(campaign, Act.CANCEL)
    assert world.campaigns.get(campaign).status is CampaignStatus.CANCELLED
    assert world.watch.advance() == 0


def test_a_test_mail_never_goes_to_somebody_who_withdrew(world):
    world.campaign()
    world.settle()
    unsubscribe(world)
    world.mails.clear()
    with pytest.raises(InputError, match="agrees no more"):
        world.campaign_tests.send(draft(world), READER)
    assert world.mails == []


def test_a_test_mail_never_goes_to_a_suppressed_address(world):
    world.suppressions.add("tester@example.org", "manual")
    with pytest.raises(InputError, match="suppressed"):
        world.campaign_tests.send(draft(world), "tester@example.org")
    assert world.mails == []


def test_a_test_mail_never_goes_to_somebody_who_did_not_confirm(world):
    world.sign_up("pending@example.org")
    with pytest.raises(InputError, match="did not agree"):
        world.campaign_tests.send(draft(world), "pending@example.org")
    assert world.mails == []


def test_a_test_mails_link_stops_the_recipients_own_mail(world):
    world.campaign_tests.send(draft(world), READER)
    assert world.mails[-1].message.subject == "[Test] Buy"
    assert unsubscribe(world).withdrawn is True
    assert world.types(world.sid)[-1] == "consent.withdrawn"


def test_a_test_mail_to_nobody_known_has_no_header_that_would_promise_anything(world):
    world.campaign_tests.send(draft(world), "tester@example.org")
    assert world.mails[-1].message.headers == ()


def test_tests_of_a_campaign_are_counted_and_no_address_is_kept_with_the_count(world):
    campaign = draft(world)
    for _ in range(TESTS_PER_DAY):
        world.campaign_tests.send(campaign, "tester@example.org")
    with pytest.raises(OverBudget, match="tomorrow"):
        world.campaign_tests.send(campaign, "tester@example.org")
    assert len(world.mails) == TESTS_PER_DAY
    assert "tester" not in repr(world.outside_rows.counters)
    world.campaign_tests.send(draft(world), "tester@example.org")
    world.time.advance(86_400_000)
    world.campaign_tests.send(campaign, "tester@example.org")


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.UNKNOWN, Outcome.REJECTED])
def test_a_test_mail_that_did_not_go_is_said_in_words(world, outcome):
    world.mailbox.answer = lambda _message: Sent(outcome=outcome)
    with pytest.raises(Exception, match="mail service"):
        world.campaign_tests.send(draft(world), "tester@example.org")


def test_content_that_cannot_be_rendered_is_refused_when_written(world):
    with pytest.raises(InputError, match="nobody_knows"):
        world.campaigns.create(
            name="Broken",
            list_id=ListId("newsletter"),
            purpose=PurposeId("newsletter"),
            content=Content(subject="Hi", html="<p>{{ nobody_knows }}</p>"),
        )


def test_a_purpose_nobody_on_the_list_was_asked_about_is_refused_when_written(world):
    with pytest.raises(InputError, match="unknown_purpose"):
        world.campaigns.create(
            name="Typo",
            list_id=ListId("newsletter"),
            purpose=PurposeId("nope"),
            content=Content(subject="Hello", html="<p>Hello</p>"),
        )


@pytest.mark.parametrize("purpose", ["measurement", "profiling"])
def test_a_purpose_under_which_no_mail_goes_out_is_refused_when_written(world, purpose):
    with pytest.raises(InputError, match="purpose_without_mail"):
        world.campaigns.create(
            name="Look",
            list_id=ListId("newsletter"),
            purpose=PurposeId(purpose),
            content=Content(subject="Hello", html="<p>Hello</p>"),
        )
    assert world.campaigns.page(None, 10).items == ()


def test_a_list_of_campaigns_tells_the_same_status_as_each_campaign(world):
    campaign = world.campaign()
    world.settle()
    (listed,) = world.campaigns.page(None, 10).items
    assert listed.status == world.campaigns.get(campaign).status == CampaignStatus.SENT
