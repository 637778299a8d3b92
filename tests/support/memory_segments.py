# SPDX-License-Identifier: Apache-2.0
"""Segments and life-cycle rules in memory, over the same rows as the rest of the catalogue."""

from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.lifecycle import Rules
from chalicelib.domain.segments import Segment
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_catalog import CatalogRows

_OVER = (CampaignStatus.SENT, CampaignStatus.CANCELLED)


class _Store:
    def __init__(self, rows: CatalogRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else CatalogRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[CatalogRows]:
        return Struck(self.faults, name, self.rows)


def _require_version(stored: Segment | Rules | None, version: int) -> None:
    if (stored.version if stored else 0) != version:
        raise Conflict("somebody else changed it first")


class MemorySegments(_Store):
    """`ports.segments.SegmentStore` in memory."""

    def get(self, segment_id: str) -> Segment | None:
        with self._call("SegmentStore.get") as rows:
            return rows.segments.get(segment_id)

    def create(self, segment: Segment) -> None:
        with self._call("SegmentStore.create") as rows:
            _require_version(rows.segments.get(segment.id), 0)
            rows.segments[segment.id] = segment

    def replace(self, segment: Segment) -> None:
        with self._call("SegmentStore.replace") as rows:
            _require_version(rows.segments.get(segment.id), segment.version - 1)
            rows.segments[segment.id] = segment

    def delete(self, segment: Segment) -> None:
        with self._call("SegmentStore.delete") as rows:
            _require_version(rows.segments.get(segment.id), segment.version)
            del rows.segments[segment.id]

    def page(self, cursor: str | None, limit: int) -> Page[Segment]:
        with self._call("SegmentStore.page") as rows:
            after = "" if cursor is None else read_cursor("SEGMENT", cursor)
            later = sorted(each for each in rows.segments if each > after)
            shown = later[:limit]
            return Page(
                items=tuple(rows.segments[each] for each in shown),
                cursor=make_cursor("SEGMENT", shown[-1]) if len(later) > limit else None,
            )

    def awaited_by(self, segment_id: str) -> tuple[CampaignId, ...]:
        with self._call("SegmentStore.awaited_by") as rows:
            found = (rows.campaigns[each] for each in sorted(rows.campaigns))
            return tuple(
                each.id for each in found if each.segment == segment_id and each.status not in _OVER
            )


class MemoryLifecycles(_Store):
    """`ports.segments.LifecycleStore` in memory."""

    def get(self, brand_id: str) -> Rules | None:
        with self._call("LifecycleStore.get") as rows:
            return rows.lifecycles.get(brand_id)

    def put(self, brand_id: str, rules: Rules) -> None:
        with self._call("LifecycleStore.put") as rows:
            _require_version(rows.lifecycles.get(brand_id), rules.version - 1)
            rows.lifecycles[brand_id] = rules
