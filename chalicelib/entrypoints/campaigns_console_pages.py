# SPDX-License-Identifier: Apache-2.0
"""Campaigns in the console: what each says, to whom, how far it is, what can be done next.

Guarantees that nothing here changes anything, that numbers are told as the API tells them, and that
a mail is shown in a frame in which nothing runs. What acts is `campaigns_console_acts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.campaigns import Act, CampaignStatus, possible_acts
from chalicelib.domain.ids import decode_id
from chalicelib.domain.tempo import tens
from chalicelib.domain.wall_clock import day_in
from chalicelib.entrypoints.console_access import Seat, inside
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.retries_console_pages import again_of
from chalicelib.entrypoints.security import as_mail, with_script
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.campaigns import Campaign
    from chalicelib.ports.sending import Rendered
    from chalicelib.services.campaign_sight import Seen

HOME = "/console/campaigns"
SCRIPT = "console/campaign.js"
DEAD_LINKS = '<base target="_blank">'
"""Behind a mail: its links then open windows, which the frame it is shown in has no right to."""
ROWS = 100
FIELDS = ("to", "day", "minute")
"""What the forms of a campaign ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why an act was not done; the page has a sentence for each ``why``.

    Attributes:
        field: one of `FIELDS` that it is about; "" when it is about none.

    """

    why: str
    field: str = ""


def _show_campaigns(container: "Container", request: Request, seat: Seat) -> Answer:
    cursor = request.query.get("cursor") or None
    found = container.campaigns.page(cursor, ROWS)
    data = {
        **seat.frame(),
        "campaigns": sorted((each.shown for each in found.items), key=lambda it: -it.created_ms),
        "cursor": found.cursor,
        "is_first": cursor is None,
    }
    return html(container.renderer.page("console/campaigns.html", data))


def _show_campaign(container: "Container", request: Request, seat: Seat) -> Answer:
    return campaign_page(container, request, seat)


def campaign_page(
    container: "Container",
    request: Request,
    seat: Seat,
    trouble: Trouble | None = None,
    status: int = 200,
) -> Answer:
    """Return the page of the campaign that the path names, or say that there is none.

    Args:
        trouble: why what was just asked for was not done.

    """
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    campaign = seen.campaign
    zone = zone_of(container, campaign)
    data = {
        **seat.frame(),
        **_live(container, seen, seat, zone),
        "said": _said(container, campaign),
        "list_name": list_name_of(container, campaign),
        "segment_name": segment_name_of(container, campaign),
        "results": (
            None if campaign.started_ms is None else container.link_results.of(campaign.id)
        ),
        "again": again_of(container, seen),
        "acts": _acts(seen, seat),
        "tried_ms": (
            container.dry_runs.asked_ms(campaign.id)
            if seat.is_marketer and campaign.started_ms is None
            else None
        ),
        "trouble": trouble,
        "given": {name: seat.fields.get(name, "") for name in FIELDS},
        "today": day_in(container.clock.now_ms(), zone),
        "done": request.query.get("done", "") if trouble is None else "",
    }
    script = container.renderer.page(SCRIPT, {})
    text = container.renderer.page("console/campaign.html", data)
    return html(text, status, with_script(script, live=True))


def _show_progress(container: "Container", request: Request, seat: Seat) -> Answer:
    """Show the part of a campaign's page that changes while it is being sent."""
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    opened = request.query.get("seen", "")
    data = {
        **seat.frame(),
        **_live(container, seen, seat, zone_of(container, seen.campaign)),
        "is_other": opened in set(CampaignStatus) and opened != seen.status,
    }
    return html(container.renderer.page("console/campaign_progress.html", data))


def _show_mail(container: "Container", request: Request, seat: Seat) -> Answer:
    """Show the mail itself, filled with sample data."""
    seen = seen_in(container, request)
    said = _said(container, seen.campaign) if seen else None
    if said is None:
        return nothing(container, seat)
    return html(said.html + DEAD_LINKS, headers=as_mail())


def _show_cancelling(container: "Container", request: Request, seat: Seat) -> Answer:
    """Ask once more whether a campaign is to be called off."""
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    if Act.CANCEL not in _acts(seen, seat):
        return redirect(f"{HOME}/{seen.campaign.id}?language={seat.language}")
    data = {**seat.frame(), "campaign": seen.shown, "progress": seen.progress}
    return html(container.renderer.page("console/campaign_cancel.html", data))


show_campaigns = inside(_show_campaigns)
show_campaign = inside(_show_campaign)
show_progress = inside(_show_progress)
show_mail = inside(_show_mail)
show_cancelling = inside(_show_cancelling)


def seen_in(container: "Container", request: Request) -> "Seen | None":
    """Return the campaign that the path names as it is now; None when there is none."""
    try:
        campaign_id = path_word(request, "campaign")
        decode_id(campaign_id)
        return container.campaigns.get(campaign_id)
    except (InputError, NotFound):
        return None


def zone_of(container: "Container", campaign: "Campaign") -> str:
    """Return the time zone of the campaign's brand."""
    brand = container.brands.get(campaign.brand)
    return brand.zone if brand else "UTC"


def nothing(container: "Container", seat: Seat) -> Answer:
    """Say that there is no such campaign."""
    data = {**seat.frame(), "missing": "campaign"}
    return html(container.renderer.page("console/error.html", data), 404)


def _live(container: "Container", seen: "Seen", seat: Seat, zone: str) -> Mapping[str, object]:
    """What the part of the page that changes by itself is filled with."""
    tongue = container.renderer.tongue(seat.language)
    return {
        "campaign": seen.shown,
        "progress": seen.progress,
        "warning": seen.warning,
        "resolved": seen.resolved,
        "number": tongue.number,
        "tenths": tongue.tenths,
        "tempo": container.campaign_tempo.of(seen),
        "percent": tens(seen.progress),
        "moves": seen.campaign.started_ms is not None and not seen.complete,
        "zone": zone,
        "is_other": False,
    }


def _acts(seen: "Seen", seat: Seat) -> frozenset[Act]:
    return possible_acts(seen.status) if seat.is_marketer else frozenset()


def _said(container: "Container", campaign: "Campaign") -> "Rendered | None":
    """The mail with sample data; None when it cannot be made any more."""
    try:
        return container.campaigns.sample(campaign.id)
    except (InputError, NotFound):
        return None


def list_name_of(container: "Container", campaign: "Campaign") -> str:
    """Return the name of the list a campaign goes to."""
    found = container.lists.get(campaign.list)
    return found.name if found else campaign.list


def segment_name_of(container: "Container", campaign: "Campaign") -> str | None:
    """Return the name of the segment a campaign goes to; None: it has none, or it is gone."""
    found = container.segment_rows.get(campaign.segment) if campaign.segment else None
    return found.name if found else None
