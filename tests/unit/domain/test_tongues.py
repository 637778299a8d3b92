# SPDX-License-Identifier: Apache-2.0
"""Numbers as each language writes them."""

import pytest

from chalicelib.domain.tongues import Tongue


@pytest.mark.parametrize(
    ("language", "whole", "tenths", "money"),
    [
        ("en", "1,234,567", "1,234.5", "1,234.05 USD"),
        ("sv", "1\u00a0234\u00a0567", "1\u00a0234,5", "1\u00a0234,05 USD"),
        ("de", "1.234.567", "1.234,5", "1.234,05 USD"),
        ("fr", "1\u202f234\u202f567", "1\u202f234,5", "1\u202f234,05 USD"),
    ],
)
def test_thousands_and_decimals_are_those_of_the_language(language, whole, tenths, money):
    tongue = Tongue(language=language, say=str)
    assert tongue.number(1_234_567) == whole
    assert tongue.tenths(1_234.45 + 0.05) == tenths
    assert tongue.money(123_405, "USD") == money


def test_small_numbers_are_not_taken_apart():
    tongue = Tongue(language="sv", say=str)
    assert [tongue.tenths(value) for value in (0, 5, 0.04, 13.96)] == ["0,0", "5,0", "0,0", "14,0"]
