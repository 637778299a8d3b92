# SPDX-License-Identifier: Apache-2.0
"""An event of SES as its row keeps it: packed, and sealed under its person's key.

Guarantees that `open_stored` returns the text given to `seal_stored`, also of rows written before
events were packed. A bounce of 3 KB packs below the KiB that DynamoDB bills.
"""

from chalicelib.errors import Malformed
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.packed_mails import Like, pack, unpack

_TEXT_BEGINS = b"{"
"""Rows of the first days hold the event's JSON as it came; a packed one begins with a version."""


def seal_stored(keys: SubjectKeys, row: str, raw: str, nonce: bytes) -> bytes:
    """Return an event sealed for the row whose key is ``row``; ``nonce`` is 12 fresh bytes."""
    return keys.seal_event(row.encode(), pack(raw.encode(), Like.EVENT), nonce)


def open_stored(keys: SubjectKeys, row: str, sealed: bytes) -> str:
    """Return the event's text.

    Raises:
        BadSeal: sealed by another key, or for another row.
        Malformed: it is not packed as `seal_stored` does.
    """
    kept = keys.open_event(row.encode(), sealed)
    plain = kept if kept.startswith(_TEXT_BEGINS) else unpack(kept)
    try:
        return plain.decode()
    except UnicodeDecodeError:
        raise Malformed("a stored event is not UTF-8") from None
