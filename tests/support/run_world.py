# SPDX-License-Identifier: Apache-2.0
"""`World` for those who look closely at runs: more workers than one, and what is left of a run."""

from collections import Counter
from typing import Any

from chalicelib.domain.campaigns import ChunkRef, Progress, manifest_length
from chalicelib.domain.ids import SHARDS, CampaignId, SubjectId, shard_of
from chalicelib.domain.outcomes import Counted
from chalicelib.domain.runs import ChunkView, RunRef, runs_of
from chalicelib.errors import DependencyError, StateError
from chalicelib.ports.outside import Queue
from chalicelib.services.campaign_messages import run_message
from chalicelib.services.plans import manifest_key
from chalicelib.services.runs import RunWorker
from tests.support.world import World

_OF_A_PROCESS = ("call_composer", "frozen_contents", "declared_fields", "pacer")


class RunWorld(World):
    """The whole product in memory."""

    def __init__(self, seed: int = 1, **settings: Any) -> None:
        super().__init__(seed, **settings)
        self.accounts = self.chunk_accounts
        # What plans is another process, and remembers for itself.
        self.__dict__["run_worker"] = self.another_worker()

    def another_worker(self) -> RunWorker:
        """A worker of another process: the same rows, caches of its own."""
        kept = {name: self.__dict__.pop(name, None) for name in _OF_A_PROCESS}
        try:
            return self.another_run_worker()
        finally:
            for name in _OF_A_PROCESS:
                self.__dict__.pop(name, None)
            self.__dict__ |= {name: made for name, made in kept.items() if made is not None}

    def planned(self, name: str = "News", **content: str) -> CampaignId:
        """Start a campaign and plan it; its run messages wait."""
        campaign = self.campaign(name, **content)
        self.plan(campaign)
        return campaign

    def plan(self, campaign: CampaignId) -> None:
        """Plan what is to be planned, and make messages for the runs that are not finished."""
        self.settle(Queue.PLANS, Queue.SEQUENCING)
        self.messages.take(Queue.CHUNKS)  # Each run once, however often it was planned.
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
