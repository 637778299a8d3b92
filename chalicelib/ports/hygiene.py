# SPDX-License-Identifier: Apache-2.0
"""Health records of addresses, and the list by which suppressed addresses are paged.

Neither is evidence: health is rebuilt by the events to come, and the list only says where to look;
the ledger's own rows decide. Errors: `Throttled`, `Unavailable`.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.health import Health
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


class SuppressionIndex(Protocol):
    """The keyed MACs that were ever suppressed."""

    def note(self, mac: str) -> None:
        """Add ``mac``; repeating is harmless."""
        ...

    def forget(self, mac: str) -> None:
        """Remove ``mac``; repeating is harmless."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[str]:
        """Return up to ``limit`` (1 to 100) MACs in a fixed order.

        Raises:
            InputError: the cursor was not made by this method.
        """
        ...
