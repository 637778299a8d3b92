# SPDX-License-Identifier: Apache-2.0
"""A person's own receipt: it checks itself in the browser, and says so when it does not hold."""

import re

import pytest

from tests.browser.test_accessibility import check
from tests.support.browser import DESK, PHONE, press
from tests.support.local_run import until

LOOK = "See your receipt and let it check itself"
PASS = "Every check holds."
CHECKS = 5


def ready(page):
    """Look again until the log holds it; return at the complete receipt."""
    until(lambda: _complete(page), "the receipt to be complete")
    page.locator("#checked").wait_for()
    return page


def _complete(page):
    if page.locator("#evidence").count():
        return True
    page.reload()
    return False


def confirmed(stack, page, hands=None):
    """Sign up, confirm, and go to the receipt; return the address."""
    address = stack.address("receipt")
    stack.sign_up(address)
    page.goto(stack.confirm_link(address))
    for target in (page.get_by_role("button", name="Yes, confirm"), page.get_by_text(LOOK)):
        if hands:
            hands.press(page, target)
        else:
            press(page, target)
    return address


def outcomes(page):
    return page.locator("#checks li").evaluate_all("items => items.map(item => item.className)")


def test_a_subscriber_sees_their_receipt_check_itself(visit, stack, hands):
    page = visit(PHONE, script=True).page
    address = confirmed(stack, page, hands)
    ready(page)
    assert page.locator("h1").inner_text() == "Your receipt"
    assert page.get_by_text(address, exact=True).is_visible()
    assert outcomes(page) == ["pass"] * CHECKS
    assert page.locator("#verdict").inner_text() == PASS


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_receipt_is_accessible_and_fits(visit, stack, scheme):
    page = visit(PHONE, scheme, script=True).page
    confirmed(stack, page)
    check(page)
    check(ready(page))


def test_without_a_script_nothing_claims_to_be_checked_and_the_files_are_there(visit, stack):
    page = visit(PHONE).page
    confirmed(stack, page)
    until(lambda: _complete(page), "the receipt to be complete")
    assert not page.locator("#checked").is_visible()
    assert page.locator("noscript p").is_visible()
    with page.expect_download() as given:
        page.get_by_role("link", name="act.tlog-proof").click()
    assert given.value.suggested_filename == "act.tlog-proof"


TAMPERED = {
    "log": (r'(\\"via\\":\\")page', r"\1rese"),
    "signature": (r"(\\u2014 \S+ \S{20})(.)", lambda m: m[1] + ("A" if m[2] != "A" else "B")),
    "shown": (r'(data-member="email">)[^<]+', r"\1other@example.org"),
    "notice": (r'("notice": ")(.)', lambda m: m[1] + ("A" if m[2] != "A" else "B")),
    "together": (r'(\\"id\\":\\")(.)', lambda m: m[1] + ("A" if m[2] != "A" else "B")),
}
"""Check -> what of the page is altered so that this check must fail."""


@pytest.mark.parametrize("named", sorted(TAMPERED))
def test_what_was_altered_on_the_way_fails_visibly(visit, stack, named):
    page = visit(DESK, script=True).page
    confirmed(stack, page)
    ready(page)
    pattern, otherwise = TAMPERED[named]

    def alter(route):
        answer = route.fetch()
        altered, count = re.subn(pattern, otherwise, answer.text(), count=1)
        assert count == 1
        route.fulfill(response=answer, body=altered)

    page.route("**/receipt/**", alter)
    page.reload()
    page.locator("#checked").wait_for()
    assert page.locator("#verdict").inner_text().startswith("FAIL:")
    item = page.locator(f"#checks li[data-check={named}]")
    assert item.inner_text().startswith("FAIL:")


def test_a_browser_without_ed25519_says_that_it_did_not_check(visit, stack):
    page = visit(DESK, script=True).page
    page.add_init_script(
        "crypto.subtle.importKey = () => Promise.reject(new DOMException('NotSupportedError'))"
    )
    confirmed(stack, page)
    ready(page)
    item = page.locator("#checks li[data-check=signature]")
    assert item.inner_text().startswith("Not checked:")
    assert page.locator("#verdict").inner_text() != PASS
    assert outcomes(page).count("pass") == CHECKS - 1


def test_a_page_without_web_crypto_passes_nothing(visit, stack):
    page = visit(DESK, script=True).page
    page.add_init_script("Object.defineProperty(globalThis, 'crypto', { value: undefined })")
    confirmed(stack, page)
    ready(page)
    assert outcomes(page) == ["none"] * CHECKS


def test_after_an_unsubscribe_the_receipt_names_nobody(visit, stack):
    address = stack.address("stopping")
    stack.subscribe(address)
    stack.finished(stack.send_campaign("Last one", "<html><body><p>News</p></body></html>"))
    link = re.search(r"http\S+/unsubscribe/[\w-]+", stack.mails(address)[-1]["text"])[0]
    page = visit(PHONE, script=True).page
    page.goto(link)
    press(page, page.get_by_role("button", name="Unsubscribe"))
    press(page, page.get_by_text("See the receipt"))
    ready(page)
    check(page)
    assert address not in page.content()
    assert outcomes(page) == ["pass"] * 3
