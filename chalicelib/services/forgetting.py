# SPDX-License-Identifier: Apache-2.0
"""Forgetting what may no longer be known of somebody.

Guarantees that, once `Forgetting.person` returned, nothing is left of what the person's consents
and objections do not allow, neither facts nor the rows they were folded from, nor what was noted
of links followed and mails opened; that it may be repeated, and stopped at any moment. Refuses to
touch the data of who asked for a restriction: until it ends they are stored and nothing else (GDPR
Art. 18(2)).

Idempotency key: the person.
"""

from collections.abc import Iterator, Mapping

from chalicelib.domain.customer_events import Kind
from chalicelib.domain.facts import Facts, with_orders
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.measurement import Hit
from chalicelib.domain.orders import Order
from chalicelib.domain.state import MEASUREMENT
from chalicelib.ports.facts import MAX_FORGOTTEN, FactChange, FactStore, Held
from chalicelib.ports.links import CampaignLinks, Hits
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.rewriting import Rewriting, tags_of
from chalicelib.services.sealed_facts import FactPeople, KnownPerson


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
        self._rewriting = Rewriting(people, facts, clock, random)

    def person(self, sid: SubjectId) -> int:
        """Forget what may no longer be known, and return how many rows went.

        Raises:
            DependencyError: it may be half done; nothing is lost by doing it again.
            EvidenceError: a row does not open, so that nobody can tell whether it has to go.
        """
        return self._forget_hits(sid) + self._rewriting.person(sid, self._changes)

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
            for tag in tags_of("order", now):
                del orders[tag]
            facts = _with(orders, facts, person) if rows else permitted
            yield FactChange(
                sid=person.sid,
                entries=person.entries,
                revision=revision,
                facts=person.seal_facts(facts),
                due_day=person.due_day(facts),
                forget_events=tags_of("event", now),
                forget_orders=tags_of("order", now),
            )
            revision += 1

    def _events(self, person: KnownPerson) -> Iterator[str]:
        for kept in self._facts.events(person.sid):
            if person.ignored(kept.kind, person.open_event(kept).brand) is not None:
                yield kept.tag


def _ended(person: KnownPerson, order: Order) -> bool:
    return person.ignored(Kind.ORDER, order.brand) is not None


def _with(orders: Mapping[str, Order], facts: Facts, person: KnownPerson) -> Facts:
    """The facts with no more orders than there are rows, of brands whose orders go."""
    for brand in {*person.standing.objected, *person.orders_off}:
        if facts.of(brand).orders is not None:
            facts = with_orders(facts, brand, orders.values())
    return facts
