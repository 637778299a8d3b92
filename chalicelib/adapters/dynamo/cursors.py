# SPDX-License-Identifier: Apache-2.0
"""Cursors of pages: where the last page of one partition ended.

Guarantees that a cursor leads back only into the partition it was made for. Refuses anything
else: a cursor is a caller's input, and it ends in a key condition.
"""

import base64
import binascii
import re
from typing import Final

from chalicelib.domain.ids import encode_id
from chalicelib.errors import InputError

_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{1,400}")
_SORT_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def bad_cursor() -> InputError:
    """Return the error for a cursor that no page of ours ended with."""
    return InputError("bad_cursor", "This cursor is not valid. Start from the first page.")


def make_cursor(partition: str, last: str) -> str:
    """Return the cursor after the row ``last`` of ``partition``.

    Example:
        >>> make_cursor("LIST", "newsletter")
        'TElTVApuZXdzbGV0dGVy'
    """
    return encode_id(f"{partition}\n{last}".encode())


def read_cursor(partition: str, cursor: str) -> str:
    """Return the sort key a cursor of ``partition`` stands after.

    Raises:
        InputError: the cursor was not made for this partition.
    """
    try:
        if not _CURSOR.fullmatch(cursor):
            raise ValueError
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_for, _, last = raw.decode("ascii").partition("\n")
        known = _SORT_KEY.fullmatch(last) is not None and made_for == partition
        if not known or make_cursor(partition, last) != cursor:
            raise ValueError
    except (ValueError, binascii.Error):
        raise bad_cursor() from None
    return last
