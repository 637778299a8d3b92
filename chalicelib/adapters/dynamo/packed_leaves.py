# SPDX-License-Identifier: Apache-2.0
"""Leaves as an entry's row keeps them: deflated against what every leaf of ours looks like.

Guarantees that `unpack` returns the very bytes given to `pack`: the log commits to those, never to
the packed form. The dictionary below is part of the stored format and never changes; another one
needs another schema version. A leaf shrinks to about half, so that a row with two buckets of
sealed claims stays below the KiB that DynamoDB bills. Refuses what unpacks to more than a leaf.

Source: RFC 1951; RFC 1950 section 2.2 (preset dictionary).
"""

import zlib
from typing import Final

from chalicelib.errors import FatalError
from chalicelib.proof.tiles import MAX_LEAF_BYTES

_WINDOW_BITS, _MEMORY_LEVEL = -12, 5
"""Enough for a leaf and the dictionary; more memory only takes longer to clear."""
_DICTIONARY: Final = (
    b'"typ":"right.requested"typ":"right.answered"typ":"subject.erased"typ":"basis.recorded'
    b'"typ":"data.unsealed"typ":"objection.recorded"typ":"suppression.added"typ":"hold.placed'
    b'"rsn":"manual"rsn":"complaint"rsn":"bounce","via":"complaint"via":"list-unsub-post'
    b'"cmp":""man":""typ":"consent.withdrawn","v":"cl/1"}"typ":"consent.refused","v":"cl/1"}'
    b'{"_sd":["","","",""],"_sd_alg":"sha-256","brd":"demo","chn":"email","cnt":"'
    b'","ctl":"demo","id":"","lst":["newsletter"],"ntc":"0123456789abcdef'
    b'","pur":["measurement","newsletter"],"tag":"","ts":179,"typ":"consent.mail_sent'
    b'","typ":"consent.requested","v":"cl/1"},"typ":"consent.confirmed","v":"cl/1","via":"page"}'
)


def pack(leaf: bytes) -> bytes:
    """Return ``leaf`` deflated, without a header."""
    deflate = zlib.compressobj(
        zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zdict=_DICTIONARY
    )
    return deflate.compress(leaf) + deflate.flush()


def unpack(packed: bytes) -> bytes:
    """Return the leaf given to `pack`.

    Raises:
        FatalError: the bytes were not made by `pack`, or hold more than a leaf may.
    """
    inflate = zlib.decompressobj(_WINDOW_BITS, zdict=_DICTIONARY)
    try:
        leaf = inflate.decompress(packed, MAX_LEAF_BYTES + 1)
    except zlib.error as error:
        raise FatalError("a stored leaf does not unpack") from error
    if not inflate.eof or inflate.unused_data or len(leaf) > MAX_LEAF_BYTES:
        raise FatalError("a stored leaf does not unpack")
    return leaf
