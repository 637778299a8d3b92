# SPDX-License-Identifier: Apache-2.0
"""Segments: a closed, typed language of clauses about people, read whole or refused by its places.

Guarantees that what `parse` returns asks only what its facts can answer, and that `dump` gives
back the very document. Refuses anything else with every problem at its place, 20 at most.
"""

import json
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import NewType

from chalicelib.domain.catalog import MAX_NAME_CHARS
from chalicelib.domain.currencies import MINOR_DIGITS
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import BrandId, ListId, PurposeId, require_slug
from chalicelib.domain.segment_expressions import (
    WHERE,
    AllOf,
    AnyOf,
    Clause,
    Expression,
    Not,
    clauses,
    dump,
    fields_of,
)
from chalicelib.domain.segment_facts import nearest, resolve
from chalicelib.domain.segment_terms import (
    LISTS,
    NO_VALUE,
    FactKind,
    FactSpec,
    Op,
    Qualifier,
)
from chalicelib.domain.segment_values import (
    Relative,
    Scalar,
    SegmentCode,
    Value,
    ValueFault,
    read_scalar,
)
from chalicelib.errors import InputError

__all__ = [
    "AllOf",
    "AnyOf",
    "Clause",
    "Expression",
    "Known",
    "Not",
    "Op",
    "Relative",
    "Segment",
    "SegmentError",
    "SegmentId",
    "clauses",
    "dump",
    "fields_of",
    "parse",
]

SegmentId = NewType("SegmentId", str)

MAX_JSON_BYTES = 16_384
MAX_DEPTH = 8
MAX_CLAUSES = 50
MAX_PARTS = 50
MAX_LIST = 200
MAX_VALUES = 1_000
MAX_PROBLEMS = 20
_EVENT_NAME = re.compile(r"[a-z][a-z0-9_.]{0,31}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MEMBER = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SHAPES = ("all", "any", "not", "fact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A saved expression over a brand's audience.

    Attributes:
        source: the document that ``where`` was read from.
        version: 1 for the first; every change counts one more.
    """

    id: SegmentId
    brand: BrandId
    name: str
    where: Expression
    source: Mapping[str, object]
    version: int
    created_ms: int
    changed_ms: int

    def __post_init__(self) -> None:
        require_slug(self.id, "segment")
        require_slug(self.brand, "brand")
        long = len(self.name) > MAX_NAME_CHARS
        if long or not self.name.strip() or not self.name.isprintable():
            raise InputError(
                code="bad_text",
                detail=f"A segment's name has 1 to {MAX_NAME_CHARS} characters on one line.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names that exist; of a kind that is None, every name is taken as existing."""

    lists: Container[str] | None = None
    purposes: Container[str] | None = None
    campaigns: Container[str] | None = None


ANYTHING = Known()


class SegmentError(InputError):
    """The expression cannot be used; ``problems`` maps a place to what is wrong there.

    Attributes:
        nearest: place of an unknown fact → the fact that was probably meant.
    """

    def __init__(self, problems: Mapping[str, str], meant: Mapping[str, str]) -> None:
        """Keep all problems, and say the likeliest slip in words."""
        hint = next((f" Did you mean {name} at {at}?" for at, name in meant.items()), "")
        super().__init__("bad_segment", f"This segment cannot be used; see errors.{hint}")
        self.problems = dict(problems)
        self.nearest = dict(meant)


def parse(
    document: object,
    declared: Mapping[str, FieldType],
    known: Known = ANYTHING,
    *,
    at: str = WHERE,
    in_lifecycle: bool = False,
) -> Expression:
    """Return the expression that ``document`` (plain JSON data) says.

    Args:
        declared: the fields of the brand's forms, as `segment_facts.resolve` takes them.
        known: lists, purposes and campaigns of the brand.
        at: the place of the whole.
        in_lifecycle: a life-cycle rule: it asks for no life-cycle word, or it would ask for itself.

    Raises:
        SegmentError: with every problem by place; nothing else, whatever the document is.
    """
    reader = _Reader(declared, known, in_lifecycle=in_lifecycle)
    read = reader.expression(document, at, 1)
    if read is not None and not reader.problems:
        size = len(json.dumps(dump(read), ensure_ascii=False, separators=(",", ":")).encode())
        if size > MAX_JSON_BYTES:
            reader.note(at, SegmentCode.TOO_LONG)
    if read is None or reader.problems:
        raise SegmentError(reader.problems, reader.nearest)
    return read


class _Reader:
    """Reads one document; notes what is wrong and goes on, so that all is told at once."""

    def __init__(
        self, declared: Mapping[str, FieldType], known: Known, *, in_lifecycle: bool
    ) -> None:
        self.declared = declared
        self.in_lifecycle = in_lifecycle
        self.problems: dict[str, SegmentCode] = {}
        self.nearest: dict[str, str] = {}
        self._clauses = 0
        self._values = 0
        self._known = known

    def note(self, at: str, code: SegmentCode) -> None:
        """Keep the first problem of a place, and of places the first 20."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.setdefault(at, code)

    @property
    def _full(self) -> bool:
        return len(self.problems) >= MAX_PROBLEMS or self._clauses > MAX_CLAUSES

    def expression(self, document: object, at: str, depth: int) -> Expression | None:
        """Return what stands at a place; None when it cannot be used or enough is wrong."""
        if self._full:
            return None
        if depth > MAX_DEPTH:
            self.note(at, SegmentCode.TOO_DEEP)
            return None
        if not isinstance(document, Mapping):
            self.note(at, SegmentCode.WRONG_TYPE)
            return None
        shapes = [shape for shape in _SHAPES if shape in document]
        if len(shapes) > 1 or not (shapes or any(member in document for member in _OF_CLAUSE)):
            self.note(at, SegmentCode.EXACTLY_ONE)
            return None
        shape = shapes[0] if shapes else "fact"
        if shape == "fact":
            return self._clause(document, at)
        self._closed(document, (shape,), at)
        inner = document[shape]
        if shape == "not":
            part = self.expression(inner, f"{at}.not", depth + 1)
            return None if part is None else Not(part=part)
        parts = self._parts(inner, f"{at}.{shape}", depth + 1)
        return AllOf(parts=parts) if shape == "all" else AnyOf(parts=parts)

    def _parts(self, inner: object, at: str, depth: int) -> tuple[Expression, ...]:
        items = self._items(inner, at, MAX_PARTS)
        read = (self.expression(item, f"{at}[{n}]", depth) for n, item in enumerate(items))
        return tuple(part for part in read if part is not None)

    def _items(self, value: object, at: str, most: int) -> tuple[object, ...]:
        """The members of a list; none when it is no list of 1 to ``most``."""
        if not isinstance(value, list | tuple):
            self.note(at, SegmentCode.WRONG_TYPE)
        elif not value:
            self.note(at, SegmentCode.EMPTY)
        elif len(value) > most:
            self.note(at, SegmentCode.TOO_MANY)
        else:
            return tuple(value)
        return ()

    def _closed(self, document: Mapping[object, object], allowed: tuple[str, ...], at: str) -> None:
        for member in document:
            if member not in allowed:
                # What somebody wrote comes back in an answer only where it looks like a name.
                plain = isinstance(member, str) and _MEMBER.fullmatch(member)
                self.note(f"{at}.{member}" if plain else at, SegmentCode.UNKNOWN)

    def _clause(self, document: Mapping[object, object], at: str) -> Clause | None:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            self.note(at, SegmentCode.TOO_MANY)
            return None
        spec = self._fact(document, f"{at}.fact")
        op = self._op(document, spec, f"{at}.op")
        if spec is None or op is None:
            self._closed(document, _OF_CLAUSE, at)
            return None
        wanted = ("fact", "op", *(() if op in NO_VALUE else ("value",)), *spec.qualifiers)
        self._closed(document, wanted, at)
        value = None if op in NO_VALUE else self._value(spec, op, document, f"{at}.value")
        told = {name: self._qualifier(name, document, at) for name in spec.qualifiers}
        list_id, purpose = told.get(Qualifier.LIST), told.get(Qualifier.PURPOSE)
        return Clause(
            fact=spec,
            op=op,
            value=value,
            list=ListId(list_id) if list_id else None,
            purpose=PurposeId(purpose) if purpose else None,
            currency=told.get(Qualifier.CURRENCY),
            name=told.get(Qualifier.NAME),
            place=at,
        )

    def _text(self, document: Mapping[object, object], member: str, at: str) -> str | None:
        value = document.get(member)
        if member not in document:
            self.note(at, SegmentCode.MISSING)
            return None
        if not isinstance(value, str):
            self.note(at, SegmentCode.WRONG_TYPE)
            return None
        return value

    def _fact(self, document: Mapping[object, object], at: str) -> FactSpec | None:
        name = self._text(document, "fact", at)
        if name is None:
            return None
        spec = resolve(name, self.declared)
        if spec is None:
            meant = nearest(name, self.declared)
            if meant is not None:
                self.nearest[at] = meant
            self.note(at, SegmentCode.UNKNOWN_FACT)
            return None
        if self.in_lifecycle and spec.kind is FactKind.LIFECYCLE and spec.words:
            self.note(at, SegmentCode.RECURSIVE)
            return None
        return spec

    def _op(self, document: Mapping[object, object], spec: FactSpec | None, at: str) -> Op | None:
        name = self._text(document, "op", at)
        if name is None:
            return None
        allowed = tuple(Op) if spec is None else spec.ops
        if name not in allowed:
            self.note(at, SegmentCode.UNKNOWN_OP)
            return None
        return Op(name)

    def _qualifier(self, name: Qualifier, document: Mapping[object, object], at: str) -> str | None:
        text = self._text(document, name, f"{at}.{name}")
        if text is None:
            return None
        is_known, code = _QUALIFIERS[name]
        if not is_known(text, self._known):
            self.note(f"{at}.{name}", code)
        return text

    def _value(
        self, spec: FactSpec, op: Op, document: Mapping[object, object], at: str
    ) -> Value | None:
        if "value" not in document:
            self.note(at, SegmentCode.MISSING)
            return None
        if op not in LISTS and op is not Op.BETWEEN:
            return self._scalar(spec, op, document["value"], at)
        items = self._items(document["value"], at, MAX_LIST if op in LISTS else 2)
        if op is Op.BETWEEN and len(items) == 1:
            self.note(f"{at}[1]", SegmentCode.MISSING)
        read = [self._scalar(spec, op, item, f"{at}[{n}]") for n, item in enumerate(items)]
        return tuple(each for each in read if each is not None)

    def _scalar(self, spec: FactSpec, op: Op, value: object, at: str) -> Scalar | None:
        self._values += 1
        if self._values == MAX_VALUES + 1:
            self.note(at, SegmentCode.TOO_MANY)
            return None
        try:
            read = read_scalar(spec, op, value)
        except ValueFault as fault:
            self.note(at + fault.at, fault.code)
            return None
        if spec.campaigns and not _exists(self._known.campaigns, str(read)):
            self.note(at, SegmentCode.UNKNOWN_CAMPAIGN)
            return None
        return read


_OF_CLAUSE = ("fact", "op", "value", *(str(name) for name in Qualifier))


def _exists(names: Container[str] | None, name: str) -> bool:
    return names is None or name in names


def _slug_exists(names: Container[str] | None, name: str) -> bool:
    return _SLUG.fullmatch(name) is not None and _exists(names, name)


_QUALIFIERS: Mapping[Qualifier, tuple[Callable[[str, Known], bool], SegmentCode]] = {
    Qualifier.LIST: (lambda text, known: _slug_exists(known.lists, text), SegmentCode.UNKNOWN_LIST),
    Qualifier.PURPOSE: (
        lambda text, known: _slug_exists(known.purposes, text),
        SegmentCode.UNKNOWN_PURPOSE,
    ),
    Qualifier.CURRENCY: (lambda text, _: text in MINOR_DIGITS, SegmentCode.UNKNOWN_CURRENCY),
    Qualifier.NAME: (lambda text, _: bool(_EVENT_NAME.fullmatch(text)), SegmentCode.FORMAT),
}
