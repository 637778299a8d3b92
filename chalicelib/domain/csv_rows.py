# SPDX-License-Identifier: Apache-2.0
"""Rows of a CSV file that a spreadsheet shows and never computes.

Guarantees RFC 4180 in UTF-8 with every cell quoted, and that no cell begins with a character that
spreadsheets take for the start of a formula: such a cell gets an apostrophe before it, and so does
one that looks as if it had got one already. `import_records.unguarded` gives every cell back.

Source: RFC 4180 section 2; OWASP, "CSV Injection".
"""

import re
from collections.abc import Sequence
from typing import Final

CSV: Final = "text/csv"
MEDIA_TYPE: Final = f"{CSV}; charset=utf-8; header=present"
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


def csv_row(cells: Sequence[str], delimiter: str = ",") -> bytes:
    r"""Return one row with its line end.

    Example:
        >>> csv_row(["=1+1", "plain", "'=x"]).decode()
        '"\'=1+1","plain","\'\'=x"\r\n'
    """
    return (delimiter.join(map(_cell, cells)) + "\r\n").encode("utf-8")


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet computes; different cells stay different.

    Example:
        >>> guarded("+46"), guarded("'+46"), guarded("'s Gravenhage")
        ("'+46", "''+46", "'s Gravenhage")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def _cell(text: str) -> str:
    return '"' + guarded(text).replace('"', '""') + '"'
