# SPDX-License-Identifier: Apache-2.0
"""What a segment must know of somebody's consents, in the clear beside their lists.

Guarantees that it follows from the folded state alone: purposes that are given, since when a list's
status is what it is, and whose data must not be used. It names purposes and brands, and nothing
that was said of the person. It allows no mail: that is `domain.eligibility`, at the send.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import (
    NO_MEMBERSHIP,
    Consent,
    ConsentStatus,
    Membership,
    SubjectState,
    openness,
)
from chalicelib.errors import FatalError

STANDING_VERSION = 1
KNOWING = NO_MEMBERSHIP
"""Purposes under which more is known of somebody than what they said themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where somebody stands with each brand, by mail.

    Attributes:
        given: by brand and list the purposes consented to; a list without any is absent.
        since_s: by brand and list, Unix seconds; absent for a list that only a sale brought in.
        objected: brands whose marketing the person objected to (GDPR Art. 21(2)).
        restricted: nothing may be done with the data but keep it (GDPR Art. 18).
    """

    given: Mapping[BrandId, Mapping[ListId, frozenset[PurposeId]]] = field(default_factory=dict)
    since_s: Mapping[BrandId, Mapping[ListId, int]] = field(default_factory=dict)
    objected: frozenset[BrandId] = frozenset()
    restricted: bool = False

    def purposes(self, brand: BrandId) -> frozenset[PurposeId]:
        """Return the purposes consented to on any list of ``brand``."""
        return frozenset().union(*self.given.get(brand, {}).values())


def standing(state: SubjectState) -> Standing:
    """Return where somebody stands; nowhere, once they are erased."""
    if state.erased:
        return Standing()
    given: dict[BrandId, dict[ListId, frozenset[PurposeId]]] = {}
    best: dict[Membership, Consent] = {}
    for key, consent in state.consents.items():
        if key.channel != EMAIL:
            continue
        if consent.status is ConsentStatus.GIVEN:
            lists = given.setdefault(key.brand, {})
            lists[key.list] = lists.get(key.list, frozenset()) | {key.purpose}
        about = Membership(*key[:3])
        held = best.get(about)
        decides = held is None or openness(consent) > openness(held)
        if decides and key.purpose not in NO_MEMBERSHIP:
            best[about] = consent
    since: dict[BrandId, dict[ListId, int]] = {}
    for about, consent in best.items():
        pending = consent.status is ConsentStatus.REQUESTED and consent.stopped is None
        if not (pending and about in state.soft_lists):
            since.setdefault(about.brand, {})[about.list] = consent.since_ms // 1000
    return Standing(
        given=given,
        since_s=since,
        objected=frozenset(scope.brand for scope in state.objections),
        restricted=state.restricted,
    )


def has_ended(before: Standing, after: Standing) -> bool:
    """Say whether something may be known of the person no more that might have been before.

    So it is when a consent to be measured or profiled is gone, with an objection, and when a
    restriction ends, under which nothing could be forgotten.
    """
    gone = after.objected - before.objected or (before.restricted and not after.restricted)
    return bool(gone) or any(
        KNOWING & purposes - after.given.get(brand, {}).get(name, frozenset())
        for brand, lists in before.given.items()
        for name, purposes in lists.items()
    )


def dump_standing(held: Standing) -> str:
    """Return the compact JSON kept on the audience row; equal standings are equal texts."""
    document: dict[str, Any] = {"v": STANDING_VERSION}
    if held.given:
        document["g"] = {
            brand: {name: sorted(purposes) for name, purposes in lists.items()}
            for brand, lists in held.given.items()
        }
    if held.since_s:
        document["s"] = held.since_s
    if held.objected:
        document["x"] = sorted(held.objected)
    if held.restricted:
        document["r"] = True
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def load_standing(text: str | None) -> Standing:
    """Return the standing that `dump_standing` wrote; of a row older than that, none.

    Raises:
        FatalError: it has a schema version this code does not know.
    """
    if text is None:
        return Standing()
    document = orjson.loads(text)
    if document.get("v") != STANDING_VERSION:
        raise FatalError("a stored standing has a schema version this code does not know")
    return Standing(
        given={
            brand: {name: frozenset(purposes) for name, purposes in lists.items()}
            for brand, lists in document.get("g", {}).items()
        },
        since_s=document.get("s", {}),
        objected=frozenset(document.get("x", ())),
        restricted=document.get("r", False),
    )
