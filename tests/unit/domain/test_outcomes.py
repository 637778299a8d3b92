# SPDX-License-Identifier: Apache-2.0
"""Outcomes only become better known, two accounts merge to one, and everybody is counted once."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.campaigns import ChunkStatus, Progress
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.outcomes import (
    CLOCKS_APART_MS,
    CODE_OF,
    NEXT,
    REASON_OF,
    Counted,
    Tally,
    expired,
    given_back,
    merge,
    require_codes,
    require_steps,
    resolve,
    status_of,
    tell,
)
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.tempo import WINDOW_MS, Commit
from chalicelib.errors import Conflict, FatalError

EVERY = tuple(Code)
CODES = st.sampled_from(EVERY)
ACCOUNTS = st.integers(1, 8).flatmap(
    lambda people: st.tuples(*[st.lists(CODES, min_size=people, max_size=people).map(bytes)] * 3)
)


def test_the_numbers_stored_are_these_for_ever() -> None:
    assert {code.name: int(code) for code in Code} == {
        "OPEN": 0,
        "DISPATCHED": 1,
        "SENT": 2,
        "REJECTED": 3,
        "UNKNOWN": 4,
        "RESOLVED_SENT": 5,
        "UNSENT": 6,
        "FAILED": 7,
        "EARLIER": 8,
        "ERASED": 16,
        "RESTRICTED": 17,
        "SUPPRESSED": 18,
        "OBJECTED": 19,
        "NO_CONSENT": 20,
        "WEAK_EVIDENCE": 21,
        "NO_PROFILE": 22,
        "UNREADABLE": 23,
        "RENDERING": 24,
        "CANCELLED": 25,
        "PAUSED": 26,
        "FREQUENCY": 27,
        "RESTING": 28,
        "DOMAIN_STOPPED": 29,
    }


def test_each_reason_has_a_number_of_its_own() -> None:
    assert set(CODE_OF) == set(SkipReason)
    assert {REASON_OF[code] for code in CODE_OF.values()} == set(SkipReason)
    assert min(CODE_OF.values()) == 16


def test_every_step_but_giving_back_leads_to_what_is_better_known() -> None:
    for old, after in NEXT.items():
        for new in after - {Code.OPEN}:
            assert merge(bytes((old,)), bytes((new,))) == bytes((new,))
    assert [old for old, after in NEXT.items() if Code.OPEN in after] == [Code.DISPATCHED]


def test_no_steps_lead_from_a_call_that_may_have_been_made_to_another_call() -> None:
    reached = set(NEXT[Code.UNKNOWN])
    for _ in EVERY:
        reached |= {new for old in reached for new in NEXT.get(old, ())}
    assert not reached & {Code.OPEN, Code.DISPATCHED}


@pytest.mark.parametrize("final", [Code.SENT, Code.REJECTED, Code.FAILED, Code.EARLIER, *REASON_OF])
def test_what_is_final_stays(final: Code) -> None:
    assert final not in NEXT
    for other in set(EVERY) - {final}:
        with pytest.raises(FatalError):
            require_steps(bytes((final,)), bytes((other,)))
    require_steps(bytes((final,)), bytes((final,)))


@given(ACCOUNTS)
def test_merging_commutes_associates_and_repeats_without_effect(
    accounts: tuple[bytes, bytes, bytes],
) -> None:
    one, two, three = accounts
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, one) == one
    assert merge(merge(one, two), two) == merge(one, two)


TOLD = st.sampled_from((Code.SENT, Code.REJECTED, Code.UNKNOWN, Code.OPEN, Code.NO_CONSENT))
EVENTS = st.sampled_from((None, Code.RESOLVED_SENT, Code.UNSENT))


@given(st.lists(st.tuples(TOLD, EVENTS), min_size=1, max_size=8))
def test_a_late_worker_and_events_agree_in_any_order(
    people: list[tuple[Code, Code | None]],
) -> None:
    lost = bytes((Code.UNKNOWN,)) * len(people)
    told = bytes(worker for worker, _ in people)
    # No event tells of a message that SES surely did not take.
    consistent = {
        place: event
        for place, (worker, event) in enumerate(people)
        if event is not None and (worker in (Code.SENT, Code.UNKNOWN) or event is Code.UNSENT)
    }
    first = tell(resolve(lost, consistent), told)
    second = resolve(tell(lost, told), consistent)
    assert first == second
    require_steps(lost, first)


@given(st.lists(CODES, min_size=1, max_size=8).map(bytes))
def test_a_lost_chunk_and_one_given_back_change_those_dispatched_alone(codes: bytes) -> None:
    require_steps(codes, expired(codes))
    require_steps(codes, given_back(codes))
    pairs = [(old, new) for old, new in zip(codes, expired(codes), strict=True) if old != new]
    assert set(pairs) <= {(Code.DISPATCHED, Code.UNKNOWN)}
    assert Code.DISPATCHED not in expired(codes) + given_back(codes)


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((Code.DISPATCHED, Code.OPEN, Code.UNKNOWN, Code.SENT), ChunkStatus.DISPATCHED),
        ((Code.OPEN, Code.UNKNOWN, Code.SENT), ChunkStatus.PARTIAL),
        ((Code.UNKNOWN, Code.SENT), ChunkStatus.UNKNOWN),
        ((Code.SENT, Code.UNSENT, Code.EARLIER, Code.ERASED), ChunkStatus.DONE),
    ],
)
def test_peoples_outcomes_alone_say_where_their_chunk_is(
    codes: tuple[Code, ...], status: ChunkStatus
) -> None:
    assert status_of(bytes(codes)) is status


def test_nothing_is_told_of_a_chunk_that_was_given_back() -> None:
    with pytest.raises(Conflict):
        tell(bytes((Code.OPEN,)), bytes((Code.SENT,)))
    assert tell(bytes((Code.OPEN,)), bytes((Code.OPEN,))) == bytes((Code.OPEN,))


def test_who_was_not_taken_is_open_again_but_for_a_chunk_called_unknown() -> None:
    stored = bytes((Code.DISPATCHED, Code.DISPATCHED, Code.RESOLVED_SENT))
    told = bytes((Code.OPEN, Code.SENT, Code.UNKNOWN))
    assert tell(stored, told) == bytes((Code.OPEN, Code.SENT, Code.RESOLVED_SENT))
    assert tell(expired(stored), told) == bytes((Code.UNSENT, Code.SENT, Code.RESOLVED_SENT))


def test_a_code_of_a_later_version_is_never_guessed_at() -> None:
    assert require_codes(bytes(EVERY)) == bytes(EVERY)
    for unknown in set(range(256)) - set(EVERY):
        with pytest.raises(FatalError):
            require_codes(bytes((Code.SENT, unknown)))


@pytest.mark.parametrize("join", [require_steps, merge, tell])
def test_nobody_is_added_or_left_out(join: Callable[[bytes, bytes], object]) -> None:
    with pytest.raises(FatalError):
        join(b"\0\0", b"\0")


@given(st.lists(st.lists(CODES, max_size=8).map(bytes), max_size=6))
def test_everybody_is_counted_once_or_not_yet(chunks: list[bytes]) -> None:
    tally = Tally()
    for codes in chunks:
        tally.add(codes, None)
    people = b"".join(chunks)
    counted = tally.counted(len(people))
    elsewhere = people.count(Code.OPEN) + people.count(Code.EARLIER)
    assert counted.progress.accounted + counted.dispatched + elsewhere == len(people)
    assert 0 not in counted.progress.skipped.values()


def test_counts_of_rows_without_codes_are_added() -> None:
    tally = Tally()
    tally.add(bytes((Code.SENT, Code.RESOLVED_SENT, Code.FAILED, Code.CANCELLED)), 30)
    old = Progress(sent=2, rejected=1, skipped={"cancelled": 1}, first_ms=10, last_ms=20)
    assert tally.counted(8, old) == Counted(
        progress=Progress(
            planned=8,
            sent=4,
            rejected=1,
            skipped={"cancelled": 2, "failed": 1},
            first_ms=10,
            last_ms=30,
        ),
        resolved=1,
        commits=(Commit(at_ms=30, sent=2, accounted=4),),
    )
    assert Tally().counted(0) == Counted(progress=Progress())


def test_a_commit_tells_of_those_it_settled_alone() -> None:
    tally = Tally()
    waiting = bytes((Code.OPEN, Code.DISPATCHED, Code.EARLIER))
    # Of the last minute by any clock: that of the worker that wrote last may be ahead.
    last_ms = WINDOW_MS + CLOCKS_APART_MS
    tally.add(waiting + bytes((Code.SENT, Code.UNKNOWN)), last_ms)
    tally.add(waiting, last_ms + 1)
    tally.add(bytes((Code.SENT,)), 1)
    tally.add(bytes((Code.UNKNOWN,)), None)
    assert tally.counted(12).commits == (
        Commit(at_ms=last_ms, sent=1, accounted=2),
        Commit(at_ms=last_ms + 1, sent=0, accounted=0),
    )
