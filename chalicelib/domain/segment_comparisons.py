# SPDX-License-Identifier: Apache-2.0
"""What each operator asks of a value that is known, with all that a clause says made a constant.

Guarantees one comparison for an operator and its opposite, so that no value fits both or neither;
only a set that forgot members may not say (None). Constants are in the form in which the fact is
stored: nothing is computed for each person that is the same for all.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from chalicelib.domain.segment_calendar import Moment, birthdays, day_of, span
from chalicelib.domain.segment_expressions import Clause
from chalicelib.domain.segment_person import Average, Held
from chalicelib.domain.segment_terms import OPPOSITES, FactType, Op
from chalicelib.domain.segment_values import Relative, Scalar, Window, dump_scalar, fold

Holds: TypeAlias = Callable[[Any, Any], bool | None]
"""Takes what is known and the constant; None where what is known does not decide."""
_NEGATIVE = frozenset({Op.NE, Op.NOT_IN, Op.GTE, Op.GT, Op.NOT_CONTAINS, Op.MISSING})


class Comparison(NamedTuple):
    """A clause's operator, or, where ``negative``, its opposite, and what it is compared with."""

    holds: Holds
    constant: Any
    negative: bool


def comparison(clause: Clause, moment: Moment) -> Comparison:
    """Return how the fact of a clause is compared, its relative times counted from ``moment``."""
    op = clause.op
    negative = op in _NEGATIVE
    holds, constant = _positive(clause, OPPOSITES[op] if negative else op, moment)
    return Comparison(holds, constant, negative)


def asked(clause: Clause, moment: Moment) -> object:
    """Return the value of a clause as JSON, relative times as the days they mean; None: none."""

    def told(value: Scalar) -> object:
        return dump_scalar(day_of(value, moment) if isinstance(value, Relative) else value)

    value = clause.value
    if value is None:
        return None
    return [told(each) for each in value] if isinstance(value, tuple) else told(value)


def quickly_folded(text: str) -> str:
    """Return what `fold` does, sooner for ASCII, which has no other form than its own."""
    return text.strip().lower() if text.isascii() else fold(text)


def _positive(clause: Clause, op: Op, moment: Moment) -> tuple[Holds, Any]:
    kept = clause.fact.type
    value: Any = clause.value
    if op is Op.EXISTS:
        return (_is_not_empty if kept is FactType.SET else _is_known), None
    match kept:
        case FactType.TEXT:
            return _of_text(op, value)
        case FactType.SET:
            wanted = (value,) if op is Op.CONTAINS else value
            return _of_set(op, wanted, exactly=clause.fact.campaigns)
        case FactType.TIME:
            return _of_time(op, value, moment)
        case FactType.DATE:
            days = [day_of(each, moment).isoformat() for each in _listed(value)]
            return _PLAIN[op], tuple(days) if op is Op.BETWEEN else days[0]
        case FactType.BIRTHDAY:
            return _in, birthdays(op, _window(value), moment)
        case FactType.FLAG:
            return operator.is_, value
    if clause.fact.name == "orders.average":
        return _AVERAGE[op], value
    return _PLAIN[op], frozenset(value) if op is Op.IN else value


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _window(value: Any) -> Window:
    return value if isinstance(value, Window) else Window(days=0)


def _is_known(_: Any, __: Any) -> bool:
    return True


def _is_not_empty(held: Held, _: Any) -> bool:
    return bool(held.names) or not held.whole


def _in(value: Any, wanted: Any) -> bool:
    return value in wanted


def _between(value: Any, ends: tuple[Any, Any]) -> bool:
    return bool(ends[0] <= value <= ends[1])


_PLAIN: Mapping[Op, Holds] = {
    Op.EQ: operator.eq,
    Op.ON: operator.eq,
    Op.IN: _in,
    Op.LT: operator.lt,
    Op.LTE: operator.le,
    Op.BETWEEN: _between,
}


# Times: a value that is a day has a first and a last second.


def _of_time(op: Op, value: Any, moment: Moment) -> tuple[Holds, Any]:
    spans = [span(each, moment) for each in _listed(value)]
    first, last = spans[0][0], spans[-1][1]
    if op in (Op.BETWEEN, Op.ON):
        return _between, (first, last)
    return (operator.lt, first) if op is Op.LT else (operator.le, last)


# Texts: as written first, which is the usual case, then without difference of case and form.


def _of_text(op: Op, value: Any) -> tuple[Holds, Any]:
    if op is Op.STARTS_WITH:
        return _starts_with, fold(value)
    folded = frozenset(fold(each) for each in _listed(value))
    return _same, (folded.union(_listed(value)), folded)


def _same(value: str, wanted: tuple[frozenset[str], frozenset[str]]) -> bool:
    return value in wanted[0] or quickly_folded(value) in wanted[1]


def _starts_with(value: str, beginning: str) -> bool:
    return quickly_folded(value).startswith(beginning)


# Sets: what is not among the members is known to be none only where none was dropped.


def _of_set(op: Op, value: tuple[str, ...], *, exactly: bool) -> tuple[Holds, Any]:
    wanted = frozenset(value) if exactly else frozenset(fold(each) for each in value)
    holds = _has_any if op is Op.CONTAINS_ANY else _has_all
    return holds, (wanted, exactly)


def _names(held: Held, *, exactly: bool) -> set[str]:
    return set(held.names) if exactly else {quickly_folded(name) for name in held.names}


def _has_all(held: Held, asked_for: tuple[frozenset[str], bool]) -> bool | None:
    wanted, exactly = asked_for
    if held.names and wanted <= _names(held, exactly=exactly):
        return True
    return False if held.whole else None


def _has_any(held: Held, asked_for: tuple[frozenset[str], bool]) -> bool | None:
    wanted, exactly = asked_for
    if held.names and not wanted.isdisjoint(_names(held, exactly=exactly)):
        return True
    return False if held.whole else None


# Averages: both sides times the number of orders.

_AVERAGE: Mapping[Op, Holds] = {
    Op.EQ: lambda value, amount: value.net == amount * value.orders,
    Op.IN: lambda value, amounts: any(value.net == amount * value.orders for amount in amounts),
    Op.LT: lambda value, amount: value.net < amount * value.orders,
    Op.LTE: lambda value, amount: value.net <= amount * value.orders,
    Op.BETWEEN: lambda value, ends: ends[0] * value.orders <= value.net <= ends[1] * value.orders,
}


def found(value: Any, kept: FactType) -> object:
    """Return what was read of a person as JSON: instants and days as ISO 8601, None as null."""
    if isinstance(value, Held):
        return list(value.names)
    if isinstance(value, Average):
        return {"sum": value.net, "orders": value.orders}
    if kept is FactType.TIME and isinstance(value, int):
        return instant(value)
    return value


def instant(at_s: int) -> str:
    """Return a Unix second as ISO 8601 in UTC.

    Example:
        >>> instant(0)
        '1970-01-01T00:00:00Z'
    """
    day, second = divmod(at_s, _DAY_S)
    minutes, seconds = divmod(second, 60)
    text = date.fromordinal(day + _EPOCH_DAY).isoformat()
    return f"{text}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}Z"


_DAY_S = 24 * 60 * 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()
