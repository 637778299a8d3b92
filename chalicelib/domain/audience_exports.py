# SPDX-License-Identifier: Apache-2.0
"""Whom an export of a brand is of, and how each of them stands, by the folded state.

Guarantees that nothing but a consent that is given, or a sale that stands, makes somebody
subscribed, and that whatever was said against mail comes before it: a complaint, then an opt-out,
then a bounce. Refuses to make a file of every list in a format whose files are of one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.eligibility import outlasts_sale
from chalicelib.domain.events import EMAIL, SuppressionReason
from chalicelib.domain.export_rows import ExportFormat, ExportStatus
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.state import (
    NO_MEMBERSHIP,
    Consent,
    ConsentKey,
    ConsentStatus,
    Membership,
    Scope,
    SubjectState,
    openness,
)
from chalicelib.errors import InputError

_NO_OPT_OUT: Final = frozenset({ConsentStatus.EXPIRED, ConsentStatus.INVALIDATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceWish:
    """What an export of a brand's people is asked for.

    Attributes:
        list: None for every list of the brand.
        statuses: whom; none at all means everybody.
    """

    format: ExportFormat
    brand: BrandId
    list: ListId | None = None
    statuses: frozenset[ExportStatus] = frozenset()

    @property
    def scope(self) -> Scope:
        """Its brand, by mail."""
        return Scope(self.brand, EMAIL)

    def wants(self, status: ExportStatus) -> bool:
        """Whether people who stand so are asked for."""
        return not self.statuses or status in self.statuses

    def as_request(self) -> dict[str, str]:
        """Return what a job keeps of it."""
        return {
            "format": str(self.format),
            "brand": self.brand,
            "list": self.list or "",
            "statuses": " ".join(sorted(self.statuses)),
        }


def read_wish(
    format_: str, brand: str, list_id: str | None = None, statuses: Iterable[str] = ()
) -> AudienceWish:
    """Return the wish that these words name.

    Raises:
        InputError: ``bad_format``, ``bad_status``, or ``list_needed``.
    """
    if format_ not in set(ExportFormat):
        raise InputError(
            code="bad_format", detail="A format is kvitto, mailchimp, listmonk or brevo."
        )
    words = list(statuses)
    if not set(words) <= set(ExportStatus):
        known = ", ".join(ExportStatus)
        raise InputError(code="bad_status", detail=f"A status is one of {known}.")
    if not list_id and format_ != ExportFormat.KVITTO:
        raise InputError(
            code="list_needed",
            detail="A file for another tool is of one list: name it. The format kvitto alone holds"
            " every list of a brand.",
        )
    return AudienceWish(
        format=ExportFormat(format_),
        brand=BrandId(brand),
        list=ListId(list_id) if list_id else None,
        statuses=frozenset(map(ExportStatus, words)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where somebody stands with a list.

    Attributes:
        status: None where the state says nothing, and only a claim that waits may.
        entry: number of the entry that made it so.
        is_sale: they are subscribed because of a sale, without any consent.
        is_ours: something stands that names the brand; a suppression for every brand alone may
            be another's.
        held: the consent that decides; None where it is none.
    """

    status: ExportStatus | None
    entry: int | None = None
    is_sale: bool = False
    is_ours: bool = True
    held: Consent | None = None


def lists_of(state: SubjectState, scope: Scope) -> tuple[ListId, ...]:
    """Return the lists of a brand that something stands about."""
    named = {key.list for key in state.consents if key[:2] == scope}
    named |= {key.list for key in (*state.soft_lists, *state.list_stops) if key[:2] == scope}
    named |= {x.list for x in state.suppressions if x.brand == scope.brand and x.list is not None}
    return tuple(sorted(named))


def place_of(state: SubjectState, scope: Scope, list_id: ListId | None) -> Place:
    """Return where somebody stands with a list; with None, with the brand alone."""
    held = _held(state, scope, list_id)
    ours = _is_ours(state, scope, list_id, held)
    reaching = {x.reason: x.entry for x in state.suppressions if x.reach.covers(scope, list_id)}
    if SuppressionReason.COMPLAINT in reaching:
        entry = reaching[SuppressionReason.COMPLAINT]
        return Place(status=ExportStatus.COMPLAINED, entry=entry, is_ours=ours)
    bounced = reaching.pop(SuppressionReason.BOUNCE, None)
    barred = [*reaching.values()]
    barred += [state.objections[scope]] if scope in state.objections else []
    if barred:
        return Place(status=ExportStatus.OPTED_OUT, entry=max(barred), is_ours=ours)
    best = max(held.values(), key=openness, default=None)
    is_given = best is not None and best.status is ConsentStatus.GIVEN
    if best is not None and is_given and bounced is None:
        return Place(status=ExportStatus.SUBSCRIBED, entry=best.entry, held=best)
    found = Place(status=None) if is_given else _without_consent(state, scope, list_id, best)
    if bounced is None or found.status is ExportStatus.OPTED_OUT:
        return found
    return Place(status=ExportStatus.BOUNCED, entry=bounced, is_ours=ours)


def _without_consent(
    state: SubjectState, scope: Scope, list_id: ListId | None, best: Consent | None
) -> Place:
    membership = Membership(*scope, list_id) if list_id else None
    sold = state.soft_lists.get(membership) if membership and scope in state.soft_opt_ins else None
    if membership and sold is not None and not outlasts_sale(state, membership, best):
        return Place(status=ExportStatus.SUBSCRIBED, entry=sold, is_sale=True)
    stops = [state.stops[scope]] if scope in state.stops else []
    stops += [n for key, n in state.list_stops.items() if key == membership]
    if best is not None and best.status in _NO_OPT_OUT:
        return Place(status=ExportStatus.WAITING, entry=best.entry, held=best)
    is_asked = best is not None and best.status is ConsentStatus.REQUESTED
    if best is not None and is_asked and best.stopped is None:
        return Place(status=ExportStatus.WAITING, entry=best.entry, held=best)
    stops += [best.stopped] if best is not None and best.stopped is not None else []
    if stops:
        return Place(status=ExportStatus.OPTED_OUT, entry=max(stops), held=best)
    return Place(status=None, is_ours=best is not None)


def _held(
    state: SubjectState, scope: Scope, list_id: ListId | None
) -> Mapping[ConsentKey, Consent]:
    return {
        key: consent
        for key, consent in state.consents.items()
        if key[:2] == scope and key.list == list_id and key.purpose not in NO_MEMBERSHIP
    }


def _is_ours(
    state: SubjectState,
    scope: Scope,
    list_id: ListId | None,
    held: Mapping[ConsentKey, Consent],
) -> bool:
    named = {key[0] for key in (*state.consents, *state.soft_lists, *state.list_stops)}
    scopes = {*state.stops, *state.objections, *state.soft_opt_ins}
    brand_wide = scope in scopes or any(
        x.brand is not None and x.reach.covers(scope, list_id) for x in state.suppressions
    )
    if list_id is None:
        return brand_wide or scope.brand in named
    listed = any(
        key == Membership(*scope, list_id) for key in (*state.soft_lists, *state.list_stops)
    )
    return brand_wide or listed or bool(held)
