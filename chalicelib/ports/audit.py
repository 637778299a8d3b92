# SPDX-License-Identifier: Apache-2.0
"""Reading everything there is, for a command that compares it (docs/operations.md, `make fsck`).

Only an operator with rights of their own uses this port: no function's role may read whole tables.
Scans are eventually consistent and see what changes meanwhile or not; reads by id are strong.
Errors: `Throttled`, `Unavailable`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from chalicelib.domain.ids import EventId, SubjectId
from chalicelib.ports.ledger import Located, Pending, StoredEntry, Suppressed

MAX_READ: Final = 100
"""Rows a read by id asks for at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRows:
    """A subject that has rows; ``sealed`` counts those that hold something sealed."""

    sid: SubjectId
    sealed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupRow:
    """A keyed MAC that leads to a subject."""

    mac: str
    sid: SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRow:
    """Everything a keyed MAC is suppressed for."""

    mac: str
    suppressions: tuple[Suppressed, ...]


LedgerRow: TypeAlias = SubjectRows | LookupRow | SuppressionRow | Located | Pending
"""What the ledger table's rows say; a subject's are told of together."""


class LedgerAudit(Protocol):
    """Every row of the ledger and the vault."""

    def rows(self) -> Iterator[LedgerRow]:
        """Yield what the ledger table holds, in the table's own order, in flat memory."""
        ...

    def key_holders(self) -> Iterator[SubjectId]:
        """Yield every subject that has a key in the vault."""
        ...

    def places(self, events: Sequence[EventId]) -> dict[EventId, Located]:
        """Return where at most 100 events are, read strongly; absent ones are left out."""
        ...

    def entries(
        self, wanted: Sequence[tuple[SubjectId, int]]
    ) -> dict[tuple[SubjectId, int], StoredEntry]:
        """Return at most 100 entries of chains, read strongly; absent ones are left out."""
        ...

    def is_waiting(self, event: EventId, leaf: bytes, sid: SubjectId | None) -> bool:
        """Say whether an entry is in the outbox, read strongly."""
        ...


class ObjectAudit(Protocol):
    """The names of stored objects."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below ``prefix``, in no promised order."""
        ...
