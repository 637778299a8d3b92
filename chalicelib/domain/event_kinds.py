# SPDX-License-Identifier: Apache-2.0
"""What an SES event means for the address it is about, and for the delivery it is about.

Guarantees a meaning for every event, also of a type, subtype or code that AWS adds later. A final
refusal of an unknown kind suppresses; a report that names several recipients is read for each of
them alone.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.domain.health import EventKind
from chalicelib.domain.ses_events import BounceType, ComplaintFeedback, SesEvent, SesType

CONTENT_SUBTYPES = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})
"""Bounce subtypes about the message, not the mailbox (AWS SES Developer Guide, bounce types)."""
ON_ACCOUNT_LIST = "OnAccountSuppressionList"
"""SES did not even send it: the address is on the account's own list, for an older reason."""
UNSUBSCRIBED = "UnsubscribedRecipient"
"""The person opted out by way of SES's own contact list, and SES sent nothing."""
GUESSED = "EmailValidationSuppressed"
"""SES's validation thinks the address is none; no server has refused it."""
MAILBOX_FULL = "MailboxFull"
OWN_TIMEOUT = "CustomTimeoutExceeded"
"""A deadline that the sender set passed first; that says nothing of the address."""
_GENERAL = "General"

_CONTENT_STATUS = re.compile(r"[45]\.(2\.3|3\.4|6\.\d{1,3})")
"""Message too long for the mailbox or the system, or of an unwanted kind (RFC 3463 section 3)."""
_FULL_STATUS = re.compile(r"[45]\.2\.2")
_EXPIRED_STATUS = "4.4.7"
_NO_ROUTE_STATUS = "5.4.4"
"""SES has reported domains that do not exist as Transient with this permanent code."""
_DELAYED_ACTION = "delayed"
_ARRIVED_ACTIONS = frozenset({"delivered", "relayed", "expanded"})
"""What a delivery report may say of a recipient that is no failure (RFC 3464 section 2.3.3)."""

LEFT_TAG = "l"
"""The message tag of a notice to an address that its person has just left for another: the id of
the event, which is random."""

_TYPE_KINDS: Mapping[SesType, EventKind] = MappingProxyType(
    {
        SesType.SEND: EventKind.SENT,
        SesType.DELIVERY: EventKind.DELIVERED,
        SesType.DELIVERY_DELAY: EventKind.DELAYED,
        SesType.REJECT: EventKind.CONTENT,
        SesType.RENDERING_FAILURE: EventKind.CONTENT,
    }
)


def classify(event: SesEvent) -> EventKind:
    """Return what the event means for the address; every event means something.

    Source: AWS SES Developer Guide, "Bounce types" and "Complaint types"; RFC 3463 and 3464.
    """
    if LEFT_TAG in event.tags and event.alone and event.type is not SesType.COMPLAINT:
        return EventKind.NEUTRAL  # Often left because it ends; mail goes to the new address.
    if event.type is SesType.BOUNCE:
        return _bounce_kind(event)
    if event.type is SesType.COMPLAINT:
        if event.complaint_feedback is ComplaintFeedback.NOT_SPAM:
            return EventKind.PRAISED
        # SES did not even send it: an old complaint it remembers, not a new act of the person.
        listed = event.complaint_subtype == ON_ACCOUNT_LIST
        return EventKind.LISTED if listed else EventKind.COMPLAINT
    if event.type is SesType.SUBSCRIPTION and event.left_all:
        return EventKind.LEFT
    return _TYPE_KINDS.get(event.type, EventKind.NEUTRAL)


def _bounce_kind(event: SesEvent) -> EventKind:
    """Each recipient's own action first: one report may name a refused and a delayed one."""
    code, subtype = (event.status or "").strip(), event.bounce_subtype
    if _action(event) == _DELAYED_ACTION:
        return EventKind.DELAYED
    if _action(event) in _ARRIVED_ACTIONS:
        return EventKind.NEUTRAL
    if subtype in CONTENT_SUBTYPES or _CONTENT_STATUS.fullmatch(code):
        return EventKind.CONTENT
    if subtype == UNSUBSCRIBED:
        return EventKind.LEFT
    if event.bounce_type is BounceType.PERMANENT:
        return _permanent_kind(subtype)
    if code == _NO_ROUTE_STATUS:
        return EventKind.PERMANENT
    if subtype == MAILBOX_FULL or _FULL_STATUS.fullmatch(code):
        return EventKind.FULL
    if code == _EXPIRED_STATUS:
        return EventKind.EXPIRED
    if subtype == OWN_TIMEOUT:
        return EventKind.NEUTRAL
    automatic = _is_transient_general(event) and not code and not event.action
    return EventKind.AUTOMATIC if automatic else EventKind.SOFT


def _permanent_kind(subtype: str | None) -> EventKind:
    if subtype == ON_ACCOUNT_LIST:
        return EventKind.HELD
    return EventKind.SOFT if subtype == GUESSED else EventKind.PERMANENT


def _action(event: SesEvent) -> str:
    return (event.action or "").strip().lower()


def _is_transient_general(event: SesEvent) -> bool:
    return event.bounce_type is BounceType.TRANSIENT and event.bounce_subtype == _GENERAL


RANKS: Mapping[SesType, int] = MappingProxyType(
    {
        SesType.COMPLAINT: 70,
        SesType.BOUNCE: 60,
        SesType.REJECT: 50,
        SesType.RENDERING_FAILURE: 45,
        SesType.DELIVERY: 40,
        SesType.DELIVERY_DELAY: 20,
        SesType.SEND: 10,
    }
)
"""How much an event of each type says of its delivery's end; others say nothing."""
_AUTOMATIC_REPLY_RANK = 30


def rank(event: SesEvent) -> int:
    """Return how much the event says of the delivery's end: the higher stays, 0 says nothing.

    A ``Transient``/``General`` bounce ranks below a delivery: after one it is an automatic reply,
    such as "out of the office" (AWS SES Developer Guide, bounce types). A bounce that says of this
    recipient that delivery is delayed, or has succeeded, is no end at all.
    """
    if event.type is SesType.BOUNCE:
        if _action(event) == _DELAYED_ACTION:
            return RANKS[SesType.DELIVERY_DELAY]
        if _action(event) in _ARRIVED_ACTIONS:
            return 0
        if _is_transient_general(event):
            return _AUTOMATIC_REPLY_RANK
    praised = event.complaint_feedback is ComplaintFeedback.NOT_SPAM
    if event.type is SesType.COMPLAINT and praised:
        return 0
    return RANKS.get(event.type, 0)
