# SPDX-License-Identifier: Apache-2.0
"""Everything around the SES call: chunk claims, the rate slot, rendering, the call, feedback.

The protocol that uses these is `services.courier`; its rules are docs/spec/sending.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.rate import Quota, Slot, Terms
from chalicelib.domain.tongues import Tongue


class Outcome(StrEnum):
    """What SES said of one recipient."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"


class Limit(StrEnum):
    """Which limit of the account stood in the way of a message."""

    RATE = "rate"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient, fully rendered.

    Attributes:
        headers: extra headers (name, value), printable ASCII, at most 15, as RFC 8058 asks.
        tags: SES event tags (``c`` campaign, ``r`` delivery, ``a`` chunk), never personal data.
        answers_person: it answers what the person has just asked for, and leads back: SES's own
            list of suppressed addresses does not keep it away.

    """

    to: str
    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    answers_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one message; ``message_id`` when accepted, ``reason`` when not.

    Attributes:
        limit: the limit of the account that was reached, when that is the reason.

    """

    outcome: Outcome
    message_id: str | None = None
    reason: str | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineTemplate:
    """What everybody in a call gets, with ``{{key}}`` where people's mails differ.

    A key is a small letter with or without a number. Nothing else stands in double braces, and no
    brace or backslash beside a place: SES would read more into it.
    """

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEntry:
    """One recipient of a call.

    Attributes:
        data: a value for every key of the call's template, as it is to stand in the mail.
        headers: as in `Message`.
        tags: likewise.

    """

    to: str
    data: Mapping[str, str]
    headers: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkMail:
    """A call: 1 to 50 recipients of one template."""

    static: InlineTemplate
    entries: tuple[BulkEntry, ...]


class Sender(Protocol):
    """SES. Each message is in at most one HTTP request: a retry below this port would send twice.

    Outcomes nobody knows are returned, not raised.
    """

    def ready(self) -> None:
        """Make what the first call needs, so that it is not late for its slot; SES is not asked."""
        ...

    def send_one(self, sender: str, message: Message) -> Sent:
        """Send a service mail. Unknown outcomes are returned, not raised."""
        ...

    def send_bulk(self, sender: str, mail: BulkMail) -> tuple[Sent, ...]:
        """Send a call to each of its entries; the results stand in the same order.

        Who is left out because an earlier request failed is `Outcome.RETRY`.

        Raises:
            InputError: not 1 to 50 entries, or ``sender`` is not an address.
            FatalError: the template holds more than places.

        """
        ...

    def quota_per_second(self) -> float:
        """Return the account's maximum send rate, recipients per second."""
        ...

    def quota(self) -> Quota:
        """Ask SES what the account may send; `RateSlot.asks` says who should."""
        ...


class RateSlot(Protocol):
    """One rate for the account and Region (GCRA), and what all workers know of its pace.

    Errors of every call: `Throttled`, `Unavailable`.
    """

    def reserve(self, recipients: int, now_ms: int) -> Slot:
        """Reserve sending ``recipients`` at today's pace, as little after ``now_ms`` as may be.

        Nothing is reserved (``start_ms`` is None) while sending is held, when the day's quota is
        too small, or when no quota was noted yet.

        Raises:
            InputError: no recipients.

        """
        ...

    def charge(self, recipients: int, now_ms: int, latest_ms: int | None = None) -> bool:
        """Move what is not reserved yet back by what ``recipients`` take, without waiting.

        For service mails, which go now, and for calls that are late. False, and nothing is moved,
        when that begins after ``latest_ms``, or while no quota was noted yet: then no campaign was
        ever sent.
        """
        ...

    def terms(self) -> Terms:
        """Return what all workers share, for whoever only watches; it may lag behind."""
        ...

    def slow(self, now_ms: int) -> None:
        """Slow everybody down, because SES throttled; once for all throttles of a second."""
        ...

    def hold(self, until_ms: int) -> None:
        """Hold everybody until ``until_ms``; a longer hold stays."""
        ...

    def asks(self, seen_ms: int | None, now_ms: int) -> bool:
        """Say whether the caller is to ask SES for the quota.

        Of all who saw that it was last asked at ``seen_ms`` (None: never) one is, whatever their
        clocks say.
        """
        ...

    def note(self, quota: Quota, now_ms: int) -> None:
        """Share what SES said."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """Written once, before the call: who was about to be mailed, and the entry that allows it."""

    delivery: DeliveryId
    campaign: CampaignId
    sid: SubjectId
    chunk: str
    basis: str
    entry: int
    measured: bool
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySeen:
    """A delivery row with what SES's events said since: the strongest of them, and when."""

    row: DeliveryRow
    event: str | None
    event_ms: int | None
    message_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered mail."""

    subject: str
    html: str
    text: str


class Renderer(Protocol):
    """Our own pages and mails, from files."""

    def page(self, name: str, data: Mapping[str, object]) -> str:
        """Return a page or notice (``pages/…``, ``notices/…``, ``console/…``)."""
        ...

    def tongue(self, language: str) -> Tongue:
        """Return a language to tell sentences in that are put together outside of templates."""
        ...

    def mail(self, name: str, data: Mapping[str, object]) -> Rendered:
        """Return one of our own mails (``emails/<name>/{subject.txt,body.html,body.txt}``)."""
        ...
