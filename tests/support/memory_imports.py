# SPDX-License-Identifier: Apache-2.0
"""`ports.import_rows.ImportRows` in memory, over the same lanes as `MemoryGroupStore`.

Files of imports have no fake: the adapter runs over the fakes of blobs and keys.
"""

import threading
from dataclasses import dataclass, field, replace

from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.domain.country_rules import SHIPPED, Rules
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.imports import LANES, Import, ImportId, step_lane
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.import_rows import CountryTable, CutOver, LaneRow
from tests.support import memory_ledger
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_ledger import MemoryRows


@dataclass(slots=True, kw_only=True)
class ImportStored:
    """What persists; ``ledger`` holds the lanes."""

    ledger: MemoryRows = field(default_factory=MemoryRows)
    records: dict[ImportId, Import] = field(default_factory=dict)
    files: dict[tuple[str, str], ImportId] = field(default_factory=dict)
    tables: dict[BrandId, CountryTable] = field(default_factory=dict)
    movings: dict[tuple[BrandId, ListId], CutOver] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryImportRows:
    """`ports.import_rows.ImportRows` in memory; nothing expires."""

    def __init__(self, rows: ImportStored | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else ImportStored()
        self.faults = faults

    def _call(self, name: str) -> Struck[ImportStored]:
        return Struck(self.faults, f"ImportRows.{name}", self.rows)

    def create(self, record: Import) -> None:
        with self._call("create") as rows:
            if record.id in rows.records:
                raise Conflict("the import exists")
            rows.records[record.id] = record

    def get(self, import_id: str) -> Import | None:
        with self._call("get") as rows:
            return rows.records.get(ImportId(import_id))

    def replace(self, record: Import) -> Import:
        with self._call("replace") as rows:
            held = rows.records.get(record.id)
            if held is None or held.revision != record.revision:
                raise Conflict("the import moved on")
            rows.records[record.id] = replace(record, revision=record.revision + 1)
            return rows.records[record.id]

    def page(self, cursor: str | None, limit: int) -> tuple[tuple[Import, ...], str | None]:
        with self._call("page") as rows:
            listed = {f"{each.created_ms:013d}_{each.id}": each for each in rows.records.values()}
            start = None if cursor is None else read_cursor("IMPORTS", cursor)
            names = [x for x in sorted(listed, reverse=True) if start is None or x < start]
            some = names[:limit]
            last = make_cursor("IMPORTS", some[-1]) if len(some) == limit else None
            return tuple(listed[name] for name in some), last

    def file_first(
        self, mac: str, way: str, import_id: ImportId, instead_of: ImportId | None = None
    ) -> ImportId | None:
        with self._call("file_first") as rows:
            held = rows.files.get((mac, way))
            if held in (None, import_id, instead_of):
                rows.files[mac, way] = import_id
                return None
            return held

    def open_lanes(self, import_id: ImportId, round_name: str) -> None:
        with self._call("open_lanes") as rows:
            for lane in LANES:
                begun = memory_ledger.LaneRow()
                rows.ledger.lanes.setdefault((import_id, step_lane(round_name, lane)), begun)

    def lane(self, import_id: ImportId, round_name: str, lane: str) -> LaneRow:
        found = self.lanes(import_id, round_name).get(lane)
        if found is None:
            raise NotFound("there is no such lane")
        return found

    def lanes(self, import_id: ImportId, round_name: str) -> dict[str, LaneRow]:
        with self._call("lanes") as rows:
            begin = step_lane(round_name, "")
            return {
                name.removeprefix(begin): LaneRow(place=row.place, counts=row.counts)
                for (owner, name), row in sorted(rows.ledger.lanes.items())
                if owner == import_id and name.startswith(begin)
            }

    def country_rules(self, brand: BrandId) -> CountryTable:
        with self._call("country_rules") as rows:
            return rows.tables.get(brand, CountryTable(rules=SHIPPED, revision=0))

    def put_country_rules(self, brand: BrandId, rules: Rules, revision: int) -> CountryTable:
        with self._call("put_country_rules") as held:
            now = held.tables.get(brand)
            if (now.revision if now else 0) != revision:
                raise Conflict("the table changed")
            held.tables[brand] = CountryTable(rules=rules, revision=revision + 1)
            return held.tables[brand]

    def cut_overs(self) -> tuple[CutOver, ...]:
        with self._call("cut_overs") as rows:
            return tuple(each for _, each in sorted(rows.movings.items()))

    def put_cut_over(self, moving: CutOver) -> None:
        with self._call("put_cut_over") as rows:
            rows.movings[moving.brand, moving.list] = moving
