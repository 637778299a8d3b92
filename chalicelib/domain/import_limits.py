# SPDX-License-Identifier: Apache-2.0
"""What a file of an import may be, and the words with which it, or a row of it, is refused.

Guarantees one sentence for every code, each saying what to do next. A file is refused whole: then
nothing was imported. A row is rejected alone: the file goes on without it. Refuses to show what a
file holds: a place is the file's number in its ZIP, a line and a column.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from chalicelib.errors import InputError

MAX_PARTS: Final = 256
MAX_PART_BYTES: Final = 4 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 2 * 1024**3
MAX_RATIO: Final = 200
"""How many times its packed size a file may have unpacked; lists reach 5 to 20."""
RATIO_FROM_BYTES: Final = 1024 * 1024
"""Below this nobody is harmed, and a few equal lines pack very well."""
MAX_MEMBERS: Final = 5_000
"""Files in one ZIP: an account export holds two or three for each campaign ever sent."""
MAX_DIRECTORY_BYTES: Final = 2 * 1024 * 1024
MAX_PATH_CHARS: Final = 1_000
MAX_RECORD_CHARS: Final = 1024 * 1024
MAX_CELL_CHARS: Final = 64 * 1024
MAX_COLUMNS: Final = 500
MAX_HEADER_CHARS: Final = 200
MAX_ROWS: Final = 5_000_000
"""Records of all tables of a file together, empty ones too."""
LOOK_AT_ROWS: Final = 1_000
"""When more than half of the first so many rows are rejected, it is probably another file."""


class Refusal(StrEnum):
    """Why a file is refused whole; part of the API."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNPACKED_TOO_LARGE = "unpacked_too_large"
    PACKED_TOO_TIGHTLY = "packed_too_tightly"
    TOO_MANY_MEMBERS = "too_many_members"
    ZIP_TOO_DEEP = "zip_too_deep"
    UNSAFE_PATH = "unsafe_path"
    SYMBOLIC_LINK = "symbolic_link"
    ENCRYPTED = "encrypted"
    UNKNOWN_PACKING = "unknown_packing"
    OVERLAPPING = "overlapping"
    DAMAGED_ZIP = "damaged_zip"
    OTHER_ARCHIVE = "other_archive"
    SPREADSHEET = "spreadsheet"
    JSON = "json"
    NOT_A_LIST = "not_a_list"
    NO_TABLE = "no_table"
    NUL = "nul"
    CELL_TOO_LARGE = "cell_too_large"
    RECORD_TOO_LARGE = "record_too_large"
    UNCLOSED_QUOTE = "unclosed_quote"
    NO_HEADER = "no_header"
    TOO_MANY_COLUMNS = "too_many_columns"
    HEADER_TOO_LONG = "header_too_long"
    DOUBLE_HEADER = "double_header"
    HEADER_FORMULA = "header_formula"
    TOO_MANY_ROWS = "too_many_rows"
    WRONG_FILE = "wrong_file"


_SENTENCES: Final = {
    Refusal.EMPTY: "The file is empty. Export the list again and send that file.",
    Refusal.TOO_LARGE: "The file is larger than 1 GiB, or a part of it larger than 4 MiB. Send it "
    "in parts of 4 MiB, or as a ZIP.",
    Refusal.UNPACKED_TOO_LARGE: "Unpacked, the ZIP is larger than 2 GiB. Put fewer lists into it.",
    Refusal.PACKED_TOO_TIGHTLY: "A file in the ZIP unpacks to more than 200 times its size, which "
    "no list does. Send the lists as CSV.",
    Refusal.TOO_MANY_MEMBERS: "The ZIP holds more than 5,000 files. Send a ZIP with the lists "
    "alone.",
    Refusal.ZIP_TOO_DEEP: "A ZIP may hold a ZIP, but that one no further. Take the innermost ZIP "
    "out and send it by itself.",
    Refusal.UNSAFE_PATH: "The name of a file in the ZIP leads outside of the ZIP. Unpack it, look "
    "at what it holds, and send the lists as CSV.",
    Refusal.SYMBOLIC_LINK: "The ZIP holds a link instead of a file. Send the lists as CSV.",
    Refusal.ENCRYPTED: "The ZIP is locked with a password. Send it without one.",
    Refusal.UNKNOWN_PACKING: "The ZIP is packed in a way we do not read. Pack it again with the "
    "usual method (deflate).",
    Refusal.OVERLAPPING: "Two files in the ZIP lie in the same place, which no packer does. Send "
    "the lists as CSV.",
    Refusal.DAMAGED_ZIP: "The ZIP is damaged or was cut short. Export it again, or send the lists "
    "as CSV.",
    Refusal.OTHER_ARCHIVE: "This is an archive of another kind than ZIP. Send the lists as CSV or "
    "as a ZIP of CSVs.",
    Refusal.SPREADSHEET: "This is a workbook, not a CSV. Open it and save it as CSV UTF-8.",
    Refusal.JSON: "This is JSON, not a list of people. Export the list as CSV; a file that holds "
    "one person's own data is not a list.",
    Refusal.NOT_A_LIST: "This is a page, a picture or a document. Export the list as CSV.",
    Refusal.NO_TABLE: "There is no CSV in the ZIP. Export the list as CSV and send that.",
    Refusal.NUL: "The file holds characters that no text has. Save it as CSV UTF-8.",
    Refusal.CELL_TOO_LARGE: "A cell holds more than 65,536 characters. Take that column out, or "
    "look for a quotation mark that is never closed.",
    Refusal.RECORD_TOO_LARGE: "A row holds more than 1,048,576 characters. Look for a quotation "
    "mark that is never closed.",
    Refusal.UNCLOSED_QUOTE: "A quotation mark opens here and is never closed, so every row after "
    "it would be lost. Close it, or export the list again.",
    Refusal.NO_HEADER: "There is no readable row of column names at the top. Export the list with "
    "its column names.",
    Refusal.TOO_MANY_COLUMNS: "There are more than 500 columns. Take out those you do not need.",
    Refusal.HEADER_TOO_LONG: "A column name is longer than 200 characters. Is the first row the "
    "row of column names?",
    Refusal.DOUBLE_HEADER: "Two columns have the same name. Rename one of them.",
    Refusal.HEADER_FORMULA: "A column name begins with =, +, - or @, as a formula does. Rename it.",
    Refusal.TOO_MANY_ROWS: "There are more than 5,000,000 rows. Split the list.",
    Refusal.WRONG_FILE: "More than half of the first 1,000 rows cannot be used. Is this the right "
    "file?",
}


class FileError(InputError):
    """The file cannot be imported, and nothing of it was.

    Args:
        refusal: also the stable code.
        member: the number of the file in its ZIP, from 1 on; None for a file by itself.
        line: the physical line at which the trouble begins, from 1 on.

    """

    def __init__(
        self, refusal: Refusal, *, member: int | None = None, line: int | None = None
    ) -> None:
        """Put the place before the sentence."""
        where = [f"file {member} of the ZIP"] if member else []
        where += [f"line {line}"] if line else []
        place = ", ".join(where)
        lead = f"{place[0].upper()}{place[1:]}: " if place else ""
        super().__init__(refusal.value, f"{lead}{_SENTENCES[refusal]} Nothing was imported.")
        self.refusal = refusal
        self.member = member
        self.line = line


class RowRefusal(StrEnum):
    """Why a row cannot be read; what it means is judged later, by other codes."""

    COLUMNS = "columns"
    REPEATED_HEADER = "repeated_header"
    FORMULA = "formula"
    ENCODING = "encoding"
    QUOTES = "quotes"


ROW_SENTENCES: Final = {
    RowRefusal.COLUMNS: "The row has another number of cells than there are columns.",
    RowRefusal.REPEATED_HEADER: "The row repeats the column names.",
    RowRefusal.FORMULA: "A cell begins as a formula of a spreadsheet does.",
    RowRefusal.ENCODING: "A cell holds bytes that are no characters in the encoding of the file.",
    RowRefusal.QUOTES: "The quotation marks of the row do not match.",
}


def check_sizes(sizes: Sequence[int]) -> None:
    """Return when an upload of parts with these sizes may be read.

    Raises:
        FileError: it is empty or too large.

    """
    if not sum(sizes):
        raise FileError(Refusal.EMPTY)
    if len(sizes) > MAX_PARTS or max(sizes) > MAX_PART_BYTES:
        raise FileError(Refusal.TOO_LARGE)
