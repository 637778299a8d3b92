# SPDX-License-Identifier: Apache-2.0
"""`ports.dry_runs` in memory."""

from chalicelib.domain.dry_runs import DryRunPart
from tests.support.faults import Faults, no_faults, struck

PartRows = dict[tuple[str, str], DryRunPart]


class MemoryDryRunParts:
    """`DryRunParts` in memory; nothing expires, as a late DynamoDB would have it."""

    def __init__(self, rows: PartRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else {}
        self.faults = faults

    def put(self, run: str, part: DryRunPart, until_ms: int) -> None:
        with struck(self.faults, "DryRunParts.put"):
            self.rows.setdefault((run, part.shard), part)

    def of(self, run: str) -> tuple[DryRunPart, ...]:
        with struck(self.faults, "DryRunParts.of"):
            return tuple(part for (owner, _), part in sorted(self.rows.items()) if owner == run)
