# SPDX-License-Identifier: Apache-2.0
"""Journey 1: from the form through the mail and one deliberate click to a subscriber."""

import re

from tests.support.local_run import until


def assert_nothing_changed(stack, act):
    before, objects = stack.settled(), stack.kept_objects()
    act()
    assert stack.settled() == before
    assert stack.kept_objects() == objects


def assert_status(stack, email, status):
    subscriber = stack.subscriber(email)
    assert subscriber is not None
    assert subscriber["lists"] == [{"id": "newsletter", "status": status}]


def assert_neutral_confirmation_mail(mail, email, typed):
    assert mail["to"] == [email]
    assert mail["from"] == "Kvitto Demo <newsletter@example.org>"
    assert not {"List-Unsubscribe", "List-Id"} & {name for name, _ in mail["headers"]}
    for body in (mail["text"], mail["html"]):
        assert "/confirm/" in body
        assert not [word for word in typed if word in body], "a mail repeats what a stranger typed"
    assert "<img" not in mail["html"], "a mail loads nothing from anywhere"


def test_a_visitor_becomes_a_subscriber_by_confirming_and_only_then(installation):
    stack, email = installation, installation.address()
    form = stack.get("/forms/demo")
    assert (form.status, form.type) == (200, "text/html")
    assert 'action="/forms/demo"' in form.text
    assert form.headers["Set-Cookie"] is None

    answer = stack.sign_up(email, first_name="Åsa-Märta")
    assert "Check your mail" in answer.text
    assert email in answer.text
    link = stack.confirm_link(email)
    (mail,) = stack.mails(email)
    assert_neutral_confirmation_mail(mail, email, ["Åsa-Märta"])
    assert_status(stack, email, "requested")

    def look_at_the_link():
        shown = stack.get(link)
        assert shown.status == 200
        assert 'value="confirm"' in shown.text
        assert stack.ask("HEAD", link).body == b""
        assert stack.get(link + "?act=refuse").status == 200

    assert_nothing_changed(stack, look_at_the_link)
    assert_status(stack, email, "requested")

    size = stack.log_size()
    done = stack.post_form(link, {"answer": "confirm"})
    assert done.status == 200
    assert_status(stack, email, "given")
    assert stack.subscriber(email)["attributes"] == {"first_name": "Åsa-Märta"}
    until(lambda: stack.log_size() > size, "the ledger's growth")
    again = stack.post_form(link, {"answer": "confirm"})
    assert again.status == 200
    assert_status(stack, email, "given")


def test_the_form_takes_json_and_multipart_as_well(stack):
    from tests.support.stack import multipart

    by_json, by_multipart = stack.address(), stack.address()
    answer = stack.ask(
        "POST",
        "/forms/demo",
        f'{{"email": "{by_json}", "newsletter": true}}',
        {"Content-Type": "application/json"},
    )
    assert (answer.status, answer.json["status"]) == (202, "accepted")
    body, kind = multipart({"email": by_multipart, "newsletter": "yes"})
    assert stack.ask("POST", "/forms/demo", body, {"Content-Type": kind}).status == 200
    for email in (by_json, by_multipart):
        assert stack.confirm_link(email)


def test_who_refuses_is_not_subscribed_and_the_link_cannot_be_used_after(stack):
    email = stack.address()
    stack.sign_up(email)
    link = stack.confirm_link(email)
    assert stack.post_form(link, {"answer": "refuse"}).status == 200
    assert_status(stack, email, "refused")
    stack.post_form(link, {"answer": "confirm"})
    assert_status(stack, email, "refused")


def test_the_mail_and_the_pages_speak_the_visitors_language(stack):
    for language, word in (("sv", "Bekräfta"), ("de", "Anmeldung"), ("fr", "inscription")):
        email = stack.address(language)
        stack.sign_up(email, language=language)
        link = stack.confirm_link(email)
        mail = stack.mails(email)[0]
        page = stack.get(link).text
        assert f'<html lang="{language}"' in page
        assert re.search(word, mail["subject"] + page, re.IGNORECASE)


def test_a_subscriber_who_signs_up_again_is_told_so_and_stays_one(stack):
    email = stack.address()
    stack.subscribe(email)
    stack.sign_up(email)
    assert_status(stack, email, "given")
