# SPDX-License-Identifier: Apache-2.0
"""API keys and their scopes. A key is 256 random bits, shown once and stored as a digest.

A digest without salt or stretching is enough: the input has full entropy.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.errors import InputError

MIN_KEY_CHARS = 16
MAX_KEY_CHARS = 256


class KeyScope(StrEnum):
    """What a key may do; ``admin`` includes all others, every other but ``events`` ``read``.

    A key for ``events`` lies in a shop's own system: it tells what happened, and reads nothing.
    """

    READ = "read"
    MARKETING = "marketing"
    COMPLIANCE = "compliance"
    EVENTS = "events"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as stored. ``revoked_ms`` set means it no longer opens anything."""

    id: str
    name: str
    digest: str
    scopes: frozenset[KeyScope]
    created_ms: int
    revoked_ms: int | None = None

    def allows(self, scope: KeyScope) -> bool:
        """Say whether the key may do what ``scope`` covers."""
        if self.revoked_ms is not None:
            return False
        return (
            scope in self.scopes
            or KeyScope.ADMIN in self.scopes
            or (scope is KeyScope.READ and bool(self.scopes - {KeyScope.EVENTS}))
        )


def key_digest(key: str) -> str:
    """Return the hex SHA-256 of a key's text.

    Raises:
        InputError: the text is not 16 to 256 printable ASCII characters.

    """
    if not (MIN_KEY_CHARS <= len(key) <= MAX_KEY_CHARS and key.isascii() and key.isprintable()):
        raise InputError(code="bad_key", detail="This is not an API key.")
    return hashlib.sha256(key.encode("ascii")).hexdigest()
