# SPDX-License-Identifier: Apache-2.0
"""Messages of a service to one person: their life, and who must not be written to.

Guarantees that a message is tried three times at most, that what became of it is said once, and
that its text is kept no longer than it may still be sent. A message is no marketing: an objection
or a withdrawal does not stop it; a mailbox that does not take mail, somebody who calls it spam, an
operator's own word, and a restriction do.

Specification: docs/spec/sending.md §12. Source: GDPR Art. 18, 21(2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.events import EMAIL, SuppressionReason
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.domain.state import Scope, SubjectState
from chalicelib.errors import Conflict

MAX_TRIES: Final = 3
"""Requests to SES for one message when it keeps giving no answer: each may have arrived."""
LEASE_MS: Final = 2 * MINUTE_MS
"""Longer than a worker lives: after it, nobody is sending the message any more."""
KEPT_MS: Final = 7 * DAY_MS
"""How long a message is kept, and its key names it, milliseconds."""
TAG: Final = "s"
"""The message tag that holds the message's id (docs/spec/sending.md)."""


class MessageStatus(StrEnum):
    """Where a message is."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    REFUSED = "refused"


OVER: Final = frozenset({MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.REFUSED})


class MessageReason(StrEnum):
    """Why somebody is not written to, or why a message was given up."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    RESTRICTED = "restricted"
    ERASED = "erased"
    UNREADABLE = "unreadable"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"


SENTENCES: Final[Mapping[MessageReason, str]] = {
    MessageReason.BOUNCED: "The address does not take mail: an earlier one came back.",
    MessageReason.COMPLAINED: "The person reported the brand's mail as spam.",
    MessageReason.SUPPRESSED: "The address must not be mailed.",
    MessageReason.RESTRICTED: "The person asked that nothing is done with their data.",
    MessageReason.ERASED: "Nothing about the person is kept any more.",
    MessageReason.UNREADABLE: "The person's address, or the message, could not be opened.",
    MessageReason.REJECTED: "The mail service did not take the message.",
    MessageReason.NO_ANSWER: "The mail service gave no answer three times; it may have arrived.",
}
"""One sentence for each reason, as the API document says them."""
_BY_SUPPRESSION: Final[Mapping[str, MessageReason]] = {
    SuppressionReason.BOUNCE: MessageReason.BOUNCED,
    SuppressionReason.COMPLAINT: MessageReason.COMPLAINED,
    SuppressionReason.MANUAL: MessageReason.SUPPRESSED,
    SuppressionReason.ERASED: MessageReason.SUPPRESSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMessage:
    """One message.

    Attributes:
        asked: keyed digest of the request that made it; another under its key is refused.
        sealed: what is to be mailed, under the person's key; None once it is over.
        tries: requests to SES so far.
        until_ms: until when a worker may be sending it, Unix milliseconds; 0: nobody is.
        revision: counts changes; guards each.
    """

    id: str
    sid: SubjectId
    brand: BrandId
    template: str
    language: str
    asked: str
    created_ms: int
    changed_ms: int
    sealed: bytes | None
    status: MessageStatus = MessageStatus.ACCEPTED
    reason: MessageReason | None = None
    tries: int = 0
    until_ms: int = 0
    revision: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.status in OVER


def begun(message: ServiceMessage, now_ms: int) -> ServiceMessage:
    """Return the message as it is while a worker sends it; or failed, after the last try.

    Raises:
        Conflict: another worker may be sending it.
    """
    if message.status is MessageStatus.SENDING and now_ms < message.until_ms:
        raise Conflict("Another worker is sending the message.")
    if message.tries >= MAX_TRIES:
        return over(message, MessageStatus.FAILED, now_ms, MessageReason.NO_ANSWER)
    return replace(
        message,
        status=MessageStatus.SENDING,
        tries=message.tries + 1,
        until_ms=now_ms + LEASE_MS,
        changed_ms=now_ms,
    )


def given_back(message: ServiceMessage, now_ms: int, *, untried: bool) -> ServiceMessage:
    """Return the message as it waits for another try.

    Args:
        untried: SES surely has nothing of this try, so it does not count.
    """
    return replace(
        message,
        status=MessageStatus.ACCEPTED,
        tries=message.tries - untried,
        until_ms=0,
        changed_ms=now_ms,
    )


def over(
    message: ServiceMessage,
    status: MessageStatus,
    now_ms: int,
    reason: MessageReason | None = None,
) -> ServiceMessage:
    """Return the message with what became of it, and without its text."""
    return replace(
        message, status=status, reason=reason, until_ms=0, changed_ms=now_ms, sealed=None
    )


def barred(state: SubjectState | None, brand: BrandId) -> MessageReason | None:
    """Return why a person must not be written to in a brand's name; None: they may be."""
    if state is None or state.erased:
        return MessageReason.ERASED
    if state.restricted:
        return MessageReason.RESTRICTED
    held = {x.reason for x in state.suppressions if x.reach.covers(Scope(brand, EMAIL))}
    return next((told for reason, told in _BY_SUPPRESSION.items() if reason in held), None)
