# SPDX-License-Identifier: Apache-2.0
"""The messages that make a campaign move: plans of shards, then runs of chunks.

Guarantees that no message of chunks is made before all shards are planned and the plan was let go,
and that what is finished gets no message again. Messages hold ids and numbers only; every one of
them may be made and handed over any number of times.
"""

from collections.abc import Iterable

from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.plan_gate import missing
from chalicelib.domain.runs import RunRef, runs_of
from chalicelib.errors import FatalError
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.runs import ChunkAccounts, PlanTotals

PLAN_VERSION = 1
RUN_VERSION = 2


def plan_message(campaign: str, shard: str) -> dict[str, object]:
    """Return the message that has a shard planned."""
    return {"v": PLAN_VERSION, "campaign": campaign, "shard": shard}


def run_message(run: RunRef) -> dict[str, object]:
    """Return the message that has a run sent."""
    return {
        "v": RUN_VERSION,
        "campaign": run.campaign,
        "shard": run.shard,
        "first": run.first,
        "count": run.count,
    }


class CampaignMessages:
    """Queues what a campaign needs next."""

    def __init__(self, *, totals: PlanTotals, accounts: ChunkAccounts, queues: Queues) -> None:
        self._totals = totals
        self._accounts = accounts
        self._queues = queues

    def plan(self, campaign: Campaign, shards: Iterable[str] = SHARDS) -> None:
        """Have shards planned.

        Raises:
            DependencyError: not every message was taken; try again.
        """
        self._queues.send_all(Queue.PLANS, [plan_message(campaign.id, shard) for shard in shards])

    def send(self, campaign: Campaign, *, fresh: bool = False) -> int:
        """Have everybody sent to who is not settled, and return how many runs that are.

        Args:
            campaign: let go, or the plan is not touched.
            fresh: it was let go just now, so that nothing of it can be finished.

        Raises:
            FatalError: the campaign was not let go.
            Conflict: a shard is not planned.
            DependencyError: not every message was taken; try again.
        """
        if campaign.go_ms is None:
            raise FatalError("no chunk is sent of a campaign that was not let go")
        totals = self._totals.go(campaign.id, campaign.go_ms)
        runs: list[RunRef] = []
        for shard in SHARDS:
            chunks = -(-totals.people[shard] // campaign.chunk_size)
            if chunks:
                done = frozenset() if fresh else self._accounts.finished(campaign.id, shard)
                runs += runs_of(campaign.id, shard, chunks, done)
        if runs:
            self._queues.send_all(Queue.CHUNKS, [run_message(run) for run in runs])
        return len(runs)

    def again(self, campaign: Campaign) -> None:
        """Have a campaign go on from where it is, after it was resumed or cancelled.

        Raises:
            DependencyError: not every message was taken; try again.
        """
        gone = campaign.go_ms is not None
        left = () if gone else missing(self._totals.totals(campaign.id), SHARDS)
        # Where none is left, any plan message leads to the gate, and behind it to what is open.
        self.plan(campaign, left or SHARDS[:1])
