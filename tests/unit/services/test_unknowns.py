# SPDX-License-Identifier: Apache-2.0
"""Nobody stays unknown: an event tells, its absence tells in time, and late truth is believed."""

import logging
from dataclasses import replace

import pytest

from chalicelib.domain.campaign_steps import LOST_MS
from chalicelib.domain.campaigns import Progress
from chalicelib.domain.folding import Told
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.retries import retry_id
from chalicelib.domain.runs import Mark, RunRef
from chalicelib.errors import Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import DeliveryRow
from chalicelib.services.unknowns import (
    MARGIN_MS,
    MINUTE_MS,
    SILENCE_MS,
    TERMINAL_MS,
    Unknowns,
)
from tests.support.catalog_examples import CAMPAIGN as DEMO
from tests.support.clock import START_MS, FakeClock
from tests.support.faults import FailOnce, Faults, Moment, no_faults
from tests.support.memory_catalog import CatalogRows, MemoryCampaigns
from tests.support.memory_folds import (
    FoldRows,
    MemoryFolds,
    MemoryUnresolvedCampaigns,
    MemoryWatermark,
)
from tests.support.memory_runs import MemoryChunkAccounts, MemoryRuns, RunRows
from tests.support.run_stores import row, settled
from tests.support.tagged import CAMPAIGN, chunk
from tests.support.world import World

LOST = bytes((Code.DISPATCHED,)) * 3
RUN = RunRef(campaign=CAMPAIGN, shard="3", first=0, count=4)


class Bench:
    """One campaign of three people a chunk, whose workers died after the mark."""

    def __init__(self, chunks: int = 1) -> None:
        self.faults: Faults = no_faults
        self.clock = FakeClock()
        self.folded, self.rows, self.catalog = FoldRows(), RunRows(), CatalogRows()
        strike = self._strike
        self.runs = MemoryRuns(self.rows, strike)
        self.accounts = MemoryChunkAccounts(self.rows, strike)
        self.folds = MemoryFolds(self.folded, strike)
        self.watermark = MemoryWatermark(self.folded, strike)
        self.unresolved = MemoryUnresolvedCampaigns(self.folded, strike)
        self.unknowns = Unknowns(
            accounts=self.accounts,
            folds=self.folds,
            unresolved=self.unresolved,
            watermark=self.watermark,
            campaigns=MemoryCampaigns(self.catalog, strike),
            clock=self.clock,
        )
        self.marks = [self.mark(number) for number in range(chunks)]
        self.accounts.expire(CAMPAIGN, "3", START_MS + 1)
        self.unknowns.note(CAMPAIGN)

    def _strike(self, call: str, moment: Moment) -> None:
        self.faults(call, moment)

    def mark(self, number: int) -> Mark:
        mark = Mark(view=self.view(number), owner=f"o{number}", codes=LOST, at_ms=START_MS)
        self.runs.dispatch(mark, [self.delivery(number, place) for place in range(3)])
        return mark

    def delivery(self, number: int, place: int) -> DeliveryRow:
        return row(number * 3 + place)

    def view(self, number: int = 0):
        return self.runs.view(RUN)[number]

    def codes(self, number: int = 0) -> tuple[Code, ...]:
        return tuple(map(Code, self.view(number).codes or b""))

    def progress(self) -> Progress:
        return self.accounts.progress(CAMPAIGN)[0].progress

    def at(self, after_ms: int) -> None:
        self.clock.time_ms = START_MS + after_ms


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_any_event_tells_at_once_that_the_mail_was_sent(bench):
    told = Told(sent=frozenset({0}), bounced=frozenset({1}), flagged=frozenset({2}))
    bench.folds.add(chunk(), told)
    assert bench.unknowns.look() == 0
    assert bench.codes() == (Code.RESOLVED_SENT,) * 3
    assert (bench.progress().sent, bench.progress().unknown) == (3, 0)
    assert bench.folded.unresolved == {}


def test_nobody_is_called_unsent_while_events_may_be_on_their_way(bench):
    bench.folds.add(chunk(), Told(delivered=frozenset({1})))
    known = (Code.UNKNOWN, Code.RESOLVED_SENT, Code.UNKNOWN)
    for after_ms, reached_ms in (
        (0, 0),
        (SILENCE_MS - 1, START_MS + SILENCE_MS),
        (SILENCE_MS, None),
        (SILENCE_MS, START_MS + MARGIN_MS),
        (TERMINAL_MS - 1, START_MS + MARGIN_MS),
    ):
        bench.at(after_ms)
        bench.folded.watermark_ms = reached_ms
        bench.unresolved.note(CAMPAIGN, bench.clock.now_ms(), at_once=True)
        assert bench.unknowns.look() == 1
        assert bench.codes() == known


def test_after_an_hour_of_silence_while_others_events_came_they_are_unsent(bench):
    bench.folds.add(chunk(), Told(delivered=frozenset({1})))
    bench.at(SILENCE_MS)
    bench.watermark.note(START_MS + MARGIN_MS + 1)
    assert bench.unknowns.look() == 0
    assert bench.codes() == (Code.UNSENT, Code.RESOLVED_SENT, Code.UNSENT)
    assert bench.folds.of_chunk(chunk()).given_up == {0, 2}
    assert bench.progress().skipped == {"unsent": 2}


def test_after_72_hours_nobody_is_unknown_whatever_came(bench):
    bench.at(TERMINAL_MS)
    assert bench.unknowns.look() == 0
    assert bench.codes() == (Code.UNSENT,) * 3


def test_looks_become_rarer_and_none_is_lost_for_that():
    bench = Bench(chunks=2)
    looks, calls = 0, []
    bench.faults = lambda call, moment: calls.append(call) if moment == Moment.BEFORE else None
    while bench.folded.unresolved:
        bench.clock.advance(MINUTE_MS)
        before = calls.count("ChunkAccounts.chunks")
        bench.unknowns.look()
        looks += calls.count("ChunkAccounts.chunks") > before
    assert bench.clock.now_ms() - START_MS < TERMINAL_MS * 9 // 8 + MINUTE_MS
    assert bench.codes(0) == bench.codes(1) == (Code.UNSENT,) * 3
    assert 20 < looks < 80


def test_an_event_that_comes_late_is_believed(bench, caplog):
    bench.at(TERMINAL_MS)
    bench.unknowns.look()
    bench.folds.add(chunk(), Told(sent=frozenset({1})))
    bench.unresolved.note(CAMPAIGN, bench.clock.now_ms(), at_once=True)
    with caplog.at_level(logging.WARNING):
        assert bench.unknowns.look() == 0
    assert bench.codes() == (Code.UNSENT, Code.RESOLVED_SENT, Code.UNSENT)
    assert [(each.levelname, each.people) for each in caplog.records] == [("WARNING", 1)]


@pytest.mark.parametrize(("unsent", "level"), [(True, "ERROR"), (False, "WARNING")])
def test_an_event_that_comes_after_a_retry_is_an_alarm_and_is_told_once(
    bench, caplog, unsent, level
):
    child = retry_id(CAMPAIGN)
    bench.catalog.campaigns[child] = replace(DEMO, id=child, retry_of=CAMPAIGN, retry_unsent=unsent)
    bench.at(TERMINAL_MS)
    bench.unknowns.look()
    assert caplog.records == []
    bench.folds.add(chunk(), Told(sent=frozenset({0, 2})))
    for _ in range(2):
        bench.unresolved.note(CAMPAIGN, bench.clock.now_ms(), at_once=True)
        bench.unknowns.look()
    (record,) = caplog.records
    assert (record.levelname, record.people, record.chunk) == (level, 2, "3-0")


def test_an_event_between_giving_up_and_saying_so_is_not_missed(bench):
    bench.at(TERMINAL_MS)

    def arrive(call, moment):
        if (call, moment) == ("Folds.give_up", Moment.BEFORE):
            bench.faults = no_faults
            bench.folds.add(chunk(), Told(sent=frozenset({0})))

    bench.faults = arrive
    bench.unknowns.look()
    assert bench.codes() == (Code.RESOLVED_SENT, Code.UNSENT, Code.UNSENT)


def test_a_worker_that_was_only_slow_is_believed_before_silence(bench):
    bench.at(TERMINAL_MS)

    def commit(call, moment):
        if (call, moment) == ("ChunkAccounts.resolve", Moment.BEFORE):
            bench.faults = no_faults
            outcome = settled(Code.SENT, Code.REJECTED, Code.UNKNOWN, ids=("0100-a",))
            bench.runs.commit(bench.marks[0], outcome)

    bench.faults = commit
    assert bench.unknowns.look() == 1
    bench.clock.advance(TERMINAL_MS)
    assert bench.unknowns.look() == 0
    assert bench.codes() == (Code.SENT, Code.REJECTED, Code.UNSENT)


def test_what_is_unknown_of_the_first_version_stays_and_is_not_looked_at_for_ever():
    from chalicelib.domain.campaigns import ChunkStatus
    from tests.support.memory_sending import ChunkRow

    bench = Bench(chunks=0)
    bench.rows.former.chunks[chunk()] = ChunkRow(
        status=ChunkStatus.UNKNOWN, owner="a", lease_ms=0, dispatched_ms=START_MS, people=3
    )
    assert bench.unknowns.look() == 0
    assert bench.folded.unresolved == {}


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(
    "call",
    [
        "UnresolvedCampaigns.due",
        "ChunkAccounts.chunks",
        "Folds.of_chunk",
        "Folds.give_up",
        "Watermark.latest_ms",
        "ChunkAccounts.resolve",
        "UnresolvedCampaigns.drop",
    ],
)
def test_a_look_that_fails_at_any_call_is_done_by_the_next(bench, call, moment):
    bench.at(SILENCE_MS)
    bench.watermark.note(START_MS + SILENCE_MS)
    bench.folds.add(chunk(), Told(sent=frozenset({0})))
    bench.faults = FailOnce(call, moment)
    with pytest.raises(Unavailable):
        bench.unknowns.look()
    bench.unknowns.look()
    assert bench.codes() == (Code.RESOLVED_SENT, Code.UNSENT, Code.UNSENT)
    assert bench.folded.unresolved == {}


def test_the_minute_that_finishes_a_campaign_has_it_looked_at_until_nobody_is_unknown():
    world = World()
    for name in ("first", "second"):
        world.subscribe(f"{name}@example.org")
    world.mails.clear()
    campaign = world.campaign()
    world.settle(Queue.PLANS, Queue.CHUNKS)
    world.time.advance(LOST_MS + 1)
    there = chunk(0, campaign=campaign)
    mark = Mark(
        view=world.runs.view(RunRef(campaign=campaign, shard="3", first=0, count=1))[0],
        owner="a",
        codes=LOST,
        at_ms=world.time.now_ms(),
    )
    world.runs.dispatch(mark, [row(place) for place in range(3)])
    world.chunk_accounts.expire(campaign, "3", world.time.now_ms() + 1)
    assert world.watch.advance() == 1
    assert world.campaign_rows.unfinished() == ()
    assert list(world.fold_rows.unresolved) == [campaign]
    world.folds.add(there, Told(delivered=frozenset({0, 1, 2})))
    world.time.advance(MINUTE_MS)
    assert world.watch.advance() == 0
    assert world.fold_rows.unresolved == {}
    assert world.chunk_accounts.progress(campaign)[0].resolved == 3
