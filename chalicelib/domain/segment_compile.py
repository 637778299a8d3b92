# SPDX-License-Identifier: Apache-2.0
"""Segments made into tests that are asked of one person after the other.

Guarantees the answers of docs/spec/segments.md §5: `not` is carried to the clauses, and a clause
about what is not known does not hold, nor does its opposite. Whoever is restricted, or objected to
the brand, is in no segment. Tests keep nothing of one person for the next, and no code is made of
text: every clause is a closure over how its fact is read, an operator, and a constant.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from chalicelib.domain.ids import BrandId, PurposeId
from chalicelib.domain.lifecycle import DEFAULT_RULES, Rule, Rules
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_comparisons import Comparison, Holds, comparison
from chalicelib.domain.segment_expressions import (
    AllOf,
    AnyOf,
    Clause,
    Expression,
    Not,
    clauses,
)
from chalicelib.domain.segment_getters import reader_of
from chalicelib.domain.segment_person import Person, Reader, Source
from chalicelib.domain.segment_terms import FactKind, Op, Section

Test: TypeAlias = Callable[[Person], bool]
_COST = {Section.PLAIN: 0, Section.FACTS: 1, Section.PROFILE: 2}


class Exclusion(StrEnum):
    """Why somebody is in no segment, whatever it asks (GDPR Art. 18, Art. 21(3))."""

    RESTRICTED = "restricted"
    OBJECTED = "objected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One clause, ready to be asked.

    Attributes:
        sections: where what it needs is kept; never empty.
        purposes: consents without which some of it is not known.
    """

    clause: Clause
    read: Reader
    comparison: Comparison
    sections: frozenset[Section]
    purposes: frozenset[PurposeId]

    def answer(self, person: Person) -> bool | None:
        """Say whether the clause holds; None where too little is known."""
        value = self.read(person)
        holds, constant, negative = self.comparison
        if self.clause.op in (Op.EXISTS, Op.MISSING):
            return (value is not None and bool(holds(value, constant))) is not negative
        if value is None:
            return None
        answer = holds(value, constant)
        return answer if answer is None else answer is not negative


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """An expression for one brand at one moment.

    Attributes:
        questions: one for each clause, in the order they are written.
        needs: the sections that must be opened; `Section.PLAIN` is always open.
        purposes: consents without which some of what is asked is not known.
        plain: fails for who is excluded, or does not fit by what is kept in the clear: nothing of
            them needs to be opened.
        sealed: the rest; to be asked of whoever passes ``plain``.
        test: both at once.
    """

    expression: Expression
    brand: BrandId
    moment: Moment
    questions: tuple[Question, ...]
    needs: frozenset[Section]
    purposes: frozenset[PurposeId]
    plain: Test
    sealed: Test
    test: Test

    def excluded(self, person: Person) -> Exclusion | None:
        """Return why the person is in no segment of the brand; None where nothing stands so."""
        return exclusion(person, self.brand)


def compile_expression(
    expression: Expression, brand: BrandId, moment: Moment, rules: Rules = DEFAULT_RULES
) -> Compiled:
    """Return the tests of ``expression`` for people of ``brand`` as they are at ``moment``.

    Args:
        rules: the brand's life cycle, and the fields that tell of the person.
    """
    maker = _Maker(brand, moment, rules)
    questions = tuple(maker.question(clause) for clause in clauses(expression))
    parts = [maker.test(part) for part in _conjuncts(_normal(expression, negated=False))]
    plain = [part.test for part in parts if part.cost == _COST[Section.PLAIN]]
    sealed = [part.test for part in sorted(parts, key=_cost) if part.cost != _COST[Section.PLAIN]]
    admitted = _admitted(brand)
    return Compiled(
        expression=expression,
        brand=brand,
        moment=moment,
        questions=questions,
        needs=frozenset().union(*(each.sections for each in questions)) - {Section.PLAIN},
        purposes=frozenset().union(*(each.purposes for each in questions)),
        plain=_all((admitted, *plain)),
        sealed=_all(sealed),
        test=_all((admitted, *plain, *sealed)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The words that a brand's rules give somebody; None where no rule holds.

    Whoever is excluded has none: nothing of them is looked at.

    Attributes:
        needs: the sections that must be opened.
    """

    needs: frozenset[Section]
    stage: Reader
    activity: Reader


def compile_lifecycle(brand: BrandId, moment: Moment, rules: Rules = DEFAULT_RULES) -> Lifecycle:
    """Return how the life-cycle words of ``brand`` are told at ``moment``."""
    maker = _Maker(brand, moment, rules)
    stage, activity = maker.words(rules.stages), maker.words(rules.activities)
    admitted = _admitted(brand)

    def told(word: Reader) -> Reader:
        return lambda person: word(person) if admitted(person) else None

    return Lifecycle(
        needs=(stage.sections | activity.sections) - {Section.PLAIN},
        stage=told(stage.read),
        activity=told(activity.read),
    )


def exclusion(person: Person, brand: BrandId) -> Exclusion | None:
    """Return why the person is in no segment of ``brand``; None where nothing stands so."""
    if person.standing.get("r"):
        return Exclusion.RESTRICTED
    return Exclusion.OBJECTED if brand in person.standing.get("x", ()) else None


def _admitted(brand: BrandId) -> Test:
    def admitted(person: Person) -> bool:
        held = person.standing
        # Most people have neither member.
        return not ("r" in held or "x" in held) or exclusion(person, brand) is None

    return admitted


# The normal form: clauses, asked straight or for their opposite, under all and any alone.


class _Literal(NamedTuple):
    clause: Clause
    negated: bool


class _Group(NamedTuple):
    """Parts without repetition; ``every`` says whether all must hold or one is enough."""

    every: bool
    parts: tuple["_Normal", ...]


_Normal: TypeAlias = "_Literal | _Group"


def _normal(node: Expression, *, negated: bool) -> _Normal:
    match node:
        case Not(part=part):
            return _normal(part, negated=not negated)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            every = isinstance(node, AllOf) is not negated
            flat = _flat(every, (_normal(part, negated=negated) for part in parts))
            kept = tuple(dict.fromkeys(flat))
            return kept[0] if len(kept) == 1 else _Group(every, kept)
        case clause:
            return _Literal(clause, negated)


def _flat(every: bool, parts: Iterable[_Normal]) -> Iterator[_Normal]:  # noqa: FBT001  # as a field
    for part in parts:
        if isinstance(part, _Group) and part.every is every:
            yield from part.parts
        else:
            yield part


def _conjuncts(node: _Normal) -> tuple[_Normal, ...]:
    return node.parts if isinstance(node, _Group) and node.every else (node,)


# Tests


class _Part(NamedTuple):
    test: Test
    cost: int


class _Word(NamedTuple):
    read: Reader
    sections: frozenset[Section]
    purposes: frozenset[PurposeId]


def _cost(part: _Part) -> int:
    return part.cost


class _Maker:
    """Makes the tests of one brand at one moment."""

    def __init__(self, brand: BrandId, moment: Moment, rules: Rules) -> None:
        self._source = Source(brand=brand, moment=moment, names=rules.names)
        self._rules = rules

    def question(self, clause: Clause) -> Question:
        """Return a clause ready to be asked."""
        spec = clause.fact
        compared = comparison(clause, self._source.moment)
        if spec.kind is FactKind.LIFECYCLE and spec.words:
            is_stage = spec.name == "lifecycle.stage"
            word = self.words(self._rules.stages if is_stage else self._rules.activities)
        else:
            purposes = frozenset() if spec.purpose is None else frozenset({spec.purpose})
            read = reader_of(clause, self._source)
            word = _Word(read, frozenset({spec.section}), purposes)
        return Question(
            clause=clause,
            read=word.read,
            comparison=compared,
            sections=word.sections,
            purposes=word.purposes,
        )

    def words(self, rules: tuple[Rule, ...]) -> _Word:
        """Return the word of the first rule that holds, and what must be known to tell it."""
        asked = [
            self.question(clause)
            for rule in rules
            if rule.where is not None
            for clause in clauses(rule.where)
        ]
        tried = tuple(
            (rule.word, _always if rule.where is None else self._whole(rule.where))
            for rule in rules
        )

        def read(person: Person) -> str | None:
            for word, holds in tried:
                if holds(person):
                    return word
            return None

        sections = frozenset().union(*(each.sections for each in asked)) or {Section.PLAIN}
        purposes = frozenset().union(*(each.purposes for each in asked))
        return _Word(read, frozenset(sections), purposes)

    def _whole(self, where: Expression) -> Test:
        return self.test(_normal(where, negated=False)).test

    def test(self, node: _Normal) -> _Part:
        """Return the test of a normal form; of its parts those that cost least come first."""
        if isinstance(node, _Literal):
            return self._literal(node)
        parts = sorted((self.test(part) for part in node.parts), key=_cost)
        joined = _all if node.every else _any
        return _Part(joined([part.test for part in parts]), parts[-1].cost)

    def _literal(self, literal: _Literal) -> _Part:
        question = self.question(literal.clause)
        holds, constant, negative = question.comparison
        opposite = negative is not literal.negated
        cost = max(_COST[section] for section in question.sections)
        if literal.clause.op in (Op.EXISTS, Op.MISSING):
            return _Part(_presence(question.read, holds, wanted=not opposite), cost)
        made = _fails if opposite else _holds
        return _Part(made(question.read, holds, constant), cost)


def _always(_: Person) -> bool:
    return True


def _holds(read: Reader, holds: Holds, constant: Any) -> Test:
    def test(person: Person) -> bool:
        value = read(person)
        return value is not None and holds(value, constant) is True

    return test


def _fails(read: Reader, holds: Holds, constant: Any) -> Test:
    def test(person: Person) -> bool:
        value = read(person)
        return value is not None and holds(value, constant) is False

    return test


def _presence(read: Reader, holds: Holds, *, wanted: bool) -> Test:
    def test(person: Person) -> bool:
        value = read(person)
        return (value is not None and holds(value, None) is True) is wanted

    return test


def _all(tests: Iterable[Test]) -> Test:
    every = tuple(tests)
    if len(every) == 1:
        return every[0]

    def test(person: Person) -> bool:
        for each in every:  # noqa: SIM110  # a generator for each person would cost more
            if not each(person):
                return False
        return True

    return test


def _any(tests: Iterable[Test]) -> Test:
    some = tuple(tests)

    def test(person: Person) -> bool:
        for each in some:  # noqa: SIM110  # likewise
            if each(person):
                return True
        return False

    return test
