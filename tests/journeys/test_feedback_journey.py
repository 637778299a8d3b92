# SPDX-License-Identifier: Apache-2.0
"""Journey 3: bounces and complaints come back through SNS and SQS and stop further mail."""

from chalicelib.adapters.system import SystemClock
from chalicelib.domain.durations import DAY_MS
from chalicelib.entrypoints.api.frame import rfc3339
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


def kept_by_ses(stack, email):
    """Why SES itself sends nothing to an address, or None."""
    found = stack.control("GET", "state")["suppressed"]
    return found.get(email)


def assert_arrives(stack, email, subject):
    stack.finished(stack.send_campaign(subject, "<p>News</p>"))
    assert stack.wait_mail(email, subject)
    until(lambda: stack.wait_mail(email, subject)["outcome"] == "Delivery", f"{subject} arriving")


def test_who_complained_comes_back_by_their_own_confirmation_and_mail_arrives(installation):
    """Amazon SES, too, remembers who complained, and would send them nothing, not even the link."""
    stack, email = installation, installation.address("returns")
    attested = {
        "basis": "attested",
        "email": email,
        "form": "demo",
        "boxes": {"newsletter": True},
        "at": rfc3339(SystemClock().now_ms()),
        "visitor": {"ip": "192.0.2.7"},
    }
    assert stack.api("POST", "/subscribers", attested).status == 201
    stack.finished(stack.send_campaign("Too much", "<p>News</p>"))
    mail = stack.wait_mail(email, "Too much")
    stack.control("POST", "events", message_id=mail["id"], type="Complaint")
    assert_suppressed(stack, email, "complaint")
    assert kept_by_ses(stack, email) == "COMPLAINT"

    stack.subscribe(email)
    until(lambda: stack.mails(email)[-1]["outcome"] == "Delivery", "the link arriving")
    until(lambda: kept_by_ses(stack, email) is None, "SES letting them go")
    assert stack.suppressions(email) == []
    assert_arrives(stack, email, "Welcome back")


def test_what_ses_remembers_of_somebody_who_confirmed_since_is_no_new_complaint(stack):
    email = stack.address("remembered")
    stack.subscribe(email)
    long_ago_ms = 1_700_000_000_000
    listed = {"address": email, "reason": "COMPLAINT", "last_update_ms": long_ago_ms}
    stack.control("PUT", "suppression", **listed)
    stack.finished(stack.send_campaign("Held back", "<p>News</p>"))
    until(lambda: kept_by_ses(stack, email) is None, "SES letting them go")
    assert stack.suppressions(email) == []
    assert not stack.subscriber(email)["suppressed"]
    assert_arrives(stack, email, "Not held back")


def test_ses_own_list_is_taken_over_when_it_is_asked_for(stack):
    email, pushed = stack.address("listed"), stack.address("pushed")
    three_days_ago_ms = SystemClock().now_ms() - 3 * DAY_MS
    listed = {"address": email, "reason": "BOUNCE", "last_update_ms": three_days_ago_ms}
    stack.control("PUT", "suppression", **listed)
    assert stack.api("POST", "/suppressions/sync").json == {"status": "queued"}
    until(lambda: stack.suppressions(email) == ["bounce"], "SES's list being compared", 60)
    shown = until(
        lambda: (found := stack.api("GET", "/suppressions/sync").json)["synced_until"] and found,
        "the comparison being shown",
    )
    assert shown["seen"] >= shown["added"] >= 1
    assert kept_by_ses(stack, email) == "BOUNCE"
    body = {"email": pushed, "reason": "complaint"}
    assert stack.api("POST", "/suppressions", body).json["pushed"]
    assert kept_by_ses(stack, pushed) == "COMPLAINT"
