# SPDX-License-Identifier: Apache-2.0
"""The ports around the SES call in memory: chunk claims and SES itself.

The chunk store gives the guarantees of the real one and passes the same contract suite. The sender
keeps what SES would have taken, so that a test can ask who was mailed, and how often.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from chalicelib.domain.campaigns import ChunkRef, ChunkStatus, Progress
from chalicelib.domain.ids import SHARDS, CampaignId, DeliveryId
from chalicelib.domain.rate import Quota
from chalicelib.errors import Conflict, DependencyError, FatalError, InputError, Throttled
from chalicelib.ports.sending import (
    BulkEntry,
    BulkMail,
    DeliveryRow,
    DeliverySeen,
    InlineTemplate,
    Limit,
    Message,
    Outcome,
    Sent,
)
from infra.local import ses_template
from tests.support.faults import Faults, Struck, no_faults, struck
from tests.support.former_port import ChunkResult, Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """A chunk as stored."""

    status: ChunkStatus
    owner: str | None
    lease_ms: int
    released_by: str | None = None
    dispatched_ms: int | None = None
    people: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    result: ChunkResult | None = None
    rounds: tuple[ChunkResult, ...] = ()
    unsettled: tuple[int, ...] | None = None


@dataclass(slots=True, kw_only=True)
class SendingRows:
    """Everything stored around the SES call; outlives any store made over it."""

    chunks: dict[ChunkRef, ChunkRow] = field(default_factory=dict)
    totals: dict[tuple[CampaignId, str], int] = field(default_factory=dict)
    deliveries: dict[DeliveryId, DeliverySeen] = field(default_factory=dict)
    ranks: dict[DeliveryId, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class _Store:
    def __init__(self, rows: SendingRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else SendingRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[SendingRows]:
        return Struck(self.faults, name, self.rows)


class MemoryChunks(_Store):
    """`ports.sending.ChunkStore` in memory.

    `dispatch` is two calls to a fault: ``ChunkStore.dispatch`` (the mark), then
    ``ChunkStore.dispatch_rows``.
    """

    def claim(self, chunk: ChunkRef, owner: str, now_ms: int, lease_ms: int) -> Claim | None:
        with self._call("ChunkStore.claim") as rows:
            old = rows.chunks.get(chunk, _NEVER_CLAIMED)
            if old.status not in {ChunkStatus.CLAIMED, ChunkStatus.PARTIAL}:
                return None
            held = old.status is ChunkStatus.CLAIMED and old.lease_ms >= now_ms
            if held and old.owner != owner:
                raise Conflict("the chunk is claimed already")
            rows.chunks[chunk] = replace(
                old, status=ChunkStatus.CLAIMED, owner=owner, lease_ms=now_ms + lease_ms
            )
            return Claim(unsettled=old.unsettled)

    def dispatch(
        self,
        chunk: ChunkRef,
        owner: str,
        rows: Sequence[DeliveryRow],
        now_ms: int,
        skipped: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        with self._call("ChunkStore.dispatch") as stored:
            old = _owned(stored, chunk, owner)
            repeated = old.status is ChunkStatus.DISPATCHED and old.dispatched_ms == now_ms
            if old.status is not ChunkStatus.CLAIMED and not repeated:
                raise Conflict("the chunk is not this owner's")
            stored.chunks[chunk] = replace(
                old,
                status=ChunkStatus.DISPATCHED,
                dispatched_ms=now_ms,
                people=len(rows),
                skipped=dict(skipped),
            )
        with self._call("ChunkStore.dispatch_rows") as stored:
            for row in rows:
                stored.deliveries[row.delivery] = DeliverySeen(
                    row=row, event=None, event_ms=None, message_id=None
                )

    def release(self, chunk: ChunkRef, owner: str) -> None:
        with self._call("ChunkStore.release") as rows:
            old = rows.chunks.get(chunk)
            if old is not None and old.owner != owner and old.released_by == owner:
                return
            old = _owned(rows, chunk, owner)
            if old.status not in {ChunkStatus.CLAIMED, ChunkStatus.DISPATCHED}:
                raise Conflict("the chunk is not this owner's")
            rows.chunks[chunk] = replace(
                _given_back(old), status=ChunkStatus.CLAIMED, owner=None, released_by=owner
            )

    def commit(self, chunk: ChunkRef, owner: str, result: ChunkResult) -> None:
        with self._call("ChunkStore.commit") as rows:
            old = _owned(rows, chunk, owner)
            if old.status is ChunkStatus.DONE:
                return
            if result.unsettled and old.status is not ChunkStatus.UNKNOWN:
                _commit_part(rows, chunk, old, result)
                return
            # Called unknown meanwhile: nobody of it may be sent to any more.
            unknown = result.unknown + len(result.unsettled)
            result = replace(result, unknown=unknown, unsettled=())
            if old.status is ChunkStatus.CLAIMED and result.sent + result.rejected + result.unknown:
                raise Conflict("somebody was sent to without a dispatch")
            if old.status is ChunkStatus.PARTIAL:
                raise Conflict("the chunk is not this owner's")
            rows.chunks[chunk] = replace(
                old, status=ChunkStatus.DONE, result=result, unsettled=None
            )

    def expire(self, campaign: CampaignId, shard: str, before_ms: int) -> int:
        with self._call("ChunkStore.expire") as rows:
            stale = [
                (ref, row)
                for ref, row in rows.chunks.items()
                if (ref.campaign, ref.shard) == (campaign, shard)
                and row.status is ChunkStatus.DISPATCHED
                and row.dispatched_ms is not None
                and row.dispatched_ms < before_ms
            ]
            for ref, row in stale:
                rows.chunks[ref] = replace(row, status=ChunkStatus.UNKNOWN)
            return len(stale)

    def finished(self, campaign: CampaignId, shard: str) -> frozenset[int]:
        with self._call("ChunkStore.finished") as rows:
            return frozenset(
                ref.number
                for ref, row in rows.chunks.items()
                if (ref.campaign, ref.shard) == (campaign, shard)
                and row.status in {ChunkStatus.DONE, ChunkStatus.UNKNOWN}
            )

    def planned(self, campaign: CampaignId, shard: str, people: int) -> None:
        with self._call("ChunkStore.planned") as rows:
            if rows.totals.setdefault((campaign, shard), people) != people:
                raise Conflict("the shard planned another number of people before")

    def progress(self, campaign: CampaignId) -> tuple[Progress, int]:
        with self._call("ChunkStore.progress") as rows:
            totals = [rows.totals[campaign, s] for s in SHARDS if (campaign, s) in rows.totals]
            chunks = [row for ref, row in rows.chunks.items() if ref.campaign == campaign]
            return _progress(sum(totals), chunks), len(totals)

    def delivery(self, delivery: DeliveryId) -> DeliverySeen | None:
        with self._call("ChunkStore.delivery") as rows:
            return rows.deliveries.get(delivery)

    def observe(
        self, delivery: DeliveryId, event: str, rank: int, at_ms: int, message_id: str
    ) -> bool:
        with self._call("ChunkStore.observe") as rows:
            seen = rows.deliveries.get(delivery)
            if seen is None:
                return False
            stored = (rows.ranks.get(delivery, -1), -(seen.event_ms or 0))
            if seen.event_ms is not None and (rank, -at_ms) <= stored:
                return False
            rows.ranks[delivery] = rank
            rows.deliveries[delivery] = replace(
                seen, event=event, event_ms=at_ms, message_id=message_id
            )
            return True


_NEVER_CLAIMED = ChunkRow(status=ChunkStatus.CLAIMED, owner=None, lease_ms=-1)


def _given_back(row: ChunkRow) -> ChunkRow:
    return replace(row, lease_ms=0, dispatched_ms=None, people=0, skipped={})


def _commit_part(rows: SendingRows, chunk: ChunkRef, old: ChunkRow, result: ChunkResult) -> None:
    if old.status is ChunkStatus.PARTIAL:
        return
    if old.status is not ChunkStatus.DISPATCHED:
        raise Conflict("somebody was sent to without a dispatch")
    rows.chunks[chunk] = replace(
        _given_back(old),
        status=ChunkStatus.PARTIAL,
        rounds=(*old.rounds, result),
        unsettled=result.unsettled,
    )


def _owned(rows: SendingRows, chunk: ChunkRef, owner: str) -> ChunkRow:
    row = rows.chunks.get(chunk)
    if row is None or row.owner != owner:
        raise Conflict("the chunk is not this owner's")
    return row


def _progress(planned: int, chunks: Sequence[ChunkRow]) -> Progress:
    lost = [row for row in chunks if row.status is ChunkStatus.UNKNOWN]
    results = [earlier for row in chunks for earlier in row.rounds]
    results += [row.result for row in chunks if row.result is not None]
    skipped: dict[str, int] = {}
    for counts in (*(row.skipped for row in lost), *(result.skipped for result in results)):
        for reason, people in counts.items():
            skipped[reason] = skipped.get(reason, 0) + people
    times = [result.at_ms for result in results]
    return Progress(
        planned=planned,
        sent=sum(result.sent for result in results),
        rejected=sum(result.rejected for result in results),
        unknown=sum(result.unknown for result in results) + sum(row.people for row in lost),
        skipped=dict(sorted(skipped.items())),
        first_ms=min(times, default=None),
        last_ms=max(times, default=None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A message SES took, and what it then called it."""

    message_id: str
    sender: str
    message: Message


def accept(_message: Message) -> Sent | None:
    """Let SES accept the message."""
    return None


class MemorySender:
    """`ports.sending.Sender` in memory: one call, one answer, nothing tried again.

    Args:
        answer: what SES says of a message; None: it accepts it.
        faults: struck before a call, SES was not reached; after it, the answer was lost. Either
            way the outcome of each message is unknown, or retry when the fault is `Throttled`.
    """

    def __init__(
        self,
        answer: Callable[[Message], Sent | None] = accept,
        faults: Faults = no_faults,
        per_second: float = 50.0,
    ) -> None:
        self.mailed: list[Mailed] = []
        self.calls: list[int] = []
        self.answer = answer
        self.faults = faults
        self.per_second = per_second
        self.daily_left: int | None = None

    def send_one(self, sender: str, message: Message) -> Sent:
        return self._send("Sender.send_one", sender, (message,))[0]

    def send_bulk(self, sender: str, mail: BulkMail) -> tuple[Sent, ...]:
        if not 1 <= len(mail.entries) <= 50:
            raise InputError(code="bad_batch", detail="A call sends 1 to 50 messages.")
        wanted = _keys(mail.static)
        rendered = [
            _rendered(mail.static, entry) if wanted <= entry.data.keys() else None
            for entry in mail.entries
        ]
        whole = [message for message in rendered if message]
        answers = iter(self._send("Sender.send_bulk", sender, whole) if whole else ())
        return tuple(next(answers) if message else _INCOMPLETE for message in rendered)

    def ready(self) -> None:
        """There is nothing to make."""

    def quota_per_second(self) -> float:
        with struck(self.faults, "Sender.quota_per_second"):
            return self.per_second

    def quota(self) -> Quota:
        with struck(self.faults, "Sender.quota"):
            return Quota(per_second=self.per_second, daily_left=self.daily_left)

    def _send(self, call: str, sender: str, messages: Sequence[Message]) -> tuple[Sent, ...]:
        self.calls.append(len(messages))
        try:
            with struck(self.faults, call):
                answers = tuple(self._take(sender, message) for message in messages)
        except Throttled:
            throttled = Sent(outcome=Outcome.RETRY, reason="throttled", limit=Limit.RATE)
            return (throttled,) * len(messages)
        except DependencyError:
            return (Sent(outcome=Outcome.UNKNOWN, reason="no answer"),) * len(messages)
        return answers

    def _take(self, sender: str, message: Message) -> Sent:
        refused = self.answer(message)
        if refused is not None and refused.outcome is not Outcome.ACCEPTED:
            return refused
        message_id = f"0100{len(self.mailed):012x}-000000"
        self.mailed.append(Mailed(message_id=message_id, sender=sender, message=message))
        return Sent(outcome=Outcome.ACCEPTED, message_id=message_id)


_INCOMPLETE = Sent(outcome=Outcome.REJECTED, reason="malformed_data")


def _keys(static: InlineTemplate) -> set[str]:
    """Return the names a template needs; SES would refuse one that holds more than places."""
    try:
        parts = [ses_template.pieces(part) for part in (static.subject, static.html, static.text)]
    except ses_template.UnsupportedError as error:
        raise FatalError(str(error)) from None
    return {name for part in parts for name in part[1::2]}


def _rendered(static: InlineTemplate, entry: BulkEntry) -> Message:
    """Return a mail as SES would make it."""
    subject, html, text = (
        ses_template.render(part, entry.data) for part in (static.subject, static.html, static.text)
    )
    return Message(
        to=entry.to,
        subject=subject,
        html=html,
        text=text,
        headers=entry.headers,
        tags=entry.tags,
    )
