# SPDX-License-Identifier: Apache-2.0
"""What an operator made meets its adapters here: brands, lists, forms, campaigns, segments, keys.

Guarantees what `bootstrap.adapters` does, which inherits it; clock and randomness, which all
others need, come first.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.config import Settings

if TYPE_CHECKING:
    from chalicelib.ports import (
        catalog,
        links,
        segment_counts,
        segments,
        system,
        templates,
    )


class CatalogAdapters:
    """The catalogue's ports."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def clock(self) -> "system.Clock":
        """The wall clock."""
        from chalicelib.adapters.system import SystemClock

        return SystemClock()

    @cached_property
    def random(self) -> "system.RandomBytes":
        """The operating system's randomness."""
        from chalicelib.adapters.system import SystemRandom

        return SystemRandom()

    @cached_property
    def brands(self) -> "catalog.Brands":
        """Brands."""
        from chalicelib.adapters.dynamo.catalog import DynamoBrands
        from chalicelib.adapters.recent import RecentBrands

        return RecentBrands(DynamoBrands(self.settings.campaigns_table), self.clock)

    @cached_property
    def lists(self) -> "catalog.Lists":
        """Lists."""
        from chalicelib.adapters.dynamo.catalog import DynamoLists
        from chalicelib.adapters.recent import RecentLists

        return RecentLists(DynamoLists(self.settings.campaigns_table), self.clock)

    @cached_property
    def forms(self) -> "catalog.Forms":
        """Forms."""
        from chalicelib.adapters.dynamo.catalog import DynamoForms
        from chalicelib.adapters.recent import RecentForms

        return RecentForms(DynamoForms(self.settings.campaigns_table), self.clock)

    @cached_property
    def campaign_rows(self) -> "catalog.Campaigns":
        """Campaigns as stored."""
        from chalicelib.adapters.dynamo.catalog import DynamoCampaigns

        return DynamoCampaigns(self.settings.campaigns_table)

    @cached_property
    def segment_rows(self) -> "segments.SegmentStore":
        """Segments as stored."""
        from chalicelib.adapters.dynamo.segments import DynamoSegments

        return DynamoSegments(self.settings.campaigns_table)

    @cached_property
    def lifecycle_rows(self) -> "segments.LifecycleStore":
        """Rules of the life cycle of brands that made their own."""
        from chalicelib.adapters.dynamo.segments import DynamoLifecycles

        return DynamoLifecycles(self.settings.campaigns_table)

    @cached_property
    def jobs(self) -> "catalog.Jobs":
        """Jobs."""
        from chalicelib.adapters.dynamo.catalog import DynamoJobs

        return DynamoJobs(self.settings.campaigns_table)

    @cached_property
    def reasons(self) -> "catalog.Reasons":
        """Why people left."""
        from chalicelib.adapters.dynamo.reasons import DynamoReasons

        return DynamoReasons(self.settings.campaigns_table)

    @cached_property
    def campaign_links(self) -> "links.CampaignLinks":
        """Where links of campaigns lead."""
        from chalicelib.adapters.dynamo.links import DynamoCampaignLinks
        from chalicelib.adapters.recent import RecentLinks

        return RecentLinks(DynamoCampaignLinks(self.settings.campaigns_table), self.clock)

    @cached_property
    def template_rows(self) -> "templates.TemplateStore":
        """Templates as stored."""
        from chalicelib.adapters.dynamo.templates import DynamoTemplates

        return DynamoTemplates(self.settings.campaigns_table)

    @cached_property
    def api_keys(self) -> "catalog.ApiKeys":
        """API keys as stored."""
        from chalicelib.adapters.dynamo.catalog import DynamoApiKeys

        return DynamoApiKeys(self.settings.campaigns_table)

    @cached_property
    def count_parts(self) -> "segment_counts.CountParts":
        """Parts of counts of segments."""
        from chalicelib.adapters.dynamo.segment_counts import DynamoCountParts

        return DynamoCountParts(self.settings.campaigns_table)
