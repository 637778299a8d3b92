# SPDX-License-Identifier: Apache-2.0
"""Campaigns: written, changed, scheduled, started, paused, stopped. The work is done by workers.

Guarantees that every act follows the life cycle of `domain.campaigns`, that what is written can be
rendered, and that no change overwrites one it has not seen. Tests are `campaign_tests`, the start
is `campaign_start`, and what the clock does is `watch`.
"""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.campaign_fingerprint import saying, source_digest
from chalicelib.domain.campaigns import (
    Act,
    Campaign,
    CampaignStatus,
    Content,
    next_status,
)
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.content import Finding
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    CampaignId,
    ListId,
    PurposeId,
    encode_id,
)
from chalicelib.domain.plan_gate import resumed
from chalicelib.domain.state import NO_MEMBERSHIP, Grade
from chalicelib.domain.stops import BREAKERS
from chalicelib.errors import Conflict, FatalError, InputError, RiskNotAccepted
from chalicelib.ports.catalog import Brands, Campaigns, Forms, Lists, Page
from chalicelib.ports.sending import Rendered
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.campaign_messages import CampaignMessages
from chalicelib.services.campaign_sight import CampaignSight, Seen
from chalicelib.services.campaign_start import UNSTARTED, CampaignStart
from chalicelib.services.campaign_stops import CampaignStops
from chalicelib.services.samples import Samples

if TYPE_CHECKING:
    from chalicelib.services.segments import Segments

log = logging.getLogger(__name__)

FARTHEST_MS = 366 * 86_400_000
"""How far ahead a campaign may be scheduled: a year, also a leap year."""
BY_HAND = frozenset({Act.SEND, Act.PAUSE, Act.RESUME, Act.CANCEL, Act.UNSCHEDULE})
"""Acts that need nothing but the campaign; the others have methods of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be changed of a campaign; None leaves it as it is, ``segment`` "" ends it."""

    name: str | None = None
    list_id: ListId | None = None
    purpose: PurposeId | None = None
    minimum_grade: Grade | None = None
    content: Content | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A campaign as it was stored, with what its author should know of what it says."""

    campaign: Campaign
    warnings: tuple[Finding, ...]


class CampaignDesk:
    """What a marketer does with campaigns."""

    def __init__(
        self,
        *,
        sight: CampaignSight,
        start: CampaignStart,
        campaigns: Campaigns,
        lists: Lists,
        brands: Brands,
        forms: Forms,
        samples: Samples,
        messages: CampaignMessages,
        clock: Clock,
        random: RandomBytes,
        segments: "Segments",
        stops: CampaignStops,
    ) -> None:
        self._sight = sight
        self._start = start
        self._campaigns = campaigns
        self._lists = lists
        self._brands = brands
        self._forms = forms
        self._samples = samples
        self._messages = messages
        self._clock = clock
        self._random = random
        self._segments = segments
        self._stops = stops

    def create(
        self,
        *,
        name: str,
        list_id: ListId,
        purpose: PurposeId,
        content: Content,
        minimum_grade: Grade = Grade.E,
        segment: str | None = None,
    ) -> Written:
        """Store a draft after compiling it once, so that what is wrong with it is found now.

        Raises:
            InputError: an unknown list, a purpose nobody on it was ever asked about, no segment of
                its brand, or content that cannot be sent; the detail says where.

        """
        mailing_list, brand = self._list(list_id)
        self._require_asked(mailing_list, purpose)
        compiled = self._samples.compiled(brand, content)
        campaign = Campaign(
            id=CampaignId(encode_id(self._random(RANDOM_ID_BYTES))),
            brand=brand.id,
            list=list_id,
            purpose=purpose,
            name=name,
            subject=content.subject,
            source_sha256=source_digest(content),
            status=CampaignStatus.DRAFT,
            created_ms=self._clock.now_ms(),
            segment=self._segment(brand, segment),
            minimum_grade=minimum_grade,
        )
        self._campaigns.create(campaign, content)
        return Written(campaign=campaign, warnings=compiled.findings)

    def edit(self, campaign_id: str, revision: int, change: Edit) -> Written:
        """Change a campaign that was not started; it is a draft again and needs a new test.

        Args:
            revision: of the campaign as the author read it.

        Raises:
            NotFound: there is no such campaign.
            IllegalTransition: it was started or cancelled.
            Conflict: it was changed since it was read.
            InputError: as `create`, judged as a whole.

        """
        campaign = self._sight.find(campaign_id)
        status = next_status(campaign.status, Act.EDIT)
        if campaign.revision != revision:
            raise Conflict("The campaign was changed since it was read. Please read it again.")
        content = change.content or self._sight.content(campaign)
        mailing_list, brand = self._list(change.list_id or campaign.list)
        purpose = change.purpose or campaign.purpose
        self._require_asked(mailing_list, purpose)
        compiled = self._samples.compiled(brand, content)
        changed = replace(
            saying(campaign, content),
            name=change.name or campaign.name,
            brand=brand.id,
            list=mailing_list.id,
            purpose=purpose,
            segment=self._segment(
                brand, campaign.segment if change.segment is None else change.segment
            ),
            minimum_grade=change.minimum_grade or campaign.minimum_grade,
            status=status,
            tested_fingerprint=None,
            scheduled_ms=None,
            problem=None,
            risk_accepted=False,
        )
        stored = self._campaigns.replace(changed, change.content)
        return Written(campaign=stored, warnings=compiled.findings)

    def _segment(self, brand: Brand, segment_id: str | None) -> str | None:
        """The segment a campaign names, after a look at it; None: it goes to the whole list."""
        return self._segments.named_by(brand.id, segment_id).id if segment_id else None

    def _require_asked(self, mailing_list: MailingList, purpose: PurposeId) -> None:
        """Refuse a purpose that no form of the list asks for: nobody could have agreed to it.

        And one under which no mail goes out at all.
        """
        if purpose in NO_MEMBERSHIP:
            detail = f"No mail is sent for {purpose}: it says only what may be known of somebody."
            raise InputError(code="purpose_without_mail", detail=detail)
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
        return self._sight.get(campaign_id)

    def content(self, campaign_id: str) -> Content:
        """Return what the campaign says, as it was written.

        Raises:
            NotFound: there is no such campaign.

        """
        return self._sight.content(self._sight.find(campaign_id))

    def sample(self, campaign_id: str) -> Rendered:
        """Return what the campaign says, filled with sample data.

        Raises:
            NotFound: there is no such campaign.
            InputError: it cannot be rendered any more, as when a field went from a form.

        """
        campaign = self._sight.find(campaign_id)
        mailing_list, brand = self._list(campaign.list)
        return self._samples.sample(brand, mailing_list, self._sight.content(campaign))

    def page(self, cursor: str | None, limit: int) -> Page[Seen]:
        """Return one page of campaigns, each with the status that `get` would tell."""
        return self._sight.page(cursor, limit)

    def schedule(self, campaign_id: str, at_ms: int) -> Campaign:
        """Have a tested campaign start by itself at a time, Unix milliseconds, or within a minute.

        Raises:
            NotFound: there is no such campaign.
            NotTested: no accepted test of it as it is now.
            IllegalTransition: it is scheduled already, was started or cancelled.
            InputError: the time is past, or more than a year ahead.
            Conflict: somebody else changed it first.

        """
        campaign = self._sight.find(campaign_id)
        if campaign.status is not CampaignStatus.SCHEDULED and campaign.status in UNSTARTED:
            self._start.require_ready(campaign)
        status = next_status(campaign.status, Act.SCHEDULE)
        if not 0 < at_ms - self._clock.now_ms() <= FARTHEST_MS:
            raise InputError(
                code="bad_time",
                detail="A campaign is scheduled for a later time, at most a year from now.",
            )
        return self._campaigns.replace(
            replace(campaign, status=status, scheduled_ms=at_ms, problem=None)
        )

    def act(self, campaign_id: str, act: Act) -> Campaign:
        """Send, pause, resume, cancel, or take off the clock.

        Raises:
            NotFound: there is no such campaign.
            NotTested: it is to be sent without an accepted test of it as it is now.
            IllegalTransition: the act is not possible from where the campaign is.
            Conflict: somebody else changed it first.

        """
        if act not in BY_HAND:
            raise FatalError(f"{act} needs more than a campaign")
        seen = self._sight.get(campaign_id)
        if act is Act.SEND:
            return self._start.start(replace(seen.campaign, status=seen.status))
        if act is Act.RESUME:
            return self._resume(seen)
        # What keeps a campaign from going on still does while it is paused.
        problem = seen.campaign.problem if act is Act.PAUSE else None
        campaign = replace(
            seen.campaign, status=next_status(seen.status, act), scheduled_ms=None, problem=problem
        )
        if campaign.started_ms is None or act is not Act.CANCEL:
            return self._campaigns.replace(campaign)
        return self._woken(campaign)  # Cancelled people must be accounted for, too.

    def resume(
        self, campaign_id: str, *, skip_rendering: bool, accept_risk: bool = False
    ) -> Campaign:
        """Have a paused campaign go on.

        Args:
            skip_rendering: whose mail cannot be made is left out; else those stop it again.
            accept_risk: it goes on although the product stopped it; what comes back from now on
                may stop it again.

        Raises:
            NotFound: there is no such campaign.
            RiskNotAccepted: it was stopped by what came back, and nobody accepted that.
            IllegalTransition: it is not paused.
            Conflict: somebody else changed it first.

        """
        seen = self._sight.get(campaign_id)
        return self._resume(seen, skip_rendering=skip_rendering, accept_risk=accept_risk)

    def _resume(
        self, seen: Seen, *, skip_rendering: bool = False, accept_risk: bool = False
    ) -> Campaign:
        campaign = replace(seen.campaign, status=seen.status)
        going = resumed(campaign, skip_rendering=skip_rendering)
        is_held = campaign.problem in BREAKERS
        if is_held and not accept_risk:
            raise RiskNotAccepted
        if is_held:
            self._stops.release(campaign.id)
        if accept_risk:
            log.info("campaign %s goes on although it was stopped", campaign.id)
        accepted = campaign.risk_accepted or accept_risk
        return self._woken(replace(going, stop=None, risk_accepted=accepted))

    def _woken(self, campaign: Campaign) -> Campaign:
        """Store it, and have it go on from where it is: a pause dropped messages."""
        woken = replace(campaign, woken_ms=self._clock.now_ms(), wakes=0)
        stored = self._campaigns.replace(woken)
        self._messages.again(stored)
        return stored

    def _list(self, list_id: str) -> tuple[MailingList, Brand]:
        mailing_list = self._lists.get(list_id)
        brand = self._brands.get(mailing_list.brand) if mailing_list else None
        if mailing_list is None or brand is None:
            raise InputError(code="unknown_list", detail="There is no list with this id.")
        return mailing_list, brand
