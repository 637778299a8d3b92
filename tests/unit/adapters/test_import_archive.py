# SPDX-License-Identifier: Apache-2.0
"""A ZIP of lists is read where it lies; one made to do harm is refused in words."""

import io
import itertools
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from chalicelib.adapters.import_archive import PartsFile, Unpacked, check_ratio, members_of
from chalicelib.adapters.import_reader import FileReader
from chalicelib.domain.import_limits import MAX_MEMBERS, FileError, Refusal
from chalicelib.domain.import_records import Record
from chalicelib.errors import FatalError
from chalicelib.ports.imports import Passed, PassedOver, Table
from tests.support.import_files import Parts, cut, read, zipped

LIST = b"email,name\nvisitor@example.org,Visitor\n"
ROWS = [Record(2, ("visitor@example.org", "Visitor"))]


def refused(data: bytes | Parts) -> FileError:
    with pytest.raises(FileError) as error:
        read(data)
    assert error.value.detail.endswith("Nothing was imported.")
    return error.value


def zipped_infos(*infos: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in infos:
            archive.writestr(info, data)
    return file.getvalue()


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new)


def central(data: bytes, at: int, value: bytes) -> bytes:
    """Write into the first directory entry of an archive."""
    place = data.index(b"PK\x01\x02") + at
    return data[:place] + value + data[place + len(value) :]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [1, 3, 50, 4 * 1024 * 1024])
def test_a_zip_is_read_from_parts_of_any_size(method, size):
    ((table, rows),) = read(zipped({"a.csv": LIST}, method)[:], size)
    assert (table.member, table.path, rows) == (1, "a.csv", ROWS)


@pytest.mark.parametrize("outer", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("inner", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("comment", [b"", b"made by a tool"])
def test_a_zip_in_a_zip_is_read_and_its_files_numbered_in_line(outer, inner, comment):
    lists = zipped({"a.csv": LIST, "b.csv": LIST}, inner, comment)
    found = read(zipped({"x.csv": LIST, "lists/l.zip": lists, "y.csv": LIST}, outer), 1_000)
    assert [(table.member, table.path) for table, _ in found] == [
        (1, "x.csv"),
        (3, "a.csv"),
        (4, "b.csv"),
        (5, "y.csv"),
    ]
    assert all(rows == ROWS for _, rows in found)


def test_what_is_no_table_is_told_of_and_folders_and_leftovers_are_not():
    data = zipped(
        {
            "lists/": b"",
            "lists/a.CSV": LIST,
            "lists/empty.csv": b"",
            "a.xlsx": b"PK",
            "own.json": b"{}",
            "page.html": b"<p>",
            "note": b"x",
            "README.txt": b"========\n",
            "__MACOSX/lists/._a.csv": b"\x00\x05",
            "._b.csv": b"\x00\x05",
            "__MACOSX/._c.zip": b"\x00\x05",
            "b.txt": LIST,
        }
    )
    found = [found for found, _ in read(data)]
    assert [(one.path, one.kind) for one in found if isinstance(one, PassedOver)] == [
        ("lists/empty.csv", Passed.EMPTY),
        ("a.xlsx", Passed.SPREADSHEET),
        ("own.json", Passed.JSON),
        ("page.html", Passed.OTHER),
        ("note", Passed.OTHER),
        ("README.txt", Passed.TEXT),
    ]
    assert [one.path for one in found if isinstance(one, Table)] == ["lists/a.CSV", "b.txt"]


def test_no_path_is_shown_when_a_table_is():
    ((table, _),) = read(zipped({"visitor@example.org.csv": LIST}))
    assert "visitor" not in repr(table)


def test_a_table_in_a_zip_that_cannot_be_read_refuses_all_because_it_may_hold_opt_outs():
    error = refused(zipped({"a.csv": LIST, "unsubscribed.csv": b"email,Email\nx,y\n"}))
    assert (error.code, error.member) == ("double_header", 2)
    assert error.detail.startswith("File 2 of the ZIP, line 1: Two columns have the same name.")


@pytest.mark.parametrize(
    "path",
    ["../a.csv", "x/../../a.csv", "/etc/a.csv", "C:/a.csv", "x\\a.csv", "..", "a" * 1_001, ""],
)
def test_a_path_that_leads_outside_is_refused(path):
    assert refused(zipped({path: LIST})).code == "unsafe_path"
    assert refused(zipped({"l.zip": zipped({path: LIST})})).code == "unsafe_path"


def test_a_name_with_nul_is_refused():
    data = patched(zipped({"a.csvX.png": LIST}), b"a.csvX", b"a.csv\0")
    assert refused(data).code == "unsafe_path"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_is_refused(kind):
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = (kind | 0o777) << 16
    assert refused(zipped_infos((info, b"/etc/passwd"))).code == "symbolic_link"


@pytest.mark.parametrize("flag", [0x01, 0x41, 0x2001])
def test_a_password_is_refused(flag):
    assert refused(central(zipped({"a.csv": LIST}), 8, struct.pack("<H", flag))).code == "encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_are_refused(method):
    assert refused(zipped({"a.csv": LIST}, method)).code == "unknown_packing"


def test_a_third_level_of_zips_is_refused():
    three = zipped({"b.zip": zipped({"c.zip": zipped({"a.csv": LIST})})})
    assert refused(three).code == "zip_too_deep"


def test_too_many_files_are_refused():
    many = {f"{n}.csv": b"" for n in range(MAX_MEMBERS + 1)}
    assert refused(zipped(many)).code == "too_many_members"


def test_a_directory_larger_than_any_is_refused_before_it_is_read():
    many = {f"{n:05}{'x' * 900}.csv": b"" for n in range(3_000)}
    assert refused(zipped(many)).code == "too_many_members"
    assert refused(zipped({"l.zip": zipped(many)})).code == "too_many_members"


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped({"a.csv": b"email\n" + b"visitor@example.org\n" * 3_000_000})
    tracemalloc.start()
    assert refused(bomb).code == "packed_too_tightly"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_how_tightly_a_list_may_be_packed_is_exact():
    with pytest.raises(FileError) as error:
        check_ratio(200 * 10_000 + 1, 10_000, 3)
    assert (error.value.refusal, error.value.member) == (Refusal.PACKED_TOO_TIGHTLY, 3)
    check_ratio(200 * 10_000, 10_000, 3)
    check_ratio(1024 * 1024, 1, 3)


def test_a_bomb_in_a_zip_in_a_zip_is_refused():
    bomb = zipped({"a.csv": b"email\n" + b"visitor@example.org\n" * 3_000_000})
    assert refused(zipped({"l.zip": bomb})).code == "packed_too_tightly"
    padded = zipped({"pad.bin": bytes(10_000_000)}, zipfile.ZIP_STORED)
    assert refused(zipped({"l.zip": padded})).code == "packed_too_tightly"


def test_a_header_that_lies_about_its_size_unpacks_no_more_than_it_says():
    text = LIST + b"another@example.org,B\n" * 10_000
    data = zipped({"a.csv": text})
    lie = central(data, 24, struct.pack("<I", len(LIST)))
    assert refused(lie).code == "damaged_zip"
    claims = central(data, 24, struct.pack("<I", 3 * 1024**3))
    assert refused(claims).code == "packed_too_tightly"


def test_what_is_unpacked_is_counted_over_all_files():
    file = io.BytesIO(zipped({"a.csv": LIST * 1_000, "b.csv": LIST * 1_000}))
    members = members_of(file, Unpacked(10**9, most_bytes=50_000), itertools.count(1))
    assert b"".join(next(members).parts()) == LIST * 1_000
    with pytest.raises(FileError) as error:
        list(next(members).parts())
    assert (error.value.refusal, error.value.member) == (Refusal.UNPACKED_TOO_LARGE, 2)


def overlapping(extra: int = 0) -> bytes:
    """Two directory entries over one stretch of packed bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(LIST) + packer.flush()
    crc = zlib.crc32(LIST)
    sizes = (crc, len(packed), len(LIST), 5, 0)
    head = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes[:4], extra)
    body = head + b"a.csv" + packed
    if extra:
        body = head + b"a.csv" + body.replace(struct.pack("<H", extra) + b"a", b"\0\0a", 1)
    entries = b"".join(
        struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            *(b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes[:4], 0, 0, 0, 0, 0, at),
        )
        + b"a.csv"
        for at in ((0, len(head) + 5) if extra else (0, 0))
    )
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(entries), len(body), 0)
    return body + entries + end


def test_files_that_lie_in_each_other_are_refused():
    assert refused(overlapping()).code == "overlapping"
    assert refused(overlapping(extra=35)).code == "overlapping"


def test_a_file_that_reaches_into_the_directory_is_refused():
    data = zipped({"a.csv": LIST})
    assert refused(central(data, 20, struct.pack("<I", len(LIST) * 3))).code == "overlapping"


def test_a_zip_cut_short_anywhere_is_refused():
    data = zipped({"a.csv": LIST, "l.zip": zipped({"b.csv": LIST})})
    for length in range(4, len(data)):
        assert refused(data[:length]).code == "damaged_zip"


def test_an_inner_zip_cut_short_is_refused():
    inner = zipped({"b.csv": LIST})
    for length in range(len(inner)):
        data = zipped({"a.csv": LIST, "l.zip": inner[:length]})
        assert refused(data).code == "damaged_zip"


def test_a_changed_byte_is_found_by_its_sum():
    data = zipped({"a.csv": LIST}, zipfile.ZIP_STORED)
    assert refused(patched(data, b"Visitor", b"Visitos")).code == "damaged_zip"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (zipped({}), "no_table"),
        (zipped({"a.html": b"<p>"}), "no_table"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "spreadsheet"),
        (zipped({"mimetype": b"x", "content.xml": b"<x/>"}), "spreadsheet"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "spreadsheet"),
        (b"\x1f\x8b\x08" + bytes(50), "other_archive"),
        (b"7z\xbc\xaf\x27\x1c", "other_archive"),
        (b"%PDF-1.7\n", "not_a_list"),
        (b"<!doctype html>", "not_a_list"),
        (b'\xef\xbb\xbf {"email": 1}', "json"),
        (b"[1]", "json"),
    ],
)
def test_what_only_looks_like_a_list_is_named(data, code):
    assert refused(data).code == code


def test_uploads_larger_than_allowed_are_refused_before_anything_is_read():
    parts = Parts([b"a"])
    parts.sizes = (4 * 1024 * 1024 + 1,)
    assert refused(parts).code == "too_large"
    parts.sizes = (1,) * 257
    assert refused(parts).code == "too_large"
    assert parts.fetched == []


def test_a_part_of_another_length_than_recorded_stops_everything():
    parts = Parts([LIST, LIST])
    parts.sizes = (len(LIST), len(LIST) + 1)
    with pytest.raises(FatalError):
        read(parts)


def test_a_zip_is_fetched_in_one_walk_but_for_its_ends():
    noise = b"".join(
        f"{zlib.crc32(bytes([n % 251, n // 251]))}@example.org\n".encode() for n in range(20_000)
    )
    upload = cut(zipped({f"{n}.csv": b"email\n" + noise for n in range(8)}), 100_000)
    read(upload)
    assert len(upload.sizes) > 5
    assert len(upload.fetched) <= len(upload.sizes) + 4


def test_parts_read_as_one_file_even_when_some_are_empty():
    file = PartsFile(Parts([b"", b"abc", b"", b"de", b""]))
    assert file.read(2) == b"ab"
    assert (file.seek(-2, io.SEEK_END), file.read()) == (3, b"de")
    assert (file.seek(1), file.seek(1, io.SEEK_CUR), file.tell(), file.read(9)) == (1, 2, 2, b"cde")
    assert file.read(1) == b""
    with pytest.raises(OSError, match="before the first byte"):
        file.seek(-1)


def test_memory_does_not_grow_with_a_zip_in_a_zip():
    def peak(rows: int) -> int:
        text = b"email,name\n" + b"".join(
            f"{n}@example.org,{str(zlib.crc32(str(n).encode())) * 30}\n".encode()
            for n in range(rows)
        )
        upload = cut(zipped({"l.zip": zipped({"a.csv": text})}))
        tracemalloc.start()
        for table in FileReader().tables(upload):
            assert isinstance(table, Table)
            assert sum(1 for _ in table.rows) == rows
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(40_000) < 1.15 * peak(20_000)
