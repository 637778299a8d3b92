# SPDX-License-Identifier: Apache-2.0
"""Everybody planned in a campaign, one by one, with what became of them; nothing is opened.

Guarantees that everybody planned is told once, in the order of the manifests, that a look is one
range read and one strong Query over at most 800 people, and that a page makes at most `MAX_LOOKS`
of them: one that found nobody has a cursor all the same. Of people in rows of the first version of
sending it says no more than those rows know.
"""

import re
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.accounting import Account, Asked, told
from chalicelib.domain.campaigns import Campaign, read_records, record_range
from chalicelib.domain.ids import SHARDS, SubjectId
from chalicelib.domain.runs import MAX_RUN_CHUNKS, ChunkView, RunRef
from chalicelib.errors import InputError, NotFound
from chalicelib.ports.catalog import Campaigns, Page
from chalicelib.ports.outside import Blobs
from chalicelib.ports.runs import RunStore
from chalicelib.services.plans import manifest_key

MAX_LOOKS: Final = 20
"""Looks of one page: forty calls, and up to 16,000 people looked through."""
_SPOT: Final = re.compile(r"([0-9a-f])-([0-9]{1,7})-([0-9]{1,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where to go on: shard, chunk of it, and place in the chunk, each from the first."""

    shard: str
    chunk: int = 0
    place: int = 0

    def __str__(self) -> str:
        """As a cursor."""
        return f"{self.shard}-{self.chunk}-{self.place}"

    @staticmethod
    def read(cursor: str) -> "Spot":
        """Return the spot of a cursor.

        Raises:
            InputError: it is not one.

        """
        found = _SPOT.fullmatch(cursor)
        if found is None:
            detail = "This cursor was not made by this address."
            raise InputError(code="bad_cursor", detail=detail)
        return Spot(shard=found[1], chunk=int(found[2]), place=int(found[3]))


FIRST: Final = Spot(shard=SHARDS[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """What became of one person.

    Attributes:
        message_id: SES's id, where its answer came.
        at_ms: when outcomes of the chunk they are in were last written, or else when it was
            marked, Unix milliseconds; None while nothing came of it.
        after: where those after them begin.

    """

    sid: SubjectId
    account: Account
    reason: str | None
    message_id: str | None
    at_ms: int | None
    after: Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who was found; ``after`` is where to look next, None at the end of the campaign."""

    people: tuple[Accounted, ...]
    after: Spot | None


class AccountReader:
    """Looks through manifests and chunks."""

    def __init__(self, *, blobs: Blobs, runs: RunStore) -> None:
        self._blobs = blobs
        self._runs = runs

    def look(
        self,
        campaign: Campaign,
        spot: Spot,
        codes: frozenset[int],
        chunks: int = MAX_RUN_CHUNKS,
    ) -> Look:
        """Return those from ``spot`` on, in up to ``chunks`` chunks, whose outcome is in ``codes``.

        In a shard that is not planned yet there is nobody.
        """
        run = RunRef(campaign=campaign.id, shard=spot.shard, first=spot.chunk, count=chunks)
        size = campaign.chunk_size
        records = self._records(run, size)
        people: list[Accounted] = []
        views = self._runs.view(run) if records else ()
        for number, view in enumerate(views):
            part = records[number * size : (number + 1) * size]
            since = spot.place if number == 0 else 0
            people += _accounted(view, part, since, codes)
        if len(records) < chunks * size:
            return Look(people=tuple(people), after=_next_shard(spot.shard))
        after = Spot(shard=spot.shard, chunk=spot.chunk + chunks)
        return Look(people=tuple(people), after=after)

    def _records(self, run: RunRef, size: int) -> tuple[SubjectId, ...]:
        first, last = record_range(run.first * size, (run.first + run.count) * size)
        try:
            data = self._blobs.get_range(manifest_key(run.campaign, run.shard), first, last)
        except NotFound:
            return ()
        return tuple(person.sid for person in read_records(data))


class Recipients:
    """Pages of a campaign's people."""

    def __init__(self, *, campaigns: Campaigns, reader: AccountReader) -> None:
        self._campaigns = campaigns
        self._reader = reader

    def page(
        self, campaign_id: str, asked: Asked, cursor: str | None, limit: int
    ) -> Page[Accounted]:
        """Return up to ``limit`` people who are asked for; fewer, or nobody, is not the end.

        Raises:
            InputError: the cursor was not made here.
            NotFound: there is no such campaign.

        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        spot: Spot | None = Spot.read(cursor) if cursor else FIRST
        if campaign.started_ms is None:
            return Page(items=(), cursor=None)
        codes, found = asked.codes, list[Accounted]()
        for _ in range(MAX_LOOKS):
            if spot is None or len(found) >= limit:
                break
            chunks = _chunks(campaign, spot, limit - len(found), asked)
            look = self._reader.look(campaign, spot, codes, chunks)
            found += look.people
            spot = look.after
        if len(found) > limit:
            spot = found[limit - 1].after
        return Page(items=tuple(found[:limit]), cursor=str(spot) if spot else None)


def _chunks(campaign: Campaign, spot: Spot, missing: int, asked: Asked) -> int:
    """As many chunks as surely hold those missing, where everybody is asked for."""
    if asked.outcomes or asked.reasons:
        return MAX_RUN_CHUNKS
    return min(MAX_RUN_CHUNKS, -(-(missing + spot.place) // campaign.chunk_size))


def _accounted(
    view: ChunkView, part: tuple[SubjectId, ...], since: int, wanted: frozenset[int]
) -> list[Accounted]:
    codes = view.codes_of(len(part)) if part else b""
    if wanted.isdisjoint(codes):
        return []
    chunk, ids = view.chunk, view.message_ids
    written_ms = view.dispatched_ms if view.at_ms is None else view.at_ms
    found = []
    for place, (sid, code) in enumerate(zip(part, codes, strict=True)):
        if place < since or code not in wanted:
            continue
        account, reason = told(code)
        found.append(
            Accounted(
                sid=sid,
                account=account,
                reason=reason,
                message_id=ids[place] if place < len(ids) else None,
                at_ms=None if account is Account.PLANNED else written_ms,
                after=Spot(shard=chunk.shard, chunk=chunk.number, place=place + 1),
            )
        )
    return found


def _next_shard(shard: str) -> Spot | None:
    following = SHARDS.index(shard) + 1
    return Spot(shard=SHARDS[following]) if following < len(SHARDS) else None
