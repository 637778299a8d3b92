# SPDX-License-Identifier: Apache-2.0
"""Campaigns that were stopped by what came back: paused with the reason, and released by somebody.

Guarantees that a campaign held by a breaker becomes a paused one that says why, once, however often
it is looked at; and that it goes on only by the word of somebody who was told. The sender obeys a
stop before the row says it: `services.approach` reads both.
"""

from collections.abc import Collection
from dataclasses import replace

from chalicelib.domain.breakers import Level, Note, Stops
from chalicelib.domain.campaigns import Act, Campaign, CampaignStatus, next_status
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.stops import BREAKERS, Stop
from chalicelib.ports.breakers import About, BreakerRows
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.system import Clock
from chalicelib.services.breakers import Breakers


class CampaignStops:
    """Pauses and releases."""

    def __init__(
        self, *, rows: BreakerRows, breakers: Breakers, campaigns: Campaigns, clock: Clock
    ) -> None:
        self._rows = rows
        self._breakers = breakers
        self._campaigns = campaigns
        self._clock = clock

    def standing(self) -> Stops:
        """Return what is held now.

        Raises:
            DependencyError: look again.
        """
        return self._rows.stops()

    def of(self, campaign_id: CampaignId) -> Note | None:
        """Return the stop or warning that stands about a campaign.

        Raises:
            DependencyError: look again.
        """
        return self._rows.note(About.CAMPAIGN, campaign_id, self._clock.now_ms())

    def obeyed(self, campaign: Campaign, stops: Stops) -> Campaign:
        """Return a campaign as it is now: paused, and saying why, if it is held.

        One that is being sent is judged anew: whoever counted may have been lost before that.

        Raises:
            Conflict: somebody changed it meanwhile; look again.
            DependencyError: look again.
        """
        is_sending = campaign.status is CampaignStatus.SENDING and campaign.go_ms is not None
        held = campaign.id in stops.campaigns
        if not held and is_sending:
            self._breakers.look(campaign.id)
        elif not held:
            return campaign
        note = self.of(campaign.id)
        if note is None or note.level is not Level.STOP:
            return campaign
        if campaign.status is CampaignStatus.SENDING:
            paused = next_status(campaign.status, Act.PAUSE)
            return self._say(replace(campaign, status=paused), note)
        if campaign.status is CampaignStatus.PAUSED and campaign.problem not in BREAKERS:
            return self._say(campaign, note)
        return campaign

    def _say(self, campaign: Campaign, note: Note) -> Campaign:
        stopped = replace(campaign, problem=str(note.why), stop=stop_of(note))
        return self._campaigns.replace(stopped)

    def settle(self, stops: Stops, unfinished: Collection[CampaignId]) -> None:
        """Hold no campaign that is over; why it was held stays.

        Raises:
            DependencyError: the first that failed; come again.
        """
        for campaign_id in sorted(stops.campaigns - set(unfinished)):
            found = self._campaigns.get(campaign_id)
            if found is None or not found.unfinished:
                self._rows.settle(campaign_id)

    def release(self, campaign_id: CampaignId) -> None:
        """Hold a campaign no more, and judge it by what comes from now on.

        Before its row says that it goes on: else its messages would be dropped.

        Raises:
            DependencyError: it is held or not; come again.
        """
        self._rows.release(About.CAMPAIGN, campaign_id)


def stop_of(note: Note) -> Stop:
    """Return a note in the shape a campaign keeps it in."""
    return Stop(
        why=note.why,
        at_ms=note.at_ms,
        delivered=note.counts.delivered,
        bounced=note.counts.hard,
        complained=note.counts.complained,
    )
