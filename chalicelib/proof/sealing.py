# SPDX-License-Identifier: Apache-2.0
"""Keys of one subject: what they derive, seal and open, and how the vault wraps them.

Guarantees that once the 32-byte subject key is destroyed, nothing sealed here can be opened and no
digest salt or chain tag can be recomputed. Refuses to open anything under another subject, event
or leaf than it was sealed for. Holds no clock and no randomness: nonces are arguments.
"""

import hmac
from collections.abc import Callable
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.errors import EvidenceError, FatalError, Malformed

if TYPE_CHECKING:
    from hashlib import _Hash

KEY_BYTES: Final = 32
SID_BYTES: Final = 16
EVENT_ID_BYTES: Final = 16
NONCE_BYTES: Final = 12
GCM_TAG_BYTES: Final = 16

NAME_BYTES: Final = 16

SECTION_VERSION: Final = b"\x02"
PROFILE_CONTEXT: Final = b"cl1/profile"
FACTS_CONTEXT: Final = b"cl1/facts"

_SECTION_INFO: Final = b"cl1/profile/2"
_SEAL_VERSION: Final = b"\x01"
NONCE_END: Final = 1 + NONCE_BYTES
SEALED_MIN_BYTES: Final = NONCE_END + GCM_TAG_BYTES
_WRAP_VERSION: Final = b"\x01"
_EPOCH_BYTES: Final = 4
WRAP_HEADER_BYTES: Final = 1 + _EPOCH_BYTES
_WRAP_NONCE_END: Final = WRAP_HEADER_BYTES + NONCE_BYTES
WRAPPED_BYTES: Final = _WRAP_NONCE_END + KEY_BYTES + GCM_TAG_BYTES

_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_INNER_REST: Final = b"\x36" * (_BLOCK_BYTES - KEY_BYTES)
_OUTER_REST: Final = b"\x5c" * (_BLOCK_BYTES - KEY_BYTES)


class BadSeal(EvidenceError):  # noqa: N818  # a noun, as all of chalicelib.errors
    """The ciphertext was altered, or belongs to another subject, event or key."""


def derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    """32 bytes of HKDF-SHA256: one extraction, one block of expansion.

    Written in bare hashes, because nine derivations happen for every event and one for every
    profile read: half of what two calls of `hmac.digest` cost. ``salt`` MUST NOT be secret: what
    it hashes to is remembered. Source: RFC 5869 section 2.
    """
    return _expand(_extract(key, salt), info)


def _extract(key: bytes, salt: bytes) -> bytes:
    """HMAC-SHA256 of ``key`` under ``salt``, begun where hashing the salt ended."""
    begun_inner, begun_outer = _salted(salt)
    inner, outer = begun_inner.copy(), begun_outer.copy()
    inner.update(key)
    outer.update(inner.digest())
    return outer.digest()


def _expand(material: bytes, info: bytes) -> bytes:
    """The first block under the 32 bytes that `_extract` returned: an HMAC of two plain hashes.

    Pads by translation as the standard library's `hmac` does. Source: RFC 2104 section 2.
    """
    inner = sha256(material.translate(_INNER) + _INNER_REST + info + b"\x01").digest()
    return sha256(material.translate(_OUTER) + _OUTER_REST + inner).digest()


@lru_cache(maxsize=8)
def _salted(salt: bytes) -> "tuple[_Hash, _Hash]":
    """Inner and outer hash of an HMAC after its key; to be copied, never updated."""
    short = sha256(salt).digest() if len(salt) > _BLOCK_BYTES else salt
    block = short.ljust(_BLOCK_BYTES, b"\0")
    return sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))


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
        return _expand(self._material, b"cl1/tag")

    @cached_property
    def _material(self) -> bytes:
        """What Ks extracts to; extracted once, because several keys expand from it."""
        return _extract(self._ks, self._salt)

    @cached_property
    def _digest_material(self) -> bytes:
        return _extract(_expand(self._material, b"cl1/sd"), self._salt)

    @cached_property
    def _sealing_material(self) -> bytes:
        return _extract(_expand(self._material, b"cl1/enc"), self._salt)

    @cached_property
    def _section_cipher(self) -> AESGCM:
        return section_cipher(self._ks, self._salt)

    @cached_property
    def _first_profile_cipher(self) -> AESGCM:
        return AESGCM(_expand(self._sealing_material, b"cl1/profile"))

    @cached_property
    def _activity_cipher(self) -> AESGCM:
        return AESGCM(_expand(self._sealing_material, b"cl1/activity"))

    @cached_property
    def _name_key(self) -> bytes:
        return _expand(self._material, b"cl1/names")

    def name(self, kind: str, brand: str, given: str) -> bytes:
        """The 16 bytes that name a row of the subject's in the stead of what others call it.

        A shop's order numbers can be guessed: without the key nobody can tell whose row is whose,
        and once it is destroyed nobody ever will.

        Args:
            kind: what is named, ASCII without NUL.
            brand: a slug.
            given: what the brand's systems call it; any text.
        """
        named = b"\0".join((kind.encode("ascii"), brand.encode("ascii"), given.encode("utf-8")))
        return hmac.digest(self._name_key, named, "sha256")[:NAME_BYTES]

    def salt(self, event_id: bytes, claim: str) -> bytes:
        """The 32-byte disclosure salt of one claim of one event."""
        _require_event_id(event_id)
        return _expand(self._digest_material, event_id + claim.encode("ascii"))

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
        context = PROFILE_CONTEXT + self.sid
        return _seal(self._section_cipher, plaintext, nonce, context, SECTION_VERSION)

    def open_profile(self, sealed: bytes) -> bytes:
        """The plaintext given to `seal_profile`, or sealed as version 1 before there was a 2.

        Raises:
            Malformed: not a sealed value of version 1 or 2.
            BadSeal: altered, or sealed for another subject or section.
        """
        context = PROFILE_CONTEXT + self.sid
        if sealed[:1] == _SEAL_VERSION:
            return _open(self._first_profile_cipher, sealed, context)
        return open_section(self._section_cipher, sealed, context)

    def seal_facts(self, plaintext: bytes, nonce: bytes) -> bytes:
        """Seal the subject's facts; `nonce` is 12 fresh random bytes at every change."""
        context = FACTS_CONTEXT + self.sid
        return _seal(self._section_cipher, plaintext, nonce, context, SECTION_VERSION)

    def open_facts(self, sealed: bytes) -> bytes:
        """The plaintext given to `seal_facts`; raises as `open_profile` does."""
        return open_section(self._section_cipher, sealed, FACTS_CONTEXT + self.sid)

    def seal_event(self, row: bytes, plaintext: bytes, nonce: bytes) -> bytes:
        """Seal an activity row (SES, click, open, customer event) to its row key `row`."""
        return _seal(self._activity_cipher, plaintext, nonce, b"cl1/activity" + self.sid + row)

    def open_event(self, row: bytes, sealed: bytes) -> bytes:
        """The plaintext given to `seal_event`; raises as `open_claims` does."""
        return _open(self._activity_cipher, sealed, b"cl1/activity" + self.sid + row)

    def _claims_cipher(self, event_id: bytes) -> AESGCM:
        _require_event_id(event_id)
        return AESGCM(_expand(self._sealing_material, event_id))


class Kek:
    """The key of one epoch, ready to wrap and unwrap subject keys; good for any number of them.

    Args:
        epoch: 0 to 2^32 - 1; stored in the clear so that a reader can pick the key.
        key: 32 bytes.

    Raises:
        FatalError: `key` is not 32 bytes, or the epoch is out of range.
    """

    __slots__ = ("_decrypt", "_encrypt", "_number")

    def __init__(self, epoch: int, key: bytes) -> None:
        """Keep the cipher only: the key itself is in no attribute."""
        if len(key) != KEY_BYTES or not 0 <= epoch < 2**32:
            raise FatalError("an epoch key is 32 bytes, an epoch below 2^32")
        cipher = AESGCM(key)
        self._encrypt, self._decrypt = cipher.encrypt, cipher.decrypt
        self._number = epoch.to_bytes(_EPOCH_BYTES, "big")

    def __repr__(self) -> str:
        """Name the epoch only: a traceback must not print a key."""
        return f"Kek(epoch={int.from_bytes(self._number, 'big')})"

    def wrap(self, sid: bytes, ks: bytes, nonce: bytes) -> bytes:
        """The vault's form of a subject key: 65 bytes, self-describing.

        Args:
            sid: 16 bytes, authenticated.
            ks: the subject key, 32 bytes.
            nonce: 12 fresh random bytes.

        Raises:
            FatalError: a length is out of range.
        """
        if len(ks) != KEY_BYTES or len(sid) != SID_BYTES:
            raise FatalError("a subject key is 32 bytes, a subject id 16")
        _require_nonce(nonce)
        sealed = self._encrypt(nonce, ks, sid + self._number)
        return _WRAP_VERSION + self._number + nonce + sealed

    def unwrap(self, sid: bytes, wrapped: bytes) -> bytes:
        """The 32-byte subject key in `wrapped`.

        Raises:
            Malformed: not 65 bytes of wrap version 1.
            BadSeal: altered, another subject's, or another epoch's.
        """
        if len(wrapped) != WRAPPED_BYTES or wrapped[:1] != _WRAP_VERSION:
            raise Malformed("not a wrapped subject key of version 1")
        try:
            return self._decrypt(
                wrapped[WRAP_HEADER_BYTES:_WRAP_NONCE_END],
                wrapped[_WRAP_NONCE_END:],
                sid + wrapped[1:WRAP_HEADER_BYTES],
            )
        except InvalidTag:
            raise BadSeal("a wrapped subject key opens under no such key and subject") from None


def wrapped_epoch(wrapped: bytes) -> int:
    """The epoch whose key opens `wrapped`.

    Raises:
        Malformed: not 65 bytes of wrap version 1.
    """
    if len(wrapped) != WRAPPED_BYTES or wrapped[:1] != _WRAP_VERSION:
        raise Malformed("not a wrapped subject key of version 1")
    return int.from_bytes(wrapped[1:WRAP_HEADER_BYTES], "big")


def section_cipher(ks: bytes, salt: bytes) -> AESGCM:
    """What seals the profile and the facts of the subject with the key `ks`.

    Args:
        ks: the subject key, 32 bytes.
        salt: the log's origin line, UTF-8.
    """
    return AESGCM(section_key(salt)(ks))


def section_key(salt: bytes) -> Callable[[bytes], bytes]:
    """How the key of a subject's sections is derived from the subject key, for many subjects.

    It is `derive` with all that is the same for everybody done once; of no subject is anything
    kept.

    Args:
        salt: as for `section_cipher`.
    """
    begun_inner, begun_outer = (begun.copy for begun in _salted(salt))
    inner_rest = _INNER_REST + _SECTION_INFO + b"\x01"

    def derived(ks: bytes) -> bytes:
        inner, outer = begun_inner(), begun_outer()
        inner.update(ks)
        outer.update(inner.digest())
        material = outer.digest()
        block = sha256(material.translate(_INNER) + inner_rest).digest()
        return sha256(material.translate(_OUTER) + _OUTER_REST + block).digest()

    return derived


def open_section(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes:
    """The plaintext of a section; `context` is its `…_CONTEXT` with the subject id behind it.

    Raises:
        Malformed: not a sealed value of version 2.
        BadSeal: altered, or sealed for another subject or section.
    """
    return _open(cipher, sealed, context, SECTION_VERSION)


def _seal(
    cipher: AESGCM, plaintext: bytes, nonce: bytes, context: bytes, version: bytes = _SEAL_VERSION
) -> bytes:
    _require_nonce(nonce)
    return version + nonce + cipher.encrypt(nonce, plaintext, context)


def _open(cipher: AESGCM, sealed: bytes, context: bytes, version: bytes = _SEAL_VERSION) -> bytes:
    if len(sealed) < SEALED_MIN_BYTES or sealed[:1] != version:
        raise Malformed("not a sealed value of a version that is known here")
    try:
        return cipher.decrypt(sealed[1:NONCE_END], sealed[NONCE_END:], context)
    except InvalidTag:
        raise BadSeal("a sealed value does not open for this subject and place") from None


def _require_nonce(nonce: bytes) -> None:
    if len(nonce) != NONCE_BYTES:
        raise FatalError("a nonce is 12 bytes")


def _require_event_id(event_id: bytes) -> None:
    if len(event_id) != EVENT_ID_BYTES:
        raise FatalError("an event id is 16 bytes")
