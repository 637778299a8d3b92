# SPDX-License-Identifier: Apache-2.0
"""What leaves in any second or more is at most the quota and one call, however workers stumble."""

import heapq
from dataclasses import replace
from itertools import accumulate, cycle

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.domain.rate import LATE_MS, ON_THE_WAY_MS, SHARE, WINDOW_MS, Quota, interval_us
from chalicelib.services.pacing import TELLING_MS
from tests.support.clock import START_MS
from tests.support.memory_rate import MemoryRateSlot


def sent(quota, sizes, jitter_ms, workers, until_ms, slow_at=(), moves=True, telling_ms=int):
    """Play workers that reserve, wait, stumble, and move slots or reserve again when too late.

    Args:
        sizes: recipients of each call in turn, over and over.
        jitter_ms: returns how long after its slot a worker is ready to call.
        moves: whether who is late moves the slots behind it before it reserves again.
        telling_ms: returns how long that took.

    Returns:
        (when, recipients) of each call, in order, milliseconds from the first reservation.
    """
    slot = MemoryRateSlot()
    slot.note(Quota(per_second=quota), START_MS)
    ready = [(START_MS, worker, sizes[worker % len(sizes)], None) for worker in range(workers)]
    calls, asked = [], workers
    throttles = sorted(slow_at)
    while ready and ready[0][0] < START_MS + until_ms:
        now_ms, worker, recipients, held = heapq.heappop(ready)
        while throttles and START_MS + throttles[0] <= now_ms:
            slot.slow(START_MS + throttles.pop(0))
        if held is not None and moves and held.missed(now_ms):
            goes_ms, latest_ms = now_ms + TELLING_MS, held.start_ms + WINDOW_MS
            if slot.charge(held.late(goes_ms), now_ms, latest_ms):
                held = replace(held, start_ms=goes_ms)
            now_ms += telling_ms()
        if held is not None and not held.missed(now_ms):
            calls.append((now_ms - START_MS, recipients))
            recipients = sizes[asked % len(sizes)]
            asked += 1
        held = slot.reserve(recipients, now_ms)
        heapq.heappush(ready, (held.start_ms + jitter_ms(recipients), worker, recipients, held))
    return sorted(calls)


def worst_excess(calls, quota):
    """Recipients above quota · w and one call, in the worst window of one second or more."""
    most = max(recipients for _, recipients in calls)
    before = [0, *accumulate(recipients for _, recipients in calls)]
    return max(
        before[last + 1] - before[first] - quota * max(1_000, end - start) / 1_000 - most
        for first, (start, _) in enumerate(calls)
        for last, (end, _) in enumerate(calls[first:], first)
    )


@settings(max_examples=400)
@given(
    quota=st.floats(1.0, 600.0),
    dice=st.randoms(use_true_random=False),
    workers=st.integers(1, 6),
    whole=st.booleans(),
    slow_at=st.lists(st.integers(0, 4_000), max_size=4),
    moves=st.booleans(),
)
def test_no_window_holds_more_than_the_quota_and_one_call(
    quota, dice, workers, whole, slow_at, moves
):
    """Workers come up to one slot late; who is too late moves those behind, or reserves again."""
    most = max(1, min(50, int(quota)))
    sizes = [most] if whole else [dice.randint(1, most) for _ in range(20)]

    def stumble(recipients):
        one_slot_ms = interval_us(recipients, quota * SHARE) // 1_000
        if dice.random() < 0.2:
            return dice.randint(0, one_slot_ms)
        return dice.choice((0, min(LATE_MS, one_slot_ms)))

    until_ms = 5_000 if most > 3 else 20_000

    def telling_ms():
        return dice.choice((0, TELLING_MS, TELLING_MS + LATE_MS, 30))

    calls = sent(quota, sizes, stumble, workers, until_ms, slow_at, moves, telling_ms)
    assume(calls)  # Dice may have everybody late every time.
    assert worst_excess(calls, quota) <= 1e-6


@pytest.mark.parametrize("quota", [14.0, 50.0, 500.0])
@pytest.mark.parametrize("late_ms", [(0,), (LATE_MS, 0), (0, 3, LATE_MS, 4, 0)])
def test_a_minute_of_sending_uses_the_quota(quota, late_ms):
    stumbles = cycle(late_ms)
    calls = sent(quota, [min(50, int(quota))], lambda _: next(stumbles), 3, 66_000)
    minute = sum(recipients for at_ms, recipients in calls if 5_000 <= at_ms < 65_000)
    assert 0.98 * quota * 60 <= minute <= quota * 60
    assert worst_excess([call for call in calls if call[0] < 20_000], quota) <= 0


@pytest.mark.parametrize("late_ms", [15, 60, 150])
def test_calls_that_are_late_now_and_then_cost_no_slot_where_many_go_each_second(late_ms):
    """One call in fifty late: those behind make room, and a minute still uses the quota."""
    stumbles = cycle([late_ms] + [2] * 49)
    calls = sent(500.0, [50], lambda _: next(stumbles), 7, 66_000)
    minute = sum(recipients for at_ms, recipients in calls if 5_000 <= at_ms < 65_000)
    lost = (late_ms + TELLING_MS + 2) / (50 * 101)
    assert minute >= SHARE * (1 - lost) * 500 * 60 - 50
    assert worst_excess(calls, 500.0) <= 0


def test_the_room_for_late_calls_is_what_the_share_leaves_in_a_second():
    """A start is rounded up by less than a millisecond, which is part of the lateness."""
    late_ms = LATE_MS + ON_THE_WAY_MS + 1
    assert (1_000 + late_ms) * SHARE <= 1_000 < (1_000 + late_ms + 1) * SHARE


def test_a_window_is_passed_where_late_calls_are_made_all_the_same():
    """Why `Slot.missed` exists: one call late by a third of its slot, the next ones on time."""
    slot = MemoryRateSlot()
    slot.note(Quota(per_second=50.0), START_MS)
    starts = [slot.reserve(50, START_MS).start_ms - START_MS for _ in range(3)]
    calls = [(start + late_ms, 50) for start, late_ms in zip(starts, (340, 0, 0), strict=True)]
    assert worst_excess(calls, 50.0) > 0
