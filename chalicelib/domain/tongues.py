# SPDX-License-Identifier: Apache-2.0
"""How sentences that are put together piece by piece are told in another language than English.

Guarantees that the English text is the key of its translation, as it is in the templates. Every
text marked with `to_say` stands in the catalogues of all languages (`tools/make_catalogues.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.currencies import MINOR_DIGITS

SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "en": (",", "."),
    "sv": ("\u00a0", ","),
    "de": (".", ","),
    "fr": ("\u202f", ","),
}
"""Between thousands, before decimals."""


def to_say(text: str) -> str:
    """Return ``text`` as it is, and mark it for the catalogues."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """A language to tell sentences in.

    Attributes:
        say: gives an English text in the language.
    """

    language: str
    say: Callable[[str], str]

    def number(self, value: int) -> str:
        """Return a whole number with its thousands apart."""
        return f"{value:,}".replace(",", SIGNS[self.language][0])

    def tenths(self, value: float) -> str:
        """Return a number with one decimal, and its thousands apart."""
        whole, _, part = f"{value:,.1f}".partition(".")
        thousands, decimals = SIGNS[self.language]
        return whole.replace(",", thousands) + decimals + part

    def money(self, amount: int, currency: str) -> str:
        """Return an amount in minor units, with the digits of its currency."""
        digits = MINOR_DIGITS.get(currency, 0)
        units, rest = divmod(abs(amount), 10**digits)
        sign = "-" if amount < 0 else ""
        part = f"{SIGNS[self.language][1]}{rest:0{digits}d}" if digits else ""
        return f"{sign}{self.number(units)}{part} {currency}"


ENGLISH: Final = Tongue(language="en", say=str)
