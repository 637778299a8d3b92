# SPDX-License-Identifier: Apache-2.0
"""Mails, and what SES tells of them, as rows keep them: deflated against what all look like.

Guarantees that `unpack` returns the very bytes given to `pack`, and that the packed length tells no
more than a bucket of 256 bytes. A mail of 3.7 KB shrinks to 400 bytes, so its row stays below the
KiB that DynamoDB bills. The dictionaries, of our mails in four languages and of SES's events, hold
nobody's data; they are part of the stored format and never change. What has come to look different
still packs well; a new dictionary gets a new first byte.

Source: RFC 1951; RFC 1950 section 2.2 (preset dictionary).
"""

import zlib
from enum import Enum
from functools import cached_property
from importlib.resources import files
from typing import Final

from chalicelib.errors import Malformed

BUCKET_BYTES: Final = 256
_WINDOW_BITS: Final = -15
"""The whole dictionary and the mail are in sight; negative: no header."""


class Like(Enum):
    """What a document looks like.

    Attributes:
        mark: the first byte of a packed one.
        file: of the dictionary. effort: level, window and memory of zlib: of an event, which is
            short and one of thousands, less of each.
    """

    MAIL = (b"\x01", "mail_dictionary_1.txt", (9, _WINDOW_BITS, 8))
    EVENT = (b"\x02", "event_dictionary_1.txt", (4, -13, 5))

    def __init__(self, mark: bytes, file: str, effort: tuple[int, int, int]) -> None:
        self.mark = mark
        self.file = file
        self.effort = effort

    @cached_property
    def dictionary(self) -> bytes:
        """What is in sight of the document from its start."""
        return files(__package__).joinpath(self.file).read_bytes()

    @cached_property
    def primed(self) -> "zlib._Compress":
        """What deflates one document after the dictionary, once copied: reading that takes long."""
        level, window, memory = self.effort
        return zlib.compressobj(level, zlib.DEFLATED, window, memory, zdict=self.dictionary)


_LIKE: Final = {like.mark: like for like in Like}


def pack(document: bytes, like: Like = Like.MAIL) -> bytes:
    """Return ``document`` deflated, then zeros up to a multiple of `BUCKET_BYTES`."""
    deflate = like.primed.copy()
    packed = like.mark + deflate.compress(document) + deflate.flush()
    return packed.ljust(-(-len(packed) // BUCKET_BYTES) * BUCKET_BYTES, b"\0")


def unpack(packed: bytes) -> bytes:
    """Return the document given to `pack`; the stream says itself where it ends.

    Raises:
        Malformed: the bytes were not made by `pack`.
    """
    like = _LIKE.get(packed[:1])
    if like is None:
        raise Malformed("a stored mail is packed in an unknown way")
    inflate = zlib.decompressobj(_WINDOW_BITS, zdict=like.dictionary)
    try:
        document = inflate.decompress(packed[1:])
    except zlib.error:
        raise Malformed("a stored mail does not unpack") from None
    if not inflate.eof or inflate.unused_data.strip(b"\0"):
        raise Malformed("a stored mail is not one packed document")
    return document
