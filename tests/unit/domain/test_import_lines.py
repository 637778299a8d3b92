# SPDX-License-Identifier: Apache-2.0
"""Rows of imports as lines: they come back as they were, and only what this code wrote is read."""

from dataclasses import fields

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.import_lines import (
    activities_of,
    activity_line,
    chunk_of,
    row_line,
    rows_of,
)
from chalicelib.domain.import_rows import Activity, FileStatus, ImportRow
from chalicelib.errors import FatalError
from tests.support.import_records import FULL_ROW

BARE = ImportRow(line=2, status=FileStatus.SUBSCRIBED, address=parse_address("a@example.org"))

addresses = st.builds(Address, typed=st.text(), deliverable=st.text(), normal=st.text())


@pytest.mark.parametrize(
    "row",
    [
        FULL_ROW,
        BARE,
        ImportRow(line=2, status=FileStatus.BOUNCED, address=BARE.address, country=None),
    ],
)
def test_a_row_comes_back_as_it_was(row):
    assert rows_of(chunk_of([row_line(row)])) == (row,)


@given(addresses)
def test_every_address_comes_back_in_all_of_its_forms(address):
    row = ImportRow(line=2, status=FileStatus.SUBSCRIBED, address=address)
    assert rows_of(chunk_of([row_line(row)])) == (row,)


def test_rows_come_back_in_their_order_whatever_stands_in_them():
    rows = (FULL_ROW, BARE, FULL_ROW)
    assert rows_of(chunk_of([row_line(row) for row in rows])) == rows
    assert rows_of(chunk_of([])) == ()


def test_everything_a_row_can_say_is_in_the_row_that_comes_back():
    said = {field.name: getattr(FULL_ROW, field.name) for field in fields(ImportRow)}
    unsaid = {field.name: getattr(BARE, field.name) for field in fields(ImportRow)}
    assert [name for name in said if said[name] == unsaid[name]] == []
    for whole in (FULL_ROW.history, FULL_ROW.sale):
        assert any(getattr(whole, field.name) is None for field in fields(whole))


def test_what_a_row_does_not_say_takes_no_room():
    assert set(orjson.loads(row_line(BARE))) == {"line", "status", "address"}


def test_opens_and_clicks_come_back_as_they_were():
    told = tuple(
        Activity(address=FULL_ROW.address, click=click, at_ms=at_ms)
        for click, at_ms in ((True, 5), (False, 9))
    )
    assert activities_of(chunk_of([activity_line(each) for each in told])) == told


@pytest.mark.parametrize("read", [rows_of, activities_of])
def test_lines_of_another_version_are_not_read(read):
    with pytest.raises(FatalError, match="version"):
        read(b"2\n" + row_line(BARE))
