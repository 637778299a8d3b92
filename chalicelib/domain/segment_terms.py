# SPDX-License-Identifier: Apache-2.0
"""The words of the segment language: kinds and types of facts, and what may be asked of each type.

Guarantees one closed list of operators, and for each type those that mean something of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.forms import MAX_NUMBER
from chalicelib.domain.ids import PurposeId


class FactKind(StrEnum):
    """The five kinds of facts."""

    DECLARED = "declared"
    PERSON = "person"
    ORDERS = "orders"
    BEHAVIOUR = "behaviour"
    LIFECYCLE = "lifecycle"


class FactType(StrEnum):
    """What a fact is; `OPERATORS` says what may be asked of it.

    ``amount`` is in minor units of its currency; ``time`` is kept to the second; ``word`` is one
    of a closed list, compared exactly; ``birthday`` is a date without its year; a ``set`` keeps
    its latest members and forgets older ones.
    """

    TEXT = "text"
    NUMBER = "number"
    AMOUNT = "amount"
    DATE = "date"
    TIME = "time"
    BIRTHDAY = "birthday"
    FLAG = "flag"
    WORD = "word"
    SET = "set"


class Op(StrEnum):
    """What a clause asks of its fact."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    STARTS_WITH = "starts_with"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    ON = "on"
    IN_NEXT = "in_next"
    IN_LAST = "in_last"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    CONTAINS_ANY = "contains_any"
    CONTAINS_ALL = "contains_all"
    EXISTS = "exists"
    MISSING = "missing"


NO_VALUE = frozenset({Op.EXISTS, Op.MISSING})
LISTS = frozenset({Op.IN, Op.NOT_IN, Op.CONTAINS_ANY, Op.CONTAINS_ALL})
"""Operators whose value is a list of 1 to 200; that of ``between`` is a list of two."""
_ALWAYS = (Op.EXISTS, Op.MISSING)
_ORDERED = (Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN)
_EQUAL = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN)
_SETS = (Op.CONTAINS, Op.NOT_CONTAINS, Op.CONTAINS_ANY, Op.CONTAINS_ALL)
OPERATORS: Mapping[FactType, tuple[Op, ...]] = {
    FactType.TEXT: (*_EQUAL, Op.STARTS_WITH, *_ALWAYS),
    FactType.NUMBER: (*_EQUAL, *_ORDERED, *_ALWAYS),
    FactType.AMOUNT: (*_EQUAL, *_ORDERED, *_ALWAYS),
    FactType.DATE: (*_ORDERED, Op.ON, *_ALWAYS),
    FactType.TIME: (*_ORDERED, Op.ON, *_ALWAYS),
    FactType.BIRTHDAY: (Op.IN_NEXT, Op.IN_LAST, *_ALWAYS),
    FactType.FLAG: (Op.EQ, *_ALWAYS),
    FactType.WORD: (*_EQUAL, *_ALWAYS),
    FactType.SET: (*_SETS, *_ALWAYS),
}
_PAIRS = (
    (Op.EQ, Op.NE),
    (Op.IN, Op.NOT_IN),
    (Op.LT, Op.GTE),
    (Op.LTE, Op.GT),
    (Op.CONTAINS, Op.NOT_CONTAINS),
    (Op.EXISTS, Op.MISSING),
)
OPPOSITES: Mapping[Op, Op] = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
"""What holds of a known fact exactly when the operator does not; the others have no such word."""


class Section(StrEnum):
    """Where a fact is kept: in the clear on the audience row, or in one of two sealed sections."""

    PLAIN = "plain"
    PROFILE = "profile"
    FACTS = "facts"


class Qualifier(StrEnum):
    """Members of a clause without which its fact is not yet one fact."""

    LIST = "list"
    PURPOSE = "purpose"
    CURRENCY = "currency"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSpec:
    """One fact.

    Attributes:
        section: where it is kept; of a ``lifecycle`` fact the most it can need, for the brand's
            rules say what it is made of.
        qualifiers: members that a clause about it has, and no other.
        purpose: without this consent on a list of the brand the fact is absent; None: not needed.
        sentence: what it is, in English.
        words: every value of a ``word``; empty where a form's choices change with its versions.
        field: the name of the form's field; of a ``person`` fact the brand may name another.
        campaigns: the members are campaign ids, compared exactly.
        least: of a ``number`` or ``amount``, with ``most``: the values that can be asked for.
    """

    name: str
    kind: FactKind
    type: FactType
    section: Section
    qualifiers: tuple[Qualifier, ...] = ()
    purpose: PurposeId | None = None
    sentence: str
    words: tuple[str, ...] = ()
    field: str | None = None
    campaigns: bool = False
    least: int = -MAX_NUMBER
    most: int = MAX_NUMBER

    @property
    def ops(self) -> tuple[Op, ...]:
        """What may be asked of it."""
        return OPERATORS[self.type]
