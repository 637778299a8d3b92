# SPDX-License-Identifier: Apache-2.0
from hashlib import sha256

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import EMAIL
from chalicelib.domain.import_limits import RowRefusal
from chalicelib.domain.import_records import Record, Rejected
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.domain.suppression_files import (
    Columns,
    FileWish,
    RefusedRow,
    digest_of,
    digests_of,
    refused_row,
    row_of,
)
from chalicelib.errors import InputError

ADDRESS = "visitor@example.org"
DIGEST = sha256(ADDRESS.encode()).hexdigest()
MAC = "A" * 43
DEMO = Reach("demo")


def read(header, *cells, wish=None):
    columns = Columns(tuple(header))
    return row_of(Record(7, tuple(cells)), columns, wish or FileWish())


def test_a_plain_list_of_addresses_needs_no_header():
    columns = Columns(("first@example.org",))
    assert not columns.is_header
    row = row_of(Record(2, ("Visitor@Example.org",)), columns, FileWish(reason="bounce"))
    assert (row.address.normal, row.digest, row.mac) == (ADDRESS, None, None)
    assert (row.line, row.reason, row.reach) == (2, "bounce", EVERYWHERE)


def test_a_plain_list_of_digests_needs_none_either():
    row = read((DIGEST,), DIGEST.upper())
    assert (row.address, row.digest, row.reason) == (None, DIGEST, "manual")


@pytest.mark.parametrize(
    ("second", "reason"),
    [("BOUNCE", "bounce"), ("COMPLAINT", "complaint"), ("Ann Visitor", "unsubscribed"), ("", None)],
)
def test_without_names_a_second_cell_is_a_reason_or_nothing(second, reason):
    wish = FileWish(reason="unsubscribed")
    row = read(("first@example.org", "BOUNCE"), ADDRESS, second, wish=wish)
    assert row.reason == (reason or "unsubscribed")


@pytest.mark.parametrize("name", ["email", "E-mail", "EMAIL ADDRESS", "Address", "mail"])
def test_the_column_of_addresses_is_known_by_many_names(name):
    assert read(("Name", name), "Ann", ADDRESS).address.normal == ADDRESS


@pytest.mark.parametrize("name", ["E-Mail-Adresse", "E-postadress", "Courriel", "E_MAIL_ADDRESS"])
def test_it_is_known_by_every_name_that_imports_know_unless_another_says_email(name):
    assert read(("Grund", name), "x", ADDRESS).address.normal == ADDRESS
    assert read((name, "Email"), "sender@example.com", ADDRESS).address.normal == ADDRESS


@pytest.mark.parametrize("second", ["y@example.org", "Ann <y@example.org>"])
def test_without_names_a_row_with_a_further_address_is_refused_and_with_names_it_is_not(second):
    header = ("first@example.org", "BOUNCE")
    assert read(header, ADDRESS, second) == RefusedRow(line=7, why="several_addresses")
    assert read(header, "nobody", second) == RefusedRow(line=7, why="malformed_address")
    assert read(header, "", second) == RefusedRow(line=7, why="no_address")
    assert read(("email", "sender"), ADDRESS, second).address.normal == ADDRESS


@pytest.mark.parametrize("name", ["sha256", "EMAIL_SHA256", "Hash"])
def test_so_is_that_of_digests(name):
    assert read((name, "reason"), DIGEST, "spam").digest == DIGEST


def test_a_file_that_names_nobody_is_refused():
    with pytest.raises(InputError) as refused:
        Columns(("reason", "brand"))
    assert refused.value.code == "no_address_column"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("bounce", "bounce"),
        ("Hard-Bounce", "bounce"),
        ("cleaned", "bounce"),
        ("spam", "complaint"),
        ("abuse", "complaint"),
        ("Opt-out", "unsubscribed"),
        ("unsubscribe", "unsubscribed"),
        ("erased", "manual"),
        ("asked by phone", "manual"),
        ("", "bounce"),
    ],
)
def test_reasons_of_any_tool_are_read(told, reason):
    wish = FileWish(reason="bounce")
    assert read(("email", "reason"), ADDRESS, told, wish=wish).reason == reason


def test_only_a_keyed_mac_by_itself_may_be_erased():
    columns = ("address", "sha256", "address_mac", "reason")
    assert read(columns, "", "", MAC, "erased").reason == "erased"
    assert read(columns, "", DIGEST, MAC, "erased").reason == "manual"
    assert read(columns, ADDRESS, "", MAC, "erased").reason == "manual"


@pytest.mark.parametrize(
    ("cells", "reach"),
    [
        (("", "", ""), DEMO),
        (("second", "", ""), Reach("second")),
        (("second", "weekly", "EMAIL"), Reach("second", EMAIL, "weekly")),
        (("", "weekly", ""), Reach("demo", EMAIL, "weekly")),
    ],
)
def test_a_row_says_how_far_it_reaches_or_the_file_does(cells, reach):
    columns = ("email", "brand", "list", "channel")
    assert read(columns, ADDRESS, *cells, wish=FileWish(reach=DEMO)).reach == reach


@pytest.mark.parametrize(
    ("columns", "cells", "why"),
    [
        (("email",), ("nobody",), "malformed_address"),
        (("email",), ("nobody@",), "malformed_address"),
        (("email",), ("d41d8cd98f00b204e9800998ecf8427e",), "unsupported_digest"),
        (("email",), ("a" * 40,), "unsupported_digest"),
        (("sha256",), ("a" * 128,), "unsupported_digest"),
        (("sha256",), (ADDRESS,), "malformed_address"),
        (("address_mac",), ("short",), "malformed_mac"),
        (("email", "reason"), ("", "bounce"), "no_address"),
        (("email", "list"), (ADDRESS, "weekly"), "bad_reach"),
        (("email", "channel"), (ADDRESS, "phone"), "bad_reach"),
    ],
)
def test_what_suppresses_nobody_is_refused_by_line_and_word(columns, cells, why):
    found = read(columns, *cells)
    assert found == RefusedRow(line=7, why=why)


def test_a_row_that_cannot_be_read_is_refused_likewise():
    rejected = Rejected(line=3, refusal=RowRefusal.FORMULA, column=1)
    assert refused_row(rejected) == RefusedRow(line=3, why="formula")


def test_nothing_personal_is_shown_by_accident():
    row = read(("email", "sha256", "address_mac"), ADDRESS, DIGEST, MAC)
    assert not any(said in repr(row) for said in (ADDRESS, DIGEST, MAC))


def test_a_digest_is_of_the_normal_form_and_of_a_domain_as_typed():
    assert digest_of(parse_address("VISITOR@Example.ORG")) == DIGEST
    assert digests_of(parse_address(ADDRESS)) == (DIGEST,)
    typed = "visitor@räksmörgås.example"
    assert sha256(typed.encode()).hexdigest() in digests_of(parse_address(typed))
    assert len(digests_of(parse_address(typed))) == 2
