# SPDX-License-Identifier: Apache-2.0
"""The rights desk's records in memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.rights import RightsRequest
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page
from tests.support.faults import Faults, no_faults, struck


@dataclass(slots=True, kw_only=True)
class RightsRows:
    """What persists."""

    requests: dict[str, RightsRequest] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryRightsRecords:
    """`ports.rights.RightsRecords` in memory."""

    def __init__(self, rows: RightsRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else RightsRows()
        self.faults = faults

    @contextmanager
    def _call(self, name: str) -> Iterator[dict[str, RightsRequest]]:
        with struck(self.faults, name), self.rows.lock:
            yield self.rows.requests

    def get(self, request_id: str) -> RightsRequest | None:
        with self._call("RightsRecords.get") as held:
            return held.get(request_id)

    def of(self, sid: SubjectId) -> tuple[RightsRequest, ...]:
        with self._call("RightsRecords.of") as held:
            return tuple(each for each in held.values() if each.sid == sid)

    def create(self, request: RightsRequest) -> None:
        with self._call("RightsRecords.create") as held:
            if request.id in held:
                raise Conflict("there is a rights request with this id")
            held[request.id] = request

    def replace(self, before: RightsRequest, after: RightsRequest) -> RightsRequest:
        with self._call("RightsRecords.replace") as held:
            stored = held.get(before.id)
            if stored is None or stored.revision != before.revision:
                raise Conflict("the rights request changed since it was read")
            following = replace(after, revision=before.revision + 1)
            held[before.id] = following
            return following

    def page(self, cursor: str | None, limit: int, *, open_only: bool) -> Page[RightsRequest]:
        with self._call("RightsRecords.page") as held:
            partition = "RIGHTDUE" if open_only else "RIGHT"
            after = "" if cursor is None else read_cursor(partition, cursor)
            places = {
                f"{each.deadline_ms:013}_{each.id}" if open_only else each.id: each
                for each in held.values()
                if each.is_open or not open_only
            }
            later = sorted(place for place in places if place > after)
            more = len(later) > limit
            return Page(
                items=tuple(places[place] for place in later[:limit]),
                cursor=make_cursor(partition, later[limit - 1]) if more else None,
            )
