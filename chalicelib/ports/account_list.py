# SPDX-License-Identifier: Apache-2.0
"""SES's own list of suppressed addresses, and how far it was compared with ours.

SES sends nothing to who is on it. It holds addresses, so what is read from it goes no further than
the service that compares; what is stored of a comparison is times and counts.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.account_list import Comparison
from chalicelib.domain.events import SuppressionReason
from chalicelib.ports.catalog import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An address on the list.

    Attributes:
        reason: ``bounce`` or ``complaint``.
        since_ms: when SES last put it there, Unix milliseconds; perhaps only to the second.
    """

    address: str
    reason: SuppressionReason
    since_ms: int


class AccountList(Protocol):
    """The list of the whole account, in one Region.

    SES takes about one call a second of an account. Errors: `Throttled`, `Unavailable`.
    """

    def page(self, since_ms: int, until_ms: int, cursor: str | None) -> Page[Listed]:
        """Return who was listed from ``since_ms`` to ``until_ms``, a page at a time.

        A few of just before and after may be among them. The cursor may hold an address: it is
        never stored, and is good for a few minutes.
        """
        ...

    def get(self, address: str) -> Listed | None:
        """Return an address's place on the list, or None."""
        ...

    def put(self, address: str, reason: SuppressionReason) -> None:
        """List an address from now on; one that is listed gets this reason and a new date.

        Raises:
            InputError: SES keeps no such address, or keeps none for such a reason.
        """
        ...

    def remove(self, address: str) -> None:
        """Take an address off the list; one that is not on it is fine."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """The comparison as stored, and the revision it was read at; 0 when there is no row."""

    comparison: Comparison
    revision: int


class Comparisons(Protocol):
    """How far the list was compared, in one row. Errors: `Throttled`, `Unavailable`."""

    def read(self) -> ComparisonRow:
        """Return it, read strongly; a fresh one of revision 0 when nothing was compared yet."""
        ...

    def write(self, comparison: Comparison, revision: int) -> None:
        """Store it over the row of ``revision``.

        Raises:
            Conflict: the row changed since it was read.
        """
        ...
