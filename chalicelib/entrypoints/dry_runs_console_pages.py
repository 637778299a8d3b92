# SPDX-License-Identifier: Apache-2.0
"""Dry runs in the console: what a campaign would do if it were sent now, asked for and shown.

Guarantees that nobody is mailed by it, that it is begun and shown only with a key of the scope
``marketing``, begun only with the token of its own session, and that of whose mail cannot be made
nothing is shown but a random id and a place in the template.
"""

from typing import TYPE_CHECKING, Final

from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.pricing import CURRENCY
from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.campaigns_console_pages import (
    HOME,
    SCRIPT,
    Trouble,
    list_name_of,
    nothing,
    seen_in,
    segment_name_of,
    zone_of,
)
from chalicelib.entrypoints.console_access import Seat, marketer
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.security import with_script
from chalicelib.errors import Conflict, IllegalTransition, InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.campaign_sight import Seen
    from chalicelib.services.dry_run import DryRun

_WHY: Final = {"unknown_segment": "no_segment"}
"""Code of what a campaign lacks -> the sentence about it; all else is about its mail."""


def _show_dry_run(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    return nothing(container, seat) if seen is None else _page(container, seat, seen)


def _start_dry_run(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    try:
        container.dry_runs.ask(seen.campaign.id)
    except Conflict:
        pass  # Somebody else began one in this moment: theirs is shown.
    except (InputError, IllegalTransition) as error:
        code = error.code if isinstance(error, InputError) else ""
        why = _WHY.get(code, "unmade") if code else "past"
        return _page(container, seat, seen, Trouble(why=why), status_of(error))
    return redirect(f"{HOME}/{seen.campaign.id}/dry-run?language={seat.language}")


show_dry_run = marketer(_show_dry_run)
start_dry_run = marketer(_start_dry_run)


def _page(
    container: "Container",
    seat: Seat,
    seen: "Seen",
    trouble: Trouble | None = None,
    status: int = 200,
) -> Answer:
    campaign, run = seen.campaign, _latest(container, seen)
    tongue = container.renderer.tongue(seat.language)
    cost = None if run is None or run.cost is None else run.cost.cents
    data = {
        **seat.frame(),
        "campaign": seen.shown,
        "run": run,
        "found": run and run.found,
        "cost": None if cost is None else tongue.money(cost, CURRENCY),
        "moves": run is not None and run.status is JobStatus.PENDING,
        "list_name": list_name_of(container, campaign),
        "segment_name": segment_name_of(container, campaign),
        "zone": zone_of(container, campaign),
        "number": tongue.number,
        "trouble": trouble,
    }
    script = container.renderer.page(SCRIPT, {})
    text = container.renderer.page("console/dry_run.html", data)
    return html(text, status, with_script(script, live=True))


def _latest(container: "Container", seen: "Seen") -> "DryRun | None":
    try:
        return container.dry_runs.get(seen.campaign.id)
    except NotFound:
        return None
