# SPDX-License-Identifier: Apache-2.0
"""Taking orders out of facts when their time is over: a sum never outlives what it was made of.

Guarantees that, once `Refolding.person` returned, the facts hold the orders still within their
time and no others, and that rows past it are gone though the store has not removed them yet; that
one run is bounded by time and by people, and that who cannot be done keeps nobody else waiting.
Refuses to touch the data of who asked for a restriction, as forgetting does.

Idempotency key: the person and the day.

Source: GDPR Art. 5(1)(e).
"""

import logging
from collections.abc import Iterator, Mapping

from chalicelib.domain.customer_events import Kind
from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.facts import Facts, with_orders
from chalicelib.domain.ids import SHARDS, SubjectId
from chalicelib.domain.orders import Order
from chalicelib.errors import EvidenceError
from chalicelib.ports.facts import (
    MAX_FORGOTTEN,
    FactChange,
    FactScan,
    FactStore,
    Held,
    KeptOrder,
    kept_until_ms,
)
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.rewriting import Rewriting, tags_of
from chalicelib.services.sealed_facts import FactPeople, KnownPerson

log = logging.getLogger(__name__)

MAX_PEOPLE = 2_000
"""People whose facts one run folds anew."""
MAX_RUN_MS = 4 * MINUTE_MS
"""How long after its start a run begins with no further person."""


class Refolding:
    """Finds and refolds people with an order past its time, or of a brand that keeps none."""

    def __init__(
        self,
        *,
        people: FactPeople,
        facts: FactStore,
        scan: FactScan,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._people = people
        self._facts = facts
        self._scan = scan
        self._clock = clock
        self._rewriting = Rewriting(people, facts, clock, random)

    def run(self) -> int:
        """Refold who is due, and return how many were done; the rest is found by the next run.

        Raises:
            DependencyError: the run stopped; doing it again is harmless.
            EvidenceError: all others were done, and somebody's rows do not open.
        """
        start_ms, done = self._clock.now_ms(), 0
        unreadable: list[EvidenceError] = []
        for sid in self._due(start_ms // DAY_MS):
            try:
                self.person(sid)
            except EvidenceError as problem:
                unreadable.append(problem)
            done += 1
            if done == MAX_PEOPLE or self._clock.now_ms() - start_ms >= MAX_RUN_MS:
                break
        log.info("orders past their time were looked for", extra={"people": done})
        if unreadable:
            raise unreadable[0]
        return done

    def person(self, sid: SubjectId) -> int:
        """Count no order of somebody any more that is past its time; return how many rows went.

        Raises:
            DependencyError: it may be half done; nothing is lost by doing it again.
            EvidenceError: a row does not open, so that nobody can tell whether it has to go.
        """
        return self._rewriting.person(sid, self._changes)

    def _due(self, today: int) -> Iterator[SubjectId]:
        """Who is due, from another shard each day; with a brand that keeps no orders, all."""
        day = None if self._people.orders_off() else today
        first = today % len(SHARDS)
        for shard in (*SHARDS[first:], *SHARDS[:first]):
            yield from self._scan.due(shard, day)

    def _changes(self, person: KnownPerson, held: Held) -> Iterator[FactChange]:
        """One write after the other, each of which leaves the facts what their rows add up to."""
        facts, revision, due = person.open_facts(held.facts), held.revision, held.due_day
        orders, past = dict[str, Order](), list[str]()
        for kept in self._facts.orders(person.sid):
            orders[kept.tag] = person.open_order(kept)
            if self._is_past(person, kept, orders[kept.tag]):
                past.append(kept.tag)
        rows = [("event", tag) for tag in self._events_off(person)] + [("order", t) for t in past]
        while True:
            now, rows = rows[:MAX_FORGOTTEN], rows[MAX_FORGOTTEN:]
            for tag in tags_of("order", now):
                del orders[tag]
            left = _refolded(facts, orders)
            if not now and left == facts and due == person.due_day(facts):
                return
            facts, due = left, person.due_day(left)
            yield FactChange(
                sid=person.sid,
                entries=person.entries,
                revision=revision,
                facts=person.seal_facts(facts),
                due_day=due,
                forget_events=tags_of("event", now),
                forget_orders=tags_of("order", now),
            )
            revision += 1

    def _events_off(self, person: KnownPerson) -> Iterator[str]:
        """Events about orders of brands that keep none."""
        if person.orders_off:
            for kept in self._facts.events(person.sid):
                if kept.kind is Kind.ORDER and person.open_event(kept).brand in person.orders_off:
                    yield kept.tag

    def _is_past(self, person: KnownPerson, kept: KeptOrder, order: Order) -> bool:
        """By its brand, by its row, or by a limit that was shortened since."""
        if order.brand in person.orders_off:
            return True
        until_ms = kept_until_ms(Kind.ORDER, order.at_ms, order_days=person.order_days)
        return min(kept.until_ms, until_ms) <= self._clock.now_ms()


def _refolded(facts: Facts, orders: Mapping[str, Order]) -> Facts:
    for brand in tuple(facts.brands):
        facts = with_orders(facts, brand, orders.values())
    return facts
