# SPDX-License-Identifier: Apache-2.0
"""What a marketer does with a campaign in the console: test, send, schedule, stop, send again.

Guarantees that nothing is done without a key of the scope ``marketing`` and the token of its own
session, that every act is answered by a redirect, so that a reload repeats none, and that one that
was refused says why, beside the field it is about.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from chalicelib.domain.campaigns import Act
from chalicelib.domain.plan_gate import RENDERING
from chalicelib.domain.wall_clock import moment_ms
from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.campaigns_console_pages import (
    HOME,
    Trouble,
    campaign_page,
    nothing,
    seen_in,
    zone_of,
)
from chalicelib.entrypoints.console_access import Seat, marketer
from chalicelib.entrypoints.exchange import Answer, Request, redirect
from chalicelib.errors import (
    Conflict,
    DependencyError,
    IllegalTransition,
    InputError,
    NotTested,
    OverBudget,
    RiskNotAccepted,
    StateError,
    Throttled,
)

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.campaigns import Campaign

OFFERED: Final = frozenset(Act) - {Act.EDIT, Act.FINISH}
_FIELD_OF: Final[Mapping[str, str]] = {
    "malformed_address": "to",
    "suppressed": "to",
    "not_allowed": "to",
    "rejected": "to",
    "bad_day": "day",
    "bad_time": "day",
    "bad_minute": "minute",
    "no_such_time": "minute",
}
"""Code of an error -> the field it is about."""
_STATES: Final[tuple[tuple[type[StateError], str], ...]] = (
    (NotTested, "not_tested"),
    (RiskNotAccepted, "risk"),
    (Conflict, "changed"),
    (IllegalTransition, "past"),
    (OverBudget, "over_budget"),
)


def _do(container: "Container", request: Request, seat: Seat) -> Answer:
    wanted = seat.fields.get("act", "")
    if wanted not in OFFERED:
        raise InputError(code="bad_act", detail="The form asks for nothing that can be done here.")
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    campaign, act = seen.campaign, Act(wanted)
    try:
        _carry_out(container, campaign, act, seat.fields)
    except (InputError, StateError) as error:
        return campaign_page(container, request, seat, _trouble(error), status_of(error))
    except DependencyError as error:
        if act is not Act.TEST:  # Of a test it is worth knowing whether it may still arrive.
            raise
        why = "throttled" if isinstance(error, Throttled) else "unanswered"
        return campaign_page(container, request, seat, Trouble(why=why), status_of(error))
    return redirect(f"{HOME}/{campaign.id}?language={seat.language}&done={act}")


def _retry(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    unsent = seat.fields.get("unsent", "") == "yes"
    try:
        child = container.campaign_retries.retry(seen.campaign.id, unsent=unsent)
    except Conflict as error:
        is_there = container.campaign_retries.retried_by(seen) is not None
        trouble = Trouble(why="again_before" if is_there else "again_nobody")
        return campaign_page(container, request, seat, trouble, status_of(error))
    except IllegalTransition as error:
        return campaign_page(container, request, seat, _trouble(error), status_of(error))
    return redirect(f"{HOME}/{child.id}?language={seat.language}&done=retry")


def _carry_out(
    container: "Container", campaign: "Campaign", act: Act, fields: Mapping[str, str]
) -> None:
    if act is Act.TEST:
        container.campaign_tests.send(campaign.id, fields.get("to", "").strip())
    elif act is Act.SCHEDULE:
        zone = zone_of(container, campaign)
        at_ms = moment_ms(fields.get("day", ""), fields.get("minute", ""), zone)
        container.campaigns.schedule(campaign.id, at_ms)
    elif act is Act.RESUME:
        accepts = fields.get("accept_risk", "") == "yes"
        skips = campaign.problem == RENDERING  # As the page says beside the button.
        container.campaigns.resume(campaign.id, skip_rendering=skips, accept_risk=accepts)
    else:
        container.campaigns.act(campaign.id, act)


def _trouble(error: InputError | StateError) -> Trouble:
    if isinstance(error, InputError):
        field = _FIELD_OF.get(error.code)
        return Trouble(why="unmade") if field is None else Trouble(why=error.code, field=field)
    return Trouble(why=next((why for kind, why in _STATES if isinstance(error, kind)), "past"))


act_on_campaign = marketer(_do)
retry_campaign = marketer(_retry)
