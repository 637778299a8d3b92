# SPDX-License-Identifier: Apache-2.0
"""A campaign as one subscriber would get it, in the console.

Guarantees that it is shown only with a key of the scope ``marketing`` and to a form with the token
of its own session; that the address travels in the body of a POST and stands in no address of ours;
and that the mail is shown in a frame in which nothing runs and nothing leads anywhere.
"""

from typing import TYPE_CHECKING, Final

from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.campaigns_console_pages import DEAD_LINKS, nothing, seen_in
from chalicelib.entrypoints.console_access import Seat, marketer
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.security import around_mail
from chalicelib.errors import InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.campaigns import Campaign
    from chalicelib.services.preview import Preview

PAGE: Final = "console/campaign_preview.html"
NOBODY: Final = "nobody"
FAULTS: Final = ("malformed_address", "unknown_segment", NOBODY)
"""Why nothing is shown; the page has a sentence for each."""


def _show_asking(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    return nothing(container, seat) if seen is None else _page(container, seat, seen.shown)


def _show_preview(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    previews = container.previews
    try:
        sid = previews.by_address(_email(seat))
        found = previews.show(seen.campaign.id, sid, seat.key.id)
    except (InputError, NotFound) as error:
        code = error.code if isinstance(error, InputError) else NOBODY
        return _page(container, seat, seen.shown, fault=code, status=status_of(error))
    return _page(container, seat, seen.shown, found)


show_asking = marketer(_show_asking)
show_preview = marketer(_show_preview)


def _page(
    container: "Container",
    seat: Seat,
    campaign: "Campaign",
    found: "Preview | None" = None,
    fault: str = "",
    status: int = 200,
) -> Answer:
    data = {
        **seat.frame(),
        "campaign": campaign,
        "found": found,
        "fault": fault,
        "email": _email(seat),
        "shown": found.mail.html + DEAD_LINKS if found and found.mail else "",
    }
    return html(container.renderer.page(PAGE, data), status, around_mail())


def _email(seat: Seat) -> str:
    return seat.fields.get("email", "").strip()
