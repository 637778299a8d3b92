# SPDX-License-Identifier: Apache-2.0
"""Folding what somebody did into what is known of them: the one way facts grow.

Guarantees that an event counts once, and that it counts at all only if the chain, read strongly,
allows it at the moment of the write (docs/spec/events.md section 1); copies of consents decide
nothing. What a withdrawal or an objection left over is forgotten before anything is added.
Refuses nothing for being late or out of order: the same facts come of any order.

Idempotency key: the event's id under its brand; of a mail opened or clicked, the delivery.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.customer_events import (
    CustomerEvent,
    Ignored,
    Kind,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.facts import (
    Behaviour,
    Facts,
    Measured,
    Tally,
    with_behaviour,
    with_event,
    with_order,
    with_orders,
)
from chalicelib.domain.ids import BrandId, DeliveryId, SubjectId
from chalicelib.domain.kept_events import MeasuredMail
from chalicelib.domain.orders import Order, with_order_event
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ports.facts import FactChange, FactStore, Held, KeptEvent, KeptOrder
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.forgetting import Forgetting
from chalicelib.services.rewriting import KEPT_MOVING, TRIES, wait
from chalicelib.services.sealed_facts import FactPeople, KnownPerson

DAY_S = DAY_MS // 1000
OrderEvent = OrderPlaced | OrderRefunded | OrderCancelled


class Folding(StrEnum):
    """What became of an event."""

    KEPT = "kept"
    KNOWN = "known"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What became of an event, and why nothing was kept.

    Attributes:
        currency_differs: a refund of its order is in another currency, and counts 0.
    """

    folding: Folding
    reason: Ignored | None = None
    currency_differs: bool = False


NOBODY = Folded(folding=Folding.IGNORED, reason=Ignored.UNKNOWN_PERSON)
KNOWN = Folded(folding=Folding.KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """Somebody whose facts were just read, with what is allowed of them alone."""

    person: KnownPerson
    held: Held
    facts: Facts
    tag: str

    def change(
        self, facts: Facts, event: KeptEvent | None, order: KeptOrder | None = None
    ) -> FactChange:
        """The write that makes the facts ``facts``, good only for what was read."""
        return FactChange(
            sid=self.person.sid,
            entries=self.person.entries,
            revision=self.held.revision,
            facts=self.person.seal_facts(facts),
            due_day=self.person.due_day(facts),
            event=event,
            order=order,
        )


Fold = Callable[[_Read], Folded]


class FactFolder:
    """Adds events to facts, one transaction for each."""

    def __init__(
        self,
        *,
        people: FactPeople,
        facts: FactStore,
        forgetting: Forgetting,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._people = people
        self._facts = facts
        self._forgetting = forgetting
        self._clock = clock
        self._random = random

    def keep(self, sid: SubjectId, event: CustomerEvent) -> Folded:
        """Count an event that another system told, once.

        Raises:
            DependencyError: it may have been kept; telling it again is safe and says `KNOWN` then.
        """

        def tag_of(person: KnownPerson) -> str:
            return person.event_tag(event)

        def fold(read: _Read) -> Folded:
            if read.held.known:
                return KNOWN
            if isinstance(event.what, OrderEvent):
                return self._order(read, event, event.what)
            row = read.person.kept_event(read.tag, event)
            return self._write(read.change(with_event(read.facts, event, read.tag), row))

        return self._folded(sid, (event.type.kind, event.brand), tag_of, fold)

    def note(self, sid: SubjectId, behaviour: Behaviour, delivery: DeliveryId) -> Folded:
        """Count that one mail was opened, or a link in it followed, once; later its time may rise.

        The time of a mail counted before rises once a day at most.

        Raises:
            DependencyError: as for `keep`.
        """
        mail = MeasuredMail(behaviour=behaviour, delivery=delivery)

        def tag_of(person: KnownPerson) -> str:
            return person.mail_tag(behaviour.measured, behaviour.brand, delivery)

        def fold(read: _Read) -> Folded:
            if read.held.known:
                return self._again(read, behaviour)
            after = with_behaviour(read.facts, behaviour, repeated=False)
            return self._write(read.change(after, read.person.kept_mail(read.tag, mail)))

        return self._folded(sid, (Kind.MEASUREMENT, behaviour.brand), tag_of, fold)

    def _folded(
        self,
        sid: SubjectId,
        about: tuple[Kind, BrandId],
        tag_of: Callable[[KnownPerson], str],
        fold: Fold,
    ) -> Folded:
        """Read, decide and write; anew when chain or facts moved on in between."""
        for attempt in range(TRIES):
            person = self._people.known(sid)
            if person is None:
                return NOBODY
            reason = person.ignored(*about)
            if reason is Ignored.RESTRICTED:
                return Folded(folding=Folding.IGNORED, reason=reason)
            tag = tag_of(person)
            held = self._facts.read(sid, event=tag)
            if held is None:
                return NOBODY
            facts = person.open_facts(held.facts)
            if person.permitted(facts) != facts:
                self._forgetting.person(sid)
                continue
            if reason is not None:
                return Folded(folding=Folding.IGNORED, reason=reason)
            try:
                return fold(_Read(person=person, held=held, facts=facts, tag=tag))
            except Conflict:
                wait(attempt, self._clock, self._random)
        raise Unavailable(KEPT_MOVING)

    def _order(self, read: _Read, event: CustomerEvent, act: OrderEvent) -> Folded:
        person = read.person
        tag = person.order_tag(event.brand, act.order)
        # A batch read is no snapshot. Read after the facts' revision, the order is that of the
        # facts, or the revision has risen and the write below fails.
        held = self._facts.read(person.sid, order=tag)
        row = None if held is None else held.order
        old = None if row is None else person.open_order(row)
        new = with_order_event(old, event, read.tag)
        facts = with_order(read.facts, old, new)
        if facts is None:
            facts = with_orders(read.facts, event.brand, self._orders(person, tag, new))
        differs = new.currency_differs
        event_row, order_row = person.kept_event(read.tag, event), person.kept_order(tag, new)
        folded = self._write(read.change(facts, event_row, order_row))
        return folded if folded == KNOWN else replace(folded, currency_differs=differs)

    def _orders(self, person: KnownPerson, tag: str, new: Order) -> tuple[Order, ...]:
        """All orders of the person, as they are once the one with ``tag`` is ``new``."""
        kept = dict(person.opened(self._facts.orders(person.sid)))
        return tuple({**kept, tag: new}.values())

    def _again(self, read: _Read, behaviour: Behaviour) -> Folded:
        tally = _tally(read.facts, behaviour)
        if tally is not None and behaviour.occurred_ms // 1000 >= tally.last_s + DAY_S:
            after = with_behaviour(read.facts, behaviour, repeated=True)
            self._facts.keep(read.change(after, None))
        return KNOWN

    def _write(self, change: FactChange) -> Folded:
        return Folded(folding=Folding.KEPT) if self._facts.keep(change) else KNOWN


def _tally(facts: Facts, behaviour: Behaviour) -> Tally | None:
    mail = facts.of(behaviour.brand).mail
    if mail is None:
        return None
    return mail.opened if behaviour.measured is Measured.OPENED else mail.clicked
