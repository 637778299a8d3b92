# SPDX-License-Identifier: Apache-2.0
"""Messages of a service as stored, for seven days; their text sealed under the person's key.

An erasure finds every row by the person. Every read is strong. Errors: `Throttled`, `Unavailable`;
a write that got no answer may have happened.
"""

from typing import Protocol

from chalicelib.domain.ids import SubjectId
from chalicelib.domain.messages import ServiceMessage


class MessageStore(Protocol):
    """Messages; ``revision`` guards every change."""

    def create(self, message: ServiceMessage, keep_ms: int) -> None:
        """Store a new message until some time after ``keep_ms`` (Unix milliseconds).

        Raises:
            Conflict: there is one with its id.
        """
        ...

    def get(self, message_id: str) -> ServiceMessage | None:
        """Return the message, or None."""
        ...

    def replace(self, message: ServiceMessage) -> ServiceMessage:
        """Store a change of a message as read, and return it with its new revision.

        A text that is None is deleted; one that is there is the one that was stored.

        Raises:
            Conflict: it was changed since it was read, or is gone.
        """
        ...

    def of(self, sid: SubjectId) -> tuple[ServiceMessage, ...]:
        """Return what is kept of the person's messages, oldest first."""
        ...
