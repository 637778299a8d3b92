# SPDX-License-Identifier: Apache-2.0
"""Reading the file of an import: parts become tables, tables rows, rows lanes.

Guarantees that a reading which was killed leaves nothing behind that counts: each attempt has a
folder of its own, and the record names the one that was read to its end. Refuses, in words, a file
that cannot be imported; does nothing for one that was imported before in the same way.

Idempotency key: the import, until it is read.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from itertools import chain, islice
from typing import Final

from chalicelib.domain.import_formats import (
    SAMPLE_ROWS,
    Field,
    Format,
    Layout,
    detect,
    part_of,
)
from chalicelib.domain.import_found import ReadFile, TableSeen
from chalicelib.domain.import_limits import FileError, Refusal
from chalicelib.domain.import_records import Record, Rejected
from chalicelib.domain.import_row_reader import RowReader
from chalicelib.domain.import_rows import Unusable
from chalicelib.domain.import_wishes import mapped
from chalicelib.domain.imports import (
    Failure,
    Halted,
    Happening,
    Import,
    ImportId,
    Problem,
    Stage,
)
from chalicelib.errors import Conflict, InputError
from chalicelib.ports.import_rows import ImportFiles, ImportRows
from chalicelib.ports.imports import ImportReader, PassedOver, Table
from chalicelib.ports.system import Clock
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.import_sorting import Sorting
from chalicelib.services.import_stages import ImportStages, rules_digest
from chalicelib.services.import_statements import ImportStatements

log = logging.getLogger(__name__)

MAX_LAYOUTS: Final = 20
MAX_SHOWN_BYTES: Final = 100_000
"""Names of columns that are kept on the record together, so that it stays small enough."""
_LOOK_AT_CLOCK: Final = 500
"""Rows between two looks at the clock."""
_NO_LIST: Final = frozenset({"no_header", "no_address_column", "hashed_addresses"})
"""What a table in a ZIP may lack without the others being refused with it."""


class ImportReading:
    """Reads files."""

    def __init__(
        self,
        *,
        rows: ImportRows,
        files: ImportFiles,
        stages: ImportStages,
        statements: ImportStatements,
        reader: ImportReader,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._files = files
        self._stages = stages
        self._statements = statements
        self._reader = reader
        self._clock = clock

    def read(self, import_id: str, until_ms: int) -> None:
        """Read the file of an import and have it checked; nothing where that was done.

        Args:
            until_ms: a file that is not read by then is too long, Unix ms.

        Raises:
            NotFound: there is no such import.
            DependencyError: it was not read; do it again.
        """
        record = self._stages.require(import_id)
        if record.stage is Stage.CHECKING:
            self._stages.begin_checking(record.id)
            return
        if record.stage is not Stage.READING:
            return
        try:
            self._stages.guard(record)
            record = self._rows.replace(replace(record, attempt=record.attempt + 1))
            self._read(record, until_ms)
        except Conflict:
            log.info("an import moved on meanwhile", extra={"import": record.id})
        except Halted as halted:
            self._stages.fail(record, halted.failure)

    def _read(self, record: Import, until_ms: int) -> None:
        upload = _Parts(self._files, record)
        mac = self._statements.file_mac(upload.sha256())
        if record.stated_mac not in ("", mac):
            raise Halted(Problem.OTHER_FILE)
        earlier = None if record.target.again else self._earlier(record, mac)
        if earlier is not None:
            known = record.moved(Happening.KNOWN, self._clock.now_ms())
            self._stages.end(replace(known, same_as=earlier, file=ReadFile(mac=mac)))
            return
        walk = _Walk(self._files, record, self._clock, until_ms)
        try:
            walk.through(self._reader.tables(upload))
        except InputError as refused:
            failure = Failure(problem=Problem.FILE, code=refused.code, detail=refused.detail)
            self._stages.fail(record, failure, walk.refused(mac))
            return
        found = walk.finished(mac)
        self._stages.guard(record)
        read = replace(record.moved(Happening.READ, self._clock.now_ms()), file=found)
        stored = self._rows.replace(self._stages.to_be_checked(read))
        self._files.destroy_attempts(stored, range(1, stored.attempt))
        self._stages.begin_checking(stored.id)

    def _earlier(self, record: Import, mac: str) -> ImportId | None:
        """The earlier import of the same file in the same way, unless it came to nothing."""
        rules = rules_digest(self._rows.country_rules(record.target.brand).rules)
        way = _way(record, rules)
        found = self._rows.file_first(mac, way, record.id)
        if found is None:
            return None
        earlier = self._rows.get(found)
        # One that nobody looked at since its time ran out, or somebody was erased, fails by this.
        earlier = earlier and self._stages.settled(earlier)
        stands = earlier is not None and earlier.stage not in (Stage.FAILED, Stage.CANCELLED)
        if earlier is not None and stands and _way(earlier, rules) == way:
            return earlier.id
        # Whoever else takes its place in this moment is the earlier one then.
        return self._rows.file_first(mac, way, record.id, instead_of=found)


class _Parts:
    """The parts of a file, as its reader takes them."""

    def __init__(self, files: ImportFiles, of: Import) -> None:
        self._files = files
        self._of = of
        self.sizes = tuple(self._size(number) for number in range(1, of.parts + 1))

    def part(self, number: int) -> bytes:
        """Return a part, counted from 0."""
        return self._files.part(self._of, number + 1)

    def sha256(self) -> str:
        """Return the hash (hex) of the whole file."""
        digest = sha256()
        for number in range(len(self.sizes)):
            digest.update(self.part(number))
        return digest.hexdigest()

    def _size(self, number: int) -> int:
        size = self._files.part_size(self._of, number)
        if size is None:
            raise Halted(Problem.PARTS_GONE)
        return size


class _Walk:
    """One attempt: through all tables of a file."""

    def __init__(self, files: ImportFiles, of: Import, clock: Clock, until_ms: int) -> None:
        self._of = of
        self._clock = clock
        self._until_ms = until_ms
        self._sorting = Sorting(files, of)
        self._tables: dict[TableSeen, int] = {}
        self._shown_bytes = 0
        self._walked = 0

    def through(self, tables: Iterable[Table | PassedOver]) -> None:
        """Sort the rows of every table.

        Raises:
            InputError: the file cannot be imported.
            Halted: it is too long.
        """
        used = 0
        for found in tables:
            if isinstance(found, PassedOver):
                self._sorting.counts[f"file:{found.kind}"] += 1
            elif self._table(found):
                used += 1
        if not used:
            raise FileError(Refusal.NO_TABLE)

    def finished(self, mac: str) -> ReadFile:
        """Return what was found, once every row is kept."""
        lanes = self._sorting.finish()
        return replace(self._found(mac), lanes=lanes)

    def refused(self, mac: str) -> ReadFile:
        """Return what was found until the file was refused."""
        self._sorting.finish_report()
        return self._found(mac)

    def _found(self, mac: str) -> ReadFile:
        return ReadFile(
            mac=mac,
            tables=tuple(replace(table, count=count) for table, count in self._tables.items()),
            counts=dict(self._sorting.counts),
            reports=self._sorting.reports,
        )

    def _table(self, table: Table) -> bool:
        """Sort the rows of a table; False for one of a ZIP that is no list of people."""
        head = list(islice(table.rows, SAMPLE_ROWS))
        sample = [each.cells for each in head if isinstance(each, Record)]
        layout = self._layout(table, sample)
        if layout is None:
            return False
        self._show(table, layout)
        of = self._of
        reader = RowReader(layout, of.clock, of.target.brand, of.target.list)
        is_activity = layout.format is Format.MAILCHIMP_ACTIVITY
        for record in chain(head, table.rows):
            self._look_at_clock()
            if isinstance(record, Rejected):
                ended = None if is_activity else reader.ended(record)
                if ended is None:
                    self._sorting.reject(table.member, record)
                else:
                    self._sorting.add(ended)
            elif is_activity:
                activity = reader.activity(record)
                if isinstance(activity, Unusable):
                    self._sorting.reject(table.member, activity)
                else:
                    self._sorting.add_activity(activity)
            else:
                row = reader.read(record)
                if isinstance(row, Unusable):
                    self._sorting.reject(table.member, row)
                else:
                    self._sorting.add(row)
        return True

    def _layout(self, table: Table, sample: list[tuple[str, ...]]) -> Layout | None:
        headers, part = table.header.cells, part_of(table.path)
        chosen = [name for name, said in self._of.read_as.columns.items() if said == Field.EMAIL]
        try:
            return mapped(detect(headers, sample, part), self._of.read_as)
        except InputError as refused:
            if refused.code == "no_address_column" and set(chosen) & set(headers):
                # Told by the other columns, as if the chosen one had the name it should have.
                named = [Field.EMAIL if name in chosen else name for name in headers]
                found = replace(detect(named, sample, part), headers=headers)
                return mapped(found, self._of.read_as)
            if table.member is None or refused.code not in _NO_LIST:
                raise
            self._sorting.counts["file:other"] += 1
            return None

    def _show(self, table: Table, layout: Layout) -> None:
        seen = TableSeen(
            format=layout.format,
            headers=layout.headers,
            fields=tuple(str(field or "") for field in layout.fields),
            part=layout.part,
            encoding=table.encoding,
        )
        size = sum(len(header.encode()) for header in layout.headers)
        fits = self._shown_bytes + size <= MAX_SHOWN_BYTES and len(self._tables) < MAX_LAYOUTS
        if seen in self._tables:
            self._tables[seen] += 1
        elif fits:
            self._tables[seen] = 1
            self._shown_bytes += size
        else:
            self._sorting.counts["tables:not-shown"] += 1

    def _look_at_clock(self) -> None:
        self._walked += 1
        if not self._walked % _LOOK_AT_CLOCK and self._clock.now_ms() >= self._until_ms:
            raise Halted(Problem.TOO_LONG)


def _way(record: Import, rules: str) -> str:
    """Return a name of everything that would make the same file another import."""
    target, read_as, judged_by = record.target, record.read_as, record.judged_by
    way: dict[str, JsonValue] = {
        "brand": target.brand,
        "list": target.list,
        "purposes": sorted(target.purposes),
        "mode": target.mode,
        "opt_outs": target.opt_outs,
        "zone": read_as.zone,
        "dates": read_as.dates,
        "columns": dict(read_as.columns),
        "keep": list(read_as.keep),
        "basis": judged_by.basis,
        "objection": judged_by.objection_at_ms,
        "country": judged_by.country,
        "documents": sorted(document.sha256 for document in judged_by.documents),
        "rules": judged_by.rules or rules,
    }
    return sha256(canonical.encode(way)).hexdigest()
