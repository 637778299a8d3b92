# SPDX-License-Identifier: Apache-2.0
"""Who limits or pauses mail gets no more than they wished, and no less for a mail unsent."""

import pytest

from chalicelib.domain.campaigns import Act
from chalicelib.domain.frequency import WEEK_MS, Frequency
from chalicelib.domain.ids import shard_of
from chalicelib.errors import StateError, Throttled, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

ONCE = Frequency(max_per_week=1)


@pytest.fixture
def world():
    made = World()
    made.sids = [made.subscribe(f"reader{n}@example.org") for n in range(3)]
    made.mails.clear()
    return made


def send(world, name="News"):
    """Send one campaign; return how many mails the first person got by it, and who was skipped."""
    before = len(world.mails)
    campaign = world.campaign(name)
    world.settle()
    to = [mailed.message.to for mailed in world.mails[before:]]
    return to.count("reader0@example.org"), world.campaigns.get(campaign).progress.skipped


def test_a_capped_person_gets_so_many_in_any_seven_days(world):
    world.frequency.put(world.sids[0], Frequency(max_per_week=2))
    assert [send(world)[0] for _ in range(3)] == [1, 1, 0]
    assert send(world) == (0, {"frequency": 1})
    world.time.advance(WEEK_MS)
    assert send(world) == (1, {})


def test_a_paused_person_gets_none_until_the_date(world):
    world.frequency.put(world.sids[0], Frequency(paused_until_ms=world.time.now_ms() + 60_000))
    assert send(world) == (0, {"paused": 1})
    world.time.advance(60_000)
    assert send(world) == (1, {})


def test_a_pause_between_the_look_at_the_profile_and_the_slot_is_obeyed(world):
    sid = world.sids[0]
    world.frequency.put(sid, ONCE)

    def pause(call, moment):
        if call == "SendReads.readers" and moment is Moment.AFTER:
            world.faults = no_faults
            world.frequency.put(sid, Frequency(max_per_week=1, paused_until_ms=2**50))

    world.campaign()
    world.settle(Queue.PLANS)
    bodies = {body["shard"]: body for body in world.messages.take(Queue.CHUNKS)}
    world.faults = pause
    world.handle(Queue.CHUNKS, bodies[shard_of(sid)])
    assert "reader0@example.org" not in [mailed.message.to for mailed in world.mails]


def calls_of_sending(world):
    """The calls that working all chunks of one campaign makes, in order."""
    calls = []
    world.campaign()
    world.settle(Queue.PLANS, Queue.SEQUENCING)
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.AFTER else None
    world.settle(Queue.CHUNKS)
    world.faults = no_faults
    return calls


def test_only_capped_people_cost_a_call(world):
    """Counted: who chose nothing, or a pause that ended, costs what they cost before."""
    calls_of_sending(world)  # What is cached is cached.
    plain = calls_of_sending(world)
    assert plain
    assert not [call for call in plain if call.startswith("FrequencyStore")]
    world.frequency.put(world.sids[0], Frequency(max_per_week=7))
    world.frequency.put(world.sids[1], Frequency(paused_until_ms=1))
    calls = calls_of_sending(world)
    assert calls.count("FrequencyStore.take") == 1
    calls.remove("FrequencyStore.take")
    assert sorted(calls) == sorted(plain)


REFUSED = Sent(outcome=Outcome.REJECTED, reason="malformed_subject")
UNTAKEN = Sent(outcome=Outcome.RETRY, reason="throttled")
UNANSWERED = Sent(outcome=Outcome.UNKNOWN, reason="no answer")


@pytest.mark.parametrize(("answer", "later"), [(REFUSED, 1), (UNANSWERED, 0), (None, 0)])
def test_a_mail_ses_surely_did_not_take_gives_its_slot_back(world, answer, later):
    world.frequency.put(world.sids[0], ONCE)
    world.mailbox.answer = lambda m: answer if m.to == "reader0@example.org" else None
    send(world)
    world.mailbox.answer = lambda _message: None
    assert send(world)[0] == later


def test_a_chunk_ses_takes_nobody_of_holds_no_slot_until_it_comes_again(world):
    world.frequency.put(world.sids[0], ONCE)
    world.mailbox.answer = lambda _message: UNTAKEN
    world.campaign()
    world.settle(Queue.PLANS)
    bodies = world.messages.take(Queue.CHUNKS)
    for body in bodies:
        with pytest.raises(Throttled):
            world.handle(Queue.CHUNKS, body)
    world.mailbox.answer = lambda _message: None
    for body in bodies:
        world.handle(Queue.CHUNKS, body)
    assert "reader0@example.org" in [mailed.message.to for mailed in world.mails]


@pytest.mark.parametrize(
    "fault",
    ["RateSlot.reserve", "SendReads.last_look", "RunStore.dispatch", "FrequencyStore.take"],
)
def test_a_service_that_fails_before_the_call_costs_nobody_a_slot(world, fault):
    world.frequency.put(world.sids[0], ONCE)
    world.campaign()
    world.settle(Queue.PLANS)
    bodies = world.messages.take(Queue.CHUNKS)
    for body in bodies:
        world.faults = FailOnce(fault, Moment.BEFORE)
        try:
            world.handle(Queue.CHUNKS, body)
        except (Unavailable, StateError):
            world.faults = no_faults
            world.handle(Queue.CHUNKS, body)
    assert "reader0@example.org" in [mailed.message.to for mailed in world.mails]


def test_a_person_the_last_look_says_no_to_keeps_their_slot(world):
    world.frequency.put(world.sids[0], ONCE)
    campaign = world.campaign()
    world.settle(Queue.PLANS)

    def cancel(call, moment):
        if call == "RateSlot.reserve" and moment is Moment.AFTER:
            world.faults = no_faults
            world.campaigns.act(campaign, Act.CANCEL)

    world.faults = cancel
    world.settle()
    world.faults = no_faults
    assert world.mails == []
    assert send(world, "Second")[0] == 1


def test_a_slot_that_cannot_be_given_back_stops_nothing(world):
    world.frequency.put(world.sids[0], ONCE)
    world.mailbox.answer = lambda m: REFUSED if m.to == "reader0@example.org" else None
    world.faults = FailOnce("FrequencyStore.give_back", Moment.BEFORE)
    campaign = world.campaign()
    world.settle()
    progress = world.campaigns.get(campaign).progress
    assert (progress.sent, progress.rejected) == (2, 1)


def test_two_campaigns_at_once_share_one_slot(world):
    world.frequency.put(world.sids[0], ONCE)
    world.campaign()
    world.campaign("Second")
    world.settle()
    assert [m.message.to for m in world.mails].count("reader0@example.org") == 1
