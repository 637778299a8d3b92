# SPDX-License-Identifier: Apache-2.0
"""What a campaign said when it started, and whom it was for, as it was frozen then.

Guarantees that what is read is what the ledger committed to: another hash, list, purpose or segment
than the campaign's own stops whoever reads it. Keeps a few documents, which never change.
"""

import hashlib
from typing import TYPE_CHECKING, Final

from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.content_document import FrozenContent, load_content
from chalicelib.errors import FatalError, NotFound
from chalicelib.ports.outside import Blobs

if TYPE_CHECKING:  # The language of segments is slow to load; most campaigns go to a whole list.
    from chalicelib.domain.frozen_segment import FrozenSegment

KEPT: Final = 8
"""Contents a process keeps, by their hash."""


def content_key(sha256: str) -> str:
    """Return the blob key of a frozen content."""
    return f"content/{sha256}"


def segment_key(sha256: str) -> str:
    """Return the blob key of a frozen segment."""
    return f"segments/{sha256}"


class FrozenContents:
    """Reads frozen contents and segments."""

    def __init__(self, *, blobs: Blobs) -> None:
        self._blobs = blobs
        self._kept: dict[str, FrozenContent] = {}

    def of(self, campaign: Campaign) -> FrozenContent:
        """Return what a started campaign says.

        Raises:
            NotFound: nothing is stored of it.
            FatalError: what is stored is not what the campaign started with.
        """
        if campaign.content_sha256 is None:
            raise NotFound("The campaign was not started.")
        content = self.read(campaign.content_sha256)
        if content.list is None:
            # Version 1 said neither, and no campaign to a segment was started under it.
            told: tuple[object, ...] = (campaign.list, campaign.purpose, None)
        else:
            segment = None if content.segment is None else content.segment.get("id")
            told = (content.list, content.purpose, segment)
        if told != (campaign.list, campaign.purpose, campaign.segment):
            raise FatalError("a campaign is not for those its frozen content says")
        return content

    def read(self, sha256: str) -> FrozenContent:
        """Return the content with this hash.

        Raises:
            NotFound: nothing is stored by it.
            FatalError: what is stored has another one.
        """
        found = self._kept.get(sha256)
        if found is None:
            blob = self._blobs.get(content_key(sha256))
            if blob is None:
                raise NotFound("a frozen content is missing")
            if hashlib.sha256(blob.data).hexdigest() != sha256:
                raise FatalError("a frozen content is not what its hash says")
            found = load_content(blob.data)
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[sha256] = found
        return found

    def segment(self, content: FrozenContent) -> "FrozenSegment | None":
        """Return whom a content is for, as it was frozen; None: the whole list.

        Raises:
            NotFound: nothing is stored of it.
            FatalError: what is stored is another than the content names.
        """
        if content.segment is None:
            return None
        from chalicelib.domain.frozen_segment import SegmentReference  # noqa: PLC0415

        reference = SegmentReference.read(content.segment)
        blob = self._blobs.get(segment_key(reference.sha256))
        if blob is None:
            raise NotFound("a frozen segment is missing")
        return reference.require(blob.data)
