# SPDX-License-Identifier: Apache-2.0
"""Yesterday's code, kept as it was: version 1 of docs/spec/sending.md, chunk by chunk.

Some lives begin with it and go on with the code of today, in the middle of everything. It stands
here on its own so that it stays the same when services change: claim, prepare, wait, look,
dispatch, call once, commit. What it renders is nothing, as everywhere in this simulation.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.campaigns import (
    Campaign,
    CampaignStatus,
    ChunkRef,
    Recipient,
    chunk_range,
    manifest_length,
    pack_manifest,
    read_records,
)
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SHARDS, DeliveryId, SubjectId, encode_id
from chalicelib.domain.state import Scope
from chalicelib.errors import DependencyError, KvittoError, NotFound, Throttled
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import DeliveryRow, Message, Outcome, Sent
from chalicelib.services.slots import Slots
from tests.simulation.sending.processes import Process
from tests.support.former_port import ChunkResult

LEASE_MS = 120_000
STALLED_MS = 600_000
NOBODY: frozenset[SubjectId] = frozenset()


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One claim of a chunk."""

    chunk: ChunkRef
    owner: str
    everybody: Sequence[Recipient]
    people: list[Recipient]
    slots: Slots
    skipped: Counter[str] = field(default_factory=Counter)
    answers: dict[DeliveryId, Sent] = field(default_factory=dict)

    def skip(self, person: Recipient, reason: SkipReason) -> None:
        """Leave somebody out."""
        self.people.remove(person)
        self.skipped[reason] += 1

    def answered(self, *outcomes: Outcome) -> list[Recipient]:
        """Whom SES gave one of these answers."""
        found = [each for each in self.people if each.delivery in self.answers]
        return [each for each in found if self.answers[each.delivery].outcome in outcomes]

    def result(self, at_ms: int) -> ChunkResult:
        """What it came to."""
        open_places = {each.delivery for each in self.answered(Outcome.RETRY)}
        return ChunkResult(
            sent=len(self.answered(Outcome.ACCEPTED)),
            rejected=len(self.answered(Outcome.REJECTED)),
            unknown=len(self.answered(Outcome.UNKNOWN)),
            skipped=dict(self.skipped),
            message_ids=tuple(
                self.answers[each.delivery].message_id if each.delivery in self.answers else None
                for each in self.everybody
            ),
            at_ms=at_ms,
            unsettled=tuple(
                place for place, each in enumerate(self.everybody) if each.delivery in open_places
            ),
        )


class FormerProcess(Process):
    """Plans, sends and looks after campaigns as version 1 did."""

    def plan(self, body: Mapping[str, Any]) -> None:
        campaign, shard = self._campaign(body["campaign"]), body["shard"]
        if campaign.status not in (CampaignStatus.SENDING, CampaignStatus.CANCELLED):
            return
        key = f"manifests/v1/{campaign.id}/{shard}"
        size = self.blobs.size(key)
        if size is None:
            people = [
                Recipient(sid=sid, delivery=DeliveryId(encode_id(self.random(12))))
                for sid in self.audience.on_list(shard, campaign.list, "given", "soft-opt-in")
            ]
            self.blobs.put_new(key, pack_manifest(people), "application/octet-stream")
            size = self.blobs.size(key)
        planned = manifest_length(size or 0)
        self.chunks.planned(campaign.id, shard, planned)
        numbers = range(-(-planned // campaign.chunk_size))
        finished = self.chunks.finished(campaign.id, shard) if numbers else frozenset()
        named = {"v": 1, "campaign": campaign.id, "shard": shard}
        messages: list[dict[str, object]] = [
            {**named, "number": number} for number in numbers if number not in finished
        ]
        if messages:
            self.queues.send_all(Queue.CHUNKS, messages)

    def deliver(self, body: Mapping[str, Any]) -> None:
        if body["v"] != 1:
            raise Throttled("a message of a version this code does not know comes back")
        chunk = ChunkRef(campaign=body["campaign"], shard=body["shard"], number=body["number"])
        campaign = self._campaign(chunk.campaign)
        if campaign.status is CampaignStatus.PAUSED:
            return
        owner = encode_id(self.random(16))
        claim = self.chunks.claim(chunk, owner, self.clock.now_ms(), LEASE_MS)
        if claim is None:
            return
        try:
            attempt = self._attempt(campaign, chunk, owner, claim.unsettled)
            messages = self._dispatched(campaign, attempt)
        except DependencyError:
            self.chunks.release(chunk, owner)
            raise
        if messages is None:
            self.chunks.release(chunk, owner)
            return
        if messages:
            sender: Any = self.sender
            answers = sender.send_plain(messages)
            told = zip(attempt.people, answers, strict=True)
            attempt.answers = {person.delivery: answer for person, answer in told}
        taken = attempt.answered(Outcome.ACCEPTED, Outcome.UNKNOWN)
        try:
            self._write_down(attempt, is_taken=bool(taken))
        finally:
            attempt.slots.keep({each.sid for each in taken})

    def _attempt(
        self, campaign: Campaign, chunk: ChunkRef, owner: str, places: Sequence[int] | None
    ) -> Attempt:
        key = f"manifests/v1/{chunk.campaign}/{chunk.shard}"
        data = self.blobs.get_range(key, *chunk_range(chunk.number, campaign.chunk_size))
        everybody = tuple(read_records(data))
        people = everybody if places is None else [everybody[place] for place in places]
        return Attempt(
            chunk=chunk,
            owner=owner,
            everybody=everybody,
            people=list(people),
            slots=Slots(self.frequency),
        )

    def _dispatched(self, campaign: Campaign, attempt: Attempt) -> list[Message] | None:
        """Mark the chunk and return its mails; None when the campaign was paused meanwhile."""
        try:
            addresses = self._prepare(campaign, attempt)
            self._wait(len(attempt.people))
            allowed = self._look(campaign, attempt)
            if allowed:
                self._mark(campaign, attempt, allowed)
        except KvittoError:
            attempt.slots.keep(NOBODY)
            raise
        if allowed is None:
            attempt.slots.keep(NOBODY)
            return None
        return [_mail(attempt.chunk, each, addresses[each.sid]) for each in attempt.people]

    def _prepare(self, campaign: Campaign, attempt: Attempt) -> dict[SubjectId, str]:
        if campaign.status is CampaignStatus.CANCELLED:
            for person in list(attempt.people):
                attempt.skip(person, SkipReason.CANCELLED)
            return {}
        members = self.audience.members([each.sid for each in attempt.people])
        now_ms = self.clock.now_ms()
        for person in list(attempt.people):
            member = members.get(person.sid)
            if member is None or member.wrapped_key is None:
                attempt.skip(person, SkipReason.NO_PROFILE)
            elif member.frequency.paused(now_ms):
                attempt.skip(person, SkipReason.PAUSED)
            elif member.frequency.max_per_week and not attempt.slots.take(person.sid, now_ms):
                attempt.skip(person, SkipReason.FREQUENCY)
        return {sid: address for address, sid in self.around.begun.people.items()}

    def _wait(self, people: int) -> None:
        if not people:
            return
        slot = self.rate.reserve(people, self.clock.now_ms())
        if slot.start_ms is None:
            self.rate.note(self.sender.quota(), self.clock.now_ms())
            slot = self.rate.reserve(people, self.clock.now_ms())
        if slot.start_ms is None:
            raise Throttled("the quota is used up")
        self.clock.sleep_ms(max(0, slot.start_ms - self.clock.now_ms()))

    def _look(self, campaign: Campaign, attempt: Attempt) -> list[Allowed] | None:
        found = self._campaign(campaign.id)
        if found.status is CampaignStatus.PAUSED:
            return None
        if found.status is CampaignStatus.CANCELLED:
            for person in list(attempt.people):
                attempt.skip(person, SkipReason.CANCELLED)
        sids = [each.sid for each in attempt.people]
        states = self.store.states(sids) if sids else {}
        allowed = []
        for person in list(attempt.people):
            scope = Scope(found.brand, EMAIL)
            verdict = decide(states.get(person.sid), scope, found.list, found.purpose)
            if isinstance(verdict, Skipped):
                attempt.skip(person, verdict.reason)
            else:
                allowed.append(verdict)
        return allowed

    def _mark(self, campaign: Campaign, attempt: Attempt, allowed: Sequence[Allowed]) -> None:
        now_ms = self.clock.now_ms()
        rows = [
            DeliveryRow(
                delivery=person.delivery,
                campaign=campaign.id,
                sid=person.sid,
                chunk=attempt.chunk.name,
                basis=verdict.basis,
                entry=verdict.entry,
                measured=verdict.measured,
                at_ms=now_ms,
            )
            for person, verdict in zip(attempt.people, allowed, strict=True)
        ]
        self.chunks.dispatch(attempt.chunk, attempt.owner, rows, now_ms, attempt.skipped)

    def _write_down(self, attempt: Attempt, *, is_taken: bool) -> None:
        result = attempt.result(self.clock.now_ms())
        if result.unsettled and not is_taken:
            self.chunks.release(attempt.chunk, attempt.owner)
            raise Throttled("SES took nobody of this chunk")
        self.chunks.commit(attempt.chunk, attempt.owner, result)
        if result.unsettled:
            raise Throttled("SES did not take everybody of this chunk")

    def advance(self) -> None:
        now_ms = self.clock.now_ms()
        for campaign in self.campaign_rows.unfinished():
            for shard in SHARDS:
                self.chunks.expire(campaign.id, shard, now_ms - LEASE_MS)
            if now_ms - (campaign.started_ms or 0) > STALLED_MS:
                self.queues.send_all(
                    Queue.PLANS,
                    [{"v": 1, "campaign": campaign.id, "shard": shard} for shard in SHARDS],
                )

    def _campaign(self, campaign_id: str) -> Campaign:
        campaign = self.campaign_rows.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign


def _mail(chunk: ChunkRef, person: Recipient, to: str) -> Message:
    tags = (("c", chunk.campaign), ("r", person.delivery), ("a", chunk.name))
    return Message(to=to, subject="Hello", html="<p>Hello</p>", text="Hello", tags=tags)
