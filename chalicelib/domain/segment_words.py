# SPDX-License-Identifier: Apache-2.0
"""Segments in plain words: one sentence for each clause, and one for what is known of somebody.

Guarantees that every fact and every operator of the language has its words, in English unless
another tongue is asked for. Amounts are written with the digits of their currency, times in the
brand's time zone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_expressions import AllOf, AnyOf, Clause, Expression, Not
from chalicelib.domain.segment_facts import FIELD
from chalicelib.domain.segment_person import Average, Held
from chalicelib.domain.segment_terms import FactSpec, FactType, Op
from chalicelib.domain.segment_values import Relative, Unit, Way, Window
from chalicelib.domain.state import MEASUREMENT, PROFILING
from chalicelib.domain.tongues import ENGLISH, Tongue, to_say

MAX_NAMED = 10
"""Members of a list that a sentence names; of the others it says how many they are."""

SUBJECTS: Mapping[str, str] = {
    "language": to_say("The language of the sign-up"),
    "source.form": to_say("The form of the sign-up"),
    "source.page": to_say("The page of the sign-up"),
    "source.tag": to_say("The tag of the sign-up"),
    "consent": to_say("Consent to {purpose} on the list {list}"),
    "list": to_say("The status on the list {list}"),
    "since": to_say("The start of the status on the list {list}"),
    "frequency.max_per_week": to_say("The most mails a week"),
    "frequency.paused_until": to_say("The end of the pause"),
    "person.age": to_say("The age"),
    "person.birth_date": to_say("The date of birth"),
    "person.birthday": to_say("The birthday"),
    "place.country": to_say("The country"),
    "place.region": to_say("The region"),
    "place.city": to_say("The city"),
    "place.postal_code": to_say("The postal code"),
    "orders.count": to_say("The number of orders"),
    "orders.first": to_say("The time of the first order"),
    "orders.last": to_say("The time of the last order"),
    "orders.sum": to_say("The sum of the orders in {currency}"),
    "orders.average": to_say("The average of the orders in {currency}"),
    "orders.products": to_say("The products bought"),
    "mail.opened.count": to_say("The number of mails opened"),
    "mail.opened.last": to_say("The time a mail was last opened"),
    "mail.opened.campaigns": to_say("The campaigns opened"),
    "mail.clicked.count": to_say("The number of mails clicked"),
    "mail.clicked.last": to_say("The time a mail was last clicked"),
    "mail.clicked.campaigns": to_say("The campaigns clicked"),
    "site.visits.count": to_say("The number of pages visited"),
    "site.visits.last": to_say("The time of the last visit"),
    "site.products": to_say("The products looked at"),
    "documents": to_say("The documents asked for"),
    "event.count": to_say("The number of events {name}"),
    "event.last": to_say("The time of the last event {name}"),
    "cart.at": to_say("The time the basket last changed"),
    "cart.amount": to_say("The worth of the basket in {currency}"),
    "cart.products": to_say("The products in the basket"),
    "measured": to_say("Consent to measurement"),
    "profiled": to_say("Consent to profiling"),
    "lifecycle.stage": to_say("The stage of buying"),
    "lifecycle.activity": to_say("The activity"),
    "activity.first": to_say("The earliest time known of the person"),
    "activity.last": to_say("The time of the latest act"),
}
_EXISTS = {Op.EXISTS: to_say("is known"), Op.MISSING: to_say("is not known")}
_PHRASES: Mapping[Op, str] = {
    Op.EQ: to_say("is {}"),
    Op.NE: to_say("is not {}"),
    Op.IN: to_say("is {}"),
    Op.NOT_IN: to_say("is not {}"),
    Op.STARTS_WITH: to_say("begins with {}"),
    Op.LT: to_say("is less than {}"),
    Op.LTE: to_say("is at most {}"),
    Op.GT: to_say("is more than {}"),
    Op.GTE: to_say("is at least {}"),
    Op.BETWEEN: to_say("is from {} to {}"),
    **_EXISTS,
}
_OF_TIMES: Mapping[Op, str] = {
    Op.LT: to_say("is earlier than {}"),
    Op.LTE: to_say("is {} or earlier"),
    Op.GT: to_say("is later than {}"),
    Op.GTE: to_say("is {} or later"),
    Op.BETWEEN: to_say("is from {} to {}"),
    Op.ON: to_say("is on the day: {}"),
    **_EXISTS,
}
_OF_SETS: Mapping[Op, str] = {
    Op.CONTAINS: to_say("include {}"),
    Op.NOT_CONTAINS: to_say("do not include {}"),
    Op.CONTAINS_ANY: to_say("include {}"),
    Op.CONTAINS_ALL: to_say("include {}"),
    Op.EXISTS: to_say("are one or more"),
    Op.MISSING: to_say("are none, or not known"),
}
_MONTHS = (
    to_say("January"),
    to_say("February"),
    to_say("March"),
    to_say("April"),
    to_say("May"),
    to_say("June"),
    to_say("July"),
    to_say("August"),
    to_say("September"),
    to_say("October"),
    to_say("November"),
    to_say("December"),
)
_ALL_OF = to_say("All of these hold:")
_ONE_OF = to_say("At least one of these holds:")
_NOT = to_say("The opposite of this holds:")
WORDS = (
    to_say("given"),
    to_say("not given"),
    to_say("requested"),
    to_say("refused"),
    to_say("withdrawn"),
    to_say("revoked"),
    to_say("expired"),
    to_say("invalidated"),
    to_say("soft-opt-in"),
    to_say("discovery"),
    to_say("interest"),
    to_say("decision"),
    to_say("loyalty"),
    to_say("new"),
    to_say("active"),
    to_say("at-risk"),
    to_say("dormant"),
)
"""The words of the closed lists; codes of languages are the same in every language."""
_UNITS: Mapping[Unit, tuple[str, str]] = {
    Unit.DAYS: (to_say("{} day"), to_say("{} days")),
    Unit.WEEKS: (to_say("{} week"), to_say("{} weeks")),
    Unit.MONTHS: (to_say("{} month"), to_say("{} months")),
    Unit.YEARS: (to_say("{} year"), to_say("{} years")),
}
_WAYS: Mapping[Way, str] = {Way.AGO: to_say("{} ago"), Way.AHEAD: to_say("in {}")}
_NOT_ALLOWED: Mapping[str, str] = {
    MEASUREMENT: to_say(
        "No consent to measurement stands with the brand, so this may not be known."
    ),
    PROFILING: to_say("No consent to profiling stands with the brand, so this may not be known."),
}
_BY_TYPE: Mapping[FactType, Mapping[Op, str]] = {
    FactType.SET: _OF_SETS,
    FactType.TIME: _OF_TIMES,
    FactType.DATE: _OF_TIMES,
}
_OF_FIELD = to_say("The answer in the field {field}")
_UNKNOWN_SET = to_say("are not known")
_AND, _OR = to_say("{} and {}"), to_say("{} or {}")
_NEXT_DAYS = to_say("is today or in the next {} days")
_LAST_DAYS = to_say("is today or was in the last {} days")


class Line(NamedTuple):
    """One line of an expression in words; ``depth`` 0 is the outermost."""

    depth: int
    place: str
    sentence: str


def outline(
    expression: Expression, at: str = "where", tongue: Tongue = ENGLISH
) -> tuple[Line, ...]:
    """Return an expression line by line: what joins clauses, then each clause a step deeper."""
    return tuple(_lines(expression, at, 0, tongue))


def clause_words(clause: Clause, tongue: Tongue = ENGLISH) -> str:
    """Return a clause as one sentence."""
    return _Teller(tongue).asked(clause)


def found_words(
    clause: Clause,
    value: Any,
    moment: Moment,
    tongue: Tongue = ENGLISH,
    *,
    allowed: bool = True,
    whole: bool = True,
) -> str:
    """Return what is known of the fact of a clause as one sentence.

    Args:
        value: what was read of the person; None: nothing.
        allowed: whether the consent that the fact needs stands.
        whole: whether the members of a set decide the clause.
    """
    if not allowed:
        return tongue.say(_NOT_ALLOWED[str(clause.fact.purpose)])
    teller = _Teller(tongue)
    if isinstance(value, Held):
        told = teller.members(clause, value)
        older = tongue.say(to_say("Older ones were forgotten, so nobody knows."))
        return told if whole else f"{told} {older}"
    return teller.found(clause, value, moment)


def _lines(node: Expression, at: str, depth: int, tongue: Tongue) -> Iterator[Line]:
    match node:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            shape, said = ("all", _ALL_OF) if isinstance(node, AllOf) else ("any", _ONE_OF)
            yield Line(depth, at, tongue.say(said))
            for n, part in enumerate(parts):
                yield from _lines(part, f"{at}.{shape}[{n}]", depth + 1, tongue)
        case Not(part=part):
            yield Line(depth, at, tongue.say(_NOT))
            yield from _lines(part, f"{at}.not", depth + 1, tongue)
        case clause:
            yield Line(depth, at, clause_words(clause, tongue))


class _Teller:
    """Puts sentences together in one tongue."""

    def __init__(self, tongue: Tongue) -> None:
        self._tongue = tongue
        self._say = tongue.say

    def asked(self, clause: Clause) -> str:
        """What a clause asks."""
        return f"{self._subject(clause)} {self._predicate(clause)}."

    def members(self, clause: Clause, held: Held) -> str:
        """What a set holds."""
        named = self._joined([self._quoted(name) for name in held.names], _AND)
        return self._say(to_say("{}: {}.")).format(
            self._subject(clause), named or self._say(to_say("none"))
        )

    def found(self, clause: Clause, value: Any, moment: Moment) -> str:
        """What was read of a fact that is no set."""
        return f"{self._subject(clause)} {self._read(clause, value, moment)}."

    def _read(self, clause: Clause, value: Any, moment: Moment) -> str:
        spec = clause.fact
        if value is None:
            return self._say(_UNKNOWN_SET if spec.type is FactType.SET else _PHRASES[Op.MISSING])
        if isinstance(value, Average):
            divided = self._say(to_say("is {} divided by {}"))
            whole = self._tongue.money(value.net, clause.currency or "")
            return divided.format(whole, self._tongue.number(value.orders))
        match spec.type:
            case FactType.FLAG:
                return self._flag(spec, said=value)
            case FactType.TIME:
                told = self._time(value, moment)
            case FactType.DATE:
                told = self._day(date.fromisoformat(value))
            case FactType.BIRTHDAY:
                month, day = value.split("-")
                named = self._say(_MONTHS[int(month) - 1])
                told = self._say(to_say("{day} {month}")).format(day=int(day), month=named)
            case _:
                told = self._said(value, clause)
        return self._say(_PHRASES[Op.EQ]).format(told)

    def _predicate(self, clause: Clause) -> str:
        spec, op, value = clause.fact, clause.op, clause.value
        if spec.type is FactType.BIRTHDAY and isinstance(value, Window):
            return self._window(op, value.days)
        if spec.type is FactType.FLAG and isinstance(value, bool):
            return self._flag(spec, said=value)
        phrases = _BY_TYPE.get(spec.type, _PHRASES)
        return self._say(phrases[op]).format(*self._values(clause))

    def _values(self, clause: Clause) -> list[str]:
        value = clause.value
        values = value if isinstance(value, tuple) else () if value is None else (value,)
        told = [self._said(each, clause) for each in values]
        if not isinstance(value, tuple) or clause.op is Op.BETWEEN:
            return told
        return [self._joined(told, _AND if clause.op is Op.CONTAINS_ALL else _OR)]

    def _subject(self, clause: Clause) -> str:
        name = clause.fact.name
        if name.startswith(FIELD):
            return self._say(_OF_FIELD).format(field=name.removeprefix(FIELD))
        return self._say(SUBJECTS[name]).format(
            list=clause.list, purpose=clause.purpose, currency=clause.currency, name=clause.name
        )

    def _said(self, value: Any, clause: Clause) -> str:
        """One value, as the clause's fact has it."""
        match value:
            case Relative():
                return self._relative(value)
            case datetime():
                at = value.astimezone(UTC)
                return f"{self._day(at)}, {at:%H:%M:%S} UTC"
            case date():
                return self._day(value)
            case int() if clause.fact.type is FactType.AMOUNT:
                return self._tongue.money(value, clause.currency or "")
            case int():
                return self._tongue.number(value)
        is_word = clause.fact.type is FactType.WORD and clause.fact.words
        return self._say(str(value).replace("_", " ")) if is_word else self._quoted(value)

    def _quoted(self, text: str) -> str:
        return self._say(to_say('"{}"')).format(text)

    def _joined(self, told: Sequence[str], last: str) -> str:
        shown = list(told[:MAX_NAMED])
        if len(told) > MAX_NAMED:
            more = self._tongue.number(len(told) - MAX_NAMED)
            shown.append(self._say(to_say("{} more")).format(more))
        head, tail = shown[:-1], shown[-1:]
        return self._say(last).format(", ".join(head), tail[0]) if head else "".join(tail)

    def _relative(self, value: Relative) -> str:
        if value.count == 0:
            return self._say(to_say("today"))
        unit = self._say(_UNITS[value.unit][value.count != 1])
        return self._say(_WAYS[value.way]).format(unit.format(self._tongue.number(value.count)))

    def _window(self, op: Op, days: int) -> str:
        if days == 0:
            return self._say(to_say("is today"))
        if op is Op.IN_NEXT:
            one, many = to_say("is today or in the next day"), _NEXT_DAYS
        else:
            one, many = to_say("is today or was in the last day"), _LAST_DAYS
        return self._say(one if days == 1 else many).format(days)

    def _flag(self, spec: FactSpec, *, said: bool) -> str:
        if spec.name.startswith(FIELD):
            return self._say(to_say("is yes") if said else to_say("is no"))
        return self._say(to_say("is given") if said else to_say("is not given"))

    def _day(self, day: date) -> str:
        month = self._say(_MONTHS[day.month - 1])
        pattern = self._say(to_say("{day} {month} {year}"))
        return pattern.format(day=day.day, month=month, year=day.year)

    def _time(self, at_s: int, moment: Moment) -> str:
        at = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(moment.zone))
        return f"{self._day(at)}, {at:%H:%M} ({moment.zone})"
