# SPDX-License-Identifier: Apache-2.0
"""The words of a bundle's report and README, by language.

Guarantees that every language has every word: tests compare the tables.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.proof.words.de import WORDS as GERMAN
from chalicelib.proof.words.en import WORDS as ENGLISH
from chalicelib.proof.words.fr import WORDS as FRENCH
from chalicelib.proof.words.sv import WORDS as SWEDISH

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": ENGLISH,
    "sv": SWEDISH,
    "de": GERMAN,
    "fr": FRENCH,
}
