# SPDX-License-Identifier: Apache-2.0
"""`ports.segment_counts` in memory, over the rows of the catalogue."""

from chalicelib.domain.ids import JobId
from chalicelib.ports.segment_counts import Part
from tests.support.faults import Faults, no_faults, struck
from tests.support.memory_catalog import CatalogRows


class MemoryCountParts:
    """`CountParts` in memory; nothing expires, as a late DynamoDB would have it."""

    def __init__(self, rows: CatalogRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else CatalogRows()
        self.faults = faults

    def put(self, job: JobId, part: Part, until_ms: int) -> None:
        with struck(self.faults, "CountParts.put"), self.rows.lock:
            self.rows.count_parts.setdefault((job, part.shard), part)

    def of(self, job: JobId) -> tuple[Part, ...]:
        with struck(self.faults, "CountParts.of"), self.rows.lock:
            found = sorted(self.rows.count_parts.items())
            return tuple(part for (owner, _), part in found if owner == job)
