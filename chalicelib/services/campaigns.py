# SPDX-License-Identifier: Apache-2.0
"""Campaigns: written, tested, started, paused, finished. The work itself is done by workers.

Guarantees that what a started campaign says is frozen and committed to the ledger before anybody
is planned, and that every act follows the life cycle of `domain.campaigns`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.campaigns import (
    MAX_RECIPIENTS_PER_CALL,
    Act,
    Campaign,
    CampaignStatus,
    Content,
    Progress,
    next_status,
)
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import RANDOM_ID_BYTES, SHARDS, CampaignId, ListId, PurposeId, encode_id
from chalicelib.errors import Conflict, InputError, NotFound, Throttled, Unavailable
from chalicelib.ports.catalog import Brands, Campaigns, Lists, Page
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.sending import ChunkStore, Message, Outcome, Sender
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof import canonical
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.mailing import Composer
from chalicelib.vocabulary import EventType

STALLED_MS = 10 * 60 * 1000
"""A running campaign without a commit for this long is planned again; repeating is harmless."""
LEASE_MS = 120 * 1000
"""How long a chunk's claim lasts, and after how long one dispatched is unknown for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A campaign with its progress. ``status`` is ``sent`` as soon as everyone is accounted for."""

    campaign: Campaign
    progress: Progress
    status: CampaignStatus


class CampaignDesk:
    """What a marketer does with campaigns."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        lists: Lists,
        brands: Brands,
        chunks: ChunkStore,
        ledger: Ledger,
        blobs: Blobs,
        queues: Queues,
        sender: Sender,
        composer: Composer,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._lists = lists
        self._brands = brands
        self._chunks = chunks
        self._ledger = ledger
        self._blobs = blobs
        self._queues = queues
        self._sender = sender
        self._composer = composer
        self._clock = clock
        self._random = random

    def create(
        self, *, name: str, list_id: ListId, purpose: PurposeId, content: Content
    ) -> Campaign:
        """Store a draft after rendering it once, so that a broken template is found now.

        Raises:
            InputError: an unknown list, or content that cannot be rendered.

        """
        mailing_list, brand = self._list(list_id)
        self._composer.sample(brand, mailing_list, content)
        campaign = Campaign(
            id=CampaignId(encode_id(self._random(RANDOM_ID_BYTES))),
            brand=brand.id,
            list=list_id,
            purpose=purpose,
            name=name,
            content=content,
            status=CampaignStatus.DRAFT,
            created_ms=self._clock.now_ms(),
        )
        self._campaigns.create(campaign)
        return campaign

    def get(self, campaign_id: str) -> Seen:
        """Return the campaign and how far it is.

        Raises:
            NotFound: there is no such campaign.

        """
        return self._seen(self._campaign(campaign_id))

    def page(self, cursor: str | None, limit: int) -> Page[Campaign]:
        """Return one page of campaigns."""
        return self._campaigns.page(cursor, limit)

    def _seen(self, campaign: Campaign) -> Seen:
        if campaign.status is CampaignStatus.DRAFT:
            return Seen(campaign=campaign, progress=Progress(), status=campaign.status)
        progress, shards = self._chunks.progress(campaign.id)
        complete = shards == len(SHARDS) and progress.accounted >= progress.planned
        status = campaign.status
        if complete and status is CampaignStatus.SENDING:
            status = CampaignStatus.SENT
        return Seen(campaign=campaign, progress=progress, status=status)

    def send_test(self, campaign_id: str, to: str) -> None:
        """Send the campaign, filled with sample data, to one address of the operator's choice.

        Raises:
            NotFound: there is no such campaign.
            InputError: a malformed or suppressed address.
            DependencyError: SES did not take it; try again.

        """
        campaign = self._campaign(campaign_id)
        address = parse_address(to)
        if self._ledger.lookup(self._ledger.mac(address.normal)).suppressions:
            raise InputError(
                code="suppressed", detail="This address is suppressed; no mail may go to it."
            )
        mailing_list, brand = self._list(campaign.list)
        rendered = self._composer.sample(brand, mailing_list, campaign.content)
        message = Message(
            to=address.deliverable,
            subject=f"[Test] {rendered.subject}",
            html=rendered.html,
            text=rendered.text,
        )
        sent = self._sender.send_one(brand.sender, message)
        if sent.outcome is Outcome.RETRY:
            raise Throttled("The mail service asked to wait. Please try again in a moment.")
        if sent.outcome is Outcome.UNKNOWN:
            raise Unavailable("The mail service did not answer; the test may or may not arrive.")
        if sent.outcome is Outcome.REJECTED:
            raise InputError(
                code="rejected", detail="The mail service refused this test. Check the sender."
            )

    def act(self, campaign_id: str, act: Act) -> Campaign:
        """Send, pause, resume or cancel.

        Raises:
            NotFound: there is no such campaign.
            IllegalTransition: the act is not possible from where the campaign is.
            Conflict: somebody else changed it first.

        """
        seen = self.get(campaign_id)
        campaign = replace(seen.campaign, status=next_status(seen.status, act))
        if act is Act.SEND:
            return self._start(campaign)
        stored = self._campaigns.replace(campaign)
        if stored.started_ms is not None and act in (Act.RESUME, Act.CANCEL):
            # A pause dropped chunk messages; cancelled people must be accounted for, too.
            self._enqueue_plans(stored)
        return stored

    def _start(self, campaign: Campaign) -> Campaign:
        frozen = self._freeze(campaign)
        quota = self._sender.quota_per_second()
        stored = self._campaigns.replace(
            replace(
                campaign,
                content_sha256=frozen,
                chunk_size=max(1, min(MAX_RECIPIENTS_PER_CALL, int(quota))),
                started_ms=self._clock.now_ms(),
            )
        )
        self._enqueue_plans(stored)
        return stored

    def _freeze(self, campaign: Campaign) -> str:
        """Store the content by its hash and commit to it in the ledger."""
        document = canonical.encode(_frozen(campaign.content))
        sha256 = hashlib.sha256(document).hexdigest()
        self._blobs.put_new(f"content/{sha256}", document, "application/json")
        self._ledger.record(
            Draft(
                type=EventType.CAMPAIGN_COMMITTED,
                brand=campaign.brand,
                channel=EMAIL,
                lists=(campaign.list,),
                purposes=(campaign.purpose,),
                campaign=campaign.id,
                content_sha256=sha256,
            )
        )
        return sha256

    def _enqueue_plans(self, campaign: Campaign) -> None:
        self._queues.send_all(
            Queue.PLANS, [{"v": 1, "campaign": campaign.id, "shard": shard} for shard in SHARDS]
        )

    def advance(self) -> int:
        """Move every running campaign on: expire, finish, wake what stalled. Return how many ran.

        Idempotent; safe beside workers: planning and claiming repeat without effect.
        """
        running = self._campaigns.unfinished()
        for campaign in running:
            now_ms = self._clock.now_ms()
            for shard in SHARDS:
                self._chunks.expire(campaign.id, shard, now_ms - LEASE_MS)
            seen = self._seen(campaign)
            if seen.status is CampaignStatus.SENT:
                self._finish(seen, now_ms)
            elif now_ms - max(campaign.started_ms or 0, seen.progress.last_ms or 0) > STALLED_MS:
                self._enqueue_plans(campaign)
        return len(running)

    def _finish(self, seen: Seen, now_ms: int) -> None:
        done = replace(
            seen.campaign,
            status=CampaignStatus.SENT,
            planned=seen.progress.planned,
            finished_ms=now_ms,
        )
        try:
            self._campaigns.replace(done)
        except Conflict:
            return  # Changed meanwhile; the next run looks again.

    def _campaign(self, campaign_id: str) -> Campaign:
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign

    def _list(self, list_id: str) -> tuple[MailingList, Brand]:
        mailing_list = self._lists.get(list_id)
        brand = self._brands.get(mailing_list.brand) if mailing_list else None
        if mailing_list is None or brand is None:
            raise InputError(code="unknown_list", detail="There is no list with this id.")
        return mailing_list, brand


def _frozen(content: Content) -> Mapping[str, str | None]:
    return {"html": content.html, "subject": content.subject, "text": content.text}
