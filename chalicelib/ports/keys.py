# SPDX-License-Identifier: Apache-2.0
"""Keys that never leave their keeper, one port per purpose, so that roles can differ.

Errors: `Throttled`, `Unavailable`; nothing here ever returns a wrong answer instead.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from chalicelib.proof.sealing import Kek

MAX_MESSAGE_BYTES: Final = 4096
"""Longest message a `LogSigner` signs: KMS takes no more in one piece (AWS KMS API, Sign)."""


class AddressMac(Protocol):
    """Keyed MAC of a normalised address, under a key nobody can export (KMS ``HMAC_256``)."""

    def mac(self, normal_address: str) -> str:
        """Return the MAC as base64url, 43 characters."""
        ...

    def macs(self, normal_addresses: Sequence[str]) -> tuple[str, ...]:
        """Return the MAC of each address, in their order; a few are asked for at a time.

        Raises:
            DependencyError: one could not be computed; none is returned.
        """
        ...


class KeyWrapper(Protocol):
    """Wraps subject keys locally under the epoch key; the epoch key itself is KMS-wrapped."""

    def wrap(self, sid: bytes, key: bytes) -> bytes:
        """Return ``key`` wrapped for ``sid`` (16 bytes), at most 150 bytes."""
        ...

    def unwrap(self, sid: bytes, wrapped: bytes) -> bytes:
        """Return the subject key.

        Raises:
            EvidenceError: the wrapped bytes are not this subject's, or were altered.

        """
        ...

    def kek(self, epoch: int) -> "Kek":
        """Return the epoch's key, for unwrapping many subject keys one after another.

        At most 5 minutes old. Ask again for every few hundred people instead of keeping it: most
        answers cost nothing.

        Raises:
            EvidenceError: there is no such epoch, or its key was altered.

        """
        ...


class LogSigner(Protocol):
    """Signs checkpoints with the log's Ed25519 key."""

    @property
    def public_key(self) -> bytes:
        """The 32 raw public key bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of ``message``, at most 4,096 bytes."""
        ...


class LinkKeys(Protocol):
    """Master keys of the stateless links in mails, by key id; old ones stay for ever.

    A key per purpose is derived from each (`proof.tokens.TokenKeys`).
    """

    def masters(self) -> tuple[tuple[int, bytes], ...]:
        """Return (key id 0..255, 32-byte master key) pairs, the one for new links first."""
        ...
