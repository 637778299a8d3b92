# SPDX-License-Identifier: Apache-2.0
"""Segments in plain English: one sentence for each clause, and one for what is known of somebody.

Guarantees that every fact and every operator of the language has its words. Amounts are written
with the digits of their currency, times in the brand's time zone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.currencies import MINOR_DIGITS
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_expressions import AllOf, AnyOf, Clause, Expression, Not
from chalicelib.domain.segment_facts import FIELD
from chalicelib.domain.segment_person import Average, Held
from chalicelib.domain.segment_terms import FactSpec, FactType, Op
from chalicelib.domain.segment_values import Relative, Unit, Way, Window

MAX_NAMED = 10
"""Members of a list that a sentence names; of the others it says how many they are."""

SUBJECTS: Mapping[str, str] = {
    "language": "The language of the sign-up",
    "source.form": "The form of the sign-up",
    "source.page": "The page of the sign-up",
    "source.tag": "The tag of the sign-up",
    "consent": "Consent to {purpose} on the list {list}",
    "list": "The status on the list {list}",
    "since": "The start of the status on the list {list}",
    "frequency.max_per_week": "The most mails a week",
    "frequency.paused_until": "The end of the pause",
    "person.age": "The age",
    "person.birth_date": "The date of birth",
    "person.birthday": "The birthday",
    "place.country": "The country",
    "place.region": "The region",
    "place.city": "The city",
    "place.postal_code": "The postal code",
    "orders.count": "The number of orders",
    "orders.first": "The time of the first order",
    "orders.last": "The time of the last order",
    "orders.sum": "The sum of the orders in {currency}",
    "orders.average": "The average of the orders in {currency}",
    "orders.products": "The products bought",
    "mail.opened.count": "The number of mails opened",
    "mail.opened.last": "The time a mail was last opened",
    "mail.opened.campaigns": "The campaigns opened",
    "mail.clicked.count": "The number of mails clicked",
    "mail.clicked.last": "The time a mail was last clicked",
    "mail.clicked.campaigns": "The campaigns clicked",
    "site.visits.count": "The number of pages visited",
    "site.visits.last": "The time of the last visit",
    "site.products": "The products looked at",
    "documents": "The documents asked for",
    "event.count": "The number of events {name}",
    "event.last": "The time of the last event {name}",
    "cart.at": "The time the basket last changed",
    "cart.amount": "The worth of the basket in {currency}",
    "cart.products": "The products in the basket",
    "measured": "Consent to measurement",
    "profiled": "Consent to profiling",
    "lifecycle.stage": "The stage of buying",
    "lifecycle.activity": "The activity",
    "activity.first": "The earliest time known of the person",
    "activity.last": "The time of the latest act",
}
_EXISTS = {Op.EXISTS: "is known", Op.MISSING: "is not known"}
_PHRASES: Mapping[Op, str] = {
    Op.EQ: "is {}",
    Op.NE: "is not {}",
    Op.IN: "is {}",
    Op.NOT_IN: "is not {}",
    Op.STARTS_WITH: "begins with {}",
    Op.LT: "is less than {}",
    Op.LTE: "is at most {}",
    Op.GT: "is more than {}",
    Op.GTE: "is at least {}",
    Op.BETWEEN: "is from {} to {}",
    **_EXISTS,
}
_OF_TIMES: Mapping[Op, str] = {
    Op.LT: "is earlier than {}",
    Op.LTE: "is {} or earlier",
    Op.GT: "is later than {}",
    Op.GTE: "is {} or later",
    Op.BETWEEN: "is from {} to {}",
    Op.ON: "is on the day: {}",
    **_EXISTS,
}
_OF_SETS: Mapping[Op, str] = {
    Op.CONTAINS: "include {}",
    Op.NOT_CONTAINS: "do not include {}",
    Op.CONTAINS_ANY: "include {}",
    Op.CONTAINS_ALL: "include {}",
    Op.EXISTS: "are one or more",
    Op.MISSING: "are none, or not known",
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_ALL_OF, _ONE_OF = "All of these hold:", "At least one of these holds:"
_NOT = "The opposite of this holds:"


class Line(NamedTuple):
    """One line of an expression in words; ``depth`` 0 is the outermost."""

    depth: int
    place: str
    sentence: str


def outline(expression: Expression, at: str = "where") -> tuple[Line, ...]:
    """Return an expression line by line: what joins clauses, then each clause a step deeper."""
    return tuple(_lines(expression, at, 0))


def _lines(node: Expression, at: str, depth: int) -> Iterator[Line]:
    match node:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            shape, said = ("all", _ALL_OF) if isinstance(node, AllOf) else ("any", _ONE_OF)
            yield Line(depth, at, said)
            for n, part in enumerate(parts):
                yield from _lines(part, f"{at}.{shape}[{n}]", depth + 1)
        case Not(part=part):
            yield Line(depth, at, _NOT)
            yield from _lines(part, f"{at}.not", depth + 1)
        case clause:
            yield Line(depth, at, clause_words(clause))


def clause_words(clause: Clause) -> str:
    """Return a clause as one English sentence."""
    spec, op, value = clause.fact, clause.op, clause.value
    if spec.type is FactType.BIRTHDAY and isinstance(value, Window):
        return f"{_subject(clause)} {_window(op, value.days)}."
    if spec.type is FactType.FLAG and isinstance(value, bool):
        return f"{_subject(clause)} {_flag(spec, said=value)}."
    if isinstance(value, tuple) and op is not Op.BETWEEN:
        joined = "and" if op is Op.CONTAINS_ALL else "or"
        told = [_joined([_said(each, clause) for each in value], joined)]
    elif isinstance(value, tuple):
        told = [_said(each, clause) for each in value]
    else:
        told = [] if value is None else [_said(value, clause)]
    phrases = {
        FactType.SET: _OF_SETS,
        FactType.TIME: _OF_TIMES,
        FactType.DATE: _OF_TIMES,
    }.get(spec.type, _PHRASES)
    return f"{_subject(clause)} {phrases[op].format(*told)}."


def found_words(
    clause: Clause, value: Any, moment: Moment, *, allowed: bool = True, whole: bool = True
) -> str:
    """Return what is known of the fact of a clause as one English sentence.

    Args:
        value: what was read of the person; None: nothing.
        allowed: whether the consent that the fact needs stands.
        whole: whether the members of a set decide the clause.
    """
    subject, spec = _subject(clause), clause.fact
    if not allowed:
        return f"No consent to {spec.purpose} stands with the brand, so this may not be known."
    if value is None:
        return f"{subject} {'are' if spec.type is FactType.SET else 'is'} not known."
    if isinstance(value, Held):
        named = _joined([_quoted(name) for name in value.names], "and")
        told = f"{subject}: {named}." if named else f"{subject}: none."
        return told if whole else f"{told} Older ones were forgotten, so nobody knows."
    if isinstance(value, Average):
        whole_sum = _money(value.net, clause.currency)
        return f"{subject} is {whole_sum} divided by {value.orders}."
    match spec.type:
        case FactType.FLAG:
            return f"{subject} {_flag(spec, said=value)}."
        case FactType.TIME:
            return f"{subject} is {_time(value, moment)}."
        case FactType.DATE:
            return f"{subject} is {_day(date.fromisoformat(value))}."
        case FactType.BIRTHDAY:
            month, day = value.split("-")
            return f"{subject} is {int(day)} {_MONTHS[int(month) - 1]}."
    return f"{subject} is {_said(value, clause)}."


def _subject(clause: Clause) -> str:
    name = clause.fact.name
    if name.startswith(FIELD):
        return f"The answer in the field {name.removeprefix(FIELD)}"
    return SUBJECTS[name].format(
        list=clause.list, purpose=clause.purpose, currency=clause.currency, name=clause.name
    )


def _said(value: Any, clause: Clause) -> str:
    """One value, as the clause's fact has it."""
    match value:
        case Relative():
            return _relative(value)
        case datetime():
            at = value.astimezone(UTC)
            return f"{_day(at)}, {at:%H:%M:%S} UTC"
        case date():
            return _day(value)
        case int() if clause.fact.type is FactType.AMOUNT:
            return _money(value, clause.currency)
        case int():
            return f"{value:,}"
    is_word = clause.fact.type is FactType.WORD and clause.fact.words
    return str(value).replace("_", " ") if is_word else _quoted(value)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _joined(told: Sequence[str], last: str) -> str:
    shown = list(told[:MAX_NAMED])
    if len(told) > MAX_NAMED:
        shown.append(f"{len(told) - MAX_NAMED} more")
    head, tail = shown[:-1], shown[-1:]
    return f"{', '.join(head)} {last} {tail[0]}" if head else "".join(tail)


def _money(amount: int, currency: str | None) -> str:
    digits = MINOR_DIGITS.get(currency or "", 0)
    units, rest = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    part = f".{rest:0{digits}d}" if digits else ""
    return f"{sign}{units:,}{part} {currency}"


def _relative(value: Relative) -> str:
    if value.count == 0:
        return "today"
    unit = str(value.unit).removesuffix("s") if value.count == 1 else str(Unit(value.unit))
    told = f"{value.count:,} {unit}"
    return f"{told} ago" if value.way is Way.AGO else f"in {told}"


def _window(op: Op, days: int) -> str:
    if days == 0:
        return "is today"
    told = "day" if days == 1 else f"{days} days"
    return (
        f"is today or in the next {told}"
        if op is Op.IN_NEXT
        else f"is today or was in the last {told}"
    )


def _flag(spec: FactSpec, *, said: bool) -> str:
    if spec.name.startswith(FIELD):
        return "is yes" if said else "is no"
    return "is given" if said else "is not given"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _time(at_s: int, moment: Moment) -> str:
    at = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(moment.zone))
    return f"{_day(at)}, {at:%H:%M} ({moment.zone})"
