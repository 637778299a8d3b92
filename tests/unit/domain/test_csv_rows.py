# SPDX-License-Identifier: Apache-2.0
"""Any CSV reader reads back what was written, no spreadsheet computes it, and nothing is lost."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.csv_rows import csv_row, guarded
from chalicelib.domain.import_records import unguarded

plain = st.text(st.characters(codec="utf-8"))
formulas = st.text("'=+-@\t\rx", max_size=6)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("", '""'),
        ("visitor@example.org", '"visitor@example.org"'),
        ('"odd"@example.org', '"""odd""@example.org"'),
        ("å,ä;ö 🎉", '"å,ä;ö 🎉"'),
        ("two\r\nlines", '"two\r\nlines"'),
        *((f"{start}x", f'"\'{start}x"') for start in "=+-@\t\r"),
        ("'=x", "\"''=x\""),
        ("'s Gravenhage", '"\'s Gravenhage"'),
        (" =x", '" =x"'),
    ],
)
def test_a_cell_is_quoted_and_a_formula_is_text(cell: str, written: str) -> None:
    assert csv_row([cell, "b"]) == f'{written},"b"\r\n'.encode()


@given(plain | formulas)
@example("'=x")
@example("''")
@example("''+46 70")
def test_the_guard_comes_off_as_it_went_on_and_two_cells_never_become_one(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    if unguarded(cell) != cell:
        assert guarded(unguarded(cell)) == cell


def test_another_delimiter_is_used_where_a_tool_wants_one() -> None:
    assert csv_row(["a;b", "-c"], ";") == b'"a;b";"\'-c"\r\n'


@given(st.lists(plain | formulas, min_size=1, max_size=4))
def test_a_strangers_reader_reads_it_back(cells: list[str]) -> None:
    stream = io.StringIO(csv_row(cells).decode("utf-8"), newline="")
    (read,) = csv.reader(stream, strict=True)
    for cell, back in zip(cells, read, strict=True):
        assert back in (cell, f"'{cell}")
        assert not back.startswith(("=", "+", "-", "@", "\t", "\r"))
