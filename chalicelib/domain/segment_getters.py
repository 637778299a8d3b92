# SPDX-License-Identifier: Apache-2.0
"""How each fact is read from one person's stored data, without making objects of it.

Guarantees that what is not known, may not be known, or does not read as its type is None, and that
behaviour is read only while the consent it needs stands on a list of the brand.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from chalicelib.domain.ids import PurposeId
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_event_getters import EVENT_READERS
from chalicelib.domain.segment_expressions import Clause
from chalicelib.domain.segment_facts import FIELD, GIVEN, MAX_AGE, NOT_GIVEN
from chalicelib.domain.segment_person import Person, Reader, ReaderOf, Source, gated, is_given
from chalicelib.domain.segment_terms import FactKind, FactType
from chalicelib.domain.segment_values import stored_day, stored_flag, stored_number
from chalicelib.domain.state import MEASUREMENT, PROFILING

_ABSENT = (KeyError, TypeError)
"""How a profile says that it has no such member, or has junk in its place."""

_DAY_CHARS: Final = len("2026-11-22")
_DAYS_OF_A_YEAR: Final = tuple(
    (date(2026, 1, 1) + timedelta(days=days)).isoformat()[4:] for days in range(365)
)
"""From "-01-01" to "-12-31", but for the day that only some years have."""


def reader_of(clause: Clause, source: Source) -> Reader:
    """Return how the fact of a clause is read; life-cycle words are made of rules, not read."""
    spec = clause.fact
    if spec.name.startswith(FIELD) or spec.kind is FactKind.PERSON:
        return _of_attributes(clause, source)
    read = _READERS[spec.name](clause, source)
    return read if spec.purpose is None else gated(read, source.brand, spec.purpose)


# What people declared, and who they are


def _of_attributes(clause: Clause, source: Source) -> Reader:
    spec = clause.fact
    named = spec.field or ""
    if spec.name.startswith(FIELD):
        typed = _STORED.get(spec.type)
        return _text_attribute(named) if typed is None else _attribute(named, typed)
    name = source.names.get(named, named)
    match spec.type:
        case FactType.NUMBER:
            return _age(name, source.moment)
        case FactType.BIRTHDAY:
            return _attribute(name, _birthday)
        case FactType.DATE:
            return _attribute(name, quick_day)
    return _text_attribute(name)


def _attribute(name: str, typed: Callable[[object], Any]) -> Reader:
    def read(person: Person) -> Any:
        try:
            return typed(person.profile["attributes"][name])
        except _ABSENT:
            return None

    return read


def _text_attribute(name: str) -> Reader:
    """`_attribute` of `_text` in one call: most clauses ask for a text."""

    def read(person: Person) -> str | None:
        try:
            value = person.profile["attributes"][name]
        except _ABSENT:
            return None
        return value if isinstance(value, str) and value and not value.isspace() else None

    return read


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and not value.isspace() else None


def quick_day(value: object) -> str | None:
    """Return what `stored_day` does, sooner for a day that is written as nearly all are."""
    if not (isinstance(value, str) and len(value) == _DAY_CHARS and value[4] == value[7] == "-"):
        return stored_day(value)
    try:
        date.fromisoformat(value)
    except ValueError:
        return None
    return value


_STORED: Mapping[FactType, Callable[[object], Any]] = {
    FactType.NUMBER: stored_number,
    FactType.DATE: quick_day,
    FactType.FLAG: stored_flag,
}


def _birthday(value: object) -> str | None:
    day = quick_day(value)
    return None if day is None else day[5:]


def _age(name: str, moment: Moment) -> Reader:
    today = moment.today
    # What people turn this year. A birth in days to come, or before anybody's who lives, is a slip
    # of the pen.
    turned = {f"{today.year - years:04d}": years for years in range(min(MAX_AGE + 2, today.year))}
    month_day = f"-{today.month:02d}-{today.day:02d}"
    early = {day: int(month_day < day) for day in _DAYS_OF_A_YEAR}

    def age(value: object) -> int | None:
        born = quick_day(value)
        if born is None or (years := turned.get(born[:4])) is None:
            return None
        years -= month_day < born[4:]
        return years if 0 <= years <= MAX_AGE else None

    slowly: Callable[[Person], int | None] = _attribute(name, age)

    def read(person: Person) -> int | None:
        try:
            # As `age` tells it of a day that every year has; of others it has to tell.
            born = person.profile["attributes"][name]
            years: int = turned[born[:4]] - early[born[4:]]
        except _ABSENT:
            return slowly(person)
        return years if 0 <= years <= MAX_AGE else None

    return read


def _of_profile(*path: str) -> ReaderOf:
    def read(person: Person) -> str | None:
        value: Any = person.profile
        try:
            for member in path:
                value = value[member]
        except _ABSENT:
            return None
        return _text(value)

    return lambda _, __: read


def _consent(clause: Clause, source: Source) -> Reader:
    brand, list_id, purpose = source.brand, clause.list, clause.purpose

    def read(person: Person) -> str:
        try:
            return GIVEN if purpose in person.standing["g"][brand][list_id] else NOT_GIVEN
        except KeyError:
            return NOT_GIVEN

    return read


def _list(clause: Clause, _: Source) -> Reader:
    list_id = str(clause.list)
    return lambda person: person.lists.get(list_id)


def _since(clause: Clause, source: Source) -> Reader:
    brand, list_id = source.brand, clause.list

    def read(person: Person) -> int | None:
        try:
            since_s: int = person.standing["s"][brand][list_id]
        except KeyError:
            return None
        return since_s

    return read


def _max_per_week(_: Clause, __: Source) -> Reader:
    return lambda person: person.rhythm.get("max_per_week")


def _paused_until(_: Clause, source: Source) -> Reader:
    now_ms = source.moment.now_ms

    def read(person: Person) -> int | None:
        until_ms: int | None = person.rhythm.get("paused_until_ms")
        # A pause that is over is none.
        return None if until_ms is None or until_ms <= now_ms else until_ms // 1000

    return read


def _consented(_: Clause, source: Source, *, purpose: PurposeId) -> Reader:
    brand = source.brand
    return lambda person: is_given(person, brand, purpose)


_READERS: Mapping[str, ReaderOf] = {
    "language": _of_profile("language"),
    "source.form": _of_profile("source", "form"),
    "source.page": _of_profile("source", "page"),
    "source.tag": _of_profile("source", "tag"),
    "consent": _consent,
    "list": _list,
    "since": _since,
    "frequency.max_per_week": _max_per_week,
    "frequency.paused_until": _paused_until,
    "measured": partial(_consented, purpose=MEASUREMENT),
    "profiled": partial(_consented, purpose=PROFILING),
    **EVENT_READERS,
}
