# SPDX-License-Identifier: Apache-2.0
"""What an SES event does to an address: one rule for every (health, event), each explained.

Guarantees a defined answer for every pair, that only a final refusal or a complaint suppresses,
that what was wrong with a message is never held against the person, that nothing older than the
person's latest confirmation counts, and that SES's memory of an old refusal or complaint is not
taken for a new one of somebody who has confirmed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from chalicelib.domain.consent import acts_of_withdrawal
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.health import EventKind, Health, HealthStatus, observe, status
from chalicelib.domain.state import ConsentStatus, Grade, Scope, SubjectState
from chalicelib.domain.suppressions import holds
from chalicelib.vocabulary import EventType


class Action(StrEnum):
    """What must be done because of an event; all but `ASK_LIST` is recorded in the ledger.

    Attributes:
        ASK_LIST: ask SES's own list since when it has the address: that date decides.
        WITHDRAW: record that the person withdrew.
    """

    SUPPRESS_BOUNCE = "suppress-bounce"
    SUPPRESS_COMPLAINT = "suppress-complaint"
    OBJECT = "object"
    ASK_LIST = "ask-list"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one event does to an address of one health, and the sentence that explains it.

    Attributes:
        code: name of the sentence, the same in every language and for ever.
    """

    code: str
    sentence: str
    actions: frozenset[Action] = frozenset()


_COUNTED = "It is counted; enough failing days without a delivery let the address rest."
_ONLY_ANEW = "only a new confirmation lifts the suppression."
_ALREADY = "The address is suppressed already and stays so."
_DATE_DECIDES = "the date on its list decides whether that still counts."
_SUPPRESS = frozenset({Action.SUPPRESS_BOUNCE})
_SUPPRESS_AND_OBJECT = frozenset({Action.SUPPRESS_COMPLAINT, Action.OBJECT})
_ASK = frozenset({Action.ASK_LIST})


def _rule(code: str, sentence: str, actions: frozenset[Action] = frozenset()) -> Rule:
    return Rule(code=code, sentence=sentence, actions=actions)


_EVERY: Mapping[EventKind, Rule] = MappingProxyType(
    {
        EventKind.SENT: _rule("sent", "SES took the message; nothing else is known."),
        EventKind.DELIVERED: _rule(
            "delivered", "The message was delivered: passing failures before it no longer count."
        ),
        EventKind.DELAYED: _rule("delayed", "SES is still trying to deliver; nothing is decided."),
        EventKind.AUTOMATIC: _rule(
            "automatic", "A machine of the receiver answered, so mail arrives; nothing is counted."
        ),
        EventKind.SOFT: _rule("soft", f"Delivery failed for a passing reason. {_COUNTED}"),
        EventKind.FULL: _rule("full", f"The mailbox is full. {_COUNTED}"),
        EventKind.EXPIRED: _rule(
            "expired", f"The receiving server could not be reached in time. {_COUNTED}"
        ),
        EventKind.CONTENT: _rule(
            "content", "The message itself was refused; that is never held against the person."
        ),
        EventKind.PERMANENT: _rule(
            "refused",
            "The address was refused for good, so it is suppressed until the person confirms it "
            "anew.",
            _SUPPRESS,
        ),
        EventKind.COMPLAINT: _rule(
            "complained",
            "The person reported the mail as unwanted: the address is suppressed and an objection "
            "is recorded.",
            _SUPPRESS_AND_OBJECT,
        ),
        EventKind.HELD: _rule(
            "held",
            f"SES keeps an earlier refusal of this address and sent nothing; {_DATE_DECIDES}",
            _ASK,
        ),
        EventKind.LISTED: _rule(
            "listed",
            f"SES keeps an earlier complaint of this address and sent nothing; {_DATE_DECIDES}",
            _ASK,
        ),
        EventKind.PRAISED: _rule(
            "praised", "The report says the mail is not spam; nothing changes."
        ),
        EventKind.LEFT: _rule(
            "left",
            "The person opted out by way of SES's own contact list, so the consent is withdrawn.",
            frozenset({Action.WITHDRAW}),
        ),
        EventKind.NEUTRAL: _rule(
            "neutral", "The event says nothing of how mail reaches the address."
        ),
    }
)
"""The rule of each event where the address's health makes no difference."""

_SENTENCES: Mapping[tuple[HealthStatus, EventKind], tuple[str, str]] = MappingProxyType(
    {
        (HealthStatus.RESTING, EventKind.SOFT): (
            "soft-rests-anew",
            "Delivery failed again; the rest starts anew.",
        ),
        (HealthStatus.RESTING, EventKind.FULL): (
            "full-rests-anew",
            "The mailbox is still full; the rest starts anew.",
        ),
        (HealthStatus.RESTING, EventKind.EXPIRED): (
            "expired-rests-anew",
            "The receiving server is still out of reach; the rest starts anew.",
        ),
        (HealthStatus.RESTING, EventKind.DELIVERED): (
            "delivered-rest-over",
            "The message was delivered: the rest is over.",
        ),
        (HealthStatus.BOUNCED, EventKind.DELIVERED): (
            "delivered-though-refused",
            f"A message was delivered although the address was refused for good; {_ONLY_ANEW}",
        ),
        (HealthStatus.COMPLAINED, EventKind.DELIVERED): (
            "delivered-though-complained",
            f"A message was delivered although the person complained; {_ONLY_ANEW}",
        ),
        (HealthStatus.BOUNCED, EventKind.PERMANENT): (
            "refused-again",
            "The address was refused for good again; it stays suppressed.",
        ),
        (HealthStatus.COMPLAINED, EventKind.COMPLAINT): (
            "complained-again",
            "The person reported unwanted mail again; suppression and objection stay.",
        ),
        (HealthStatus.COMPLAINED, EventKind.PRAISED): (
            "praised-after-complaint",
            f"The report says the mail is not spam; {_ONLY_ANEW}",
        ),
        **{
            (health, kind): (
                "failed-suppressed-already",
                f"Delivery failed for a passing reason. {_ALREADY}",
            )
            for health in (HealthStatus.BOUNCED, HealthStatus.COMPLAINED)
            for kind in (EventKind.SOFT, EventKind.FULL, EventKind.EXPIRED)
        },
    }
)


def _rule_of(health: HealthStatus, kind: EventKind) -> Rule:
    every = _EVERY[kind]
    code, sentence = _SENTENCES.get((health, kind), (every.code, every.sentence))
    return _rule(code, sentence, every.actions)


TABLE: Mapping[tuple[HealthStatus, EventKind], Rule] = MappingProxyType(
    {
        (health, kind): _rule_of(health, kind)  # An action already recorded is not repeated.
        for health in HealthStatus
        for kind in EventKind
    }
)
"""Total over health and event; a test enumerates it."""

OVERTAKEN = _rule(
    "overtaken", "This happened before the person last confirmed, so it no longer counts."
)
_RECALLED_AS: Mapping[EventKind, EventKind] = MappingProxyType(
    {EventKind.HELD: EventKind.PERMANENT, EventKind.LISTED: EventKind.COMPLAINT}
)


def counted_as(kind: EventKind, *, confirmed: bool) -> EventKind:
    """Return what an event counts as; `react` and `owed` are asked about that.

    What SES remembers counts as if it happened now, unless a confirmation may be younger than it.

    Args:
        confirmed: whether the person ever confirmed (`has_confirmed`); False for nobody's address.
    """
    return kind if confirmed else _RECALLED_AS.get(kind, kind)


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
    # The list may be asked at any time: its own date is compared with the confirmation's.
    acts = bool(_EVERY[kind].actions - _ASK)
    overtaken = renewed_ms is not None and at_ms < renewed_ms and acts
    return Reaction(
        health=changed,
        before=before,
        after=status(changed, now_ms, renewed_ms),
        rule=OVERTAKEN if overtaken else TABLE[before, kind],
    )


def has_confirmed(state: SubjectState) -> bool:
    """Say whether the person may ever have confirmed by their own proven act, withdrawn or not.

    What was ended and asked for anew no longer shows its grade: then the chain alone could tell,
    and SES's list is asked. A complaint does not change the answer of who confirmed, so that
    events in any order are read alike.
    """
    return any(
        x.grade in (Grade.A, Grade.B) or (x.grade is None and x.stopped is not None)
        for x in state.consents.values()
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
        and not _asked_since(state, at_ms, scope)
    )
    return Owed(reason=reason, objections=objections)


def withdrawals(
    state: SubjectState, at_ms: int, scopes: Iterable[Scope]
) -> tuple[tuple[EventType, Scope], ...]:
    """Return what must be recorded of somebody who left by way of SES's contact list at ``at_ms``.

    Where consent was the basis a withdrawal, where soft opt-in was an objection; nothing for a
    scope they confirmed or asked for later, or have left already.
    """
    return tuple(
        (act, scope)
        for scope in sorted(set(scopes))
        if not (_overtaken(state, at_ms, scope) or _asked_since(state, at_ms, scope))
        for act in acts_of_withdrawal(state, scope)
    )


def _overtaken(state: SubjectState, at_ms: int, scope: Scope | None) -> bool:
    latest = renewed_ms(state, scope)
    return latest is not None and at_ms < latest


def _asked_since(state: SubjectState, at_ms: int, scope: Scope) -> bool:
    """Whether all a scope has is what the person asked for later, and may confirm yet."""
    held = [x for key, x in state.consents.items() if Scope(key.brand, key.channel) == scope]
    if scope in state.soft_opt_ins or any(x.status is ConsentStatus.GIVEN for x in held):
        return False
    return any(x.status is ConsentStatus.REQUESTED and at_ms < x.since_ms for x in held)


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


@cache
def stranger_reason(kind: EventKind) -> SuppressionReason | None:
    """Return what an address without a subject is suppressed for after an event of ``kind``."""
    return owed(SubjectState(), counted_as(kind, confirmed=False), 0, ()).reason
