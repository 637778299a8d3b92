# SPDX-License-Identifier: Apache-2.0
"""Days and instants of the segment language, at one moment and in one time zone.

Guarantees that a whole run sees one today: nothing here reads a clock. Arithmetic that would leave
the years 1 to 9999 ends at their first or last day; it never fails.
"""

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from chalicelib.domain.segment_terms import Op
from chalicelib.domain.segment_values import Relative, Unit, Way, Window

_MONTHS_A_YEAR = 12
_DAYS = {Unit.DAYS: 1, Unit.WEEKS: 7}
_FEBRUARY_29, _MARCH_1 = "02-29", "03-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When and where a segment is evaluated.

    Attributes:
        now_ms: Unix milliseconds: the start of a campaign, or when a count was asked for.
        zone: IANA name of the brand's time zone, in which days begin.
    """

    now_ms: int
    zone: str

    @property
    def today(self) -> date:
        """The day it is in the zone."""
        return (
            datetime.fromtimestamp(self.now_ms / 1000, UTC).astimezone(ZoneInfo(self.zone)).date()
        )


def shift(day: date, unit: Unit, count: int) -> date:
    """Return the day ``count`` units after ``day``, before it where negative.

    Months and years go by the calendar: a day that a month does not have is its last.

    Example:
        >>> shift(date(2026, 3, 31), Unit.MONTHS, -1), shift(date(2024, 2, 29), Unit.YEARS, 1)
        (datetime.date(2026, 2, 28), datetime.date(2025, 2, 28))
    """
    if unit in _DAYS:
        ordinal = day.toordinal() + count * _DAYS[unit]
        return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))
    months = count * (_MONTHS_A_YEAR if unit is Unit.YEARS else 1)
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    if not date.min.year <= year <= date.max.year:
        return date.min if year < date.min.year else date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def day_of(value: date | Relative, moment: Moment) -> date:
    """Return the day a value means; of an instant the one it is in, in the moment's zone."""
    if isinstance(value, Relative):
        back = -1 if value.way is Way.AGO else 1
        return shift(moment.today, value.unit, back * value.count)
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(moment.zone)).date()
    return value


def span(value: date | Relative, moment: Moment) -> tuple[int, int]:
    """Return the first and last Unix second a value means.

    An instant is one second, a day all of its seconds in the moment's zone: from midnight, or the
    first moment after it where clocks skip it. ``lt`` and ``gte`` compare with the first, ``gt``
    and ``lte`` with the last, ``on`` and ``between`` with both.

    Example:
        >>> moment = Moment(now_ms=0, zone="Europe/Stockholm")
        >>> first, last = span(date(2026, 3, 29), moment)  # clocks go forward
        >>> last - first + 1
        82800
    """
    if isinstance(value, datetime):
        second = round(value.timestamp())
        return second, second
    day = day_of(value, moment)
    return _start(day, moment.zone), _start(shift(day, Unit.DAYS, 1), moment.zone) - 1


def _start(day: date, zone: str) -> int:
    # In a gap this is the moment of the change, and of a repeated midnight the first (PEP 495).
    return round(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def birthdays(op: Op, window: Window, moment: Moment) -> frozenset[str]:
    """Return the birthdays (``MM-DD``) of a window: today and the days after or before it.

    Who is born on 29 February has their birthday on 1 March of other years: so somebody's age
    changes on their birthday.
    """
    step = -1 if op is Op.IN_LAST else 1
    days = [shift(moment.today, Unit.DAYS, step * n) for n in range(window.days + 1)]
    found = {day.isoformat()[5:] for day in days}
    if any(day.isoformat()[5:] == _MARCH_1 and not isleap(day.year) for day in days):
        found.add(_FEBRUARY_29)
    return frozenset(found)


def latest_birth(age: int, moment: Moment) -> str:
    """Return the last ISO day on which somebody who is ``age`` years old today can be born.

    So "at least 18" is "born on or before ``latest_birth(18, …)``", and "exactly 18" is that and
    "born after ``latest_birth(19, …)``".
    """
    return shift(moment.today, Unit.YEARS, -age).isoformat()
