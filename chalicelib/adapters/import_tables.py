# SPDX-License-Identifier: Apache-2.0
"""CSV records of a list, with the physical line each begins on.

Guarantees that no row is lost in silence: each is a record with as many cells as the header, a
row rejected with its reason, or empty; and where the rest of a file cannot be trusted, such as
after a quotation mark that nobody closes, the file is refused. `csv.Error` ends here. Python's
`csv.field_size_limit` belongs to the whole process and is left alone: a record is bounded first.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from chalicelib.adapters.import_text import DELIMITERS, MARK, Lines, delimiter_of, sampled
from chalicelib.domain.import_limits import (
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    MAX_HEADER_CHARS,
    MAX_RECORD_CHARS,
    MAX_ROWS,
    FileError,
    Refusal,
    RowRefusal,
)
from chalicelib.domain.import_records import (
    FORMULA_STARTS,
    Header,
    Record,
    Rejected,
    cleaned,
    column_key,
    column_name,
    is_formula,
    unguarded,
)
from chalicelib.ports.imports import Table


class RowCount:
    """How many records of a file were read, over all its tables."""

    def __init__(self, most: int = MAX_ROWS) -> None:
        """Begin with none; ``most`` are allowed."""
        self._left = most

    def add(self, member: int | None, line: int) -> None:
        """Count one; raises `FileError` when it is one too many."""
        self._left -= 1
        if self._left < 0:
            raise FileError(Refusal.TOO_MANY_ROWS, member=member, line=line)


def read_table(
    parts: Iterable[bytes], count: RowCount, *, member: int | None = None, path: str = ""
) -> Table:
    """Return the table in the bytes; its rows are read as they are walked.

    Raises:
        FileError: there is no header that can be used, or what `Lines` refuses.

    """
    text = Lines(parts, member)
    lines = iter(text)
    sample, whole = sampled(lines)
    skipped = 0
    delimiter = _told_delimiter(sample)
    if delimiter:
        skipped = 1
        del sample[0]
    else:
        delimiter = delimiter_of(sample, whole=whole)
    records = _Records(chain(_emptied(sample), lines), delimiter, member, count, skipped)
    header = _header(records, member)
    return Table(
        member=member,
        path=path,
        encoding="utf-8" if text.encoding == "utf-8-sig" else text.encoding,
        delimiter=delimiter,
        header=header,
        rows=_rows(records, header),
    )


class _Records:
    """Raw records, each with its first line; None for one whose quotation marks do not match.

    It is also what hands the lines to `csv.reader`, so it knows what the record at hand has taken.
    """

    def __init__(
        self,
        lines: Iterator[str],
        delimiter: str,
        member: int | None,
        count: RowCount,
        skipped: int,
    ) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self.member = member
        self._count = count
        self._skipped = skipped
        self._line = 0
        self._chars = 0
        self._ended = False
        self.marked = False
        self._reader = csv.reader(self._handed(), delimiter=delimiter, strict=True)

    def __iter__(self) -> Iterator[tuple[int, list[str] | None]]:
        while True:
            self._chars = 0
            self.marked = False
            self._line = self._skipped + self._reader.line_num + 1
            try:
                cells: list[str] | None = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                self._mismatch(self._skipped + self._reader.line_num)
                cells = None
            if cells and self._chars > MAX_CELL_CHARS and max(map(len, cells)) > MAX_CELL_CHARS:
                raise self.refused(Refusal.CELL_TOO_LARGE)
            self._count.add(self.member, self._line)
            yield self._line, cells

    def refused(self, refusal: Refusal) -> FileError:
        """Return the refusal of the whole file at the record at hand."""
        return FileError(refusal, member=self.member, line=self._line)

    def _handed(self) -> Iterator[str]:
        for line in self._lines:
            self._chars += len(line)
            if self._chars > MAX_RECORD_CHARS:
                large = max(map(len, line.split(self._delimiter))) > MAX_CELL_CHARS
                raise self.refused(Refusal.CELL_TOO_LARGE if large else Refusal.RECORD_TOO_LARGE)
            if MARK in line:
                self.marked = True
            yield line
        self._ended = True

    def _mismatch(self, line: int) -> None:
        """Refuse the file unless the trouble began and ended with one line.

        A mark that opens on one line and fails on another has swallowed the rows between; one that
        is still open when the text ends has swallowed the rest.
        """
        if self._chars > MAX_CELL_CHARS:
            raise self.refused(Refusal.CELL_TOO_LARGE) from None
        if self._ended or line > self._line:
            raise self.refused(Refusal.UNCLOSED_QUOTE) from None


def _header(records: _Records, member: int | None) -> Header:
    for line, cells in records:
        if cells is None or records.marked:
            raise FileError(Refusal.NO_HEADER, member=member, line=line)
        names = list(map(column_name, cells))
        if any(names):
            _check_names(names, records)
            while not names[-1]:
                names.pop()
            return Header(line=line, cells=tuple(names))
    raise FileError(Refusal.NO_HEADER, member=member)


def _check_names(names: Sequence[str], records: _Records) -> None:
    """Refuse column names nobody could map; several columns may have no name."""
    if len(names) > MAX_COLUMNS:
        raise records.refused(Refusal.TOO_MANY_COLUMNS)
    if max(map(len, names)) > MAX_HEADER_CHARS:
        raise records.refused(Refusal.HEADER_TOO_LONG)
    if any(name.startswith(tuple(FORMULA_STARTS)) for name in names):
        raise records.refused(Refusal.HEADER_FORMULA)
    keys = [column_key(name) for name in names if name]
    if len(set(keys)) != len(keys):
        raise records.refused(Refusal.DOUBLE_HEADER)


def _rows(records: _Records, header: Header) -> Iterator[Record | Rejected]:
    for line, raw in records:
        if raw is None:
            yield Rejected(line=line, refusal=RowRefusal.QUOTES)
            continue
        cells = [cleaned(cell) for cell in raw]
        if any(cells):
            yield _row(line, cells, header.cells, marked=records.marked)


def _row(line: int, cells: list[str], names: tuple[str, ...], *, marked: bool) -> Record | Rejected:
    while len(cells) > len(names) and not cells[-1]:
        cells.pop()
    if len(cells) != len(names):
        return Rejected(line=line, refusal=RowRefusal.COLUMNS)
    if column_name(cells[0]) == names[0] and tuple(map(column_name, cells)) == names:
        return Rejected(line=line, refusal=RowRefusal.REPEATED_HEADER)
    refusal: RowRefusal | None = None
    column = 0
    if marked:
        refusal = RowRefusal.ENCODING
        column = next(n for n, cell in enumerate(cells, 1) if MARK in cell)
        cells = ["" if MARK in cell else cell for cell in cells]
    for number, cell in enumerate(cells):
        if cell[:1] in _LOOKED_AT:
            if is_formula(cell):
                refusal, column = (refusal, column) if refusal else (RowRefusal.FORMULA, number + 1)
                cells[number] = ""
            else:
                cells[number] = unguarded(cell)
    if refusal:
        return Rejected(line=line, refusal=refusal, column=column, rest=tuple(cells))
    return Record(line, tuple(cells))


_LOOKED_AT = frozenset(f"{FORMULA_STARTS}'")


def _told_delimiter(sample: Sequence[str]) -> str:
    """Return what a first line `sep=;` says, as Excel writes it; "" when there is none."""
    first = sample[0].rstrip("\r\n") if sample else ""
    told = first[4:] if first.lower().startswith("sep=") else ""
    return told if len(told) == 1 and told in DELIMITERS else ""


def _emptied(sample: list[str]) -> Iterator[str]:
    sample.reverse()
    while sample:
        yield sample.pop()
