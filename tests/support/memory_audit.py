# SPDX-License-Identifier: Apache-2.0
"""`ports.audit` in memory, over the rows of the other fakes."""

from collections.abc import Iterator, Sequence

from chalicelib.domain.ids import EventId, SubjectId
from chalicelib.errors import FatalError
from chalicelib.ports.audit import LedgerRow, LookupRow, SubjectRows, SuppressionRow
from chalicelib.ports.ledger import Located, StoredEntry
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_outside import OutsideRows


class MemoryLedgerAudit:
    """`ports.audit.LedgerAudit` in memory."""

    def __init__(self, rows: MemoryRows) -> None:
        self._rows = rows

    def rows(self) -> Iterator[LedgerRow]:
        rows = self._rows
        sealed = [sid for (sid, _), entry in rows.entries.items() if entry.sealed is not None]
        sealed += [sid for table in (rows.mails, rows.answers) for sid, _ in table]
        for sid in dict.fromkeys([*(sid for sid, _ in rows.entries), *rows.states, *sealed]):
            yield SubjectRows(sid=sid, sealed=sealed.count(sid))
        for mac, sid in list(rows.lookups.items()):
            yield LookupRow(mac=mac, sid=sid)
        for mac, found in list(rows.suppressions.items()):
            ordered = sorted(found.values(), key=lambda x: x.reach.order)
            yield SuppressionRow(mac=mac, suppressions=tuple(ordered))
        yield from list(rows.located.values())
        yield from list(rows.outbox.values())

    def key_holders(self) -> Iterator[SubjectId]:
        yield from list(self._rows.vault)

    def places(self, events: Sequence[EventId]) -> dict[EventId, Located]:
        _require_few(events)
        return {event: self._rows.located[event] for event in events if event in self._rows.located}

    def entries(
        self, wanted: Sequence[tuple[SubjectId, int]]
    ) -> dict[tuple[SubjectId, int], StoredEntry]:
        _require_few(wanted)
        return {key: self._rows.entries[key] for key in wanted if key in self._rows.entries}

    def is_waiting(self, event: EventId, leaf: bytes, sid: SubjectId | None) -> bool:
        return any(row.event == event for row in self._rows.outbox.values())


class MemoryObjectAudit:
    """`ports.audit.ObjectAudit` in memory."""

    def __init__(self, rows: OutsideRows) -> None:
        self._rows = rows

    def keys(self, prefix: str) -> Iterator[str]:
        yield from [key for key in self._rows.blobs if key.startswith(prefix)]


def _require_few(asked: Sequence[object]) -> None:
    if len(asked) > 100:
        raise FatalError("at most 100 rows are read at once")
