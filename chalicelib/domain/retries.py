# SPDX-License-Identifier: Apache-2.0
"""The campaign that sends again to whom another did not reach: its id, and who is in it.

Guarantees that it has one id, so that it is made once however often it is asked for; and that
nobody is in it who has, or may have, the first mail, or whom it was decided to leave out. Refuses a
campaign that is not over.
"""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import RANDOM_ID_BYTES, CampaignId, EventId, decode_id, encode_id
from chalicelib.domain.outcomes import REASON_OF, OutcomeCode
from chalicelib.errors import IllegalTransition


class WhyNot(StrEnum):
    """Why somebody is not sent to again."""

    NOT_OVER = "not-over"
    """What becomes of them is not settled."""
    HAS_IT = "has-it"
    """SES took their mail."""
    MAY_HAVE_IT = "may-have-it"
    """SES's answer is lost; it may have taken their mail."""
    NOT_ASKED_FOR = "not-asked-for"
    """SES surely does not have it; they are sent to again only where that was asked for."""
    NOT_NOTED = "not-noted"
    """Settled by version 1, which noted of nobody what became of them: they may have it."""
    LEFT_OUT = "left-out"
    """It was decided that they get none: by them, by law, because mail to them fails, or by who
    stopped the campaign."""


_FAILED: Final = frozenset(
    {
        OutcomeCode.REJECTED,
        OutcomeCode.FAILED,
        OutcomeCode.RENDERING,
        OutcomeCode.UNREADABLE,
        OutcomeCode.NO_PROFILE,
        OutcomeCode.DOMAIN_STOPPED,
    }
)
"""What may go better another time. Nobody of these has the mail."""
_WHY_NOT: Final[Mapping[OutcomeCode, WhyNot]] = {
    OutcomeCode.OPEN: WhyNot.NOT_OVER,
    OutcomeCode.DISPATCHED: WhyNot.NOT_OVER,
    OutcomeCode.SENT: WhyNot.HAS_IT,
    OutcomeCode.RESOLVED_SENT: WhyNot.HAS_IT,
    OutcomeCode.UNKNOWN: WhyNot.MAY_HAVE_IT,
    OutcomeCode.UNSENT: WhyNot.NOT_ASKED_FOR,
    OutcomeCode.EARLIER: WhyNot.NOT_NOTED,
    **{code: WhyNot.LEFT_OUT for code in REASON_OF if code not in _FAILED},
}


def why_not(code: OutcomeCode, *, unsent: bool) -> WhyNot | None:
    """Return why somebody with this outcome is not sent to again, or None: they are.

    Args:
        unsent: whether those called `UNSENT` are sent to again. An event of SES that comes even
            later may tell that they have the first mail after all.
    """
    if code in _FAILED or (unsent and code is OutcomeCode.UNSENT):
        return None
    return _WHY_NOT[code]


_AGAIN: Final[Mapping[bool, frozenset[int]]] = {
    unsent: frozenset(code for code in OutcomeCode if why_not(code, unsent=unsent) is None)
    for unsent in (False, True)
}


def places_again(codes: bytes | None, *, unsent: bool) -> tuple[int, ...]:
    """Return the places of a chunk that are sent to again, in order.

    Args:
        codes: of its row; None in one of version 1, which says of nobody what became of them.
    """
    again = _AGAIN[unsent]
    return tuple(place for place, code in enumerate(codes or b"") if code in again)


def require_over(status: CampaignStatus, *, complete: bool) -> None:
    """Require that a campaign can be retried: it was sent, and nobody in it is waiting.

    Args:
        status: as everybody is told it.
        complete: everybody planned has an outcome; unknown is one.

    Raises:
        IllegalTransition: it is not over, or it was cancelled: who stopped it meant these, too.
    """
    if status is CampaignStatus.CANCELLED:
        raise IllegalTransition(
            "A campaign that was cancelled is not sent again. Nothing was changed. Write a new one."
        )
    if status is not CampaignStatus.SENT or not complete:
        raise IllegalTransition(
            "A campaign is retried once it is sent and everybody in it is accounted for. Nothing "
            "was changed."
        )


def retry_id(parent: CampaignId) -> CampaignId:
    """Return the id of the campaign that retries ``parent``, whether it exists or not.

    It is the first 16 bytes of SHA-256 over the parent's 16 bytes and ``retry``.

    Raises:
        InputError: ``parent`` is not an id.
    """
    return CampaignId(_derived(parent, b"retry"))


def start_event(child: CampaignId) -> EventId:
    """Return the id of the ledger entry of a retry's start, so that it is written once.

    It is the first 16 bytes of SHA-256 over the retry's 16 bytes and ``start``.

    Raises:
        InputError: ``child`` is not an id.
    """
    return EventId(_derived(child, b"start"))


def _derived(campaign: CampaignId, what: bytes) -> str:
    digest = sha256(decode_id(campaign) + what).digest()
    return encode_id(digest[:RANDOM_ID_BYTES])
