# SPDX-License-Identifier: Apache-2.0
"""A segment asked of everybody in a shard of the audience, one person after the other.

Guarantees a memory that does not grow with the shard: a batch of `opening.BATCH` people is held,
and an epoch's key is asked for once in it. Who is restricted or objected to the brand is looked at
no further. What does not open, or has a schema version this code does not know, is never chosen
and is counted by itself, and so is who has no key. Refuses to tell of a part of a shard: an error
of the store ends the run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from hashlib import sha256
from heapq import nsmallest
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from chalicelib.domain.fact_document import FACTS_VERSION
from chalicelib.domain.frequency import RHYTHM_VERSION
from chalicelib.domain.ids import ListId, SubjectId, decode_stored_id
from chalicelib.domain.segment_compile import Compiled
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segment_terms import Section
from chalicelib.domain.standing import STANDING_VERSION
from chalicelib.ports.audience_scan import NOTHING_SEALED, AudienceScan, Row
from chalicelib.ports.keys import KeyWrapper
from chalicelib.proof.opening import BATCH, Sections, Wanted, opener

SAMPLE: Final = 20
"""People named of those who match."""
_NOTHING: Final[dict[str, Any]] = {}
_NO_DOCUMENT: Final = (orjson.JSONDecodeError, KeyError, TypeError)
"""What reading a document and its version may end in, where it is none or has none."""
_WANTED: Final = {Section.PROFILE: Wanted.PROFILE, Section.FACTS: Wanted.FACTS}


class Verdict(IntEnum):
    """What became of one person; only `MATCHED` is chosen."""

    MATCHED = 0
    OTHER = 1
    EXCLUDED = 2
    UNREADABLE = 3
    KEYLESS = 4


class Judged(NamedTuple):
    """One person of a shard, and what became of them."""

    sid: SubjectId
    verdict: Verdict


# A named tuple's own constructor is a function of Python around this one, and takes twice as long.
_judge: Callable[[tuple[SubjectId, Verdict]], Judged] = partial(tuple.__new__, Judged)
_loads = orjson.loads
_person: Callable[[tuple[Mapping[str, Any], ...]], Person] = partial(tuple.__new__, Person)


class Unreadable(ValueError):  # noqa: N818  # it is counted, never shown as an error
    """What is stored of a person is not what this code reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """What a segment found in one shard.

    Attributes:
        considered: everybody asked; the others are part of it.
        excluded: restricted, or objected to the brand.
        unreadable: something of theirs did not open, or is of an unknown form.
        keyless: no key was found for what is sealed: erased meanwhile, or just made.
        sample: up to `SAMPLE` of those who matched, drawn by lot, in the order of the lot.
    """

    considered: int
    matched: int
    excluded: int
    unreadable: int
    keyless: int
    sample: tuple[SubjectId, ...]


class Evaluator:
    """Asks segments of the audience."""

    def __init__(self, *, scan: AudienceScan, wrapper: KeyWrapper, origin: str) -> None:
        self._scan = scan
        self._wrapper = wrapper
        self._origin = origin

    def shard(
        self,
        compiled: Compiled,
        shard: str,
        list_id: ListId | None = None,
        statuses: Sequence[str] = (),
        *,
        lot: str = "",
    ) -> ShardResult:
        """Return how many of a shard match, and some of them.

        Args:
            list_id: ask only people whose status on it is one of ``statuses``.
            lot: what the sample is drawn by; the same lot draws the same people.

        Raises:
            Throttled, Unavailable: nothing is known of the shard then.
        """
        tally = [0] * len(Verdict)

        def drawn() -> Iterator[tuple[bytes, SubjectId]]:
            for sid, verdict in self.people(compiled, shard, list_id, statuses):
                tally[verdict] += 1
                if verdict is Verdict.MATCHED:
                    yield lot_of(lot, sid), sid

        sample = tuple(sid for _, sid in nsmallest(SAMPLE, drawn()))
        return ShardResult(
            considered=sum(tally),
            matched=tally[Verdict.MATCHED],
            excluded=tally[Verdict.EXCLUDED],
            unreadable=tally[Verdict.UNREADABLE],
            keyless=tally[Verdict.KEYLESS],
            sample=sample,
        )

    def people(
        self,
        compiled: Compiled,
        shard: str,
        list_id: ListId | None = None,
        statuses: Sequence[str] = (),
    ) -> Iterator[Judged]:
        """Yield everybody of a shard with their verdict, in ascending order of their ids.

        Arguments and errors are those of `shard`; what was yielded before an error is a part of the
        shard and nothing more.
        """
        wanted = NOTHING_SEALED
        for section in compiled.needs:
            wanted |= _WANTED[section]
        rows = self._scan.people(shard, list_id, statuses, wanted=wanted)
        while batch := tuple(islice(rows, BATCH)):
            yield from self._judged(compiled, batch, wanted)

    def _judged(self, compiled: Compiled, batch: Sequence[Row], wanted: Wanted) -> Iterator[Judged]:
        """Judge by what stands in the clear, then open whom that does not decide."""
        # Looked up once: each of these would take as long as a clause, for everybody.
        fits, holds, seals = compiled.plain, compiled.sealed, bool(wanted)
        opens = opener(self._wrapper.kek, self._origin, wanted=wanted)
        verdicts: list[Verdict] = []
        judged, matched, other = verdicts.append, Verdict.MATCHED, Verdict.OTHER
        for sid, lists, standing, rhythm, wrapped, profile, facts, _ in batch:
            try:
                person = plain_person(lists, standing, rhythm)
                if not fits(person):
                    judged(_left_out(compiled, person))
                elif not seals:
                    judged(matched)
                elif wrapped is None:
                    judged(Verdict.KEYLESS)
                else:
                    opened = opens(decode_stored_id(sid), wrapped, profile, facts)
                    judged(matched if holds(with_sections(person, opened)) else other)
            except Unreadable:
                judged(Verdict.UNREADABLE)
        return map(_judge, zip([row[0] for row in batch], verdicts, strict=True))


def lot_of(lot: str, sid: SubjectId) -> bytes:
    """Return a person's place in a lot: the smaller, the sooner drawn."""
    return sha256(f"{lot}{sid}".encode()).digest()


def plain_person(lists: Mapping[str, str], standing: str | None, rhythm: str | None) -> Person:
    """Return a person as the columns in the clear tell them.

    Raises:
        Unreadable: a column is not of a schema version this code knows.
    """
    stands = keeps = _NOTHING
    try:
        if standing is not None:
            stands = _loads(standing)
            if stands["v"] != STANDING_VERSION:
                raise Unreadable
        if rhythm is not None:
            keeps = _loads(rhythm)
            if keeps["v"] != RHYTHM_VERSION:
                raise Unreadable
    except _NO_DOCUMENT:
        raise Unreadable from None
    return _person((lists, stands, keeps, _NOTHING, _NOTHING))


def with_sections(person: Person, opened: Sections) -> Person:
    """Return a person with what was sealed.

    Raises:
        Unreadable: something did not open, or is not of a form this code knows.
    """
    profile_text, facts_text, unreadable = opened
    if unreadable:
        raise Unreadable
    lists, standing, rhythm, _, _ = person
    profile = facts = _NOTHING
    try:
        if profile_text is not None:
            profile = _loads(profile_text)
            if type(profile) is not dict:
                raise Unreadable
        if facts_text is not None:
            facts = _loads(facts_text)
            if facts["v"] != FACTS_VERSION:
                raise Unreadable
    except _NO_DOCUMENT:
        raise Unreadable from None
    return _person((lists, standing, rhythm, profile, facts))


def _left_out(compiled: Compiled, person: Person) -> Verdict:
    return Verdict.OTHER if compiled.excluded(person) is None else Verdict.EXCLUDED
