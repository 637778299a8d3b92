# SPDX-License-Identifier: Apache-2.0
"""A table's header and rows as they stood in a file, before anybody asks what they mean.

Guarantees cells without blanks around them, and that a cell which a spreadsheet would compute is
never let in, while one that was guarded against that on its way out comes back as it was. Refuses
to guess: whatever cannot be read is a `Rejected` with its line.

Source: OWASP, "CSV Injection".
"""

import re
from dataclasses import dataclass, field
from typing import Final

from chalicelib.domain.import_limits import RowRefusal

FORMULA_STARTS: Final = "=+-@"
_BLANKS: Final = " \t\r\n\x0b\x0c\xa0\u2007\u202f\u200b\ufeff"
_COMPUTED: Final = re.compile(r"[|!]|(?<!\w)\d*[^\W\d]\w*\(")
"""A call, another program or another sheet. A telephone number, +46 (0)8, has none of them. A word
is looked at from its beginning alone, or a long one would take the square of its length."""
_GUARDED: Final = re.compile(r"''*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The column names as written, with single spaces; an unnamed column is ""."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A row with as many cells as the header.

    Attributes:
        line: the physical line its first cell stands on, from 1 on.
        cells: personal data; never shown by `repr`.

    """

    line: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that cannot be read; ``column`` counts from 1, None when it is the whole row.

    Attributes:
        rest: its cells, "" for each at fault: an end is taken by the others. None for a whole row.

    """

    line: int
    refusal: RowRefusal
    column: int | None = None
    rest: tuple[str, ...] | None = field(default=None, repr=False, compare=False)


def cleaned(cell: str) -> str:
    """Return the cell without blanks around it, no-break spaces and byte order marks included."""
    return cell.strip(_BLANKS)


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet might compute a cell that was cleaned.

    Example:
        >>> [is_formula(cell) for cell in ("=1", "@SUM(A1)", "+46 (0)8 12", "@handle", "-")]
        [True, True, False, False, False]
    """
    if cell.startswith("="):
        return True
    return cell.startswith(("+", "-", "@")) and _COMPUTED.search(cell) is not None


def unguarded(cell: str) -> str:
    """Return a cell without the apostrophe that `csv_rows` puts before what looks computed.

    Example:
        >>> unguarded("'+46"), unguarded("''=x"), unguarded("'s Gravenhage")
        ('+46', "'=x", "'s Gravenhage")
    """
    return cell[1:] if _GUARDED.match(cell) else cell


def column_name(cell: str) -> str:
    """Return a column name as it is shown: no byte order mark, single spaces."""
    return " ".join(cell.replace("\ufeff", "").replace("\u200b", "").split())


def column_key(name: str) -> str:
    """Return what two names of the same column have in common.

    Example:
        >>> column_key("Double opt-in")
        'DOUBLE_OPT_IN'
    """
    return name.upper().replace(" ", "_").replace("-", "_")
