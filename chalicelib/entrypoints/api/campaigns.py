# SPDX-License-Identifier: Apache-2.0
"""Campaigns over the API: written, tested, started, paused, resumed, cancelled, watched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Act, Campaign, CampaignStatus, Content
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.entrypoints.api.frame import (
    PAGED,
    Call,
    Operation,
    maybe_rfc3339,
    operation,
    page_answer,
    rfc3339,
)

if TYPE_CHECKING:
    from chalicelib.services.campaigns import Seen

MAX_CAMPAIGN_BYTES = 256 * 1024


@operation("GET", "/campaigns", KeyScope.READ, gives="CampaignPage", queries=PAGED)
def list_campaigns(call: Call) -> Mapping[str, Any]:
    """List campaigns."""
    page = call.container.campaigns.page(*call.paging())
    return page_answer(page, lambda campaign: _summary(campaign, campaign.status))


@operation(
    "POST",
    "/campaigns",
    KeyScope.MARKETING,
    status=201,
    takes="NewCampaign",
    gives="CampaignStatus",
    location="/campaigns/{id}",
    max_bytes=MAX_CAMPAIGN_BYTES,
)
def create_campaign(call: Call) -> Mapping[str, Any]:
    """Write a campaign; it is rendered once, so that a broken template is refused now."""
    body = call.body
    campaign = call.container.campaigns.create(
        name=body["name"],
        list_id=ListId(body["list"]),
        purpose=PurposeId(body["purpose"]),
        content=Content(subject=body["subject"], html=body["html"], text=body.get("text")),
    )
    return _status(campaign)


@operation("GET", "/campaigns/{campaign}", KeyScope.READ, gives="Campaign")
def get_campaign(call: Call) -> Mapping[str, Any]:
    """Get one campaign and how far it is."""
    return _shape(call.container.campaigns.get(call.word("campaign")))


@operation(
    "POST",
    "/campaigns/{campaign}/test",
    KeyScope.MARKETING,
    status=202,
    takes="CampaignTest",
    gives="CampaignStatus",
)
def send_campaign_test(call: Call) -> Mapping[str, Any]:
    """Send the campaign, filled with sample data, to one address of the caller's choice."""
    campaign_id = call.word("campaign")
    call.container.campaigns.send_test(campaign_id, call.body["to"])
    seen = call.container.campaigns.get(campaign_id)
    return {"id": seen.campaign.id, "status": seen.status}


def _act(act: Act, name: str, summary: str) -> Operation:
    def run(call: Call) -> Mapping[str, Any]:
        return _status(call.container.campaigns.act(call.word("campaign"), act))

    run.__name__ = name
    run.__doc__ = summary
    return operation(
        "POST",
        f"/campaigns/{{campaign}}/{act}",
        KeyScope.MARKETING,
        status=202,
        gives="CampaignStatus",
        conflicts=True,
    )(run)


OPERATIONS = (
    list_campaigns,
    create_campaign,
    get_campaign,
    send_campaign_test,
    _act(Act.SEND, "send_campaign", "Freeze a campaign, commit to it in the ledger, start it."),
    _act(Act.PAUSE, "pause_campaign", "Pause a campaign: chunks not yet sent stay where they are."),
    _act(Act.RESUME, "resume_campaign", "Resume a paused campaign."),
    _act(Act.CANCEL, "cancel_campaign", "Cancel a campaign for good."),
)


def _status(campaign: Campaign) -> Mapping[str, Any]:
    return {"id": campaign.id, "status": campaign.status}


def _summary(campaign: Campaign, status: CampaignStatus) -> dict[str, Any]:
    return {
        "id": campaign.id,
        "name": campaign.name,
        "brand": campaign.brand,
        "list": campaign.list,
        "purpose": campaign.purpose,
        "status": status,
        "created_at": rfc3339(campaign.created_ms),
    }


def _shape(seen: "Seen") -> Mapping[str, Any]:
    campaign, progress = seen.campaign, seen.progress
    finished_ms = campaign.finished_ms or (progress.last_ms if seen.complete else None)
    return {
        **_summary(campaign, seen.status),
        "subject": campaign.content.subject,
        "planned": progress.planned,
        "sent": progress.sent,
        "skipped": dict(progress.skipped),
        "rejected": progress.rejected,
        "unknown": progress.unknown,
        "rate": progress.rate,
        "started_at": maybe_rfc3339(campaign.started_ms),
        "finished_at": maybe_rfc3339(finished_ms),
    }
