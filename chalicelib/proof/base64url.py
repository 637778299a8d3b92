# SPDX-License-Identifier: Apache-2.0
"""Unpadded base64url with exactly one text per byte string.

Guarantees `encode(decode(text)) == text`. Refuses padding, other alphabets, white space and
non-zero trailing bits: a token or digest with two spellings could be counted twice.
"""

import base64
import binascii
import re

from chalicelib.errors import Malformed

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def encode(raw: bytes) -> str:
    """The one base64url text of `raw`, without padding. Source: RFC 4648 section 5."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str, *, length: int | None = None) -> bytes:
    """The bytes that `text` is the one spelling of.

    Args:
        text: unpadded base64url.
        length: required number of bytes, when the format fixes it.

    Raises:
        Malformed: any other spelling, or another length.
    """
    if not _ALPHABET.fullmatch(text):
        raise Malformed("not base64url without padding")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise Malformed("not base64url without padding") from error
    if encode(raw) != text:
        raise Malformed("base64url with non-zero trailing bits")
    if length is not None and len(raw) != length:
        raise Malformed("a base64url value has the wrong length")
    return raw
