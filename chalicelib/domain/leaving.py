# SPDX-License-Identifier: Apache-2.0
"""Leaving: what stopping the mail of one list amounts to, and why people say they leave.

Guarantees that a narrowed unsubscribe never leaves a soft opt-in standing.
"""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.consent import ENDABLE, acts_of_withdrawal
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.state import ConsentKey, Scope, SubjectState
from chalicelib.vocabulary import EventType


class LeavingReason(StrEnum):
    """What the page after an unsubscribe offers to say: a closed list, kept with no person."""

    TOO_MANY = "too-many"
    NOT_RELEVANT = "not-relevant"
    NEVER_SIGNED_UP = "never-signed-up"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One entry of a withdrawal: what it is, and what it names (nothing: all of the brand)."""

    act: EventType
    lists: tuple[ListId, ...] = ()
    purposes: tuple[PurposeId, ...] = ()


def acts_of_leaving(
    state: SubjectState, scope: Scope, list_id: ListId, purpose: PurposeId
) -> tuple[Stop, ...]:
    """Return what stopping the mail of one list amounts to; empty when it is stopped already.

    Where a soft opt-in is live, everything stops: the right to object to direct marketing is
    absolute and no operator can narrow it (GDPR Art. 21(3)). ``purpose``, that of the mail, is
    named where no consent of the list is known, for an import to come upon.
    """
    if scope in state.soft_opt_ins:
        return tuple(Stop(act=act) for act in acts_of_withdrawal(state, scope))
    of_list = {
        key: consent
        for key, consent in state.consents.items()
        if (key.brand, key.channel, key.list) == (*scope, list_id)
    }
    if any(consent.status in ENDABLE for consent in of_list.values()):
        return (Stop(act=EventType.CONSENT_WITHDRAWN, lists=(list_id,)),)
    known = ConsentKey(*scope, list_id, purpose) in of_list
    if known or scope in state.stops or scope in state.objections:
        return ()
    return (Stop(act=EventType.CONSENT_WITHDRAWN, lists=(list_id,), purposes=(purpose,)),)
