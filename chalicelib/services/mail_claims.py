# SPDX-License-Identifier: Apache-2.0
"""How often one mailbox gets a link that somebody asked for: every 15 minutes, three in 24 hours.

Guarantees that a mail that was not sent costs nothing: whoever fails before the send gives back
all that was claimed for it, a claim whose answer was lost among it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.domain.catalog import Brand
from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.errors import DependencyError, Throttled
from chalicelib.ports.outside import Activity
from chalicelib.ports.sending import Message, Outcome
from chalicelib.services.service_mail import ServiceSender

PAUSE_MS = 15 * MINUTE_MS
MAILS_PER_DAY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A mail to be, and the claims it may be sent under."""

    brand: Brand
    message: Message
    claims: tuple[str, ...]
    holder: str


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


@contextmanager
def unspent(activity: Activity, claims: tuple[str, ...], holder: str) -> Iterator[None]:
    """Give back what a block claims when a service fails in it, before anything is sent.

    Else the next try would find the mail sent.
    """
    try:
        yield
    except DependencyError:
        _give_back(activity, claims, holder)
        raise


def send(sender: ServiceSender, activity: Activity, mail: Claimed) -> Outcome:
    """Send a mail that holds its claims; return what became of it, never `Outcome.RETRY`.

    Raises:
        Throttled: the mail service asked to wait; what was claimed is given back.
    """
    sent = sender.send_one(mail.brand.sender, mail.message)
    if sent.outcome is Outcome.RETRY:
        _give_back(activity, mail.claims, mail.holder)
        raise Throttled("The mail service asked to wait; the request is kept.")
    return sent.outcome


def _give_back(activity: Activity, claims: tuple[str, ...], holder: str) -> None:
    for claim in claims:
        activity.unclaim(claim, holder)
