# SPDX-License-Identifier: Apache-2.0
"""Links that let a person see their own data for an hour: rows by the hash of the link's token.

Rows hold random ids and slugs. Errors: `Throttled`, `Unavailable`.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import BrandId, SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLink:
    """What a fresh link stands for. The link itself is never stored."""

    sid: SubjectId
    brand: BrandId
    language: str
    expires_ms: int


class AccessStore(Protocol):
    """Access links; `PersonalData.sweep` deletes those of an erased person."""

    def put(self, token_sha256: str, link: AccessLink, keep_ms: int) -> None:
        """Store a new link until some time after ``keep_ms`` (Unix milliseconds)."""
        ...

    def get(self, token_sha256: str) -> AccessLink | None:
        """Return the link, read strongly, expired or not, or None."""
        ...
