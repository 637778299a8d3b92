# SPDX-License-Identifier: Apache-2.0
"""The services that write, try, start, send and look after campaigns.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.planning import PlanningServices

if TYPE_CHECKING:
    from chalicelib.services.campaign_retry import CampaignRetries
    from chalicelib.services.campaign_sight import CampaignSight
    from chalicelib.services.campaign_start import CampaignStart
    from chalicelib.services.campaign_stops import CampaignStops
    from chalicelib.services.campaign_tempo import CampaignTempo
    from chalicelib.services.campaign_tests import CampaignTests
    from chalicelib.services.campaigns import CampaignDesk
    from chalicelib.services.composer import CallComposer
    from chalicelib.services.dry_run import DryRuns
    from chalicelib.services.preview import Previews
    from chalicelib.services.runs import RunWorker
    from chalicelib.services.samples import Samples
    from chalicelib.services.watch import Watch
    from chalicelib.services.way_out import WayOut

# ruff: noqa: PLC0415  # most handlers ask for none of these, or for one


class CampaignServices(PlanningServices):
    """Campaigns, from the first draft to the last mail."""

    @cached_property
    def way_out(self) -> "WayOut":
        """Headers that mail programs offer a way out by."""
        from chalicelib.services.way_out import WayOut

        return WayOut(
            tokens=self.tokens,
            base_url=self.settings.base_url,
            inbound_domain=self.settings.inbound_domain,
        )

    @cached_property
    def samples(self) -> "Samples":
        """Mails filled with sample data."""
        from chalicelib.services.samples import Samples

        return Samples(
            compiler=self.content_compiler,
            mails=self.campaign_mails,
            fields=self.declared_fields,
            lines=self.checkpoint_lines,
            tokens=self.tokens,
            way_out=self.way_out,
            base_url=self.settings.base_url,
        )

    @cached_property
    def campaigns(self) -> "CampaignDesk":
        """Campaigns."""
        from chalicelib.services.campaigns import CampaignDesk

        return CampaignDesk(
            sight=self.campaign_sight,
            start=self.campaign_start,
            campaigns=self.campaign_rows,
            lists=self.lists,
            brands=self.brands,
            forms=self.forms,
            samples=self.samples,
            messages=self.campaign_messages,
            clock=self.clock,
            random=self.random,
            segments=self.segments,
            stops=self.campaign_stops,
        )

    @cached_property
    def campaign_sight(self) -> "CampaignSight":
        """Campaigns as they are now."""
        from chalicelib.services.campaign_sight import CampaignSight

        return CampaignSight(
            campaigns=self.campaign_rows,
            brands=self.brands,
            segments=self.segment_rows,
            accounts=self.chunk_accounts,
            stops=self.campaign_stops,
        )

    @cached_property
    def campaign_stops(self) -> "CampaignStops":
        """Campaigns that breakers stopped."""
        from chalicelib.services.campaign_stops import CampaignStops

        return CampaignStops(
            rows=self.breaker_rows,
            breakers=self.breakers,
            campaigns=self.campaign_rows,
            clock=self.clock,
        )

    @cached_property
    def campaign_tempo(self) -> "CampaignTempo":
        """How fast campaigns go."""
        from chalicelib.services.campaign_tempo import CampaignTempo

        return CampaignTempo(rate=self.rate, clock=self.clock)

    @cached_property
    def campaign_start(self) -> "CampaignStart":
        """The start of campaigns."""
        from chalicelib.services.campaign_start import CampaignStart

        return CampaignStart(
            sight=self.campaign_sight,
            campaigns=self.campaign_rows,
            brands=self.brands,
            ledger=self.ledger,
            freezer=self.freezer,
            messages=self.campaign_messages,
            sender=self.sender,
            clock=self.clock,
        )

    @cached_property
    def campaign_retries(self) -> "CampaignRetries":
        """Retries of campaigns."""
        from chalicelib.services.campaign_retry import CampaignRetries

        return CampaignRetries(
            sight=self.campaign_sight,
            campaigns=self.campaign_rows,
            accounts=self.chunk_accounts,
            ledger=self.ledger,
            messages=self.campaign_messages,
            sender=self.sender,
            clock=self.clock,
        )

    @cached_property
    def campaign_tests(self) -> "CampaignTests":
        """Test mails."""
        from chalicelib.services.campaign_tests import CampaignTests

        return CampaignTests(
            sight=self.campaign_sight,
            campaigns=self.campaign_rows,
            brands=self.brands,
            lists=self.lists,
            ledger=self.ledger,
            store=self.store,
            index=self.suppression_index,
            activity=self.activity,
            sender=self.service_sender,
            samples=self.samples,
            clock=self.clock,
        )

    @cached_property
    def watch(self) -> "Watch":
        """What the clock does to campaigns."""
        from chalicelib.services.watch import Watch

        return Watch(
            start=self.campaign_start,
            campaigns=self.campaign_rows,
            totals=self.plan_totals,
            accounts=self.chunk_accounts,
            messages=self.campaign_messages,
            gate=self.plan_gate,
            stops=self.campaign_stops,
            unknowns=self.unknowns,
            clock=self.clock,
        )

    @cached_property
    def dry_runs(self) -> "DryRuns":
        """Dry runs."""
        from chalicelib.services.dry_run import DryRuns

        return DryRuns(
            campaigns=self.campaign_rows,
            brands=self.brands,
            freezer=self.freezer,
            jobs=self.jobs,
            parts=self.dry_run_parts,
            queues=self.queues,
            sender=self.sender,
            readiness=self.readiness,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def previews(self) -> "Previews":
        """Campaigns as subscribers would get them."""
        from chalicelib.services.preview import PreviewContents, Previews

        contents = PreviewContents(
            sight=self.campaign_sight,
            brands=self.brands,
            compiler=self.content_compiler,
            fields=self.declared_fields,
            contents=self.frozen_contents,
            composer=self.call_composer,
            segments=self.segments,
        )
        return Previews(
            contents=contents,
            composer=self.call_composer,
            ledger=self.ledger,
            audience=self.audience,
            facts=self.facts,
            unsealing=self.unsealing,
            stops=self.campaign_stops,
            keys=self.domain_keys,
            clock=self.clock,
        )

    @cached_property
    def call_composer(self) -> "CallComposer":
        """Composes calls."""
        from chalicelib.services.composer import CallComposer

        return CallComposer(
            mails=self.campaign_mails,
            contents=self.frozen_contents,
            brands=self.brands,
            lists=self.lists,
            fields=self.declared_fields,
            lines=self.checkpoint_lines,
            tokens=self.tokens,
            clock=self.clock,
            way_out=self.way_out,
            base_url=self.settings.base_url,
        )

    @cached_property
    def run_worker(self) -> "RunWorker":
        """Sends runs, in one thread."""
        return self.another_run_worker()

    def another_run_worker(self) -> "RunWorker":
        """Return a worker for another thread; what it learns of its own pace it shares with nobody.

        What it reads and composes with is shared.
        """
        from chalicelib.services.approach import Approach
        from chalicelib.services.chunk_letters import ChunkLetters
        from chalicelib.services.courier import Courier
        from chalicelib.services.runs import RunWorker

        letters = ChunkLetters(
            reads=self.send_reads,
            wrapper=self.wrapper,
            frequency=self.frequency,
            composer=self.call_composer,
            clock=self.clock,
            origin=self.settings.ledger_origin,
        )
        approach = Approach(
            reads=self.send_reads,
            keys=self.domain_keys,
            pacer=self.pacer,
            composer=self.call_composer,
            clock=self.clock,
        )
        courier = Courier(
            letters=letters,
            approach=approach,
            runs=self.runs,
            pacer=self.pacer,
            sender=self.sender,
            clock=self.clock,
            random=self.random,
        )
        return RunWorker(
            campaigns=self.campaign_rows,
            blobs=self.blobs,
            runs=self.runs,
            queues=self.queues,
            composer=self.call_composer,
            courier=courier,
            clock=self.clock,
            random=self.random,
        )
