# SPDX-License-Identifier: Apache-2.0
"""Chunks obey the account's limits: its share of the rate, throttles, and the day's quota."""

import pytest

from chalicelib.domain.rate import HOLD_MS, SHARE
from chalicelib.errors import Throttled
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Limit, Outcome, Sent
from tests.support.world import World

SLOW_DOWN = Sent(outcome=Outcome.RETRY, reason="ACCOUNT_THROTTLED", limit=Limit.RATE)
ENOUGH_TODAY = Sent(outcome=Outcome.RETRY, reason="ACCOUNT_DAILY_QUOTA_EXCEEDED", limit=Limit.DAY)


@pytest.fixture
def world():
    made = World()
    for number in range(4):
        made.subscribe(f"reader{number}@example.org")
    made.mails.clear()
    made.mailbox.calls.clear()
    made.time.advance(60_000)
    return made


def chunks(world):
    """Start a campaign and return its chunks' messages."""
    world.campaign()
    world.settle(Queue.PLANS, Queue.SEQUENCING)
    return world.messages.take(Queue.CHUNKS)


def deliver(world, bodies):
    """Hand each message over once; return those that are to come again."""
    back = []
    for body in bodies:
        try:
            world.handle(Queue.CHUNKS, body)
        except Throttled:
            back.append(body)
    return back


def test_chunks_leave_a_share_of_the_rate_to_service_mails(world):
    world.mailbox.per_second = 2.0
    began_ms = world.time.now_ms()
    assert deliver(world, chunks(world)) == []
    # The last call starts when the first three people's time has passed.
    assert world.time.now_ms() - began_ms >= 1_000 * (len(world.mails) - 2) / (2.0 * SHARE)


def test_a_throttle_slows_the_chunks_down(world):
    answers = [SLOW_DOWN]
    world.mailbox.answer = lambda _message: answers.pop() if answers else None
    assert deliver(world, chunks(world)) == []
    assert len(world.mails) == 4
    assert world.rate_row.terms.slow_ppm == 800_000


def test_a_used_up_day_holds_all_chunks_and_nobody_is_lost_or_mailed_twice(world):
    world.mailbox.answer = lambda _message: ENOUGH_TODAY
    bodies = chunks(world)
    back = deliver(world, bodies)
    assert back == bodies
    assert len(world.mailbox.calls) == 1
    assert world.mails == []
    world.mailbox.answer = lambda _message: None
    assert deliver(world, back) == back
    world.time.advance(HOLD_MS)
    assert deliver(world, back) == []
    assert sorted(mail.message.to for mail in world.mails) == [
        f"reader{number}@example.org" for number in range(4)
    ]


def test_a_day_used_up_in_a_chunk_ends_its_tries(world):
    world.mailbox.answer = lambda _message: ENOUGH_TODAY
    (first, *_) = chunks(world)
    began_ms = world.time.now_ms()
    assert deliver(world, [first]) == [first]
    assert world.time.now_ms() - began_ms < 2_000


def test_too_small_a_rest_of_the_day_sends_nothing_to_ses(world):
    world.mailbox.daily_left = 0
    bodies = chunks(world)
    assert deliver(world, bodies) == bodies
    assert world.mailbox.calls == []
    world.mailbox.daily_left = 1_000
    world.time.advance(60_000)
    assert deliver(world, bodies) == []
    assert len(world.mails) == 4
