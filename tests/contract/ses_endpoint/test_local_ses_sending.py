# SPDX-License-Identifier: Apache-2.0
"""Through boto3's client: what is accepted is in the mailbox, what SES refuses is refused."""

import json
import urllib.parse
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError


def bulk(local: Any, entries: list[dict[str, Any]], **changed: Any) -> list[dict[str, Any]]:
    body = {
        "FromEmailAddress": "news@example.com",
        "ConfigurationSetName": "kvitto",
        "DefaultEmailTags": [{"Name": "c", "Value": "camp"}],
        "DefaultContent": {
            "Template": {
                "TemplateContent": {
                    "Subject": "Hej {{name}}",
                    "Text": "{{greeting}} {{name}}",
                    "Html": "<p>{{greeting}} {{name}}</p>",
                },
                "TemplateData": json.dumps({"greeting": "Hej", "name": "du"}),
                "Headers": [{"Name": "X-Campaign", "Value": "autumn"}],
            }
        },
        "BulkEmailEntries": entries,
    }
    return local.ses.send_bulk_email(**(body | changed))["BulkEmailEntryResults"]


def entry(number: int, **data: Any) -> dict[str, Any]:
    return {
        "Destination": {"ToAddresses": [f"visitor{number}@example.org"]},
        "ReplacementTags": [{"Name": "r", "Value": f"d{number}"}],
        "ReplacementHeaders": [
            {"Name": "List-Unsubscribe", "Value": f"<https://example.com/u/{number}>"}
        ],
        "ReplacementEmailContent": {
            "ReplacementTemplate": {"ReplacementTemplateData": json.dumps(data)}
        },
    }


def test_a_simple_mail_keeps_headers_text_html_and_tags(local, send) -> None:
    message_id = send("Visitor@example.org")
    (mail,) = local.mailbox("?" + urllib.parse.urlencode({"to": "visitor@EXAMPLE.org"}))
    assert set(mail) == {
        "id", "to", "from", "subject", "headers", "text", "html", "raw", "tags", "sent_at",
        "outcome",
    }  # fmt: skip
    assert mail["id"] == message_id
    assert mail["to"] == ["Visitor@example.org"]
    assert (mail["subject"], mail["text"].strip()) == ("Höstens brev", "Hej å")
    assert mail["html"].strip() == "<p>Hej å</p>"
    assert ["List-Unsubscribe", "<https://example.com/u>"] in mail["headers"]
    assert mail["tags"] == {"r": "AbC-_9"}


def test_the_mailbox_matches_addresses_exactly_and_lists_the_oldest_first(local, send) -> None:
    ids = [
        send("visitor@example.org"),
        send("another.visitor@example.org"),
        send("visitor@example.org"),
    ]
    assert [mail["id"] for mail in local.mailbox()] == ids
    assert [mail["id"] for mail in local.mailbox("?to=visitor@example.org")] == [ids[0], ids[2]]


def test_bulk_replaces_data_headers_and_tags_for_each_entry(local) -> None:
    results = bulk(local, [entry(1, greeting="Hej", name="Ada"), entry(2)])
    assert [result["Status"] for result in results] == ["SUCCESS", "SUCCESS"]
    first, second = local.mailbox()
    assert (first["subject"], first["text"].strip()) == ("Hej Ada", "Hej Ada")
    assert (second["subject"], second["html"].strip()) == ("Hej du", "<p>Hej du</p>")
    assert first["tags"] == {"c": "camp", "r": "d1"}
    assert ["List-Unsubscribe", "<https://example.com/u/1>"] in first["headers"]
    assert ["X-Campaign", "autumn"] in first["headers"]
    assert first["id"] == results[0]["MessageId"]


def test_an_inline_template_that_does_more_than_replace_is_refused_for_everybody(local) -> None:
    html = "{{#if name}}{{name}}{{/if}}"
    content = {"Template": {"TemplateContent": {"Subject": "Hej", "Html": html}}}
    with pytest.raises(ClientError, match="Template contains unsupported operations") as refused:
        bulk(local, [entry(1, name="Ada")], DefaultContent=content)
    assert refused.value.response["Error"]["Code"] == "BadRequestException"
    assert local.mailbox() == []


def test_entries_above_the_rate_are_throttled_by_themselves(local) -> None:
    local.control("PUT", "quota", max_send_rate=2)
    statuses = [result["Status"] for result in bulk(local, [entry(n) for n in range(4)])]
    assert statuses == ["SUCCESS", "SUCCESS", "ACCOUNT_THROTTLED", "ACCOUNT_THROTTLED"]
    assert len(local.mailbox()) == 2


def test_one_wrong_entry_spoils_only_itself(local) -> None:
    wrong = entry(1) | {"ReplacementTags": [{"Name": "r", "Value": "not allowed"}]}
    assert [r["Status"] for r in bulk(local, [wrong, entry(2)])] == ["INVALID_PARAMETER", "SUCCESS"]


def test_a_call_takes_at_most_fifty_destinations(local) -> None:
    with pytest.raises(ClientError, match="1 to 50"):
        bulk(local, [entry(n) for n in range(51)])


def test_the_rate_and_the_daily_quota_refuse_single_mails(local, send) -> None:
    local.control("PUT", "quota", max_send_rate=1)
    send("visitor@example.org")
    with pytest.raises(local.ses.exceptions.TooManyRequestsException, match="Maximum sending rate"):
        send("visitor@example.org")
    local.control("PUT", "quota", max_send_rate=100, max_24_hour_send=1, sent=1)
    with pytest.raises(local.ses.exceptions.TooManyRequestsException, match="Daily"):
        send("visitor@example.org")


def test_an_unverified_sender_and_an_unknown_configuration_set_are_refused(local, send) -> None:
    with pytest.raises(local.ses.exceptions.MessageRejected, match="not verified"):
        send("visitor@example.org", FromEmailAddress="news@elsewhere.invalid")
    with pytest.raises(local.ses.exceptions.NotFoundException, match="other"):
        send("visitor@example.org", ConfigurationSetName="other")
    with pytest.raises(local.ses.exceptions.NotFoundException):
        bulk(local, [entry(1)], ConfigurationSetName="other")
    assert local.mailbox() == []


def test_a_raw_mail_goes_out_as_written(local, send) -> None:
    raw = (
        b"From: news@example.com\r\nTo: visitor@example.org\r\nSubject: Raw\r\nX-Own: 1\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nHej \xc3\xa5\r\n"
    )
    send("visitor@example.org", Content={"Raw": {"Data": raw}})
    (mail,) = local.mailbox()
    assert (mail["subject"], mail["text"].strip()) == ("Raw", "Hej å")
    assert ["X-Own", "1"] in mail["headers"]


def test_the_account_shows_quota_and_what_was_sent(local, send) -> None:
    local.control("PUT", "quota", max_send_rate=14, sent=0)
    send("visitor@example.org")
    account = local.ses.get_account()
    assert account["SendQuota"]["MaxSendRate"] == 14
    assert account["SendQuota"]["SentLast24Hours"] == 1
    assert account["SendingEnabled"] is True
    local.control("PUT", "sending", enabled=False)
    with pytest.raises(local.ses.exceptions.SendingPausedException):
        send("visitor@example.org")


@pytest.mark.parametrize(
    ("kind", "accepted", "error"),
    [
        ("drop_after_accept", 1, HTTPClientError),
        ("drop_before_accept", 0, HTTPClientError),
        ("error_500", 0, ClientError),
        ("error_500_after_accept", 1, ClientError),
        ("error_429", 0, ClientError),
    ],
)
def test_planted_faults_hit_one_call_on_the_side_they_name(
    local, send, kind, accepted, error
) -> None:
    local.control("POST", "faults", kind=kind)
    with pytest.raises(error):
        send("visitor@example.org")
    assert len(local.mailbox()) == accepted
    send("visitor@example.org")
    assert len(local.mailbox()) == accepted + 1


def test_planted_entry_statuses_hit_a_bulk_call(local) -> None:
    local.control("POST", "faults", kind="entries", status="TRANSIENT_FAILURE")
    assert bulk(local, [entry(1)])[0]["Status"] == "TRANSIENT_FAILURE"
    assert bulk(local, [entry(1)])[0]["Status"] == "SUCCESS"


def test_identities_and_sets_can_be_made_read_listed_and_deleted(local, send) -> None:
    ses = local.ses
    ses.create_email_identity(EmailIdentity="brand.invalid")
    assert ses.get_email_identity(EmailIdentity="brand.invalid")["VerifiedForSendingStatus"]
    listed = ses.list_email_identities()["EmailIdentities"]
    assert "brand.invalid" in [identity["IdentityName"] for identity in listed]
    send("visitor@example.org", FromEmailAddress="x@sub.brand.invalid")
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_email_identity(EmailIdentity="brand.invalid")
    ses.delete_email_identity(EmailIdentity="brand.invalid")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_email_identity(EmailIdentity="brand.invalid")
    sets = ses.list_configuration_sets()["ConfigurationSets"]
    assert sets == ["kvitto", "kvitto-answers"]
    for name in sets:
        (destination,) = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)[
            "EventDestinations"
        ]
        assert {"DELIVERY_DELAY", "SUBSCRIPTION"} <= set(destination["MatchingEventTypes"])
        assert not {"OPEN", "CLICK"} & set(destination["MatchingEventTypes"])
