# SPDX-License-Identifier: Apache-2.0
"""What the clock has to do with a started campaign: one decision, from what is stored alone.

Guarantees that nothing is woken while it moves, that patience grows while nothing comes of it, that
a pause keeps mail back and nothing else, and that a campaign is looked at no longer once everybody
in it is accounted for.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.domain.campaigns import Campaign, CampaignStatus

STALLED_MS: Final = 10 * 60 * 1000
"""A campaign that did not move for so long is woken; then after twice as long, and so on."""
MAX_DOUBLINGS: Final = 5
"""How often that span is doubled at most: 320 minutes."""
LOST_MS: Final = 120 * 1000
"""Who was dispatched so long ago and not settled is unknown."""


class Step(StrEnum):
    """What is to be done."""

    WAIT = "wait"
    PLAN = "plan"
    """Have the shards planned that are not."""
    GATE = "gate"
    """Everybody is planned: come to the gate."""
    SEND = "send"
    """Make the messages of unfinished chunks again."""
    FINISH = "finish"
    """Everybody is accounted for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How far a campaign is.

    Attributes:
        whole: every shard is planned.
        is_open: somebody may still be sent to, or is in a call.
        moved_ms: when anything of it was last written; None: nothing was.
    """

    whole: bool
    is_open: bool = True
    moved_ms: int | None = None


def step(campaign: Campaign, look: Look, now_ms: int) -> Step:
    """Return what is to be done with an unfinished campaign at ``now_ms``, Unix milliseconds."""
    paused = campaign.status is CampaignStatus.PAUSED
    if look.whole and campaign.go_ms is not None and not look.is_open:
        return Step.FINISH
    if paused:
        return Step.WAIT
    if look.whole and campaign.go_ms is None:
        return Step.GATE
    if not stalled(campaign, look, now_ms):
        return Step.WAIT
    return Step.SEND if look.whole else Step.PLAN


def stalled(campaign: Campaign, look: Look, now_ms: int) -> bool:
    """Say whether it did not move for longer than is waited by now."""
    patience_ms = STALLED_MS << min(wakes(campaign, look), MAX_DOUBLINGS)
    return now_ms - max(_moved_ms(campaign, look), campaign.woken_ms or 0) > patience_ms


def wakes(campaign: Campaign, look: Look) -> int:
    """Return how often in a row it was woken without moving."""
    return campaign.wakes if (campaign.woken_ms or 0) >= _moved_ms(campaign, look) else 0


def _moved_ms(campaign: Campaign, look: Look) -> int:
    return max(campaign.started_ms or 0, campaign.go_ms or 0, look.moved_ms or 0)
