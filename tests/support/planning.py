# SPDX-License-Identifier: Apache-2.0
"""A world in which campaigns are planned whole, tried, and let go through the gate.

`PlanWorld.counting` counts the calls to the ports a block makes, as AWS would be called.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from chalicelib.domain.campaigns import Act, Campaign, Content, next_status, read_records
from chalicelib.domain.ids import SHARDS, CampaignId, ListId, PurposeId, SubjectId
from chalicelib.errors import KvittoError
from chalicelib.ports.outside import Queue
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.plans import manifest_key
from chalicelib.services.shard_plan import ShardPlanner
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import Moment, no_faults
from tests.support.world import World

PLAIN = "<p>Hello {{ first_name }}</p>"
FAILS_FOR_BO = "<p>{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}</p>"


class PlanWorld(World):
    """A fresh installation; nothing is handed over but by `plan`."""

    def __init__(self, seed: int = 1, **settings: Any) -> None:
        super().__init__(seed, **settings)
        self.accounts = self.chunk_accounts
        self.totals = self.plan_totals
        self.parts = self.dry_run_parts

    def planner_of_a_process(self) -> ShardPlanner:
        """A planner that remembers nothing of others."""
        return ShardPlanner(
            campaigns=self.campaign_rows,
            contents=FrozenContents(blobs=self.blobs),
            people=self.shard_people,
            retried=self.retried_people,
            rehearsal=self.rehearsal,
            blobs=self.blobs,
            totals=self.totals,
            gate=self.plan_gate,
            random=self.random,
        )

    def draft(
        self, html: str = PLAIN, segment: str | None = None, subject: str = "Hello"
    ) -> CampaignId:
        """A draft to the demo list."""
        return self.campaigns.create(
            name="News",
            list_id=ListId("newsletter"),
            purpose=PurposeId("newsletter"),
            content=Content(subject=subject, html=html),
            segment=segment,
        ).campaign.id

    def segment(self, where: Mapping[str, Any]) -> str:
        """A segment of the demo brand."""
        made = self.segments.create(
            segment_id="some", brand_id=DEMO_BRAND.id, name="Some", where=where
        )
        return made.segment.id

    def started(
        self,
        html: str = PLAIN,
        segment: str | None = None,
        chunk_size: int = 50,
        subject: str = "Hello",
    ) -> Campaign:
        """A campaign that was tested and started, with its plan messages queued."""
        campaign_id = self.draft(html, segment, subject)
        self.test(campaign_id)
        campaign = self.campaign_rows.get(campaign_id)
        content = self.campaign_rows.content(campaign_id)
        brand = self.brands.latest(campaign.brand)
        now_ms = self.clock.now_ms()
        frozen = self.freezer.as_tested(campaign, content, brand, now_ms)
        stored = self.campaign_rows.replace(
            replace(
                campaign,
                status=next_status(campaign.status, Act.SEND),
                content_sha256=frozen.sha256,
                chunk_size=chunk_size,
                started_ms=now_ms,
                plan_event=self.ledger.new_event_id(),
            )
        )
        self.campaign_messages.plan(stored)
        return stored

    def plan(self) -> None:
        """Hand over every plan message, each until it works, in a process of its own."""
        while bodies := self.messages.take(Queue.PLANS):
            for body in bodies:
                self.plan_one(body)

    def plan_one(self, body: Mapping[str, Any]) -> None:
        """Hand over a message until it works: each crash is a new process, without its fault."""
        while True:
            try:
                if "dry" in body:
                    self.dry_run_shards.work(body["campaign"], body["shard"], body["dry"])
                else:
                    self.planner_of_a_process().plan(body["campaign"], body["shard"])
            except KvittoError:
                self.faults = no_faults
            else:
                return

    def now(self, campaign: Campaign) -> Campaign:
        """The campaign as it is stored by now."""
        return self.campaign_rows.get(campaign.id)

    def planned(self, campaign: Campaign) -> list[SubjectId]:
        """Everybody in the manifests, shard by shard."""
        keys = (manifest_key(campaign.id, shard) for shard in SHARDS)
        found = (self.outside_rows.blobs[key].data[8:] for key in keys)
        return [person.sid for records in found for person in read_records(records)]

    def run_messages(self) -> list[dict[str, Any]]:
        """Messages of runs that wait; they are taken."""
        return self.messages.take(Queue.CHUNKS)

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Count calls of the ports by name."""
        calls: Counter[str] = Counter()
        former = self.faults

        def count(call: str, moment: Moment) -> None:
            calls[call] += moment is Moment.BEFORE

        self.faults = count
        yield calls
        self.faults = former
