# SPDX-License-Identifier: Apache-2.0
"""Campaigns: nobody twice, nobody lost, nobody after a withdrawal, everybody accounted for."""

import pytest

from chalicelib.domain.campaigns import Act, CampaignStatus, ChunkRef, Content
from chalicelib.domain.events import Via
from chalicelib.domain.ids import SHARDS, ListId, PurposeId, shard_of
from chalicelib.errors import (
    Conflict,
    IllegalTransition,
    InputError,
    Throttled,
    Unavailable,
)
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.campaign_watch import LEASE_MS, STALLED_MS
from tests.support.faults import FailOnce, Moment
from tests.support.world import VISITOR, World


def people(count):
    return [f"reader{number:03d}@example.org" for number in range(count)]


@pytest.fixture
def world():
    made = World()
    made.sids = [made.subscribe(email) for email in people(6)]
    made.mails.clear()
    return made


def recipients(world):
    return sorted(mailed.message.to for mailed in world.mails)


def unsubscribe(world, email):
    (mail,) = (m for m in world.mails if m.message.to == email)
    token = dict(mail.message.headers)["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    world.unsubscribe.withdraw(token, VISITOR, Via.LIST_UNSUB_POST)


def test_a_campaign_reaches_everybody_once_and_accounts_for_them(world):
    campaign = world.campaign()
    world.settle()
    seen = world.campaigns.get(campaign)
    assert recipients(world) == people(6)
    assert (seen.progress.planned, seen.progress.sent) == (6, 6)
    assert seen.status is CampaignStatus.SENT


def test_a_campaign_that_ses_takes_at_once_waits_for_nothing(world):
    world.time.slept_ms.clear()
    world.mailbox.per_second = 1_000.0
    world.campaign()
    world.settle()
    assert sum(world.time.slept_ms) < 50


def test_every_mail_carries_the_one_click_headers_and_only_opaque_tags(world):
    world.campaign()
    world.settle()
    for mailed in world.mails:
        headers = dict(mailed.message.headers)
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert headers["List-Unsubscribe"].startswith("<https://mail.example.org/unsubscribe/")
        assert {name for name, _ in mailed.message.tags} == {"c", "r", "a"}
        assert "reader" not in repr((mailed.message.headers, mailed.message.tags))


def test_the_delivery_row_names_the_entry_that_allowed_it(world):
    """Design §2, promise 4."""
    world.campaign()
    world.settle()
    for seen in world.sending_rows.deliveries.values():
        assert world.types(seen.row.sid)[seen.row.entry] == "consent.confirmed"


def test_what_is_sent_was_committed_to_the_ledger_first(world):
    order = []
    world.faults = lambda call, moment: order.append(call)
    world.campaign()
    assert order.index("LedgerStore.append_controller_entry") < order.index("Queues.send_all")


@pytest.mark.parametrize("copies", [2, 5])
def test_duplicated_messages_send_nothing_twice(world, copies):
    """Design §2, promise 5."""
    world.campaign()
    for queue in (Queue.PLANS, Queue.CHUNKS):
        for body in world.queues.take(queue):
            for _ in range(copies):
                world.handle(queue, body)
    world.settle()
    assert recipients(world) == people(6)


def test_a_withdrawal_after_the_plan_is_obeyed(world):
    world.campaign()
    world.settle()
    first = len(world.mails)
    second = world.campaign("Second")
    world.settle(Queue.PLANS)
    unsubscribe(world, "reader000@example.org")
    world.settle()
    assert [m.message.to for m in world.mails[first:]].count("reader000@example.org") == 0
    assert world.campaigns.get(second).progress.skipped == {"no-consent": 1}


def test_a_withdrawal_between_rendering_and_the_send_is_obeyed(world):
    """The eligibility read comes after rendering and waiting: it alone decides."""
    world.campaign()
    world.settle()
    first = len(world.mails)
    world.campaign("Second")
    done = []

    def withdraw(call, moment):
        if call == "RateSlot.reserve" and moment is Moment.AFTER and not done:
            done.append(True)
            for email in people(6):
                unsubscribe(world, email)

    world.faults = withdraw
    world.settle()
    assert world.mails[first:] == []


def test_consent_that_cannot_be_read_means_not_sent(world):
    world.campaign()
    world.settle(Queue.PLANS)
    bodies = world.queues.take(Queue.CHUNKS)
    world.faults = FailOnce("LedgerStore.states", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.handle(Queue.CHUNKS, bodies[0])
    assert world.mails == []
    for body in bodies:
        world.handle(Queue.CHUNKS, body)
    assert recipients(world) == people(6)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(
    "call",
    [
        "ChunkStore.claim",
        "Blobs.get_range",
        "AudienceStore.members",
        "RateSlot.reserve",
        "LedgerStore.states",
        "ChunkStore.dispatch",
        "ChunkStore.dispatch_rows",
        "Sender.send_many",
        "ChunkStore.commit",
    ],
)
def test_a_crash_at_any_call_sends_nobody_twice_and_loses_nobody(world, call, moment):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    bodies = world.queues.take(Queue.CHUNKS)
    world.faults = FailOnce(call, moment)
    for _ in range(4):
        for body in bodies:
            try:
                world.handle(Queue.CHUNKS, body)
            except (Conflict, Unavailable):
                continue
        world.time.advance(2 * LEASE_MS)
        world.campaign_watch.advance()
    progress = world.campaigns.get(campaign).progress
    assert len(recipients(world)) == len(set(recipients(world)))
    assert progress.accounted == progress.planned == 6
    assert progress.sent + progress.unknown >= len(world.mails)


def test_an_unknown_outcome_is_called_unknown_and_never_sent_again(world):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.faults = FailOnce("Sender.send_many", Moment.AFTER)
    bodies = world.queues.take(Queue.CHUNKS)
    for _ in range(3):
        for body in bodies:
            world.handle(Queue.CHUNKS, body)
    progress = world.campaigns.get(campaign).progress
    assert progress.unknown >= 1
    assert progress.sent + progress.unknown == 6
    assert recipients(world) == people(6)


def test_a_chunk_ses_takes_nobody_of_is_kept_for_later(world):
    world.sender.answer = lambda message: Sent(outcome=Outcome.RETRY, reason="paused")
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    bodies = world.queues.take(Queue.CHUNKS)
    for body in bodies:
        with pytest.raises(Throttled):
            world.handle(Queue.CHUNKS, body)
    world.sender.answer = lambda message: None
    for body in bodies:
        world.handle(Queue.CHUNKS, body)
    assert recipients(world) == people(6)
    assert world.campaigns.get(campaign).progress.sent == 6


def test_those_ses_throttled_are_tried_again_and_others_are_not(world):
    refused = set()

    def once(message):
        if message.to not in refused:
            refused.add(message.to)
            return Sent(outcome=Outcome.RETRY, reason="throttled")
        return None

    world.sender.answer = once
    campaign = world.campaign()
    world.settle()
    assert recipients(world) == people(6)
    assert world.campaigns.get(campaign).progress.sent == 6


def test_a_paused_campaign_sends_nothing_and_resuming_sends_each_once(world):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.campaigns.act(campaign, Act.PAUSE)
    world.settle()
    assert world.mails == []
    world.campaigns.act(campaign, Act.RESUME)
    world.settle()
    assert recipients(world) == people(6)


def test_a_cancelled_campaign_accounts_for_everybody_as_cancelled(world):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.campaigns.act(campaign, Act.CANCEL)
    world.settle()
    assert world.mails == []
    assert world.campaigns.get(campaign).progress.skipped == {"cancelled": 6}


def test_cancelling_after_a_pause_accounts_for_everybody(world):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.campaigns.act(campaign, Act.PAUSE)
    world.settle()
    world.campaigns.act(campaign, Act.CANCEL)
    world.settle()
    assert world.campaigns.get(campaign).progress.skipped == {"cancelled": 6}


def test_lost_messages_are_made_again_by_the_schedule(world):
    campaign = world.campaign()
    world.queues.take(Queue.PLANS)
    world.time.advance(STALLED_MS + 1)
    world.campaign_watch.advance()
    world.settle()
    assert recipients(world) == people(6)
    world.campaign_watch.advance()
    stored = world.campaign_rows.get(campaign)
    assert (stored.status, stored.planned) == (CampaignStatus.SENT, 6)


def test_planning_twice_keeps_the_first_manifest(world):
    campaign = world.campaign()
    world.settle()
    shard = shard_of(world.sids[0])
    before = world.blobs.get(f"manifests/v1/{campaign}/{shard}")
    world.subscribe("late@example.org")
    for each in SHARDS:
        world.planner.plan(campaign, each)
    assert world.blobs.get(f"manifests/v1/{campaign}/{shard}") == before


def test_a_suppressed_subscriber_is_skipped(world):
    world.suppressions.add("reader001@example.org", "manual")
    campaign = world.campaign()
    world.settle()
    assert "reader001@example.org" not in recipients(world)
    assert world.campaigns.get(campaign).progress.skipped == {"suppressed": 1}


def test_a_broken_template_is_found_when_it_is_written(world):
    with pytest.raises(InputError):
        world.campaigns.create(
            name="Broken",
            list_id=ListId("newsletter"),
            purpose=PurposeId("newsletter"),
            content=Content(subject="Hi", html="<p>{{ nobody_knows }}</p>"),
        )


def test_an_act_out_of_order_is_refused(world):
    campaign = world.campaign()
    with pytest.raises(IllegalTransition):
        world.campaigns.act(campaign, Act.SEND)
    world.settle()
    with pytest.raises(IllegalTransition):
        world.campaigns.act(campaign, Act.PAUSE)


def test_a_test_mail_goes_to_one_address_and_never_to_a_suppressed_one(world):
    campaign = world.campaigns.create(
        name="Draft",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="Hello {{ first_name }}", html="<p>Hello</p>"),
    )
    world.campaign_tests.send(campaign.id, "tester@example.org")
    assert world.mails[-1].message.subject == "[Test] Hello [first_name]"
    world.suppressions.add("tester@example.org", "manual")
    with pytest.raises(InputError, match="suppressed"):
        world.campaign_tests.send(campaign.id, "tester@example.org")


def test_a_chunk_another_worker_holds_is_left_to_it(world):
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    body = world.queues.take(Queue.CHUNKS)[0]
    chunk = ChunkRef(campaign=campaign, shard=body["shard"], number=body["number"])
    world.chunks.claim(chunk, "somebody else", world.time.now_ms(), LEASE_MS)
    with pytest.raises(Conflict):
        world.courier.deliver(chunk)
    assert world.mails == []
