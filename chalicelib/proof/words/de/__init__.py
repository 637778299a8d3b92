# SPDX-License-Identifier: Apache-2.0
"""The words of a bundle's report and README, in German.

Guarantees that a report says nothing beyond its evidence: each sentence is fixed here and only
times, ids, numbers and disclosed values are set into it.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.proof.words.de.conclusion import CONCLUSION
from chalicelib.proof.words.de.entries import ENTRIES
from chalicelib.proof.words.de.readme import README
from chalicelib.proof.words.de.report import REPORT

WORDS: Final[Mapping[str, str]] = {**REPORT, **CONCLUSION, **ENTRIES, **README}
