# SPDX-License-Identifier: Apache-2.0
"""Journey 2: a campaign to a list, from the API through the queues into mailboxes."""

import re
from email import message_from_string
from email.header import decode_header, make_header
from email.policy import default

SUBJECT = "Räksmörgås på lördag: 🦐 & naïve déjà-vu"
HTML = (
    "<!doctype html><html><body><h1>Hej {{ first_name | default('du') }}</h1>"
    "<p>Å, ä och ö. 🧾 €</p><p><a href='https://example.com/a?b=1&amp;c=2'>läs</a></p></body></html>"
)


def people(stack):
    """Every subscriber, page by page, as the API shows them."""
    items, cursor = [], ""
    while True:
        page = stack.api("GET", f"/subscribers?limit=100{cursor}").json
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def assert_headers_are_exact(stack, mail):
    parsed = message_from_string(mail["raw"], policy=default)
    link, address = parsed["List-Unsubscribe"].split(", ")
    assert re.fullmatch(rf"<{re.escape(stack.base_url)}/unsubscribe/[A-Za-z0-9_-]+>", link)
    assert re.fullmatch(r"<mailto:[a-z2-7]{1,64}@inbound\.example\.org>", address)
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    name, _, identifier = parsed["List-Id"].rpartition("<")
    assert identifier == "newsletter.demo.127.0.0.1>", name
    assert len(parsed.get_all("List-Unsubscribe")) == len(parsed.get_all("List-Id")) == 1
    assert str(make_header(decode_header(parsed["Subject"]))) == SUBJECT
    assert all(len(line) <= 998 for line in mail["raw"].splitlines())
    assert mail["raw"].isascii()


def assert_text_survives(mail):
    parsed = message_from_string(mail["raw"], policy=default)
    html = parsed.get_body(("html",)).get_content()
    text = parsed.get_body(("plain",)).get_content()
    for part in (html, text):
        assert "Å, ä och ö. 🧾 €" in part
        assert "/unsubscribe/" in part
    (counted,) = re.findall(r"/c/([A-Za-z0-9_-]+)", html)
    assert len(counted) == 90
    assert f"/c/{counted}" in text
    assert mail["subject"] == SUBJECT


def assert_adds_up(progress):
    parts = progress["sent"] + progress["rejected"] + progress["unknown"]
    assert progress["planned"] == parts + sum(progress["skipped"].values())


def test_a_campaign_reaches_everybody_on_the_list_with_exact_headers(installation):
    stack = installation
    readers = [stack.address("reader") for _ in range(3)]
    for email in readers:
        stack.subscribe(email)
    waiting = stack.address("waiting")
    stack.sign_up(waiting)
    stack.confirm_link(waiting)

    progress = stack.finished(stack.send_campaign(SUBJECT, HTML))

    given = [
        one for one in people(stack) if {"id": "newsletter", "status": "given"} in one["lists"]
    ]
    assert progress["planned"] == len(given)
    assert_adds_up(progress)
    assert progress["skipped"].get("suppressed", 0) == sum(one["suppressed"] for one in given)
    assert progress["rate"] > 0
    for email in readers:
        mail = stack.wait_mail(email, SUBJECT)
        assert_headers_are_exact(stack, mail)
        assert_text_survives(mail)
        assert mail["tags"]["c"] == progress["id"]
        assert len([one for one in stack.mails(email) if one["subject"] == SUBJECT]) == 1
    assert SUBJECT not in [mail["subject"] for mail in stack.mails(waiting)]


def test_a_first_name_of_any_script_is_escaped_and_the_text_part_is_the_authors(stack):
    email = stack.address()
    stack.subscribe(email, first_name="Łukasz <b>& 李")
    html = "<p>Hej {{ first_name }}</p>"
    made = stack.api(
        "POST",
        "/campaigns",
        {
            "name": "Names",
            "list": "newsletter",
            "purpose": "newsletter",
            "subject": "Names",
            "html": html,
            "text": "Hej {{ first_name }}, i text",
        },
    )
    assert made.status == 201, made.text
    stack.test_campaign(made.json["id"])
    assert stack.api("POST", f"/campaigns/{made.json['id']}/send").status == 202
    mail = stack.wait_mail(email, "Names")
    assert "Łukasz &lt;b&gt;&amp; 李" in mail["html"]
    assert "Hej Łukasz <b>& 李, i text" in mail["text"]


def test_a_test_mail_goes_to_one_address_and_mails_nobody_else(stack):
    made = stack.api(
        "POST",
        "/campaigns",
        {
            "name": "Draft",
            "list": "newsletter",
            "purpose": "newsletter",
            "subject": "A draft",
            "html": "<p>Draft</p>",
        },
    ).json
    author = stack.address("author", "example.com")
    answer = stack.api("POST", f"/campaigns/{made['id']}/test", {"to": author})
    assert answer.status == 202, answer.text
    assert "A draft" in stack.wait_mail(author, "A draft")["subject"]
    seen = stack.api("GET", f"/campaigns/{made['id']}").json
    assert (seen["status"], seen["planned"], seen["sent"]) == ("tested", 0, 0)


def test_the_console_shows_the_campaign_and_its_numbers_behind_the_key(stack):
    campaign = stack.finished(stack.send_campaign("On the console", "<p>Numbers</p>"))
    refused = stack.get(f"/console/campaigns/{campaign['id']}")
    assert refused.status in (303, 401)
    login = stack.post_form("/console/login", {"key": stack.api_key})
    assert login.status == 303
    cookie = login.headers["Set-Cookie"].split(";")[0]
    page = stack.get(f"/console/campaigns/{campaign['id']}", Cookie=cookie)
    assert page.status == 200
    assert str(campaign["sent"]) in page.text


def test_the_same_idempotency_key_makes_one_campaign(stack):
    body = {
        "name": "Once",
        "list": "newsletter",
        "purpose": "newsletter",
        "subject": "Once",
        "html": "<p>Once</p>",
    }
    token = f"only-once {stack.address()}"
    answers = [
        stack.api("POST", "/campaigns", body, **{"Idempotency-Key": token}) for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
