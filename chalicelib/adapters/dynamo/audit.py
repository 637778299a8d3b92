# SPDX-License-Identifier: Apache-2.0
"""`ports.audit.LedgerAudit` on DynamoDB: whole tables, page by page.

Guarantees flat memory: a Scan gives the rows of one partition together. Writes nothing.

Source: Amazon DynamoDB Developer Guide, "Scanning tables in DynamoDB".
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import Item, read_all, require_text
from chalicelib.adapters.dynamo.ledger_rows import (
    entry_key,
    entry_of,
    located_key,
    located_of,
    pending_item,
    pending_of,
)
from chalicelib.adapters.dynamo.suppression_rows import suppressions_of
from chalicelib.domain.ids import SHARDS, EventId, SubjectId
from chalicelib.errors import FatalError
from chalicelib.ports.audit import (
    MAX_READ,
    LedgerRow,
    LookupRow,
    SubjectRows,
    SuppressionRow,
)
from chalicelib.ports.ledger import Located, StoredEntry
from chalicelib.ports.system import Clock, RandomBytes

_SEALED: Final = "ct"


class DynamoLedgerAudit:
    """The ledger and vault tables."""

    def __init__(
        self, *, ledger_table: str, vault_table: str, clock: Clock, random: RandomBytes
    ) -> None:
        self._ledger = ledger_table
        self._vault = vault_table
        self._clock = clock
        self._random = random

    def rows(self) -> Iterator[LedgerRow]:
        """Yield what the ledger table holds, in the table's own order, in flat memory."""
        scanned = _scan("read the ledger table", self._ledger)
        for pk, rows in groupby(scanned, lambda row: require_text(row, "pk")):
            read = _READERS.get(pk.partition("#")[0])
            if read is not None:
                yield from read(pk, rows)

    def key_holders(self) -> Iterator[SubjectId]:
        """Yield every subject that has a key in the vault."""
        for row in _scan("read the vault table", self._vault, ProjectionExpression="pk, sk"):
            if require_text(row, "pk") in SHARDS:
                yield SubjectId(require_text(row, "sk"))

    def places(self, events: Sequence[EventId]) -> dict[EventId, Located]:
        """Return where at most 100 events are, read strongly; absent ones are left out."""
        found = map(located_of, self._read([located_key(event) for event in events]))
        return {place.event: place for place in found}

    def entries(
        self, wanted: Sequence[tuple[SubjectId, int]]
    ) -> dict[tuple[SubjectId, int], StoredEntry]:
        """Return at most 100 entries of chains, read strongly; absent ones are left out."""
        rows = self._read([entry_key(sid, n) for sid, n in wanted])
        owned = [(require_text(row, "pk").removeprefix("S#"), entry_of(row)) for row in rows]
        return {(SubjectId(sid), entry.n): entry for sid, entry in owned}

    def is_waiting(self, event: EventId, leaf: bytes, sid: SubjectId | None) -> bool:
        """Say whether an entry is in the outbox, read strongly."""
        row = pending_item(event, leaf, sid, None)
        return bool(self._read([{name: row[name] for name in ("pk", "sk")}]))

    def _read(self, keys: Sequence[Item]) -> list[Item]:
        if len(keys) > MAX_READ:
            raise FatalError("at most 100 rows are read at once")
        if not keys:
            return []
        request = {self._ledger: {"Keys": list(keys), "ConsistentRead": True}}
        read = read_all("compare rows", client("dynamodb"), request, self._clock, self._random)
        return read[self._ledger]


def _scan(what: str, table: str, **only: Any) -> Iterator[Item]:
    request = {"TableName": table, **only}
    while True:
        with translated(what):
            answer = client("dynamodb").scan(**request)
        yield from answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _subject(pk: str, rows: Iterator[Item]) -> Iterator[LedgerRow]:
    yield SubjectRows(
        sid=SubjectId(pk.removeprefix("S#")), sealed=sum(_SEALED in row for row in rows)
    )


def _lookup(pk: str, rows: Iterator[Item]) -> Iterator[LedgerRow]:
    for row in rows:
        yield LookupRow(mac=pk.removeprefix("I#"), sid=SubjectId(require_text(row, "sid")))


def _suppression(pk: str, rows: Iterator[Item]) -> Iterator[LedgerRow]:
    for row in rows:
        yield SuppressionRow(mac=pk.removeprefix("X#"), suppressions=suppressions_of(row))


def _place(_pk: str, rows: Iterator[Item]) -> Iterator[LedgerRow]:
    for row in rows:
        if require_text(row, "sk") == "V":
            yield located_of(row)


def _pending(_pk: str, rows: Iterator[Item]) -> Iterator[LedgerRow]:
    yield from map(pending_of, rows)


_READERS: Final[dict[str, Callable[[str, Iterator[Item]], Iterator[LedgerRow]]]] = {
    "S": _subject,
    "I": _lookup,
    "X": _suppression,
    "V": _place,
    "Q": _pending,
}
