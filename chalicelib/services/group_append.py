# SPDX-License-Identifier: Apache-2.0
"""Appending to many chains, several subjects a transaction: for imports, never for a visitor.

Guarantees that every row of a chunk is decided on what was read of its address and written exactly
once, by whichever worker, however often one is killed: the lane's step is stored with the rows or
neither is. Whoever changed between the reads and the transaction is decided anew, alone, and delays
nobody else. Refuses to go on with a lane that another worker is further along.

Idempotency key: the lane and its place.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.reach import Reach
from chalicelib.errors import Conflict, FatalError, NotFound, Overtaken, Throttled
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import Loaded, ReachOfMac, Suppressed
from chalicelib.ports.ledger_groups import (
    MAX_ACTIONS,
    MAX_READ,
    STEP_ACTIONS,
    Group,
    GroupStore,
    Place,
    Step,
    actions_of,
    names_of,
)
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.drafting import Drafted
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.services.suppression_digests import ManyDigests, taken_over

MAX_ROWS = 2 * MAX_READ
"""In a group: rows that need nothing written take no room in a transaction, but are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The part of an import that one worker after another works through."""

    owner: str
    lane: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read of a row's address.

    Attributes:
        suppressions: of the MAC and of its digests, whether or not the subject's state has them.
        chain: the subject's, or a new one; None while the subject is being erased.
        digests: MACs of the address's digests; none where no digest was ever suppressed.
        spent: of these what somebody took over who has the address no more: it says nothing now.

    """

    mac: str
    suppressions: tuple[Suppressed, ...]
    chain: Chain | None
    digests: tuple[str, ...] = ()
    spent: frozenset[ReachOfMac] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a row comes to.

    Attributes:
        drafts: entries to append; none: nothing is written.
        profile: to seal and store with them; None leaves the stored one.
        suppress: suppression rows that the drafts record.
        counts: what the lane's counters grow by; names hold nothing personal.

    Raises:
        FatalError: something is to be stored without an entry that says so.

    """

    drafts: tuple[Draft, ...] = ()
    profile: Mapping[str, JsonValue] | None = None
    suppress: tuple[Suppressed, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a change without its entry."""
        if not self.drafts and (self.suppress or self.profile is not None):
            raise FatalError("nothing changes without its entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a chunk: whose address, and what to do about it.

    Attributes:
        decide: called once for every time the address was read; it stores nothing itself.
        digests: what the keyed MACs of the address's digests are made of (`names_of_digests`).

    """

    mac: str
    decide: Callable[[Seen], Decided]
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A decided row; ``drafted`` is None when nothing is to be written."""

    row: Row
    drafted: Drafted | None
    counts: Mapping[str, int]


class GroupAppender:
    """Writes the rows of an import."""

    def __init__(self, *, ledger: Ledger, store: GroupStore, index: SuppressionIndex) -> None:
        self._ledger = ledger
        self._store = store
        self._index = index
        self._digests = ManyDigests(ledger=ledger, index=index, store=store)

    def append_chunk(self, lane: Lane, at: Place, rows: Sequence[Row]) -> Place:
        """Write the rows of the chunk at ``at`` that are not done, and return the next place.

        Args:
            rows: all of the chunk's, in the same order each time.

        Raises:
            Overtaken: another worker is further along the lane, or the lane is gone.
            Conflict: somebody kept changing; the rows before theirs are done.
            DependencyError: the outcome of the last group may be unknown; the lane's row says
                how far it is, and calling again from there is right.

        """
        stored = False
        waiting: list[_Ready] = []
        room = _Room()
        for ready in self._decided(rows[at.done :]):
            if not room.takes(ready):
                after = Place(at.chunk, at.done + len(waiting))
                at = self._commit(lane, at, waiting, after)
                waiting, room = [], _Room()
            room.fill(ready)
            waiting.append(ready)
            stored = stored or ready.drafted is not None
        at = self._commit(lane, at, waiting, Place(at.chunk + 1, 0))
        if stored:
            self._ledger.wake_sequencer()
        return at

    def _commit(
        self, lane: Lane, at: Place, rows: Sequence[_Ready], after: Place, *, halved: bool = False
    ) -> Place:
        """Store a group; what stands in its way is met by storing less at once."""
        try:
            self._store_group(lane, at, rows, after)
        except Overtaken:
            raise
        except Conflict:
            for row, place, then in _one_by_one(rows, at, after):
                self._commit_alone(lane, place, row.row, then)
        except Throttled:
            half = len(rows) // 2
            if halved or not half:
                raise
            between = Place(at.chunk, at.done + half)
            self._commit(lane, at, rows[:half], between, halved=True)
            self._commit(lane, between, rows[half:], after, halved=True)
        return after

    def _commit_alone(self, lane: Lane, at: Place, row: Row, after: Place) -> None:
        """Read, decide and store one row, anew each time that its subject moved on in between."""
        for _ in range(ATTEMPTS):
            try:
                self._store_group(lane, at, list(self._decided([row])), after)
            except Overtaken:
                raise
            except Conflict:
                continue
            return
        raise Conflict(KEPT_MOVING)

    def _store_group(self, lane: Lane, at: Place, rows: Sequence[_Ready], after: Place) -> None:
        counts: Counter[str] = Counter()
        for row in rows:
            counts.update(row.counts)
        drafted = [row.drafted for row in rows if row.drafted is not None]
        # Before it stands, as nobody may come back after it does; too much is harmless here.
        for each in drafted:
            for suppressed in each.append.suppress:
                self._index.note(suppressed.mac)
        step = Step(owner=lane.owner, lane=lane.lane, before=at, after=after, counts=dict(counts))
        self._store.commit_group(Group(appends=tuple(x.append for x in drafted), step=step))
        for each in drafted:
            if each.ended:
                self._ledger.wake_sequencer(forget=each.after.sid)

    def _decided(self, rows: Sequence[Row]) -> Iterator[_Ready]:
        """Read so many addresses at once, and decide each row on what was read."""
        for start in range(0, len(rows), MAX_READ):
            some = rows[start : start + MAX_READ]
            seen = self._seen({row.mac: row.digests for row in some})
            for row in some:
                decided = row.decide(seen[row.mac])
                drafted = self._drafted(seen[row.mac], decided)
                yield _Ready(row=row, drafted=drafted, counts=decided.counts)

    def _seen(self, names: Mapping[str, tuple[str, ...]]) -> dict[str, Seen]:
        by_digest = self._digests.read(names)
        looked_up = self._store.lookup_many(sorted(names))
        sids = sorted({found.sid for found in looked_up.values() if found.sid is not None})
        loaded = self._store.load_many(sids) if sids else {}
        return {
            mac: Seen(
                mac=mac,
                suppressions=(*found.suppressions, *by_digest[mac].rows),
                chain=self._ledger.start(mac)
                if found.sid is None
                else self._open(found.sid, loaded[found.sid]),
                digests=by_digest[mac].macs,
                spent=by_digest[mac].spent,
            )
            for mac, found in looked_up.items()
        }

    def _open(self, sid: SubjectId, loaded: Loaded) -> Chain | None:
        try:
            return self._ledger.opened(sid, loaded)
        except NotFound:
            return None

    def _drafted(self, seen: Seen, decided: Decided) -> Drafted | None:
        """The append of a row. A stranger must be suppressed for no more than was read."""
        if not decided.drafts:
            return None
        if seen.chain is None:
            raise FatalError("nothing is appended to the chain of somebody who is being erased")
        own = [row for row in seen.suppressions if row.mac == seen.mac]
        found = [row for row in seen.suppressions if row.mac != seen.mac]
        taken = taken_over(
            decided.drafts,
            found,
            {seen.mac: (*own, *decided.suppress)},
            self._ledger.new_event_id,
        )
        return self._ledger.drafted(
            seen.chain,
            taken.drafts,
            profile=decided.profile,
            suppress=(*decided.suppress, *taken.rows, *taken.spent),
            unsuppressed=_unsuppressed(seen, decided.drafts) if seen.chain.is_new else (),
        )


def _unsuppressed(seen: Seen, drafts: Sequence[Draft]) -> tuple[ReachOfMac, ...]:
    """What was read of a stranger's address and its digests: nothing that the entries meet."""
    held = {(row.mac, row.reach) for row in seen.suppressions} | seen.spent
    met = sorted({reach for draft in drafts for reach in _met(draft)}, key=attrgetter("order"))
    named = ((mac, reach) for mac in (seen.mac, *seen.digests) for reach in met)
    return tuple(each for each in named if each not in held)


def _met(draft: Draft) -> Iterator[Reach]:
    """Every reach of a suppression that an entry's mail would fall under."""
    channel = draft.channel or EMAIL
    yield Reach(channel=channel)
    if draft.brand is not None:
        yield Reach(draft.brand, channel)
        for list_id in draft.lists:
            yield Reach(draft.brand, channel, list_id)


class _Room:
    """What one transaction still takes."""

    def __init__(self) -> None:
        self._rows = MAX_ROWS
        self._actions = MAX_ACTIONS - STEP_ACTIONS
        self._names: set[str] = set()

    def takes(self, ready: _Ready) -> bool:
        """Whether the row fits; of one subject or address only one row does."""
        if ready.drafted is None:
            return self._rows > 0
        append = ready.drafted.append
        return (
            self._rows > 0
            and actions_of(append) <= self._actions
            and not (names_of(append) & self._names)
        )

    def fill(self, ready: _Ready) -> None:
        """Count the row in."""
        self._rows -= 1
        if ready.drafted is not None:
            self._actions -= actions_of(ready.drafted.append)
            self._names |= names_of(ready.drafted.append)


def _one_by_one(
    rows: Sequence[_Ready], at: Place, after: Place
) -> Iterator[tuple[_Ready, Place, Place]]:
    """Yield each row with its own place and the one after it."""
    for number, row in enumerate(rows, start=1):
        then = after if number == len(rows) else Place(at.chunk, at.done + 1)
        yield row, at, then
        at = then
