# SPDX-License-Identifier: Apache-2.0
"""Identifiers: one type per kind, fixed shapes, and the shard a subject lives in.

Random ids are 128 bits shown as unpadded base64url; nothing here is derived from an address.
"""

import binascii
import hashlib
import re
from typing import NewType

from chalicelib.errors import InputError

SubjectId = NewType("SubjectId", str)
EventId = NewType("EventId", str)
BrandId = NewType("BrandId", str)
ListId = NewType("ListId", str)
PurposeId = NewType("PurposeId", str)
FormId = NewType("FormId", str)
CampaignId = NewType("CampaignId", str)
DeliveryId = NewType("DeliveryId", str)
JobId = NewType("JobId", str)

RANDOM_ID_BYTES = 16
DELIVERY_ID_BYTES = 12
SHARDS = tuple("0123456789abcdef")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encode_id(raw: bytes) -> str:
    """Return ``raw`` as unpadded base64url, the one text form of a random id."""
    text = binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE)
    return text.rstrip(b"=").decode("ascii")


def decode_id(text: str, length: int = RANDOM_ID_BYTES) -> bytes:
    """Return the ``length`` raw bytes of a random id.

    Raises:
        InputError: the text is not the canonical base64url of exactly ``length`` bytes.

    """
    try:
        raw = binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "==")
    except ValueError:
        raise InputError(code="bad_id", detail="This identifier is not valid.") from None
    # What the lenient reading passed over is in no text that these bytes are written as.
    if len(raw) != length or encode_id(raw) != text:
        raise InputError(code="bad_id", detail="This identifier is not valid.")
    return raw


def decode_stored_id(sid: SubjectId) -> bytes:
    """Return the 16 raw bytes of an id that a store of ours holds, sooner than `decode_id` does.

    Whether the text is the one spelling of them is not asked again: what is sealed opens under the
    bytes alone.

    Raises:
        InputError: it is not the base64url of 16 bytes.
    """
    try:
        raw = binascii.a2b_base64(sid.replace("-", "+").replace("_", "/") + "==")
    except ValueError:
        raw = b""
    return raw if len(raw) == RANDOM_ID_BYTES else decode_id(sid)


def require_slug(text: str, noun: str) -> str:
    """Return ``text`` when it is a slug of 1 to 32 characters (a-z, 0-9, hyphen).

    Raises:
        InputError: any other text; the detail names ``noun``.

    """
    if not _SLUG.fullmatch(text):
        raise InputError(
            code="bad_id",
            detail=f"A {noun} id has 1 to 32 characters: small letters a-z, digits and hyphens.",
        )
    return text


def vault_reference(sid: SubjectId) -> str:
    """Return ``kid`` of a subject: SHA-256 (hex) of the 16 raw bytes of its id."""
    return hashlib.sha256(decode_id(sid)).hexdigest()


def shard_of(sid: SubjectId) -> str:
    """Return the subject's shard, one hex digit: the first of SHA-256 over the raw id.

    Example:
        >>> shard_of(SubjectId("AAAAAAAAAAAAAAAAAAAAAA"))
        '3'

    """
    return vault_reference(sid)[0]
