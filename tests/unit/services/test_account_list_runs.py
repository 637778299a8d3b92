# SPDX-License-Identifier: Apache-2.0
"""SES's whole list, window by window, and what is put on it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.account_list import (
    BEHIND_MS,
    FIRST_MS,
    MIN_STEP_MS,
    STEP_MS,
    Comparison,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import SuppressionReason
from chalicelib.errors import InputError, Throttled, Unavailable
from chalicelib.services.account_list import PACE_MS, TRIES
from tests.support.account_lists import (
    BOUNCE,
    COMPLAINT,
    HOUR_MS,
    READER_AT,
    STRANGER,
    is_listed,
    put,
    queued,
    reasons,
)
from tests.support.faults import FailAlways, FailOnce, Moment


def test_a_run_takes_over_what_ses_has_and_is_the_same_when_repeated(world):
    put(world, STRANGER, BOUNCE, ago_ms=40 * DAY_MS)
    put(world, "Not an address", ago_ms=40 * DAY_MS)
    put(world, READER_AT, ago_ms=2 * DAY_MS)
    sid = world.subscribe(READER_AT)
    found = world.account_list_sync.run()
    assert (found.seen, found.added, found.removed) == (3, 1, 1)
    assert found.done_ms == found.run_ms - BEHIND_MS
    assert reasons(world, STRANGER) == ["bounce"]
    assert not is_listed(world, READER_AT)
    assert not world.state(sid).suppressions
    assert queued(world) == []
    again = world.account_list_sync.run()
    assert (again.seen, again.added, again.removed) == (3, 1, 1)


def test_what_is_heavier_here_stays(world):
    world.suppressions.add(STRANGER, "manual")
    put(world, STRANGER, COMPLAINT, ago_ms=2 * DAY_MS)
    assert world.account_list_sync.run().added == 0
    assert reasons(world, STRANGER) == ["manual"]


def test_what_happened_today_is_left_to_events(world):
    put(world, STRANGER, ago_ms=HOUR_MS)
    assert world.account_list_sync.run().seen == 0
    world.time.advance(DAY_MS)
    assert world.account_list_sync.run().seen == 1


def test_a_window_too_large_for_a_run_is_halved_until_it_fits_and_everybody_is_seen(world):
    world.account_list.page_size = 1
    addresses = [f"stranger{n}@example.org" for n in range(40)]
    for n, address in enumerate(addresses):
        put(world, address, ago_ms=(60 - n) * DAY_MS)
    budget_ms = 12 * PACE_MS
    steps, runs = [], 0
    while True:
        runs += 1
        before = world.account_list_sync.progress()
        after = world.account_list_sync.run(budget_ms)
        assert after.done_ms >= before.done_ms
        steps.append(after.step_ms)
        if queued(world) == []:
            break
        assert runs < 200
    assert min(steps) < STEP_MS
    assert [reasons(world, address) for address in addresses] == [["complaint"]] * 40


def test_an_unfinished_window_moves_nothing_but_the_width(world):
    world.account_list.page_size = 1
    for n in range(30):
        put(world, f"stranger{n}@example.org", ago_ms=2 * DAY_MS)
    after = world.account_list_sync.run(10 * PACE_MS)
    stuck = world.account_list_sync.progress()
    assert stuck.done_ms < stuck.run_ms - 2 * DAY_MS
    assert after == stuck
    assert queued(world) == [{"v": 1, "sync": True}]


def test_the_narrowest_window_does_not_stop_all_after_it(world, caplog):
    """A file that an operator gave SES lists thousands in one second."""
    world.account_list.page_size = 1
    for n in range(30):
        put(world, f"stranger{n}@example.org", ago_ms=2 * DAY_MS)
    put(world, "later@example.org", ago_ms=2 * DAY_MS - HOUR_MS)
    for _ in range(200):
        world.account_list_sync.run(10 * PACE_MS)
        if not queued(world):
            break
    assert reasons(world, "later@example.org") == ["complaint"]
    assert [record.levelname for record in caplog.records if "passed over" in record.message] == [
        "ERROR"
    ]


def test_neither_ses_token_nor_an_address_is_stored_queued_or_logged(world, caplog):
    caplog.set_level("DEBUG")
    world.account_list.page_size = 1
    for n in range(9):
        put(world, f"canary{n}@example.org", ago_ms=2 * DAY_MS)
    put(world, READER_AT, ago_ms=2 * DAY_MS)
    sid = world.subscribe(READER_AT)
    world.account_list_sync.run(4 * PACE_MS)
    world.account_list_sync.ask()
    world.suppressions.add(READER_AT, "bounce")
    world.sign_up(READER_AT)
    stored = repr(world.account_list_rows.comparison) + caplog.text
    bodies = [message.body for message in world.outside_rows.messages]
    assert any("sync" in json.loads(body) for body in bodies)
    assert not [text for text in (stored, *bodies) if "@" in text or "canary" in text]
    assert sid not in stored


def test_calls_keep_our_pace_and_a_throttled_one_is_made_again(world):
    world.account_list.page_size = 1
    for n in range(4):
        put(world, f"stranger{n}@example.org", ago_ms=2 * DAY_MS)
    calls: list[int] = []

    def watch(call: str, moment: Moment) -> None:
        if call == "AccountList.page" and moment is Moment.BEFORE:
            calls.append(world.time.now_ms())
            if len(calls) == 2:
                raise Throttled("slow down")

    world.faults = watch
    assert world.account_list_sync.run().seen == 4
    assert all(later - before >= PACE_MS for before, later in pairwise(calls))


def test_a_run_that_ses_throttles_for_good_keeps_the_windows_it_finished(world):
    put(world, STRANGER, ago_ms=2 * DAY_MS)
    world.faults = FailAlways("AccountList.page", Moment.BEFORE, Throttled("slow down"))
    with pytest.raises(Throttled):
        world.account_list_sync.run()
    assert len(world.time.slept_ms) == TRIES - 1
    world.faults = FailOnce("AccountList.page", Moment.BEFORE, nth=3)
    with pytest.raises(Unavailable):
        world.account_list_sync.run()
    assert world.account_list_sync.progress().done_ms > FIRST_MS
    world.faults = lambda _call, _moment: None
    assert world.account_list_sync.run().added == 1


def test_of_two_runs_one_stops(world):
    put(world, STRANGER, ago_ms=2 * DAY_MS)
    rows = world.account_list_rows

    def overtake(call: str, moment: Moment) -> None:
        if call == "Comparisons.write" and moment is Moment.BEFORE and rows.revision == 0:
            rows.comparison, rows.revision = Comparison(done_ms=FIRST_MS + 5), 7

    world.faults = overtake
    assert world.account_list_sync.run() == Comparison(done_ms=FIRST_MS + 5)
    assert rows.revision == 7


@given(st.integers(0, 3_000), st.booleans())
def test_windows_follow_one_another_and_never_reach_the_present(days, fits):
    comparison = Comparison()
    now_ms = FIRST_MS + BEHIND_MS + days * DAY_MS
    while (window := comparison.window(now_ms)) is not None:
        assert window.since_ms == comparison.done_ms
        assert window.until_ms <= now_ms - BEHIND_MS
        if not fits and window.width_ms > MIN_STEP_MS:
            comparison = comparison.unfinished(window)
            assert comparison.done_ms == window.since_ms
        else:
            comparison = comparison.finished(window)
            fits = True
    assert comparison.done_ms == max(FIRST_MS, now_ms - BEHIND_MS)


# Outbound.


@pytest.mark.parametrize("reason", [BOUNCE, COMPLAINT])
@pytest.mark.parametrize("waits", [True, False])
def test_a_bounce_or_complaint_goes_to_ses_too(world, reason, waits):
    assert world.account_list_sync.outbound(STRANGER, reason, waits=waits)
    assert world.account_list_rows.listed[STRANGER].reason is reason


@pytest.mark.parametrize(
    "reason",
    [SuppressionReason.MANUAL, SuppressionReason.UNSUBSCRIBED, SuppressionReason.ERASED],
)
def test_nothing_else_goes_to_ses(world, reason):
    assert not world.account_list_sync.outbound(STRANGER, reason)
    assert not world.account_list_rows.listed


def test_who_is_there_for_as_much_keeps_their_date_and_a_complaint_outweighs_a_bounce(world):
    put(world, STRANGER, BOUNCE, ago_ms=HOUR_MS)
    before = dict(world.account_list_rows.listed)
    assert world.account_list_sync.outbound(STRANGER, BOUNCE)
    assert world.account_list_rows.listed == before
    assert world.account_list_sync.outbound(STRANGER, COMPLAINT)
    assert world.account_list_rows.listed[STRANGER].reason is COMPLAINT
    assert world.account_list_sync.outbound(STRANGER, BOUNCE)
    assert world.account_list_rows.listed[STRANGER].reason is COMPLAINT


def test_who_somebody_waits_for_is_asked_for_once_and_at_once(world):
    world.faults = FailAlways("AccountList.get", Moment.BEFORE, Throttled("slow down"))
    assert not world.account_list_sync.outbound(STRANGER, BOUNCE, waits=False)
    assert world.time.slept_ms == []
    assert not world.account_list_sync.outbound(STRANGER, BOUNCE)
    assert len(world.time.slept_ms) == TRIES - 1


def test_ses_out_of_reach_refuses_nothing(world):
    world.faults = FailAlways("AccountList.get", Moment.BEFORE, Unavailable("down"))
    assert not world.account_list_sync.outbound(STRANGER, BOUNCE)
    with pytest.raises(InputError):
        world.account_list_sync.outbound("nobody", BOUNCE)
