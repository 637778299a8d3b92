# SPDX-License-Identifier: Apache-2.0
"""A form with every type of field, in an operator's look: accessible in every colour and state."""

from dataclasses import replace

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.forms import Look, NoticeRef, Scheme
from chalicelib.domain.signup import Problem
from infra.local.demo_data import DEMO_BRAND
from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_accessible, assert_fits
from tests.support.form_examples import FULL_FORM

NOTICE = NoticeRef(language="en", sha256="11" * 32, text_sha256="22" * 32, published_ms=0)
WRONG = {
    "email": Problem.MALFORMED_ADDRESS,
    "beds": Problem.OUT_OF_RANGE,
    "since": Problem.BAD_DATE,
    "zone": Problem.MISSING,
    "adult": Problem.MISSING,
    "phone": Problem.BAD_PHONE,
    "site": Problem.BAD_URL,
    "newsletter": Problem.CONSENT_MISSING,
}
LOOKS = (
    Look(),
    FULL_FORM.look,
    Look(accent="#7a7a7a", corner_px=0),
    Look(accent="#ffffff", corner_px=24, scheme=Scheme.LIGHT),
    Look(accent="#000000", scheme=Scheme.DARK),
)


def rendered(language, look, problems):
    data = {
        "language": language,
        "languages": LANGUAGES,
        "brand": DEMO_BRAND,
        "form": replace(FULL_FORM, look=look),
        "notice": NOTICE,
        "values": {"beds": "120"} if problems else {},
        "problems": problems,
        "shown": "token",
        "tag": "",
        "changed": False,
    }
    return TemplateRenderer().page("pages/form.html", data)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_form_of_every_type_is_accessible_in_every_look(drawn, scheme):
    page = drawn(PHONE, scheme, script=True).page
    for look in LOOKS:
        for problems in ({}, WRONG):
            page.set_content(rendered("en", look, problems))
            assert_accessible(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_of_every_type_fits_in_every_language(drawn, language):
    page = drawn(PHONE, "light", script=True).page
    page.set_content(rendered(language, FULL_FORM.look, WRONG))
    for width, height in (SMALL_PHONE, DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert_fits(page)
    assert_accessible(page)
