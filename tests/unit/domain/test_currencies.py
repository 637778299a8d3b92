# SPDX-License-Identifier: Apache-2.0
"""The currencies are those in use, as an independent list has them."""

from babel.core import get_global

from chalicelib.domain.currencies import MINOR_DIGITS


def test_every_currency_in_use_somewhere_is_known():
    today = {
        code
        for currencies in get_global("territory_currencies").values()
        for code, _, until, tender in currencies
        if until is None and tender
    }
    assert today <= set(MINOR_DIGITS)


def test_a_code_is_three_capitals_and_its_minor_unit_none_two_or_three_digits():
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in MINOR_DIGITS)
    assert list(MINOR_DIGITS) == sorted(MINOR_DIGITS)
    assert [MINOR_DIGITS[code] for code in ("SEK", "JPY", "KWD", "ISK")] == [2, 0, 3, 0]
