# SPDX-License-Identifier: Apache-2.0
"""One person as a segment sees them: stored rows and opened sections, parsed and nothing more.

Guarantees that a reader returns a fact in the form in which it is compared, or None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from chalicelib.domain.ids import BrandId, PurposeId
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_expressions import Clause
from chalicelib.domain.segment_facts import PERSON_FIELDS


class Person(NamedTuple):
    """What is stored of one person, as plain JSON data; what there is none of is empty.

    Attributes:
        lists: list → status.
        standing: as `standing.dump_standing` wrote it.
        rhythm: as `frequency.dump_rhythm` made it.
        profile: the opened profile; empty where it is not asked for.
        facts: the opened facts, as `fact_document.dump_facts` wrote them; likewise.
    """

    lists: Mapping[str, str]
    standing: Mapping[str, Any]
    rhythm: Mapping[str, Any]
    profile: Mapping[str, Any]
    facts: Mapping[str, Any]


Reader: TypeAlias = Callable[[Person], Any]
"""Returns a fact as it is compared, or None: time in Unix seconds, day as ISO 8601 text."""


class Held(NamedTuple):
    """A set: its members, and whether it never dropped one."""

    names: Sequence[str]
    whole: bool


class Average(NamedTuple):
    """A sum over so many orders, 1 at least; compared without dividing."""

    net: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Of which brand facts are read, and when; ``names`` are the fields that tell of the person."""

    brand: BrandId
    moment: Moment
    names: Mapping[str, str] = field(default_factory=lambda: PERSON_FIELDS)


ReaderOf: TypeAlias = Callable[[Clause, Source], Reader]
"""Makes the reader of the fact of a clause."""


def is_given(person: Person, brand: BrandId, purpose: PurposeId) -> bool:
    """Say whether consent to ``purpose`` stands on any list of ``brand``."""
    try:
        lists = person.standing["g"][brand]
    except KeyError:
        return False
    return any(purpose in purposes for purposes in lists.values())


def gated(read: Reader, brand: BrandId, purpose: PurposeId) -> Reader:
    """Return a reader that knows nothing of people without consent to ``purpose``."""

    def allowed(person: Person) -> Any:
        try:
            lists = person.standing["g"][brand]
        except KeyError:
            return None
        for purposes in lists.values():
            if purpose in purposes:
                return read(person)
        return None

    return allowed
