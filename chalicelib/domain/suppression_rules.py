# SPDX-License-Identifier: Apache-2.0
"""What a suppression does to a subject's state, and what ends it.

Guarantees that a confirmation lifts only what reaches no further than the mail it names, and
nothing that only the operator or the law can lift.
"""

from collections.abc import Collection
from dataclasses import replace

from chalicelib.domain.events import EMAIL, Event, SuppressionReason
from chalicelib.domain.ids import ListId
from chalicelib.domain.reach import Reach
from chalicelib.domain.state import Scope, SubjectState, Suppression
from chalicelib.domain.suppressions import holds

LIFTED_BY_CONFIRMATION = frozenset(
    {SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.ERASED}
)
"""Suppressions that end when the person confirms a new request; an operator's own does not."""


def suppressed(state: SubjectState, event: Event) -> SubjectState:
    """Return the state with what a ``suppression.added`` adds: one for each list it names.

    Lists without their brand are no reach: then everything is meant, which is the safe side.
    """
    reason = event.reason or SuppressionReason.MANUAL
    added = tuple(
        Suppression(
            brand=event.brand,
            reason=reason,
            entry=state.entries,
            channel=event.channel or EMAIL,
            list=list_id,
        )
        for list_id in (event.lists if event.brand is not None else ()) or (None,)
    )
    new = tuple(x for x in added if not holds(state, reason, x.reach))
    return replace(state, suppressions=(*state.suppressions, *new)) if new else state


def lifted(state: SubjectState, scope: Scope, lists: Collection[ListId]) -> SubjectState:
    """Return the state after the person's own new act for lists of a brand."""
    kept = tuple(
        x
        for x in state.suppressions
        if x.reason not in LIFTED_BY_CONFIRMATION or not _is_named(x.reach, scope, lists)
    )
    return replace(state, suppressions=kept)


def _is_named(reach: Reach, scope: Scope, lists: Collection[ListId]) -> bool:
    return reach.covers(scope, reach.list) and (reach.list is None or reach.list in lists)


def is_barred(state: SubjectState, scope: Scope, lists: Collection[ListId] = ()) -> bool:
    """Say whether a suppression that no confirmation lifts keeps mail of the brand away.

    Args:
        lists: the lists it would go to: one of them is enough.
    """
    return any(
        x.reason not in LIFTED_BY_CONFIRMATION and x.reach.covers_any(scope, lists)
        for x in state.suppressions
    )


def has_complained(state: SubjectState, scope: Scope, list_id: ListId | None = None) -> bool:
    """Say whether a complaint stands against the brand's mail, or against that to a list."""
    return any(
        x.reason == SuppressionReason.COMPLAINT and x.reach.covers(scope, list_id)
        for x in state.suppressions
    )


def in_the_way(
    state: SubjectState, scope: Scope, lists: Collection[ListId]
) -> tuple[Suppression, ...]:
    """Return what a request for lists of a brand meets: all but what is of other lists alone."""
    return tuple(
        x for x in state.suppressions if x.list is None or x.reach.covers_any(scope, lists)
    )
