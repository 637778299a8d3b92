# SPDX-License-Identifier: Apache-2.0
"""One simulated life of the log, decided by one number.

Two appenders and three sequencers, the product's own code over contract-tested fakes, interleaved
at every call. Any call may crash its process before or after it took effect, fail without or with
effect, or find half a batch done; processes start anew; wakes come late, twice or never. Once in a
while the head is rolled back or an object is gone. `Watch` judges every write.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache, lru_cache
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly

from chalicelib.domain.state import SubjectState
from chalicelib.errors import (
    Conflict,
    DependencyError,
    EvidenceError,
    FatalError,
    Throttled,
    Unavailable,
)
from chalicelib.ports.ledger import Append, Head, NewSubject, StoredEntry
from chalicelib.services import sequencing
from chalicelib.services.sequencing import CHECKPOINT, Sequencer
from tests.simulation.baton import Baton
from tests.simulation.entries import BASE, CONTROLLER, ORIGIN, Entry, entry
from tests.simulation.ports import PagedOutbox, WatchedBlobs, WatchedHeads
from tests.simulation.watch import STAGING, BrokenPromise, Watch
from tests.support.faults import Moment
from tests.support.memory_keys import MemoryLogSigner
from tests.support.memory_ledger import (
    MemoryHeadStore,
    MemoryLedgerStore,
    MemoryOutbox,
    MemoryRows,
)
from tests.support.memory_outside import MemoryBlobs, OutsideRows

SEQUENCERS = ("sequencer 1", "sequencer 2", "sequencer 3")
APPENDERS = ("appender 1", "appender 2")
OWNERS = (CONTROLLER, "ada", "bo", "cy")
BASES = (0, 0, 0, 0, 1, 3, 3, 250, 254, 256, 511)
"""Entries a log may begin with: some near the edge of a tile."""
QUIET, ROLLBACK, LOSS, BOTH = "quiet", "rollback", "loss", "both"
MAX_CALLS = 20_000
"""Calls after which a life that does not end is called so."""
_CONDITIONAL = ("HeadStore.swap", "Blobs.put")

Make = Callable[..., Sequencer]
_signer = MemoryLogSigner()


class Crash(BaseException):
    """The process is gone. No code under test may catch it."""


class Simulation:
    """One seed."""

    def __init__(
        self, seed: int, make: Make = Sequencer, *, kind: str | None = None, trace: bool = False
    ) -> None:
        self.seed = seed
        self.counts: Counter[str] = Counter()
        self.trace: list[str] | None = [] if trace else None
        self._make = make
        self._random = random = Random(seed)
        self._rows, self._outside, heads = _begun(random.choice(BASES))
        self._heads: list[Head | None] = heads
        self._rate = random.choice((0.0, 0.01, 0.03, 0.1))
        drawn = random.choices((QUIET, ROLLBACK, LOSS, BOTH), (5, 3, 1, 1))[0]
        self._kind = kind or drawn
        self._baton = Baton(random, random.choice((0.2, 0.5, 0.8, 0.95)))
        self._watch = Watch(self._rows, self._outside, heads)
        self._calm = False
        self._last_call = ""
        self._wakes = 0
        self._controller_entries = 0
        self._store = MemoryLedgerStore(self._rows, self._io)

    def run(self) -> None:
        """Live through it.

        Raises:
            BrokenPromise: an invariant does not hold, or the log halted without a reason.
        """
        tasks = dict.fromkeys(APPENDERS, self._append_some)
        tasks |= dict.fromkeys(SEQUENCERS, self._sequence_some)
        if self._kind is not QUIET:
            tasks["misfortune"] = self._strike
        try:
            self._baton.run(tasks)
            self._calm = True
            self._end()
        except BrokenPromise:
            raise
        except Exception as error:
            raise BrokenPromise(f"nobody expected {type(error).__name__}: {error}") from error

    def _io(self, call: str, moment: Moment) -> None:
        if self._calm:
            return
        if moment is Moment.BEFORE:
            self._baton.pause()
            self._last_call = call
            self.counts["calls"] += 1
            if self.counts["calls"] > MAX_CALLS:
                raise BrokenPromise("liveness: the sequencers keep going")
        else:
            self._watch.after(call)
        fault = self._fault(call, moment) if self._random.random() < self._rate else None
        self._note(f"{call} {moment}" + (f": {type(fault).__name__}" if fault else ""))
        if fault is not None:
            self.counts[f"{type(fault).__name__} {moment}"] += 1
            raise fault

    def _fault(self, call: str, moment: Moment) -> BaseException:
        kinds: list[BaseException] = [Crash(), Unavailable(f"{call} {moment}")]
        if moment is Moment.BEFORE:
            kinds.append(Throttled(call))
        elif call in _CONDITIONAL:
            kinds.append(Conflict("the SDK asked twice and met its own write"))
        return self._random.choice(kinds)

    def _note(self, what: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self._baton.current or 'end':<12} {what}")

    # Appenders

    def _append_some(self) -> None:
        for _ in range(self._random.randint(1, 8)):
            owner = self._random.choice(OWNERS)
            try:
                if owner == CONTROLLER:
                    self._append_controller()
                else:
                    self._append_chain(owner)
            except (Crash, Conflict, DependencyError):
                pass
            self._wakes += self._random.choice((0, 1, 1, 2))

    def _append_controller(self) -> None:
        made = entry(CONTROLLER, self._controller_entries)
        self._controller_entries += 1
        for _ in range(2):
            try:
                self._store.append_controller_entry(made.event, made.leaf, b"sealed")
            except DependencyError:
                continue
            return

    def _append_chain(self, owner: str) -> None:
        sid = entry(owner, 0).sid
        assert sid is not None
        state = self._store.load(sid).state
        first = state.entries if state else 0
        count = self._random.choice((1, 1, 2, 3))
        self._store.commit(
            Append(
                sid=sid,
                expected_entries=first,
                entries=tuple(_stored(entry(owner, first + at), first + at) for at in range(count)),
                state=SubjectState(entries=first + count),
                last_leaf_hash="",
                new_subject=None if first else NewSubject(wrapped_key=b"key", macs=(owner,)),
            )
        )

    # Sequencers

    def _sequencer(self) -> Sequencer:
        signer = copy(_signer)
        signer.faults = self._io
        return self._make(
            heads=WatchedHeads(ORIGIN, self._rows, self._io, self._moved),
            outbox=PagedOutbox(self._rows, self._io, self._random),
            blobs=WatchedBlobs(self._outside, self._io, self._wrote, self._asked_twice),
            signer=signer,
            origin=ORIGIN,
        )

    def _moved(self, old: Head | None, new: Head) -> None:
        self._watch.moved(old, new)
        self._heads.append(new)

    def _wrote(self, kind: str, key: str, data: bytes) -> None:
        self._note(f"  {kind} {key}")
        self._watch.wrote(kind, key, data)

    def _asked_twice(self) -> bool:
        return not self._calm and self._random.random() < self._rate

    def _sequence_some(self) -> None:
        process = self._sequencer()
        for _ in range(self._random.randint(2, 6)):
            self._wait_for_wake()
            try:
                process.run()
            except Crash:
                process = self._sequencer()
            except (Conflict, DependencyError):
                pass
            except (FatalError, EvidenceError) as halt:
                self._note(f"halted: {halt}")
                self.counts["halts"] += 1
                if not self._watch.struck:
                    raise BrokenPromise(f"the log halted without a reason: {halt}") from halt

    def _wait_for_wake(self) -> None:
        for _ in range(8):
            self._baton.pause()
            if self._wakes:
                self._wakes -= 1
                return
            if self._random.random() < 0.2:
                return  # The schedule.

    # Misfortune

    def _strike(self) -> None:
        for _ in range(self._random.randint(1, 80)):
            self._baton.pause()
        wanted = self._random.choice(("", "HeadStore.read", "LogSigner.sign", "HeadStore.swap"))
        for _ in range(60):
            if not wanted or self._last_call == wanted:
                break
            self._baton.pause()
        if self._kind in (ROLLBACK, BOTH):
            self._roll_back()
        if self._kind in (LOSS, BOTH):
            self._lose()
            for _ in range(self._random.randint(1, 40)):
                self._baton.pause()
            if self._random.random() < 0.5:
                self._find_again()

    def _roll_back(self) -> None:
        old = self._random.choice(self._heads[-self._random.choice((2, 3, 4, 20)) :])
        if old == self._rows.heads.get(ORIGIN):
            return
        self._note(f"the head is rolled back to {old.size if old else None}")
        self.counts["rollbacks"] += 1
        self._watch.rolled_back = True
        self._heads.append(old)
        if old is None:
            self._rows.heads.pop(ORIGIN, None)
        else:
            self._rows.heads[ORIGIN] = old

    def _lose(self) -> None:
        blobs = self._outside.blobs
        staged = [key for key in blobs if key.startswith(STAGING)]
        latest = [CHECKPOINT] * len(blobs) * (self._kind is BOTH and CHECKPOINT in blobs)
        key = self._random.choice([*blobs, *staged, *latest, CHECKPOINT])
        if key == CHECKPOINT and ORIGIN not in self._rows.heads:
            return  # Without head and checkpoint a log looks new: only a witness knows better.
        if key in blobs:
            self._note(f"{key} is lost")
            self.counts["losses"] += 1
            self._watch.missing[key] = blobs.pop(key)

    def _find_again(self) -> None:
        for key, blob in self._watch.missing.items():
            self._note(f"{key} is found again")
            self._outside.blobs.setdefault(key, blob)

    # The end: no more faults

    def _end(self) -> None:
        self._find_again()
        head = self._rows.heads.get(ORIGIN)
        behind = (head.size if head else 0) < self._watch.published_size
        before = self._watch.published_size
        process = self._sequencer()
        try:
            for _ in range(3):
                process.run()
        except (FatalError, EvidenceError) as halt:
            self._note(f"halted at the end: {halt}")
            if not self._watch.rolled_back:
                raise BrokenPromise(f"liveness: the log stays halted: {halt}") from halt
            if behind and self._watch.published_size != before:
                raise BrokenPromise("a halted log published something") from halt
            self.counts["halted for good"] += 1
            return
        if behind:
            raise BrokenPromise("the head was rolled back and the log went on")
        self._watch.finished()
        self.counts["finished"] += 1


def _stored(made: Entry, n: int) -> StoredEntry:
    return StoredEntry(n=n, event=made.event, leaf=made.leaf, sealed=None)


def _begun(size: int) -> tuple[MemoryRows, OutsideRows, list[Head | None]]:
    """Copies of a log of ``size`` entries, and the heads it had."""
    rows, outside = _log_of(size)
    heads: list[Head | None] = [None, *rows.heads.values()]
    return (
        MemoryRows(heads=dict(rows.heads)),
        OutsideRows(blobs=dict(outside.blobs)),
        heads,
    )


@cache
def _log_of(size: int) -> tuple[MemoryRows, OutsideRows]:
    rows, outside = MemoryRows(), OutsideRows()
    store = MemoryLedgerStore(rows)
    for n in range(size):
        made = entry(BASE, n)
        store.append_controller_entry(made.event, made.leaf, None)
    Sequencer(
        heads=MemoryHeadStore(ORIGIN, rows),
        outbox=MemoryOutbox(rows),
        blobs=MemoryBlobs(outside),
        signer=_signer,
        origin=ORIGIN,
    ).run()
    return rows, outside


@contextmanager
def prepared() -> Iterator[None]:
    """Verify each checkpoint once in many seeds, and log nothing: halts are the point here."""
    verify, log = sequencing.verify_checkpoint, sequencing.log
    level = log.level
    sequencing.verify_checkpoint = lru_cache(maxsize=10_000)(verify)
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        sequencing.verify_checkpoint = verify
        log.setLevel(level)
