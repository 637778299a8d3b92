# SPDX-License-Identifier: Apache-2.0
"""Files to import, cut into parts, packed and spoilt in every way a test needs."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from chalicelib.adapters.import_reader import FileReader
from chalicelib.domain.import_records import Record, Rejected
from chalicelib.ports.imports import PassedOver, Table

FILES = Path(__file__).parents[1] / "data" / "imports"


class Parts:
    """An upload in memory that tells how often each part was fetched."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = list(parts)
        self.sizes = tuple(map(len, self._parts))
        self.fetched: list[int] = []

    def part(self, number: int) -> bytes:
        self.fetched.append(number)
        return self._parts[number]


def cut(data: bytes, size: int = 4 * 1024 * 1024) -> Parts:
    """Return the file in parts of ``size`` bytes."""
    return Parts(data[at : at + size] for at in range(0, len(data), size))


def zipped(
    files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """Return a ZIP of the files, in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 2, 3, 4, 6)), data, method)
    return file.getvalue()


def vendor(name: str) -> bytes:
    """Return the bytes of a file of tests/data/imports."""
    return (FILES / name).read_bytes()


def mailchimp_list() -> bytes:
    """Return the ZIP of one audience."""
    folder = FILES / "mailchimp" / "lists" / "newsletter"
    return zipped({path.name: path.read_bytes() for path in sorted(folder.iterdir())})


def mailchimp_account() -> bytes:
    """Return the ZIP of a whole account, with the audience's own ZIP in it."""
    activity = sorted((FILES / "mailchimp" / "granular_activity").rglob("*.csv"))
    return zipped(
        {
            "lists/newsletter.zip": mailchimp_list(),
            "templates/spring.html": b"<html></html>",
            **{str(path.relative_to(FILES / "mailchimp")): path.read_bytes() for path in activity},
        }
    )


Read = tuple[Table | PassedOver, list[Record | Rejected]]


def read(data: bytes | Parts, size: int = 4 * 1024 * 1024) -> list[Read]:
    """Return what is in the file: each table with its rows, and what was passed over."""
    upload = data if isinstance(data, Parts) else cut(data, size)
    return [
        (found, list(found.rows) if isinstance(found, Table) else [])
        for found in FileReader().tables(upload)
    ]


def rows_of(text: str | bytes) -> list[Record | Rejected]:
    """Return the rows of a file that is one table."""
    ((_, rows),) = read(text.encode() if isinstance(text, str) else text)
    return rows
