# SPDX-License-Identifier: Apache-2.0
"""What a planner, the gate and the schedule can do wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.campaigns import ChunkRef, ChunkStatus
from chalicelib.domain.folding import Told
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.outcomes import DISPATCHED, expired, given_back, status_of
from chalicelib.domain.runs import ChunkView, runs_of
from chalicelib.ports.outside import Queue
from chalicelib.services.campaign_messages import run_message
from chalicelib.services.rehearsal import Rehearsed
from tests.simulation.sending.processes import Process


def expired_is_sent_again(process: Process) -> None:
    """Takes a worker that is late for one that sent nothing."""
    accounts: Any = process.chunk_accounts
    expire = accounts.expire

    def reopen(campaign: CampaignId, shard: str, before_ms: int) -> int:
        rows = process.around.rows.runs
        for ref, view in list(rows.chunks.items()):
            late = (view.dispatched_ms or 0) < before_ms and DISPATCHED in (view.codes or b"")
            if (ref.campaign, ref.shard) == (campaign, shard) and late:
                codes = given_back(view.codes or b"")
                rows.chunks[ref] = replace(view, codes=codes, status=status_of(codes))
        return int(expire(campaign, shard, before_ms))

    accounts.expire = reopen


def expires_what_it_saw_before(process: Process) -> None:
    """Calls a chunk unknown by what it read a minute ago, whatever was written since."""
    accounts: Any = process.chunk_accounts
    chunks, seen = accounts.chunks, dict[ChunkRef, ChunkView]()

    def remembered(campaign: CampaignId, shard: str) -> Iterator[ChunkView]:
        rows = process.around.rows.runs
        for view in chunks(campaign, shard):
            if view.status is ChunkStatus.DISPATCHED and view.codes is not None:
                seen[view.chunk] = view
            old = seen.get(view.chunk)
            if old is not None and view.status is not ChunkStatus.DISPATCHED:
                codes = expired(old.codes or b"")
                rows.chunks[view.chunk] = replace(old, codes=codes, status=status_of(codes))
            yield view

    accounts.chunks = remembered


def events_are_not_asked(process: Process) -> None:
    """Calls everybody unsent of whom no answer came, whatever SES's events say."""
    folds: Any = process.folds
    folds.of_chunk = lambda _chunk: Told()
    folds.give_up = lambda _chunk, _places: Told()


def nobody_is_woken(process: Process) -> None:
    """Leaves a campaign alone that stands still."""
    watch: Any = process.watch
    watch._wake = lambda *_arguments: None


def plan_written_over(process: Process) -> None:
    """Plans a shard anew although it was planned."""
    blobs: Any = process.blobs

    def over(key: str, data: bytes, content_type: str) -> bool:
        blobs.put(key, data, content_type)
        return True

    blobs.put_new = over


def mail_before_the_plan(process: Process) -> None:
    """Has a shard sent as soon as it is planned."""
    plan = process.plan

    def eager(body: Mapping[str, Any]) -> None:
        plan(body)
        campaign = process.around.rows.catalog.campaigns[body["campaign"]]
        totals = process.around.rows.runs.totals[campaign.id]
        chunks = -(-totals.people.get(body["shard"], 0) // campaign.chunk_size)
        for run in runs_of(campaign.id, body["shard"], chunks):
            process.queues.send(Queue.CHUNKS, run_message(run))

    process.__dict__["plan"] = eager


def mail_before_the_ledger(process: Process) -> None:
    """Lets a plan go that the ledger does not hold."""
    plans: Any = process.plans
    plans.commit = lambda _campaign, _counts: False


def rehearses_nothing(process: Process) -> None:
    """Lets everybody's mail pass for made."""
    rehearsal: Any = process.rehearsal
    rehearsal.shard = lambda *_arguments: Rehearsed()


PLANS = (
    expired_is_sent_again,
    expires_what_it_saw_before,
    events_are_not_asked,
    nobody_is_woken,
    plan_written_over,
    mail_before_the_plan,
    mail_before_the_ledger,
    rehearses_nothing,
)
