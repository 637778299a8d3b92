# SPDX-License-Identifier: Apache-2.0
"""Every row of a list is a record, rejected with a reason, or empty; or the list is refused."""

import csv
import itertools

import pytest

from chalicelib.adapters.import_tables import RowCount, read_table
from chalicelib.domain.import_limits import (
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    FileError,
    RowRefusal,
)
from chalicelib.domain.import_records import Record, Rejected
from tests.support.import_files import read, rows_of


def refused(text: str | bytes) -> FileError:
    with pytest.raises(FileError) as error:
        rows_of(text)
    assert error.value.detail.endswith("Nothing was imported.")
    return error.value


def rejected(text: str) -> list[tuple[int, str, int | None]]:
    return [
        (row.line, str(row.refusal), row.column)
        for row in rows_of(text)
        if isinstance(row, Rejected)
    ]


def test_a_record_knows_the_line_it_begins_on():
    rows = rows_of('email,note\na,"x\r\ny\nz"\nb,plain\n\n\nc,"q"\n')
    assert [(row.line, row.cells) for row in rows] == [
        (2, ("a", "x\r\ny\nz")),
        (5, ("b", "plain")),
        (8, ("c", "q")),
    ]


def test_no_cell_is_shown_when_a_record_is():
    assert "visitor" not in repr(rows_of("email,name\nvisitor@example.org,A\n"))


def test_blanks_around_cells_and_names_are_taken_off():
    ((table, rows),) = read("\ufeff E-mail\xa0 address ,name\n\xa0a\u202f,\u200b b \n".encode())
    assert table.header.cells == ("E-mail address", "name")
    assert rows == [Record(2, ("a", "b"))]


def test_empty_rows_are_nobody():
    assert rows_of("email,name\n\n,\n ,\xa0\n,,,,\n") == []


def test_a_list_of_nobody_is_a_table():
    assert rows_of("email,name") == []


def test_an_empty_column_at_the_end_is_no_column():
    ((table, rows),) = read(b"email;name;\na;b;\nc;d\ne;f;;\n")
    assert table.header.cells == ("email", "name")
    assert [row.cells for row in rows] == [("a", "b"), ("c", "d"), ("e", "f")]


def test_columns_without_a_name_may_be_several():
    ((table, rows),) = read(b"email,,,name\na,1,2,b\n")
    assert table.header.cells == ("email", "", "", "name")
    assert rows == [Record(2, ("a", "1", "2", "b"))]


def test_a_row_with_other_columns_is_rejected_and_the_next_one_read():
    assert rejected("email,name\na\nb,c,d\ne,f\n") == [(2, "columns", None), (3, "columns", None)]


def test_a_repeated_row_of_names_is_nobody():
    assert rejected("email, full  name\na,b\nemail,full name\n") == [(3, "repeated_header", None)]


@pytest.mark.parametrize(
    "cell",
    ["=1+1", " =1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+HYPERLINK(x)", "-2+3+cmd|x", "+Sheet!A1"],
)
def test_what_a_spreadsheet_computes_is_rejected_with_its_column(cell):
    assert rejected(f"email,name,x\na,{cell},c\nb,d,e\n") == [(2, "formula", 2)]


@pytest.mark.parametrize(
    "cell", ["+46 (0)8 123 456", "+1 (555) 010-0100", "@handle", "-", "-4.5", "+", "a=b", "a@b.c"]
)
def test_telephone_numbers_handles_and_dashes_stay(cell):
    assert rows_of(f"email,name,x\na,{cell},c\n") == [Record(2, ("a", cell, "c"))]


@pytest.mark.parametrize(
    ("cell", "plain"),
    [("'=1", "=1"), ("''=1", "'=1"), ("'+46", "+46"), ("'s Gravenhage", "'s Gravenhage")],
)
def test_a_cell_guarded_on_its_way_out_comes_back_as_it_was(cell, plain):
    assert rows_of(f"email,name\na,{cell}\n") == [Record(2, ("a", plain))]


def test_bytes_that_are_no_characters_reject_their_row_alone():
    data = "email,name\na,Åsa\nb,Örjan\n".encode() + b"c,\xe5\nd,D\n"
    assert [row for row in rows_of(data) if isinstance(row, Rejected)] == [
        Rejected(line=4, refusal=RowRefusal.ENCODING, column=2)
    ]


def test_quotation_marks_that_do_not_match_reject_their_line_alone():
    text = 'email,name\na,"An "odd" name"\nb,B\nc,"C"x\n'
    assert rejected(text) == [(2, "quotes", None), (4, "quotes", None)]
    assert Record(3, ("b", "B")) in rows_of(text)


def test_a_mark_never_closed_refuses_the_file_instead_of_losing_the_rest():
    error = refused('email,name\na,A\nb,"B\nc,C\nd,D\n')
    assert (error.code, error.line) == ("unclosed_quote", 3)
    assert error.detail.startswith("Line 3: A quotation mark opens here and is never closed")


def test_a_mark_that_swallows_another_row_refuses_the_file():
    error = refused('email,name\na,"A\nb,"B"\nc,C\n')
    assert (error.code, error.line) == ("unclosed_quote", 2)


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_ten_megabytes_is_refused_with_its_line(quote):
    error = refused(f"email,name\na,b\nc,{quote}{'x' * 10_000_000}{quote}\n")
    assert (error.code, error.line) == ("cell_too_large", 3)


def test_a_quoted_cell_of_ten_megabytes_in_lines_is_refused():
    lines = ("x" * 999 + "\n") * 10_000
    assert refused(f'email,name\nc,"{lines}"\n').code == "cell_too_large"


def test_the_limit_of_a_cell_is_exact():
    assert len(rows_of(f"email,name\na,{'x' * MAX_CELL_CHARS}\n")) == 1
    assert refused(f"email,name\na,{'x' * (MAX_CELL_CHARS + 1)}\n").code == "cell_too_large"


def test_a_row_of_many_full_cells_is_refused():
    header = ",".join(f"c{n}" for n in range(40))
    row = ",".join("x" * 60_000 for _ in range(40))
    assert refused(f"{header}\n{row}\n").code == "record_too_large"


def test_five_thousand_columns_are_refused():
    names = [f"column {n}" for n in range(5_000)]
    assert refused(",".join(names) + "\n" + "," * 4_999).code == "too_many_columns"
    assert rows_of(",".join(names[:MAX_COLUMNS]) + "\n") == []


def test_five_hundred_thousand_cells_in_a_row_are_one_rejected_row():
    assert rejected("email,name\n" + "x," * 500_000 + "\na,b\n") == [(2, "columns", None)]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("email,=name", "header_formula"),
        ("email,@name", "header_formula"),
        ("email,first-name,First Name", "double_header"),
        (f"email,{'x' * 201}", "header_too_long"),
        ('email,"name"x', "no_header"),
        ('"email\nname', "unclosed_quote"),
        ("\n \n", "no_header"),
        ("sep=;\n", "no_header"),
    ],
)
def test_column_names_nobody_could_use_are_refused(header, code):
    assert refused(header).code == code


def test_column_names_in_damaged_bytes_are_refused():
    assert refused(b"email,\x81\n").code == "no_header"


def test_a_first_line_that_names_the_delimiter_is_obeyed_and_counted():
    ((table, rows),) = read(b"sep=;\r\nemail,x;name\r\na,b;c\r\n")
    assert (table.delimiter, table.header.line) == (";", 2)
    assert rows == [Record(3, ("a,b", "c"))]


def test_a_first_line_that_names_two_delimiters_names_none():
    ((table, rows),) = read(b"sep=;\t\r\nemail\tname\r\n")
    assert (table.delimiter, table.header.cells) == ("\t", ("sep=;",))
    assert rows == [Rejected(line=2, refusal=RowRefusal.COLUMNS)]


def test_rows_are_counted_over_all_tables_and_empty_ones_too():
    count = RowCount(5)
    assert list(read_table([b"email\na\n\n"], count).rows) == [Record(2, ("a",))]
    second = read_table([b"email\nb\nc\n"], count, member=2)
    with pytest.raises(FileError) as error:
        list(second.rows)
    assert error.value.code == "too_many_rows"
    assert error.value.detail.startswith("File 2 of the ZIP, line 3: ")


def test_the_limit_of_the_process_for_csv_is_left_alone():
    before = csv.field_size_limit()
    rows_of(f"email,name\na,{'x' * 60_000}\n")
    assert csv.field_size_limit() == before


def test_rows_are_read_as_they_are_asked_for():
    fetched = itertools.count()

    def parts():
        yield b"email,name\n"
        while next(fetched) < 10_000:
            yield b"visitor@example.org,Visitor\n" * 2_000

    table = read_table(parts(), RowCount())
    assert len(list(itertools.islice(table.rows, 1_000))) == 1_000
    assert next(fetched) < 200
