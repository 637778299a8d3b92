# SPDX-License-Identifier: Apache-2.0
"""How fast campaigns go, for whoever watches one.

Guarantees that watching writes nothing: a process remembers what it saw in the last minute of a few
campaigns, and one that saw nothing yet tells the average.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.tempo import Look, Tempo, of_now, tempo
from chalicelib.ports.system import Clock

if TYPE_CHECKING:
    from chalicelib.services.campaign_sight import Seen

WATCHED = 20
"""Campaigns that a process remembers looks of."""


class CampaignTempo:
    """Tells how fast a campaign goes."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._looks: dict[CampaignId, tuple[Look, ...]] = {}

    def of(self, seen: "Seen") -> Tempo | None:
        """Return the tempo of a campaign read just now; None when it is not being sent."""
        campaign_id = seen.campaign.id
        earlier = self._looks.pop(campaign_id, ())
        if seen.status is not CampaignStatus.SENDING:
            return None
        now_ms = self._clock.now_ms()
        counted = of_now(earlier, now_ms)
        self._looks[campaign_id] = (*counted, Look.of(seen.progress, now_ms))
        while len(self._looks) > WATCHED:
            del self._looks[next(iter(self._looks))]
        return tempo(seen.progress, counted, now_ms)
