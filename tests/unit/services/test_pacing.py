# SPDX-License-Identifier: Apache-2.0
"""Workers share one quota, ask SES for it once a minute, and slow down or stop together."""

from collections import Counter

import pytest

from chalicelib.domain.rate import HOLD_MS, QUOTA_LIFE_MS, SHARE
from chalicelib.errors import Throttled, Unavailable
from chalicelib.ports.sending import Limit, Outcome, Sent
from chalicelib.services.pacing import Pacer
from tests.support.clock import FakeClock
from tests.support.faults import FailAlways, FailOnce, Moment, no_faults
from tests.support.memory_rate import MemoryRateSlot, RateRow
from tests.support.memory_sending import MemorySender

SLOW_DOWN = Sent(outcome=Outcome.RETRY, limit=Limit.RATE)
ENOUGH_TODAY = Sent(outcome=Outcome.RETRY, limit=Limit.DAY)
TAKEN = Sent(outcome=Outcome.ACCEPTED)


class Workers:
    """Two workers at one account."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.calls: Counter[str] = Counter()
        self.faults = no_faults
        self.ses = MemorySender(per_second=50.0 / SHARE, faults=self.strike)
        self.row = RateRow()
        self.one, self.other = self.worker(), self.worker()

    def worker(self) -> Pacer:
        rate = MemoryRateSlot(self.row, faults=self.strike)
        return Pacer(rate=rate, sender=self.ses, clock=self.clock)

    def wait(self, worker: Pacer, recipients: int) -> bool:
        """Wait for a slot; False when there is none for a while."""
        slot = worker.reserve(recipients)
        if slot.start_ms is None:
            return False
        if slot.start_ms > self.clock.now_ms():
            self.clock.sleep_ms(slot.start_ms - self.clock.now_ms())
        return True

    def strike(self, call: str, moment: Moment) -> None:
        if moment is Moment.BEFORE:
            self.calls[call] += 1
        self.faults(call, moment)


@pytest.fixture
def workers():
    return Workers()


def test_workers_wait_their_turn(workers):
    assert [workers.wait(worker, 50) for worker in (workers.one, workers.other, workers.one)] == [
        True
    ] * 3
    assert sum(workers.clock.slept_ms) == pytest.approx(2_000, abs=2)


def test_ses_is_asked_for_the_quota_once_a_minute_by_all_workers(workers):
    for _ in range(3):
        workers.wait(workers.one, 1)
        workers.wait(workers.other, 1)
    assert workers.calls["Sender.quota"] == 1
    workers.clock.advance(QUOTA_LIFE_MS)
    workers.wait(workers.one, 1)
    workers.wait(workers.other, 1)
    assert workers.calls["Sender.quota"] == 2


class OffClock(FakeClock):
    """A clock that is off by so much from the one that all wait by."""

    def __init__(self, true: FakeClock, off_ms: int) -> None:
        super().__init__()
        self.true, self.off_ms = true, off_ms

    def now_ms(self) -> int:
        return self.true.now_ms() + self.off_ms


@pytest.mark.parametrize(
    "off_ms",
    [(0, 0, 0), (-300_000, 300_000, 0), (300_000, -300_000, 300_001), (-61_000, 0, 61_000)],
)
def test_clocks_that_differ_have_ses_asked_no_more_often(workers, off_ms):
    crowd = [
        Pacer(
            rate=MemoryRateSlot(workers.row, faults=workers.strike),
            sender=workers.ses,
            clock=OffClock(workers.clock, each),
        )
        for each in off_ms
    ]
    minutes = 10
    for _ in range(minutes * 60):
        for worker in crowd:
            worker.reserve(1)
        workers.clock.advance(1_000)
    # Once a minute, and once by each that cannot know yet how old the quota it meets is.
    assert minutes - 1 <= workers.calls["Sender.quota"] <= minutes + len(crowd) - 1


def test_who_comes_back_after_a_rest_does_not_take_an_old_quota_for_new(workers):
    workers.wait(workers.other, 1)
    workers.clock.advance(QUOTA_LIFE_MS)
    workers.wait(workers.one, 1)
    workers.clock.advance(QUOTA_LIFE_MS)
    workers.wait(workers.other, 1)
    assert workers.calls["Sender.quota"] == 3


def test_a_new_quota_is_everybodys_within_a_minute(workers):
    workers.wait(workers.one, 50)
    workers.ses.per_second = 500.0 / SHARE
    workers.clock.advance(QUOTA_LIFE_MS)
    workers.wait(workers.one, 50)
    workers.clock.slept_ms.clear()
    workers.wait(workers.other, 50)
    workers.wait(workers.other, 50)
    assert workers.clock.slept_ms[-1] == pytest.approx(100, abs=1)


def test_while_ses_does_not_tell_its_quota_the_known_one_goes_on(workers):
    workers.wait(workers.one, 50)
    workers.clock.advance(QUOTA_LIFE_MS)
    workers.faults = FailAlways("Sender.quota", Moment.BEFORE, Unavailable("SES"))
    assert workers.wait(workers.one, 50)
    assert workers.wait(workers.other, 50)
    assert workers.calls["Sender.quota"] == 2


def test_without_any_known_quota_silence_is_an_error(workers):
    workers.faults = FailOnce("Sender.quota", Moment.BEFORE)
    with pytest.raises(Unavailable):
        workers.wait(workers.one, 50)
    # Asked a moment ago, and still unknown: whoever comes next asks all the same.
    assert workers.wait(workers.other, 50)


def test_a_throttle_slows_every_worker(workers):
    workers.wait(workers.one, 50)
    workers.one.heard([TAKEN, SLOW_DOWN, SLOW_DOWN])
    workers.wait(workers.other, 50)
    workers.wait(workers.other, 50)
    assert workers.clock.slept_ms[-1] > 1_200


def test_answers_without_a_limit_change_nothing(workers):
    workers.wait(workers.one, 1)
    before = workers.row.terms
    workers.one.heard([TAKEN, Sent(outcome=Outcome.RETRY, reason="paused")])
    workers.one.heard([])
    assert workers.row.terms == before
    assert not {"RateSlot.slow", "RateSlot.hold"} & set(workers.calls)


def test_a_used_up_day_holds_every_worker_and_then_one_call_finds_out(workers):
    workers.wait(workers.one, 1)
    workers.one.heard([TAKEN, ENOUGH_TODAY, SLOW_DOWN])
    assert not workers.wait(workers.one, 1)
    assert not workers.wait(workers.other, 1)
    workers.clock.advance(HOLD_MS)
    assert workers.wait(workers.other, 1)


def test_too_small_a_rest_of_the_day_turns_away_before_ses_is_asked_to_send(workers):
    workers.ses.daily_left = 80
    assert workers.wait(workers.one, 50)
    assert not workers.wait(workers.other, 50)
    assert workers.wait(workers.other, 30)
    workers.ses.daily_left = 500
    assert not workers.wait(workers.one, 50)
    workers.clock.advance(QUOTA_LIFE_MS)
    assert workers.wait(workers.one, 50)


def test_who_is_turned_away_while_another_asks_holds_nobody(workers):
    """The other may be told any moment that there is more."""
    workers.ses.daily_left = 10
    workers.wait(workers.one, 10)
    workers.clock.advance(QUOTA_LIFE_MS)
    assert MemoryRateSlot(workers.row).asks(workers.row.terms.quota_ms, workers.clock.now_ms())
    assert not workers.wait(workers.other, 10)
    assert not workers.row.terms.held(workers.clock.now_ms())


def test_an_account_that_may_send_nothing_is_asked_again_every_minute(workers):
    workers.ses.per_second = 0.0
    assert not workers.wait(workers.one, 1)
    workers.ses.per_second = 14.0
    assert not workers.wait(workers.one, 1)
    workers.clock.advance(QUOTA_LIFE_MS)
    assert workers.wait(workers.one, 1)


@pytest.mark.parametrize(
    ("call", "answer"), [("RateSlot.slow", SLOW_DOWN), ("RateSlot.hold", ENOUGH_TODAY)]
)
def test_a_limit_that_cannot_be_passed_on_loses_no_answer(workers, caplog, call, answer):
    workers.faults = FailOnce(call, Moment.BEFORE, Throttled(call))
    workers.one.heard([answer])
    assert "not told" in caplog.text
