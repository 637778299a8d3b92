# SPDX-License-Identifier: Apache-2.0
"""A set that keeps its latest members: names with the time each was last seen, within a cap.

Guarantees that it is a join: names may come in any order, twice, and in parts, and the same set
comes of it, because what is dropped stays dropped. For that it remembers the *edge*, the latest it
ever dropped: nothing at or before the edge is taken in again. So it also knows what it does not
know: every name seen after the edge is in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

_AROUND_NAME_BYTES = len("[,1790000000],")


class Seen(NamedTuple):
    """A name at a time, in Unix seconds; of two at one second the greater name is the later."""

    at_s: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """How much a set keeps: so many members, and so many bytes of JSON."""

    members: int
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The set.

    Attributes:
        at_s: name → when it was last seen, Unix seconds.
        edge: the latest that was ever dropped; None while nothing was.
    """

    at_s: Mapping[str, int] = field(default_factory=dict)
    edge: Seen | None = None

    def __bool__(self) -> bool:
        """Whether anything was ever seen."""
        return bool(self.at_s) or self.edge is not None

    def ranked(self) -> list[Seen]:
        """Return the members, the latest first."""
        return sorted((Seen(at, name) for name, at in self.at_s.items()), reverse=True)


def seen(known: Latest, names: Iterable[str], at_s: int, cap: Cap) -> Latest:
    """Return the set with ``names`` seen at ``at_s`` (Unix seconds), within ``cap``.

    A member is kept when it and all later ones together are within the cap. That sum never falls,
    since times only rise: who once was over it stays over it, whatever comes.

    Example:
        >>> cap = Cap(members=1, max_bytes=100)
        >>> seen(seen(Latest(), ["tea"], 5, cap), ["ham"], 4, cap)
        Latest(at_s={'tea': 5}, edge=Seen(at_s=4, name='ham'))
    """
    merged = dict(known.at_s)
    for name in names:
        if known.edge is None or Seen(at_s, name) > known.edge:
            merged[name] = max(at_s, merged.get(name, at_s))
    ranked = Latest(at_s=merged).ranked()
    kept = fitting((member.name for member in ranked), cap)
    at_s_of = {member.name: member.at_s for member in ranked[: len(kept)]}
    # Whatever is in the ranking is later than the edge so far: the first one out is the new edge.
    edge = ranked[len(kept)] if len(kept) < len(ranked) else known.edge
    return Latest(at_s=at_s_of, edge=edge)


def fitting(names: Iterable[str], cap: Cap) -> tuple[str, ...]:
    """Return the first names that are within ``cap``, up to the first that is not."""
    kept: list[str] = []
    room = cap.max_bytes
    for name in names:
        room -= len(orjson.dumps(name)) + _AROUND_NAME_BYTES
        if room < 0 or len(kept) == cap.members:
            break
        kept.append(name)
    return tuple(kept)
