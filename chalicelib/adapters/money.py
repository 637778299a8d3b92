# SPDX-License-Identifier: Apache-2.0
"""Amounts of money as a reader of a language writes them, with the currency's own decimals.

Guarantees that digits come from whole minor units alone, never through a float.
"""

from chalicelib.domain.currencies import MINOR_DIGITS
from chalicelib.domain.tongues import SIGNS


def money(minor: int, currency: str, language: str) -> str:
    r"""Return an amount in minor units with its currency's code; a code unknown has none.

    Example:
        >>> money(129_900, "SEK", "en")
        '1,299.00\xa0SEK'
        >>> money(1_299, "JPY", "de")
        '1.299\xa0JPY'
    """
    thousands, point = SIGNS[language]
    digits = MINOR_DIGITS.get(currency, 0)
    whole, rest = divmod(minor, 10**digits)
    decimals = f"{point}{rest:0{digits}d}" if digits else ""
    return f"{whole:,}".replace(",", thousands) + f"{decimals}\u00a0{currency}"
