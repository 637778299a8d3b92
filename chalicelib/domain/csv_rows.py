# SPDX-License-Identifier: Apache-2.0
"""Rows of a CSV file that a spreadsheet shows and never computes.

Guarantees RFC 4180 in UTF-8 with every cell quoted, and that no cell begins with a character that
spreadsheets take for the start of a formula: such a cell gets an apostrophe before it.

Source: RFC 4180 section 2; OWASP, "CSV Injection".
"""

from collections.abc import Sequence
from typing import Final

CSV: Final = "text/csv"
MEDIA_TYPE: Final = f"{CSV}; charset=utf-8; header=present"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_row(cells: Sequence[str]) -> bytes:
    r"""Return one row with its line end.

    Example:
        >>> csv_row(["=1+1", "plain"]).decode()
        '"\'=1+1","plain"\r\n'
    """
    return (",".join(map(_cell, cells)) + "\r\n").encode("utf-8")


def _cell(text: str) -> str:
    guarded = f"'{text}" if text.startswith(_FORMULA) else text
    return '"' + guarded.replace('"', '""') + '"'
