# SPDX-License-Identifier: Apache-2.0
"""`ports.messages` in memory, over the rows of the activity fake."""

from dataclasses import replace

from chalicelib.adapters.dynamo.messages import when
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.messages import ServiceMessage
from chalicelib.errors import Conflict
from tests.support.memory_outside import OutsideStore


class MemoryMessages(OutsideStore):
    """Messages of a service by id."""

    def create(self, message: ServiceMessage, keep_ms: int) -> None:
        with self._call("MessageStore.create") as rows:
            if message.id in rows.service_messages:
                raise Conflict("there is one with this id")
            rows.service_messages[message.id] = message

    def get(self, message_id: str) -> ServiceMessage | None:
        with self._call("MessageStore.get") as rows:
            return rows.service_messages.get(message_id)

    def replace(self, message: ServiceMessage) -> ServiceMessage:
        with self._call("MessageStore.replace") as rows:
            held = rows.service_messages.get(message.id)
            if held is None or held.revision != message.revision:
                raise Conflict("the message changed since it was read, or is gone")
            after = replace(message, revision=message.revision + 1)
            rows.service_messages[message.id] = after
            return after

    def of(self, sid: SubjectId) -> tuple[ServiceMessage, ...]:
        with self._call("MessageStore.of") as rows:
            found = [each for each in rows.service_messages.values() if each.sid == sid]
        return tuple(sorted(found, key=when))
