# SPDX-License-Identifier: Apache-2.0
"""Runs: one lease, chunk after chunk, and a message that comes again until everybody is settled."""

import logging
from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import Act, ChunkRef, ChunkStatus
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.rate import HOLD_MS, SHARE
from chalicelib.domain.runs import RunRef
from chalicelib.domain.signals import Signal
from chalicelib.errors import Conflict, FatalError, NotFound, Throttled, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Limit, Outcome, Sent
from chalicelib.services.campaign_messages import run_message
from chalicelib.services.runs import LEASE_MS, MAX_TRIES, run_of
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.memory_sending import MemoryChunks
from tests.support.run_acts import OneRun
from tests.support.run_world import RunWorld

SLOW_DOWN = Sent(outcome=Outcome.RETRY, reason="ACCOUNT_THROTTLED", limit=Limit.RATE)
ENOUGH_TODAY = Sent(outcome=Outcome.RETRY, reason="ACCOUNT_DAILY_QUOTA_EXCEEDED", limit=Limit.DAY)
FORMER_LEASE_MS = 120_000


@pytest.fixture
def world():
    return OneRun()


def deliver(world, run=None, worker=None):
    until_ms = world.time.now_ms() + world.worker_ms
    (worker or world.run_worker).deliver(run or world.run, until_ms)


def statuses(world):
    return [world.view_of(chunk).status for chunk in world.run.chunks]


def lease(world):
    return world.run_rows.leases[world.id, world.shard, 0]


def test_a_run_sends_its_chunks_one_after_another_under_one_lease(world):
    assert world.run.count == 3
    deliver(world)
    assert world.mailbox.calls == [1, 1, 1]
    assert world.mailed == dict.fromkeys(world.together, 1)
    assert statuses(world) == [ChunkStatus.DONE] * 3


def test_a_run_that_is_finished_calls_nothing_more(world):
    deliver(world)
    world.time.advance(LEASE_MS + 1)
    calls = []
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.BEFORE else None
    deliver(world)
    assert calls == ["Campaigns.get", "RunStore.lease", "RunStore.view", "RunStore.close"]


def test_calls_start_as_far_apart_as_the_accounts_pace_asks(world):
    began_ms = world.time.now_ms()
    deliver(world)
    assert world.time.now_ms() - began_ms >= 2 * 1_000 / SHARE


def test_another_workers_lease_keeps_away_until_it_ends(world):
    world.run_worker._runs.lease(world.run, "somebody else", world.time.now_ms(), LEASE_MS)
    with pytest.raises(Conflict):
        deliver(world)
    assert world.mails == []
    world.time.advance(LEASE_MS + 1)
    deliver(world)
    assert world.mailed == dict.fromkeys(world.together, 1)


@pytest.mark.parametrize(
    "step", ["SendReads.readers", "RateSlot.reserve", "SendReads.last_look", "Sender.send_bulk"]
)
def test_of_two_workers_on_one_run_one_sends_each_chunk(world, step):
    """The first one's lease ends while it works; the second takes the run."""
    second = world.another_worker()

    def overrun(call, moment):
        if (call, moment) == (step, Moment.AFTER):
            world.faults = no_faults
            world.time.advance(LEASE_MS + 1)
            try:
                deliver(world, worker=second)
            except Throttled:
                world.messages.send(Queue.CHUNKS, run_message(world.run))

    world.faults = overrun
    try:
        deliver(world)
    except Throttled:
        world.messages.send(Queue.CHUNKS, run_message(world.run))
    for _ in range(2):  # Of two messages one finds the other's lease.
        world.time.advance(LEASE_MS + 1)
        world.work()
    assert world.messages.take(Queue.CHUNKS) == []
    assert world.mailed == dict.fromkeys(world.together, 1)
    assert statuses(world) == [ChunkStatus.DONE] * 3


def test_a_paused_campaign_drops_its_messages_and_takes_no_lease(world):
    world.campaigns.act(world.id, Act.PAUSE)
    deliver(world)
    assert world.mails == []
    assert world.run_rows.leases == {}


@pytest.mark.parametrize("act", [Act.PAUSE, Act.CANCEL])
def test_a_campaign_stopped_in_the_middle_of_a_run_sends_no_further_chunk(world, act):
    def stop(call, moment):
        if (call, moment) == ("Sender.send_bulk", Moment.AFTER):
            world.faults = no_faults
            world.campaigns.act(world.id, act)

    world.faults = stop
    deliver(world)
    assert world.mailbox.calls == [1]
    if act is Act.PAUSE:
        assert statuses(world) == [ChunkStatus.DONE, None, None]
        assert (lease(world).until_ms, lease(world).tries) == (0, 0)
        world.campaigns.act(world.id, Act.RESUME)
        deliver(world)
        assert world.mailed == dict.fromkeys(world.together, 1)
    else:
        assert statuses(world) == [ChunkStatus.DONE] * 3
        assert world.progress(world.id).skipped == {"cancelled": 2}
    assert world.messages.take(Queue.CHUNKS) == []


def test_a_cancelled_campaign_costs_one_call_a_chunk(world):
    world.campaigns.act(world.id, Act.CANCEL)
    calls = []
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.BEFORE else None
    deliver(world)
    mark = ["RunStore.dispatch", "RunStore.dispatch_rows"]
    head = ["Campaigns.get", "RunStore.lease", "RunStore.view", "Blobs.get_range"]
    assert calls == [*head, *mark * 3, "RunStore.close"]
    assert world.progress(world.id).skipped == {"cancelled": 3}


def test_nothing_is_begun_that_may_not_end_in_time_and_the_rest_is_sent_on(world):
    world.worker_ms = 17_000
    deliver(world)
    (message,) = world.outside_rows.messages
    assert 1 <= len(world.mails) < 3
    assert message.delay_s <= 2
    assert lease(world).tries == 0
    world.worker_ms = 60_000
    assert world.work() == []
    assert world.mailed == dict.fromkeys(world.together, 1)


def test_no_chunk_is_begun_by_a_worker_whose_time_is_up(world):
    world.campaigns.act(world.id, Act.CANCEL)
    world.worker_ms = 1_000
    deliver(world)
    assert statuses(world) == [None] * 3
    assert len(world.messages.take(Queue.CHUNKS)) == 1


def test_a_chunk_lost_at_the_mark_has_its_message_come_again(world):
    """Who was first may have died since."""
    second = world.another_worker()

    def beaten(call, moment):
        if (call, moment) == ("SendReads.last_look", Moment.AFTER):
            world.faults = no_faults
            world.run_rows.leases.clear()
            deliver(world, worker=second)

    world.faults = beaten
    with pytest.raises(Throttled):
        deliver(world)
    assert world.mailed == dict.fromkeys(world.together, 1)


def test_a_slot_that_starts_after_the_workers_time_is_not_waited_for(world):
    world.mailbox.per_second = 0.01
    world.worker_ms = 60_000
    began_ms = world.time.now_ms()
    deliver(world)
    assert world.time.now_ms() - began_ms < 60_000
    assert len(world.mails) == 1
    (message,) = world.outside_rows.messages
    assert 60 <= message.delay_s <= 102  # A hundred seconds and their share from the first.


def test_a_throttle_slows_every_worker_down(world):
    answers = [SLOW_DOWN]
    world.mailbox.answer = lambda _message: answers.pop() if answers else None
    deliver(world)
    assert world.mailed == dict.fromkeys(world.together, 1)
    assert world.rate_row.terms.slow_ppm == 800_000


def test_a_used_up_day_holds_the_run_in_a_delayed_message_and_burns_no_receive(world, caplog):
    world.mailbox.answer = lambda _message: ENOUGH_TODAY
    deliver(world)
    (message,) = world.outside_rows.messages
    assert message.delay_s == HOLD_MS // 1000
    assert [one.signal for one in caplog.records if hasattr(one, "signal")] == [Signal.HELD]
    assert world.mailbox.calls == [1]
    assert lease(world).tries == 0
    world.mailbox.answer = lambda _message: None
    assert world.work() == []
    assert world.mails == []
    world.time.advance(HOLD_MS)
    assert world.work() == []
    assert world.mailed == dict.fromkeys(world.together, 1)


def test_too_small_a_rest_of_the_day_sends_nothing_to_ses(world):
    world.time.advance(60_000)
    world.mailbox.daily_left = 0
    deliver(world)
    assert world.mailbox.calls == []
    world.mailbox.daily_left = 1_000
    world.time.advance(60_000)
    assert world.work() == []
    assert world.mailed == dict.fromkeys(world.together, 1)


def poison(world, number):
    """Let every worker fail on one chunk until it is settled."""
    chunk = world.run.chunks[number]
    before = world.run.chunks[:number]

    def faults(call, moment):
        if (call, moment) != ("SendReads.readers", Moment.BEFORE):
            return
        reached = all(world.view_of(each).finished for each in before)
        if reached and not world.view_of(chunk).finished:
            raise FatalError("impossible")

    return faults


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_chunk_on_which_worker_after_worker_fails_is_given_up_alone(world, number, caplog):
    world.faults = poison(world, number)
    for _ in range(MAX_TRIES):
        with pytest.raises(FatalError):
            deliver(world)
    deliver(world)
    progress = world.progress(world.id)
    assert progress.skipped == {"failed": 1}
    assert sorted(world.mailed.values()) == [1, 1]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.signal for record in errors] == [Signal.CHUNK_FAILED]
    assert [record.chunk for record in errors] == [world.run.chunks[number].name]


def test_two_chunks_that_fail_have_their_tries_each(world):
    first, second = poison(world, 0), poison(world, 1)

    def both(call, moment):
        first(call, moment)
        second(call, moment)

    world.faults = both
    for _ in range(2 * MAX_TRIES):
        with pytest.raises(FatalError):
            deliver(world)
    deliver(world)
    assert world.progress(world.id).skipped == {"failed": 2}
    assert len(world.mails) == 1


def test_a_chunk_after_one_given_up_is_not_given_up_for_a_service_that_fails(world):
    world.faults = poison(world, 0)
    for _ in range(MAX_TRIES):
        with pytest.raises(FatalError):
            deliver(world)
    world.faults = FailAlways("SendReads.readers", Moment.BEFORE, Unavailable("rows"))
    for _ in range(5):
        with pytest.raises(Unavailable):
            deliver(world)
    world.faults = no_faults
    deliver(world)
    assert world.progress(world.id).skipped == {"failed": 1}
    assert len(world.mails) == 2


@pytest.mark.parametrize("moment", list(Moment))
def test_a_service_that_fails_counts_for_nothing_however_often(world, moment):
    for _ in range(3 * MAX_TRIES):
        world.faults = FailOnce("SendReads.readers", moment)
        with pytest.raises(Unavailable):
            deliver(world)
    world.faults = no_faults
    deliver(world)
    assert world.mailed == dict.fromkeys(world.together, 1)


def test_a_lease_that_cannot_be_given_back_ends_by_itself(world):
    world.mailbox.answer = lambda _message: SLOW_DOWN
    world.faults = FailAlways("RunStore.close", Moment.BEFORE, Unavailable("rows"))
    with pytest.raises(Throttled):
        deliver(world)
    world.faults = no_faults
    world.mailbox.answer = lambda _message: None
    with pytest.raises(Conflict):
        deliver(world)
    world.time.advance(LEASE_MS + 1)
    deliver(world)
    assert world.mailed == dict.fromkeys(world.together, 1)


def test_a_run_is_given_back_again_when_that_fails_once(world):
    world.mailbox.answer = lambda _message: SLOW_DOWN
    world.faults = FailOnce("RunStore.close", Moment.BEFORE)
    with pytest.raises(Throttled):
        deliver(world)
    assert (lease(world).until_ms, lease(world).tries) == (0, 0)


def test_a_lease_whose_answer_was_lost_keeps_nobody_away(world):
    world.faults = FailOnce("RunStore.lease", Moment.AFTER)
    with pytest.raises(Unavailable):
        deliver(world)
    deliver(world)
    assert world.mailed == dict.fromkeys(world.together, 1)
    assert (lease(world).until_ms, lease(world).tries) == (0, 0)


def test_what_a_worker_of_version_1_holds_is_taken_over_once_its_lease_ended(world):
    chunk = world.run.chunks[1]
    MemoryChunks(world.sending_rows).claim(chunk, "former", world.time.now_ms(), FORMER_LEASE_MS)
    with pytest.raises(Throttled):
        deliver(world)
    assert statuses(world) == [ChunkStatus.DONE, ChunkStatus.CLAIMED, ChunkStatus.DONE]
    world.time.advance(FORMER_LEASE_MS + 1)
    deliver(world)
    with pytest.raises(Conflict):
        MemoryChunks(world.sending_rows).dispatch(chunk, "former", [], world.time.now_ms())
    assert world.mailed == dict.fromkeys(world.together, 1)


def test_what_a_worker_of_version_1_dispatched_is_left_to_it(world):
    chunk = world.run.chunks[0]
    MemoryChunks(world.sending_rows).claim(chunk, "former", world.time.now_ms(), FORMER_LEASE_MS)
    MemoryChunks(world.sending_rows).dispatch(chunk, "former", [], world.time.now_ms())
    world.time.advance(FORMER_LEASE_MS + 1)
    with pytest.raises(Throttled):
        deliver(world)
    assert statuses(world) == [ChunkStatus.DISPATCHED, ChunkStatus.DONE, ChunkStatus.DONE]
    assert len(world.mails) == 2


def test_a_message_of_version_1_is_a_run_of_one_chunk(world):
    body = {"v": 1, "campaign": world.id, "shard": world.shard, "number": 1}
    deliver(world, run_of(body))
    assert statuses(world) == [None, ChunkStatus.DONE, None]
    deliver(world)
    assert world.mailed == dict.fromkeys(world.together, 1)


def test_a_message_names_its_run_by_ids_alone(world):
    message = run_message(world.run)
    assert set(message) == {"v", "campaign", "shard", "first", "count"}
    assert run_of(message) == world.run
    with pytest.raises(FatalError):
        run_of({**message, "v": 3})


def test_a_campaign_that_does_not_exist_is_said_so(world):
    unknown = replace(world.run, campaign="AAAAAAAAAAAAAAAAAAAAAA")
    with pytest.raises(NotFound):
        deliver(world, unknown)


def test_one_line_is_logged_a_run_and_it_names_nobody(world, caplog):
    caplog.set_level(logging.INFO)
    deliver(world)
    (line,) = [record for record in caplog.records if record.msg == "a run was worked"]
    assert (line.sent, line.skipped, line.open, line.chunks) == (3, 0, 0, 3)
    said = repr([record.__dict__ for record in caplog.records])
    assert "example.org" not in said.replace("mail.example.org", "")
    assert not [sid for sid in world.rows.states if sid in said]


def test_people_left_open_by_an_earlier_attempt_are_all_a_chunk_is_for(world):
    """Chunks of three: one is taken, the others are for another time."""
    big = RunWorld(seed=6)
    together = big.sharing_a_shard(3)
    campaign = big.planned()
    first = together[0]
    big.mailbox.answer = lambda message: None if message.to == first else SLOW_DOWN
    big.work()
    big.mailbox.calls.clear()
    big.mailbox.answer = lambda _message: None
    assert big.work() == []
    assert 2 in big.mailbox.calls
    assert set(big.mailed.values()) == {1}
    chunk = ChunkRef(campaign=campaign, shard=big.shard_of(first), number=0)
    assert big.view_of(chunk).codes == bytes((Code.SENT,)) * 3
    assert len([each for each in big.view_of(chunk).message_ids if each]) == 3


def test_a_run_is_one_to_sixteen_chunks():
    with pytest.raises(FatalError):
        RunRef(campaign="AAAAAAAAAAAAAAAAAAAAAA", shard="0", first=0, count=17)
