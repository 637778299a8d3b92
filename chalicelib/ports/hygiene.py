# SPDX-License-Identifier: Apache-2.0
"""Health records of addresses, and the list by which suppressed addresses are paged.

Neither is evidence: health is rebuilt by the events to come, and the list only says where to look;
the ledger's own rows decide. Errors: `Throttled`, `Unavailable`.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.health import Health
from chalicelib.domain.ids import SubjectId
from chalicelib.ports.catalog import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRow:
    """A health record and the revision it was read at; revision 0 when there is no row."""

    health: Health
    revision: int


class HealthStore(Protocol):
    """Health by subject id, or by keyed MAC for an address without a subject."""

    def read(self, key: str) -> HealthRow:
        """Return the record, read strongly; an empty one of revision 0 when there is none."""
        ...

    def write(self, key: str, health: Health, revision: int, expires_ms: int) -> None:
        """Store ``health`` over the row of ``revision``; it disappears after ``expires_ms``.

        Raises:
            Conflict: the row changed since it was read.
        """
        ...


class Rests(Protocol):
    """What sending must know of a subject's address, on their audience row; erased with it."""

    def set(self, sid: SubjectId, until_ms: int | None, revision: int) -> None:
        """Keep `domain.health.rest_of` a record: a later revision of the record stays.

        Somebody without a row gets none; what is there stays as it is then, and no error is told.

        Args:
            revision: of the health record, 1 and up. At 1 it is always kept: the record may have
                expired and begun anew.
        """
        ...


class SuppressionIndex(Protocol):
    """The keyed MACs that were ever suppressed."""

    def note(self, mac: str) -> None:
        """Add ``mac``; repeating is harmless."""
        ...

    def forget(self, mac: str) -> None:
        """Remove ``mac``; repeating is harmless."""
        ...

    def note_digests(self) -> None:
        """Say that some of the MACs are of digests; repeating is harmless."""
        ...

    def has_digests(self) -> bool:
        """Return whether that was ever said, read strongly."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[str]:
        """Return up to ``limit`` (1 to 100) MACs in a fixed order.

        Raises:
            InputError: the cursor was not made by this method.
        """
        ...
