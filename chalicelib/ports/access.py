# SPDX-License-Identifier: Apache-2.0
"""Links that let a person see their own data for an hour, and those by which an address answers.

Rows are found by the hash of the link's token. They hold random ids, slugs and what is sealed under
the person's key. Errors: `Throttled`, `Unavailable`.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressWish:
    """A change of address that its person asked for and the new mailbox has not answered.

    Attributes:
        id: random, as `domain.ids.RANDOM_ID_BYTES`.
        entries: length of the person's chain when it was asked for.
        mac: keyed MAC of the new address: who mails it need not be able to make one.
        sealed: the new address, under the person's key.
        expires_ms: when its link no longer works, Unix milliseconds.
    """

    id: str
    sid: SubjectId
    brand: BrandId
    language: str
    entries: int
    mac: str
    sealed: bytes
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressLink:
    """The wish that a link to a new address stands for. The link itself is never stored."""

    sid: SubjectId
    wish: str


class AddressWishes(Protocol):
    """One wish for each person; `PersonalData.sweep` deletes it with its links."""

    def put(self, wish: AddressWish, keep_ms: int) -> None:
        """Store a wish instead of any before it, until some time after ``keep_ms``."""
        ...

    def of(self, sid: SubjectId) -> AddressWish | None:
        """Return the person's newest wish, read strongly, expired or not, or None."""
        ...

    def put_link(self, token_sha256: str, link: AddressLink, keep_ms: int) -> None:
        """Store a new link until some time after ``keep_ms`` (Unix milliseconds)."""
        ...

    def link(self, token_sha256: str) -> AddressLink | None:
        """Return the link, read strongly, or None."""
        ...
