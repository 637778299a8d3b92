# SPDX-License-Identifier: Apache-2.0
"""What was counted of a campaign's links.

Guarantees that it is numbers alone: who followed a link stands in no result.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.measurement import Counted
from chalicelib.errors import NotFound
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.links import CampaignLinks, Hits


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkResult:
    """How often a link was followed; its number is its place among the campaign's."""

    number: int
    url: str
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResults:
    """A campaign's links in the order of their numbers, and how often its mails were opened."""

    links: tuple[LinkResult, ...]
    opened: Counted


class LinkResults:
    """Reads what was counted."""

    def __init__(self, *, campaigns: Campaigns, links: CampaignLinks, hits: Hits) -> None:
        self._campaigns = campaigns
        self._links = links
        self._hits = hits

    def of(self, campaign_id: str) -> CampaignResults:
        """Return what was counted of a campaign, every link with it; none before it starts.

        Raises:
            NotFound: there is no such campaign.
        """
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        targets = self._links.get(campaign.id)
        counted: Mapping[int | None, Counted] = self._hits.counts(campaign.id)
        urls = targets.urls if targets is not None else ()
        return CampaignResults(
            links=tuple(
                LinkResult(number=number, url=url, counted=counted.get(number, Counted()))
                for number, url in enumerate(urls)
            ),
            opened=counted.get(None, Counted()),
        )
