# SPDX-License-Identifier: Apache-2.0
"""What must be true of a sending at every step, whoever crashed and whatever came twice.

D1 nobody is in two calls that SES may have taken, and nobody has mail of a campaign and of its
retry. D2 at the end everybody planned has one outcome, and it is true. D3 nobody is mailed on a
look that began after they withdrew, or that was before a wait; no campaign after it stopped. D4
what goes wrong once leaves one call's people unknown. D5 before the call there is a delivery row,
and it names the entry that allowed it. D6 and D10 are `pace`. D7 what is known of a person is never
known less. D8 nobody gets more mails a week than they take. D9 nobody is mailed before everybody is
planned, tried and committed to, and let go.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache

from chalicelib.domain.campaigns import (
    Campaign,
    CampaignStatus,
    ChunkRef,
    ChunkStatus,
    Progress,
    read_records,
)
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SHARDS, CampaignId, DeliveryId, SubjectId
from chalicelib.domain.outcomes import NEXT, REASON_OF, OutcomeCode, status_of
from chalicelib.domain.plan_gate import RENDERING
from chalicelib.domain.runs import ChunkView
from chalicelib.domain.state import Scope, load_state
from chalicelib.ports.sending import Message, Outcome, Sent
from chalicelib.services.plans import manifest_key
from tests.simulation.sending.begun import CAP, PER_SECOND, Begun, Rows
from tests.simulation.sending.begun import SHARDS as PEOPLE
from tests.simulation.sending.pace import Own, PaceWatch
from tests.simulation.sending.retries import lineage, mailed_once
from tests.simulation.watch import BrokenPromise
from tests.support.memory_runs import Lease
from tests.support.memory_sending import ChunkRow

NAP_MS = 250
"""A look may be so old, and no older wait may lie between it and the call."""
MANIFEST_HEAD, RECORD = 8, 28
"""Bytes of a manifest (docs/spec/sending.md section 3)."""
_STAYS = (ChunkStatus.DONE, ChunkStatus.UNKNOWN)


@dataclass(slots=True)
class Hand:
    """What one task has read and reserved since it last waited."""

    states: dict[SubjectId, str] = field(default_factory=dict)
    campaigns: dict[CampaignId, CampaignStatus] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def _verdict(text: str, campaign: Campaign) -> Allowed | Skipped:
    scope = Scope(campaign.brand, EMAIL)
    state = load_state(text)
    return decide(state, scope, campaign.list, campaign.purpose, campaign.minimum_grade)


class Watch:
    """Sees every look, wait, call and write of a chunk as it happens.

    Args:
        worker: the worker that runs.
        is_mixed: yesterday's code takes part, which had no gate.
    """

    def __init__(
        self,
        begun: Begun,
        rows: Rows,
        task: Callable[[], str],
        worker: Callable[[], Own],
        *,
        is_mixed: bool,
    ) -> None:
        self.excuses = 0
        self.pace = PaceWatch(task, worker)
        self.met: Counter[str] = Counter()
        self._begun = begun
        self._rows = rows
        self._task = task
        self._is_mixed = is_mixed
        self._overtaken = 0
        self.unknown = 0
        self._hands: dict[str, Hand] = {}
        self._maybe: Counter[tuple[CampaignId, str]] = Counter()
        self._chunks: dict[ChunkRef, ChunkView] = {}
        self._former: dict[ChunkRef, ChunkRow] = {}
        self._barred: dict[tuple[CampaignId, SkipReason], set[SubjectId]] = {}
        self.accepted: dict[tuple[CampaignId, str], str] = {}
        self.stopped: set[CampaignId] = set()
        self.warned: set[CampaignId] = set()

    def hand(self) -> Hand:
        """What the task that runs has in its hands."""
        return self._hands.setdefault(self._task(), Hand())

    def new_process(self) -> None:
        """Forget what the process knew."""
        self._hands[self._task()] = Hand()
        self.pace.new_process()

    # What a worker does before a call

    def waited(self, duration_ms: int) -> None:
        """A wait makes every look before it worth nothing."""
        if duration_ms > NAP_MS:
            self.hand().states.clear()
            self.hand().campaigns.clear()

    def looked(self, sids: Sequence[SubjectId]) -> None:
        """States were read strongly at this moment."""
        states, stored = self.hand().states, self._rows.ledger.states
        states.update({sid: stored[sid].text for sid in sids if sid in stored})

    def looked_at(self, campaign: str) -> None:
        """A campaign was read strongly at this moment."""
        found = self._rows.catalog.campaigns.get(campaign)
        if found is not None:
            self.hand().campaigns[found.id] = found.status

    # The call

    def called(self, messages: Sequence[Message]) -> None:
        """Judge a call that is about to be made."""
        hand = self.hand()
        self.pace.called(len(messages))
        for campaign in {self._key(message)[0] for message in messages}:
            self._judge_plan(campaign)
        for message in messages:
            self._judge(hand, message)
        for message in messages:
            place = self._key(message)
            self._maybe[place] += 1
            _require(self._maybe[place] == 1, f"D1: {place[1]} is in two calls")

    def _judge(self, hand: Hand, message: Message) -> None:
        campaign, to = self._key(message)
        sid = self._begun.people[to]
        cannot = to in self._begun.unmakeable and self._is_first(campaign)
        _require(not cannot, f"D9: {to} is mailed what cannot be made")
        status = hand.campaigns.get(campaign)
        _require(status is not None, f"D3: the campaign was not looked at before {to}")
        _require(status is CampaignStatus.SENDING, f"D3: {to} is mailed though it is {status}")
        text = hand.states.pop(sid, None)
        _require(text is not None, f"D3: {to} is mailed without a look")
        verdict = _verdict(text or "", self._rows.catalog.campaigns[campaign])
        if not isinstance(verdict, Allowed):
            raise BrokenPromise(f"D3: {to} is mailed though {verdict.reason}")
        seen = self._rows.runs.former.deliveries.get(DeliveryId(dict(message.tags)["r"]))
        row = seen.row if seen else None
        _require(row is not None, f"D5: {to} is mailed without a delivery row")
        if row is not None:
            named = (row.campaign, row.sid, row.entry, row.basis)
            allowed = (campaign, sid, verdict.entry, verdict.basis)
            _require(named == allowed, f"D5: the row of {to} names another entry")

    def _judge_plan(self, campaign: CampaignId) -> None:
        if self._is_mixed:
            return
        row, ledger = self._rows.catalog.campaigns[campaign], self._rows.ledger
        _require(row.go_ms is not None, "D9: mail goes before it was let go")
        _require(
            len(self._manifests(campaign)) == len(SHARDS),
            "D9: mail goes before all shards are planned",
        )
        committed = row.plan_event in ledger.located or row.plan_event in ledger.controller
        _require(committed, "D9: mail goes before the ledger holds its plan")
        asked = campaign in self.warned or not self._unmakeable(row)
        _require(asked, "D9: mail goes though some cannot be made, and nobody was asked")

    def _unmakeable(self, campaign: Campaign) -> list[str]:
        """Those still to be mailed whose mail cannot be made."""
        found: list[str] = []
        if not self._begun.unmakeable or not self._is_first(campaign.id):
            return found
        planned = self._people(campaign.id)
        for to in self._begun.unmakeable:
            sid, ledger = self._begun.people[to], self._rows.ledger
            is_there = sid in planned and sid in ledger.audience and sid in ledger.vault
            if is_there and isinstance(_verdict(ledger.states[sid].text, campaign), Allowed):
                found.append(to)
        return found

    def answered(self, messages: Sequence[Message], answers: Sequence[Sent]) -> None:
        """Whom SES surely did not take may be in another call."""
        self.pace.answered(answers)
        for message, answer in zip(messages, answers, strict=True):
            if answer.outcome in (Outcome.RETRY, Outcome.REJECTED):
                self._maybe[self._key(message)] -= 1

    def took(self, message: Message, message_id: str) -> None:
        """SES took a mail."""
        campaign, to = self._key(message)
        _require((campaign, to) not in self.accepted, f"D1: {to} was mailed twice")
        mailed_once(self.accepted, (campaign, to), self._rows.catalog.campaigns)
        self.accepted[campaign, to] = message_id
        sid = self._begun.people[to]
        if sid in self._begun.capped:
            mails = sum(person == to for _, person in self.accepted)
            _require(mails <= CAP, f"D8: {to} got {mails} mails in a week")

    def _key(self, message: Message) -> tuple[CampaignId, str]:
        return CampaignId(dict(message.tags)["c"]), message.to

    # What is stored

    def changed(self, sid: SubjectId) -> None:
        """Somebody's state may be another: remember what bars them from now on."""
        row = self._rows.ledger.states.get(sid)
        if row is None:
            return
        for campaign in self._rows.catalog.campaigns.values():
            verdict = _verdict(row.text, campaign)
            if isinstance(verdict, Skipped):
                self.bar(campaign.id, verdict.reason, sid)

    def bar(self, campaign: CampaignId, reason: SkipReason, sid: SubjectId) -> None:
        """From now on somebody may be skipped for a reason."""
        self._barred.setdefault((campaign, reason), set()).add(sid)

    def wrote_campaign(self, campaign: CampaignId) -> None:
        """Remember who was cancelled, who was stopped for rendering, and who goes on since."""
        row = self._rows.catalog.campaigns[campaign]
        if row.status is CampaignStatus.CANCELLED:
            self.stopped.add(campaign)
        if row.problem == RENDERING:
            self.met[f"gate {row.status}"] += 1
            if row.status is CampaignStatus.SENDING:
                self.warned.add(campaign)

    def leased(self, before: Lease | None, now: Lease | None) -> None:
        """Remember that a run was taken from a worker that neither gave it back nor lost it."""
        was_held = before is not None and before.until_ms > 0
        if was_held and now is not None and before is not None and now.owner != before.owner:
            self._overtaken += 1

    def wrote_chunks(self) -> None:
        """Judge every chunk that is another than a moment ago."""
        runs = self._rows.runs
        for ref, row in runs.former.chunks.items():
            if row is not self._former.get(ref):
                self._former[ref] = row
                self._compare(ref, runs.view(ref))
        for ref, view in runs.chunks.items():
            if view is not self._chunks.get(ref):
                self._compare(ref, view)

    def _compare(self, ref: ChunkRef, now: ChunkView) -> None:
        before = self._chunks.get(ref)
        if before is not None:
            _judge_chunk(before, now)
        known = before.codes if before is not None and before.codes is not None else b""
        lost = (now.codes or b"").count(OutcomeCode.UNKNOWN) - known.count(OutcomeCode.UNKNOWN)
        self.unknown += max(0, lost)
        _require(self.unknown <= self._excused, f"D4: {self.unknown} unknown for nothing")
        self._chunks[ref] = now

    # The end

    def finished(self, campaign: Campaign, progress: Progress, shards: int) -> None:
        """Judge the account of a campaign with nothing left to do."""
        planned = sum(map(len, self._manifests(campaign.id))) // RECORD
        _require(shards == 16, "D2: a shard was never planned")
        _require(progress.planned == planned, "D2: another number is planned than the plan says")
        _require(progress.accounted == planned, f"D2: {progress} of {planned}")
        took = sum(of == campaign.id for of, _ in self.accepted)
        _require(
            progress.sent <= took <= progress.sent + progress.unknown,
            f"D2: SES took {took}, and the account is {progress}",
        )
        _require(progress.unknown <= self._excused, f"D4: {progress.unknown} unknown for nothing")
        refused = len(self._begun.refused)
        _require(progress.rejected <= refused, "D2: somebody is rejected for nothing")
        for reason, people in progress.skipped.items():
            possible = self._most(campaign.id, reason)
            _require(people <= possible, f"D2: {people} skipped as {reason}, {possible} may be")

    def outcomes(self, campaign: Campaign, codes: Mapping[str, OutcomeCode]) -> None:
        """Judge everybody's outcome by address; only runs tell it of each."""
        for to, code in codes.items():
            took = (campaign.id, to) in self.accepted
            if code in (OutcomeCode.SENT, OutcomeCode.RESOLVED_SENT):
                _require(took, f"D2: {to} counts as sent and was not")
            elif code not in (OutcomeCode.UNKNOWN, OutcomeCode.EARLIER):
                _require(not took, f"D2: {to} was mailed and counts as {code.name}")
            if code in REASON_OF:
                sid, reason = self._begun.people[to], REASON_OF[code]
                holds = sid in self._possible(campaign.id, reason)
                _require(holds, f"D2: {to} is skipped as {reason} for nothing")

    def _manifests(self, campaign: CampaignId) -> list[bytes]:
        blobs = self._rows.outside.blobs
        found = [blobs.get(manifest_key(campaign, shard)) for shard in SHARDS]
        return [blob.data[MANIFEST_HEAD:] for blob in found if blob is not None]

    def _people(self, campaign: CampaignId) -> set[SubjectId]:
        """Everybody planned."""
        read = map(read_records, self._manifests(campaign))
        return {person.sid for records in read for person in records}

    @property
    def _largest(self) -> int:
        """How many people the largest chunk of a campaign started so far may have."""
        sizes = [each.chunk_size for each in self._rows.catalog.campaigns.values()]
        return max(int(PER_SECOND), min(max(sizes), max(PEOPLE.values())))

    @property
    def _excused(self) -> int:
        """Of how many people what went wrong so far may leave it open where their mail is."""
        return self.excuses * self._largest // int(PER_SECOND)

    def _most(self, campaign: CampaignId, reason: str) -> int:
        if reason == "unsent":
            return self._excused
        if reason == "failed":
            # Given up after three leases that ended badly: a worker that is gone, or slower than
            # its lease, or a clock so wrong that somebody took it for over.
            return min(self._overtaken, self.excuses) // 3 * self._largest
        return len(self._possible(campaign, SkipReason(reason)))

    def _possible(self, campaign: CampaignId, reason: SkipReason) -> AbstractSet[SubjectId]:
        """Those who may be skipped for a reason."""
        people = self._begun.people
        if reason is SkipReason.CANCELLED:
            return set(people.values()) if campaign in self.stopped else set()
        if reason is SkipReason.RENDERING:
            return {people[to] for to in self._begun.unmakeable if self._is_first(campaign)}
        reasons = [reason]
        if reason is SkipReason.NO_PROFILE:
            reasons.append(SkipReason.ERASED)
        # What barred somebody before a retry was made bars them from it.
        family = list(lineage(campaign, self._rows.catalog.campaigns))
        found = set().union(*(self._barred.get((of, r), ()) for of in family for r in reasons))
        return found | self._begun.capped if reason is SkipReason.FREQUENCY else found

    def _is_first(self, campaign: CampaignId) -> bool:
        """Whether it is the first campaign or one of its retries, which say the same."""
        *_, root = lineage(campaign, self._rows.catalog.campaigns)
        return root == self._begun.campaigns[0]


def _judge_chunk(before: ChunkView, now: ChunkView) -> None:
    """One write: nothing known is lost, nobody settled is open again."""
    if before.version == now.version == 1:
        _require(
            before.status is not ChunkStatus.DONE or now.status is ChunkStatus.DONE,
            "D7: a chunk that was done is not any more",
        )
        _require(
            before.status is not ChunkStatus.UNKNOWN or now.status in _STAYS,
            "D7: a chunk that was unknown is to be sent again",
        )
        return
    if now.codes is None:
        raise BrokenPromise("D7: a row of runs is gone")
    _require(now.status is status_of(now.codes), "D7: a chunk's state is not that of its people")
    if before.codes is None:
        free = before.status in (ChunkStatus.CLAIMED, ChunkStatus.PARTIAL)
        _require(free, "D7: a chunk of version 1 was taken from a worker that may be sending")
        return
    for old, new in zip(before.codes, now.codes, strict=True):
        known = old == new or new in NEXT.get(OutcomeCode(old), ())
        _require(known, f"D7: somebody went from {OutcomeCode(old).name} to {new}")


def first(promise: BrokenPromise) -> BrokenPromise:
    """Return the promise broken first: what a worker does in its `finally` is judged, too."""
    while isinstance(promise.__context__, BrokenPromise):
        promise = promise.__context__
    return promise


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise BrokenPromise(promise)
