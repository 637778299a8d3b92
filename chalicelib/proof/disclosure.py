# SPDX-License-Identifier: Apache-2.0
"""The sealed claims of an event and the RFC 9901 disclosures a leaf commits to them with.

Guarantees that every event has exactly four disclosures in buckets of 256 bytes, whatever was
sealed, and that the same claims and key give the same bytes again. Refuses any second spelling.
"""

import zlib
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

_PACKED: Final = 2
_HEAD_BYTES: Final = 3
_WINDOW_BITS, _MEMORY_LEVEL = -12, 5
_DICTIONARY: Final = (
    b'"privacy":"0123456789abcdef","reason":"","mac":"sv-SE,sv;q=0.9,de-DE,fr-FR,en-GB,en;q=0.8'
    b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    b"(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
    b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Mozilla/5.0 (Linux; Android 10; K) "
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    b"(KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
    b'{"link":{"message_id":"","previous":"","request":"","token_sha256":""}}'
    b'{"choice":{"fields":{"first_name":""},"form":"demo","prechecked":false,"version":1},'
    b'"link":{"previous":""},"session":{"ip":"192.0.2.","lang":"en","referrer":"https://www.",'
    b'"ua":"","url":"https://mail.example.org/forms/"},'
    b'"subject":{"email":"@example.org","email_as_typed":"@gmail.com"}}'
)
"""Part of the sealed format (docs/spec/leaf.md section 5): another one needs another first byte."""


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
    """The plaintext to seal beside a leaf: canonical JSON of the claims, packed, padded to 256.

    Raises:
        Malformed: longer than 16 KiB.
    """
    values = {name: getattr(claims, name) for name in CLAIM_NAMES}
    text = canonical.encode({name: value for name, value in values.items() if value is not None})
    _require_short(text)
    deflate = zlib.compressobj(
        zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zdict=_DICTIONARY
    )
    packed = deflate.compress(text) + deflate.flush()
    headed = bytes([_PACKED]) + len(packed).to_bytes(_HEAD_BYTES - 1, "big") + packed
    return headed.ljust(-(-len(headed) // BUCKET_BYTES) * BUCKET_BYTES, b"\0")


def decode_claims(plaintext: bytes) -> Claims:
    """The claims given to `encode_claims`, or to its first version, which did not pack them.

    Raises:
        Malformed: not in one of the two forms.
    """
    members = _unpacked(plaintext) if plaintext[:1] == bytes([_PACKED]) else _unpadded(plaintext)
    if not isinstance(members, dict) or not members.keys() <= set(CLAIM_NAMES):
        raise Malformed("sealed claims have an unknown name")
    if not all(isinstance(value, dict) for value in members.values()):
        raise Malformed("a sealed claim is not an object")
    return Claims(**members)


def _padded(text: bytes) -> bytes:
    _require_short(text)
    return text.ljust(-(-len(text) // BUCKET_BYTES) * BUCKET_BYTES, b" ")


def _require_short(text: bytes) -> None:
    if len(text) > MAX_CLAIM_BYTES:
        raise Malformed("a claim is longer than 16 KiB")


def _unpacked(plaintext: bytes) -> JsonValue:
    end = _HEAD_BYTES + int.from_bytes(plaintext[1:_HEAD_BYTES], "big")
    padding = plaintext[end:]
    inflate = zlib.decompressobj(_WINDOW_BITS, zdict=_DICTIONARY)
    try:
        text = inflate.decompress(plaintext[_HEAD_BYTES:end], MAX_CLAIM_BYTES + 1)
    except zlib.error as error:
        raise Malformed("packed claims do not unpack") from error
    if not inflate.eof or inflate.unused_data or len(plaintext) % BUCKET_BYTES:
        raise Malformed("packed claims do not unpack")
    if len(padding) >= BUCKET_BYTES or padding.strip(b"\0"):
        raise Malformed("packed claims are not padded to the next 256 bytes")
    _require_short(text)
    return canonical.decode(text, require_canonical=True)


def _unpadded(padded: bytes) -> JsonValue:
    text = padded.rstrip(b" ")
    value = canonical.decode(text, require_canonical=True)
    if _padded(text) != padded:
        raise Malformed("a claim is not padded to the next 256 bytes")
    return value
