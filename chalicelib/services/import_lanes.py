# SPDX-License-Identifier: Apache-2.0
"""One lane of an import, chunk by chunk: its rows, and which of them stands for its address.

Guarantees that of each address one row counts, the same one in whatever order the file had them,
and that an end stands before everything else the file says of the address. Ends of other kinds are
written as well. What is found is kept as marks, so that a run asks for no MAC a second time, nor
for a domain: it writes what its preview said.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypeVar

import orjson

from chalicelib.domain.addresses import alike
from chalicelib.domain.import_judging import DUPLICATE, PASSED_OVER, Rank, end_rank, rank
from chalicelib.domain.import_rows import FileStatus, History, ImportRow
from chalicelib.domain.import_statement import Basis
from chalicelib.domain.imports import Import, Mode
from chalicelib.errors import FatalError
from chalicelib.ports.import_rows import ImportFiles, Kind
from chalicelib.ports.ledger_groups import Place

_Name = TypeVar("_Name", bound=str)
_VERSION: Final = 1

STANDS: Final = "."
STANDS_ON_CONSENT: Final = "c"
STANDS_ON_SALE: Final = "s"
ALSO: Final = "a"
"""Another kind of end of an address that is counted already: written, and counted as double."""
DOUBLE: Final = "d"
PASSED: Final = "p"
_OF_BASIS: Final = {Basis.CONSENT: STANDS_ON_CONSENT, Basis.SOFT_OPT_IN: STANDS_ON_SALE}
_LEFT_OUT: Final = {DOUBLE: DUPLICATE, PASSED: PASSED_OVER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is known of a chunk: a letter for each row, and its MAC ("" for one left out).

    Attributes:
        no_mail: domains of its addresses at which no mail arrives.
        alike: places of rows whose mailbox is probably that of another row of the lane.
    """

    letters: str
    macs: tuple[str, ...]
    no_mail: frozenset[str] = frozenset()
    alike: frozenset[int] = frozenset()

    def dump(self) -> bytes:
        """Return the form that is kept."""
        kept = {"v": _VERSION, "letters": self.letters, "macs": self.macs}
        found = {"no_mail": sorted(self.no_mail), "alike": sorted(self.alike)}
        return orjson.dumps(kept | found)


def load_marks(data: bytes) -> Marks:
    """Return marks that were kept.

    Raises:
        FatalError: they have a version this code does not know.
    """
    document = orjson.loads(data)
    if document["v"] != _VERSION:
        raise FatalError("marks of an import have a version this code does not know")
    return Marks(
        letters=document["letters"],
        macs=tuple(document["macs"]),
        # Both are absent from what an earlier build kept.
        no_mail=frozenset(document.get("no_mail", ())),
        alike=frozenset(document.get("alike", ())),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row that is worked through.

    Attributes:
        counter: counts it under this name instead of what becomes of it; "" for most.
        no_mail: no mail arrives at the domain of its address.
        alike: its mailbox is probably that of another row that is worked through.
    """

    row: ImportRow
    mac: str
    counter: str = ""
    no_mail: bool = False
    alike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLines:
    """A chunk, made ready: what is worked through, and how many rows are not."""

    lines: tuple[Line, ...]
    left_out: Mapping[str, int]


class LaneReader:
    """Reads a lane of an import as it is now."""

    def __init__(
        self,
        *,
        files: ImportFiles,
        of: Import,
        lane: str,
        macs: Callable[[Sequence[str]], tuple[str, ...]],
        no_mail: Callable[[Iterable[str]], frozenset[str]],
    ) -> None:
        """Read nothing yet.

        Args:
            macs: returns the MAC of each normalised address, in order.
            no_mail: returns those of some domains at which no mail arrives.
        """
        self._files = files
        self._of = of
        self._lane = lane
        self._macs = macs
        self._no_mail = no_mail
        self.size = of.sizes[lane]

    def chunk(self, number: int) -> ChunkLines:
        """Return a chunk, by what is known of the whole lane."""
        rows = self._read(number)
        marks = self._marks(number, rows)
        basis = self._of.judged_by.basis
        worked = {STANDS, ALSO, _OF_BASIS[basis]}
        left = [_LEFT_OUT.get(x, DUPLICATE) for x in marks.letters if x not in worked]
        return ChunkLines(
            lines=tuple(
                Line(
                    row=row,
                    mac=mac,
                    counter=DUPLICATE if letter == ALSO else "",
                    no_mail=row.address.domain in marks.no_mail,
                    alike=at in marks.alike,
                )
                for at, (row, mac, letter) in enumerate(
                    zip(self._with_history(number, rows), marks.macs, marks.letters, strict=True)
                )
                if letter in worked
            ),
            left_out=Counter(left),
        )

    def _marks(self, number: int, rows: Sequence[ImportRow]) -> Marks:
        kept = self._files.marks(self._of, self._lane, number)
        if kept is not None:
            return load_marks(kept)
        letters = "".join(
            self._standing.letter(row, Place(number, at)) for at, row in enumerate(rows)
        )
        asked = [x not in _LEFT_OUT for x in letters]
        found = iter(
            self._macs([r.address.normal for r, on in zip(rows, asked, strict=True) if on])
        )
        marks = Marks(
            letters=letters,
            macs=tuple(next(found) if on else "" for on in asked),
            # What ends is written wherever its mail would go.
            no_mail=self._no_mail(
                row.address.domain
                for row, on in zip(rows, asked, strict=True)
                if on and not row.is_end
            ),
            alike=frozenset(
                at
                for at, (row, on) in enumerate(zip(rows, asked, strict=True))
                if on and self._standing.is_alike(row)
            ),
        )
        self._files.put_marks(self._of, self._lane, number, marks.dump())
        return marks

    def _with_history(self, number: int, rows: Sequence[ImportRow]) -> Sequence[ImportRow]:
        """Rows of a chunk, each with all that the file tells of opens and clicks."""
        if number < self.size.ends or not self._history:
            return rows
        return tuple(
            replace(row, history=_both(row.history, self._history[row.address.normal]))
            if row.address.normal in self._history
            else row
            for row in rows
        )

    def _read(self, number: int) -> tuple[ImportRow, ...]:
        ends = self.size.ends
        if number < ends:
            return self._files.rows(self._of, self._lane, Kind.ENDS, number)
        return self._files.rows(self._of, self._lane, Kind.GOES, number - ends)

    @cached_property
    def _history(self) -> dict[str, History]:
        found: dict[str, History] = {}
        for number in range(self.size.history):
            for activity in self._files.history(self._of, self._lane, number):
                address = activity.address.normal
                found[address] = activity.added_to(found.get(address))
        return found

    @cached_property
    def _standing(self) -> "_Standing":
        standing = _Standing(ends_only=self._of.target.mode is Mode.CUT_OVER)
        for number in range(self.size.ends if standing.ends_only else self.size.chunks):
            for at, row in enumerate(self._read(number)):
                standing.see(row, Place(number, at))
        return standing


class _Standing:
    """Which row of the lane stands for which address; all of a lane's addresses fit in memory."""

    def __init__(self, *, ends_only: bool) -> None:
        self.ends_only = ends_only
        self._ends: dict[str, dict[FileStatus, tuple[Rank, Place]]] = {}
        self._goes: dict[str, tuple[Rank, Place]] = {}
        self._sold: dict[str, tuple[Rank, Place]] = {}
        self._first: dict[str, str] = {}
        """Of each mailbox the address that comes first in the alphabet."""

    def see(self, row: ImportRow, place: Place) -> None:
        address = row.address.normal
        if row.is_end:
            _put(self._ends.setdefault(address, {}), row.status, end_rank(row), place)
            return
        _put(self._goes, address, rank(row, Basis.CONSENT), place)
        if address not in self._ends:
            mailbox = alike(address)
            self._first[mailbox] = min(address, self._first.get(mailbox, address))
        on_sale = rank(row, Basis.SOFT_OPT_IN)
        if on_sale.subscribed and on_sale.sold:
            _put(self._sold, address, on_sale, place)

    def is_alike(self, row: ImportRow) -> bool:
        """Whether a row ends nothing and its mailbox is probably another one's, who comes first."""
        address = row.address.normal
        return not row.is_end and self._first.get(alike(address), address) != address

    def letter(self, row: ImportRow, place: Place) -> str:
        ends = self._ends.get(row.address.normal, {})
        if row.is_end:
            if ends[row.status][1] != place:
                return DOUBLE
            return STANDS if max(ends.values())[1] == place else ALSO
        if self.ends_only:
            return PASSED
        return DOUBLE if ends else self._letter_of_go(row.address.normal, place)

    def _letter_of_go(self, address: str, place: Place) -> str:
        on_consent = self._goes[address][1]
        on_sale = self._sold.get(address, self._goes[address])[1]
        if place == on_consent:
            return STANDS if place == on_sale else STANDS_ON_CONSENT
        return STANDS_ON_SALE if place == on_sale else DOUBLE


def _put(found: dict[_Name, tuple[Rank, Place]], name: _Name, ranked: Rank, place: Place) -> None:
    """Keep the greater; of equal rows the one that comes first."""
    held = found.get(name)
    if held is None or ranked > held[0]:
        found[name] = (ranked, place)


def _both(own: History | None, told: History) -> History:
    """What the row says of opens and clicks, and what other files of the export do."""
    if own is None:
        return told
    return History(
        opens=_sum(own.opens, told.opens),
        clicks=_sum(own.clicks, told.clicks),
        rating=own.rating,
        last_open_ms=_newest(own.last_open_ms, told.last_open_ms),
        last_click_ms=_newest(own.last_click_ms, told.last_click_ms),
    )


def _sum(*numbers: int | None) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _newest(*times: int | None) -> int | None:
    return max((at_ms for at_ms in times if at_ms is not None), default=None)
