# SPDX-License-Identifier: Apache-2.0
"""`ports.audience_scan.AudienceScan` in memory, over the rows of the ledger's fakes."""

from collections.abc import Iterator, Sequence

from chalicelib.domain.ids import ListId, SubjectId, shard_of
from chalicelib.errors import FatalError
from chalicelib.ports.audience_scan import Row
from chalicelib.proof.opening import Wanted
from tests.support.faults import Faults, no_faults, struck
from tests.support.memory_ledger import MemoryRows


class MemoryAudienceScan:
    """Sees the shard as it is when the first person is asked for."""

    def __init__(self, rows: MemoryRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else MemoryRows()
        self.faults = faults

    def people(
        self,
        shard: str,
        list_id: ListId | None = None,
        statuses: Sequence[str] = (),
        *,
        wanted: Wanted,
    ) -> Iterator[Row]:
        if (list_id is None) is not (not statuses):
            raise FatalError("people are read by a list and its statuses, or by neither")
        return self._people(shard, list_id, statuses, wanted)

    def _people(
        self, shard: str, list_id: ListId | None, statuses: Sequence[str], wanted: Wanted
    ) -> Iterator[Row]:
        with struck(self.faults, "AudienceScan.people"), self.rows.lock:
            found = [
                self._row(sid, wanted)
                for sid in sorted(self.rows.audience)
                if shard_of(sid) == shard
                and (
                    list_id is None or dict(self.rows.audience[sid].lists).get(list_id) in statuses
                )
            ]
        yield from found

    def _row(self, sid: SubjectId, wanted: Wanted) -> Row:
        stored = self.rows.audience[sid]
        return Row(
            sid=sid,
            lists=dict(stored.lists),
            standing=stored.standing,
            rhythm=stored.rhythm,
            wrapped=self.rows.vault.get(sid) if wanted else None,
            profile=(stored.sealed or None) if Wanted.PROFILE in wanted else None,
            facts=stored.facts if Wanted.FACTS in wanted else None,
            rest=stored.rest,
        )
