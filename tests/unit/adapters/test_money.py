# SPDX-License-Identifier: Apache-2.0
"""Amounts are written with their currency's decimals and their reader's signs."""

import pytest

from chalicelib.adapters.money import money


@pytest.mark.parametrize(
    ("minor", "currency", "language", "written"),
    [
        (129_900, "SEK", "en", "1,299.00 SEK"),
        (129_905, "SEK", "sv", "1 299,05 SEK"),
        (123_456_789, "EUR", "de", "1.234.567,89 EUR"),
        (5, "EUR", "fr", "0,05 EUR"),
        (1_299, "JPY", "en", "1,299 JPY"),
        (1_234, "KWD", "en", "1.234 KWD"),
        (0, "SEK", "en", "0.00 SEK"),
        (10**18 + 1, "SEK", "en", "10,000,000,000,000,000.01 SEK"),
        (42, "QQQ", "en", "42 QQQ"),
    ],
)
def test_an_amount_reads_as_people_write_it(minor, currency, language, written):
    found = money(minor, currency, language)
    assert found.replace("\u00a0", " ").replace("\u202f", " ") == written


def test_no_line_breaks_inside_an_amount():
    assert " " not in money(129_900, "SEK", "sv")
