# SPDX-License-Identifier: Apache-2.0
"""Files in a ZIP, and in the ZIPs in it, read from an upload that lies in parts.

Guarantees that nothing is ever written to a path, that memory does not grow with the file, and
that no more is unpacked than was allowed, counted while inflating. Refuses whatever no list needs:
paths that lead outside, links, passwords, other packings than deflate, files that lie in each
other, and a third level of ZIPs. The archive's own directory is at its end, so the parts are read
as one seekable file of which two parts at most are held.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5; CVE-2024-0450 (overlapping entries).
"""

import io
import stat
import struct
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO, Final, cast

from chalicelib.domain.import_limits import (
    MAX_DIRECTORY_BYTES,
    MAX_MEMBERS,
    MAX_PATH_CHARS,
    MAX_RATIO,
    MAX_UNPACKED_BYTES,
    RATIO_FROM_BYTES,
    FileError,
    Refusal,
)
from chalicelib.errors import FatalError
from chalicelib.ports.imports import Upload

STEP_BYTES: Final = 64 * 1024
_HELD_PARTS: Final = 2
_DEEPEST: Final = 2
_LOCAL: Final = struct.Struct("<4s22xHH")
_PASSWORD_FLAGS: Final = 0x1 | 0x40 | 0x2000
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,  # zipfile raises a subclass for a version of the format it does not know
)


class PartsFile:
    """An upload as a seekable file; a single read is never larger than a ZIP's directory may be."""

    def __init__(self, upload: Upload) -> None:
        """Take the sizes; parts are fetched when they are read."""
        self._upload = upload
        self._ends = [0]
        for size in upload.sizes:
            self._ends.append(self._ends[-1] + size)
        self._held: dict[int, bytes] = {}
        self._at = 0

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there, and never before the first byte."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        if start + offset < 0:
            raise OSError("before the first byte")  # as a file does; zipfile counts on it
        self._at = start + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return as many bytes as asked for, fewer only at the end."""
        wanted = _bounded(size)
        pieces: list[bytes] = []
        while wanted > 0 and self._at < self._ends[-1]:
            number = bisect_right(self._ends, self._at) - 1
            begin = self._at - self._ends[number]
            piece = self._part(number)[begin : begin + wanted]
            pieces.append(piece)
            wanted -= len(piece)
            self._at += len(piece)
        return b"".join(pieces)

    def _part(self, number: int) -> bytes:
        if number not in self._held:
            if len(self._held) == _HELD_PARTS:
                del self._held[next(iter(self._held))]
            self._held[number] = read_part(self._upload, number)
        return self._held[number]


def read_part(upload: Upload, number: int) -> bytes:
    """Return a part that is as long as the upload says.

    Raises:
        FatalError: it is not.

    """
    part = upload.part(number)
    if len(part) != upload.sizes[number]:
        raise FatalError("A part of an upload is not as long as its record says.")
    return part


class Unpacked:
    """How much of a file was unpacked, over all files in it."""

    def __init__(self, packed_bytes: int, most_bytes: int = MAX_UNPACKED_BYTES) -> None:
        """Begin with nothing; ``packed_bytes`` is what was uploaded."""
        self._packed_bytes = packed_bytes
        self._most_bytes = most_bytes
        self._bytes = 0

    def add(self, size: int, member: int) -> None:
        """Count what was unpacked just now; raises `FileError` when it is too much."""
        self._bytes += size
        if self._bytes > self._most_bytes:
            raise FileError(Refusal.UNPACKED_TOO_LARGE, member=member)
        check_ratio(self._bytes, self._packed_bytes, member)


def check_ratio(unpacked_bytes: int, packed_bytes: int, member: int) -> None:
    """Refuse what unpacks to more than a list ever does."""
    if unpacked_bytes > max(MAX_RATIO * packed_bytes, RATIO_FROM_BYTES):
        raise FileError(Refusal.PACKED_TOO_TIGHTLY, member=member)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in a ZIP, not yet opened.

    Attributes:
        number: among all files of the upload, from 1 on.
        path: as the ZIP says it; only ever compared.

    """

    number: int
    path: str = field(repr=False)
    size_bytes: int
    _archive: zipfile.ZipFile = field(repr=False)
    _info: zipfile.ZipInfo = field(repr=False)
    _room_until: int = field(repr=False)
    _unpacked: Unpacked = field(repr=False)

    def parts(self) -> Iterator[bytes]:
        """Unpack it, a little at a time.

        Raises:
            FileError: it is damaged, or unpacks to too much.

        """
        taken = 0
        with self._opened() as packed:
            while True:
                with _refused_if_broken(self.number):
                    piece = packed.read(STEP_BYTES)
                if not piece:
                    return
                taken += len(piece)
                check_ratio(taken, self._info.compress_size, self.number)
                self._unpacked.add(len(piece), self.number)
                yield piece

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipExtFile]:
        """Open it once it is known to lie by itself and to promise no more than a list unpacks to.

        What it promises bounds what `zipfile` gives; what comes is counted all the same.
        """
        with _refused_if_broken(self.number):
            check_ratio(self._info.file_size, self._info.compress_size, self.number)
            _check_place(self._archive, self._info, self._room_until, self.number)
            opened = cast("zipfile.ZipExtFile", self._archive.open(self._info))
            opened.MAX_SEEK_READ = STEP_BYTES
        with opened:
            yield opened

    def members(self, numbers: Iterator[int]) -> Iterator["Member"]:
        """Return the files of the ZIP that this one is.

        Going back in it means unpacking it anew from its beginning, which costs time alone: about
        five times in all, because its files are then read in the order in which they lie. What its
        header promises is counted at once: `zipfile` never gives more than that.
        """
        self._unpacked.add(self._info.file_size, self.number)
        with self._opened() as inner:
            file = cast("IO[bytes]", _Bounded(inner))
            yield from members_of(file, self._unpacked, numbers, within=self.number, depth=2)


def members_of(
    file: IO[bytes],
    unpacked: Unpacked,
    numbers: Iterator[int],
    *,
    within: int | None = None,
    depth: int = 1,
) -> Iterator[Member]:
    """Return the files in a ZIP in the order in which they lie, those of ZIPs in it in their place.

    Raises:
        FileError: it cannot be trusted, or not be read.

    """
    with _refused_if_broken(within):
        archive = zipfile.ZipFile(file)
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    _check_whole(infos, within)
    ends = [info.header_offset for info in infos] + [archive.start_dir]
    for info, (_, room_until) in zip(infos, pairwise(ends), strict=True):
        number = next(numbers)
        _check_kind(info, number)
        if info.is_dir():
            continue
        member = Member(
            number=number,
            path=info.filename,
            size_bytes=info.file_size,
            _archive=archive,
            _info=info,
            _room_until=room_until,
            _unpacked=unpacked,
        )
        if not info.filename.lower().endswith(".zip") or is_leftover(info.filename):
            yield member
        elif depth == _DEEPEST:
            raise FileError(Refusal.ZIP_TOO_DEEP, member=number)
        else:
            yield from member.members(numbers)


def is_leftover(path: str) -> bool:
    """Say whether a packer put it there for itself, as macOS does beside every file."""
    folders = path.split("/")
    return "__MACOSX" in folders or folders[-1].startswith("._")


class _Bounded:
    """A file in a ZIP, seekable, of which nobody reads more at once than a directory may have."""

    def __init__(self, file: zipfile.ZipExtFile) -> None:
        self.seekable, self.tell, self.seek = file.seekable, file.tell, file.seek
        self._read = file.read

    def read(self, size: int = -1) -> bytes:
        return self._read(_bounded(size))


def _bounded(size: int) -> int:
    """Return how much to read; only the directory of too many files is ever larger."""
    if size > MAX_DIRECTORY_BYTES:
        raise FileError(Refusal.TOO_MANY_MEMBERS)
    return MAX_DIRECTORY_BYTES if size < 0 else size


def _check_whole(infos: Sequence[zipfile.ZipInfo], within: int | None) -> None:
    """Refuse a ZIP of too many files, or one that is a workbook."""
    if len(infos) > MAX_MEMBERS:
        raise FileError(Refusal.TOO_MANY_MEMBERS, member=within)
    names = {info.filename for info in infos}
    if "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names:
        raise FileError(Refusal.SPREADSHEET, member=within)


def _check_kind(info: zipfile.ZipInfo, number: int) -> None:
    """Refuse a file in a ZIP for what its directory entry says of it."""
    path = info.orig_filename
    folders = path.split("/")
    drive = len(path) > 1 and path[1] == ":"
    if path.startswith("/") or ".." in folders or drive or len(path) > MAX_PATH_CHARS:
        raise FileError(Refusal.UNSAFE_PATH, member=number)
    if not path or "\\" in path or "\0" in path:
        raise FileError(Refusal.UNSAFE_PATH, member=number)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise FileError(Refusal.SYMBOLIC_LINK, member=number)
    if info.flag_bits & _PASSWORD_FLAGS:
        raise FileError(Refusal.ENCRYPTED, member=number)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(Refusal.UNKNOWN_PACKING, member=number)


def _check_place(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, room_until: int, number: int
) -> None:
    """Refuse a file whose bytes reach into the next one or into the directory."""
    file = cast("IO[bytes]", archive.fp)
    file.seek(info.header_offset)
    _, name_bytes, extra_bytes = _LOCAL.unpack(file.read(_LOCAL.size))
    begin = info.header_offset + _LOCAL.size + name_bytes + extra_bytes
    if begin + info.compress_size > room_until:
        raise FileError(Refusal.OVERLAPPING, member=number)


@contextmanager
def _refused_if_broken(member: int | None) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise FileError(Refusal.DAMAGED_ZIP, member=member) from error
