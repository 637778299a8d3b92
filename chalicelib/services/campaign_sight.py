# SPDX-License-Identifier: Apache-2.0
"""A campaign as anybody should see it now: how far it is, and whether its test still holds.

Guarantees that everybody is told the same: a campaign whose test was of something else is a draft
again, whatever its row says, and one whose people are all accounted for is sent.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.breakers import Level
from chalicelib.domain.campaign_fingerprint import fingerprint
from chalicelib.domain.campaigns import Campaign, CampaignStatus, Content, Progress
from chalicelib.domain.catalog import Brand
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.stops import Stop
from chalicelib.domain.tempo import Commit
from chalicelib.errors import NotFound
from chalicelib.ports.catalog import Brands, Campaigns, Page
from chalicelib.ports.runs import ChunkAccounts
from chalicelib.services.campaign_stops import CampaignStops, stop_of

if TYPE_CHECKING:  # It loads the language of segments, which those who send do not need.
    from chalicelib.ports.segments import SegmentStore

NOT_TESTED = "not_tested"
"""The problem of a campaign whose time came after its test had ceased to hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A campaign with its progress.

    Attributes:
        status: ``sent`` as soon as everyone is accounted for, but one cancelled stays so; ``draft``
            when its test was of something else.
        tested: SES accepted a test of it as it is now, or as it was when it started.
        resolved: how many of those sent were unknown before SES's events told of them.
        commits: what workers wrote last, as in `domain.outcomes.Counted`.
        complete: everyone planned is accounted for.
        problem: code of what keeps it from going on by itself, or will.
        stop: why the product itself stopped it, or would have if it were not over.
        warning: what brings it near such a stop.

    """

    campaign: Campaign
    progress: Progress
    status: CampaignStatus
    tested: bool
    resolved: int = 0
    commits: tuple[Commit, ...] = ()
    complete: bool = False
    problem: str | None = None
    stop: Stop | None = None
    warning: Stop | None = None

    @property
    def shown(self) -> Campaign:
        """The campaign with what it should be called, for pages."""
        return replace(self.campaign, status=self.status, problem=self.problem, stop=self.stop)


class CampaignSight:
    """Reads campaigns."""

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        brands: Brands,
        segments: "SegmentStore",
        accounts: ChunkAccounts,
        stops: CampaignStops,
    ) -> None:
        self._campaigns = campaigns
        self._brands = brands
        self._segments = segments
        self._accounts = accounts
        self._stops = stops

    def find(self, campaign_id: str) -> Campaign:
        """Return the campaign as it is stored.

        Raises:
            NotFound: there is no such campaign.

        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign

    def content(self, campaign: Campaign) -> Content:
        """Return what the campaign says.

        Raises:
            NotFound: nothing is stored of it.

        """
        content = self._campaigns.content(campaign.id)
        if content is None:
            raise NotFound("There is no such campaign.")
        return content

    def get(self, campaign_id: str) -> Seen:
        """Return the campaign and how far it is.

        Raises:
            NotFound: there is no such campaign.

        """
        return self.seen(self.find(campaign_id))

    def page(self, cursor: str | None, limit: int) -> Page[Seen]:
        """Return one page of campaigns, each as `get` would tell it but for progress at its end."""
        page = self._campaigns.page(cursor, limit)
        return Page(items=tuple(self._listed(item) for item in page.items), cursor=page.cursor)

    def _listed(self, campaign: Campaign) -> Seen:
        if campaign.started_ms is None or campaign.status is CampaignStatus.SENDING:
            return self.seen(campaign)
        # Its status changes no more by what is known of people.
        return Seen(
            campaign=campaign,
            progress=Progress(),
            status=campaign.status,
            tested=campaign.tested_fingerprint is not None,
            problem=campaign.problem,
        )

    def seen(self, campaign: Campaign) -> Seen:
        """Return how far a stored campaign is."""
        if campaign.started_ms is None:
            return self._unstarted(campaign)
        counted, shards = self._accounts.progress(campaign.id)
        progress = counted.progress
        # One that version 1 sent and that was never let go is still to be planned whole.
        let_go = campaign.go_ms is not None or campaign.finished_ms is not None
        complete = let_go and shards == len(SHARDS) and progress.accounted >= progress.planned
        status = campaign.status
        if complete and status is not CampaignStatus.CANCELLED:
            status = CampaignStatus.SENT
        note = self._stops.of(campaign.id) if let_go else None
        told = None if note is None else stop_of(note)
        is_stop = note is not None and note.level is Level.STOP
        problem = campaign.problem
        if told is not None and is_stop and status is CampaignStatus.SENDING:
            problem = str(told.why)  # The sender obeys already; the row will say it in a minute.
        return Seen(
            campaign=campaign,
            progress=progress,
            status=status,
            tested=campaign.tested_fingerprint is not None,
            resolved=counted.resolved,
            commits=counted.commits,
            complete=complete,
            problem=problem,
            stop=campaign.stop or (told if is_stop else None),
            warning=None if is_stop else told,
        )

    def _unstarted(self, campaign: Campaign) -> Seen:
        status, problem = campaign.status, campaign.problem
        # A draft was not tested since it was written: its brand need not be read.
        has_test = campaign.tested_fingerprint is not None
        tested = has_test and self.holds(campaign, self._brands.get(campaign.brand))
        if not tested and status is CampaignStatus.TESTED:
            status = CampaignStatus.DRAFT
        if not tested and status is CampaignStatus.SCHEDULED:
            problem = NOT_TESTED
        return Seen(
            campaign=campaign, progress=Progress(), status=status, tested=tested, problem=problem
        )

    def holds(self, campaign: Campaign, brand: Brand | None) -> bool:
        """Whether the latest accepted test was of the campaign as it is with this brand."""
        if campaign.tested_fingerprint is None or brand is None:
            return False
        return campaign.tested_fingerprint == self.fingerprint(campaign, brand)

    def fingerprint(self, campaign: Campaign, brand: Brand) -> str:
        """Return what a test of the campaign would be a test of now."""
        segment = self._segments.get(campaign.segment) if campaign.segment else None
        return fingerprint(campaign, brand, segment.source if segment else None)
