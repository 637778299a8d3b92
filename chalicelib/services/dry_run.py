# SPDX-License-Identifier: Apache-2.0
"""What a campaign would do if it were sent now: who, how many, who not and why, cost, duration.

Guarantees that the same code chooses, tries and decides as at a send, shard by shard, and that
nothing is planned, promised or mailed by it. What it tells was so while it ran: consent is read
again at the send, and that alone decides.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import orjson

from chalicelib.domain.campaigns import Campaign, CampaignStatus
from chalicelib.domain.content_document import FrozenContent
from chalicelib.domain.dry_runs import DryRunPart, DryRunSum, summed
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.eligibility import Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.frequency import Rhythm, load_rhythm
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    SHARDS,
    BrandId,
    CampaignId,
    JobId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.plan_gate import Ready
from chalicelib.domain.previews import held_back
from chalicelib.domain.pricing import Cost, Course, cost_of, course_of
from chalicelib.domain.state import Scope
from chalicelib.errors import IllegalTransition, NotFound
from chalicelib.ports.audience_scan import NOTHING_SEALED, AudienceScan
from chalicelib.ports.catalog import Brands, Campaigns, Jobs
from chalicelib.ports.dry_runs import DryRunParts
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.sending import Sender
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.campaign_messages import plan_message
from chalicelib.services.freezing import Freezer
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.readiness import Readiness
from chalicelib.services.rehearsal import Rehearsal, Rehearsed, rehearses
from chalicelib.services.retried_people import RetriedPeople
from chalicelib.services.shard_people import PLANNED, Asked, ShardPeople

KIND: Final = "dry-runs"
KEPT_MS: Final = 7 * DAY_MS
PATIENCE_MS: Final = 15 * 60 * 1000
"""A dry run that is not whole after so long failed; another may be asked for."""
STATES: Final = 100
"""Consents read at a time."""
_OVER: Final = (CampaignStatus.SENT, CampaignStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """A campaign's latest dry run.

    Attributes:
        as_of_ms: when it was asked for; people are judged by the segment as they were then.
        found, cost, course, ready: None until it is ready.
    """

    run: str
    status: JobStatus
    as_of_ms: int
    found: DryRunSum | None = None
    cost: Cost | None = None
    course: Course | None = None
    ready: Ready | None = None


class DryRuns:
    """Asks for dry runs and tells of them."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        brands: Brands,
        freezer: Freezer,
        jobs: Jobs,
        parts: DryRunParts,
        queues: Queues,
        sender: Sender,
        readiness: Readiness,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._brands = brands
        self._freezer = freezer
        self._jobs = jobs
        self._parts = parts
        self._queues = queues
        self._sender = sender
        self._readiness = readiness
        self._clock = clock
        self._random = random

    def ask(self, campaign_id: str) -> DryRun:
        """Begin a dry run of a campaign as it is now; one that is under way is told instead.

        Raises:
            NotFound: there is no such campaign.
            IllegalTransition: it was sent or cancelled.
            InputError: its content cannot be sent, or its segment is gone.
            Conflict: somebody else asked in this moment.
            DependencyError: try again.
        """
        campaign = self._campaign(campaign_id)
        if campaign.status in _OVER:
            raise IllegalTransition(
                f"A campaign that is {campaign.status} is not sent any more. Nothing was changed."
            )
        job = self._jobs.get(KIND, campaign.id)
        if job is not None and self._status(job, self._found(job)) is JobStatus.PENDING:
            return _told(job, JobStatus.PENDING)
        begun = self._begin(campaign, job)
        run = begun.request["run"]
        self._queues.send_all(
            Queue.PLANS, [{**plan_message(campaign.id, shard), "dry": run} for shard in SHARDS]
        )
        return _told(begun, JobStatus.PENDING)

    def _begin(self, campaign: Campaign, former: Job | None) -> Job:
        now_ms = self._clock.now_ms()
        job = Job(
            id=JobId(campaign.id),
            kind=KIND,
            status=JobStatus.PENDING,
            created_ms=now_ms,
            request={
                "run": encode_id(self._random(RANDOM_ID_BYTES)),
                "content": campaign.content_sha256 or self._freeze(campaign, now_ms),
                "brand": campaign.brand,
            },
            revision=0 if former is None else former.revision,
        )
        if former is not None:
            return self._jobs.replace(job)
        self._jobs.create(job)
        return job

    def _freeze(self, campaign: Campaign, now_ms: int) -> str:
        content = self._campaigns.content(campaign.id)
        brand = self._brands.latest(campaign.brand)
        if content is None or brand is None:
            raise NotFound("There is no such campaign.")
        return self._freezer.as_it_is(campaign, content, brand, now_ms).sha256

    def get(self, campaign_id: str) -> DryRun:
        """Return a campaign's latest dry run.

        Raises:
            NotFound: there is no such campaign, or no dry run of it in the last 7 days.
            DependencyError: SES did not tell its quota; try again.
        """
        job = self._jobs.get(KIND, self._campaign(campaign_id).id)
        if job is None:
            raise NotFound("There is no dry run of this campaign; they are kept for 7 days.")
        found = self._found(job)
        if found is None:
            return _told(job, self._status(job, found))
        return DryRun(
            run=job.request["run"],
            status=JobStatus.READY,
            as_of_ms=job.created_ms,
            found=found,
            cost=cost_of(found.mailed),
            course=course_of(found.mailed, self._sender.quota()),
            ready=self._readiness.of(BrandId(job.request["brand"]), found.mailed),
        )

    def asked_ms(self, campaign_id: CampaignId) -> int | None:
        """Return when a campaign's latest dry run was asked for; None: not in the last 7 days."""
        job = self._jobs.get(KIND, campaign_id)
        return None if job is None else job.created_ms

    def _found(self, job: Job) -> DryRunSum | None:
        return summed(self._parts.of(job.request["run"]))

    def _status(self, job: Job, found: DryRunSum | None) -> JobStatus:
        if found is not None:
            return JobStatus.READY
        late = self._clock.now_ms() - job.created_ms > PATIENCE_MS
        return JobStatus.FAILED if late else JobStatus.PENDING

    def _campaign(self, campaign_id: str) -> Campaign:
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign


def _told(job: Job, status: JobStatus) -> DryRun:
    return DryRun(run=job.request["run"], status=status, as_of_ms=job.created_ms)


class DryRunShards:
    """Works on one shard of a dry run at a time."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        contents: FrozenContents,
        people: ShardPeople,
        retried: RetriedPeople,
        scan: AudienceScan,
        store: LedgerStore,
        rehearsal: Rehearsal,
        jobs: Jobs,
        parts: DryRunParts,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._contents = contents
        self._people = people
        self._retried = retried
        self._scan = scan
        self._store = store
        self._rehearsal = rehearsal
        self._jobs = jobs
        self._parts = parts
        self._clock = clock

    def work(self, campaign_id: str, shard: str, run: str) -> None:
        """Store a shard's part of a dry run; of one that is not the latest nothing is done.

        Idempotency key: run and shard; the first part stands.

        Raises:
            NotFound: the campaign, or what was frozen for the run, is gone.
            Conflict, DependencyError: come again.
        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        job = self._jobs.get(KIND, campaign.id)
        if job is None or job.request["run"] != run:
            return
        content = self._contents.read(job.request["content"])
        # As it was when it was asked about, whatever was written since.
        asked_about = replace(
            campaign,
            brand=BrandId(job.request["brand"]),
            list=content.list or campaign.list,
            purpose=content.purpose or campaign.purpose,
            minimum_grade=content.minimum_grade or campaign.minimum_grade,
            content_sha256=job.request["content"],
        )
        part = self._part(asked_about, content, shard)
        self._parts.put(run, part, job.created_ms + KEPT_MS)

    def _part(self, campaign: Campaign, content: FrozenContent, shard: str) -> DryRunPart:
        asked, why_not, mailed = Asked(), Counter[SkipReason](), bytearray()
        held = self._held_back(campaign, shard)
        chosen = self._chosen(campaign, content, shard, asked)
        planned = 0
        while batch := tuple(islice(chosen, STATES)):
            planned += len(batch)
            for sid, refused in self._decided(campaign, batch):
                reason = refused or held.get(sid)
                if reason is None:
                    mailed += decode_id(sid)
                else:
                    why_not[reason] += 1
        tried = Rehearsed()
        if rehearses(content) and mailed:
            tried = self._rehearsal.shard(campaign, content, shard, _sids(mailed))
            why_not[SkipReason.RENDERING] = tried.errors
        return DryRunPart(
            shard=shard,
            considered=asked.considered,
            planned=planned,
            unreadable=asked.unreadable,
            why_not={str(reason): count for reason, count in why_not.items() if count},
            failing=tried.failing,
        )

    def _chosen(
        self, campaign: Campaign, content: FrozenContent, shard: str, asked: Asked
    ) -> Iterator[SubjectId]:
        """Yield whom a send would plan; those of a retry are its parent's."""
        if campaign.retry_of is None:
            segment = self._contents.segment(content)
            yield from self._people.of(shard, campaign.list, segment, asked)
            return
        for sid in self._retried.of(campaign, shard):
            asked.considered += 1
            yield sid

    def _decided(
        self, campaign: Campaign, sids: Sequence[SubjectId]
    ) -> Iterator[tuple[SubjectId, SkipReason | None]]:
        """Yield who may not be mailed as things are, and why; None who may."""
        states = self._store.states(sids)
        scope = Scope(campaign.brand, EMAIL)
        for sid in sids:
            verdict = decide(
                states.get(sid), scope, campaign.list, campaign.purpose, campaign.minimum_grade
            )
            yield sid, verdict.reason if isinstance(verdict, Skipped) else None

    def _held_back(self, campaign: Campaign, shard: str) -> dict[SubjectId, SkipReason]:
        """Who paused mail, whose address rests, or who has had as much as they take."""
        now_ms = self._clock.now_ms()
        held = {}
        for row in self._scan.people(shard, campaign.list, PLANNED, wanted=NOTHING_SEALED):
            if row.rhythm is None and row.rest is None:
                continue
            rhythm = Rhythm() if row.rhythm is None else load_rhythm(orjson.loads(row.rhythm))
            reason = held_back(rhythm, row.rest, now_ms)
            if reason is not None:
                held[row.sid] = reason
        return held


def _sids(raw: bytes | bytearray) -> Iterator[SubjectId]:
    for start in range(0, len(raw), RANDOM_ID_BYTES):
        yield SubjectId(encode_id(bytes(raw[start : start + RANDOM_ID_BYTES])))
