# SPDX-License-Identifier: Apache-2.0
"""Confirmation mails as they were sent, sealed, and what the receiving servers said of them.

They are a person's own: whoever shreds the person deletes them with the chain (docs/spec/leaf.md).
Errors: `Throttled`, `Unavailable`.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """What is kept of the mail that answered one request; either part may be missing.

    Attributes:
        request: number in the chain of the ``consent.requested`` entry it answers.
        sealed: the document as sent.
        answer: the receiving server's answer.
    """

    request: int
    sealed: bytes | None = None
    answer: bytes | None = None


class MailStore(Protocol):
    """One mail and one answer for each request."""

    def put(self, sid: SubjectId, request: int, sealed: bytes) -> None:
        """Store the mail about to be sent; the latest one of a request stands."""
        ...

    def answer(self, sid: SubjectId, request: int, sealed: bytes, rank: int, at_ms: int) -> bool:
        """Keep an answer: the higher rank stays, of equals the later. False when another stays."""
        ...

    def read(self, sid: SubjectId) -> tuple[StoredMail, ...]:
        """Return everything kept of the person's confirmation mails by request, read strongly."""
        ...
