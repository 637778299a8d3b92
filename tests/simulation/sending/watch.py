# SPDX-License-Identifier: Apache-2.0
"""What must be true of a sending at every step, whoever crashed and whatever came twice.

D1 nobody is in two calls that SES may have taken. D2 at the end everybody planned has one outcome,
and it is true. D3 nobody is mailed on a look that began after they withdrew, or that was before a
wait; no campaign after it stopped. D4 nobody is unknown without a cause. D5 before the call there
is a delivery row, and it names the entry that allowed it. D6 every call has its slot of the rate.
D7 what is known of a person is never known less. D8 nobody gets more mails a week than they take.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from chalicelib.domain.campaigns import Campaign, CampaignStatus, ChunkRef, ChunkStatus, Progress
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.outcomes import NEXT, OutcomeCode, status_of
from chalicelib.domain.runs import ChunkView
from chalicelib.domain.state import Scope, load_state
from chalicelib.ports.sending import Message, Outcome, Sent
from tests.simulation.sending.begun import CAP, PER_SECOND, Begun, Rows
from tests.simulation.watch import BrokenPromise
from tests.support.memory_sending import ChunkRow

NAP_MS = 250
"""A look may be so old, and no older wait may lie between it and the call."""
_STAYS = (ChunkStatus.DONE, ChunkStatus.UNKNOWN)


@dataclass(slots=True)
class Hand:
    """What one task has read and reserved since it last waited."""

    states: dict[SubjectId, str] = field(default_factory=dict)
    campaigns: dict[CampaignId, CampaignStatus] = field(default_factory=dict)
    slot: int = 0


@lru_cache(maxsize=4096)
def _verdict(text: str, campaign: Campaign) -> Allowed | Skipped:
    scope = Scope(campaign.brand, EMAIL)
    state = load_state(text)
    return decide(state, scope, campaign.list, campaign.purpose, campaign.minimum_grade)


class Watch:
    """Sees every look, wait, reservation, call and write of a chunk as it happens."""

    def __init__(self, begun: Begun, rows: Rows, task: Callable[[], str]) -> None:
        self.excuses = 0
        self.crashes = 0
        self._begun = begun
        self._rows = rows
        self._task = task
        self._hands: dict[str, Hand] = {}
        self._maybe: Counter[tuple[CampaignId, str]] = Counter()
        self._chunks: dict[ChunkRef, ChunkView] = {}
        self._former: dict[ChunkRef, ChunkRow] = {}
        self._barred: dict[tuple[CampaignId, SkipReason], set[SubjectId]] = {}
        self.accepted: dict[tuple[CampaignId, str], str] = {}
        self.stopped: set[CampaignId] = set()

    def hand(self) -> Hand:
        """What the task that runs has in its hands."""
        return self._hands.setdefault(self._task(), Hand())

    def new_process(self) -> None:
        """Forget what the process knew."""
        self._hands[self._task()] = Hand()

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

    def reserved(self, people: int) -> None:
        """A slot for so many was reserved."""
        self.hand().slot = people

    # The call

    def called(self, messages: Sequence[Message]) -> None:
        """Judge a call that is about to be made."""
        hand = self.hand()
        _require(hand.slot >= len(messages), "D6: a call without its slot")
        hand.slot -= len(messages)
        for message in messages:
            self._judge(hand, message)
        for message in messages:
            place = self._key(message)
            self._maybe[place] += 1
            _require(self._maybe[place] == 1, f"D1: {place[1]} is in two calls")

    def _judge(self, hand: Hand, message: Message) -> None:
        campaign, to = self._key(message)
        sid = self._begun.people[to]
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

    def answered(self, messages: Sequence[Message], answers: Sequence[Sent]) -> None:
        """Whom SES surely did not take may be in another call."""
        for message, answer in zip(messages, answers, strict=True):
            if answer.outcome in (Outcome.RETRY, Outcome.REJECTED):
                self._maybe[self._key(message)] -= 1
            elif answer.outcome is Outcome.UNKNOWN:
                self.excuses += 1

    def took(self, message: Message, message_id: str) -> None:
        """SES took a mail."""
        campaign, to = self._key(message)
        _require((campaign, to) not in self.accepted, f"D1: {to} was mailed twice")
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
        """Remember that a campaign was cancelled."""
        if self._rows.catalog.campaigns[campaign].status is CampaignStatus.CANCELLED:
            self.stopped.add(campaign)

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
        self._chunks[ref] = now

    # The end

    def finished(self, campaign: Campaign, progress: Progress, shards: int) -> None:
        """Judge the account of a campaign with nothing left to do."""
        planned = sum(self._planned(campaign.id).values())
        _require(shards == 16, "D2: a shard was never planned")
        _require(progress.planned == planned, "D2: another number is planned than the plan says")
        _require(progress.accounted == planned, f"D2: {progress} of {planned}")
        took = sum(of == campaign.id for of, _ in self.accepted)
        _require(
            progress.sent <= took <= progress.sent + progress.unknown,
            f"D2: SES took {took}, and the account is {progress}",
        )
        _require(progress.unknown <= self.excuses, f"D4: {progress.unknown} unknown for nothing")
        refused = len(self._begun.refused)
        _require(progress.rejected <= refused, "D2: somebody is rejected for nothing")
        for reason, people in progress.skipped.items():
            possible = self._possible(campaign.id, reason)
            _require(people <= possible, f"D2: {people} skipped as {reason}, {possible} may be")

    def outcomes(self, campaign: Campaign, codes: Mapping[str, OutcomeCode]) -> None:
        """Judge everybody's outcome by address; only runs tell it of each."""
        for to, code in codes.items():
            took = (campaign.id, to) in self.accepted
            if code in (OutcomeCode.SENT, OutcomeCode.RESOLVED_SENT):
                _require(took, f"D2: {to} counts as sent and was not")
            elif code not in (OutcomeCode.UNKNOWN, OutcomeCode.EARLIER):
                _require(not took, f"D2: {to} was mailed and counts as {code.name}")

    def _planned(self, campaign: CampaignId) -> dict[str, int]:
        blobs, head = self._rows.outside.blobs, f"manifests/v1/{campaign}/"
        found = {key: blob for key, blob in blobs.items() if key.startswith(head)}
        found.pop(f"{head}plan", None)
        return {key: (len(blob.data) - 8) // 28 for key, blob in found.items()}

    def _possible(self, campaign: CampaignId, reason: str) -> int:
        if reason == SkipReason.CANCELLED:
            return len(self._begun.people) if campaign in self.stopped else 0
        if reason == SkipReason.FREQUENCY:
            return len(self._begun.capped)
        if reason == "unsent":
            return self.excuses
        if reason == "failed":  # Given up after three workers died on it.
            return self.crashes // 3 * int(PER_SECOND)
        barred = self._barred.get((campaign, SkipReason(reason)), set())
        if reason == SkipReason.NO_PROFILE:
            barred = barred | self._barred.get((campaign, SkipReason.ERASED), set())
        return len(barred)


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


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise BrokenPromise(promise)
