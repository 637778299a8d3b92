# SPDX-License-Identifier: Apache-2.0
"""The rows of one file, sorted into 64 lanes as they are read.

Guarantees a memory that does not grow with the file: each lane holds less than a chunk of each
kind. One person's rows are all in one lane, ends apart from everything else. Refuses nothing: a row
that cannot be used is noted with its place, without a cell.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from chalicelib.domain.addresses import alike
from chalicelib.domain.csv_rows import csv_row
from chalicelib.domain.import_found import LaneSize
from chalicelib.domain.import_limits import LOOK_AT_ROWS, ROW_SENTENCES, FileError, Refusal
from chalicelib.domain.import_lines import activity_line, row_line
from chalicelib.domain.import_records import Rejected
from chalicelib.domain.import_rows import SENTENCES, Activity, ImportRow, RowProblem, Unusable
from chalicelib.domain.imports import CHUNK_BYTES, CHUNK_ROWS, LANES, Import, ImportId, Mode
from chalicelib.ports.import_rows import ImportFiles, Kind

REPORT_BYTES: Final = 1024 * 1024
"""About how large a part of the report of rejected rows becomes."""
_HEADER: Final = ("file", "line", "column", "code", "reason")


def lane_of(import_id: ImportId, normal_address: str) -> str:
    """Return the lane of everybody with this address, and with one that is `alike`.

    It differs from import to import, so that a lane says nothing of who is in it.
    """
    mailbox = alike(normal_address)
    return LANES[sha256(f"{import_id}{mailbox}".encode()).digest()[0] % len(LANES)]


@dataclass(slots=True)
class _Filling:
    """A chunk that is being filled, and how many of its kind came before it."""

    number: int = 0
    size: int = 0
    lines: list[bytes] = field(default_factory=list)


class Sorting:
    """Sorts the rows of one attempt of reading.

    Attributes:
        counts: as `import_found.ReadFile.counts`.
    """

    def __init__(self, files: ImportFiles, of: Import) -> None:
        self._files = files
        self._of = of
        self._ends_only = of.target.mode is Mode.CUT_OVER
        self._filling: dict[tuple[str, Kind], _Filling] = {}
        self._report = [csv_row(_HEADER)]
        self._report_bytes = 0
        self._looked_at = 0
        self._wrong = 0
        self.reports = 0
        self.counts: Counter[str] = Counter()

    def add(self, row: ImportRow) -> None:
        """Put a row into its lane."""
        self._seen()
        self.counts.update(f"note:{note}" for note in row.notes)
        if self._ends_only and not row.is_end:
            self.counts["passed-over"] += 1
            return
        self.counts["kept"] += 1
        lane = lane_of(self._of.id, row.address.normal)
        self._put(lane, Kind.ENDS if row.is_end else Kind.GOES, row_line(row))

    def add_activity(self, activity: Activity) -> None:
        """Put an open or click into the lane of its person."""
        self._look()
        self.counts["history"] += 1
        if not self._ends_only:
            lane = lane_of(self._of.id, activity.address.normal)
            self._put(lane, Kind.HISTORY, activity_line(activity))

    def reject(self, member: int | None, found: Rejected | Unusable) -> None:
        """Note a row that cannot be used.

        Raises:
            FileError: ``wrong_file``: so are more than half of the first thousand, opens and clicks
                among them. Rows of another list than the import's are no sign of a wrong file.
        """
        if isinstance(found, Rejected):
            code, reason = found.refusal.value, ROW_SENTENCES[found.refusal]
        else:
            code, reason = found.problem.value, SENTENCES[found.problem]
        column = "" if found.column is None else str(found.column)
        line = csv_row((str(member or 1), str(found.line), column, code, reason))
        self._report.append(line)
        self._report_bytes += len(line)
        self._wrong += code != RowProblem.OTHER_LIST
        self.counts[f"rejected:{code}"] += 1
        self._seen()
        if self._report_bytes >= REPORT_BYTES:
            self._put_report()

    def finish(self) -> dict[str, LaneSize]:
        """Keep what is left, and return the lanes that have rows."""
        for (lane, kind), filling in self._filling.items():
            self._keep(lane, kind, filling)
        self.finish_report()
        sizes = {each: filling.number for each, filling in self._filling.items()}
        return {
            lane: LaneSize(
                ends=sizes.get((lane, Kind.ENDS), 0),
                goes=sizes.get((lane, Kind.GOES), 0),
                history=sizes.get((lane, Kind.HISTORY), 0),
            )
            for lane in sorted({lane for lane, _ in sizes})
        }

    def finish_report(self) -> None:
        """Keep what is left of the report of rejected rows."""
        if self._report_bytes:
            self._put_report()

    def _seen(self) -> None:
        self.counts["rows"] += 1
        self._look()

    def _look(self) -> None:
        self._looked_at += 1
        if self._looked_at == LOOK_AT_ROWS and self._wrong > LOOK_AT_ROWS // 2:
            raise FileError(Refusal.WRONG_FILE)

    def _put(self, lane: str, kind: Kind, line: bytes) -> None:
        filling = self._filling.get((lane, kind))
        if filling is None:
            filling = self._filling[lane, kind] = _Filling()
        if filling.lines and filling.size + len(line) > CHUNK_BYTES:
            self._keep(lane, kind, filling)
        filling.lines.append(line)
        filling.size += len(line)
        if len(filling.lines) == CHUNK_ROWS:
            self._keep(lane, kind, filling)

    def _keep(self, lane: str, kind: Kind, filling: _Filling) -> None:
        if filling.lines:
            self._files.put_rows(self._of, lane, kind, filling.number, filling.lines)
            filling.number += 1
            filling.size = 0
            filling.lines = []

    def _put_report(self) -> None:
        self._files.put_rejected(self._of, self.reports, b"".join(self._report))
        self.reports += 1
        self._report, self._report_bytes = [], 0
