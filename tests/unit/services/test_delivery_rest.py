# SPDX-License-Identifier: Apache-2.0
"""Those of a chunk whom SES did not take yet: kept, never sent twice, accounted for in the end."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.campaigns import Act, CampaignStatus, ChunkStatus
from chalicelib.domain.events import Via
from chalicelib.domain.ids import shard_of
from chalicelib.errors import DependencyError, StateError, Throttled
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.campaign_watch import LEASE_MS, STALLED_MS
from chalicelib.services.delivery import TRY_FOR_MS
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import VISITOR, World

ASKED_TO_WAIT = Sent(outcome=Outcome.RETRY, reason="ACCOUNT_THROTTLED")
REFUSED = Sent(outcome=Outcome.REJECTED, reason="malformed_subject")
UNANSWERED = Sent(outcome=Outcome.UNKNOWN, reason="no answer")
SEED = 6
"""A seed with which two people share a shard soon; with any other the tests only take longer."""


def sharing_a_chunk(world, count=2):
    """Subscribe until ``count`` people share a shard; return their addresses."""
    shards = {}
    for number in range(60):
        email = f"reader{number:03d}@example.org"
        together = shards.setdefault(shard_of(world.subscribe(email)), [])
        together.append(email)
        if len(together) == count:
            world.mails.clear()
            return together
    raise AssertionError("no two people share a shard")


def work(world):
    """Hand every message over once; what fails comes again later, as SQS would have it."""
    failed = []
    for queue in (Queue.PLANS, Queue.CHUNKS, Queue.SEQUENCING):
        for body in world.messages.take(queue):
            try:
                world.handle(queue, body)
            except (DependencyError, StateError) as error:
                failed.append(error)
                world.messages.send(queue, body)
    return failed


def go_on(world, times=3):
    for _ in range(times):
        world.time.advance(LEASE_MS + STALLED_MS)
        world.campaign_watch.advance()
        work(world)
        work(world)


def mailed(world):
    return Counter(mail.message.to for mail in world.mails)


def unsubscribe_link(world):
    headers = dict(world.mails[-1].message.headers)
    return headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]


def test_when_everybody_left_withdrew_meanwhile_no_call_is_made():
    world = World()
    world.subscribe("reader@example.org")
    world.campaign("First")
    world.settle()
    token = unsubscribe_link(world)
    world.mails.clear()
    world.mailbox.answer = lambda _message: ASKED_TO_WAIT
    second = world.campaign("Second")
    world.time.advance(60_000)  # The rate slot is free: the one sleep is that after the refusal.
    world.time.on_sleep = lambda _ms: world.unsubscribe.withdraw(token, VISITOR, Via.PAGE)
    world.mailbox.calls.clear()
    world.settle()
    assert world.mailbox.calls == [1]
    progress = world.campaigns.get(second).progress
    assert (progress.unknown, progress.skipped) == (0, {"no-consent": 1})


def test_a_person_ses_refuses_does_not_take_the_others_mail_away():
    world = World(SEED)
    bad, good = sharing_a_chunk(world)
    world.mailbox.answer = lambda message: REFUSED if message.to == bad else ASKED_TO_WAIT
    campaign = world.campaign()
    work(world)
    work(world)
    assert world.campaigns.get(campaign).progress.accounted == 0
    world.mailbox.answer = lambda message: REFUSED if message.to == bad else None
    go_on(world)
    progress = world.campaigns.get(campaign).progress
    assert mailed(world)[good] == 1
    assert (progress.rejected, progress.sent + 1) == (1, progress.planned)


def test_a_quota_used_up_in_the_middle_of_a_chunk_leaves_the_rest_for_later():
    world = World(SEED)
    together = sharing_a_chunk(world, 2)
    world.mailbox.answer = lambda message: None if message.to == together[0] else ASKED_TO_WAIT
    campaign = world.campaign()
    failed = work(world)
    assert failed
    assert all(type(error) is Throttled for error in failed)
    states = [row.status for row in world.sending_rows.chunks.values()]
    assert states.count(ChunkStatus.PARTIAL) == 1
    assert world.campaigns.get(campaign).progress.accounted == 1
    world.mailbox.answer = lambda _message: None
    go_on(world)
    progress = world.campaigns.get(campaign).progress
    assert set(together) <= set(mailed(world))
    assert set(mailed(world).values()) == {1}
    assert progress.sent == progress.planned


def test_a_service_that_fails_between_two_tries_loses_no_outcome():
    world = World(SEED)
    _, second = sharing_a_chunk(world)
    refused = Counter()

    def answer(message):
        refused[message.to] += 1
        return ASKED_TO_WAIT if (message.to, refused[message.to]) == (second, 1) else None

    struck = []

    def faults(call, moment):
        if (call, moment) == ("RateSlot.reserve", Moment.BEFORE) and refused[second] == 1:
            struck.append(call)
            if len(struck) == 1:
                raise Throttled("rate row")

    world.mailbox.answer, world.faults = answer, faults
    campaign = world.campaign()
    work(world)
    assert work(world) == []
    progress = world.campaigns.get(campaign).progress
    assert struck
    assert (progress.unknown, progress.sent) == (0, progress.planned)
    assert mailed(world)[second] == 1


def test_a_service_that_fails_before_every_further_try_keeps_what_is_known():
    world = World(SEED)
    first, second = sharing_a_chunk(world)
    world.mailbox.answer = lambda message: ASKED_TO_WAIT if message.to == second else None
    campaign = world.campaign()
    world.settle(Queue.PLANS)

    def faults(call, _moment):
        if call == "LedgerStore.states" and mailed(world)[first]:
            raise Throttled("states")

    world.faults = faults
    shard = shard_of(world.ledger.lookup(world.ledger.mac(first)).sid)
    (body,) = [each for each in world.messages.take(Queue.CHUNKS) if each["shard"] == shard]
    with pytest.raises(Throttled):
        world.handle(Queue.CHUNKS, body)
    progress = world.campaigns.get(campaign).progress
    assert (progress.sent, progress.unknown, progress.rejected) == (1, 0, 0)


def test_no_try_is_begun_so_late_that_the_chunk_could_be_called_unknown_first():
    world = World()
    world.subscribe("reader@example.org")
    world.mailbox.answer = lambda _message: ASKED_TO_WAIT
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.mailbox.calls.clear()
    world.time.on_sleep = lambda _ms: world.time.advance(TRY_FOR_MS)
    assert work(world)
    assert world.mailbox.calls == [1]
    assert world.campaigns.get(campaign).progress.accounted == 0


@pytest.mark.parametrize("act", [Act.PAUSE, Act.CANCEL])
def test_a_campaign_stopped_while_a_chunk_waits_for_its_slot_sends_no_more(act):
    world = World()
    world.subscribe("reader@example.org")
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    world.mails.clear()

    def stop(call, moment):
        if (call, moment) == ("RateSlot.reserve", Moment.AFTER):
            world.faults = no_faults
            world.campaigns.act(campaign, act)

    world.faults = stop
    world.settle(Queue.CHUNKS)
    assert world.mails == []
    if act is Act.PAUSE:
        world.campaigns.act(campaign, Act.RESUME)
        world.settle()
        assert mailed(world) == {"reader@example.org": 1}
    else:
        world.settle()
        assert world.campaigns.get(campaign).progress.skipped == {"cancelled": 1}


@pytest.mark.parametrize("act", [Act.PAUSE, Act.CANCEL])
def test_a_campaign_stopped_between_two_tries_sends_the_rest_no_more(act):
    world = World(SEED)
    first, second = sharing_a_chunk(world)
    world.mailbox.answer = lambda message: ASKED_TO_WAIT if message.to == second else None
    campaign = world.campaign()
    world.settle(Queue.PLANS)

    def stop(_ms):
        if mailed(world)[first] and world.campaigns.get(campaign).status is CampaignStatus.SENDING:
            world.mailbox.answer = lambda _message: None
            world.campaigns.act(campaign, act)

    world.time.on_sleep = stop
    work(world)
    world.time.on_sleep = None
    before = mailed(world)
    assert (before[first], before[second]) == (1, 0)
    if act is Act.PAUSE:
        work(world)
        assert mailed(world) == before
        world.campaigns.act(campaign, Act.RESUME)
    go_on(world)
    progress = world.campaigns.get(campaign).progress
    assert mailed(world)[second] == (act is Act.PAUSE)
    assert progress.accounted == progress.planned
    assert progress.skipped.get("cancelled", 0) >= (act is Act.CANCEL)


def test_cancelling_accounts_for_those_a_chunk_still_owed():
    world = World(SEED)
    first, second = sharing_a_chunk(world)
    world.mailbox.answer = lambda message: ASKED_TO_WAIT if message.to == second else None
    campaign = world.campaign()
    work(world)
    work(world)
    world.campaigns.act(campaign, Act.CANCEL)
    go_on(world)
    seen = world.campaigns.get(campaign)
    assert mailed(world)[first] == 1
    assert seen.progress.skipped == {"cancelled": 1}
    assert seen.progress.accounted == seen.progress.planned
    assert seen.campaign.finished_ms is not None


ANSWERS = st.lists(
    st.sampled_from([None, ASKED_TO_WAIT, ASKED_TO_WAIT, REFUSED, UNANSWERED]), max_size=40
)
STEPS = st.lists(
    st.sampled_from(
        [
            "work",
            "duplicate",
            "advance",
            Act.PAUSE,
            Act.RESUME,
            Act.CANCEL,
            FailOnce("ChunkStore.commit", Moment.BEFORE),
            FailOnce("ChunkStore.commit", Moment.AFTER),
            FailOnce("ChunkStore.release", Moment.BEFORE),
            FailOnce("ChunkStore.dispatch_rows", Moment.BEFORE),
            FailOnce("Sender.send_many", Moment.AFTER),
            FailOnce("LedgerStore.states", Moment.BEFORE),
            FailOnce("Campaigns.get", Moment.AFTER, nth=3),
        ]
    ),
    max_size=10,
)


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(answers=ANSWERS, steps=STEPS)
def test_whatever_happens_everybody_is_accounted_for_and_nobody_mailed_twice(answers, steps):
    world = World(SEED)
    sharing_a_chunk(world)
    given_out = iter(answers)
    world.mailbox.answer = lambda _message: next(given_out, None)
    campaign = world.campaign()
    work(world)
    for step in steps:
        take_step(world, campaign, step)
    world.mailbox.answer = lambda _message: None
    take_step(world, campaign, Act.RESUME)
    go_on(world)
    progress = world.campaigns.get(campaign).progress
    assert progress.accounted == progress.planned
    assert set(mailed(world).values()) <= {1}
    assert progress.sent <= len(world.mails) <= progress.sent + progress.unknown
    assert world.campaign_rows.unfinished() == ()


def take_step(world, campaign, step):
    if isinstance(step, Act):
        try:
            world.campaigns.act(campaign, step)
        except StateError:
            return
    elif isinstance(step, FailOnce):
        world.faults = FailOnce(*step._wanted, nth=step._left)
        work(world)
        world.faults = no_faults
    elif step == "advance":
        world.time.advance(LEASE_MS + 1)
        world.campaign_watch.advance()
    else:
        if step == "duplicate":
            for body in world.messages.take(Queue.CHUNKS):
                world.messages.send(Queue.CHUNKS, body)
                world.messages.send(Queue.CHUNKS, body)
        work(world)
