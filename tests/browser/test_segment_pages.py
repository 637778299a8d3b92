# SPDX-License-Identifier: Apache-2.0
"""Segments in the console, on the product in memory: written, counted, explained, deleted."""

import pytest

from chalicelib.domain.catalog import LANGUAGES
from tests.support.console_tour import POLL_MS
from tests.support.segment_desk import BUYERS, HOME, RULES, make_buyers
from tests.support.shop import BUYER
from tests.support.soundness import assert_sound, assert_sound_at_every_size

BROKEN = '{"all": [{"fact": "orders.cont", "op": "gte"}, {"any": []}]}'
RULE = '{"fact": "orders.count", "op": "gte", "value": 2}'


def test_a_segment_is_written_mended_counted_explained_and_deleted_by_pressing(desk):
    tour = desk()
    make_buyers(tour.world)
    page = tour.page
    page.clock.install()
    tour.show(HOME)
    tour.press("Write a segment")
    page.get_by_label("Id", exact=True).fill("regulars")
    page.get_by_label("Name", exact=True).fill("Regulars")
    page.get_by_label("Rule", exact=True).fill(BROKEN)
    tour.press("Check and save")
    assert_sound(page, "en")
    assert "where.all[0].fact" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Rule", exact=True).input_value() == BROKEN
    page.get_by_label("Rule", exact=True).fill(RULE)
    tour.press("Check and save")
    assert "The number of orders is at least 2." in page.locator("main").inner_text()

    tour.press("Count now")
    assert "being counted" in page.locator("#counted").inner_text()
    page.get_by_label("Address").fill(BUYER)
    tour.world.settle()
    page.clock.run_for(POLL_MS)
    page.get_by_text("1 of 1").first.wait_for()
    assert page.get_by_label("Address").input_value() == BUYER
    asked = tour.asked_for(f"{HOME}/regulars?")
    page.clock.run_for(5 * POLL_MS)
    assert tour.asked_for(f"{HOME}/regulars?") == asked

    tour.press("Explain")
    assert page.locator(".verdict").inner_text() == f"Yes: {BUYER} is in the segment."
    assert page.locator(".verdict").evaluate("it => it === document.activeElement")
    tour.press("Delete it")
    tour.press("Delete it for good")
    assert "The segment was deleted." in page.get_by_role("status").inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_segments_is_sound_in_every_language_and_fits(desk, language):
    tour = desk(language)
    asked = f"?language={language}"
    tour.show(HOME + asked)
    assert_sound_at_every_size(tour.page, language)
    make_buyers(tour.world)
    tour.world.segment_counts.start("buyers")
    for path in (HOME, f"{HOME}/new", BUYERS, f"{BUYERS}/edit", f"{BUYERS}/delete", RULES):
        tour.show(path + asked)
        assert_sound_at_every_size(tour.page, language)
    tour.show(f"{BUYERS}/edit{asked}")
    tour.page.locator("#f-rule").fill(BROKEN)
    _send(tour, "/edit")
    assert_sound_at_every_size(tour.page, language)
    for address in ("nobody@example.org", BUYER):
        tour.show(BUYERS + asked)
        tour.page.locator("#f-email").fill(address)
        _send(tour, "/explain")
        assert_sound_at_every_size(tour.page, language)
    tour.show(RULES + asked)
    tour.page.locator("#f-rule").fill("{,")
    _send(tour, "/lifecycle")
    assert_sound_at_every_size(tour.page, language)


def _send(tour, part):
    tour.click(tour.page.locator(f"form[action$='{part}'] button"))
