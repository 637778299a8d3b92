# SPDX-License-Identifier: Apache-2.0
"""A campaign as one subscriber would get it, on the product in memory: asked for, shown, sound."""

import pytest

from chalicelib.domain.catalog import LANGUAGES
from tests.support.shop import objection
from tests.support.soundness import assert_sound_at_every_size

ANNA = "anna@example.org"
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HTML = (
    "<html lang='en'><head><title>News</title><style>h1{color:#0b5d4e}</style></head><body>"
    f"<h1>Hello {{{{ first_name }}}}</h1><p><img src='{PICTURE}' alt='A dot' width='9'></p>"
    "<p><a href='https://www.example.org/menu'>The menu</a></p>"
    "{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}</body></html>"
)


def asked(tour, path, email):
    """The page that shows the campaign as ``email`` would get it."""
    tour.show(f"{path}/preview?language={tour.language}")
    tour.page.get_by_role("textbox").fill(email)
    tour.click(tour.page.locator("form[action$='/preview'] button"))


def test_a_mail_is_seen_as_one_person_would_and_nothing_in_it_leads_anywhere(desk):
    tour = desk()
    tour.world.subscribe(ANNA, first_name="Anna", measurement="yes")
    mails = len(tour.world.mails)
    tour.show(tour.written(html=HTML))
    tour.page.get_by_label("Address of a subscriber").fill(ANNA)
    tour.press("See it as they would")
    assert tour.page.locator(".verdict").inner_text().startswith(f"Yes: {ANNA} would get it")
    assert tour.page.locator(".verdict").evaluate("it => it === document.activeElement")
    mail = tour.page.frame_locator("iframe")
    assert mail.locator("h1").inner_text() == "Hello Anna"
    # Its styles and pictures are those of the mail.
    color = "it => getComputedStyle(it).color"
    assert mail.locator("h1").evaluate(color) == "rgb(11, 93, 78)"
    assert mail.locator("img").evaluate("it => it.complete && it.naturalWidth") == 1
    address = tour.page.url
    for link in mail.locator("a").all():
        link.click()
    assert tour.page.url == address
    assert mail.locator("h1").inner_text() == "Hello Anna"
    assert tour.barred
    assert len(tour.world.mails) == mails


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_it_is_sound_in_every_language_and_fits(desk, language):
    tour = desk(language)
    objection(tour.world, tour.world.subscribe("cia@example.org", first_name="Cia"))
    tour.world.subscribe("bo@example.org", first_name="Bo")
    tour.world.subscribe(ANNA, first_name="Anna", language=language)
    path = tour.written(html=HTML)
    tour.show(f"{path}?language={language}")
    assert_sound_at_every_size(tour.page, language)
    for email in ("nobody@example.org", "cia@example.org", "bo@example.org", ANNA):
        asked(tour, path, email)
        assert_sound_at_every_size(tour.page, language)
