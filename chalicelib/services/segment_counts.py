# SPDX-License-Identifier: Apache-2.0
"""Counting a segment: sixteen parts, made at once or one after the other, that give one count.

Guarantees that all parts ask the same (`domain.frozen_segment`), that a part once told stands
however often it is made again, and that a count is told when all of it is there and not before. Its
sample is drawn by lot: up to twenty people, the same whenever they are asked for. Refuses a fifth
count while four run. A count and its people's ids are kept for seven days; addresses never.

Idempotency key of a part: count and shard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.frozen_segment import FrozenSegment, dump_frozen, load_frozen
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    SHARDS,
    JobId,
    ListId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.state import SOFT_OPT_IN, ConsentStatus
from chalicelib.errors import Conflict, DependencyError, NotFound, Throttled
from chalicelib.ports.catalog import Jobs
from chalicelib.ports.outside import Activity, Queue, Queues
from chalicelib.ports.segment_counts import CountParts, Part
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.segment_run import SAMPLE, Evaluator, lot_of
from chalicelib.services.segments import Segments
from chalicelib.services.subscribers import Subscriber, Subscribers

KIND: Final = "segment-counts"
MAX_RUNNING: Final = 4
RUN_MS: Final = 15 * 60 * 1000
"""How long a count that does not end keeps others from starting."""
KEEP_MS: Final = 7 * DAY_MS
READ: Final = 100
"""Counts that are read to show the latest of them."""
ASKED: Final = (ConsentStatus.GIVEN, SOFT_OPT_IN)
"""Of a list, who may be written to by their status on it; as for a campaign."""
_BUSY: Final = "Four counts are running. Nothing was changed: try again when one of them is ready."
_NONE: Final = "There is no such count. They are kept for seven days."


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count as it is shown; the numbers are None until it is ready.

    Attributes:
        version: of the segment, as it was when the count was asked for.
        at_ms: the moment for which it was asked, Unix milliseconds.
        list: only people on this list were asked; None: everybody.
        sample: ids of some who match; never shown without the entry that says so.
    """

    id: JobId
    segment: str
    version: int
    at_ms: int
    list: str | None
    status: JobStatus
    considered: int | None = None
    matched: int | None = None
    excluded: int | None = None
    unreadable: int | None = None
    keyless: int | None = None
    sample: tuple[SubjectId, ...] = ()


NUMBERS: Final = ("considered", "matched", "excluded", "unreadable", "keyless")


class SegmentCounts:
    """Counts of segments."""

    def __init__(
        self,
        *,
        segments: Segments,
        subscribers: Subscribers,
        evaluator: Evaluator,
        jobs: Jobs,
        parts: CountParts,
        activity: Activity,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._segments = segments
        self._subscribers = subscribers
        self._evaluator = evaluator
        self._jobs = jobs
        self._parts = parts
        self._activity = activity
        self._queues = queues
        self._clock = clock
        self._random = random

    def start(self, segment_id: str, list_id: str | None = None) -> Count:
        """Ask for a count of a segment as it is now.

        Raises:
            NotFound: there is no such segment.
            InputError: the list is unknown, or of another brand.
            Throttled: `MAX_RUNNING` counts are running.
        """
        frozen = self._segments.frozen(segment_id)
        if list_id is not None:
            self._segments.require_list(frozen.brand, list_id)
        job_id = JobId(encode_id(self._random(RANDOM_ID_BYTES)))
        slot = self._slot(job_id)
        try:
            job = Job(
                id=job_id,
                kind=KIND,
                status=JobStatus.PENDING,
                created_ms=self._clock.now_ms(),
                request=_request(frozen, list_id, slot),
            )
            self._jobs.create(job)
            self._queues.send_all(
                Queue.SEGMENTS,
                [{"v": 1, "count": job_id, "shard": shard} for shard in SHARDS],
            )
        except DependencyError:
            self._activity.unclaim(slot, job_id)
            raise
        return _count(job)

    def make_part(self, job_id: str, shard: str) -> None:
        """Count one shard, unless that was done, and end the count when it was the last.

        Raises:
            DependencyError: nothing of the part was told; make it again.
        """
        job = self._kept(job_id)
        if job is None:
            return
        if job.status is JobStatus.PENDING:
            parts = self._parts.of(job.id)
            if shard not in {part.shard for part in parts}:
                self._parts.put(job.id, self._part(job, shard), job.created_ms + KEEP_MS)
                parts = self._parts.of(job.id)
            if len(parts) < len(SHARDS):
                return
            self._end(job, parts)
        self._activity.unclaim(job.request["slot"], job.id)

    def get(self, segment_id: str, job_id: str) -> Count:
        """Return a count.

        Raises:
            InputError: ``job_id`` is not an id.
            NotFound: the segment has no such count, or it is older than seven days.
        """
        decode_id(job_id)
        job = self._kept(job_id)
        if job is None or job.request["segment"] != segment_id:
            raise NotFound(_NONE)
        return _count(job)

    def recent(self) -> tuple[Count, ...]:
        """Return counts of all segments, the newest first.

        They are kept by random ids, so of more than `READ` that are kept some may be left out.
        """
        since_ms = self._clock.now_ms() - KEEP_MS
        jobs = self._jobs.page(KIND, None, READ).items
        kept = [_count(job) for job in jobs if job.created_ms > since_ms]
        return tuple(sorted(kept, key=lambda count: -count.at_ms))

    def sample(self, count: Count) -> tuple[Subscriber, ...]:
        """Return the people drawn of a count, opened, once the ledger says so.

        Who was erased since is left out.

        Raises:
            DependencyError: the entry could not be written; nothing may be shown.
        """
        return self._subscribers.several(count.sample)

    def _slot(self, job_id: JobId) -> str:
        now_ms = self._clock.now_ms()
        for number in range(MAX_RUNNING):
            slot = f"segment-count#{number}"
            if self._activity.claim(slot, job_id, now_ms, RUN_MS):
                return slot
        raise Throttled(_BUSY)

    def _kept(self, job_id: str) -> Job | None:
        job = self._jobs.get(KIND, job_id)
        if job is None or job.created_ms + KEEP_MS <= self._clock.now_ms():
            return None
        return job

    def _part(self, job: Job, shard: str) -> Part:
        list_id = job.request.get("list")
        found = self._evaluator.shard(
            load_frozen(job.request["frozen"].encode()).compiled(),
            shard,
            None if list_id is None else ListId(list_id),
            () if list_id is None else ASKED,
            lot=job.id,
        )
        return Part(
            shard=shard,
            sample=found.sample,
            considered=found.considered,
            matched=found.matched,
            excluded=found.excluded,
            unreadable=found.unreadable,
            keyless=found.keyless,
        )

    def _end(self, job: Job, parts: tuple[Part, ...]) -> None:
        people = sorted(
            chain.from_iterable(part.sample for part in parts), key=lambda sid: lot_of(job.id, sid)
        )
        progress = {name: str(sum(getattr(part, name) for part in parts)) for name in NUMBERS}
        progress["sample"] = " ".join(people[:SAMPLE])
        try:
            self._jobs.replace(replace(job, status=JobStatus.READY, progress=progress))
        except Conflict:
            # Another part found all sixteen too, and said the same.
            return


def _request(frozen: FrozenSegment, list_id: str | None, slot: str) -> Mapping[str, str]:
    request = {
        "segment": frozen.id,
        "version": str(frozen.version),
        "at_ms": str(frozen.moment.now_ms),
        "frozen": dump_frozen(frozen).decode(),
        "slot": slot,
    }
    return request if list_id is None else {**request, "list": list_id}


def _count(job: Job) -> Count:
    count = Count(
        id=job.id,
        segment=job.request["segment"],
        version=int(job.request["version"]),
        at_ms=int(job.request["at_ms"]),
        list=job.request.get("list"),
        status=job.status,
    )
    if job.status is not JobStatus.READY:
        return count
    told = job.progress
    numbers: dict[str, Any] = {name: int(told[name]) for name in NUMBERS}
    sample = tuple(SubjectId(sid) for sid in told["sample"].split())
    return replace(count, sample=sample, **numbers)
