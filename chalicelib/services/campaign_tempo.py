# SPDX-License-Identifier: Apache-2.0
"""How fast campaigns go and what holds them up, for whoever watches one.

Guarantees that watching writes nothing, and that everybody is told the same: it is known from the
campaign's own rows and from what all workers share of the pace, not from who looked when.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.tempo import Tempo, held, tempo
from chalicelib.ports.sending import RateSlot
from chalicelib.ports.system import Clock

if TYPE_CHECKING:
    from chalicelib.services.campaign_sight import Seen


class CampaignTempo:
    """Tells how fast a campaign goes."""

    def __init__(self, *, rate: RateSlot, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock

    def of(self, seen: "Seen") -> Tempo | None:
        """Return the tempo of a campaign read just now; None when it is not being sent.

        Raises:
            DependencyError: what the workers share could not be read; try again.

        """
        if seen.status is not CampaignStatus.SENDING:
            return None
        now_ms, progress, terms = self._clock.now_ms(), seen.progress, self._rate.terms()
        told = tempo(progress, seen.commits, now_ms, terms.per_second(now_ms) or None)
        waiting = min(progress.open, seen.campaign.chunk_size)
        why = held(terms, waiting, now_ms) if waiting else None
        return told if why is None else replace(told, seconds_left=None, held=why)
