# SPDX-License-Identifier: Apache-2.0
"""Campaigns over the API: written, changed, tested, scheduled, started, stopped, watched.

Guarantees that a change is made only to what its author read: it names the revision.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Act, Campaign, Content
from chalicelib.domain.content import ContentKind
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.state import Grade
from chalicelib.domain.stops import Stop
from chalicelib.entrypoints.api.frame import (
    PAGED,
    Call,
    Operation,
    maybe_rfc3339,
    operation,
    page_answer,
    rfc3339,
    unix_ms,
)
from chalicelib.entrypoints.api.segment_answers import YES_NO
from chalicelib.entrypoints.api.templates import found_shape
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.domain.tempo import Tempo
    from chalicelib.services.campaign_sight import Seen
    from chalicelib.services.campaigns import Written

MAX_CAMPAIGN_BYTES = 256 * 1024
_SAID = frozenset({"subject", "html", "text", "kind"})
"""The members that are what a campaign says."""


@operation("GET", "/campaigns", KeyScope.READ, gives="CampaignPage", queries=PAGED)
def list_campaigns(call: Call) -> Mapping[str, Any]:
    """List campaigns."""
    page = call.container.campaigns.page(*call.paging())
    return page_answer(page, _summary)


@operation(
    "POST",
    "/campaigns",
    KeyScope.MARKETING,
    status=201,
    takes="NewCampaign",
    picks=lambda body: (
        "CopiedCampaign" if isinstance(body, dict) and "template" in body else "WrittenCampaign"
    ),
    gives="CampaignWritten",
    location="/campaigns/{id}",
    max_bytes=MAX_CAMPAIGN_BYTES,
)
def create_campaign(call: Call) -> Mapping[str, Any]:
    """Write a campaign; it is compiled once, so that what is wrong with it is told now."""
    body = call.body
    written = call.container.campaigns.create(
        name=body["name"],
        list_id=ListId(body["list"]),
        purpose=PurposeId(body["purpose"]),
        content=_written(call, body),
        minimum_grade=Grade(body.get("minimum_grade", Grade.E)),
        segment=body.get("segment"),
    )
    return _told(written)


def _written(call: Call, body: Mapping[str, Any]) -> Content:
    """What a new campaign says: what the body says, or a copy of what a template does."""
    if "template" in body:
        return call.container.templates.content(body["template"], ListId(body["list"]))
    return Content(
        subject=body["subject"],
        html=body["html"],
        text=body.get("text"),
        kind=ContentKind(body.get("kind", ContentKind.HTML)),
    )


@operation("GET", "/campaigns/{campaign}", KeyScope.READ, gives="Campaign")
def get_campaign(call: Call) -> Mapping[str, Any]:
    """Get one campaign and how far it is."""
    return campaign_shape(call, call.word("campaign"))


def campaign_shape(call: Call, campaign_id: str) -> Mapping[str, Any]:
    """Return a campaign as it is now, in the API's shape."""
    seen = call.container.campaigns.get(campaign_id)
    shape = _shape(seen, call.container.campaign_tempo.of(seen))
    return {**shape, "retried_by": call.container.campaign_retries.retried_by(seen)}


@operation(
    "PATCH",
    "/campaigns/{campaign}",
    KeyScope.MARKETING,
    takes="CampaignChange",
    gives="CampaignWritten",
    max_bytes=MAX_CAMPAIGN_BYTES,
    conflicts=True,
)
def change_campaign(call: Call) -> Mapping[str, Any]:
    """Change a campaign that was not started; it is a draft again and needs a new test."""
    from chalicelib.services.campaigns import Edit  # noqa: PLC0415  # loads cryptography

    body, campaign_id = call.body, call.word("campaign")
    grade = body.get("minimum_grade")
    change = Edit(
        name=body.get("name"),
        list_id=body.get("list"),
        purpose=body.get("purpose"),
        minimum_grade=Grade(grade) if grade else None,
        content=_said(call, campaign_id) if _SAID & body.keys() else None,
        segment=(body["segment"] or "") if "segment" in body else None,
    )
    return _told(call.container.campaigns.edit(campaign_id, body["revision"], change))


def _said(call: Call, campaign_id: str) -> Content:
    """What the campaign says, with the members of the body in place of its own."""
    content = call.container.campaigns.content(campaign_id)
    said = {name: call.body[name] for name in _SAID & call.body.keys()}
    return replace(content, **{**said, "kind": ContentKind(said.get("kind", content.kind))})


@operation(
    "POST",
    "/campaigns/{campaign}/test",
    KeyScope.MARKETING,
    status=202,
    takes="CampaignTest",
    gives="CampaignStatus",
    conflicts=True,
)
def send_campaign_test(call: Call) -> Mapping[str, Any]:
    """Send the campaign, filled with sample data, to one address; a campaign needs one to start."""
    return _status(call.container.campaign_tests.send(call.word("campaign"), call.body["to"]))


@operation(
    "POST",
    "/campaigns/{campaign}/schedule",
    KeyScope.MARKETING,
    status=202,
    takes="CampaignSchedule",
    gives="CampaignStatus",
    conflicts=True,
)
def schedule_campaign(call: Call) -> Mapping[str, Any]:
    """Have a tested campaign start by itself at a time, or within a minute after it."""
    at_ms = unix_ms(call.body["at"], "at")
    return _status(call.container.campaigns.schedule(call.word("campaign"), at_ms))


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


@operation(
    "POST",
    "/campaigns/{campaign}/resume",
    KeyScope.MARKETING,
    status=202,
    gives="CampaignStatus",
    queries=("skip_rendering", "accept_risk"),
    conflicts=True,
)
def resume_campaign(call: Call) -> Mapping[str, Any]:
    """Resume a paused campaign; `skip_rendering=true` leaves out whose mail cannot be made.

    One that was stopped by what came back goes on only with `accept_risk=true`.
    """
    skips, accepts = _said_yes(call, "skip_rendering"), _said_yes(call, "accept_risk")
    campaign_id = call.word("campaign")
    campaigns = call.container.campaigns
    return _status(campaigns.resume(campaign_id, skip_rendering=skips, accept_risk=accepts))


def _said_yes(call: Call, name: str) -> bool:
    said = YES_NO.get(call.request.query.get(name, "false"))
    if said is None:
        raise InputError(code=f"bad_{name}", detail=f"{name} is true or false.")
    return said


OPERATIONS = (
    list_campaigns,
    create_campaign,
    get_campaign,
    change_campaign,
    send_campaign_test,
    schedule_campaign,
    _act(Act.UNSCHEDULE, "unschedule_campaign", "Take a scheduled campaign off the clock."),
    _act(Act.SEND, "send_campaign", "Freeze a campaign, commit to it in the ledger, start it."),
    _act(Act.PAUSE, "pause_campaign", "Pause a campaign: chunks not yet sent stay where they are."),
    resume_campaign,
    _act(Act.CANCEL, "cancel_campaign", "Cancel a campaign for good."),
)


def _status(campaign: Campaign) -> Mapping[str, Any]:
    return {"id": campaign.id, "status": campaign.status, "revision": campaign.revision}


def _told(written: "Written") -> Mapping[str, Any]:
    warnings = [found_shape(found) for found in written.warnings]
    return {**_status(written.campaign), "warnings": warnings}


def stop_shape(stop: Stop) -> Mapping[str, Any]:
    """Return why something was stopped, in the API's shape."""
    return {
        "why": stop.why,
        "delivered": stop.delivered,
        "bounced": stop.bounced,
        "complained": stop.complained,
        "checks": list(stop.checks),
        "at": rfc3339(stop.at_ms),
    }


def _summary(seen: "Seen") -> dict[str, Any]:
    campaign = seen.campaign
    return {
        "id": campaign.id,
        "name": campaign.name,
        "brand": campaign.brand,
        "list": campaign.list,
        "purpose": campaign.purpose,
        "segment": campaign.segment,
        "status": seen.status,
        "created_at": rfc3339(campaign.created_ms),
        "scheduled_at": maybe_rfc3339(campaign.scheduled_ms),
        "retry_of": campaign.retry_of,
    }


def _shape(seen: "Seen", tempo: "Tempo | None") -> Mapping[str, Any]:
    campaign, progress = seen.campaign, seen.progress
    finished_ms = campaign.finished_ms or (progress.last_ms if seen.complete else None)
    return {
        **_summary(seen),
        "revision": campaign.revision,
        "subject": campaign.subject,
        "minimum_grade": campaign.minimum_grade,
        "tested": seen.tested,
        "problem": seen.problem,
        "stopped": seen.stop and stop_shape(seen.stop),
        "warning": seen.warning and stop_shape(seen.warning),
        "planned": progress.planned,
        "sent": progress.sent,
        "skipped": dict(progress.skipped),
        "rejected": progress.rejected,
        "unknown": progress.unknown,
        "open": progress.open,
        "failed": progress.failed,
        "resolved": seen.resolved,
        "rate": progress.rate,
        "rate_now": tempo.per_second if tempo else 0.0,
        "seconds_left": 0 if seen.complete else tempo and tempo.seconds_left,
        "held": tempo and tempo.held,
        "started_at": maybe_rfc3339(campaign.started_ms),
        "finished_at": maybe_rfc3339(finished_ms),
    }
