# SPDX-License-Identifier: Apache-2.0
"""A process: the product's own services over shared rows, with caches and a clock of its own.

`Process` is what every version of the sending code shares; `RunProcess` is the code of today. What
a life needs of a version is `plan`, `deliver` and `advance`; today's also gives account at the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random  # noqa: TID251  # seeded: a failing run replays exactly
from typing import Any

from chalicelib.adapters.campaign_mail import SplitCampaignMails
from chalicelib.bootstrap import Container
from chalicelib.domain.campaigns import Progress, chunk_range, read_records
from chalicelib.domain.content_document import FrozenContent
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.ports.campaign_mail import MailVersion
from chalicelib.ports.outside import Queue
from chalicelib.services.plans import manifest_key
from chalicelib.services.runs import run_of
from tests.simulation.baton import Baton
from tests.simulation.sending.account import Answer, Told, WatchedSender
from tests.simulation.sending.begun import Begun, Rows
from tests.simulation.sending.ports import (
    Chance,
    LateRuns,
    PartialChunks,
    PlainRenderer,
    SkewClock,
    WatchedCampaigns,
    WatchedLedgerStore,
    WatchedPersonalData,
    WatchedRateSlot,
    WatchedSendReads,
)
from tests.simulation.sending.queue import CoarseQueues, Habits
from tests.simulation.sending.watch import Watch
from tests.support.faults import Faults
from tests.support.memory_audience import MemoryAudienceStore, MemoryFrequencyStore
from tests.support.memory_breakers import MemoryBreakerRows
from tests.support.memory_catalog import MemoryBrands, MemoryForms, MemoryLists
from tests.support.memory_erasure import MemoryErasures
from tests.support.memory_exports import MemoryExportFence
from tests.support.memory_folds import MemoryFolds, MemoryUnresolvedCampaigns, MemoryWatermark
from tests.support.memory_hygiene import (
    MemoryHealthStore,
    MemoryRests,
    MemorySuppressionIndex,
)
from tests.support.memory_keys import MemoryAddressMac, MemoryKeyWrapper, MemoryLinkKeys
from tests.support.memory_ledger import MemoryHeadStore
from tests.support.memory_links import MemoryCampaignLinks
from tests.support.memory_mails import MemoryMailStore
from tests.support.memory_outside import MemoryActivity, MemoryBlobs
from tests.support.memory_rights import MemoryRightsRecords
from tests.support.memory_runs import MemoryChunkAccounts, MemoryDeliveries, MemoryPlanTotals
from tests.support.memory_scan import MemoryAudienceScan
from tests.support.memory_segments import MemoryLifecycles, MemorySegments
from tests.support.memory_traces import MemoryTraces

_renderer = PlainRenderer()
_link_keys = MemoryLinkKeys()
"""Every process keeps them: they are asked for once in its life."""


class _Mails(SplitCampaignMails):
    """Keeps every version: all lives send the same two mails."""

    def __init__(self, base_url: str) -> None:
        super().__init__(_renderer, base_url)
        self._kept: dict[str, MailVersion] = {}

    def version(self, content: FrozenContent) -> MailVersion:
        if content.html not in self._kept:
            self._kept[content.html] = super().version(content)
        return self._kept[content.html]


@cache
def _mails(base_url: str) -> _Mails:
    return _Mails(base_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a process meets: everybody's rows, and what may go wrong.

    Attributes:
        partly: whether a batch is now written in part, or a request arrives late.
        late: takes what arrives some time after its caller gave up.
        skew_ms: how wrong the clock of the next process is.
        time_ms: how long the next message may be worked on.
    """

    begun: Begun
    rows: Rows
    random: Random
    baton: Baton
    watch: Watch
    faults: Faults
    habits: Callable[[], Habits]
    answer: Answer
    told: Told
    partly: Chance
    late: Callable[[Callable[[], None]], None]
    skew_ms: Callable[[], int]
    time_ms: Callable[[], int]


class Process(Container):
    """Handles messages and does what the schedule does, until it crashes."""

    def __init__(self, around: Around) -> None:
        super().__init__(around.begun.settings)
        self.around = around
        self.skewed = SkewClock(around.baton, around.skew_ms(), around.watch)
        self.__dict__.update(  # What cached_property would have made.
            clock=self.skewed,
            random=around.random.randbytes,
            renderer=_renderer,
            **self._of_people(),
            **self._of_campaigns(),
            campaign_mails=_mails(self.settings.base_url),
        )

    def _of_people(self) -> dict[str, Any]:
        rows, strike, watch = self.around.rows, self.around.faults, self.around.watch
        data = WatchedPersonalData(rows.ledger, rows.outside, rows.hygiene, strike)
        data.watch = watch
        return {
            "wrapper": MemoryKeyWrapper(faults=strike),
            "address_mac": MemoryAddressMac(faults=strike),
            "link_keys": _link_keys,
            "store": WatchedLedgerStore(rows.ledger, strike, watch),
            "heads": MemoryHeadStore(self.settings.ledger_origin, rows.ledger, strike),
            "audience": MemoryAudienceStore(rows.ledger, strike),
            "audience_scan": MemoryAudienceScan(rows.ledger, strike),
            "frequency": MemoryFrequencyStore(rows.ledger, strike),
            "mail_records": MemoryMailStore(rows.ledger, strike),
            "health": MemoryHealthStore(rows.hygiene, strike),
            "rests": MemoryRests(rows.ledger, strike),
            "suppression_index": MemorySuppressionIndex(rows.hygiene, strike),
            "personal_data": data,
            "erasure_records": MemoryErasures(rows.erasures, strike),
            "export_fence": MemoryExportFence(rows.outside, strike),
            "rights_records": MemoryRightsRecords(faults=strike),
        }

    def _of_campaigns(self) -> dict[str, Any]:
        around, rows, strike = self.around, self.around.rows, self.around.faults
        return {
            "brands": MemoryBrands(rows.catalog, strike),
            "lists": MemoryLists(rows.catalog, strike),
            "forms": MemoryForms(rows.catalog, strike),
            "segment_rows": MemorySegments(rows.catalog, strike),
            "lifecycle_rows": MemoryLifecycles(rows.catalog, strike),
            "campaign_rows": WatchedCampaigns(rows.catalog, strike, around.watch),
            "rate": WatchedRateSlot(rows.rate, strike, around.watch, lambda: around.baton.now_ms),
            "runs": LateRuns(rows.runs, strike, around.watch, around.partly, around.late),
            "chunk_accounts": MemoryChunkAccounts(rows.runs, strike),
            "plan_totals": MemoryPlanTotals(rows.runs, strike),
            "folds": MemoryFolds(rows.folds, strike),
            "watermark": MemoryWatermark(rows.folds, strike),
            "unresolved_campaigns": MemoryUnresolvedCampaigns(rows.folds, strike),
            "breaker_rows": MemoryBreakerRows(rows.breakers, strike),
            "send_reads": WatchedSendReads(
                rows.ledger, rows.catalog, strike, around.watch, around.partly
            ),
            "deliveries": MemoryDeliveries(rows.runs, strike),
            "campaign_links": MemoryCampaignLinks(rows.links, strike),
            "chunks": PartialChunks(rows.runs.former, strike, around.partly),
            "activity": MemoryActivity(rows.outside, strike),
            "traces": MemoryTraces(rows.outside, strike),
            "blobs": MemoryBlobs(rows.outside, strike),
            "queues": CoarseQueues(
                rows.queues, around.random, lambda: around.baton.now_ms, around.habits, strike
            ),
            "sender": WatchedSender(rows.account, around.answer, strike, around.told),
        }

    def handle(self, queue: Queue, body: Mapping[str, Any]) -> None:
        """Do what a message asks for, as the Lambda function would."""
        if queue is Queue.PLANS:
            self.plan(body)
        elif queue is Queue.CHUNKS:
            self.deliver(body)
        elif queue is Queue.ERASURES:
            self.erasures.perform(body["erasure"])

    def hear(self, *messages: str) -> None:
        """Take in a batch of SES's events, as `record_ses_events` does.

        Raises:
            KvittoError: the first of what failed; the batch comes again.
        """
        batch = self.folding.batch()
        for name, message in enumerate(messages):
            batch.take(str(name), message)
        for error in batch.fold().values():
            raise error
        for name in batch.unfinished:
            batch.finish(name)

    def plan(self, body: Mapping[str, Any]) -> None:
        """Plan the shard a message names."""
        raise NotImplementedError

    def deliver(self, body: Mapping[str, Any]) -> None:
        """Send what a message names."""
        raise NotImplementedError

    def advance(self) -> None:
        """Do what the schedule does each minute."""
        raise NotImplementedError


class RunProcess(Process):
    """Version 2: a run of chunks is a message, and everybody has an outcome of their own."""

    def plan(self, body: Mapping[str, Any]) -> None:
        self.shard_planner.plan(body["campaign"], body["shard"])

    def deliver(self, body: Mapping[str, Any]) -> None:
        self.run_worker.deliver(run_of(body), self.clock.now_ms() + self.around.time_ms())

    def advance(self) -> None:
        self.watch.advance()

    def accounts(self, campaign: CampaignId) -> tuple[Progress, int]:
        """Return how far a campaign is, and how many shards are planned."""
        counted, shards = self.chunk_accounts.progress(campaign)
        return counted.progress, shards

    def outcomes(self, campaign: CampaignId) -> Mapping[str, OutcomeCode]:
        """Return the outcome of everybody in a chunk that says it."""
        people = {sid: address for address, sid in self.around.begun.people.items()}
        size = self.around.rows.catalog.campaigns[campaign].chunk_size
        found = {}
        for shard in SHARDS:
            for view in self.chunk_accounts.chunks(campaign, shard):
                data = self.blobs.get_range(
                    manifest_key(campaign, shard), *chunk_range(view.chunk.number, size)
                )
                codes = view.codes_of(len(data) // 28)
                for person, code in zip(read_records(data), codes, strict=True):
                    found[people[person.sid]] = OutcomeCode(code)
        return found
