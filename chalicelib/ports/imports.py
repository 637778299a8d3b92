# SPDX-License-Identifier: Apache-2.0
"""What reading a file of an import needs: its bytes in parts, and tables made of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.import_records import Header, Record, Rejected


class Upload(Protocol):
    """The bytes of a file in the parts they came in; the file is all of them in order."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many bytes each part has, at most `import_limits.MAX_PART_BYTES`."""
        ...

    def part(self, number: int) -> bytes:
        """Return a part, counted from 0; the same bytes every time.

        Raises:
            Throttled, Unavailable: it could not be fetched.

        """
        ...


class Passed(StrEnum):
    """What a file in a ZIP is that is passed over."""

    EMPTY = "empty"
    SPREADSHEET = "spreadsheet"
    JSON = "json"
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A file in a ZIP that holds no table.

    Attributes:
        member: its number among the files of the ZIP and of the ZIPs in it, from 1 on.
        path: as written in the ZIP; it may name people: never kept, never logged.

    """

    member: int
    path: str = field(repr=False)
    kind: Passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A CSV with its column names; ``rows`` can be walked once.

    Attributes:
        member: as in `PassedOver`; None for a file by itself.
        path: as in `PassedOver`; "" for a file by itself.
        encoding: Python's name, e.g. `utf-8`, `utf-16`, `cp1252`.
        rows: every record of the table that is not empty, in order. Raises `FileError` when the
            rest of the file cannot be trusted, and what `Upload.part` raises.

    """

    member: int | None
    path: str = field(repr=False)
    encoding: str
    delimiter: str
    header: Header
    rows: Iterator[Record | Rejected] = field(repr=False)


class ImportReader(Protocol):
    """Reads tables out of a CSV, a ZIP of CSVs, or a ZIP of such ZIPs."""

    def tables(self, upload: Upload) -> Iterator[Table | PassedOver]:
        """Return the tables in the order in which they lie in the file, each when asked for.

        Memory does not grow with the file; nothing is written anywhere. How the file was cut into
        parts changes nothing. Rows not walked when the next table is asked for are lost.

        Raises:
            FileError: the file, or a table in it, is not what may be imported.

        """
        ...
