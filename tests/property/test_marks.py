# SPDX-License-Identifier: Apache-2.0
"""Workers, lost answers, late requests, expiry and events in any order over one chunk.

Whatever happens when: nobody is in two calls that SES may have taken, no outcome becomes less
known, and everybody is accounted for in the end.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random  # noqa: TID251 -- a seed that replays, not the product's randomness

import pytest

from chalicelib.domain.campaigns import ChunkStatus
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.outcomes import NEXT
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.runs import ChunkView, Mark, RunRef, Settled
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ports.sending import DeliveryRow
from tests.support.clock import START_MS
from tests.support.faults import Moment
from tests.support.former_port import ChunkResult
from tests.support.memory_runs import MemoryChunkAccounts, MemoryRuns, RunRows
from tests.support.memory_sending import MemoryChunks

CAMPAIGN = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")
RUN = RunRef(campaign=CAMPAIGN, shard="3", first=0, count=1)
CHUNK = RUN.chunks[0]
PEOPLE = 4
STEPS = 60
SEEDS = 1_000
SKEW_MS = 300_000
LATE_MS = START_MS + 100 * SKEW_MS


@dataclass(slots=True)
class World:
    """One chunk, what SES took of it, and every mark whose worker is still alive."""

    random: Random
    rows: RunRows = field(default_factory=RunRows)
    taken: Counter[int] = field(default_factory=Counter)
    maybe: Counter[int] = field(default_factory=Counter)
    views: list[ChunkView] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    ended: list[tuple[Mark, Settled]] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)
    owners: int = 0

    def faults(self, _call: str, moment: Moment) -> None:
        if self.random.random() < 0.15:
            raise Unavailable(f"fault {moment}")

    @property
    def runs(self) -> MemoryRuns:
        return MemoryRuns(self.rows, self.faults)

    @property
    def accounts(self) -> MemoryChunkAccounts:
        return MemoryChunkAccounts(self.rows)

    def owner(self) -> str:
        self.owners += 1
        return f"owner-{self.owners}"

    def now_ms(self) -> int:
        return START_MS + self.random.randint(-SKEW_MS, SKEW_MS)

    # A worker of version 2

    def look(self) -> None:
        self.views.append(self.runs.view(RUN)[0])

    def mark(self) -> None:
        """Mark from any view ever read, and call SES if the store said yes."""
        if not self.views:
            return
        view = self.random.choice(self.views)
        if not view.free(self.now_ms()):
            return
        wanted = (Code.DISPATCHED, Code.DISPATCHED, Code.NO_CONSENT, Code.FREQUENCY)
        codes = bytes(
            self.random.choice(wanted) if code == Code.OPEN else code
            for code in view.codes_of(PEOPLE)
        )
        mark = Mark(view=view, owner=self.owner(), codes=codes, at_ms=self.now_ms())
        try:
            self.runs.dispatch(mark, rows_of(mark))
        except Unavailable:
            self.tell_or_give_back(mark, None)
            return
        if mark.people and self.random.random() < 0.9:
            self.marks.append(mark)  # Else it was killed before the call.

    def call(self) -> None:
        """Call SES for a mark, now or much later; each is called for at most once."""
        if not self.marks:
            return
        mark = self.marks.pop(self.random.randrange(len(self.marks)))
        codes = bytearray(mark.codes)
        for place, code in enumerate(codes):
            if code == Code.DISPATCHED:
                codes[place] = self.ask_ses(place)
        if self.random.random() < 0.9:  # Else it was killed after the call.
            self.tell_or_give_back(mark, bytes(codes))

    def ask_ses(self, place: int) -> Code:
        answer = self.random.choice(
            (Code.SENT, Code.SENT, Code.REJECTED, Code.OPEN, Code.OPEN, Code.UNKNOWN)
        )
        self.maybe[place] += answer in (Code.SENT, Code.UNKNOWN)
        self.taken[place] += answer is Code.SENT or (
            answer is Code.UNKNOWN and self.random.random() < 0.5
        )
        return answer

    def tell_or_give_back(self, mark: Mark, codes: bytes | None) -> None:
        if codes is None:
            self.runs.release(mark)
            return
        if mark.opened(codes) and self.random.random() < 0.5:
            self.runs.release(mark)
            return
        settled = Settled(codes=codes, message_ids=(), at_ms=self.now_ms())
        self.ended.append((mark, settled))
        self.runs.commit(mark, settled)

    def repeat(self) -> None:
        """A request the SDK, or a worker that heard no answer, makes again at any later time."""
        if self.ended:
            mark, settled = self.random.choice(self.ended)
            self.runs.commit(mark, settled)

    # Everybody else

    def expire(self) -> None:
        self.accounts.expire(CAMPAIGN, "3", self.random.choice((START_MS, LATE_MS)))

    def resolve(self) -> None:
        for view in self.random.sample(self.views, min(2, len(self.views))):
            if view.codes is not None:
                self.accounts.resolve(view, self.told(view.codes))

    def told(self, codes: bytes) -> dict[int, Code]:
        lost = [place for place, code in enumerate(codes) if code in (Code.UNKNOWN, Code.UNSENT)]
        return {
            place: Code.RESOLVED_SENT if self.taken[place] else Code.UNSENT
            for place in lost
            if self.random.random() < 0.7
        }

    # A worker of version 1

    def claim_before(self) -> None:
        owner = self.owner()
        if MemoryChunks(self.rows.former).claim(CHUNK, owner, self.now_ms(), 60_000) is not None:
            self.claimed.append(owner)

    def send_before(self) -> None:
        """Dispatch by the rules of version 1 and, if the store said yes, settle in part."""
        if not self.claimed:
            return
        owner = self.claimed.pop(self.random.randrange(len(self.claimed)))
        former = MemoryChunks(self.rows.former)
        unsettled = self.rows.former.chunks[CHUNK].unsettled
        places = tuple(range(PEOPLE)) if unsettled is None else unsettled
        row = replace(rows_of(None)[0], chunk="3-0")
        former.dispatch(CHUNK, owner, (row,) * len(places), self.now_ms())
        first, rest = places[0], places[1:]
        self.maybe[first] += 1
        self.taken[first] += 1
        if self.random.random() < 0.8:
            former.commit(CHUNK, owner, former_result(rest))


def former_result(unsettled: Sequence[int]) -> ChunkResult:
    return ChunkResult(
        sent=1,
        rejected=0,
        unknown=0,
        skipped={},
        message_ids=(),
        at_ms=START_MS,
        unsettled=tuple(unsettled),
    )


def rows_of(mark: Mark | None) -> tuple[DeliveryRow, ...]:
    row = DeliveryRow(
        delivery=DeliveryId("delivery"),
        campaign=CAMPAIGN,
        sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
        chunk="3-0",
        basis="consent",
        entry=1,
        measured=False,
        at_ms=START_MS,
    )
    return (row,) * (1 if mark is None else mark.people)


ACTS = {
    World.look: 4,
    World.mark: 4,
    World.call: 4,
    World.repeat: 2,
    World.expire: 1,
    World.resolve: 2,
}
BEFORE = {World.claim_before: 2, World.send_before: 2}


def live(world: World, *, with_version_1: bool) -> None:
    """Let a seed's life go by, watching the chunk at every step."""
    acts = {**ACTS, **BEFORE} if with_version_1 else ACTS
    codes = bytes(PEOPLE)
    for _ in range(STEPS):
        (act,) = world.random.choices(list(acts), list(acts.values()))
        with suppress(Conflict, Unavailable):  # Another was first, or the answer was lost.
            act(world)
        now = world.rows.view(CHUNK)
        if now.codes is not None:
            assert_monotone(codes, now.codes)
            codes = now.codes
        assert not [place for place, calls in world.maybe.items() if calls > 1]


def assert_monotone(before: bytes, after: bytes) -> None:
    """Every place took allowed steps: one, or two by way of a state nobody looked at."""
    for old, new in zip(before, after, strict=True):
        if old in (new, Code.OPEN, Code.DISPATCHED):
            continue
        assert new in NEXT.get(Code(old), ()), (Code(old).name, Code(new).name)


def finish(world: World) -> None:
    """One healthy worker and the schedule, after everybody else is gone."""
    world.accounts.expire(CAMPAIGN, "3", LATE_MS)
    runs = MemoryRuns(world.rows)
    view = runs.view(RUN)[0]
    if view.free(LATE_MS):
        codes = view.codes_of(PEOPLE).replace(bytes((Code.OPEN,)), bytes((Code.DISPATCHED,)))
        mark = Mark(view=view, owner="last", codes=codes, at_ms=LATE_MS)
        runs.dispatch(mark, rows_of(mark))
        for place, code in enumerate(codes):
            world.maybe[place] += code == Code.DISPATCHED
        sent = codes.replace(bytes((Code.DISPATCHED,)), bytes((Code.SENT,)))
        runs.commit(mark, Settled(codes=sent, message_ids=(), at_ms=LATE_MS))
    view = runs.view(RUN)[0]
    if view.codes is not None:
        told = {p: Code.UNSENT for p, code in enumerate(view.codes) if code == Code.UNKNOWN}
        assert world.accounts.resolve(view, told)


@pytest.mark.parametrize("with_version_1", [False, True])
def test_nobody_is_in_two_calls_whatever_happens_when(with_version_1):
    ends: Counter[ChunkStatus | None] = Counter()
    for seed in range(SEEDS):
        world = World(Random(seed))
        live(world, with_version_1=with_version_1)
        finish(world)
        assert not [place for place, calls in world.maybe.items() if calls > 1], seed
        view = world.rows.view(CHUNK)
        assert view.finished, seed
        counted, _ = world.accounts.progress(CAMPAIGN)
        assert counted.progress.accounted == PEOPLE, seed
        assert counted.progress.sent <= sum(world.maybe.values()), seed
        ends[view.status] += 1
    assert ends[ChunkStatus.DONE] > SEEDS // 2
