# SPDX-License-Identifier: Apache-2.0
"""Leaving: what stopping the mail of one list amounts to, and why people say they leave.

Guarantees that a narrowed unsubscribe never leaves a soft opt-in standing.
"""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.consent import ENDABLE, acts_of_withdrawal
from chalicelib.domain.ids import ListId
from chalicelib.domain.state import Membership, Scope, SubjectState
from chalicelib.vocabulary import EventType


class LeavingReason(StrEnum):
    """What the page after an unsubscribe offers to say: a closed list, kept with no person."""

    TOO_MANY = "too-many"
    NOT_RELEVANT = "not-relevant"
    NEVER_SIGNED_UP = "never-signed-up"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One entry of a withdrawal: what it is, and the list it names (none: all of the brand)."""

    act: EventType
    lists: tuple[ListId, ...] = ()


def acts_of_leaving(state: SubjectState, scope: Scope, list_id: ListId) -> tuple[Stop, ...]:
    """Return what stopping the mail of one list amounts to; empty when it is stopped already.

    Where a soft opt-in is live, everything stops: the right to object to direct marketing is
    absolute and no operator can narrow it (GDPR Art. 21(3)). Else the list is named whole, whatever
    of it is known: a later import or sale may come with a purpose that nobody ended.
    """
    if scope in state.soft_opt_ins:
        return tuple(Stop(act=act) for act in acts_of_withdrawal(state, scope))
    is_live = any(
        (key.brand, key.channel, key.list) == (*scope, list_id) and consent.status in ENDABLE
        for key, consent in state.consents.items()
    )
    left = Membership(*scope, list_id) in state.list_stops
    if not is_live and (left or scope in state.stops or scope in state.objections):
        return ()
    return (Stop(act=EventType.CONSENT_WITHDRAWN, lists=(list_id,)),)
