# SPDX-License-Identifier: Apache-2.0
"""A ZIP of stored files, written from front to back in as many pieces as it takes.

Guarantees that the pieces joined are one archive every reader takes, and that what has to be known
between two of them is a line of text, however large the files are. Nothing is compressed, so sizes
and sums can follow the data. Refuses to begin a file inside another, and to grow past 4 GiB, where
another form of the archive would begin.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.9 (data descriptor), 4.3.12
(central directory), 4.3.16 (its end).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple
from zlib import crc32

from chalicelib.errors import FatalError, KvittoError

MAX_BYTES: Final = 2**32 - 1
MAX_MEMBERS: Final = 2**16 - 1
_VERSION: Final = 20
_DESCRIPTOR_FOLLOWS: Final = 1 << 3
_UTF8_NAME: Final = 1 << 11
_FLAGS: Final = _DESCRIPTOR_FOLLOWS | _UTF8_NAME
_STORED: Final = 0
_FIRST_YEAR: Final = 1980
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_DESCRIPTOR: Final = struct.Struct("<4s3I")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")


class TooLargeError(KvittoError):
    """The archive would have 4 GiB or more."""


class _Member(NamedTuple):
    """A file of the archive: sum and size of what was written of it, and where it begins."""

    crc: int
    size: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredZip:
    """How far an archive is written; `str` and `read` carry it from one piece to the next.

    Attributes:
        names: of all its files, in order.
        at: the time every file of it bears.
    """

    names: tuple[str, ...]
    at: datetime
    members: tuple[_Member, ...] = ()
    written: int = 0
    is_open: bool = False

    @property
    def begun(self) -> int:
        """How many files are begun."""
        return len(self.members)

    def begin(self) -> "tuple[bytes, StoredZip]":
        """Return the head of the next file, and the archive after it.

        Raises:
            FatalError: a file is open, or there is no further one.
        """
        if self.is_open or self.begun >= min(len(self.names), MAX_MEMBERS):
            raise FatalError("a file of an archive begins after the one before it ended")
        name = self.names[self.begun].encode("utf-8")
        head = (
            _LOCAL.pack(
                b"PK\x03\x04", _VERSION, _FLAGS, _STORED, *self._stamp(), 0, 0, 0, len(name), 0
            )
            + name
        )
        members = (*self.members, _Member(0, 0, self.written))
        written = self._grown(len(head))
        return head, replace(self, members=members, written=written, is_open=True)

    def add(self, data: bytes) -> "StoredZip":
        """Return the archive after these bytes of the open file, which go out as they are.

        Raises:
            FatalError: no file is open.
            TooLargeError: the archive would be too large.
        """
        if not self.is_open:
            raise FatalError("no file of the archive is open")
        crc, size, offset = self.members[-1]
        member = _Member(crc32(data, crc), size + len(data), offset)
        members = (*self.members[:-1], member)
        return replace(self, members=members, written=self._grown(len(data)))

    def end(self) -> "tuple[bytes, StoredZip]":
        """Return the foot of the open file, and the archive after it.

        Raises:
            FatalError: no file is open.
        """
        if not self.is_open:
            raise FatalError("no file of the archive is open")
        crc, size, _ = self.members[-1]
        foot = _DESCRIPTOR.pack(b"PK\x07\x08", crc, size, size)
        return foot, replace(self, written=self._grown(len(foot)), is_open=False)

    def directory(self) -> bytes:
        """Return what ends the archive.

        Raises:
            FatalError: not every file was written.
        """
        if self.is_open or self.begun != len(self.names):
            raise FatalError("an archive ends after its last file")
        entries = b"".join(map(self._entry, self.names, self.members))
        count = len(self.names)
        end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(entries), self.written, 0)
        self._grown(len(entries) + len(end))
        return entries + end

    def __str__(self) -> str:
        """Return what `read` takes: numbers alone."""
        told = [f"{member.crc}-{member.size}-{member.offset}" for member in self.members]
        return " ".join([str(self.written), "open" if self.is_open else "shut", *told])

    @classmethod
    def read(cls, text: str, names: Sequence[str], at: datetime) -> "StoredZip":
        """Return the archive that `str` told of, with the same names and time."""
        written, state, *told = text.split()
        members = (_Member(*map(int, each.split("-"))) for each in told)
        return cls(
            names=tuple(names),
            at=at,
            members=tuple(members),
            written=int(written),
            is_open=state == "open",
        )

    def _grown(self, count: int) -> int:
        """How many bytes it has with ``count`` more."""
        if self.written + count > MAX_BYTES:
            raise TooLargeError("an archive of this form has less than 4 GiB")
        return self.written + count

    def _stamp(self) -> tuple[int, int]:
        """The time of day and the date, as MS-DOS counted them."""
        at = self.at
        day = (max(at.year - _FIRST_YEAR, 0) << 9) | (at.month << 5) | at.day
        return (at.hour << 11) | (at.minute << 5) | (at.second // 2), day

    def _entry(self, name: str, member: _Member) -> bytes:
        raw = name.encode("utf-8")
        crc, size, offset = member
        sizes = (crc, size, size, len(raw), 0, 0, 0, 0, 0, offset)
        head = (b"PK\x01\x02", _VERSION, _VERSION, _FLAGS, _STORED, *self._stamp())
        return _CENTRAL.pack(*head, *sizes) + raw
