# SPDX-License-Identifier: Apache-2.0
"""Runs name the same chunks however often they are made, and a mark takes nobody's outcome."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.campaigns import ChunkRef, ChunkStatus
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.outcomes import status_of
from chalicelib.domain.runs import ChunkView, Mark, RunRef, Totals, joined, runs_of
from chalicelib.errors import FatalError

CAMPAIGN = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")
RUN = RunRef(campaign=CAMPAIGN, shard="3", first=16, count=4)
CHUNK = RUN.chunks[0]


def view(*codes: Code) -> ChunkView:
    status = status_of(bytes(codes))
    return ChunkView(chunk=CHUNK, version=2, status=status, round=1, codes=bytes(codes))


def mark(of: ChunkView, *codes: Code) -> Mark:
    return Mark(view=of, owner="a", codes=bytes(codes), at_ms=0)


def test_a_run_names_one_to_sixteen_chunks_of_a_shard() -> None:
    assert [chunk.number for chunk in RUN.chunks] == [16, 17, 18, 19]
    assert ChunkRef(campaign=CAMPAIGN, shard="3", number=19) == RUN.chunks[3]
    with pytest.raises(FatalError):
        replace(RUN, count=0)
    with pytest.raises(FatalError):
        replace(RUN, count=17)
    with pytest.raises(FatalError):
        replace(RUN, first=-1)
    with pytest.raises(FatalError):
        replace(RUN, shard="g")


@given(st.integers(0, 100), st.sets(st.integers(0, 100)))
def test_runs_hold_every_unfinished_chunk_once_and_never_move(
    chunks: int, finished: set[int]
) -> None:
    runs = runs_of(CAMPAIGN, "3", chunks, finished)
    numbers = [chunk.number for run in runs for chunk in run.chunks]
    assert len(numbers) == len(set(numbers))
    assert set(range(chunks)) - finished <= set(numbers) <= set(range(chunks))
    assert set(runs) <= set(runs_of(CAMPAIGN, "3", chunks))
    assert not set(finished) >= set(range(chunks)) or not runs


def test_a_mark_decides_for_open_people_alone() -> None:
    partial = view(Code.SENT, Code.OPEN, Code.OPEN)
    made = mark(partial, Code.SENT, Code.DISPATCHED, Code.NO_CONSENT)
    assert (made.people, made.round, made.chunk) == (1, 2, CHUNK)
    assert made.holds(replace(partial, owner="a", round=2))
    assert not made.holds(replace(partial, owner="b", round=2))
    assert not made.holds(replace(partial, owner="a", round=1))
    for wrong in (
        (Code.DISPATCHED, Code.DISPATCHED, Code.OPEN),
        (Code.SENT, Code.SENT, Code.OPEN),
        (Code.SENT, Code.UNKNOWN, Code.OPEN),
        (Code.SENT, Code.OPEN),
    ):
        with pytest.raises(FatalError):
            mark(partial, *wrong)


@pytest.mark.parametrize("code", [Code.DISPATCHED, Code.UNKNOWN, Code.SENT])
def test_a_chunk_that_is_not_free_is_not_marked(code: Code) -> None:
    with pytest.raises(FatalError):
        mark(view(code), code)


def test_a_chunk_and_its_manifest_name_the_same_people() -> None:
    former = ChunkView(chunk=CHUNK, version=1, status=ChunkStatus.PARTIAL, unsettled=(2,))
    assert former.codes_of(3) == bytes((Code.EARLIER, Code.EARLIER, Code.OPEN))
    with pytest.raises(FatalError):
        former.codes_of(2)
    with pytest.raises(FatalError):
        view(Code.OPEN).codes_of(2)
    done = ChunkView(chunk=CHUNK, version=1, status=ChunkStatus.DONE)
    assert done.codes_of(2) == bytes((Code.EARLIER, Code.EARLIER))


def test_message_ids_of_two_accounts_are_joined_by_place() -> None:
    assert joined((), ()) == ()
    assert joined(("a",), (None, "b")) == ("a", "b")
    assert joined(("a", None, "c"), ("x", "b")) == ("a", "b", "c")


def test_a_plan_is_whole_when_every_shard_is_planned() -> None:
    part = Totals(people=dict.fromkeys(SHARDS[:15], 2))
    assert (part.planned, part.whole) == (30, False)
    assert Totals(people={**part.people, "f": 0}).whole
