# SPDX-License-Identifier: Apache-2.0
"""Working a run: up to sixteen chunks of a shard, one after another, under one lease.

Guarantees (docs/spec/sending.md section 11.9) that a message comes again until everybody in its
run is accounted for; that a paused or cancelled campaign is obeyed within one chunk; that nothing
is begun that might not end in time; and that a chunk on which worker after worker fails is given
up, alone and with an alarm, instead of holding up the rest. Who may call SES is decided by marks,
never by the lease. One line is logged a run; it names nobody.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from chalicelib.domain.campaigns import Campaign, CampaignStatus, chunk_range, read_records
from chalicelib.domain.ids import RANDOM_ID_BYTES, CampaignId, encode_id
from chalicelib.domain.outcomes import REASON_OF, OutcomeCode
from chalicelib.domain.runs import ChunkView, RunRef
from chalicelib.domain.signals import Signal
from chalicelib.errors import Conflict, DependencyError, FatalError, NotFound, Throttled
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.runs import RunStore
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.approach import Halt, Why
from chalicelib.services.campaign_messages import RUN_VERSION, run_message
from chalicelib.services.chunk_attempt import Attempt, Work
from chalicelib.services.composer import CallComposer
from chalicelib.services.courier import Courier
from chalicelib.services.plans import manifest_key

log = logging.getLogger(__name__)

LEASE_MS: Final = 5 * 60 * 1000
"""How long a run is a worker's. It keeps double work away, and gives no right to send."""
LEASE_REST_MS: Final = 30 * 1000
"""Nothing is begun so shortly before the lease ends."""
CALL_MS: Final = 15 * 1000
"""Nor so shortly before the worker's own end: SES may take 10 seconds, and writing some more."""
MAX_TRIES: Final = 3
"""Leases of a run that ended badly before a chunk of it is given up."""
CLOSE_TRIES: Final = 3
"""Times a run is given back; then its lease stays until it ends."""
CLOSE_AGAIN_MS: Final = 250
"""The wait before try ``n`` is this, doubled ``n`` times, milliseconds."""
LONGEST_DELAY_S: Final = 900
"""SQS delays a message no longer."""


class End(Enum):
    """How a worker's time with a run ended."""

    DONE = auto()
    DROPPED = auto()
    AGAIN = auto()
    SENT_ON = auto()
    SERVICE = auto()
    BROKEN = auto()


@dataclass(slots=True, kw_only=True)
class Turn:
    """One worker's time with a run.

    Attributes:
        until_ms: nothing is begun later, Unix milliseconds.
        chunks: how many were worked.
        people: of those, by outcome.
        owed: somebody is left, in another's hands or to be sent to again.

    """

    campaign: Campaign
    run: RunRef
    owner: str
    tries: int
    began_ms: int
    until_ms: int
    chunks: int = 0
    people: Counter[int] = field(default_factory=Counter)
    owed: bool = False

    def count(self, attempt: Attempt) -> None:
        """Count what a chunk came to."""
        self.chunks += 1
        self.people.update(attempt.codes)
        self.owed = self.owed or bool(attempt.open_places)


class RunWorker:
    """Delivers runs."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        blobs: Blobs,
        runs: RunStore,
        queues: Queues,
        composer: CallComposer,
        courier: Courier,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._blobs = blobs
        self._runs = runs
        self._queues = queues
        self._composer = composer
        self._courier = courier
        self._clock = clock
        self._random = random

    def deliver(self, run: RunRef, until_ms: int) -> None:
        """Send to everybody in a run who is still to be sent to.

        Idempotency key: the run; nobody in it is in two calls that SES may have taken. Returning
        means that the message may go: its work is done, or stands in another message.

        Args:
            until_ms: when this worker's own time ends, Unix milliseconds.

        Raises:
            Conflict: another worker has it; come back later.
            NotFound: there is no such campaign, content or manifest.
            Throttled: somebody is still to be sent to; come back later.
            DependencyError: a service failed; come back later.
        """
        campaign = self._campaigns.get(run.campaign)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        if campaign.status is CampaignStatus.PAUSED:
            return  # Resuming makes the message anew.
        turn = self._begin(campaign, run, until_ms)
        end, halt = End.BROKEN, None
        try:
            end, halt = self._work(turn)
        except DependencyError:
            end = End.SERVICE
            raise
        finally:
            # Also when it is done: whoever gets the message twice finds that, and drops it.
            self._close(run, turn.owner, counted=end is End.BROKEN)
            self._tell(turn, end)
        if end is End.SENT_ON:
            self._send_on(run, halt)
        if end is End.AGAIN:
            raise Throttled("somebody of a run is still to be sent to")

    def _begin(self, campaign: Campaign, run: RunRef, until_ms: int) -> Turn:
        owner = encode_id(self._random(RANDOM_ID_BYTES))
        now_ms = self._clock.now_ms()
        try:
            tries = self._runs.lease(run, owner, now_ms, LEASE_MS)
        except DependencyError:
            # The lease may be there, and would keep everybody away until it ends.
            self._close(run, owner, counted=False)
            raise
        return Turn(
            campaign=campaign,
            run=run,
            owner=owner,
            tries=tries,
            began_ms=now_ms,
            until_ms=min(now_ms + LEASE_MS - LEASE_REST_MS, until_ms - CALL_MS),
        )

    def _work(self, turn: Turn) -> tuple[End, Halt | None]:
        """Work every chunk that is free; return how that ended, and what stopped it."""
        views = self._runs.view(turn.run)
        now_ms = self._clock.now_ms()
        free = [view for view in views if view.free(now_ms)]
        turn.owed = any(not view.finished for view in views if view not in free)
        if free:
            works = self._works(turn, free)
            if turn.tries > MAX_TRIES * (1 + sum(map(_given_up, views))):
                self._give_up(turn, works.pop(0))
            halt = self._each(turn, works)
            if halt is not None:
                return (End.DROPPED if halt.why is Why.PAUSED else End.SENT_ON), halt
        return (End.AGAIN if turn.owed else End.DONE), None

    def _works(self, turn: Turn, free: Sequence[ChunkView]) -> list[Work]:
        """Read the manifest once, from the first free chunk to the last."""
        run, size = turn.run, turn.campaign.chunk_size
        start = free[0].chunk.number
        first, _ = chunk_range(start, size)
        _, last = chunk_range(free[-1].chunk.number, size)
        key = manifest_key(run.campaign, run.shard)
        people = tuple(read_records(self._blobs.get_range(key, first, last)))
        works = []
        for view in free:
            at = (view.chunk.number - start) * size
            here = people[at : at + size]
            works.append(Work(view=view, people=here, until_ms=turn.until_ms))
        return works

    def _each(self, turn: Turn, works: Sequence[Work]) -> Halt | None:
        """Work chunk after chunk; return what keeps from going on, if anything does."""
        cancelled = turn.campaign.status is CampaignStatus.CANCELLED
        for work in works:
            if self._clock.now_ms() > turn.until_ms:
                return Halt(why=Why.TIME_UP)
            if cancelled:
                self._write_off(turn, work, OutcomeCode.CANCELLED)
                continue
            halt = self._send(turn, work)
            cancelled = halt is not None and halt.why is Why.CANCELLED
            if halt is not None and not cancelled:
                return halt
        return None

    def _send(self, turn: Turn, work: Work) -> Halt | None:
        """Send one chunk; return what keeps from going on with the next as with this one."""
        mailing = self._composer.mailing(turn.campaign)
        attempt = self._courier.prepare(mailing, work)
        halt = self._courier.admit(mailing, attempt)
        if halt is not None:
            if halt.why is Why.CANCELLED:
                self._write_off(turn, work, OutcomeCode.CANCELLED)
            return halt
        try:
            mark = self._courier.dispatch(attempt)
        except Conflict:
            turn.owed = True  # Another worker was first; it may need this message still.
            return None
        try:
            return self._courier.call(mailing, mark, attempt)
        finally:
            self._courier.settle(mark, attempt)
            turn.count(attempt)

    def _write_off(self, turn: Turn, work: Work, code: OutcomeCode) -> None:
        try:
            turn.count(self._courier.write_off(work, code))
        except Conflict:
            turn.owed = True

    def _give_up(self, turn: Turn, work: Work) -> None:
        """Call a chunk's open people failed: worker after worker did not get past it."""
        chunk = work.view.chunk
        extra = {"campaign": chunk.campaign, "chunk": chunk.name, "tries": turn.tries}
        extra |= {"signal": Signal.CHUNK_FAILED}
        log.error("a chunk is given up; its people are not mailed", extra=extra)
        self._write_off(turn, work, OutcomeCode.FAILED)

    def _close(self, run: RunRef, owner: str, *, counted: bool) -> None:
        """Give the run back, so that its message need not wait for the lease to end.

        Asked again when it fails: a lease left standing counts as one that ended badly.
        """
        for number in range(CLOSE_TRIES):
            if number:
                self._clock.sleep_ms(CLOSE_AGAIN_MS << number)
            try:
                self._runs.close(run, owner, counted=counted)
            except DependencyError as error:
                log.warning("a run was not given back: %s", error)
            else:
                return

    def _send_on(self, run: RunRef, halt: Halt | None) -> None:
        """Put the rest into a new message, so that waiting is no failure of the old one."""
        delay_s = 0
        if halt is not None and halt.until_ms is not None:
            left_ms = halt.until_ms - self._clock.now_ms()
            delay_s = min(LONGEST_DELAY_S, max(0, -(-left_ms // 1000)))
        if halt is not None and halt.why is Why.HELD:
            extra = {"campaign": run.campaign, "delay_s": delay_s, "signal": Signal.HELD}
            log.warning("sending is held: the account's quota is used up", extra=extra)
        self._queues.send(Queue.CHUNKS, run_message(run), delay_s)

    def _tell(self, turn: Turn, end: End) -> None:
        codes = turn.people
        log.info(
            "a run was worked",
            extra={
                "campaign": turn.run.campaign,
                "run": f"{turn.run.shard}-{turn.run.first}",
                "end": end.name.lower(),
                "chunks": turn.chunks,
                "sent": codes[OutcomeCode.SENT],
                "rejected": codes[OutcomeCode.REJECTED],
                "unknown": codes[OutcomeCode.UNKNOWN],
                "skipped": sum(codes[code] for code in REASON_OF),
                "open": codes[OutcomeCode.OPEN],
                "took_ms": self._clock.now_ms() - turn.began_ms,
            },
        )


def _given_up(view: ChunkView) -> bool:
    """Whether the chunk was given up before: leases that ended on it say nothing of the next."""
    return view.codes is not None and OutcomeCode.FAILED in view.codes


def run_of(message: Mapping[str, Any]) -> RunRef:
    """Return the run a message names; one of version 1 names a chunk, and is a run of one.

    Raises:
        FatalError: it is of a version this code does not know.
    """
    campaign, shard = CampaignId(message["campaign"]), str(message["shard"])
    if message["v"] == 1:
        return RunRef(campaign=campaign, shard=shard, first=message["number"], count=1)
    if message["v"] != RUN_VERSION:
        raise FatalError("a chunk message has a version this code does not know")
    return RunRef(campaign=campaign, shard=shard, first=message["first"], count=message["count"])
