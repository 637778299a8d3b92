# SPDX-License-Identifier: Apache-2.0
"""Expressions of the segment language as types: clauses, joined by all, any and not.

Guarantees that `dump` gives back the document an expression was read from (`segments.parse`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.segment_facts import FIELD, FIELD_FACTS
from chalicelib.domain.segment_terms import FactSpec, Op, Qualifier
from chalicelib.domain.segment_values import Value, dump_scalar

WHERE = "where"
"""The place of a whole expression, as the API calls the member that holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One question about one fact.

    Attributes:
        value: one value, or a tuple where the operator takes a list; None where it takes none.
        list: with ``purpose``, ``currency`` and ``name`` the qualifiers its fact asks for.
        place: where it was written; two clauses that ask the same are equal wherever they stand.
    """

    fact: FactSpec
    op: Op
    value: Value | None = None
    list: ListId | None = None
    purpose: PurposeId | None = None
    currency: str | None = None
    name: str | None = None
    place: str = field(default=WHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Holds when every part does."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """Holds when at least one part does."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Holds when the opposite of its part does; where nothing is known, neither does."""

    part: "Expression"


Expression: TypeAlias = AllOf | AnyOf | Not | Clause


def dump(expression: Expression) -> dict[str, object]:
    """Return the document that `parse` read: plain JSON data."""
    match expression:
        case AllOf(parts=parts):
            return {"all": [dump(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [dump(part) for part in parts]}
        case Not(part=part):
            return {"not": dump(part)}
        case clause:
            return _dump_clause(clause)


def _dump_clause(clause: Clause) -> dict[str, object]:
    document: dict[str, object] = {"fact": clause.fact.name, "op": str(clause.op)}
    if isinstance(clause.value, tuple):
        document["value"] = [dump_scalar(value) for value in clause.value]
    elif clause.value is not None:
        document["value"] = dump_scalar(clause.value)
    told = {name: getattr(clause, name) for name in Qualifier}
    return document | {str(name): value for name, value in told.items() if value is not None}


def clauses(expression: Expression) -> Iterator[Clause]:
    """Return every clause, in the order they are written."""
    match expression:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from clauses(part)
        case Not(part=part):
            yield from clauses(part)
        case clause:
            yield clause


def fields_of(expression: Expression) -> dict[str, FieldType]:
    """Return the fields of forms an expression asks about, each with its type when it was read.

    Kept beside a stored document, they let it be read again after a form's field got another type.
    """
    types = {kept: kind for kind, kept in list(FIELD_FACTS.items())[::-1]}
    found = (clause.fact for clause in clauses(expression))
    return {
        spec.name.removeprefix(FIELD): types[spec.type]
        for spec in found
        if spec.name.startswith(FIELD)
    }
