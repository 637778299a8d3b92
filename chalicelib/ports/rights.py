# SPDX-License-Identifier: Apache-2.0
"""Records of what people asked for about their data: kept for good, the owed ones by deadline.

Errors: `Throttled`, `Unavailable`; every call may be repeated freely.
"""

from typing import Protocol

from chalicelib.domain.ids import SubjectId
from chalicelib.domain.rights import RightsRequest
from chalicelib.ports.catalog import Page


class RightsRecords(Protocol):
    """Records of rights requests."""

    def get(self, request_id: str) -> RightsRequest | None:
        """Return the record, read strongly, or None."""
        ...

    def of(self, sid: SubjectId) -> tuple[RightsRequest, ...]:
        """Return every record of a person, read strongly, in no meaningful order."""
        ...

    def create(self, request: RightsRequest) -> None:
        """Store a new record.

        Raises:
            Conflict: there is one with this id.

        """
        ...

    def replace(self, before: RightsRequest, after: RightsRequest) -> RightsRequest:
        """Store ``after`` over the row ``before`` was read from; return it with the next revision.

        Raises:
            Conflict: the row changed since it was read.

        """
        ...

    def page(self, cursor: str | None, limit: int, *, open_only: bool) -> Page[RightsRequest]:
        """Return up to ``limit`` (1 to 100) records: the owed ones by deadline, or all by id.

        Raises:
            InputError: the cursor was not made by this method for the same kind of page.

        """
        ...
