# SPDX-License-Identifier: Apache-2.0
"""A reader's own page in a browser: from an address to it, and what is changed on it."""

import pytest

from tests.support.browser import (
    DESK,
    PHONE,
    SMALL_PHONE,
    Keys,
    assert_accessible,
    assert_fits,
    is_given,
)
from tests.support.local_run import until
from tests.support.stack import link_in

HEADINGS = {
    "en": "Your choices and your data",
    "sv": "Dina val och dina uppgifter",
    "de": "Ihre Einstellungen und Ihre Daten",
    "fr": "Vos choix et vos données",
}
NEWS, MEASURED = "[id='f-newsletter.newsletter']", "[id='f-newsletter.measurement']"


def heading(page):
    return page.locator("h1").inner_text().replace("\n", " ")


def own_page(page, stack, address):
    """Follow the link of the newest mail that has one."""

    def look():
        mails = reversed(stack.mails(address))
        return next(filter(None, (link_in(mail["text"], "/preferences") for mail in mails)), None)

    page.goto(until(look, f"a link for {address}"))


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_an_address_alone_leads_to_one_s_own_page_in_one_s_language(visit, stack, hands, language):
    size = SMALL_PHONE if isinstance(hands, Keys) else DESK if language == "en" else PHONE
    page = visit(size, "dark" if isinstance(hands, Keys) else "light", script=True).page
    address = stack.address(f"owner-{language}")
    stack.subscribe(address)

    page.goto(f"/rights/demo?language={language}")
    assert_fits(page)
    assert_accessible(page)
    hands.type(page, page.locator("#f-email"), address)
    hands.press(page, page.locator("main form button"))
    assert page.get_by_text(address).is_visible()
    assert_fits(page)

    own_page(page, stack, address)
    assert page.locator("html").get_attribute("lang") == language
    assert heading(page) == HEADINGS[language]
    assert_fits(page)
    assert_accessible(page)
    assert page.locator(NEWS).is_checked()
    assert not page.locator(MEASURED).is_checked()

    hands.tick(page, page.locator(NEWS))
    hands.press(page, page.locator("main form button").first)
    assert_fits(page)
    assert_accessible(page)
    assert not is_given(stack, address)

    page.go_back()
    page.reload()
    hands.tick(page, page.locator(NEWS))
    hands.press(page, page.locator("main form button").first)
    assert is_given(stack, address)


def test_all_one_s_data_can_be_seen_and_taken_along(visit, stack, hands):
    page = visit(script=True).page
    address = stack.address("copier")
    stack.subscribe(address)
    page.goto("/rights/demo")
    hands.type(page, page.locator("#f-email"), address)
    hands.press(page, page.locator("main form button"))
    own_page(page, stack, address)
    hands.press(page, page.locator("#rights form button").first)
    assert heading(page) == "Your data"
    assert_fits(page)
    assert_accessible(page)
    with page.expect_download() as taken:
        hands.touch(page, page.get_by_role("link", name="to another service"))
    assert address in taken.value.path().read_text()
