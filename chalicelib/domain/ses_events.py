# SPDX-License-Identifier: Apache-2.0
"""SES's own events, read into one `SesEvent` for each person they name.

Guarantees that every recipient an event names gets an event, that a type, subtype or field AWS
adds later is kept and never raised, and that what is kept for one person names nobody else.
Refuses only what is not a JSON object.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

import orjson

from chalicelib.errors import InputError

T = TypeVar("T", bound=StrEnum)


class SesType(StrEnum):
    """Event types, spelt as events spell them. Source: AWS SES Developer Guide, event contents."""

    SEND = "Send"
    REJECT = "Reject"
    BOUNCE = "Bounce"
    COMPLAINT = "Complaint"
    DELIVERY = "Delivery"
    OPEN = "Open"
    CLICK = "Click"
    DELIVERY_DELAY = "DeliveryDelay"
    RENDERING_FAILURE = "Rendering Failure"
    SUBSCRIPTION = "Subscription"
    UNKNOWN = "Unknown"


class BounceType(StrEnum):
    """How final a bounce is. The subtype beside it is open text: AWS adds to it."""

    PERMANENT = "Permanent"
    TRANSIENT = "Transient"
    UNDETERMINED = "Undetermined"
    UNKNOWN = "Unknown"


class ComplaintFeedback(StrEnum):
    """What a feedback report says it is. Source: IANA MARF parameters (RFC 5965 section 7.3)."""

    ABUSE = "abuse"
    AUTH_FAILURE = "auth-failure"
    FRAUD = "fraud"
    NOT_SPAM = "not-spam"
    OTHER = "other"
    VIRUS = "virus"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SesEvent:
    """One event about one recipient.

    Attributes:
        name: the type as written, also when this code does not know it.
        at_ms: when it happened, Unix milliseconds; None when the event does not say.
        sent_ms: when SES accepted the message, Unix milliseconds.
        recipient: the bare address it is about; None when it names nobody for certain.
        alone: the message went to one address only, so its tags are about this recipient.
        sent_to: that one address as we sent to it, whatever a server calls the recipient.
        named: whether `about` is among those the message went to; True when the event does not
            say to whom. Else a server names a mailbox that somebody's mail was forwarded to.
        tags: the first value of each message tag.
        status: enhanced status code (RFC 3463), such as ``5.1.1``.
        diagnostic: what the receiving server said.
        reason: why SES rejected or could not render the message.
        left_all: the recipient opted out of everything by way of SES's own contact list.
        raw: the event as JSON, without any other recipient.
    """

    type: SesType
    name: str
    message_id: str
    at_ms: int | None
    sent_ms: int | None
    recipient: str | None
    alone: bool
    raw: str
    sent_to: str | None = None
    named: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)
    feedback_id: str | None = None
    bounce_type: BounceType | None = None
    bounce_subtype: str | None = None
    action: str | None = None
    status: str | None = None
    diagnostic: str | None = None
    complaint_feedback: ComplaintFeedback | None = None
    complaint_subtype: str | None = None
    delay_type: str | None = None
    reason: str | None = None
    left_all: bool = False

    @property
    def about(self) -> str | None:
        """The address to look the person up by: as we wrote it, where only one was written to.

        A delivery report names the final recipient (RFC 3464 section 2.3.2), which may be a
        mailbox of somebody else that the person's mail is forwarded to.
        """
        return self.sent_to if self.alone else self.recipient


TOPIC_VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."
"""SES publishes this bare sentence when a topic becomes an event destination."""

_TOPIC_SUBSCRIBED = "AmazonSnsSubscriptionSucceeded"
_PARTS = MappingProxyType(
    {
        SesType.BOUNCE: "bounce",
        SesType.COMPLAINT: "complaint",
        SesType.DELIVERY: "delivery",
        SesType.DELIVERY_DELAY: "deliveryDelay",
        SesType.REJECT: "reject",
        SesType.OPEN: "open",
        SesType.CLICK: "click",
        SesType.RENDERING_FAILURE: "failure",
        SesType.SUBSCRIPTION: "subscription",
    }
)
_LISTS = MappingProxyType(
    {
        SesType.BOUNCE: "bouncedRecipients",
        SesType.COMPLAINT: "complainedRecipients",
        SesType.DELIVERY: "recipients",
        SesType.DELIVERY_DELAY: "delayedRecipients",
    }
)
_HALVES = re.compile("[\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(message: str) -> tuple[SesEvent, ...]:
    """Return one event for each recipient the message names.

    Takes event publishing (``eventType``) and classic notifications (``notificationType``), bare
    or inside SNS's envelope. SNS's and SES's own set-up messages are about no mail: no events.

    Raises:
        InputError: the message is not a JSON object.

    Source: AWS SES Developer Guide, "Contents of event data that Amazon SES publishes to Amazon
    SNS" and "Amazon SNS notification contents for Amazon SES".
    """
    if message.strip() == TOPIC_VALIDATED:
        return ()
    document = _object(message)
    if "Type" in document and "TopicArn" in document:
        inner = document.get("Message")
        if document["Type"] != "Notification" or not isinstance(inner, str):
            return ()
        return parse(inner) if inner != message else ()
    name = _text(document, "eventType") or _text(document, "notificationType") or ""
    if name == _TOPIC_SUBSCRIBED:
        return ()
    return tuple(_events(document, name, message))


def _object(message: str) -> dict[str, Any]:
    document: object
    try:
        document = orjson.loads(message)
    except ValueError:
        document = _as_python_reads(message)
    if not isinstance(document, dict):
        raise InputError(code="malformed_event", detail="This message is not an event of SES.")
    return document


def _as_python_reads(message: str) -> object:
    """What the quick reader refuses, such as half a surrogate pair or NaN, is no less an event."""
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def _events(document: dict[str, Any], name: str, message: str) -> Iterator[SesEvent]:
    kind = _known(SesType, name)
    mail, part = _part(document, "mail"), _part(document, _PARTS.get(kind, ""))
    destinations = [item for item in _items(mail, "destination") if isinstance(item, str)]
    entries = _entries(kind, part, destinations)
    alone = len(destinations) == 1
    sent_to = _address(destinations[0]) if alone else None
    written_to = set() if alone else {_plain(address) for address in destinations}
    tags, sent_ms = _tags(mail), _ms(mail.get("timestamp"))
    whole = len(destinations) <= 1 and len(entries) <= 1
    for entry in entries:
        about = entry if isinstance(entry, dict) else {"emailAddress": entry}
        recipient = _address(about.get("emailAddress"))
        yield SesEvent(
            type=kind,
            name=name,
            message_id=_text(mail, "messageId") or "",
            at_ms=_ms(part.get("timestamp")) or sent_ms,
            sent_ms=sent_ms,
            recipient=recipient,
            alone=alone,
            sent_to=sent_to,
            named=alone or not destinations or _plain(recipient) in written_to,
            raw=message.strip() if whole else _narrowed(document, kind, entry),
            tags=tags,
            feedback_id=_text(part, "feedbackId"),
            bounce_type=_bounce_type(kind, part),
            bounce_subtype=_text(part, "bounceSubType"),
            action=_text(about, "action"),
            status=_text(about, "status"),
            diagnostic=_text(about, "diagnosticCode") or _text(part, "smtpResponse"),
            complaint_feedback=_feedback(part),
            complaint_subtype=_text(part, "complaintSubType"),
            delay_type=_text(part, "delayType"),
            reason=_text(part, "reason") or _text(part, "errorMessage"),
            left_all=_has_left(part),
        )


def _entries(
    kind: SesType, part: Mapping[str, Any], destinations: Sequence[str]
) -> Sequence[dict[str, Any] | str | None]:
    """The people an event is about: those it lists, else those the message went to.

    A bounce or complaint that lists nobody is about the one person written to, or about nobody:
    guessing among several would suppress people who did nothing.
    """
    listed = [x for x in _items(part, _LISTS.get(kind, "")) if isinstance(x, dict | str)]
    if listed:
        return listed
    if kind in (SesType.BOUNCE, SesType.COMPLAINT) and len(destinations) != 1:
        return [None]
    return list(destinations) or [None]


def _narrowed(document: dict[str, Any], kind: SesType, entry: dict[str, Any] | str | None) -> str:
    """The event with everybody else left out: one person's erasure must leave no copy."""
    about = entry.get("emailAddress") if isinstance(entry, dict) else entry
    others = ("headers", "commonHeaders", "destination")
    mail = {name: value for name, value in _part(document, "mail").items() if name not in others}
    copy = {**document, "mail": {**mail, "destination": [about] if about else []}}
    if kind in _LISTS and _PARTS[kind] in copy:
        part = _part(document, _PARTS[kind])
        copy[_PARTS[kind]] = {**part, _LISTS[kind]: [entry] if entry else []}
    return json.dumps(copy, separators=(",", ":"))


def _bounce_type(kind: SesType, part: Mapping[str, Any]) -> BounceType | None:
    if kind is not SesType.BOUNCE:
        return None
    return _known(BounceType, _text(part, "bounceType") or "")


def _feedback(part: Mapping[str, Any]) -> ComplaintFeedback | None:
    text = _text(part, "complaintFeedbackType")
    return None if text is None else _known(ComplaintFeedback, text.lower())


def _has_left(part: Mapping[str, Any]) -> bool:
    now, before = _part(part, "newTopicPreferences"), _part(part, "oldTopicPreferences")
    return now.get("unsubscribeAll") is True and before.get("unsubscribeAll") is not True


def _known(vocabulary: type[T], text: str) -> T:
    try:
        return vocabulary(text)
    except ValueError:
        return vocabulary("Unknown")


def _part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _items(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else []


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return _readable(value) if isinstance(value, str) else None


def _readable(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair: nothing could be written with one."""
    return _HALVES.sub("\ufffd", text)


def _tags(mail: Mapping[str, Any]) -> Mapping[str, str]:
    first = {name: values[0] for name, values in _part(mail, "tags").items() if _is_list(values)}
    return {_readable(x): _readable(value) for x, value in first.items() if isinstance(value, str)}


def _is_list(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _address(value: object) -> str | None:
    """The bare address: SES repeats a display name where the sender wrote one."""
    if not isinstance(value, str):
        return None
    text = parseaddr(value)[1] if "<" in value else value
    return _readable(text).strip() or None


def _plain(value: object) -> str | None:
    """The address as two of them are compared."""
    address = _address(value)
    return None if address is None else address.casefold()


def _ms(value: object) -> int | None:
    """Unix milliseconds of an ISO 8601 time; AWS also writes a space before the zone."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip().replace(" +", "+").replace(" -", "-"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
