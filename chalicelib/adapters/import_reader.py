# SPDX-License-Identifier: Apache-2.0
"""Whatever was uploaded as tables: a CSV by itself, or those in a ZIP.

Guarantees that the content decides, never a name or a media type a browser sent; inside a ZIP the
ending of a name says which files are tables, and every other is told of. Refuses what only looks
like a list to the person who exported it: workbooks, JSON, pages, other archives.
"""

from collections.abc import Iterator
from itertools import count
from typing import IO, Final, cast

from chalicelib.adapters.import_archive import (
    Member,
    PartsFile,
    Unpacked,
    is_leftover,
    members_of,
    read_part,
)
from chalicelib.adapters.import_tables import RowCount, read_table
from chalicelib.domain.import_limits import FileError, Refusal, check_sizes
from chalicelib.ports.imports import Passed, PassedOver, Table, Upload

_LOOK_AT_BYTES: Final = 512
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_BEGINNINGS: Final = (
    (b"\xd0\xcf\x11\xe0", Refusal.SPREADSHEET),
    (b"\x1f\x8b", Refusal.OTHER_ARCHIVE),
    (b"7z\xbc\xaf", Refusal.OTHER_ARCHIVE),
    (b"Rar!", Refusal.OTHER_ARCHIVE),
    (b"BZh", Refusal.OTHER_ARCHIVE),
    (b"\xfd7zXZ", Refusal.OTHER_ARCHIVE),
    (b"%PDF-", Refusal.NOT_A_LIST),
    (b"\x89PNG", Refusal.NOT_A_LIST),
    (b"\xff\xd8\xff", Refusal.NOT_A_LIST),
    (b"GIF8", Refusal.NOT_A_LIST),
)
_TEXTS: Final = ((b"{", Refusal.JSON), (b"[", Refusal.JSON), (b"<", Refusal.NOT_A_LIST))
_TABLES: Final = ("csv", "tsv", "txt")
_KINDS: Final = {
    "json": Passed.JSON,
    "xls": Passed.SPREADSHEET,
    "xlsx": Passed.SPREADSHEET,
    "ods": Passed.SPREADSHEET,
    "md": Passed.TEXT,
}
_NO_TABLE_AT_ALL: Final = (
    Refusal.NO_HEADER,
    Refusal.HEADER_TOO_LONG,
    Refusal.HEADER_FORMULA,
    Refusal.DOUBLE_HEADER,
)
"""What a text that is no table, such as a packer's note, looks like when it is read as one."""


class FileReader:
    """The `ImportReader` for everything this product imports."""

    def tables(self, upload: Upload) -> Iterator[Table | PassedOver]:
        """See `ports.imports.ImportReader.tables`."""
        check_sizes(upload.sizes)
        rows = RowCount()
        head = PartsFile(upload).read(_LOOK_AT_BYTES)
        if head.startswith(_ZIP):
            yield from _zipped(upload, rows)
            return
        refusal = _no_list(head)
        if refusal:
            raise FileError(refusal)
        parts = (read_part(upload, number) for number in range(len(upload.sizes)))
        yield read_table(parts, rows)


def _zipped(upload: Upload, rows: RowCount) -> Iterator[Table | PassedOver]:
    file = cast("IO[bytes]", PartsFile(upload))
    tables = 0
    for member in members_of(file, Unpacked(sum(upload.sizes)), count(1)):
        found = _member(member, rows)
        if found:
            tables += isinstance(found, Table)
            yield found
    if not tables:
        raise FileError(Refusal.NO_TABLE)


def _member(member: Member, rows: RowCount) -> Table | PassedOver | None:
    """Return the table, or what is there instead; None for what a packer left behind."""
    if is_leftover(member.path):
        return None
    ending = member.path.rpartition("/")[2].rpartition(".")[2].lower()
    if not member.size_bytes:
        return PassedOver(member=member.number, path=member.path, kind=Passed.EMPTY)
    if ending not in _TABLES:
        kind = _KINDS.get(ending, Passed.OTHER)
        return PassedOver(member=member.number, path=member.path, kind=kind)
    try:
        return read_table(member.parts(), rows, member=member.number, path=member.path)
    except FileError as refused:
        if ending != "txt" or refused.refusal not in _NO_TABLE_AT_ALL:
            raise
        return PassedOver(member=member.number, path=member.path, kind=Passed.TEXT)


def _no_list(head: bytes) -> Refusal | None:
    """Return why a file that begins so is no list, None when it may be one."""
    for beginning, refusal in _BEGINNINGS:
        if head.startswith(beginning):
            return refusal
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((refusal for start, refusal in _TEXTS if text.startswith(start)), None)
