# SPDX-License-Identifier: Apache-2.0
"""Runs: up to sixteen chunks of a shard that one worker takes in one go, and a worker's marks.

Guarantees that a mark says of everybody in its chunk what they are from now on, and takes from
nobody an outcome they had; so whoever gets to write it may send, and nobody else may. Refuses to
mark a chunk that its own view calls dispatched, done or unknown.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.campaigns import ChunkRef, ChunkStatus
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.domain.outcomes import DISPATCHED, OPEN, OutcomeCode, require_steps
from chalicelib.errors import FatalError

MAX_RUN_CHUNKS = 16
"""Chunks in a run: a manifest's range of 22 KB, and some ten seconds of work."""
_MAY_BE_MARKED = (None, ChunkStatus.PARTIAL, ChunkStatus.CLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRef:
    """Chunks ``first`` up to ``first + count``, exclusive, of one shard: one queue message."""

    campaign: CampaignId
    shard: str
    first: int
    count: int

    def __post_init__(self) -> None:
        if self.shard not in SHARDS or self.first < 0 or not 1 <= self.count <= MAX_RUN_CHUNKS:
            raise FatalError("a run names one to sixteen chunks of a shard")

    @property
    def chunks(self) -> tuple[ChunkRef, ...]:
        """Its chunks, in order."""
        return tuple(
            ChunkRef(campaign=self.campaign, shard=self.shard, number=number)
            for number in range(self.first, self.first + self.count)
        )


def runs_of(
    campaign: CampaignId, shard: str, chunks: int, finished: Collection[int] = frozenset()
) -> tuple[RunRef, ...]:
    """Return the runs of a shard of ``chunks`` chunks that hold one not ``finished``.

    A run always has the same first chunk and length, so that it has one lease however often its
    message is made anew.

    """
    runs = []
    for first in range(0, chunks, MAX_RUN_CHUNKS):
        count = min(MAX_RUN_CHUNKS, chunks - first)
        if any(number not in finished for number in range(first, first + count)):
            runs.append(RunRef(campaign=campaign, shard=shard, first=first, count=count))
    return tuple(runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkView:
    """A chunk's row as it was read.

    Attributes:
        version: of the row; 0 while there is none. A row of version 1 says of nobody who they are,
            but for those it left open.
        status: None while there is no row.
        round: how many marks came before, of version 1 how many claims.
        codes: a byte a person in manifest order; None in a row of version 1, and without a row.
        unsettled: of version 1: places left open by rounds before; None when that is everybody.
        message_ids: SES's ids by place, as far as there are any.
        lease_ms: of version 1: when the claim ends.

    """

    chunk: ChunkRef
    version: int = 0
    status: ChunkStatus | None = None
    owner: str | None = None
    round: int = 0
    codes: bytes | None = None
    unsettled: tuple[int, ...] | None = None
    message_ids: tuple[str | None, ...] = ()
    dispatched_ms: int | None = None
    lease_ms: int = 0
    at_ms: int | None = None

    def free(self, now_ms: int) -> bool:
        """Whether somebody in it may be sent to by whoever gets to mark it.

        A claim of version 1 holds until its lease ends. A clock that runs ahead takes it sooner:
        then the claim's own worker can mark it no more.

        """
        if self.status is ChunkStatus.CLAIMED:
            return self.lease_ms < now_ms
        return self.status in (None, ChunkStatus.PARTIAL)

    @property
    def finished(self) -> bool:
        """Whether it needs no message any more."""
        return self.status in (ChunkStatus.DONE, ChunkStatus.UNKNOWN)

    def codes_of(self, people: int) -> bytes:
        """Return a byte for each of the chunk's ``people``.

        Raises:
            FatalError: the row names another number of people.

        """
        if self.codes is not None:
            if len(self.codes) != people:
                raise FatalError("a chunk's row and its manifest name different people")
            return self.codes
        if self.status in _MAY_BE_MARKED and self.unsettled is None:
            return bytes((OPEN,)) * people
        codes = bytearray((OutcomeCode.EARLIER,)) * people
        if self.status in _MAY_BE_MARKED:
            for place in self.unsettled or ():
                if not place < people:
                    raise FatalError("a chunk's row and its manifest name different people")
                codes[place] = OPEN
        return bytes(codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one worker is about to write of a chunk before it may call SES.

    Attributes:
        view: the row it was decided from; when another is there by then, nothing is written.
        owner: 16 random bytes as text; names this one mark and is never used again, so that a
            request of an earlier mark that arrives late can never pass for one of this.
        codes: what everybody is from now on: `DISPATCHED` who is to be sent to.
        at_ms: when, by the worker's clock.

    """

    view: ChunkView
    owner: str
    codes: bytes
    at_ms: int

    def __post_init__(self) -> None:
        if self.view.status not in _MAY_BE_MARKED:
            raise FatalError("a chunk that is dispatched, done or unknown is not marked again")
        require_steps(self.view.codes_of(len(self.codes)), self.codes)

    @property
    def chunk(self) -> ChunkRef:
        """The chunk marked."""
        return self.view.chunk

    @property
    def round(self) -> int:
        """The number of this mark among those of its chunk."""
        return self.view.round + 1

    @property
    def people(self) -> int:
        """How many are to be sent to. With nobody, the mark is all there is to write."""
        return self.codes.count(DISPATCHED)

    def holds(self, row: ChunkView) -> bool:
        """Whether ``row`` was last marked by this very mark."""
        return (row.version, row.owner, row.round) == (2, self.owner, self.round)

    def begun(self, row: ChunkView) -> bool:
        """Whether ``row`` was left by this very mark, and nothing came of it yet.

        Events may have told since of people whom an earlier mark lost.

        """
        open_still = row.status is ChunkStatus.DISPATCHED or not self.people
        return self.holds(row) and row.dispatched_ms == self.at_ms and open_still

    def opened(self, codes: bytes) -> bool:
        """Whether everybody this mark dispatched is open in ``codes``: it was given back whole."""
        pairs = zip(self.codes, codes, strict=True)
        return all(now == OPEN for before, now in pairs if before == DISPATCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of a mark.

    Attributes:
        codes: everybody again: nobody dispatched any more; `OPEN` whom SES surely did not take.
        message_ids: SES's id by place; None, or nothing at the end, where there is none.
        at_ms: when, by the worker's clock.

    """

    codes: bytes
    message_ids: tuple[str | None, ...]
    at_ms: int

    def require_of(self, mark: Mark) -> None:
        """Require that this can have come of ``mark``.

        Raises:
            FatalError: it changes somebody who was not dispatched, or leaves somebody so, or names
                an id of somebody who was not sent to.

        """
        require_steps(mark.codes, self.codes)
        changed = zip(mark.codes, self.codes, strict=True)
        if DISPATCHED in self.codes or any(a != b for a, b in changed if a != DISPATCHED):
            raise FatalError("an outcome is told of everybody dispatched and of nobody else")
        if len(self.message_ids) > len(self.codes):
            raise FatalError("a message id of nobody")
        told = zip(self.codes, self.message_ids, strict=False)
        if any(code != OutcomeCode.SENT for code, message_id in told if message_id is not None):
            raise FatalError("a message id of somebody who was not sent to")


def joined(
    earlier: tuple[str | None, ...], later: tuple[str | None, ...]
) -> tuple[str | None, ...]:
    """Return message ids by place from two accounts; the earlier one's stand."""
    length = max(len(earlier), len(later))
    pairs = zip(_filled(earlier, length), _filled(later, length), strict=True)
    return tuple(one if one is not None else other for one, other in pairs)


def _filled(ids: tuple[str | None, ...], length: int) -> tuple[str | None, ...]:
    return ids + (None,) * (length - len(ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many people each planned shard holds, and how many of them could not be rendered.

    Attributes:
        go_ms: when the whole plan was let go; no chunk message is made before.

    """

    people: Mapping[str, int] = field(default_factory=dict)
    render_errors: Mapping[str, int] = field(default_factory=dict)
    go_ms: int | None = None

    @property
    def planned(self) -> int:
        """Everybody planned so far."""
        return sum(self.people.values())

    @property
    def whole(self) -> bool:
        """Whether every shard is planned."""
        return len(self.people) == len(SHARDS)
