# SPDX-License-Identifier: Apache-2.0
"""Parts of an export of a brand's people, in the format of whoever reads it next.

Guarantees that nobody who is restricted or erased has a row, that one message looks at a bounded
number of people and holds a bounded number of bytes, and that a part made again is the same part
unless people changed. Whoever cannot be opened is counted and left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from chalicelib.domain.audience_exports import AudienceWish
from chalicelib.domain.export_rows import FILES, ExportFile, ExportRow
from chalicelib.domain.state import SubjectState
from chalicelib.domain.stored_zip import StoredZip
from chalicelib.errors import EvidenceError
from chalicelib.ports.audience import AudienceStore, Member
from chalicelib.ports.ledger import LedgerStore
from chalicelib.services.entries import open_profile
from chalicelib.services.export_files import PART_BYTES, Written
from chalicelib.services.export_jobs import counted
from chalicelib.services.export_parts import may_be_opened
from chalicelib.services.export_rows import Person, Story, may_have_rows, rows_of
from chalicelib.services.ledger import Ledger

MAX_LOOKED: Final = 10_000
"""People looked at for one part: each takes a read of its own, and a message has five minutes."""
PAGE: Final = 50
"""States read at once."""


@dataclass(slots=True)
class _Writing:
    """A part under way.

    Attributes:
        table: which file of the format is written. cursor: of the audience; None at a beginning.
        archive: None where the export is one table alone.
    """

    table: int
    cursor: str | None
    archive: StoredZip | None
    data: bytearray = field(default_factory=bytearray)
    people: int = 0
    unopened: int = 0
    looked: int = 0

    def add(self, data: bytes) -> None:
        """Add what a table holds."""
        self.data += data
        if self.archive is not None:
            self.archive = self.archive.add(data)

    def begin(self, table: ExportFile) -> None:
        """Begin a table with the names of its columns."""
        if self.archive is not None:
            head, self.archive = self.archive.begin()
            self.data += head
        self.add(table.head())

    def end(self) -> None:
        """End a table."""
        if self.archive is not None:
            foot, self.archive = self.archive.end()
            self.data += foot
        self.table, self.cursor = self.table + 1, None

    def after(self) -> str:
        """Return where this part ends, as `AudienceWriter.part` takes it."""
        return f"{self.table}|{self.cursor or ''}|{self.archive or ''}"


class AudienceWriter:
    """Writes parts.

    Args:
        part_bytes: a part ends there; where it ends sooner, `MAX_LOOKED` were looked at.
    """

    def __init__(
        self,
        *,
        audience: AudienceStore,
        store: LedgerStore,
        ledger: Ledger,
        part_bytes: int = PART_BYTES,
        max_looked: int = MAX_LOOKED,
    ) -> None:
        self._audience = audience
        self._store = store
        self._ledger = ledger
        self._part_bytes = part_bytes
        self._max_looked = max_looked

    def part(self, wish: AudienceWish, after: str | None, at_ms: int) -> Written:
        """Return the bytes from ``after`` on; None begins.

        Args:
            at_ms: when the export was asked for; files of an archive bear it.

        Raises:
            DependencyError: something could not be read; nothing of the part is told.
            TooLargeError: the archive would have 4 GiB.
        """
        tables = _tables(wish)
        writing = _read(after, tables, at_ms)
        while writing.table < len(tables):
            table = tables[writing.table]
            if writing.cursor is None:
                writing.begin(table)
            if not self._table(writing, wish, table):
                return self._written(writing, writing.after())
            writing.end()
        if writing.archive is not None:
            writing.data += writing.archive.directory()
        return self._written(writing, None)

    def _written(self, writing: _Writing, after: str | None) -> Written:
        return Written(
            data=bytes(writing.data),
            counts=counted(writing.people, writing.unopened),
            after=after,
            is_short=after is not None and len(writing.data) < self._part_bytes,
        )

    def _table(self, writing: _Writing, wish: AudienceWish, table: ExportFile) -> bool:
        """Add rows until the table is whole, which it tells, or the part is."""
        asked = wish.statuses or table.statuses
        part = replace(wish, statuses=asked & table.statuses)
        if not part.statuses:
            return True
        while True:
            page = self._audience.page(writing.cursor, PAGE)
            for row in self._rows(page.members, part, writing):
                writing.add(table.row(row))
                writing.people += 1
            writing.looked += len(page.members)
            writing.cursor = page.cursor
            if page.cursor is None:
                return True
            if len(writing.data) >= self._part_bytes or writing.looked >= self._max_looked:
                return False

    def _rows(
        self, members: Sequence[Member], wish: AudienceWish, writing: _Writing
    ) -> Iterator[ExportRow]:
        # Strongly: whoever was erased before the fence was looked at has no row.
        states = self._store.states([member.sid for member in members]) if members else {}
        for member in members:
            state = states.get(member.sid)
            if not may_be_opened(state) or state is None or not may_have_rows(state, wish):
                continue
            try:
                yield from self._of(member, state, wish)
            except EvidenceError:
                writing.unopened += 1

    def _of(self, member: Member, state: SubjectState, wish: AudienceWish) -> list[ExportRow]:
        """The rows of one person, all of them or none."""
        if not member.sealed or member.wrapped_key is None:
            return []
        keys = self._ledger.keys_of(member.sid, member.wrapped_key)
        entries = self._store.history(member.sid, 0, state.entries - 1)
        person = Person(
            sid=member.sid,
            state=state,
            profile=open_profile(keys, member.sealed),
            story=Story(keys, entries),
        )
        return list(rows_of(person, wish))


def _tables(wish: AudienceWish) -> tuple[ExportFile, ...]:
    return FILES[wish.format]


def _read(after: str | None, tables: Sequence[ExportFile], at_ms: int) -> _Writing:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    names = tuple(table.name for table in tables)
    if after is None:
        archive = StoredZip(names=names, at=at) if len(tables) > 1 else None
        return _Writing(0, None, archive)
    table, cursor, kept = after.split("|")
    archive = StoredZip.read(kept, names, at) if kept else None
    return _Writing(int(table), cursor or None, archive)
