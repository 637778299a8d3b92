# SPDX-License-Identifier: Apache-2.0
"""Why somebody is in a segment or not: what each clause asked, what is known.

Guarantees that the clauses, joined as they are written, give the very verdict (Kleene's three
values; only *true* is chosen), for they are asked by the same readers and comparisons. Of somebody
who is excluded nothing is looked at.
"""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.segment_comparisons import asked, found
from chalicelib.domain.segment_compile import Compiled, Exclusion, Question
from chalicelib.domain.segment_person import Person, is_given
from chalicelib.domain.segment_terms import Op
from chalicelib.domain.segment_words import found_words
from chalicelib.domain.tongues import ENGLISH, Tongue


class Why(StrEnum):
    """Why nobody knows whether a clause holds, nor its opposite."""

    UNKNOWN = "unknown"
    NOT_ALLOWED = "not_allowed"
    FULL_SET = "full_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One clause as it was answered; everything in it is plain JSON data.

    Attributes:
        place: where it stands in the segment.
        asked: its value, relative times as the days they mean; None where it has none.
        found: what is known; times in UTC, an average as its sum and orders; None: nothing.
        holds: whether the clause, as it is written, holds; None where nobody knows.
        why: the reason for that None.
        sentence: what was found, in words.
    """

    place: str
    fact: str
    op: str
    asked: object
    found: object
    holds: bool | None
    why: Why | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The verdict, and what it is made of; no clauses where the person is excluded."""

    matches: bool
    excluded: Exclusion | None
    clauses: tuple[Explained, ...]


def explain(compiled: Compiled, person: Person, tongue: Tongue = ENGLISH) -> Explanation:
    """Return why ``person`` is in the segment or not.

    Args:
        person: with every section of ``compiled.needs`` opened.
        tongue: of the sentences.
    """
    excluded = compiled.excluded(person)
    if excluded is not None:
        return Explanation(matches=False, excluded=excluded, clauses=())
    return Explanation(
        matches=compiled.test(person),
        excluded=None,
        clauses=tuple(_explained(each, compiled, person, tongue) for each in compiled.questions),
    )


def _explained(question: Question, compiled: Compiled, person: Person, tongue: Tongue) -> Explained:
    clause = question.clause
    value, holds = question.read(person), question.answer(person)
    why = _why(question, compiled, person, is_known=value is not None)
    return Explained(
        place=clause.place,
        fact=clause.fact.name,
        op=str(clause.op),
        asked=asked(clause, compiled.moment),
        found=found(value, clause.fact.type),
        holds=holds,
        why=why if holds is None else None,
        sentence=found_words(
            clause,
            value,
            compiled.moment,
            tongue,
            allowed=why is not Why.NOT_ALLOWED,
            whole=why is not Why.FULL_SET,
        ),
    )


def _why(question: Question, compiled: Compiled, person: Person, *, is_known: bool) -> Why | None:
    """Why something is not known, also where `exists` and `missing` are content with that."""
    clause = question.clause
    if is_known:
        exact = clause.op in (Op.EXISTS, Op.MISSING) or question.answer(person) is not None
        return None if exact else Why.FULL_SET
    purpose = clause.fact.purpose
    if purpose is not None and not is_given(person, compiled.brand, purpose):
        return Why.NOT_ALLOWED
    return Why.UNKNOWN
