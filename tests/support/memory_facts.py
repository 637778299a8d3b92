# SPDX-License-Identifier: Apache-2.0
"""The ports of facts in memory, over the rows of the ledger's and the activity's fakes."""

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.ids import SubjectId, shard_of
from chalicelib.domain.state import load_state
from chalicelib.errors import Conflict
from chalicelib.ports.facts import FactChange, Held, KeptEvent, KeptOrder
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_outside import OutsideRows


class MemoryFactStore:
    """Facts on the audience rows; events and orders among the rows that expire."""

    def __init__(
        self,
        rows: MemoryRows | None = None,
        outside: OutsideRows | None = None,
        faults: Faults = no_faults,
    ) -> None:
        self.rows = rows if rows is not None else MemoryRows()
        self.outside = outside if outside is not None else OutsideRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[MemoryRows]:
        return Struck(self.faults, name, self.rows)

    def read(
        self, sid: SubjectId, *, event: str | None = None, order: str | None = None
    ) -> Held | None:
        with self._call("FactStore.read") as rows:
            row = rows.audience.get(sid)
            if row is None:
                return None
            return Held(
                facts=row.facts,
                revision=row.facts_revision,
                known=(sid, event) in self.outside.kept_events,
                order=None if order is None else self.outside.kept_orders.get((sid, order)),
                due_day=row.due_day,
            )

    def keep(self, change: FactChange) -> bool:
        with self._call("FactStore.keep") as rows:
            sid, event, order = change.sid, change.event, change.order
            if event is not None and (sid, event.tag) in self.outside.kept_events:
                return False
            person, state = rows.audience.get(sid), rows.states.get(sid)
            if person is None or person.facts_revision != change.revision:
                raise Conflict("the facts moved on, or the person is gone")
            if state is None or load_state(state.text).entries != change.entries:
                raise Conflict("the chain moved on")
            following = change.revision + 1
            rows.audience[sid] = replace(
                person,
                facts=change.facts,
                facts_revision=following,
                due_day=change.due_day,
            )
            for tag in change.forget_events:
                self.outside.kept_events.pop((sid, tag), None)
            for tag in change.forget_orders:
                self.outside.kept_orders.pop((sid, tag), None)
            if event is not None:
                self.outside.kept_events[sid, event.tag] = event
            if order is not None:
                self.outside.kept_orders[sid, order.tag] = order
            return True

    def events(self, sid: SubjectId) -> tuple[KeptEvent, ...]:
        with self._call("FactStore.events"):
            kept = sorted(self.outside.kept_events.items())
            return tuple(event for (owner, _), event in kept if owner == sid)

    def orders(self, sid: SubjectId) -> tuple[KeptOrder, ...]:
        with self._call("FactStore.orders"):
            kept = sorted(self.outside.kept_orders.items())
            return tuple(order for (owner, _), order in kept if owner == sid)


class MemoryFactScan(MemoryFactStore):
    """`ports.facts.FactScan` in memory."""

    def due(self, shard: str, day: int | None) -> Iterator[SubjectId]:
        with self._call("FactScan.due") as rows:
            found = [
                sid
                for sid, row in sorted(rows.audience.items())
                if shard_of(sid) == shard
                and row.due_day is not None
                and (day is None or row.due_day <= day)
            ]
        yield from found

    def holders(self) -> Iterator[SubjectId]:
        with self._call("FactScan.holders"):
            keys = [*self.outside.kept_events, *self.outside.kept_orders]
        yield from {sid for sid, _ in keys}
