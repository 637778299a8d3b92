# SPDX-License-Identifier: Apache-2.0
"""What an SES event does to an address: one rule for every (health, event), each explained.

Guarantees a defined answer for every pair, that only a final refusal or a complaint suppresses,
that what was wrong with a message is never held against the person, and that nothing older than
the person's latest confirmation counts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.health import EventKind, Health, HealthStatus, observe, status
from chalicelib.domain.ses_events import BounceType, ComplaintFeedback, SesEvent, SesType
from chalicelib.domain.state import ConsentStatus, Grade, Scope, SubjectState
from chalicelib.domain.suppressions import holds


class Action(StrEnum):
    """What must be recorded in the ledger because of an event."""

    SUPPRESS_BOUNCE = "suppress-bounce"
    SUPPRESS_COMPLAINT = "suppress-complaint"
    OBJECT = "object"


CONTENT_SUBTYPES = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})
"""Bounce subtypes about the message, not the mailbox (AWS SES Developer Guide, bounce types)."""
_CONTENT_STATUS = re.compile(r"[45]\.(2\.3|3\.4|6\.\d{1,3})")
"""Message too long for the mailbox or the system, or of an unwanted kind (RFC 3463 section 3)."""
_FULL_STATUS = re.compile(r"[45]\.2\.2")
_EXPIRED_STATUS = "4.4.7"
_NO_ROUTE_STATUS = "5.4.4"
"""SES has reported domains that do not exist as Transient with this permanent code."""
ON_ACCOUNT_LIST = "OnAccountSuppressionList"
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

    Source: AWS SES Developer Guide, "Bounce types" and "Complaint types"; RFC 3463.
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
    return _TYPE_KINDS.get(event.type, EventKind.NEUTRAL)


def _bounce_kind(event: SesEvent) -> EventKind:
    code = (event.status or "").strip()
    if event.bounce_subtype in CONTENT_SUBTYPES or _CONTENT_STATUS.fullmatch(code):
        return EventKind.CONTENT
    if event.bounce_type is BounceType.PERMANENT or code == _NO_ROUTE_STATUS:
        return EventKind.PERMANENT
    if event.bounce_subtype == "MailboxFull" or _FULL_STATUS.fullmatch(code):
        return EventKind.FULL
    return EventKind.EXPIRED if code == _EXPIRED_STATUS else EventKind.SOFT


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
    such as "out of the office" (AWS SES Developer Guide, bounce types).
    """
    if classify(event) is EventKind.PRAISED:
        return 0
    if event.bounce_type is BounceType.TRANSIENT and event.bounce_subtype == "General":
        return _AUTOMATIC_REPLY_RANK
    return RANKS.get(event.type, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one event does to an address of one health, and the sentence that explains it."""

    actions: frozenset[Action]
    sentence: str


_NOTHING: frozenset[Action] = frozenset()
_COUNTED = "It is counted; enough failing days without a delivery let the address rest."
_SUPPRESSED_ALREADY = "The address is suppressed already and stays so."

_EVERY: Mapping[EventKind, Rule] = MappingProxyType(
    {
        EventKind.SENT: Rule(
            actions=_NOTHING, sentence="SES took the message; nothing else is known."
        ),
        EventKind.DELIVERED: Rule(
            actions=_NOTHING,
            sentence="The message was delivered: passing failures before it no longer count.",
        ),
        EventKind.DELAYED: Rule(
            actions=_NOTHING, sentence="SES is still trying to deliver; nothing is decided."
        ),
        EventKind.SOFT: Rule(
            actions=_NOTHING, sentence=f"Delivery failed for a passing reason. {_COUNTED}"
        ),
        EventKind.FULL: Rule(actions=_NOTHING, sentence=f"The mailbox is full. {_COUNTED}"),
        EventKind.EXPIRED: Rule(
            actions=_NOTHING,
            sentence=f"The receiving server could not be reached in time. {_COUNTED}",
        ),
        EventKind.CONTENT: Rule(
            actions=_NOTHING,
            sentence="The message itself was refused; that is never held against the person.",
        ),
        EventKind.PERMANENT: Rule(
            actions=frozenset({Action.SUPPRESS_BOUNCE}),
            sentence="The address was refused for good, so it is suppressed until the person "
            "confirms it anew.",
        ),
        EventKind.COMPLAINT: Rule(
            actions=frozenset({Action.SUPPRESS_COMPLAINT, Action.OBJECT}),
            sentence="The person reported the mail as unwanted: the address is suppressed and an "
            "objection is recorded.",
        ),
        EventKind.LISTED: Rule(
            actions=frozenset({Action.SUPPRESS_COMPLAINT, Action.OBJECT}),
            sentence="SES holds an earlier complaint of this address and sent nothing, so it is "
            "suppressed here too and an objection is recorded.",
        ),
        EventKind.PRAISED: Rule(
            actions=_NOTHING, sentence="The report says the mail is not spam; nothing changes."
        ),
        EventKind.NEUTRAL: Rule(
            actions=_NOTHING, sentence="The event says nothing of how mail reaches the address."
        ),
    }
)
"""The rule of each event where the address's health makes no difference."""

_SENTENCES: Mapping[tuple[HealthStatus, EventKind], str] = MappingProxyType(
    {
        (HealthStatus.RESTING, EventKind.SOFT): "Delivery failed again; the rest starts anew.",
        (HealthStatus.RESTING, EventKind.FULL): "The mailbox is still full; the rest starts anew.",
        (HealthStatus.RESTING, EventKind.EXPIRED): "The receiving server is still out of reach; "
        "the rest starts anew.",
        (HealthStatus.RESTING, EventKind.DELIVERED): "The message was delivered: the rest is over.",
        (HealthStatus.BOUNCED, EventKind.DELIVERED): "A message was delivered although the address "
        "was refused for good before; only a new confirmation lifts the suppression.",
        (HealthStatus.COMPLAINED, EventKind.DELIVERED): "A message was delivered although the "
        "person complained; only a new confirmation lifts the suppression.",
        (HealthStatus.BOUNCED, EventKind.PERMANENT): "The address was refused for good again; it "
        "stays suppressed.",
        (HealthStatus.COMPLAINED, EventKind.COMPLAINT): "The person reported unwanted mail again; "
        "suppression and objection stay.",
        (HealthStatus.COMPLAINED, EventKind.PRAISED): "The report says the mail is not spam; only "
        "a new confirmation lifts the suppression.",
        **{
            (health, kind): f"Delivery failed for a passing reason. {_SUPPRESSED_ALREADY}"
            for health in (HealthStatus.BOUNCED, HealthStatus.COMPLAINED)
            for kind in (EventKind.SOFT, EventKind.FULL, EventKind.EXPIRED)
        },
    }
)

TABLE: Mapping[tuple[HealthStatus, EventKind], Rule] = MappingProxyType(
    {
        (health, kind): Rule(
            actions=_EVERY[kind].actions,
            sentence=_SENTENCES.get((health, kind), _EVERY[kind].sentence),
        )
        for health in HealthStatus
        for kind in EventKind
    }
)
"""Total over health and event; a test enumerates it. An action already recorded is not repeated."""

OVERTAKEN = Rule(
    actions=_NOTHING,
    sentence="This happened before the person last confirmed, so it no longer counts.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What one event did: the record after it, where the address stands, and why."""

    health: Health
    before: HealthStatus
    after: HealthStatus
    rule: Rule


def react(
    health: Health, kind: EventKind, at_ms: int, now_ms: int, renewed_ms: int | None
) -> Reaction:
    """Return what an event of ``kind`` at ``at_ms`` does to an address.

    Args:
        renewed_ms: when the person last confirmed by their own act (`renewed_ms`), or None.
    """
    before = status(health, now_ms, renewed_ms)
    changed = observe(health, kind, at_ms)
    overtaken = renewed_ms is not None and at_ms < renewed_ms and bool(_EVERY[kind].actions)
    return Reaction(
        health=changed,
        before=before,
        after=status(changed, now_ms, renewed_ms),
        rule=OVERTAKEN if overtaken else TABLE[before, kind],
    )


def renewed_ms(state: SubjectState, scope: Scope | None = None) -> int | None:
    """Return when the person last gave a consent that still stands, by their own proven act.

    Args:
        scope: only consents of this brand and channel; None for all.
    """
    times = [
        consent.since_ms
        for key, consent in state.consents.items()
        if consent.status is ConsentStatus.GIVEN
        and consent.grade in (Grade.A, Grade.B)
        and (scope is None or (key.brand, key.channel) == scope)
    ]
    return max(times, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What the ledger still lacks because of an event.

    Attributes:
        reason: suppress the address for this; None: nothing to suppress.
        objections: brands and channels an objection must be recorded for.
    """

    reason: SuppressionReason | None
    objections: tuple[Scope, ...]


def owed(state: SubjectState, kind: EventKind, at_ms: int, scopes: Iterable[Scope]) -> Owed:
    """Return what an event of ``kind`` at ``at_ms`` still has to change in a subject's chain.

    Args:
        scopes: what an objection would be against.
    """
    actions = _EVERY[kind].actions
    reason = None
    if Action.SUPPRESS_BOUNCE in actions:
        reason = SuppressionReason.BOUNCE
    elif Action.SUPPRESS_COMPLAINT in actions:
        reason = SuppressionReason.COMPLAINT
    if reason is not None and (_overtaken(state, at_ms, None) or holds(state, reason)):
        reason = None
    objections = tuple(
        scope
        for scope in sorted(set(scopes))
        if Action.OBJECT in actions
        and scope not in state.objections
        and not _overtaken(state, at_ms, scope)
    )
    return Owed(reason=reason, objections=objections)


def _overtaken(state: SubjectState, at_ms: int, scope: Scope | None) -> bool:
    latest = renewed_ms(state, scope)
    return latest is not None and at_ms < latest


def scopes_of(state: SubjectState, channel: str) -> tuple[Scope, ...]:
    """Return every brand the subject has to do with over ``channel``."""
    named = {Scope(key.brand, key.channel) for key in state.consents} | set(state.soft_opt_ins)
    return tuple(sorted(scope for scope in named if scope.channel == channel))


def scopes_before_request(state: SubjectState, asked: Scope | None) -> tuple[Scope, ...]:
    """Return the brands a complaint older than the latest request must be an objection to.

    Not one the person has only asked to join, nor the one of the latest request itself: the
    objection would end what they asked for after complaining.

    Args:
        asked: scope of the latest request, None when there was none.
    """
    held = {
        Scope(key.brand, key.channel)
        for key, consent in state.consents.items()
        if consent.status is not ConsentStatus.REQUESTED
    }
    return tuple(sorted((held | set(state.soft_opt_ins)) - {asked}))


def stranger_reason(kind: EventKind) -> SuppressionReason | None:
    """Return what an address without a subject is suppressed for after an event of ``kind``."""
    return owed(SubjectState(), kind, 0, ()).reason
