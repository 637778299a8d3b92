# SPDX-License-Identifier: Apache-2.0
"""The key ports in memory: real cryptography under keys that belong to the test."""

import hmac
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.domain.ids import encode_id
from chalicelib.errors import FatalError
from chalicelib.proof.sealing import BadSeal, Kek, wrapped_epoch
from tests.support.clock import SeededRandom
from tests.support.faults import Faults, no_faults, struck


class MemoryAddressMac:
    """`ports.keys.AddressMac`: HMAC-SHA256 over the message the KMS adapter sends."""

    def __init__(
        self, controller: str = "test", key: bytes = b"m" * 32, faults: Faults = no_faults
    ) -> None:
        self._prefix = b"cl1/email\0" + controller.encode() + b"\0"
        self._key = key
        self.faults = faults

    def mac(self, normal_address: str) -> str:
        with struck(self.faults, "AddressMac.mac"):
            return self._of(normal_address)

    def macs(self, normal_addresses: Sequence[str]) -> tuple[str, ...]:
        with struck(self.faults, "AddressMac.macs"):
            return tuple(map(self._of, normal_addresses))

    def _of(self, normal_address: str) -> str:
        message = self._prefix + normal_address.encode()
        return encode_id(hmac.digest(self._key, message, sha256))


class MemoryKeyWrapper:
    """`ports.keys.KeyWrapper` under one epoch key."""

    def __init__(
        self,
        kek: bytes = b"k" * 32,
        epoch: int = 1,
        random: SeededRandom | None = None,
        faults: Faults = no_faults,
    ) -> None:
        self._kek = Kek(epoch, kek)
        self._epoch = epoch
        self._random = random or SeededRandom(77)
        self.faults = faults

    def wrap(self, sid: bytes, key: bytes) -> bytes:
        with struck(self.faults, "KeyWrapper.wrap"):
            return self._kek.wrap(sid, key, self._random(12))

    def unwrap(self, sid: bytes, wrapped: bytes) -> bytes:
        with struck(self.faults, "KeyWrapper.unwrap"):
            return self._of(wrapped_epoch(wrapped)).unwrap(sid, wrapped)

    def kek(self, epoch: int) -> Kek:
        with struck(self.faults, "KeyWrapper.kek"):
            return self._of(epoch)

    def _of(self, epoch: int) -> Kek:
        if epoch != self._epoch:
            raise BadSeal("there is no such epoch")
        return self._kek


class MemoryLogSigner:
    """`ports.keys.LogSigner` with a key made from a 32-byte seed."""

    def __init__(self, seed: bytes = b"s" * 32, faults: Faults = no_faults) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.faults = faults

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        if len(message) > 4096:
            raise FatalError("a message to sign is at most 4,096 bytes")
        with struck(self.faults, "LogSigner.sign"):
            return self._key.sign(message)


class MemoryLinkKeys:
    """`ports.keys.LinkKeys`; `rotate` adds a newer key, old ones stay."""

    def __init__(self, random: SeededRandom | None = None, faults: Faults = no_faults) -> None:
        self._random = random or SeededRandom(78)
        self._masters = [(0, self._random(32))]
        self.faults = faults

    def masters(self) -> tuple[tuple[int, bytes], ...]:
        with struck(self.faults, "LinkKeys.masters"):
            return tuple(self._masters)

    def rotate(self) -> None:
        self._masters.insert(0, (self._masters[0][0] + 1, self._random(32)))
