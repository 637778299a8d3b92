# SPDX-License-Identifier: Apache-2.0
"""Event records have the shape SES documents and name the true recipient."""

import json

import pytest

from infra.local import ses_events
from infra.local.ses_message import Destination, Draft, Mail

ID = "0110018c3f0e9a21-5b6d8a4e-6f2b-4f0c-9d55-3a7c2f1e8b90-000000"


def mail() -> Mail:
    return Mail(
        message_id=ID,
        draft=Draft(
            sender='"Demo" <news@example.com>',
            destination=Destination(to=("visitor@example.org",)),
            subject="Hej då",
            text="Hej",
            headers=(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),),
        ),
        tags={"r": "abc"},
        configuration_set="kvitto",
        operation="SendBulkEmail",
        region="eu-north-1",
        accepted_ms=1_700_000_000_123,
    )


def record(fate: ses_events.Fate | None) -> dict:
    return json.loads(ses_events.record(mail(), fate, now_ms=1_700_000_001_000))


def test_send_carries_headers_recipient_and_tags() -> None:
    sent = record(None)
    assert sent["eventType"] == "Send"
    assert sent["send"] == {}
    about = sent["mail"]
    assert about["messageId"] == ID
    assert about["timestamp"] == "2023-11-14T22:13:20.123Z"
    assert about["destination"] == ["visitor@example.org"]
    assert about["commonHeaders"]["subject"] == "Hej då"
    assert {"name": "List-Unsubscribe-Post", "value": "List-Unsubscribe=One-Click"} in about[
        "headers"
    ]
    assert about["tags"]["r"] == ["abc"]
    assert about["tags"]["ses:configuration-set"] == ["kvitto"]


@pytest.mark.parametrize(
    ("fate", "member", "keys"),
    [
        (
            ses_events.bounce("visitor@example.org"),
            "bounce",
            {
                "bounceType",
                "bounceSubType",
                "bouncedRecipients",
                "timestamp",
                "feedbackId",
                "reportingMTA",
            },
        ),
        (
            ses_events.complaint("visitor@example.org"),
            "complaint",
            {
                "complainedRecipients",
                "complaintSubType",
                "complaintFeedbackType",
                "userAgent",
                "timestamp",
                "feedbackId",
                "arrivalDate",
            },
        ),
        (
            ses_events.delivery("visitor@example.org"),
            "delivery",
            {
                "timestamp",
                "processingTimeMillis",
                "recipients",
                "smtpResponse",
                "remoteMtaIp",
                "reportingMTA",
            },
        ),
        (ses_events.reject(), "reject", {"reason"}),
        (
            ses_events.delivery_delay("visitor@example.org"),
            "deliveryDelay",
            {"delayType", "delayedRecipients", "timestamp", "expirationTime"},
        ),
        (ses_events.rendering_failure("x", "t"), "failure", {"errorMessage", "templateName"}),
    ],
)
def test_each_event_has_the_documented_members(
    fate: ses_events.Fate, member: str, keys: set[str]
) -> None:
    told = record(fate)
    assert set(told) == {"eventType", "mail", member}
    assert set(told[member]) == keys
    assert ("headers" in told["mail"]) == (member not in ("deliveryDelay", "failure"))


@pytest.mark.parametrize(
    ("local", "kinds"),
    [
        ("success", ["Delivery"]),
        ("bounce", ["Bounce"]),
        ("bounce+label", ["Bounce"]),
        ("complaint", ["Delivery", "Complaint"]),
        ("ooto", ["Delivery", "Bounce"]),
        ("suppressionlist", ["Bounce"]),
    ],
)
def test_simulator_addresses_meet_their_documented_fate(local: str, kinds: list[str]) -> None:
    fates = list(ses_events.fates(f"{local}@simulator.amazonses.com", None))
    assert [fate.type for fate in fates] == kinds
    assert all(fate.recipient == f"{local}@simulator.amazonses.com" for fate in fates)


def test_an_out_of_office_reply_has_no_delivery_report() -> None:
    address = "ooto@simulator.amazonses.com"
    *_, bounced = ses_events.fates(address, None)
    assert bounced.details["bounceType"] == "Transient"
    assert bounced.details["bouncedRecipients"] == [{"emailAddress": address}]


def test_a_suppressed_address_is_not_delivered_to() -> None:
    (bounced,) = ses_events.fates("visitor@example.org", "BOUNCE")
    assert bounced.details["bounceSubType"] == "OnAccountSuppressionList"
    (complained,) = ses_events.fates("visitor@example.org", "COMPLAINT")
    assert complained.details["complaintSubType"] == "OnAccountSuppressionList"
