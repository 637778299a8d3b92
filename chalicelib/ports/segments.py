# SPDX-License-Identifier: Apache-2.0
"""Segments as stored, and each brand's rules of the life cycle.

Every read is strong. What is stored was read with the field types of its day and is read again with
those, whatever has become of the forms. Errors: `Throttled`, `Unavailable`; a write that got no
answer may have happened.
"""

from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.ids import CampaignId
from chalicelib.ports.catalog import Page

if TYPE_CHECKING:  # The language is slow to load, and who sends to a whole list needs none of it.
    from chalicelib.domain.lifecycle import Rules
    from chalicelib.domain.segments import Segment


class SegmentStore(Protocol):
    """Segments; ``version`` guards every change."""

    def get(self, segment_id: str) -> "Segment | None":
        """Return the segment, or None."""
        ...

    def create(self, segment: "Segment") -> None:
        """Store a new segment; `Conflict` when its id exists."""
        ...

    def replace(self, segment: "Segment") -> None:
        """Store ``segment`` over the version before its own.

        Raises:
            Conflict: there is no such segment, or it has another version by now.
        """
        ...

    def delete(self, segment: "Segment") -> None:
        """Delete the segment.

        Raises:
            Conflict: there is none of this version any more.
        """
        ...

    def page(self, cursor: str | None, limit: int) -> "Page[Segment]":
        """Return up to ``limit`` (1 to 100) segments by id.

        Raises:
            InputError: the cursor was not made by this method.
        """
        ...

    def awaited_by(self, segment_id: str) -> tuple[CampaignId, ...]:
        """Return the campaigns by id that name a segment and are neither sent nor cancelled.

        It reads past every campaign: for a deletion, not for a page.
        """
        ...


class LifecycleStore(Protocol):
    """The life-cycle rules of brands that made their own."""

    def get(self, brand_id: str) -> "Rules | None":
        """Return the brand's rules, or None where it made none."""
        ...

    def put(self, brand_id: str, rules: "Rules") -> None:
        """Store ``rules`` over the version before their own; version 1 over none.

        Raises:
            Conflict: the brand's rules have another version by now.
        """
        ...
