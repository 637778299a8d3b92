# SPDX-License-Identifier: Apache-2.0
"""`ports.keys.LogSigner` from a key file: for one machine, where no KMS holds Ed25519 keys.

Refuses any file but exactly the 32 bytes of an Ed25519 seed. Source: RFC 8032 section 5.1.5.
"""

from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.errors import FatalError
from chalicelib.ports.keys import MAX_MESSAGE_BYTES

SEED_BYTES: Final = 32


class FileSigner:
    """Signs checkpoints with the seed in ``path``, read at first use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def public_key(self) -> bytes:
        """The 32 raw public key bytes."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of ``message``, at most 4,096 bytes.

        Raises:
            FatalError: the message is longer, or the key file is missing or no seed.
        """
        if len(message) > MAX_MESSAGE_BYTES:
            raise FatalError("a message to sign is at most 4,096 bytes")
        return self._key.sign(message)

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        try:
            seed = self._path.read_bytes()
        except OSError as error:
            raise FatalError(f"the log key file cannot be read: {error.strerror}") from None
        if len(seed) != SEED_BYTES:
            raise FatalError("the log key file is not the 32 bytes of an Ed25519 seed")
        return Ed25519PrivateKey.from_private_bytes(seed)
