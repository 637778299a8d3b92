# SPDX-License-Identifier: Apache-2.0
"""Real people who look like robots: fast, without JavaScript, with a helpful password manager."""

import time

import pytest

from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_fits, is_given, press

STEP = {
    "en": "One more step",
    "sv": "Ett steg till",
    "de": "Noch ein Schritt",
    "fr": "Encore une étape",
}
CHECK = {
    "en": "Check your mail",
    "sv": "Titta i din e-post",
    "de": "Sehen Sie in Ihr Postfach",
    "fr": "Consultez votre messagerie",
}
AUTOFILL = """address => {
  document.querySelector("[name=email]").value = address;
  document.querySelector("[name=newsletter]").checked = true;
}"""


def heading(page):
    return page.locator("main h1").inner_text().replace("\n", " ")


def confirmed(page, stack, address):
    page.goto(stack.confirm_link(address))
    press(page, page.locator("main button").first)
    return is_given(stack, address)


@pytest.mark.parametrize("script", [False, True])
def test_an_autofill_submitted_within_a_second_is_a_sign_up_at_once(visit, stack, script):
    page = visit(PHONE, "light", script=script).page
    address = stack.address("fast")
    page.goto("/forms/demo")
    started = time.monotonic()
    page.evaluate(AUTOFILL, address)
    press(page, page.locator("main button[type=submit]").first)
    assert heading(page) == CHECK["en"]
    assert time.monotonic() - started < 30
    assert confirmed(page, stack, address)


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [
        ("en", DESK, "light"),
        ("sv", PHONE, "light"),
        ("de", PHONE, "dark"),
        ("fr", SMALL_PHONE, "light"),
    ],
)
def test_a_filled_honeypot_is_one_step_and_then_a_sign_up(visit, stack, language, size, scheme):
    page = visit(size, scheme).page
    address = stack.address(f"manager-{language}")
    page.goto(f"/forms/demo?language={language}")
    assert not page.locator("[name=leave_empty]").is_visible()
    page.evaluate(AUTOFILL, address)
    page.evaluate("() => { document.querySelector('[name=leave_empty]').value = 'x' }")
    press(page, page.locator("main button[type=submit]").first)

    assert heading(page) == STEP[language]
    assert page.get_by_text(address).is_visible()
    assert_fits(page)
    assert page.locator("main button").count() == 1
    press(page, page.locator("main button"))

    assert heading(page) == CHECK[language]
    assert confirmed(page, stack, address)
