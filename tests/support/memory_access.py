# SPDX-License-Identifier: Apache-2.0
"""`ports.access.AccessStore` in memory, over the rows of the activity fake."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.ports.access import AccessLink
from tests.support.faults import Faults, no_faults, struck
from tests.support.memory_outside import OutsideRows


class MemoryAccessStore:
    """Links by the hash of their token."""

    def __init__(self, rows: OutsideRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else OutsideRows()
        self.faults = faults

    @contextmanager
    def _call(self, name: str) -> Iterator[OutsideRows]:
        with struck(self.faults, name), self.rows.lock:
            yield self.rows

    def put(self, token_sha256: str, link: AccessLink, keep_ms: int) -> None:
        with self._call("AccessStore.put") as rows:
            rows.access_links[token_sha256] = link

    def get(self, token_sha256: str) -> AccessLink | None:
        with self._call("AccessStore.get") as rows:
            return rows.access_links.get(token_sha256)
