# SPDX-License-Identifier: Apache-2.0
"""Our own mails as a row keeps them: deflated against what every mail of ours looks like.

Guarantees that `unpack` returns the very bytes given to `pack`, and that the packed length tells no
more than a bucket of 256 bytes. A mail of 3.7 KB shrinks to 400 bytes, so its row stays below the
KiB that DynamoDB bills. The dictionary, `mail_dictionary_1.txt`, holds our mails in four languages
without anybody's data; it is part of the stored format and never changes. Mails that have come to
look different still pack well; a new dictionary gets a new first byte.

Source: RFC 1951; RFC 1950 section 2.2 (preset dictionary).
"""

import zlib
from functools import cache
from importlib.resources import files
from typing import Final

from chalicelib.errors import Malformed

BUCKET_BYTES: Final = 256
_FIRST_DICTIONARY: Final = b"\x01"
_WINDOW_BITS: Final = -15
"""The whole dictionary and the mail are in sight; negative: no header."""


def pack(document: bytes) -> bytes:
    """Return ``document`` deflated, then zeros up to a multiple of `BUCKET_BYTES`."""
    deflate = zlib.compressobj(
        zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, _WINDOW_BITS, zdict=_dictionary()
    )
    packed = _FIRST_DICTIONARY + deflate.compress(document) + deflate.flush()
    return packed.ljust(-(-len(packed) // BUCKET_BYTES) * BUCKET_BYTES, b"\0")


def unpack(packed: bytes) -> bytes:
    """Return the document given to `pack`; the stream says itself where it ends.

    Raises:
        Malformed: the bytes were not made by `pack`.
    """
    if packed[:1] != _FIRST_DICTIONARY:
        raise Malformed("a stored mail is packed in an unknown way")
    inflate = zlib.decompressobj(_WINDOW_BITS, zdict=_dictionary())
    try:
        document = inflate.decompress(packed[1:])
    except zlib.error:
        raise Malformed("a stored mail does not unpack") from None
    if not inflate.eof or inflate.unused_data.strip(b"\0"):
        raise Malformed("a stored mail is not one packed document")
    return document


@cache
def _dictionary() -> bytes:
    return files(__package__).joinpath("mail_dictionary_1.txt").read_bytes()
