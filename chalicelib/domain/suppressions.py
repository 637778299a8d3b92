# SPDX-License-Identifier: Apache-2.0
"""Which suppression of an address outweighs which, and what a subject's state still lacks.

An address holds one row for each reach (every brand, a brand, one of its lists); there a reason
that only the operator or the law can lift is never replaced by one that a confirmation lifts. A
lighter reason that reaches further stands beside a heavier one that does not.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.reach import EVERYWHERE, Reach, Reached, reach_of
from chalicelib.domain.state import NO_MEMBERSHIP, ConsentStatus, Scope, SubjectState

_WEIGHT: Mapping[str, int] = MappingProxyType(
    {
        SuppressionReason.BOUNCE: 1,
        SuppressionReason.COMPLAINT: 2,
        SuppressionReason.ERASED: 3,
        SuppressionReason.UNSUBSCRIBED: 4,
        SuppressionReason.MANUAL: 5,
    }
)

OPERATOR_REASONS = frozenset(SuppressionReason) - {SuppressionReason.ERASED}
"""What an operator may give as a reason; ``erased`` is for erasures alone."""

LISTS_LEFT = 10
"""Lists that one address is suppressed for when it is left: each is an entry of the transaction."""


def outweighs(reason: str, held: Iterable[str]) -> bool:
    """Say whether ``reason`` must replace what a row holds: it is heavier than all of them.

    Example:
        >>> outweighs("complaint", ["bounce"]), outweighs("bounce", ["manual"])
        (True, False)
    """
    return all(_WEIGHT[reason] > _WEIGHT[other] for other in held)


def holds(state: SubjectState, reason: str, reach: Reached = EVERYWHERE) -> bool:
    """Say whether the state has this very suppression."""
    wanted = reach_of(reach)
    return any(x.reason == reason and x.reach == wanted for x in state.suppressions)


def kept_after_erasure(
    held: Iterable[tuple[Reach, str]], *, suppress: bool
) -> tuple[tuple[Reach, SuppressionReason], ...]:
    """Return what an erased person's address stays suppressed for, the widest reach first.

    Nothing without ``suppress``. Else ``erased`` for every brand, and what only the operator lifts
    as it was (docs/spec/erasure.md §3).

    Example:
        >>> [reason.value for _, reason in kept_after_erasure([(Reach(), "bounce")], suppress=True)]
        ['erased']
    """
    if not suppress:
        return ()
    lasting = {
        reach: SuppressionReason(reason)
        for reach, reason in held
        if outweighs(reason, [SuppressionReason.ERASED])
    }
    return _ordered({EVERYWHERE: SuppressionReason.ERASED, **lasting})


def kept_after_leaving(
    state: SubjectState, held: Iterable[tuple[Reach, str]]
) -> tuple[tuple[Reach, SuppressionReason], ...]:
    """Return what an address stays suppressed for once its person has left it for another.

    All that it was; and ``complaint``, which its mailbox's own double opt-in lifts, for each brand
    the person has said no to and each list they are off: nobody else's list brings its mail to it
    again. Of more than `LISTS_LEFT` such lists their brands are kept, which reaches further.

    Example:
        >>> dict(kept_after_leaving(SubjectState(), [(Reach(), "manual")]))[Reach()].value
        'manual'
    """
    kept = {reach: SuppressionReason(reason) for reach, reason in held}
    scopes = (*state.objections, *(x for x in state.stops if not _is_given(state, x)))
    kept |= _complained(kept, [Reach(*scope) for scope in scopes])
    lists = _complained(kept, _ended_lists(state))
    if len(lists) > LISTS_LEFT:
        lists = _complained(kept, [Reach(x.brand, x.channel) for x in lists])
    return _ordered({**kept, **lists})


def _complained(
    kept: Mapping[Reach, SuppressionReason], reaches: Iterable[Reach]
) -> dict[Reach, SuppressionReason]:
    """``complaint`` for those that nothing as heavy reaches."""
    found = {}
    for own in reaches:
        wider = {Reach(channel=own.channel), Reach(own.brand, own.channel), own}
        known = [kept[reach] for reach in wider if reach in kept]
        if outweighs(SuppressionReason.COMPLAINT, known):
            found[own] = SuppressionReason.COMPLAINT
    return found


def _ended_lists(state: SubjectState) -> set[Reach]:
    """Lists of which mail was ended that is not given since."""
    mail = {key: held for key, held in state.consents.items() if key.purpose not in NO_MEMBERSHIP}
    given = {Reach(*key[:3]) for key, held in mail.items() if held.status is ConsentStatus.GIVEN}
    ended = {
        Reach(*key[:3])
        for key, held in mail.items()
        if held.status is not ConsentStatus.GIVEN and held.stopped is not None
    }
    return ended | ({Reach(*key) for key in state.list_stops} - given)


def _ordered(
    kept: Mapping[Reach, SuppressionReason],
) -> tuple[tuple[Reach, SuppressionReason], ...]:
    return tuple(sorted(kept.items(), key=lambda each: each[0].order))


def _is_given(state: SubjectState, scope: Scope) -> bool:
    return any(
        Scope(key.brand, key.channel) == scope and consent.status is ConsentStatus.GIVEN
        for key, consent in state.consents.items()
    )
