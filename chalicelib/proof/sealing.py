# SPDX-License-Identifier: Apache-2.0
"""Keys of one subject: what they derive, seal and open, and how the vault wraps them.

Guarantees that once the 32-byte subject key is destroyed, nothing sealed here can be opened and no
digest salt or chain tag can be recomputed. Refuses to open anything under another subject, event
or leaf than it was sealed for. Holds no clock and no randomness: nonces are arguments.
"""

import hmac
from functools import cached_property
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.errors import EvidenceError, FatalError, Malformed

KEY_BYTES: Final = 32
SID_BYTES: Final = 16
EVENT_ID_BYTES: Final = 16
NONCE_BYTES: Final = 12
GCM_TAG_BYTES: Final = 16

_SEAL_VERSION: Final = b"\x01"
_WRAP_VERSION: Final = b"\x01"
_EPOCH_BYTES: Final = 4
WRAPPED_BYTES: Final = 1 + _EPOCH_BYTES + NONCE_BYTES + KEY_BYTES + GCM_TAG_BYTES


class BadSeal(EvidenceError):  # noqa: N818  # a noun, as all of chalicelib.errors
    """The ciphertext was altered, or belongs to another subject, event or key."""


def derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    """32 bytes of HKDF-SHA256; one expansion block, so two HMACs.

    The library's HKDF object costs several times these two calls, and ten derivations happen for
    every event; a test compares both. Source: RFC 5869 section 2.
    """
    pseudorandom = hmac.digest(salt, key, "sha256")
    return hmac.digest(pseudorandom, info + b"\x01", "sha256")


def chain_tag(chain_key: bytes, n: int) -> bytes:
    """The 32-byte tag of entry `n` (from 0) of the chain with this key; all a verifier needs."""
    return hmac.digest(chain_key, n.to_bytes(8, "big"), "sha256")


class SubjectKeys:
    """Everything derived from one subject key, in one log.

    Args:
        ks: the subject key, 32 random bytes from the vault.
        origin: the log's origin line; the HKDF salt.
        sid: the subject's id, 16 bytes.

    Raises:
        FatalError: `ks` is not 32 bytes, `sid` not 16, or `origin` empty.
    """

    def __init__(self, ks: bytes, origin: str, sid: bytes) -> None:
        """Keep the key; every derivation happens on first use."""
        if len(ks) != KEY_BYTES or len(sid) != SID_BYTES or not origin:
            raise FatalError("a subject key is 32 bytes, a subject id 16, an origin not empty")
        self._ks = ks
        self._salt = origin.encode("utf-8")
        self.sid = sid

    def __repr__(self) -> str:
        """Name the class only: a traceback must not print a key."""
        return "SubjectKeys(…)"

    @cached_property
    def chain_key(self) -> bytes:
        """Ktag, 32 bytes: shows which leaves are one chain, and opens nothing."""
        return derive(self._ks, self._salt, b"cl1/tag")

    @cached_property
    def _digest_key(self) -> bytes:
        return derive(self._ks, self._salt, b"cl1/sd")

    @cached_property
    def _sealing_key(self) -> bytes:
        return derive(self._ks, self._salt, b"cl1/enc")

    @cached_property
    def _profile_cipher(self) -> AESGCM:
        return AESGCM(derive(self._sealing_key, self._salt, b"cl1/profile"))

    @cached_property
    def _activity_cipher(self) -> AESGCM:
        return AESGCM(derive(self._sealing_key, self._salt, b"cl1/activity"))

    def salt(self, event_id: bytes, claim: str) -> bytes:
        """The 32-byte disclosure salt of one claim of one event."""
        _require_event_id(event_id)
        return derive(self._digest_key, self._salt, event_id + claim.encode("ascii"))

    def tag(self, n: int) -> bytes:
        """The 32-byte tag of the chain's entry `n`, counted from 0."""
        return chain_tag(self.chain_key, n)

    def seal_claims(
        self, event_id: bytes, leaf_hash: bytes, plaintext: bytes, nonce: bytes
    ) -> bytes:
        """Seal one event's claims so that they open only beside exactly that leaf.

        Args:
            event_id: 16 bytes.
            leaf_hash: 32 bytes, the RFC 6962 leaf hash.
            plaintext: `disclosure.encode_claims`, padded.
            nonce: 12 fresh random bytes.
        """
        return _seal(self._claims_cipher(event_id), plaintext, nonce, event_id + leaf_hash)

    def open_claims(self, event_id: bytes, leaf_hash: bytes, sealed: bytes) -> bytes:
        """The plaintext given to `seal_claims`.

        Raises:
            Malformed: not a sealed value of version 1.
            BadSeal: altered, or sealed for another subject, event or leaf.
        """
        return _open(self._claims_cipher(event_id), sealed, event_id + leaf_hash)

    def seal_profile(self, plaintext: bytes, nonce: bytes) -> bytes:
        """Seal the subject's profile; `nonce` is 12 fresh random bytes at every change."""
        return _seal(self._profile_cipher, plaintext, nonce, b"cl1/profile" + self.sid)

    def open_profile(self, sealed: bytes) -> bytes:
        """The plaintext given to `seal_profile`; raises as `open_claims` does."""
        return _open(self._profile_cipher, sealed, b"cl1/profile" + self.sid)

    def seal_event(self, row: bytes, plaintext: bytes, nonce: bytes) -> bytes:
        """Seal an activity row (SES, click, open, customer event) to its row key `row`."""
        return _seal(self._activity_cipher, plaintext, nonce, b"cl1/activity" + self.sid + row)

    def open_event(self, row: bytes, sealed: bytes) -> bytes:
        """The plaintext given to `seal_event`; raises as `open_claims` does."""
        return _open(self._activity_cipher, sealed, b"cl1/activity" + self.sid + row)

    def _claims_cipher(self, event_id: bytes) -> AESGCM:
        _require_event_id(event_id)
        return AESGCM(derive(self._sealing_key, self._salt, event_id))


def wrap_key(kek: bytes, epoch: int, sid: bytes, ks: bytes, nonce: bytes) -> bytes:
    """The vault's form of a subject key: 65 bytes, self-describing.

    Args:
        kek: the epoch's key, 32 bytes.
        epoch: 0 to 2^32 - 1; stored in the clear so that a reader can pick the key.
        sid: 16 bytes, authenticated.
        ks: the subject key, 32 bytes.
        nonce: 12 fresh random bytes.

    Raises:
        FatalError: a length or the epoch is out of range.
    """
    if len(ks) != KEY_BYTES or len(sid) != SID_BYTES or not 0 <= epoch < 2**32:
        raise FatalError("a subject key is 32 bytes, a subject id 16, an epoch below 2^32")
    _require_nonce(nonce)
    number = epoch.to_bytes(_EPOCH_BYTES, "big")
    return _WRAP_VERSION + number + nonce + AESGCM(kek).encrypt(nonce, ks, sid + number)


def wrapped_epoch(wrapped: bytes) -> int:
    """The epoch whose key opens `wrapped`.

    Raises:
        Malformed: not 65 bytes of wrap version 1.
    """
    if len(wrapped) != WRAPPED_BYTES or wrapped[:1] != _WRAP_VERSION:
        raise Malformed("not a wrapped subject key of version 1")
    return int.from_bytes(wrapped[1 : 1 + _EPOCH_BYTES], "big")


def unwrap_key(kek: bytes, sid: bytes, wrapped: bytes) -> bytes:
    """The 32-byte subject key in `wrapped`.

    Raises:
        Malformed: not 65 bytes of wrap version 1.
        BadSeal: altered, another subject's, or another epoch's key.
    """
    wrapped_epoch(wrapped)
    start = 1 + _EPOCH_BYTES
    nonce, sealed = wrapped[start : start + NONCE_BYTES], wrapped[start + NONCE_BYTES :]
    try:
        return AESGCM(kek).decrypt(nonce, sealed, sid + wrapped[1:start])
    except InvalidTag:
        raise BadSeal("a wrapped subject key does not open under this key and subject") from None


def _seal(cipher: AESGCM, plaintext: bytes, nonce: bytes, context: bytes) -> bytes:
    _require_nonce(nonce)
    return _SEAL_VERSION + nonce + cipher.encrypt(nonce, plaintext, context)


def _open(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes:
    if len(sealed) < 1 + NONCE_BYTES + GCM_TAG_BYTES or sealed[:1] != _SEAL_VERSION:
        raise Malformed("not a sealed value of version 1")
    try:
        return cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], context)
    except InvalidTag:
        raise BadSeal("a sealed value does not open under this subject, event and leaf") from None


def _require_nonce(nonce: bytes) -> None:
    if len(nonce) != NONCE_BYTES:
        raise FatalError("a nonce is 12 bytes")


def _require_event_id(event_id: bytes) -> None:
    if len(event_id) != EVENT_ID_BYTES:
        raise FatalError("an event id is 16 bytes")
