# SPDX-License-Identifier: Apache-2.0
"""A segment asked of everybody in a shard of the audience, one person after the other.

Guarantees a memory that does not grow with the shard: a batch of `opening.BATCH` people is held,
and an epoch's key is asked for once in it. Who is restricted or objected to the brand is looked at
no further. What does not open, or has a schema version this code does not know, is never chosen
and is counted by itself, and so is who has no key. Refuses to tell of a part of a shard: an error
of the store ends the run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from heapq import nsmallest
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from chalicelib.domain.fact_document import FACTS_VERSION
from chalicelib.domain.frequency import RHYTHM_VERSION
from chalicelib.domain.ids import ListId, SubjectId
from chalicelib.domain.segment_compile import Compiled, exclusion
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segment_terms import Section
from chalicelib.domain.standing import STANDING_VERSION
from chalicelib.ports.audience_scan import NOTHING_SEALED, AudienceScan, Row
from chalicelib.ports.keys import KeyWrapper
from chalicelib.proof.opening import BATCH, Opened, SealedPerson, Wanted, open_sections

SAMPLE: Final = 20
"""People named of those who match."""
_NOTHING: Final[dict[str, Any]] = {}
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
        verdicts: list[Verdict | None] = []
        rest: list[tuple[Person, SealedPerson]] = []
        for row in batch:
            verdict, person = _by_plain(compiled, row)
            if verdict is None and wanted:
                sealed = row.sealed_person()
                if sealed is None:
                    verdict = Verdict.KEYLESS
                else:
                    rest.append((person, sealed))
            elif verdict is None:
                verdict = Verdict.MATCHED
            verdicts.append(verdict)
        opened = zip(rest, self._opened(rest, wanted), strict=True)
        for row, decided in zip(batch, verdicts, strict=True):
            if decided is not None:
                yield Judged(row.sid, decided)
                continue
            (person, _), sections = next(opened)
            yield Judged(row.sid, _by_sections(compiled, person, sections))

    def _opened(
        self, rest: Sequence[tuple[Person, SealedPerson]], wanted: Wanted
    ) -> Iterator[Opened]:
        sealed = (each for _, each in rest)
        return open_sections(sealed, self._wrapper.kek, self._origin, wanted=wanted)


def lot_of(lot: str, sid: SubjectId) -> bytes:
    """Return a person's place in a lot: the smaller, the sooner drawn."""
    return sha256(f"{lot}{sid}".encode()).digest()


def plain_person(lists: Mapping[str, str], standing: str | None, rhythm: str | None) -> Person:
    """Return a person as the columns in the clear tell them.

    Raises:
        Unreadable: a column is not of a schema version this code knows.
    """
    return Person(
        lists=lists,
        standing=_document(standing, STANDING_VERSION),
        rhythm=_document(rhythm, RHYTHM_VERSION),
        profile=_NOTHING,
        facts=_NOTHING,
    )


def with_sections(person: Person, opened: Opened) -> Person:
    """Return a person with what was sealed.

    Raises:
        Unreadable: something did not open, or is not of a form this code knows.
    """
    if opened.unreadable:
        raise Unreadable
    profile: Any = _NOTHING if opened.profile is None else _parsed(opened.profile)
    # The abstract type and `_replace` would cost more than parsing both sections.
    if not isinstance(profile, dict):
        raise Unreadable
    lists, standing, rhythm, _, _ = person
    return Person(lists, standing, rhythm, profile, _document(opened.facts, FACTS_VERSION))


def _by_plain(compiled: Compiled, row: Row) -> tuple[Verdict | None, Person]:
    try:
        person = plain_person(row.lists, row.standing, row.rhythm)
    except Unreadable:
        return Verdict.UNREADABLE, _NOBODY
    if compiled.plain(person):
        return None, person
    return Verdict.OTHER if exclusion(person, compiled.brand) is None else Verdict.EXCLUDED, person


def _by_sections(compiled: Compiled, person: Person, opened: Opened) -> Verdict:
    try:
        whole = with_sections(person, opened)
    except Unreadable:
        return Verdict.UNREADABLE
    return Verdict.MATCHED if compiled.sealed(whole) else Verdict.OTHER


def _document(text: str | bytes | None, version: int) -> Mapping[str, Any]:
    if text is None:
        return _NOTHING
    document = _parsed(text)
    if not isinstance(document, dict) or document.get("v") != version:
        raise Unreadable
    return document


def _parsed(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unreadable from None


_NOBODY: Final = Person(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
