# SPDX-License-Identifier: Apache-2.0
"""Which suppression of an address outweighs which, and what a subject's state still lacks.

An address holds one row per brand (or for all brands); a reason that only the operator or the law
can lift is never replaced by one that a confirmation lifts.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import BrandId
from chalicelib.domain.state import ConsentStatus, Scope, SubjectState

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


def outweighs(reason: str, held: Iterable[str]) -> bool:
    """Say whether ``reason`` must replace what a row holds: it is heavier than all of them.

    Example:
        >>> outweighs("complaint", ["bounce"]), outweighs("bounce", ["manual"])
        (True, False)
    """
    return all(_WEIGHT[reason] > _WEIGHT[other] for other in held)


def holds(state: SubjectState, reason: str, brand: BrandId | None = None) -> bool:
    """Say whether the state has this very suppression."""
    return any((x.brand, x.reason) == (brand, reason) for x in state.suppressions)


def kept_after_erasure(
    held: Iterable[tuple[BrandId | None, str]], *, suppress: bool
) -> tuple[tuple[BrandId | None, SuppressionReason], ...]:
    """Return what an erased person's address stays suppressed for, every brand first.

    Nothing without ``suppress``. Else ``erased`` for every brand, and what only the operator lifts
    as it was (docs/spec/erasure.md §3).

    Example:
        >>> kept_after_erasure([(None, "bounce")], suppress=True)
        ((None, <SuppressionReason.ERASED: 'erased'>),)
    """
    if not suppress:
        return ()
    lasting = {
        brand: SuppressionReason(reason)
        for brand, reason in held
        if outweighs(reason, [SuppressionReason.ERASED])
    }
    return tuple(
        sorted({None: SuppressionReason.ERASED, **lasting}.items(), key=lambda kept: kept[0] or "")
    )


def kept_after_leaving(
    state: SubjectState, held: Iterable[tuple[BrandId | None, str]]
) -> tuple[tuple[BrandId | None, SuppressionReason], ...]:
    """Return what an address stays suppressed for once its person has left it for another.

    All that it was; and ``complaint``, which its mailbox's own double opt-in lifts, for each brand
    the person has said no to: nobody else's list brings mail to it again.

    Example:
        >>> kept_after_leaving(SubjectState(), [(None, "manual")])
        ((None, <SuppressionReason.MANUAL: 'manual'>),)
    """
    kept = {brand: SuppressionReason(reason) for brand, reason in held}
    for scope in (*state.objections, *(x for x in state.stops if not _is_given(state, x))):
        known = [kept[brand] for brand in (None, scope.brand) if brand in kept]
        if outweighs(SuppressionReason.COMPLAINT, known):
            kept[scope.brand] = SuppressionReason.COMPLAINT
    return tuple(sorted(kept.items(), key=lambda each: each[0] or ""))


def _is_given(state: SubjectState, scope: Scope) -> bool:
    return any(
        Scope(key.brand, key.channel) == scope and consent.status is ConsentStatus.GIVEN
        for key, consent in state.consents.items()
    )
