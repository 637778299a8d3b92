# SPDX-License-Identifier: Apache-2.0
"""Every page in every language: nothing serious for axe-core, no sideways scrolling."""

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.gate import Cause
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_accessible, assert_fits
from tests.support.gate_cases import stepping
from tests.support.unsubscribe_examples import leaving_pages

STATUSES = (400, 403, 404, 405, 409, 410, 413, 429, 500, 503)


def check(page):
    """Narrow, phone, wide; then axe-core."""
    for width, height in (SMALL_PHONE, DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert_fits(page)
    assert_accessible(page)


@pytest.mark.parametrize(
    ("language", "scheme"), [*((code, "light") for code in LANGUAGES), ("en", "dark")]
)
def test_every_page_of_a_visitor_is_accessible(visit, stack, language, scheme):
    page = visit(PHONE, scheme, script=True).page
    address = stack.address(f"seen-{language}-{scheme}")

    page.goto(f"/forms/demo?language={language}")
    check(page)
    page.locator("form").evaluate("form => form.noValidate = true")
    page.locator("#f-email").fill("visitor@")
    page.locator("form button").click()
    check(page)
    page.locator("#f-email").fill(address)
    page.locator("#f-newsletter").check()
    page.locator("form button").click()
    check(page)
    page.goto(f"{stack.confirm_link(address)}?language={language}")
    check(page)
    page.locator("button").first.click()
    check(page)
    page.reload()
    page.goto(f"{stack.confirm_link(address)}?language={language}")
    check(page)
    for path in ("/confirm/none", "/unsubscribe/none", "/forms/none", "/privacy/demo"):
        page.goto(f"{path}?language={language}")
        check(page)


@pytest.mark.parametrize(("languages", "scheme"), [(LANGUAGES, "light"), (("en",), "dark")])
def test_what_a_visitor_rarely_meets_is_accessible(visit, languages, scheme):
    renderer, page = TemplateRenderer(), visit(PHONE, scheme, script=True).page
    for language in languages:
        base = {"language": language, "brand": DEMO_BRAND}
        sentences = [box.text[language] for box in DEMO_FORM.boxes]
        mail = {
            "lists": ["Newsletter"],
            "sentences": sentences,
            "requested_ms": 0,
            "confirm_url": "http://127.0.0.1/confirm/" + "t" * 43,
            "cancel_url": "http://127.0.0.1/confirm/" + "t" * 43,
            "unsubscribe_url": "http://127.0.0.1/unsubscribe/" + "t" * 70,
            "checkpoint": {"origin": "log.example.org/demo", "size": 12, "root": "ab" * 32},
        }
        shown = [
            renderer.page("pages/busy.html", base | {"minutes": 60}),
            *(renderer.page("pages/extra_step.html", base | stepping(cause)) for cause in Cause),
            renderer.page("pages/confirm_expired.html", base | {"form_id": "demo", "token": "t"}),
            renderer.page("pages/confirm_overtaken.html", base | {"form_id": "demo"}),
            *(renderer.page(name, base | data) for name, data in leaving_pages()),
            renderer.page("pages/refused.html", base),
            renderer.page(
                "notices/consent.html", base | {"form": DEMO_FORM, "form_sha256": "33" * 32}
            ),
            renderer.mail("confirm", base | mail).html,
            renderer.mail("already_subscribed", base | mail).html,
        ]
        for html in shown:
            page.set_content(html)
            check(page)
    for status in STATUSES if scheme == "dark" else ():
        data = {"language": "en", "brand": None, "status": status, "reference": "r" * 22}
        page.set_content(renderer.page("pages/error.html", data))
        check(page)
