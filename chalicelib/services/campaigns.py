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
from chalicelib.domain.eligibility import Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    SHARDS,
    CampaignId,
    ListId,
    PurposeId,
    SubjectId,
    encode_id,
)
from chalicelib.domain.state import Scope
from chalicelib.errors import Conflict, InputError, NotFound, OverBudget, Throttled, Unavailable
from chalicelib.ports.catalog import Brands, Campaigns, Forms, Lists, Page
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.outside import Activity, Blobs, Queue, Queues
from chalicelib.ports.sending import ChunkStore, Outcome, Sender
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof import canonical
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.mailing import Composer
from chalicelib.services.plans import Plans
from chalicelib.vocabulary import EventType

STALLED_MS = 10 * 60 * 1000
"""A campaign without a commit for so long is planned again; then after twice as long, and so on."""
MAX_DOUBLINGS = 5
"""How often that span is doubled at most: 320 minutes."""
LEASE_MS = 120 * 1000
"""How long a chunk's claim lasts, and after how long one dispatched is unknown for good."""
TESTS_PER_DAY = 50
"""Test mails of one campaign, whoever asks for them."""
DAY_S = 86_400
_WHY_NOT: Mapping[SkipReason, str] = {
    SkipReason.RESTRICTED: "asked that nothing is done with their data for now",
    SkipReason.SUPPRESSED: "is suppressed",
    SkipReason.OBJECTED: "objected to mail of this brand",
    SkipReason.NO_CONSENT: "did not agree to this list, or agrees no more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A campaign with its progress.

    Attributes:
        status: ``sent`` as soon as everyone is accounted for; one cancelled stays so.
        complete: everyone planned is accounted for.

    """

    campaign: Campaign
    progress: Progress
    status: CampaignStatus
    complete: bool = False


class CampaignDesk:
    """What a marketer does with campaigns."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        lists: Lists,
        brands: Brands,
        forms: Forms,
        chunks: ChunkStore,
        ledger: Ledger,
        store: LedgerStore,
        activity: Activity,
        blobs: Blobs,
        queues: Queues,
        sender: Sender,
        composer: Composer,
        plans: Plans,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._campaigns = campaigns
        self._lists = lists
        self._brands = brands
        self._forms = forms
        self._chunks = chunks
        self._ledger = ledger
        self._store = store
        self._activity = activity
        self._blobs = blobs
        self._queues = queues
        self._sender = sender
        self._composer = composer
        self._plans = plans
        self._clock = clock
        self._random = random

    def create(
        self, *, name: str, list_id: ListId, purpose: PurposeId, content: Content
    ) -> Campaign:
        """Store a draft after rendering it once, so that a broken template is found now.

        Raises:
            InputError: an unknown list, a purpose nobody on it was ever asked about, or content
                that cannot be rendered.

        """
        mailing_list, brand = self._list(list_id)
        self._require_asked(mailing_list, purpose)
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

    def _require_asked(self, mailing_list: MailingList, purpose: PurposeId) -> None:
        """Refuse a purpose that no form of the list asks for: nobody could have agreed to it."""
        forms = self._forms.of_brand(mailing_list.brand)
        asked = {
            box.purpose for form in forms if mailing_list.id in form.lists for box in form.boxes
        }
        if asked and purpose not in asked:
            raise InputError(
                code="unknown_purpose", detail="No form of this list asks for this purpose."
            )

    def get(self, campaign_id: str) -> Seen:
        """Return the campaign and how far it is.

        Raises:
            NotFound: there is no such campaign.

        """
        return self._seen(self._campaign(campaign_id))

    def page(self, cursor: str | None, limit: int) -> Page[Campaign]:
        """Return one page of campaigns, each with the status that `get` would tell."""
        page = self._campaigns.page(cursor, limit)
        items = tuple(
            replace(item, status=self._seen(item).status)
            if item.status is CampaignStatus.SENDING
            else item
            for item in page.items
        )
        return Page(items=items, cursor=page.cursor)

    def _seen(self, campaign: Campaign) -> Seen:
        if campaign.started_ms is None:
            return Seen(campaign=campaign, progress=Progress(), status=campaign.status)
        progress, shards = self._chunks.progress(campaign.id)
        complete = shards == len(SHARDS) and progress.accounted >= progress.planned
        status = campaign.status
        if complete and status is not CampaignStatus.CANCELLED:
            status = CampaignStatus.SENT
        return Seen(campaign=campaign, progress=progress, status=status, complete=complete)

    def send_test(self, campaign_id: str, to: str) -> None:
        """Send the campaign, filled with sample data, to one address of the operator's choice.

        A test is mail of the brand like any other: a subscriber gets it only when the campaign
        itself may go to them, and with a link that stops their own mail.

        Raises:
            NotFound: there is no such campaign.
            InputError: a malformed address, or one that this campaign may not be sent to.
            OverBudget: the campaign's tests of this day are used up; nothing was looked up.
            DependencyError: SES did not take it; try again.

        """
        campaign = self._campaign(campaign_id)
        address = parse_address(to)
        used = self._activity.count(f"test#{campaign.id}", DAY_S, self._clock.now_ms())
        if used > TESTS_PER_DAY:
            raise OverBudget(
                f"A campaign has {TESTS_PER_DAY} tests a day. Please try again tomorrow."
            )
        mailing_list, brand = self._list(campaign.list)
        sid = self._subscriber(campaign, address.normal)
        message = self._composer.sample_mail(
            brand, mailing_list, campaign.content, address.deliverable, sid
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

    def _subscriber(self, campaign: Campaign, normal: str) -> SubjectId | None:
        """Return whose address it is, None when it is nobody's we know.

        Raises:
            InputError: the campaign may not be sent there.

        """
        known = self._ledger.lookup(self._ledger.mac(normal))
        if known.suppressions:
            raise InputError(
                code="suppressed", detail="This address is suppressed; no mail may go to it."
            )
        if known.sid is None:
            return None
        state = self._store.states([known.sid]).get(known.sid)
        scope = Scope(campaign.brand, EMAIL)
        verdict = decide(state, scope, campaign.list, campaign.purpose)
        if isinstance(verdict, Skipped):
            why = _WHY_NOT.get(verdict.reason, "may not be mailed")
            raise InputError(
                code="not_allowed",
                detail=f"The person with this address {why}. Nothing was sent. "
                "Use an address of your own.",
            )
        return known.sid

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
        if campaign.started_ms is None or act not in (Act.RESUME, Act.CANCEL):
            return self._campaigns.replace(campaign)
        # A pause dropped chunk messages; cancelled people must be accounted for, too.
        woken = replace(campaign, woken_ms=self._clock.now_ms(), wakes=0)
        stored = self._campaigns.replace(woken)
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
                plan_event=self._ledger.new_event_id(),
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
        """Move every campaign not fully accounted for on: expire, finish, wake what stalled.

        Return how many there were. Idempotent; safe beside workers: planning and claiming repeat
        without effect.
        """
        unfinished = self._campaigns.unfinished()
        for campaign in unfinished:
            now_ms = self._clock.now_ms()
            for shard in SHARDS:
                self._chunks.expire(campaign.id, shard, now_ms - LEASE_MS)
            seen = self._seen(campaign)
            try:
                if seen.complete:
                    self._plans.commit(campaign)
                    self._finish(seen, now_ms)
                elif campaign.status is not CampaignStatus.PAUSED:
                    self._wake(seen, now_ms)
            except Conflict:
                continue  # Changed meanwhile; the next run looks again.
        return len(unfinished)

    def _finish(self, seen: Seen, now_ms: int) -> None:
        self._campaigns.replace(
            replace(
                seen.campaign,
                status=seen.status,
                planned=seen.progress.planned,
                finished_ms=now_ms,
            )
        )

    def _wake(self, seen: Seen, now_ms: int) -> None:
        """Plan again what stalled, each time after twice as long while nothing comes of it."""
        campaign = seen.campaign
        moved_ms = max(campaign.started_ms or 0, seen.progress.last_ms or 0)
        woken_ms = campaign.woken_ms or 0
        wakes = campaign.wakes if woken_ms >= moved_ms else 0
        patience_ms = STALLED_MS << min(wakes, MAX_DOUBLINGS)
        if now_ms - max(moved_ms, woken_ms) > patience_ms:
            # Written first: of two runs at once only one queues anything.
            self._campaigns.replace(replace(campaign, woken_ms=now_ms, wakes=wakes + 1))
            self._enqueue_plans(campaign)

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
