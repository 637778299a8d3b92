# SPDX-License-Identifier: Apache-2.0
"""SES's own list in memory, with SES's dates in whole seconds, and how far it was compared."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chalicelib.domain.account_list import LISTED_REASONS, Comparison
from chalicelib.domain.events import SuppressionReason
from chalicelib.errors import Conflict, InputError
from chalicelib.ports.account_list import ComparisonRow, Listed
from chalicelib.ports.catalog import Page
from tests.support.clock import FakeClock
from tests.support.faults import Faults, no_faults, struck

PAGE_SIZE = 100


@dataclass(slots=True, kw_only=True)
class AccountListRows:
    """What persists: the list by address, and the comparison with its revision."""

    listed: dict[str, Listed] = field(default_factory=dict)
    comparison: Comparison | None = None
    revision: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryAccountList:
    """`ports.account_list.AccountList` with the test's clock; ``page_size`` may be less."""

    def __init__(
        self,
        clock: FakeClock,
        rows: AccountListRows | None = None,
        faults: Faults = no_faults,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.clock = clock
        self.rows = rows if rows is not None else AccountListRows()
        self.faults = faults
        self.page_size = page_size

    @contextmanager
    def _call(self, name: str) -> Iterator[dict[str, Listed]]:
        with struck(self.faults, f"AccountList.{name}"), self.rows.lock:
            yield self.rows.listed

    def page(self, since_ms: int, until_ms: int, cursor: str | None) -> Page[Listed]:
        with self._call("page") as listed:
            found = [x for x in listed.values() if since_ms <= x.since_ms <= until_ms]
            found.sort(key=lambda x: (x.since_ms, x.address))
            start = 0 if cursor is None else int(cursor.partition("@")[2])
            end = start + self.page_size
            more = end < len(found)
            # As SES may: the token names the address that it stands at.
            token = f"{found[end].address.partition('@')[0]}@{end}" if more else None
            return Page(items=tuple(found[start:end]), cursor=token)

    def get(self, address: str) -> Listed | None:
        with self._call("get") as listed:
            return listed.get(address.lower())

    def put(self, address: str, reason: SuppressionReason) -> None:
        with self._call("put") as listed:
            if reason not in LISTED_REASONS:
                raise InputError(code="not_listable", detail="SES does not keep this on its list.")
            since_ms = self.clock.now_ms() // 1_000 * 1_000
            key = address.lower()
            listed[key] = Listed(address=key, reason=reason, since_ms=since_ms)

    def remove(self, address: str) -> None:
        with self._call("remove") as listed:
            listed.pop(address.lower(), None)


class MemoryComparisons:
    """`ports.account_list.Comparisons` in memory."""

    def __init__(self, rows: AccountListRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else AccountListRows()
        self.faults = faults

    def read(self) -> ComparisonRow:
        with struck(self.faults, "Comparisons.read"), self.rows.lock:
            comparison = self.rows.comparison or Comparison()
            return ComparisonRow(comparison=comparison, revision=self.rows.revision)

    def write(self, comparison: Comparison, revision: int) -> None:
        with struck(self.faults, "Comparisons.write"), self.rows.lock:
            if revision != self.rows.revision:
                raise Conflict("how far SES's list was compared changed since it was read")
            self.rows.comparison, self.rows.revision = comparison, revision + 1
