# SPDX-License-Identifier: Apache-2.0
"""Where a mail can be found by its Message-ID, and what SES said of a person's mails.

Rows expire. They hold random ids, or are sealed under the person's key. Errors: `Throttled`,
`Unavailable`.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import DeliveryId, EventId, SubjectId
from chalicelib.ports.outside import StoredEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTrace:
    """What a Message-ID stands for: a delivery of a campaign, or the answer to a sign-up."""

    delivery: DeliveryId | None = None
    request: EventId | None = None


class Traces(Protocol):
    """Message-IDs by their hash, and stored SES events of one person."""

    def keep(self, message_id: str, trace: MailTrace, until_ms: int) -> None:
        """Let `find` find the mail until some time after ``until_ms``; repeating is harmless."""
        ...

    def find(self, message_id: str) -> MailTrace | None:
        """Return what SES's id of a mail stands for, or None."""
        ...

    def events(self, sid: SubjectId) -> tuple[StoredEvent, ...]:
        """Return the person's stored SES events, oldest first; eventually consistent."""
        ...
