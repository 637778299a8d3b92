# SPDX-License-Identifier: Apache-2.0
"""The way to a call: when it begins, what it costs when it comes late, and that it never hangs."""

import pytest

from chalicelib.domain.rate import LATE_MS, Quota
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.lead import FIRST_MS, LONGEST_MS, MARGIN_MS, Lead
from tests.support.faults import Moment
from tests.support.run_world import RunWorld


@pytest.fixture
def world():
    made = RunWorld()
    made.mailbox.per_second = 50.0
    for number in range(3):
        made.subscribe(f"reader{number}@example.org")
    made.planned()
    made.mails.clear()
    return made


def watched(world, slow):
    """Work everything; return the calls, while each named in ``slow`` takes its milliseconds."""
    calls = []

    def faults(call, moment):
        if moment is Moment.AFTER:
            calls.append((call, world.time.now_ms()))
            world.time.advance(slow.get(call, 0))

    world.faults = faults
    assert world.work() == []
    assert len(world.mails) == 3
    return calls


def test_the_last_look_is_taken_so_shortly_before_the_call_as_the_steps_between_take(world):
    slow = {"SendReads.last_look": 20, "RunStore.dispatch": 20, "RunStore.dispatch_rows": 20}
    calls = watched(world, slow)
    looks = [at for call, at in calls if call == "SendReads.last_look"]
    sent = [at for call, at in calls if call == "Sender.send_bulk"]
    for looked, called in zip(looks, sent, strict=True):
        assert called - looked <= LONGEST_MS
    assert len(looks) == 3


A_LITTLE_LATE = {"RunStore.dispatch": FIRST_MS + LATE_MS + 1}


def test_a_call_a_little_late_moves_the_slots_behind_it_back_and_goes(world):
    calls = [call for call, _ in watched(world, A_LITTLE_LATE)]
    first = calls.index("RunStore.dispatch_rows")
    assert calls[first + 1 : first + 3] == ["RateSlot.charge", "Sender.send_bulk"]


@pytest.mark.parametrize("why", ["too much is reserved", "nobody can be told"])
def test_a_call_a_little_late_takes_another_slot_where_none_can_be_moved(world, why):
    charge = world.rate.charge

    def cannot(people, now_ms, latest_ms=None):
        if why == "too much is reserved" and latest_ms is not None:
            world.rate.row.free_us = (latest_ms + 1) * 1_000
        moved = charge(people, now_ms, latest_ms)
        if why == "nobody can be told":
            raise Unavailable("no answer")
        return moved

    world.rate.charge = cannot
    calls = [call for call, _ in watched(world, A_LITTLE_LATE)]
    first = calls.index("RunStore.dispatch_rows")
    assert calls[first + 1 : first + 5] == [
        "RateSlot.charge",
        "RateSlot.reserve",
        "SendReads.last_look",
        "Sender.send_bulk",
    ]


def test_a_call_that_takes_long_to_tell_the_others_takes_another_slot(world):
    calls = [call for call, _ in watched(world, {**A_LITTLE_LATE, "RateSlot.charge": 40})]
    first = calls.index("RateSlot.charge")
    assert calls[first + 1] == "RateSlot.reserve"


def test_a_call_so_late_that_what_was_looked_at_is_old_takes_another_slot_and_looks_again(world):
    calls = [call for call, _ in watched(world, {"RunStore.dispatch": LONGEST_MS + 1})]
    first = calls.index("RunStore.dispatch_rows")
    assert calls[first + 1 : first + 4] == [
        "RateSlot.reserve",
        "SendReads.last_look",
        "Sender.send_bulk",
    ]


def test_a_further_try_that_comes_late_takes_another_slot_and_looks_again(world):
    tried = set()

    def once_not(message):
        if message.to in tried:
            return None
        tried.add(message.to)
        return Sent(outcome=Outcome.RETRY, reason="not now")

    world.mailbox.answer = once_not
    calls = [call for call, _ in watched(world, {"SendReads.last_look": LONGEST_MS + LATE_MS + 1})]
    first = calls.index("Sender.send_bulk")
    assert calls[first + 1 : first + 7] == [
        "RateSlot.reserve",
        "SendReads.last_look",
        "RateSlot.reserve",
        "SendReads.last_look",
        "RateSlot.charge",
        "Sender.send_bulk",
    ]


def test_a_call_that_is_late_twice_moves_the_slots_behind_it_back(world):
    """By what its own people take, however late it is, and whatever is reserved."""
    world.rate.note(Quota(per_second=100), world.clock.now_ms())
    charged = []
    charge = world.rate.charge

    def noted(people, now_ms, latest_ms=None):
        charged.append((people, latest_ms))
        return charge(people, now_ms, latest_ms)

    world.rate.charge = noted
    watched(world, {"SendReads.last_look": LONGEST_MS + 400})
    assert set(charged) == {(1, None)}


def test_a_call_that_is_late_twice_goes_though_nobody_can_be_told(world):
    def fails(people, now_ms, latest_ms=None):
        raise Unavailable("no answer")

    world.rate.charge = fails
    watched(world, {"SendReads.last_look": LONGEST_MS + 400})


def test_a_worker_that_is_in_time_moves_nothing(world):
    charged = []
    world.rate.charge = lambda *given: charged.append(given)
    watched(world, {"SendReads.last_look": 20})
    assert not charged


def test_a_worker_too_slow_for_every_slot_sends_all_the_same(world):
    watched(world, {"SendReads.last_look": 400, "RunStore.dispatch": 400})


def test_a_clock_set_back_after_the_look_makes_no_long_wait_on_what_was_seen(world):
    """Withdrawals of those minutes would not be obeyed."""
    left = [1]

    def faults(call, moment):
        if (call, moment) == ("RunStore.dispatch", Moment.AFTER) and left:
            left.clear()
            world.time.advance(-200_000)
        if moment is Moment.BEFORE:
            looked.append((call, sum(world.time.slept_ms)))  # The clock itself lies.

    looked = []
    world.faults = faults
    world.work()
    sent = [n for n, (call, _) in enumerate(looked) if call == "Sender.send_bulk"]
    for n in sent:
        look = max(m for m in range(n) if looked[m][0] == "SendReads.last_look")
        assert looked[n][1] - looked[look][1] <= LONGEST_MS
    assert len(sent) == 3


def test_no_call_carries_more_people_than_its_slot_is_for():
    """The quota another worker noted is met while the slot is reserved."""
    world = RunWorld(seed=6)
    together = world.sharing_a_shard(3)
    world.planned()
    pacer = world.run_worker._courier._pacer
    world.rate.note(Quota(per_second=2.0), world.time.now_ms())
    pacer.reserve(1)
    assert pacer.call_size == 2
    world.rate.note(Quota(per_second=50.0), world.time.now_ms())
    first = next(
        body
        for body in world.messages.take(Queue.CHUNKS)
        if body["shard"] == world.shard_of(together[0])
    )
    world.handle(Queue.CHUNKS, first)
    assert world.mailbox.calls == [2, 1]
    assert world.mailed == dict.fromkeys(together, 1)


def test_a_worker_learns_how_long_its_steps_take():
    lead = Lead()
    assert lead.span_ms == FIRST_MS
    for _ in range(50):
        lead.took(40)
    assert 0 <= lead.span_ms - MARGIN_MS - 40 <= 5
    for span_ms in (30, 50) * 50:
        lead.took(span_ms)
    assert 60 <= lead.span_ms - MARGIN_MS <= 80


def test_no_lead_is_longer_than_what_was_looked_at_may_be_old():
    lead = Lead()
    for span_ms in (10_000, 0, 10_000):
        lead.took(span_ms)
        assert 0 <= lead.span_ms <= LONGEST_MS


def test_a_step_that_takes_a_little_longer_than_ever_misses_no_slot():
    lead = Lead()
    for _ in range(50):
        lead.took(20)
    assert lead.span_ms >= 20 + MARGIN_MS


def test_a_clock_set_back_teaches_nothing():
    lead = Lead()
    lead.took(-5_000)
    assert lead.span_ms == FIRST_MS


def test_what_the_first_call_needs_is_made_before_its_slot_is_reserved(world, monkeypatch):
    done = []
    reserve = world.rate.reserve
    monkeypatch.setattr(world.sender, "ready", lambda: done.append("ready"))
    monkeypatch.setattr(
        world.rate, "reserve", lambda *given: done.append("reserve") or reserve(*given)
    )
    watched(world, {})
    assert done[:2] == ["ready", "reserve"]
