# SPDX-License-Identifier: Apache-2.0
"""Any CSV reader reads back what was written, and no spreadsheet computes it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.csv_rows import csv_row


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("", '""'),
        ("visitor@example.org", '"visitor@example.org"'),
        ('"odd"@example.org', '"""odd""@example.org"'),
        ("å,ä;ö 🎉", '"å,ä;ö 🎉"'),
        ("two\r\nlines", '"two\r\nlines"'),
        *((f"{start}x", f'"\'{start}x"') for start in "=+-@\t\r"),
        ("'=x", '"\'=x"'),
        (" =x", '" =x"'),
    ],
)
def test_a_cell_is_quoted_and_a_formula_is_text(cell: str, written: str) -> None:
    assert csv_row([cell, "b"]) == f'{written},"b"\r\n'.encode()


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_a_strangers_reader_reads_it_back(cells: list[str]) -> None:
    stream = io.StringIO(csv_row(cells).decode("utf-8"), newline="")
    (read,) = csv.reader(stream, strict=True)
    for cell, back in zip(cells, read, strict=True):
        assert back in (cell, f"'{cell}")
        assert not back.startswith(("=", "+", "-", "@", "\t", "\r"))
