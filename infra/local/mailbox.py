# SPDX-License-Identifier: Apache-2.0
"""Every mail the SES endpoint accepted, for people and tests to read.

It guarantees that a mail is there before the sender hears that it was accepted, oldest first.
It refuses to grow for ever: beyond 20,000 mails the oldest are forgotten.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any

from infra.local.ses_events import timestamp
from infra.local.ses_message import Mail

MAX_MAILS = 20_000


class Mailbox:
    """The mails, in the order they were accepted."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._mails: deque[Mail] = deque(maxlen=MAX_MAILS)
        self._by_id: dict[str, Mail] = {}
        self.accepted = 0

    def add(self, mail: Mail) -> None:
        """Keep a mail."""
        with self._lock:
            if len(self._mails) == MAX_MAILS:
                self._by_id.pop(self._mails[0].message_id, None)
            self._mails.append(mail)
            self._by_id[mail.message_id] = mail
            self.accepted += 1

    def find(self, message_id: str) -> Mail | None:
        """Return a mail by its SES message id."""
        return self._by_id.get(message_id)

    def clear(self) -> None:
        """Forget every mail."""
        with self._lock:
            self._mails.clear()
            self._by_id.clear()

    def to_address(self, address: str | None) -> tuple[Mail, ...]:
        """Return the mails to exactly this address (without case), oldest first; None means all."""
        with self._lock:
            mails = tuple(self._mails)
        if address is None:
            return mails
        wanted = address.strip().lower()
        return tuple(
            mail
            for mail in mails
            if any(wanted == known.lower() for known in mail.draft.destination.addresses)
        )

    def search(self, part: str) -> tuple[Mail, ...]:
        """Return the mails with this text in a recipient's address, newest first."""
        wanted = part.strip().lower()
        return tuple(
            mail
            for mail in reversed(self.to_address(None))
            if any(wanted in known.lower() for known in mail.draft.destination.addresses)
        )


def described(mail: Mail) -> dict[str, Any]:
    """Return a mail as `/local/mailbox.json` shows it."""
    return {
        "id": mail.message_id,
        "to": list(mail.draft.destination.addresses),
        "from": mail.header("From"),
        "subject": mail.header("Subject"),
        "headers": [[name, value] for name, value in mail.headers],
        "text": mail.body("plain"),
        "html": mail.body("html"),
        "raw": mail.raw.decode("utf-8", "replace"),
        "tags": dict(mail.tags),
        "sent_at": timestamp(mail.accepted_ms),
        "outcome": mail.outcome,
    }
