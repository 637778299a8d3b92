# SPDX-License-Identifier: Apache-2.0
"""Journey 3: bounces and complaints come back through SNS and SQS and stop further mail."""

from tests.support.local_run import until

SIMULATOR = "simulator.amazonses.com"


def assert_suppressed(stack, email, reason):
    until(lambda: stack.suppressions(email) == [reason], f"the suppression by {reason}")
    subscriber = stack.subscriber(email)
    assert subscriber is None or subscriber["suppressed"]


def assert_skipped(stack, email, subject):
    """The next campaign plans for them and leaves them out, and says why."""
    before = len(stack.mails(email))
    progress = stack.finished(stack.send_campaign(subject, "<p>News</p>"))
    assert progress["skipped"].get("suppressed", 0) >= 1
    assert len(stack.mails(email)) == before


def test_an_address_that_bounces_is_suppressed_and_gets_no_second_mail(stack):
    email = stack.address("bounce", SIMULATOR)
    stack.sign_up(email)
    assert_suppressed(stack, email, "bounce")
    mails = len(stack.mails(email))
    stack.sign_up(email)
    stack.finished(stack.send_campaign("After a bounce", "<p>News</p>"))
    assert len(stack.mails(email)) == mails == 1


def test_a_complaint_after_a_campaign_suppresses_and_no_campaign_reaches_them_again(installation):
    stack, email = installation, installation.address("complaint", SIMULATOR)
    # The simulator would complain about the confirmation mail already, and so end the request.
    stack.control("PUT", "events", copies=0)
    stack.subscribe(email)
    stack.control("PUT", "events", copies=1)
    assert stack.suppressions(email) == []

    stack.finished(stack.send_campaign("Unwanted", "<p>News</p>"))
    assert stack.wait_mail(email, "Unwanted")
    assert_suppressed(stack, email, "complaint")
    before = len(stack.mails(email))
    stack.finished(stack.send_campaign("After a complaint", "<p>News</p>"))
    assert len(stack.mails(email)) == before


def test_a_complaint_about_the_confirmation_mail_ends_the_request(stack):
    email = stack.address("complaint", SIMULATOR)
    stack.sign_up(email)
    link = stack.confirm_link(email)
    assert_suppressed(stack, email, "complaint")
    assert stack.post_form(link, {"answer": "confirm"}).status == 410
    stack.finished(stack.send_campaign("Never asked for", "<p>News</p>"))
    assert len(stack.mails(email)) == 1


def test_an_operators_suppression_stops_mail_and_repeating_it_changes_nothing(stack):
    email = stack.address()
    stack.subscribe(email)
    body = {"email": email, "reason": "manual"}
    added = [stack.api("POST", "/suppressions", body) for _ in range(2)]
    assert [answer.status for answer in added] == [201, 201]
    assert added[0].json == added[1].json
    assert_suppressed(stack, email, "manual")
    assert_skipped(stack, email, "Not for the suppressed")


def test_a_stranger_can_be_suppressed_and_is_then_never_mailed(stack):
    email = stack.address("stranger")
    answer = stack.api("POST", "/suppressions", {"email": email, "reason": "unsubscribed"})
    assert answer.status == 201, answer.text
    assert stack.suppressions(email) == ["unsubscribed"]
    assert "Check your mail" in stack.sign_up(email).text
    other = stack.address("other")
    stack.sign_up(other)
    assert stack.confirm_link(other), "the worker came past the earlier request"
    assert stack.mails(email) == []


def test_the_same_complaint_told_twice_changes_nothing_more(stack):
    email = stack.address("reader")
    stack.subscribe(email)
    stack.finished(stack.send_campaign("Told twice", "<p>News</p>"))
    mail = stack.wait_mail(email, "Told twice")
    event = {"message_id": mail["id"], "type": "Complaint"}
    stack.control("POST", "events", **event)
    assert_suppressed(stack, email, "complaint")
    items = stack.api("GET", f"/suppressions?email={email.replace('+', '%2B')}").json["items"]
    stack.control("POST", "events", **event)
    stack.settled()
    again = stack.api("GET", f"/suppressions?email={email.replace('+', '%2B')}").json["items"]
    assert again == items


def test_a_subscriber_whose_mailbox_is_gone_is_skipped_by_the_next_campaign(stack):
    email = stack.address("reader")
    stack.subscribe(email)
    stack.finished(stack.send_campaign("To a mailbox that goes", "<p>News</p>"))
    mail = stack.wait_mail(email, "To a mailbox that goes")
    stack.control("POST", "events", message_id=mail["id"], type="Bounce")
    assert_suppressed(stack, email, "bounce")
    assert_skipped(stack, email, "Not for a lost mailbox")
