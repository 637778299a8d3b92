# SPDX-License-Identifier: Apache-2.0
"""What a segment's author should know before using it: people it leaves out, parts nobody fits.

Guarantees that a valid segment is never refused here, and that the same one gives the same
findings, in the order of its clauses. It looks at pairs of clauses, not at their whole logic: that
it finds nothing does not say that somebody fits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_calendar import Moment, day_of, span
from chalicelib.domain.segment_expressions import AllOf, AnyOf, Clause, Expression, Not, clauses
from chalicelib.domain.segment_facts import FIELD, PERSON_FIELDS, resolve
from chalicelib.domain.segment_terms import OPPOSITES, FactType, Op
from chalicelib.domain.segment_values import Relative, Scalar, fold
from chalicelib.domain.state import MEASUREMENT, PROFILING
from chalicelib.domain.tongues import ENGLISH, Tongue, to_say

ADULT_ENOUGH = 16
"""Years below which consent to an online service is a parent's (GDPR Art. 8(1))."""


class FindingCode(StrEnum):
    """What was found."""

    NEEDS_MEASUREMENT = "needs_measurement"
    NEEDS_PROFILING = "needs_profiling"
    NO_SUCH_FIELD = "no_such_field"
    MIXED_TYPES = "mixed_types"
    NEVER_TRUE = "never_true"
    FULL_SET = "full_set"
    MINORS = "minors"


_SENTENCES: Mapping[FindingCode, str] = {
    FindingCode.NEEDS_MEASUREMENT: to_say(
        "Known only of people who consent to measurement: nobody else fits, nor its opposite."
    ),
    FindingCode.NEEDS_PROFILING: to_say(
        "Known only of people who consent to profiling: nobody else fits, nor its opposite."
    ),
    FindingCode.NO_SUCH_FIELD: to_say(
        "No form of the brand asks for this; it is known only of people about whom another system "
        "said it."
    ),
    FindingCode.MIXED_TYPES: to_say(
        "The field has another type in the forms than when this was saved: answers that do not "
        "read as the old one count as not known."
    ),
    FindingCode.NEVER_TRUE: to_say("Nobody can fit this."),
    FindingCode.FULL_SET: to_say(
        "Only the latest are known: somebody of whom older ones were forgotten does not fit."
    ),
    FindingCode.MINORS: to_say(
        "This chooses children under 16, whose own consent may not be enough (GDPR Art. 8)."
    ),
}
_WITH_OTHER = to_say("Nobody can fit this and {} at once.")
_PURPOSES = {
    MEASUREMENT: FindingCode.NEEDS_MEASUREMENT,
    PROFILING: FindingCode.NEEDS_PROFILING,
}
_MEMBERS = frozenset({Op.CONTAINS, Op.NOT_CONTAINS, Op.CONTAINS_ANY, Op.CONTAINS_ALL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.

    Attributes:
        place: of the clause.
        other: place of the clause that it cannot hold with; "" where it is about one alone.
    """

    place: str
    code: FindingCode
    other: str = ""

    @property
    def sentence(self) -> str:
        """What it means to who wrote the segment, in English."""
        return self.words(ENGLISH)

    def words(self, tongue: Tongue) -> str:
        """Return what it means to who wrote the segment."""
        if self.other:
            return tongue.say(_WITH_OTHER).format(self.other)
        return tongue.say(_SENTENCES[self.code])


class _Literal(NamedTuple):
    """A clause, and whether its opposite is meant."""

    clause: Clause
    negated: bool

    @property
    def op(self) -> Op | None:
        """What is asked in the end; None where the opposite has no operator of its own."""
        return OPPOSITES.get(self.clause.op) if self.negated else self.clause.op


def findings(
    expression: Expression,
    declared: Mapping[str, FieldType],
    moment: Moment,
    person_fields: Mapping[str, str] = PERSON_FIELDS,
) -> tuple[Finding, ...]:
    """Return what is worth knowing about a segment.

    Args:
        declared: the fields of the brand's forms as they are now.
        person_fields: which of them tells the date of birth and each part of the place.
    """
    found: list[tuple[str, FindingCode, str]] = []
    for literal in _literals(expression, negated=False):
        found += [(literal.clause.place, *each) for each in _of_clause(literal)]
        found += [
            (literal.clause.place, *each)
            for each in _of_field(literal.clause, declared, person_fields)
        ]
    for first, second in _contradictions(expression, moment, negated=False):
        other = "" if first is second else first.place
        found.append((second.place, FindingCode.NEVER_TRUE, other))
    order = {clause.place: n for n, clause in enumerate(clauses(expression))}
    found.sort(key=lambda each: order[each[0]])
    return tuple(
        Finding(place=place, code=code, other=other) for place, code, other in dict.fromkeys(found)
    )


def _literals(node: Expression, *, negated: bool) -> Iterator[_Literal]:
    match node:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _literals(part, negated=negated)
        case Not(part=part):
            yield from _literals(part, negated=not negated)
        case clause:
            yield _Literal(clause, negated)


def _of_clause(literal: _Literal) -> Iterator[tuple[FindingCode, str]]:
    clause, spec = literal.clause, literal.clause.fact
    if spec.purpose is not None:
        yield _PURPOSES[spec.purpose], ""
    without = literal.negated != (clause.op is Op.NOT_CONTAINS)
    if spec.type is FactType.SET and clause.op in _MEMBERS and without:
        yield FindingCode.FULL_SET, ""
    if spec.name == "person.age" and _chooses_minors(literal):
        yield FindingCode.MINORS, ""


def _chooses_minors(literal: _Literal) -> bool:
    value, op = literal.clause.value, literal.op
    ages = [age for age in (value if isinstance(value, tuple) else (value,)) if type(age) is int]
    if not ages or op is None:
        return False
    if op in (Op.EQ, Op.LTE, Op.BETWEEN):
        return ages[-1] < ADULT_ENOUGH
    return (op is Op.LT and ages[0] <= ADULT_ENOUGH) or (op is Op.IN and min(ages) < ADULT_ENOUGH)


def _of_field(
    clause: Clause, declared: Mapping[str, FieldType], person_fields: Mapping[str, str]
) -> Iterator[tuple[FindingCode, str]]:
    spec = clause.fact
    if spec.field is None:
        return
    own = spec.name.startswith(FIELD)
    field = spec.field if own else person_fields.get(spec.field, spec.field)
    if field not in declared:
        yield FindingCode.NO_SUCH_FIELD, ""
        return
    now = resolve(FIELD + field, declared)
    asked = spec.type if own else FactType.DATE if spec.type is not FactType.TEXT else None
    if asked is not None and (now is None or now.type is not asked):
        yield FindingCode.MIXED_TYPES, ""


def _contradictions(
    node: Expression, moment: Moment, *, negated: bool
) -> Iterator[tuple[Clause, Clause]]:
    """Pairs that cannot hold at once though both must; a clause with itself when it never holds."""
    literals: list[_Literal] = []
    for part, is_negated in _conjuncts(node, negated=negated):
        match part:
            case AllOf(parts=parts) | AnyOf(parts=parts):
                for each in parts:
                    yield from _contradictions(each, moment, negated=is_negated)
            case Clause():
                literals.append(_Literal(part, is_negated))
    for n, second in enumerate(literals):
        first = next((one for one in literals[: n + 1] if _excludes(one, second, moment)), None)
        if first is not None:
            yield first.clause, second.clause


def _conjuncts(node: Expression, *, negated: bool) -> Iterator[tuple[Expression, bool]]:
    """The parts that must all hold: clauses, and such alternatives as are left whole."""
    match node:
        case Not(part=part):
            yield from _conjuncts(part, negated=not negated)
        case AllOf(parts=parts) if not negated:
            for part in parts:
                yield from _conjuncts(part, negated=negated)
        case AnyOf(parts=parts) if negated:
            for part in parts:
                yield from _conjuncts(part, negated=negated)
        case _:
            yield node, negated


def _excludes(one: _Literal, other: _Literal, moment: Moment) -> bool:
    a, b = one.clause, other.clause
    about = [(c.fact.name, c.list, c.purpose, c.currency, c.name) for c in (a, b)]
    if about[0] != about[1] or one.op is None or other.op is None:
        return False
    if (one.op is Op.MISSING) != (other.op is Op.MISSING):
        # Of a set without members `missing` holds and `not_contains` does, too.
        return Op.NOT_CONTAINS not in (one.op, other.op)
    low, high = _bounds(one, moment), _bounds(other, moment)
    if low is not None and high is not None:
        return max(low[0], high[0]) > min(low[1], high[1])
    words, others = _words(one), _words(other)
    return words is not None and others is not None and not words & others


_EVER = 1 << 62


def _bounds(literal: _Literal, moment: Moment) -> tuple[int, int] | None:
    """The least and the greatest value that fits, as far as the operator bounds it."""
    op, value = literal.op, literal.clause.value
    if literal.clause.fact.type not in _MEASURED or value is None:
        return None
    values = value if isinstance(value, tuple) else (value,)
    spans = [_span(each, literal.clause.fact.type, moment) for each in values]
    (first, last), end = spans[0], spans[-1][1]
    # An average may lie between two whole amounts; what is next to a number is the next number.
    step = 0 if literal.clause.fact.type is FactType.AMOUNT else 1
    match op:
        case Op.LT:
            return -_EVER, first - step
        case Op.LTE:
            return -_EVER, last
        case Op.GT:
            return last + step, _EVER
        case Op.GTE:
            return first, _EVER
        case Op.EQ | Op.ON | Op.BETWEEN:
            return first, end
        case Op.IN:
            return min(each[0] for each in spans), max(each[1] for each in spans)
    return None


_MEASURED = frozenset({FactType.NUMBER, FactType.AMOUNT, FactType.DATE, FactType.TIME})


def _span(value: Scalar, kept: FactType, moment: Moment) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    if not isinstance(value, date | Relative):
        return -_EVER, _EVER
    if kept is FactType.TIME:
        return span(value, moment)
    day = day_of(value, moment).toordinal()
    return day, day


def _words(literal: _Literal) -> frozenset[str | int] | None:
    """The texts, words or flags that fit; None where they are not counted."""
    value = literal.clause.value
    if literal.op not in (Op.EQ, Op.IN) or value is None:
        return None
    values = value if isinstance(value, tuple) else (value,)
    folded = literal.clause.fact.type is FactType.TEXT
    return frozenset(
        fold(each) if folded and isinstance(each, str) else each
        for each in values
        if isinstance(each, str | int)
    )
