# SPDX-License-Identifier: Apache-2.0
"""A bundle's report fits a phone and a desk, prints on pages, and shuts nobody out."""

import pytest

from chalicelib.proof import bundle
from chalicelib.proof.evidence import LANGUAGES
from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_accessible, assert_fits
from tests.support.report_cases import CASES


@pytest.fixture
def look(browser, tmp_path):
    """Open a report as a file, at a width; axe needs to run its script against the page's will."""
    opened = []

    def begin(name: str, language: str, size: tuple[int, int]):
        evidence = CASES[name]().evidence(language=language)
        report = tmp_path / "report.html"
        report.write_bytes(dict(bundle.prepare(evidence).files)["report.html"])
        width, height = size
        context = browser.new_context(
            bypass_csp=True, viewport={"width": width, "height": height}, locale=language
        )
        opened.append(context)
        page = context.new_page()
        page.goto(report.as_uri())
        return page

    yield begin
    for context in opened:
        context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_fits_every_screen_and_is_accessible(look, language):
    for size in (SMALL_PHONE, PHONE, DESK):
        page = look("withdrawn by complaint", language, size)
        assert_fits(page)
    assert_accessible(page)


@pytest.mark.parametrize("name", ["confirmed", "erased"])
def test_a_report_prints(look, name):
    page = look(name, "en", DESK)
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF-")
    assert 2 <= printed.count(b"/Type /Page\n") <= 8
