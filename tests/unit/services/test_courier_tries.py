# SPDX-License-Identifier: Apache-2.0
"""What SES did not take is tried again: only what was surely not taken, and never too late."""

from collections import Counter

import pytest

from chalicelib.domain.campaigns import Act, CampaignStatus
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.errors import Throttled
from chalicelib.ports.outside import Queue
from chalicelib.services.courier import TRY_FOR_MS
from tests.support.faults import Moment
from tests.support.run_acts import (
    ASKED_TO_WAIT,
    REFUSED,
    SEED,
    UNANSWERED,
    expire,
    go_on,
    people,
    six_readers,
    unsubscribe,
)
from tests.support.run_world import RunWorld


@pytest.fixture
def world():
    return six_readers()


def test_a_chunk_ses_takes_nobody_of_is_given_back_whole(world):
    world.mailbox.answer = lambda _message: ASKED_TO_WAIT
    campaign = world.planned()
    failed = world.work()
    assert [type(error) for error in failed] == [Throttled] * 6
    assert world.progress(campaign).accounted == 0
    assert {view.status for view in world.run_rows.chunks.values()} == {"partial"}
    world.mailbox.answer = lambda _message: None
    assert world.work() == []
    assert world.progress(campaign).sent == 6


def test_those_ses_throttled_are_tried_again_and_others_are_not(world):
    refused = set()

    def once(message):
        if message.to not in refused:
            refused.add(message.to)
            return ASKED_TO_WAIT
        return None

    world.mailbox.answer = once
    campaign = world.planned()
    assert world.work() == []
    assert world.mailed == dict.fromkeys(people(6), 1)
    assert world.progress(campaign).sent == 6


def test_of_a_chunk_only_those_surely_not_taken_are_tried_again():
    world = RunWorld(SEED)
    waits, lost, bad = world.sharing_a_shard(3)
    asked = Counter()

    def answer(message):
        asked[message.to] += 1
        first = {waits: ASKED_TO_WAIT, lost: UNANSWERED, bad: REFUSED}
        return first.get(message.to) if asked[message.to] == 1 else None

    world.mailbox.answer = answer
    campaign = world.planned()
    asked.clear()
    assert world.work() == []
    assert (asked[waits], asked[lost], asked[bad]) == (2, 1, 1)
    progress = world.progress(campaign)
    assert (progress.unknown, progress.rejected) == (1, 1)
    assert progress.accounted == progress.planned


def test_a_person_ses_refuses_does_not_take_the_others_mail_away():
    world = RunWorld(SEED)
    bad, good = world.sharing_a_shard()
    world.mailbox.answer = lambda message: REFUSED if message.to == bad else ASKED_TO_WAIT
    campaign = world.planned()
    world.work()
    assert world.progress(campaign).accounted == world.progress(campaign).rejected == 1
    world.mailbox.answer = lambda _message: None
    go_on(world, campaign)
    progress = world.progress(campaign)
    assert (world.mailed[good], world.mailed[bad]) == (1, 0)
    assert (progress.rejected, progress.sent + 1) == (1, progress.planned)


def test_cancelling_accounts_for_those_a_chunk_still_owed():
    world = RunWorld(SEED)
    first, second = world.sharing_a_shard()
    world.mailbox.answer = lambda message: ASKED_TO_WAIT if message.to == second else None
    campaign = world.planned()
    assert world.work()
    assert (world.mailed[first], world.mailed[second]) == (1, 0)
    world.mailbox.answer = lambda _message: None
    world.campaigns.act(campaign, Act.CANCEL)
    go_on(world, campaign)
    progress = world.progress(campaign)
    assert (world.mailed[first], world.mailed[second]) == (1, 0)
    assert progress.skipped["cancelled"] >= 1
    assert progress.accounted == progress.planned


def test_a_service_that_fails_between_two_tries_loses_no_outcome():
    world = RunWorld(SEED)
    first, second = world.sharing_a_shard()
    asked = Counter()

    def answer(message):
        asked[message.to] += 1
        return ASKED_TO_WAIT if (message.to, asked[message.to]) == (second, 1) else None

    struck = []

    def faults(call, moment):
        if (call, moment) == ("RateSlot.reserve", Moment.BEFORE) and asked[second] == 1:
            struck.append(call)
            if len(struck) == 1:
                raise Throttled("rate row")

    campaign = world.planned()
    asked.clear()
    world.mailbox.answer, world.faults = answer, faults
    assert world.work() == []
    progress = world.progress(campaign)
    assert struck
    assert (progress.unknown, progress.sent) == (0, progress.planned)
    assert (world.mailed[first], world.mailed[second]) == (1, 1)


def test_a_look_that_fails_before_every_further_try_keeps_what_is_known():
    world = RunWorld(SEED)
    first, second = world.sharing_a_shard()
    world.mailbox.answer = lambda message: ASKED_TO_WAIT if message.to == second else None
    campaign = world.planned()

    def faults(call, _moment):
        if call == "SendReads.last_look" and world.mailed[first]:
            raise Throttled("states")

    shard = {chunk["shard"]: chunk for chunk in world.messages.take(Queue.CHUNKS)}
    world.faults = faults
    body = shard[world.shard_of(first)]
    with pytest.raises(Throttled):
        world.handle(Queue.CHUNKS, body)
    progress = world.progress(campaign)
    assert (progress.sent, progress.unknown, progress.rejected) == (1, 0, 0)


def test_no_call_is_begun_so_late_that_the_chunk_could_be_called_unknown_first():
    world = RunWorld()
    world.subscribe("reader@example.org")
    world.mailbox.answer = lambda _message: ASKED_TO_WAIT
    campaign = world.planned()
    world.mailbox.calls.clear()
    world.time.on_sleep = lambda ms: world.time.advance(TRY_FOR_MS) if ms == 500 else None
    world.work()
    assert world.mailbox.calls == [1]
    assert world.progress(campaign).accounted == 0


def test_when_everybody_left_withdrew_meanwhile_no_further_call_is_made():
    world = RunWorld()
    world.subscribe("reader@example.org")
    world.planned("First")
    world.work()
    world.mailbox.answer = lambda _message: ASKED_TO_WAIT
    second = world.planned("Second")
    world.mailbox.calls.clear()

    def withdraw(ms):
        if ms == 500:
            unsubscribe(world, "reader@example.org")

    world.time.on_sleep = withdraw
    assert world.work() == []
    assert world.mailbox.calls == [1]
    assert world.progress(second).skipped == {"no-consent": 1}


@pytest.mark.parametrize("act", [Act.PAUSE, Act.CANCEL])
def test_a_campaign_stopped_between_two_tries_sends_the_rest_no_more(act):
    world = RunWorld(SEED)
    first, second = world.sharing_a_shard()
    world.mailbox.answer = lambda message: ASKED_TO_WAIT if message.to == second else None
    campaign = world.planned()

    def stop(_ms):
        if world.mailed[first] and world.campaigns.get(campaign).status is CampaignStatus.SENDING:
            world.mailbox.answer = lambda _message: None
            world.campaigns.act(campaign, act)

    world.time.on_sleep = stop
    assert world.work() == []
    world.time.on_sleep = None
    assert (world.mailed[first], world.mailed[second]) == (1, 0)
    if act is Act.PAUSE:
        world.work()
        assert world.mailed[second] == 0
        world.campaigns.act(campaign, Act.RESUME)
    go_on(world, campaign)
    progress = world.progress(campaign)
    assert world.mailed[second] == (act is Act.PAUSE)
    assert progress.accounted == progress.planned
    assert progress.skipped.get("cancelled", 0) >= (act is Act.CANCEL)


def test_a_slow_worker_of_whom_ses_took_nobody_leaves_them_unsent_not_unknown(world):
    world.mailbox.answer = lambda _message: ASKED_TO_WAIT
    campaign = world.planned()

    def slow(call, moment):
        if (call, moment) == ("RunStore.release", Moment.BEFORE):
            expire(world, campaign)

    world.faults = slow
    world.work()
    codes = Counter(code for view in world.run_rows.chunks.values() for code in view.codes)
    assert codes == {Code.UNSENT: 6}
