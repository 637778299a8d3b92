# SPDX-License-Identifier: Apache-2.0
"""What an import comes to, in numbers by country and reason, and where its rejected rows stand.

Guarantees that nothing here is about one person: numbers, and places in a file that holds them.
The same counters tell what would be done (the preview) and what was done.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.domain.import_judging import ALIKE, DUPLICATE, LEFT_OUT, PASSED_OVER, ROWS
from chalicelib.domain.import_verdicts import Verdict, Why
from chalicelib.domain.imports import RUN_ROUND, Import, Stage
from chalicelib.ports.import_rows import ImportFiles, ImportRows, LaneRow
from chalicelib.services.import_stages import ImportStages

REJECTED: Final = "rejected"
NOTE: Final = "note"
KEPT: Final = "kept"
FILE: Final = "file"
_RAN: Final = frozenset({Stage.RUNNING, Stage.DONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryPreview:
    """People of a country by what becomes of them, and why: those with a reason each, and no other.

    Attributes:
        country: code, or `country_rules.ELSEWHERE`.
    """

    country: str
    why: Mapping[Why, int]

    def of(self, verdict: Verdict) -> int:
        """Return how many have a verdict."""
        return sum(count for why, count in self.why.items() if why.verdict is verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an import comes to.

    Attributes:
        countries: with the most people first.
        rejected: rows by the code of what is wrong with them.
        notes: rows of which something was left out, by what.
        members: files in a ZIP that hold no people, by their kind.
        duplicates: rows of an address for which another row stands.
        passed_over: rows that this mode does not look at.
        alike: people whose mailbox is probably that of another one in the file.
        rows: worked through by now.
        of: to be worked through.
        is_written: whether the numbers are of what was written, and not of what would be.
    """

    countries: tuple[CountryPreview, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    members: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    passed_over: int = 0
    alike: int = 0
    rows: int = 0
    of: int = 0
    is_written: bool = False

    def count(self, verdict: Verdict) -> int:
        """Return how many people have a verdict."""
        return sum(each.of(verdict) for each in self.countries)

    def by_country(self) -> dict[str, dict[str, int]]:
        """Return country → why → people, as a statement commits to it."""
        return {
            each.country: {str(why): count for why, count in each.why.items()}
            for each in self.countries
        }


class ImportReport:
    """Tells what imports come to."""

    def __init__(self, *, stages: ImportStages, rows: ImportRows, files: ImportFiles) -> None:
        self._stages = stages
        self._rows = rows
        self._files = files

    def preview(self, import_id: str) -> Preview:
        """Return what an import comes to, as far as it is.

        Raises:
            InputError: it is not an id.
            NotFound: there is no such import.
        """
        of = self._stages.require(import_id)
        return self.preview_of(of)

    def preview_of(self, of: Import) -> Preview:
        """Return what an import that was just read comes to."""
        checked = _total(self._rows.lanes(of.id, of.check_round).values())
        ran = _total(self._rows.lanes(of.id, RUN_ROUND).values())
        is_written = of.stage in _RAN or bool(ran[ROWS])
        counts = ran if is_written else checked
        read: Mapping[str, int] = of.file.counts if of.file else {}
        # A run reads no rows that are left out; those of a lane that was never checked are none.
        of_run = checked[ROWS] - checked[LEFT_OUT]
        return Preview(
            countries=_countries(counts),
            rejected=_named(read, REJECTED),
            notes=_named(read, NOTE),
            members=_named(read, FILE),
            duplicates=checked[DUPLICATE],
            passed_over=checked[PASSED_OVER] + read.get(PASSED_OVER, 0),
            alike=checked[ALIKE],
            rows=counts[ROWS],
            of=of_run if is_written else read.get(KEPT, 0),
            is_written=is_written,
        )

    def rejected(self, import_id: str) -> Iterator[bytes]:
        """Yield the parts of the CSV of rejected rows: file, line, column, code; never a cell.

        Raises:
            InputError: it is not an id.
            NotFound: there is no such import.
        """
        return self._files.rejected(self._stages.require(import_id))


def _total(lanes: Iterable[LaneRow]) -> Counter[str]:
    total: Counter[str] = Counter()
    for lane in lanes:
        total.update(lane.counts)
    return total


def _countries(counts: Mapping[str, int]) -> tuple[CountryPreview, ...]:
    """The counters of people; every other counter has no second part, or no reason in its third."""
    found: dict[str, dict[Why, int]] = {}
    for name, count in sorted(counts.items()):
        country, _, rest = name.partition(":")
        verdict, _, why = rest.partition(":")
        if verdict in tuple(Verdict):
            found.setdefault(country, {})[Why(why)] = count
    countries = (CountryPreview(country=country, why=whys) for country, whys in found.items())
    return tuple(sorted(countries, key=lambda each: (-sum(each.why.values()), each.country)))


def _named(counts: Mapping[str, int], name: str) -> dict[str, int]:
    """What is counted as ``name:<code>``, by code."""
    found = {}
    for each, count in sorted(counts.items()):
        first, _, code = each.partition(":")
        if first == name and code:
            found[code] = count
    return found
