# SPDX-License-Identifier: Apache-2.0
"""One visitor whom SES's events are about, and what is so of them afterwards."""

import json

from chalicelib.domain.eligibility import Allowed, Skipped, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.health import Health, load_health
from chalicelib.domain.ids import BrandId, DeliveryId, ListId, SubjectId
from chalicelib.domain.state import Scope
from chalicelib.services.entries import event_of_leaf
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs
from tests.support.people import NEWS, People

VISITOR = docs.RECIPIENT
SCOPE = Scope(BrandId("demo"), EMAIL)
DELIVERY = DeliveryId(docs.DELIVERY)
UNTAGGED: dict[str, list[str]] = {}
LATER = "2026-11-23T14:00:00Z"


def fresh() -> People:
    """One subscriber who confirmed an hour before the events, with one delivery; an hour later."""
    people = People()
    people.clock.advance(-3_600_000)
    people.delivery(people.confirmed(VISITOR), docs.DELIVERY)
    people.clock.advance(7_200_000)
    return people


def sid_of(people: People) -> SubjectId:
    """Whose address the visitor's is."""
    return people.rows.lookups[people.mac(VISITOR)]


def tell(people: People, *documents: dict[str, object]) -> None:
    """Let SES tell of each."""
    for document in documents:
        people.feedback.record(json.dumps(document))


def types(people: People) -> list[EventType]:
    """The visitor's entries in order."""
    return [event_of_leaf(x.leaf).type for x in people.ledger.history(sid_of(people))]


def sendable(people: People, brand: str = "demo") -> Allowed | Skipped:
    """Whether a newsletter may go to the visitor."""
    state = people.state(sid_of(people))
    return decide(state, Scope(BrandId(brand), EMAIL), ListId("newsletter"), NEWS)


def rest(people: People) -> int | None:
    """What sending is told of the visitor's address."""
    return people.rows.audience[sid_of(people)].rest


def nobodys(people: People) -> dict[tuple[str, str], int]:
    """Events that led to nobody, by why and type."""
    return {(str(why), name): n for (_, why, name), n in people.outside.of_nobody.items()}


def health(people: People, key: str | None = None) -> Health:
    """The health record of the visitor, or the one of ``key``."""
    return load_health(people.hygiene.health[key or sid_of(people)][0])
