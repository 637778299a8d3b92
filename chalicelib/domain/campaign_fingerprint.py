# SPDX-License-Identifier: Apache-2.0
"""What a test of a campaign was a test of, in one digest.

Guarantees that two digests are equal only when everybody would be mailed the same, by the same
sender, as when the test was sent: another sentence, list, segment or sender needs a new test.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.campaigns import Campaign, Content
from chalicelib.domain.catalog import Brand


def saying(campaign: Campaign, content: Content) -> Campaign:
    """Return the campaign as one that says ``content``, which is stored beside it."""
    return replace(campaign, subject=content.subject, source_sha256=source_digest(content))


def source_digest(content: Content) -> str:
    """Return the hex SHA-256 of a content as it was written."""
    return _digest(
        {
            "html": content.html,
            "kind": content.kind,
            "subject": content.subject,
            "text": content.text,
        }
    )


def fingerprint(
    campaign: Campaign, brand: Brand, segment: Mapping[str, object] | None = None
) -> str:
    """Return the hex SHA-256 of all that a test shows or that decides whom it stands for.

    Args:
        brand: as read when the test is sent, or when the campaign starts.
        segment: the definition the campaign's segment has at that time; None without a segment.

    """
    return _digest(
        {
            "brand": [brand.id, brand.revision, brand.sender],
            "content": campaign.source_sha256,
            "grade": campaign.minimum_grade,
            "list": campaign.list,
            "purpose": campaign.purpose,
            "segment": [campaign.segment, None if segment is None else dict(segment)],
        }
    )


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
