# SPDX-License-Identifier: Apache-2.0
"""Forgetting what may no longer be known of somebody.

Guarantees that, once `Forgetting.person` returned, nothing is left of what the person's consents
and objections do not allow, neither facts nor the rows they were folded from, nor what was noted
of links followed and mails opened; that it may be repeated, and stopped at any moment. Refuses to
touch the data of who asked for a restriction: until it ends they are stored and nothing else (GDPR
Art. 18(2)).

Idempotency key: the person.
"""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.domain.customer_events import Kind
from chalicelib.domain.facts import Facts, with_orders
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.measurement import Hit
from chalicelib.domain.orders import Order
from chalicelib.domain.state import MEASUREMENT
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ports.facts import MAX_FORGOTTEN, FactChange, FactStore, Held
from chalicelib.ports.links import CampaignLinks, Hits
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.sealed_facts import FactPeople, KnownPerson

TRIES = 16
"""Times somebody's facts are read anew when they moved on in between."""
FIRST_WAIT_MS = 8
LONGEST_WAIT_MS = 250
KEPT_MOVING = (
    "Too much happened at once about one person. Nothing was lost: send it again in a moment."
)
"""What is said when that many changes in a row were overtaken."""


class Forgetting:
    """Drops facts, events, orders and hits whose purpose has ended."""

    def __init__(
        self,
        *,
        people: FactPeople,
        facts: FactStore,
        links: CampaignLinks,
        hits: Hits,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._people = people
        self._facts = facts
        self._links = links
        self._hits = hits
        self._clock = clock
        self._random = random

    def person(self, sid: SubjectId) -> int:
        """Forget what may no longer be known, and return how many rows went.

        Raises:
            DependencyError: it may be half done; nothing is lost by doing it again.
            EvidenceError: a row does not open, so that nobody can tell whether it has to go.
        """
        gone = self._forget_hits(sid)
        for attempt in range(TRIES):
            person = self._people.known(sid)
            held = self._facts.read(sid)
            if person is None or person.standing.restricted or held is None:
                return gone
            try:
                for change in self._changes(person, held):
                    self._facts.keep(change)
                    gone += len(change.forget_events) + len(change.forget_orders)
            except Conflict:
                wait(attempt, self._clock, self._random)
            else:
                return gone
        raise Unavailable(KEPT_MOVING)

    def _forget_hits(self, sid: SubjectId) -> int:
        """Forget the hits of lists that may not be measured, and return how many went."""
        # Read before the chain: what is noted under a consent given meanwhile is not among them.
        hits = self._hits.of(sid)
        person = self._people.known(sid) if hits else None
        if person is None or person.standing.restricted:
            return 0
        ended = {
            campaign
            for campaign in {hit.spot.campaign for hit in hits}
            if not self._may_measure(person, campaign)
        }
        gone: list[Hit] = [hit for hit in hits if hit.spot.campaign in ended]
        self._hits.forget(sid, [hit.spot for hit in gone])
        return len(gone)

    def _may_measure(self, person: KnownPerson, campaign: CampaignId) -> bool:
        """As `domain.measurement.may_remember` says at the click; of who is not restricted."""
        targets = self._links.get(campaign)
        if targets is None or targets.brand in person.standing.objected:
            return False
        lists = person.standing.given.get(targets.brand, {})
        return MEASUREMENT in lists.get(targets.list, ())

    def _changes(self, person: KnownPerson, held: Held) -> Iterator[FactChange]:
        """One write after the other; the last alone takes the facts, so that who stops is seen."""
        facts = person.open_facts(held.facts)
        permitted = person.permitted(facts)
        orders = dict(person.opened(self._facts.orders(person.sid)))
        ended = [tag for tag, order in orders.items() if _ended(person, order)]
        rows = [("event", tag) for tag in self._events(person)] + [("order", tag) for tag in ended]
        revision = held.revision
        while rows or facts != permitted:
            now, rows = rows[:MAX_FORGOTTEN], rows[MAX_FORGOTTEN:]
            for tag in _tags("order", now):
                del orders[tag]
            facts = _with(orders, facts, person) if rows else permitted
            yield FactChange(
                sid=person.sid,
                entries=person.entries,
                revision=revision,
                facts=person.seal_facts(facts),
                due_day=person.due_day(facts),
                forget_events=_tags("event", now),
                forget_orders=_tags("order", now),
            )
            revision += 1

    def _events(self, person: KnownPerson) -> Iterator[str]:
        for kept in self._facts.events(person.sid):
            if person.ignored(kept.kind, person.open_event(kept).brand) is not None:
                yield kept.tag


def wait(attempt: int, clock: Clock, random: RandomBytes) -> None:
    """Let who was first finish: half to the whole of a doubling, bounded span.

    Args:
        attempt: how many were overtaken before this one, from 0.
    """
    span = min(FIRST_WAIT_MS << attempt, LONGEST_WAIT_MS)
    clock.sleep_ms(span // 2 + span * int.from_bytes(random(2), "big") // 2 // 65_536)


def _ended(person: KnownPerson, order: Order) -> bool:
    return person.ignored(Kind.ORDER, order.brand) is not None


def _with(orders: Mapping[str, Order], facts: Facts, person: KnownPerson) -> Facts:
    """The facts with no more orders than there are rows, of brands whose orders go."""
    for brand in {*person.standing.objected, *person.orders_off}:
        if facts.of(brand).orders is not None:
            facts = with_orders(facts, brand, orders.values())
    return facts


def _tags(kind: str, rows: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(tag for of, tag in rows if of == kind)
