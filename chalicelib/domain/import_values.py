# SPDX-License-Identifier: Apache-2.0
"""What one cell of an imported file says: a time, a flag, tags, attributes, a network address.

Guarantees that a time is taken for no more than it says: one without a zone is read in the zone
that is stated for the file, and one whose day and month cannot be told apart is no time at all.
Refuses to guess: what cannot be read is `UnreadableError`, and the caller decides what that costs.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from zoneinfo import ZoneInfo

import orjson

MAX_CELL_CHARS: Final = 1_000
"""More of a cell than that is never kept: claims are packed into 16 KiB an entry."""
MAX_TIME_CHARS: Final = 100
"""Go's longest has 70. To find many blanks no time would take the square of their number."""
MAX_TAGS: Final = 100
MAX_TAGS_BYTES: Final = 7_500
"""Of JSON: with six cells of free text and an address they still fit one entry."""
_MOST_BYTES: Final = 6
"""Of JSON, that a character takes."""
MONTHS: Final = 12
MAX_DIGITS: Final = 9
UTC_ZONE: Final = "utc"
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE: Final = frozenset({"1", "yes", "y", "true", "ja", "oui", "wahr", "vrai"})
_FALSE: Final = frozenset({"0", "no", "n", "false", "nej", "nein", "non", "falsch", "faux"})
_CLOCK: Final = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
_ZONE: Final = r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_GO_TAIL: Final = r"(?:\s+[A-Z]{2,5}|\s+[+-]\d{2,4})?(?:\s+m=[+-][\d.]+)?"
_YEAR_FIRST: Final = re.compile(
    rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_CLOCK}{_ZONE}{_GO_TAIL}"
)
_YEAR_LAST: Final = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_CLOCK}{_ZONE}")
_NO_TIME: Final = re.compile(r"0000-00-00.*|0001-01-01.*|null|none|n/a|-", re.IGNORECASE)
_NAME: Final = re.compile(r"[^a-z0-9]+")
_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class UnreadableError(ValueError):
    """The cell does not say what its column is for; never shown with the cell's text."""


class Dates(StrEnum):
    """Which comes first where a year stands last: ``03-04-2025`` is two days."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateSigns:
    """What the cells of a file show of the order of day and month; they join in any order."""

    day_first: bool = False
    month_first: bool = False
    either: bool = False

    def joined(self, other: "DateSigns") -> "DateSigns":
        """Return what both show together."""
        return DateSigns(
            day_first=self.day_first or other.day_first,
            month_first=self.month_first or other.month_first,
            either=self.either or other.either,
        )

    @property
    def order(self) -> Dates | None:
        """The order, where every cell that shows one shows the same."""
        if self.day_first == self.month_first:
            return None
        return Dates.DAY_FIRST if self.day_first else Dates.MONTH_FIRST

    @property
    def asks(self) -> bool:
        """Whether somebody must say the order: there are such dates, and they do not tell."""
        seen = self.day_first or self.month_first or self.either
        return seen and self.order is None


def date_signs(cells: Iterable[str]) -> DateSigns:
    """Return what these cells show of the order of day and month.

    Example:
        >>> date_signs(["03-04-2025", "25-04-2025"]).order
        <Dates.DAY_FIRST: 'day-first'>
    """
    first = last = either = False
    for cell in cells:
        text = cell.strip()
        found = _YEAR_LAST.fullmatch(text) if len(text) <= MAX_TIME_CHARS else None
        if found is None:
            continue
        a, b = int(found[1]), int(found[2])
        first, last = first or a > MONTHS >= b, last or b > MONTHS >= a
        either = either or (a <= MONTHS and b <= MONTHS)
    return DateSigns(day_first=first, month_first=last, either=either)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How the times of a file are read.

    Attributes:
        zone: IANA name of the zone of times that name none; `UTC_ZONE` for UTC.
        dates: the order of day and month; None reads no date whose year stands last, unless a day
            above 12 tells.
        now_ms: a time after that was never an act of anybody's.
    """

    zone: str
    dates: Dates | None
    now_ms: int

    def read(self, text: str) -> int | None:
        """Return the moment in Unix milliseconds; None for an empty cell and for zero times.

        Example:
            >>> Clock(zone="utc", dates=None, now_ms=2**41).read("2021-03-04 05:06:07")
            1614834367000

        Raises:
            UnreadableError: it is no time, before 1990, in the future, or its day cannot be told
                from its month.

        Source: Go, package time, `Time.String`; RFC 3339 section 5.6.
        """
        cell = text.strip()
        if len(cell) > MAX_TIME_CHARS:
            raise UnreadableError
        if not cell or _NO_TIME.fullmatch(cell):
            return None
        moment = self._moment(cell)
        at_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
        if moment < _EARLIEST or at_ms > self.now_ms:
            raise UnreadableError
        return at_ms

    def is_assumed(self, text: str) -> bool:
        """Whether the moment rests on the zone that was stated for the file."""
        cell = text.strip()
        found = _YEAR_FIRST.fullmatch(cell) or _YEAR_LAST.fullmatch(cell)
        return found is not None and found[8] is None and self.zone != UTC_ZONE

    def _moment(self, cell: str) -> datetime:
        found = _YEAR_FIRST.fullmatch(cell)
        if found is not None:
            year, month, day = int(found[1]), int(found[2]), int(found[3])
        else:
            found = _YEAR_LAST.fullmatch(cell)
            if found is None:
                raise UnreadableError
            year, (day, month) = int(found[3]), self._ordered(int(found[1]), int(found[2]))
        micros = int((found[7] or "0")[:6].ljust(6, "0"))
        clock = (int(found[4] or 0), int(found[5] or 0), int(found[6] or 0), micros)
        try:
            return datetime(year, month, day, *clock, self._zone_of(found[8])).astimezone(UTC)
        except (ValueError, OverflowError):
            raise UnreadableError from None

    def _ordered(self, a: int, b: int) -> tuple[int, int]:
        """Return day and month; a number above 12 tells without anybody having said so."""
        if self.dates is None and a <= MONTHS and b <= MONTHS and a != b:
            raise UnreadableError
        month_first = b > MONTHS if self.dates is None else self.dates is Dates.MONTH_FIRST
        return (b, a) if month_first else (a, b)

    def _zone_of(self, said: str | None) -> tzinfo:
        if said is None:
            return UTC if self.zone == UTC_ZONE else ZoneInfo(self.zone)
        if said in ("Z", "UTC", "GMT"):
            return UTC
        sign = -1 if said[0] == "-" else 1
        return timezone(sign * timedelta(hours=int(said[1:3]), minutes=int(said[-2:])))


def read_flag(text: str) -> bool | None:
    """Return what a yes-or-no cell says; None for an empty one.

    Raises:
        UnreadableError: it is neither.
    """
    word = text.strip().casefold()
    if not word:
        return None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise UnreadableError


def read_tags(text: str) -> tuple[str, ...]:
    r"""Return the tags of a cell, which is a CSV row of its own; each once, in their order.

    Example:
        >>> read_tags('"A","B, c"')
        ('A', 'B, c')

    Raises:
        UnreadableError: its quotes do not close, or there are more than 100.
    """
    cell = text.strip()
    if not cell:
        return ()
    try:
        rows = list(csv.reader([cell], strict=True, skipinitialspace=True))
    except csv.Error:
        raise UnreadableError from None
    tags = tuple(dict.fromkeys(tag.strip() for row in rows for tag in row if tag.strip()))
    if len(tags) > MAX_TAGS:
        raise UnreadableError
    return tags


def read_attributes(text: str) -> tuple[Mapping[str, str], bool]:
    """Return the plain members of a JSON object, and whether there were others to leave out.

    Raises:
        UnreadableError: it is no JSON object.
    """
    cell = text.strip()
    if not cell:
        return {}, False
    try:
        document = orjson.loads(cell)
    except orjson.JSONDecodeError:
        raise UnreadableError from None
    if not isinstance(document, dict):
        raise UnreadableError
    plain = {
        name: said
        for key, value in document.items()
        if (said := _scalar(value)) is not None and (name := attribute_name(key))
    }
    return plain, len(plain) < len(document)


def _scalar(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip() if isinstance(value, str | int | float) else None


def attribute_name(header: str) -> str:
    """Return the name an attribute is kept under: lower-case letters, digits and ``_``.

    Example:
        >>> attribute_name("Favourite Colour")
        'favourite_colour'
    """
    return _NAME.sub("_", header.casefold()).strip("_")[:64]


def read_ip(text: str) -> str:
    """Return a network address in its short form; "" for an empty cell.

    Raises:
        UnreadableError: it is none.
    """
    cell = text.strip()
    if not cell:
        return ""
    try:
        return str(ip_address(cell))
    except ValueError:
        raise UnreadableError from None


def read_count(text: str) -> int | None:
    """Return a number of things; None for an empty cell.

    Raises:
        UnreadableError: it is none.
    """
    cell = text.strip()
    if not cell:
        return None
    if not (cell.isascii() and cell.isdecimal() and len(cell) <= MAX_DIGITS):
        raise UnreadableError
    return int(cell)


def one_line(text: str) -> str:
    r"""Return a text as every other door of the product takes it: no subject could hold a break.

    Example:
        >>> one_line("First\r\n  Second")
        'First   Second'
    """
    return text if text.isprintable() else _BREAKS.sub(" ", text).strip()


def json_size(value: object) -> int:
    """Return how many bytes a text, or several, takes in a claim: up to six a character."""
    return len(orjson.dumps(value))


def short(text: str) -> str:
    """Return what is kept of a cell of free text: so many characters, and as many bytes of JSON."""
    kept = text.strip()[:MAX_CELL_CHARS]
    if len(kept) * _MOST_BYTES <= MAX_CELL_CHARS:
        return kept
    while (over := json_size(kept) - 2 - MAX_CELL_CHARS) > 0:
        kept = kept[: -over // _MOST_BYTES]
    return kept.strip()
