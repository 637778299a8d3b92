# SPDX-License-Identifier: Apache-2.0
"""The services that account for everybody in a campaign, one by one.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.campaigns import CampaignServices

if TYPE_CHECKING:
    from chalicelib.services.audience_export import AudienceWriter
    from chalicelib.services.export_files import ExportPorts
    from chalicelib.services.export_parts import ExportWriter
    from chalicelib.services.exports import Exports
    from chalicelib.services.recipients import AccountReader, Recipients

# ruff: noqa: PLC0415  # most handlers ask for none of these


class AccountServices(CampaignServices):
    """Everybody planned, listed and exported."""

    @cached_property
    def account_reader(self) -> "AccountReader":
        """Looks through manifests and chunks."""
        from chalicelib.services.recipients import AccountReader

        return AccountReader(blobs=self.blobs, runs=self.runs)

    @cached_property
    def recipients(self) -> "Recipients":
        """Pages of campaigns' people."""
        from chalicelib.services.recipients import Recipients

        return Recipients(campaigns=self.campaign_rows, reader=self.account_reader)

    @cached_property
    def export_writer(self) -> "ExportWriter":
        """Writes parts of exports."""
        from chalicelib.services.export_parts import ExportWriter

        return ExportWriter(
            reader=self.account_reader,
            reads=self.send_reads,
            store=self.store,
            wrapper=self.wrapper,
            origin=self.settings.ledger_origin,
        )

    @cached_property
    def audience_writer(self) -> "AudienceWriter":
        """Writes parts of exports of a brand's people."""
        from chalicelib.services.audience_export import AudienceWriter

        return AudienceWriter(audience=self.audience, store=self.store, ledger=self.ledger)

    @cached_property
    def export_ports(self) -> "ExportPorts":
        """What every kind of export is made with."""
        from chalicelib.services.export_files import ExportPorts

        return ExportPorts(
            fence=self.export_fence,
            uploads=self.uploads,
            blobs=self.blobs,
            jobs=self.jobs,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def exports(self) -> "Exports":
        """Exports of addresses."""
        from chalicelib.services.exports import Exports

        return Exports(
            campaigns=self.campaign_rows,
            brands=self.brands,
            lists=self.lists,
            writer=self.export_writer,
            audience_writer=self.audience_writer,
            unsealing=self.unsealing,
            ledger=self.ledger,
            ports=self.export_ports,
        )
