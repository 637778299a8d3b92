# SPDX-License-Identifier: Apache-2.0
"""The services that plan campaigns whole, let them go, and try them before.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.deliverability import DeliverabilityServices

if TYPE_CHECKING:
    from chalicelib.ports.campaign_mail import CampaignMails
    from chalicelib.services.campaign_messages import CampaignMessages
    from chalicelib.services.declared_fields import DeclaredFields
    from chalicelib.services.dry_run import DryRunShards
    from chalicelib.services.freezing import Freezer
    from chalicelib.services.frozen_contents import FrozenContents
    from chalicelib.services.plan_gate import PlanGate
    from chalicelib.services.readiness import Readiness
    from chalicelib.services.rehearsal import Rehearsal
    from chalicelib.services.retried_people import RetriedPeople
    from chalicelib.services.shard_people import ShardPeople
    from chalicelib.services.shard_plan import ShardPlanner

# ruff: noqa: PLC0415  # the language of segments and templates are slow to load; most ask for none


class PlanningServices(DeliverabilityServices):
    """Plans of campaigns."""

    @cached_property
    def campaign_mails(self) -> "CampaignMails":
        """What frozen contents are filled with."""
        from chalicelib.adapters.campaign_mail import SplitCampaignMails

        return SplitCampaignMails(self.renderer, self.settings.base_url)

    @cached_property
    def declared_fields(self) -> "DeclaredFields":
        """What the brands' forms ask for."""
        from chalicelib.services.declared_fields import DeclaredFields

        return DeclaredFields(self.forms, self.clock)

    @cached_property
    def freezer(self) -> "Freezer":
        """Freezes campaigns."""
        from chalicelib.services.freezing import Freezer

        return Freezer(
            compiler=self.content_compiler,
            fields=self.declared_fields,
            segments=self.segment_rows,
            lifecycles=self.lifecycle_rows,
            blobs=self.blobs,
        )

    @cached_property
    def frozen_contents(self) -> "FrozenContents":
        """Reads what was frozen."""
        from chalicelib.services.frozen_contents import FrozenContents

        return FrozenContents(blobs=self.blobs)

    @cached_property
    def campaign_messages(self) -> "CampaignMessages":
        """Messages that make campaigns move."""
        from chalicelib.services.campaign_messages import CampaignMessages

        return CampaignMessages(
            totals=self.plan_totals, accounts=self.chunk_accounts, queues=self.queues
        )

    @cached_property
    def plan_gate(self) -> "PlanGate":
        """Lets planned campaigns go."""
        from chalicelib.services.plan_gate import PlanGate

        return PlanGate(
            campaigns=self.campaign_rows,
            contents=self.frozen_contents,
            links=self.campaign_links,
            plans=self.plans,
            messages=self.campaign_messages,
            readiness=self.readiness,
            clock=self.clock,
        )

    @cached_property
    def readiness(self) -> "Readiness":
        """Tells whether mailings may go."""
        from chalicelib.services.readiness import Readiness

        return Readiness(
            doctor=self.doctor,
            brands=self.brands,
            sender=self.sender,
            bulk_from=self.settings.bulk_from,
        )

    @cached_property
    def shard_people(self) -> "ShardPeople":
        """Whom campaigns are for."""
        from chalicelib.services.shard_people import ShardPeople

        return ShardPeople(audience=self.audience, evaluator=self.evaluator)

    @cached_property
    def retried_people(self) -> "RetriedPeople":
        """Whom retries are for."""
        from chalicelib.services.retried_people import RetriedPeople

        return RetriedPeople(
            campaigns=self.campaign_rows, accounts=self.chunk_accounts, blobs=self.blobs
        )

    @cached_property
    def rehearsal(self) -> "Rehearsal":
        """Tries mails."""
        from chalicelib.services.rehearsal import Rehearsal

        return Rehearsal(
            scan=self.audience_scan,
            wrapper=self.wrapper,
            origin=self.settings.ledger_origin,
            mails=self.campaign_mails,
            brands=self.brands,
            lists=self.lists,
            fields=self.declared_fields,
            store=self.store,
        )

    @cached_property
    def shard_planner(self) -> "ShardPlanner":
        """Plans shards."""
        from chalicelib.services.shard_plan import ShardPlanner

        return ShardPlanner(
            campaigns=self.campaign_rows,
            contents=self.frozen_contents,
            people=self.shard_people,
            retried=self.retried_people,
            rehearsal=self.rehearsal,
            blobs=self.blobs,
            totals=self.plan_totals,
            gate=self.plan_gate,
            random=self.random,
        )

    @cached_property
    def dry_run_shards(self) -> "DryRunShards":
        """Works on dry runs."""
        from chalicelib.services.dry_run import DryRunShards

        return DryRunShards(
            campaigns=self.campaign_rows,
            contents=self.frozen_contents,
            people=self.shard_people,
            retried=self.retried_people,
            scan=self.audience_scan,
            store=self.store,
            rehearsal=self.rehearsal,
            jobs=self.jobs,
            parts=self.dry_run_parts,
            clock=self.clock,
        )
