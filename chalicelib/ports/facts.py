# SPDX-License-Identifier: Apache-2.0
"""Where a person's facts live, with the events and orders they were folded from.

Guarantees every implementation gives, and the contract suite checks: an event, what it changes and
the facts after it are written together or not at all; an event is counted once, however often its
write is repeated; nothing is written for somebody without an audience row, so that nothing comes
back after an erasure. Every write raises the facts' revision, and every write needs the revision
that was read: so the orders read after it are those the facts were folded from.

Everything personal is sealed under the person's key before it comes here; tags are keyed by it.
Reads are strong. Errors besides those named: `Throttled`, `Unavailable`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from chalicelib.domain.customer_event_body import ORDER_DAYS
from chalicelib.domain.customer_events import Kind
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import FatalError

MAX_FORGOTTEN: Final = 90
"""Events and orders that one write forgets; whoever has more to forget writes again."""
EVENT_DAYS: Final = 400
"""How long after it happened an event is kept; an older one is refused, so no repeat is missed."""
ORDER_SPARE_DAYS: Final = 30
"""How much longer an order is kept than the oldest one that is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """That an event was counted, and what it was.

    Attributes:
        tag: names the event among those of the person.
        kind: why it may be kept, in the clear, so that it can be forgotten for that.
        sealed: `dump_event`, sealed to the row `event_row(tag)`.
        until_ms: it disappears some time after this, Unix milliseconds.
    """

    tag: str
    kind: Kind
    sealed: bytes
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOrder:
    """One order as the join of its events.

    Attributes:
        tag: names the order among those of the person.
        sealed: `dump_order`, sealed to the row `order_row(tag)`.
        until_ms: it disappears some time after this, Unix milliseconds.
    """

    tag: str
    sealed: bytes
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held of somebody.

    Attributes:
        facts: sealed `dump_facts`; None where nothing is known.
        revision: of the facts; 0 before the first write.
        known: whether the event asked about was counted before.
        order: the order asked about.
        due_day: as the last change said it.
    """

    facts: bytes | None
    revision: int
    known: bool = False
    order: KeptOrder | None = None
    due_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """One write: the facts as they are after it, and the rows that change with them.

    Attributes:
        entries: length of the person's chain that the permission to write rests on.
        revision: of the facts as they were read.
        facts: sealed; None: nothing is known any more.
        due_day: when the oldest order in the facts is to be counted no more (`due_day`); None:
            there is no order in them.
        event: to be counted; None where the facts change without a new event.
        order: as it is after the event.
        forget_events: tags of events to be forgotten.
        forget_orders: tags of orders to be forgotten.

    Raises:
        FatalError: more than `MAX_FORGOTTEN` rows, or a row that is written as well.
    """

    sid: SubjectId
    entries: int
    revision: int
    facts: bytes | None
    due_day: int | None = None
    event: KeptEvent | None = None
    order: KeptOrder | None = None
    forget_events: tuple[str, ...] = ()
    forget_orders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no store could write at once."""
        forgotten = [event_row(tag) for tag in self.forget_events]
        forgotten += [order_row(tag) for tag in self.forget_orders]
        written = [event_row(self.event.tag)] if self.event is not None else []
        written += [order_row(self.order.tag)] if self.order is not None else []
        rows = [*forgotten, *written]
        if len(forgotten) > MAX_FORGOTTEN or len(set(rows)) < len(rows):
            raise FatalError(f"a change forgets {MAX_FORGOTTEN} rows at most, and names a row once")


def event_row(tag: str) -> str:
    """Return the name of an event's row among those of its person; it is sealed to this."""
    return f"N#{tag}"


def order_row(tag: str) -> str:
    """Return the name of an order's row among those of its person; it is sealed to this."""
    return f"O#{tag}"


def kept_until_ms(kind: Kind, at_ms: int, *, order_days: int = ORDER_DAYS) -> int:
    """Return until when an event, or the order it is about, is kept.

    Args:
        at_ms: when it happened; of an order `Order.at_ms`. Unix milliseconds.
        order_days: how old an order may be when it is told, 1 or more.
    """
    days = order_days + ORDER_SPARE_DAYS if kind is Kind.ORDER else EVENT_DAYS
    return at_ms + days * DAY_MS


def due_day(first_s: int, *, order_days: int = ORDER_DAYS) -> int:
    """Return the day, counted from 1 January 1970 UTC, on which an order is past its time.

    Args:
        first_s: when it was placed, Unix seconds; the last millisecond of that second counts.
        order_days: how old an order may be when it is told.

    Example:
        >>> due_day(86_400, order_days=10)
        42
    """
    return kept_until_ms(Kind.ORDER, first_s * 1000, order_days=order_days) // DAY_MS + 1


class FactStore(Protocol):
    """Facts of one person at a time."""

    def read(
        self, sid: SubjectId, *, event: str | None = None, order: str | None = None
    ) -> Held | None:
        """Return what is held of somebody; None without an audience row.

        Args:
            event: tag of an event of which to say whether it was counted.
            order: tag of an order to be read with the facts.
        """
        ...

    def keep(self, change: FactChange) -> bool:
        """Write a change; False: its event was counted before, and nothing was written.

        A write whose answer was lost can be made again, as it was or folded anew: its event is
        counted then, and this says so.

        Raises:
            Conflict: facts or chain moved on since they were read, or the person is gone; read
                again and decide anew.
        """
        ...

    def events(self, sid: SubjectId) -> tuple[KeptEvent, ...]:
        """Return all events kept of somebody, by tag."""
        ...

    def orders(self, sid: SubjectId) -> tuple[KeptOrder, ...]:
        """Return all orders kept of somebody, of every brand, by tag.

        For folding them anew: read the facts' revision first.
        """
        ...


class FactScan(Protocol):
    """People by what is kept of them, never what it is; who erases may be a moment ahead."""

    def due(self, shard: str, day: int | None) -> Iterator[SubjectId]:
        """Yield who has an order due by ``day``; None: who has an order at all. By id.

        Args:
            shard: one of `domain.ids.SHARDS`.
            day: as `FactChange.due_day`.
        """
        ...

    def holders(self) -> Iterator[SubjectId]:
        """Yield of whom events or orders are kept, each once, in no order; reads every row."""
        ...
