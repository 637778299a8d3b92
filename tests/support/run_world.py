# SPDX-License-Identifier: Apache-2.0
"""`World` with campaigns sent by runs: the worker of version 2 over the same in-memory rows."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.campaign_mail import SplitCampaignMails
from chalicelib.domain.campaigns import ChunkRef, Progress, manifest_length
from chalicelib.domain.ids import SHARDS, CampaignId, SubjectId, shard_of
from chalicelib.domain.outcomes import Counted
from chalicelib.domain.runs import ChunkView, RunRef, runs_of
from chalicelib.errors import DependencyError, StateError
from chalicelib.ports.outside import Queue
from chalicelib.services.approach import Approach
from chalicelib.services.campaign_messages import run_message
from chalicelib.services.chunk_letters import ChunkLetters
from chalicelib.services.composer import CallComposer
from chalicelib.services.courier import Courier
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.pacing import Pacer
from chalicelib.services.plans import manifest_key
from chalicelib.services.runs import RunWorker, run_of
from tests.support.memory_runs import MemoryChunkAccounts, MemoryRuns, RunRows
from tests.support.memory_send_reads import MemorySendReads
from tests.support.world import BASE_URL, ORIGIN, World

PLENTY_MS = 15 * 60 * 1000
"""A worker's time, when nothing is said of it."""


class RunWorld(World):
    """The whole product in memory, with run messages in the place of chunk messages."""

    def __init__(self, seed: int = 1, **settings: Any) -> None:
        super().__init__(seed, **settings)
        self.run_rows = RunRows(former=self.sending_rows)
        self.accounts = MemoryChunkAccounts(self.run_rows)
        self.worker_ms = PLENTY_MS
        self.run_worker = self.another_worker()

    def another_worker(self) -> RunWorker:
        """A worker of another process: the same rows, caches of its own."""
        strike = self._strike
        pacer = Pacer(rate=self.rate, sender=self.sender, clock=self.clock)
        runs = MemoryRuns(self.run_rows, strike)
        reads = MemorySendReads(self.rows, self.catalog_rows, strike)
        composer = CallComposer(
            mails=SplitCampaignMails(self.renderer, BASE_URL),
            contents=FrozenContents(blobs=self.blobs),
            brands=self.brands,
            lists=self.lists,
            fields=DeclaredFields(self.forms, self.clock),
            lines=self.checkpoint_lines,
            tokens=self.tokens,
            clock=self.clock,
            base_url=BASE_URL,
            inbound_domain=self.settings.inbound_domain,
        )
        letters = ChunkLetters(
            reads=reads,
            wrapper=self.wrapper,
            frequency=self.frequency,
            composer=composer,
            clock=self.clock,
            origin=ORIGIN,
        )
        approach = Approach(reads=reads, pacer=pacer, composer=composer, clock=self.clock)
        courier = Courier(
            letters=letters,
            approach=approach,
            runs=runs,
            pacer=pacer,
            sender=self.sender,
            clock=self.clock,
            random=self.random,
        )
        return RunWorker(
            campaigns=self.campaign_rows,
            blobs=self.blobs,
            runs=runs,
            queues=self.queues,
            composer=composer,
            courier=courier,
            clock=self.clock,
            random=self.random,
        )

    def planned(self, name: str = "News", **content: str) -> CampaignId:
        """Start a campaign and plan it; its run messages wait."""
        campaign = self.campaign(name, **content)
        self.plan(campaign)
        return campaign

    def plan(self, campaign: CampaignId) -> None:
        """Plan what is to be planned, and make messages for the runs that are not finished."""
        self.settle(Queue.PLANS, Queue.SEQUENCING)
        self.messages.take(Queue.CHUNKS)  # Of version 1; runs take their place.
        for run in self.unfinished_runs(campaign):
            self.messages.send(Queue.CHUNKS, run_message(run))

    def unfinished_runs(self, campaign: CampaignId) -> list[RunRef]:
        """The runs of a campaign somebody of whom is not accounted for."""
        stored = self.campaign_rows.get(campaign)
        assert stored is not None
        found: list[RunRef] = []
        for shard in SHARDS:
            people = manifest_length(self.blobs.size(manifest_key(campaign, shard)) or 0)
            chunks = -(-people // stored.chunk_size)
            finished = self.accounts.finished(campaign, shard)
            found += runs_of(campaign, shard, chunks, finished)
        return found

    def handle(self, queue: Queue, body: Mapping[str, Any]) -> None:
        if queue is not Queue.CHUNKS:
            super().handle(queue, body)
            return
        self.run_worker.deliver(run_of(body), self.time.now_ms() + self.worker_ms)

    def work(self) -> list[Exception]:
        """Hand every run message over once; what fails comes again, as SQS would have it."""
        failed: list[Exception] = []
        for body in self.messages.take(Queue.CHUNKS):
            try:
                self.handle(Queue.CHUNKS, body)
            except (DependencyError, StateError) as error:
                failed.append(error)
                self.messages.send(Queue.CHUNKS, dict(body))
        return failed

    def counted(self, campaign: CampaignId) -> Counted:
        """Everybody by outcome."""
        return self.accounts.progress(campaign)[0]

    def progress(self, campaign: CampaignId) -> Progress:
        """Everybody by outcome, as shown."""
        return self.counted(campaign).progress

    def view_of(self, chunk: ChunkRef) -> ChunkView:
        """A chunk's row."""
        return self.run_rows.view(chunk)

    @property
    def mailed(self) -> Counter[str]:
        """How many campaign mails each address got."""
        return Counter(mail.message.to for mail in self.mails)

    def sharing_a_shard(self, count: int = 2) -> list[str]:
        """Subscribe people until ``count`` share a shard; return their addresses."""
        shards: dict[str, list[str]] = {}
        for number in range(100):
            email = f"reader{number:03d}@example.org"
            together = shards.setdefault(shard_of(self.subscribe(email)), [])
            together.append(email)
            if len(together) == count:
                self.mails.clear()
                self.mailbox.calls.clear()
                return together
        raise AssertionError("nobody shares a shard")

    def shard_of(self, email: str) -> str:
        """The shard of the person with this address."""
        return shard_of(self.subject_of(email))

    def subject_of(self, email: str) -> SubjectId:
        """Whose address it is."""
        sid = self.ledger.lookup(self.ledger.mac(email)).sid
        assert sid is not None
        return sid
