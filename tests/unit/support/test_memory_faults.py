# SPDX-License-Identifier: Apache-2.0
"""The fakes fail as services do: before anything is stored, or after everything was."""

import pytest

from chalicelib.errors import Throttled, Unavailable
from tests.support.appends import first_append, subject
from tests.support.clock import FakeClock, SeededRandom
from tests.support.faults import FailOnce, Moment
from tests.support.memory_ledger import MemoryLedgerStore, MemoryRows


def test_a_fault_before_a_call_leaves_nothing_stored():
    rows = MemoryRows()
    faults = FailOnce("LedgerStore.commit", Moment.BEFORE)
    with pytest.raises(Unavailable):
        MemoryLedgerStore(rows, faults).commit(first_append("ada"))
    assert rows.states == {}
    MemoryLedgerStore(rows, faults).commit(first_append("ada"))


def test_a_fault_after_a_call_leaves_everything_stored():
    rows = MemoryRows()
    faults = FailOnce("LedgerStore.commit", Moment.AFTER, Throttled("slow down"), nth=2)
    store = MemoryLedgerStore(rows, faults)
    store.commit(first_append("ada"))
    with pytest.raises(Throttled):
        store.commit(first_append("bo"))
    assert set(rows.states) == {subject("ada"), subject("bo")}


def test_stores_over_the_same_rows_see_each_others_writes():
    rows = MemoryRows()
    MemoryLedgerStore(rows).commit(first_append("ada"))
    assert MemoryLedgerStore(rows).load(subject("ada")).state is not None
    assert MemoryLedgerStore().load(subject("ada")).state is None


def test_the_fake_clock_moves_only_when_told():
    clock = FakeClock(1000)
    clock.sleep_ms(5)
    clock.advance(-3)
    assert (clock.now_ms(), clock.slept_ms) == (1002, [5])


def test_seeded_bytes_repeat_by_seed_and_never_within_it():
    one, same, other = SeededRandom(1), SeededRandom(1), SeededRandom(2)
    first = one(16)
    assert first == same(16) != other(16)
    assert one(16) == same(16) != first
