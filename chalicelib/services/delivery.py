# SPDX-License-Identifier: Apache-2.0
"""Sending a campaign: plan a shard once, then chunk by chunk, claim-then-send.

Guarantees (docs/spec/sending.md): nobody planned is mailed twice or lost; consent is read
strongly after rendering and just before the call; a call whose outcome is unknown is never made
again; consent that cannot be read means not sent.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import DELIVERY_ID_BYTES, RANDOM_ID_BYTES, DeliveryId, encode_id
from chalicelib.domain.state import ConsentStatus, Scope
from chalicelib.errors import DependencyError, EvidenceError, InputError, NotFound, Throttled
from chalicelib.ports.audience import AudienceStore, Member
from chalicelib.ports.catalog import Brands, Campaigns, Lists
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.sending import (
    ChunkResult,
    ChunkStore,
    DeliveryRow,
    Message,
    Outcome,
    RateSlot,
    Sender,
    Sent,
)
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.campaigns import LEASE_MS
from chalicelib.services.entries import open_profile
from chalicelib.services.ledger import Ledger
from chalicelib.services.mailing import Composer

log = logging.getLogger(__name__)

MAX_TRIES = 6
"""Calls made for recipients SES surely did not take, within one claim."""
BACK_OFF_MS = 250
"""The wait before try ``n`` is this, doubled ``n`` times, milliseconds."""


def manifest_key(campaign: str, shard: str) -> str:
    """Return the blob key of a shard's manifest."""
    return f"manifests/v1/{campaign}/{shard}"


class Planner:
    """Turns a started campaign into immutable manifests and chunk messages."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        audience: AudienceStore,
        blobs: Blobs,
        chunks: ChunkStore,
        queues: Queues,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._audience = audience
        self._blobs = blobs
        self._chunks = chunks
        self._queues = queues
        self._random = random

    def plan(self, campaign_id: str, shard: str) -> int:
        """Plan one shard and return how many people it holds.

        Idempotency key: campaign and shard. A repeat finds the manifest and plans nobody anew.

        Raises:
            NotFound: there is no such campaign.
            DependencyError: try again.

        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        if campaign.status not in (CampaignStatus.SENDING, CampaignStatus.CANCELLED):
            return 0
        key = manifest_key(campaign.id, shard)
        size = self._blobs.size(key)
        if size is None:
            manifest = pack_manifest(self._recipients(campaign, shard))
            # Somebody else may have been first: theirs stands.
            self._blobs.put_new(key, manifest, "application/octet-stream")
            size = self._blobs.size(key)
        people = manifest_length(size or 0)
        self._chunks.planned(campaign.id, shard, people)
        self._queues.send_all(
            Queue.CHUNKS,
            [
                {"v": 1, "campaign": campaign.id, "shard": shard, "number": number}
                for number in range(-(-people // campaign.chunk_size))
            ],
        )
        return people

    def _recipients(self, campaign: Campaign, shard: str) -> Iterator[Recipient]:
        for sid in self._audience.on_list(shard, campaign.list, ConsentStatus.GIVEN):
            delivery = DeliveryId(encode_id(self._random(DELIVERY_ID_BYTES)))
            yield Recipient(sid=sid, delivery=delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One person's finished message, not yet allowed to go."""

    recipient: Recipient
    message: Message


class Courier:
    """Delivers chunks."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        brands: Brands,
        lists: Lists,
        audience: AudienceStore,
        store: LedgerStore,
        ledger: Ledger,
        blobs: Blobs,
        chunks: ChunkStore,
        rate: RateSlot,
        sender: Sender,
        composer: Composer,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._brands = brands
        self._lists = lists
        self._audience = audience
        self._store = store
        self._ledger = ledger
        self._blobs = blobs
        self._chunks = chunks
        self._rate = rate
        self._sender = sender
        self._composer = composer
        self._clock = clock
        self._random = random

    def deliver(self, chunk: ChunkRef) -> None:
        """Send one chunk.

        Idempotency key: the chunk; its claim is never given twice once dispatched.

        Raises:
            Conflict: another worker has it; come back later.
            NotFound: there is no such campaign or manifest.
            DependencyError: nothing was sent; come back later.

        """
        campaign, brand, mailing_list = self._campaign(chunk.campaign)
        if campaign.status is CampaignStatus.PAUSED:
            return  # Resuming plans again, which sends every chunk message again.
        owner = encode_id(self._random(RANDOM_ID_BYTES))
        if not self._chunks.claim(chunk, owner, self._clock.now_ms(), LEASE_MS):
            return
        try:
            recipients = self._read(chunk, campaign.chunk_size)
            if campaign.status is CampaignStatus.CANCELLED:
                cancelled = Counter[str]({SkipReason.CANCELLED: len(recipients)})
                self._commit(chunk, owner, recipients, {}, cancelled)
                return
            prepared, skipped = self._prepare(campaign, brand, mailing_list, recipients, chunk)
            self._wait(len(prepared))
            allowed = self._allowed(campaign, prepared, skipped)
            now_ms = self._clock.now_ms()
            rows = [_row(campaign, chunk, item, verdict, now_ms) for item, verdict in allowed]
            self._chunks.dispatch(chunk, owner, rows, now_ms, skipped)
        except DependencyError:
            # SES was not called yet: whoever claims next may start anew.
            self._chunks.release(chunk, owner)
            raise
        results = self._send(campaign, brand, [item for item, _ in allowed], skipped)
        if results and all(sent.outcome is Outcome.RETRY for sent in results.values()):
            self._chunks.release(chunk, owner)
            raise Throttled("SES took nobody of this chunk; it is kept for later.")
        self._commit(chunk, owner, recipients, results, skipped)

    def _campaign(self, campaign_id: str) -> tuple[Campaign, Brand, MailingList]:
        campaign = self._campaigns.get(campaign_id)
        brand = self._brands.get(campaign.brand) if campaign else None
        mailing_list = self._lists.get(campaign.list) if campaign else None
        if campaign is None or brand is None or mailing_list is None:
            raise NotFound("There is no such campaign.")
        return campaign, brand, mailing_list

    def _read(self, chunk: ChunkRef, size: int) -> tuple[Recipient, ...]:
        first, last = chunk_range(chunk.number, size)
        key = manifest_key(chunk.campaign, chunk.shard)
        return tuple(read_records(self._blobs.get_range(key, first, last)))

    def _prepare(
        self,
        campaign: Campaign,
        brand: Brand,
        mailing_list: MailingList,
        recipients: Sequence[Recipient],
        chunk: ChunkRef,
    ) -> tuple[list[Prepared], Counter[str]]:
        """Read profiles and keys in one batch and render; who cannot be rendered is skipped."""
        members = self._audience.members([person.sid for person in recipients])
        prepared: list[Prepared] = []
        skipped: Counter[str] = Counter()
        for person in recipients:
            member = members.get(person.sid)
            if member is None or member.wrapped_key is None:
                skipped[SkipReason.NO_PROFILE] += 1
                continue
            try:
                message = self._message(campaign, brand, mailing_list, person, member, chunk)
            except EvidenceError:
                skipped[SkipReason.UNREADABLE] += 1
            except InputError:
                skipped[SkipReason.RENDERING] += 1
            else:
                prepared.append(Prepared(recipient=person, message=message))
        return prepared, skipped

    def _message(
        self,
        campaign: Campaign,
        brand: Brand,
        mailing_list: MailingList,
        person: Recipient,
        member: Member,
        chunk: ChunkRef,
    ) -> Message:
        keys = self._ledger.keys_of(person.sid, member.wrapped_key or b"")
        profile = open_profile(keys, member.sealed)
        return self._composer.compose(campaign, brand, mailing_list, person, profile, chunk.name)

    def _wait(self, recipients: int) -> None:
        """Wait for the account's rate slot; waiting comes before consent is read."""
        if recipients == 0:
            return
        now_ms = self._clock.now_ms()
        start_ms = self._rate.reserve(recipients, self._sender.quota_per_second(), now_ms)
        if start_ms > now_ms:
            self._clock.sleep_ms(start_ms - now_ms)

    def _allowed(
        self, campaign: Campaign, prepared: Sequence[Prepared], skipped: Counter[str]
    ) -> list[tuple[Prepared, Allowed]]:
        """The eligibility read: strong, after rendering, and it alone decides."""
        states = self._store.states([item.recipient.sid for item in prepared]) if prepared else {}
        allowed = []
        for item in prepared:
            verdict = decide(
                states.get(item.recipient.sid),
                Scope(campaign.brand, EMAIL),
                campaign.list,
                campaign.purpose,
            )
            if isinstance(verdict, Skipped):
                skipped[verdict.reason] += 1
            else:
                allowed.append((item, verdict))
        return allowed

    def _send(
        self,
        campaign: Campaign,
        brand: Brand,
        prepared: Sequence[Prepared],
        skipped: Counter[str],
    ) -> dict[DeliveryId, Sent]:
        """Make the call; those SES surely did not take are tried again, consent read anew."""
        results: dict[DeliveryId, Sent] = {}
        waiting = list(prepared)
        for attempt in range(MAX_TRIES):
            if not waiting:
                break
            if attempt:
                self._clock.sleep_ms(BACK_OFF_MS << attempt)
                self._wait(len(waiting))
                try:
                    still = self._allowed(campaign, waiting, skipped)
                except DependencyError:
                    continue  # Consent unreadable: not sent.
                waiting = [item for item, _ in still]
                if not waiting:
                    break  # Everybody left meanwhile: there is nobody to call for.
            answers = self._sender.send_many(brand.sender, [item.message for item in waiting])
            refused = []
            for item, answer in zip(waiting, answers, strict=True):
                if answer.outcome is Outcome.RETRY:
                    refused.append(item)
                else:
                    results[item.recipient.delivery] = answer
            waiting = refused
        left = Outcome.REJECTED if results else Outcome.RETRY
        for item in waiting:
            results[item.recipient.delivery] = Sent(outcome=left, reason="throttled")
        return results

    def _commit(
        self,
        chunk: ChunkRef,
        owner: str,
        recipients: Sequence[Recipient],
        results: Mapping[DeliveryId, Sent],
        skipped: Counter[str],
    ) -> None:
        outcomes = Counter(sent.outcome for sent in results.values())
        self._chunks.commit(
            chunk,
            owner,
            ChunkResult(
                sent=outcomes[Outcome.ACCEPTED],
                rejected=outcomes[Outcome.REJECTED],
                unknown=outcomes[Outcome.UNKNOWN],
                skipped=dict(skipped),
                message_ids=tuple(
                    results[person.delivery].message_id if person.delivery in results else None
                    for person in recipients
                ),
                at_ms=self._clock.now_ms(),
            ),
        )


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
