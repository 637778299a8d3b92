# SPDX-License-Identifier: Apache-2.0
"""The rate slot in memory: the guarantees of the real one, and the same contract suite."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from chalicelib.domain.rate import (
    US_PER_MS,
    Quota,
    Slot,
    Terms,
    interval_us,
    reserve,
    start_ms,
)
from chalicelib.errors import InputError
from tests.support.faults import Faults, no_faults, struck


@dataclass(slots=True, kw_only=True)
class RateRow:
    """The one row; outlives any slot made over it."""

    free_us: int | None = None
    terms: Terms = field(default_factory=Terms)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryRateSlot:
    """`ports.sending.RateSlot` in memory."""

    def __init__(self, row: RateRow | None = None, faults: Faults = no_faults) -> None:
        self.row = row if row is not None else RateRow()
        self.faults = faults

    @contextmanager
    def _call(self, name: str) -> Iterator[RateRow]:
        with struck(self.faults, f"RateSlot.{name}"), self.row.lock:
            yield self.row

    def reserve(self, recipients: int, now_ms: int) -> Slot:
        if recipients < 1:
            raise InputError(code="bad_rate", detail="A reservation is for one recipient or more.")
        with self._call("reserve") as row:
            if row.terms.refuses(recipients, now_ms):
                return Slot(terms=row.terms)
            take = interval_us(recipients, row.terms.per_second(now_ms))
            start, row.free_us = reserve(row.free_us, now_ms * US_PER_MS, take)
            if row.terms.daily_left is not None:
                row.terms = replace(row.terms, daily_left=row.terms.daily_left - recipients)
            return Slot(terms=row.terms, start_ms=start_ms(start), recipients=recipients)

    def charge(self, recipients: int, now_ms: int, latest_ms: int | None = None) -> bool:
        with self._call("charge") as row:
            pace = row.terms.per_second(now_ms)
            if not pace:
                return False
            take = interval_us(recipients, pace)
            began_us, free_us = reserve(row.free_us, now_ms * US_PER_MS, take)
            if latest_ms is not None and start_ms(began_us) > latest_ms:
                return False
            row.free_us = free_us
            return True

    def terms(self) -> Terms:
        with self._call("terms") as row:
            return row.terms

    def slow(self, now_ms: int) -> None:
        with self._call("slow") as row:
            row.terms = row.terms.slower(now_ms) or row.terms

    def hold(self, until_ms: int) -> None:
        with self._call("hold") as row:
            row.terms = replace(row.terms, held_ms=max(row.terms.held_ms or 0, until_ms))

    def asks(self, seen_ms: int | None, now_ms: int) -> bool:
        with self._call("asks") as row:
            if row.terms.quota_ms != seen_ms:
                return False
            row.terms = replace(row.terms, quota_ms=now_ms)
            return True

    def note(self, quota: Quota, now_ms: int) -> None:
        with self._call("note") as row:
            row.terms = row.terms.quoted(quota, now_ms)
