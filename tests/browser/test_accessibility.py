# SPDX-License-Identifier: Apache-2.0
"""Every page in every language: nothing serious for axe-core, no sideways scrolling."""

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.gate import Cause
from infra.local.demo_data import DEMO_BRAND
from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_accessible, assert_fits
from tests.support.gate_cases import stepping
from tests.support.page_examples import MAILS, console_pages, mail_data, notices, visitor_pages
from tests.support.unsubscribe_examples import leaving_pages

RENDERER = TemplateRenderer()
SCHEMES = [*((language, "light") for language in LANGUAGES), ("en", "dark")]
STATUSES = (400, 403, 404, 405, 409, 410, 413, 429, 500, 503)


def check(page):
    """Narrow, phone, wide; then axe-core."""
    for width, height in (SMALL_PHONE, DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert_fits(page)
    assert_accessible(page)


def examples(language):
    """Every page, notice and mail of ours, and the states of the pages that have several."""
    base = {"language": language, "brand": DEMO_BRAND}
    notice = {"notices/consent.html": notices(language)["notices/consent.html"]}
    pages = [
        *visitor_pages(language).items(),
        *notice.items(),
        *console_pages(language).items(),
        *(("pages/extra_step.html", base | stepping(cause)) for cause in Cause),
        *((name, base | data) for name, data in leaving_pages()),
    ]
    yield from ((name, RENDERER.page(name, data)) for name, data in pages)
    yield from ((name, RENDERER.mail(name, mail_data(language)).html) for name in MAILS)


@pytest.mark.parametrize(("language", "scheme"), SCHEMES)
def test_every_page_notice_and_mail_is_accessible_in_all_its_states(drawn, language, scheme):
    page = drawn(PHONE, scheme, script=True).page
    for name, html in examples(language):
        page.set_content(html)
        try:
            check(page)
        except AssertionError as error:
            error.add_note(name)
            raise


def test_every_error_is_accessible(drawn):
    page = drawn(PHONE, "dark", script=True).page
    for status in STATUSES:
        data = visitor_pages("en")["pages/error.html"]
        data = data | {"status": status, "reference": "r" * 22}
        page.set_content(RENDERER.page("pages/error.html", data))
        check(page)
