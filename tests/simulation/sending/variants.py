# SPDX-License-Identifier: Apache-2.0
"""Processes with one thing wrong each. The simulation is worth what it finds in them.

What is wrong is done to a port or to a step of the worker, so that it stays the same mistake
however the services around it are written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.outcomes import OPEN, OutcomeCode, given_back, status_of
from chalicelib.domain.runs import Mark, Settled
from chalicelib.domain.state import load_state
from chalicelib.errors import Conflict
from chalicelib.ports.send_reads import LastLook
from chalicelib.ports.sending import BulkMail, DeliveryRow, DeliverySeen, Outcome, Sent
from chalicelib.services.retried_people import RetriedPeople
from tests.simulation.sending.plan_variants import PLANS
from tests.simulation.sending.processes import Around, Process, RunProcess
from tests.simulation.sending.rate_variants import RATE
from tests.simulation.sending.retries import UnknownAsRefused

Wrong = Callable[[Process], None]


def _made(name: str, wrong: Wrong) -> Callable[[Around], Process]:
    def make(around: Around) -> Process:
        process = RunProcess(around)
        wrong(process)
        return process

    make.__name__ = name
    return make


def _stored(process: Process, rows: Sequence[DeliveryRow]) -> None:
    for row in rows:
        process.around.rows.runs.former.deliveries[row.delivery] = DeliverySeen(
            row=row, event=None, event_ms=None, message_id=None
        )


# What is written before the call


def row_after_send(process: Process) -> None:
    """Writes who is about to be mailed only with what came of it."""
    runs: Any = process.runs
    dispatch, commit = runs.dispatch, runs.commit
    waiting: dict[str, Sequence[DeliveryRow]] = {}

    def mark_alone(mark: Mark, rows: Sequence[DeliveryRow]) -> None:
        dispatch(mark, rows)
        waiting[mark.owner] = rows
        for row in rows:
            process.around.rows.runs.former.deliveries.pop(row.delivery, None)

    def with_rows(mark: Mark, settled: Settled) -> None:
        _stored(process, waiting.pop(mark.owner, ()))
        commit(mark, settled)

    runs.dispatch, runs.commit = mark_alone, with_rows


def unconditional_mark(process: Process) -> None:
    """Marks a chunk whoever marked it since it was read."""
    runs: Any = process.runs
    dispatch = runs.dispatch

    def mark_over(mark: Mark, rows: Sequence[DeliveryRow]) -> None:
        try:
            dispatch(mark, rows)
        except Conflict:
            process.around.rows.runs.mark(mark)
            _stored(process, rows)

    runs.dispatch = mark_over


def sends_after_a_lost_mark(process: Process) -> None:
    """Takes a mark that another made for its own."""
    runs: Any = process.runs
    dispatch = runs.dispatch

    def anyhow(mark: Mark, rows: Sequence[DeliveryRow]) -> None:
        try:
            dispatch(mark, rows)
        except Conflict:
            _stored(process, rows)

    runs.dispatch = anyhow


# What decides


def look_before_the_wait(process: Process) -> None:
    """Decides by what it read when it rendered."""
    reads: Any = process.__dict__["send_reads"]
    readers, look = reads.readers, reads.last_look
    seen: dict[SubjectId, str] = {}

    def remembered(sids: Sequence[SubjectId], *, strong: bool = False) -> Any:
        states = process.around.rows.ledger.states
        seen.update({sid: states[sid].text for sid in sids if sid in states})
        return readers(sids, strong=strong)

    def old(campaign: CampaignId, sids: Sequence[SubjectId]) -> LastLook:
        now = look(campaign, ())
        states = {sid: load_state(seen[sid]) for sid in sids if sid in seen}
        return LastLook(campaign=now.campaign, states=states)

    reads.readers, reads.last_look = remembered, old


def unread_is_absent(process: Process) -> None:
    """Takes who was left unread in a batch for somebody who is not there."""
    reads: Any = process.__dict__["send_reads"]
    look = reads.last_look

    def partial(campaign: CampaignId, sids: Sequence[SubjectId]) -> LastLook:
        found: LastLook = look(campaign, sids)
        left = {sid: found.states[sid] for sid in list(found.states)[1:]}
        is_partial = process.around.random.random() < 0.05
        return LastLook(campaign=found.campaign, states=left) if is_partial else found

    reads.last_look = partial


def cancelled_is_no_matter(process: Process) -> None:
    """Sends what was stopped."""
    reads: Any = process.__dict__["send_reads"]
    look = reads.last_look

    def always(campaign: CampaignId, sids: Sequence[SubjectId]) -> LastLook:
        found: LastLook = look(campaign, sids)
        if found.campaign is None:
            return found
        going = replace(found.campaign, status=CampaignStatus.SENDING)
        return LastLook(campaign=going, states=found.states)

    reads.last_look = always


def no_weekly_slot(process: Process) -> None:
    """Does not count what somebody had this week."""
    frequency: Any = process.frequency
    frequency.take = lambda _sid, _at_ms: True


# What is made of answers


def unknown_is_tried_again(process: Process) -> None:
    """Takes a lost answer for a refusal to hurry."""
    sender: Any = process.sender
    send = sender.send_bulk

    def hopeful(of: str, mail: BulkMail) -> tuple[Sent, ...]:
        again = Sent(outcome=Outcome.RETRY)
        return tuple(
            again if answer.outcome is Outcome.UNKNOWN else answer for answer in send(of, mail)
        )

    sender.send_bulk = hopeful


def nothing_is_sure(process: Process) -> None:
    """Takes every answer for none."""
    sender: Any = process.sender
    send = sender.send_bulk
    sender.send_bulk = lambda of, mail: tuple(Sent(outcome=Outcome.UNKNOWN) for _ in send(of, mail))


def answers_out_of_order(process: Process) -> None:
    """Gives each person the answer to another."""
    sender: Any = process.sender
    send = sender.send_bulk
    sender.send_bulk = lambda of, mail: tuple(reversed(send(of, mail)))


def released_after_unknown(process: Process) -> None:
    """Gives a chunk back of which SES may have somebody."""
    runs: Any = process.runs
    commit = runs.commit

    def give_back(mark: Mark, settled: Settled) -> None:
        if OutcomeCode.UNKNOWN in settled.codes:
            runs.release(mark)
        else:
            commit(mark, settled)

    runs.commit = give_back


def partial_forgets_who(process: Process) -> None:
    """Leaves everybody of a mark open when somebody is."""
    runs: Any = process.runs
    commit = runs.commit

    def forgetful(mark: Mark, settled: Settled) -> None:
        if OPEN in settled.codes:
            nobody = Settled(codes=given_back(mark.codes), message_ids=(), at_ms=settled.at_ms)
            commit(mark, nobody)
        else:
            commit(mark, settled)

    runs.commit = forgetful


def late_commit_writes_over(process: Process) -> None:
    """Writes what it knows over what events told meanwhile."""
    runs: Any = process.runs
    commit = runs.commit

    def over(mark: Mark, settled: Settled) -> None:
        rows = process.around.rows.runs
        commit(mark, settled)
        now = rows.chunks[mark.chunk]
        if mark.holds(now):
            rows.chunks[mark.chunk] = replace(
                now, codes=settled.codes, status=status_of(settled.codes)
            )

    runs.commit = over


def retry_takes_unknown(process: Process) -> None:
    """Takes whose answer is lost for somebody who has no mail."""
    process.__dict__["retried_people"] = RetriedPeople(
        campaigns=process.campaign_rows,
        accounts=UnknownAsRefused(process.around.rows.runs, process.around.faults),
        blobs=process.blobs,
    )


BROKEN: Mapping[str, Callable[[Around], Process]] = {
    wrong.__name__: _made(wrong.__name__, wrong)
    for wrong in (
        row_after_send,
        unconditional_mark,
        sends_after_a_lost_mark,
        look_before_the_wait,
        cancelled_is_no_matter,
        unread_is_absent,
        no_weekly_slot,
        unknown_is_tried_again,
        nothing_is_sure,
        answers_out_of_order,
        released_after_unknown,
        partial_forgets_who,
        late_commit_writes_over,
        retry_takes_unknown,
        *RATE,
        *PLANS,
    )
}
"""Each thing that is wrong, by name."""
