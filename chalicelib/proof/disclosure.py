# SPDX-License-Identifier: Apache-2.0
"""The sealed claims of an event and the RFC 9901 disclosures a leaf commits to them with.

Guarantees that every event has exactly four disclosures in buckets of 256 bytes, whatever was
sealed, and that the same claims and key give the same bytes again. Refuses any second spelling.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chalicelib.errors import Malformed
from chalicelib.proof import base64url, canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.sealing import SubjectKeys

BUCKET_BYTES: Final = 256
MAX_CLAIM_BYTES: Final = 64 * BUCKET_BYTES
CLAIM_NAMES: Final = ("subject", "session", "choice", "link")
SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The sealed part of an event: four JSON objects; None becomes a decoy that looks the same.

    Attributes:
        subject: who (address, address as typed).
        session: from where (address of origin, user agent, page, referrer, language).
        choice: what was submitted, field by field.
        link: what it belongs to (request id, token hash, SES message id, previous leaf hash).
    """

    subject: Mapping[str, JsonValue] | None = None
    session: Mapping[str, JsonValue] | None = None
    choice: Mapping[str, JsonValue] | None = None
    link: Mapping[str, JsonValue] | None = None


def disclose(event_id: bytes, claims: Claims, key: SubjectKeys) -> tuple[str, ...]:
    """The four RFC 9901 disclosures of an event, always the same for the same claims.

    Each is base64url of `[salt,name,value]` in RFC 8785 form, followed by spaces up to the next
    multiple of 256 bytes, so that neither number nor length tells what is inside.

    Raises:
        Malformed: a claim is longer than 16 KiB in this form.

    Source: RFC 9901 section 4.2.1.
    """
    values: tuple[Mapping[str, JsonValue] | None, ...] = (
        claims.subject,
        claims.session,
        claims.choice,
        claims.link,
    )
    return tuple(
        base64url.encode(
            _padded(canonical.encode([base64url.encode(key.salt(event_id, name)), name, value]))
        )
        for name, value in zip(CLAIM_NAMES, values, strict=True)
    )


def disclosure_digest(disclosure: str) -> str:
    """The digest that stands in `_sd` for a disclosure. Source: RFC 9901 section 4.2.3."""
    return base64url.encode(sha256(disclosure.encode("ascii")).digest())


def open_disclosure(disclosure: str) -> tuple[str, dict[str, JsonValue] | None]:
    """Name and value of one of our disclosures; the value of a decoy is None.

    Raises:
        Malformed: not in the one form `disclose` writes.
    """
    padded = base64url.decode(disclosure)
    match _unpadded(padded):
        case [str(salt), str(name), value] if name in CLAIM_NAMES:
            pass
        case _:
            raise Malformed("a disclosure is not a salt, a known name and a value")
    if not (value is None or isinstance(value, dict)):
        raise Malformed("a disclosure has a value that is no object")
    base64url.decode(salt, length=SALT_BYTES)
    return name, value


def encode_claims(claims: Claims) -> bytes:
    """The plaintext to seal beside a leaf: canonical JSON of the four claims, padded to 256.

    Raises:
        Malformed: longer than 16 KiB.
    """
    values = {name: getattr(claims, name) for name in CLAIM_NAMES}
    return _padded(
        canonical.encode({name: value for name, value in values.items() if value is not None})
    )


def decode_claims(plaintext: bytes) -> Claims:
    """The claims given to `encode_claims`.

    Raises:
        Malformed: not in the one form `encode_claims` writes.
    """
    members = _unpadded(plaintext)
    if not isinstance(members, dict) or not members.keys() <= set(CLAIM_NAMES):
        raise Malformed("sealed claims have an unknown name")
    if not all(isinstance(value, dict) for value in members.values()):
        raise Malformed("a sealed claim is not an object")
    return Claims(**members)


def _padded(text: bytes) -> bytes:
    width = -(-len(text) // BUCKET_BYTES) * BUCKET_BYTES
    if width > MAX_CLAIM_BYTES:
        raise Malformed("a claim is longer than 16 KiB")
    return text.ljust(width, b" ")


def _unpadded(padded: bytes) -> JsonValue:
    text = padded.rstrip(b" ")
    value = canonical.decode(text, require_canonical=True)
    if _padded(text) != padded:
        raise Malformed("a claim is not padded to the next 256 bytes")
    return value
