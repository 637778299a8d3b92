# SPDX-License-Identifier: Apache-2.0
"""What the page of a campaign tells of sending it again: to how many, and by which campaign.

Guarantees that nobody is counted who has, or may have, the mail, or was left out on purpose.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.outcomes import REASON_OF
from chalicelib.domain.retries import why_not

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.campaigns import Campaign, Progress
    from chalicelib.services.campaign_sight import Seen

_REASONS: Final = tuple(
    str(reason) for code, reason in REASON_OF.items() if why_not(code, unsent=False) is None
)
"""Who was skipped for one of these is sent to again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What is known of sending a campaign again.

    Attributes:
        of: the campaign that this one sends again; None: it is no retry.
        by: the campaign that sends this one again; None: there is none.
        failed: how many it failed for; 0 while it cannot be sent again.
        unsent: how many more, whom the mail service surely did not take; likewise.

    """

    of: "Campaign | None" = None
    by: "Campaign | None" = None
    failed: int = 0
    unsent: int = 0


def again_of(container: "Container", seen: "Seen") -> Again:
    """Return what is known of sending a campaign again."""
    former = seen.campaign.retry_of
    of = container.campaign_rows.get(former) if former else None
    if not seen.complete:
        return Again(of=of)
    child = container.campaign_retries.retried_by(seen)
    if child is not None:
        return Again(of=of, by=container.campaign_rows.get(child))
    if seen.status is not CampaignStatus.SENT:
        return Again(of=of)
    return Again(
        of=of, failed=_failed(seen.progress), unsent=seen.progress.skipped.get("unsent", 0)
    )


def _failed(progress: "Progress") -> int:
    skipped = sum(progress.skipped.get(reason, 0) for reason in _REASONS)
    return progress.rejected + progress.failed + skipped
