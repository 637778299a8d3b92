# SPDX-License-Identifier: Apache-2.0
"""The erasure's ports in memory, over the rows of the other fakes."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.domain.erasure import Erasure, Search, Stage
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.state import dump_state, load_state
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page
from chalicelib.ports.erasure import Shred
from chalicelib.ports.ledger import Located
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_hygiene import HygieneRows
from tests.support.memory_ledger import MemoryRows, StateRow, put_pending
from tests.support.memory_outside import OutsideRows


class MemoryPersonalData:
    """`ports.erasure.PersonalData` in memory."""

    def __init__(
        self,
        rows: MemoryRows,
        outside: OutsideRows | None = None,
        hygiene: HygieneRows | None = None,
        faults: Faults = no_faults,
    ) -> None:
        self.rows = rows
        self.outside = outside or OutsideRows()
        self.hygiene = hygiene or HygieneRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[MemoryRows]:
        return Struck(self.faults, name, self.rows)

    def shred(self, shred: Shred) -> None:
        with self._call("PersonalData.shred") as rows:
            sid, row = shred.sid, rows.states.get(shred.sid)
            if row is None or load_state(row.text).entries != shred.entry.n:
                raise Conflict("the chain moved on")
            if sid not in rows.vault or any(rows.lookups.get(m, sid) != sid for m in shred.macs):
                raise Conflict("the subject is another by now")
            rows.entries[sid, shred.entry.n] = shred.entry
            put_pending(rows, shred.entry.event, shred.entry.leaf, sid, shred.entry.n)
            del rows.vault[sid]
            _end(rows, shred)

    def shred_again(self, shred: Shred, index: int) -> None:
        with self._call("PersonalData.shred_again") as rows:
            entry = shred.entry
            rows.vault.pop(shred.sid, None)
            rows.entries[shred.sid, entry.n] = entry
            rows.located[entry.event] = Located(
                event=entry.event, sid=shred.sid, n=entry.n, index=index
            )
            _end(rows, shred)

    def forget_ahead(self, tokens_sha256: Sequence[str], macs: Sequence[str]) -> None:
        with self._call("PersonalData.forget_ahead") as rows:
            for token in tokens_sha256:
                rows.tokens.pop(token, None)
            for mac in macs:
                self.hygiene.health.pop(mac, None)

    def sweep(self, sid: SubjectId) -> int:
        with self._call("PersonalData.sweep") as rows:
            gone = 0
            for (owner, n), entry in list(rows.entries.items()):
                if owner == sid and entry.sealed is not None:
                    rows.entries[sid, n] = replace(entry, sealed=None)
                    gone += 1
            for table in (rows.mails, rows.answers):
                for place in [place for place in table if place[0] == sid]:
                    del table[place]  # type: ignore[attr-defined]
                    gone += 1
            for named in (
                self.outside.events,
                self.outside.access_links,
                self.outside.address_links,
                self.outside.service_messages,
            ):
                for name in [name for name, each in named.items() if each.sid == sid]:  # type: ignore[attr-defined]
                    del named[name]  # type: ignore[attr-defined]
                    gone += 1
            gone += self.outside.address_wishes.pop(sid, None) is not None
            for kept in (
                self.outside.kept_events,
                self.outside.kept_orders,
                self.outside.hits,
            ):
                for place in [place for place in kept if place[0] == sid]:
                    del kept[place]  # type: ignore[attr-defined]
                    gone += 1
            self.hygiene.health.pop(sid, None)
            return gone

    def subjects(self) -> Iterator[tuple[SubjectId, bool]]:
        with self._call("PersonalData.subjects") as rows:
            found = [(sid, True) for sid in (*rows.vault, *rows.audience)]
            found += [(sid, False) for sid in rows.states]
        yield from found


def _end(rows: MemoryRows, shred: Shred) -> None:
    rows.states[shred.sid] = StateRow(
        text=dump_state(shred.state), macs=(), last_leaf_hash=shred.last_leaf_hash
    )
    rows.audience.pop(shred.sid, None)
    for mac in shred.macs:
        if rows.lookups.get(mac) == shred.sid:
            del rows.lookups[mac]
        rows.suppressions.pop(mac, None)
    for event, leaf in shred.recorded:
        rows.located[event] = Located(event=event, sid=None, n=None, index=None)
        put_pending(rows, event, leaf, None, None)
    for kept in shred.kept:
        rows.suppressions.setdefault(kept.mac, {})[kept.reach] = kept


@dataclass(slots=True, kw_only=True)
class ErasureRows:
    """What persists."""

    erasures: dict[str, Erasure] = field(default_factory=dict)
    latest: dict[SubjectId, str] = field(default_factory=dict)
    unfinished: set[str] = field(default_factory=set)
    places: dict[Search, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryErasures:
    """`ports.erasure.Erasures` in memory."""

    def __init__(self, rows: ErasureRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else ErasureRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[ErasureRows]:
        return Struck(self.faults, name, self.rows)

    def get(self, erasure_id: str) -> Erasure | None:
        with self._call("Erasures.get") as rows:
            return rows.erasures.get(erasure_id)

    def of(self, sid: SubjectId) -> Erasure | None:
        with self._call("Erasures.of") as rows:
            return rows.erasures.get(rows.latest.get(sid, ""))

    def create(self, erasure: Erasure, after: Erasure | None) -> None:
        with self._call("Erasures.create") as rows:
            held = rows.latest.get(erasure.sid)
            if erasure.id in rows.erasures or held != (after.id if after else None):
                raise Conflict("the person's latest erasure is another by now")
            rows.erasures[erasure.id] = erasure
            rows.latest[erasure.sid] = erasure.id

    def replace(self, erasure: Erasure) -> Erasure:
        with self._call("Erasures.replace") as rows:
            held = rows.erasures.get(erasure.id)
            if held is None or held.revision != erasure.revision:
                raise Conflict("the erasure changed since it was read")
            following = replace(erasure, revision=erasure.revision + 1)
            rows.erasures[erasure.id] = following
            if erasure.stage in (Stage.APPROVED, Stage.ERASED):
                rows.unfinished.add(erasure.id)
            return following

    def unfinished(self) -> tuple[Erasure, ...]:
        with self._call("Erasures.unfinished") as rows:
            return tuple(rows.erasures[name] for name in sorted(rows.unfinished))

    def finish(self, erasure: Erasure) -> None:
        with self._call("Erasures.finish") as rows:
            rows.unfinished.discard(erasure.id)

    def page(self, cursor: str | None, limit: int) -> Page[Erasure]:
        with self._call("Erasures.page") as rows:
            after = "" if cursor is None else read_cursor("ERASURE", cursor)
            later = sorted(name for name in rows.erasures if name > after)
            more = len(later) > limit
            return Page(
                items=tuple(rows.erasures[name] for name in later[:limit]),
                cursor=make_cursor("ERASURE", later[limit - 1]) if more else None,
            )

    def place(self, search: Search = Search.UNCONFIRMED) -> int:
        with self._call("Erasures.place") as rows:
            return rows.places.get(search, 0)

    def move(self, place: int, search: Search = Search.UNCONFIRMED) -> None:
        with self._call("Erasures.move") as rows:
            rows.places[search] = place
