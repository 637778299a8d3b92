# SPDX-License-Identifier: Apache-2.0
"""What a saved preference page writes into the chain: one entry for each change of a list.

Guarantees that an entry that takes all of a list away is a withdrawal which names what was taken,
and that the leaf holds ids and a notice's hash only; who saved what from where is sealed beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId
from chalicelib.domain.preferences import Change
from chalicelib.domain.signup import TICKED
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class PageClaims:
    """What is sealed beside an entry of the page, whatever it changes."""

    email: str
    brand: BrandId
    session: Mapping[str, JsonValue]
    token_sha256: str
    privacy: str | None


def draft_of(change: Change, proof: PageClaims) -> Draft:
    """One list's entry: a withdrawal where nothing of it is left."""
    choice: dict[str, JsonValue] = {
        "fields": {offer.name: TICKED for offer in change.given},
        "prechecked": False,
        "taken": [offer.name for offer in change.taken],
    }
    if change.given:
        shown = change.given[0]
        choice |= {"form": str(shown.form), "version": shown.version}
        choice |= {"descriptor": shown.descriptor} if shown.descriptor else {}
        choice |= {"privacy": proof.privacy} if proof.privacy else {}
    return Draft(
        type=EventType.CONSENT_CHANGED if change.standing else EventType.CONSENT_WITHDRAWN,
        brand=proof.brand,
        lists=(change.list,),
        purposes=change.standing or tuple(sorted(offer.purpose for offer in change.taken)),
        notice=change.notice,
        via=Via.PAGE,
        claims=Claims(
            subject={"email": proof.email},
            session=proof.session,
            choice=choice,
            link={"access": proof.token_sha256},
        ),
    )
