# SPDX-License-Identifier: Apache-2.0
"""`ports.traces.Traces` in memory, over the rows of the activity fake."""

from chalicelib.domain.ids import SubjectId
from chalicelib.ports.outside import StoredEvent
from chalicelib.ports.traces import MailTrace
from tests.support.memory_outside import OutsideStore


class MemoryTraces(OutsideStore):
    """Message-IDs beside the events."""

    def keep(self, message_id: str, trace: MailTrace, until_ms: int) -> None:
        with self._call("Traces.keep") as rows:
            rows.traces[message_id] = (trace, until_ms)

    def find(self, message_id: str) -> MailTrace | None:
        with self._call("Traces.find") as rows:
            found = rows.traces.get(message_id)
            return found[0] if found else None

    def events(self, sid: SubjectId) -> tuple[StoredEvent, ...]:
        with self._call("Traces.events") as rows:
            mine = (event for event in rows.events.values() if event.sid == sid)
            return tuple(sorted(mine, key=lambda event: (event.at_ms, event.key)))
