# SPDX-License-Identifier: Apache-2.0
"""What destroys a person's data, and the record that it was asked for and done.

Only the erasure role has this port's rights (docs/operations.md). Errors: `Throttled`,
`Unavailable`; every call but `PersonalData.shred` may be repeated freely.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.erasure import Erasure, Search
from chalicelib.domain.ids import EventId, SubjectId
from chalicelib.domain.state import SubjectState
from chalicelib.ports.catalog import Page
from chalicelib.ports.ledger import StoredEntry, Suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Shred:
    """One transaction that ends a chain (docs/spec/erasure.md §2).

    Attributes:
        entry: the ``subject.erased`` entry, nothing sealed beside it.
        state: of the chain with that entry; ``entry.n`` is the length it was decided on.
        macs: the subject's MACs: their lookup rows go, their suppression rows become ``kept``.
        kept: suppressions by MAC that replace all others of these MACs.
        recorded: (event id, leaf) of the entries that record ``kept``; they stand in no chain.

    """

    sid: SubjectId
    entry: StoredEntry
    state: SubjectState
    last_leaf_hash: str
    macs: tuple[str, ...]
    kept: tuple[Suppressed, ...] = ()
    recorded: tuple[tuple[EventId, bytes], ...] = ()


class PersonalData(Protocol):
    """Everything of one person, to be destroyed."""

    def shred(self, shred: Shred) -> None:
        """Append the entry and destroy key, profile and lookups, all or nothing.

        Raises:
            Conflict: the chain moved on, or has ended; nothing was destroyed.

        """
        ...

    def shred_again(self, shred: Shred, index: int) -> None:
        """Destroy again what a restored backup brought back, and end the chain as it ended before.

        Unconditional; ``index`` is the entry's place in the log. Without ``macs`` no suppression is
        touched.
        """
        ...

    def forget_ahead(self, tokens_sha256: Sequence[str], macs: Sequence[str]) -> None:
        """Delete confirm tokens by their hash (hex), and health records of ``macs``."""
        ...

    def sweep(self, sid: SubjectId) -> int:
        """Delete what is sealed in the chain, all else of the person's rows, events and health.

        The leaves and the folded state stay. Returns how many rows were deleted or emptied.
        """
        ...

    def subjects(self) -> Iterator[tuple[SubjectId, bool]]:
        """Yield everybody, in no order, perhaps repeatedly; True with a key or a profile.

        Reads whole tables: for a command that an operator runs with rights of their own.
        """
        ...


class Erasures(Protocol):
    """Records of erasures, kept for good; at most one open for a person."""

    def get(self, erasure_id: str) -> Erasure | None:
        """Return the record, read strongly, or None."""
        ...

    def of(self, sid: SubjectId) -> Erasure | None:
        """Return the person's latest erasure, read strongly, or None."""
        ...

    def create(self, erasure: Erasure, after: Erasure | None) -> None:
        """Store a new record as its person's latest, the one before being ``after``.

        Raises:
            Conflict: the person's latest is another by now.

        """
        ...

    def replace(self, erasure: Erasure) -> Erasure:
        """Store ``erasure`` over the row of its ``revision``; return it with the next one.

        An approved or erased one is unfinished until `finish`.

        Raises:
            Conflict: the row changed since it was read.

        """
        ...

    def unfinished(self) -> tuple[Erasure, ...]:
        """Return every approved or erased one that `finish` was not called for."""
        ...

    def finish(self, erasure: Erasure) -> None:
        """Nothing is left to do; repeating is harmless."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[Erasure]:
        """Return up to ``limit`` (1 to 100) records, ordered by id."""
        ...

    def place(self, search: Search = Search.UNCONFIRMED) -> int:
        """Return the log index at which a search goes on, 0 at first."""
        ...

    def move(self, place: int, search: Search = Search.UNCONFIRMED) -> None:
        """Store that index."""
        ...
