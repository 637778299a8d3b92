# SPDX-License-Identifier: Apache-2.0
"""Each vendor's file is read as its vendor meant it."""

import pytest

from chalicelib.domain.import_limits import FileError, RowRefusal
from chalicelib.domain.import_records import Record, Rejected
from chalicelib.ports.imports import PassedOver
from tests.support.import_files import mailchimp_account, mailchimp_list, read, vendor


def cells(rows: list[Record | Rejected], column: int) -> list[str]:
    return [row.cells[column] for row in rows if isinstance(row, Record)]


def test_mailchimps_audience_export_is_four_tables():
    found = read(mailchimp_list())
    by_name = {table.path.partition("_")[0]: (table, rows) for table, rows in found}
    assert {name: cells(rows, 0) for name, (_, rows) in by_name.items()} == {
        "cleaned": ["gone@example.org"],
        "nonsubscribed": ["buyer@example.org"],
        "subscribed": ["visitor@example.org", "imported@example.org", "same-time@example.org"],
        "unsubscribed": ["left@example.org", "angry@example.org"],
    }
    table, rows = by_name["subscribed"]
    first = dict(zip(table.header.cells, rows[0].cells, strict=True))
    assert first["First Name"] == 'First "A"'
    assert first["Phone Number"] == "+46 (0)70 174 06 05"
    assert first["TAGS"] == '"Customer","Spring, early"'
    assert [row.line for row in rows] == [2, 3, 5]


def test_mailchimps_account_export_holds_the_same_tables_one_zip_deeper():
    found = read(mailchimp_account())
    lists = [(t.path, rows) for t, rows in found if t.path.endswith("_members_export.csv")]
    assert lists == [(table.path, rows) for table, rows in read(mailchimp_list())]
    assert [one.path for one, _ in found if isinstance(one, PassedOver)] == [
        "templates/spring.html"
    ]
    assert [t.header.cells[:2] for t, _ in found if "granular" in t.path] == [
        ("Email", "Timestamp")
    ] * 2


def test_listmonks_export_joined_by_hand_keeps_everybody():
    ((table, rows),) = read(vendor("listmonk.csv"))
    assert table.header.cells[0] == "uuid"
    assert [row for row in rows if isinstance(row, Rejected)] == [
        Rejected(line=5, refusal=RowRefusal.REPEATED_HEADER)
    ]
    assert cells(rows, 4) == ["enabled", "disabled", "blocklisted", "enabled"]
    assert cells(rows, 3)[0] == '{"city":"Exampleton","orders":3}'


def test_brevos_export_in_windows_1252_keeps_its_letters():
    ((table, rows),) = read(vendor("brevo_cp1252.csv"))
    assert (table.encoding, table.delimiter) == ("cp1252", ";")
    assert table.header.cells[-1] == "SPENT"
    assert cells(rows, 1) == ["First", "Deuxième", 'Dritter "C"; D']
    assert cells(rows, 2) == ["Åkerström", "", ""]
    assert cells(rows, 9) == ["1 234,50 €", "0,00 €", ""]


def test_a_spreadsheets_unicode_text_is_read():
    ((table, rows),) = read(vendor("plain_utf16.csv"))
    assert (table.encoding, table.delimiter) == ("utf-16", "\t")
    assert table.header.cells == ("E-post", "Namn", "Status")
    assert cells(rows, 0) == ["visitor@example.org", "left@example.org"]
    assert cells(rows, 1) == ["Första", "Andra"]


def test_a_spreadsheets_csv_is_read():
    ((table, rows),) = read(vendor("plain_bom.csv"))
    assert (table.encoding, table.delimiter) == ("utf-8", ";")
    assert table.header.cells == ("e-mail", "name", "language")
    assert [(row.line, row.cells[0]) for row in rows] == [
        (3, "visitor@example.org"),
        (6, "second@example.org"),
    ]


def test_addresses_alone_are_read():
    ((table, rows),) = read(vendor("plain_one_column.csv"))
    assert table.header.cells == ("email",)
    assert cells(rows, 0) == ["visitor@example.org", "second@example.org"]


def test_our_own_export_comes_back_without_its_guards():
    ((table, rows),) = read(vendor("kvitto.csv"))
    assert table.header.cells[0] == "kvitto_export"
    assert cells(rows, 9) == ['{"first_name":"First"}', '{"first_name":"-\'A\'"}', "=1+1"]


def test_what_listmonk_gives_one_person_of_themselves_is_no_list():
    with pytest.raises(FileError) as error:
        read(vendor("listmonk_self_export.json"))
    assert error.value.code == "json"
