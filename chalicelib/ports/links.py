# SPDX-License-Identifier: Apache-2.0
"""Where links of mails lead, and who followed them.

Guarantees every implementation gives, and the contract suite checks: targets once stored never
change; a person's rows stand where an erasure sweeps them, and disappear some time after
`domain.measurement.HIT_DAYS`; a counter holds a number and nothing of who was counted.
Errors besides those named: `Throttled`, `Unavailable`.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.measurement import Counted, Hit, Spot, Targets


class CampaignLinks(Protocol):
    """The targets of campaigns, kept for good: mails stay in mailboxes."""

    def put(self, campaign: CampaignId, targets: Targets) -> None:
        """Store the targets before the first mail goes; the same again is harmless.

        Raises:
            Conflict: the campaign has other ones.
        """
        ...

    def get(self, campaign: CampaignId) -> Targets | None:
        """Return a campaign's targets, or None."""
        ...


class Hits(Protocol):
    """Clicks and opens: of people who consent, with their id; of all others, as a sum."""

    def record(self, sid: SubjectId, spot: Spot, now_ms: int) -> bool:
        """Remember one more of a person; True the first time.

        A call whose first answer was lost may count once more, and is no first time then.
        """
        ...

    def count(self, campaign: CampaignId, link: int | None, *, personal: bool) -> None:
        """Add one to a link of the campaign, or with None to its opens.

        A call whose first answer was lost may count twice.
        """
        ...

    def of(
        self,
        sid: SubjectId,
        campaign: CampaignId | None = None,
        delivery: DeliveryId | None = None,
    ) -> tuple[Hit, ...]:
        """Return what is remembered of a person, by campaign, delivery and link, read strongly.

        Args:
            campaign: only of this one.
            delivery: only of this mail of ``campaign``; means nothing without it.
        """
        ...

    def forget(self, sid: SubjectId, spots: Iterable[Spot]) -> None:
        """Remember no more of a person at these places; what was counted stays counted."""
        ...

    def counts(self, campaign: CampaignId) -> Mapping[int | None, Counted]:
        """Return what was counted by link, None for opens; without those nobody followed."""
        ...
