# SPDX-License-Identifier: Apache-2.0
"""Health records and the list of suppressed MACs in memory, with the real store's conditions."""

import threading
from dataclasses import dataclass, field, replace

from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.domain.health import Health, dump_health, load_health
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page
from chalicelib.ports.hygiene import HealthRow
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_ledger import MemoryStore


@dataclass(slots=True, kw_only=True)
class HygieneRows:
    """What persists: health as (text, revision, expiry), and the MACs."""

    health: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    has_digests: bool = False
    macs: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)


class _Store:
    def __init__(self, rows: HygieneRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else HygieneRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[HygieneRows]:
        return Struck(self.faults, name, self.rows)


class MemoryHealthStore(_Store):
    """`ports.hygiene.HealthStore` in memory."""

    def read(self, key: str) -> HealthRow:
        with self._call("HealthStore.read") as rows:
            if key not in rows.health:
                return HealthRow(health=Health(), revision=0)
            stored, revision, _ = rows.health[key]
            return HealthRow(health=load_health(stored), revision=revision)

    def write(self, key: str, health: Health, revision: int, expires_ms: int) -> None:
        with self._call("HealthStore.write") as rows:
            if rows.health.get(key, ("", 0, 0))[1] != revision:
                raise Conflict("the health record changed since it was read")
            rows.health[key] = (dump_health(health), revision + 1, expires_ms)


class MemoryRests(MemoryStore):
    """`ports.hygiene.Rests` in memory, on the audience rows."""

    def set(self, sid: SubjectId, until_ms: int | None, revision: int) -> None:
        with self._call("Rests.set") as rows:
            row = rows.audience.get(sid)
            if row is None or not (revision == 1 or row.rest_rev <= revision):
                return
            rows.audience[sid] = replace(row, rest=until_ms, rest_rev=revision)


class MemorySuppressionIndex(_Store):
    """`ports.hygiene.SuppressionIndex` in memory."""

    def note(self, mac: str) -> None:
        with self._call("SuppressionIndex.note") as rows:
            rows.macs.add(mac)

    def forget(self, mac: str) -> None:
        with self._call("SuppressionIndex.forget") as rows:
            rows.macs.discard(mac)

    def note_digests(self) -> None:
        with self._call("SuppressionIndex.note_digests") as rows:
            rows.has_digests = True

    def has_digests(self) -> bool:
        with self._call("SuppressionIndex.has_digests") as rows:
            return rows.has_digests

    def page(self, cursor: str | None, limit: int) -> Page[str]:
        with self._call("SuppressionIndex.page") as rows:
            after = "" if cursor is None else read_cursor("SUPPRESSION", cursor)
            later = sorted(mac for mac in rows.macs if mac > after)
            more = len(later) > limit
            return Page(
                items=tuple(later[:limit]),
                cursor=make_cursor("SUPPRESSION", later[limit - 1]) if more else None,
            )
