# SPDX-License-Identifier: Apache-2.0
"""Events reach the product's queue through the wired topic, naming the true recipient."""

import json
import urllib.error
import urllib.request
from datetime import timedelta

import pytest


def test_a_delivered_mail_tells_send_then_delivery(local, send) -> None:
    message_id = send("visitor@example.org")
    sent, delivered = local.events(message_id, 2)
    assert (sent["eventType"], delivered["eventType"]) == ("Send", "Delivery")
    assert delivered["delivery"]["recipients"] == ["visitor@example.org"]
    assert sent["mail"]["tags"]["r"] == ["AbC-_9"]


@pytest.mark.parametrize(
    ("address", "kind", "member"),
    [
        ("bounce+a1@simulator.amazonses.com", "Bounce", ("bounce", "bouncedRecipients")),
        (
            "complaint+b2@simulator.amazonses.com",
            "Complaint",
            ("complaint", "complainedRecipients"),
        ),
    ],
)
def test_simulator_feedback_names_the_true_recipient_and_message(
    local, send, address, kind, member
) -> None:
    expected = 2 if kind == "Bounce" else 3
    record = local.events(send(address), expected)[-1]
    assert record["eventType"] == kind
    assert record[member[0]][member[1]][0]["emailAddress"] == address
    # The simulator never fills the suppression list.
    with pytest.raises(local.ses.exceptions.NotFoundException):
        local.ses.get_suppressed_destination(EmailAddress=address)


def test_a_suppressed_address_bounces_without_delivery(local, send) -> None:
    ses = local.ses
    ses.put_suppressed_destination(EmailAddress="gone@example.org", Reason="BOUNCE")
    found = ses.get_suppressed_destination(EmailAddress="GONE@example.org")["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == ("gone@example.org", "BOUNCE")
    events = local.events(send("gone@example.org"), 2)
    assert [event["eventType"] for event in events] == ["Send", "Bounce"]
    assert events[1]["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
    listed = ses.list_suppressed_destinations(Reasons=["BOUNCE"])["SuppressedDestinationSummaries"]
    assert "gone@example.org" in [item["EmailAddress"] for item in listed]
    ses.delete_suppressed_destination(EmailAddress="gone@example.org")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.delete_suppressed_destination(EmailAddress="gone@example.org")


def test_a_bounce_made_by_hand_suppresses_the_address(local, send) -> None:
    message_id = send("later@example.org")
    local.control("POST", "events", message_id=message_id, type="Bounce")
    assert [e["eventType"] for e in local.events(message_id, 3)] == ["Send", "Delivery", "Bounce"]
    assert local.ses.get_suppressed_destination(EmailAddress="later@example.org")
    local.ses.delete_suppressed_destination(EmailAddress="later@example.org")


def test_a_set_that_suppresses_for_nothing_delivers_to_who_is_listed_and_lists_nobody(
    local, send
) -> None:
    local.control("PUT", "suppression", address="back@example.org", reason="COMPLAINT")
    back = send("back@example.org", ConfigurationSetName="kvitto-answers")
    assert [event["eventType"] for event in local.events(back, 2)] == ["Send", "Delivery"]
    once = send("once@example.org", ConfigurationSetName="kvitto-answers")
    local.control("POST", "events", message_id=once, type="Bounce")
    assert len(local.events(once, 3)) == 3
    with pytest.raises(local.ses.exceptions.NotFoundException):
        local.ses.get_suppressed_destination(EmailAddress="once@example.org")
    local.control("PUT", "suppression", address="back@example.org")


def test_what_a_set_suppresses_for_is_told_and_changed(local) -> None:
    ses = local.ses

    def reasons(name: str) -> list[str]:
        found = ses.get_configuration_set(ConfigurationSetName=name)
        return found["SuppressionOptions"]["SuppressedReasons"]

    assert (reasons("kvitto"), reasons("kvitto-answers")) == (["BOUNCE", "COMPLAINT"], [])
    options = {"ConfigurationSetName": "kvitto-answers", "SuppressedReasons": ["BOUNCE"]}
    ses.put_configuration_set_suppression_options(**options)
    assert reasons("kvitto-answers") == ["BOUNCE"]
    ses.put_configuration_set_suppression_options(**options | {"SuppressedReasons": []})
    assert reasons("kvitto-answers") == []


def test_a_mail_that_the_list_kept_back_leaves_its_date_and_dates_choose_a_page(
    local, send
) -> None:
    at_ms = 1_700_000_000_000
    address = "long-ago@example.org"
    local.control("PUT", "suppression", address=address, reason="BOUNCE", last_update_ms=at_ms)
    assert (
        local.events(send(address), 2)[1]["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
    )
    day = timedelta(days=1)
    found = local.ses.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
    since = found["LastUpdateTime"]
    assert since.timestamp() * 1000 == at_ms
    for start, end, listed in (
        (since - day, since + day, True),
        (since + day, since + 2 * day, False),
    ):
        page = local.ses.list_suppressed_destinations(StartDate=start, EndDate=end)
        names = [item["EmailAddress"] for item in page["SuppressedDestinationSummaries"]]
        assert (address in names) is listed
    local.control("PUT", "suppression", address=address)


def test_somebody_can_leave_by_way_of_ses_own_contact_list(local, send) -> None:
    message_id = send("leaving@example.org")
    local.control("POST", "events", message_id=message_id, type="Subscription")
    left = local.events(message_id, 3)[2]
    assert left["eventType"] == "Subscription"
    assert left["subscription"]["newTopicPreferences"]["unsubscribeAll"]
    assert not left["subscription"]["oldTopicPreferences"]["unsubscribeAll"]
    assert left["subscription"]["timestamp"]


def test_data_that_lack_a_name_are_accepted_and_reported_as_a_rendering_failure(local) -> None:
    result = local.ses.send_bulk_email(
        FromEmailAddress="news@example.com",
        ConfigurationSetName="kvitto",
        DefaultContent={
            "Template": {
                "TemplateContent": {"Subject": "{{name}}", "Text": "t"},
                "TemplateData": "{}",
            }
        },
        BulkEmailEntries=[{"Destination": {"ToAddresses": ["visitor@example.org"]}}],
    )["BulkEmailEntryResults"][0]
    assert result["Status"] == "SUCCESS"
    (failure,) = local.events(result["MessageId"], 1)
    assert failure["eventType"] == "Rendering Failure"
    assert "name" in failure["failure"]["errorMessage"]
    assert local.mailbox() == []


def test_events_can_come_more_than_once(local, send) -> None:
    local.control("PUT", "events", copies=2)
    events = local.events(send("visitor@example.org"), 4)
    assert [event["eventType"] for event in events] == ["Send", "Send", "Delivery", "Delivery"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("PUT", "/local/ses/latency", {"Content-Type": "text/plain"}, 400),
        ("GET", "/local/ses/state", {"X-Local-Peer": "192.0.2.7"}, 403),
        ("POST", "/local/mailbox", {}, 405),
        ("GET", "/local/mailbox/nothing", {}, 404),
        ("GET", "/v2/email/contact-lists", {}, 404),
    ],
)
def test_controls_and_mailbox_refuse_what_is_not_theirs(
    local, method, path, headers, status
) -> None:
    request = urllib.request.Request(
        local.ses_url + path,
        method=method,
        headers=headers,
        data=b"{}" if method != "GET" else None,
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == status
    refused.value.close()


def test_pages_escape_mail_and_sandbox_its_html(local, send) -> None:
    hostile = "<script>alert(1)</script>"
    message_id = send(
        "visitor@example.org",
        Content={
            "Simple": {
                "Subject": {"Data": hostile},
                "Body": {"Html": {"Data": f"<html><head></head>{hostile}</html>"}},
            }
        },
    )
    for path in (
        "",
        f"/{message_id}",
        f"/{message_id}?view=source",
        "?q=visitor",
        "?q=%3Cscript%3E",
    ):
        with urllib.request.urlopen(f"{local.ses_url}/local/mailbox{path}") as page:
            text = page.read().decode()
        assert hostile not in text
        assert "http://" not in text.replace("http://127.0.0.1", "")
    with urllib.request.urlopen(f"{local.ses_url}/local/mailbox/{message_id}/html") as frame:
        policy = frame.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-popups")
        assert "default-src 'none'" in policy
        assert "allow-scripts" not in policy
        assert '<base target="_blank">' in frame.read().decode()
    with urllib.request.urlopen(f"{local.ses_url}/local/mailbox/{message_id}/json") as one:
        assert json.load(one)["text"] is None
