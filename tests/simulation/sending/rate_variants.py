# SPDX-License-Identifier: Apache-2.0
"""What a worker can do wrong about the rate: where its slot is, when it calls, what it asks SES."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chalicelib.domain.rate import Quota, Slot, Terms
from chalicelib.ports.sending import Sent
from tests.simulation.sending.processes import Process


def no_slot(process: Process) -> None:
    """Sends without asking whether it may now."""
    rate: Any = process.rate
    rate.reserve = lambda _people, now_ms: Slot(
        terms=Terms(quota_milli=5_000, quota_ms=now_ms), start_ms=now_ms
    )


def before_the_slot(process: Process) -> None:
    """Does not wait."""
    clock: Any = process.clock
    clock.sleep_ms = lambda _duration_ms: None


def late_is_no_matter(process: Process) -> None:
    """Calls however long ago its slot was."""

    class Patient(Slot):
        def missed(self, now_ms: int) -> bool:
            return False

    rate: Any = process.rate
    reserve = rate.reserve

    def kept(people: int, now_ms: int) -> Slot:
        slot: Slot = reserve(people, now_ms)
        return Patient(terms=slot.terms, start_ms=slot.start_ms)

    rate.reserve = kept


def slots_overlap(process: Process) -> None:
    """Reserves without the condition that nobody else did: one of two writes is lost."""
    rate: Any = process.rate
    reserve, row = rate.reserve, process.around.rows.rate

    def raced(people: int, now_ms: int) -> Slot:
        before = row.free_us
        slot: Slot = reserve(people, now_ms)
        if process.around.random.random() < 0.5:
            row.free_us = before
        return slot

    rate.reserve = raced


def twice_as_fast(process: Process) -> None:
    """Takes twice the quota."""
    rate: Any = process.rate
    note = rate.note
    rate.note = lambda quota, now_ms: note(replace(quota, per_second=2 * quota.per_second), now_ms)


def asks_at_every_slot(process: Process) -> None:
    """Asks SES for its quota before each call."""
    pacer: Any = process.pacer

    def always(_slot: Slot, now_ms: int) -> bool:
        quota: Quota = process.sender.quota()
        process.rate.note(quota, now_ms)
        return True

    pacer._asks = always


def a_day_is_no_matter(process: Process) -> None:
    """Goes on when SES says that the day's quota is used up."""
    pacer: Any = process.pacer
    heard = pacer.heard

    def deaf(answers: Sequence[Sent]) -> None:
        heard([replace(answer, limit=None) for answer in answers])

    pacer.heard = deaf


RATE = (
    no_slot,
    before_the_slot,
    late_is_no_matter,
    slots_overlap,
    twice_as_fast,
    asks_at_every_slot,
    a_day_is_no_matter,
)
