# SPDX-License-Identifier: Apache-2.0
"""A shop that tells what its buyers do, and the consents and objections of those buyers."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.customer_event_body import read_event
from chalicelib.domain.customer_events import CustomerEvent
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import Via
from chalicelib.domain.facts import BrandFacts
from chalicelib.domain.ids import BrandId, ListId, PurposeId, SubjectId
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.clock import START_MS
from tests.support.world import World

BUYER = "buyer@example.org"
DEMO, OTHER = BrandId("demo"), BrandId("other")
NEWSLETTER = ListId("newsletter")


def body(event_id: str, of_type: str, ago_days: int = 1, **members: Any) -> dict[str, Any]:
    """An event as a shop sends it, of the demo brand and somebody who buys there."""
    moment = datetime.fromtimestamp((START_MS - ago_days * DAY_MS) / 1000, UTC)
    common = {"id": event_id, "type": of_type, "brand": DEMO, "occurred_at": moment.isoformat()}
    who = {} if "subscriber" in members else {"email": BUYER}
    return {**common, **who, **members}


def placed(
    event_id: str, order: str, amount: int = 1_000, ago_days: int = 1, **members: Any
) -> dict[str, Any]:
    """An order of one thing."""
    items = [{"product": f"product of {order}"}]
    told = {"id": order, "amount": amount, "currency": "SEK", "items": items}
    return body(event_id, "order.placed", ago_days, order=told, **members)


def refunded(
    event_id: str, order: str, amount: int = 100, currency: str = "SEK", **members: Any
) -> dict[str, Any]:
    """Money given back."""
    told = {"id": order, "amount": amount, "currency": currency}
    return body(event_id, "order.refunded", order=told, **members)


def cancelled(event_id: str, order: str, **members: Any) -> dict[str, Any]:
    """An order that will not be carried out."""
    return body(event_id, "order.cancelled", order={"id": order}, **members)


def viewed(event_id: str, product: str = "pots", **members: Any) -> dict[str, Any]:
    """A product looked at: behaviour, which needs consent."""
    return body(event_id, "product.viewed", product=product, **members)


def event(told: dict[str, Any]) -> CustomerEvent:
    """The event of a body."""
    return read_event(told, START_MS + DAY_MS).event


def consent(world: World, sid: SubjectId, *purposes: str, brand: BrandId = DEMO) -> None:
    """Agree to just these purposes beside the newsletter; all others are withdrawn."""
    held = world.ledger.open(sid)
    notice = next(
        found
        for entry in world.store.history(sid)
        if (found := parse_leaf(entry.leaf).fields.notice_sha256)
    )
    draft = Draft(
        type=EventType.CONSENT_CHANGED,
        brand=brand,
        lists=(NEWSLETTER,),
        purposes=tuple(PurposeId(each) for each in sorted({"newsletter", *purposes})),
        notice=notice,
        via=Via.PAGE,
    )
    world.ledger.append(held, [draft])


def objection(world: World, sid: SubjectId, brand: BrandId = DEMO) -> None:
    """Object to a brand."""
    draft = Draft(type=EventType.OBJECTION_RECORDED, brand=brand, via=Via.PAGE)
    world.ledger.append(world.ledger.open(sid), [draft])


def restriction(world: World, sid: SubjectId) -> None:
    """Ask that nothing is done with one's data."""
    draft = Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested")
    world.ledger.append(world.ledger.open(sid), [draft])


def known(world: World, sid: SubjectId, brand: BrandId = DEMO) -> BrandFacts:
    """What is known of somebody under a brand."""
    person = world.fact_people.known(sid)
    held = world.facts.read(sid)
    assert person is not None
    assert held is not None
    return person.open_facts(held.facts).of(brand)


def kinds(world: World, sid: SubjectId) -> list[str]:
    """The kinds of the events kept of somebody."""
    return sorted(kept.kind.value for kept in world.facts.events(sid))
