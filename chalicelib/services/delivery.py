# SPDX-License-Identifier: Apache-2.0
"""Sending a campaign chunk by chunk: claim, look, send, write down what came of it.

Guarantees (docs/spec/sending.md): nobody planned is mailed twice or lost; consent and the
campaign's status are read strongly after rendering and just before every call; a call whose
outcome is unknown is never made again; consent that cannot be read means not sent; who SES surely
did not take stays to be sent to; who limited or paused their mail gets no more than they wished.
"""

from dataclasses import dataclass

from chalicelib.domain.campaigns import (
    Campaign,
    CampaignStatus,
    ChunkRef,
    Content,
    Recipient,
    chunk_range,
    read_records,
)
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import RANDOM_ID_BYTES, SubjectId, encode_id
from chalicelib.domain.state import Scope
from chalicelib.errors import (
    DependencyError,
    EvidenceError,
    InputError,
    KvittoError,
    NotFound,
    Throttled,
)
from chalicelib.ports.audience import AudienceStore, FrequencyStore, Member
from chalicelib.ports.catalog import Brands, Campaigns, Lists
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.outside import Blobs
from chalicelib.ports.sending import (
    ChunkStore,
    DeliveryRow,
    Message,
    Sender,
)
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.attempts import Attempt, Prepared
from chalicelib.services.campaign_watch import LEASE_MS
from chalicelib.services.checkpoint_line import CheckpointLine
from chalicelib.services.entries import open_profile
from chalicelib.services.ledger import Ledger
from chalicelib.services.mailing import Composer
from chalicelib.services.pacing import Pacer
from chalicelib.services.plans import manifest_key
from chalicelib.services.slots import Slots

MAX_TRIES = 6
"""Calls made for recipients SES surely did not take, within one claim."""
BACK_OFF_MS = 250
"""The wait before try ``n`` is this, doubled ``n`` times, milliseconds."""
TRY_FOR_MS = 45 * 1000
"""No further try is begun so long after the dispatch: what is known must be written in time."""
NOBODY: frozenset[SubjectId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """The campaign as it was when the chunk was taken, its words, brand, list, the log's head."""

    campaign: Campaign
    content: Content
    brand: Brand
    mailing_list: MailingList
    checkpoint: CheckpointLine | None


class Courier:
    """Delivers chunks."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        brands: Brands,
        lists: Lists,
        audience: AudienceStore,
        frequency: FrequencyStore,
        store: LedgerStore,
        ledger: Ledger,
        blobs: Blobs,
        chunks: ChunkStore,
        pacer: Pacer,
        sender: Sender,
        composer: Composer,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._brands = brands
        self._lists = lists
        self._audience = audience
        self._frequency = frequency
        self._store = store
        self._ledger = ledger
        self._blobs = blobs
        self._chunks = chunks
        self._pacer = pacer
        self._sender = sender
        self._composer = composer
        self._clock = clock
        self._random = random

    def deliver(self, chunk: ChunkRef) -> None:
        """Send one chunk, or those of it whom no earlier attempt settled.

        Idempotency key: the chunk; nobody in it is in two calls that SES may have taken.

        Raises:
            Conflict: another worker has it; come back later.
            NotFound: there is no such campaign or manifest.
            Throttled: SES did not take everybody, or the day's quota is used up; come back later
                for the others.
            DependencyError: nothing was sent; come back later.

        """
        mailing = self._mailing(chunk.campaign)
        if mailing.campaign.status is CampaignStatus.PAUSED:
            return  # Resuming plans again, which makes its message again.
        owner = encode_id(self._random(RANDOM_ID_BYTES))
        claim = self._chunks.claim(chunk, owner, self._clock.now_ms(), LEASE_MS)
        if claim is None:
            return
        try:
            everybody = self._read(chunk, mailing.campaign.chunk_size)
            people = everybody
            if claim.unsettled is not None:
                people = tuple(everybody[place] for place in claim.unsettled)
            attempt = Attempt(chunk, owner, everybody, people, Slots(self._frequency))
            if not self._dispatch(mailing, attempt):
                self._chunks.release(chunk, owner)
                return
        except DependencyError:
            # SES was not called yet: whoever claims next may start anew.
            self._chunks.release(chunk, owner)
            raise
        self._send(mailing, attempt)
        try:
            self._write_down(attempt)
        except KvittoError:
            attempt.slots.keep(attempt.taken)
            raise
        attempt.slots.keep(attempt.taken)

    def _mailing(self, campaign_id: str) -> Mailing:
        campaign = self._campaign(campaign_id)
        brand = self._brands.get(campaign.brand)
        mailing_list = self._lists.get(campaign.list)
        content = self._campaigns.content(campaign.id)
        if brand is None or mailing_list is None or content is None:
            raise NotFound("There is no such campaign.")
        return Mailing(
            campaign=campaign,
            content=content,
            brand=brand,
            mailing_list=mailing_list,
            checkpoint=self._composer.checkpoint(),
        )

    def _campaign(self, campaign_id: str) -> Campaign:
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign

    def _read(self, chunk: ChunkRef, size: int) -> tuple[Recipient, ...]:
        first, last = chunk_range(chunk.number, size)
        key = manifest_key(chunk.campaign, chunk.shard)
        return tuple(read_records(self._blobs.get_range(key, first, last)))

    def _dispatch(self, mailing: Mailing, attempt: Attempt) -> bool:
        """Prepare, wait, look, and mark the chunk; False when the campaign was paused.

        Waiting comes before consent is read.
        """
        if mailing.campaign.status is CampaignStatus.CANCELLED:
            attempt.skipped[SkipReason.CANCELLED] = len(attempt.people)
            return True
        try:
            self._prepare(mailing, attempt)
            self._take_slots(attempt)
            if attempt.waiting and not self._pacer.wait(len(attempt.waiting)):
                raise Throttled("The account's quota is used up; the chunk is kept for later.")
            marked = self._mark(mailing, attempt)
        except KvittoError:
            attempt.slots.keep(NOBODY)
            raise
        if not marked:
            attempt.slots.keep(NOBODY)
        return marked

    def _mark(self, mailing: Mailing, attempt: Attempt) -> bool:
        """Look, and mark the chunk for those who may be mailed; False when paused meanwhile."""
        allowed = self._look(mailing, attempt)
        if allowed is None:
            return False
        if allowed:
            now_ms = self._clock.now_ms()
            rows = [
                _row(mailing.campaign, attempt.chunk, item, verdict, now_ms)
                for item, verdict in allowed
            ]
            self._chunks.dispatch(attempt.chunk, attempt.owner, rows, now_ms, attempt.skipped)
        return True

    def _prepare(self, mailing: Mailing, attempt: Attempt) -> None:
        """Read profiles and keys in one batch and render; who cannot be rendered is skipped."""
        members = self._audience.members([person.sid for person in attempt.people])
        now_ms = self._clock.now_ms()
        for person in attempt.people:
            member = members.get(person.sid)
            if member is None or member.wrapped_key is None:
                attempt.skipped[SkipReason.NO_PROFILE] += 1
                continue
            if member.frequency.paused(now_ms):
                attempt.skipped[SkipReason.PAUSED] += 1
                continue
            try:
                message = self._message(mailing, person, member, attempt.chunk)
            except EvidenceError:
                attempt.skipped[SkipReason.UNREADABLE] += 1
            except InputError:
                attempt.skipped[SkipReason.RENDERING] += 1
            else:
                capped = member.frequency.max_per_week is not None
                attempt.waiting.append(Prepared(recipient=person, message=message, capped=capped))

    def _take_slots(self, attempt: Attempt) -> None:
        """Hold a slot of the week for each who limited their mail; who has none left is skipped."""
        now_ms = self._clock.now_ms()
        kept = []
        for item in attempt.waiting:
            if item.capped and not attempt.slots.take(item.recipient.sid, now_ms):
                attempt.skipped[SkipReason.FREQUENCY] += 1
            else:
                kept.append(item)
        attempt.waiting = kept

    def _message(
        self, mailing: Mailing, person: Recipient, member: Member, chunk: ChunkRef
    ) -> Message:
        keys = self._ledger.keys_of(person.sid, member.wrapped_key or b"")
        profile = open_profile(keys, member.sealed)
        return self._composer.compose(
            mailing.content,
            mailing.brand,
            mailing.mailing_list,
            person,
            profile,
            chunk,
            mailing.checkpoint,
        )

    def _look(self, mailing: Mailing, attempt: Attempt) -> list[tuple[Prepared, Allowed]] | None:
        """The last look before a call: the campaign and everybody's consent, read strongly.

        It alone decides who waits on. None, and nobody is skipped, when the campaign is paused.
        """
        campaign = self._campaign(mailing.campaign.id)
        if campaign.status is CampaignStatus.PAUSED:
            return None
        if campaign.status is CampaignStatus.CANCELLED:
            attempt.cancel()
        waiting = attempt.waiting
        states = self._store.states([item.recipient.sid for item in waiting]) if waiting else {}
        scope = Scope(campaign.brand, EMAIL)
        allowed = []
        for item in waiting:
            state = states.get(item.recipient.sid)
            verdict = decide(state, scope, campaign.list, campaign.purpose, campaign.minimum_grade)
            if isinstance(verdict, Skipped):
                attempt.skipped[verdict.reason] += 1
            else:
                allowed.append((item, verdict))
        attempt.waiting = [item for item, _ in allowed]
        return allowed

    def _send(self, mailing: Mailing, attempt: Attempt) -> None:
        """Make the call; those SES surely did not take are tried again, after another look."""
        began_ms = self._clock.now_ms()
        for number in range(MAX_TRIES):
            if number and attempt.waiting:
                self._clock.sleep_ms(BACK_OFF_MS << number)
                try:
                    if not self._pacer.wait(len(attempt.waiting)):
                        return
                    if self._look(mailing, attempt) is None:
                        return
                except DependencyError:
                    continue  # What cannot be read is not sent; what is known stays known.
            if not attempt.waiting or self._clock.now_ms() - began_ms > TRY_FOR_MS:
                return
            messages = [item.message for item in attempt.waiting]
            answers = self._sender.send_many(mailing.brand.sender, messages)
            attempt.answered(answers)
            self._pacer.heard(answers)

    def _write_down(self, attempt: Attempt) -> None:
        """Commit what is settled; a chunk that SES took nobody of is given back whole.

        Raises:
            Throttled: somebody is still to be sent to; the message must come again.

        """
        if attempt.waiting and not attempt.taken:
            self._chunks.release(attempt.chunk, attempt.owner)
            raise Throttled("SES took nobody of this chunk; it is kept for later.")
        result = attempt.result(self._clock.now_ms())
        self._chunks.commit(attempt.chunk, attempt.owner, result)
        if result.unsettled:
            raise Throttled("SES did not take everybody of this chunk; the rest is kept for later.")


def _row(
    campaign: Campaign, chunk: ChunkRef, item: Prepared, verdict: Allowed, now_ms: int
) -> DeliveryRow:
    return DeliveryRow(
        delivery=item.recipient.delivery,
        campaign=campaign.id,
        sid=item.recipient.sid,
        chunk=chunk.name,
        basis=verdict.basis,
        entry=verdict.entry,
        measured=verdict.measured,
        at_ms=now_ms,
    )
