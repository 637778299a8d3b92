# SPDX-License-Identifier: Apache-2.0
"""PynamoDB models of campaigns: the small row every chunk reads, and what the campaign says.

Guarantees, as all of `models`, that a row is complete and of a known schema version. A row of an
earlier version of the product holds the content itself; it is read all the same.
"""

from typing import Final, Self

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.adapters.dynamo.models import Row, whole
from chalicelib.domain.campaign_fingerprint import source_digest
from chalicelib.domain.campaigns import Campaign, CampaignStatus, Content
from chalicelib.domain.content import ContentKind
from chalicelib.domain.ids import BrandId, CampaignId, EventId, ListId, PurposeId
from chalicelib.domain.state import Grade
from chalicelib.domain.stops import dump_stop, load_stop

CAMPAIGNS: Final = "CAMPAIGN"
SENDING: Final = "SENDING"
PLANNED: Final = "PLANNED#"
SCHEDULED: Final = "SCHEDULED"
SOURCE: Final = "SOURCE"


def source_key(campaign_id: str) -> tuple[str, str]:
    """Return the key of the row that holds what a campaign says."""
    return f"{CAMPAIGNS}#{campaign_id}", SOURCE


class DueRow(Row):
    """`SCHEDULED`/<id>, as long as the campaign waits for its time."""

    at_ms = NumberAttribute()


class SourceRow(Row):
    """`CAMPAIGN#<id>`/`SOURCE`: what a campaign says, as it was written; HTML has no ``kind``."""

    subject = UnicodeAttribute()
    html = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    kind = UnicodeAttribute(null=True)

    @classmethod
    def from_domain(cls, campaign_id: CampaignId, content: Content) -> Self:
        """Return the row of ``content``."""
        return cls(
            *source_key(campaign_id),
            subject=content.subject,
            html=content.html,
            text=content.text,
            kind=None if content.kind is ContentKind.HTML else content.kind.value,
        )

    def to_domain(self) -> Content:
        """Return the content."""
        kind = ContentKind(self.kind or ContentKind.HTML)
        return Content(subject=self.subject, html=self.html, text=self.text, kind=kind)


class CampaignRow(Row):
    """`CAMPAIGN`/<id>; `SENDING`/<id> points to it from its start until everybody is accounted.

    `PLANNED#<list>`/<when, 13 digits>#<id> points to it for ever once its plan is whole.
    """

    brand = UnicodeAttribute()
    list_id = UnicodeAttribute()
    purpose = UnicodeAttribute()
    name = UnicodeAttribute()
    subject = UnicodeAttribute()
    source_sha256 = UnicodeAttribute(null=True)
    html = UnicodeAttribute(null=True)
    text = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    created_ms = NumberAttribute()
    segment = UnicodeAttribute(null=True)
    minimum_grade = UnicodeAttribute(null=True)
    tested_fingerprint = UnicodeAttribute(null=True)
    scheduled_ms = NumberAttribute(null=True)
    problem = UnicodeAttribute(null=True)
    stop = UnicodeAttribute(null=True)
    risk_accepted = BooleanAttribute(null=True)
    retry_of = UnicodeAttribute(null=True)
    retry_unsent = BooleanAttribute(null=True)
    go_ms = NumberAttribute(null=True)
    content_sha256 = UnicodeAttribute(null=True)
    chunk_size = NumberAttribute()
    started_ms = NumberAttribute(null=True)
    finished_ms = NumberAttribute(null=True)
    planned = NumberAttribute(null=True)
    woken_ms = NumberAttribute(null=True)
    wakes = NumberAttribute(null=True)
    plan_event = UnicodeAttribute(null=True)
    revision = NumberAttribute()

    @classmethod
    def from_domain(cls, campaign: Campaign) -> Self:
        """Return the row of ``campaign``; what it leaves at its default is not stored."""
        grade = campaign.minimum_grade
        return cls(
            CAMPAIGNS,
            campaign.id,
            brand=campaign.brand,
            list_id=campaign.list,
            purpose=campaign.purpose,
            name=campaign.name,
            subject=campaign.subject,
            source_sha256=campaign.source_sha256,
            status=campaign.status.value,
            created_ms=campaign.created_ms,
            segment=campaign.segment,
            minimum_grade=None if grade is Grade.E else grade.value,
            tested_fingerprint=campaign.tested_fingerprint,
            scheduled_ms=campaign.scheduled_ms,
            problem=campaign.problem,
            stop=dump_stop(campaign.stop) if campaign.stop else None,
            risk_accepted=campaign.risk_accepted or None,
            retry_of=campaign.retry_of,
            retry_unsent=campaign.retry_unsent or None,
            go_ms=campaign.go_ms,
            content_sha256=campaign.content_sha256,
            chunk_size=campaign.chunk_size,
            started_ms=campaign.started_ms,
            finished_ms=campaign.finished_ms,
            planned=campaign.planned,
            woken_ms=campaign.woken_ms,
            wakes=campaign.wakes or None,
            plan_event=campaign.plan_event,
            revision=campaign.revision,
        )

    @property
    def inline(self) -> Content | None:
        """What the campaign says, if an earlier version of the product stored it in this row."""
        if not self.html:
            return None
        return Content(subject=self.subject, html=self.html, text=self.text)

    def to_domain(self) -> Campaign:
        """Return the campaign."""
        inline = self.inline
        return Campaign(
            id=CampaignId(self.sk),
            brand=BrandId(self.brand),
            list=ListId(self.list_id),
            purpose=PurposeId(self.purpose),
            name=self.name,
            subject=self.subject,
            source_sha256=source_digest(inline) if inline else self.source_sha256 or "",
            status=CampaignStatus(self.status),
            created_ms=int(self.created_ms),
            segment=self.segment,
            minimum_grade=Grade(self.minimum_grade or Grade.E),
            tested_fingerprint=self.tested_fingerprint,
            scheduled_ms=whole(self.scheduled_ms),
            problem=self.problem,
            stop=load_stop(self.stop) if self.stop else None,
            risk_accepted=bool(self.risk_accepted),
            retry_of=CampaignId(self.retry_of) if self.retry_of else None,
            retry_unsent=bool(self.retry_unsent),
            go_ms=whole(self.go_ms),
            content_sha256=self.content_sha256,
            chunk_size=int(self.chunk_size),
            started_ms=whole(self.started_ms),
            finished_ms=whole(self.finished_ms),
            planned=whole(self.planned),
            woken_ms=whole(self.woken_ms),
            wakes=whole(self.wakes) or 0,
            plan_event=EventId(self.plan_event) if self.plan_event else None,
            revision=int(self.revision),
        )
