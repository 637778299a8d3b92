# SPDX-License-Identifier: Apache-2.0
"""Journey 4: one POST ends it, from a mail provider's machine or a person's hand (RFC 8058)."""

import pytest

from tests.support.stack import FORM, multipart

FIELDS = {"List-Unsubscribe": "One-Click"}
ONE_CLICK = "List-Unsubscribe=One-Click"


def one_click_link(stack, email, subject):
    """What a mail provider finds in the headers of a campaign mail."""
    stack.finished(stack.send_campaign(subject, "<p>News</p>"))
    headers = dict(stack.wait_mail(email, subject)["headers"])
    assert headers["List-Unsubscribe-Post"] == ONE_CLICK
    link = headers["List-Unsubscribe"].partition(",")[0].strip("<>")
    assert link.startswith(stack.base_url)
    return link


def status_of(stack, email):
    ((entry,),) = [stack.subscriber(email)["lists"]]
    return entry["status"]


def assert_gets_no_more(stack, email):
    before = len(stack.mails(email))
    stack.finished(stack.send_campaign("After the end", "<p>News</p>"))
    assert len(stack.mails(email)) == before


def bodies():
    body, kind = multipart(FIELDS)
    return {"form-encoded": (ONE_CLICK.encode(), FORM), "multipart": (body, kind)}


@pytest.mark.parametrize("encoding", bodies())
def test_a_providers_post_ends_it_at_once_and_repeats_answer_the_same(installation, encoding):
    stack, email = installation, installation.address("reader")
    stack.subscribe(email)
    link = one_click_link(stack, email, f"Before {encoding}")
    body, kind = bodies()[encoding]
    sent = {"Content-Type": kind, "User-Agent": "a mail provider", "Accept": "text/plain"}
    first = stack.ask("POST", link, body, sent)
    assert first.status == 200
    assert first.headers["Set-Cookie"] is None
    assert status_of(stack, email) == "withdrawn"
    for _ in range(2):
        again = stack.ask("POST", link, body, {"Content-Type": kind})
        assert (again.status, again.body) == (200, first.body)
    assert_gets_no_more(stack, email)


def test_looking_at_the_link_ends_nothing_and_the_button_does(stack):
    email = stack.address("reader")
    stack.subscribe(email)
    link = one_click_link(stack, email, "To look at")
    before = stack.settled()
    page = stack.get(link)
    assert page.status == 200
    assert "<form" in page.text
    assert email not in page.text, "a forwarded mail must not tell whose it was"
    assert stack.ask("HEAD", link).status == 200
    assert stack.get(link + "?List-Unsubscribe=One-Click").status == 200
    assert stack.settled() == before
    assert stack.post_form(link, {**FIELDS, "language": "en"}).status == 200
    assert status_of(stack, email) == "withdrawn"


def test_a_post_with_no_body_or_a_strange_one_still_counts(stack):
    strange = [
        (b"", {}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"\xff\xfe", {"Content-Type": FORM}),
    ]
    for body, headers in strange:
        email = stack.address("reader")
        stack.subscribe(email)
        link = one_click_link(stack, email, f"Strange {len(body)}")
        assert stack.ask("POST", link, body, headers).status == 200
        assert status_of(stack, email) == "withdrawn"


def test_who_left_comes_back_only_by_signing_up_and_confirming_again(stack):
    email = stack.address("reader")
    stack.sign_up(email)
    confirmation = stack.confirm_link(email)
    assert stack.post_form(confirmation, {"answer": "confirm"}).status == 200
    link = one_click_link(stack, email, "Leaving")
    assert stack.post_form(link, FIELDS).status == 200
    stack.post_form(confirmation, {"answer": "confirm"})
    assert status_of(stack, email) == "withdrawn"


def test_a_forged_link_is_not_found_and_changes_nothing(stack):
    email = stack.address("reader")
    stack.subscribe(email)
    link = one_click_link(stack, email, "To forge")
    forged = link[:-4] + ("AAAA" if not link.endswith("AAAA") else "BBBB")
    assert stack.get(forged).status == 404
    assert stack.post_form(forged, FIELDS).status == 404
    assert status_of(stack, email) == "given"
