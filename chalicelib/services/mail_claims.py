# SPDX-License-Identifier: Apache-2.0
"""How often one mailbox gets a link that somebody asked for: every 15 minutes, three in 24 hours.

Guarantees that a mail that was not sent costs nothing: whoever fails before the send gives back
all that was claimed for it, a claim whose answer was lost among it.
"""

from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.ports.outside import Activity

PAUSE_MS = 15 * MINUTE_MS
MAILS_PER_DAY = 3


def claims_of(name: str) -> tuple[str, ...]:
    """Return what a mail claims: the quarter of an hour first, then one of the day's three."""
    return name, *(f"{name}#{number}" for number in range(MAILS_PER_DAY))


def take(activity: Activity, claims: tuple[str, ...], holder: str, now_ms: int) -> bool:
    """Claim the next quarter of an hour and one of the day's three; say whether both are.

    Raises:
        DependencyError: perhaps something is claimed; give it back.
    """
    quarter, *slots = claims
    return activity.claim(quarter, holder, now_ms, PAUSE_MS) and any(
        activity.claim(slot, holder, now_ms, DAY_MS) for slot in slots
    )


def give_back(activity: Activity, claims: tuple[str, ...], holder: str) -> None:
    """Give back whatever ``holder`` holds of ``claims``."""
    for claim in claims:
        activity.unclaim(claim, holder)
