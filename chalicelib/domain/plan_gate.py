# SPDX-License-Identifier: Apache-2.0
"""Whether a planned campaign may begin to be mailed: one decision, from what is stored alone.

Guarantees that nothing goes before all of it is planned, that a rendering error found before the
send stops it for everybody until somebody says otherwise, that a large mailing stops where
something is known to keep large mailings from arriving, until somebody accepts that, and that a
campaign that is paused waits.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chalicelib.domain.campaigns import Act, Campaign, CampaignStatus, next_status
from chalicelib.domain.runs import Totals

RENDERING: Final = "rendering"
"""The problem of a campaign that some of its people's mail cannot be made of."""
PLANNING: Final = "planning"
"""The problem of a campaign a shard of which could not be planned for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Whether a mailing may arrive.

    Attributes:
        large: as mailbox providers count, which ask more of those who send much.
        blocking: ids of the checks of `domain.deliverability` that fail; looked at only when large.
    """

    large: bool
    blocking: tuple[str, ...] = ()


class Gate(StrEnum):
    """What is to be done with a campaign at its gate."""

    WAIT = "wait"
    """Nothing: it is not planned, it is paused, or it is over."""
    STOP = "stop"
    """Pause it with the problem `RENDERING`."""
    ASK = "ask"
    """Find out whether it is ready, and decide again."""
    NOT_READY = "not-ready"
    """Pause it with the problem `StopWhy.NOT_READY`."""
    OPEN = "open"
    """Commit to the plan, then let all of it go."""
    PASSED = "passed"
    """It was let go before."""


def decide(campaign: Campaign, totals: Totals, ready: Ready | None = None) -> Gate:
    """Return what is to be done.

    One that was cancelled goes too: its workers write down that everybody in it was left out. One
    that is `sending` although rendering stopped it was resumed by somebody who knows (`resumed`).

    Args:
        campaign: as read after the shards were planned.
        ready: None: nobody was asked yet.
    """
    if campaign.started_ms is None or campaign.finished_ms is not None:
        return Gate.WAIT
    if campaign.go_ms is not None:
        return Gate.PASSED
    if not totals.whole:
        return Gate.WAIT
    if campaign.status is CampaignStatus.CANCELLED:
        return Gate.OPEN
    if campaign.status is not CampaignStatus.SENDING:
        return Gate.WAIT
    failing = any(totals.render_errors.values()) and campaign.problem != RENDERING
    if failing:
        return Gate.STOP
    if campaign.risk_accepted:
        return Gate.OPEN
    if ready is None:
        return Gate.ASK
    return Gate.NOT_READY if ready.large and ready.blocking else Gate.OPEN


def resumed(campaign: Campaign, *, skip_rendering: bool) -> Campaign:
    """Return a paused campaign as it goes on; whoever's mail cannot be made stops it again.

    Args:
        skip_rendering: those people are left out instead; they are skipped for that reason when
            their turn comes.

    Raises:
        IllegalTransition: it is not paused.
    """
    status = next_status(campaign.status, Act.RESUME)
    keeps = skip_rendering and campaign.problem == RENDERING
    return replace(campaign, status=status, problem=RENDERING if keeps else None)


def missing(totals: Totals, shards: tuple[str, ...]) -> tuple[str, ...]:
    """Return the shards that are not planned yet."""
    return tuple(shard for shard in shards if shard not in totals.people)
