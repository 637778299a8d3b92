# SPDX-License-Identifier: Apache-2.0
"""Whole SES events of every type, with our own values in AWS's shapes.

Shapes: AWS SES Developer Guide, "Examples of event data that Amazon SES publishes to Amazon SNS"
(event publishing) and "Amazon SNS notification examples for Amazon SES" (classic). Field order
differs between types there as here. Mails have our own tags wherever nothing else is said;
`only_aws_tags` makes of an event what AWS's example of its type has.
"""

import json
from typing import Any

MESSAGE_ID = "0100019aab0c1d2e-5f607182-93a4-4b5c-8d6e-7f8091a2b3c4-000000"
RECIPIENT = "visitor@example.org"
DELIVERY = "AAECAwQFBgcICQoL"


_AWS_TAGS = {
    "ses:configuration-set": ["kvitto"],
    "ses:source-ip": ["192.0.2.10"],
    "ses:from-domain": ["example.com"],
    "ses:caller-identity": ["sender"],
}
_ENCODING = {"name": "Content-Transfer-Encoding", "value": "7bit"}
_SET = {"name": "X-SES-CONFIGURATION-SET", "value": "kvitto"}
_OWN_TAGS = {"name": "X-SES-MESSAGE-TAGS", "value": f"c=spring, a=7-0000001, r={DELIVERY}"}


def mail(
    *destination: str,
    tags: dict[str, list[str]] | None = None,
    headers: tuple[dict[str, str], ...] = (),
    aws_tags: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    """The ``mail`` object of event publishing: headers and tags, and more of both if given."""
    to = list(destination or (RECIPIENT,))
    return {
        "timestamp": "2026-11-23T12:00:00.641Z",
        "source": "Demo <news@example.com>",
        "sourceArn": "arn:aws:ses:eu-north-1:123456789012:identity/news@example.com",
        "sendingAccountId": "123456789012",
        "messageId": MESSAGE_ID,
        "destination": to,
        "headersTruncated": False,
        "headers": [
            {"name": "From", "value": "Demo <news@example.com>"},
            {"name": "To", "value": ", ".join(to)},
            {"name": "Subject", "value": "News of the week"},
            {"name": "MIME-Version", "value": "1.0"},
            {"name": "Content-Type", "value": 'multipart/alternative; boundary="b1"'},
            *headers,
        ],
        "commonHeaders": {
            "from": ["Demo <news@example.com>"],
            "to": to,
            "messageId": MESSAGE_ID,
            "subject": "News of the week",
        },
        "tags": {
            **_AWS_TAGS,
            **(aws_tags or {}),
            "c": ["spring"],
            "a": ["7-0000001"],
            **({"r": [DELIVERY]} if tags is None else tags),
        },
    }


def classic_mail(*destination: str) -> dict[str, Any]:
    """The ``mail`` object of a classic notification: a source address, no tags."""
    to = list(destination or (RECIPIENT,))
    return {
        "timestamp": "2026-11-23T12:00:00.641Z",
        "messageId": MESSAGE_ID,
        "source": "news@example.com",
        "sourceArn": "arn:aws:ses:eu-north-1:123456789012:identity/example.com",
        "sourceIp": "192.0.2.10",
        "sendingAccountId": "123456789012",
        "callerIdentity": "sender",
        "destination": to,
        "headersTruncated": False,
        "headers": [
            {"name": "From", "value": '"Demo" <news@example.com>'},
            {"name": "To", "value": ", ".join(to)},
            {"name": "Message-ID", "value": "our-own-message-id"},
            {"name": "Subject", "value": "News of the week"},
            {"name": "Content-Type", "value": 'text/plain; charset="UTF-8"'},
            {"name": "Content-Transfer-Encoding", "value": "base64"},
            {"name": "Date", "value": "Mon, 23 Nov 2026 12:00:00 +0000"},
        ],
        "commonHeaders": {
            "from": ["Demo <news@example.com>"],
            "date": "Mon, 23 Nov 2026 12:00:00 +0000",
            "to": to,
            "messageId": "our-own-message-id",
            "subject": "News of the week",
        },
    }


def without(part: dict[str, Any], *names: str) -> dict[str, Any]:
    """A copy that lacks some fields."""
    return {name: value for name, value in part.items() if name not in names}


def only_aws_tags(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """The event of a mail that had no tags of the sender; with ``names``, of AWS's only those."""
    kept = {
        name: values
        for name, values in document["mail"]["tags"].items()
        if name.startswith("ses:") and (not names or name in names)
    }
    return {**document, "mail": {**document["mail"], "tags": kept}}


def without_headers(document: dict[str, Any]) -> dict[str, Any]:
    """The event as SES tells it where the account is not set up to repeat headers."""
    mail = without(document["mail"], "headersTruncated", "headers", "commonHeaders")
    return {**document, "mail": mail}


def bounce(
    *recipients: str,
    kind: str = "Permanent",
    subtype: str = "General",
    status: str = "5.1.1",
    action: str = "failed",
    at: str = "2026-11-23T12:01:02.669Z",
    tags: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    to = recipients or (RECIPIENT,)
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": action,
                    "status": status,
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
                for address in to
            ],
            "timestamp": at,
            "feedbackId": "0100019aab0c9999-61b59c11-9236-11e6-8f96-7be8a0000001-000000",
            "reportingMTA": "dsn; mta.example.net",
        },
        "mail": mail(*to, tags=tags),
    }


def automatic_reply(at: str = "2026-11-23T12:01:02.669Z") -> dict[str, Any]:
    """Out of the office: SES calls it a passing bounce, and has no delivery report of it."""
    document = bounce(kind="Transient", at=at)
    document["bounce"]["bouncedRecipients"] = [{"emailAddress": RECIPIENT}]
    return document


def mixed_bounce(refused: str, delayed: str) -> dict[str, Any]:
    """One report about two recipients, of whom the second has not been refused."""
    document = bounce(refused, delayed)
    document["bounce"]["remoteMtaIp"] = "192.0.2.20"
    document["bounce"]["bouncedRecipients"][1] = {
        "emailAddress": delayed,
        "action": "delayed",
        "status": "4.0.0",
    }
    return document


def complaint(
    *recipients: str,
    feedback: str | None = "abuse",
    subtype: str | None = None,
    at: str = "2026-11-23T12:05:02.669Z",
    tags: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    to = recipients or (RECIPIENT,)
    report = {} if feedback is None else {"complaintFeedbackType": feedback}
    return {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": address} for address in to],
            "timestamp": at,
            "feedbackId": "0100019aab0caaaa-61b59c11-9236-11e6-8f96-7be8a0000002-000000",
            "complaintSubType": subtype,
            "userAgent": "ExampleCorp Feedback Loop (V0.01)",
            **report,
            "arrivalDate": "2026-11-23T12:05:01.000Z",
        },
        "mail": mail(*to, tags=tags),
    }


def delivery(
    *recipients: str,
    at: str = "2026-11-23T12:00:11.133Z",
    tags: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    to = recipients or (RECIPIENT,)
    return {
        "eventType": "Delivery",
        "mail": mail(
            *to, tags=tags, headers=(_ENCODING,), aws_tags={"ses:outgoing-ip": ["192.0.2.11"]}
        ),
        "delivery": {
            "timestamp": at,
            "processingTimeMillis": 10492,
            "recipients": list(to),
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "a8-70.smtp-out.amazonses.com",
        },
    }


def send() -> dict[str, Any]:
    return {"eventType": "Send", "mail": mail(headers=(_OWN_TAGS,)), "send": {}}


def reject() -> dict[str, Any]:
    return {
        "eventType": "Reject",
        "mail": mail(headers=(_OWN_TAGS,)),
        "reject": {"reason": "Bad content"},
    }


def opened() -> dict[str, Any]:
    return {
        "eventType": "Open",
        "mail": without(mail(headers=(_SET, _OWN_TAGS)), "sourceArn"),
        "open": {
            "ipAddress": "192.0.2.1",
            "timestamp": "2026-11-23T12:10:19.652Z",
            "userAgent": "Browser/1.0",
        },
    }


def clicked() -> dict[str, Any]:
    named = {"name": "Message-ID", "value": MESSAGE_ID}
    return {
        "eventType": "Click",
        "click": {
            "ipAddress": "192.0.2.1",
            "link": "https://example.com/offer",
            "linkTags": {"position": ["top"], "product": ["pots"]},
            "timestamp": "2026-11-23T12:11:25.570Z",
            "userAgent": "Browser/1.0",
        },
        "mail": without(mail(headers=(_SET, _OWN_TAGS, named)), "sourceArn"),
    }


def rendering_failure() -> dict[str, Any]:
    return {
        "eventType": "Rendering Failure",
        "mail": without(mail(), "headers", "commonHeaders"),
        "failure": {
            "errorMessage": "Attribute 'name' is not present in the rendering data.",
            "templateName": "spring",
        },
    }


def delivery_delay(delay: str = "TransientCommunicationFailure") -> dict[str, Any]:
    return {
        "eventType": "DeliveryDelay",
        "mail": without(mail(), "headers", "commonHeaders"),
        "deliveryDelay": {
            "timestamp": "2026-11-23T12:20:40.095Z",
            "delayType": delay,
            "expirationTime": "2026-11-24T02:00:40.914Z",
            "delayedRecipients": [
                {
                    "emailAddress": RECIPIENT,
                    "status": "4.4.1",
                    "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                }
            ],
        },
    }


def subscription(*, left_all: bool = True, had_left: bool = False) -> dict[str, Any]:
    return {
        "eventType": "Subscription",
        "mail": mail(headers=(_ENCODING,), aws_tags={"ses:operation": ["SendEmail"]}),
        "subscription": {
            "contactList": "everybody",
            "timestamp": "2026-11-23T12:30:40.000Z",
            "source": "UnsubscribeHeader",
            "newTopicPreferences": {
                "unsubscribeAll": left_all,
                "topicSubscriptionStatus": [{"topicName": "news", "subscriptionStatus": "OptOut"}],
            },
            "oldTopicPreferences": {
                "unsubscribeAll": had_left,
                "topicSubscriptionStatus": [{"topicName": "news", "subscriptionStatus": "OptIn"}],
            },
        },
    }


def classic_bounce_with_dsn() -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "reportingMTA": "dns; mta.example.net",
            "bouncedRecipients": [
                {
                    "emailAddress": "one@example.org",
                    "status": "5.1.1",
                    "action": "failed",
                    "diagnosticCode": "smtp; 550 5.1.1 <one@example.org>... User",
                }
            ],
            "bounceSubType": "General",
            "timestamp": "2026-11-23T14:59:38.237Z",
            "feedbackId": "0100019aab0cbbbb-33322211-cccc-cccc-cccc-dddd00000001-000000",
            "remoteMtaIp": "192.0.2.20",
        },
        "mail": classic_mail("one@example.org", "two@example.org", "three@example.org"),
    }


def classic_bounce_without_dsn() -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {"emailAddress": "one@example.org"},
                {"emailAddress": "three@example.org"},
            ],
            "timestamp": "2026-11-23T14:59:38.237Z",
            "feedbackId": "0100019aab0ccccc-869464a4-8680-4114-98d3-716f00000001-000000",
            "remoteMtaIp": "192.0.2.20",
        },
        "mail": classic_mail("one@example.org", "two@example.org", "three@example.org"),
    }


def classic_complaint(feedback: str | None) -> dict[str, Any]:
    report = {
        "userAgent": "AnyCompany Feedback Loop (V0.01)",
        "complaintFeedbackType": feedback,
        "arrivalDate": "2026-11-23T14:59:30.000Z",
    }
    return {
        "notificationType": "Complaint",
        "complaint": {
            **(report if feedback else {}),
            "complainedRecipients": [{"emailAddress": "three@example.org"}],
            "timestamp": "2026-11-23T14:59:38.237Z",
            "feedbackId": "0100019aab0cdddd-18c07c78-fa81-4a58-9dd1-fedc00000001-000000",
        },
        "mail": classic_mail("one@example.org", "two@example.org", "three@example.org"),
    }


def classic_delivery() -> dict[str, Any]:
    return {
        "notificationType": "Delivery",
        "mail": classic_mail("one@example.org"),
        "delivery": {
            "timestamp": "2026-11-23T14:59:38.237Z",
            "recipients": ["one@example.org"],
            "processingTimeMillis": 546,
            "reportingMTA": "a8-70.smtp-out.amazonses.com",
            "smtpResponse": "250 ok:  Message 64111812 accepted",
            "remoteMtaIp": "192.0.2.20",
        },
    }


def envelope(document: dict[str, Any] | str) -> dict[str, Any]:
    """What SNS wraps a message in where raw delivery is off."""
    text = document if isinstance(document, str) else json.dumps(document)
    return {
        "Type": "Notification",
        "MessageId": "7fbca0d9-eeab-5285-ae27-f3f57f2e84b0",
        "TopicArn": "arn:aws:sns:eu-north-1:123456789012:kvitto-ses-events",
        "Message": text,
        "Timestamp": "2026-11-23T12:00:05.077Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE==",
        "SigningCertURL": "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-1.pem",
        "UnsubscribeURL": "https://sns.eu-north-1.amazonaws.com/?Action=Unsubscribe",
    }
