# SPDX-License-Identifier: Apache-2.0
"""A file reads the same however it was cut, and whatever it is, it is read or refused in words."""

import csv
import io
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.import_limits import FileError
from chalicelib.domain.import_records import Record, cleaned, is_formula, unguarded
from chalicelib.ports.imports import PassedOver, Table
from tests.support.import_files import (
    Parts,
    mailchimp_account,
    mailchimp_list,
    read,
    rows_of,
    vendor,
    zipped,
)

FILES = {
    **{
        name: vendor(name)
        for name in (
            "listmonk.csv",
            "brevo_cp1252.csv",
            "plain_utf16.csv",
            "plain_bom.csv",
            "plain_one_column.csv",
            "kvitto.csv",
        )
    },
    "list": mailchimp_list(),
    "account": mailchimp_account(),
}
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("\",;\t|\r\n=+-@('Å€"),
    max_size=200,
)
_ONE_LINE = {ord(letter): None for letter in '\r\n"'}
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def split(data: bytes, places: list[int]) -> Parts:
    ends = sorted(place % (len(data) + 1) for place in places)
    return Parts(data[begin:end] for begin, end in zip([0, *ends], [*ends, len(data)], strict=True))


def outcome(data: bytes | Parts) -> object:
    """Return everything a reader could learn of the file, or how it is refused."""
    seen: list[object] = []
    try:
        for found, rows in read(data):
            if isinstance(found, PassedOver):
                seen.append(found)
            else:
                seen.append((found.member, found.path, found.encoding, found.delimiter))
                seen.append((found.header, rows))
    except FileError as refused:
        seen.append((refused.code, refused.detail))
    return seen


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25)
@given(places=st.lists(st.integers(0, 100_000), max_size=20))
def test_any_cut_of_a_vendors_file_reads_the_same(name, places):
    assert outcome(split(FILES[name], places)) == outcome(FILES[name])


@given(
    text=texts,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    places=st.lists(st.integers(0, 100_000), max_size=20),
)
@example(text='a,b\r\n"x\r\ny",2\r', encoding="utf-16", places=[3, 9, 12])
def test_any_cut_of_any_text_reads_the_same(text, encoding, places):
    data = text.encode(encoding, "replace")
    assert outcome(split(data, places)) == outcome(data)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    assert outcome(data) is not None


@settings(max_examples=300)
@given(
    name=st.sampled_from(["list", "account"]),
    changes=st.lists(st.tuples(st.integers(0, 100_000), st.binary(max_size=4)), max_size=4),
    end=st.integers(0, 100_000) | st.none(),
)
def test_a_zip_spoilt_anywhere_is_read_or_refused(name, changes, end):
    data = FILES[name]
    for at, new in changes:
        place = at % len(data)
        data = data[:place] + new + data[place + len(new) :]
    assert outcome(data[: end and end % len(data)]) is not None


@settings(max_examples=200)
@given(changes=st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 255)), max_size=4))
def test_a_directory_spoilt_anywhere_is_read_or_refused(changes):
    data = bytearray(zipped({"a.csv": b"email\na\n", "b.csv": b"email\nb\n"}, zipfile.ZIP_STORED))
    begin = data.index(b"PK\x01\x02")
    for at, new in changes:
        data[begin + at % (len(data) - begin)] = new
    assert outcome(bytes(data)) is not None


@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=10), delimiter=st.sampled_from(",;\t|")
)
def test_what_a_writer_of_csv_writes_is_what_is_read(rows, delimiter):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(("email", "name", "note"))
    writer.writerows(rows)
    expected = [
        tuple(unguarded(cell) for cell in plain)
        for plain in (tuple(map(cleaned, row)) for row in rows)
        if any(plain) and not any(map(is_formula, plain))
    ]
    read_back = rows_of(file.getvalue())
    assert [row.cells for row in read_back if isinstance(row, Record)] == [
        row for row in expected if row != ("email", "name", "note")
    ]


@given(rows=st.lists(texts, max_size=20))
def test_every_line_that_is_not_empty_is_a_record_or_rejected(rows):
    lines = [f"{n}@example.org,{row.translate(_ONE_LINE)}\n" for n, row in enumerate(rows)]
    told = [row.line for row in rows_of("email,note\n" + "".join(lines))]
    assert told == list(range(2, len(lines) + 2))


def test_every_file_of_a_vendor_is_read_whole():
    for data in FILES.values():
        assert any(isinstance(found, Table) and rows for found, rows in read(data))
