# SPDX-License-Identifier: Apache-2.0
"""`ports.runs.RunStore` as promised, by the fake and by DynamoDB's adapter alike."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import ChunkStatus, Progress
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.errors import Conflict, FatalError, Unavailable
from tests.support.clock import START_MS
from tests.support.faults import Moment
from tests.support.run_stores import (
    CAMPAIGN,
    LEASE_MS,
    PAIR,
    RUN,
    YEAR_MS,
    row,
    rows_of,
    settled,
)

DISPATCHED, OPEN, SENT = Code.DISPATCHED, Code.OPEN, Code.SENT


# The lease of a run


def test_a_run_is_leased_by_one_at_a_time(stores):
    assert stores.runs.lease(RUN, "a", START_MS, LEASE_MS) == 1
    assert stores.runs.lease(RUN, "a", START_MS, LEASE_MS) == 1
    with pytest.raises(Conflict):
        stores.runs.lease(RUN, "b", START_MS + LEASE_MS, LEASE_MS)
    assert stores.runs.lease(replace(RUN, first=16), "b", START_MS, LEASE_MS) == 1
    assert stores.runs.lease(replace(RUN, shard="4"), "b", START_MS, LEASE_MS) == 1


def test_a_lease_that_ended_is_counted_as_a_try_without_an_end(stores):
    for tries in range(1, 5):
        now_ms = START_MS + tries * (LEASE_MS + 1)
        assert stores.runs.lease(RUN, f"owner-{tries}", now_ms, LEASE_MS) == tries


def test_a_run_given_back_is_free_at_once_and_counts_only_when_it_is_to(stores):
    assert stores.runs.lease(RUN, "a", START_MS, LEASE_MS) == 1
    stores.runs.close(RUN, "a", counted=False)
    stores.runs.close(RUN, "a", counted=False)
    assert stores.runs.lease(RUN, "b", START_MS, LEASE_MS) == 1
    stores.runs.close(RUN, "b", counted=True)
    assert stores.runs.lease(RUN, "c", START_MS, LEASE_MS) == 2


def test_only_its_own_lease_is_given_back(stores):
    stores.runs.close(RUN, "nobody", counted=False)
    stores.runs.lease(RUN, "a", START_MS, LEASE_MS)
    stores.runs.close(RUN, "b", counted=False)
    with pytest.raises(Conflict):
        stores.runs.lease(RUN, "b", START_MS, LEASE_MS)


def test_a_lease_gives_no_right_to_send_and_takes_none_away(stores):
    mark = stores.mark("a")
    stores.runs.lease(RUN, "b", START_MS, LEASE_MS)
    stores.runs.dispatch(mark, rows_of(mark))
    with pytest.raises(Conflict):
        stores.runs.dispatch(replace(mark, owner="b"), rows_of(mark))


# The mark


def test_a_run_nobody_touched_is_open_whatever_its_size(stores):
    views = stores.runs.view(RUN)
    assert [view.chunk for view in views] == list(RUN.chunks)
    assert all(view.free(START_MS) and not view.finished for view in views)
    assert views[3].codes_of(7) == bytes(7)


def test_a_view_shows_its_own_chunks_alone(stores):
    stores.dispatched("a")
    assert stores.view().status is ChunkStatus.DISPATCHED
    assert stores.runs.view(replace(RUN, first=1))[0].status is None
    assert stores.runs.view(replace(RUN, shard="4"))[0].status is None


@pytest.mark.parametrize("skew_ms", [-300_000, 0, 300_000])
def test_of_marks_made_from_one_view_exactly_one_is_written(stores, skew_ms):
    marks = [stores.mark("a"), stores.mark("b", at_ms=START_MS + skew_ms), stores.mark("c")]
    written = []
    for mark in reversed(marks):
        try:
            stores.runs.dispatch(mark, rows_of(mark))
            written.append(mark)
        except Conflict:
            continue
    assert written == marks[-1:]


def test_a_dispatched_chunk_is_never_marked_again(stores):
    old = stores.mark("b")
    mark = stores.dispatched("a")
    for later_ms in (0, YEAR_MS):
        assert not stores.view().free(START_MS + later_ms)
        with pytest.raises(FatalError):
            stores.mark("b", at_ms=START_MS + later_ms)
        with pytest.raises(Conflict):
            stores.runs.dispatch(replace(old, at_ms=START_MS + later_ms), rows_of(old))
    stores.accounts.expire(CAMPAIGN, "3", START_MS + YEAR_MS)
    assert not stores.view().free(START_MS + YEAR_MS)
    stores.runs.commit(mark, settled(SENT, SENT))
    assert not stores.view().free(START_MS + YEAR_MS)
    with pytest.raises(Conflict):
        stores.runs.dispatch(old, rows_of(old))


def test_a_view_from_before_a_mark_that_was_given_back_is_past(stores):
    stale = stores.mark("b")
    stores.runs.release(stores.dispatched("a"))
    with pytest.raises(Conflict):
        stores.runs.dispatch(stale, rows_of(stale))
    fresh = stores.mark("b")
    stores.runs.dispatch(fresh, rows_of(fresh))


def test_a_mark_repeated_by_the_sdk_is_one_and_a_second_one_is_refused(stores):
    mark = stores.dispatched("a")
    stores.runs.dispatch(mark, rows_of(mark))
    with pytest.raises(Conflict):
        stores.runs.dispatch(replace(mark, at_ms=START_MS + 1), rows_of(mark))
    with pytest.raises(Conflict):
        stores.runs.dispatch(replace(mark, owner="b"), rows_of(mark))
    stores.runs.commit(mark, settled(SENT, SENT))
    with pytest.raises(Conflict):
        stores.runs.dispatch(mark, rows_of(mark))


def test_a_mark_repeated_after_its_chunk_was_called_unknown_sends_nobody(stores):
    mark = stores.dispatched("a")
    stores.accounts.expire(CAMPAIGN, "3", START_MS + 1)
    with pytest.raises(Conflict):
        stores.runs.dispatch(mark, rows_of(mark))


def test_a_mark_writes_every_delivery_before_anything_is_sent(stores):
    mark = stores.mark("a", bytes((DISPATCHED,)) * 50)
    stores.runs.dispatch(mark, rows_of(mark))
    for each in rows_of(mark):
        seen = stores.deliveries.delivery(each.delivery)
        assert seen is not None
        assert (seen.row, seen.event) == (each, None)
    with pytest.raises(FatalError):
        stores.runs.dispatch(stores.mark("a", PAIR, number=1), (row(),))


def test_a_mark_of_nobody_is_the_whole_outcome(stores):
    mark = stores.mark("a", bytes((Code.NO_CONSENT, Code.FAILED, Code.CANCELLED)))
    stores.runs.dispatch(mark, ())
    stores.runs.dispatch(mark, ())
    assert stores.view().finished
    assert stores.progress() == Progress(
        skipped={"cancelled": 1, "failed": 1, "no-consent": 1}, first_ms=START_MS, last_ms=START_MS
    )


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["RunStore.dispatch", "RunStore.dispatch_rows"])
def test_a_mark_whose_answer_is_lost_is_given_back_whether_it_was_written_or_not(
    stores, call, moment
):
    mark = stores.mark("a")
    stores.strike.arm(call, moment)
    with pytest.raises(Unavailable):
        stores.runs.dispatch(mark, rows_of(mark))
    stores.runs.release(mark)
    stores.runs.release(mark)
    again = stores.mark("b")
    stores.runs.dispatch(again, rows_of(again))
    stores.runs.commit(again, settled(SENT, SENT))
    assert stores.progress().sent == 2


# What came of it


def test_an_outcome_is_kept_person_by_person(stores):
    codes = bytes((DISPATCHED, Code.NO_CONSENT, DISPATCHED, DISPATCHED))
    mark = stores.dispatched("a", codes)
    outcome = settled(SENT, Code.NO_CONSENT, Code.REJECTED, Code.UNKNOWN, ids=("0100-a",))
    stores.runs.commit(mark, outcome)
    view = stores.view()
    assert (view.codes, view.message_ids) == (outcome.codes, ("0100-a",))
    assert (view.status, view.free(START_MS)) == (ChunkStatus.UNKNOWN, False)
    assert stores.progress() == Progress(
        sent=1,
        rejected=1,
        unknown=1,
        skipped={"no-consent": 1},
        first_ms=START_MS + 500,
        last_ms=START_MS + 500,
    )


@pytest.mark.parametrize("moment", list(Moment))
def test_a_commit_whose_answer_is_lost_is_told_again_and_counts_once(stores, moment):
    mark = stores.dispatched("a")
    stores.strike.arm("RunStore.commit", moment)
    outcome = settled(SENT, Code.REJECTED, ids=("0100-a",))
    with pytest.raises(Unavailable):
        stores.runs.commit(mark, outcome)
    stores.runs.commit(mark, outcome)
    stores.runs.commit(mark, outcome)
    assert (stores.progress().sent, stores.progress().rejected) == (1, 1)


def test_nobody_is_told_an_outcome_without_a_mark(stores):
    mark = stores.mark("a")
    with pytest.raises(Conflict):
        stores.runs.commit(mark, settled(SENT, SENT))
    written = stores.dispatched("a")
    with pytest.raises(Conflict):
        stores.runs.commit(replace(written, owner="b"), settled(SENT, SENT))
    assert stores.progress().accounted == 0


@pytest.mark.parametrize(
    "wrong",
    [
        settled(SENT),
        settled(SENT, DISPATCHED, Code.NO_CONSENT),
        settled(SENT, SENT, SENT),
        settled(SENT, OPEN, OPEN),
        settled(SENT, Code.UNSENT, Code.NO_CONSENT),
        settled(Code.REJECTED, SENT, Code.NO_CONSENT, ids=("0100-a",)),
        settled(SENT, SENT, Code.NO_CONSENT, ids=("0100-a", None, None, "0100-b")),
    ],
)
def test_an_outcome_that_cannot_have_come_of_the_mark_is_not_written(stores, wrong):
    mark = stores.dispatched("a", bytes((DISPATCHED, DISPATCHED, Code.NO_CONSENT)))
    with pytest.raises(FatalError):
        stores.runs.commit(mark, wrong)
    assert stores.view().status is ChunkStatus.DISPATCHED


def test_who_was_not_taken_is_open_to_the_next_mark_and_the_others_stay_what_they_are(stores):
    first = stores.dispatched("a", bytes((DISPATCHED, DISPATCHED, Code.NO_CONSENT)))
    stores.runs.commit(first, settled(SENT, OPEN, Code.NO_CONSENT, ids=("0100-a",)))
    assert stores.view().status is ChunkStatus.PARTIAL
    assert stores.accounts.finished(CAMPAIGN, "3") == frozenset()
    with pytest.raises(FatalError):
        stores.mark("b", bytes((DISPATCHED, DISPATCHED, Code.NO_CONSENT)))
    second = stores.dispatched("b", bytes((SENT, DISPATCHED, Code.NO_CONSENT)))
    for late in (
        lambda: stores.runs.commit(first, settled(SENT, SENT, Code.NO_CONSENT)),
        lambda: stores.runs.dispatch(first, rows_of(first)),
    ):
        with pytest.raises(Conflict):
            late()
    stores.runs.release(first)
    assert stores.view().status is ChunkStatus.DISPATCHED
    stores.runs.commit(
        second, settled(SENT, SENT, Code.NO_CONSENT, ids=(None, "0100-b"), at_ms=400)
    )
    assert stores.view().message_ids == ("0100-a", "0100-b")
    assert stores.progress() == Progress(
        sent=2, skipped={"no-consent": 1}, first_ms=START_MS + 900, last_ms=START_MS + 900
    )


def test_a_mark_given_back_opens_those_dispatched_alone(stores):
    mark = stores.dispatched("a", bytes((DISPATCHED, Code.NO_CONSENT)))
    stores.runs.release(mark)
    assert stores.view().codes == bytes((OPEN, Code.NO_CONSENT))
    with pytest.raises(Conflict):
        stores.runs.commit(mark, settled(SENT, Code.NO_CONSENT))
    with pytest.raises(Conflict):
        stores.runs.dispatch(mark, rows_of(mark))


def test_what_is_done_or_unknown_is_never_given_back(stores):
    mark = stores.dispatched("a")
    stores.accounts.expire(CAMPAIGN, "3", START_MS + 1)
    with pytest.raises(Conflict):
        stores.runs.release(mark)
    stores.runs.commit(mark, settled(SENT, SENT))
    with pytest.raises(Conflict):
        stores.runs.release(mark)
    assert stores.progress().sent == 2


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("call", ["RunStore.lease", "RunStore.release"])
def test_a_step_whose_answer_is_lost_can_be_repeated(stores, call, moment):
    mark = stores.dispatched("a")
    steps = {
        "RunStore.lease": lambda: stores.runs.lease(RUN, "a", START_MS, LEASE_MS),
        "RunStore.release": lambda: stores.runs.release(mark),
    }
    stores.strike.arm(call, moment)
    with pytest.raises(Unavailable):
        steps[call]()
    assert steps[call]() in (None, 1)
