# SPDX-License-Identifier: Apache-2.0
"""Campaigns that version 1 of the protocol left in flight are finished by version 2."""

import pytest

from chalicelib.domain.campaigns import ChunkStatus, Progress
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.runs import MessagePlace
from tests.support.clock import START_MS
from tests.support.former_port import ChunkResult, Claim
from tests.support.run_stores import (
    CAMPAIGN,
    CHUNK,
    NEW_ID,
    YEAR_MS,
    row,
    rows_of,
    settled,
)

DISPATCHED, OPEN, SENT = Code.DISPATCHED, Code.OPEN, Code.SENT


def former_result(sent: int, *unsettled: int, **skipped: int) -> ChunkResult:
    return ChunkResult(
        sent=sent,
        rejected=0,
        unknown=0,
        skipped=skipped,
        message_ids=("0100-a",) if sent else (),
        at_ms=START_MS + 100,
        unsettled=unsettled,
    )


def test_a_claim_of_version_1_is_taken_over_once_its_lease_ended(stores):
    stores.former.claim(CHUNK, "old", START_MS, 60_000)
    assert not stores.view().free(START_MS + 60_000)
    assert stores.view().free(START_MS + 60_001)
    stores.dispatched("new", at_ms=START_MS + 60_001)
    for step in (
        lambda: stores.former.dispatch(CHUNK, "old", (row(),), START_MS + 60_002),
        lambda: stores.former.commit(CHUNK, "old", former_result(0, withdrawn=2)),
        lambda: stores.former.release(CHUNK, "old"),
    ):
        with pytest.raises((Conflict, FatalError)):
            step()
    assert stores.view().status is ChunkStatus.DISPATCHED


def test_a_claim_of_version_1_that_was_used_since_the_view_is_not_taken_over(stores):
    stores.former.claim(CHUNK, "old", START_MS, 60_000)
    mark = stores.mark("new")
    stores.former.dispatch(CHUNK, "old", (row(),), START_MS)
    with pytest.raises(Conflict):
        stores.runs.dispatch(mark, rows_of(mark))
    stores.former.release(CHUNK, "old")
    stores.former.claim(CHUNK, "older", START_MS, 60_000)
    with pytest.raises(Conflict):
        stores.runs.dispatch(mark, rows_of(mark))


def test_a_chunk_never_seen_by_version_1_is_closed_to_it_once_marked(stores):
    stores.dispatched("new")
    try:
        claim = stores.former.claim(CHUNK, "old", START_MS + YEAR_MS, 60_000)
    except (Conflict, FatalError):
        claim = None
    assert claim is None
    with pytest.raises((Conflict, FatalError)):
        stores.former.dispatch(CHUNK, "old", (row(),), START_MS + YEAR_MS)


def test_a_chunk_version_1_settled_in_part_is_finished_and_counted_once(stores):
    assert stores.former.claim(CHUNK, "old", START_MS, 60_000) == Claim()
    stores.former.dispatch(CHUNK, "old", (row(0), row(1)), START_MS, {"withdrawn": 1})
    stores.former.commit(CHUNK, "old", former_result(1, 1, withdrawn=1))
    stores.former.planned(CAMPAIGN, "3", 3)
    view = stores.view()
    assert view.codes_of(3) == bytes((Code.EARLIER, OPEN, Code.EARLIER))
    mark = stores.dispatched("new", bytes((Code.EARLIER, DISPATCHED, Code.EARLIER)))
    assert (stores.progress().sent, stores.progress().skipped) == (1, {"withdrawn": 1})
    stores.runs.commit(
        mark, settled(Code.EARLIER, SENT, Code.EARLIER, ids=(None, NEW_ID.format(1)))
    )
    assert stores.progress() == Progress(
        planned=3,
        sent=2,
        skipped={"withdrawn": 1},
        first_ms=START_MS + 100,
        last_ms=START_MS + 500,
    )
    assert stores.view().message_ids == ("0100-a", NEW_ID.format(1))
    assert stores.accounts.find_message(CAMPAIGN, "0100-a") == MessagePlace(chunk=CHUNK, place=0)


def test_what_version_1_dispatched_is_called_unknown_and_its_worker_may_still_tell(stores):
    stores.former.claim(CHUNK, "old", START_MS, 60_000)
    stores.former.dispatch(CHUNK, "old", (row(0), row(1)), START_MS, {"withdrawn": 1})
    assert not stores.view().free(START_MS + YEAR_MS)
    with pytest.raises(FatalError):
        stores.mark("new")
    assert stores.accounts.expire(CAMPAIGN, "3", START_MS + 1) == 1
    assert (stores.progress().unknown, stores.progress().skipped) == (2, {"withdrawn": 1})
    assert stores.accounts.finished(CAMPAIGN, "3") == {0}
    with pytest.raises(FatalError):
        stores.accounts.resolve(stores.view(), {0: Code.RESOLVED_SENT})
    stores.former.commit(CHUNK, "old", former_result(2, withdrawn=1))
    assert (stores.progress().sent, stores.progress().unknown) == (2, 0)


def test_totals_of_version_1_stand_until_the_shard_is_planned_again(stores):
    stores.former.planned(CAMPAIGN, "3", 4)
    stores.former.planned(CAMPAIGN, "4", 5)
    stores.totals.planned(CAMPAIGN, "3", 4)
    counted, shards = stores.accounts.progress(CAMPAIGN)
    assert (counted.progress.planned, shards) == (9, 2)
