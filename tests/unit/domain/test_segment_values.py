# SPDX-License-Identifier: Apache-2.0
"""Values are read strictly where they are asked and leniently where they are stored."""

import sys
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest

from chalicelib.domain.segment_facts import CATALOGUE
from chalicelib.domain.segment_terms import OPERATORS, FactType, Op
from chalicelib.domain.segment_values import (
    Relative,
    Unit,
    ValueFault,
    Way,
    Window,
    dump_scalar,
    fold,
    read_scalar,
    stored_day,
    stored_flag,
    stored_number,
)

ONE_OF_EACH = {
    FactType.TEXT: ("place.city", "Göteborg", "Göteborg"),
    FactType.NUMBER: ("orders.count", 7, 7),
    FactType.AMOUNT: ("cart.amount", -1, -1),
    FactType.DATE: ("person.birth_date", "1996-02-29", date(1996, 2, 29)),
    FactType.TIME: (
        "orders.last",
        "2026-11-22T09:00:00Z",
        datetime(2026, 11, 22, 9, tzinfo=UTC),
    ),
    FactType.BIRTHDAY: ("person.birthday", {"days": 0}, Window(days=0)),
    FactType.FLAG: ("measured", False, False),
    FactType.WORD: ("list", "soft-opt-in", "soft-opt-in"),
    FactType.SET: ("documents", "white-paper", "white-paper"),
}
FOREIGN = [
    True,
    3,
    3.0,
    None,
    [],
    {},
    {"days": 3},
    "x",
    "sv",
    "given",
    "2026-01-01",
    {"ago": {"days": 3}},
]


def read(name, value, op=Op.EQ):
    return read_scalar(CATALOGUE[name], op, value)


@pytest.mark.parametrize("kept", FactType)
def test_a_value_of_every_type_is_read_and_written_back(kept):
    name, written, value = ONE_OF_EACH[kept]
    assert CATALOGUE[name].type is kept
    got = read(name, written)
    assert (got, type(got)) == (value, type(value))
    assert dump_scalar(got) == written


@pytest.mark.parametrize("kept", FactType)
def test_a_value_of_another_type_is_refused_and_never_turned_into_one(kept):
    name, _, _ = ONE_OF_EACH[kept]
    taken = []
    for op in OPERATORS[kept]:
        for value in FOREIGN:
            with suppress(ValueFault):
                written = dump_scalar(read(name, value, op))
                assert (written, type(written)) == (value, type(value))
                taken.append(value)
    assert taken


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_a_day_is_counted_from_today_in_units_of_the_calendar(way, unit, count):
    written = {str(way): {str(unit): count}}
    got = read("orders.last", written)
    assert got == Relative(way=way, unit=unit, count=count)
    assert dump_scalar(got) == written


@pytest.mark.parametrize("day", ["0001-01-01", "2024-02-29", "9999-12-31"])
def test_a_day_or_an_instant_of_any_year_is_written_back_as_it_was(day):
    for text in (day, f"{day}T23:59:59Z"):
        assert dump_scalar(read("orders.last", text)) == text


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("GÖTEBORG", " göteborg\t", True),
        ("Goteborg", "Göteborg", False),
        ("Go\u0308teborg", "G\u00f6teborg", True),
        ("STRASSE", "Straße", True),
        ("ΟΔΟΣ", "οδος", True),
        ("Kelvin \u212a", "kelvin k", True),
        ("New York", "New  York", False),
        ("\u1e9b\u0323", "\u1e61\u0323", True),
    ],
)
def test_texts_are_compared_without_case_and_with_accents(one, other, alike):
    assert (fold(one) == fold(other)) is alike


def test_folding_a_folded_text_changes_nothing():
    def differs(char):
        return fold(fold(char)) != fold(char) or not unicodedata.is_normalized("NFC", fold(char))

    chars = (chr(n) for n in range(sys.maxunicode + 1) if not 0xD800 <= n < 0xE000)
    assert [char for char in chars if differs(char)] == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        (" +007 ", 7),
        ("-3", -3),
        ("9" * 13, 9_999_999_999_999),
        ("9" * 14, None),
        ("1_000", None),
        ("1 000", None),
        ("٣", None),
        ("1.5", None),
        ("1e9", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_a_stored_number_is_whole_and_plain_or_not_known(text, number):
    assert stored_number(text) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1996-02-29", "1996-02-29"),
        (" 1996-02-29 ", "1996-02-29"),
        ("1997-02-29", None),
        ("1996-2-29", None),
        ("1996-02-29T00:00:00Z", None),
        ("29/02/1996", None),
        ("zzzz-zz-zz", None),
        ("", None),
        (19960229, None),
        (None, None),
    ],
)
def test_a_stored_day_is_one_of_the_calendar_or_not_known(text, day):
    assert stored_day(text) == day


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("yes", True),
        ("YES ", True),
        ("true", True),
        ("on", True),
        ("1", True),
        ("no", False),
        ("False", False),
        ("off", False),
        ("0", False),
        ("", None),
        ("perhaps", None),
        (True, None),
        (None, None),
    ],
)
def test_a_stored_tick_says_yes_or_no_or_is_not_known(text, flag):
    assert stored_flag(text) is flag
