# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF001  (French apostrophes are meant)
"""A visitor with a browser and no JavaScript: sign-up, confirmation, refusal, unsubscribe."""

import re
from contextlib import closing

import pytest

from tests.support.browser import (
    DESK,
    PHONE,
    SMALL_PHONE,
    Keys,
    assert_fits,
    assert_focused,
    enter,
    is_given,
    press,
)

NAMES = {"en": "English", "sv": "Svenska", "de": "Deutsch", "fr": "Français"}
WORDS = {
    "en": ("Sign up", "Check your mail", "Yes, confirm", "Thank you, you are signed up"),
    "sv": ("Anmäl mig", "Titta i din e-post", "Ja, bekräfta", "Tack, du är anmäld"),
    "de": ("Anmelden", "Sehen Sie in Ihr Postfach", "Ja, bestätigen", "Danke, Sie sind angemeldet"),
    "fr": (
        "S’inscrire",
        "Consultez votre messagerie",
        "Oui, confirmer",
        "Merci, votre inscription est confirmée",
    ),
}


def open_mail(page, stack, hands, address, link):
    """Find a mail by its address in the mailbox, press a link in it, return the page it opens."""
    stack.wait_mail(address, "")
    page.goto("/local/mailbox")
    hands.type(page, page.get_by_role("searchbox"), address)
    enter(page)
    hands.press(page, page.locator(".list a").first)
    in_mail = page.frame_locator("iframe").locator(link).first
    with page.expect_popup() as opened:
        hands.touch(page, in_mail)
    return opened.value


def signed_up(page, hands, language, address):
    """Fill the form in a language and return at the page that says to look for the mail."""
    page.goto("/forms/demo")
    if language != "en":
        hands.press(page, page.get_by_role("link", name=NAMES[language]))
    hands.type(page, page.locator("#f-email"), address)
    hands.tick(page, page.locator("#f-newsletter"))
    hands.press(page, page.get_by_role("button", name=WORDS[language][0]))
    assert page.locator("h1").inner_text().replace("\n", " ") == WORDS[language][1]
    assert page.get_by_text(address).is_visible()


def changes(stack, address):
    """What the ledger holds about a person: the number of entries of their chain."""
    sid = stack.subscriber(address)["id"]
    with closing(stack.client("dynamodb")) as dynamo:
        return dynamo.query(
            TableName="kvitto-ledger",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :entry)",
            ExpressionAttributeValues={":pk": {"S": f"S#{sid}"}, ":entry": {"S": "E#"}},
        )["Count"]


def once(stack):
    """How many entries a sign-up that was confirmed once has."""
    address = stack.address("calm")
    stack.subscribe(address)
    return changes(stack, address)


@pytest.mark.parametrize("language", sorted(NAMES))
def test_a_visitor_signs_up_and_confirms_in_their_language(visit, stack, hands, language):
    keys = isinstance(hands, Keys)
    size = SMALL_PHONE if keys else DESK if language in ("en", "de") else PHONE
    page = visit(size, "dark" if keys else "light").page
    address = stack.address(f"visitor-{language}")

    signed_up(page, hands, language, address)
    assert_fits(page)
    opened = open_mail(page, stack, hands, address, "a.button")
    assert opened.locator("html").get_attribute("lang") == language
    assert not is_given(stack, address)
    hands.press(opened, opened.get_by_role("button", name=WORDS[language][2]))

    assert opened.locator("h1").inner_text().replace("\n", " ") == WORDS[language][3]
    assert_fits(opened)
    assert is_given(stack, address)


def test_somebody_who_did_not_ask_refuses_and_the_link_is_spent(visit, stack, hands):
    page = visit().page
    address = stack.address("stranger")
    stack.sign_up(address)

    opened = open_mail(page, stack, hands, address, "p a:not(.button) >> nth=1")
    assert opened.locator("h1").inner_text() == "Refuse this sign-up?"
    hands.press(opened, opened.get_by_role("button", name="Yes, refuse"))

    assert opened.locator("h1").inner_text() == "Refused, and it ends here"
    opened.goto(stack.confirm_link(address))
    assert opened.locator("form").count() == 0
    assert not is_given(stack, address)


def test_a_double_click_on_confirm_is_one_consent(visit, stack):
    page = visit(DESK).page
    address = stack.address("hasty")
    stack.sign_up(address)

    page.goto(stack.confirm_link(address))
    page.get_by_role("button", name="Yes, confirm").dblclick(no_wait_after=True)
    page.locator("h1", has_text=re.compile("signed up|already confirmed")).wait_for()

    assert is_given(stack, address)
    assert changes(stack, address) == once(stack)


def test_going_back_after_confirming_says_kindly_that_it_is_done(visit, stack, hands):
    page = visit().page
    address = stack.address("back")
    signed_up(page, hands, "en", address)
    page.go_back()
    assert page.locator("#f-email").is_editable()

    page.goto(stack.confirm_link(address))
    hands.press(page, page.get_by_role("button", name="Yes, confirm"))
    page.go_back()
    assert page.locator("h1").inner_text() == "This is already confirmed"
    assert changes(stack, address) == once(stack)


def test_errors_are_announced_focused_and_keep_what_was_typed(visit, stack, hands):
    page = visit(SMALL_PHONE).page
    address = stack.address("typo")
    page.goto("/forms/demo")
    hands.type(page, page.locator("#f-email"), "visitor@example")
    hands.type(page, page.locator("#f-first_name"), "Åsa <b>")
    hands.tick(page, page.locator("#f-newsletter"))
    hands.tick(page, page.locator("#f-measurement"))
    hands.press(page, page.get_by_role("button", name="Sign up"))

    alert = page.get_by_role("alert")
    assert_focused(alert)
    assert page.title().startswith("Please check:")
    assert "Nothing of this has been stored or sent yet." in alert.inner_text()
    email = page.locator("#f-email")
    assert email.get_attribute("aria-invalid") == "true"
    described = page.locator(f"#{email.get_attribute('aria-describedby')}")
    assert described.inner_text().startswith("This does not look like an e-mail address.")
    assert page.locator("#f-first_name").input_value() == "Åsa <b>"
    assert page.locator("#f-newsletter").is_checked()
    assert page.locator("#f-measurement").is_checked()
    assert_fits(page)

    hands.press(page, alert.get_by_role("link", name="E-mail address"))
    assert_focused(email)
    page.keyboard.press("Control+A")
    page.keyboard.type(address)
    enter(page)
    assert page.locator("h1").inner_text() == "Check your mail"
    stack.confirm_link(address)


def test_a_missing_consent_is_asked_for_beside_its_box(visit):
    page = visit().open("/forms/demo")
    page.locator("#f-email").fill("visitor@example.org")
    page.locator("form").evaluate("form => form.noValidate = true")
    press(page, page.get_by_role("button", name="Sign up"))

    box = page.locator("#f-newsletter")
    assert not box.is_checked()
    assert box.get_attribute("aria-invalid") == "true"
    beside = page.locator(f"#{box.get_attribute('aria-describedby')}").inner_text()
    assert beside.startswith("Without this consent")
    assert page.locator("#f-email").input_value() == "visitor@example.org"


def test_an_unsubscribe_takes_one_press_and_opening_the_page_none(visit, stack, hands):
    page = visit(SMALL_PHONE, "dark").page
    address = stack.address("leaving")
    stack.subscribe(address)
    stack.finished(stack.send_campaign("Goodbye 👋 åäö", "<html><body><p>News</p></body></html>"))

    opened = open_mail(page, stack, hands, address, "a[href*='/unsubscribe/']")
    opened.reload()
    assert is_given(stack, address)
    assert_fits(opened)
    hands.press(opened, opened.get_by_role("button", name="Unsubscribe"))

    assert opened.locator("h1").inner_text() == "You are unsubscribed"
    assert not is_given(stack, address)
    opened.reload()
    assert opened.locator("h1").inner_text() == "You are unsubscribed"


@pytest.mark.parametrize("path", ["/nowhere", "/forms/none", "/confirm/none", "/unsubscribe/none"])
def test_a_broken_link_leads_to_a_page_in_words(visit, path):
    page = visit().page
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 404
    if answer.headers["content-type"].startswith("text/html"):
        assert page.locator("h1").is_visible()
    assert "thing" in page.locator("body").inner_text()
