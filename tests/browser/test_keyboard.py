# SPDX-License-Identifier: Apache-2.0
"""A subscriber's whole life with keys alone, on a small phone in the dark: no mouse needed."""

from tests.support.browser import HANDS, SMALL_PHONE, assert_fits, assert_focused, is_given
from tests.support.stack import link_in

KEYS = HANDS["keys"]


def heading(page):
    return page.locator("h1").inner_text().replace("\n", " ")


def button(page, name):
    """Press a button by its name, and stay on a page that fits."""
    KEYS.press(page, page.get_by_role("button", name=name, exact=True))
    assert_fits(page)


def test_sign_up_confirm_choose_and_leave_with_keys_alone(visit, stack):
    page, address = visit(SMALL_PHONE, "dark", script=True).page, stack.address("keys")

    page.goto("/forms/demo")
    KEYS.type(page, page.locator("#f-email"), address)
    KEYS.type(page, page.locator("#f-first_name"), "Ada")
    KEYS.tick(page, page.locator("#f-newsletter"))
    button(page, "Sign up")
    assert heading(page) == "Check your mail"

    page.goto(stack.confirm_link(address))
    button(page, "Yes, confirm")
    assert heading(page) == "Thank you, you are signed up"
    assert is_given(stack, address)

    campaign = stack.send_campaign("With keys", "<html><body><p>News</p></body></html>")
    stack.finished(campaign)
    footer = stack.wait_mail(address, "With keys")["text"]
    page.goto(link_in(footer, "/preferences"))
    button(page, "Mail me a link")
    fresh = link_in(stack.wait_mail(address, "Your link")["text"], "/preferences")

    page.goto(fresh)
    KEYS.tick(page, page.locator("[id='f-newsletter.measurement']"))
    often = page.locator("#f-per_week")
    KEYS.type(page, often, "2")
    assert often.input_value() == "2"
    KEYS.type(page, page.locator("#f-pause"), "01012020")
    page.locator("form").first.evaluate("form => form.noValidate = true")
    button(page, "Save")
    alert = page.get_by_role("alert")
    assert_focused(alert)
    pause = page.locator("#f-pause")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert_focused(pause)
    pause.fill("")
    button(page, "Save")
    assert heading(page) == "Saved"
    assert page.get_by_text("At most 2 mails a week.").is_visible()

    KEYS.press(page, page.get_by_role("link", name="Back to your choices"))
    button(page, "Show me all my data")
    assert heading(page) == "Your data"

    page.goto(link_in(footer, "/unsubscribe"))
    button(page, "Unsubscribe")
    assert heading(page) == "You are unsubscribed"
    assert not is_given(stack, address)
    KEYS.tick(page, page.locator("#r-too-many"))
    button(page, "Send this answer")
    assert heading(page) == "Thank you for your answer"
