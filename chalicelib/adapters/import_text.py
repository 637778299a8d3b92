# SPDX-License-Identifier: Apache-2.0
"""Bytes of a list as lines of text: encoding, byte order marks, line ends and delimiter.

Guarantees that however the bytes are cut, the lines are the same, that memory does not grow with
the file, and that bytes which are no characters are marked (`MARK`) and never read as others.
Refuses NUL and a line longer than a record may be.

Source: RFC 4180; the WHATWG Encoding Standard for windows-1252's undefined bytes.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from chalicelib.domain.import_limits import MAX_RECORD_CHARS, FileError, Refusal

MARK: Final = "\udcff"
"""Stands where bytes were that are no characters; no valid text decodes to it."""
LOOK_AT_BYTES: Final = 4 * 1024 * 1024
_ERRORS: Final = "kvitto.mark"
_ENCODINGS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS: Final = ",;\t|"
_SAMPLE_LINES: Final = 200
_SAMPLE_CHARS: Final = 256 * 1024
_SAMPLE_RECORDS: Final = 50


class Lines:
    """The physical lines of a text, each with its line end: CR, LF or both.

    Attributes:
        encoding: Python's name.

    """

    def __init__(self, parts: Iterable[bytes], member: int | None) -> None:
        """Look at the first 4 MiB to know the encoding; the rest is read as lines are asked for."""
        codecs.register_error(_ERRORS, _mark)
        coming = iter(parts)
        head = _head(coming)
        begun = b"".join(head)[:LOOK_AT_BYTES]
        self.encoding = encoding_of(begun, whole=sum(map(len, head)) < LOOK_AT_BYTES)
        del begun
        raw = io.BufferedReader(_Joined(chain(_emptying(head), coming)))
        self._text = io.TextIOWrapper(raw, encoding=self.encoding, errors=_ERRORS, newline="")
        self._member = member
        self._line = 0

    def __iter__(self) -> Iterator[str]:
        """Walk the lines that are left.

        Raises:
            FileError: NUL, or a line longer than a record may be.

        """
        while line := self._text.readline(MAX_RECORD_CHARS + 1):
            self._line += 1
            if "\0" in line:
                raise FileError(Refusal.NUL, member=self._member, line=self._line)
            yield line


def encoding_of(head: bytes, *, whole: bool) -> str:
    """Return the encoding of a text of which ``head`` is the beginning.

    A byte order mark decides. Without one it is UTF-8, unless the bytes that are none are at least
    as many as the characters beyond ASCII: an old text has hardly a byte pair that is UTF-8, and a
    UTF-8 file with a few damaged rows must not have every name in it read wrongly.

    Example:
        >>> encoding_of("Åsa".encode("cp1252"), whole=True)
        'cp1252'
    """
    for mark, encoding in _ENCODINGS:
        if head.startswith(mark):
            return encoding
    codecs.register_error(_ERRORS, _mark)
    text = codecs.getincrementaldecoder("utf-8")(_ERRORS).decode(head, final=whole)
    bad = text.count(MARK)
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return "utf-8" if bad < max(good, 1) else "cp1252"


def delimiter_of(sample: Sequence[str], *, whole: bool) -> str:
    r"""Return what separates cells: that which gives most records as many cells as the first.

    Args:
        sample: the first lines, with their ends.
        whole: False when the text goes on, so that the last record may be cut.

    Example:
        >>> delimiter_of(["email;sum\n", "visitor@example.org;1,50\n"], whole=True)
        ';'
    """
    best, most = ",", (0, 1)
    for delimiter in DELIMITERS:
        counts = _cell_counts(sample, delimiter, whole=whole)
        if counts and counts[0] > 1:
            score = (counts.count(counts[0]), counts[0])
            best, most = (delimiter, score) if score > most else (best, most)
    return best


def sampled(lines: Iterator[str]) -> tuple[list[str], bool]:
    """Return the first lines, and whether there are no more."""
    sample: list[str] = []
    chars = 0
    for line in lines:
        sample.append(line)
        chars += len(line)
        if len(sample) == _SAMPLE_LINES or chars > _SAMPLE_CHARS:
            return sample, False
    return sample, True


def _cell_counts(sample: Sequence[str], delimiter: str, *, whole: bool) -> list[int]:
    reader = csv.reader(iter(sample), delimiter=delimiter, strict=True)
    counts: list[int] = []
    while len(counts) < _SAMPLE_RECORDS:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            cells = [""]
        if not whole and counts and reader.line_num >= len(sample):
            break
        if any(map(str.strip, cells)):
            counts.append(len(cells))
    return counts


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Stand in for bytes that are no characters; the name is ours, so nobody else gets this."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK, error.end


def _head(coming: Iterator[bytes]) -> list[bytes]:
    head: list[bytes] = []
    size = 0
    while size < LOOK_AT_BYTES and (part := next(coming, None)) is not None:
        head.append(part)
        size += len(part)
    return head


def _emptying(parts: list[bytes]) -> Iterator[bytes]:
    """Hand each part on and keep none."""
    parts.reverse()
    while parts:
        yield parts.pop()


class _Joined(io.RawIOBase):
    """Parts read as one stream."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = memoryview(part)
        room = memoryview(buffer)
        taken = min(len(room), len(self._rest))
        room[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
