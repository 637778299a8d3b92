# SPDX-License-Identifier: Apache-2.0
"""SES's event records and the fate of each recipient.

It guarantees records in the shape SES publishes to SNS, naming the true recipient, message id,
headers and tags.
It refuses to guess a fate: an address is delivered to unless it is a simulator address or on the
account's suppression list.

Source: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html and
https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any

from infra.local.ses_message import Mail
from infra.local.template import ACCOUNT

SIMULATOR_DOMAIN = "simulator.amazonses.com"
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
# Event record's name of a type -> the API's name in an event destination.
API_NAMES = {
    "Send": "SEND",
    "Delivery": "DELIVERY",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "Reject": "REJECT",
    "DeliveryDelay": "DELIVERY_DELAY",
    "Rendering Failure": "RENDERING_FAILURE",
    "Subscription": "SUBSCRIPTION",
}
_MTA = "a1-2.smtp-out.amazonses.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One thing that happens to one recipient, with the event's own details."""

    type: str
    recipient: str
    details: dict[str, Any]

    @property
    def is_remembered(self) -> bool:
        """Whether nothing happened but that the account's suppression list kept the mail back."""
        subtype = self.details.get("bounceSubType") or self.details.get("complaintSubType")
        return subtype == "OnAccountSuppressionList"


def timestamp(moment_ms: int) -> str:
    """Return a time as SES writes it: ISO 8601, milliseconds, Z."""
    return (
        datetime.fromtimestamp(moment_ms / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def simulator_mailbox(address: str) -> str | None:
    """Return the simulator's mailbox that an address names, its label left out, or None."""
    local, _, domain = address.lower().rpartition("@")
    return local.split("+", 1)[0] if domain == SIMULATOR_DOMAIN else None


def fates(recipient: str, suppressed_reason: str | None) -> Iterator[Fate]:
    """Yield what happens to a recipient after SES accepted the message, in order."""
    if suppressed_reason == "COMPLAINT":
        yield complaint(recipient, sub_type="OnAccountSuppressionList")
        return
    if suppressed_reason == "BOUNCE":
        yield bounce(recipient, sub_type="OnAccountSuppressionList")
        return
    match simulator_mailbox(recipient):
        case "bounce":
            yield bounce(recipient)
        case "suppressionlist":
            yield bounce(recipient, sub_type="Suppressed")
        case "complaint":
            yield delivery(recipient)
            yield complaint(recipient)
        case "ooto":
            yield delivery(recipient)
            yield automatic_reply(recipient)
        case _:
            yield delivery(recipient)


def delivery(recipient: str) -> Fate:
    """Return an accepted delivery."""
    details = {
        "processingTimeMillis": 540,
        "recipients": [recipient],
        "smtpResponse": "250 2.6.0 Message received",
        "remoteMtaIp": "127.0.0.1",
        "reportingMTA": _MTA,
    }
    return Fate(type="Delivery", recipient=recipient, details=details)


_DIAGNOSES = {
    ("Permanent", "General"): ("5.1.1", "smtp; 550 5.1.1 user unknown"),
    ("Permanent", "NoEmail"): ("5.1.1", "smtp; 550 5.1.1 user unknown"),
    ("Permanent", "Suppressed"): (
        "5.1.1",
        "Amazon SES has suppressed sending to this address.",
    ),
    ("Permanent", "OnAccountSuppressionList"): (
        "5.1.1",
        "Amazon SES did not send the message to this address because it is suppressed.",
    ),
    ("Transient", "MailboxFull"): ("4.2.2", "smtp; 452 4.2.2 mailbox full"),
}


def bounce(recipient: str, *, bounce_type: str = "Permanent", sub_type: str = "General") -> Fate:
    """Return a bounce."""
    status, diagnosis = _DIAGNOSES.get(
        (bounce_type, sub_type), ("4.0.0", "smtp; 421 4.0.0 try again later")
    )
    details = {
        "bounceType": bounce_type,
        "bounceSubType": sub_type,
        "bouncedRecipients": [
            {
                "emailAddress": recipient,
                "action": "failed",
                "status": status,
                "diagnosticCode": diagnosis,
            }
        ],
        "reportingMTA": f"dns; {_MTA}",
    }
    return Fate(type="Bounce", recipient=recipient, details=details)


def automatic_reply(recipient: str) -> Fate:
    """Return what SES makes of an "out of the office": a bounce without a delivery report."""
    details = {
        "bounceType": "Transient",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": recipient}],
    }
    return Fate(type="Bounce", recipient=recipient, details=details)


def complaint(recipient: str, *, feedback_type: str = "abuse", sub_type: str | None = None) -> Fate:
    """Return a complaint. One that the suppression list stands for has no feedback type."""
    details: dict[str, Any] = {
        "complainedRecipients": [{"emailAddress": recipient}],
        "complaintSubType": sub_type,
    }
    if sub_type is None:
        details |= {
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": feedback_type,
        }
    return Fate(type="Complaint", recipient=recipient, details=details)


def reject() -> Fate:
    """Return the rejection of a message in which SES found a virus."""
    return Fate(type="Reject", recipient="", details={"reason": "Bad content"})


def rendering_failure(message: str, template_name: str) -> Fate:
    """Return the failure to render a template for one recipient."""
    return Fate(
        type="Rendering Failure",
        recipient="",
        details={"errorMessage": message, "templateName": template_name},
    )


def delivery_delay(recipient: str, *, delay_type: str = "MailboxFull") -> Fate:
    """Return a delayed delivery."""
    details = {
        "delayType": delay_type,
        "delayedRecipients": [
            {
                "emailAddress": recipient,
                "status": "4.2.2",
                "diagnosticCode": "smtp; 452 4.2.2 mailbox full",
            }
        ],
    }
    return Fate(type="DeliveryDelay", recipient=recipient, details=details)


def subscription(*, source: str = "UnsubscribeHeader") -> Fate:
    """Return that the recipient left by way of SES's own contact list."""
    topics = [{"topicName": "local", "subscriptionStatus": "OptOut"}]
    joined = [{"topicName": "local", "subscriptionStatus": "OptIn"}]
    details = {
        "contactList": "local",
        "source": source,
        "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": topics},
        "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": joined},
    }
    return Fate(type="Subscription", recipient="", details=details)


def record(mail: Mail, fate: Fate | None, *, now_ms: int) -> str:
    """Return the record that SES publishes for one event of a mail; no fate means Send."""
    kind = "Send" if fate is None else fate.type
    details: dict[str, Any] = {} if fate is None else dict(fate.details)
    moment = timestamp(now_ms)
    if kind in ("Bounce", "Complaint"):
        details |= {"timestamp": moment, "feedbackId": f"0110{now_ms:012x}-{mail.message_id[17:]}"}
    if kind == "Complaint" and details["complaintSubType"] is None:
        details["arrivalDate"] = moment
    if kind in ("Delivery", "DeliveryDelay", "Subscription"):
        details["timestamp"] = moment
    if kind == "DeliveryDelay":
        expires = datetime.fromtimestamp(now_ms / 1000, UTC) + timedelta(hours=14)
        details["expirationTime"] = timestamp(int(expires.timestamp() * 1000))
    member = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}.get(
        kind, kind.lower()
    )
    with_headers = kind not in ("DeliveryDelay", "Rendering Failure")
    return json.dumps(
        {"eventType": kind, "mail": _mail(mail, with_headers=with_headers), member: details},
        separators=(",", ":"),
    )


def _mail(mail: Mail, *, with_headers: bool) -> dict[str, Any]:
    """Return the `mail` object of a record. Delays and rendering failures carry no headers."""
    sender = parseaddr(mail.draft.sender)[1]
    domain = sender.rpartition("@")[2]
    tags = {
        "ses:source-tls-version": ["TLSv1.3"],
        "ses:operation": [mail.operation],
        "ses:configuration-set": [mail.configuration_set or ""],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": [domain],
        "ses:caller-identity": ["local"],
    }
    described: dict[str, Any] = {
        "timestamp": timestamp(mail.accepted_ms),
        "source": mail.draft.sender,
        "sourceArn": f"arn:aws:ses:{mail.region}:{ACCOUNT}:identity/{domain}",
        "sendingAccountId": ACCOUNT,
        "messageId": mail.message_id,
        "destination": list(mail.draft.destination.addresses),
        "headersTruncated": False,
    }
    if with_headers:
        headers = mail.headers
        named = {name.lower(): value for name, value in headers}
        described["headers"] = [
            {"name": name, "value": value}
            for name, value in headers
            if name.lower() not in ("message-id", "date")
        ]
        described["commonHeaders"] = {
            "from": [named.get("from", "")],
            "to": list(mail.draft.destination.to),
            "messageId": mail.message_id,
            "subject": named.get("subject", ""),
        }
    described["tags"] = tags | {name: [value] for name, value in mail.tags.items()}
    return described
