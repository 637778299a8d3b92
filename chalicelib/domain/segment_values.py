# SPDX-License-Identifier: Apache-2.0
"""Values of the segment language: read strictly from a clause, and leniently from what is stored.

Guarantees that a value of a clause has exactly the type its fact and operator ask for. Stored text
can hold anything that another system once stated: what does not read as its type is None, which
is "nothing is known", and never an error.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeAlias

from chalicelib.domain.forms import read_day
from chalicelib.domain.segment_terms import FactSpec, FactType, Op

MAX_TEXT_CHARS = 200
MAX_STEPS = 10_000
MAX_BIRTHDAY_DAYS = 366
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,13}", re.ASCII)
_YES = frozenset({"yes", "true", "on", "1"})
_NO = frozenset({"no", "false", "off", "0"})
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})


class SegmentCode(StrEnum):
    """What is wrong with one place of a segment."""

    UNKNOWN_FACT = "unknown_fact"
    UNKNOWN_OP = "unknown_op"
    WRONG_TYPE = "wrong_type"
    MISSING = "missing"
    UNKNOWN = "unknown"
    NOT_A_TIME = "not_a_time"
    NOT_ONE_OF = "not_one_of"
    OUT_OF_RANGE = "out_of_range"
    FORMAT = "format"
    EMPTY = "empty"
    TOO_MANY = "too_many"
    TOO_DEEP = "too_deep"
    TOO_LONG = "too_long"
    UNKNOWN_LIST = "unknown_list"
    UNKNOWN_PURPOSE = "unknown_purpose"
    UNKNOWN_CURRENCY = "unknown_currency"
    UNKNOWN_CAMPAIGN = "unknown_campaign"
    RECURSIVE = "recursive"
    EXACTLY_ONE = "exactly_one"


class ValueFault(Exception):  # noqa: N818  # a signal between two modules, never shown
    """A value that cannot be used: where inside it, and why."""

    def __init__(self, code: SegmentCode, at: str = "") -> None:
        """Keep both apart; ``at`` is empty or begins with a dot."""
        super().__init__(code, at)
        self.code = code
        self.at = at


class Unit(StrEnum):
    """Steps of the calendar."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


class Way(StrEnum):
    """Before or after today."""

    AGO = "ago"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A day counted from today, in the brand's time zone; ``count`` is 0 to 10,000."""

    way: Way
    unit: Unit
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Today and the days next to it, for birthdays: 0 to 366."""

    days: int


Scalar: TypeAlias = str | int | date | Relative | Window
"""Text, word or member; number, amount or flag; day, or instant as an aware ``datetime``; rest."""
Value: TypeAlias = Scalar | tuple[Scalar, ...]


def fold(text: str) -> str:
    """Return ``text`` as it is compared: trimmed, without difference of case, accents kept.

    Example:
        >>> fold(" GÖTEBORG "), fold("Göteborg") == fold("Goteborg")
        ('göteborg', False)

    Source: Unicode 15.0 section 3.13, D145 (canonical caseless match), in normal form C.
    """
    decomposed = unicodedata.normalize("NFD", text.strip())
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", decomposed.casefold()))


def read_scalar(spec: FactSpec, op: Op, value: object) -> Scalar:
    """Return one value of a clause, or one member of its list.

    Raises:
        ValueFault: it is not what the fact and the operator ask for.
    """
    return _READERS[spec.type](spec, op, value)


def _text(_: FactSpec, __: Op, value: object) -> Scalar:
    if not isinstance(value, str):
        raise ValueFault(SegmentCode.WRONG_TYPE)
    if not value.strip():
        raise ValueFault(SegmentCode.EMPTY)
    if len(value) > MAX_TEXT_CHARS:
        raise ValueFault(SegmentCode.TOO_LONG)
    if any(unicodedata.category(char) in _CONTROLS for char in value):
        raise ValueFault(SegmentCode.FORMAT)
    return value


def _word(spec: FactSpec, op: Op, value: object) -> Scalar:
    word = _text(spec, op, value)
    if spec.words and word not in spec.words:
        raise ValueFault(SegmentCode.NOT_ONE_OF)
    return word


def _whole(value: object, least: int, most: int, at: str = "") -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueFault(SegmentCode.WRONG_TYPE, at)
    if not least <= value <= most:
        raise ValueFault(SegmentCode.OUT_OF_RANGE, at)
    return value


def _number(spec: FactSpec, _: Op, value: object) -> Scalar:
    return _whole(value, spec.least, spec.most)


def _flag(_: FactSpec, __: Op, value: object) -> Scalar:
    if not isinstance(value, bool):
        raise ValueFault(SegmentCode.WRONG_TYPE)
    return value


def _date(spec: FactSpec, op: Op, value: object) -> Scalar:
    read = _time(spec, op, value)
    if isinstance(read, datetime):
        # A day has no hour, and which day an instant is in is the clause's to say.
        raise ValueFault(SegmentCode.WRONG_TYPE)
    return read


def _time(_: FactSpec, op: Op, value: object) -> Scalar:
    if isinstance(value, Mapping):
        return _relative(value)
    if not isinstance(value, str):
        raise ValueFault(SegmentCode.WRONG_TYPE)
    day = read_day(value)
    if day is not None:
        return day
    instant = _instant(value)
    if instant is None:
        raise ValueFault(SegmentCode.NOT_A_TIME)
    if op is Op.ON:
        raise ValueFault(SegmentCode.WRONG_TYPE)
    return instant


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if _INSTANT.fullmatch(text) else None
    except ValueError:
        return None


def _relative(value: Mapping[object, object]) -> Relative:
    way = _only_member(value, Way, "")
    inner = value[way]
    if not isinstance(inner, Mapping):
        raise ValueFault(SegmentCode.WRONG_TYPE, f".{way}")
    unit = _only_member(inner, Unit, f".{way}")
    count = _whole(inner[unit], 0, MAX_STEPS, f".{way}.{unit}")
    return Relative(way=Way(way), unit=Unit(unit), count=count)


def _only_member(value: Mapping[object, object], names: type[StrEnum], at: str) -> str:
    if len(value) != 1:
        raise ValueFault(SegmentCode.EXACTLY_ONE, at)
    name = next(iter(value))
    if not isinstance(name, str) or name not in {str(each) for each in names}:
        raise ValueFault(SegmentCode.UNKNOWN, at)
    return name


def _birthday(_: FactSpec, __: Op, value: object) -> Scalar:
    if not isinstance(value, Mapping):
        raise ValueFault(SegmentCode.WRONG_TYPE)
    if _only_member(value, Unit, "") != Unit.DAYS:
        raise ValueFault(SegmentCode.UNKNOWN)
    return Window(days=_whole(value[Unit.DAYS], 0, MAX_BIRTHDAY_DAYS, f".{Unit.DAYS}"))


_READERS: Mapping[FactType, Callable[[FactSpec, Op, object], Scalar]] = {
    FactType.TEXT: _text,
    FactType.NUMBER: _number,
    FactType.AMOUNT: _number,
    FactType.DATE: _date,
    FactType.TIME: _time,
    FactType.BIRTHDAY: _birthday,
    FactType.FLAG: _flag,
    FactType.WORD: _word,
    FactType.SET: _text,
}


def dump_scalar(value: Scalar) -> object:
    """Return a value as the JSON it was read from."""
    if isinstance(value, Relative):
        return {str(value.way): {str(value.unit): value.count}}
    if isinstance(value, Window):
        return {str(Unit.DAYS): value.days}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def stored_number(text: object) -> int | None:
    """Return the whole number an attribute tells, or None."""
    if not isinstance(text, str):
        return None
    plain = text.strip()
    return int(plain) if _WHOLE.fullmatch(plain) else None


def stored_day(text: object) -> str | None:
    """Return the ISO 8601 day an attribute tells, or None; such texts are ordered as days are."""
    if not isinstance(text, str):
        return None
    plain = text.strip()
    return plain if read_day(plain) is not None else None


def stored_flag(text: object) -> bool | None:
    """Return whether an attribute says yes or no, or None."""
    if not isinstance(text, str):
        return None
    word = fold(text)
    return True if word in _YES else False if word in _NO else None
