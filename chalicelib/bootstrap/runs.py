# SPDX-License-Identifier: Apache-2.0
"""Adapters of runs of chunks, of what SES's events told, of its own list, and of exports of people.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.adapters import Adapters

if TYPE_CHECKING:
    from chalicelib.ports.account_list import AccountList, Comparisons
    from chalicelib.ports.breakers import BreakerRows
    from chalicelib.ports.dry_runs import DryRunParts
    from chalicelib.ports.exports import ExportFence, Uploads
    from chalicelib.ports.folds import Folds, UnresolvedCampaigns, Watermark
    from chalicelib.ports.runs import ChunkAccounts, Deliveries, PlanTotals, RunStore
    from chalicelib.ports.send_reads import SendReads


class RunAdapters(Adapters):
    """Chunks as the second version of sending stores them."""

    @cached_property
    def runs(self) -> "RunStore":
        """Leases of runs and marks of chunks."""
        from chalicelib.adapters.dynamo.runs import DynamoRuns

        return DynamoRuns(self.settings.campaigns_table, self.clock, self.random)

    @cached_property
    def chunk_accounts(self) -> "ChunkAccounts":
        """What is known of everybody in a campaign."""
        from chalicelib.adapters.dynamo.run_accounts import DynamoChunkAccounts

        return DynamoChunkAccounts(self.settings.campaigns_table)

    @cached_property
    def plan_totals(self) -> "PlanTotals":
        """What campaigns' shards plan."""
        from chalicelib.adapters.dynamo.run_accounts import DynamoPlanTotals

        return DynamoPlanTotals(self.settings.campaigns_table)

    @cached_property
    def deliveries(self) -> "Deliveries":
        """Who was about to be mailed, and what SES said since."""
        from chalicelib.adapters.dynamo.deliveries import DynamoDeliveries

        return DynamoDeliveries(self.settings.campaigns_table)

    @cached_property
    def account_list(self) -> "AccountList":
        """SES's own list of suppressed addresses."""
        from chalicelib.adapters.ses_account_list import SesAccountList

        return SesAccountList()

    @cached_property
    def comparisons(self) -> "Comparisons":
        """How far SES's list was compared with ours."""
        from chalicelib.adapters.dynamo.account_list import DynamoComparisons

        return DynamoComparisons(self.settings.campaigns_table)

    @cached_property
    def send_reads(self) -> "SendReads":
        """The two reads before a call."""
        from chalicelib.adapters.dynamo.send_reads import DynamoSendReads

        tables = {
            "ledger": self.settings.ledger_table,
            "vault": self.settings.vault_table,
            "audience": self.settings.audience_table,
            "campaigns": self.settings.campaigns_table,
        }
        return DynamoSendReads(tables, clock=self.clock, random=self.random)

    @cached_property
    def dry_run_parts(self) -> "DryRunParts":
        """Parts of dry runs."""
        from chalicelib.adapters.dynamo.dry_runs import DynamoDryRunParts

        return DynamoDryRunParts(self.settings.campaigns_table)

    @cached_property
    def folds(self) -> "Folds":
        """What SES's events told of chunks."""
        from chalicelib.adapters.dynamo.folds import DynamoFolds

        return DynamoFolds(self.settings.campaigns_table)

    @cached_property
    def breaker_rows(self) -> "BreakerRows":
        """What came back, what was complained of, and what is held because of it."""
        from chalicelib.adapters.dynamo.breakers import DynamoBreakerRows

        return DynamoBreakerRows(
            self.settings.campaigns_table, clock=self.clock, random=self.random
        )

    @cached_property
    def watermark(self) -> "Watermark":
        """How far SES's events have come."""
        from chalicelib.adapters.dynamo.folds import DynamoWatermark

        return DynamoWatermark(self.settings.campaigns_table)

    @cached_property
    def unresolved_campaigns(self) -> "UnresolvedCampaigns":
        """Campaigns somebody's outcome is unknown of."""
        from chalicelib.adapters.dynamo.folds import DynamoUnresolvedCampaigns

        return DynamoUnresolvedCampaigns(self.settings.campaigns_table)

    @cached_property
    def export_fence(self) -> "ExportFence":
        """Tells exports made before an erasure from later ones."""
        from chalicelib.adapters.dynamo.exports import DynamoExportFence

        return DynamoExportFence(self.settings.campaigns_table, self.random)

    @cached_property
    def uploads(self) -> "Uploads":
        """Objects made of parts."""
        from chalicelib.adapters.s3_uploads import S3Uploads

        return S3Uploads(self.settings.bucket)
